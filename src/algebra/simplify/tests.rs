//! Simplified rules as tables a reader can check.

use super::*;
use crate::context::{Context, Silent};

fn rule(text: &str) -> Rule {
    Context::new()
        .rule("test", text, &mut Silent)
        .unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

#[track_caller]
fn check(text: &str, want: &str) {
    let given = rule(text);
    let found = Simplifier::new().simplify(&given);
    // What is wanted is text, where names may stand for expressions.
    assert_eq!(found.text(), rule(want).text(), "{text}");
    assert!(cost(&found) <= cost(&given), "{text}");
}

#[test]
fn common_factors_are_taken_out() {
    check("g + sign(m) * |g|", "(1 + sign(g) * sign(m)) * g");
    check(
        "e^(0.5*ld + 0.5*ld*cos(pi*t/T)) * g",
        "e^(0.5 * ld * (1 + cos(pi * t / T))) * g",
    );
    check("g * m + g * w", "(w + m) * g");
    check("g * m - w * g", "(m - w) * g");
    check("g / (2 * w) + m / (2 * w)", "(g + m) / w");
}

#[test]
fn numbers_meet() {
    check("g * 2 * 3", "6 * g");
    check("g + g", "2 * g");
    check("-(-g)", "g");
    check("0.1 * (3 * g)", "0.3 * g");
}

#[test]
fn products_become_powers() {
    check("g * g", "g^2");
    check("g * g * g", "g^3");
    check("g^2 * g^2", "g^4");
    check("g^0.5", "sqrt(g)");
}

#[test]
fn state_is_kept_once() {
    check("10 * ema(g, 0.9)", "trace(g, 0.9)");
    check("ema(g, 0.9) + ema(w, 0.9)", "ema(g + w, 0.9)");
    check("m / (1 - 0.9^(t + 1))", "mhat");
}

#[test]
fn zero_is_a_value() {
    check("sign(g)^2", "sign(g)^2");
    check("g / g", "g / g");
    check("sign(g) * |g|", "g");
}
