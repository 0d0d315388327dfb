//! One run: a rule descends a test function.

use super::report::{Point, Run};
use crate::engine::noise::{self, Source};
use crate::engine::{EngineError, Objective, ObjectiveEvaluator, Runner, TensorShape};
use crate::ir::Rule;
use std::ops::ControlFlow;

/// The most points of a path.
const PATH: u64 = 1000;
/// Steps between two calls that ask whether to go on.
const BEAT: u64 = 1000;

/// A rule on a test function, with all buffers that its runs need.
pub(super) struct Descent<'a> {
    runner: Runner,
    schedule: Option<Runner>,
    objective: &'a Objective,
    evaluator: ObjectiveEvaluator,
    least: Option<f64>,
    steps: u64,
    w: Vec<f64>,
    before: Vec<f64>,
    g: Vec<f64>,
    noise: Vec<f64>,
}

/// The points of a run, thinned as they come.
#[derive(Default)]
pub(super) struct Path {
    steps: Vec<u64>,
    at: Vec<f64>,
    values: Vec<f64>,
}

impl<'a> Descent<'a> {
    pub(super) fn new(
        rule: &Rule,
        schedule: Option<&Rule>,
        objective: &'a Objective,
        steps: u64,
    ) -> Result<Self, EngineError> {
        let dimension = objective.start().len();
        let schedule = schedule.map(|rule| Runner::new(rule, &[TensorShape::Vector(1)], 0));
        Ok(Self {
            runner: Runner::new(rule, &[TensorShape::Vector(dimension)], 0)?,
            schedule: schedule.transpose()?,
            objective,
            evaluator: objective.evaluator(),
            least: objective.least(),
            steps,
            w: vec![0.0; dimension],
            before: vec![0.0; dimension],
            g: vec![0.0; dimension],
            noise: vec![0.0; dimension],
        })
    }

    /// Runs from the start; `beat` is told from time to time how many steps are done, and can stop the run: then
    /// there is none.
    pub(super) fn run(
        &mut self,
        rate: f64,
        seed: u64,
        mut path: Option<&mut Path>,
        beat: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Option<Run> {
        self.runner.reset(seed);
        if let Some(schedule) = &mut self.schedule {
            schedule.reset(seed);
        }
        self.w.copy_from_slice(self.objective.start());
        let mut value = self.evaluator.value_and_gradient(&self.w, &mut self.g);
        let mut run = Run {
            failed_at: None,
            last: value,
            lowest: value,
            distance: None,
            to_1e3: None,
            to_1e6: None,
        };
        self.note(&mut run, 0, value);
        if let Some(path) = &mut path {
            path.offer(0, self.steps, &self.w, value);
        }
        let mut done = 0;
        while done < self.steps {
            self.before.copy_from_slice(&self.w);
            if self.advance(rate, seed, done).is_none() {
                run.failed_at = Some(done + 1);
                break;
            }
            value = self.evaluator.value_and_gradient(&self.w, &mut self.g);
            if !value.is_finite() {
                run.failed_at = Some(done + 1);
                break;
            }
            done += 1;
            self.note(&mut run, done, value);
            if let Some(path) = &mut path {
                path.offer(done, self.steps, &self.w, value);
            }
            if done.is_multiple_of(BEAT) && beat(done).is_break() {
                return None;
            }
        }
        if run.failed_at.is_some() {
            self.w.copy_from_slice(&self.before);
        }
        if let Some(path) = path {
            path.end(done, &self.w, run.last);
        }
        run.distance = self.distance();
        Some(run)
    }

    /// One step of the weights; none where the update or a weight is not finite.
    fn advance(&mut self, rate: f64, seed: u64, step: u64) -> Option<()> {
        if self.objective.noise() > 0.0 {
            let source = Source {
                seed,
                stream: noise::STREAM_GRADIENT,
                tensor: 0,
                step,
            };
            noise::fill_normal(source, &mut self.noise);
            for (g, noise) in self.g.iter_mut().zip(&self.noise) {
                *g += self.objective.noise() * noise;
            }
        }
        let factor = match &mut self.schedule {
            Some(schedule) => {
                let update = schedule.update(0, &[0.0], &[0.0], step, self.steps);
                rate * update.expect("a schedule has one value")[0]
            }
            None => rate,
        };
        let update = self
            .runner
            .update(0, &self.w, &self.g, step, self.steps)
            .expect("the buffers have the objective's length");
        for (w, u) in self.w.iter_mut().zip(update) {
            *w -= factor * u;
        }
        let is_finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        (is_finite(update) && is_finite(&self.w)).then_some(())
    }

    fn note(&self, run: &mut Run, done: u64, value: f64) {
        run.last = value;
        run.lowest = run.lowest.min(value);
        if let Some(least) = self.least {
            if value - least <= 1e-3 && run.to_1e3.is_none() {
                run.to_1e3 = Some(done);
            }
            if value - least <= 1e-6 && run.to_1e6.is_none() {
                run.to_1e6 = Some(done);
            }
        }
    }

    /// From where the weights are to the nearest minimum.
    fn distance(&self) -> Option<f64> {
        let to = |minimum: &Vec<f64>| {
            let pairs = self.w.iter().zip(minimum);
            pairs.fold(0.0, |sum, (w, best)| libm::hypot(sum, w - best))
        };
        let minima = self.objective.minima().iter();
        let nearest = minima.map(to).min_by(f64::total_cmp);
        nearest.filter(|distance| distance.is_finite())
    }
}

impl Path {
    pub(super) fn clear(&mut self) {
        self.steps.clear();
        self.at.clear();
        self.values.clear();
    }

    /// Keeps the point if it is one of a thousand at even distances, the first and the last among them.
    fn offer(&mut self, step: u64, total: u64, at: &[f64], value: f64) {
        let next = u64::try_from(self.steps.len()).unwrap_or(PATH);
        let due = if total < PATH {
            next
        } else {
            let due = u128::from(next) * u128::from(total) / u128::from(PATH - 1);
            u64::try_from(due).unwrap_or(u64::MAX)
        };
        if step == due {
            self.push(step, at, value);
        }
    }

    /// Keeps the point where the run ended, wherever that was.
    fn end(&mut self, step: u64, at: &[f64], value: f64) {
        if self.steps.last() != Some(&step) {
            self.push(step, at, value);
        }
    }

    fn push(&mut self, step: u64, at: &[f64], value: f64) {
        self.steps.push(step);
        self.at.extend_from_slice(at);
        self.values.push(value);
    }

    pub(super) fn points(&self) -> Vec<Point> {
        let dimension = self.at.len() / self.steps.len().max(1);
        let marks = self.steps.iter().zip(&self.values).enumerate();
        marks
            .map(|(index, (step, value))| Point {
                step: *step,
                at: self.at[index * dimension..(index + 1) * dimension].to_vec(),
                value: *value,
            })
            .collect()
    }
}
