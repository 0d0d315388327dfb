//! Ops on many f64 at once, with the bits that [`Op::apply`] gives for each.
//!
//! What is arithmetic in [`Op::apply`] is the same arithmetic here, in a loop that the compiler can vectorise; for everything else it
//! is called element by element.

use crate::op::{Op, clip, exp_each, log_each, power_each, sign};

/// One number for all, or one for each.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arg<'a> {
    One(f64),
    Many(&'a [f64]),
}

impl Arg<'_> {
    fn values(&self) -> &[f64] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    pub(super) fn at(self, index: usize) -> f64 {
        match self {
            Self::One(value) => value,
            Self::Many(values) => values[index],
        }
    }
}

/// Applies a pure op to every element.
pub(super) fn apply(op: Op, out: &mut [f64], args: &[Arg<'_>]) {
    let two = Arg::One(2.0);
    match (op, args) {
        (Op::Add, [x, y]) => map2(out, *x, *y, |x, y| x + y),
        (Op::Sub, [x, y]) => map2(out, *x, *y, |x, y| x - y),
        (Op::Mul, [x, y]) => map2(out, *x, *y, |x, y| x * y),
        (Op::Div, [x, y]) => map2(out, *x, *y, |x, y| x / y),
        (Op::Pow, [x, Arg::One(y)]) if y.to_bits() == 2.0_f64.to_bits() => {
            map2(out, *x, two, |x, _| x * x);
        }
        (Op::Pow, [x, y]) => power_each(out, x.values(), y.values()),
        (Op::Neg, [x]) => map2(out, *x, two, |x, _| -x),
        (Op::Abs, [x]) => map2(out, *x, two, |x, _| x.abs()),
        (Op::Sqrt, [x]) => map2(out, *x, two, |x, _| x.sqrt()),
        (Op::Sign, [x]) => map2(out, *x, two, |x, _| sign(x)),
        (Op::Clip, [x, l]) => map2(out, *x, *l, clip),
        (Op::Exp, [Arg::Many(x)]) => exp_each(out, x),
        (Op::Log, [Arg::Many(x)]) => log_each(out, x),
        (_, [x]) => map2(out, *x, two, |x, _| plain(op, &[x])),
        (_, [x, y]) => map2(out, *x, *y, |x, y| plain(op, &[x, y])),
        _ => {
            for (index, out) in out.iter_mut().enumerate() {
                let mut values = [0.0; 3];
                for (value, arg) in values.iter_mut().zip(args) {
                    *value = arg.at(index);
                }
                *out = plain(op, &values[..args.len()]);
            }
        }
    }
}

fn plain(op: Op, args: &[f64]) -> f64 {
    op.apply(args).expect("only pure ops are elementwise")
}

/// A function of two arguments on every element.
#[inline]
pub(super) fn map2(out: &mut [f64], x: Arg<'_>, y: Arg<'_>, f: impl Fn(f64, f64) -> f64) {
    match (x, y) {
        (Arg::Many(x), Arg::Many(y)) => {
            for (out, (x, y)) in out.iter_mut().zip(x.iter().zip(y)) {
                *out = f(*x, *y);
            }
        }
        (Arg::Many(x), Arg::One(y)) => {
            for (out, x) in out.iter_mut().zip(x) {
                *out = f(*x, y);
            }
        }
        (Arg::One(x), Arg::Many(y)) => {
            for (out, y) in out.iter_mut().zip(y) {
                *out = f(x, *y);
            }
        }
        (Arg::One(x), Arg::One(y)) => out.fill(f(x, y)),
    }
}

/// State moved on in its place.
#[inline]
pub(super) fn advance(state: &mut [f64], x: Arg<'_>, f: impl Fn(f64, f64) -> f64) {
    match x {
        Arg::Many(x) => {
            for (state, x) in state.iter_mut().zip(x) {
                *state = f(*state, *x);
            }
        }
        Arg::One(x) => {
            for state in state {
                *state = f(*state, x);
            }
        }
    }
}
