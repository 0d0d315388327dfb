//! A test function and its gradient on many points at once.

use super::loops::{Arg, apply};
use crate::engine::Objective;
use crate::op::Op;

/// Computes the value and the gradient of an [`Objective`] at one point a lane, with the bits that its evaluator gives for each.
#[derive(Clone, Debug)]
pub struct ObjectiveLanes {
    coordinates: usize,
    lanes: usize,
    /// Every value's lanes side by side; the coordinates are the first.
    values: Vec<f64>,
    /// The values that are the same on every lane.
    numbers: Vec<Option<f64>>,
    instructions: Vec<(Op, [usize; 3], usize, usize)>,
    root: usize,
    partials: Vec<usize>,
}

impl ObjectiveLanes {
    /// Room for this many points.
    pub fn new(objective: &Objective, lanes: usize) -> Self {
        let evaluator = objective.evaluator();
        let instructions: Vec<(Op, [usize; 3], usize, usize)> = evaluator
            .instructions
            .iter()
            .map(|each| (each.op, each.args, each.count, each.out))
            .collect();
        let coordinates = evaluator.partials.len();
        let mut numbers: Vec<Option<f64>> = evaluator.values.iter().copied().map(Some).collect();
        numbers[..coordinates].fill(None);
        for (_, _, _, out) in &instructions {
            numbers[*out] = None;
        }
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

    /// Computes values and gradients at the points that were written.
    pub fn run(&mut self) {
        let lanes = self.lanes;
        for (op, places, count, out) in &self.instructions {
            // Arguments lie before the value that is computed from them.
            let (before, rest) = self.values.split_at_mut(out * lanes);
            let mut args = [Arg::One(0.0); 3];
            for (arg, place) in args.iter_mut().zip(&places[..*count]) {
                *arg = match self.numbers[*place] {
                    Some(number) => Arg::One(number),
                    None => Arg::Many(&before[place * lanes..(place + 1) * lanes]),
                };
            }
            apply(*op, &mut rest[..lanes], &args[..*count]);
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
