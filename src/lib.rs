//! `nos`, a language about one thing: how a weight changes in one training step.
#![deny(unsafe_code)]

pub mod bench;
pub mod engine;
pub mod ir;
pub mod op;
pub mod source;
pub mod types;
