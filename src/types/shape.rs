//! Shapes relative to one parameter tensor, and how they broadcast.
//!
//! A rule is written once and runs on parameters of every size, so sizes are names: `[*]` is the parameter's own shape,
//! and a matrix parameter has `r` rows and `c` columns. A rule that uses a matrix operation sees its parameter as
//! `[r, c]`; there, and only there, `[*]` and `[r, c]` are the same shape.

use std::fmt;

/// One side of a matrix shape.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Dim {
    /// A single row or column.
    One,
    /// The rows of the parameter.
    Rows,
    /// The columns of the parameter.
    Cols,
}

/// How many values an expression has for one parameter tensor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Shape {
    /// `[]`: one value.
    Scalar,
    /// `[*]`: one value per element of the parameter, whatever its rank.
    Own,
    /// `[r, c]` and its relatives: the parameter is a matrix.
    Matrix(Dim, Dim),
}

/// Two shapes that do not fit each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mismatch {
    /// The shape on the left, or the one expected.
    pub left: Shape,
    /// The shape on the right, or the one found.
    pub right: Shape,
}

impl Shape {
    /// The full matrix shape of the parameter, `[r, c]`.
    pub const FULL: Self = Self::Matrix(Dim::Rows, Dim::Cols);

    /// The shape as a matrix: a rule that uses matrix operations sees its parameter as `[r, c]`.
    pub fn as_matrix(self) -> Option<(Dim, Dim)> {
        match self {
            Self::Scalar => None,
            Self::Own => Some((Dim::Rows, Dim::Cols)),
            Self::Matrix(rows, cols) => Some((rows, cols)),
        }
    }

    /// The shape of an elementwise combination: sides of size one stretch.
    ///
    /// # Errors
    /// Both shapes, where some side differs and neither is one.
    pub fn broadcast(self, other: Self) -> Result<Self, Mismatch> {
        if self == other {
            return Ok(self);
        }
        let (Some((r1, c1)), Some((r2, c2))) = (self.as_matrix(), other.as_matrix()) else {
            return Ok(if self == Self::Scalar { other } else { self });
        };
        let side = |a: Dim, b: Dim| match (a, b) {
            _ if a == b => Some(a),
            (Dim::One, _) => Some(b),
            (_, Dim::One) => Some(a),
            (Dim::Rows | Dim::Cols, Dim::Rows | Dim::Cols) => None,
        };
        match (side(r1, r2), side(c1, c2)) {
            (Some(rows), Some(cols)) => Ok(Self::Matrix(rows, cols)),
            (None, _) | (_, None) => Err(Mismatch {
                left: self,
                right: other,
            }),
        }
    }

    /// The shape of `self @ other`.
    ///
    /// # Errors
    /// Both shapes, where one is no matrix or the inner sides differ.
    pub fn matmul(self, other: Self) -> Result<Self, Mismatch> {
        match (self.as_matrix(), other.as_matrix()) {
            (Some((rows, inner)), Some((inner2, cols))) if inner == inner2 => {
                Ok(Self::Matrix(rows, cols))
            }
            (Some(_) | None, _) => Err(Mismatch {
                left: self,
                right: other,
            }),
        }
    }

    /// Whether the shape only makes sense for a matrix parameter.
    pub fn is_matrix(self) -> bool {
        matches!(self, Self::Matrix(..))
    }

    /// Whether a value of this shape can be the update of a parameter: it broadcasts to the parameter's own shape.
    pub fn fits_parameter(self) -> bool {
        match self {
            Self::Scalar | Self::Own => true,
            Self::Matrix(rows, cols) => rows != Dim::Cols && cols != Dim::Rows,
        }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "1",
            Self::Rows => "r",
            Self::Cols => "c",
        })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar => f.write_str("[]"),
            Self::Own => f.write_str("[*]"),
            Self::Matrix(rows, cols) => write!(f, "[{rows}, {cols}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Shape = Shape::Matrix(Dim::One, Dim::Cols);
    const COLUMN: Shape = Shape::Matrix(Dim::Rows, Dim::One);
    const TURNED: Shape = Shape::Matrix(Dim::Cols, Dim::Rows);

    #[test]
    fn broadcast_of_row_and_column_is_matrix() {
        assert_eq!(ROW.broadcast(COLUMN), Ok(Shape::FULL));
        assert_eq!(Shape::Own.broadcast(ROW), Ok(Shape::FULL));
        assert_eq!(Shape::Scalar.broadcast(COLUMN), Ok(COLUMN));
        assert_eq!(Shape::Own.broadcast(Shape::Own), Ok(Shape::Own));
    }

    #[test]
    fn broadcast_of_matrix_and_its_transpose_is_mismatch() {
        assert_eq!(
            Shape::Own.broadcast(TURNED),
            Err(Mismatch {
                left: Shape::Own,
                right: TURNED
            })
        );
    }

    #[test]
    fn matmul_joins_outer_sides() {
        assert_eq!(
            Shape::Own.matmul(TURNED),
            Ok(Shape::Matrix(Dim::Rows, Dim::Rows))
        );
        assert!(Shape::Own.matmul(Shape::Own).is_err());
        assert!(Shape::Scalar.matmul(Shape::Own).is_err());
    }
}
