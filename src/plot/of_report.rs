//! The picture of a report.

use super::axis::is_drawn;
use super::landscape::{Landscape, Sketch};
use super::look::shortened;
use super::{Curves, Picture, PlotError, Race, Series, Surface};
use crate::bench::rate_text;
use crate::bench::report::{Best, Entry, Report};
use crate::op::number_text;

/// The longest name of a rule in a legend.
const NAME_LIMIT: usize = 36;

/// How many coordinates of the start the title spells out.
const START_LIMIT: usize = 4;

impl Picture {
    /// The picture of a report: every rule at its best learning rate.
    ///
    /// `surface` is the function that was minimised, for the contours under the paths; it is asked only when the task has two
    /// coordinates. The paths are there without it too.
    pub fn of_report(report: &Report, surface: Option<&Surface<'_>>) -> Result<Self, PlotError> {
        if report.entries.is_empty() {
            return Err(PlotError::EmptyReport);
        }
        let failed = report.entries.iter().filter(|entry| entry.best.is_none());
        Ok(Self::Report(Race {
            curves: curves(report),
            landscape: landscape(report, surface).map(Box::new),
            notes: failed
                .map(|entry| format!("{}: every run failed", name(entry)))
                .collect(),
        }))
    }
}

fn curves(report: &Report) -> Curves {
    let least = report.task.least.filter(|least| is_drawn(*least));
    let mut series: Vec<Series> = Vec::new();
    for entry in &report.entries {
        let Some(best) = &entry.best else { continue };
        let points = best.path.iter().map(|point| {
            #[expect(clippy::cast_precision_loss)] // A pixel is far wider than the error.
            let step = point.step as f64;
            (step, point.value - least.unwrap_or(0.0))
        });
        series.push(Series {
            name: format!("{}, lr {}", name(entry), rate_text(best.rate)),
            points: points.collect(),
        });
    }
    let log_y = raise_to_positive(&mut series, least.is_some());
    Curves {
        title: title(report),
        x_label: "step".to_owned(),
        y_label: if least.is_some() {
            "value - least"
        } else {
            "value"
        }
        .to_owned(),
        series,
        log_y,
    }
}

/// Whether a logarithmic axis can hold all the values.
///
/// A run that reaches the least value to the last bit, or passes below it by rounding, still belongs there: it ends at the
/// smallest positive value in the picture.
fn raise_to_positive(series: &mut [Series], is_above_least: bool) -> bool {
    let values = || {
        series
            .iter()
            .flat_map(|series| &series.points)
            .map(|point| point.1)
            .filter(|value| is_drawn(*value))
    };
    let smallest = values()
        .filter(|value| *value > 0.0)
        .fold(f64::INFINITY, f64::min);
    let largest = values().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let allowed = if is_above_least {
        -1e-9 * largest
    } else {
        f64::MIN_POSITIVE
    };
    if !smallest.is_finite() || values().any(|value| value < allowed) {
        return false;
    }
    for point in series.iter_mut().flat_map(|series| &mut series.points) {
        if point.1 <= 0.0 && is_drawn(point.1) {
            point.1 = smallest;
        }
    }
    true
}

fn landscape(report: &Report, surface: Option<&Surface<'_>>) -> Option<Landscape> {
    let task = &report.task;
    let start = pair(&task.start).filter(|(x, y)| is_drawn(*x) && is_drawn(*y))?;
    let ran = report
        .entries
        .iter()
        .filter_map(|entry| entry.best.as_ref());
    let path = |best: &Best| {
        best.path
            .iter()
            .filter_map(|point| pair(&point.at))
            .collect()
    };
    let label = |index: usize, otherwise| {
        task.coordinates
            .get(index)
            .map_or(otherwise, String::as_str)
    };
    let sketch = Sketch {
        labels: [label(0, "x"), label(1, "y")],
        start,
        minima: task
            .minima
            .iter()
            .filter_map(|minimum| pair(minimum))
            .collect(),
        paths: ran.map(path).collect(),
        least: task.least,
    };
    Some(Landscape::new(&sketch, surface))
}

fn pair(coordinates: &[f64]) -> Option<(f64, f64)> {
    match coordinates {
        [x, y] => Some((*x, *y)),
        _ => None,
    }
}

fn name(entry: &Entry) -> String {
    shortened(&entry.name, NAME_LIMIT)
}

/// What was done, in a line: the task, the start, the steps and what else decides the numbers.
fn title(report: &Report) -> String {
    let task = &report.task;
    let name = shortened(&task.name, NAME_LIMIT);
    let mut parts = vec![
        match report.starts.as_slice() {
            [] => format!("{name} from {}", start_text(&task.start)),
            [one] => format!("{name} from {}", start_text(one)),
            [first, ..] => format!(
                "{name} from {}, first of {} starts",
                start_text(first),
                report.starts.len()
            ),
        },
        plural(report.steps, "step"),
    ];
    if task.noise != 0.0 {
        parts.push(format!("gradient noise {}", number_text(task.noise)));
    }
    if report.seeds.len() > 1 {
        parts.push(format!("first of {} seeds", report.seeds.len()));
    }
    if !report.is_complete {
        parts.push("interrupted".to_owned());
    }
    parts.join(", ")
}

fn start_text(start: &[f64]) -> String {
    let shown: Vec<String> = start
        .iter()
        .take(START_LIMIT)
        .map(|value| number_text(*value))
        .collect();
    let rest = start.len().saturating_sub(START_LIMIT);
    let shown = shown.join(", ");
    match (start.len(), rest) {
        (1, _) => shown,
        (_, 0) => format!("({shown})"),
        (_, rest) => format!("({shown}, and {rest} more)"),
    }
}

fn plural(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}
