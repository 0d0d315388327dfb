//! Axes with round ends and evenly spaced ticks.
//!
//! An axis maps values to the unit interval. Its ticks lie at equal distances from end to end, so a renderer needs to know only
//! how many there are and what they say.

/// One axis of a panel.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Axis {
    label: String,
    is_log: bool,
    /// The ends; powers of ten when logarithmic.
    low: f64,
    high: f64,
    ticks: Vec<String>,
}

/// Values beyond this size are left out: their differences would overflow.
const HUGE: f64 = 1e300;

/// Whether a value can be placed on an axis.
pub(super) fn is_drawn(value: f64) -> bool {
    value.abs() <= HUGE
}

impl Axis {
    /// An axis that holds all the values, those that cannot be drawn aside.
    pub(super) fn linear(label: &str, values: impl Iterator<Item = f64>) -> Self {
        Self::divided(label, values, 5.0)
    }

    /// Like [`Axis::linear`] with more ticks, so that less room is lost to round ends.
    pub(super) fn snug(label: &str, values: impl Iterator<Item = f64>) -> Self {
        Self::divided(label, values, 8.0)
    }

    fn divided(label: &str, values: impl Iterator<Item = f64>, parts: f64) -> Self {
        let (mut low, mut high) =
            ends(values.filter(|value| is_drawn(*value))).unwrap_or((0.0, 1.0));
        let size = low.abs().max(high.abs());
        if high - low <= size * 1e-9 {
            // All values are the same to rounding: the line goes through the middle.
            let room = if size < 1e-290 { 1.0 } else { size * 0.5 };
            low -= room;
            high += room;
        }
        let step = round_up((high - low) / parts);
        let first = (low / step + 1e-9).floor();
        let last = (high / step - 1e-9).ceil().max(first + 1.0);
        Self {
            label: label.to_owned(),
            is_log: false,
            low: first * step,
            high: last * step,
            ticks: counted(first, last, 1.0)
                .map(|count| tick_text(count, step))
                .collect(),
        }
    }

    /// A logarithmic axis that holds all the values, those that are not positive aside.
    pub(super) fn log(label: &str, values: impl Iterator<Item = f64>) -> Self {
        let positive = values.filter(|value| *value > 0.0 && is_drawn(*value));
        let (low, high) = ends(positive).unwrap_or((1.0, 10.0));
        let (low, high) = (low.log10().floor(), high.log10().ceil());
        let high = high.max(low + 1.0);
        let step = [1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0]
            .into_iter()
            .find(|step| high - low <= step * 7.0)
            .unwrap_or(100.0);
        let low = (low / step).floor() * step;
        let high = (high / step).ceil() * step;
        Self {
            label: label.to_owned(),
            is_log: true,
            low,
            high,
            ticks: counted(low, high, step)
                .map(|power| format!("1e{power}"))
                .collect(),
        }
    }

    /// What the axis measures.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// What the ticks say, from the low end to the high end; at least two.
    pub(super) fn ticks(&self) -> &[String] {
        &self.ticks
    }

    /// Where a value lies: 0 at the low end, 1 at the high end, not finite where it cannot be drawn.
    pub(super) fn unit(&self, value: f64) -> f64 {
        let place = if self.is_log { value.log10() } else { value };
        if place.is_finite() && is_drawn(value) {
            (place - self.low) / (self.high - self.low)
        } else {
            f64::NAN
        }
    }

    /// The value at a place of the unit interval.
    pub(super) fn value(&self, unit: f64) -> f64 {
        let place = self.low + unit * (self.high - self.low);
        if self.is_log {
            10_f64.powf(place)
        } else {
            place
        }
    }
}

/// The least and the greatest of some numbers.
pub(super) fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |found, value| match found {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// The next number of the form 1, 2 or 5 times a power of ten.
fn round_up(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| step <= factor * power * (1.0 + 1e-9));
    factor.unwrap_or(10.0) * power
}

fn counted(first: f64, last: f64, step: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(first), move |count| Some(count + step))
        .take_while(move |count| *count <= last)
}

/// The text of `count * step`, with the digits that tell neighbours apart.
fn tick_text(count: f64, step: f64) -> String {
    let value = count * step;
    if count == 0.0 {
        return "0".to_owned();
    }
    let (digit, size) = (step.log10() + 1e-9, value.abs().log10() + 1e-9);
    if step >= 1e-4 && value.abs() < 1e6 {
        let decimals = decimals(-digit.floor());
        format!("{value:.decimals$}")
    } else {
        let decimals = decimals(size.floor() - digit.floor());
        format!("{value:.decimals$e}")
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Clamped to a small count first.
fn decimals(count: f64) -> usize {
    count.clamp(0.0, 12.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(values: &[f64]) -> Axis {
        Axis::linear("x", values.iter().copied())
    }

    #[test]
    fn linear_axis_ends_at_round_numbers() {
        assert_eq!(
            linear(&[0.0, 4000.0]).ticks(),
            ["0", "1000", "2000", "3000", "4000"]
        );
        assert_eq!(
            linear(&[-0.13, 0.31]).ticks(),
            ["-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3", "0.4"].map(|t| if t == "0.0" {
                "0"
            } else {
                t
            })
        );
        assert_eq!(
            linear(&[1e7, 3e7]).ticks(),
            ["1.0e7", "1.5e7", "2.0e7", "2.5e7", "3.0e7"]
        );
    }

    #[test]
    fn equal_values_lie_in_the_middle() {
        let axis = linear(&[2.0, 2.0]);
        assert!((axis.unit(2.0) - 0.5).abs() < 1e-12, "{axis:?}");
    }

    #[test]
    fn numbers_that_cannot_be_drawn_do_not_move_the_ends() {
        let values = [0.0, 1.0, f64::NAN, f64::INFINITY, -f64::INFINITY, f64::MAX];
        assert_eq!(linear(&values), linear(&[0.0, 1.0]));
        assert!(linear(&values).unit(f64::MAX).is_nan());
        assert_eq!(linear(&[]), linear(&[0.0, 1.0]));
    }

    #[test]
    fn log_axis_ends_at_powers_of_ten() {
        let axis = Axis::log("y", [3e-30, 20.0, -1.0].into_iter());
        assert_eq!(
            axis.ticks(),
            [
                "1e-30", "1e-25", "1e-20", "1e-15", "1e-10", "1e-5", "1e0", "1e5"
            ]
        );
        assert!((axis.unit(1e5) - 1.0).abs() < 1e-12);
        assert!(axis.unit(-1.0).is_nan());
        assert!((axis.value(axis.unit(0.3)) - 0.3).abs() < 1e-9);
    }
}
