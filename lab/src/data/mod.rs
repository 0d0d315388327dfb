//! What is learned: images with labels, and text as word numbers.
//!
//! From files ([`cifar`], [`words`]) or from a seed ([`shapes`], [`grammar`]); what is made from a seed says so in its description. Files are checked before
//! anything is made of them.

pub mod batch;
pub mod cifar;
pub mod grammar;
pub mod shapes;
pub mod words;

use crate::random::{Draws, Purpose};
use nos::lab::message::Failure;
use std::path::Path;

/// The side of an image.
pub const SIDE: usize = 32;
/// The colours of a pixel.
pub const CHANNELS: usize = 3;
/// The bytes of an image.
pub const IMAGE: usize = SIDE * SIDE * CHANNELS;
/// The classes of images.
pub const CLASSES: usize = 10;

/// The seed of everything about data that is the same for all trials: the split, what is synthetic.
const FIXED: u64 = 0x6e6f_735f_6461_7461;

/// Labelled images; pixels are bytes, row by row, the colours of a pixel together.
#[derive(Clone, Default, Debug)]
pub struct Images {
    /// [`IMAGE`] bytes an image.
    pub pixels: Vec<u8>,
    /// One class an image.
    pub labels: Vec<u8>,
}

impl Images {
    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// One image's pixels.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * IMAGE..(index + 1) * IMAGE]
    }
}

/// Images to train, validate and test on.
#[derive(Clone, Debug)]
pub struct ImageSet {
    /// What they are, in a word or two.
    pub name: &'static str,
    /// Whether they were made from a seed.
    pub is_synthetic: bool,
    /// Images of training and validation.
    pub images: Images,
    /// Where the images are that are trained on, in the fixed order.
    pub train: Vec<u32>,
    /// Where the images are that are validated on; none of them is trained on.
    pub valid: Vec<u32>,
    /// Images to test on; none where there are none.
    pub test: Images,
}

impl ImageSet {
    /// Splits images nine to one, as 50,000 into 45,000 and 5,000, always in the same way.
    pub fn new(name: &'static str, is_synthetic: bool, images: Images, test: Images) -> Self {
        let mut train = Draws::new(FIXED, Purpose::Split, 0, 0).permutation(images.len());
        let valid = train.split_off(images.len() - images.len() / 10);
        Self {
            name,
            is_synthetic,
            images,
            train,
            valid,
            test,
        }
    }
}

/// Text to train and validate on, as numbers of words.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// What it is: its files, where it has any.
    pub name: String,
    /// Whether it was made from a seed.
    pub is_synthetic: bool,
    /// The words, each once; a word's number is its place here.
    pub vocabulary: Vec<String>,
    /// The words to train on.
    pub train: Vec<u32>,
    /// The words to validate on.
    pub valid: Vec<u32>,
}

/// A file that is not as it should be.
fn broken(path: &Path, what: &str) -> Failure {
    Failure::Data {
        message: format!("`{}`: {what}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validation_images_are_never_trained_on() {
        for len in [10, 999, 50_000] {
            let images = Images {
                pixels: Vec::new(),
                labels: vec![0; len],
            };
            let set = ImageSet::new("images", true, images, Images::default());
            assert_eq!(set.valid.len(), len / 10);
            let mut all = [set.train, set.valid].concat();
            all.sort_unstable();
            assert!(all.into_iter().map(|index| index as usize).eq(0..len));
        }
    }
}
