//! Layers that several networks share.

use super::Vars;
use tch::Tensor;

/// A convolution without gaps, with as much padding as keeps the sides of an image.
#[derive(Debug)]
pub struct Conv {
    weight: Tensor,
    bias: Option<Tensor>,
    stride: i64,
    padding: i64,
}

/// Batch normalization (Ioffe and Szegedy 2015): the means of the batch in training, running means otherwise.
#[derive(Debug)]
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
}

/// A fully connected layer.
#[derive(Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Conv {
    /// With weights and biases from -1/sqrt(n) to 1/sqrt(n), n being the inputs of a unit.
    pub fn new(vars: &mut Vars, name: &str, [inputs, filters]: [i64; 2], side: i64) -> Self {
        let bound = 1.0 / number(inputs * side * side).sqrt();
        Self {
            weight: vars.uniform(
                &format!("{name}.weight"),
                &[filters, side, side, inputs],
                bound,
            ),
            bias: Some(vars.uniform(&format!("{name}.bias"), &[filters], bound)),
            stride: 1,
            padding: side / 2,
        }
    }

    /// Without biases, with weights of variance 2/n, n being the outputs of a unit (He et al. 2015): what residual networks begin with.
    pub fn residual(
        vars: &mut Vars,
        name: &str,
        [inputs, filters]: [i64; 2],
        side: i64,
        stride: i64,
    ) -> Self {
        // Uniform between bounds of sqrt(3) deviations.
        let bound = (6.0 / number(filters * side * side)).sqrt();
        Self {
            weight: vars.uniform(
                &format!("{name}.weight"),
                &[filters, side, side, inputs],
                bound,
            ),
            bias: None,
            stride,
            padding: side / 2,
        }
    }

    /// The layer's values.
    pub fn forward(&self, x: &Tensor) -> Tensor {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        x.conv2d(
            &self.weight.permute([0, 3, 1, 2]),
            self.bias.as_ref(),
            stride,
            padding,
            [1, 1],
            1,
        )
    }
}

impl BatchNorm {
    /// With scale 1 and shift 0.
    pub fn new(vars: &mut Vars, name: &str, channels: i64) -> Self {
        Self {
            weight: vars.constant(&format!("{name}.weight"), &[channels], 1.0),
            bias: vars.constant(&format!("{name}.bias"), &[channels], 0.0),
            mean: vars.buffer(&format!("{name}.running_mean"), &[channels], 0.0),
            variance: vars.buffer(&format!("{name}.running_var"), &[channels], 1.0),
        }
    }

    /// The layer's values; running means move by a tenth in training.
    pub fn forward(&self, x: &Tensor, is_training: bool) -> Tensor {
        let (weight, bias) = (Some(&self.weight), Some(&self.bias));
        let (mean, variance) = (Some(&self.mean), Some(&self.variance));
        x.batch_norm(weight, bias, mean, variance, is_training, 0.1, 1e-5, false)
    }
}

impl Linear {
    /// With weights and biases from -1/sqrt(n) to 1/sqrt(n), n being the inputs.
    pub fn new(vars: &mut Vars, name: &str, inputs: i64, outputs: i64) -> Self {
        let bound = 1.0 / number(inputs).sqrt();
        Self {
            weight: vars.uniform(&format!("{name}.weight"), &[outputs, inputs], bound),
            bias: vars.uniform(&format!("{name}.bias"), &[outputs], bound),
        }
    }

    /// The layer's values.
    pub fn forward(&self, x: &Tensor) -> Tensor {
        x.linear(&self.weight, Some(&self.bias))
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "layers have fewer than 2^53 weights"
)]
fn number(count: i64) -> f64 {
    count as f64
}
