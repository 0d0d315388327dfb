//! The pictures of a report on training.

use super::look::shortened;
use super::{Curves, Picture, PlotError, Race, Series};
use crate::bench::rate_text;
use crate::lab::message::Point;
use crate::lab::{Entry, Report};
use crate::op::number_text;

/// The longest name of a rule in a legend.
const NAME_LIMIT: usize = 36;

impl Picture {
    /// The validation metric by epoch, every rule at its best learning rate: the mean over its seeds.
    ///
    /// # Errors
    /// No rule has a point.
    pub fn of_training(report: &Report) -> Result<Self, PlotError> {
        let metric = report.metric();
        let (what, failed) = (format!("validation {}", metric.name()), metric.chance());
        let curves = by_epoch(report, &what, &|point| point.metric, failed);
        if curves.series.is_empty() {
            return Err(PlotError::EmptyReport);
        }
        let missing = report.plan.rules.iter().zip(&report.entries);
        Ok(Self::Report(Race {
            curves,
            landscape: None,
            notes: missing
                .filter(|(_, entry)| points(entry, &|point| point.metric, failed).is_empty())
                .map(|(rule, _)| format!("{}: no run", shortened(&rule.name, NAME_LIMIT)))
                .collect(),
        }))
    }

    /// The training loss by epoch, every rule at its best learning rate.
    pub fn of_losses(report: &Report) -> Option<Self> {
        let curves = by_epoch(report, "training loss", &|point| point.loss, None);
        (!curves.series.is_empty()).then_some(Self::Curves(curves))
    }

    /// What each learning rate of the sweep came to.
    pub fn of_sweep(report: &Report) -> Option<Self> {
        let metric = report.metric();
        let mut series = Vec::new();
        for (rule, entry) in report.plan.rules.iter().zip(&report.entries) {
            let points: Vec<(f64, f64)> = entry
                .sweep
                .iter()
                .filter_map(|run| Some((libm::log10(run.rate), run.last(metric)?)))
                .collect();
            if points.len() > 1 {
                series.push(Series {
                    name: shortened(&rule.name, NAME_LIMIT),
                    points,
                });
            }
        }
        (!series.is_empty()).then(|| {
            Self::Curves(Curves {
                title: format!(
                    "{}: the sweep over learning rates",
                    shortened(&report.plan.name, NAME_LIMIT)
                ),
                x_label: "log10 of the learning rate".to_owned(),
                y_label: format!("validation {}", metric.name()),
                series,
                log_y: false,
            })
        })
    }
}

fn by_epoch(
    report: &Report,
    what: &str,
    of: &dyn Fn(&Point) -> f64,
    failed: Option<f64>,
) -> Curves {
    let mut series = Vec::new();
    for index in report.ranking() {
        let (rule, entry) = (&report.plan.rules[index], &report.entries[index]);
        let points = points(entry, of, failed);
        if points.is_empty() {
            continue;
        }
        let rate = entry.rate.map_or_else(String::new, rate_text);
        series.push(Series {
            name: format!("{}, lr {rate}", shortened(&rule.name, NAME_LIMIT)),
            points,
        });
    }
    Curves {
        title: title(report),
        x_label: "epoch".to_owned(),
        y_label: what.to_owned(),
        series,
        log_y: false,
    }
}

/// The means over the seeds, epoch by epoch, as far as all have one. A run that failed is worth so much from then on: without it the others
/// would look like all.
fn points(entry: &Entry, of: &dyn Fn(&Point) -> f64, failed: Option<f64>) -> Vec<(f64, f64)> {
    let runs = || {
        entry
            .runs
            .iter()
            .filter(|run| !run.is_interrupted() || entry.runs.len() == 1)
    };
    let longest = runs().map(|run| run.curve.len()).max().unwrap_or(0);
    let mut points = Vec::new();
    for index in 0..longest {
        let values: Option<Vec<f64>> = runs()
            .map(|run| {
                let failed = failed.filter(|_| !run.is_finished() && !run.is_interrupted());
                run.curve.get(index).map(of).or(failed)
            })
            .collect();
        let epoch = runs().find_map(|run| run.curve.get(index));
        let (Some(values), Some(epoch)) = (values, epoch) else {
            break;
        };
        points.push((
            f64::from(epoch.epoch),
            crate::bench::mean(values.into_iter()),
        ));
    }
    points
}

fn title(report: &Report) -> String {
    let plan = &report.plan;
    let mut parts = vec![shortened(&plan.name, NAME_LIMIT)];
    if plan.seeds.len() > 1 {
        parts.push(format!("mean of {} seeds", plan.seeds.len()));
    }
    if let [rate] = plan.rates.as_slice() {
        parts.push(format!("learning rate {}", number_text(*rate)));
    }
    if !report.is_complete {
        parts.push("interrupted".to_owned());
    }
    parts.join(", ")
}
