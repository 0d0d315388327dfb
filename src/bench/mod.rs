//! Benchmarks: rules side by side on a test function.
//!
//! Every rule gets the same learning rates, steps and seeds, and for one seed the same noise on its gradients. Runs are
//! computed one after the other and are a function of their inputs alone, so a report can be repeated to the bit.

mod descent;
mod grid;
pub mod report;
mod statistics;
mod table;
#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact values are meant")]
mod tests;

pub use grid::{GridError, grid};
pub use report::Report;
pub use statistics::{mean, t_quantile};
pub use table::{digits, rate_text};

use crate::engine::{EngineError, Objective};
use crate::ir::Rule;
use crate::types::Stage;
use descent::{Descent, Path};
use report::{Best, Cell, Entry, Estimate, Run, Task};
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
    /// What multiplies the learning rate at each step.
    pub schedule: Option<Rule>,
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

/// Runs every candidate at every learning rate with every seed.
///
/// `progress` is called about every thousand steps; when it breaks off, the report holds the learning rates that were
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
    let mut descents = Vec::with_capacity(ordered.len());
    for each in &ordered {
        let descent = Descent::new(
            &each.rule,
            options.schedule.as_ref(),
            objective,
            options.steps,
        );
        descents.push(descent.map_err(|error| BenchError::Rule {
            name: each.name.clone(),
            error,
        })?);
    }
    let length = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
    let runs = length(ordered.len())
        .saturating_mul(length(rates.len()))
        .saturating_mul(length(options.seeds.len()));
    let mut session = Session {
        objective,
        options,
        rates: &rates,
        total: runs.saturating_mul(options.steps),
        done: 0,
        is_stopped: false,
        progress,
    };
    let mut entries = Vec::with_capacity(ordered.len());
    for (index, (candidate, descent)) in ordered.into_iter().zip(&mut descents).enumerate() {
        let mut entry = Entry {
            name: candidate.name.clone(),
            formula: candidate.formula.clone(),
            is_baseline: candidate.is_baseline,
            slots: candidate.slots,
            cells: Vec::with_capacity(rates.len()),
            best: None,
        };
        if !session.is_stopped {
            session.entry(index, &candidate.rule, descent, &mut entry);
        }
        entries.push(entry);
    }
    Ok(Report {
        format: report::FORMAT,
        task: task(objective),
        steps: options.steps,
        seeds: options.seeds.clone(),
        is_complete: entries.iter().all(|each| each.cells.len() == rates.len()),
        entries,
        rates,
    })
}

fn check(
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
    let value = objective.value(objective.start());
    if value.is_finite() {
        Ok(())
    } else {
        Err(BenchError::Start { value })
    }
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

/// A benchmark under way.
struct Session<'a> {
    objective: &'a Objective,
    options: &'a Options,
    rates: &'a [f64],
    total: u64,
    done: u64,
    /// Whether `progress` broke off.
    is_stopped: bool,
    progress: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
}

impl Session<'_> {
    /// All runs of one rule; what is finished stays in the entry when it is broken off.
    fn entry(&mut self, index: usize, rule: &Rule, descent: &mut Descent<'_>, entry: &mut Entry) {
        let schedule = self.options.schedule.as_ref();
        let is_random = self.objective.noise() > 0.0
            || rule.is_random()
            || schedule.is_some_and(Rule::is_random);
        let (mut path, mut best_path) = (Path::default(), Path::default());
        let mut best: Option<usize> = None;
        for rate in self.rates {
            path.clear();
            let Some(runs) = self.cell(index, *rate, is_random, descent, &mut path) else {
                break;
            };
            entry.cells.push(Cell { rate: *rate, runs });
            let latest = entry.cells.len() - 1;
            let cell = &entry.cells[latest];
            let is_best = best.is_none_or(|best| cell.compare(&entry.cells[best]).is_lt());
            if is_best && cell.failures() < cell.runs.len() {
                best = Some(latest);
                std::mem::swap(&mut path, &mut best_path);
            }
            if self.is_stopped {
                break;
            }
        }
        entry.best = best.and_then(|index| summary(&entry.cells[index], &best_path));
    }

    /// All seeds at one learning rate, none when broken off; one run stands for all where nothing is random.
    fn cell(
        &mut self,
        entry: usize,
        rate: f64,
        is_random: bool,
        descent: &mut Descent<'_>,
        path: &mut Path,
    ) -> Option<Vec<Run>> {
        let mut runs: Vec<Run> = Vec::with_capacity(self.options.seeds.len());
        for seed in &self.options.seeds {
            let begun = self.done;
            let mut at = Progress {
                entry,
                rate,
                seed: *seed,
                done: begun,
                total: self.total,
            };
            let known = runs.first().filter(|_| !is_random).cloned();
            let run = known.or_else(|| {
                let path = runs.is_empty().then_some(&mut *path);
                descent.run(rate, *seed, path, &mut |steps| {
                    at.done = begun.saturating_add(steps);
                    (self.progress)(at)
                })
            });
            self.is_stopped = run.is_none();
            runs.push(run?);
            self.done = begun.saturating_add(self.options.steps);
            at.done = self.done;
            self.is_stopped = (self.progress)(at).is_break();
            if self.is_stopped {
                break;
            }
        }
        (runs.len() == self.options.seeds.len()).then_some(runs)
    }
}

/// A learning rate's runs in numbers.
fn summary(cell: &Cell, path: &Path) -> Option<Best> {
    let all = |steps: fn(&Run) -> Option<u64>| {
        let is_reached = cell.failures() == 0 && cell.runs.iter().all(|run| steps(run).is_some());
        let counts = cell.finished().filter_map(steps).map(number);
        is_reached.then(|| Estimate::of(counts)).flatten()
    };
    let has_distance = cell.finished().all(|run| run.distance.is_some());
    let distances = cell.finished().filter_map(|run| run.distance);
    Some(Best {
        rate: cell.rate,
        last: Estimate::of(cell.finished().map(|run| run.last))?,
        lowest: Estimate::of(cell.finished().map(|run| run.lowest))?,
        distance: has_distance.then(|| Estimate::of(distances)).flatten(),
        to_1e3: all(|run| run.to_1e3),
        to_1e6: all(|run| run.to_1e6),
        path: path.points(),
    })
}

#[allow(
    clippy::cast_precision_loss,
    reason = "steps past 2^53 are out of reach"
)]
fn number(steps: u64) -> f64 {
    steps as f64
}
