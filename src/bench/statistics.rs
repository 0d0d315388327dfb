//! Means over seeds and how sure they are.

use super::report::Estimate;

/// The mean; NaN of nothing. Divides first, so that it is finite wherever the values are.
pub fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = count(values.clone().count());
    if n == 0.0 {
        return f64::NAN;
    }
    values.map(|value| value / n).sum()
}

impl Estimate {
    /// The mean of some values with half the width of its 95 % confidence interval; none of no values. The interval is
    /// left out for a single value, and where it is not finite.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let mean = mean(values.clone());
        if mean.is_nan() {
            return None;
        }
        let n = values.clone().count();
        // Equal values have no spread, whatever their mean was rounded to.
        let first = values.clone().next().map(f64::to_bits);
        let are_equal = values.clone().all(|value| Some(value.to_bits()) == first);
        let squares: f64 = if are_equal {
            0.0
        } else {
            values.map(|value| (value - mean) * (value - mean)).sum()
        };
        let freedom = n - 1;
        let error = libm::sqrt(squares / count(freedom) / count(n));
        let half_width = (freedom > 0).then(|| error * t_quantile(freedom));
        Some(Self {
            mean,
            half_width: half_width.filter(|width| width.is_finite()),
        })
    }
}

/// The 97.5 % quantile of Student's t.
///
/// A table where the degrees of freedom are few; from there on the expansion in their inverse (Abramowitz and Stegun,
/// 26.7.5), good to four digits after the point.
pub fn t_quantile(freedom: usize) -> f64 {
    const TABLE: [f64; 10] = [
        f64::INFINITY,
        12.706_204_736,
        4.302_652_730,
        3.182_446_305,
        2.776_445_105,
        2.570_581_836,
        2.446_911_851,
        2.364_624_252,
        2.306_004_135,
        2.262_157_163,
    ];
    const Z: f64 = 1.959_963_984_540_054;
    if let Some(value) = TABLE.get(freedom) {
        return *value;
    }
    let inverse = 1.0 / count(freedom);
    let square = Z * Z;
    let terms = [
        1.0,
        (square + 1.0) / 4.0,
        ((5.0 * square + 16.0) * square + 3.0) / 96.0,
        (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0,
        ((((79.0 * square + 776.0) * square + 1482.0) * square - 1920.0) * square - 945.0)
            / 92_160.0,
    ];
    Z * terms
        .iter()
        .rev()
        .fold(0.0, |sum, term| sum * inverse + term)
}

#[allow(clippy::cast_precision_loss, reason = "runs are far fewer than 2^53")]
fn count(len: usize) -> f64 {
    len as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_quantiles_are_those_of_the_tables() {
        let table = [
            (1, 12.7062),
            (2, 4.3027),
            (3, 3.1824),
            (4, 2.7764),
            (5, 2.5706),
            (6, 2.4469),
            (9, 2.2622),
            (10, 2.2281),
            (19, 2.0930),
            (30, 2.0423),
            (100, 1.9840),
            (1_000_000, 1.9600),
        ];
        for (freedom, want) in table {
            let got = t_quantile(freedom);
            assert!((got - want).abs() < 1e-4, "{freedom}: {got}, not {want}");
        }
    }

    #[test]
    fn interval_of_known_values_is_known() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0];
        let estimate = Estimate::of(values.into_iter()).expect("some values");
        // Deviation sqrt(2.5), error sqrt(0.5).
        let want = 2.776_445_105 * 0.5_f64.sqrt();
        assert!((estimate.mean - 3.0).abs() < 1e-12);
        assert!(
            estimate
                .half_width
                .is_some_and(|width| (width - want).abs() < 1e-9)
        );
    }

    #[test]
    fn few_and_huge_values_have_no_interval() {
        assert_eq!(Estimate::of(std::iter::empty()), None);
        let one = Estimate::of([7.0].into_iter());
        assert_eq!(
            one,
            Some(Estimate {
                mean: 7.0,
                half_width: None
            })
        );
        let huge = Estimate::of([f64::MAX, f64::MAX, -f64::MAX].into_iter()).expect("values");
        assert!(huge.mean.is_finite() && huge.half_width.is_none());
    }
}
