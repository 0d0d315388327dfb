//! The commonest instructions, resolved when a program is made: places instead of blocks, no question left but which loop it is.
//!
//! Every loop takes four values at a time and writes them when all four are there, so that it is compiled to whole vectors; the bits are
//! those of one value at a time.

#![allow(
    clippy::inline_always,
    reason = "a step has hundreds of short loops: a call would cost as much as each"
)]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a few ops have loops of their own; all others are treated alike"
)]

use crate::op::{Op, clip, exp_each, log_each, sign};

/// A loop over neighbouring values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quick {
    pub(super) code: Code,
    pub(super) x: usize,
    /// Whether the first argument is one number for all.
    pub(super) is_x_one: bool,
    pub(super) y: usize,
    /// Whether the second argument is one number for all.
    pub(super) is_y_one: bool,
    /// Where the four values to pick from stand.
    pub(super) table: usize,
    pub(super) out: usize,
    pub(super) len: usize,
}

/// What a loop computes from its arguments; `Ema` and `Trace` from what was there as well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Code {
    Add,
    Sub,
    Mul,
    Div,
    Square,
    Neg,
    Abs,
    Sqrt,
    Sign,
    Clip,
    Exp,
    Log,
    Ema,
    Trace,
    /// One of four values by a sign.
    Pick,
    /// One of four values by the sign of a product.
    PickByTwo,
}

/// One of four values: for a product that is negative, zero, positive, or NaN.
#[inline(always)]
pub(super) fn pick(table: &[f64]) -> impl Fn(f64, f64) -> f64 + use<> {
    let [below, zero, above, nan] = [table[0], table[1], table[2], table[3]];
    // Bit operations, since choices between numbers from a table are made one by one.
    let mask = |claim: bool| u64::from(claim).wrapping_neg();
    let choose = |mask: u64, a: f64, b: f64| {
        let bits = (a.to_bits() & mask) | (b.to_bits() & !mask);
        f64::from_bits(bits)
    };
    move |x, y| {
        let is_below = x.is_sign_negative() != y.is_sign_negative();
        let value = choose(mask(is_below), below, above);
        let value = choose(mask(x == 0.0) | mask(y == 0.0), zero, value);
        choose(mask(x.is_nan()) | mask(y.is_nan()), nan, value)
    }
}

impl Code {
    /// The loop of an op, where there is one, and which arguments of the op are those of the loop. `number` tells what is known of an argument.
    pub(super) fn of(op: Op, number: impl Fn(usize) -> Option<f64>) -> Option<(Self, [usize; 2])> {
        if op == Op::Pow && number(0) == Some(std::f64::consts::E) {
            return Some((Self::Exp, [1, 1]));
        }
        let code = match op {
            Op::Add => Self::Add,
            Op::Sub => Self::Sub,
            Op::Mul => Self::Mul,
            Op::Div => Self::Div,
            Op::Pow if number(1) == Some(2.0) => Self::Square,
            Op::Neg => Self::Neg,
            Op::Abs => Self::Abs,
            Op::Sqrt => Self::Sqrt,
            Op::Sign => Self::Sign,
            Op::Clip => Self::Clip,
            Op::Exp => Self::Exp,
            Op::Log => Self::Log,
            _ => return None,
        };
        Some((code, if code.is_unary() { [0, 0] } else { [0, 1] }))
    }

    /// Whether there is only one argument.
    pub(super) fn is_unary(self) -> bool {
        match self {
            Self::Square
            | Self::Neg
            | Self::Abs
            | Self::Sqrt
            | Self::Sign
            | Self::Exp
            | Self::Log
            | Self::Pick => true,
            Self::Add
            | Self::Sub
            | Self::Mul
            | Self::Div
            | Self::Clip
            | Self::Ema
            | Self::Trace
            | Self::PickByTwo => false,
        }
    }
}

impl Quick {
    #[inline(always)]
    pub(super) fn run(&self, values: &mut [f64]) {
        // Arguments lie before the value that is computed from them.
        let (before, rest) = values.split_at_mut(self.out);
        let out = &mut rest[..self.len];
        match self.code {
            Code::Add => self.two(before, out, |x, y| x + y),
            Code::Sub => self.two(before, out, |x, y| x - y),
            Code::Mul => self.two(before, out, |x, y| x * y),
            Code::Div => self.two(before, out, |x, y| x / y),
            Code::Square => self.one(before, out, |x| x * x),
            Code::Neg => self.one(before, out, |x| -x),
            Code::Abs => self.one(before, out, f64::abs),
            Code::Sqrt => self.one(before, out, f64::sqrt),
            Code::Sign => self.one(before, out, sign),
            Code::Clip => self.two(before, out, clip),
            Code::Exp => exp_each(out, &before[self.x..self.x + self.len]),
            Code::Log => log_each(out, &before[self.x..self.x + self.len]),
            Code::Pick => {
                let pick = pick(&before[self.table..self.table + 4]);
                self.one(before, out, |x| pick(x, 1.0));
            }
            Code::PickByTwo => {
                let pick = pick(&before[self.table..self.table + 4]);
                self.two(before, out, pick);
            }
            Code::Ema => {
                let beta = before[self.y];
                let rest = 1.0 - beta;
                self.on(before, out, |s, x| beta * s + rest * x);
            }
            Code::Trace => {
                let mu = before[self.y];
                self.on(before, out, |s, x| mu * s + x);
            }
        }
    }

    #[inline(always)]
    fn two(&self, before: &[f64], out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
        if self.is_y_one {
            let y = before[self.y];
            map(out, &before[self.x..self.x + self.len], |_, x| f(x, y));
        } else if self.is_x_one {
            let x = before[self.x];
            map(out, &before[self.y..self.y + self.len], |_, y| f(x, y));
        } else {
            let x = &before[self.x..self.x + self.len];
            let y = &before[self.y..self.y + self.len];
            let (outs, tail) = out.as_chunks_mut::<4>();
            let ((xs, x_tail), (ys, y_tail)) = (x.as_chunks::<4>(), y.as_chunks::<4>());
            for ((out, x), y) in outs.iter_mut().zip(xs).zip(ys) {
                *out = std::array::from_fn(|i| f(x[i], y[i]));
            }
            for ((out, x), y) in tail.iter_mut().zip(x_tail).zip(y_tail) {
                *out = f(*x, *y);
            }
        }
    }

    #[inline(always)]
    fn one(&self, before: &[f64], out: &mut [f64], f: impl Fn(f64) -> f64) {
        map(out, &before[self.x..self.x + self.len], |_, x| f(x));
    }

    #[inline(always)]
    fn on(&self, before: &[f64], out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
        map(out, &before[self.x..self.x + self.len], f);
    }
}

/// A function of what is there and of what comes in.
#[inline(always)]
fn map(out: &mut [f64], x: &[f64], f: impl Fn(f64, f64) -> f64) {
    let ((outs, tail), (xs, x_tail)) = (out.as_chunks_mut::<4>(), x.as_chunks::<4>());
    for (out, x) in outs.iter_mut().zip(xs) {
        *out = std::array::from_fn(|i| f(out[i], x[i]));
    }
    for (out, x) in tail.iter_mut().zip(x_tail) {
        *out = f(*out, *x);
    }
}

/// A copy of few values: a call would take longer.
#[inline(always)]
pub(crate) fn copy_few(out: &mut [f64], x: &[f64]) {
    map(out, x, |_, x| x);
}
