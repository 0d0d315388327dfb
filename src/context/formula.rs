//! The short way from text to rule, for pipes of a million rules.
//!
//! A plain formula (operators, primitive functions and names whose values are numbers or expressions) needs no checker and no evaluator: its tree
//! is in the right order to be read node by node. Whatever is not plain, or could be wrong in any way, is left to [`Context::rule`], which
//! gives the same graph for all that is read here; a test holds the two together.

use super::Context;
use crate::check::Primitive;
use crate::eval::Value;
use crate::ir::{Graph, NodeId, Rule};
use crate::op::{Kind, Op};
use crate::source::FileId;
use crate::syntax::ast::{ExprKind, StmtKind, Tree};
use crate::syntax::{self, names::Symbol};
use crate::types::Stage;

/// What an expression of the tree has become.
#[derive(Clone, Copy)]
enum Read {
    Node(NodeId),
    Op(Op),
}

impl Context {
    /// The graph of a rule that is a plain formula; none for everything else. The state is as before afterwards.
    pub fn formula(&mut self, text: &str) -> Option<Rule> {
        // Nothing here keeps a place in the text, so the file's number does not matter.
        let (tree, problems) = syntax::parse(FileId(0), text, &mut self.names);
        let [only] = *tree.body.as_slice() else {
            return None;
        };
        let StmtKind::Expr(root) = tree.stmt(only).kind else {
            return None;
        };
        if !problems.is_empty() {
            return None;
        }
        let mark = self.graph.checkpoint();
        let mut reads: Vec<Read> = Vec::with_capacity(tree.expr_count());
        for index in 0..tree.expr_count() {
            let id = crate::syntax::ast::ExprId(u32::try_from(index).ok()?);
            let Some(read) = self.plain(&tree, tree.expr(id).kind, &reads) else {
                self.graph.truncate(mark);
                return None;
            };
            reads.push(read);
        }
        let rule = match reads.get(root.0 as usize) {
            Some(Read::Node(node)) if crate::ir::fits_parameter(self.graph.facts(*node)) => {
                Some(Rule::new(&self.graph, *node))
            }
            Some(Read::Node(_) | Read::Op(_)) | None => None,
        };
        self.graph.truncate(mark);
        rule
    }

    fn plain(&mut self, tree: &Tree, kind: ExprKind, reads: &[Read]) -> Option<Read> {
        let node = |id: crate::syntax::ast::ExprId| match reads.get(id.0 as usize) {
            Some(Read::Node(node)) => Some(*node),
            Some(Read::Op(_)) | None => None,
        };
        match kind {
            ExprKind::Number(value) => Some(Read::Node(self.graph.number(value))),
            ExprKind::Name(name) => self.plain_name(name),
            ExprKind::Paren(inner) => Some(Read::Node(node(inner)?)),
            ExprKind::Unary(op, x) => plain_op(&mut self.graph, op, &[node(x)?]),
            ExprKind::Binary(op, x, y) => plain_op(&mut self.graph, op, &[node(x)?, node(y)?]),
            ExprKind::Bars(outer, x) => {
                let size = plain_op(&mut self.graph, Op::Abs, &[node(x)?])?;
                match (outer, size) {
                    (None, size) => Some(size),
                    (Some(op), Read::Node(size)) => plain_op(&mut self.graph, op, &[size]),
                    (Some(_), Read::Op(_)) => None,
                }
            }
            ExprKind::Call(callee, args) => {
                let Some(Read::Op(op)) = reads.get(callee.0 as usize) else {
                    return None;
                };
                let args = tree.args(args);
                let mut nodes = Vec::with_capacity(3);
                for arg in args {
                    if arg.name.is_some() {
                        return None;
                    }
                    nodes.push(node(arg.value)?);
                }
                plain_op(&mut self.graph, *op, &nodes)
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

    fn plain_name(&mut self, name: Symbol) -> Option<Read> {
        let node = match self.values.get(name, u32::MAX) {
            Some(Value::Num(value)) => self.graph.number(*value),
            Some(Value::Expr(node)) => *node,
            Some(Value::Rule(rule)) => rule.node,
            Some(_) => return None,
            None => match self.known.primitive(name)? {
                Primitive::Leaf(leaf) => self.graph.leaf(leaf),
                Primitive::Constant(value) => self.graph.number(value),
                Primitive::Op(op) => return Some(Read::Op(op)),
                Primitive::Builtin(_) | Primitive::Update => return None,
            },
        };
        Some(Read::Node(node))
    }
}

/// An op on nodes, where there is nothing that the checker could say.
fn plain_op(graph: &mut Graph, op: Op, args: &[NodeId]) -> Option<Read> {
    let info = op.info();
    let is_plain = match info.kind {
        Kind::Arithmetic | Kind::Random => true,
        Kind::State => op != Op::Debias && op != Op::Last,
        Kind::Comparison | Kind::Logic | Kind::Choice | Kind::Reduction | Kind::Matrix => false,
    };
    if !is_plain || args.len() != info.params.len() {
        return None;
    }
    for (arg, param) in args.iter().zip(info.params) {
        let facts = graph.facts(*arg);
        let fits = facts.ty.stage <= param.stage
            && facts.range.is_within(param.domain)
            && !crate::ir::is_truth(graph, *arg);
        if !fits {
            return None;
        }
    }
    let divides_by_zero =
        matches!(op, Op::Div | Op::Rem) && graph.node(args[1]).as_number() == Some(0.0);
    if divides_by_zero
        || (info.kind != Kind::Arithmetic && graph.ty(args[0]).stage == Stage::Script)
    {
        return None;
    }
    graph.apply(op, args).ok().map(Read::Node)
}
