//! The loops: one instruction on one block.
//!
//! Every loop is written over slices of one length and left to the compiler to vectorise. All of this is inlined into
//! [`crate::engine::dispatch`], which compiles it once for each instruction set; nothing here may depend on which one that is, so there is
//! no fused multiply-add and no reassociation, and sums over a block have a fixed number of partial sums.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "loops exist for ops on elements; that it is none of them is one case"
)]
#![allow(
    clippy::inline_always,
    reason = "these must be compiled into the caller, with its instruction set"
)]
#![allow(
    clippy::cast_possible_truncation,
    reason = "scalars and results of f64 work are meant to be rounded to f32"
)]

use super::lines::Lines;
use super::maths;
use super::program::{Kernel, SCALARS, Scalar, Summand};
use crate::engine::noise::{self, Source};
use crate::op::Op;
use std::hint::black_box;
use std::mem::take;

/// The number of elements that are worked on at a time.
pub(crate) const BLOCK: usize = 512;

/// The line that stands for the gradient.
pub(super) const GRAD: u16 = u16::MAX;

/// A kernel with its operands as numbers of [`Lines`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolved {
    pub(super) kernel: Kernel,
    pub(super) out: u16,
    pub(super) args: [u16; 3],
    pub(super) scalars: [Scalar; SCALARS],
}

/// Everything that instructions see of one block.
pub(super) struct Block<'a, 'b> {
    pub(super) g: &'b [f32],
    /// Parameter, state, temporaries, then registers.
    pub(super) lines: &'b mut Lines<'a>,
    /// Where the block starts in the lines before the registers; a register holds one block.
    pub(super) at: usize,
    pub(super) first_register: usize,
    pub(super) len: usize,
    pub(super) scalars: &'b [f64],
    /// This block's share of the sums.
    pub(super) sums: &'b mut [f64],
    pub(super) source: Source,
    /// The number of the block's first element, a multiple of four.
    pub(super) start: u64,
}

impl<'a> Block<'a, '_> {
    #[inline(always)]
    fn read(&self, line: u16) -> &[f32] {
        if line == GRAD {
            self.g
        } else {
            let line = usize::from(line);
            &self.lines[line][self.from(line)..][..self.len]
        }
    }

    /// Where the block starts in a line.
    #[inline(always)]
    fn from(&self, line: usize) -> usize {
        if line < self.first_register {
            self.at
        } else {
            0
        }
    }

    /// A line taken out, so that others can be read while it is written, and where the block starts in it.
    #[inline(always)]
    fn take(&mut self, line: u16) -> (&'a mut [f32], usize) {
        let line = usize::from(line);
        (take(&mut self.lines[line]), self.from(line))
    }

    #[inline(always)]
    #[allow(clippy::too_many_lines, reason = "one arm for each kernel")]
    pub(super) fn execute(&mut self, instruction: &Resolved) {
        let [x, y, z] = instruction.args;
        if let Kernel::Sum(summand, index) = instruction.kernel {
            self.sums[usize::from(index)] = sum(self.read(x), summand);
            return;
        }
        let (line, from) = self.take(instruction.out);
        let out = &mut line[from..][..self.len];
        let wide = |index: usize| self.scalars[usize::from(instruction.scalars[index])];
        // Hidden from the optimiser, which else would choose between wide numbers in a loop and round what it chose, element by element.
        let number = |index: usize| black_box(wide(index) as f32);
        match instruction.kernel {
            Kernel::Unary(op) => unary(op, out, self.read(x)),
            Kernel::Binary(op) => binary(op, out, self.read(x), self.read(y)),
            Kernel::AddScalar => {
                let a = number(0);
                map(out, self.read(x), |x| x + a);
            }
            Kernel::MulScalar => {
                let a = number(0);
                map(out, self.read(x), |x| x * a);
            }
            Kernel::DivScalar => {
                let (a, inverse) = (number(0), (1.0 / wide(0)) as f32);
                if inverse.is_normal() && a.is_normal() {
                    map(out, self.read(x), |x| x * inverse);
                } else {
                    map(out, self.read(x), |x| x / a);
                }
            }
            Kernel::ScalarSub => {
                let a = number(0);
                map(out, self.read(x), |x| a - x);
            }
            Kernel::ScalarDiv => {
                let a = number(0);
                map(out, self.read(x), |x| a / x);
            }
            Kernel::PowScalar => pow_scalar(out, self.read(x), wide(0)),
            Kernel::ScalarPow => scalar_pow(out, wide(0), self.read(x)),
            Kernel::Square => map(out, self.read(x), |x| x * x),
            Kernel::PowWhole(n) => map(out, self.read(x), |x| maths::pow_whole(x, n)),
            Kernel::PowHalf => map(out, self.read(x), maths::pow_half),
            Kernel::Where => {
                let (condition, x, y) = (self.read(x), self.read(y), self.read(z));
                let pairs = x.iter().zip(y);
                for ((out, c), (x, y)) in out.iter_mut().zip(condition).zip(pairs) {
                    *out = if *c == 0.0 { *y } else { *x };
                }
            }
            Kernel::Fill => out.fill(number(0)),
            Kernel::Copy => out.copy_from_slice(self.read(x)),
            Kernel::Noise => {
                let source = Source {
                    stream: noise::STREAM_NOISE,
                    ..self.source
                };
                noise::for_each_normal(source, self.start, out, |draw| (draw * 0.1) as f32);
            }
            Kernel::Drop(stream) => {
                let source = Source {
                    stream,
                    ..self.source
                };
                let p = wide(0);
                noise::for_each_uniform(
                    source,
                    self.start,
                    out,
                    |draw| {
                        if draw < p { 0.0 } else { 1.0 }
                    },
                );
                // A factor would turn an infinity into NaN.
                for (out, x) in out.iter_mut().zip(self.read(x)) {
                    *out = if *out == 0.0 { 0.0 } else { *x };
                }
            }
            Kernel::Combine => {
                let (a, b) = (number(0), number(1));
                map2(out, self.read(x), self.read(y), |x, y| a * x + b * y);
            }
            Kernel::Ema => {
                let (a, b) = (number(0), number(1));
                advance(out, self.read(x), |s, x| a * s + b * x);
            }
            Kernel::EmaSquare => {
                let (a, b) = (number(0), number(1));
                advance(out, self.read(x), |s, x| a * s + b * (x * x));
            }
            Kernel::Trace => {
                let a = number(0);
                advance(out, self.read(x), |s, x| a * s + x);
            }
            Kernel::Total => advance(out, self.read(x), |s, x| s + x),
            Kernel::TotalSquare => advance(out, self.read(x), |s, x| s + x * x),
            Kernel::Peak => advance(out, self.read(x), greater),
            Kernel::Pick => {
                let table = [number(0), number(1), number(2), number(3)];
                map(out, self.read(x), |x| pick(x, table));
            }
            Kernel::PickAgreement => {
                let table = [number(0), number(1), number(2), number(3)];
                map2(out, self.read(x), self.read(y), |x, y| {
                    pick_agreement(x, y, table)
                });
            }
            Kernel::Normalise => {
                let (a, b, c) = (number(0), number(1), number(2));
                map2(out, self.read(x), self.read(y), |x, y| {
                    (a * x) / ((b * y).sqrt() + c)
                });
            }
            Kernel::Step if x == instruction.out => {
                // The update is the parameter itself, which has been taken out.
                let a = number(0);
                for w in &mut *out {
                    *w -= a * *w;
                }
            }
            Kernel::Step => {
                let a = number(0);
                advance(out, self.read(x), |w, x| w - a * x);
            }
            Kernel::StepScalar => {
                let update = number(0) * number(1);
                for w in &mut *out {
                    *w -= update;
                }
            }
            Kernel::TraceStep => {
                let (a, b) = (number(0), number(1));
                self.with_state(out, x, y, |w, x, s| {
                    let s = a * s + x;
                    (w - b * s, s)
                });
            }
            Kernel::EmaStep => {
                let (a, b, c) = (number(0), number(1), number(2));
                self.with_state(out, x, y, |w, x, s| {
                    let s = a * s + b * x;
                    (w - c * s, s)
                });
            }
            Kernel::RmsStep => {
                let (a, b, c) = (number(0), number(1), number(2));
                let (d, e, f) = (number(3), number(4), number(5));
                self.with_state(out, x, z, |w, x, s| {
                    let s = a * s + b * (x * x);
                    (w - d * ((c * x) / ((e * s).sqrt() + f)), s)
                });
            }
            Kernel::SignStep => {
                let (a, b) = (number(0), number(1));
                let table = [number(2), number(3), number(4), number(5)];
                let rate = number(6);
                self.with_state(out, x, y, |w, x, s| {
                    let s = a * s + b * x;
                    (w - rate * (pick_agreement(x, s, table) * x), s)
                });
            }
            Kernel::LionStep => {
                let (a, b, c, d, e) = (number(0), number(1), number(2), number(3), number(4));
                self.with_state(out, x, y, |w, x, s| {
                    (w - e * maths::sign(c * s + d * x), a * s + b * x)
                });
            }
            Kernel::AdamStep => {
                let (a, b, c, d) = (number(0), number(1), number(2), number(3));
                let (e, f, g, h) = (number(4), number(5), number(6), number(7));
                self.with_states(out, instruction.args, |w, x, m, v| {
                    let m = a * m + b * x;
                    let v = c * v + d * (x * x);
                    (w - h * ((e * m) / ((f * v).sqrt() + g)), m, v)
                });
            }
            Kernel::AdamDecayStep => {
                let (a, b, c, d) = (number(0), number(1), number(2), number(3));
                let (e, f, g, h) = (number(4), number(5), number(6), number(7));
                let (i, j) = (number(8), number(9));
                self.with_states(out, instruction.args, |w, x, m, v| {
                    let m = a * m + b * x;
                    let v = c * v + d * (x * x);
                    let u = (e * m) / ((f * v).sqrt() + g);
                    (w - h * (i * u + j * w), m, v)
                });
            }
            Kernel::Sum(..) => unreachable!("a sum writes no line"),
        }
        self.lines[usize::from(instruction.out)] = line;
    }

    /// The parameter and one piece of state moved on together.
    #[inline(always)]
    fn with_state(
        &mut self,
        w: &mut [f32],
        x: u16,
        state: u16,
        next: impl Fn(f32, f32, f32) -> (f32, f32),
    ) {
        let (line, from) = self.take(state);
        let states = &mut line[from..][..self.len];
        for ((w, x), s) in w.iter_mut().zip(self.read(x)).zip(states) {
            (*w, *s) = next(*w, *x, *s);
        }
        self.lines[usize::from(state)] = line;
    }

    /// The parameter and two pieces of state moved on together.
    #[inline(always)]
    fn with_states(
        &mut self,
        w: &mut [f32],
        [x, first, second]: [u16; 3],
        next: impl Fn(f32, f32, f32, f32) -> (f32, f32, f32),
    ) {
        let ((m_line, m_from), (v_line, v_from)) = (self.take(first), self.take(second));
        let m = &mut m_line[m_from..][..self.len];
        let states = m.iter_mut().zip(&mut v_line[v_from..][..self.len]);
        for ((w, x), (m, v)) in w.iter_mut().zip(self.read(x)).zip(states) {
            (*w, *m, *v) = next(*w, *x, *m, *v);
        }
        self.lines[usize::from(first)] = m_line;
        self.lines[usize::from(second)] = v_line;
    }
}

#[inline(always)]
fn map(out: &mut [f32], x: &[f32], f: impl Fn(f32) -> f32) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = f(*x);
    }
}

#[inline(always)]
fn map2(out: &mut [f32], x: &[f32], y: &[f32], f: impl Fn(f32, f32) -> f32) {
    for (out, (x, y)) in out.iter_mut().zip(x.iter().zip(y)) {
        *out = f(*x, *y);
    }
}

#[inline(always)]
fn advance(out: &mut [f32], x: &[f32], f: impl Fn(f32, f32) -> f32) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = f(*out, *x);
    }
}

#[inline(always)]
fn truth(claim: bool) -> f32 {
    if claim { 1.0 } else { 0.0 }
}

/// The smaller; NaN where either is.
#[inline(always)]
fn smaller(x: f32, y: f32) -> f32 {
    let value = if y < x { y } else { x };
    if y.is_nan() { y } else { value }
}

/// The greater; NaN where either is.
#[inline(always)]
fn greater(x: f32, y: f32) -> f32 {
    let value = if y > x { y } else { x };
    if y.is_nan() { y } else { value }
}

/// All bits where a claim holds, none where it does not.
#[inline(always)]
fn mask(claim: bool) -> u32 {
    u32::from(claim).wrapping_neg()
}

/// `a` where the mask is set, else `b`: bit operations, since choices between two numbers that are not in the loop are not always
/// vectorised.
#[inline(always)]
fn choose(mask: u32, a: f32, b: f32) -> f32 {
    f32::from_bits((a.to_bits() & mask) | (b.to_bits() & !mask))
}

/// One of four numbers by the sign of another: below zero, zero, above, NaN.
#[inline(always)]
fn pick(x: f32, [below, zero, above, nan]: [f32; 4]) -> f32 {
    let value = choose(mask(x < 0.0), below, above);
    let value = choose(mask(x == 0.0), zero, value);
    choose(mask(x.is_nan()), nan, value)
}

/// One of four numbers by the product of two signs.
#[inline(always)]
fn pick_agreement(x: f32, y: f32, [against, zero, with, nan]: [f32; 4]) -> f32 {
    let differ = ((x.to_bits() ^ y.to_bits()) >> 31).wrapping_neg();
    let value = choose(differ, against, with);
    let value = choose(mask(x == 0.0) | mask(y == 0.0), zero, value);
    choose(mask(x.is_nan()) | mask(y.is_nan()), nan, value)
}

#[inline(always)]
fn unary(op: Op, out: &mut [f32], x: &[f32]) {
    match op {
        Op::Neg => map(out, x, |x| -x),
        Op::Abs => map(out, x, f32::abs),
        Op::Sign => map(out, x, maths::sign),
        Op::Exp => map(out, x, maths::exp),
        Op::Log => map(out, x, maths::log),
        Op::Sqrt => map(out, x, f32::sqrt),
        Op::Tanh => map(out, x, maths::tanh),
        Op::Sigmoid => map(out, x, maths::sigmoid),
        Op::Not => map(out, x, |x| truth(x == 0.0)),
        Op::Sin => {
            map(out, x, maths::sin_small);
            mend(out, x, |x| x.abs() >= maths::ANGLE, libm::sin);
        }
        Op::Cos => {
            map(out, x, maths::cos_small);
            mend(out, x, |x| x.abs() >= maths::ANGLE, libm::cos);
        }
        _ => unreachable!("{op:?} is no op on one element"),
    }
}

/// Computes anew, one by one, what the loop before could not.
#[inline(always)]
fn mend(out: &mut [f32], x: &[f32], is_hard: impl Fn(f32) -> bool, f: impl Fn(f64) -> f64) {
    let is_any = x.iter().fold(false, |any, x| any | is_hard(*x));
    if is_any {
        for (out, x) in out.iter_mut().zip(x) {
            if is_hard(*x) {
                *out = f(f64::from(*x)) as f32;
            }
        }
    }
}

#[inline(always)]
fn binary(op: Op, out: &mut [f32], x: &[f32], y: &[f32]) {
    match op {
        Op::Add => map2(out, x, y, |x, y| x + y),
        Op::Sub => map2(out, x, y, |x, y| x - y),
        Op::Mul => map2(out, x, y, |x, y| x * y),
        Op::Div => map2(out, x, y, |x, y| x / y),
        Op::Min => map2(out, x, y, smaller),
        Op::Max => map2(out, x, y, greater),
        Op::Clip => map2(out, x, y, |x, l| {
            let value = if x < -l { -l } else { x };
            if x > l { l } else { value }
        }),
        Op::Lt => map2(out, x, y, |x, y| truth(x < y)),
        Op::Le => map2(out, x, y, |x, y| truth(x <= y)),
        Op::Gt => map2(out, x, y, |x, y| truth(x > y)),
        Op::Ge => map2(out, x, y, |x, y| truth(x >= y)),
        #[allow(clippy::float_cmp, reason = "`==` in the language is exact")]
        Op::Eq => map2(out, x, y, |x, y| truth(x == y)),
        #[allow(clippy::float_cmp, reason = "`!=` in the language is exact")]
        Op::Ne => map2(out, x, y, |x, y| truth(x != y)),
        Op::And => map2(out, x, y, |x, y| truth(x != 0.0 && y != 0.0)),
        Op::Or => map2(out, x, y, |x, y| truth(x != 0.0 || y != 0.0)),
        Op::Rem => map2(out, x, y, |x, y| plain(Op::Rem, f64::from(x), f64::from(y))),
        Op::Pow => {
            map2(out, x, y, |x, y| maths::pow_plain(x.into(), y.into()));
            mend_pow(out, x, |index| y[index].into());
        }
        _ => unreachable!("{op:?} is no op on two elements"),
    }
}

#[inline(always)]
fn mend_pow(out: &mut [f32], x: &[f32], y: impl Fn(usize) -> f64) {
    let is_hard = |(index, x): (usize, &f32)| !maths::pow_is_plain(f64::from(*x), y(index));
    let is_any = x
        .iter()
        .enumerate()
        .fold(false, |any, pair| any | is_hard(pair));
    if is_any {
        for (index, (out, x)) in out.iter_mut().zip(x).enumerate() {
            if is_hard((index, x)) {
                *out = plain(Op::Pow, f64::from(*x), y(index));
            }
        }
    }
}

#[inline(always)]
fn pow_scalar(out: &mut [f32], x: &[f32], y: f64) {
    map(out, x, |x| maths::pow_plain(x.into(), y));
    mend_pow(out, x, |_| y);
}

#[inline(always)]
fn scalar_pow(out: &mut [f32], base: f64, y: &[f32]) {
    // One logarithm for all; of a base of 1 nothing depends on the exponent, not even NaN.
    if base > 0.0 && base < f64::INFINITY && (base - 1.0).abs() > 0.0 {
        let log = libm::log(base);
        map(out, y, |y| maths::exp_wide(f64::from(y) * log) as f32);
    } else {
        map(out, y, |y| plain(Op::Pow, base, f64::from(y)));
    }
}

/// An op as the plain evaluator has it, rounded.
fn plain(op: Op, x: f64, y: f64) -> f32 {
    op.apply(&[x, y]).expect("a pure op") as f32
}

/// A sum in f64: sixteen partial sums, element by element in turn, added up in order.
#[inline(always)]
fn sum(values: &[f32], summand: Summand) -> f64 {
    const LANES: usize = 16;
    let mut partial = [0.0_f64; LANES];
    let mut chunks = values.chunks_exact(LANES);
    let term = |x: f32| {
        let x = f64::from(x);
        match summand {
            Summand::Value => x,
            Summand::Square => x * x,
        }
    };
    for chunk in &mut chunks {
        for (sum, x) in partial.iter_mut().zip(chunk) {
            *sum += term(*x);
        }
    }
    for (sum, x) in partial.iter_mut().zip(chunks.remainder()) {
        *sum += term(*x);
    }
    partial.iter().sum()
}
