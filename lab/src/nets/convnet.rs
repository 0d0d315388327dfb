//! The child network of Bello et al. 2017, section 4.2: two 3x3 convolutions, each with ReLU and batch normalization.
//!
//! The paper names neither pooling nor the output layer. Here 2x2 maxima follow each layer unless turned off, and the output is one linear layer.

use super::{BatchNorm, Classifier, Conv, Linear, Vars};
use crate::data::batch::size;
use crate::data::{CHANNELS, CLASSES, SIDE};
use tch::Tensor;

/// Two convolutions.
#[derive(Debug)]
pub struct Convnet {
    layers: [(Conv, BatchNorm); 2],
    output: Linear,
    filters: u32,
    pool: bool,
}

impl Convnet {
    /// Before training.
    pub fn new(vars: &mut Vars, filters: u32, pool: bool) -> Self {
        let count = i64::from(filters);
        let mut layer = |name: &str, inputs: i64| {
            let conv = Conv::new(vars, &format!("{name}.conv"), [inputs, count], 3);
            (conv, BatchNorm::new(vars, &format!("{name}.norm"), count))
        };
        let layers = [layer("layer1", size(CHANNELS)), layer("layer2", count)];
        let side = size(SIDE) / if pool { 4 } else { 1 };
        Self {
            layers,
            output: Linear::new(vars, "output", side * side * count, size(CLASSES)),
            filters,
            pool,
        }
    }
}

impl Classifier for Convnet {
    fn logits(&self, images: &Tensor, is_training: bool) -> Tensor {
        let mut x = images.permute([0, 3, 1, 2]);
        for (conv, norm) in &self.layers {
            x = norm.forward(&conv.forward(&x).relu_(), is_training);
            if self.pool {
                x = x.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false);
            }
        }
        // Colours last again: a view, where the usual order would be a copy.
        self.output.forward(&x.permute([0, 2, 3, 1]).flatten(1, -1))
    }

    fn words(&self) -> String {
        let pool = if self.pool {
            ", 2x2 max pooling after each"
        } else {
            ", no pooling"
        };
        format!(
            "two 3x3 convolutions of {} filters, each with ReLU and batch normalization{pool}",
            self.filters
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    /// The network as a textbook has it: planes of colours, each without gaps.
    fn textbook(vars: &Vars, images: &Tensor) -> Tensor {
        let var = |name: &str| {
            let named = vars.named().find(|(each, _)| *each == name);
            named.expect("a variable").1.shallow_clone()
        };
        let mut x = images.permute([0, 3, 1, 2]).contiguous();
        for layer in ["layer1", "layer2"] {
            let weight = var(&format!("{layer}.conv.weight")).permute([0, 3, 1, 2]);
            let bias = var(&format!("{layer}.conv.bias"));
            x = x.conv2d(&weight.contiguous(), Some(&bias), [1, 1], [1, 1], [1, 1], 1);
            x = x.relu();
            let mean = x.mean_dim([0, 2, 3].as_slice(), true, Kind::Float);
            let variance = (&x - &mean).square();
            let variance = variance.mean_dim([0, 2, 3].as_slice(), true, Kind::Float);
            let scale = var(&format!("{layer}.norm.weight")).view([1, -1, 1, 1]);
            let shift = var(&format!("{layer}.norm.bias")).view([1, -1, 1, 1]);
            x = (&x - &mean) / (variance + 1e-5).sqrt() * scale + shift;
            x = x.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false);
        }
        let x = x
            .permute([0, 2, 3, 1])
            .contiguous()
            .view([images.size()[0], -1]);
        x.matmul(&var("output.weight").tr()) + var("output.bias")
    }

    #[test]
    fn values_and_gradients_are_those_of_the_textbook() {
        let mut vars = Vars::new(5, Device::Cpu);
        let net = Convnet::new(&mut vars, 8, true);
        let draws = crate::random::Draws::new(1, crate::random::Purpose::Augment, 0, 0);
        let draws = Tensor::from_slice(&draws.normal(6 * 3072)).to_kind(Kind::Float);
        let images = draws.view([6, 32, 32, 3]);
        let labels = Tensor::from_slice(&[0_i64, 1, 2, 3, 4, 5]);
        let gradients = |logits: &Tensor| {
            let loss = logits.cross_entropy_for_logits(&labels);
            Tensor::run_backward(&[&loss], vars.params(), false, false)
        };
        let (ours, theirs) = (net.logits(&images, true), textbook(&vars, &images));
        let apart = (&ours - &theirs).abs().max().double_value(&[]);
        assert!(apart < 1e-4, "{apart}: {ours} {theirs}");
        for (ours, theirs) in gradients(&ours).iter().zip(gradients(&theirs)) {
            assert!(ours.allclose(&theirs, 1e-3, 1e-5, false));
        }
    }
}
