//! The normal form under test: the one place that says which it is.

use nos::algebra::Algebra;
use nos::ir::Rule;
use std::cell::RefCell;

thread_local! {
    static ALGEBRA: RefCell<Algebra> = RefCell::new(Algebra::new());
}

/// The key of a rule: equal keys claim equal rules.
pub(crate) fn key(rule: &Rule) -> [u8; 16] {
    ALGEBRA.with_borrow_mut(|algebra| algebra.normal(rule).key())
}
