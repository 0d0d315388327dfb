//! Types of values, as far as they are known before the program runs.

use crate::builtin::Builtin;
use crate::ir::Facts;
use crate::lab::Subject;
use crate::op::{Leaf, Op};
use crate::source::Span;
use crate::syntax::ast::{ExprId, Run, Tree};
use crate::syntax::names::{Names, Symbol};
use crate::types::{ExprTy, Range, Shape, Stage};
use std::fmt::Write;
use std::rc::Rc;

/// A type.
#[derive(Clone, Debug)]
pub enum Ty {
    /// Not known: fits everywhere, so that one mistake is one message.
    Unknown,
    /// No value: what `print` gives.
    Unit,
    /// A truth value known when the script runs.
    Bool,
    /// Truth values known later: one per element, tensor or step.
    Mask(Facts),
    /// Text; its content where it is written out.
    Str(Option<Rc<str>>),
    /// A numeric expression.
    Num(Numeric),
    /// A list of one type.
    List(Rc<Ty>),
    /// Named values.
    Record(Rc<Vec<(Symbol, Ty)>>),
    /// A function written in the language.
    Fn(Rc<FnTy>),
    /// A rule: a numeric expression that can be called with other parameters.
    Rule(Rc<FnTy>, Numeric),
    /// A primitive op by its name.
    Op(Op),
    /// A built-in function by its name.
    Builtin(Builtin),
    /// A test function of so many coordinates, where that is known.
    Objective(Option<usize>),
    /// A network, and what it learns from where that is known.
    Net(Option<Subject>),
    /// A network and its data.
    Task,
    /// What a benchmark found.
    Report,
    /// What training found.
    Training,
    /// A space of rules.
    Space,
    /// What a search found.
    Search,
    /// Something drawn.
    Picture,
}

/// What is known of a numeric expression.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Numeric {
    /// Stage, shape, range and what it depends on.
    pub facts: Facts,
    /// What it is made of, where that matters.
    pub made: Made,
    /// Where its shape comes from, when it is not the parameter's own.
    pub from: Option<Span>,
}

/// What an expression is made of, where later checks ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// Nothing of interest.
    Other,
    /// An `ema` with a beta known when the script runs.
    Ema,
    /// The step.
    Step,
    /// The number of steps.
    Total,
}

/// A function of the program: where its text is and what it sees.
#[derive(Debug)]
pub struct FnTy {
    /// Tells functions apart.
    pub id: u32,
    /// Its name, if it has one.
    pub name: Option<Symbol>,
    /// The text it is written in.
    pub tree: Rc<Tree>,
    /// Its parameters.
    pub params: Run,
    /// Its body.
    pub body: ExprId,
    /// The local names it sees.
    pub captured: Rc<[(Symbol, Ty)]>,
    /// How many global definitions it sees.
    pub limit: u32,
    /// Whether it was declared with `rule`.
    pub is_rule: bool,
}

impl Numeric {
    /// A number known when the script runs.
    pub fn number(range: Range) -> Self {
        Self::of(ExprTy::NUM, range)
    }

    /// An expression of a type with a range.
    pub fn of(ty: ExprTy, range: Range) -> Self {
        let facts = Facts {
            ty,
            range,
            uses_grad: false,
            is_random: false,
            needs_matrix: false,
        };
        Self {
            facts,
            made: Made::Other,
            from: None,
        }
    }

    /// A leaf.
    pub fn leaf(leaf: Leaf) -> Self {
        let made = match leaf {
            Leaf::Step => Made::Step,
            Leaf::Total => Made::Total,
            Leaf::Grad | Leaf::Weight | Leaf::Noise | Leaf::StepNoise | Leaf::Coordinate(_) => {
                Made::Other
            }
        };
        let facts = Facts {
            ty: leaf.ty(),
            range: leaf.range(),
            uses_grad: leaf == Leaf::Grad,
            is_random: matches!(leaf, Leaf::Noise | Leaf::StepNoise),
            needs_matrix: false,
        };
        Self {
            facts,
            made,
            from: None,
        }
    }

    /// What either of two expressions can be.
    pub fn union(self, other: Self) -> Option<Self> {
        let ty = self.facts.ty.join(other.facts.ty).ok()?;
        let facts = Facts {
            ty,
            range: self.facts.range.union(other.facts.range),
            uses_grad: self.facts.uses_grad || other.facts.uses_grad,
            is_random: self.facts.is_random || other.facts.is_random,
            needs_matrix: self.facts.needs_matrix || other.facts.needs_matrix,
        };
        let made = if self.made == other.made {
            self.made
        } else {
            Made::Other
        };
        Some(Self {
            facts,
            made,
            from: self.from.or(other.from),
        })
    }
}

impl Ty {
    /// A number known when the script runs, of any value.
    pub const NUM: Self = Self::Num(Numeric {
        facts: Facts {
            ty: ExprTy::NUM,
            range: Range::ANY,
            uses_grad: false,
            is_random: false,
            needs_matrix: false,
        },
        made: Made::Other,
        from: None,
    });

    /// A list of a type.
    pub fn list(item: Self) -> Self {
        Self::List(Rc::new(item))
    }

    /// The numeric expression that the value is, where it is one.
    pub fn as_numeric(&self) -> Option<Numeric> {
        match self {
            Self::Num(numeric) | Self::Rule(_, numeric) => Some(*numeric),
            Self::Unknown
            | Self::Unit
            | Self::Bool
            | Self::Mask(_)
            | Self::Str(_)
            | Self::List(_)
            | Self::Record(_)
            | Self::Fn(_)
            | Self::Op(_)
            | Self::Builtin(_)
            | Self::Objective(_)
            | Self::Net(_)
            | Self::Task
            | Self::Report
            | Self::Training
            | Self::Space
            | Self::Search
            | Self::Picture => None,
        }
    }

    /// Whether nothing is known of the type, or of a part of it.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// What the values of either type are; unknown where they have nothing in common.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Unit, Self::Unit) => Self::Unit,
            (Self::Bool, Self::Bool) => Self::Bool,
            (Self::Mask(a), Self::Mask(_)) => Self::Mask(*a),
            (Self::Str(a), Self::Str(b)) => {
                Self::Str(a.clone().filter(|text| b.as_ref() == Some(text)))
            }
            (Self::List(a), Self::List(b)) => Self::list(a.join(b)),
            (Self::Report, Self::Report) => Self::Report,
            (Self::Training, Self::Training) => Self::Training,
            (Self::Space, Self::Space) => Self::Space,
            (Self::Search, Self::Search) => Self::Search,
            (Self::Task, Self::Task) => Self::Task,
            (Self::Net(a), Self::Net(b)) => Self::Net(a.filter(|subject| *b == Some(*subject))),
            (Self::Picture, Self::Picture) => Self::Picture,
            (Self::Objective(a), Self::Objective(b)) => {
                Self::Objective(a.filter(|n| *b == Some(*n)))
            }
            (Self::Op(a), Self::Op(b)) if a == b => Self::Op(*a),
            (Self::Builtin(a), Self::Builtin(b)) if a == b => Self::Builtin(*a),
            (Self::Fn(a), Self::Fn(b)) if Rc::ptr_eq(a, b) => Self::Fn(Rc::clone(a)),
            (Self::Rule(a, n), Self::Rule(b, _)) if Rc::ptr_eq(a, b) => {
                Self::Rule(Rc::clone(a), *n)
            }
            (Self::Record(a), Self::Record(b))
                if a.len() == b.len() && a.iter().zip(b.iter()).all(|(x, y)| x.0 == y.0) =>
            {
                Self::Record(Rc::new(
                    a.iter()
                        .zip(b.iter())
                        .map(|(x, y)| (x.0, x.1.join(&y.1)))
                        .collect(),
                ))
            }
            (a, b) => match (a.as_numeric(), b.as_numeric()) {
                (Some(a), Some(b)) => a.union(b).map_or(Self::Unknown, Self::Num),
                (Some(_) | None, _) => Self::Unknown,
            },
        }
    }

    /// Whether two types are of one family, so that a list may hold both.
    pub fn is_like(&self, other: &Self) -> bool {
        let family = |ty: &Self| match ty {
            Self::Unknown => 0,
            Self::Unit => 1,
            Self::Bool | Self::Mask(_) => 2,
            Self::Str(_) => 3,
            Self::Num(_) | Self::Rule(..) => 4,
            Self::List(_) => 5,
            Self::Record(_) => 6,
            Self::Builtin(builtin) if builtin.is_net() => 11,
            Self::Builtin(builtin) if builtin.is_task() => 12,
            Self::Fn(_) | Self::Op(_) | Self::Builtin(_) => 7,
            // What rules are tried on, one way or another.
            Self::Objective(_) | Self::Task => 12,
            Self::Report => 9,
            Self::Picture => 10,
            Self::Net(_) => 11,
            Self::Training => 13,
            Self::Space => 14,
            Self::Search => 15,
        };
        let (a, b) = (family(self), family(other));
        a == 0 || b == 0 || a == b
    }

    /// The type as text: `Tensor[*]`, `List[Num]`.
    pub fn text(&self, names: &Names) -> String {
        match self {
            Self::Unknown => "?".to_owned(),
            Self::Unit => "nothing".to_owned(),
            Self::Bool => "Bool".to_owned(),
            Self::Mask(facts) => match facts.ty.stage {
                Stage::Script => "Bool".to_owned(),
                Stage::Step => "Bool at each step".to_owned(),
                Stage::Tensor => format!("Bool{}", facts.ty.shape),
            },
            Self::Str(_) => "Str".to_owned(),
            Self::Num(numeric) => numeric.text(),
            Self::List(item) => format!("List[{}]", item.text(names)),
            Self::Record(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, ty)| format!("{}: {}", names.text(*name), ty.text(names)))
                    .collect();
                format!("({})", fields.join(", "))
            }
            Self::Fn(function) => function.signature(names),
            Self::Rule(function, numeric) => {
                let params = function.tree.params(function.params);
                if params.is_empty() {
                    numeric.text()
                } else {
                    format!("{}, {}", numeric.text(), function.signature(names))
                }
            }
            Self::Op(op) => op.info().signature(),
            Self::Builtin(builtin) => {
                format!("{} -> {}", builtin.info().signature(), builtin.info().gives)
            }
            Self::Objective(Some(n)) => format!(
                "Objective of {n} coordinate{}",
                if *n == 1 { "" } else { "s" }
            ),
            Self::Objective(None) => "Objective".to_owned(),
            Self::Net(_) => "Net".to_owned(),
            Self::Task => "Task".to_owned(),
            Self::Report => "Report".to_owned(),
            Self::Training => "Training".to_owned(),
            Self::Space => "Space".to_owned(),
            Self::Search => "Search".to_owned(),
            Self::Picture => "Picture".to_owned(),
        }
    }

    /// The type with its article, for sentences: `a list`, `text`.
    pub fn noun(&self) -> String {
        match self {
            Self::Unknown => "something unknown".to_owned(),
            Self::Unit => "nothing".to_owned(),
            Self::Bool | Self::Mask(_) => "a truth value".to_owned(),
            Self::Str(_) => "text".to_owned(),
            Self::Num(numeric) | Self::Rule(_, numeric) => match numeric.facts.ty.stage {
                Stage::Script => "a number".to_owned(),
                Stage::Step | Stage::Tensor => format!("a `{}`", numeric.text()),
            },
            Self::List(_) => "a list".to_owned(),
            Self::Record(_) => "a record".to_owned(),
            Self::Fn(_) | Self::Op(_) | Self::Builtin(_) => "a function".to_owned(),
            Self::Objective(_) => "a test function".to_owned(),
            Self::Net(_) => "a network".to_owned(),
            Self::Task => "a task".to_owned(),
            Self::Report => "a report".to_owned(),
            Self::Training => "a report on training".to_owned(),
            Self::Space => "a space of rules".to_owned(),
            Self::Search => "what a search found".to_owned(),
            Self::Picture => "a picture".to_owned(),
        }
    }
}

impl Numeric {
    /// The type as text; a rule that needs a matrix says so in its shape.
    pub fn text(&self) -> String {
        let mut ty = self.facts.ty;
        if self.facts.needs_matrix && ty.shape == Shape::Own {
            ty.shape = Shape::FULL;
        }
        ty.to_string()
    }
}

impl FnTy {
    /// `powersign(base = e, f = 1)`.
    pub fn signature(&self, names: &Names) -> String {
        let mut out = match self.name {
            Some(name) => names.text(name).to_string(),
            None => "fn".to_owned(),
        };
        out.push('(');
        for (index, param) in self.tree.params(self.params).iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            out.push_str(names.text(param.name.name));
            if let Some(default) = param.default {
                let _ = write!(out, " = {}", default_text(&self.tree, default, names));
            }
        }
        out.push(')');
        out
    }
}

/// A default as it is shown: numbers and names as written, anything longer as `…`.
fn default_text(tree: &Tree, id: ExprId, names: &Names) -> String {
    use crate::syntax::ast::ExprKind;
    match tree.expr(id).kind {
        ExprKind::Number(value) => crate::op::number_text(value),
        ExprKind::Name(name) => names.text(name).to_string(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Unary(Op::Neg, inner) => format!("-{}", default_text(tree, inner, names)),
        ExprKind::Paren(inner) => default_text(tree, inner, names),
        _ => "…".to_owned(),
    }
}
