//! Wide residual networks (Zagoruyko and Komodakis 2016, <https://arxiv.org/abs/1605.07146>): blocks of two 3x3 convolutions, each after batch normalization and
//! ReLU, in three groups of 16, 32 and 64 times `width` filters; no dropout.

use super::{BatchNorm, Classifier, Conv, Linear, Vars};
use crate::data::batch::size;
use crate::data::{CHANNELS, CLASSES};
use tch::{Kind, Tensor};

/// A wide residual network.
#[derive(Debug)]
pub struct Wrn {
    stem: Conv,
    blocks: Vec<Block>,
    norm: BatchNorm,
    output: Linear,
    words: String,
}

#[derive(Debug)]
struct Block {
    norms: [BatchNorm; 2],
    convs: [Conv; 2],
    /// A 1x1 convolution past the block, where it changes sides or channels.
    shortcut: Option<Conv>,
}

impl Wrn {
    /// Before training; the depth is 6 n + 4, n blocks in each of three groups.
    pub fn new(vars: &mut Vars, depth: u32, width: u32) -> Self {
        let stem = Conv::residual(vars, "stem", [size(CHANNELS), 16], 3, 1);
        let mut blocks = Vec::new();
        let mut channels = 16;
        for group in 0..3_u32 {
            let filters = i64::from((16 << group) * width);
            for index in 0..(depth - 4) / 6 {
                let stride = if group > 0 && index == 0 { 2 } else { 1 };
                let name = format!("group{}.block{}", group + 1, index + 1);
                blocks.push(Block::new(vars, &name, [channels, filters], stride));
                channels = filters;
            }
        }
        Self {
            stem,
            blocks,
            norm: BatchNorm::new(vars, "norm", channels),
            output: Linear::new(vars, "output", channels, size(CLASSES)),
            words: format!("wide residual network WRN-{depth}-{width}, no dropout"),
        }
    }
}

impl Block {
    fn new(vars: &mut Vars, name: &str, [inputs, filters]: [i64; 2], stride: i64) -> Self {
        let part = |part: &str| format!("{name}.{part}");
        let is_changed = inputs != filters || stride > 1;
        Self {
            norms: [
                BatchNorm::new(vars, &part("norm1"), inputs),
                BatchNorm::new(vars, &part("norm2"), filters),
            ],
            convs: [
                Conv::residual(vars, &part("conv1"), [inputs, filters], 3, stride),
                Conv::residual(vars, &part("conv2"), [filters, filters], 3, 1),
            ],
            shortcut: is_changed
                .then(|| Conv::residual(vars, &part("shortcut"), [inputs, filters], 1, stride)),
        }
    }

    fn forward(&self, x: &Tensor, is_training: bool) -> Tensor {
        let first = self.norms[0].forward(x, is_training).relu_();
        // What changes sides or channels starts from the normalized values, what does not from the plain ones.
        let past = self
            .shortcut
            .as_ref()
            .map(|shortcut| shortcut.forward(&first));
        let second = self.norms[1]
            .forward(&self.convs[0].forward(&first), is_training)
            .relu_();
        self.convs[1].forward(&second) + past.as_ref().unwrap_or(x)
    }
}

impl Classifier for Wrn {
    fn logits(&self, images: &Tensor, is_training: bool) -> Tensor {
        let mut x = self.stem.forward(&images.permute([0, 3, 1, 2]));
        for block in &self.blocks {
            x = block.forward(&x, is_training);
        }
        let x = self.norm.forward(&x, is_training).relu_();
        self.output
            .forward(&x.mean_dim([2, 3].as_slice(), false, Kind::Float))
    }

    fn words(&self) -> String {
        self.words.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    #[test]
    fn wrn_40_4_has_the_parameters_of_the_paper() {
        let mut vars = Vars::new(0, Device::Cpu);
        Wrn::new(&mut vars, 40, 4);
        assert_eq!(vars.parameter_count(), 8_949_210);
    }

    #[test]
    fn sides_shrink_to_an_eighth_of_pixels_in_each_group() {
        let mut vars = Vars::new(0, Device::Cpu);
        let net = Wrn::new(&mut vars, 10, 1);
        let images = Tensor::zeros([2, 32, 32, 3], (Kind::Float, Device::Cpu));
        assert_eq!(net.logits(&images, true).size(), [2, 10]);
    }
}
