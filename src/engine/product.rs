//! Products of matrices: by the sums of the textbook, and by blocks that stay in the cache.

use super::matrix::Sides;

/// How products are computed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Product {
    /// Each element as the sum that defines it, in order: what the other is held against.
    #[default]
    Plain,
    /// By blocks, with the vector instructions of the machine. The order of the sums differs, and with it the last places.
    Blocked,
}

/// A matrix, or its transpose, in row-major memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    values: &'a [f64],
    sides: Sides,
    /// From a row to the next, from a column to the next.
    strides: (usize, usize),
}

impl<'a> View<'a> {
    /// A matrix of these sides.
    pub(super) fn new(values: &'a [f64], sides: Sides) -> Self {
        assert_eq!(values.len(), sides.len(), "as many values as the sides say");
        Self {
            values,
            sides,
            strides: (sides.cols, 1),
        }
    }

    /// The same memory with rows and columns exchanged.
    pub(super) fn transposed(self) -> Self {
        Self {
            values: self.values,
            sides: self.sides.turned(),
            strides: (self.strides.1, self.strides.0),
        }
    }

    fn at(&self, row: usize, col: usize) -> f64 {
        self.values[row * self.strides.0 + col * self.strides.1]
    }
}

impl Product {
    /// `out = a @ b`, row-major.
    pub(super) fn multiply(self, a: View<'_>, b: View<'_>, out: &mut [f64]) {
        let (rows, inner, cols) = (a.sides.rows, a.sides.cols, b.sides.cols);
        assert_eq!(inner, b.sides.rows, "sides that meet");
        assert_eq!(out.len(), rows * cols, "room for the product");
        match self {
            Self::Plain => {
                for i in 0..rows {
                    for j in 0..cols {
                        out[i * cols + j] = (0..inner).map(|k| a.at(i, k) * b.at(k, j)).sum();
                    }
                }
            }
            Self::Blocked => blocked(a, b, out),
        }
    }
}

#[allow(unsafe_code, reason = "the library takes pointers and strides")]
fn blocked(a: View<'_>, b: View<'_>, out: &mut [f64]) {
    let stride = |stride: usize| isize::try_from(stride).expect("sides of a matrix in memory");
    let cols = b.sides.cols;
    // SAFETY: a view has as many values as its sides say, its strides are those of row-major memory or of its transpose, the caller has
    // compared the sides and the length of `out`, and `out` is borrowed alone.
    unsafe {
        matrixmultiply::dgemm(
            a.sides.rows,
            a.sides.cols,
            cols,
            1.0,
            a.values.as_ptr(),
            stride(a.strides.0),
            stride(a.strides.1),
            b.values.as_ptr(),
            stride(b.strides.0),
            stride(b.strides.1),
            0.0,
            out.as_mut_ptr(),
            stride(cols),
            1,
        );
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact values are meant")]
mod tests {
    use super::*;

    #[test]
    fn product_with_transpose_is_gram_matrix() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let view = View::new(&a, Sides { rows: 2, cols: 3 });
        for by in [Product::Plain, Product::Blocked] {
            let mut gram = [f64::NAN; 4];
            by.multiply(view, view.transposed(), &mut gram);
            assert_eq!(gram, [14.0, 32.0, 32.0, 77.0]);
            let mut other = [f64::NAN; 9];
            by.multiply(view.transposed(), view, &mut other);
            assert_eq!(
                other,
                [17.0, 22.0, 27.0, 22.0, 29.0, 36.0, 27.0, 36.0, 45.0]
            );
        }
    }

    #[test]
    fn blocks_give_the_sums_of_the_textbook() {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 23) - 1.0
        };
        for (rows, inner, cols) in [(0, 3, 2), (2, 0, 3), (1, 1, 1), (7, 65, 3), (33, 130, 70)] {
            let a: Vec<f64> = (0..rows * inner).map(|_| next()).collect();
            let b: Vec<f64> = (0..cols * inner).map(|_| next()).collect();
            let a = View::new(&a, Sides { rows, cols: inner });
            let b = View::new(
                &b,
                Sides {
                    rows: cols,
                    cols: inner,
                },
            )
            .transposed();
            let (mut plain, mut blocked) = (vec![0.0; rows * cols], vec![9.0; rows * cols]);
            Product::Plain.multiply(a, b, &mut plain);
            Product::Blocked.multiply(a, b, &mut blocked);
            for (x, y) in plain.iter().zip(&blocked) {
                assert!((x - y).abs() < 1e-13, "{rows} {inner} {cols}: {x} and {y}");
            }
        }
    }
}
