//! Matrix operations on row-major slices.
//!
//! Written as the sums of the textbook; products of large matrices can be had by blocks instead, see [`Product`].

use super::product::{Product, View};

/// The sides of a matrix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sides {
    pub(super) rows: usize,
    pub(super) cols: usize,
}

impl Sides {
    pub(super) fn len(self) -> usize {
        self.rows * self.cols
    }

    pub(super) fn turned(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
        }
    }
}

/// `out` is `a` with rows and columns exchanged.
pub(super) fn transpose(a: &[f64], sides: Sides, out: &mut [f64]) {
    for i in 0..sides.rows {
        for j in 0..sides.cols {
            out[j * sides.rows + i] = a[i * sides.cols + j];
        }
    }
}

/// The mean of each row.
pub(super) fn row_means(a: &[f64], sides: Sides, out: &mut [f64]) {
    for (i, mean) in out.iter_mut().enumerate() {
        let row = &a[i * sides.cols..(i + 1) * sides.cols];
        *mean = row.iter().sum::<f64>() / count(sides.cols);
    }
}

/// The mean of each column.
pub(super) fn col_means(a: &[f64], sides: Sides, out: &mut [f64]) {
    for (j, mean) in out.iter_mut().enumerate() {
        let sum: f64 = (0..sides.rows).map(|i| a[i * sides.cols + j]).sum();
        *mean = sum / count(sides.rows);
    }
}

/// How much room [`orthogonalize`] needs.
pub(super) fn workspace_len(sides: Sides) -> usize {
    let small = sides.rows.min(sides.cols);
    2 * sides.len() + 2 * small * small
}

/// All singular values brought near 1 by the quintic Newton-Schulz iteration of Muon.
///
/// Coefficients, normalisation and order of work follow `zeropower_via_newtonschulz5` of Jordan et al., "Muon: an optimizer
/// for hidden layers in neural networks", 2024, <https://kellerjordan.github.io/posts/muon/>.
pub(super) fn orthogonalize(
    a: &[f64],
    sides: Sides,
    steps: u32,
    by: Product,
    workspace: &mut [f64],
    out: &mut [f64],
) {
    const LINEAR: f64 = 3.4445;
    const CUBIC: f64 = -4.7750;
    const QUINTIC: f64 = 2.0315;
    // The Gram matrix has the smaller side.
    let is_tall = sides.rows > sides.cols;
    let wide = if is_tall { sides.turned() } else { sides };
    let (x, workspace) = workspace.split_at_mut(wide.len());
    let (product, workspace) = workspace.split_at_mut(wide.len());
    let (gram, workspace) = workspace.split_at_mut(wide.rows * wide.rows);
    let polynomial = &mut workspace[..wide.rows * wide.rows];

    if is_tall {
        transpose(a, sides, x);
    } else {
        x.copy_from_slice(a);
    }
    let size = norm(x) + 1e-7;
    for value in &mut *x {
        *value /= size;
    }
    let square = Sides {
        rows: wide.rows,
        cols: wide.rows,
    };
    for _ in 0..steps {
        let own = View::new(x, wide);
        by.multiply(own, own.transposed(), gram);
        let own = View::new(gram, square);
        by.multiply(own, own, polynomial);
        for (sum, gram) in polynomial.iter_mut().zip(&*gram) {
            *sum = CUBIC * gram + QUINTIC * *sum;
        }
        by.multiply(View::new(polynomial, square), View::new(x, wide), product);
        for (x, product) in x.iter_mut().zip(&*product) {
            *x = LINEAR * *x + product;
        }
    }
    if is_tall {
        transpose(x, wide, out);
    } else {
        out.copy_from_slice(x);
    }
}

/// The root of the sum of squares.
pub(super) fn norm(values: &[f64]) -> f64 {
    libm::sqrt(values.iter().map(|value| value * value).sum())
}

/// A number of elements as a number.
#[allow(
    clippy::cast_precision_loss,
    reason = "no tensor has more than 2^53 elements"
)]
pub(super) fn count(len: usize) -> f64 {
    len as f64
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact values are meant")]
mod tests {
    use super::*;

    const SIDES: Sides = Sides { rows: 2, cols: 3 };
    const A: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

    #[test]
    fn transpose_turns_rows_into_columns() {
        let mut turned = [0.0; 6];
        transpose(&A, SIDES, &mut turned);
        assert_eq!(turned, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }

    #[test]
    fn means_run_along_rows_and_columns() {
        let (mut rows, mut cols) = ([0.0; 2], [0.0; 3]);
        row_means(&A, SIDES, &mut rows);
        col_means(&A, SIDES, &mut cols);
        assert_eq!((rows, cols), ([2.0, 5.0], [2.5, 3.5, 4.5]));
    }

    /// On a diagonal matrix the iteration acts on each singular value alone: s <- 3.4445 s - 4.775 s^3 + 2.0315 s^5.
    #[test]
    fn orthogonalize_of_diagonal_is_the_polynomial_of_its_values() {
        let a = [3.0, 0.0, 0.0, 0.0, 4.0, 0.0];
        let mut workspace = vec![0.0; workspace_len(SIDES)];
        let mut out = [0.0; 6];
        orthogonalize(&a, SIDES, 5, Product::Plain, &mut workspace, &mut out);
        let reference = |value: f64| {
            (0..5).fold(value / (5.0 + 1e-7), |s, _| {
                3.4445 * s - 4.775 * s.powi(3) + 2.0315 * s.powi(5)
            })
        };
        let want = [reference(3.0), 0.0, 0.0, 0.0, reference(4.0), 0.0];
        for (got, want) in out.iter().zip(want) {
            assert!((got - want).abs() < 1e-12, "{out:?}");
        }
    }

    #[test]
    fn orthogonalize_of_tall_is_transpose_of_wide() {
        let tall = Sides { rows: 3, cols: 2 };
        let mut workspace = vec![0.0; workspace_len(SIDES)];
        let (mut turned, mut from_wide, mut from_tall, mut back) =
            ([0.0; 6], [0.0; 6], [0.0; 6], [0.0; 6]);
        transpose(&A, SIDES, &mut turned);
        orthogonalize(&A, SIDES, 5, Product::Plain, &mut workspace, &mut from_wide);
        orthogonalize(
            &turned,
            tall,
            5,
            Product::Plain,
            &mut workspace,
            &mut from_tall,
        );
        transpose(&from_tall, tall, &mut back);
        assert_eq!(from_wide, back);
        // The rows come out nearly orthonormal.
        let dot = |i: usize, j: usize| -> f64 {
            (0..3)
                .map(|k| from_wide[3 * i + k] * from_wide[3 * j + k])
                .sum()
        };
        for (i, j, want) in [(0, 0, 1.0), (1, 1, 1.0), (0, 1, 0.0)] {
            assert!((dot(i, j) - want).abs() < 0.5, "{i} {j}: {}", dot(i, j));
        }
    }
}
