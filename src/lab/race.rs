//! Races on test functions that are kept: what was to be raced, and what is known of it.
//!
//! A race is over in moments, so it is no work for a lab and has nothing to resume. It is kept as it was begun and as it ended.

use super::archive::Record;
use super::plan::Entrant;
use crate::bench::Report;
use serde::{Deserialize, Serialize};

/// Everything that decides what a race finds, complete by itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Race {
    /// The test function by its name in the language.
    pub name: String,
    /// Its formula.
    pub formula: String,
    /// The rules: those asked for, then the baselines.
    pub rules: Vec<Entrant>,
    /// Steps of every run.
    pub steps: u64,
    /// The learning rates.
    pub rates: Vec<f64>,
    /// What multiplies the learning rate at each step, in the language.
    pub schedule: Option<String>,
    /// The seeds of the noise.
    pub seeds: Vec<u64>,
    /// Where runs start; the function's own start alone where there are none.
    pub starts: Vec<Vec<f64>>,
}

/// A race with its report.
#[derive(Clone, PartialEq, Debug)]
pub struct KeptRace {
    /// At a glance.
    pub record: Record,
    /// What was to be raced.
    pub race: Race,
    /// What came of it; none while it is at work, and where its program was cut off.
    pub report: Option<Report>,
}
