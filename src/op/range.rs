//! Which values each op can take, given which its arguments can: interval arithmetic with zero and wholeness.
//!
//! Sound for the finite values of an expression: the true values always lie inside the range given here.

use super::Op;
use crate::types::Range;

impl Op {
    /// The range of the result.
    #[allow(clippy::too_many_lines, reason = "one line or two for each op")]
    pub fn range(self, args: &[Range]) -> Range {
        let x = args.first().copied().unwrap_or(Range::ANY);
        let y = args.get(1).copied().unwrap_or(Range::ANY);
        if let Some(point) = self.point(args) {
            return point;
        }
        match self {
            Self::Or
            | Self::And
            | Self::Not
            | Self::Eq
            | Self::Ne
            | Self::Lt
            | Self::Le
            | Self::Gt
            | Self::Ge => Range::UNIT.whole(),
            Self::Add => add(x, y),
            Self::Sub => add(x, negative(y)),
            Self::Mul => multiply(x, y),
            Self::Div => multiply(x, inverse(y)),
            Self::Rem => modulo(x, y),
            Self::Neg => negative(x),
            Self::Pow => power(x, y),
            Self::Abs => absolute(x),
            Self::Sign => Range {
                lo: if x.is_positive() {
                    1.0
                } else if x.is_non_negative() {
                    0.0
                } else {
                    -1.0
                },
                hi: if negative(x).is_positive() {
                    -1.0
                } else if x.hi <= 0.0 {
                    0.0
                } else {
                    1.0
                },
                zero: x.zero,
                whole: true,
            },
            Self::Exp => Range {
                zero: false,
                ..monotone(x, super::exp)
            },
            Self::Log => monotone(
                Range {
                    lo: x.lo.max(0.0),
                    ..x
                },
                libm::log,
            ),
            Self::Sqrt => Range {
                zero: x.zero,
                ..monotone(
                    Range {
                        lo: x.lo.max(0.0),
                        ..x
                    },
                    libm::sqrt,
                )
            },
            Self::Clip => clip(x, y),
            Self::Drop => Range {
                lo: x.lo.min(0.0),
                hi: x.hi.max(0.0),
                zero: true,
                whole: x.whole,
            },
            Self::Min => either(x, y, span(x.lo.min(y.lo), x.hi.min(y.hi))),
            Self::Max => either(x, y, span(x.lo.max(y.lo), x.hi.max(y.hi))),
            Self::Tanh => Range {
                zero: x.zero,
                ..monotone(x, libm::tanh)
            },
            Self::Sigmoid => Range {
                zero: false,
                ..Range::UNIT
            },
            Self::Cos | Self::Sin => Range::between(-1.0, 1.0),
            Self::Where => y.union(args.get(2).copied().unwrap_or(Range::ANY)),
            // From 0, towards x: between the two. It leaves 0 at the first step and, in exact arithmetic, never reaches
            // it again where x keeps one sign; where beta is known to be 0 or x can be 0 it may.
            Self::Ema => Range {
                lo: x.lo.min(0.0),
                hi: x.hi.max(0.0),
                zero: x.zero || !one_sided(x),
                whole: false,
            },
            Self::Trace | Self::Total => Range {
                lo: if x.is_non_negative() {
                    x.lo
                } else {
                    f64::NEG_INFINITY
                },
                hi: if x.hi <= 0.0 { x.hi } else { f64::INFINITY },
                zero: x.zero || !one_sided(x),
                whole: false,
            },
            Self::Debias | Self::Peak | Self::Transpose => x,
            Self::Last => x.union(y),
            Self::Norm | Self::Rms => Range {
                lo: 0.0,
                hi: f64::INFINITY,
                zero: x.zero,
                whole: false,
            },
            Self::Mean | Self::RowMean | Self::ColMean => Range {
                zero: x.zero || !one_sided(x),
                whole: false,
                ..x
            },
            Self::Sum => Range {
                lo: if x.is_non_negative() {
                    x.lo
                } else {
                    f64::NEG_INFINITY
                },
                hi: if x.hi <= 0.0 { x.hi } else { f64::INFINITY },
                zero: x.zero || !one_sided(x),
                whole: x.whole,
            },
            Self::MatMul | Self::Orthogonalize => Range::ANY,
        }
    }

    /// The exact result, where every argument is one value and the op is a function of its arguments alone.
    fn point(self, args: &[Range]) -> Option<Range> {
        let mut values = [0.0; 3];
        let values = values.get_mut(..args.len())?;
        for (value, arg) in values.iter_mut().zip(args) {
            *value = arg.as_point()?;
        }
        self.apply(values)
            .filter(|value| !value.is_nan())
            .map(Range::point)
    }
}

/// Clipping is monotone in the value, and in the bound for values of one sign, so the ends hold the extremes.
fn clip(x: Range, bound: Range) -> Range {
    let at = |value: f64, bound: f64| value.max(-bound).min(bound);
    let lo = at(x.lo, bound.lo).min(at(x.lo, bound.hi));
    let hi = at(x.hi, bound.lo).max(at(x.hi, bound.hi));
    if bound.lo < 0.0 {
        Range::ANY
    } else {
        Range {
            lo,
            hi,
            zero: x.zero || bound.zero,
            whole: x.whole && bound.whole,
        }
    }
}

/// One of two values, inside a span.
fn either(x: Range, y: Range, span: Range) -> Range {
    Range {
        zero: span.zero && (x.zero || y.zero),
        whole: x.whole && y.whole,
        ..span
    }
}

/// Whether all values have one sign, zero aside.
fn one_sided(x: Range) -> bool {
    x.lo >= 0.0 || x.hi <= 0.0
}

fn span(lo: f64, hi: f64) -> Range {
    Range::between(lo, hi)
}

fn monotone(x: Range, f: impl Fn(f64) -> f64) -> Range {
    Range::between(f(x.lo), f(x.hi))
}

fn negative(x: Range) -> Range {
    Range {
        lo: -x.hi,
        hi: -x.lo,
        ..x
    }
}

fn absolute(x: Range) -> Range {
    let hi = x.lo.abs().max(x.hi.abs());
    let lo = if one_sided(x) {
        x.lo.abs().min(x.hi.abs())
    } else {
        0.0
    };
    Range { lo, hi, ..x }
}

fn add(x: Range, y: Range) -> Range {
    let sum = span(x.lo + y.lo, x.hi + y.hi);
    // Two parts of one sign cancel only where both are zero.
    let same_side = (x.is_non_negative() && y.is_non_negative()) || (x.hi <= 0.0 && y.hi <= 0.0);
    let zero = sum.zero && if same_side { x.zero && y.zero } else { true };
    Range {
        zero,
        whole: x.whole && y.whole,
        ..sum
    }
}

/// A product of bounds, where zero times infinity is zero: the bound stands for finite values that approach it.
fn product(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

fn multiply(x: Range, y: Range) -> Range {
    let ends = [
        product(x.lo, y.lo),
        product(x.lo, y.hi),
        product(x.hi, y.lo),
        product(x.hi, y.hi),
    ];
    let lo = ends.iter().copied().fold(f64::INFINITY, f64::min);
    let hi = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Range {
        lo,
        hi,
        zero: x.zero || y.zero,
        whole: x.whole && y.whole,
    }
}

fn inverse(y: Range) -> Range {
    let strictly_one_sided = one_sided(y) && !y.zero || y.lo > 0.0 || y.hi < 0.0;
    if !strictly_one_sided {
        return if y.is_non_negative() {
            Range::POSITIVE
        } else {
            Range {
                zero: false,
                ..Range::ANY
            }
        };
    }
    let (lo, hi) = if y.lo >= 0.0 {
        (1.0 / y.hi, 1.0 / y.lo.abs())
    } else {
        (-1.0 / y.hi.abs(), 1.0 / y.lo)
    };
    Range {
        lo,
        hi,
        zero: false,
        whole: false,
    }
}

fn modulo(x: Range, y: Range) -> Range {
    let whole = x.whole && y.whole;
    if y.is_non_negative() {
        Range {
            lo: 0.0,
            hi: y.hi,
            zero: true,
            whole,
        }
    } else {
        Range {
            lo: y.lo.min(0.0),
            hi: y.hi.max(0.0),
            zero: true,
            whole,
        }
    }
}

fn power(x: Range, y: Range) -> Range {
    if let Some(n) = y.as_point() {
        let even = n.fract() == 0.0 && n % 2.0 == 0.0;
        let whole = x.whole && y.whole && n >= 0.0;
        if n > 0.0 && even {
            let base = absolute(x);
            return Range {
                zero: x.zero,
                whole,
                ..monotone(base, |v| libm::pow(v, n))
            };
        }
        if n > 0.0 && (n.fract() == 0.0 || x.is_non_negative()) {
            return Range {
                zero: x.zero,
                whole,
                ..monotone(x, |v| libm::pow(v, n))
            };
        }
        if n < 0.0 && (even || x.is_non_negative()) {
            return Range {
                zero: false,
                whole: false,
                ..inverse(power(absolute(x), Range::point(-n)))
            };
        }
    }
    if x.is_positive() {
        // b^y is monotone in each argument, so the ends of a box hold the extremes.
        let ends =
            [(x.lo, y.lo), (x.lo, y.hi), (x.hi, y.lo), (x.hi, y.hi)].map(|(b, n)| libm::pow(b, n));
        if ends.iter().any(|end| end.is_nan()) {
            return Range::POSITIVE;
        }
        let lo = ends.iter().copied().fold(f64::INFINITY, f64::min);
        let hi = ends.iter().copied().fold(0.0, f64::max);
        // One to any power is one: the ends alone miss it where the base lies on both sides.
        let (lo, hi) = if x.lo <= 1.0 && x.hi >= 1.0 {
            (lo.min(1.0), hi.max(1.0))
        } else {
            (lo, hi)
        };
        return Range {
            lo: lo.max(0.0),
            hi,
            zero: false,
            whole: false,
        };
    }
    if x.is_non_negative() {
        Range::NON_NEGATIVE
    } else {
        Range::ANY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_of_square_plus_delta_is_positive() {
        let square = Op::Pow.range(&[Range::ANY, Range::point(2.0)]);
        assert_eq!(square, Range::NON_NEGATIVE);
        let v = Op::Ema.range(&[square, Range::point(0.999)]);
        assert_eq!(v, Range::NON_NEGATIVE);
        let divisor = Op::Add.range(&[Op::Sqrt.range(&[v]), Range::point(1e-8)]);
        assert!(divisor.is_positive() && !divisor.zero);
    }

    #[test]
    fn sign_agreement_is_between_minus_one_and_one() {
        let sign = Op::Sign.range(&[Range::ANY]);
        let agree = Op::Mul.range(&[sign, sign]);
        assert_eq!((agree.lo, agree.hi, agree.whole), (-1.0, 1.0, true));
        let power = Op::Pow.range(&[Range::point(std::f64::consts::E), agree]);
        assert!(power.is_positive() && power.hi < 2.72 && power.lo > 0.36);
    }

    #[test]
    fn ranges_hold_values_of_random_arguments() {
        use crate::op::{Kind, TABLE};
        let samples = [
            -1e9, -3.0, -1.0, -0.5, -1e-9, 0.0, 1e-9, 0.5, 1.0, 2.0, 3.0, 1e9,
        ];
        let holds = |range: Range, value: f64| {
            let slack = 1e-12 * value.abs();
            !value.is_finite()
                || (range.lo <= value + slack
                    && value - slack <= range.hi
                    && (value != 0.0 || range.zero))
        };
        for row in TABLE
            .iter()
            .filter(|row| matches!(row.kind, Kind::Arithmetic) && row.params.len() <= 2)
        {
            for (i, a) in samples.iter().enumerate() {
                for b in &samples[i..] {
                    let x = Range::between(*a, *b);
                    for c in samples {
                        for d in samples.into_iter().filter(|d| *d >= c) {
                            if row.op == Op::Clip && c <= 0.0 {
                                continue;
                            }
                            let args = [x, Range::between(c, d)];
                            let args = &args[..row.params.len()];
                            let range = row.op.range(args);
                            for u in [*a, *b, 0.5 * (a + b)] {
                                for v in [c, d, 0.5 * (c + d)] {
                                    let values = [u, v];
                                    let value = row.op.apply(&values[..args.len()]).expect("pure");
                                    // A product of tiny values may underflow to a zero that exact arithmetic has not.
                                    let underflow = value == 0.0 && u != 0.0;
                                    assert!(
                                        underflow || holds(range, value),
                                        "{}{values:?} = {value} outside {range:?} for {args:?}",
                                        row.name
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
