//! The tests of `nos-lab`: one program, since linking is the slow part.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::wildcard_enum_match_arm,
    clippy::cast_precision_loss,
    reason = "tests"
)]

mod learning;
mod optimizers;
mod protocol;
mod resume;
mod support;
mod tidy;
