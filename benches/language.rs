//! How fast the language reads: start-up, parsing, checking and running a large generated script, formatting.
//!
//! `cargo bench --bench language` prints times and, for texts, bytes per second.

#![allow(
    missing_docs,
    reason = "criterion's macros make undocumented functions"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nos::context::{Context, Input, Silent};
use nos::source::FileId;
use nos::syntax::{format, names::Names, parse};
use std::fmt::Write;
use std::hint::black_box;

/// A script of definitions as a search or a person would write them, with comments and all forms of rules.
fn script(rules: usize) -> String {
    let operands = ["g", "m", "v", "mhat", "vhat", "adam", "ld", "w"];
    let mut out = String::new();
    let mut state = 1u32;
    let mut pick = || {
        // A multiplicative congruential generator is random enough to choose names.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        operands[(state >> 24) as usize % operands.len()]
    };
    for i in 0..rules {
        let (a, b) = (pick(), pick());
        let _ = match i % 5 {
            0 => writeln!(
                out,
                "rule candidate_{i}(base = e, f = 1) = base^(f * sign({a}) * sign({b})) * g"
            ),
            1 => writeln!(
                out,
                "rule candidate_{i} = (1 + 0.{i} * sign(g) * sign({b})) * {a} # agreement of signs"
            ),
            2 => writeln!(
                out,
                "rule candidate_{i} = powersign(base: 2.{i}, f: ld) + 1e-4 * w"
            ),
            3 => writeln!(
                out,
                "rule candidate_{i}(beta = 0.9) = ema(g, beta) / (sqrt(ema(g^2, 0.999)) + delta) * clip({a}, 1e-3)"
            ),
            _ => writeln!(out, "let setting_{i} = [0.1, 0.{i}, 1e-3 * {i}]"),
        };
    }
    out
}

fn language(c: &mut Criterion) {
    c.bench_function("start: context with the standard library", |b| {
        b.iter(Context::new)
    });

    let text = script(100_000);
    let mut group = c.benchmark_group("script of 100,000 definitions");
    group
        .sample_size(10)
        .throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse", |b| {
        b.iter(|| parse(FileId(0), black_box(&text), &mut Names::default()))
    });
    group.bench_function("parse and check", |b| {
        b.iter_with_setup(Context::new, |mut context| {
            context.check("bench", black_box(&text), None, &mut Silent)
        });
    });
    group.bench_function("parse, check and run", |b| {
        b.iter_with_setup(Context::new, |mut context| {
            context.run("bench", black_box(&text), None, Input::Program, &mut Silent)
        });
    });
    group.bench_function("format", |b| b.iter(|| format::format(black_box(&text))));
    group.finish();

    // Twice the text must take twice the time, not four times.
    for rules in [10_000, 20_000, 40_000] {
        let text = script(rules);
        let mut group = c.benchmark_group("growth");
        group
            .sample_size(10)
            .throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("parse and check {rules} definitions"), |b| {
            b.iter_with_setup(Context::new, |mut context| {
                context.check("bench", black_box(&text), None, &mut Silent)
            });
        });
        group.finish();
    }
}

criterion_group!(benches, language);
criterion_main!(benches);
