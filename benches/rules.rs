//! Speed of the main rules on a large tensor, fused and by hand.
#![allow(missing_docs, reason = "a program")]

#[path = "fused/by_hand.rs"]
#[allow(dead_code, reason = "shared with the table of speeds")]
mod by_hand;

use by_hand::{LARGE, Large, rows, threads};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const RULES: [&str; 6] = ["sgd", "powersign", "addsign", "lion", "rmsprop", "adam"];

fn rules(criterion: &mut Criterion) {
    let pool = threads(1);
    let mut group = criterion.benchmark_group("one step of 9 M parameters, one thread");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(LARGE as u64));
    let mut tensor = Large::new();
    for row in rows().iter().filter(|row| RULES.contains(&row.name)) {
        let mut optimizer = Large::optimizer(&row.rule);
        group.bench_function(BenchmarkId::new(row.name, "fused"), |bencher| {
            bencher.iter(|| pool.install(|| tensor.step(&mut optimizer)));
        });
        group.bench_function(BenchmarkId::new(row.name, "by hand"), |bencher| {
            bencher.iter(|| pool.install(|| tensor.step_by_hand(row.by_hand)));
        });
    }
    group.finish();
}

criterion_group!(benches, rules);
criterion_main!(benches);
