//! Images as numbers: normalized, shifted, mirrored.
//!
//! A batch is a tensor of rows, columns and colours, the colours of a pixel together ("channels last"), which is how the convolutions of libtorch are fastest.

use super::{CHANNELS, IMAGE, Images, SIDE};
use crate::random::{Draws, Purpose, below};
use tch::Tensor;

/// How far an image is shifted at most, in each direction.
const PAD: usize = 4;

/// Bytes to numbers of mean 0 and variance 1, colour by colour.
#[derive(Clone, Debug)]
pub struct Normalization {
    tables: Box<[[f32; 256]; CHANNELS]>,
}

/// How images are changed at random.
#[derive(Clone, Copy, Debug)]
pub struct Augmentation {
    /// The seed of the trial.
    pub seed: u64,
    /// The step.
    pub step: u64,
}

impl Normalization {
    /// Mean and variance of the images at these places.
    #[allow(
        clippy::cast_precision_loss,
        reason = "sums of bytes are far below 2^53"
    )]
    #[allow(clippy::cast_possible_truncation, reason = "pixels are kept in f32")]
    pub fn new(images: &Images, places: &[u32]) -> Self {
        let mut counts = [[0_u64; 256]; CHANNELS];
        for place in places {
            for pixel in images.image(*place as usize).chunks_exact(CHANNELS) {
                for (count, byte) in counts.iter_mut().zip(pixel) {
                    count[usize::from(*byte)] += 1;
                }
            }
        }
        let tables = counts.map(|count| {
            let moment = |power: u64| -> f64 {
                let sum = (0..)
                    .zip(&count)
                    .map(|(byte, count)| u64::pow(byte, power as u32) * count);
                sum.sum::<u64>() as f64 / count.iter().sum::<u64>().max(1) as f64
            };
            let mean = moment(1);
            let deviation = (moment(2) - mean * mean).max(1.0).sqrt();
            std::array::from_fn(|byte| ((byte as f64 - mean) / deviation) as f32)
        });
        Self {
            tables: Box::new(tables),
        }
    }

    /// The images at these places, as a tensor `[images, rows, columns, colours]`, and their labels.
    pub fn batch(
        &self,
        images: &Images,
        places: &[u32],
        augmentation: Option<Augmentation>,
    ) -> (Tensor, Tensor) {
        let mut values = vec![0.0_f32; places.len() * IMAGE];
        let draws = match augmentation {
            Some(Augmentation { seed, step }) => {
                Draws::new(seed, Purpose::Augment, step, 0).uniform(3 * places.len())
            }
            None => Vec::new(),
        };
        for (index, (place, out)) in places
            .iter()
            .zip(values.chunks_exact_mut(IMAGE))
            .enumerate()
        {
            let pixels = images.image(*place as usize);
            match draws.get(3 * index..3 * index + 3) {
                None => self.copy(pixels, out),
                Some(draws) => {
                    let shift = [draws[0], draws[1]].map(|draw| below(draw, 2 * PAD + 1));
                    self.copy_moved(pixels, shift, draws[2] < 0.5, out);
                }
            }
        }
        let labels: Vec<i64> = places
            .iter()
            .map(|place| images.labels[*place as usize].into())
            .collect();
        let sides = [SIDE, SIDE, CHANNELS].map(size);
        (
            Tensor::from_slice(&values).view([size(places.len()), sides[0], sides[1], sides[2]]),
            Tensor::from_slice(&labels),
        )
    }

    fn copy(&self, pixels: &[u8], out: &mut [f32]) {
        let [red, green, blue] = &*self.tables;
        for (out, pixel) in out
            .chunks_exact_mut(CHANNELS)
            .zip(pixels.chunks_exact(CHANNELS))
        {
            out[0] = red[usize::from(pixel[0])];
            out[1] = green[usize::from(pixel[1])];
            out[2] = blue[usize::from(pixel[2])];
        }
    }

    /// The part of the padded image that begins at this row and column; what is beyond the image is 0, the mean.
    fn copy_moved(
        &self,
        pixels: &[u8],
        [top, left]: [usize; 2],
        is_mirrored: bool,
        out: &mut [f32],
    ) {
        for (row, out) in out.chunks_exact_mut(SIDE * CHANNELS).enumerate() {
            let Some(from) = (row + top).checked_sub(PAD).filter(|from| *from < SIDE) else {
                continue;
            };
            for (column, out) in out.chunks_exact_mut(CHANNELS).enumerate() {
                let column = if is_mirrored {
                    SIDE - 1 - column
                } else {
                    column
                };
                let Some(column) = (column + left).checked_sub(PAD).filter(|from| *from < SIDE)
                else {
                    continue;
                };
                let start = (from * SIDE + column) * CHANNELS;
                self.copy(&pixels[start..start + CHANNELS], out);
            }
        }
    }
}

/// A size as libtorch has it.
pub fn size(len: usize) -> i64 {
    i64::try_from(len).expect("sizes are below 2^63")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Kind;

    fn noise() -> Images {
        let draws = Draws::new(1, Purpose::Synthesis, 0, 0).uniform(20 * IMAGE);
        Images {
            pixels: draws
                .iter()
                .map(|draw| u8::try_from(below(*draw, 100)).expect("below 100"))
                .collect(),
            labels: vec![3; 20],
        }
    }

    #[test]
    fn normalized_colours_have_mean_zero_and_variance_one() {
        let (images, places) = (noise(), (0..20).collect::<Vec<u32>>());
        let (x, y) = Normalization::new(&images, &places).batch(&images, &places, None);
        assert_eq!(x.size(), [20, 32, 32, 3]);
        assert_eq!(Vec::<i64>::try_from(y).expect("labels"), [3; 20]);
        let (mean, variance) = (
            x.mean(Kind::Float).double_value(&[]),
            x.var(false).double_value(&[]),
        );
        assert!(
            mean.abs() < 1e-3 && (variance - 1.0).abs() < 1e-3,
            "{mean} {variance}"
        );
    }

    #[test]
    fn augmented_image_is_a_shift_of_the_image_or_of_its_mirror() {
        let (images, places) = (noise(), (0..20).collect::<Vec<u32>>());
        let norm = Normalization::new(&images, &places);
        let (plain, _) = norm.batch(&images, &places, None);
        let (moved, _) = norm.batch(&images, &places, Some(Augmentation { seed: 5, step: 9 }));
        let (again, _) = norm.batch(&images, &places, Some(Augmentation { seed: 5, step: 9 }));
        assert_eq!(moved, again);
        let mut seen = [false; 2];
        for index in 0..20 {
            let padded = plain.get(index).constant_pad_nd([0, 0, 4, 4, 4, 4]);
            let ways = (0..9).flat_map(|top| {
                (0..9).flat_map(move |left| [(top, left, false), (top, left, true)])
            });
            let way = ways.into_iter().find(|(top, left, is_mirrored)| {
                let part = padded.narrow(0, *top, 32).narrow(1, *left, 32);
                moved.get(index) == if *is_mirrored { part.flip([1]) } else { part }
            });
            seen[usize::from(way.expect("some shift").2)] = true;
        }
        assert_eq!(seen, [true, true]);
    }
}
