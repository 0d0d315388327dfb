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

use crate::op::{Op, choose, clip, each, exp_each, log_each, mask, power_each, sign};

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
    Pow,
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
            Op::Pow => Self::Pow,
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
            | Self::Pow
            | Self::Clip
            | Self::Ema
            | Self::Trace
            | Self::PickByTwo => false,
        }
    }
}

impl Quick {
    /// Few values lie in registers; of many it is the loop that counts.
    #[inline(always)]
    pub(super) fn run(&self, values: &mut [f64]) {
        match self.len {
            4 => self.run_on::<1>(values),
            8 => self.run_on::<2>(values),
            24 => self.run_on::<6>(values),
            _ => self.run_on::<ANY>(values),
        }
    }

    /// On so many times four values.
    #[inline(always)]
    fn run_on<const N: usize>(&self, values: &mut [f64]) {
        match self.code {
            Code::Add => self.two::<N>(values, |x, y| x + y),
            Code::Sub => self.two::<N>(values, |x, y| x - y),
            Code::Mul => self.two::<N>(values, |x, y| x * y),
            Code::Div => self.two::<N>(values, |x, y| x / y),
            Code::Pow => {
                let (before, out) = self.split(values);
                power_each(out, self.x_of(before), self.y_of(before));
            }
            Code::Square => self.one::<N>(values, |x| x * x),
            Code::Neg => self.one::<N>(values, |x| -x),
            Code::Abs => self.one::<N>(values, f64::abs),
            Code::Sqrt => self.one::<N>(values, f64::sqrt),
            Code::Sign => self.one::<N>(values, sign),
            Code::Clip => self.two::<N>(values, clip),
            Code::Exp => {
                let (before, out) = self.split(values);
                exp_each(out, self.x_of(before));
            }
            Code::Log => {
                let (before, out) = self.split(values);
                log_each(out, self.x_of(before));
            }
            Code::Pick => {
                let pick = pick(&values[self.table..self.table + 4]);
                self.one::<N>(values, |x| pick(x, 1.0));
            }
            Code::PickByTwo => {
                let pick = pick(&values[self.table..self.table + 4]);
                self.two::<N>(values, pick);
            }
            Code::Ema => {
                let beta = values[self.y];
                let rest = 1.0 - beta;
                self.on::<N>(values, |s, x| beta * s + rest * x);
            }
            Code::Trace => {
                let mu = values[self.y];
                self.on::<N>(values, |s, x| mu * s + x);
            }
        }
    }

    /// What lies before the result, where all arguments do, and the result.
    #[inline(always)]
    fn split<'a>(&self, values: &'a mut [f64]) -> (&'a [f64], &'a mut [f64]) {
        let (before, rest) = values.split_at_mut(self.out);
        (before, &mut rest[..self.len])
    }

    /// The first argument, of one number where that is for all.
    #[inline(always)]
    fn x_of<'a>(&self, before: &'a [f64]) -> &'a [f64] {
        let len = if self.is_x_one { 1 } else { self.len };
        &before[self.x..self.x + len]
    }

    /// The second argument, of one number where that is for all.
    #[inline(always)]
    fn y_of<'a>(&self, before: &'a [f64]) -> &'a [f64] {
        let len = if self.is_y_one { 1 } else { self.len };
        &before[self.y..self.y + len]
    }

    #[inline(always)]
    fn two<const N: usize>(&self, values: &mut [f64], f: impl Fn(f64, f64) -> f64) {
        if N != ANY {
            let x = load::<N>(values, self.x, self.is_x_one);
            let y = load::<N>(values, self.y, self.is_y_one);
            store::<N>(values, self.out, |c, i| f(x[c][i], y[c][i]));
            return;
        }
        let (before, out) = self.split(values);
        let (x, y) = (self.x_of(before), self.y_of(before));
        if let [y] = *y {
            map(out, x, |_, x| f(x, y));
        } else if let [x] = *x {
            map(out, y, |_, y| f(x, y));
        } else {
            let (outs, tail) = out.as_chunks_mut::<4>();
            let ((xs, x_tail), (ys, y_tail)) = (x.as_chunks::<4>(), y.as_chunks::<4>());
            for ((out, x), y) in outs.iter_mut().zip(xs).zip(ys) {
                *out = each(|i| f(x[i], y[i]));
            }
            for ((out, x), y) in tail.iter_mut().zip(x_tail).zip(y_tail) {
                *out = f(*x, *y);
            }
        }
    }

    #[inline(always)]
    fn one<const N: usize>(&self, values: &mut [f64], f: impl Fn(f64) -> f64) {
        if N != ANY {
            let x = load::<N>(values, self.x, false);
            store::<N>(values, self.out, |c, i| f(x[c][i]));
            return;
        }
        let (before, out) = self.split(values);
        map(out, self.x_of(before), |_, x| f(x));
    }

    #[inline(always)]
    fn on<const N: usize>(&self, values: &mut [f64], f: impl Fn(f64, f64) -> f64) {
        if N != ANY {
            let state = load::<N>(values, self.out, false);
            let x = load::<N>(values, self.x, false);
            store::<N>(values, self.out, |c, i| f(state[c][i], x[c][i]));
            return;
        }
        let (before, out) = self.split(values);
        map(out, self.x_of(before), f);
    }
}

/// Stands for a number of values that is not known beforehand.
const ANY: usize = 0;

#[inline(always)]
fn load<const N: usize>(values: &[f64], start: usize, is_one: bool) -> [[f64; 4]; N] {
    if is_one {
        return [[values[start]; 4]; N];
    }
    let fours = values[start..].as_chunks::<4>().0;
    *fours
        .first_chunk::<N>()
        .expect("arguments are as long as results")
}

#[inline(always)]
fn store<const N: usize>(values: &mut [f64], start: usize, f: impl Fn(usize, usize) -> f64) {
    let fours = values[start..].as_chunks_mut::<4>().0;
    let own = fours
        .first_chunk_mut::<N>()
        .expect("there is room for the result");
    for (c, out) in own.iter_mut().enumerate() {
        *out = each(|i| f(c, i));
    }
}

/// A function of what is there and of what comes in.
#[inline(always)]
fn map(out: &mut [f64], x: &[f64], f: impl Fn(f64, f64) -> f64) {
    let ((outs, tail), (xs, x_tail)) = (out.as_chunks_mut::<4>(), x.as_chunks::<4>());
    for (out, x) in outs.iter_mut().zip(xs) {
        *out = each(|i| f(out[i], x[i]));
    }
    for (out, x) in tail.iter_mut().zip(x_tail) {
        *out = f(*out, *x);
    }
}

/// A copy of few values: a call would take longer.
#[inline(always)]
pub(crate) fn copy_few(out: &mut [f64], x: &[f64]) {
    if let (Ok(out), Ok(x)) = (
        <&mut [f64; 4]>::try_from(&mut *out),
        <&[f64; 4]>::try_from(x),
    ) {
        *out = *x;
    } else {
        map(out, x, |_, x| x);
    }
}

/// The same lanes of every coordinate: the first, how many there are, and how far those of the next coordinate are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) first: usize,
    pub(super) len: usize,
    pub(super) distance: usize,
}

/// A mask on some lanes, coordinate by coordinate: 0 where the draw lies below p.
#[inline(always)]
pub(super) fn drop_rows(
    values: &mut [f64],
    x: usize,
    out: usize,
    rows: Range,
    draws: &[f64],
    p: f64,
) {
    // Nothing lies below NaN. The sign of the difference is no condition that could become a branch, which nobody could foresee.
    let p = if p.is_nan() { 0.0 } else { p };
    let is_dropped = |draw: f64| mask((draw - p).is_sign_negative());
    if rows.len == 4 {
        let mut at = rows.first;
        for draw in draws {
            let dropped = is_dropped(*draw);
            let own = load::<1>(values, x + at, false);
            store::<1>(values, out + at, |c, i| choose(dropped, 0.0, own[c][i]));
            at += rows.distance;
        }
        return;
    }
    let (before, rest) = values.split_at_mut(out);
    for (row, draw) in draws.iter().enumerate() {
        let (at, dropped) = (rows.first + row * rows.distance, is_dropped(*draw));
        let own = &before[x + at..][..rows.len];
        map(&mut rest[at..][..rows.len], own, |_, x| {
            choose(dropped, 0.0, x)
        });
    }
}

/// A draw times its deviation on some lanes, coordinate by coordinate.
#[inline(always)]
pub(super) fn fill_rows(
    values: &mut [f64],
    out: usize,
    rows: Range,
    draws: &[f64],
    deviation: f64,
) {
    let mut at = out + rows.first;
    for draw in draws {
        let noise = draw * deviation;
        if rows.len == 4 {
            store::<1>(values, at, |_, _| noise);
        } else {
            values[at..][..rows.len].fill(noise);
        }
        at += rows.distance;
    }
}
