//! How far a plan is, and how long it will still take.

use super::message::{Event, Metric};
use super::plan::{Key, Plan, Stage};
use crate::bench::{digits, rate_text, short_name};
use std::fmt::Write;

/// Training examples where it is not known yet how many there are: those of CIFAR-10.
const EXAMPLES: f64 = 45_000.0;

/// How far a plan is.
#[derive(Clone, PartialEq, Debug)]
pub struct Progress {
    /// The share of the work that is done, 0 to 1.
    pub done: f64,
    /// What is being done: rule, learning rate, epoch, time left, loss, metric; what matters most comes first, for a line may be cut.
    pub what: String,
}

/// Measures work in examples seen, and time by the seconds that the trainer reports.
pub(super) struct Meter {
    metric: Metric,
    has_many_seeds: bool,
    epochs: [f64; 2],
    examples: [Option<f64>; 2],
    trials: [f64; 2],
    all: f64,
    finished: [f64; 2],
    measured: (f64, f64),
    trial: Option<AtWork>,
}

struct AtWork {
    stage: Stage,
    what: String,
    /// The share of its steps that is done.
    share: f64,
    from: f64,
    steps: f64,
    seconds: f64,
    loss: Option<f64>,
    value: Option<f64>,
}

impl Meter {
    pub(super) fn new(plan: &Plan) -> Self {
        let rules = count(plan.rules.len());
        let sweeps = if plan.has_sweep() {
            count(plan.rates.len())
        } else {
            0.0
        };
        let settings = [&plan.sweep, &plan.training];
        Self {
            metric: plan.metric(),
            has_many_seeds: plan.seeds.len() > 1,
            epochs: settings.map(|settings| f64::from(settings.epochs)),
            examples: settings.map(|settings| settings.examples.map(f64::from)),
            trials: [rules * sweeps, rules * count(plan.seeds.len())],
            all: EXAMPLES,
            finished: [0.0; 2],
            measured: (0.0, 0.0),
            trial: None,
        }
    }

    /// The work of one trial of a stage.
    fn weight(&self, stage: Stage) -> f64 {
        let index = stage as usize;
        self.epochs[index] * self.examples[index].map_or(self.all, |some| some.min(self.all))
    }

    /// Trials that need not be done.
    pub(super) fn skip(&mut self, stage: Stage, trials: usize) {
        self.finished[stage as usize] += count(trials);
    }

    pub(super) fn begin(&mut self, rule: &str, key: &Key) {
        let mut what = format!("{}, lr {}", short_name(rule), rate_text(key.rate));
        if key.stage == Stage::Training && self.has_many_seeds {
            let _ = write!(what, ", seed {}", key.seed);
        }
        self.trial = Some(AtWork {
            stage: key.stage,
            what,
            share: 0.0,
            from: 0.0,
            steps: 0.0,
            seconds: 0.0,
            loss: None,
            value: None,
        });
    }

    pub(super) fn hear(&mut self, event: &Event) {
        let Some(trial) = &mut self.trial else { return };
        match event {
            Event::Started {
                task, steps, from, ..
            } => {
                self.all = number(task.train).max(1.0);
                trial.steps = number(*steps).max(1.0);
                trial.from = number(*from) / trial.steps;
                trial.share = trial.from;
            }
            Event::Progress {
                step,
                loss,
                seconds,
                ..
            } => {
                trial.share = number(*step) / trial.steps.max(1.0);
                trial.seconds = *seconds;
                trial.loss = Some(*loss);
            }
            Event::Epoch { point, .. } => {
                trial.share = number(point.step) / trial.steps.max(1.0);
                trial.seconds = point.seconds;
                trial.loss = Some(point.loss);
                trial.value = Some(point.metric);
            }
            Event::Ready { .. }
            | Event::Described(_)
            | Event::Done { .. }
            | Event::Failed { .. }
            | Event::Rejected { .. } => {}
        }
    }

    pub(super) fn end(&mut self) {
        if let Some(trial) = self.trial.take() {
            let done = (trial.share - trial.from).max(0.0) * self.weight(trial.stage);
            self.measured.0 += done;
            self.measured.1 += trial.seconds;
            self.finished[trial.stage as usize] += 1.0;
        }
    }

    pub(super) fn progress(&self) -> Progress {
        let weights = [Stage::Sweep, Stage::Training].map(|stage| self.weight(stage));
        let sum = |counts: &[f64; 2]| counts[0] * weights[0] + counts[1] * weights[1];
        let total = sum(&self.trials).max(1.0);
        let mut done = sum(&self.finished);
        let (mut work, mut seconds) = self.measured;
        let mut what = String::new();
        if let Some(trial) = &self.trial {
            let weight = weights[trial.stage as usize];
            done += trial.share.clamp(0.0, 1.0) * weight;
            work += (trial.share - trial.from).max(0.0) * weight;
            seconds += trial.seconds;
            what.clone_from(&trial.what);
            let epochs = self.epochs[trial.stage as usize];
            if epochs > 1.0 {
                let epoch = (trial.share * epochs).floor().min(epochs - 1.0) + 1.0;
                let _ = write!(what, ", epoch {epoch}/{epochs}");
            }
        }
        if work > 0.0 && seconds > 0.0 {
            let left = (total - done).max(0.0) * seconds / work;
            let _ = write!(what, ", {} left", duration(left));
        }
        if let Some(trial) = &self.trial {
            if let Some(loss) = trial.loss {
                let _ = write!(what, ", loss {}", digits(loss));
            }
            if let Some(value) = trial.value {
                let _ = write!(what, ", {} {}", self.metric.name(), digits(value));
            }
        }
        Progress {
            // A bar that is full is taken away; the last trial is still at work.
            done: (done / total).clamp(0.0, 0.999),
            what,
        }
    }
}

/// Seconds in words: `40 s`, `3 min`, `1 h 20 min`.
pub fn duration(seconds: f64) -> String {
    if seconds < 59.5 {
        return format!("{} s", seconds.round());
    }
    let minutes = (seconds / 60.0).round();
    if minutes < 60.0 {
        return format!("{minutes} min");
    }
    let (hours, rest) = ((minutes / 60.0).floor(), minutes % 60.0);
    if rest == 0.0 {
        format!("{hours} h")
    } else {
        format!("{hours} h {rest} min")
    }
}

#[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
fn count(len: usize) -> f64 {
    len as f64
}

#[allow(clippy::cast_precision_loss, reason = "for show")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_read_at_a_glance() {
        for (seconds, want) in [
            (0.4, "0 s"),
            (59.4, "59 s"),
            (59.6, "1 min"),
            (150.0, "3 min"),
            (3600.0, "1 h"),
            (4790.0, "1 h 20 min"),
        ] {
            assert_eq!(duration(seconds), want);
        }
    }
}
