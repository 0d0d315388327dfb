//! The training loop: one trial from its first step, or from its checkpoint, to its end.

use super::{Learner, Library, checkpoint};
use crate::optimizer::{self, Optimizer, Plan};
use crate::torch;
use nos::lab::message::{End, Event, Failure, Outcome, Point, Trial};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use tch::Tensor;

/// How a trial speaks to whoever asked for it.
pub trait Control {
    /// Says something.
    fn say(&mut self, event: Event);

    /// Whether the trial is to stop.
    fn is_cancelled(&self) -> bool;
}

/// How far a trial has come.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// Steps done.
    pub(super) step: u64,
    /// One point an epoch.
    curve: Vec<Point>,
    /// The losses of the epoch at hand, added up.
    loss_sum: f64,
    /// The loss, smoothed, before its correction for the start at 0.
    smooth: f64,
    seconds: f64,
    optimizer_seconds: f64,
}

/// How much of the smoothed loss stays from step to step.
const SMOOTHING: f64 = 0.98;
/// The time between two reports of progress.
const PAUSE: Duration = Duration::from_millis(250);

/// Does a trial.
///
/// # Errors
/// Why it could not be done; [`Failure::Cancelled`] where it was stopped, after its state was written.
pub fn run(
    trial: &Trial,
    library: &mut Library,
    control: &mut dyn Control,
) -> Result<Outcome, Failure> {
    let device = torch::device(trial.settings.device.as_deref())?;
    torch::use_threads(trial.settings.threads);
    let plan = plan(trial)?;
    let learner = library.learner(&trial.task, &trial.settings, trial.seed, device)?;
    let epoch_steps = learner.epoch_steps();
    let steps = epoch_steps * u64::from(trial.settings.epochs);
    let optimizer = Optimizer::new(Plan { steps, ..plan }, &learner.vars().shapes(), device)?;
    let mut training = Training {
        trial,
        learner,
        optimizer,
        control,
        epoch_steps,
        steps,
        progress: Progress::default(),
        saved: Instant::now(),
    };
    training.resume()?;
    training.control.say(Event::Started {
        trial: trial.id,
        task: training.learner.description(),
        steps,
        from: training.progress.step,
    });
    training.run()
}

struct Training<'a> {
    trial: &'a Trial,
    learner: Box<dyn Learner>,
    optimizer: Optimizer,
    control: &'a mut dyn Control,
    epoch_steps: u64,
    steps: u64,
    progress: Progress,
    /// When the state was last written, or the trial began.
    saved: Instant,
}

impl Training<'_> {
    fn resume(&mut self) -> Result<(), Failure> {
        if let Some(folder) = &self.trial.checkpoint
            && let Some(progress) =
                checkpoint::load(self.trial, folder, &mut *self.learner, &mut self.optimizer)?
        {
            self.progress = progress;
        }
        Ok(())
    }

    fn run(mut self) -> Result<Outcome, Failure> {
        let mut said = None;
        loop {
            if self.is_epoch_due() && !self.epoch()? {
                return Ok(self.diverged());
            }
            if self.progress.step >= self.steps {
                break;
            }
            if let Some(end) = self.early_end() {
                return Ok(self.outcome(end, None));
            }
            if self.control.is_cancelled() {
                return self.cancelled();
            }
            if !self.step()? {
                return Ok(self.diverged());
            }
            // Where an epoch is due its end writes the state, and knows more.
            let pause = self.trial.settings.checkpoint_every;
            if self.saved.elapsed().as_secs_f64() >= pause && !self.is_epoch_due() {
                self.save()?;
            }
            if said.is_none_or(|said: Instant| said.elapsed() >= PAUSE) {
                said = Some(Instant::now());
                self.report();
            }
        }
        let mut test = None;
        if self.trial.settings.test {
            let control = &*self.control;
            test = self
                .learner
                .test(&|| control.is_cancelled())
                .map(|score| score.metric);
            if self.control.is_cancelled() {
                return self.cancelled();
            }
        }
        Ok(self.outcome(End::Finished, test))
    }

    /// One step; whether its loss was finite.
    fn step(&mut self) -> Result<bool, Failure> {
        let start = Instant::now();
        let loss = self.learner.loss(self.progress.step);
        let params = self.learner.vars().params();
        let grads = Tensor::f_run_backward(&[&loss], params, false, false)
            .map_err(|error| torch::failure(&error))?;
        let value = loss.double_value(&[]);
        if !value.is_finite() {
            return Ok(false);
        }
        let before = Instant::now();
        if let Some(norm) = self.trial.settings.clip_norm {
            clip(&grads, norm);
        }
        self.optimizer.step(params, &grads)?;
        let progress = &mut self.progress;
        progress.optimizer_seconds += before.elapsed().as_secs_f64();
        progress.step += 1;
        progress.loss_sum += value;
        progress.smooth = SMOOTHING * progress.smooth + (1.0 - SMOOTHING) * value;
        progress.seconds += start.elapsed().as_secs_f64();
        Ok(true)
    }

    /// Whether the steps of an epoch are done and it has not been validated.
    fn is_epoch_due(&self) -> bool {
        self.progress.step == (self.progress.curve.len() as u64 + 1) * self.epoch_steps
    }

    /// The end of an epoch: validation, checkpoint; whether all numbers are finite.
    fn epoch(&mut self) -> Result<bool, Failure> {
        let control = &*self.control;
        let Some(score) = self.learner.validate(&|| control.is_cancelled()) else {
            return self.cancelled();
        };
        let is_finite = |param: &Tensor| param.isfinite().all().int64_value(&[]) != 0;
        if !score.loss.is_finite() || !self.learner.vars().params().iter().all(is_finite) {
            return Ok(false);
        }
        let progress = &mut self.progress;
        let point = Point {
            epoch: u32::try_from(progress.curve.len() + 1).unwrap_or(u32::MAX),
            step: progress.step,
            loss: progress.loss_sum / number(self.epoch_steps),
            valid_loss: score.loss,
            metric: score.metric,
            seconds: progress.seconds,
        };
        progress.loss_sum = 0.0;
        progress.curve.push(point);
        self.save()?;
        self.report();
        self.control.say(Event::Epoch {
            trial: self.trial.id,
            point,
        });
        Ok(true)
    }

    /// Why a trial ends before its last step: after its first epoch it was where it began.
    fn early_end(&self) -> Option<End> {
        let [point] = self.progress.curve[..] else {
            return None;
        };
        let is_over = self.trial.settings.early_stop && self.learner.is_at_chance(&point);
        is_over.then_some(End::AtChance { step: point.step })
    }

    fn report(&mut self) {
        let progress = &self.progress;
        let known = 1.0 - SMOOTHING.powi(i32::try_from(progress.step).unwrap_or(i32::MAX));
        self.control.say(Event::Progress {
            trial: self.trial.id,
            step: progress.step,
            loss: progress.smooth / known,
            seconds: progress.seconds,
        });
    }

    fn save(&mut self) -> Result<(), Failure> {
        if let Some(folder) = &self.trial.checkpoint {
            checkpoint::save(
                self.trial,
                folder,
                &*self.learner,
                &self.optimizer,
                &self.progress,
            )?;
        }
        self.saved = Instant::now();
        Ok(())
    }

    /// The end of a trial that was stopped: it can go on from here.
    fn cancelled<T>(&mut self) -> Result<T, Failure> {
        self.save()?;
        Err(Failure::Cancelled)
    }

    fn diverged(self) -> Outcome {
        let step = self.progress.step;
        self.outcome(End::Diverged { step }, None)
    }

    fn outcome(self, end: End, test: Option<f64>) -> Outcome {
        Outcome {
            end,
            test,
            steps: self.progress.step,
            seconds: self.progress.seconds,
            state_bytes: self.optimizer.state_bytes() as u64,
            optimizer_seconds: self.progress.optimizer_seconds,
            curve: self.progress.curve,
        }
    }
}

/// The optimizer of a trial; how many steps there are is not known yet.
fn plan(trial: &Trial) -> Result<Plan, Failure> {
    let rule = optimizer::read(&trial.rule)?;
    let schedule = trial.schedule.as_deref().map(optimizer::read).transpose()?;
    Ok(Plan {
        rule: optimizer::with_decay(&rule, trial.settings.weight_decay),
        schedule,
        rate: trial.rate,
        steps: 0,
        seed: trial.seed,
    })
}

/// Scales gradients of a greater norm, all together, to it.
fn clip(grads: &[Tensor], limit: f64) {
    let squares = grads
        .iter()
        .map(|grad| grad.norm().double_value(&[]).powi(2));
    let norm = squares.sum::<f64>().sqrt();
    if norm > limit {
        for grad in grads {
            let _ = grad.shallow_clone().g_mul_scalar_(limit / norm);
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "steps past 2^53 are out of reach"
)]
fn number(steps: u64) -> f64 {
    steps as f64
}
