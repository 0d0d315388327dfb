//! Images made from a seed: ten shapes, anywhere, of any size, in any two colours, under noise.
//!
//! Which of the two colours is the shape's is random, so every pixel has the same mean in all classes: a linear model finds nothing to hold on to, while edges
//! and corners, which convolutions see, tell the classes apart.

use super::{CHANNELS, CLASSES, FIXED, IMAGE, ImageSet, Images, SIDE};
use crate::random::{Draws, Purpose, below};

/// The classes in words, by number.
pub const NAMES: [&str; CLASSES] = [
    "disc", "ring", "square", "frame", "plus", "cross", "rows", "columns", "triangle", "diamond",
];

/// How much noise a colour gets at most.
const NOISE: f64 = 40.0;

/// So many images to train and validate on, and a tenth more to test on.
pub fn make(examples: u32) -> ImageSet {
    let images = some(0, examples);
    let test = some(u64::from(examples), (examples / 10).max(1));
    ImageSet::new("synthetic images", true, images, test)
}

/// The images with these numbers.
fn some(from: u64, count: u32) -> Images {
    let mut images = Images::default();
    images.pixels.reserve(count as usize * IMAGE);
    for number in from..from + u64::from(count) {
        // Neighbours have different classes, and each class comes as often as any.
        let label = usize::try_from(number % 10).expect("below 10");
        images.labels.push(u8::try_from(label).expect("below 10"));
        draw(label, number, &mut images.pixels);
    }
    images
}

/// Adds the pixels of one image.
fn draw(label: usize, number: u64, pixels: &mut Vec<u8>) {
    let choices = Draws::new(FIXED, Purpose::Synthesis, number, 0).uniform(12);
    let noise = Draws::new(FIXED, Purpose::Synthesis, number, 1).uniform(IMAGE);
    let radius = 7.0 + 4.0 * choices[0];
    let room = 32.0 - 2.0 * radius;
    let [x, y] = [choices[1], choices[2]].map(|draw| radius + room * draw - 0.5);
    let back: [f64; CHANNELS] = std::array::from_fn(|channel| 70.0 + 115.0 * choices[3 + channel]);
    // At least one colour differs by much.
    let strong = below(choices[6], CHANNELS);
    let fore: [f64; CHANNELS] = std::array::from_fn(|channel| {
        let part = if channel == strong {
            1.0
        } else {
            choices[7 + channel]
        };
        let away = if back[channel] < 127.5 { 1.0 } else { -1.0 };
        back[channel] + away * 95.0 * part
    });
    let (fore, back) = if choices[10] < 0.5 {
        (fore, back)
    } else {
        (back, fore)
    };
    for (place, noise) in noise.chunks_exact(CHANNELS).enumerate() {
        let [row, column] = [place / SIDE, place % SIDE]
            .map(|side| f64::from(u8::try_from(side).expect("below 32")));
        let colour = if is_inside(label, (column - x) / radius, (row - y) / radius) {
            fore
        } else {
            back
        };
        for (colour, noise) in colour.iter().zip(noise) {
            pixels.push(byte(colour + NOISE * (2.0 * noise - 1.0)));
        }
    }
}

/// Whether a point belongs to the shape, which lies between -1 and 1 in both directions; `y` goes down.
fn is_inside(label: usize, x: f64, y: f64) -> bool {
    let far = x.abs().max(y.abs());
    let near = x.abs().min(y.abs());
    let square = x * x + y * y;
    match NAMES[label] {
        "disc" => square < 0.9,
        "ring" => (0.3..0.95).contains(&square),
        "square" => far < 0.82,
        "frame" => (0.5..0.85).contains(&far),
        "plus" => near < 0.28 && far < 1.0,
        "cross" => (x.abs() - y.abs()).abs() < 0.36 && far < 0.9,
        "rows" => far < 0.9 && is_striped(y),
        "columns" => far < 0.9 && is_striped(x),
        "triangle" => y < 0.8 && y > 2.0 * x.abs() - 0.95,
        "diamond" => x.abs() + y.abs() < 1.1,
        other => unreachable!("`{other}` is not among the shapes"),
    }
}

/// Three stripes across.
fn is_striped(place: f64) -> bool {
    ((place + 0.9) / 0.36).rem_euclid(2.0) < 1.0
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped first"
)]
fn byte(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_depend_on_their_number_alone() {
        let (few, many) = (make(20), make(40));
        assert_eq!(few.images.pixels, many.images.pixels[..20 * IMAGE]);
        assert_eq!((few.test.len(), many.test.len()), (2, 4));
        assert_ne!(few.images.image(0), few.images.image(10));
    }

    #[test]
    fn classes_have_the_same_mean_everywhere() {
        let images = some(0, 4000);
        let mut means = [[0.0; 4]; CLASSES];
        for (index, label) in images.labels.iter().enumerate() {
            // Four pixels near the middle, where shapes differ most.
            for (mean, place) in means[usize::from(*label)].iter_mut().zip([
                15 * 32 + 15,
                15 * 32 + 20,
                20 * 32 + 15,
                10 * 32 + 10,
            ]) {
                *mean += f64::from(images.image(index)[place * CHANNELS]) / 400.0;
            }
        }
        for mean in means.iter().flatten() {
            assert!((mean - 127.5).abs() < 12.0, "{mean}");
        }
    }

    #[test]
    fn shapes_differ() {
        let points = (0..400).map(|index| {
            (
                f64::from(index % 20) / 9.5 - 1.0,
                f64::from(index / 20) / 9.5 - 1.0,
            )
        });
        let points: Vec<(f64, f64)> = points.collect();
        let pairs = (0..CLASSES).flat_map(|a| (0..a).map(move |b| (a, b)));
        for (a, b) in pairs {
            let differs = |(x, y): &&(f64, f64)| is_inside(a, *x, *y) != is_inside(b, *x, *y);
            let apart = points.iter().filter(differs).count();
            assert!(
                apart > 20,
                "{} and {} differ at {apart} of 400 points",
                NAMES[a],
                NAMES[b]
            );
        }
    }
}
