//! What can keep a rule from running, or a function from being differentiated.
//!
//! Facts only: which rule or task was meant, and where it was written, is known to the caller. A number that is not finite is
//! no error here: the update says so itself.

use crate::op::{Leaf, Op};
use crate::types::Shape;
use std::fmt;

/// The shape of one parameter tensor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TensorShape {
    /// `n` elements without rows and columns.
    Vector(usize),
    /// Rows by columns, row after row.
    Matrix(usize, usize),
}

impl TensorShape {
    /// How many elements there are.
    #[allow(clippy::len_without_is_empty, reason = "a shape is not a collection")]
    pub fn len(self) -> usize {
        match self {
            Self::Vector(len) => len,
            Self::Matrix(rows, cols) => rows * cols,
        }
    }
}

impl fmt::Display for TensorShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vector(len) => write!(f, "[{len}]"),
            Self::Matrix(rows, cols) => write!(f, "[{rows}, {cols}]"),
        }
    }
}

/// Why a rule cannot run on a parameter.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum EngineError {
    /// A matrix rule meets a parameter that is no matrix.
    MatrixRule {
        /// The shape that the rule needs.
        expected: Shape,
        /// The parameter's.
        found: TensorShape,
        /// Which parameter.
        tensor: usize,
    },
    /// The rule's value does not broadcast to the parameter.
    UpdateShape {
        /// The shape of the rule's value.
        found: Shape,
    },
    /// The rule mentions an argument of a test function.
    Coordinate {
        /// Which, from 0.
        index: u32,
    },
    /// `debias` of something that is no `ema`.
    DebiasOfOther,
    /// There is no parameter of this number.
    UnknownTensor {
        /// The number asked for.
        tensor: usize,
        /// How many there are.
        count: usize,
    },
    /// The parameter or the gradient has another number of elements than was announced.
    WrongLength {
        /// The number announced.
        expected: usize,
        /// The number given.
        found: usize,
    },
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MatrixRule {
                expected, found, ..
            } => write!(
                f,
                "the rule needs a matrix `{expected}`, the parameter is `{found}`"
            ),
            Self::UpdateShape { found } => write!(
                f,
                "an update must fit the parameter's shape `{}`, this one is `{found}`",
                Shape::FULL
            ),
            Self::Coordinate { index } => write!(
                f,
                "a rule cannot mention `x{}`, the argument of a test function",
                u64::from(*index) + 1
            ),
            Self::DebiasOfOther => f.write_str("`debias` needs an `ema`"),
            Self::UnknownTensor { tensor, count } => {
                write!(f, "there is no parameter {tensor} among {count}")
            }
            Self::WrongLength { expected, found } => {
                write!(f, "expected {expected} elements, found {found}")
            }
        }
    }
}

impl std::error::Error for EngineError {}

/// Why a test function cannot be used.
#[derive(Clone, PartialEq, Debug)]
pub enum ObjectiveError {
    /// The function has an op without a derivative: state, noise, reductions and matrices have no place in it.
    Op {
        /// The op.
        op: Op,
    },
    /// The function mentions something that only a rule can.
    Leaf {
        /// What it mentions.
        leaf: Leaf,
    },
    /// The function mentions more coordinates than it has.
    Coordinates {
        /// How many it has.
        expected: usize,
        /// How many it would need.
        found: usize,
    },
    /// A point has another number of coordinates than the function.
    PointLength {
        /// How many the function has.
        expected: usize,
        /// How many the point has.
        found: usize,
    },
    /// A coordinate of a point is no number.
    PointNotFinite {
        /// The coordinate.
        value: f64,
    },
    /// A side of the box for random starts is empty.
    Region {
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
    },
    /// The noise is no standard deviation.
    Noise {
        /// The number given.
        noise: f64,
    },
}

impl fmt::Display for ObjectiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Op { op } => write!(f, "a test function cannot use `{}`", op.name()),
            Self::Leaf { leaf } => match leaf.info() {
                Some(info) => write!(f, "a test function cannot mention `{}`", info.name),
                None => f.write_str("a coordinate stands where none can"),
            },
            Self::Coordinates { expected, found } => write!(
                f,
                "the function has {expected} coordinates but mentions {found}"
            ),
            Self::PointLength { expected, found } => write!(
                f,
                "expected a point with {expected} coordinates, found {found}"
            ),
            Self::PointNotFinite { value } => {
                write!(f, "expected finite coordinates, found {value}")
            }
            Self::Region { low, high } => {
                write!(
                    f,
                    "expected a range from low to high, found {low} to {high}"
                )
            }
            Self::Noise { noise } => {
                write!(f, "expected a noise of at least 0, found {noise}")
            }
        }
    }
}

impl std::error::Error for ObjectiveError {}
