//! What a benchmark found, as plain data: printed as a table, drawn, saved as JSON or RON and read back.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The version of the format that is written.
pub const FORMAT: u32 = 1;

/// Every rule on one task: the same steps, the same grid of learning rates, the same seeds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The version of this format.
    pub format: u32,
    /// Its number in the store, where it is kept in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<i64>,
    /// What was minimised.
    pub task: Task,
    /// Steps of every run.
    pub steps: u64,
    /// The grid of learning rates, ascending.
    pub rates: Vec<f64>,
    /// The seeds of the noise; one where there is none.
    pub seeds: Vec<u64>,
    /// Where runs start; the task's own start alone where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Vec<f64>>,
    /// One entry a rule, in the order given; baselines after them.
    pub entries: Vec<Entry>,
    /// Whether every run was done: an interrupted benchmark keeps what it has.
    pub is_complete: bool,
}

/// The test function of a benchmark.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its name in the language.
    pub name: String,
    /// Its formula.
    pub formula: String,
    /// The names of its coordinates.
    pub coordinates: Vec<String>,
    /// Where every run starts.
    pub start: Vec<f64>,
    /// The known minima; empty where none is known.
    pub minima: Vec<Vec<f64>>,
    /// The value at the minima.
    pub least: Option<f64>,
    /// Standard deviation of the noise added to each coordinate of the gradient.
    pub noise: f64,
}

/// One rule's runs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The rule as the user named it: `powersign(base: 2)`.
    pub name: String,
    /// Its formula.
    pub formula: String,
    /// Whether it stands here for comparison.
    pub is_baseline: bool,
    /// State slots per parameter.
    pub slots: usize,
    /// One row per learning rate, in the order of [`Report::rates`]; fewer when interrupted.
    pub cells: Vec<Cell>,
    /// The learning rate whose runs ended lowest; none where every one failed.
    pub best: Option<Best>,
}

/// All starts and seeds at one learning rate.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// The learning rate.
    pub rate: f64,
    /// One run per start and seed, in the order of [`Report::starts`], those of one start in the order of [`Report::seeds`].
    pub runs: Vec<Run>,
}

/// One run. Of a failed one, everything but the first field speaks of the steps before the failure.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The number of steps after which the update, a weight or the value was first not finite: the run is a failure then.
    pub failed_at: Option<u64>,
    /// The value after the last step (noise-free).
    pub last: f64,
    /// The lowest value met.
    pub lowest: f64,
    /// Euclidean distance of the last point to the nearest known minimum.
    pub distance: Option<f64>,
    /// Steps until the value is within 1e-3 of the least.
    pub to_1e3: Option<u64>,
    /// Steps until the value is within 1e-6 of the least.
    pub to_1e6: Option<u64>,
}

/// A rule at its best learning rate, over the runs there that did not fail.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// The learning rate.
    pub rate: f64,
    /// The value after the last step.
    pub last: Estimate,
    /// The lowest value met.
    pub lowest: Estimate,
    /// Distance of the last point to the nearest known minimum.
    pub distance: Option<Estimate>,
    /// Steps until within 1e-3 of the least value; none where some seed failed or never got there.
    pub to_1e3: Option<Estimate>,
    /// Steps until within 1e-6 of the least value; none where some seed failed or never got there.
    pub to_1e6: Option<Estimate>,
    /// The share of all runs that came within 1e-3 of the least value; none where that is not known.
    #[serde(default)]
    pub solved: Option<f64>,
    /// The points of the first run, thinned to at most a thousand: what the pictures show.
    pub path: Vec<Point>,
}

/// A mean over seeds with its uncertainty.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Half the width of the 95 % confidence interval (Student's t); none with a single seed.
    pub half_width: Option<f64>,
}

/// One point of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Steps done.
    pub step: u64,
    /// Where the run stands.
    pub at: Vec<f64>,
    /// The value there (noise-free).
    pub value: f64,
}

impl Report {
    /// The entries by what they reached, best first: fewest failed runs, lowest mean last value, lowest value; entries
    /// without any finished run last. Equal ones stay in the order of the report.
    pub fn ranking(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by(|a, b| self.entries[*a].compare(&self.entries[*b]));
        order
    }
}

impl Entry {
    /// The runs at the best learning rate.
    pub fn best_cell(&self) -> Option<&Cell> {
        let rate = self.best.as_ref()?.rate;
        self.cells
            .iter()
            .find(|cell| cell.rate.to_bits() == rate.to_bits())
    }

    /// Which of two rules came further, as [`Report::ranking`] has it: `Less` where it is this one.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self.best_cell(), other.best_cell()) {
            (Some(cell), Some(other)) => cell.compare(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
}

impl Cell {
    /// How many runs failed.
    pub fn failures(&self) -> usize {
        self.runs
            .iter()
            .filter(|run| run.failed_at.is_some())
            .count()
    }

    /// The runs that did not fail.
    pub fn finished(&self) -> impl Iterator<Item = &Run> + Clone {
        self.runs.iter().filter(|run| run.failed_at.is_none())
    }

    /// Better is less: fewest failed runs, then lowest mean last value, then lowest value met.
    pub fn compare(&self, other: &Self) -> Ordering {
        let last = |cell: &Self| super::mean(cell.finished().map(|run| run.last));
        let lowest = |cell: &Self| super::mean(cell.finished().map(|run| run.lowest));
        self.failures()
            .cmp(&other.failures())
            .then_with(|| last(self).total_cmp(&last(other)))
            .then_with(|| lowest(self).total_cmp(&lowest(other)))
    }
}
