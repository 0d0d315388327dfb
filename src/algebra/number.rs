//! What a double in a rule means exactly.
//!
//! Numbers reach a rule as doubles, but a normal form must add and multiply without rounding. So every double stands for one exact number
//! that rounds to it: the decimal a person would write for it (0.1 is 1/10), a fraction with small parts (0.333… is 1/3), or a constant such
//! as `e^2` or `log(2)` whose rounded value it is. Different doubles stand for different numbers, so nothing is merged that differs.

use super::rational::Rational;
use crate::op::exp;
use rustc_hash::FxHashMap;
use std::f64::consts::E;
use std::io::Write;
use std::sync::LazyLock;

/// The exact number that a double of at least 0 stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Exact {
    /// A fraction.
    Fraction(Rational),
    /// e to a fraction.
    PowerOfE(Rational),
    /// The logarithm of a whole number.
    Log(i128),
    /// A whole number to the power 1/2 or -1/2.
    Root { of: i128, exponent: Rational },
    /// A fraction of the circle number.
    Pi(Rational),
    /// Only itself, by its bits: not finite, or too large or small to calculate with.
    Opaque(u64),
}

/// The exact number that a double of at least 0 stands for; negative ones stand for the negative.
pub(super) fn exact(size: f64) -> Exact {
    if let Some(whole) = small_whole(size) {
        return Exact::Fraction(whole);
    }
    if let Some(known) = CONSTANTS.get(&size.to_bits()) {
        return *known;
    }
    let Some(found) = shortest_decimal(size) else {
        return Exact::Opaque(size.to_bits());
    };
    if found.0 >= LONG
        && let Some(of) = log_of_whole(size)
    {
        return Exact::Log(of);
    }
    if found.0 >= LONG
        && let Some(exponent) = power_of_e(size)
    {
        return Exact::PowerOfE(exponent);
    }
    fraction(size, found).map_or(Exact::Opaque(size.to_bits()), Exact::Fraction)
}

/// Decimals with more digits than a person would write are looked at more closely.
const LONG: i128 = 1_000_000_000_000_000;

/// The double for a fraction, where reading it gives the fraction back.
pub(super) fn as_double(value: Rational) -> Option<f64> {
    let double = value.to_f64();
    (exact(double.abs()) == Exact::Fraction(value.abs())).then_some(double)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "checked to be whole and small"
)]
fn small_whole(value: f64) -> Option<Rational> {
    (value.abs() < 9e15 && value.trunc() == value).then(|| Rational::whole(value as i128))
}

/// The most decimal places of a number that is calculated with: products of a few such numbers fit into 128 bits.
const MOST_PLACES: i32 = 20;

/// A positive double as a fraction: its shortest decimal where that is short, else a quotient of small whole numbers, else the decimal.
fn fraction(size: f64, (digits, exponent): (i128, i32)) -> Option<Rational> {
    if digits >= LONG
        && let Some(quotient) = small_quotient(size, digits, exponent)
    {
        return Some(quotient);
    }
    if exponent.abs() > MOST_PLACES {
        return None;
    }
    let scale = 10i128.checked_pow(exponent.unsigned_abs())?;
    if exponent >= 0 {
        Rational::new(digits.checked_mul(scale)?, 1)
    } else {
        Rational::new(digits, scale)
    }
}

/// The digits and the power of ten of the shortest decimal that reads back as the same double.
fn shortest_decimal(size: f64) -> Option<(i128, i32)> {
    if !size.is_finite() {
        return None;
    }
    // `{:e}` prints the shortest digits: `1.25e-3`.
    let mut buffer = [0u8; 32];
    let mut rest = &mut buffer[..];
    write!(rest, "{size:e}").ok()?;
    let left = rest.len();
    let text = std::str::from_utf8(&buffer[..32 - left]).ok()?;
    let (mantissa, exponent) = text.split_once('e')?;
    let mut digits: i128 = 0;
    let mut after_point = 0;
    let mut seen_point = false;
    for byte in mantissa.bytes() {
        if byte == b'.' {
            seen_point = true;
        } else {
            digits = digits * 10 + i128::from(byte - b'0');
            after_point += i32::from(seen_point);
        }
    }
    Some((digits, exponent.parse::<i32>().ok()? - after_point))
}

/// The first convergent of the continued fraction that rounds to the double, if its parts are small: looked for with the decimal point
/// after the first digit, so that a third of 1e-8 is found as a third is.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "every candidate is checked against the double"
)]
fn small_quotient(size: f64, digits: i128, exponent: i32) -> Option<Rational> {
    let places = i32::try_from(digits.ilog10()).ok()?;
    let power = exponent + places;
    let ten = Rational::whole(10).power(power.clamp(-30, 30))?;
    let (mut p0, mut q0, mut p1, mut q1) = (0i128, 1i128, 1i128, 0i128);
    let mut rest = digits as f64 / 10f64.powi(places);
    for _ in 0..24 {
        let whole = rest.floor();
        if whole > 1e7 {
            return None;
        }
        let digit = whole as i128;
        (p0, q0, p1, q1) = (p1, q1, digit * p1 + p0, digit * q1 + q0);
        if p1 > 10_000_000 || q1 > 10_000_000 {
            return None;
        }
        let candidate = Rational::new(p1, q1)?.mul(ten)?;
        if candidate.to_f64() == size {
            return Some(candidate);
        }
        rest = 1.0 / (rest - whole);
    }
    None
}

/// A double that is the logarithm of a whole number, as the language computes it.
#[allow(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "every candidate is checked against the double"
)]
fn log_of_whole(size: f64) -> Option<i128> {
    if !(0.6..21.0).contains(&size) {
        return None;
    }
    let of = libm::exp(size).round();
    (libm::log(of) == size).then_some(of as i128)
}

/// The short decimal that a double is e to the power of, as the language computes it.
fn power_of_e(size: f64) -> Option<Rational> {
    let exponent = libm::log(size);
    // Powers near 1 are too dense to tell which was meant.
    if exponent.abs() < 1e-3 {
        return None;
    }
    let short: f64 = format!("{exponent:.5e}").parse().ok()?;
    if exp(short).to_bits() != size.to_bits() {
        return None;
    }
    let (digits, places) = shortest_decimal(short.abs())?;
    let ten = Rational::whole(10).power(places)?;
    let exponent = Rational::whole(digits).mul(ten)?;
    Some(if short < 0.0 {
        exponent.neg()
    } else {
        exponent
    })
}

/// The double that stands for the logarithm of a whole number, if one does.
#[allow(clippy::cast_precision_loss, reason = "checked by reading it")]
pub(super) fn log_as_double(of: i128) -> Option<f64> {
    let double = libm::log(of as f64);
    (exact(double) == Exact::Log(of)).then_some(double)
}

/// Doubles that are the rounded value of a well-known constant, as the language computes it.
static CONSTANTS: LazyLock<FxHashMap<u64, Exact>> = LazyLock::new(|| {
    let mut known = FxHashMap::default();
    let mut add = |value: f64, exact: Exact| {
        if small_whole(value).is_none() {
            known.entry(value.to_bits()).or_insert(exact);
        }
    };
    let fraction = |num, den| Rational::new(num, den).expect("small parts fit");
    add(E, Exact::PowerOfE(Rational::ONE));
    for (num, den) in [
        (1, 1),
        (2, 1),
        (1, 2),
        (3, 1),
        (4, 1),
        (1, 4),
        (1, 3),
        (2, 3),
        (3, 4),
    ] {
        add(
            std::f64::consts::PI * f64::from(num) / f64::from(den),
            Exact::Pi(fraction(num.into(), den.into())),
        );
    }
    for n in 1..=20i32 {
        for (num, den) in [(n, 1), (-n, 1), (n, 2), (-n, 2)] {
            // By every way in which the language computes it: as a power and as a product; and as it may have been written out by others.
            let exponent = f64::from(num) / f64::from(den);
            let exact = Exact::PowerOfE(fraction(num.into(), den.into()));
            add(exp(exponent), exact);
            add(libm::pow(E, exponent), exact);
            if den == 1 && num > 1 {
                add((1..num).fold(E, |product, _| product * E), exact);
            }
        }
    }
    for n in 2..=1000i32 {
        let (of, value) = (i128::from(n), f64::from(n));
        let half = Rational::HALF;
        if small_whole(libm::sqrt(value)).is_some() {
            continue;
        }
        add(libm::sqrt(value), Exact::Root { of, exponent: half });
        add(
            1.0 / libm::sqrt(value),
            Exact::Root {
                of,
                exponent: half.neg(),
            },
        );
    }
    known
});

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: f64, num: i128, den: i128) {
        let want = Rational::new(num, den).expect("fits");
        assert_eq!(exact(value.abs()), Exact::Fraction(want.abs()), "{value}");
        assert_eq!(as_double(want), Some(value));
    }

    #[test]
    fn doubles_stand_for_what_a_person_would_write() {
        check(0.1, 1, 10);
        check(1e-8, 1, 100_000_000);
        check(1.0 / 3.0, 1, 3);
        check(-2.0 / 3.0, -2, 3);
        check(0.1 + 0.2, 30_000_000_000_000_004, 100_000_000_000_000_000);
        check(1e15, 1_000_000_000_000_000, 1);
    }

    #[test]
    fn rounded_constants_stand_for_the_constants() {
        assert_eq!(exact(std::f64::consts::E), Exact::PowerOfE(Rational::ONE));
        assert_eq!(exact(libm::log(2.0)), Exact::Log(2));
        assert!(matches!(exact(f64::INFINITY), Exact::Opaque(_)));
        assert!(matches!(exact(1e-300), Exact::Opaque(_)));
    }

    #[test]
    fn different_doubles_stand_for_different_numbers() {
        let mut value = 0.3f64;
        let mut before = exact(value);
        for _ in 0..1000 {
            value = value.next_up();
            let here = exact(value);
            assert_ne!(here, before);
            before = here;
        }
    }
}
