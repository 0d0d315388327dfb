//! The paper's protocol (section 4.2): every learning rate gets a short run, the best one trains on, and what it reaches is the reward.
//!
//! All rules get the same learning rates, examples, epochs and seeds. The protocol knows no process and no file: what trains is a
//! [`Trainer`], what remembers a [`Notebook`]. It asks for trials in a fixed order and decides by their outcomes alone, so the same outcomes
//! give the same report: a run is resumed, and read back from the store, by doing it again with what is known.

use super::message::{Description, Event, Failure, Trial};
use super::notebook::Notebook;
use super::plan::{Key, Plan, Stage};
use super::progress::{Meter, Progress};
use super::report::{Ending, Entry, FORMAT, Report, Training};
use super::trainer::{Trainer, Trouble};
use std::ops::ControlFlow;

/// Why there is no report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// Nothing can be trained at all.
    Unavailable {
        /// Why not.
        why: String,
        /// What to do.
        help: String,
    },
    /// The data are missing or broken.
    Data {
        /// Which file, and what is wrong.
        message: String,
    },
    /// The task or a setting makes no sense.
    Task {
        /// Why not.
        message: String,
    },
    /// What happened could not be written down.
    Notebook {
        /// Why not.
        message: String,
    },
}

/// Trains every rule of a plan. When `progress` breaks off, the report holds what was done until then.
///
/// # Errors
/// What keeps every trial from being done. What befalls one trial stands in the report.
pub fn run(
    plan: &Plan,
    trainer: &mut dyn Trainer,
    notebook: &mut dyn Notebook,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Report, Stop> {
    let mut work = Work {
        plan,
        trainer,
        notebook,
        meter: Meter::new(plan),
        progress,
        task: None,
        is_stopped: false,
    };
    let mut entries = Vec::with_capacity(plan.rules.len());
    for index in 0..plan.rules.len() {
        entries.push(work.entry(index)?);
    }
    let (task, is_complete) = (work.task, !work.is_stopped);
    Ok(Report {
        training_format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: None,
        plan: plan.clone(),
        task,
        about: trainer.about(),
        entries,
        is_complete,
    })
}

struct Work<'a> {
    plan: &'a Plan,
    trainer: &'a mut dyn Trainer,
    notebook: &'a mut dyn Notebook,
    meter: Meter,
    progress: &'a mut dyn FnMut(&Progress) -> ControlFlow<()>,
    task: Option<Description>,
    is_stopped: bool,
}

impl Work<'_> {
    fn entry(&mut self, entry: usize) -> Result<Entry, Stop> {
        let mut done = Entry::default();
        let plan = self.plan;
        let key = |stage, rate, seed| Key {
            entry,
            stage,
            rate,
            seed,
        };
        if plan.has_sweep() {
            let seed = plan.seeds.first().copied().unwrap_or(0);
            for rate in &plan.rates {
                if self.is_stopped {
                    return Ok(done);
                }
                done.sweep.push(self.trial(key(Stage::Sweep, *rate, seed))?);
            }
            done.rate = self.chosen(&done.sweep);
        } else {
            done.rate = plan.rates.first().copied();
        }
        let Some(rate) = done.rate else {
            self.meter.skip(Stage::Training, plan.seeds.len());
            return Ok(done);
        };
        for seed in &plan.seeds {
            if self.is_stopped {
                break;
            }
            done.runs
                .push(self.trial(key(Stage::Training, rate, *seed))?);
        }
        Ok(done)
    }

    /// The learning rate whose short run ended best, of equal ones the least; none where all failed or the sweep was stopped.
    fn chosen(&self, sweep: &[Training]) -> Option<f64> {
        if sweep.iter().any(Training::is_interrupted) {
            return None;
        }
        let metric = self.plan.metric();
        let finished = sweep.iter().filter(|run| run.is_finished());
        let mut best: Option<(f64, f64)> = None;
        for run in finished {
            let Some(value) = run.last(metric) else {
                continue;
            };
            if best.is_none_or(|(_, so_far)| metric.is_better(value, so_far)) {
                best = Some((run.rate, value));
            }
        }
        best.map(|(rate, _)| rate)
    }

    fn trial(&mut self, key: Key) -> Result<Training, Stop> {
        if let Some(known) = self.notebook.recall(&key) {
            self.meter.skip(key.stage, 1);
            self.is_stopped |= known.is_interrupted();
            return Ok(known);
        }
        let note = |message| Stop::Notebook { message };
        let plan = self.plan;
        self.meter.begin(&plan.rules[key.entry].name, &key);
        if (self.progress)(&self.meter.progress()).is_break() {
            self.is_stopped = true;
            return Ok(interrupted(&key, Vec::new()));
        }
        let checkpoint = self.notebook.begin(&key).map_err(note)?;
        let trial = Trial {
            id: 0,
            task: plan.task.clone(),
            rule: plan.rules[key.entry].text.clone(),
            rate: key.rate,
            schedule: plan.schedule.clone(),
            seed: key.seed,
            settings: plan.settings(key.stage).clone(),
            checkpoint,
        };
        let mut curve = Vec::new();
        let mut trouble = None;
        let about = self.trainer.about();
        let (notebook, meter, task) = (&mut *self.notebook, &mut self.meter, &mut self.task);
        let progress = &mut self.progress;
        let result = self.trainer.train(&trial, plan.patience, &mut |event| {
            if let Some(event) = event {
                meter.hear(event);
            }
            // Written down at once: what follows may never come.
            let written = match event {
                Some(Event::Started { task: found, .. }) if task.as_ref() != Some(found) => {
                    *task = Some(found.clone());
                    notebook.describe(found, about.as_ref())
                }
                Some(Event::Epoch { point, .. }) => {
                    curve.push(*point);
                    notebook.point(&key, point)
                }
                Some(_) | None => Ok(()),
            };
            if let Err(message) = written {
                trouble = Some(message);
                return ControlFlow::Break(());
            }
            progress(&meter.progress())
        });
        if let Some(message) = trouble {
            return Err(note(message));
        }
        let training = match result {
            Ok(outcome) => Training::of(key.rate, key.seed, outcome),
            Err(Trouble::Unavailable { why, help }) => {
                return Err(Stop::Unavailable { why, help });
            }
            Err(Trouble::Failed(Failure::Data { message })) => return Err(Stop::Data { message }),
            Err(Trouble::Failed(Failure::Task { message })) => return Err(Stop::Task { message }),
            Err(Trouble::Failed(Failure::Cancelled)) => {
                self.is_stopped = true;
                interrupted(&key, curve)
            }
            Err(Trouble::Failed(
                failure @ (Failure::Rule { .. }
                | Failure::Torch { .. }
                | Failure::Checkpoint { .. }),
            )) => failed(&key, failure.to_string(), curve),
            Err(Trouble::Lost { why }) => failed(&key, why, curve),
        };
        self.notebook.end(&key, &training).map_err(note)?;
        self.meter.end();
        Ok(training)
    }
}

fn interrupted(key: &Key, curve: Vec<super::message::Point>) -> Training {
    Training::without_outcome(key.rate, key.seed, Ending::Interrupted, curve)
}

fn failed(key: &Key, why: String, curve: Vec<super::message::Point>) -> Training {
    Training::without_outcome(key.rate, key.seed, Ending::Failed { why }, curve)
}
