//! Rules with loops written by hand for the same, on a large tensor.

#![allow(
    clippy::inline_always,
    unreachable_pub,
    reason = "shared by benchmarks"
)]

use nos::context::{Context, Silent};
use nos::engine::{Optimizer, Settings, TensorShape};
use nos::ir::Rule;
use rayon::prelude::*;

/// Parameters of the large tensor.
pub const LARGE: usize = 9_000_000;
/// What a thread takes at a time.
pub const CHUNK: usize = 32_768;

/// A step by hand on one chunk: parameter, gradient, two pieces of state.
pub type ByHand = fn(&mut [f32], &[f32], &mut [f32], &mut [f32]);

macro_rules! by_hand {
    ($name:ident, |$w:ident, $g:ident, $m:ident, $v:ident| $body:block) => {
        fn $name(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
            #[inline(always)]
            fn plain(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
                for ((($w, $g), $m), $v) in w.iter_mut().zip(g).zip(m).zip(v) {
                    let $g = *$g;
                    $body
                }
            }
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
                    plain(w, g, m, v);
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the machine has just said that it knows these instructions.
                    unsafe { wide(w, g, m, v) };
                    return;
                }
            }
            plain(w, g, m, v);
        }
    };
}

pub fn sign(x: f32) -> f32 {
    f32::from(i8::from(x > 0.0) - i8::from(x < 0.0))
}

/// One of three by the agreement of two signs, by masks: choices between constants are not always vectorised.
#[inline(always)]
fn agreement(g: f32, m: f32, against: f32, neither: f32, with: f32) -> f32 {
    let mask = |claim: bool| u32::from(claim).wrapping_neg();
    let choose =
        |mask: u32, a: f32, b: f32| f32::from_bits((a.to_bits() & mask) | (b.to_bits() & !mask));
    let product = g * m;
    let value = choose(mask(product > 0.0), with, neither);
    choose(mask(product < 0.0), against, value)
}

fn sgd(w: &mut [f32], g: &[f32], _: &mut [f32], _: &mut [f32]) {
    for (w, g) in w.iter_mut().zip(g) {
        *w -= 1e-3 * g;
    }
}

macro_rules! one_state {
    ($name:ident, |$w:ident, $g:ident, $m:ident| $body:block) => {
        fn $name(w: &mut [f32], g: &[f32], m: &mut [f32], _: &mut [f32]) {
            #[inline(always)]
            fn plain(w: &mut [f32], g: &[f32], m: &mut [f32]) {
                for (($w, $g), $m) in w.iter_mut().zip(g).zip(m) {
                    let $g = *$g;
                    $body
                }
            }
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide(w: &mut [f32], g: &[f32], m: &mut [f32]) {
                    plain(w, g, m);
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the machine has just said that it knows these instructions.
                    unsafe { wide(w, g, m) };
                    return;
                }
            }
            plain(w, g, m);
        }
    };
}

one_state!(momentum, |w, g, m| {
    *m = 0.9 * *m + g;
    *w -= 1e-3 * *m;
});
one_state!(rmsprop, |w, g, m| {
    *m = 0.999 * *m + 0.001 * (g * g);
    *w -= 1e-3 * (g / ((*m * 1.5).sqrt() + 1e-8));
});
one_state!(adagrad, |w, g, m| {
    *m += g * g;
    *w -= 1e-3 * (g / ((*m).sqrt() + 1e-10));
});
one_state!(powersign, |w, g, m| {
    *m = 0.9 * *m + 0.1 * g;
    *w -= 1e-3 * (agreement(g, *m, 0.367_879_44, 1.0, std::f32::consts::E) * g);
});
one_state!(addsign, |w, g, m| {
    *m = 0.9 * *m + 0.1 * g;
    *w -= 1e-3 * (agreement(g, *m, 0.0, 1.0, 2.0) * g);
});
one_state!(lion, |w, g, m| {
    let c = 0.9 * *m + 0.1 * g;
    *w -= 1e-3 * sign(c);
    *m = 0.99 * *m + 0.01 * g;
});
by_hand!(adamw, |w, g, m, v| {
    *m = 0.9 * *m + 0.1 * g;
    *v = 0.999 * *v + 0.001 * (g * g);
    *w -= 1e-3 * ((*m * 1.2) / ((*v * 1.5).sqrt() + 1e-8) + 0.01 * *w);
});
by_hand!(adam, |w, g, m, v| {
    *m = 0.9 * *m + 0.1 * g;
    *v = 0.999 * *v + 0.001 * (g * g);
    *w -= 1e-3 * ((*m * 1.2) / ((*v * 1.5).sqrt() + 1e-8));
});

/// Numbers that are not all alike.
pub fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f32::from(u16::try_from(state >> 16).expect("16 bits")) - 32_768.0) / 32_768.0
        })
        .collect()
}

/// A rule, twice.
pub struct Row {
    pub name: &'static str,
    pub rule: Rule,
    pub by_hand: ByHand,
    /// Bytes that have to move for one parameter.
    pub bytes: f64,
}

/// All rules of the table.
pub fn rows() -> Vec<Row> {
    let mut context = Context::new();
    let mut row = |name, by_hand, bytes| Row {
        name,
        rule: context.rule(name, name, &mut Silent).expect("a rule"),
        by_hand,
        bytes,
    };
    vec![
        row("sgd", sgd, 12.0),
        row("momentum", momentum, 20.0),
        row("powersign", powersign, 20.0),
        row("addsign", addsign, 20.0),
        row("lion", lion, 20.0),
        row("rmsprop", rmsprop, 20.0),
        row("adam", adam, 28.0),
        row("adamw", adamw, 28.0),
        row("adagrad", adagrad, 20.0),
        // Rules of no common shape, beside a loop that moves as many bytes.
        row("nadam", adam, 28.0),
        row("clip(g, 0.5) * (1 + tanh(m))", powersign, 20.0),
    ]
}

/// A large tensor, its gradient, and state for loops by hand.
pub struct Large {
    pub w: Vec<f32>,
    pub g: Vec<f32>,
    pub m: Vec<f32>,
    pub v: Vec<f32>,
}

impl Large {
    pub fn new() -> Self {
        Self {
            w: numbers(LARGE, 1),
            g: numbers(LARGE, 2),
            m: numbers(LARGE, 3),
            v: vec![0.5; LARGE],
        }
    }

    /// An optimizer for it.
    pub fn optimizer(rule: &Rule) -> Optimizer {
        let shapes = [TensorShape::Vector(LARGE)];
        Optimizer::new(rule, &shapes, Settings::new(1e-3, 1000)).expect("it fits")
    }

    /// One step of an optimizer.
    pub fn step(&mut self, optimizer: &mut Optimizer) {
        let done = optimizer.step(&mut [&mut self.w[..]], &[&self.g[..]]);
        done.expect("lengths fit");
    }

    /// One step by hand, on all threads there are.
    pub fn step_by_hand(&mut self, by_hand: ByHand) {
        let Self { w, g, m, v } = self;
        let states = m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK));
        w.par_chunks_mut(CHUNK)
            .zip(g.par_chunks(CHUNK))
            .zip(states)
            .for_each(|((w, g), (m, v))| by_hand(w, g, m, v));
    }
}

/// So many threads; what is measured takes all of those it is started on.
pub fn threads(count: usize) -> rayon::ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
    pool.expect("a pool of threads")
}
