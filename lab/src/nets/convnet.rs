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
