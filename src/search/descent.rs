//! Whether a rule goes down at all: a dozen steps on gradients that are made up.

use crate::engine::Lanes;
use crate::engine::noise::{self, Source};
use crate::ir::Rule;
use std::sync::LazyLock;

/// Elements of the parameter.
pub(super) const ELEMENTS: usize = 128;
/// Steps, of a run of a thousand.
const STEPS: usize = 12;
/// Steps that the run would have.
const RUN: u64 = 1000;

/// Weights and gradients: the same for every rule.
pub(super) struct Course {
    pub(super) w: [f64; ELEMENTS],
    pub(super) gradients: [[f64; ELEMENTS]; STEPS],
}

static COURSE: LazyLock<Course> = LazyLock::new(Course::new);

impl Course {
    /// Gradients keep a direction under noise and differ in size by orders of magnitude. Every second element has the gradient of the one before with the
    /// other sign, and the same weight.
    fn new() -> Self {
        let draws = |stream: u32, step: u64| {
            let source = Source {
                seed: 0,
                stream: noise::STREAM_SEARCH,
                tensor: stream,
                step,
            };
            let mut draws = [0.0; ELEMENTS];
            noise::fill_normal(source, &mut draws);
            draws
        };
        let mut w = draws(0, 0);
        mirror(&mut w, 1.0);
        let (mut direction, size) = (draws(1, 0), draws(2, 0));
        for (direction, size) in direction.iter_mut().zip(size) {
            *direction *= libm::exp(1.5 * size);
        }
        let mut gradients = [[0.0; ELEMENTS]; STEPS];
        for (step, g) in (0..).zip(&mut gradients) {
            *g = draws(3, step);
            for (g, direction) in g.iter_mut().zip(direction) {
                *g = direction * (1.0 + 0.7 * *g);
            }
            mirror(g, -1.0);
        }
        Self { w, gradients }
    }
}

/// How far updates point with the gradient: the mean over some steps of the cosine between the signs of both, each element weighing as much as its gradient
/// up to 1. What does not depend on the sign of the gradient gets exactly 0. None where an update is not finite.
pub fn descent(rule: &Rule) -> Option<f64> {
    let mut lanes = Lanes::new(rule, ELEMENTS, &[0]).ok()?;
    cosine(|w, g, step, update| {
        update.copy_from_slice(lanes.update(w, g, step, RUN));
        Some(())
    })
}

/// The same, one element after another: what [`descent`] is checked against.
#[cfg(test)]
pub(super) fn slow_descent(rule: &Rule) -> Option<f64> {
    use crate::engine::{Runner, TensorShape};
    let mut runner = Runner::new(rule, &[TensorShape::Vector(ELEMENTS)], 0).ok()?;
    cosine(|w, g, step, update| {
        update.copy_from_slice(runner.update(0, w, g, step, RUN).ok()?);
        Some(())
    })
}

/// The mean cosine of what makes updates from weights, gradients and the number of the step.
fn cosine(mut step_to: impl FnMut(&[f64], &[f64], u64, &mut [f64]) -> Option<()>) -> Option<f64> {
    let mut update = [0.0; ELEMENTS];
    let (mut sum, mut counted) = (0.0, 0.0);
    for (step, g) in (0..).zip(&COURSE.gradients) {
        step_to(&COURSE.w, g, step, &mut update)?;
        let (mut dot, mut uu, mut gg) = (0.0, 0.0, 0.0);
        for (u, g) in update.iter().zip(g) {
            if !u.is_finite() {
                return None;
            }
            // Signs, for a cosine of the values themselves would hear the largest alone.
            let size = g.abs();
            dot += u.signum() * g.signum() * f64::from(u8::from(*u != 0.0)) * size.min(1.0);
            uu += f64::from(u8::from(*u != 0.0)) * size.min(1.0);
            gg += size.min(1.0);
        }
        if uu > 0.0 {
            sum += dot / libm::sqrt(uu * gg);
            counted += 1.0;
        }
    }
    Some(if counted > 0.0 { sum / counted } else { 0.0 })
}

/// Gives every second element the value of the one before, times a sign.
fn mirror(values: &mut [f64], sign: f64) {
    for pair in values.chunks_exact_mut(2) {
        pair[1] = sign * pair[0];
    }
}
