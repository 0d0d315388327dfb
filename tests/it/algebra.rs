//! Normal forms as tables a reader can check.

use nos::algebra::{Algebra, Normal, UpTo};
use nos::context::{Context, Silent};

fn normal(text: &str) -> Normal {
    let rule = Context::new()
        .rule("test", text, &mut Silent)
        .unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    Algebra::new().normal(&rule)
}

#[track_caller]
fn check(text: &str, want: &str) {
    let found = normal(text);
    assert_eq!(found.text(), want, "{text} ({:?})", found.trouble());
}

#[test]
fn order_and_brackets_do_not_matter() {
    check("(1 + sign(g) * sign(m)) * g", "g + sign(ema(g, 0.9)) * |g|");
    check("sign(m) * |g| + g", "g + sign(ema(g, 0.9)) * |g|");
    check("sign(g) * |g|", "g");
    check("(g + m)^2", "g^2 + 2 * g * ema(g, 0.9) + ema(g, 0.9)^2");
    check("0.1 * (3 * g)", "0.3 * g");
    check(
        "(g + m) * w / (g + m)",
        "(g + ema(g, 0.9)) * w / (g + ema(g, 0.9))",
    );
}

#[test]
fn zero_is_a_value() {
    check("sign(g)^2", "sign(g)^2");
    check("g / g", "g / g");
    check("g^2 / g", "g^2 / g");
    check("sign(g)^3", "sign(g)");
    check("log|g| - log|g|", "0 * log|g|");
    check("g * sign(g)^2", "g");
    check("exp(g) * sign(exp(g))", "e^g");
}

#[test]
fn powers_and_exponentials_meet() {
    check("exp(g) * exp(m)", "e^(g + ema(g, 0.9))");
    check("2^(3 * g)", "8^g");
    check("e^log|g|", "|g|");
    check("log|exp(g)|", "g");
    check("sqrt|g| * sqrt|g|", "|g|");
    check("sqrt(g)^2", "sqrt(g)^2");
    check("e * exp(g)", "e^(g + 1)");
    for square in ["e * e * g + w", "e^2 * g + w", "exp(2) * g + w"] {
        check(square, "e^2 * g + w");
    }
}

#[test]
fn clips_and_masks_are_taken_apart() {
    check("clip(2 * g, 1e-3)", "2 * clip(g, 5e-4)");
    check("clip(clip(g, 1e-3), 1e-4)", "clip(g, 1e-4)");
    check("clip(sign(g), 2)", "sign(g)");
    check("clip(g^2, 1e-4)", "clip(|g|, 0.01)^2");
    check("drop(drop(g, 0.1), 0.3)", "drop(g, 0.37)");
    check("g - drop(g, 0.3)", "drop(g, 0.7)");
    check("sign(drop(g, 0.3))", "drop(sign(g), 0.3)");
    check("g * eps", "|g| * eps");
    check("where(g > 0, g, -g)", "|g|");
}

#[test]
fn state_is_linear() {
    check(
        "ema(2 * g + m, 0.9)",
        "2 * ema(g, 0.9) + ema(ema(g, 0.9), 0.9)",
    );
    check("momentum", "10 * ema(g, 0.9)");
    check("m / (1 - 0.9^(t + 1))", "debias(ema(g, 0.9))");
    check("rms(g)^2", "mean(g^2)");
}

#[test]
fn what_is_too_long_says_so() {
    let found = normal("0.1234567890123 * (g + e + e)");
    assert!(found.trouble().is_some());
    assert_eq!(found.text(), "0.1234567890123 * (g + e + e)");
}

#[test]
fn quarter_turns_are_exact() {
    check("cos(pi * T / T) * g", "-g");
    check("sin(pi * T / (2 * T)) * g", "g");
    check("g * (1 + cos(pi * T / T))", "0");
}

#[test]
fn powers_of_sums_in_divisors_read_back() {
    check("g / (w + 1) / (w + 1)", "g * (w + 1)^-2");
    check("g * (w + 1)^-2", "g * (w + 1)^-2");
    check("g / (g^2 + 1) / sqrt(g^2 + 1)", "g * (g^2 + 1)^-1.5");
}

#[test]
fn multiples_of_chance_are_known() {
    let mut algebra = Algebra::new();
    let mut key = |text: &str, up_to| {
        let rule = Context::new().rule("test", text, &mut Silent);
        algebra.key(&rule.expect("a rule"), up_to)
    };
    for (x, y, up_to) in [
        (
            "drop(1, 0.1) + drop(2, 0.1)",
            "3 * drop(2, 0.1) + 3 * drop(1, 0.1)",
            UpTo::Rate,
        ),
        (
            "drop(w, 0.3) - drop(2 * w, 0.3)",
            "drop(8 * w, 0.3) - 4 * drop(w, 0.3)",
            UpTo::RateAndSign,
        ),
        (
            "g - drop(eps, 0.1)",
            "0.1 * drop(eps, 0.1) - 0.1 * g",
            UpTo::RateAndSign,
        ),
        (
            "g / (eps + delta)",
            "-2 * g / (eps + delta)",
            UpTo::RateAndSign,
        ),
    ] {
        assert_eq!(key(x, up_to), key(y, up_to), "{x} and {y}");
    }
    let apart = ["g + drop(eps, 0.1)", "drop(eps, 0.1) - g"];
    assert_ne!(key(apart[0], UpTo::Rate), key(apart[1], UpTo::Rate));
}
