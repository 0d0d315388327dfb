//! The best rules once more, before they are called found: other seeds, other starts, baselines beside them with the same sweep.

use super::crew::Job;
use super::run::{Leader, Tools};
use super::spec::{SearchError, Spec};
use super::task::{Function, Task};
use crate::bench::{self, Candidate, Report};
use crate::lab::{self, Entrant, Plan};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Starts at random where a function says where they lie.
const STARTS: u64 = 20;
/// Seeds that each network is trained with.
const SEEDS: u64 = 3;
/// What the seeds of a search lie below.
const FRESH: u64 = 1000;

/// The leaders and the baselines on one of the tasks; leaders come first in both.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// On a test function.
    Race(Box<Report>),
    /// On a network.
    Training(Box<lab::Report>),
}

/// The best rules of a search on all its tasks, with seeds and starts that it has not seen. `names` are what the leaders are called.
///
/// # Errors
/// A task that is none, or that networks cannot be trained; [`SearchError::Stopped`] where that was asked for.
pub fn again(
    spec: &Spec,
    leaders: &[Leader],
    names: &[String],
    tools: &mut Tools<'_>,
) -> Result<Vec<Again>, SearchError> {
    let mut candidates: Vec<Candidate> = leaders
        .iter()
        .zip(names)
        .map(|(leader, name)| Candidate::new(name, leader.rule.clone()))
        .collect();
    candidates.extend(spec.baselines.iter().map(|baseline| Candidate {
        is_baseline: true,
        formula: baseline.formula.clone(),
        ..Candidate::new(&baseline.name, baseline.rule.clone())
    }));
    let nets = spec
        .tasks
        .iter()
        .filter(|task| matches!(task, Task::Net(_)));
    let is_only = nets.count() == 1;
    let tasks = spec.tasks.iter().enumerate();
    tasks
        .map(|(index, task)| match task {
            Task::Function(function) => Ok(Again::Race(Box::new(raced(function, &candidates)?))),
            Task::Net(plan) => {
                let first = spec.entries() + index * candidates.len();
                let report = trained(plan, &candidates, first, is_only, tools)?;
                Ok(Again::Training(Box::new(report)))
            }
        })
        .collect()
}

fn raced(function: &Function, candidates: &[Candidate]) -> Result<Report, SearchError> {
    let starts = function
        .objective
        .random_starts(STARTS, 1)
        .unwrap_or_default();
    let seeds: Vec<u64> = function.seeds.iter().map(|own| own + FRESH).collect();
    Ok(function.race(candidates, function.steps, &seeds, &starts)?)
}

/// One job a rule, put together to one report.
fn trained(
    plan: &Plan,
    candidates: &[Candidate],
    first: usize,
    is_only: bool,
    tools: &mut Tools<'_>,
) -> Result<lab::Report, SearchError> {
    let plan = Plan {
        rules: candidates.iter().map(Entrant::of).collect(),
        seeds: (FRESH..FRESH + SEEDS).collect(),
        ..plan.clone()
    };
    let jobs = plan.rules.iter().zip(first..).map(|(rule, entry)| Job {
        entry,
        plan: Plan {
            rules: vec![rule.clone()],
            ..plan.clone()
        },
    });
    let progress = &mut tools.progress;
    let now = super::run::Progress::of_end();
    let mut notebook = tools.journal.notebook();
    let reports = tools
        .crew
        .work(jobs.collect(), &mut *notebook, &mut |done, total, at| {
            let at = format!("once more, rule {} of {total}: {at}", (done + 1).min(total));
            progress(&super::run::Progress { at, ..now.clone() })
        })?;
    let mut whole = lab::Report {
        training_format: lab::FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: None,
        plan,
        task: None,
        about: None,
        entries: Vec::new(),
        is_complete: true,
    };
    for report in reports {
        whole.entries.extend(report.entries);
        whole.task = whole.task.or(report.task);
        whole.about = whole.about.or(report.about);
    }
    drop(notebook);
    if is_only {
        // Where all was known nobody has said it again.
        let (task, about) = tools.journal.described().map_err(SearchError::Journal)?;
        whole.task = whole.task.or(task);
        whole.about = whole.about.or(about);
    } else {
        // The journal has one description; reports are the same whether they are told by it or not.
        (whole.task, whole.about) = (None, None);
    }
    Ok(whole)
}

impl Again {
    /// The same as a part of a run of the store.
    #[must_use]
    pub fn of_run(mut self, run: i64) -> Self {
        match &mut self {
            Self::Race(report) => report.run = Some(run),
            Self::Training(report) => report.run = Some(run),
        }
        self
    }

    /// What the rules reached on the task, in the order of the report, as places: 1 for the best, halves where two are equal.
    pub fn ranks(&self) -> Vec<f64> {
        match self {
            Self::Race(report) => places(&report.entries, bench::report::Entry::compare),
            Self::Training(report) => {
                let metric = report.metric();
                places(&report.entries, |a, b| {
                    let mean = |entry: &lab::Entry| entry.reward(metric).map(|it| it.mean);
                    match (mean(a), mean(b)) {
                        (Some(a), Some(b)) if metric.is_better(a, b) => Ordering::Less,
                        (Some(a), Some(b)) if metric.is_better(b, a) => Ordering::Greater,
                        (a, b) => b.is_some().cmp(&a.is_some()),
                    }
                })
            }
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "few rules")]
fn places<E>(entries: &[E], compare: impl Fn(&E, &E) -> Ordering) -> Vec<f64> {
    let place = |own: &E| {
        let count = |of| {
            let them = entries.iter().filter(|other| compare(other, own) == of);
            them.count() as f64
        };
        // Its own place, and half of those who share it.
        1.0 + count(Ordering::Less) + (count(Ordering::Equal) - 1.0) / 2.0
    };
    entries.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    #[allow(clippy::float_cmp, reason = "halves are exact")]
    fn equal_ones_share_their_places() {
        assert_eq!(places(&[3, 1, 2], i32::cmp), [3.0, 1.0, 2.0]);
        assert_eq!(places(&[5, 1, 5, 9], i32::cmp), [2.5, 1.0, 2.5, 4.0]);
        assert_eq!(places(&[7, 7, 7], i32::cmp), [2.0, 2.0, 2.0]);
    }
}
