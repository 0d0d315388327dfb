//! Exact fractions: the coefficients and exponents of the normal form.
//!
//! Numerators and denominators have 128 bits, which products of the constants in update rules stay far below. Where one does not fit,
//! the operation gives `None` and the normal form falls back to a weaker one, rather than round.

use std::cmp::Ordering;

/// A fraction in lowest terms with a positive denominator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Rational {
    num: i128,
    den: i128,
}

/// The largest numerator or denominator that is kept: two such numbers multiply without overflow where one of them is small, and
/// checked arithmetic finds the rest.
const LIMIT: i128 = 1 << 120;

impl Rational {
    pub(super) const ZERO: Self = Self { num: 0, den: 1 };
    pub(super) const ONE: Self = Self { num: 1, den: 1 };
    pub(super) const MINUS_ONE: Self = Self { num: -1, den: 1 };
    pub(super) const HALF: Self = Self { num: 1, den: 2 };

    pub(super) const fn whole(num: i128) -> Self {
        Self { num, den: 1 }
    }

    /// `num / den` in lowest terms; `den` is not zero.
    pub(super) fn new(num: i128, den: i128) -> Option<Self> {
        if den == 1 {
            return (num.abs() < LIMIT).then_some(Self { num, den });
        }
        let divisor = gcd(num.unsigned_abs(), den.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()?;
        let sign = if den < 0 { -1 } else { 1 };
        let (num, den) = (sign * (num / divisor), sign * (den / divisor));
        (num.abs() < LIMIT && den < LIMIT).then_some(Self { num, den })
    }

    pub(super) fn num(self) -> i128 {
        self.num
    }

    pub(super) fn den(self) -> i128 {
        self.den
    }

    pub(super) fn is_zero(self) -> bool {
        self.num == 0
    }

    pub(super) fn is_negative(self) -> bool {
        self.num < 0
    }

    pub(super) fn is_positive(self) -> bool {
        self.num > 0
    }

    pub(super) fn is_whole(self) -> bool {
        self.den == 1
    }

    /// Whether it is an odd whole number.
    pub(super) fn is_odd(self) -> bool {
        self.den == 1 && self.num % 2 != 0
    }

    /// As a whole number that fits.
    pub(super) fn as_small(self) -> Option<i32> {
        (self.den == 1)
            .then(|| i32::try_from(self.num).ok())
            .flatten()
    }

    pub(super) fn neg(self) -> Self {
        Self {
            num: -self.num,
            den: self.den,
        }
    }

    pub(super) fn abs(self) -> Self {
        Self {
            num: self.num.abs(),
            den: self.den,
        }
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        if self.den == other.den {
            return Self::new(self.num.checked_add(other.num)?, self.den);
        }
        let left = self.num.checked_mul(other.den)?;
        let right = other.num.checked_mul(self.den)?;
        Self::new(left.checked_add(right)?, self.den.checked_mul(other.den)?)
    }

    pub(super) fn mul(self, other: Self) -> Option<Self> {
        if self == Self::ONE {
            return Some(other);
        }
        if other == Self::ONE {
            return Some(self);
        }
        Self::new(
            self.num.checked_mul(other.num)?,
            self.den.checked_mul(other.den)?,
        )
    }

    /// The inverse of a number that is not zero.
    pub(super) fn recip(self) -> Self {
        let sign = self.num.signum();
        Self {
            num: sign * self.den,
            den: self.num.abs(),
        }
    }

    /// The greatest whole number that is not above it.
    pub(super) fn floor(self) -> Self {
        Self::whole(self.num.div_euclid(self.den))
    }

    /// A whole power.
    pub(super) fn power(self, exponent: i32) -> Option<Self> {
        let base = if exponent < 0 { self.recip() } else { self };
        let times = exponent.unsigned_abs();
        Self::new(base.num.checked_pow(times)?, base.den.checked_pow(times)?)
    }

    /// A positive number to a fraction, where the result is a fraction.
    pub(super) fn root(self, exponent: Self) -> Option<Self> {
        let degree = u32::try_from(exponent.den).ok()?;
        let root = |value: i128| -> Option<i128> {
            #[allow(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "a guess that is checked"
            )]
            let guess = (value as f64).powf(1.0 / f64::from(degree)).round() as i128;
            (guess - 1..=guess + 1).find(|candidate| candidate.checked_pow(degree) == Some(value))
        };
        let base = Self::new(root(self.num)?, root(self.den)?)?;
        base.power(i32::try_from(exponent.num).ok()?)
    }

    /// The nearest double, exactly rounded where numerator and denominator are below 2^53.
    #[allow(
        clippy::cast_precision_loss,
        reason = "conversion to floating point is the purpose"
    )]
    pub(super) fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }

    pub(super) fn compare(self, other: Self) -> Ordering {
        match (
            self.num.checked_mul(other.den),
            other.num.checked_mul(self.den),
        ) {
            (Some(left), Some(right)) => left.cmp(&right),
            // Parts this large differ in their doubles, or not at all for any decision made here.
            _ => self.to_f64().total_cmp(&other.to_f64()),
        }
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    if let (Ok(small_a), Ok(small_b)) = (u64::try_from(a), u64::try_from(b)) {
        return u128::from(small_gcd(small_a, small_b));
    }
    while b != 0 {
        (a, b) = (b, a % b);
        if let (Ok(small_a), Ok(small_b)) = (u64::try_from(a), u64::try_from(b)) {
            return u128::from(small_gcd(small_a, small_b));
        }
    }
    a
}

fn small_gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fraction(num: i128, den: i128) -> Rational {
        Rational::new(num, den).expect("fits")
    }

    #[test]
    fn fractions_are_kept_in_lowest_terms() {
        assert_eq!(fraction(6, -4), fraction(-3, 2));
        assert_eq!(fraction(1, 3).add(fraction(1, 6)), Some(fraction(1, 2)));
        assert_eq!(fraction(-2, 3).recip(), fraction(-3, 2));
        assert_eq!(fraction(-3, 2).floor(), Rational::whole(-2));
    }

    #[test]
    fn roots_are_exact_or_none() {
        assert_eq!(fraction(4, 9).root(Rational::HALF), Some(fraction(2, 3)));
        assert_eq!(fraction(2, 1).root(Rational::HALF), None);
        assert_eq!(
            fraction(1, 10_000).root(fraction(3, 4)),
            Some(fraction(1, 1000))
        );
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let large = fraction(1 << 100, 1);
        assert_eq!(large.mul(large), None);
        assert_eq!(large.power(2), None);
    }
}
