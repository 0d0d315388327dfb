//! Benchmarks: rules side by side on a test function.
//!
//! Every rule gets the same learning rates, steps and seeds, and for one seed the same noise on its gradients. Runs take
//! their steps together in batches, on all cores where there is much to do; each is a function of its inputs alone, so a report can be
//! repeated to the bit.

mod batch;
mod columns;
mod grid;
mod monitor;
pub mod report;
mod session;
mod statistics;
mod table;
#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact values are meant")]
mod tests;

pub use columns::Table;
pub use grid::{GridError, grid};
pub use report::Report;
pub use session::LANES;
pub use statistics::{mean, t_quantile};
pub use table::{digits, estimate_text, rate_text, short_name};

use crate::engine::{EngineError, Lanes, Objective};
use crate::ir::Rule;
use crate::types::Stage;
use batch::Setup;
use report::{Entry, Task};
use std::fmt;
use std::ops::ControlFlow;

/// A rule that takes part in a benchmark.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The rule as the user named it.
    pub name: String,
    /// Its formula.
    pub formula: String,
    /// State slots per parameter.
    pub slots: usize,
    /// The rule.
    pub rule: Rule,
    /// Whether it stands here for comparison.
    pub is_baseline: bool,
}

impl Candidate {
    /// A rule under its own formula.
    pub fn new(name: impl Into<String>, rule: Rule) -> Self {
        Self {
            name: name.into(),
            formula: rule.text(),
            slots: rule.slots().per_element,
            rule,
            is_baseline: false,
        }
    }
}

/// What every rule of a benchmark is given.
#[derive(Clone, Debug)]
pub struct Options {
    /// Steps of every run.
    pub steps: u64,
    /// The learning rates, in any order.
    pub rates: Vec<f64>,
    /// The seeds; [`default_seeds`] has the usual ones.
    pub seeds: Vec<u64>,
    /// Where runs start: each with every seed. The function's own start where there are none.
    pub starts: Vec<Vec<f64>>,
    /// What multiplies the learning rate at each step.
    pub schedule: Option<Rule>,
    /// Whether the points of the best runs are kept.
    pub has_paths: bool,
}

/// How far a benchmark is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Progress {
    /// The rule at work: its place in the report.
    pub entry: usize,
    /// Its learning rate.
    pub rate: f64,
    /// Its seed.
    pub seed: u64,
    /// Steps done, of all rules together; those that a failed run did not need count as done.
    pub done: u64,
    /// Steps to do in all.
    pub total: u64,
}

/// Why there is no benchmark.
#[derive(Clone, PartialEq, Debug)]
pub enum BenchError {
    /// There is no rule.
    NoRules,
    /// There is no step.
    NoSteps,
    /// There is no learning rate.
    NoRates,
    /// There is no seed.
    NoSeeds,
    /// A learning rate that is not positive and finite.
    Rate {
        /// The learning rate.
        rate: f64,
    },
    /// A rule that cannot run on the function's coordinates.
    Rule {
        /// Its name.
        name: String,
        /// Why not.
        error: EngineError,
    },
    /// The factor of the learning rate depends on more than the step.
    Schedule,
    /// The function is not finite where it starts.
    Start {
        /// Its value there.
        value: f64,
    },
    /// A start that is no point of the function.
    StartLength {
        /// How many coordinates the function has.
        expected: usize,
        /// How many the start has.
        found: usize,
    },
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRules => f.write_str("expected at least one rule"),
            Self::NoSteps => f.write_str("expected at least one step"),
            Self::NoRates => f.write_str("expected at least one learning rate"),
            Self::NoSeeds => f.write_str("expected at least one seed"),
            Self::Rate { rate } => {
                write!(f, "expected a positive learning rate, found {rate}")
            }
            Self::Rule { name, error } => write!(f, "`{name}`: {error}"),
            Self::Schedule => {
                f.write_str("a schedule of the learning rate depends on the step alone")
            }
            Self::Start { value } => {
                write!(f, "the function is {value} where the runs start")
            }
            Self::StartLength { expected, found } => {
                write!(
                    f,
                    "expected starts with {expected} coordinates, found {found}"
                )
            }
        }
    }
}

impl std::error::Error for BenchError {}

/// The usual seeds: 0 to 4 where anything is random, one where nothing is.
pub fn default_seeds(
    candidates: &[Candidate],
    objective: &Objective,
    schedule: Option<&Rule>,
) -> Vec<u64> {
    let is_random = objective.noise() > 0.0
        || schedule.is_some_and(Rule::is_random)
        || candidates.iter().any(|each| each.rule.is_random());
    (0..if is_random { 5 } else { 1 }).collect()
}

/// Runs every candidate at every learning rate from every start with every seed.
///
/// `progress` is called about every thousand steps of a batch; when it breaks off, the report holds the learning rates that were
/// finished until then.
///
/// # Errors
/// What is missing or does not fit, before anything runs.
pub fn run(
    candidates: &[Candidate],
    objective: &Objective,
    options: &Options,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Report, BenchError> {
    check(candidates, objective, options)?;
    let mut rates = options.rates.clone();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    // Baselines come last, all else in the order given.
    let (baselines, ours): (Vec<_>, Vec<_>) = candidates.iter().partition(|each| each.is_baseline);
    let ordered: Vec<&Candidate> = ours.into_iter().chain(baselines).collect();
    let own_start = [objective.start().to_vec()];
    let starts: &[Vec<f64>] = if options.starts.is_empty() {
        &own_start
    } else {
        &options.starts
    };
    let setup = Setup {
        rules: ordered.iter().map(|each| &each.rule).collect(),
        schedule: options.schedule.as_ref(),
        objective,
        starts,
        least: objective.least(),
        steps: options.steps,
        has_paths: options.has_paths,
    };
    let mut entries: Vec<Entry> = ordered
        .iter()
        .map(|candidate| Entry {
            name: candidate.name.clone(),
            formula: candidate.formula.clone(),
            is_baseline: candidate.is_baseline,
            slots: candidate.slots,
            cells: Vec::with_capacity(rates.len()),
            best: None,
        })
        .collect();
    session::run(&setup, &rates, &options.seeds, &mut entries, progress);
    Ok(Report {
        format: report::FORMAT,
        run: None,
        task: task(objective),
        steps: options.steps,
        seeds: options.seeds.clone(),
        starts: options.starts.clone(),
        is_complete: entries.iter().all(|each| each.cells.len() == rates.len()),
        entries,
        rates,
    })
}

/// What is missing or does not fit, without running anything.
///
/// # Errors
/// Just that.
pub fn check(
    candidates: &[Candidate],
    objective: &Objective,
    options: &Options,
) -> Result<(), BenchError> {
    if candidates.is_empty() {
        return Err(BenchError::NoRules);
    }
    if options.steps == 0 {
        return Err(BenchError::NoSteps);
    }
    if options.rates.is_empty() {
        return Err(BenchError::NoRates);
    }
    if options.seeds.is_empty() {
        return Err(BenchError::NoSeeds);
    }
    let is_usable = |rate: f64| rate.is_finite() && rate > 0.0;
    if let Some(rate) = options.rates.iter().find(|rate| !is_usable(**rate)) {
        return Err(BenchError::Rate { rate: *rate });
    }
    if let Some(schedule) = &options.schedule
        && schedule.ty().stage > Stage::Step
    {
        return Err(BenchError::Schedule);
    }
    if options.starts.is_empty() {
        check_starts(objective, &[objective.start().to_vec()])?;
    } else {
        check_starts(objective, &options.starts)?;
    }
    for each in candidates {
        let lanes = Lanes::new(&each.rule, objective.start().len(), &[]);
        lanes.map_err(|error| BenchError::Rule {
            name: each.name.clone(),
            error,
        })?;
    }
    Ok(())
}

fn check_starts(objective: &Objective, starts: &[Vec<f64>]) -> Result<(), BenchError> {
    let expected = objective.coordinates().len();
    let mut evaluator = objective.evaluator();
    for start in starts {
        if start.len() != expected {
            return Err(BenchError::StartLength {
                expected,
                found: start.len(),
            });
        }
        let value = evaluator.value(start);
        if !value.is_finite() {
            return Err(BenchError::Start { value });
        }
    }
    Ok(())
}

fn task(objective: &Objective) -> Task {
    Task {
        name: objective.name().to_owned(),
        formula: objective.formula(),
        coordinates: objective.coordinates().to_vec(),
        start: objective.start().to_vec(),
        minima: objective.minima().to_vec(),
        least: objective.least(),
        noise: objective.noise(),
    }
}
