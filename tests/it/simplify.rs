//! `simplify` and `cost`: whatever the language can say.

use crate::support::run;
use nos::algebra::{Algebra, Simplifier, cost};
use nos::context::{Context, Silent};

#[track_caller]
fn check(text: &str, want: &str) {
    let mut context = Context::new();
    let mut rule = |text: &str| context.rule("rule", text, &mut Silent).unwrap();
    let given = rule(text);
    let found = Simplifier::new().simplify(&given);
    // What is wanted is read too, because names stand for expressions.
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
    check("g / (2 * w) + m / (2 * w)", "(g + m) / (2 * w)");
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
    check("sign(g) * sign(g)", "sign(g)^2");
    check("g^2 / g", "g^2 / g");
    check("g / g^2", "1 / g");
    check("sqrt(g) * sqrt(g)", "sqrt(g)^2");
    check("log|g| - log|g|", "0 * log|g|");
    check("g / g", "g / g");
    check("sign(g) * |g|", "g");
}

/// Rules of every kind: none may fail, become dearer, or change its normal form.
const RULES: &[&str] = &[
    "0",
    "g",
    "2 / 0",
    "g + eps * 2 + eps",
    "eps_t * g * 2 * g",
    "drop(g, 0.3) + drop(g, 0.3)",
    "(fn(d) => d * 2 * d)(drop(g, 0.3))",
    "(fn(d) => sign(d) * |d| + sign(drop(d, 0.1)))(drop(g, 0.3))",
    "g + 0.9 * last(update) + 0.9 * last(update)",
    "2 * own(g + 0.9 * last(update)) + 0 * last(update)",
    "own(g + last(update)) * own(g + 0.5 * last(update)) * 2 * 3",
    "g @ transpose(g) @ g + g @ transpose(g) @ g",
    "transpose(transpose(g)) * 2 * 3",
    "g / sqrt(rowmean(g^2) + delta) * colmean(g * g)",
    "orthogonalize(trace(g, 0.95)) * 2 / 2",
    "ld * g + cd * g",
    "where(g * m > 0, g * 2 * 3, g + g)",
    "where(not (g > 0), -g, g)",
    "rd(10) * g + rd(20) * g",
    "g^g * g^(2 * g)",
    "(g + w)^3 * (g - w)^3",
    "1e-300 * g * 1e-300",
    "g % 2 + g % 2",
    "adam + rmsprop",
    "lion",
];

#[test]
fn every_kind_of_rule_simplifies() {
    let mut context = Context::new();
    let (mut simplifier, mut algebra) = (Simplifier::new(), Algebra::new());
    for text in RULES {
        let Ok(rule) = context.rule("rule", text, &mut Silent) else {
            panic!("{text} is no rule");
        };
        let simple = simplifier.simplify(&rule);
        assert!(cost(&simple) <= cost(&rule), "{text}: {}", simple.text());
        assert_eq!(algebra.normal(&simple).text(), algebra.normal(&rule).text());
        assert_eq!(simple.ty(), rule.ty(), "{text}");
        let again = context.rule("again", &simple.text(), &mut Silent);
        assert!(again.is_ok(), "{}", simple.text());
    }
}

#[test]
fn deep_and_wide_rules_stay_as_they_are_or_get_cheaper() {
    for text in [
        format!("g{}", " + w".repeat(3000)),
        format!("{}g{}", "sin(".repeat(200), ")".repeat(200)),
        format!("g{}", " * (g + w)".repeat(40)),
    ] {
        let rule = Context::new().rule("rule", &text, &mut Silent).unwrap();
        let simple = Simplifier::new().simplify(&rule);
        assert!(cost(&simple) <= cost(&rule));
    }
}

#[track_caller]
fn shows(program: &str, want: &str) {
    let ran = run("simplify.nos", program);
    assert!(ran.ok, "{}", ran.rendered);
    assert_eq!(ran.shown.trim_end(), want);
}

#[test]
fn previous_update_stays_that_of_the_rule() {
    shows(
        "rule r = simplify(g + 0.9 * last(update) + 0.9 * last(update))\nstr(r) == str(g + 1.8 * last(update))",
        "true",
    );
    shows(
        "run(simplify(g * 2 + 0.5 * last(update) * 2), [1, 1], lr: 1)",
        "[-2, -6]",
    );
}

#[test]
fn simplified_values_can_be_used_as_any_other() {
    shows("[cost(r) for r in [g, g + g, 2 * g]]", "[3, 8, 6]");
    shows("map([g * 2 * 3], simplify) |> len", "1");
    shows("simplify(2 + 3)", "5");
    shows("at(simplify(0.5 * (t / T) * 2), 5, T: 10)", "0.5");
}
