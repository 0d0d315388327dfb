//! The engine: rules and test functions turned into numbers.
//!
//! [`Runner`] evaluates a rule on parameter tensors, plainly and in f64: the oracle that anything faster is held against.
//! [`Objective`] is a test function with its symbolic gradient. Noise comes from [`noise`], by seed and place, so that every
//! number here is a function of its inputs.
//!
//! Where a derivative does not exist, the value of its formula is taken: the derivative of `|x|` at 0 is `sign(0)`, that is 0.

mod derivative;
mod error;
mod fused;
mod lanes;
mod matrix;
pub mod noise;
mod objective;
mod optimizer;
mod program;
mod runner;
mod signs;
mod terms;

pub use derivative::gradient;
pub use error::{EngineError, ObjectiveError, TensorShape};
pub use lanes::{Lanes, ObjectiveLanes};
pub use objective::{Objective, ObjectiveEvaluator};
pub use optimizer::{Done, NotFinite, Optimizer, OptimizerError, Saved, Settings};
pub use runner::Runner;

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact values are meant")]
mod tests;
