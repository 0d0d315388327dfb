//! Fully connected layers with ReLU between them.

use super::{Classifier, Linear, Vars};
use crate::data::batch::size;
use crate::data::{CLASSES, IMAGE};
use tch::Tensor;

/// Layers of units.
#[derive(Debug)]
pub struct Mlp {
    hidden: Vec<Linear>,
    output: Linear,
    words: String,
}

impl Mlp {
    /// Before training.
    pub fn new(vars: &mut Vars, hidden: &[u32]) -> Self {
        let mut inputs = size(IMAGE);
        let layers = hidden.iter().enumerate().map(|(index, units)| {
            let layer = Linear::new(
                vars,
                &format!("hidden{}", index + 1),
                inputs,
                (*units).into(),
            );
            inputs = (*units).into();
            layer
        });
        let layers = layers.collect();
        let units: Vec<String> = hidden.iter().map(u32::to_string).collect();
        Self {
            hidden: layers,
            output: Linear::new(vars, "output", inputs, size(CLASSES)),
            words: format!(
                "fully connected layers of {} units with ReLU",
                units.join(", ")
            ),
        }
    }
}

impl Classifier for Mlp {
    fn logits(&self, images: &Tensor, _is_training: bool) -> Tensor {
        let mut x = images.flatten(1, -1);
        for layer in &self.hidden {
            x = layer.forward(&x).relu_();
        }
        self.output.forward(&x)
    }

    fn words(&self) -> String {
        self.words.clone()
    }
}
