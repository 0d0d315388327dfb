//! The table of speeds of the fused engine: `cargo bench --bench fused`.
//!
//! Every row is measured against a loop written by hand for the same rule, both in turn in the same run, so that their ratio means
//! something on a machine whose speed does not stay the same.
#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a program that prints a table"
)]

#[path = "fused/by_hand.rs"]
mod by_hand;

use by_hand::{CHUNK, LARGE, Large, numbers, rows, sign, threads};
use nos::context::{Context, Silent};
use nos::engine::{Optimizer, Runner, Settings, TensorShape};
use rayon::prelude::*;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 15;

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

fn large() {
    let mut tensor = Large::new();
    let threads = rayon::current_num_threads();
    let mut rooms = [vec![0.0; LARGE], vec![0.0; LARGE], vec![0.0; LARGE]];
    let nanoseconds = |seconds: f64| seconds * 1e9 / LARGE as f64;
    let triads = (0..ROUNDS).map(|_| {
        seconds(|| {
            let parts = rooms[0]
                .par_chunks_mut(CHUNK)
                .zip(tensor.g.par_chunks(CHUNK));
            parts
                .zip(tensor.m.par_chunks(CHUNK))
                .for_each(|((a, b), c)| triad(a, b, c));
        })
    });
    let triad = 12.0 / nanoseconds(typical(triads.collect()));
    println!("{threads} thread(s), triad {triad:.1} GB/s");
    println!("| rule | fused | by hand | fused / by hand | GB/s | of triad |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for row in rows() {
        let mut optimizer = Large::optimizer(&row.rule);
        let (mut fused, mut by_hand) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            fused.push(seconds(|| tensor.step(&mut optimizer)));
            by_hand.push(seconds(|| tensor.step_by_hand(row.by_hand)));
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
    let Large { w, g, m, .. } = &mut tensor;
    let unfused = (0..ROUNDS)
        .map(|_| seconds(|| unfused(w, g, m, &mut rooms)))
        .collect();
    println!("unfused powersign {:.2}\n", nanoseconds(typical(unfused)));
    black_box(tensor.w);
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
    threads(1).install(large);
    threads(2).install(large);
    small();
    matrices();
    compile();
}
