//! Verdicts on pairs of rules: yes, no with a counter-example, and what the command line and the language make of them.

use nos::algebra::{Algebra, Verdict};
use nos::context::{Context, Silent};

fn verdict(context: &mut Context, a: &str, b: &str) -> Verdict {
    let mut rule = |text: &str| {
        context
            .rule("test", text, &mut Silent)
            .unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
    };
    let (a, b) = (rule(a), rule(b));
    Algebra::new().equal(&a, &b)
}

#[track_caller]
fn check(word: &str, pairs: &[(&str, &str)]) {
    let mut context = Context::new();
    for (a, b) in pairs {
        for (a, b) in [(a, b), (b, a)] {
            let found = verdict(&mut context, a, b);
            assert_eq!(found.word(), word, "{a}  and  {b}: {found}");
        }
    }
}

#[test]
fn other_spellings_are_equal() {
    check(
        "yes",
        &[
            ("(1 + sign(g) * sign(m)) * g", "g + sign(m) * |g|"),
            ("sign(m)", "sign(mhat)"),
            ("powersign(base: 2)", "2^(sign(g) * sign(m)) * g"),
            ("e^(g + m)", "e^g * e^m"),
            ("where(g > 0, g, -g)", "|g|"),
            ("max(g, -g)", "|g|"),
            ("momentum", "trace(g, 0.9)"),
            ("rms(g)^2", "mean(g^2)"),
            (
                "transpose(transpose(g @ transpose(g) @ g))",
                "g @ transpose(g) @ g",
            ),
            ("g + 0.9 * last(update)", "last(update) * 0.9 + g"),
            ("m / (1 - 0.9^(t + 1))", "mhat"),
        ],
    );
}

#[test]
fn equal_distributions_are_equal() {
    check(
        "yes",
        &[
            ("drop(drop(g, 0.1), 0.3)", "drop(g, 0.37)"),
            ("g - drop(g, 0.3)", "drop(g, 0.7)"),
            ("g * eps", "|g| * eps"),
            ("g + eps", "g - eps"),
            ("drop(g, 0.3) + drop(m, 0.3)", "drop(m, 0.3) + drop(g, 0.3)"),
        ],
    );
}

#[test]
fn look_alikes_are_not_equal() {
    check(
        "no",
        &[
            ("sign(g)^2", "1"),
            ("clip(g, 1e-3)", "g"),
            ("momentum", "m"),
            ("powersign", "addsign"),
            ("rd(10) * g", "rd(20) * g"),
            ("rd(10) * g", "g"),
            ("drop(g, 0.5) + drop(g, 0.5)", "2 * drop(g, 0.5)"),
            ("(1 + 1e-15) * g", "g"),
            ("0.1 * 3 * g", "0.3 * g"),
            ("ld * g", "cd * g"),
            ("-g", "g"),
            ("norm(g) * g", "rms(g) * g"),
            ("g * eps", "w * eps"),
        ],
    );
}

#[test]
fn one_draw_for_all_elements_is_not_one_for_each() {
    // Each element alone has the same distribution, which is all that points tell.
    check("unknown", &[("drop(1, 0.5) * g", "drop(g, 0.5)")]);
}

#[test]
fn counter_example_is_shown_with_both_results_and_the_multiple() {
    let mut context = Context::new();
    assert_eq!(
        verdict(&mut context, "2 * g", "g").to_string(),
        "no: at g = 1 the first gives 2, the second 1; equal up to learning rate: the first is 2 times the second"
    );
    assert_eq!(
        verdict(&mut context, "sign(g)^2", "1").to_string(),
        "no: at g = 0 the first gives 0, the second 1"
    );
    assert_eq!(
        verdict(&mut context, "g / g", "1").to_string(),
        "yes, where both are defined: at g = 0 only the first is undefined"
    );
}
