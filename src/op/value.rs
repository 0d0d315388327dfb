//! What each op computes on numbers.
//!
//! The one meaning of every pure elementwise op, in f64. Transcendental functions are those of `libm`, so that a constant
//! folded on one platform is the same bits on every other.

use super::Op;
use super::exponential::exp;
use super::power::power;

impl Op {
    /// The value of a pure elementwise op on numbers; truth values are 1 and 0. `None` for ops that keep state, draw
    /// random numbers or see more than one element.
    pub fn apply(self, args: &[f64]) -> Option<f64> {
        let x = args.first().copied().unwrap_or(f64::NAN);
        let y = args.get(1).copied().unwrap_or(f64::NAN);
        Some(match self {
            Self::Or => truth(x != 0.0 || y != 0.0),
            Self::And => truth(x != 0.0 && y != 0.0),
            Self::Not => truth(x == 0.0),
            #[allow(clippy::float_cmp, reason = "`==` in the language is exact")]
            Self::Eq => truth(x == y),
            #[allow(clippy::float_cmp, reason = "`!=` in the language is exact")]
            Self::Ne => truth(x != y),
            Self::Lt => truth(x < y),
            Self::Le => truth(x <= y),
            Self::Gt => truth(x > y),
            Self::Ge => truth(x >= y),
            Self::Add => x + y,
            Self::Sub => x - y,
            Self::Mul => x * y,
            Self::Div => x / y,
            Self::Rem => remainder(x, y),
            Self::Neg => -x,
            Self::Pow => power(x, y),
            Self::Abs => x.abs(),
            Self::Sign => sign(x),
            Self::Exp => exp(x),
            Self::Log => libm::log(x),
            Self::Sqrt => libm::sqrt(x),
            Self::Clip => clip(x, y),
            Self::Min => {
                if x.is_nan() || y.is_nan() {
                    f64::NAN
                } else {
                    x.min(y)
                }
            }
            Self::Max => {
                if x.is_nan() || y.is_nan() {
                    f64::NAN
                } else {
                    x.max(y)
                }
            }
            Self::Tanh => libm::tanh(x),
            Self::Sigmoid => sigmoid(x),
            Self::Cos => libm::cos(x),
            Self::Sin => libm::sin(x),
            Self::Where => {
                if x == 0.0 {
                    args.get(2).copied().unwrap_or(f64::NAN)
                } else {
                    y
                }
            }
            Self::MatMul
            | Self::Drop
            | Self::Ema
            | Self::Debias
            | Self::Trace
            | Self::Total
            | Self::Peak
            | Self::Last
            | Self::Norm
            | Self::Mean
            | Self::Sum
            | Self::Rms
            | Self::Transpose
            | Self::RowMean
            | Self::ColMean
            | Self::Orthogonalize => return None,
        })
    }
}

fn truth(claim: bool) -> f64 {
    f64::from(u8::from(claim))
}

/// -1, 0 or 1; NaN stays NaN. `sign(0)` is 0.
#[inline]
pub(crate) fn sign(x: f64) -> f64 {
    // Both zeros give 0, NaN gives itself.
    let value = if x > 0.0 { 1.0 } else { x + 0.0 };
    if x < 0.0 { -1.0 } else { value }
}

/// To [-l, l]; NaN stays NaN.
#[inline]
pub(crate) fn clip(x: f64, l: f64) -> f64 {
    // Two choices instead of a case in a case, which loops over many do with masks.
    let value = if x < -l { -l } else { x };
    if x > l { l } else { value }
}

/// The remainder that has the sign of the divisor, as `%` in Python.
fn remainder(x: f64, y: f64) -> f64 {
    let rest = libm::fmod(x, y);
    if rest != 0.0 && (rest < 0.0) != (y < 0.0) {
        rest + y
    } else {
        rest
    }
}

/// 1 / (1 + e^-x), from whichever side does not overflow.
fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + exp(-x))
    } else {
        let power = exp(x);
        power / (1.0 + power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(op: Op, args: &[f64], want: f64) {
        let got = op.apply(args).expect("a pure op");
        assert!(
            got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()),
            "{op:?}{args:?} = {got}, not {want}"
        );
    }

    #[test]
    fn sign_of_zero_is_zero_and_of_nan_is_nan() {
        check(Op::Sign, &[0.0], 0.0);
        check(Op::Sign, &[-0.0], 0.0);
        check(Op::Sign, &[-3.0], -1.0);
        check(Op::Sign, &[f64::NAN], f64::NAN);
    }

    #[test]
    fn remainder_has_the_sign_of_the_divisor() {
        check(Op::Rem, &[-1.0, 3.0], 2.0);
        check(Op::Rem, &[7.0, 3.0], 1.0);
        check(Op::Rem, &[7.0, -3.0], -2.0);
        check(Op::Rem, &[6.0, 3.0], 0.0);
    }

    #[test]
    fn power_of_negative_base_is_real_or_nan() {
        check(Op::Pow, &[-2.0, 3.0], -8.0);
        check(Op::Pow, &[-2.0, 0.5], f64::NAN);
        check(Op::Pow, &[0.0, 0.0], 1.0);
    }

    #[test]
    fn power_of_e_is_the_exponential() {
        use std::f64::consts::E;
        check(Op::Pow, &[E, 1.0], E);
        check(Op::Exp, &[1.0], E);
        for y in [
            -3.0,
            -1.0,
            0.0,
            0.5,
            2.0,
            3.0,
            700.5,
            f64::INFINITY,
            f64::NAN,
        ] {
            check(Op::Pow, &[E, y], exp(y));
        }
    }

    #[test]
    fn sigmoid_saturates_without_overflow() {
        check(Op::Sigmoid, &[0.0], 0.5);
        check(Op::Sigmoid, &[-1000.0], 0.0);
        check(Op::Sigmoid, &[1000.0], 1.0);
    }

    #[test]
    fn nan_passes_through_min_max_and_clip() {
        check(Op::Min, &[f64::NAN, 1.0], f64::NAN);
        check(Op::Max, &[1.0, f64::NAN], f64::NAN);
        check(Op::Clip, &[f64::NAN, 1.0], f64::NAN);
        check(Op::Clip, &[-3.0, 1.0], -1.0);
    }
}
