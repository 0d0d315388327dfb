//! Elementary functions on f32, computed in f64 inside.
//!
//! Branch-free, so that a loop over them is vectorised; without fused multiply-add and without tables, so that every
//! instruction set gives the same bits. The f64 result is good to about 1e-14, so that rounding it to f32 gives the nearest f32
//! but where the true value lies within that of the middle between two: at most 0.5000002 units in the last place.
//!
//! Special values are those of the f64 functions: NaN gives NaN; `exp(-inf)` is 0, `exp(inf)` is infinity; `log(0)` is minus
//! infinity, of negative numbers NaN; `tanh` and `sigmoid` reach their limits; `sin` and `cos` of an infinity are NaN. Results
//! below the smallest normal f32 are rounded to subnormals, never flushed.

#![allow(
    clippy::inline_always,
    reason = "these must be compiled into the loop, with the instruction set of the loop"
)]
#![allow(
    clippy::cast_possible_truncation,
    reason = "the result is meant to be rounded to f32"
)]
#![allow(
    clippy::excessive_precision,
    reason = "the digits of the constants' exact values"
)]

const LN2_HI: f64 = 6.931_471_803_691_238_164_90e-1;
const LN2_LO: f64 = 1.908_214_929_270_587_700_02e-10;
/// Adding it rounds to a whole number and leaves that in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `e^x` for `|x|` up to 708; beyond 200 the result is that of 200, which no f32 can hold either.
#[inline(always)]
pub(super) fn exp_wide(x: f64) -> f64 {
    let x = if x > 200.0 { 200.0 } else { x };
    let x = if x < -200.0 { -200.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN2_HI) - k * LN2_LO;
    // Taylor's series: the rest is below 1e-14 for |r| <= ln(2)/2.
    let r2 = r * r;
    let r4 = r2 * r2;
    let low = (1.0 + r) + r2 * (1.0 / 2.0 + r * (1.0 / 6.0));
    let mid = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0));
    let high = (1.0 / 40_320.0 + r * (1.0 / 362_880.0))
        + r2 * (1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0));
    let series = low + r4 * (mid + r4 * high);
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    series * power
}

/// The natural logarithm of a number above zero that is no subnormal f64.
#[inline(always)]
fn log_positive(x: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3fe6_a09e_0000_0000;
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    let bits = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    // The exponent as a number, without an integer conversion, which older instruction sets lack for vectors.
    let e =
        f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF));
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let z2 = z * z;
    let odd =
        1.0 / 3.0 + z2 * (1.0 / 7.0 + z2 * (1.0 / 11.0 + z2 * (1.0 / 15.0 + z2 * (1.0 / 19.0))));
    let even = 1.0 / 5.0 + z2 * (1.0 / 9.0 + z2 * (1.0 / 13.0 + z2 * (1.0 / 17.0)));
    let series = z * (odd + z * even);
    let twice = s + s;
    e * LN2_HI + (twice + (twice * series + e * LN2_LO))
}

#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    exp_wide(f64::from(x)) as f32
}

#[inline(always)]
pub(super) fn log(x: f32) -> f32 {
    let value = log_positive(f64::from(x));
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    // Negative numbers and NaN.
    let value = if x >= 0.0 { value } else { f64::NAN };
    let value = if x == f32::INFINITY {
        f64::INFINITY
    } else {
        value
    };
    value as f32
}

/// `x ^ y` where [`pow_is_plain`]; any number elsewhere.
#[inline(always)]
pub(super) fn pow_plain(x: f64, y: f64) -> f32 {
    exp_wide(y * log_positive(x)) as f32
}

/// Whether both are finite and the base is above zero.
#[inline(always)]
pub(super) fn pow_is_plain(x: f64, y: f64) -> bool {
    x > 0.0 && x < f64::INFINITY && y.abs() < f64::INFINITY
}

#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let x = f64::from(x);
    let limited = if x > 30.0 { 30.0 } else { x };
    let limited = if limited < -30.0 { -30.0 } else { limited };
    let power = exp_wide(limited + limited);
    let far = (power - 1.0) / (power + 1.0);
    let square = x * x;
    // Near zero the difference would cancel.
    let near = x * (1.0 + square * (square * (2.0 / 15.0) - 1.0 / 3.0));
    (if x.abs() < 1e-3 { near } else { far }) as f32
}

#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    let x = f64::from(x);
    let size = -x.abs();
    // NaN is neither: it passes through the power.
    let power = exp_wide(size);
    let top = if x >= 0.0 { 1.0 } else { power };
    (top / (1.0 + power)) as f32
}

/// Below this the reduction of angles is exact enough; beyond, [`libm`] computes.
pub(super) const ANGLE: f32 = 524_288.0;

/// The rest after whole quarter turns, and their number in the lowest bits.
#[inline(always)]
fn quarter(x: f64) -> (f64, u64) {
    const HI: f64 = 1.570_796_326_734_125_614_17;
    const LO: f64 = 6.077_100_506_506_192_249_32e-11;
    let shifted = x * std::f64::consts::FRAC_2_PI + ROUND;
    let k = shifted - ROUND;
    ((x - k * HI) - k * LO, shifted.to_bits())
}

#[inline(always)]
fn sin_near(r: f64) -> f64 {
    let z = r * r;
    let z2 = z * z;
    let low = -1.0 / 6.0 + z * (1.0 / 120.0);
    let mid = -1.0 / 5040.0 + z * (1.0 / 362_880.0);
    let high = -1.0 / 39_916_800.0 + z * (1.0 / 6_227_020_800.0 + z * (-1.0 / 1_307_674_368_000.0));
    // A product, so that the sine of -0 is -0.
    r * (1.0 + z * (low + z2 * (mid + z2 * high)))
}

#[inline(always)]
fn cos_near(r: f64) -> f64 {
    let z = r * r;
    let z2 = z * z;
    let low = -1.0 / 2.0 + z * (1.0 / 24.0);
    let mid = -1.0 / 720.0 + z * (1.0 / 40_320.0);
    let high = -1.0 / 3_628_800.0 + z * (1.0 / 479_001_600.0 + z * (-1.0 / 87_178_291_200.0));
    1.0 + z * (low + z2 * (mid + z2 * high))
}

/// The sine of an angle moved on by some quarter turns, for angles below [`ANGLE`].
#[inline(always)]
fn turned(x: f32, quarters: u64) -> f32 {
    let (r, k) = quarter(f64::from(x));
    let k = k.wrapping_add(quarters);
    let (sin, cos) = (sin_near(r), cos_near(r));
    let value = if k & 1 == 0 { sin } else { cos };
    f64::from_bits(value.to_bits() ^ ((k & 2) << 62)) as f32
}

#[inline(always)]
pub(super) fn sin_small(x: f32) -> f32 {
    turned(x, 0)
}

#[inline(always)]
pub(super) fn cos_small(x: f32) -> f32 {
    turned(x, 1)
}

/// A small whole power: the number of factors, negative for those of the divisor.
#[inline(always)]
pub(super) fn pow_whole(x: f32, n: i32) -> f32 {
    let (mut power, mut base, mut left) = (1.0, f64::from(x), n.unsigned_abs());
    while left > 0 {
        if left & 1 == 1 {
            power *= base;
        }
        base *= base;
        left >>= 1;
    }
    (if n < 0 { 1.0 / power } else { power }) as f32
}

/// `x ^ 0.5`, which differs from the root at -0 and at minus infinity.
#[inline(always)]
pub(super) fn pow_half(x: f32) -> f32 {
    let x = if x == f32::NEG_INFINITY {
        f32::INFINITY
    } else {
        x + 0.0
    };
    x.sqrt()
}

/// -1, 0 or 1; NaN stays NaN.
#[inline(always)]
pub(super) fn sign(x: f32) -> f32 {
    let value = if x > 0.0 { 1.0 } else { x + 0.0 };
    if x < 0.0 { -1.0 } else { value }
}
