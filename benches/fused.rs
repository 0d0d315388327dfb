//! The table of speeds of the fused engine: `cargo bench --bench fused`.
//!
//! Every row is measured against a loop written by hand for the same rule, both in turn in the same run, so that their ratio means
//! something on a machine whose speed does not stay the same.
#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::inline_always,
    missing_docs,
    reason = "a program that prints a table"
)]

use nos::context::{Context, Silent};
use nos::engine::{Optimizer, Runner, Settings, TensorShape};
use nos::ir::Rule;
use rayon::prelude::*;
use std::hint::black_box;
use std::time::Instant;

/// Parameters of the large tensor.
const LARGE: usize = 9_000_000;
const ROUNDS: usize = 15;
const CHUNK: usize = 32_768;

/// A step by hand on one chunk: parameter, gradient, two pieces of state.
type ByHand = fn(&mut [f32], &[f32], &mut [f32], &mut [f32]);

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

fn sign(x: f32) -> f32 {
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

/// `powersign` in operations on whole tensors, each with its own walk over memory.
fn unfused(w: &mut [f32], g: &[f32], m: &mut [f32], rooms: &mut [Vec<f32>; 3]) {
    let [a, b, c] = rooms;
    let each = |out: &mut [f32], f: &(dyn Fn(usize, &mut [f32]) + Sync)| {
        out.par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(index, chunk)| f(index * CHUNK, chunk));
    };
    each(m, &|_, m| m.iter_mut().for_each(|m| *m *= 0.9));
    each(a, &|at, a| {
        a.iter_mut().zip(&g[at..]).for_each(|(a, g)| *a = 0.1 * g);
    });
    each(m, &|at, m| {
        m.iter_mut().zip(&a[at..]).for_each(|(m, a)| *m += a);
    });
    each(a, &|at, a| {
        a.iter_mut().zip(&g[at..]).for_each(|(a, g)| *a = sign(*g));
    });
    each(b, &|at, b| {
        b.iter_mut().zip(&m[at..]).for_each(|(b, m)| *b = sign(*m));
    });
    each(c, &|at, c| {
        let pairs = a[at..].iter().zip(&b[at..]);
        c.iter_mut().zip(pairs).for_each(|(c, (a, b))| *c = a * b);
    });
    each(a, &|at, a| {
        a.iter_mut().zip(&c[at..]).for_each(|(a, c)| *a = c.exp());
    });
    each(b, &|at, b| {
        let pairs = a[at..].iter().zip(&g[at..]);
        b.iter_mut().zip(pairs).for_each(|(b, (a, g))| *b = a * g);
    });
    each(w, &|at, w| {
        w.iter_mut().zip(&b[at..]).for_each(|(w, b)| *w -= 1e-3 * b);
    });
}

fn triad(a: &mut [f32], b: &[f32], c: &[f32]) {
    for (a, (b, c)) in a.iter_mut().zip(b.iter().zip(c)) {
        *a = b + 0.5 * c;
    }
}

/// Numbers that are not all alike.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f32::from(u16::try_from(state >> 16).expect("16 bits")) - 32_768.0) / 32_768.0
        })
        .collect()
}

/// The shorter half's middle of some times, in seconds.
fn typical(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 4]
}

fn seconds(f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    start.elapsed().as_secs_f64()
}

struct Row {
    name: &'static str,
    rule: Rule,
    by_hand: ByHand,
    /// Bytes that have to move for one parameter.
    bytes: f64,
}

fn rows() -> Vec<Row> {
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

fn large(threads: usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("a pool of threads").install(|| {
        let (mut w, g) = (numbers(LARGE, 1), numbers(LARGE, 2));
        let (mut m, mut v) = (numbers(LARGE, 3), vec![0.5; LARGE]);
        let mut rooms = [vec![0.0; LARGE], vec![0.0; LARGE], vec![0.0; LARGE]];
        let nanoseconds = |seconds: f64| seconds * 1e9 / LARGE as f64;
        let triads = (0..ROUNDS).map(|_| {
            seconds(|| {
                let parts = rooms[0].par_chunks_mut(CHUNK).zip(g.par_chunks(CHUNK));
                parts
                    .zip(m.par_chunks(CHUNK))
                    .for_each(|((a, b), c)| triad(a, b, c));
            })
        });
        let triad = 12.0 / nanoseconds(typical(triads.collect()));
        println!("{threads} thread(s), triad {triad:.1} GB/s");
        println!("| rule | fused | by hand | fused / by hand | GB/s | of triad |");
        println!("| --- | --- | --- | --- | --- | --- |");
        for row in rows() {
            let shapes = [TensorShape::Vector(LARGE)];
            let settings = Settings::new(1e-3, 1000);
            let mut optimizer = Optimizer::new(&row.rule, &shapes, settings).expect("it fits");
            let (mut fused, mut by_hand) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                fused.push(seconds(|| {
                    optimizer
                        .step(&mut [&mut w[..]], &[&g[..]])
                        .expect("lengths fit");
                }));
                by_hand.push(seconds(|| {
                    let states = m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK));
                    w.par_chunks_mut(CHUNK)
                        .zip(g.par_chunks(CHUNK))
                        .zip(states)
                        .for_each(|((w, g), (m, v))| (row.by_hand)(w, g, m, v));
                }));
            }
            let (fused, by_hand) = (nanoseconds(typical(fused)), nanoseconds(typical(by_hand)));
            let speed = row.bytes / fused;
            println!(
                "| {} | {fused:.2} | {by_hand:.2} | {:.2} | {speed:.1} | {:.0} % |",
                row.name,
                fused / by_hand,
                100.0 * speed / triad
            );
        }
        let unfused = (0..ROUNDS)
            .map(|_| seconds(|| unfused(&mut w, &g, &mut m, &mut rooms)))
            .collect();
        println!("unfused powersign {:.2}\n", nanoseconds(typical(unfused)));
        black_box((w, m, v));
    });
}

fn small() {
    let len = 2500;
    let rule = &rows()[6].rule;
    let settings = || Settings::new(1e-3, 1000);
    let mut one = Optimizer::new(rule, &[TensorShape::Vector(40 * len)], settings()).expect("fits");
    let many_shapes = vec![TensorShape::Vector(len); 40];
    let mut many = Optimizer::new(rule, &many_shapes, settings()).expect("fits");
    let (mut w, g) = (vec![numbers(40 * len, 1)], vec![numbers(40 * len, 2)]);
    let mut ws: Vec<Vec<f32>> = (0..40).map(|seed| numbers(len, seed)).collect();
    let gs: Vec<Vec<f32>> = (40..80).map(|seed| numbers(len, seed)).collect();
    let (mut times, mut others) = (Vec::new(), Vec::new());
    for _ in 0..2000 {
        times.push(seconds(|| drop(one.step(&mut w, &g))));
        others.push(seconds(|| drop(many.step(&mut ws, &gs))));
    }
    let (one, many) = (typical(times) * 1e6, typical(others) * 1e6);
    println!("adam on 100,000 parameters: one tensor {one:.1} µs, 40 tensors {many:.1} µs");
}

/// A rule that needs a matrix, and the plain evaluator's textbook sums.
fn matrices() {
    let rule = Context::new()
        .rule("muon", "muon", &mut Silent)
        .expect("a rule");
    for side in [128, 512] {
        let shapes = [TensorShape::Matrix(side, side)];
        let mut optimizer =
            Optimizer::new(&rule, &shapes, Settings::new(1e-3, 1000)).expect("it fits");
        let mut runner = Runner::new(&rule, &shapes, 0).expect("it fits");
        let (mut w, g) = ([numbers(side * side, 1)], [numbers(side * side, 2)]);
        let mut wide: Vec<f64> = w[0].iter().map(|x| f64::from(*x)).collect();
        let wide_g: Vec<f64> = g[0].iter().map(|x| f64::from(*x)).collect();
        let blocked = (0..5).map(|_| seconds(|| drop(optimizer.step(&mut w, &g))));
        let blocked = typical(blocked.collect());
        let plain = seconds(|| {
            runner
                .step(0, &mut wide, &wide_g, 1e-3, (0, 1000))
                .expect("lengths fit");
        });
        println!(
            "muon on {side} x {side}: {:.1} ms, plain evaluator {:.0} ms",
            blocked * 1e3,
            plain * 1e3
        );
    }
}

fn compile() {
    for row in rows() {
        let times = (0..2000).map(|_| {
            seconds(|| {
                let made = Optimizer::new(&row.rule, &[], Settings::new(1e-3, 1000));
                drop(black_box(made));
            })
        });
        println!(
            "compile {}: {:.1} µs",
            row.name,
            typical(times.collect()) * 1e6
        );
    }
}

fn main() {
    println!("9 M parameters, ns a parameter");
    large(1);
    large(2);
    small();
    matrices();
    compile();
}
