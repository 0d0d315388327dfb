//! A test function and its gradient on many points at once.

#![allow(
    clippy::inline_always,
    reason = "a step must be compiled together with its loops, for each instruction set"
)]

use super::loops::{Arg, apply};
use super::quick::{Code, Quick};
use crate::engine::Objective;
use crate::engine::objective::Instruction;

/// One op on all points.
#[derive(Clone, Copy, Debug)]
enum Step {
    Quick(Quick),
    Plain(Instruction),
}

/// The loop for an op, where there is one.
fn quick(each: &Instruction, numbers: &[Option<f64>], lanes: usize) -> Option<Quick> {
    let (code, args) = Code::of(each.op, |index| numbers[each.args[index]])?;
    let [x, y] = args.map(|index| each.args[index]);
    let (is_x_one, is_y_one) = (numbers[x].is_some(), numbers[y].is_some());
    (!(is_x_one && is_y_one)).then_some(Quick {
        code,
        x: x * lanes,
        is_x_one,
        y: y * lanes,
        is_y_one,
        table: 0,
        out: each.out * lanes,
        len: lanes,
    })
}

/// Computes the value and the gradient of an [`Objective`] at one point a lane, with the bits that its evaluator gives for each.
#[derive(Clone, Debug)]
pub struct ObjectiveLanes {
    coordinates: usize,
    lanes: usize,
    /// Every value's lanes side by side; the coordinates are the first.
    values: Vec<f64>,
    /// The values that are the same on every lane.
    numbers: Vec<Option<f64>>,
    instructions: Vec<Step>,
    root: usize,
    partials: Vec<usize>,
}

impl ObjectiveLanes {
    /// Room for this many points.
    pub fn new(objective: &Objective, lanes: usize) -> Self {
        let evaluator = objective.evaluator();
        let coordinates = evaluator.partials.len();
        let mut numbers: Vec<Option<f64>> = evaluator.values.iter().copied().map(Some).collect();
        numbers[..coordinates].fill(None);
        for each in &evaluator.instructions {
            numbers[each.out] = None;
        }
        let step = |each: &Instruction| match quick(each, &numbers, lanes) {
            Some(quick) => Step::Quick(quick),
            None => Step::Plain(*each),
        };
        let instructions = evaluator.instructions.iter().map(step).collect();
        let values = evaluator.values.iter();
        Self {
            coordinates,
            lanes,
            values: values
                .flat_map(|x| std::iter::repeat_n(*x, lanes))
                .collect(),
            numbers,
            instructions,
            root: evaluator.root,
            partials: evaluator.partials,
        }
    }

    /// One coordinate of every point, to be written.
    ///
    /// # Panics
    /// Where there is no such coordinate.
    pub fn coordinate_mut(&mut self, coordinate: usize) -> &mut [f64] {
        assert!(coordinate < self.coordinates, "a coordinate that exists");
        let start = coordinate * self.lanes;
        &mut self.values[start..start + self.lanes]
    }

    /// A coordinate of every point.
    ///
    /// # Panics
    /// Where there is no such coordinate.
    pub fn coordinate(&self, coordinate: usize) -> &[f64] {
        assert!(coordinate < self.coordinates, "a coordinate that exists");
        self.lane_values(coordinate)
    }

    /// All coordinates, each on all lanes, one after another.
    pub(crate) fn coordinates(&self) -> &[f64] {
        &self.values[..self.coordinates * self.lanes]
    }

    /// Computes values and gradients at the points that were written.
    #[inline(always)]
    pub fn run(&mut self) {
        let lanes = self.lanes;
        for step in &self.instructions {
            let each = match step {
                Step::Quick(quick) => {
                    quick.run(&mut self.values);
                    continue;
                }
                Step::Plain(each) => each,
            };
            // Arguments lie before the value that is computed from them.
            let (before, rest) = self.values.split_at_mut(each.out * lanes);
            let mut args = [Arg::One(0.0); 3];
            for (arg, place) in args.iter_mut().zip(&each.args[..each.count]) {
                *arg = match self.numbers[*place] {
                    Some(number) => Arg::One(number),
                    None => Arg::Many(&before[place * lanes..(place + 1) * lanes]),
                };
            }
            apply(each.op, &mut rest[..lanes], &args[..each.count]);
        }
    }

    /// The values, after [`ObjectiveLanes::run`].
    pub fn values(&self) -> &[f64] {
        self.lane_values(self.root)
    }

    /// The derivatives by a coordinate, after [`ObjectiveLanes::run`].
    ///
    /// # Panics
    /// Where there is no such coordinate.
    pub fn partials(&self, coordinate: usize) -> &[f64] {
        self.lane_values(self.partials[coordinate])
    }

    fn lane_values(&self, place: usize) -> &[f64] {
        &self.values[place * self.lanes..(place + 1) * self.lanes]
    }
}
