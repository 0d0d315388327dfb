//! Many runs in step: rules with their learning rates and seeds as lanes of one batch.
//!
//! All lanes are at the same step, so the test function is evaluated for all of them at once and each rule for all of its own. A
//! lane whose run has failed is left alone from then on; what it computes is not looked at.

#![allow(
    clippy::eq_op,
    reason = "a difference with itself tells finite numbers from others"
)]

use super::report::{Point, Run};
use crate::engine::noise::{self, Source};
use crate::engine::{EngineError, Lanes, Objective, ObjectiveLanes, Runner, TensorShape};
use crate::ir::Rule;
use std::ops::ControlFlow;

/// The most points of a path.
const PATH: u64 = 1000;
/// Steps between two calls that ask whether to go on.
const BEAT: u64 = 1000;

/// One run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    /// The rule's place among the candidates.
    pub(super) entry: usize,
    pub(super) rate: f64,
    pub(super) seed: u64,
    /// Whether its path is wanted.
    pub(super) has_path: bool,
}

/// What became of one run.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) run: Run,
    pub(super) path: Path,
}

/// The points of a run, thinned as they come.
#[derive(Clone, Default, Debug)]
pub(super) struct Path {
    steps: Vec<u64>,
    at: Vec<f64>,
    values: Vec<f64>,
}

/// What all runs of a benchmark share.
pub(super) struct Setup<'a> {
    pub(super) rules: Vec<&'a Rule>,
    pub(super) schedule: Option<&'a Rule>,
    pub(super) objective: &'a Objective,
    pub(super) least: Option<f64>,
    pub(super) steps: u64,
}

/// One rule's lanes: neighbours among the lanes of the batch.
struct Part {
    lanes: Lanes,
    first: usize,
    w: Vec<f64>,
    g: Vec<f64>,
    factors: Vec<f64>,
    /// 1 for lanes that are over, else 0.
    is_over: Vec<f64>,
}

/// Runs from the start; `beat` is told from time to time how many steps are done, and can stop them all: then there is nothing.
///
/// # Errors
/// What keeps a rule from running.
pub(super) fn run(
    setup: &Setup<'_>,
    tasks: &[Task],
    beat: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Option<Vec<Outcome>>, EngineError> {
    let mut batch = Batch::new(setup, tasks)?;
    Ok(batch.run(beat).then(|| batch.outcomes()))
}

struct Batch<'a> {
    setup: &'a Setup<'a>,
    tasks: &'a [Task],
    dimension: usize,
    parts: Vec<Part>,
    function: ObjectiveLanes,
    /// One a seed: the schedule may be random.
    schedules: Vec<(u64, Runner)>,
    is_over: Vec<bool>,
    runs: Vec<Run>,
    paths: Vec<Path>,
    before: Vec<f64>,
    /// Where each run ended.
    ends: Vec<Vec<f64>>,
    noise: Vec<f64>,
}

impl<'a> Batch<'a> {
    fn new(setup: &'a Setup<'a>, tasks: &'a [Task]) -> Result<Self, EngineError> {
        let dimension = setup.objective.start().len();
        let mut parts: Vec<Part> = Vec::new();
        let mut first = 0;
        for group in tasks.chunk_by(|a, b| a.entry == b.entry) {
            let seeds: Vec<u64> = group.iter().map(|task| task.seed).collect();
            let lanes = Lanes::new(setup.rules[group[0].entry], dimension, &seeds)?;
            let start = setup.objective.start().iter();
            parts.push(Part {
                lanes,
                first,
                w: start
                    .flat_map(|x| std::iter::repeat_n(*x, group.len()))
                    .collect(),
                g: vec![0.0; dimension * group.len()],
                factors: group.iter().map(|task| task.rate).collect(),
                is_over: vec![0.0; group.len()],
            });
            first += group.len();
        }
        let mut schedules: Vec<(u64, Runner)> = Vec::new();
        if let Some(rule) = setup.schedule {
            for task in tasks {
                if schedules.iter().all(|(seed, _)| *seed != task.seed) {
                    let runner = Runner::new(rule, &[TensorShape::Vector(1)], task.seed)?;
                    schedules.push((task.seed, runner));
                }
            }
        }
        let fresh = Run {
            failed_at: None,
            last: f64::INFINITY,
            lowest: f64::INFINITY,
            distance: None,
            to_1e3: None,
            to_1e6: None,
        };
        Ok(Self {
            setup,
            tasks,
            dimension,
            function: ObjectiveLanes::new(setup.objective, tasks.len()),
            schedules,
            is_over: vec![false; tasks.len()],
            runs: vec![fresh; tasks.len()],
            paths: vec![Path::default(); tasks.len()],
            before: Vec::new(),
            ends: vec![Vec::new(); tasks.len()],
            noise: vec![0.0; dimension],
            parts,
        })
    }

    /// All steps; whether they were done.
    fn run(&mut self, beat: &mut dyn FnMut(u64) -> ControlFlow<()>) -> bool {
        let steps = self.setup.steps;
        self.evaluate();
        self.note(0);
        let mut next_mark = Mark::default();
        self.mark(0, &mut next_mark);
        let mut left = self.tasks.len();
        let mut done = 0;
        while done < steps && left > 0 {
            left -= self.advance(done);
            self.evaluate();
            left -= self.fail_at_values(done);
            done += 1;
            self.note(done);
            self.mark(done, &mut next_mark);
            if done.is_multiple_of(BEAT) && beat(done).is_break() {
                return false;
            }
        }
        for lane in 0..self.tasks.len() {
            if !self.is_over[lane] {
                self.finish(lane, done);
            }
        }
        true
    }

    /// Values and gradients where the lanes are.
    fn evaluate(&mut self) {
        for part in &self.parts {
            let count = part.lanes.count();
            for (coordinate, w) in part.w.chunks_exact(count).enumerate() {
                let target = self.function.coordinate_mut(coordinate);
                target[part.first..part.first + count].copy_from_slice(w);
            }
        }
        self.function.run();
    }

    /// One step of the weights; how many lanes fail at it.
    fn advance(&mut self, step: u64) -> usize {
        let mut failed = Vec::new();
        if self.setup.schedule.is_some() {
            self.factors(step);
        }
        let noise = self.setup.objective.noise();
        self.before.clear();
        for part in &mut self.parts {
            let count = part.lanes.count();
            for (coordinate, g) in part.g.chunks_exact_mut(count).enumerate() {
                let partials = self.function.partials(coordinate);
                g.copy_from_slice(&partials[part.first..part.first + count]);
            }
            if noise > 0.0 {
                for lane in 0..count {
                    let source = Source {
                        seed: self.tasks[part.first + lane].seed,
                        stream: noise::STREAM_GRADIENT,
                        tensor: 0,
                        step,
                    };
                    noise::fill_normal(source, &mut self.noise);
                    for (coordinate, draw) in self.noise.iter().enumerate() {
                        part.g[coordinate * count + lane] += noise * draw;
                    }
                }
            }
            self.before.extend_from_slice(&part.w);
            let update = part.lanes.update(&part.w, &part.g, step, self.setup.steps);
            // A difference with itself is 0 exactly where a number is finite.
            let mut trouble = 0.0;
            let rows = part
                .w
                .chunks_exact_mut(count)
                .zip(update.chunks_exact(count));
            for (w, update) in rows {
                let lanes = part.factors.iter().zip(&part.is_over);
                for ((w, u), (factor, is_over)) in w.iter_mut().zip(update).zip(lanes) {
                    *w -= factor * u;
                    let own = (*w - *w) + (u - u);
                    trouble += if *is_over == 0.0 { own } else { 0.0 };
                }
            }
            if trouble != 0.0 {
                for lane in 0..count {
                    let places = (0..self.dimension).map(|i| i * count + lane);
                    let mut values = places.map(|place| (part.w[place], update[place]));
                    let is_finite = values.all(|(w, u)| w.is_finite() && u.is_finite());
                    if !is_finite && !self.is_over[part.first + lane] {
                        failed.push(part.first + lane);
                    }
                }
            }
        }
        for lane in &failed {
            self.fail(*lane, step);
        }
        failed.len()
    }

    /// The learning rates of this step.
    fn factors(&mut self, step: u64) {
        for (seed, schedule) in &mut self.schedules {
            let update = schedule.update(0, &[0.0], &[0.0], step, self.setup.steps);
            let factor = update.expect("a schedule has one value")[0];
            for part in &mut self.parts {
                let tasks = &self.tasks[part.first..part.first + part.factors.len()];
                for (out, task) in part.factors.iter_mut().zip(tasks) {
                    if task.seed == *seed {
                        *out = task.rate * factor;
                    }
                }
            }
        }
    }

    /// Ends the lanes whose value is not finite; how many there are.
    fn fail_at_values(&mut self, step: u64) -> usize {
        let values = self.function.values();
        let lanes = values.iter().zip(&self.is_over);
        let trouble = lanes.fold(0.0, |sum, (value, is_over)| {
            sum + if *is_over { 0.0 } else { value - value }
        });
        if trouble == 0.0 {
            return 0;
        }
        let is_failed = |lane: &usize| !self.is_over[*lane] && !values[*lane].is_finite();
        let failed: Vec<usize> = (0..values.len()).filter(is_failed).collect();
        for lane in &failed {
            self.fail(*lane, step);
        }
        failed.len()
    }

    /// A run ends where it was before this step.
    fn fail(&mut self, lane: usize, step: u64) {
        self.runs[lane].failed_at = Some(step + 1);
        let before = std::mem::take(&mut self.before);
        let mut at = 0;
        for part in &mut self.parts {
            let count = part.lanes.count();
            if (part.first..part.first + count).contains(&lane) {
                let own = lane - part.first;
                part.is_over[own] = 1.0;
                let places = (0..self.dimension).map(|i| before[at + i * count + own]);
                self.ends[lane] = places.collect();
            }
            at += part.w.len();
        }
        self.before = before;
        self.end(lane, step);
    }

    fn finish(&mut self, lane: usize, step: u64) {
        self.ends[lane] = self.point(lane);
        self.end(lane, step);
    }

    fn end(&mut self, lane: usize, step: u64) {
        self.is_over[lane] = true;
        let run = &mut self.runs[lane];
        if self.tasks[lane].has_path {
            self.paths[lane].end(step, &self.ends[lane], run.last);
        }
        run.distance = distance(self.setup.objective, &self.ends[lane]);
    }

    fn point(&self, lane: usize) -> Vec<f64> {
        let is_own = |part: &&Part| (part.first..part.first + part.lanes.count()).contains(&lane);
        let part = self.parts.iter().find(is_own);
        let part = part.expect("every lane belongs to a part");
        let (count, own) = (part.lanes.count(), lane - part.first);
        (0..self.dimension)
            .map(|i| part.w[i * count + own])
            .collect()
    }

    fn note(&mut self, done: u64) {
        let lanes = self.runs.iter_mut().zip(self.function.values());
        for ((run, value), is_over) in lanes.zip(&self.is_over) {
            if *is_over {
                continue;
            }
            run.last = *value;
            run.lowest = run.lowest.min(*value);
            if let Some(least) = self.setup.least {
                if run.to_1e3.is_none() && value - least <= 1e-3 {
                    run.to_1e3 = Some(done);
                }
                if run.to_1e6.is_none() && value - least <= 1e-6 {
                    run.to_1e6 = Some(done);
                }
            }
        }
    }

    /// Keeps a point of every path, if this step is one of a thousand at even distances, the first and the last among them.
    fn mark(&mut self, step: u64, next: &mut Mark) {
        if step != next.step {
            return;
        }
        next.advance(self.setup.steps);
        for part in &self.parts {
            let count = part.lanes.count();
            for own in 0..count {
                let lane = part.first + own;
                if self.tasks[lane].has_path && !self.is_over[lane] {
                    let path = &mut self.paths[lane];
                    path.steps.push(step);
                    path.values.push(self.function.values()[lane]);
                    let places = (0..self.dimension).map(|i| i * count + own);
                    path.at.extend(places.map(|place| part.w[place]));
                }
            }
        }
    }

    fn outcomes(self) -> Vec<Outcome> {
        let pairs = self.runs.into_iter().zip(self.paths);
        pairs.map(|(run, path)| Outcome { run, path }).collect()
    }
}

/// The next step whose point is kept.
#[derive(Clone, Copy, Default, Debug)]
struct Mark {
    number: u64,
    step: u64,
}

impl Mark {
    fn advance(&mut self, total: u64) {
        self.number += 1;
        self.step = if total < PATH {
            self.number
        } else {
            let due = u128::from(self.number) * u128::from(total) / u128::from(PATH - 1);
            u64::try_from(due).unwrap_or(u64::MAX)
        };
    }
}

/// From a point to the nearest minimum.
fn distance(objective: &Objective, at: &[f64]) -> Option<f64> {
    let to = |minimum: &Vec<f64>| {
        let pairs = at.iter().zip(minimum);
        pairs.fold(0.0, |sum, (w, best)| libm::hypot(sum, w - best))
    };
    let nearest = objective.minima().iter().map(to).min_by(f64::total_cmp);
    nearest.filter(|distance| distance.is_finite())
}

impl Path {
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
