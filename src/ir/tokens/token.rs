//! Unary and binary tokens: their spelling and what they compute.
//!
//! What a token computes is said once, as a recipe of ops. Decoding carries the recipe out on a graph, the search for
//! numbers carries it out on numbers, and encoding looks for nodes that have its form.

use super::DELTA;
use crate::ir::{Graph, NodeId};
use crate::op::Op;
use crate::types::Mismatch;
use serde::{Deserialize, Serialize};
use std::f64::consts::E;

/// A unary function of the paper.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Unary {
    /// x
    Id,
    /// -x
    Neg,
    /// e^x
    Exp,
    /// log|x|
    Log,
    /// sqrt|x|
    Sqrt,
    /// clip(x, 1e-5)
    Clip5,
    /// clip(x, 1e-4)
    Clip4,
    /// clip(x, 1e-3)
    Clip3,
    /// drop(x, 0.1)
    Drop1,
    /// drop(x, 0.3)
    Drop3,
    /// drop(x, 0.5)
    Drop5,
    /// sign(x)
    Sign,
}

/// A binary function of the paper.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Binary {
    /// x + y
    Add,
    /// x - y
    Sub,
    /// x * y
    Mul,
    /// x / (y + 1e-8)
    Div,
    /// x^y
    Pow,
    /// x
    Left,
}

/// How a unary token is made of ops.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Recipe {
    /// x
    Same,
    /// op(x)
    Plain(Op),
    /// op(|x|)
    OfAbs(Op),
    /// e^x
    PowerOfE,
    /// op(x, constant)
    With(Op, f64),
}

impl Unary {
    /// All, in the order of the paper.
    pub const ALL: [Self; 12] = [
        Self::Id,
        Self::Neg,
        Self::Exp,
        Self::Log,
        Self::Sqrt,
        Self::Clip5,
        Self::Clip4,
        Self::Clip3,
        Self::Drop1,
        Self::Drop3,
        Self::Drop5,
        Self::Sign,
    ];

    /// The token.
    pub fn text(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Neg => "neg",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Sqrt => "sqrt",
            Self::Clip5 => "clip(1e-5)",
            Self::Clip4 => "clip(1e-4)",
            Self::Clip3 => "clip(1e-3)",
            Self::Drop1 => "drop(0.1)",
            Self::Drop3 => "drop(0.3)",
            Self::Drop5 => "drop(0.5)",
            Self::Sign => "sign",
        }
    }

    /// The function with this token.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unary| unary.text() == text)
    }

    /// Whether every time it is written it draws a mask of its own.
    pub fn is_drop(self) -> bool {
        matches!(self, Self::Drop1 | Self::Drop3 | Self::Drop5)
    }

    /// Its value on a number; NaN where it draws a mask.
    pub fn value(self, x: f64) -> f64 {
        self.apply(&mut Folding, x).unwrap_or(f64::NAN)
    }

    /// Its node on a node.
    ///
    /// # Errors
    /// The shapes that do not fit each other.
    pub fn node(self, graph: &mut Graph, x: NodeId) -> Result<NodeId, Mismatch> {
        self.apply(graph, x)
    }

    pub(super) fn recipe(self) -> Recipe {
        match self {
            Self::Id => Recipe::Same,
            Self::Neg => Recipe::Plain(Op::Neg),
            Self::Exp => Recipe::PowerOfE,
            Self::Log => Recipe::OfAbs(Op::Log),
            Self::Sqrt => Recipe::OfAbs(Op::Sqrt),
            Self::Clip5 => Recipe::With(Op::Clip, 1e-5),
            Self::Clip4 => Recipe::With(Op::Clip, 1e-4),
            Self::Clip3 => Recipe::With(Op::Clip, 1e-3),
            Self::Drop1 => Recipe::With(Op::Drop, 0.1),
            Self::Drop3 => Recipe::With(Op::Drop, 0.3),
            Self::Drop5 => Recipe::With(Op::Drop, 0.5),
            Self::Sign => Recipe::Plain(Op::Sign),
        }
    }

    pub(super) fn apply<A: Algebra>(
        self,
        algebra: &mut A,
        x: A::Value,
    ) -> Result<A::Value, A::Error> {
        match self.recipe() {
            Recipe::Same => Ok(x),
            Recipe::Plain(op) => algebra.apply(op, &[x]),
            Recipe::OfAbs(op) => {
                let size = algebra.apply(Op::Abs, &[x])?;
                algebra.apply(op, &[size])
            }
            Recipe::PowerOfE => {
                let base = algebra.number(E);
                algebra.apply(Op::Pow, &[base, x])
            }
            Recipe::With(op, constant) => {
                let constant = algebra.number(constant);
                algebra.apply(op, &[x, constant])
            }
        }
    }
}

impl Binary {
    /// All, in the order of the paper.
    pub const ALL: [Self; 6] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Pow,
        Self::Left,
    ];

    /// The token.
    pub fn text(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Pow => "pow",
            Self::Left => "left",
        }
    }

    /// The function with this token.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|binary| binary.text() == text)
    }

    /// Its value on numbers.
    pub fn value(self, x: f64, y: f64) -> f64 {
        self.apply(&mut Folding, x, y).unwrap_or(f64::NAN)
    }

    /// Its node on nodes.
    ///
    /// # Errors
    /// The shapes that do not fit each other.
    pub fn node(self, graph: &mut Graph, x: NodeId, y: NodeId) -> Result<NodeId, Mismatch> {
        self.apply(graph, x, y)
    }

    pub(super) fn apply<A: Algebra>(
        self,
        algebra: &mut A,
        x: A::Value,
        y: A::Value,
    ) -> Result<A::Value, A::Error> {
        match self {
            Self::Add => algebra.apply(Op::Add, &[x, y]),
            Self::Sub => algebra.apply(Op::Sub, &[x, y]),
            Self::Mul => algebra.apply(Op::Mul, &[x, y]),
            Self::Div => {
                let delta = algebra.number(DELTA);
                let divisor = algebra.apply(Op::Add, &[y, delta])?;
                algebra.apply(Op::Div, &[x, divisor])
            }
            Self::Pow => algebra.apply(Op::Pow, &[x, y]),
            Self::Left => Ok(x),
        }
    }
}

/// What recipes can be carried out on.
pub(super) trait Algebra {
    type Value: Copy;
    type Error;
    fn number(&mut self, value: f64) -> Self::Value;
    fn apply(&mut self, op: Op, args: &[Self::Value]) -> Result<Self::Value, Self::Error>;
}

impl Algebra for Graph {
    type Value = NodeId;
    type Error = Mismatch;

    fn number(&mut self, value: f64) -> NodeId {
        Self::number(self, value)
    }

    fn apply(&mut self, op: Op, args: &[NodeId]) -> Result<NodeId, Mismatch> {
        Self::apply(self, op, args)
    }
}

/// Numbers as the graph folds them.
pub(super) struct Folding;

/// The function has no value on numbers alone: it draws a mask.
pub(super) struct NotFolded;

impl Algebra for Folding {
    type Value = f64;
    type Error = NotFolded;

    fn number(&mut self, value: f64) -> f64 {
        value
    }

    fn apply(&mut self, op: Op, args: &[f64]) -> Result<f64, NotFolded> {
        op.apply(args).ok_or(NotFolded)
    }
}
