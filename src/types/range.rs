//! Intervals of values, with what is known about zero and whole numbers.
//!
//! Facts about a value: between which bounds it lies, whether it can be exactly zero, whether it is always a whole number.
//! They speak of the finite values of an expression; a value that is not finite is a failure that other checks find.

/// The set of values an expression can take: an interval, perhaps without zero, perhaps whole numbers only.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Range {
    /// The greatest lower bound known.
    pub lo: f64,
    /// The least upper bound known.
    pub hi: f64,
    /// Whether the value can be exactly zero.
    pub zero: bool,
    /// Whether the value is always a whole number.
    pub whole: bool,
}

impl Range {
    /// Any real number.
    pub const ANY: Self = Self {
        lo: f64::NEG_INFINITY,
        hi: f64::INFINITY,
        zero: true,
        whole: false,
    };
    /// Any number of at least zero.
    pub const NON_NEGATIVE: Self = Self {
        lo: 0.0,
        hi: f64::INFINITY,
        zero: true,
        whole: false,
    };
    /// Any number above zero.
    pub const POSITIVE: Self = Self {
        lo: 0.0,
        hi: f64::INFINITY,
        zero: false,
        whole: false,
    };
    /// From zero to one.
    pub const UNIT: Self = Self {
        lo: 0.0,
        hi: 1.0,
        zero: true,
        whole: false,
    };

    /// Exactly one value; nothing is known of NaN.
    pub fn point(value: f64) -> Self {
        if value.is_nan() {
            return Self::ANY;
        }
        Self {
            lo: value,
            hi: value,
            zero: value == 0.0,
            whole: value.is_finite() && value.fract() == 0.0,
        }
    }

    /// All values from `lo` to `hi`; anything where a bound is NaN.
    pub fn between(lo: f64, hi: f64) -> Self {
        if lo.is_nan() || hi.is_nan() || lo > hi {
            return Self::ANY;
        }
        Self {
            lo,
            hi,
            zero: lo <= 0.0 && hi >= 0.0,
            whole: false,
        }
    }

    /// The same interval, known to hold whole numbers only.
    #[must_use]
    pub fn whole(self) -> Self {
        Self {
            whole: true,
            ..self
        }
    }

    /// The same interval with zero taken out.
    #[must_use]
    pub fn without_zero(self) -> Self {
        Self {
            zero: false,
            ..self
        }
    }

    /// The value, where there is only one.
    #[allow(clippy::float_cmp, reason = "a point is two equal bounds, bit for bit")]
    pub fn as_point(self) -> Option<f64> {
        (self.lo == self.hi).then_some(self.lo)
    }

    /// Whether every value is at least zero.
    pub fn is_non_negative(self) -> bool {
        self.lo >= 0.0
    }

    /// Whether every value is above zero.
    pub fn is_positive(self) -> bool {
        self.lo > 0.0 || (self.lo >= 0.0 && !self.zero)
    }

    /// Whether a value can lie below zero.
    pub fn may_be_negative(self) -> bool {
        self.lo < 0.0
    }

    /// Whether every value of `self` is one of `other`.
    pub fn is_within(self, other: Self) -> bool {
        self.lo >= other.lo
            && self.hi <= other.hi
            && (other.zero || !self.zero)
            && (self.whole || !other.whole)
    }

    /// Whether some value of `self` is one of `other`: when not, the two are certainly apart.
    pub fn overlaps(self, other: Self) -> bool {
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        lo < hi || (lo <= hi && (lo != 0.0 || (self.zero && other.zero)))
    }

    /// The values that either can take.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
            zero: self.zero || other.zero,
            whole: self.whole && other.whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn point_at_zero_holds_zero() {
        assert!(Range::point(0.0).zero && !Range::point(2.0).zero);
        assert_eq!(Range::point(2.0).as_point(), Some(2.0));
        assert_eq!(Range::between(0.0, 1.0).as_point(), None);
    }

    #[test]
    fn open_and_closed_ends_overlap_only_where_both_hold_zero() {
        assert!(!Range::between(-1.0, 0.0).overlaps(Range::POSITIVE));
        assert!(Range::between(-1.0, 0.0).overlaps(Range::NON_NEGATIVE));
        assert!(!Range::between(2.0, 3.0).overlaps(Range::UNIT));
    }
}
