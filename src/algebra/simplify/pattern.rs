//! Patterns: expressions of the language whose single letters stand for any expression.
//!
//! Rewrites are written as a reader would write them, `a*b + a*c`, and read by the language's own parser.

use crate::builtin;
use crate::op::Op;
use crate::source::FileId;
use crate::syntax::ast::{ExprId, ExprKind, StmtKind, Tree};
use crate::syntax::{self, names::Names};

/// A part of a pattern; parts before it are its arguments.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Part {
    /// Stands for any expression.
    Any(char),
    /// A number.
    Number(f64),
    /// An op on earlier parts.
    Apply(Op, Vec<usize>),
}

/// An expression with letters for expressions; the last part is the whole.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Pattern {
    pub(super) parts: Vec<Part>,
}

impl Pattern {
    /// Reads a pattern; none where the text is no expression of ops, numbers and letters.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut names = Names::default();
        let (tree, problems) = syntax::parse(FileId(0), text, &mut names);
        let [only] = *tree.body.as_slice() else {
            return None;
        };
        let StmtKind::Expr(root) = tree.stmt(only).kind else {
            return None;
        };
        if !problems.is_empty() {
            return None;
        }
        let mut reader = Reader {
            tree: &tree,
            names: &names,
            parts: Vec::new(),
        };
        reader.expr(root)?;
        Some(Self {
            parts: reader.parts,
        })
    }
}

struct Reader<'a> {
    tree: &'a Tree,
    names: &'a Names,
    parts: Vec<Part>,
}

impl Reader<'_> {
    fn expr(&mut self, id: ExprId) -> Option<usize> {
        match self.tree.expr(id).kind {
            ExprKind::Number(value) => Some(self.push(Part::Number(value))),
            ExprKind::Name(name) => {
                let name = self.names.text(name);
                if let Some(value) = builtin::constant(name) {
                    return Some(self.push(Part::Number(value)));
                }
                let mut letters = name.chars();
                let letter = letters.next()?;
                letters
                    .next()
                    .is_none()
                    .then(|| self.push(Part::Any(letter)))
            }
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Unary(op, x) => self.apply(op, &[x]),
            ExprKind::Binary(op, x, y) => self.apply(op, &[x, y]),
            ExprKind::Bars(outer, x) => {
                let size = self.apply(Op::Abs, &[x])?;
                match outer {
                    Some(op) => Some(self.push(Part::Apply(op, vec![size]))),
                    None => Some(size),
                }
            }
            ExprKind::Call(callee, args) => {
                let ExprKind::Name(name) = self.tree.expr(callee).kind else {
                    return None;
                };
                let op = Op::by_name(self.names.text(name))?;
                let mut given = Vec::new();
                for arg in self.tree.args(args) {
                    given.push(self.expr(arg.value)?);
                }
                for param in op.info().params.iter().skip(given.len()) {
                    given.push(self.push(Part::Number(param.default?)));
                }
                Some(self.push(Part::Apply(op, given)))
            }
            _ => None,
        }
    }

    fn apply(&mut self, op: Op, args: &[ExprId]) -> Option<usize> {
        let args = args
            .iter()
            .map(|arg| self.expr(*arg))
            .collect::<Option<Vec<usize>>>()?;
        // A sign in front of a number belongs to the number.
        if let (Op::Neg, Some(Part::Number(value))) = (op, self.parts.last())
            && args == [self.parts.len() - 1]
        {
            let value = -value;
            self.parts.pop();
            return Some(self.push(Part::Number(value)));
        }
        Some(self.push(Part::Apply(op, args)))
    }

    fn push(&mut self, part: Part) -> usize {
        self.parts.push(part);
        self.parts.len() - 1
    }
}
