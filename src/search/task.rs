//! What rules are tried on, and what they are worth there.

use super::cores::Cores;
use crate::bench::{self, BenchError, Candidate, Options, Report};
use crate::engine::Objective;
use crate::ir::Rule;
use crate::lab;
use crate::lab::message::Metric;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// By how many powers of ten the distance to the least value must shrink for a reward of 1.
const DECADES: f64 = 12.0;

/// Rules that one core runs side by side, at most: more share little more, and leave the other cores less.
const TOGETHER: usize = 6;

/// What rules are tried on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A test function.
    Function(Box<Function>),
    /// A network and its data: a plan without rules.
    Net(Box<lab::Plan>),
}

impl Task {
    /// As the language names it.
    pub fn name(&self) -> &str {
        match self {
            Self::Function(function) => function.objective.name(),
            Self::Net(plan) => &plan.name,
        }
    }
}

/// What a rule is worth that was trained on a network: accuracy as in the paper (section 3.3); of a language model the inverse of its perplexity, the
/// geometric mean of the chances it gives to the words. 0 where training failed.
pub fn of_entry(entry: &lab::Entry, metric: Metric) -> Score {
    let mean = entry.reward(metric).map(|estimate| estimate.mean);
    let reward = match (metric, mean) {
        (Metric::Accuracy, Some(accuracy)) => accuracy,
        (Metric::Perplexity, Some(perplexity)) => 1.0 / perplexity.max(1.0),
        (_, None) => 0.0,
    };
    Score {
        reward: if reward.is_nan() { 0.0 } else { reward },
        rate: entry.rate,
    }
}

/// A test function with the sweep that every rule gets on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// The function.
    pub objective: Objective,
    /// Steps of a full run.
    pub steps: u64,
    /// Steps of the short run that comes before.
    pub short_steps: u64,
    /// The learning rates of the sweep.
    pub rates: Vec<f64>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The starts; the function's own where there are none.
    pub starts: Vec<Vec<f64>>,
}

/// What a rule is worth on a task.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Score {
    /// From 0 (no progress, or not finite) to 1.
    pub reward: f64,
    /// The best learning rate; none where every one failed.
    pub rate: Option<f64>,
}

impl Function {
    /// A function with the paper's protocol for Rosenbrock (section 6.1): 4000 steps, 4 learning rates on a log scale.
    pub fn new(objective: Objective) -> Self {
        let rates = bench::grid(1e-4, 1e-1, 4).expect("positive ends");
        Self {
            seeds: if objective.noise() > 0.0 {
                vec![0, 1, 2]
            } else {
                vec![0]
            },
            objective,
            steps: 4000,
            short_steps: 200,
            rates,
            starts: Vec::new(),
        }
    }

    /// The scores of some rules after so many steps, each at its best learning rate.
    ///
    /// # Errors
    /// A rule that cannot run on the function, or a task that is none.
    pub(super) fn scores(
        &self,
        rules: &[&Rule],
        steps: u64,
        cores: &Cores,
    ) -> Result<Vec<Score>, BenchError> {
        if rules.is_empty() {
            return Ok(Vec::new());
        }
        let runs = self.rates.len() * self.seeds.len() * self.starts.len().max(1);
        let together = (bench::LANES / runs.max(1)).clamp(1, TOGETHER);
        let mut shares = shares(rules, together, cores.count());
        let scores = cores.each(&mut shares, |_, rules| {
            let candidates: Vec<Candidate> = rules
                .iter()
                .map(|rule| Candidate {
                    name: String::new(),
                    formula: String::new(),
                    slots: 0,
                    rule: (*rule).clone(),
                    is_baseline: false,
                })
                .collect();
            let options = self.options(steps, &self.seeds, &self.starts, false);
            let report = bench::run(&candidates, &self.objective, &options, &mut |_| {
                ControlFlow::Continue(())
            })?;
            Ok(self.of_report(&report))
        });
        let scores: Result<Vec<Vec<Score>>, BenchError> = scores.into_iter().collect();
        Ok(scores?.into_iter().flatten().collect())
    }

    /// A race on this task.
    ///
    /// # Errors
    /// As [`bench::run`].
    pub fn race(
        &self,
        candidates: &[Candidate],
        steps: u64,
        seeds: &[u64],
        starts: &[Vec<f64>],
    ) -> Result<Report, BenchError> {
        let options = self.options(steps, seeds, starts, true);
        bench::run(candidates, &self.objective, &options, &mut |_| {
            ControlFlow::Continue(())
        })
    }

    fn options(&self, steps: u64, seeds: &[u64], starts: &[Vec<f64>], has_paths: bool) -> Options {
        Options {
            steps,
            rates: self.rates.clone(),
            seeds: seeds.to_vec(),
            starts: starts.to_vec(),
            schedule: None,
            has_paths,
        }
    }

    /// The scores of a report's entries, in their order.
    pub fn of_report(&self, report: &Report) -> Vec<Score> {
        let own = [self.objective.start().to_vec()];
        let starts = if report.starts.is_empty() {
            &own[..]
        } else {
            &report.starts
        };
        let mut evaluator = self.objective.evaluator();
        let values: Vec<f64> = starts.iter().map(|at| evaluator.value(at)).collect();
        let before = bench::mean(values.iter().copied());
        report
            .entries
            .iter()
            .map(|entry| match &entry.best {
                Some(best) => {
                    let failed = entry.best_cell().map_or(0, bench::report::Cell::failures);
                    let reward = self.reward(before, best.last.mean);
                    Score {
                        // Some seeds or starts failed: it is worth what the others are worth together.
                        reward: reward * share(failed, report.seeds.len() * starts.len()),
                        rate: Some(best.rate),
                    }
                }
                None => Score {
                    reward: 0.0,
                    rate: None,
                },
            })
            .collect()
    }

    /// How far down a run came: the share of twelve powers of ten by which the distance to the least value has shrunk. Where no least value is
    /// known, the share of the first value that is gone, with 1 for none or less.
    fn reward(&self, before: f64, after: f64) -> f64 {
        let reward = match self.objective.least() {
            Some(least) => {
                let (before, after) = (before - least, (after - least).max(0.0));
                if after == 0.0 {
                    1.0
                } else {
                    libm::log10(before / after) / DECADES
                }
            }
            None => (before - after) / before.abs().max(f64::MIN_POSITIVE),
        };
        if reward.is_nan() {
            0.0
        } else {
            reward.clamp(0.0, 1.0)
        }
    }
}

/// Neighbouring rules that are run side by side: not too many, and as much for each core.
fn shares<'a, 'r>(rules: &'a [&'r Rule], together: usize, cores: usize) -> Vec<&'a [&'r Rule]> {
    let count = rules.len().div_ceil(together).next_multiple_of(cores);
    let place = |index: usize| rules.len() * index / count;
    let shares = (0..count).map(|index| &rules[place(index)..place(index + 1)]);
    shares.filter(|share| !share.is_empty()).collect()
}

#[allow(clippy::cast_precision_loss, reason = "few runs")]
fn share(failed: usize, of: usize) -> f64 {
    1.0 - failed as f64 / of.max(1) as f64
}
