//! The exponential and the logarithm with the bits that `libm` gives, several at a time.
//!
//! The functions are those of the `FreeBSD` mathematical library (`e_exp.c`, `e_log.c`) that `libm` has too, without its branches: away from the ends of the range of
//! numbers every case is computed and one is chosen, so that a loop over numbers is compiled to whole vectors, and the power of two is put in as bits. `libm`
//! itself sees to the rest.

#![allow(
    clippy::inline_always,
    reason = "a loop must be compiled together with its function, for each instruction set"
)]

use super::each::{are_clear, each, mask};

/// Up to here results are far from the ends of the range.
const WITHIN: f64 = 700.0;
/// How many numbers are taken at a time.
pub(super) const WIDTH: usize = 4;

const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
const PER_LN2: f64 = f64::from_bits(0x3ff7_1547_652b_82fe);
/// Of the polynomial of the exponential.
const P: [f64; 5] = [
    f64::from_bits(0x3fc5_5555_5555_553e),
    f64::from_bits(0xbf66_c16c_16be_bd93),
    f64::from_bits(0x3f11_566a_af25_de2c),
    f64::from_bits(0xbebb_bd41_c5d2_6bf1),
    f64::from_bits(0x3e66_3769_72be_a4d0),
];
/// Of the polynomial of the logarithm.
const L: [f64; 7] = [
    f64::from_bits(0x3fe5_5555_5555_5593),
    f64::from_bits(0x3fd9_9999_9997_fa04),
    f64::from_bits(0x3fd2_4924_9422_9359),
    f64::from_bits(0x3fcc_71c5_1d8e_78af),
    f64::from_bits(0x3fc7_4664_96cb_03de),
    f64::from_bits(0x3fc3_9a09_d078_c69f),
    f64::from_bits(0x3fc2_f112_df3e_5244),
];

/// `e^x`, with the bits of [`libm::exp`] but for that of 1, where `libm` is one unit beside the nearest number.
pub fn exp(x: f64) -> f64 {
    if is_exp_plain(x) {
        plain_exp(x)
    } else {
        libm::exp(x)
    }
}

/// `e^x` of each.
#[inline(always)]
pub(crate) fn exp_each(out: &mut [f64], x: &[f64]) {
    of_each(out, x, is_exp_plain, plain_exp, libm::exp);
}

/// The natural logarithm of each, with the bits of [`libm::log`].
#[inline(always)]
pub(crate) fn log_each(out: &mut [f64], x: &[f64]) {
    of_each(out, x, is_log_plain, plain_log, libm::log);
}

#[inline(always)]
fn of_each(
    out: &mut [f64],
    x: &[f64],
    is_plain: impl Fn(f64) -> bool,
    plain: impl Fn(f64) -> f64,
    other: impl Fn(f64) -> f64,
) {
    let one = |x: f64| if is_plain(x) { plain(x) } else { other(x) };
    let ((outs, tail), (xs, x_tail)) = (out.as_chunks_mut::<WIDTH>(), x.as_chunks::<WIDTH>());
    for (out, x) in outs.iter_mut().zip(xs) {
        let others: [u64; WIDTH] = each(|i| mask(!is_plain(x[i])));
        *out = each(|i| plain(x[i]));
        // Runs that are over lie beside those that are not.
        if !are_clear(others) {
            for (out, x) in out.iter_mut().zip(x) {
                *out = one(*x);
            }
        }
    }
    for (out, x) in tail.iter_mut().zip(x_tail) {
        *out = one(*x);
    }
}

#[inline(always)]
fn is_exp_plain(x: f64) -> bool {
    x.abs() < WITHIN
}

/// For [`is_exp_plain`] numbers.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "of less than 2^11")]
fn plain_exp(x: f64) -> f64 {
    // By how many powers of two: none up to half of ln 2, one up to three halves, the nearest from there.
    let size = x.abs();
    let nearest = f64::from((PER_LN2 * x + 0.5_f64.copysign(x)) as i32);
    let k = if size < f64::from_bits(0x3ff0_a2b2_0000_0000) {
        1.0_f64.copysign(x)
    } else {
        nearest
    };
    let k = if size < f64::from_bits(0x3fd6_2e43_0000_0000) {
        0.0
    } else {
        k
    };
    let (high, low) = (x - k * LN2_HIGH, k * LN2_LOW);
    let r = high - low;
    let c = rest_of_exp(r);
    let y = 1.0 + (r * c / (2.0 - c) - low + high);
    let y = if size < f64::from_bits(0x3e30_0001_0000_0000) {
        1.0 + x
    } else {
        y
    };
    #[allow(clippy::float_cmp, reason = "exactly there")]
    if x == 1.0 {
        std::f64::consts::E
    } else {
        y * power_of_two(k)
    }
}

/// What a small number, its square and its exponential have to do with each other: c with `e^r = 1 + r + r c / (2 - c)`.
#[inline(always)]
pub(super) fn rest_of_exp(r: f64) -> f64 {
    let rr = r * r;
    r - rr * (P[0] + rr * (P[1] + rr * (P[2] + rr * (P[3] + rr * P[4]))))
}

/// 2^k for whole numbers from -1022 to 1023: their sum with the bias of exponents stands in the last bits of a number of the size of 2^52.
#[inline(always)]
pub(super) fn power_of_two(k: f64) -> f64 {
    const UNITS: f64 = 6_755_399_441_055_744.0;
    f64::from_bits((k + (UNITS + 1023.0)).to_bits() << 52)
}

/// The exponent of a positive number by its bits. It stands in the last bits of a number of the size of 2^52: what is left without that is a whole number.
#[inline(always)]
pub(super) fn exponent_of(bits: u64) -> f64 {
    const TWO_52: u64 = 0x4330_0000_0000_0000;
    f64::from_bits((bits >> 52) | TWO_52) - f64::from_bits(TWO_52) - 1023.0
}

#[inline(always)]
fn is_log_plain(x: f64) -> bool {
    (f64::MIN_POSITIVE..f64::INFINITY).contains(&x)
}

/// For [`is_log_plain`] numbers.
#[inline(always)]
fn plain_log(x: f64) -> f64 {
    // x is a power of two times a number between half the root of 2 and the root.
    const HALF_ROOT: u64 = 0x3fe6_a09e_0000_0000;
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    // What is no such number overflows, and is not looked at.
    let bits = x.to_bits().wrapping_add(ONE - HALF_ROOT);
    let k = exponent_of(bits);
    let f = f64::from_bits((bits & (u64::MAX >> 12)) + HALF_ROOT) - 1.0;
    let half = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (L[1] + w * (L[3] + w * L[5]));
    let odd = z * (L[0] + w * (L[2] + w * (L[4] + w * L[6])));
    let r = odd + even;
    s * (half + r) + k * LN2_LOW - half + f + k * LN2_HIGH
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "exact values are meant")]

    use super::*;
    use crate::engine::noise::{self, Source};

    /// Numbers of every size and sign, many near the ends and the places where a case begins.
    fn numbers() -> Vec<f64> {
        let mut numbers = vec![0.0, f64::INFINITY, f64::NAN, 1.0, f64::MIN_POSITIVE, 5e-324];
        for place in [
            0.346_573_59,
            1.039_720_77,
            3.725e-9,
            WITHIN,
            708.396_418_532_264_1,
            709.782_712_893_384,
            745.133_219_101_941_1,
            std::f64::consts::SQRT_2,
            std::f64::consts::FRAC_1_SQRT_2,
        ] {
            for step in 0..2000_u64 {
                let near: f64 = place;
                numbers.push(f64::from_bits(near.to_bits() - 1000 + step));
                numbers.push(f64::from_bits(near.to_bits() + (step << 28) - (1000 << 28)));
            }
        }
        let mut draws = vec![0.0; 400_000];
        noise::fill_uniform(
            Source {
                seed: 1,
                stream: 0,
                tensor: 0,
                step: 0,
            },
            &mut draws,
        );
        for pair in draws.chunks_exact(2) {
            numbers.push((pair[0] - 0.5) * 1500.0);
            numbers.push(libm::exp2((pair[0] - 0.5) * 2100.0) * (1.0 + pair[1]));
            numbers.push((pair[1] - 0.5) * 3.0);
        }
        let negated: Vec<f64> = numbers.iter().map(|x| -x).collect();
        numbers.extend(negated);
        numbers
    }

    #[track_caller]
    fn check(name: &str, x: f64, got: f64, want: f64) {
        let is_same = got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan());
        assert!(is_same, "{name} of {x:e} is {got:e}, not {want:e}");
    }

    #[test]
    fn the_bits_are_those_of_libm() {
        let numbers = numbers();
        let mut out = vec![0.0; numbers.len()];
        exp_each(&mut out, &numbers);
        for (x, out) in numbers.iter().zip(&out) {
            let want = if *x == 1.0 {
                std::f64::consts::E
            } else {
                libm::exp(*x)
            };
            check("exp", *x, *out, want);
            check("exp", *x, exp(*x), want);
        }
        log_each(&mut out, &numbers);
        for (x, out) in numbers.iter().zip(&out) {
            check("log", *x, *out, libm::log(*x));
        }
    }
}
