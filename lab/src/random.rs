//! Draws by purpose and place.
//!
//! The engine's counter-based noise (Philox), with one stream a purpose: what is drawn depends on the seed and on where it is used, never on what was drawn
//! before. Streams are counted down from the top; rules use those from the bottom.

use nos::engine::noise::{self, Source};

/// What is drawn for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Initial weights; the place is the parameter.
    Weights,
    /// The order of examples; the place is the epoch.
    Order,
    /// Shifts and mirrors; the place is the step.
    Augment,
    /// Masks of dropout; the place is the step.
    Dropout,
    /// Which examples are for validation; the place is 0.
    Split,
    /// Images or sentences made from a seed; the place is the image or sentence.
    Synthesis,
}

/// The draws for one purpose at one place.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    source: Source,
}

impl Draws {
    /// The draws for a purpose at a place; `part` tells apart several sequences there.
    pub fn new(seed: u64, purpose: Purpose, place: u64, part: u32) -> Self {
        // `u32::MAX` is the noise of benchmarks on gradients.
        let stream = u32::MAX - 1 - purpose as u32;
        Self {
            source: Source {
                seed,
                stream,
                tensor: part,
                step: place,
            },
        }
    }

    /// Uniform draws from [0, 1), the first so many.
    pub fn uniform(self, len: usize) -> Vec<f64> {
        let mut out = vec![0.0; len];
        noise::fill_uniform(self.source, &mut out);
        out
    }

    /// Draws from N(0, 1), the first so many.
    pub fn normal(self, len: usize) -> Vec<f64> {
        let mut out = vec![0.0; len];
        noise::fill_normal(self.source, &mut out);
        out
    }

    /// A draw from N(0, 1).
    pub fn normal_at(self, index: u64) -> f64 {
        noise::normal(self.source, index)
    }

    /// The numbers from 0 to `len - 1` in random order.
    pub fn permutation(self, len: usize) -> Vec<u32> {
        let mut order: Vec<u32> =
            (0..u32::try_from(len).expect("fewer than 2^32 examples")).collect();
        let draws = self.uniform(len);
        for (last, draw) in (1..len).rev().zip(draws) {
            order.swap(last, below(draw, last + 1));
        }
        order
    }
}

/// A whole number below `count` from a draw from [0, 1).
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts are small and draws are not negative"
)]
pub fn below(draw: f64, count: usize) -> usize {
    ((draw * count as f64) as usize).min(count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutation_has_every_number_once() {
        let mut order = Draws::new(3, Purpose::Order, 7, 0).permutation(1000);
        assert_ne!(order[..3], [0, 1, 2]);
        order.sort_unstable();
        assert!(order.iter().copied().eq(0..1000));
    }

    #[test]
    fn purposes_draw_apart() {
        let draw = |purpose| Draws::new(1, purpose, 0, 0).uniform(4);
        assert_ne!(draw(Purpose::Order), draw(Purpose::Augment));
        assert_eq!(draw(Purpose::Order), draw(Purpose::Order));
    }

    #[test]
    fn below_stays_below() {
        assert_eq!([below(0.0, 3), below(0.34, 3), below(1.0, 3)], [0, 1, 2]);
    }
}
