//! All integration tests of `nos`, in one binary: linking is the slow part.
#![allow(clippy::unwrap_used, clippy::float_cmp, missing_docs, unreachable_pub)]

mod examples;
mod laws;
mod references;
mod stdlib;
mod support;
mod tidy;
mod ui;
