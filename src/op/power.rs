//! The power of two numbers with the bits that `libm` gives, several at a time.
//!
//! The function is that of the `FreeBSD` mathematical library (`e_pow.c`) that `libm` has too, without its branches, for the common case: a positive base, a
//! finite exponent and a result that is neither huge nor tiny. All else, and exponents with a rule of their own, goes one by one.

#![allow(
    clippy::inline_always,
    reason = "a loop must be compiled together with its function, for each instruction set"
)]

use super::each::{are_clear, choose, each, mask};
use super::exponential::{WIDTH, exp, exponent_of, power_of_two, rest_of_exp};

/// The power of two results are within.
const WITHIN: f64 = 1000.0;
/// Beyond this the logarithm is a matter of the distance of the base from 1.
const HUGE_EXPONENT: f64 = 2_147_483_648.0;

/// Of the polynomial of the logarithm of a mantissa.
const L: [f64; 6] = [
    f64::from_bits(0x3fe3_3333_3333_3303),
    f64::from_bits(0x3fdb_6db6_db6f_abff),
    f64::from_bits(0x3fd5_5555_518f_264d),
    f64::from_bits(0x3fd1_7460_a91d_4101),
    f64::from_bits(0x3fcd_864a_93c9_db65),
    f64::from_bits(0x3fca_7e28_4a45_4eef),
];
/// log2(1.5), in two parts.
const HALVES_HIGH: f64 = f64::from_bits(0x3fe2_b803_4000_0000);
const HALVES_LOW: f64 = f64::from_bits(0x3e4c_fdeb_43cf_d006);
/// 2 / (3 ln 2), whole and in two parts.
const THIRDS: f64 = f64::from_bits(0x3fee_c709_dc3a_03fd);
const THIRDS_HIGH: f64 = f64::from_bits(0x3fee_c709_e000_0000);
const THIRDS_LOW: f64 = f64::from_bits(0xbe3e_2fe0_145b_01f5);
/// ln 2, whole and in two parts.
const LN2: f64 = f64::from_bits(0x3fe6_2e42_fefa_39ef);
const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e43_0000_0000);
const LN2_LOW: f64 = f64::from_bits(0xbe20_5c61_0ca8_6c39);

/// The real power: of e the exponential; small whole exponents by multiplication, which is exact where the product is.
pub(super) fn power(x: f64, y: f64) -> f64 {
    #[allow(clippy::float_cmp, reason = "exactly these numbers")]
    if x == std::f64::consts::E {
        exp(y)
    } else if y == 2.0 {
        x * x
    } else if y == 1.0 {
        x
    } else if y == 3.0 {
        x * x * x
    } else {
        libm::pow(x, y)
    }
}

/// The power of each; an argument that is one number is for all.
#[inline(always)]
pub(crate) fn power_each(out: &mut [f64], x: &[f64], y: &[f64]) {
    let step = |of: &[f64]| usize::from(of.len() != 1);
    let (x_step, y_step) = (step(x), step(y));
    for (chunk, out) in out.chunks_mut(WIDTH).enumerate() {
        // A chunk that is short is filled up with what is in it.
        let last = out.len() - 1;
        let at = |i: usize| chunk * WIDTH + i.min(last);
        let x: [f64; WIDTH] = each(|i| x[at(i) * x_step]);
        let y: [f64; WIDTH] = each(|i| y[at(i) * y_step]);
        let others: [u64; WIDTH] = each(|i| !is_whole(x[i], y[i]));
        let mut powers: [f64; WIDTH] = each(|i| whole_power(x[i], y[i]));
        if !are_clear(others) {
            let others: [u64; WIDTH] = each(|i| !is_plain(x[i], y[i]));
            for (i, power) in powers.iter_mut().enumerate() {
                *power = plain_power(x[i], y[i]);
            }
            // Runs that are over lie beside those that are not.
            if !are_clear(others) {
                for (i, own) in powers.iter_mut().enumerate() {
                    if others[i] != 0 {
                        *own = power(x[i], y[i]);
                    }
                }
            }
        }
        out.copy_from_slice(&powers[..out.len()]);
    }
}

/// All bits where the exponent is one of those that need no logarithm.
#[inline(always)]
#[allow(clippy::float_cmp, reason = "exactly these numbers")]
fn is_whole(x: f64, y: f64) -> u64 {
    // A product is 0 where a factor is, and not for any other of these.
    let product = y * (y - 1.0) * (y + 1.0) * (y - 2.0) * (y - 3.0);
    mask(product == 0.0) & mask(x != std::f64::consts::E)
}

/// For [`is_whole`] exponents.
#[inline(always)]
#[allow(clippy::float_cmp, reason = "exactly these numbers")]
fn whole_power(x: f64, y: f64) -> f64 {
    let square = x * x;
    let power = choose(mask(y == 2.0), square, square * x);
    let power = choose(mask(y == 1.0), x, power);
    let power = choose(mask(y == -1.0), 1.0 / x, power);
    choose(mask(y == 0.0), 1.0, power)
}

/// All bits where the common case is meant: exponents that have a rule of their own are not.
#[inline(always)]
#[allow(clippy::float_cmp, reason = "exactly these numbers")]
fn is_plain(x: f64, y: f64) -> u64 {
    let is_normal = mask((f64::MIN_POSITIVE..f64::INFINITY).contains(&x));
    let is_inside = mask(y.abs() * (exponent_of(x.to_bits()).abs() + 1.0) < WITHIN);
    let is_small = mask(y.abs() < HUGE_EXPONENT);
    let has_rule = [-1.0, 0.5, 1.0, 2.0, 3.0].map(|rule| mask(y == rule));
    let has_rule = has_rule.into_iter().fold(0, |all, bits| all | bits);
    let is_exp = mask(x == std::f64::consts::E);
    is_normal & is_inside & is_small & !has_rule & !is_exp
}

/// For [`is_plain`] numbers.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "of less than 2^10")]
fn plain_power(x: f64, y: f64) -> f64 {
    const MANTISSA: u64 = u64::MAX >> 12;
    const ONE: u64 = 0x3ff0_0000_0000_0000;

    // x is a power of two times a mantissa from the root of 3/4 to the root of 3, which is near 1 or near 3/2.
    let mantissa = f64::from_bits((x.to_bits() & MANTISSA) | ONE);
    let is_large = mantissa >= f64::from_bits(0x3ffb_b67a_0000_0000);
    let is_halves = mantissa >= f64::from_bits(0x3ff3_988f_0000_0000) && !is_large;
    let exponent = exponent_of(x.to_bits()) + if is_large { 1.0 } else { 0.0 };
    let ax = if is_large { mantissa * 0.5 } else { mantissa };
    let near = if is_halves { 1.5 } else { 1.0 };
    let near_high = if is_halves { HALVES_HIGH } else { 0.0 };
    let near_low = if is_halves { HALVES_LOW } else { 0.0 };

    // s = (ax - near) / (ax + near) in two parts.
    let u = ax - near;
    let v = 1.0 / (ax + near);
    let s = u * v;
    let s_high = high(s);
    let sum_high = f64::from_bits(
        (((ax.to_bits() >> 33) | 0x2000_0000) + 0x0008_0000 + ((near.to_bits() >> 33) & 0x4_0000))
            << 32,
    );
    let sum_low = ax - (sum_high - near);
    let s_low = v * ((u - s_high * sum_high) - s_high * sum_low);

    // The logarithm of ax / near is s times a polynomial of its square.
    let s2 = s * s;
    let r = s2 * s2 * (L[0] + s2 * (L[1] + s2 * (L[2] + s2 * (L[3] + s2 * (L[4] + s2 * L[5])))));
    let r = r + s_low * (s_high + s);
    let s2 = s_high * s_high;
    let t_high = high(3.0 + s2 + r);
    let t_low = r - ((t_high - 3.0) - s2);
    let u = s_high * t_high;
    let v = s_low * t_high + t_low * s;
    let p_high = high(u + v);
    let p_low = v - (p_high - u);

    // log2(x) in two parts, then its product with y.
    let z_high = THIRDS_HIGH * p_high;
    let z_low = THIRDS_LOW * p_high + p_low * THIRDS + near_low;
    let log_high = high(((z_high + z_low) + near_high) + exponent);
    let log_low = z_low - (((log_high - exponent) - near_high) - z_high);
    let y_high = high(y);
    let low = (y - y_high) * log_high + y * log_low;
    let whole = y_high * log_high;

    // By how many powers of two: the nearest, by the first half of the bits.
    let size = high(low + whole).abs();
    let k = f64::from((size + 0.5) as i32).copysign(low + whole);
    let k = if size > 0.5 { k } else { 0.0 };
    let rest = whole - k;

    // Two to what is left.
    let t = high(low + rest);
    let u = t * LN2_HIGH;
    let v = (low - (t - rest)) * LN2 + t * LN2_LOW;
    let z = u + v;
    let w = v - (z - u);
    let t = rest_of_exp(z);
    let r = (z * t) / (t - 2.0) - (w + z * w);
    (1.0 - (r - z)) * power_of_two(k)
}

/// The sign, the exponent and the first 20 bits of the mantissa.
#[inline(always)]
fn high(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & (u64::MAX << 32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::noise::{self, Source};

    /// Bases and exponents of every size and sign, and all pairs of those where a case begins.
    fn pairs() -> (Vec<f64>, Vec<f64>) {
        let mut draws = vec![0.0; 600_000];
        let source = Source {
            seed: 2,
            stream: 0,
            tensor: 0,
            step: 0,
        };
        noise::fill_uniform(source, &mut draws);
        let (mut xs, mut ys) = (Vec::new(), Vec::new());
        for draw in draws.chunks_exact(3) {
            let [a, b, c] = [draw[0] - 0.5, draw[1] - 0.5, draw[2]];
            let any_size = libm::exp2(a * 2100.0) * (1.0 + c);
            let pairs = [
                (any_size, b * 4.0),
                (any_size, b * libm::exp2(c * 30.0)),
                (libm::exp2(a * 20.0), b * 100.0),
                (1.0 + a * libm::exp2(b * 60.0 - 30.0), c * 2000.0 - 1000.0),
                (c * 3.0, a * 6.0),
                (b * 3.0, libm::trunc(a * 20.0)),
            ];
            for (x, y) in pairs {
                xs.push(x);
                ys.push(y);
            }
        }
        let mut places = vec![f64::INFINITY, f64::NAN, 5e-324, 1e300, 0.0];
        for near in [
            0.5,
            1.0,
            1.5,
            2.0,
            3.0,
            std::f64::consts::E,
            1.5_f64.sqrt(),
            3_f64.sqrt(),
            f64::MIN_POSITIVE,
            WITHIN,
            1023.5,
            HUGE_EXPONENT,
        ] {
            for step in 0..9 {
                places.push(f64::from_bits(near.to_bits() + step - 4));
                places.push(f64::from_bits(near.to_bits() + (step << 30) - (4 << 30)));
            }
        }
        let negated: Vec<f64> = places.iter().map(|x| -x).collect();
        places.extend(negated);
        for x in &places {
            for y in &places {
                xs.push(*x);
                ys.push(*y);
            }
        }
        (xs, ys)
    }

    #[track_caller]
    fn check(x: f64, y: f64, got: f64) {
        let want = power(x, y);
        let is_same = got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan());
        assert!(is_same, "{x:e} ^ {y:e} is {got:e}, not {want:e}");
    }

    #[test]
    fn the_bits_are_those_of_libm() {
        let (xs, ys) = pairs();
        let mut out = vec![0.0; xs.len()];
        power_each(&mut out, &xs, &ys);
        for ((x, y), out) in xs.iter().zip(&ys).zip(&out) {
            check(*x, *y, *out);
        }
        let mut plain = 0_usize;
        for (x, y) in xs.iter().zip(&ys) {
            if is_plain(*x, *y) != 0 {
                plain += 1;
                check(*x, *y, plain_power(*x, *y));
            }
        }
        assert!(plain > 400_000, "only {plain} took the fast path");
    }

    #[test]
    fn one_number_is_for_all_and_lengths_need_not_be_whole() {
        let (xs, ys) = pairs();
        for len in 2..10 {
            let mut out = vec![0.0; len];
            let part = 120..120 + len;
            power_each(&mut out, &xs[part.clone()], &ys[7..8]);
            for (x, out) in xs[part.clone()].iter().zip(&out) {
                check(*x, ys[7], *out);
            }
            power_each(&mut out, &xs[2..3], &ys[part.clone()]);
            for (y, out) in ys[part.clone()].iter().zip(&out) {
                check(xs[2], *y, *out);
            }
        }
    }
}
