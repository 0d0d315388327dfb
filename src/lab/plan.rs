//! What is to be trained: every rule, every learning rate, every seed.

use super::message::{self, Metric, Settings};
use super::task::Subject;
use crate::bench::Candidate;
use serde::{Deserialize, Serialize};

/// Training examples of a trial that tries a learning rate (section 4.2 of the paper).
pub const SWEEP_EXAMPLES: u32 = 10_000;

/// Words of such a trial on text: ten thousand would be a handful of steps.
pub const SWEEP_WORDS: u32 = 100_000;

/// Epochs at the best learning rate (section 4.2 of the paper).
pub const EPOCHS: u32 = 5;

/// Seconds without a sign of life after which a trial is given up.
pub const PATIENCE: f64 = 600.0;

/// Everything that decides what a comparison of rules finds, complete by itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The task as the language writes it, without the places of files.
    pub name: String,
    /// The task.
    pub task: message::Task,
    /// The rules: those asked for, then the baselines.
    pub rules: Vec<Entrant>,
    /// The learning rates, ascending. Where there are several, each is tried with the first seed and the best one trains on.
    pub rates: Vec<f64>,
    /// How a learning rate is tried.
    pub sweep: Settings,
    /// How the best one trains.
    pub training: Settings,
    /// What multiplies the learning rate at each step, in the language.
    pub schedule: Option<String>,
    /// The seeds; each trains once at the best learning rate.
    pub seeds: Vec<u64>,
    /// Seconds without a sign of life after which a trial is given up.
    pub patience: f64,
}

/// A rule that takes part.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entrant {
    /// As the user named it.
    pub name: String,
    /// Its formula, for readers.
    pub formula: String,
    /// Its text in the language, complete by itself.
    pub text: String,
    /// State slots per parameter.
    pub slots: usize,
    /// Whether it stands here for comparison.
    pub is_baseline: bool,
}

impl Entrant {
    /// A rule as it is written down.
    pub fn of(candidate: &Candidate) -> Self {
        Self {
            name: candidate.name.clone(),
            formula: candidate.formula.clone(),
            text: candidate.rule.text(),
            slots: candidate.slots,
            is_baseline: candidate.is_baseline,
        }
    }
}

/// What a trial of a plan is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// To try a learning rate.
    Sweep,
    /// To be judged by.
    Training,
}

impl Stage {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Training => "training",
        }
    }
}

/// A trial of a plan.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Key {
    /// The rule: its place in the plan.
    pub entry: usize,
    /// What the trial is for.
    pub stage: Stage,
    /// The learning rate.
    pub rate: f64,
    /// The seed.
    pub seed: u64,
}

impl Plan {
    /// Whether learning rates are tried before one of them trains.
    pub fn has_sweep(&self) -> bool {
        self.rates.len() > 1
    }

    /// What is measured.
    pub fn metric(&self) -> Metric {
        match self.task.net.subject() {
            Subject::Images => Metric::Accuracy,
            Subject::Text => Metric::Perplexity,
        }
    }

    /// How the trials of a stage are trained.
    pub fn settings(&self, stage: Stage) -> &Settings {
        match stage {
            Stage::Sweep => &self.sweep,
            Stage::Training => &self.training,
        }
    }
}

impl Metric {
    /// Its name: `accuracy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Perplexity => "perplexity",
        }
    }

    /// What a run is worth that failed: chance among ten classes. There is no such number for text.
    pub fn chance(self) -> Option<f64> {
        match self {
            Self::Accuracy => Some(0.1),
            Self::Perplexity => None,
        }
    }

    /// Whether the first number is better.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        match self {
            Self::Accuracy => a > b,
            Self::Perplexity => a < b,
        }
    }

    /// The better of two numbers.
    #[must_use]
    pub fn better(self, a: f64, b: f64) -> f64 {
        if self.is_better(b, a) || a.is_nan() {
            b
        } else {
            a
        }
    }
}
