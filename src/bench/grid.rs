//! Grids of learning rates.

use std::fmt;

/// The most points of a grid.
const MOST: u32 = 100_000;

/// Why there is no such grid.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum GridError {
    /// An end that has no logarithm.
    End {
        /// The end.
        value: f64,
    },
    /// Too few or too many points.
    Size {
        /// How many were asked for.
        points: usize,
    },
}

impl fmt::Display for GridError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End { value } => {
                write!(f, "a grid runs between positive numbers, found {value}")
            }
            Self::Size { points } => {
                write!(f, "a grid has 1 to {MOST} points, found {points}")
            }
        }
    }
}

impl std::error::Error for GridError {}

/// Numbers from `lo` to `hi` at equal ratios: both ends exactly, those between to 12 digits, so that powers of ten are
/// just that. One point is `lo`.
///
/// # Errors
/// Ends that are not positive and finite, no points or too many.
pub fn grid(lo: f64, hi: f64, points: usize) -> Result<Vec<f64>, GridError> {
    for value in [lo, hi] {
        if !(value.is_finite() && value > 0.0) {
            return Err(GridError::End { value });
        }
    }
    let last = match u32::try_from(points) {
        Ok(points) if (1..=MOST).contains(&points) => points - 1,
        Ok(_) | Err(_) => return Err(GridError::Size { points }),
    };
    let (from, to) = (libm::log10(lo), libm::log10(hi));
    Ok((0..=last)
        .map(|index| {
            if index == 0 {
                lo
            } else if index == last {
                hi
            } else {
                let share = f64::from(index) / f64::from(last);
                let value = libm::pow(10.0, from + (to - from) * share);
                rounded(value).clamp(lo.min(hi), lo.max(hi))
            }
        })
        .collect())
}

/// The number to 12 digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

#[cfg(test)]
#[allow(
    clippy::float_cmp,
    clippy::unwrap_used,
    reason = "exact values are meant"
)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten_are_exact() {
        assert_eq!(
            grid(1e-5, 10.0, 7),
            Ok(vec![1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0])
        );
        assert_eq!(grid(2e-3, 2.0, 4), Ok(vec![2e-3, 2e-2, 0.2, 2.0]));
        assert_eq!(grid(1.0, 1e-2, 3), Ok(vec![1.0, 0.1, 1e-2]));
        let steps = grid(1e-300, 1e300, 601).expect("positive ends");
        assert!(
            steps
                .iter()
                .zip(-300..)
                .all(|(got, k)| *got == format!("1e{k}").parse::<f64>().unwrap())
        );
    }

    #[test]
    fn ends_are_exact_and_ratios_equal() {
        let steps = grid(0.037, 5.21, 9).expect("positive ends");
        assert_eq!((steps[0], steps[8]), (0.037, 5.21));
        let ratio = (5.21_f64 / 0.037).powf(1.0 / 8.0);
        assert!(
            steps
                .windows(2)
                .all(|pair| (pair[1] / pair[0] - ratio).abs() < 1e-10)
        );
        assert_eq!(grid(0.3, 0.5, 1), Ok(vec![0.3]));
        let narrow = grid(1.0, 1.0 + f64::EPSILON, 5).expect("positive ends");
        assert!(narrow.is_sorted());
    }

    #[test]
    fn other_ends_and_sizes_are_refused() {
        for value in [0.0, -1.0, f64::INFINITY] {
            assert_eq!(grid(value, 1.0, 3), Err(GridError::End { value }));
        }
        assert!(grid(1.0, f64::NAN, 3).is_err());
        for points in [0, usize::MAX] {
            assert_eq!(grid(0.1, 1.0, points), Err(GridError::Size { points }));
        }
    }
}
