//! Values with error bounds: what the precise oracle computes with.
//!
//! A value is a double-double with a bound on how far it is from the true one, or it is known to be undefined (`log 0`, `x / 0`, `0^-1`,
//! `(-1)^0.5`), or it is lost: too great or too uncertain to say anything. So two values differ only where their bounds prove it;
//! rounding, cancellation, overflow and underflow never do.

use crate::dd::{self, Dd};

/// What is known of one value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Ball {
    /// Within an error of a number.
    Known(Dd, f64),
    /// There is no such real number.
    Undefined,
    /// A power of a negative number that is no real number, as its size and its exponent. Where the exponent is a whole number the power
    /// is real, but no point of the census need be such a place; so two of these are the same only if their sizes and exponents are, or if
    /// neither exponent is far enough from zero to be whole.
    Turned { size: Part, exponent: Part },
    /// Out of reach of the arithmetic.
    Lost,
}

/// A number with a bound on its error.
type Part = (Dd, f64);

use Ball::{Known, Lost, Turned, Undefined};

/// 2^-100: the relative error of the four operations and of roots, with room to spare.
const EPS: f64 = 7.9e-31;
/// 2^-96: the relative error of the other functions, with room to spare.
const EPS_SERIES: f64 = 1.3e-29;
/// Greater values are lost.
const HUGE: f64 = 1e280;
/// Below this size the low part of a product may underflow.
const TINY: f64 = 1e-260;
/// Error of a value that may have underflowed.
const UNDERFLOW: f64 = 1e-280;

impl Ball {
    pub(crate) const ZERO: Self = Known(dd::ZERO, 0.0);
    pub(crate) const ONE: Self = Known(dd::ONE, 0.0);

    /// A number that is meant exactly.
    pub(crate) const fn exact(value: f64) -> Self {
        Known(Dd::new(value), 0.0)
    }

    /// What a number in a rule means: the decimal fraction that its shortest text is, or e or pi. Numbers of more than fifteen digits
    /// were computed from others in f64, so they are known to a few of its last places only.
    pub(crate) fn written(value: f64) -> Self {
        if value.is_nan() {
            return Undefined;
        }
        if value.is_infinite() {
            // Nothing tells whether it overflowed or was a division by zero.
            return Lost;
        }
        if value.to_bits() == std::f64::consts::E.to_bits() {
            return Known(dd::E, dd::E.hi * EPS);
        }
        if value.to_bits() == std::f64::consts::PI.to_bits() {
            return Known(dd::PI, dd::PI.hi * EPS);
        }
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let fraction = digits.split_once('.').map_or(0, |(_, tail)| tail.len());
        let mantissa: String = digits.chars().filter(char::is_ascii_digit).collect();
        if mantissa.len() > 15 {
            return Known(Dd::new(value), value.abs() * 7e-15);
        }
        let mantissa = mantissa.parse().unwrap_or(f64::NAN);
        let mantissa = Self::exact(if value < 0.0 { -mantissa } else { mantissa });
        let exponent = exponent.parse().unwrap_or(0) - i32::try_from(fraction).unwrap_or(0);
        let power = Self::exact(10.0).whole_power(exponent.unsigned_abs());
        if exponent < 0 {
            mantissa.div(power)
        } else {
            mantissa.mul(power)
        }
    }

    /// Whether the value is known to be exactly this.
    pub(crate) fn is_exactly(self, value: f64) -> bool {
        matches!(self, Known(v, 0.0) if v == Dd::new(value))
    }

    /// Applies an operation where the value is known.
    fn map(self, f: impl FnOnce(Dd, f64) -> Self) -> Self {
        match self {
            Known(x, ex) => f(x, ex),
            Undefined | Turned { .. } => Undefined,
            Lost => Lost,
        }
    }

    /// Applies an operation where both values are known; of the other states, undefined is the stronger.
    fn with(self, other: Self, f: impl FnOnce((Dd, f64), (Dd, f64)) -> Self) -> Self {
        match (self, other) {
            (Known(x, ex), Known(y, ey)) => f((x, ex), (y, ey)),
            (Undefined | Turned { .. }, _) | (_, Undefined | Turned { .. }) => Undefined,
            (Lost, _) | (_, Lost) => Lost,
        }
    }

    fn checked(value: Dd, error: f64) -> Self {
        if value.hi.abs() < HUGE && error < HUGE {
            Known(value, error)
        } else {
            Lost
        }
    }

    /// A result with the error carried over from its arguments and that of the operation itself.
    fn rounded((value, exact): dd::Rounded, carried: f64) -> Self {
        let own = if exact { 0.0 } else { value.hi.abs() * EPS };
        Self::checked(value, carried + own)
    }

    pub(crate) fn neg(self) -> Self {
        self.map(|x, ex| Known(x.neg(), ex))
    }

    pub(crate) fn abs(self) -> Self {
        self.map(|x, ex| Known(x.abs(), ex))
    }

    pub(crate) fn add(self, other: Self) -> Self {
        self.with(other, |(x, ex), (y, ey)| Self::rounded(x.add(y), ex + ey))
    }

    pub(crate) fn sub(self, other: Self) -> Self {
        self.add(other.neg())
    }

    pub(crate) fn mul(self, other: Self) -> Self {
        self.with(other, |(x, ex), (y, ey)| {
            if self == Self::ZERO || other == Self::ZERO {
                return Self::ZERO;
            }
            let carried = x.hi.abs() * ey + y.hi.abs() * ex + ex * ey;
            let product = x.mul(y);
            if product.0.hi.abs() < TINY {
                return Self::checked(product.0, carried + UNDERFLOW);
            }
            Self::rounded(product, carried)
        })
    }

    pub(crate) fn div(self, other: Self) -> Self {
        self.with(other, |(x, ex), (y, ey)| {
            if other == Self::ZERO {
                return Undefined;
            }
            let least = y.hi.abs() - 2.0 * ey;
            if least <= 0.0 {
                return Lost;
            }
            if self == Self::ZERO {
                return Self::ZERO;
            }
            let quotient = x.div(y);
            let size = quotient.0.hi.abs();
            if !size.is_finite() {
                return Lost;
            }
            let carried = (ex + size * ey) / least;
            if size < TINY || x.hi.abs() < TINY || y.hi.abs() > 1.0 / TINY {
                return Self::checked(quotient.0, carried + UNDERFLOW + size * 1e-20);
            }
            Self::rounded(quotient, carried)
        })
    }

    pub(crate) fn sqrt(self) -> Self {
        match self.sign() {
            none @ (Self::ZERO | Undefined | Turned { .. }) => none,
            Self::ONE => self.map(|x, ex| {
                let root = x.sqrt();
                if x.hi < TINY {
                    return Known(root.0, ex / root.0.hi + root.0.hi * 1e-20);
                }
                Self::rounded(root, ex / root.0.hi)
            }),
            Known(..) => Undefined,
            Lost => self.map(|x, ex| {
                // Zero or nearly so: the root is small, whatever it is.
                let root = (x.hi.abs() + 2.0 * ex).sqrt();
                if x.hi < -ex {
                    Lost
                } else {
                    Known(dd::ZERO, root)
                }
            }),
        }
    }

    pub(crate) fn exp(self) -> Self {
        self.map(|x, ex| {
            if self == Self::ZERO {
                return Self::ONE;
            }
            if x.hi < -600.0 {
                return if ex > 0.1 {
                    Lost
                } else {
                    Known(dd::ZERO, 1.2 * x.hi.exp() + UNDERFLOW)
                };
            }
            if x.hi > 640.0 || ex > 0.1 {
                return Lost;
            }
            let power = x.exp();
            let relative = EPS_SERIES * (1.0 + x.hi.abs() / 16.0) + 1.1 * ex;
            Self::checked(power, power.hi * relative)
        })
    }

    pub(crate) fn ln(self) -> Self {
        match self.sign() {
            Lost => Lost,
            Self::ONE => self.map(|x, ex| {
                if self == Self::ONE {
                    return Self::ZERO;
                }
                if x.hi < TINY {
                    return Lost;
                }
                let y = x.ln();
                let own = if (x.hi - 1.0).abs() < 0.05 {
                    y.hi.abs()
                } else {
                    1.0 + y.hi.abs()
                };
                Self::checked(y, own * EPS_SERIES + ex / (x.hi - ex))
            }),
            // The logarithm of zero and of a negative number.
            Undefined | Turned { .. } | Known(..) => Undefined,
        }
    }

    /// A power with a whole exponent of at least zero, by repeated multiplication.
    pub(crate) fn whole_power(self, exponent: u32) -> Self {
        let (mut result, mut factor, mut rest) = (Self::ONE, self, exponent);
        while rest > 0 {
            if rest % 2 == 1 {
                result = result.mul(factor);
            }
            rest /= 2;
            if rest > 0 {
                factor = factor.mul(factor);
            }
        }
        result
    }

    /// The real power.
    pub(crate) fn pow(self, other: Self) -> Self {
        self.with(other, |(x, ex), (y, ey)| {
            let is_whole = ey == 0.0 && y.is_whole();
            if is_whole && y.hi.abs() <= 64.0 {
                return self.small_power(y.hi);
            }
            if x.hi.to_bits() == dd::E.hi.to_bits() && x.lo.to_bits() == dd::E.lo.to_bits() {
                return other.exp();
            }
            if self == Self::ONE {
                return Self::ONE;
            }
            match self.sign() {
                Self::ONE if other.is_exactly(0.5) => self.sqrt(),
                Self::ONE => other.mul(self.ln()).exp(),
                Self::ZERO => match other.sign() {
                    Self::ONE => Self::ZERO,
                    Lost => Lost,
                    // A power of zero below zero; that with exponent zero is one and was met above.
                    Known(..) | Undefined | Turned { .. } => Undefined,
                },
                Known(..) if is_whole => {
                    let size = other.mul(Known(x.neg(), ex).ln()).exp();
                    let half = Dd {
                        hi: y.hi * 0.5,
                        lo: y.lo * 0.5,
                    };
                    if half.is_whole() { size } else { size.neg() }
                }
                Known(..) => {
                    let off = y.sub(y.add(Dd::new(0.5)).0.floor()).0;
                    match other.mul(Known(x.neg(), ex).ln()).exp() {
                        Known(size, error) if off.hi.abs() > 2.0 * ey => Turned {
                            size: (size, error),
                            exponent: (y, ey),
                        },
                        Undefined | Known(..) | Turned { .. } | Lost => Lost,
                    }
                }
                Undefined | Turned { .. } | Lost => Lost,
            }
        })
    }

    fn small_power(self, exponent: f64) -> Self {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number up to 64"
        )]
        let power = self.whole_power(exponent.abs() as u32);
        if exponent < 0.0 {
            Self::ONE.div(power)
        } else {
            power
        }
    }

    pub(crate) fn sign(self) -> Self {
        self.map(|x, ex| {
            if self == Self::ZERO {
                Self::ZERO
            } else if x.hi.abs() <= 2.0 * ex {
                Lost
            } else {
                Self::exact(x.hi.signum())
            }
        })
    }

    pub(crate) fn min(self, other: Self) -> Self {
        self.with(other, |(x, ex), (y, ey)| match self.sub(other).sign() {
            Self::ZERO => self,
            Known(sign, _) => {
                if sign.hi < 0.0 {
                    self
                } else {
                    other
                }
            }
            // They are nearly equal: either will do.
            Undefined | Turned { .. } | Lost => {
                let near = x.sub(y).0.hi.abs();
                Known(x, ex.max(ey) + near)
            }
        })
    }

    pub(crate) fn max(self, other: Self) -> Self {
        self.neg().min(other.neg()).neg()
    }

    pub(crate) fn clip(self, limit: Self) -> Self {
        self.min(limit).max(limit.neg())
    }

    /// The remainder with the sign of the divisor.
    pub(crate) fn rem(self, other: Self) -> Self {
        self.with(other, |(x, ex), (y, ey)| {
            if other == Self::ZERO {
                return Undefined;
            }
            if ex == 0.0 && ey == 0.0 && x.lo == 0.0 && y.lo == 0.0 {
                let rest = x.hi % y.hi;
                let shifted = rest != 0.0 && (rest < 0.0) != (y.hi < 0.0);
                return Self::exact(rest).add(if shifted { other } else { Self::ZERO });
            }
            match self.div(other) {
                Known(q, eq) => {
                    let floor = q.floor();
                    let off = q.sub(floor).0.hi;
                    if off <= 2.0 * eq || off >= 1.0 - 2.0 * eq {
                        return Lost;
                    }
                    self.sub(other.mul(Known(floor, 0.0)))
                }
                Undefined | Turned { .. } | Lost => Lost,
            }
        })
    }

    /// Cosine. A schedule's angle is a ratio of steps times pi, so one that looks like a whole number of quarter turns is one.
    pub(crate) fn cos(self, is_schedule: bool) -> Self {
        self.map(|x, ex| {
            if x.hi.abs() > 1e4 {
                return Lost;
            }
            if self == Self::ZERO {
                return Self::ONE;
            }
            if is_schedule && let Some(quarters) = x.quarter_turns(1e-26) {
                return Self::exact(match quarters.rem_euclid(4.0) {
                    0.0 => 1.0,
                    2.0 => -1.0,
                    _ => 0.0,
                });
            }
            Known(x.cos(), ex + EPS_SERIES * (1.0 + x.hi.abs()))
        })
    }

    pub(crate) fn sin(self) -> Self {
        self.map(|x, ex| {
            if self == Self::ZERO {
                return Self::ZERO;
            }
            if x.hi.abs() > 1e4 {
                return Lost;
            }
            Known(x.sin(), ex + EPS_SERIES * (1.0 + x.hi.abs()))
        })
    }

    pub(crate) fn sigmoid(self) -> Self {
        Self::ONE.div(Self::ONE.add(self.neg().exp()))
    }

    pub(crate) fn tanh(self) -> Self {
        if self == Self::ZERO {
            return self;
        }
        let power = self.mul(Self::exact(2.0)).exp();
        power.sub(Self::ONE).div(power.add(Self::ONE))
    }

    /// 1 where a claim about the sign of the difference holds, 0 where not.
    pub(crate) fn compare(self, other: Self, claim: impl FnOnce(f64) -> bool) -> Self {
        self.sub(other)
            .sign()
            .map(|sign, _| Self::truth(claim(sign.hi)))
    }

    pub(crate) fn truth(claim: bool) -> Self {
        Self::exact(f64::from(u8::from(claim)))
    }

    /// Whether the bounds leave room for both values being the same; both must be known.
    pub(crate) fn may_equal(self, other: Self) -> bool {
        match (self, other) {
            (Known(x, ex), Known(y, ey)) => {
                let size = x.hi.abs().max(y.hi.abs());
                x.sub(y).0.hi.abs() <= 4.0 * (ex + ey) + size * 1e-27
            }
            (
                Turned { size, exponent },
                Turned {
                    size: other,
                    exponent: y,
                },
            ) => {
                let near = |(x, ex), (y, ey)| Known(x, ex).may_equal(Known(y, ey));
                // Of small exponents none but zero is whole.
                let is_small = |(y, _): Part| y.hi.abs() < 1.0;
                (is_small(exponent) && is_small(y)) || (near(size, other) && near(exponent, y))
            }
            (Undefined, Undefined) | (Lost, _) | (_, Lost) => true,
            (Undefined | Turned { .. } | Known(..), _) => false,
        }
    }

    /// Whether the bounds say anything: the error is small next to this size.
    pub(crate) fn is_sharp(self, size: f64) -> bool {
        match self {
            Known(_, error) => error <= size * 1e-9,
            Undefined | Turned { .. } => true,
            Lost => false,
        }
    }

    /// Whether there is no such real number.
    pub(crate) fn is_undefined(self) -> bool {
        matches!(self, Undefined | Turned { .. })
    }
}

/// How values are ordered, rounded and shown.
impl Ball {
    /// The size of the value; zero where there is none.
    pub(crate) fn size(self) -> f64 {
        match self {
            Known(x, _) => x.hi.abs(),
            Undefined | Turned { .. } | Lost => 0.0,
        }
    }

    /// Whether two values that may be equal are known well enough to mean something.
    pub(crate) fn is_telling(self, other: Self) -> bool {
        match (self, other) {
            (Known(x, ex), Known(y, ey)) => {
                let size = x.hi.abs().max(y.hi.abs());
                ex + ey <= (size * 1e-9).max(1e-20)
            }
            (Undefined, Undefined) | (Turned { .. }, Turned { .. }) => true,
            (Known(..) | Undefined | Turned { .. } | Lost, _) => false,
        }
    }

    /// By value; what is undefined comes last.
    pub(crate) fn order(self, other: Self) -> std::cmp::Ordering {
        let none = Dd::new(f64::INFINITY);
        let place = |ball: Self| match ball {
            Known(x, _) => (x, dd::ZERO, dd::ZERO),
            Turned { size, exponent } => (none, exponent.0, size.0),
            Undefined | Lost => (none, none, none),
        };
        let (x, y) = (place(self), place(other));
        let order = |x: Dd, y: Dd| x.hi.total_cmp(&y.hi).then(x.lo.total_cmp(&y.lo));
        order(x.0, y.0)
            .then_with(|| order(x.1, y.1))
            .then_with(|| order(x.2, y.2))
    }

    /// A hash of the value times a factor, rounded to ten digits; none where the error is too great for that.
    pub(crate) fn hash(self, factor: f64) -> Option<u64> {
        match self {
            Undefined | Turned { .. } => Some(1),
            Known(x, error) if x.hi.abs() <= 4.0 * error => (error < 1e-24).then_some(0),
            Known(x, error) if error < 1e-13 * x.hi.abs() => {
                // The odd factor keeps numbers with few digits away from where rounding changes.
                let bits = (x.hi * factor * 1.203_568_914_736_251).to_bits();
                Some((bits + (1 << 18)) >> 19)
            }
            Known(..) | Lost => None,
        }
    }
}

impl std::fmt::Display for Ball {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Known(x, error) => {
                write!(f, "{:e}", x.hi)?;
                if *error > 1e-15 * x.hi.abs() {
                    write!(f, "±{error:.1e}")?;
                }
                Ok(())
            }
            Undefined => f.write_str("undefined"),
            Turned { exponent, .. } => {
                write!(f, "undefined (a power {:e} of less than 0)", exponent.0.hi)
            }
            Lost => f.write_str("unknown"),
        }
    }
}
