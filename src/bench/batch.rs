//! Many runs in step: rules with their learning rates, starts and seeds as lanes of one batch.
//!
//! All lanes are at the same step, so the test function is evaluated for all of them at once and each rule for all of its own. A
//! lane whose run has failed is left alone from then on; what it computes is not looked at.

#![allow(
    clippy::inline_always,
    reason = "a step must be compiled together with its loops, for each instruction set"
)]
#![allow(
    clippy::eq_op,
    reason = "a difference with itself tells finite numbers from others"
)]

use super::monitor::{Monitor, under_way};
use super::report::{Point, Run};
use crate::engine::dispatch::{Work, with_widest};
use crate::engine::noise::{self, Source};
use crate::engine::{
    EngineError, Lanes, Objective, ObjectiveLanes, Remembered, Rows, Runner, TensorShape, copy_few,
};
use crate::ir::Rule;
use crate::op::each;
use std::ops::ControlFlow;
use std::sync::Arc;

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
    /// Its place among the starts.
    pub(super) start: usize,
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
    marks: Arc<Marks>,
    /// Which of the watched lanes it is.
    place: usize,
    /// How many of the marks are its own: a failed run has no more.
    len: usize,
    /// Where the run ended, if that is no mark.
    end: Option<Point>,
}

/// Some lanes at some steps.
#[derive(Clone, Default, Debug)]
struct Marks {
    /// The lanes whose path is wanted.
    watched: Vec<usize>,
    steps: Vec<u64>,
    /// Mark by mark the value, then the coordinates, each on all watched lanes.
    rows: Vec<f64>,
}

/// What all runs of a benchmark share.
pub(super) struct Setup<'a> {
    pub(super) rules: Vec<&'a Rule>,
    pub(super) schedule: Option<&'a Rule>,
    pub(super) objective: &'a Objective,
    pub(super) starts: &'a [Vec<f64>],
    pub(super) least: Option<f64>,
    pub(super) steps: u64,
    /// Whether paths are wanted.
    pub(super) has_paths: bool,
}

/// One rule's lanes: neighbours among the lanes of the batch.
struct Part {
    lanes: Lanes,
    first: usize,
    count: usize,
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
    let is_done = with_widest(AllSteps {
        batch: &mut batch,
        beat,
    });
    Ok(is_done.then(|| batch.outcomes()))
}

/// All steps of a batch; whether they were done.
struct AllSteps<'b, 'a> {
    batch: &'b mut Batch<'a>,
    beat: &'b mut dyn FnMut(u64) -> ControlFlow<()>,
}

impl Work for AllSteps<'_, '_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        self.batch.run(self.beat)
    }
}

/// All values are lane by lane; weights are the points of `function`.
struct Batch<'a> {
    setup: &'a Setup<'a>,
    tasks: &'a [Task],
    dimension: usize,
    parts: Vec<Part>,
    function: ObjectiveLanes,
    remembered: Remembered,
    /// One a seed: the schedule may be random.
    schedules: Vec<(u64, Runner)>,
    /// The learning rates of this step.
    factors: Vec<f64>,
    /// 1 for lanes that are over, else 0.
    is_over: Vec<f64>,
    monitor: Monitor,
    runs: Vec<Run>,
    paths: Vec<Path>,
    marks: Marks,
    /// The weights before this step, coordinate by coordinate.
    before: Vec<f64>,
    /// The updates of this step, coordinate by coordinate.
    updates: Vec<f64>,
    /// The gradients that the rules see, coordinate by coordinate.
    gradients: Vec<f64>,
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
            parts.push(Part {
                lanes,
                first,
                count: group.len(),
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
        let count = tasks.len();
        let mut function = ObjectiveLanes::new(setup.objective, count);
        for coordinate in 0..dimension {
            let lanes = function.coordinate_mut(coordinate).iter_mut();
            for (x, task) in lanes.zip(tasks) {
                *x = setup.starts[task.start][coordinate];
            }
        }
        let watched = (0..count).filter(|lane| tasks[*lane].has_path);
        Ok(Self {
            setup,
            tasks,
            dimension,
            parts,
            function,
            remembered: Remembered::by_thread(),
            schedules,
            factors: tasks.iter().map(|task| task.rate).collect(),
            is_over: vec![0.0; count],
            monitor: Monitor::new(count),
            runs: vec![fresh; count],
            paths: vec![Path::default(); count],
            marks: Marks {
                watched: watched.collect(),
                ..Marks::default()
            },
            before: vec![0.0; dimension * count],
            updates: vec![0.0; dimension * count],
            gradients: vec![0.0; dimension * count],
            noise: vec![0.0; dimension],
        })
    }

    /// All steps; whether they were done.
    #[inline(always)]
    fn run(&mut self, beat: &mut dyn FnMut(u64) -> ControlFlow<()>) -> bool {
        let steps = self.setup.steps;
        self.function.run();
        self.note();
        let mut next_mark = Mark::default();
        self.mark(0, &mut next_mark);
        let mut left = self.tasks.len();
        let mut done = 0;
        while done < steps && left > 0 {
            left -= self.advance(done);
            self.function.run();
            done += 1;
            if self.note() {
                left -= self.fail_at_values(done - 1);
            }
            self.mark(done, &mut next_mark);
            if done.is_multiple_of(BEAT) && beat(done).is_break() {
                return false;
            }
        }
        for lane in 0..self.tasks.len() {
            if self.is_over[lane] == 0.0 {
                let at = (0..self.dimension).map(|i| self.function.coordinate(i)[lane]);
                let at = at.collect();
                self.end(lane, done, at);
            }
        }
        true
    }

    /// One step of the weights; how many lanes fail at it.
    #[inline(always)]
    fn advance(&mut self, step: u64) -> usize {
        if self.setup.schedule.is_some() {
            self.factors(step);
        }
        self.take_gradients(step);
        let all = self.tasks.len();
        for part in &mut self.parts {
            let rows = |values| Rows {
                values,
                first: part.first,
                distance: all,
            };
            let (w, g) = (rows(self.function.coordinates()), rows(&self.gradients));
            let remembered = &mut self.remembered;
            let update = part.lanes.advance(w, g, step, self.setup.steps, remembered);
            for i in 0..self.dimension {
                let own = &update[i * part.count..][..part.count];
                copy_few(&mut self.updates[i * all + part.first..][..part.count], own);
            }
        }
        let mut trouble = 0;
        for i in 0..self.dimension {
            trouble |= descend(
                self.function.coordinate_mut(i),
                &mut self.before[i * all..][..all],
                &self.updates[i * all..][..all],
                &self.factors,
                &self.is_over,
            );
        }
        if trouble == 0 {
            return 0;
        }
        let is_failed = |lane: &usize| {
            let mut weights = (0..self.dimension).map(|i| self.function.coordinate(i)[*lane]);
            let is_finite = weights.all(f64::is_finite);
            !is_finite && self.is_over[*lane] == 0.0
        };
        let failed: Vec<usize> = (0..all).filter(is_failed).collect();
        for lane in &failed {
            self.fail(*lane, step);
        }
        failed.len()
    }

    /// The gradients of all lanes, with the noise of this step where there is any.
    #[inline(always)]
    fn take_gradients(&mut self, step: u64) {
        let all = self.tasks.len();
        for i in 0..self.dimension {
            self.gradients[i * all..][..all].copy_from_slice(self.function.partials(i));
        }
        if self.setup.objective.noise() > 0.0 {
            self.add_noise(step);
        }
    }

    fn add_noise(&mut self, step: u64) {
        let all = self.tasks.len();
        let mut drawn = None;
        for (lane, task) in self.tasks.iter().enumerate() {
            if drawn != Some(task.seed) {
                let source = Source {
                    seed: task.seed,
                    stream: noise::STREAM_GRADIENT,
                    tensor: 0,
                    step,
                };
                self.remembered.fill_normal(source, &mut self.noise);
                drawn = Some(task.seed);
            }
            for (i, draw) in self.noise.iter().enumerate() {
                self.gradients[i * all + lane] += self.setup.objective.noise() * draw;
            }
        }
    }

    /// The learning rates of this step.
    fn factors(&mut self, step: u64) {
        for (seed, schedule) in &mut self.schedules {
            let update = schedule.update(0, &[0.0], &[0.0], step, self.setup.steps);
            let factor = update.expect("a schedule has one value")[0];
            for (out, task) in self.factors.iter_mut().zip(self.tasks) {
                if task.seed == *seed {
                    *out = task.rate * factor;
                }
            }
        }
    }

    /// Ends the lanes whose value is not finite; how many there are.
    fn fail_at_values(&mut self, step: u64) -> usize {
        let values = self.function.values();
        let is_failed = |lane: &usize| self.is_over[*lane] == 0.0 && !values[*lane].is_finite();
        let failed: Vec<usize> = (0..values.len()).filter(is_failed).collect();
        for lane in &failed {
            self.fail(*lane, step);
        }
        failed.len()
    }

    /// A run ends where it was before this step.
    fn fail(&mut self, lane: usize, step: u64) {
        self.runs[lane].failed_at = Some(step + 1);
        let all = self.tasks.len();
        let at = (0..self.dimension).map(|i| self.before[i * all + lane]);
        let at = at.collect();
        self.end(lane, step, at);
    }

    fn end(&mut self, lane: usize, step: u64, at: Vec<f64>) {
        self.is_over[lane] = 1.0;
        let value = self.monitor.last[lane];
        let run = &mut self.runs[lane];
        run.last = value;
        run.lowest = self.monitor.lowest[lane];
        run.to_1e3 = self.monitor.to_1e3.at(lane).map(whole);
        run.to_1e6 = self.monitor.to_1e6.at(lane).map(whole);
        run.distance = distance(self.setup.objective, &at);
        let path = &mut self.paths[lane];
        path.len = self.marks.steps.len();
        if self.tasks[lane].has_path && self.marks.steps.last() != Some(&step) {
            path.end = Some(Point { step, at, value });
        }
    }

    /// Keeps the values of lanes that are under way; whether some are not finite, and so are not kept.
    #[inline(always)]
    fn note(&mut self) -> bool {
        let least = self.setup.least.unwrap_or(f64::NEG_INFINITY);
        let values = self.function.values();
        self.monitor.note(values, &self.is_over, least)
    }

    /// Keeps a point of every path, if this step is one of a thousand at even distances, the first and the last among them.
    fn mark(&mut self, step: u64, next: &mut Mark) {
        if step != next.step || self.marks.watched.is_empty() {
            return;
        }
        next.advance(self.setup.steps);
        let marks = &mut self.marks;
        if marks.steps.is_empty() {
            let most = usize::try_from(self.setup.steps.saturating_add(1).min(PATH)).unwrap_or(0);
            marks.steps.reserve_exact(most);
            let row = marks.watched.len() * (1 + self.dimension);
            marks.rows.reserve_exact(most * row);
        }
        marks.steps.push(step);
        let watched = &marks.watched;
        let is_all = watched.len() == self.tasks.len();
        let mut keep = |row: &[f64]| {
            if is_all {
                marks.rows.extend_from_slice(row);
            } else {
                marks.rows.extend(watched.iter().map(|lane| row[*lane]));
            }
        };
        keep(self.function.values());
        for i in 0..self.dimension {
            keep(self.function.coordinate(i));
        }
    }

    fn outcomes(self) -> Vec<Outcome> {
        let marks = Arc::new(self.marks);
        let mut paths = self.paths;
        for (place, lane) in marks.watched.iter().enumerate() {
            paths[*lane].marks = Arc::clone(&marks);
            paths[*lane].place = place;
        }
        let pairs = self.runs.into_iter().zip(paths);
        pairs.map(|(run, path)| Outcome { run, path }).collect()
    }
}

/// One step of a coordinate; some bits where the weight of a lane under way is not finite, which it is not where the update is not.
///
/// Four lanes at a time, since there may be no more.
#[inline(always)]
fn descend(
    w: &mut [f64],
    before: &mut [f64],
    update: &[f64],
    factors: &[f64],
    is_over: &[f64],
) -> u64 {
    // A difference with itself is 0 exactly where a number is finite, and 0 has no bits.
    let trouble = |w: f64, is_over: f64| (w - w).to_bits() & under_way(is_over);
    let ((ws, w_tail), (us, u_tail)) = (w.as_chunks_mut::<4>(), update.as_chunks::<4>());
    let (befores, before_tail) = before.as_chunks_mut::<4>();
    let (factors, factor_tail) = factors.as_chunks::<4>();
    let (overs, over_tail) = is_over.as_chunks::<4>();
    let mut found = [0; 4];
    let fours = ws.iter_mut().zip(befores).zip(us);
    for (((w, before), u), (factor, over)) in fours.zip(factors.iter().zip(overs)) {
        let from = *w;
        *before = from;
        *w = each(|i| from[i] - factor[i] * u[i]);
        found = each(|i| found[i] | trouble(w[i], over[i]));
    }
    let mut found = (found[0] | found[1]) | (found[2] | found[3]);
    let rest = w_tail.iter_mut().zip(before_tail).zip(u_tail);
    for (((w, before), u), (factor, over)) in rest.zip(factor_tail.iter().zip(over_tail)) {
        *before = *w;
        *w -= factor * u;
        found |= trouble(*w, *over);
    }
    found
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of steps"
)]
fn whole(step: f64) -> u64 {
    step as u64
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
    pub(super) fn points(&self) -> Vec<Point> {
        let marks = &*self.marks;
        let count = marks.watched.len();
        let row = marks.rows.len() / marks.steps.len().max(1);
        let point = |(step, row): (&u64, &[f64])| {
            let mut own = row[self.place..].iter().step_by(count).copied();
            Point {
                step: *step,
                value: own.next().expect("every mark has a value"),
                at: own.collect(),
            }
        };
        let rows = marks.rows.chunks_exact(row.max(1));
        let steps = marks.steps[..self.len].iter();
        steps.zip(rows).map(point).chain(self.end.clone()).collect()
    }
}
