//! `nos`, a language about one thing: how a weight changes in one training step.
#![deny(unsafe_code)]

pub mod bench;
pub mod builtin;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod context;
pub mod diagnostic;
pub mod engine;
pub mod eval;
pub mod ir;
pub mod library;
pub mod op;
#[cfg(feature = "cli")]
pub mod plot;
#[cfg(feature = "cli")]
pub mod repl;
pub mod source;
pub mod syntax;
pub mod types;
