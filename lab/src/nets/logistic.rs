//! Softmax regression on pixels: the least network, and a measure of how hard a data set is.

use super::{Classifier, Linear, Vars};
use crate::data::batch::size;
use crate::data::{CLASSES, IMAGE};
use tch::Tensor;

/// One linear layer.
#[derive(Debug)]
pub struct Logistic {
    layer: Linear,
}

impl Logistic {
    /// Before training.
    pub fn new(vars: &mut Vars) -> Self {
        Self {
            layer: Linear::new(vars, "output", size(IMAGE), size(CLASSES)),
        }
    }
}

impl Classifier for Logistic {
    fn logits(&self, images: &Tensor, _is_training: bool) -> Tensor {
        self.layer.forward(&images.flatten(1, -1))
    }

    fn words(&self) -> String {
        "logistic regression on pixels".to_owned()
    }
}
