//! What training found, as plain data: printed as a table, drawn, saved and read back.

use super::message::{Description, End, Metric, Outcome, Point};
use super::plan::Plan;
use super::trainer::About;
use crate::bench::report::Estimate;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The version of the format that is written.
pub const FORMAT: u32 = 1;

/// Rules on one task with the same budget.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The version of this format.
    pub training_format: u32,
    /// The version of `nos`.
    pub version: String,
    /// Its number in the store, where it is kept in one.
    pub run: Option<i64>,
    /// What was to be done.
    pub plan: Plan,
    /// The task as it was, once something was trained.
    pub task: Option<Description>,
    /// What did the work, once something was trained.
    pub about: Option<About>,
    /// One entry a rule, in the order of the plan.
    pub entries: Vec<Entry>,
    /// Whether all was done: an interrupted run keeps what it has.
    pub is_complete: bool,
}

/// One rule's runs.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The learning rates that were tried, ascending; empty where there was only one.
    pub sweep: Vec<Training>,
    /// The learning rate that trained on; none where every one failed or not all were tried.
    pub rate: Option<f64>,
    /// One run a seed.
    pub runs: Vec<Training>,
}

/// One network, trained once.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The learning rate.
    pub rate: f64,
    /// The seed.
    pub seed: u64,
    /// How it ended.
    pub end: Ending,
    /// One point an epoch.
    pub curve: Vec<Point>,
    /// The metric on test data, where it was asked for.
    pub test: Option<f64>,
    /// Steps done.
    pub steps: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// Of these, those of the optimizer.
    pub optimizer_seconds: f64,
    /// Bytes of optimizer state.
    pub state_bytes: u64,
}

/// How a training ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Ending {
    /// All steps were done.
    Finished,
    /// Something was not finite.
    Diverged {
        /// After how many steps.
        step: u64,
    },
    /// It had not left chance.
    AtChance {
        /// After how many steps.
        step: u64,
    },
    /// It could not be done.
    Failed {
        /// Why not.
        why: String,
    },
    /// It was stopped, or the program ended.
    Interrupted,
}

/// A rule against the best one of a report, over seeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The best.
    Best,
    /// Its interval overlaps that of the best.
    Tie,
    /// Worse, and the intervals are apart.
    Behind,
}

impl Training {
    /// A training that ended before it had an outcome.
    pub fn without_outcome(rate: f64, seed: u64, end: Ending, curve: Vec<Point>) -> Self {
        let last = curve.last().copied();
        Self {
            rate,
            seed,
            end,
            test: None,
            steps: last.map_or(0, |point| point.step),
            seconds: last.map_or(0.0, |point| point.seconds),
            optimizer_seconds: 0.0,
            state_bytes: 0,
            curve,
        }
    }

    /// A training with its outcome.
    pub fn of(rate: f64, seed: u64, outcome: Outcome) -> Self {
        let end = match outcome.end {
            End::Finished => Ending::Finished,
            End::Diverged { step } => Ending::Diverged { step },
            End::AtChance { step } => Ending::AtChance { step },
        };
        Self {
            rate,
            seed,
            end,
            curve: outcome.curve,
            test: outcome.test,
            steps: outcome.steps,
            seconds: outcome.seconds,
            optimizer_seconds: outcome.optimizer_seconds,
            state_bytes: outcome.state_bytes,
        }
    }

    /// Whether it was stopped: then it says nothing of the rule.
    pub fn is_interrupted(&self) -> bool {
        self.end == Ending::Interrupted
    }

    /// Whether it has an outcome, good or bad: it need not be done again.
    pub fn is_over(&self) -> bool {
        match self.end {
            Ending::Finished | Ending::Diverged { .. } | Ending::AtChance { .. } => true,
            Ending::Failed { .. } | Ending::Interrupted => false,
        }
    }

    /// Whether it came to its end.
    pub fn is_finished(&self) -> bool {
        self.end == Ending::Finished
    }

    /// The metric at the end: chance of a run that failed, nothing of one that was stopped or for which there is no such number.
    pub fn last(&self, metric: Metric) -> Option<f64> {
        match self.end {
            Ending::Finished => self
                .curve
                .last()
                .map(|point| point.metric)
                .filter(|value| value.is_finite())
                .or(metric.chance()),
            Ending::Diverged { .. } | Ending::AtChance { .. } | Ending::Failed { .. } => {
                metric.chance()
            }
            Ending::Interrupted => None,
        }
    }

    /// The best metric of any epoch.
    pub fn best(&self, metric: Metric) -> Option<f64> {
        if self.is_interrupted() {
            return None;
        }
        let values = self.curve.iter().map(|point| point.metric);
        values
            .filter(|value| value.is_finite())
            .reduce(|a, b| metric.better(a, b))
            .or(metric.chance())
    }
}

impl Entry {
    /// What the rule is judged by: the metric at the end, over seeds. Chance where no learning rate could be trained with.
    pub fn reward(&self, metric: Metric) -> Option<Estimate> {
        if self.runs.is_empty() && !self.sweep.is_empty() && self.rate.is_none() {
            let is_over = self.sweep.iter().all(|run| !run.is_interrupted());
            return metric.chance().filter(|_| is_over).map(|mean| Estimate {
                mean,
                half_width: None,
            });
        }
        self.over_seeds(|run| run.last(metric))
    }

    /// The best metric of any epoch, over seeds.
    pub fn best(&self, metric: Metric) -> Option<Estimate> {
        self.over_seeds(|run| run.best(metric))
    }

    /// The metric on test data, over seeds.
    pub fn test(&self) -> Option<Estimate> {
        self.over_seeds(|run| run.test)
    }

    /// Seconds of training, of all its runs together.
    pub fn seconds(&self) -> f64 {
        self.sweep
            .iter()
            .chain(&self.runs)
            .map(|run| run.seconds)
            .sum()
    }

    /// Whether a run was stopped before its end.
    pub fn is_interrupted(&self) -> bool {
        self.sweep
            .iter()
            .chain(&self.runs)
            .any(Training::is_interrupted)
    }

    /// An estimate over the runs that were not stopped; none where one of these has no such number.
    fn over_seeds(&self, of: impl Fn(&Training) -> Option<f64>) -> Option<Estimate> {
        let values: Option<Vec<f64>> = self
            .runs
            .iter()
            .filter(|run| !run.is_interrupted())
            .map(of)
            .collect();
        Estimate::of(values?.into_iter())
    }
}

impl Report {
    /// What is measured.
    pub fn metric(&self) -> Metric {
        self.task
            .as_ref()
            .map_or_else(|| self.plan.metric(), |task| task.metric)
    }

    /// The entries by their reward, best first; those without one last, equal ones in the order of the plan.
    pub fn ranking(&self) -> Vec<usize> {
        let metric = self.metric();
        let rewards: Vec<Option<f64>> = self
            .entries
            .iter()
            .map(|entry| entry.reward(metric).map(|reward| reward.mean))
            .collect();
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by(|a, b| match (rewards[*a], rewards[*b]) {
            (Some(a), Some(b)) if metric.is_better(a, b) => Ordering::Less,
            (Some(a), Some(b)) if metric.is_better(b, a) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), Some(_)) | (None, None) => Ordering::Equal,
        });
        order
    }

    /// Each entry against the best one; nothing can be said without intervals, of one seed or a failed rule.
    pub fn verdicts(&self) -> Vec<Option<Verdict>> {
        let metric = self.metric();
        let interval = |index: usize| {
            let reward = self.entries[index].reward(metric)?;
            Some((reward.mean, reward.half_width?))
        };
        let best = self.ranking().first().copied();
        let Some((best, (mean, half))) = best.and_then(|best| Some((best, interval(best)?))) else {
            return vec![None; self.entries.len()];
        };
        (0..self.entries.len())
            .map(|index| {
                let (other, width) = interval(index)?;
                Some(if index == best {
                    Verdict::Best
                } else if (other - mean).abs() <= half + width {
                    Verdict::Tie
                } else {
                    Verdict::Behind
                })
            })
            .collect()
    }
}

impl Verdict {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Tie => "tie",
            Self::Behind => "behind",
        }
    }
}
