//! What is searched, as data; and why there can be no search.

use super::crew::Halt;
use super::ppo;
use super::space::{Sentence, Space, SpaceError};
use super::task::Task;
use crate::bench::BenchError;
use crate::ir::Rule;
use crate::lab::Stop;
use serde::{Deserialize, Serialize};
use std::fmt;

/// All that decides what a search finds, complete by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The space.
    pub space: Space,
    /// The tasks; a reward is the mean over them.
    pub tasks: Vec<Task>,
    /// The policies that search, side by side.
    pub policies: Vec<Which>,
    /// How often each searches, with seeds from 0.
    pub seeds: u64,
    /// Trials of each policy and seed.
    pub budget: u64,
    /// How many of the best are kept.
    pub leaders: usize,
    /// How the controller learns.
    pub ppo: ppo::Settings,
    /// Sentences that the controller imitates before it starts.
    pub imitated: Vec<Sentence>,
    /// Rules that stand beside the best ones at the end.
    pub baselines: Vec<Named>,
}

/// A rule under a name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// What it is called.
    pub name: String,
    /// Its formula, for readers.
    pub formula: String,
    /// The rule.
    pub rule: Rule,
}

/// One policy with one seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leg {
    /// Its number in the search.
    pub index: usize,
    /// The policy.
    pub policy: Which,
    /// Its seed.
    pub seed: u64,
}

impl Spec {
    /// The legs of the search in their order: all policies with the first seed, then with the next.
    pub fn legs(&self) -> Vec<Leg> {
        let legs =
            (0..self.seeds).flat_map(|seed| self.policies.iter().map(move |which| (seed, which)));
        legs.enumerate()
            .map(|(index, (seed, policy))| Leg {
                index,
                policy: *policy,
                seed,
            })
            .collect()
    }

    /// What the trainings of a trial on one of the tasks are called in the journal's notebook; the last of them is below [`Spec::entries`].
    pub(super) fn entry(&self, leg: usize, trial: u64, task: usize) -> usize {
        let trial = (leg as u64)
            .saturating_mul(self.budget)
            .saturating_add(trial);
        let entry = trial.saturating_mul(self.tasks.len() as u64);
        usize::try_from(entry.saturating_add(task as u64)).unwrap_or(usize::MAX)
    }

    /// How many trainings all trials can have.
    pub(super) fn entries(&self) -> usize {
        self.entry(
            self.policies.len() * usize::try_from(self.seeds).unwrap_or(usize::MAX),
            0,
            0,
        )
    }
}

/// The policies by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The paper's controller.
    Ppo,
    /// All sentences equally likely.
    Random,
    /// Regularised evolution.
    Evolution,
}

impl Which {
    /// All.
    pub const ALL: [Self; 3] = [Self::Ppo, Self::Random, Self::Evolution];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ppo => "ppo",
            Self::Random => "random",
            Self::Evolution => "evolution",
        }
    }
}

/// Why there is no search, or no more of it.
#[derive(Clone, PartialEq, Debug)]
pub enum SearchError {
    /// The space is none.
    Space(SpaceError),
    /// A task is none.
    Task(BenchError),
    /// Networks cannot be trained.
    Lab(Stop),
    /// What happened could not be written down or read.
    Journal(String),
    /// The training of a network was stopped: the batch has not been.
    Stopped,
}

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Space(error) => error.fmt(f),
            Self::Task(error) => error.fmt(f),
            Self::Lab(Stop::Unavailable { why, .. }) => f.write_str(why),
            Self::Lab(
                Stop::Data { message } | Stop::Task { message } | Stop::Notebook { message },
            )
            | Self::Journal(message) => f.write_str(message),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

impl std::error::Error for SearchError {}

impl From<SpaceError> for SearchError {
    fn from(error: SpaceError) -> Self {
        Self::Space(error)
    }
}

impl From<BenchError> for SearchError {
    fn from(error: BenchError) -> Self {
        Self::Task(error)
    }
}

impl From<Halt> for SearchError {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Stopped => Self::Stopped,
            Halt::Broken(stop) => Self::Lab(stop),
        }
    }
}
