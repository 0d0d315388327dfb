//! Counter-based noise: Philox4x32-10 (Salmon et al. 2011).
//!
//! A draw is a function of the seed and of where it is used (stream, tensor, step, element), never of what was drawn before.
//! So runs repeat exactly, elements can be computed in any order, and two rules can be given the very same noise. One block
//! of the cipher gives the draws of four neighbouring elements.

use std::f64::consts::PI;

/// Where a sequence of draws belongs: parameter elements of one step share everything but their index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Source {
    /// The seed of the run.
    pub seed: u64,
    /// Which noise: one number per thing that draws.
    pub stream: u32,
    /// Which parameter tensor.
    pub tensor: u32,
    /// Which step; steps 2^32 apart draw the same.
    pub step: u64,
}

/// The stream of `eps`.
pub const STREAM_NOISE: u32 = 0;
/// The stream of `eps_t`; one draw a step, that of tensor 0 and element 0.
pub const STREAM_STEP_NOISE: u32 = 1;
/// The stream of the mask with origin 0; the others follow.
pub const STREAM_MASKS: u32 = 2;
/// The stream of the noise on gradients in benchmarks.
pub const STREAM_GRADIENT: u32 = u32::MAX;
/// The stream of random starts; a step is a start, an element a coordinate.
pub const STREAM_START: u32 = u32::MAX - 1;

/// The stream of a search; a step is a trial.
pub const STREAM_SEARCH: u32 = u32::MAX - 2;

/// A draw from [0, 1).
pub fn uniform(source: Source, element: u64) -> f64 {
    unit(source.block(element / 4)[lane(element)])
}

/// A draw from N(0, 1).
pub fn normal(source: Source, element: u64) -> f64 {
    normals(source.block(element / 4))[lane(element)]
}

/// The draws from [0, 1) of the elements 0, 1, ….
pub fn fill_uniform(source: Source, out: &mut [f64]) {
    for (block, chunk) in (0..).zip(out.chunks_mut(4)) {
        for (value, draw) in chunk.iter_mut().zip(source.block(block)) {
            *value = unit(draw);
        }
    }
}

/// The draws from N(0, 1) of the elements 0, 1, ….
pub fn fill_normal(source: Source, out: &mut [f64]) {
    for (block, chunk) in (0..).zip(out.chunks_mut(4)) {
        for (value, draw) in chunk.iter_mut().zip(normals(source.block(block))) {
            *value = draw;
        }
    }
}

/// A function of the draws from [0, 1) of the elements from `start` on, which is a multiple of four.
pub(super) fn for_each_uniform(
    source: Source,
    start: u64,
    out: &mut [f32],
    f: impl Fn(f64) -> f32,
) {
    for (block, chunk) in (start / 4..).zip(out.chunks_mut(4)) {
        for (value, draw) in chunk.iter_mut().zip(source.block(block)) {
            *value = f(unit(draw));
        }
    }
}

/// A function of the draws from N(0, 1) of the elements from `start` on, which is a multiple of four.
pub(super) fn for_each_normal(source: Source, start: u64, out: &mut [f32], f: impl Fn(f64) -> f32) {
    for (block, chunk) in (start / 4..).zip(out.chunks_mut(4)) {
        for (value, draw) in chunk.iter_mut().zip(normals(source.block(block))) {
            *value = f(draw);
        }
    }
}

impl Source {
    fn block(self, block: u64) -> [u32; 4] {
        let [low, high] = halves(self.seed);
        let counter = [
            halves(block)[0],
            self.tensor,
            halves(self.step)[0],
            self.stream,
        ];
        philox(counter, [low, high])
    }
}

/// Ten rounds of Philox with four 32-bit words.
fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let ([mut a, mut b, mut c, mut d], [mut k0, mut k1]) = (counter, key);
    for _ in 0..10 {
        let [low0, high0] = halves(u64::from(a) * 0xD251_1F53);
        let [low1, high1] = halves(u64::from(c) * 0xCD9E_8D57);
        (a, b, c, d) = (high1 ^ b ^ k0, low1, high0 ^ d ^ k1, low0);
        k0 = k0.wrapping_add(0x9E37_79B9);
        k1 = k1.wrapping_add(0xBB67_AE85);
    }
    [a, b, c, d]
}

/// Box-Muller on both pairs of a block.
fn normals(block: [u32; 4]) -> [f64; 4] {
    let [a, b, c, d] = block;
    let [x, y] = box_muller(a, b);
    let [z, w] = box_muller(c, d);
    [x, y, z, w]
}

fn box_muller(a: u32, b: u32) -> [f64; 2] {
    // Half a step up keeps the logarithm finite.
    let radius = libm::sqrt(-2.0 * libm::log((f64::from(a) + 0.5) / TWO_32));
    let (sin, cos) = libm::sincos(2.0 * PI * unit(b));
    [radius * cos, radius * sin]
}

const TWO_32: f64 = 4_294_967_296.0;

fn unit(draw: u32) -> f64 {
    f64::from(draw) / TWO_32
}

fn lane(element: u64) -> usize {
    usize::try_from(element % 4).expect("less than four")
}

#[allow(clippy::cast_possible_truncation, reason = "the two halves are meant")]
fn halves(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact values are meant")]
mod tests {
    use super::*;

    const SOURCE: Source = Source {
        seed: 7,
        stream: 2,
        tensor: 1,
        step: 3,
    };

    /// The known answers of `kat_vectors` in the Random123 distribution.
    #[test]
    fn philox_gives_the_known_answers() {
        assert_eq!(
            philox([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn filled_draws_are_the_single_draws() {
        let (mut uniforms, mut draws) = ([0.0; 11], [0.0; 11]);
        fill_uniform(SOURCE, &mut uniforms);
        fill_normal(SOURCE, &mut draws);
        for element in 0..11_u8 {
            let index = usize::from(element);
            assert_eq!(uniforms[index], uniform(SOURCE, element.into()));
            assert_eq!(draws[index], normal(SOURCE, element.into()));
        }
    }

    #[test]
    fn every_part_of_the_place_matters() {
        let other_places = [
            Source { seed: 8, ..SOURCE },
            Source {
                seed: SOURCE.seed + (1 << 32),
                ..SOURCE
            },
            Source {
                stream: 3,
                ..SOURCE
            },
            Source {
                tensor: 2,
                ..SOURCE
            },
            Source { step: 4, ..SOURCE },
        ];
        for other in other_places {
            assert_ne!(uniform(SOURCE, 0), uniform(other, 0), "{other:?}");
        }
        assert_ne!(uniform(SOURCE, 0), uniform(SOURCE, 1));
        assert_ne!(uniform(SOURCE, 0), uniform(SOURCE, 4));
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        const N: usize = 200_000;
        let mut draws = vec![0.0; N];
        let moment = |draws: &[f64], power: i32| {
            draws.iter().map(|draw| draw.powi(power)).sum::<f64>() / 200_000.0
        };
        fill_normal(SOURCE, &mut draws);
        for (power, want) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)] {
            let got = moment(&draws, power);
            assert!((got - want).abs() < 0.05, "moment {power} is {got}");
        }
        let neighbours = draws.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / 200_000.0;
        assert!(neighbours.abs() < 0.01, "neighbours covary by {neighbours}");
        fill_uniform(SOURCE, &mut draws);
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        for (power, want) in [(1, 1.0 / 2.0), (2, 1.0 / 3.0)] {
            let got = moment(&draws, power);
            assert!((got - want).abs() < 0.005, "moment {power} is {got}");
        }
    }
}
