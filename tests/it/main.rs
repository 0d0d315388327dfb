//! All integration tests of `nos`, in one binary: linking is the slow part.
#![allow(clippy::unwrap_used, clippy::float_cmp, missing_docs, unreachable_pub)]

mod algebra;
mod algebra_laws;
mod capi;
mod cli;
mod cli_stop;
mod cli_work;
mod docs;
mod equal;
mod examples;
mod explain;
#[cfg(unix)]
mod fake_lab;
mod fused;
mod graphs;
mod identities;
mod keys;
mod lanes;
mod laws;
mod limits;
mod optimizer;
mod references;
#[cfg(unix)]
mod repl;
mod search;
mod searches;
mod simplify;
mod stdlib;
#[cfg(unix)]
mod stores;
mod support;
mod tidy;
mod tokens;
#[cfg(unix)]
mod train;
mod ui;
