//! The picture of a search: rewards over trials (Figure 4 of the paper), policies side by side.

use super::{Curves, Picture, PlotError, Series};
use crate::search::describe::Found;
use crate::search::run::CurvePoint;
use crate::search::{Outcome, Which};

impl Picture {
    /// For each policy the mean reward of stretches of trials and the best reward until then, both as means over seeds.
    ///
    /// # Errors
    /// No trial was done.
    pub fn of_search(found: &Found) -> Result<Self, PlotError> {
        let mut series = Vec::new();
        for policy in Which::ALL {
            let own: Vec<&Outcome> = found
                .outcomes
                .iter()
                .filter(|outcome| outcome.leg.policy == policy)
                .collect();
            for (what, of) in [
                (
                    "",
                    (&|point: &CurvePoint| point.mean) as &dyn Fn(&CurvePoint) -> f64,
                ),
                (", best until then", &|point| point.best),
            ] {
                let points = means(&own, of);
                if !points.is_empty() {
                    series.push(Series {
                        name: format!("{}{what}", policy.name()),
                        points,
                    });
                }
            }
        }
        if series.is_empty() {
            return Err(PlotError::EmptyReport);
        }
        Ok(Self::Curves(Curves {
            title: format!("search on {}", found.tasks()),
            x_label: "trial".to_owned(),
            y_label: "reward".to_owned(),
            series,
            log_y: false,
        }))
    }
}

/// Points of a curve: more would be noise.
const POINTS: usize = 40;

/// The mean over the outcomes that have come so far, some stretches together.
#[allow(clippy::cast_precision_loss, reason = "trials are far fewer than 2^53")]
fn means(outcomes: &[&Outcome], of: &dyn Fn(&CurvePoint) -> f64) -> Vec<(f64, f64)> {
    let longest = outcomes.iter().map(|outcome| outcome.curve.len()).max();
    let longest = longest.unwrap_or(0);
    let together = longest.div_ceil(POINTS).max(1);
    (0..longest)
        .step_by(together)
        .map(|start| {
            let points = outcomes
                .iter()
                .flat_map(|outcome| outcome.curve.iter().skip(start).take(together));
            let trials = points.clone().map(|point| point.trials as f64);
            (
                crate::bench::mean(trials),
                crate::bench::mean(points.map(of)),
            )
        })
        .collect()
}
