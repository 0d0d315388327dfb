//! What a rule does on examples: where no argument settles a question, gradients that do, or none that speak against it.

use super::scaling::Parity;
use crate::engine::noise::{self, Source};
use crate::engine::{Runner, TensorShape};
use crate::ir::Rule;

/// The shape of the examples: rules on matrices need one, and others do not mind.
const SHAPE: TensorShape = TensorShape::Matrix(3, 2);
const LEN: usize = 6;
/// Steps of an example, of as many in all.
const STEPS: u64 = 12;
/// How many sequences of gradients are tried.
pub(super) const EXAMPLES: u64 = 4;

/// The updates of a rule on one example, with every gradient multiplied by a number; none where one is not finite.
fn updates(rule: &Rule, example: u64, factor: f64) -> Option<Vec<f64>> {
    let mut runner = Runner::new(rule, &[SHAPE], example).ok()?;
    let mut out = Vec::new();
    for step in 0..STEPS {
        let draw = |stream| {
            let mut draws = [0.0; LEN];
            let source = Source {
                seed: example + 17,
                stream,
                tensor: 0,
                step,
            };
            noise::fill_normal(source, &mut draws);
            draws
        };
        let (g, w) = (draw(noise::STREAM_GRADIENT), draw(noise::STREAM_NOISE));
        let g = g.map(|g| g * factor);
        let update = runner.update(0, &w, &g, step, STEPS).ok()?;
        if update.iter().any(|u| !u.is_finite()) {
            return None;
        }
        out.extend_from_slice(update);
    }
    Some(out)
}

/// Whether two runs agree up to a factor.
fn agree(a: &[f64], b: &[f64], factor: f64) -> bool {
    let size = a.iter().fold(0.0_f64, |size, x| size.max(x.abs()));
    a.iter()
        .zip(b)
        .all(|(a, b)| (a * factor - b).abs() <= 1e-9 * size * factor.abs())
}

/// The degree that the examples show; none where they show that there is none.
pub(super) fn degree(rule: &Rule) -> Option<f64> {
    let mut found: Option<f64> = None;
    for example in 0..EXAMPLES {
        let plain = updates(rule, example, 1.0)?;
        let twice = updates(rule, example, 2.0)?;
        let (index, largest) = plain
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
        let degree = *found.get_or_insert_with(|| (twice[index] / largest).abs().log2());
        let rounded = (degree * 12.0).round() / 12.0;
        for factor in [2.0, 0.125, 64.0] {
            let scaled = updates(rule, example, factor)?;
            if !agree(&plain, &scaled, factor.powf(rounded)) {
                return None;
            }
        }
        found = Some(rounded);
    }
    found
}

/// The parity that the examples show.
pub(super) fn parity(rule: &Rule) -> Parity {
    let holds = |sign: f64| {
        (0..EXAMPLES).all(|example| {
            match (updates(rule, example, 1.0), updates(rule, example, -1.0)) {
                (Some(plain), Some(turned)) => agree(&plain, &turned, sign),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            }
        })
    };
    if holds(-1.0) {
        Parity::Odd
    } else if holds(1.0) {
        Parity::Even
    } else {
        Parity::Neither
    }
}
