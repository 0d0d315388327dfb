//! The normal form under test: the one place that says which it is.

use nos::ir::Rule;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The key of a rule: equal keys claim equal rules.
pub(crate) fn key(rule: &Rule) -> [u8; 16] {
    let text = rule.text();
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, &text).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(0) << 64 | half(1)).to_be_bytes()
}
