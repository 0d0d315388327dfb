//! Fused kernels: a rule as one walk over memory, in f32.
//!
//! [`compile`](lower::lower) turns the graph of a rule into a short list of loops over blocks that stay in the first-level cache,
//! and [`Engine`] runs it over parameter tensors. Every op on elements is rounded to f32, as if the plain evaluator stored each
//! of its values in f32; scalars are f64 and are rounded where they meet an element.

mod fuse;
mod kernel;
mod lines;
mod listing;
mod lower;
mod maths;
mod program;
mod registers;
mod run;

pub(super) use listing::listing;
pub(super) use lower::lower;
pub(crate) use maths::{sigmoid, tanh};
pub(super) use run::{Engine, Moment, State, Tensor};
