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
mod print;
mod random;
mod report;
mod strings;

use clap::{Parser, ValueEnum};
use classes::{Census, Entry};
use random::Random;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use strings::{Code, Maker, SINGLE};

/// Counts which rules are equal and which of those have one key.
#[derive(Parser, Debug)]
struct Args {
    /// Only these rules
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// A file of rules to count with the others, one a line, as the language writes them
    #[arg(long, value_name = "FILE")]
    given: Option<PathBuf>,
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
    /// Print the rules, one a line, and count nothing
    #[arg(long)]
    list: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// Which rules to count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Only {
    /// Strings of one group
    Single,
    /// Random longer strings
    Deep,
    /// Those of the file
    Given,
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
    let codes = codes(&mut maker, &args)?;
    if args.list {
        let mut out = io::BufWriter::new(io::stdout().lock());
        for code in &codes {
            writeln!(out, "{}", maker.rule(code).text())?;
        }
        return out.flush();
    }
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
    let mut out = io::stdout().lock();
    if args.json {
        let report = print::json(&mut census, &times, args.show);
        writeln!(out, "{report:#}")
    } else {
        print::text(out, &mut census, &times, args.show)
    }
}

fn codes(maker: &mut Maker, args: &Args) -> io::Result<Vec<Code>> {
    let wants = |part: Only| args.only.is_none_or(|only| only == part);
    let mut out = Vec::new();
    if let Some(path) = args.given.as_ref().filter(|_| wants(Only::Given)) {
        for line in std::fs::read_to_string(path)?.lines() {
            let code = Code::Text(line.into());
            if maker.try_rule(&code).is_none() {
                return Err(io::Error::other(format!("expected a rule, found `{line}`")));
            }
            out.push(code);
        }
    }
    if wants(Only::Single) {
        // Numbers in order would favour some functions: they are digits of the number.
        let picked = |index: &usize| random::mix(*index as u64).is_multiple_of(args.every.max(1));
        out.extend((0..SINGLE).filter(picked).map(Code::single));
    }
    if wants(Only::Deep) {
        let mut random = Random::new(args.seed);
        out.extend((0..args.deep).map(|_| Code::random(&mut random)));
    }
    Ok(out)
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
