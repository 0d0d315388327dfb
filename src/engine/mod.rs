//! The engine: rules and test functions turned into numbers.
//!
//! [`Runner`] evaluates a rule on parameter tensors, plainly and in f64: the oracle that anything faster is held against.
//! [`Optimizer`] is a rule at work on a model: fused kernels in f32, what programs embed. [`Lanes`] runs many small problems in step, which
//! is what benchmarks do.
//! [`Objective`] is a test function with its symbolic gradient. Noise comes from [`noise`], by seed and place, so that every
//! number here is a function of its inputs.
//!
//! Where a derivative does not exist, the value of its formula is taken: the derivative of `|x|` at 0 is `sign(0)`, that is 0.

mod derivative;
pub(crate) mod dispatch;
mod error;
mod fused;
mod lanes;
mod matrix;
pub mod noise;
mod objective;
mod optimizer;
mod product;
mod program;
mod runner;
mod signs;
mod terms;

pub use derivative::gradient;
pub use error::{EngineError, ObjectiveError, TensorShape};
pub(crate) use fused::{sigmoid, tanh};
pub use lanes::{Lanes, ObjectiveLanes};
pub(crate) use lanes::{Remembered, Rows, copy_few};
pub use objective::{Objective, ObjectiveEvaluator};
pub use optimizer::{Done, NotFinite, Optimizer, OptimizerError, Saved, Settings};
pub use runner::Runner;

/// The loops that a rule is compiled to, as text; a rule that needs a matrix has none.
///
/// # Errors
/// What keeps the rule from running on any parameter.
pub fn listing(rule: &crate::ir::Rule) -> Result<String, EngineError> {
    if rule.needs_matrix() {
        return Ok("evaluated node by node in f64: the rule needs a matrix\n".to_owned());
    }
    fused::lower(rule).map(|program| fused::listing(&program))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact values are meant")]
mod tests;
