//! Networks, one file each.
//!
//! A network registers its parameters and buffers with [`Vars`] when it is made and is a formula afterwards. Initial weights are functions of the seed.
//!
//! Every parameter lies in memory without gaps, so that a rule can walk over it. Convolutions keep theirs as `[filters, rows, columns, channels]`, the order of
//! "channels last", in which libtorch is fastest; the convolution sees a view of it.

pub mod convnet;
mod layers;
pub mod logistic;
pub mod lstm;
pub mod mlp;
pub mod wrn;

pub use layers::{BatchNorm, Conv, Linear};

use crate::random::{Draws, Purpose};
use nos::engine::TensorShape;
use tch::{Device, Kind, Tensor};

/// How many weights are drawn at once.
const PART: i64 = 1 << 16;

/// A network that tells classes of images apart.
pub trait Classifier {
    /// One row of class scores an image, from images `[images, rows, columns, colours]`; batch normalization uses and keeps means where `is_training`.
    fn logits(&self, images: &Tensor, is_training: bool) -> Tensor;

    /// The network in words, with what the paper leaves open.
    fn words(&self) -> String;
}

/// What a network remembers: parameters, which rules change, and buffers, which they do not.
#[derive(Debug)]
pub struct Vars {
    seed: u64,
    device: Device,
    names: Vec<String>,
    params: Vec<Tensor>,
    buffers: Vec<(String, Tensor)>,
}

impl Vars {
    /// Nothing yet.
    pub fn new(seed: u64, device: Device) -> Self {
        Self {
            seed,
            device,
            names: Vec::new(),
            params: Vec::new(),
            buffers: Vec::new(),
        }
    }

    /// A parameter with values from -`bound` to `bound`.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "parameters are kept in f32"
    )]
    pub fn uniform(&mut self, name: &str, sides: &[i64], bound: f64) -> Tensor {
        let place = self.params.len() as u64;
        let tensor = Tensor::empty(sides, (Kind::Float, Device::Cpu));
        for (part, values) in tensor.view(-1).split(PART, 0).into_iter().enumerate() {
            let part = u32::try_from(part).expect("parameters have fewer than 2^48 elements");
            let draws =
                Draws::new(self.seed, Purpose::Weights, place, part).uniform(values.numel());
            let draws = draws
                .into_iter()
                .map(|draw| (bound * (2.0 * draw - 1.0)) as f32);
            let mut values = values;
            values.copy_(&Tensor::from_slice(&draws.collect::<Vec<f32>>()));
        }
        self.param(name, &tensor)
    }

    /// A parameter with one value everywhere.
    pub fn constant(&mut self, name: &str, sides: &[i64], value: f64) -> Tensor {
        self.param(
            name,
            &Tensor::full(sides, value, (Kind::Float, Device::Cpu)),
        )
    }

    /// A buffer with one value everywhere.
    pub fn buffer(&mut self, name: &str, sides: &[i64], value: f64) -> Tensor {
        let tensor = Tensor::full(sides, value, (Kind::Float, self.device));
        self.buffers.push((name.to_owned(), tensor.shallow_clone()));
        tensor
    }

    /// The parameters, in the order in which the network made them.
    pub fn params(&self) -> &[Tensor] {
        &self.params
    }

    /// Everything by name: parameters, then buffers.
    pub fn named(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        let params = self.names.iter().map(String::as_str).zip(&self.params);
        params.chain(
            self.buffers
                .iter()
                .map(|(name, tensor)| (name.as_str(), tensor)),
        )
    }

    /// The parameters as rules see them: what has more than one side is a matrix of as many rows as its first side has.
    pub fn shapes(&self) -> Vec<TensorShape> {
        let shape = |tensor: &Tensor| {
            let len = tensor.numel();
            match *tensor.size() {
                [] | [_] => TensorShape::Vector(len),
                [rows, ..] => {
                    let rows = usize::try_from(rows).unwrap_or(0);
                    TensorShape::Matrix(rows, len / rows.max(1))
                }
            }
        };
        self.params.iter().map(shape).collect()
    }

    /// How many numbers the parameters are.
    pub fn parameter_count(&self) -> u64 {
        self.params.iter().map(|tensor| tensor.numel() as u64).sum()
    }

    /// The device of all of them.
    pub fn device(&self) -> Device {
        self.device
    }

    fn param(&mut self, name: &str, values: &Tensor) -> Tensor {
        let tensor = values.to_device(self.device).set_requires_grad(true);
        self.names.push(name.to_owned());
        self.params.push(tensor.shallow_clone());
        tensor
    }
}
