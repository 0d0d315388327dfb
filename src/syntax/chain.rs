//! Chains of operators, read flat and shaped by the binding strengths of the op table.
//!
//! Operators wait until one comes that binds no tighter, or the chain ends (the shunting yard). Nothing here recurses:
//! a chain may be of any length.

use super::ast::{ExprId, ExprKind};
use super::build::Builder;
use crate::op::{Kind, Notation, Op};

/// A chain that is being read: how many of the last pending operators are its own, and its last operand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    pending: u32,
    last: ExprId,
}

/// An operand, and how many of the last prefixes stand before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand {
    prefixes: u32,
    value: ExprId,
}

impl From<ExprId> for Operand {
    fn from(value: ExprId) -> Self {
        Self { prefixes: 0, value }
    }
}

/// What waits, in all chains that are being read, those of inner chains last.
#[derive(Default)]
pub(super) struct Waiting {
    /// Operators whose right side may go on.
    pending: Vec<Pending>,
    /// Prefixes of the next operand, the nearest to it first.
    prefixes: Vec<(Op, u32)>,
}

/// An operator whose right side may go on.
#[derive(Clone, Copy, Debug)]
struct Pending {
    op: Op,
    strength: u8,
    at: u32,
    form: Form,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Prefix,
    /// With its left side.
    Infix(ExprId),
    /// A comparison of a comparison, which comes with it.
    Chained(ExprId),
}

/// How tightly an operator binds, and whether the right one of two equal ones goes first.
fn binding(op: Op) -> (u8, bool) {
    match op.info().notation {
        Notation::Infix { precedence, right } => (precedence, right),
        Notation::Prefix { precedence } => (precedence, true),
        Notation::Bars | Notation::Call => (u8::MAX, false),
    }
}

impl Builder<'_> {
    /// An operator before an operand; those nearer to the operand have come before.
    pub(crate) fn prefix(&mut self, at: u32, op: Op, operand: Operand) -> Operand {
        self.waiting.prefixes.push((op, at));
        Operand {
            prefixes: operand.prefixes + 1,
            ..operand
        }
    }

    /// A chain of one operand.
    pub(crate) fn start(&mut self, first: Operand) -> Chain {
        self.go_on(0, first)
    }

    /// A chain with another operator and operand.
    pub(crate) fn link(&mut self, mut chain: Chain, at: u32, op: Op, next: Operand) -> Chain {
        let (strength, right) = binding(op);
        let mut equal = false;
        while chain.pending > 0
            && let Some(top) = self.waiting.pending.last().copied()
            && (top.strength > strength || (top.strength == strength && !right))
        {
            equal = top.strength == strength;
            self.finish(&mut chain);
        }
        let form = if equal && op.info().kind == Kind::Comparison {
            Form::Chained(chain.last)
        } else {
            Form::Infix(chain.last)
        };
        self.waiting.pending.push(Pending {
            op,
            strength,
            at,
            form,
        });
        self.go_on(chain.pending + 1, next)
    }

    /// The value of a chain that ends.
    pub(crate) fn close(&mut self, mut chain: Chain) -> ExprId {
        while chain.pending > 0 {
            self.finish(&mut chain);
        }
        chain.last
    }

    fn go_on(&mut self, pending: u32, next: Operand) -> Chain {
        for _ in 0..next.prefixes {
            if let Some((op, at)) = self.waiting.prefixes.pop() {
                let (strength, form) = (binding(op).0, Form::Prefix);
                self.waiting.pending.push(Pending {
                    op,
                    strength,
                    at,
                    form,
                });
            }
        }
        Chain {
            pending: pending + next.prefixes,
            last: next.value,
        }
    }

    /// Gives the last pending operator its right side.
    fn finish(&mut self, chain: &mut Chain) {
        chain.pending -= 1;
        let Some(Pending { op, at, form, .. }) = self.waiting.pending.pop() else {
            return;
        };
        let last = chain.last;
        chain.last = match form {
            Form::Prefix => {
                let end = self.tree.expr(last).end;
                self.expr(ExprKind::Unary(op, last), at, end)
            }
            Form::Infix(left) => self.binary(op, left, last),
            Form::Chained(first) => self.chained(first, at, last),
        };
    }
}

#[cfg(test)]
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the tests are about operators only"
)]
mod tests {
    use crate::source::FileId;
    use crate::syntax::ast::{ExprId, ExprKind, StmtKind, Tree};
    use crate::syntax::names::Names;
    use crate::syntax::parse;

    /// An expression with all its operators in brackets.
    fn shape(tree: &Tree, names: &Names, id: ExprId) -> String {
        let of = |id| shape(tree, names, id);
        match tree.expr(id).kind {
            ExprKind::Name(name) => names.text(name).to_owned(),
            ExprKind::Unary(op, a) => format!("({} {})", op.name(), of(a)),
            ExprKind::Binary(op, a, b) => format!("({} {} {})", of(a), op.name(), of(b)),
            ExprKind::Paren(a) => of(a),
            ExprKind::Call(f, args) => {
                let args: Vec<String> = tree.args(args).iter().map(|arg| of(arg.value)).collect();
                format!("{}[{}]", of(f), args.join(", "))
            }
            other => format!("{other:?}"),
        }
    }

    fn shape_of(text: &str) -> String {
        let mut names = Names::default();
        let (tree, problems) = parse(FileId(0), text, &mut names);
        assert!(problems.is_empty(), "{text}: {problems:?}");
        match tree.stmt(tree.body[0]).kind {
            StmtKind::Expr(id) => {
                let (expr, text_end) = (tree.expr(id), u32::try_from(text.len()));
                assert_eq!((expr.start, Ok(expr.end)), (0, text_end), "{text}");
                shape(&tree, &names, id)
            }
            _ => String::new(),
        }
    }

    #[test]
    fn operators_bind_as_the_op_table_says() {
        for (text, shape) in [
            ("a - b - c", "((a - b) - c)"),
            ("a + b * c ^ d", "(a + (b * (c ^ d)))"),
            ("a ^ b * c + d", "(((a ^ b) * c) + d)"),
            ("a ^ b ^ c", "(a ^ (b ^ c))"),
            ("-a ^ b", "(- (a ^ b))"),
            ("a ^ -b ^ c", "(a ^ (- (b ^ c)))"),
            ("a ^ -b * c", "((a ^ (- b)) * c)"),
            ("a * -b + c", "((a * (- b)) + c)"),
            ("- -a - -b", "((- (- a)) - (- b))"),
            (
                "not a == -b and not not c or d",
                "(((not (a == (- b))) and (not (not c))) or d)",
            ),
            ("a or b and c < d + e", "(a or (b and (c < (d + e))))"),
            ("(a < b) == c", "((a < b) == c)"),
            (
                "a + b |> f |> h(-c, (d + e) * a)",
                "h[f[(a + b)], (- c), ((d + e) * a)]",
            ),
        ] {
            assert_eq!(shape_of(text), shape, "{text}");
        }
    }

    #[test]
    fn chains_of_any_length_are_read() {
        let text = format!("a{}", " + a * a".repeat(100_000));
        let (tree, problems) = parse(FileId(0), &text, &mut Names::default());
        assert!(problems.is_empty());
        assert_eq!(tree.expr_count(), 400_001);
    }
}
