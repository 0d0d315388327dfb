//! Benchmarks of rules on test functions.

pub mod report;
