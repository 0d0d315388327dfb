//! `nos`, a language about one thing: how a weight changes in one training step.
#![deny(unsafe_code)]

pub mod bench;
<<<<<<< HEAD
pub mod builtin;
pub mod check;
pub mod context;
pub mod diagnostic;
=======
>>>>>>> engine
pub mod engine;
pub mod ir;
pub mod op;
#[cfg(feature = "cli")]
pub mod plot;
pub mod source;
pub mod syntax;
pub mod types;
