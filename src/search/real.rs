//! The numbers of the controller: f32 at work, f64 where gradients are checked.

#![allow(
    clippy::inline_always,
    reason = "loops are compiled together with their functions, for each instruction set"
)]

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Mul, Sub};

/// A floating-point number with products of matrices.
pub trait Real:
    Copy
    + Default
    + Debug
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + AddAssign
    + 'static
{
    /// From f64, rounded.
    fn of(value: f64) -> Self;

    /// As f64.
    fn wide(self) -> f64;

    /// 1 / (1 + e^-x).
    #[must_use]
    fn sigmoid(self) -> Self;

    /// The hyperbolic tangent.
    #[must_use]
    fn tanh(self) -> Self;

    /// `c = a @ b + beta c`.
    fn product(a: Matrix<'_, Self>, b: Matrix<'_, Self>, beta: f64, c: &mut [Self]);
}

/// A row-major matrix, or the transpose of one.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, R> {
    values: &'a [R],
    rows: usize,
    cols: usize,
    is_transposed: bool,
}

impl<'a, R> Matrix<'a, R> {
    /// Values row by row.
    ///
    /// # Panics
    /// Where there are more or fewer than rows times columns.
    pub fn new(values: &'a [R], rows: usize, cols: usize) -> Self {
        assert_eq!(
            values.len(),
            rows * cols,
            "one value for each row and column"
        );
        Self {
            values,
            rows,
            cols,
            is_transposed: false,
        }
    }

    /// Rows and columns exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            is_transposed: !self.is_transposed,
            ..self
        }
    }

    fn strides(&self) -> (isize, isize) {
        let signed = |side: usize| isize::try_from(side).expect("a matrix in memory");
        if self.is_transposed {
            (1, signed(self.rows))
        } else {
            (signed(self.cols), 1)
        }
    }
}

/// Checks the sides, then calls the library.
macro_rules! product {
    ($gemm:path, $number:ty, $a:expr, $b:expr, $beta:expr, $c:expr) => {{
        let (a, b, c) = ($a, $b, $c);
        assert_eq!(a.cols, b.rows, "sides that meet");
        assert_eq!(c.len(), a.rows * b.cols, "room for the product");
        let cols = isize::try_from(b.cols).expect("a matrix in memory");
        let ((a_row, a_col), (b_row, b_col)) = (a.strides(), b.strides());
        #[allow(unsafe_code, reason = "the library takes pointers and strides")]
        // SAFETY: a matrix has as many values as its sides say, its strides are those of row-major memory or of its transpose, sides and
        // room were compared just now, and `c` is borrowed alone.
        unsafe {
            $gemm(
                a.rows,
                a.cols,
                b.cols,
                1.0,
                a.values.as_ptr(),
                a_row,
                a_col,
                b.values.as_ptr(),
                b_row,
                b_col,
                $beta as $number,
                c.as_mut_ptr(),
                cols,
                1,
            );
        }
    }};
}

impl Real for f32 {
    #[allow(clippy::cast_possible_truncation, reason = "rounded")]
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn sigmoid(self) -> Self {
        crate::engine::sigmoid(self)
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        crate::engine::tanh(self)
    }

    #[allow(clippy::cast_possible_truncation, reason = "0 or 1")]
    fn product(a: Matrix<'_, Self>, b: Matrix<'_, Self>, beta: f64, c: &mut [Self]) {
        product!(matrixmultiply::sgemm, f32, a, b, beta, c);
    }
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }

    fn wide(self) -> f64 {
        self
    }

    fn sigmoid(self) -> Self {
        1.0 / (1.0 + crate::op::exp(-self))
    }

    fn tanh(self) -> Self {
        libm::tanh(self)
    }

    fn product(a: Matrix<'_, Self>, b: Matrix<'_, Self>, beta: f64, c: &mut [Self]) {
        product!(matrixmultiply::dgemm, f64, a, b, beta, c);
    }
}
