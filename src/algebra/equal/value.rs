//! Values that are certain: fractions where arithmetic stays exact, else bounds that hold the true value.
//!
//! A counter-example must hold in exact arithmetic, so nothing here rounds towards the answer: bounds of sums and products move outwards by one
//! place, those of functions by [`SLACK`] places, far more than the functions of `libm` err. What is undefined at a point is undefined for certain
//! or, where the bounds do not tell, unclear; an unclear value proves nothing.

use super::super::number::{self, Exact};
use super::super::rational::Rational;
use crate::op::Op;
use std::cmp::Ordering;

/// What is known of a value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Value {
    Exact(Rational),
    /// Defined, and from `lo` to `hi`.
    Between {
        lo: f64,
        hi: f64,
    },
    /// Undefined for certain.
    Undefined,
    /// Perhaps undefined.
    Unclear,
}

use Value::{Between, Unclear, Undefined};

/// How many floating-point neighbours away the value of a `libm` function may lie.
const SLACK: u32 = 4;

/// The largest whole exponent that is multiplied out.
const MOST_TIMES: i32 = 64;

/// The bounds moved outwards by some places.
fn outwards(mut lo: f64, mut hi: f64, places: u32) -> Value {
    if lo.is_nan() || hi.is_nan() {
        return Between {
            lo: f64::NEG_INFINITY,
            hi: f64::INFINITY,
        };
    }
    for _ in 0..places {
        (lo, hi) = (lo.next_down(), hi.next_up());
    }
    Between {
        lo: lo.min(f64::MAX),
        hi: hi.max(f64::MIN),
    }
}

impl Value {
    pub(super) const ZERO: Self = Self::Exact(Rational::ZERO);
    pub(super) const ONE: Self = Self::Exact(Rational::ONE);

    pub(super) const fn whole(value: i128) -> Self {
        Self::Exact(Rational::whole(value))
    }

    /// The exact number that a double in a rule stands for.
    pub(super) fn of_double(value: f64) -> Self {
        let size = match number::exact(value.abs()) {
            Exact::Fraction(fraction) => Self::Exact(fraction),
            // The true constant rounds to the double.
            Exact::PowerOfE(_) | Exact::Log(_) | Exact::Root { .. } | Exact::Pi(_) => {
                outwards(value.abs(), value.abs(), SLACK)
            }
            Exact::Opaque(_) if value.is_nan() => Undefined,
            Exact::Opaque(_) if value.is_infinite() => Unclear,
            Exact::Opaque(_) => outwards(value.abs(), value.abs(), 0),
        };
        if value < 0.0 { size.neg() } else { size }
    }

    /// Bounds, where the value is defined.
    pub(super) fn bounds(self) -> Option<(f64, f64)> {
        match self {
            Self::Exact(value) => {
                let near = value.to_f64();
                // Numerator, denominator and quotient are each rounded.
                match outwards(near, near, 2) {
                    _ if near == 0.0 => Some((0.0, 0.0)),
                    Between { lo, hi } => Some((lo, hi)),
                    Self::Exact(_) | Undefined | Unclear => None,
                }
            }
            Between { lo, hi } => Some((lo, hi)),
            Undefined | Unclear => None,
        }
    }

    pub(super) fn is_defined(self) -> bool {
        matches!(self, Self::Exact(_) | Between { .. })
    }

    /// The double in the middle.
    pub(super) fn middle(self) -> f64 {
        match (self, self.bounds()) {
            (Self::Exact(value), _) => value.to_f64(),
            (_, Some((lo, hi))) if lo.is_finite() && hi.is_finite() => lo + (hi - lo) / 2.0,
            (_, Some((lo, hi))) if lo.is_finite() || hi.is_finite() => {
                if lo.is_finite() {
                    lo
                } else {
                    hi
                }
            }
            (_, Some(_)) => 0.0,
            (_, None) => f64::NAN,
        }
    }

    /// What the value is for undefined arguments, if one is.
    fn lost(args: &[Self]) -> Option<Self> {
        if args.contains(&Undefined) {
            return Some(Undefined);
        }
        args.contains(&Unclear).then_some(Unclear)
    }

    /// How two values compare, where that is certain.
    pub(super) fn order(self, other: Self) -> Option<Ordering> {
        if let (Self::Exact(x), Self::Exact(y)) = (self, other) {
            let order = x.compare(y);
            return (order != Ordering::Equal || x == y).then_some(order);
        }
        let ((lo, hi), (other_lo, other_hi)) = (self.bounds()?, other.bounds()?);
        if hi < other_lo {
            Some(Ordering::Less)
        } else if lo > other_hi {
            Some(Ordering::Greater)
        } else {
            None
        }
    }

    /// Whether two values are certainly not the same.
    pub(super) fn differs(self, other: Self) -> bool {
        match (self, other) {
            (Self::Exact(x), Self::Exact(y)) => x != y,
            _ => self
                .order(other)
                .is_some_and(|order| order != Ordering::Equal),
        }
    }

    /// The bounds that hold both values.
    fn hull(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        match (self.bounds(), other.bounds()) {
            (Some((a, b)), Some((c, d))) => outwards(a.min(c), b.max(d), 0),
            (Some(_) | None, _) => Unclear,
        }
    }

    pub(super) fn neg(self) -> Self {
        match self {
            Self::Exact(value) => Self::Exact(value.neg()),
            Between { lo, hi } => Between { lo: -hi, hi: -lo },
            Undefined | Unclear => self,
        }
    }

    pub(super) fn add(self, other: Self) -> Self {
        if let (Self::Exact(x), Self::Exact(y)) = (self, other)
            && let Some(sum) = x.add(y)
        {
            return Self::Exact(sum);
        }
        match (self, other) {
            (Self::ZERO, Between { .. }) => return other,
            (Between { .. }, Self::ZERO) => return self,
            _ => {}
        }
        match (self.bounds(), other.bounds()) {
            (Some((a, b)), Some((c, d))) => outwards(a + c, b + d, 1),
            (Some(_) | None, _) => Self::lost(&[self, other]).unwrap_or(Unclear),
        }
    }

    pub(super) fn sub(self, other: Self) -> Self {
        self.add(other.neg())
    }

    pub(super) fn mul(self, other: Self) -> Self {
        if let Some(lost) = Self::lost(&[self, other]) {
            return lost;
        }
        match (self, other) {
            (Self::ZERO, _) | (_, Self::ZERO) => return Self::ZERO,
            (Self::ONE, same) | (same, Self::ONE) => return same,
            (Self::Exact(x), Self::Exact(y)) => {
                if let Some(product) = x.mul(y) {
                    return Self::Exact(product);
                }
            }
            _ => {}
        }
        let (Some((a, b)), Some((c, d))) = (self.bounds(), other.bounds()) else {
            return Unclear;
        };
        let product = |x: f64, y: f64| if x == 0.0 || y == 0.0 { 0.0 } else { x * y };
        let all = [product(a, c), product(a, d), product(b, c), product(b, d)];
        outwards(
            all.iter().copied().fold(f64::INFINITY, f64::min),
            all.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            1,
        )
    }

    pub(super) fn recip(self) -> Self {
        match self {
            Self::ZERO => Undefined,
            Self::Exact(value) => Self::Exact(value.recip()),
            Between { lo, hi } if lo > 0.0 || hi < 0.0 => outwards(1.0 / hi, 1.0 / lo, 1),
            Between { .. } => Unclear,
            Undefined | Unclear => self,
        }
    }

    pub(super) fn div(self, other: Self) -> Self {
        self.mul(other.recip())
    }

    pub(super) fn sign(self) -> Self {
        match (self, self.order(Self::ZERO)) {
            (_, Some(order)) => Self::whole(match order {
                Ordering::Less => -1,
                Ordering::Equal => 0,
                Ordering::Greater => 1,
            }),
            (Between { lo, hi }, None) => Between {
                lo: if lo >= 0.0 { 0.0 } else { -1.0 },
                hi: if hi <= 0.0 { 0.0 } else { 1.0 },
            },
            (lost, None) => lost,
        }
    }

    pub(super) fn abs(self) -> Self {
        match self {
            Self::Exact(value) => Self::Exact(value.abs()),
            Between { lo, .. } if lo >= 0.0 => self,
            Between { hi, .. } if hi <= 0.0 => self.neg(),
            Between { lo, hi } => Between {
                lo: 0.0,
                hi: hi.max(-lo),
            },
            Undefined | Unclear => self,
        }
    }

    /// 1 where the value is not zero, else 0.
    pub(super) fn support(self) -> Self {
        self.sign().abs()
    }

    pub(super) fn min(self, other: Self) -> Self {
        self.extreme(other, Ordering::Less, f64::min)
    }

    pub(super) fn max(self, other: Self) -> Self {
        self.extreme(other, Ordering::Greater, f64::max)
    }

    fn extreme(self, other: Self, wins: Ordering, of_bounds: fn(f64, f64) -> f64) -> Self {
        if let Some(lost) = Self::lost(&[self, other]) {
            return lost;
        }
        match self.order(other) {
            Some(order) if order == wins => return self,
            Some(_) => return other,
            None => {}
        }
        match (self.bounds(), other.bounds()) {
            (Some((a, b)), Some((c, d))) => outwards(of_bounds(a, c), of_bounds(b, d), 0),
            (Some(_) | None, _) => Unclear,
        }
    }

    /// A function that grows with its argument.
    fn growing(self, function: fn(f64) -> f64) -> Self {
        match self.bounds() {
            Some((lo, hi)) => outwards(function(lo), function(hi), SLACK),
            None => self,
        }
    }

    fn at_least(self, least: f64) -> Self {
        match self {
            Between { lo, hi } => Between {
                lo: lo.max(least),
                hi: hi.max(least),
            },
            same => same,
        }
    }

    fn at_most(self, most: f64) -> Self {
        self.neg().at_least(-most).neg()
    }

    pub(super) fn exp(self) -> Self {
        if self == Self::ZERO {
            return Self::ONE;
        }
        self.growing(libm::exp).at_least(0.0)
    }

    pub(super) fn log(self) -> Self {
        match (self, self.order(Self::ZERO)) {
            (Self::ONE, _) => Self::ZERO,
            (_, Some(Ordering::Greater)) => self.growing(libm::log),
            (_, Some(Ordering::Less | Ordering::Equal)) => Undefined,
            (Between { hi, .. }, None) if hi <= 0.0 => Undefined,
            (Between { .. }, None) => Unclear,
            (lost, None) => lost,
        }
    }

    pub(super) fn tanh(self) -> Self {
        if self == Self::ZERO {
            return self;
        }
        self.growing(libm::tanh).at_least(-1.0).at_most(1.0)
    }

    pub(super) fn sigmoid(self) -> Self {
        if self == Self::ZERO {
            return Self::Exact(Rational::HALF);
        }
        let sigmoid = |x: f64| Op::Sigmoid.apply(&[x]).unwrap_or(f64::NAN);
        match self.bounds() {
            Some((lo, hi)) => outwards(sigmoid(lo), sigmoid(hi), 2 * SLACK)
                .at_least(0.0)
                .at_most(1.0),
            None => self,
        }
    }

    pub(super) fn sin(self) -> Self {
        if self == Self::ZERO {
            return self;
        }
        self.wave(libm::sin)
    }

    pub(super) fn cos(self) -> Self {
        if self == Self::ZERO {
            return Self::ONE;
        }
        self.wave(libm::cos)
    }

    /// A function between -1 and 1 whose values differ by no more than its arguments.
    fn wave(self, function: fn(f64) -> f64) -> Self {
        let Some((lo, hi)) = self.bounds() else {
            return self;
        };
        let reach = (hi - lo) + 1e-15;
        if !reach.is_finite() || reach >= 2.0 {
            return Between { lo: -1.0, hi: 1.0 };
        }
        let middle = function(lo);
        outwards(middle - reach, middle + reach, 1)
            .at_least(-1.0)
            .at_most(1.0)
    }

    /// The real power, as the language defines it.
    pub(super) fn pow(self, exponent: Self) -> Self {
        if let Some(lost) = Self::lost(&[self, exponent]) {
            return lost;
        }
        match exponent {
            Self::Exact(exponent) => self.power(exponent),
            _ => match (self, self.order(Self::ZERO)) {
                (Self::ONE, _) => Self::ONE,
                (_, Some(Ordering::Greater)) => self.log().mul(exponent).exp(),
                (_, Some(Ordering::Equal)) => match exponent.order(Self::ZERO) {
                    Some(Ordering::Greater) => Self::ZERO,
                    Some(Ordering::Less) => Undefined,
                    Some(Ordering::Equal) | None => Unclear,
                },
                (_, Some(Ordering::Less) | None) => Unclear,
            },
        }
    }

    /// A value to the power of a fraction.
    pub(super) fn power(self, exponent: Rational) -> Self {
        if exponent == Rational::ONE || !self.is_defined() {
            return self;
        }
        if exponent.is_zero() {
            return Self::ONE;
        }
        if exponent.is_negative() {
            return self.power(exponent.neg()).recip();
        }
        if self == Self::ZERO || self == Self::ONE {
            return self;
        }
        if let (Self::Exact(base), Some(times @ ..=MOST_TIMES)) = (self, exponent.as_small())
            && let Some(power) = base.power(times)
        {
            return Self::Exact(power);
        }
        let of_size = |size: Self| {
            let Some((lo, hi)) = size.bounds() else {
                return Unclear;
            };
            let exponent_near = exponent.to_f64();
            let power = |x: f64| libm::pow(x, exponent_near);
            match size {
                Self::Exact(base) => match base.root(exponent) {
                    Some(root) => Self::Exact(root),
                    None => outwards(power(lo), power(hi), SLACK),
                },
                _ => outwards(power(lo), power(hi), SLACK),
            }
            .at_least(0.0)
        };
        // An exponent that no double is exactly has no function of its own.
        let is_double = exponent.den().count_ones() == 1 && exponent.num() < 1 << 50;
        if exponent.is_whole() {
            let size = of_size(self.abs());
            return match (exponent.is_odd(), self.order(Self::ZERO)) {
                (false, _) | (true, Some(Ordering::Greater | Ordering::Equal)) => size,
                (true, Some(Ordering::Less)) => size.neg(),
                (true, None) => size.hull(size.neg()),
            };
        }
        match (self, self.order(Self::ZERO)) {
            (_, Some(Ordering::Less)) => Undefined,
            (Between { lo, .. }, None) if lo < 0.0 => Unclear,
            (Self::Exact(base), _) if base.root(exponent).is_some() => of_size(self),
            (_, Some(Ordering::Greater)) if !is_double => {
                self.log().mul(Self::Exact(exponent)).exp()
            }
            _ if !is_double => Unclear,
            _ => of_size(self),
        }
    }

    /// The remainder that has the sign of the divisor.
    pub(super) fn rem(self, other: Self) -> Self {
        if let Some(lost) = Self::lost(&[self, other]) {
            return lost;
        }
        if other == Self::ZERO {
            return Undefined;
        }
        let quotient = self.div(other);
        if let Self::Exact(quotient) = quotient {
            return self.sub(Self::Exact(quotient.floor()).mul(other));
        }
        match quotient.bounds() {
            Some((lo, hi)) if lo.floor().to_bits() == hi.floor().to_bits() && lo.abs() < 1e15 => {
                #[allow(clippy::cast_possible_truncation, reason = "below 1e15")]
                let floor = Self::whole(lo.floor() as i128);
                self.sub(floor.mul(other))
            }
            Some(_) => match other.bounds() {
                Some((lo, hi)) => outwards(lo.min(0.0), hi.max(0.0), 0),
                None => Unclear,
            },
            None => Unclear,
        }
    }

    /// 1 or 0 for a comparison; anything between where it is not certain.
    pub(super) fn comparison(self, other: Self, holds: fn(Ordering) -> bool) -> Self {
        if let Some(lost) = Self::lost(&[self, other]) {
            return lost;
        }
        match self.order(other) {
            Some(order) => Self::whole(i128::from(holds(order))),
            None => Between { lo: 0.0, hi: 1.0 },
        }
    }

    /// `x` where the condition holds, `y` elsewhere; what is not taken may be undefined.
    pub(super) fn choose(self, x: Self, y: Self) -> Self {
        match (self, self.order(Self::ZERO)) {
            (Undefined | Unclear, _) => self,
            (_, Some(Ordering::Equal)) => y,
            (_, Some(_)) => x,
            (_, None) => x.hull(y),
        }
    }
}
