//! The op table: every primitive of the language once, as data.
//!
//! Types, the checker, the rule graph, the evaluator, printing, completion and help all read this table; none of them has
//! a list of its own. An [`Op`] is a number; [`Op::info`] gives its name, parameters and their domains, its rule for
//! shapes, what kind of work it is, its cost and its documentation. What it computes on numbers is in [`Op::apply`],
//! which values it can take in [`Op::range`].

mod each;
mod exponential;
mod leaf;
mod number;
mod power;
mod range;
mod table;
mod value;

pub(crate) use each::{choose, each, mask};
pub use exponential::exp;
pub(crate) use exponential::{exp_each, log_each};
pub use leaf::{LEAVES, Leaf, LeafInfo};
pub use number::number_text;
pub(crate) use power::power_each;
pub use table::TABLE;
pub(crate) use value::{clip, sign};

use crate::types::{Dim, ExprTy, Mismatch, Range, Shape, Stage};
use serde::{Deserialize, Serialize};

/// A primitive operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[repr(u8)]
#[allow(missing_docs, reason = "the table documents each")]
pub enum Op {
    Or,
    And,
    Not,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    MatMul,
    Neg,
    Pow,
    Abs,
    Sign,
    Exp,
    Log,
    Sqrt,
    Clip,
    Drop,
    Min,
    Max,
    Tanh,
    Sigmoid,
    Cos,
    Sin,
    Where,
    Ema,
    Debias,
    Trace,
    Total,
    Peak,
    Last,
    Norm,
    Mean,
    Sum,
    Rms,
    Transpose,
    RowMean,
    ColMean,
    Orthogonalize,
}

/// How an op is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notation {
    /// `a + b`, with its binding strength (see [`Op::info`]); `right` for right associative.
    Infix {
        /// Binding strength: higher binds tighter.
        precedence: u8,
        /// Whether `a ^ b ^ c` is `a ^ (b ^ c)`.
        right: bool,
    },
    /// `-a`, `not a`.
    Prefix {
        /// Binding strength: higher binds tighter.
        precedence: u8,
    },
    /// `|a|`.
    Bars,
    /// `name(a, b)`.
    Call,
}

/// What an op takes and gives, apart from numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Numbers to a number, element by element.
    Arithmetic,
    /// Two numbers to a truth value, element by element.
    Comparison,
    /// Truth values to a truth value, element by element.
    Logic,
    /// A truth value picks between two numbers, element by element.
    Choice,
    /// Remembers something from step to step.
    State,
    /// Draws random numbers.
    Random,
    /// One value per parameter tensor.
    Reduction,
    /// Sees the parameter as a matrix.
    Matrix,
}

/// The rule that gives the result's shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShapeRule {
    /// Arguments broadcast.
    Elementwise,
    /// The shape of the first argument.
    First,
    /// One value.
    Scalar,
    /// `[a, b] @ [b, c]` is `[a, c]`.
    MatMul,
    /// `[a, b]` becomes `[b, a]`.
    Transpose,
    /// `[a, b]` becomes `[a, 1]`.
    RowMean,
    /// `[a, b]` becomes `[1, b]`.
    ColMean,
    /// `[a, b]` stays.
    Matrix,
}

/// A parameter of an op.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Param {
    /// The name for named arguments.
    pub name: &'static str,
    /// The latest stage the argument may have.
    pub stage: Stage,
    /// The values the argument may take.
    pub domain: Range,
    /// The domain in words, for messages: `0 <= p <= 1`; empty where every number will do.
    pub domain_text: &'static str,
    /// The value when the argument is left out.
    pub default: Option<f64>,
}

/// What there is to know of an op.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The op itself.
    pub op: Op,
    /// Its name in the language: `clip`, `+`.
    pub name: &'static str,
    /// How it is written.
    pub notation: Notation,
    /// What kind of work it is.
    pub kind: Kind,
    /// Its parameters in order.
    pub params: &'static [Param],
    /// Its rule for shapes.
    pub shape: ShapeRule,
    /// Its weight in the cost of a rule: 1 for an addition.
    pub cost: u32,
    /// LaTeX, with `#1`, `#2`, … for the arguments.
    pub latex: &'static str,
    /// One sentence for help.
    pub doc: &'static str,
    /// An example for help.
    pub example: &'static str,
}

impl Op {
    /// The op's row of the table.
    pub fn info(self) -> &'static OpInfo {
        &TABLE[self as usize]
    }

    /// The op's name in the language.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The op that is written as a call of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|row| row.name == name && row.is_call())
            .map(|row| row.op)
    }

    /// Whether the op keeps a state slot.
    pub fn has_state(self) -> bool {
        self.info().kind == Kind::State && self != Self::Debias
    }

    /// Whether the result is a truth value.
    pub fn is_truth(self) -> bool {
        matches!(self.info().kind, Kind::Comparison | Kind::Logic)
    }

    /// The stage and shape of the result.
    ///
    /// # Errors
    /// The two shapes that do not fit each other.
    pub fn result(self, args: &[ExprTy]) -> Result<ExprTy, Mismatch> {
        let info = self.info();
        let mut stage = args
            .iter()
            .map(|arg| arg.stage)
            .max()
            .unwrap_or(Stage::Script);
        if matches!(info.kind, Kind::State | Kind::Random) {
            stage = stage.max(Stage::Step);
        }
        let first = args.first().map_or(Shape::Scalar, |arg| arg.shape);
        let shape = match info.shape {
            ShapeRule::Elementwise => args
                .iter()
                .skip(1)
                .try_fold(first, |shape, arg| shape.broadcast(arg.shape))?,
            ShapeRule::First => first,
            ShapeRule::Scalar => Shape::Scalar,
            ShapeRule::MatMul => first.matmul(args[1].shape)?,
            ShapeRule::Transpose | ShapeRule::RowMean | ShapeRule::ColMean | ShapeRule::Matrix => {
                let (rows, cols) = first.as_matrix().ok_or(Mismatch {
                    left: Shape::FULL,
                    right: first,
                })?;
                match info.shape {
                    ShapeRule::Transpose => Shape::Matrix(cols, rows),
                    ShapeRule::RowMean => Shape::Matrix(rows, Dim::One),
                    ShapeRule::ColMean => Shape::Matrix(Dim::One, cols),
                    ShapeRule::Elementwise
                    | ShapeRule::First
                    | ShapeRule::Scalar
                    | ShapeRule::MatMul
                    | ShapeRule::Matrix => Shape::Matrix(rows, cols),
                }
            }
        };
        Ok(ExprTy { stage, shape })
    }
}

impl OpInfo {
    /// Whether the op is written `name(…)`: so are the bars, which also have a name.
    pub fn is_call(&self) -> bool {
        matches!(self.notation, Notation::Call | Notation::Bars)
    }

    /// The head of the op for help: `clip(x, l)`, `a + b`.
    pub fn signature(&self) -> String {
        match self.notation {
            Notation::Infix { .. } => format!("a {} b", self.name),
            Notation::Prefix { .. } if self.name == "not" => "not a".to_owned(),
            Notation::Prefix { .. } => format!("{}a", self.name),
            Notation::Bars | Notation::Call => {
                let params: Vec<String> = self
                    .params
                    .iter()
                    .map(|param| match param.default {
                        Some(value) => format!("{} = {value}", param.name),
                        None => param.name.to_owned(),
                    })
                    .collect();
                format!("{}({})", self.name, params.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_row_order_is_enum_order() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.op as usize, index, "{}", row.name);
            assert!(
                !row.doc.is_empty() && !row.example.is_empty(),
                "{} is documented",
                row.name
            );
        }
    }

    #[test]
    fn names_of_calls_are_unique() {
        for row in TABLE.iter().filter(|row| row.is_call()) {
            assert_eq!(Op::by_name(row.name), Some(row.op));
        }
    }

    #[test]
    fn matrix_op_on_scalar_is_mismatch() {
        assert!(Op::Transpose.result(&[ExprTy::NUM]).is_err());
        assert_eq!(
            Op::RowMean.result(&[ExprTy::TENSOR]).map(|ty| ty.shape),
            Ok(Shape::Matrix(Dim::Rows, Dim::One))
        );
    }
}
