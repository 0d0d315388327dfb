//! Numbers of a verdict, with as many digits as tell them apart.

use super::super::rational::Rational;
use super::tensor::Tensor;
use super::value::Value;
use crate::op::number_text;
use std::fmt;

/// A value at a point: one number, a row of them, or rows.
#[derive(Clone, PartialEq, Debug)]
pub struct Quantity {
    values: Vec<f64>,
    text: String,
}

impl Quantity {
    /// The nearest doubles, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// A number as it is usually written.
    pub(super) fn of(value: Value) -> Self {
        let near = value.middle();
        Self {
            values: vec![near],
            text: number_text(near),
        }
    }

    pub(super) fn of_tensor(tensor: &Tensor) -> Self {
        let values: Vec<f64> = tensor.values.iter().map(|value| value.middle()).collect();
        let texts: Vec<String> = values.iter().map(|value| number_text(*value)).collect();
        let text = if let [only] = &texts[..] {
            only.clone()
        } else {
            let rows: Vec<String> = texts
                .chunks(tensor.sides.cols)
                .map(|row| format!("[{}]", row.join(", ")))
                .collect();
            match &rows[..] {
                [only] => only.clone(),
                _ => format!("[{}]", rows.join(", ")),
            }
        };
        Self { values, text }
    }

    /// Two different numbers, with so many digits that they look different where that can be.
    pub(super) fn pair(first: Value, second: Value) -> (Self, Self) {
        let (mut a, mut b) = (Self::of(first), Self::of(second));
        if a.text == b.text
            && let (Value::Exact(x), Value::Exact(y)) = (first, second)
        {
            for places in 16..=MOST_PLACES {
                (a.text, b.text) = (decimal(x, places), decimal(y, places));
                if a.text != b.text {
                    break;
                }
            }
        }
        (a, b)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The most decimal places that are looked at.
const MOST_PLACES: usize = 60;

/// A fraction to some decimal places, without zeros at the end.
fn decimal(value: Rational, places: usize) -> String {
    let sign = if value.is_negative() { "-" } else { "" };
    let (num, den) = (value.num().abs(), value.den());
    let (whole, mut rest) = (num / den, num % den);
    let mut digits = String::new();
    for _ in 0..places {
        rest *= 10;
        digits.push_str(&(rest / den).to_string());
        rest %= den;
    }
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{digits}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_numbers_get_the_digits_that_differ() {
        let one = Value::ONE;
        let near = Rational::new(10i128.pow(20) + 1, 10i128.pow(20)).expect("fits");
        let (a, b) = Quantity::pair(one, Value::Exact(near));
        assert_eq!(
            (a.to_string(), b.to_string()),
            ("1".into(), "1.00000000000000000001".into())
        );
        let (a, b) = Quantity::pair(one, Value::Exact(Rational::HALF));
        assert_eq!((a.to_string(), b.to_string()), ("1".into(), "0.5".into()));
    }
}
