//! A census of rules: which are equal, and which of those the normal form knows to be.
//!
//! `cargo bench --bench census` counts all 249,696 strings of one group over the paper's operands, and random longer ones. Two oracles that
//! share no code with the library or with each other say which rules are the same function ([`precise`] decides, [`plain`] checks it); the keys
//! of [`key`] are held against that. A key shared by different rules is an error of the normal form; equal rules with different keys
//! are what it does not know.
//!
//! Two rules are the same when they have the same law for all values of what they mention, undefined values included.

mod ball;
mod classes;
mod dd;
mod key;
mod law;
mod plain;
mod points;
mod precise;
mod random;
mod report;
mod strings;

use clap::{Parser, ValueEnum};
use classes::{Census, Entry};
use random::Random;
use report::Writer;
use serde_json::json;
use std::io::{self, Write};
use std::time::{Duration, Instant};
use strings::{Code, Maker, SINGLE};

/// Counts which rules are equal and which of those have one key.
#[derive(Parser, Debug)]
struct Args {
    /// Which rules
    #[arg(long, value_enum, default_value = "all")]
    only: Part,
    /// A random one in k of the strings of one group
    #[arg(long, value_name = "K", default_value_t = 1)]
    every: u64,
    /// How many random longer strings
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    deep: usize,
    /// The seed of the longer strings
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many points to compare at
    #[arg(long, default_value_t = 128)]
    points: usize,
    /// The seed of the points
    #[arg(long, default_value_t = 0)]
    points_seed: u64,
    /// How many kinds and cases to list
    #[arg(long, default_value_t = 20)]
    show: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// Which rules to count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Part {
    /// Strings of one group
    Single,
    /// Random longer strings
    Deep,
    /// Both
    All,
}

/// How long each stage took.
struct Times {
    key: Duration,
    probe: Duration,
    compare: Duration,
}

fn main() -> io::Result<()> {
    let args = Args::parse();
    let mut maker = Maker::new();
    let codes = codes(&args);
    let (entries, key) = keys(&mut maker, codes);
    let points = points::points(args.points, args.points_seed);
    let mut census = Census::new(&mut maker, &points, entries);
    let start = Instant::now();
    census.probe();
    let probe = start.elapsed();
    let groups = census.candidates();
    for group in &groups {
        census.split(group);
    }
    let times = Times {
        key,
        probe,
        compare: start.elapsed().saturating_sub(probe),
    };
    let out = io::stdout().lock();
    if args.json {
        print_json(out, &mut census, &times, &args)
    } else {
        print_text(out, &mut census, &times, &args)
    }
}

fn codes(args: &Args) -> Vec<Code> {
    let mut out = Vec::new();
    if args.only != Part::Deep {
        // Numbers in order would favour some functions: they are digits of the number.
        let picked = |index: &usize| random::mix(*index as u64).is_multiple_of(args.every.max(1));
        out.extend((0..SINGLE).filter(picked).map(Code::single));
    }
    if args.only != Part::Single {
        let mut random = Random::new(args.seed);
        out.extend((0..args.deep).map(|_| Code::random(&mut random)));
    }
    out
}

/// The key of every rule, and how long making the keys took.
fn keys(maker: &mut Maker, codes: Vec<Code>) -> (Vec<Entry>, Duration) {
    let mut spent = Duration::ZERO;
    let mut entries = Vec::with_capacity(codes.len());
    let mut codes = codes.into_iter().peekable();
    while codes.peek().is_some() {
        let batch: Vec<(Code, nos::ir::Rule)> = codes
            .by_ref()
            .take(512)
            .map(|code| {
                let rule = maker.rule(&code);
                (code, rule)
            })
            .collect();
        let start = Instant::now();
        let keys: Vec<[u8; 16]> = batch.iter().map(|(_, rule)| key::key(rule)).collect();
        spent += start.elapsed();
        entries.extend(
            batch
                .into_iter()
                .zip(keys)
                .map(|((code, _), key)| Entry::new(code, key)),
        );
    }
    (entries, spent)
}

fn all_counts(census: &Census<'_>, args: &Args) -> Vec<report::Counts> {
    let mut out = Vec::new();
    if args.only != Part::Deep {
        out.push(report::counts(census, "single", |depth| depth == 1));
    }
    if args.only != Part::Single {
        out.push(report::counts(census, "deep", |depth| depth > 1));
    }
    if args.only == Part::All {
        out.push(report::counts(census, "all", |_| true));
    }
    out
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn speed(census: &Census<'_>, times: &Times) -> f64 {
    census.entries.len() as f64 / times.key.as_secs_f64().max(1e-9)
}

fn print_text(
    mut out: impl Write,
    census: &mut Census<'_>,
    times: &Times,
    args: &Args,
) -> io::Result<()> {
    writeln!(out, "{}", report::table(&all_counts(census, args)))?;
    let findings = std::mem::take(&mut census.findings);
    let (false_merges, domain_merges) = (&findings.false_merges, &findings.domain_merges);
    writeln!(out, "false merges   {}", false_merges.len())?;
    writeln!(out, "domain merges  {}", domain_merges.len())?;
    writeln!(
        out,
        "disputes       {} of {} checks",
        findings.disputes.len(),
        findings.checks
    )?;
    writeln!(
        out,
        "obscure rules  {}, ambiguous {}",
        findings.obscure.len(),
        findings.ambiguous.len()
    )?;
    writeln!(out, "keys a second  {:.0}", speed(census, times))?;
    writeln!(
        out,
        "time           keys {:.1} s, probes {:.1} s, comparison {:.1} s",
        times.key.as_secs_f64(),
        times.probe.as_secs_f64(),
        times.compare.as_secs_f64()
    )?;
    let classes = findings.classes;
    let mut writer = Writer(census);
    for (title, list) in [
        ("false merges", false_merges),
        ("domain merges", domain_merges),
    ] {
        if !list.is_empty() {
            writeln!(out, "\n{title}")?;
        }
        for merge in list.iter().take(args.show) {
            write!(out, "{}", writer.merge(merge))?;
        }
    }
    if !findings.disputes.is_empty() {
        writeln!(out, "\ndisputes between the oracles")?;
    }
    for dispute in findings.disputes.iter().take(args.show) {
        write!(out, "{}", writer.dispute(dispute))?;
    }
    for (title, rules) in [
        ("obscure rules: known at few points", &findings.obscure),
        (
            "ambiguous rules: equal, as far as known, to more than one class",
            &findings.ambiguous,
        ),
    ] {
        if !rules.is_empty() {
            writeln!(out, "\n{title}")?;
        }
        for rule in rules.iter().take(args.show) {
            writeln!(out, "  {}", writer.text(*rule))?;
        }
    }
    writer.0.findings.classes = classes;
    let missed = report::missed(writer.0);
    let total: usize = missed.iter().map(|kind| kind.count).sum();
    writeln!(
        out,
        "\nmissed merges: {total} keys too many, in {} kinds",
        missed.len()
    )?;
    for kind in missed.iter().take(args.show) {
        write!(out, "{}", writer.missed(kind))?;
    }
    Ok(())
}

fn print_json(
    mut out: impl Write,
    census: &mut Census<'_>,
    times: &Times,
    args: &Args,
) -> io::Result<()> {
    let counts: Vec<_> = all_counts(census, args)
        .iter()
        .map(report::Counts::json)
        .collect();
    let missed = report::missed(census);
    let findings = std::mem::take(&mut census.findings);
    let speed = speed(census, times);
    let mut writer = Writer(census);
    let mut merges = |list: &[classes::Merge]| -> Vec<_> {
        list.iter()
            .take(args.show)
            .map(|merge| writer.merge_json(merge))
            .collect()
    };
    let (false_merges, domain_merges) = (
        merges(&findings.false_merges),
        merges(&findings.domain_merges),
    );
    let kinds: Vec<_> = missed
        .iter()
        .take(args.show)
        .map(|kind| writer.missed_json(kind))
        .collect();
    let report = json!({
        "counts": counts,
        "false_merges": { "count": findings.false_merges.len(), "cases": false_merges },
        "domain_merges": { "count": findings.domain_merges.len(), "cases": domain_merges },
        "missed": { "count": missed.iter().map(|kind| kind.count).sum::<usize>(), "kinds": kinds },
        "oracle_checks": findings.checks,
        "oracle_disputes": findings.disputes.len(),
        "obscure": findings.obscure.len(),
        "ambiguous": findings.ambiguous.len(),
        "keys_per_second": speed,
    });
    writeln!(out, "{report:#}")
}
