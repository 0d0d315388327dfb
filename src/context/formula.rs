//! The short way from text to normal form, for pipes of a million rules.
//!
//! A plain formula (operators, elementwise functions, averages, and names whose values are numbers or expressions) needs no checker, no evaluator
//! and no graph: its tree is in the right order to be read part by part into the algebra. Whatever is not plain, or could be wrong in any way, is
//! left to [`Context::rule`], the long way; a test holds the two together.

use super::Context;
use crate::algebra::{Algebra, Part, UpTo};
use crate::check::Primitive;
use crate::eval::Value;
use crate::ir::{NodeId, Rule};
use crate::op::{Kind, Op};
use crate::source::FileId;
use crate::syntax;
use crate::syntax::ast::{Arg, ExprId, ExprKind, StmtKind, Tree};
use crate::syntax::names::Symbol;
use crate::types::{Range, Shape, Stage};
use rustc_hash::FxHashMap;

/// What an expression of the tree has become.
#[derive(Clone, Copy, Debug)]
enum Read {
    /// Known when the script runs, so computed in doubles as a script would.
    Number(f64),
    Part(Part, Shape),
    Op(Op),
}

/// An algebra that knows the names of a context.
#[derive(Debug)]
pub struct Formulas {
    algebra: Algebra,
    names: FxHashMap<Symbol, Read>,
    reads: Vec<Read>,
}

impl Formulas {
    /// Formulas over the names that the context has now.
    pub fn new(context: &Context) -> Self {
        let mut algebra = Algebra::new();
        let mut names = FxHashMap::default();
        for (_, name, value) in context.values.iter() {
            // A later definition of the same name counts.
            names.remove(&name);
            let read = match value {
                Value::Num(number) => Some(Read::Number(*number)),
                Value::Expr(node) => kept(&mut algebra, context, *node),
                Value::Rule(rule) => kept(&mut algebra, context, rule.node),
                Value::Unit
                | Value::Bool(_)
                | Value::Str(_)
                | Value::List(_)
                | Value::Record(_)
                | Value::Fn(_)
                | Value::Op(_)
                | Value::Builtin(_)
                | Value::Objective(_)
                | Value::Net(_)
                | Value::Task(_)
                | Value::Training(_)
                | Value::Report(..)
                | Value::Explanation(_)
                | Value::Diagram(_) => None,
                #[cfg(feature = "cli")]
                Value::Picture(_) => None,
            };
            if let Some(read) = read {
                names.insert(name, read);
            }
        }
        Self {
            algebra,
            names,
            reads: Vec::new(),
        }
    }

    /// The algebra, for rules that are no plain formulas.
    pub fn algebra(&mut self) -> &mut Algebra {
        &mut self.algebra
    }

    /// The key of a plain formula; none for everything else.
    pub fn key(&mut self, context: &mut Context, text: &str, up_to: UpTo) -> Option<[u8; 16]> {
        self.built(context, text, |algebra, part| algebra.key_of(part, up_to))
    }

    /// The normal form of a plain formula, with the constant factor that was taken out; none for everything else.
    pub fn normal(
        &mut self,
        context: &mut Context,
        text: &str,
        up_to: UpTo,
    ) -> Option<(Option<String>, String)> {
        self.built(context, text, |algebra, part| algebra.text_of(part, up_to))
    }

    /// What becomes of a plain formula; none for everything else.
    fn built<T>(
        &mut self,
        context: &mut Context,
        text: &str,
        finish: impl Fn(&mut Algebra, Part) -> Option<T>,
    ) -> Option<T> {
        let part = self.read(context, text)?;
        let result = finish(&mut self.algebra, part);
        if !self.algebra.must_begin_again() {
            return result;
        }
        let part = self.read(context, text)?;
        finish(&mut self.algebra, part)
    }

    fn read(&mut self, context: &mut Context, text: &str) -> Option<Part> {
        // Nothing here keeps a place in the text, so the file's number does not matter.
        let (tree, problems) = syntax::parse(FileId(0), text, &mut context.names);
        let [only] = *tree.body.as_slice() else {
            return None;
        };
        let StmtKind::Expr(root) = tree.stmt(only).kind else {
            return None;
        };
        if !problems.is_empty() {
            return None;
        }
        self.algebra.begin();
        self.reads.clear();
        for index in 0..tree.expr_count() {
            let id = ExprId(u32::try_from(index).ok()?);
            let read = self.plain(context, &tree, tree.expr(id).kind)?;
            self.reads.push(read);
        }
        let part = match *self.reads.get(root.0 as usize)? {
            Read::Number(number) => self.algebra.number(number),
            Read::Part(part, _) => part,
            Read::Op(_) => return None,
        };
        Some(part)
    }

    fn at(&self, id: ExprId) -> Option<Read> {
        self.reads.get(id.0 as usize).copied()
    }

    fn plain(&mut self, context: &Context, tree: &Tree, kind: ExprKind) -> Option<Read> {
        match kind {
            ExprKind::Number(value) => Some(Read::Number(value)),
            ExprKind::Name(name) => self.name(context, name),
            ExprKind::Paren(inner) => self.at(inner),
            ExprKind::Unary(op, x) => self.op(op, &[self.at(x)?]),
            ExprKind::Binary(op, x, y) => self.op(op, &[self.at(x)?, self.at(y)?]),
            ExprKind::Bars(outer, x) => {
                let size = self.op(Op::Abs, &[self.at(x)?])?;
                match outer {
                    None => Some(size),
                    Some(op) => self.op(op, &[size]),
                }
            }
            ExprKind::Call(callee, args) => {
                let Some(Read::Op(op)) = self.at(callee) else {
                    return None;
                };
                let args = tree.args(args);
                if op == Op::Debias {
                    return self.debias(tree, args);
                }
                let mut reads = [Read::Op(op); 3];
                for (place, arg) in reads.iter_mut().zip(args) {
                    if arg.name.is_some() {
                        return None;
                    }
                    *place = self.at(arg.value)?;
                }
                self.op(op, reads.get(..args.len())?)
            }
            ExprKind::Str(_)
            | ExprKind::Bool(_)
            | ExprKind::Index(..)
            | ExprKind::Field(..)
            | ExprKind::List(_)
            | ExprKind::Comprehension(_)
            | ExprKind::Record(_)
            | ExprKind::If(..)
            | ExprKind::Lambda(..) => None,
        }
    }

    /// `debias(ema(x, beta))`, written as that.
    fn debias(&mut self, tree: &Tree, args: &[Arg]) -> Option<Read> {
        let [only] = args else { return None };
        let ExprKind::Call(callee, inner) = tree.expr(only.value).kind else {
            return None;
        };
        let is_average = matches!(self.at(callee), Some(Read::Op(Op::Ema)));
        let beta = tree.args(inner).get(1)?;
        let (Read::Part(average, shape), Read::Number(beta)) =
            (self.at(only.value)?, self.at(beta.value)?)
        else {
            return None;
        };
        let is_plain = is_average && only.name.is_none();
        is_plain.then(|| Read::Part(self.algebra.debias(average, beta), shape))
    }

    fn name(&mut self, context: &Context, name: Symbol) -> Option<Read> {
        if let Some(read) = self.names.get(&name) {
            return Some(*read);
        }
        if context.values.get(name, u32::MAX).is_some() {
            return None;
        }
        match context.known.primitive(name)? {
            Primitive::Leaf(leaf) => {
                let part = self.algebra.leaf(leaf);
                Some(Read::Part(part, leaf.ty().shape))
            }
            Primitive::Constant(value) => Some(Read::Number(value)),
            Primitive::Op(op) => Some(Read::Op(op)),
            Primitive::Builtin(_) | Primitive::Update => None,
        }
    }

    /// An op, where there is nothing that the checker could say.
    fn op(&mut self, op: Op, args: &[Read]) -> Option<Read> {
        let info = op.info();
        let is_plain = match info.kind {
            Kind::Arithmetic | Kind::Random => op != Op::MatMul,
            Kind::State => op != Op::Debias && op != Op::Last,
            Kind::Comparison | Kind::Logic | Kind::Choice | Kind::Reduction | Kind::Matrix => false,
        };
        if !is_plain || args.len() != info.params.len() {
            return None;
        }
        let mut numbers = [0.0; 3];
        let mut known = 0;
        for ((arg, param), number) in args.iter().zip(info.params).zip(&mut numbers) {
            match *arg {
                Read::Number(value) => {
                    if !Range::point(value).is_within(param.domain) {
                        return None;
                    }
                    *number = value;
                    known += 1;
                }
                // A domain or stage to be held is not plain.
                Read::Part(..) if param.domain != Range::ANY || param.stage != Stage::Tensor => {
                    return None;
                }
                Read::Part(_, Shape::Matrix(..)) | Read::Op(_) => return None,
                Read::Part(..) => {}
            }
        }
        if matches!(op, Op::Div | Op::Rem) && matches!(args[1], Read::Number(0.0)) {
            return None;
        }
        if known == args.len()
            && let Some(value) = op.apply(&numbers[..known])
        {
            return Some(Read::Number(value));
        }
        let mut parts = [Part::default(); 3];
        let mut shape = Shape::Scalar;
        for (place, arg) in parts.iter_mut().zip(args) {
            *place = match *arg {
                Read::Number(value) => self.algebra.number(value),
                Read::Part(part, own) => {
                    // Neither is a matrix, so the larger is that of the elements, if there is one.
                    shape = shape.max(own);
                    part
                }
                Read::Op(_) => return None,
            };
        }
        let part = self.algebra.op(op, &parts[..args.len()], shape);
        Some(Read::Part(part, shape))
    }
}

/// A value of the context as a part of all rules to come.
fn kept(algebra: &mut Algebra, context: &Context, node: NodeId) -> Option<Read> {
    let part = algebra.keep(&Rule::new(&context.graph, node))?;
    Some(Read::Part(part, context.graph.ty(node).shape))
}
