//! Expressions.

use super::{Checker, Local, MAX_DEPTH, Numeric, Primitive, Ty};
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::explain::{FIELDS, FieldKind};
use crate::op::Op;
use crate::source::Span;
use crate::syntax::ast::{ExprId, ExprKind, Tree};
use crate::syntax::names::Symbol;
use crate::types::{Range, Stage};
use std::rc::Rc;

impl Checker<'_> {
    /// The type of an expression.
    pub(super) fn expr(&mut self, tree: &Rc<Tree>, id: ExprId) -> Ty {
        if self.depth >= MAX_DEPTH {
            let diagnostic = Diagnostic::new(Code::E0502, tree.span(id), "calls nest too deeply")
                .here("reached from too many calls")
                .help("give names to intermediate values with `let`");
            self.report(diagnostic);
            return Ty::Unknown;
        }
        self.depth += 1;
        let ty = self.expr_inner(tree, id);
        self.depth -= 1;
        ty
    }

    fn expr_inner(&mut self, tree: &Rc<Tree>, id: ExprId) -> Ty {
        let span = tree.span(id);
        match tree.expr(id).kind {
            ExprKind::Number(value) => Ty::Num(Numeric::number(Range::point(value))),
            ExprKind::Str(text) => Ty::Str(Some(Rc::from(tree.string(text)))),
            ExprKind::Bool(_) => Ty::Bool,
            ExprKind::Name(name) => self.name(name, span),
            ExprKind::Paren(inner) => self.expr(tree, inner),
            ExprKind::Unary(op, inner) => {
                let ty = self.expr(tree, inner);
                self.operator(op, &[(ty, tree.span(inner))], span)
            }
            ExprKind::Binary(..) => self.chain(tree, id),
            ExprKind::Bars(outer, inner) => {
                let ty = self.expr(tree, inner);
                let inner_span = tree.span(inner);
                let ty = self.operator(Op::Abs, &[(ty, inner_span)], span);
                match outer {
                    Some(op) => self.operator(op, &[(ty, inner_span)], span),
                    None => ty,
                }
            }
            ExprKind::Call(callee, args) => self.call(tree, callee, args, span),
            ExprKind::Index(list, index) => self.index(tree, list, index),
            ExprKind::Field(record, name) => self.field(tree, record, name, span),
            ExprKind::List(run) => self.list(tree, tree.items(run)),
            ExprKind::Comprehension(comp) => {
                let comp = *tree.comprehension(comp);
                let item = self.item_type(tree, comp.source);
                let depth = self.locals.len();
                self.locals.push(Local::new(comp.name.name, item));
                if let Some(condition) = comp.condition {
                    self.condition(
                        tree,
                        condition,
                        "an item is taken or not when the script runs",
                    );
                }
                let ty = self.expr(tree, comp.item);
                self.locals.truncate(depth);
                Ty::list(ty)
            }
            ExprKind::Record(run) => {
                let fields = tree
                    .args(run)
                    .iter()
                    .filter_map(|field| field.name.map(|name| (name.name, field.value)))
                    .map(|(name, value)| (name, self.expr(tree, value)))
                    .collect();
                Ty::Record(Rc::new(fields))
            }
            ExprKind::If(condition, yes, no) => {
                self.condition(tree, condition, "`if` chooses when the script runs");
                let (yes, no) = (self.expr(tree, yes), self.expr(tree, no));
                yes.join(&no)
            }
            ExprKind::Lambda(params, body) => {
                let function = self.function(tree, None, params, body, false);
                self.check_function(&function);
                Ty::Fn(function)
            }
        }
    }

    /// A chain of operators, from its left end: chains can be long, nesting cannot.
    fn chain(&mut self, tree: &Rc<Tree>, id: ExprId) -> Ty {
        let ExprKind::Binary(op, first, right) = tree.expr(id).kind else {
            return self.expr(tree, id);
        };
        if !matches!(tree.expr(first).kind, ExprKind::Binary(..)) {
            let ty = self.expr(tree, first);
            return self.link(tree, op, (first, ty), right, id);
        }
        let mut links = vec![(op, right, id)];
        let mut left = first;
        while let ExprKind::Binary(op, a, b) = tree.expr(left).kind {
            links.push((op, b, left));
            left = a;
        }
        let mut ty = self.expr(tree, left);
        for (op, right, whole) in links.into_iter().rev() {
            ty = self.link(tree, op, (left, ty), right, whole);
            left = whole;
        }
        ty
    }

    /// One operator of a chain.
    fn link(
        &mut self,
        tree: &Rc<Tree>,
        op: Op,
        (left, left_ty): (ExprId, Ty),
        right: ExprId,
        whole: ExprId,
    ) -> Ty {
        let right_ty = self.expr(tree, right);
        let is_square = op == Op::Mul && same_name(tree, left, right);
        let args = [(left_ty, tree.span(left)), (right_ty, tree.span(right))];
        let mut ty = self.operator(op, &args, tree.span(whole));
        if let (true, Ty::Num(numeric)) = (is_square, &mut ty) {
            // x * x is a square, whatever the sign of x.
            numeric.facts.range = Op::Abs.range(&[numeric.facts.range]);
        }
        ty
    }

    fn name(&mut self, name: Symbol, span: Span) -> Ty {
        if let Some(local) = self
            .locals
            .iter_mut()
            .rev()
            .find(|local| local.name == name)
        {
            local.unused = None;
            return local.ty.clone();
        }
        let limit = self.limit.unwrap_or(u32::MAX);
        if let Some(number) = self.scope.find(name, limit) {
            let global = self.scope.by_number_mut(number);
            global.used = true;
            return global.ty.clone();
        }
        match self.known.primitive(name) {
            Some(Primitive::Leaf(leaf)) => Ty::Num(Numeric::leaf(leaf)),
            Some(Primitive::Constant(value)) => Ty::Num(Numeric::number(Range::point(value))),
            Some(Primitive::Op(op)) => Ty::Op(op),
            Some(Primitive::Builtin(builtin)) => Ty::Builtin(builtin),
            Some(Primitive::Update) => {
                let diagnostic = Diagnostic::new(
                    Code::E0314,
                    span,
                    "`update` is only known inside `last(update)`",
                )
                .here("not known yet")
                .help("write `last(update)` for the update of the step before");
                self.report(diagnostic);
                Ty::Unknown
            }
            None => {
                self.unknown_name(name, span);
                Ty::Unknown
            }
        }
    }

    fn unknown_name(&mut self, name: Symbol, span: Span) {
        let text = self.text(name);
        if let Some(later) = self.upcoming.as_mut().and_then(|all| all.get(name)) {
            let defined = later.span;
            let itself = later.is_current
                && defined.file == span.file
                && defined.start <= span.start
                && self.scope.find(name, u32::MAX).is_none();
            let diagnostic = if itself {
                Diagnostic::new(Code::E0310, span, format!("`{text}` is used in its own definition"))
                    .here("not defined yet")
                    .label(defined, "being defined here")
                    .help("every program ends, so nothing calls itself: use `map`, `filter` or `for` to repeat work")
            } else {
                Diagnostic::new(
                    Code::E0310,
                    span,
                    format!("`{text}` is used before it is defined"),
                )
                .here("not defined yet")
                .label(defined, "defined here")
                .help(format!("move the definition of `{text}` up"))
            };
            self.report(diagnostic);
            return;
        }
        let mut diagnostic = Diagnostic::new(Code::E0301, span, format!("unknown name `{text}`"))
            .here("not defined");
        let candidates: Vec<&str> = self.visible_names();
        diagnostic = match suggest(text, candidates) {
            Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
            None => diagnostic.help(format!("define it first: `let {text} = …`")),
        };
        self.report(diagnostic);
    }

    fn visible_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .locals
            .iter()
            .map(|local| self.text(local.name))
            .collect();
        names.extend(self.scope.iter().map(|(_, name, _)| self.text(name)));
        names.extend(self.known.symbols().map(|name| self.text(name)));
        names
    }

    /// A condition that decides when the script runs.
    fn condition(&mut self, tree: &Rc<Tree>, id: ExprId, why: &str) {
        let span = tree.span(id);
        match self.expr(tree, id) {
            Ty::Bool | Ty::Unknown => {}
            Ty::Mask(_) => {
                let diagnostic = Diagnostic::new(
                    Code::E0307,
                    span,
                    "the condition is not known when the script runs",
                )
                .here("differs by step or element")
                .note(why)
                .help("write `where(condition, a, b)` to choose element by element");
                self.report(diagnostic);
            }
            other => {
                let diagnostic = Diagnostic::new(
                    Code::E0305,
                    span,
                    format!("expected a truth value, found {}", other.noun()),
                )
                .here(format!("this is {}", other.noun()))
                .help("compare it: `x > 0`, `x == 1`");
                self.report(diagnostic);
            }
        }
    }

    fn list(&mut self, tree: &Rc<Tree>, items: &[ExprId]) -> Ty {
        let mut joined: Option<Ty> = None;
        for (index, item) in items.iter().enumerate() {
            let ty = self.expr(tree, *item);
            joined = Some(match joined {
                None => ty,
                Some(before) if before.is_like(&ty) => before.join(&ty),
                Some(before) => {
                    let diagnostic = Diagnostic::new(
                        Code::E0305,
                        tree.span(*item),
                        format!(
                            "expected {} like the items before, found {}",
                            before.noun(),
                            ty.noun()
                        ),
                    )
                    .here(format!("this is {}", ty.noun()))
                    .label(
                        tree.span(items[index - 1]),
                        format!("this is {}", before.noun()),
                    )
                    .help("keep the items of a list of one type, or write a record `(a: …, b: …)`");
                    self.report(diagnostic);
                    Ty::Unknown
                }
            });
        }
        Ty::list(joined.unwrap_or(Ty::Unknown))
    }

    fn index(&mut self, tree: &Rc<Tree>, list: ExprId, index: ExprId) -> Ty {
        let (ty, position) = (self.expr(tree, list), self.expr(tree, index));
        let span = tree.span(index);
        match &position {
            Ty::Unknown => {}
            Ty::Num(numeric) if numeric.facts.ty.stage == Stage::Script => {
                if numeric
                    .facts
                    .range
                    .as_point()
                    .is_some_and(|value| value.fract() != 0.0)
                {
                    let diagnostic =
                        Diagnostic::new(Code::E0305, span, "expected a whole number as index")
                            .here("not whole")
                            .help("items are numbered 0, 1, 2, …");
                    self.report(diagnostic);
                }
            }
            other => {
                let diagnostic = Diagnostic::new(
                    Code::E0305,
                    span,
                    format!("expected a number as index, found {}", other.noun()),
                )
                .here(format!("this is {}", other.noun()))
                .help("items are numbered 0, 1, 2, …");
                self.report(diagnostic);
            }
        }
        match ty {
            Ty::List(item) => (*item).clone(),
            Ty::Unknown => Ty::Unknown,
            other => {
                let diagnostic = Diagnostic::new(
                    Code::E0305,
                    tree.span(list),
                    format!("expected a list to index, found {}", other.noun()),
                )
                .here(format!("this is {}", other.noun()))
                .help("only lists have items: `[1, 2, 3][0]`");
                self.report(diagnostic);
                Ty::Unknown
            }
        }
    }

    fn field(&mut self, tree: &Rc<Tree>, record: ExprId, name: Symbol, span: Span) -> Ty {
        let ty = self.expr(tree, record);
        let text = self.text(name);
        let place = Span::new(
            span.file,
            span.end
                - u32::try_from(text.len())
                    .unwrap_or(0)
                    .min(span.end - span.start),
            span.end,
        );
        let fields: Vec<&str> = match &ty {
            Ty::Unknown => return Ty::Unknown,
            Ty::Record(fields) => {
                if let Some((_, ty)) = fields.iter().find(|(field, _)| *field == name) {
                    return ty.clone();
                }
                fields.iter().map(|(name, _)| self.text(*name)).collect()
            }
            Ty::Report => {
                if name == self.known.rows {
                    return Ty::list(self.report_row());
                } else if name == self.known.steps || name == self.known.run {
                    return Ty::NUM;
                } else if name == self.known.task {
                    return Ty::Str(None);
                }
                vec!["rows", "steps", "task", "run"]
            }
            Ty::Search => match self.text(name) {
                "best" => return Ty::Num(Numeric::of(crate::types::ExprTy::TENSOR, Range::ANY)),
                "leaders" | "front" => {
                    return Ty::list(Ty::Num(Numeric::of(
                        crate::types::ExprTy::TENSOR,
                        Range::ANY,
                    )));
                }
                "report" => return Ty::Report,
                "training" => return Ty::Training,
                "curves" => return Ty::list(Ty::list(Ty::NUM)),
                _ => vec!["best", "leaders", "front", "curves", "report", "training"],
            },
            Ty::Training => {
                let known = self.known;
                match name {
                    name if name == known.rows => return Ty::list(self.training_row()),
                    name if name == known.curves => return Ty::list(self.training_curve()),
                    name if name == known.run => return Ty::NUM,
                    name if name == known.task || name == known.metric => return Ty::Str(None),
                    _ => vec!["rows", "curves", "task", "metric", "run"],
                }
            }
            other => {
                let diagnostic = Diagnostic::new(
                    Code::E0305,
                    tree.span(record),
                    format!("expected a record, found {}", other.noun()),
                )
                .here(format!("this is {}", other.noun()))
                .help("only records and reports have fields");
                self.report(diagnostic);
                return Ty::Unknown;
            }
        };
        let help = suggest(text, fields.iter().copied()).map_or_else(
            || format!("its fields are {}", fields.join(", ")),
            |name| format!("did you mean `{name}`?"),
        );
        self.report(
            Diagnostic::new(Code::E0309, place, format!("no field `{text}`"))
                .here("not a field")
                .help(help),
        );
        Ty::Unknown
    }

    /// One row of a report as a record.
    /// What `explain` gives.
    pub(super) fn explanation(&self) -> Ty {
        let fields = self.known.explanation.iter().zip(FIELDS);
        let fields = fields.map(|(name, (_, kind))| {
            let ty = match kind {
                FieldKind::Text => Ty::Str(None),
                FieldKind::Number => Ty::NUM,
                FieldKind::Texts => Ty::list(Ty::Str(None)),
            };
            (*name, ty)
        });
        Ty::Record(Rc::new(fields.collect()))
    }

    /// What `equal` gives.
    pub(super) fn verdict(&self) -> Ty {
        let fields = self.known.verdict.map(|name| (name, Ty::Str(None)));
        Ty::Record(Rc::new(fields.into()))
    }

    /// What `dedup` gives for a list of rules of this type, or for one rule.
    pub(super) fn classes(&self, rules: Ty) -> Ty {
        let list = match rules {
            Ty::List(_) => rules,
            rule => Ty::list(rule),
        };
        let [rule, key, absorbed] = self.known.class;
        let text = Ty::Str(None);
        let class = vec![
            (rule, text.clone()),
            (key, text.clone()),
            (absorbed, Ty::list(text)),
        ];
        let [rules, classes] = self.known.dedup;
        let class = Ty::Record(Rc::new(class));
        Ty::Record(Rc::new(vec![(rules, list), (classes, Ty::list(class))]))
    }

    fn report_row(&self) -> Ty {
        let fields = self
            .known
            .columns
            .iter()
            .enumerate()
            .map(|(index, name)| (*name, if index < 2 { Ty::Str(None) } else { Ty::NUM }));
        Ty::Record(Rc::new(fields.collect()))
    }
}

/// Whether two expressions are the same name.
fn same_name(tree: &Tree, a: ExprId, b: ExprId) -> bool {
    match (
        tree.expr(tree.unparen(a)).kind,
        tree.expr(tree.unparen(b)).kind,
    ) {
        (ExprKind::Name(a), ExprKind::Name(b)) => a == b,
        _ => false,
    }
}
