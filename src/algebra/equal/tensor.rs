//! Values of one parameter tensor, and the ops of the table on them.
//!
//! Most rules work element by element and are compared on a single element; sums, norms and matrix operations show what they do only on several.
//! A parameter that is no matrix is a row here.

use super::super::rational::Rational;
use super::value::Value;
use crate::op::Op;
use crate::types::{Dim, Shape};
use std::cmp::Ordering;

/// The sides of the parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sides {
    pub(super) rows: usize,
    pub(super) cols: usize,
}

impl Sides {
    pub(super) const ONE: Self = Self { rows: 1, cols: 1 };

    /// The sides of a value of this shape.
    pub(super) fn of(self, shape: Shape) -> Self {
        let side = |dim: Dim| match dim {
            Dim::One => 1,
            Dim::Rows => self.rows,
            Dim::Cols => self.cols,
        };
        match shape {
            Shape::Scalar => Self::ONE,
            Shape::Own => self,
            Shape::Matrix(rows, cols) => Self {
                rows: side(rows),
                cols: side(cols),
            },
        }
    }

    pub(super) fn len(self) -> usize {
        self.rows * self.cols
    }
}

/// Values in rows.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Tensor {
    pub(super) sides: Sides,
    pub(super) values: Vec<Value>,
}

impl Tensor {
    pub(super) fn one(value: Value) -> Self {
        Self {
            sides: Sides::ONE,
            values: vec![value],
        }
    }

    fn at(&self, row: usize, col: usize) -> Value {
        let row = if self.sides.rows == 1 { 0 } else { row };
        let col = if self.sides.cols == 1 { 0 } else { col };
        let index = row * self.sides.cols + col;
        self.values.get(index).copied().unwrap_or(Value::Unclear)
    }

    /// The values stretched to larger sides.
    pub(super) fn stretched(self, sides: Sides) -> Self {
        if self.sides == sides {
            return self;
        }
        Self::build(sides, |row, col| self.at(row, col))
    }

    fn build(sides: Sides, mut value: impl FnMut(usize, usize) -> Value) -> Self {
        let mut values = Vec::with_capacity(sides.len());
        for row in 0..sides.rows {
            for col in 0..sides.cols {
                values.push(value(row, col));
            }
        }
        Self { sides, values }
    }

    pub(super) fn map(&self, of: impl Fn(Value) -> Value) -> Self {
        Self {
            sides: self.sides,
            values: self.values.iter().map(|value| of(*value)).collect(),
        }
    }

    pub(super) fn with(&self, other: &Self, of: impl Fn(Value, Value) -> Value) -> Self {
        if let ([x], [y]) = (&self.values[..], &other.values[..]) {
            return Self::one(of(*x, *y));
        }
        let sides = Sides {
            rows: self.sides.rows.max(other.sides.rows),
            cols: self.sides.cols.max(other.sides.cols),
        };
        Self::build(sides, |row, col| of(self.at(row, col), other.at(row, col)))
    }

    fn sum(&self) -> Value {
        self.values
            .iter()
            .fold(Value::ZERO, |sum, value| sum.add(*value))
    }

    fn mean(&self) -> Value {
        self.sum().div(count(self.values.len()))
    }

    fn transposed(&self) -> Self {
        let sides = Sides {
            rows: self.sides.cols,
            cols: self.sides.rows,
        };
        Self::build(sides, |row, col| self.at(col, row))
    }

    fn product(&self, other: &Self) -> Self {
        let sides = Sides {
            rows: self.sides.rows,
            cols: other.sides.cols,
        };
        Self::build(sides, |row, col| {
            (0..self.sides.cols).fold(Value::ZERO, |sum, inner| {
                let left = self.values[row * self.sides.cols + inner];
                let right = other
                    .values
                    .get(inner * other.sides.cols + col)
                    .copied()
                    .unwrap_or(Value::Unclear);
                sum.add(left.mul(right))
            })
        })
    }

    /// The quintic iteration of the op, with the engine's coefficients.
    fn orthogonalized(&self, steps: usize) -> Self {
        let constant = |value: f64| Value::of_double(value);
        let is_tall = self.sides.rows > self.sides.cols;
        let x = if is_tall {
            self.transposed()
        } else {
            self.clone()
        };
        let square = x.map(|value| value.power(Rational::whole(2))).sum();
        let size = square.power(Rational::HALF).add(constant(1e-7));
        let mut x = x.map(|value| value.div(size));
        for _ in 0..steps {
            let gram = x.product(&x.transposed());
            let square = gram.product(&gram);
            let polynomial = gram.with(&square, |a, b| {
                a.mul(constant(-4.7750)).add(b.mul(constant(2.0315)))
            });
            let product = polynomial.product(&x);
            x = x.with(&product, |a, b| a.mul(constant(3.4445)).add(b));
        }
        if is_tall { x.transposed() } else { x }
    }

    /// An op on values; none for ops that remember or draw.
    #[allow(clippy::too_many_lines, reason = "one line or two for each op")]
    pub(super) fn apply(op: Op, args: &[&Self]) -> Option<Self> {
        let x = args[0];
        let y = args.get(1).copied().unwrap_or(x);
        let zero = Value::ZERO;
        let squares = |x: &Self| x.map(|value| value.power(Rational::whole(2)));
        Some(match op {
            Op::Or => x.with(y, |a, b| a.support().max(b.support())),
            Op::And => x.with(y, |a, b| a.support().mul(b.support())),
            Op::Not => x.map(|a| Value::ONE.sub(a.support())),
            Op::Eq => x.with(y, |a, b| a.comparison(b, Ordering::is_eq)),
            Op::Ne => x.with(y, |a, b| a.comparison(b, Ordering::is_ne)),
            Op::Lt => x.with(y, |a, b| a.comparison(b, Ordering::is_lt)),
            Op::Le => x.with(y, |a, b| a.comparison(b, Ordering::is_le)),
            Op::Gt => x.with(y, |a, b| a.comparison(b, Ordering::is_gt)),
            Op::Ge => x.with(y, |a, b| a.comparison(b, Ordering::is_ge)),
            Op::Add => x.with(y, Value::add),
            Op::Sub => x.with(y, Value::sub),
            Op::Mul => x.with(y, Value::mul),
            Op::Div => x.with(y, Value::div),
            Op::Rem => x.with(y, Value::rem),
            Op::Neg => x.map(Value::neg),
            Op::Pow => x.with(y, Value::pow),
            Op::Abs => x.map(Value::abs),
            Op::Sign => x.map(Value::sign),
            Op::Exp => x.map(Value::exp),
            Op::Log => x.map(Value::log),
            Op::Sqrt => x.map(|a| a.power(Rational::HALF)),
            Op::Clip => x.with(y, |a, l| a.max(l.neg()).min(l)),
            Op::Min => x.with(y, Value::min),
            Op::Max => x.with(y, Value::max),
            Op::Tanh => x.map(Value::tanh),
            Op::Sigmoid => x.map(Value::sigmoid),
            Op::Cos => x.map(Value::cos),
            Op::Sin => x.map(Value::sin),
            Op::Where => {
                // All three stretch to the same sides, then element by element.
                let all = x.with(y, |a, _| a).with(args[2], |a, _| a);
                Self::build(all.sides, |row, col| {
                    all.at(row, col)
                        .choose(y.at(row, col), args[2].at(row, col))
                })
            }
            Op::Norm => Self::one(squares(x).sum().power(Rational::HALF)),
            Op::Rms => Self::one(squares(x).mean().power(Rational::HALF)),
            Op::Mean => Self::one(x.mean()),
            Op::Sum => Self::one(x.sum()),
            Op::Transpose => x.transposed(),
            Op::MatMul => x.product(y),
            Op::RowMean => {
                let sides = Sides { cols: 1, ..x.sides };
                Self::build(sides, |row, _| {
                    let sum = (0..x.sides.cols).fold(zero, |sum, col| sum.add(x.at(row, col)));
                    sum.div(count(x.sides.cols))
                })
            }
            Op::ColMean => {
                let sides = Sides { rows: 1, ..x.sides };
                Self::build(sides, |_, col| {
                    let sum = (0..x.sides.rows).fold(zero, |sum, row| sum.add(x.at(row, col)));
                    sum.div(count(x.sides.rows))
                })
            }
            Op::Orthogonalize => match y.values.first() {
                Some(Value::Exact(steps)) => {
                    let steps = steps
                        .as_small()
                        .and_then(|steps| usize::try_from(steps).ok());
                    x.orthogonalized(steps?)
                }
                Some(_) | None => return None,
            },
            Op::Drop | Op::Ema | Op::Debias | Op::Trace | Op::Total | Op::Peak | Op::Last => {
                return None;
            }
        })
    }
}

fn count(len: usize) -> Value {
    Value::whole(i128::try_from(len).unwrap_or(i128::MAX))
}
