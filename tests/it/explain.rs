//! `explain`: whole pages as goldens, single answers as tables.

use crate::support::{Capture, project, run};
use nos::context::{Context, Input, Silent};

/// Rules whose whole pages are kept, each with the name of its golden.
const PAGES: &[(&str, &str)] = &[
    ("sgd", "sgd"),
    ("powersign", "powersign"),
    ("addsign_ld", "addsign_ld"),
    ("adam", "adam"),
    ("lion", "lion"),
    ("drop30_powersign", "drop(g, 0.3) * e^(sign(g) * sign(m))"),
    (
        "noisy_schedule",
        "powersign(base: 2, f: noisy_linear_cosine)",
    ),
    ("warmed_up", "warmup(10) * cosine * momentum"),
    ("muon", "muon"),
    ("adadelta", "adadelta"),
    ("adamw", "adamw"),
    ("no_degree", "e^g - e^mhat"),
    ("may_divide_by_zero", "m / sqrt(v)"),
    ("noise_inside", "tanh(g * eps) * g"),
];

#[test]
fn pages_are_their_goldens() {
    insta::with_settings!({ snapshot_path => project("tests/explain"), prepend_module_to_snapshot => false, omit_expression => true }, {
        let mut context = Context::new();
        for (name, rule) in PAGES {
            let mut host = Capture::default();
            context.run(name, &format!("explain({rule})"), None, Input::Prompt, &mut host);
            insta::assert_snapshot!(*name, host.shown);
        }
    });
}

/// Answers to one field for several rules.
#[track_caller]
fn check(field: &str, table: &[(&str, &str)]) {
    let mut context = Context::new();
    for (rule, want) in table {
        let mut host = Capture::default();
        let text = format!("print(explain({rule}).{field})");
        let outcome = context.run("row", &text, None, Input::Prompt, &mut host);
        assert!(outcome.is_ok(), "{rule}: {:?}", outcome.diagnostics);
        assert_eq!(host.shown.trim_end(), *want, "{field} of {rule}");
    }
}

#[test]
fn degree_is_that_of_the_update_in_the_gradient() {
    check(
        "degree",
        &[
            ("sgd", "1"),
            ("momentum", "1"),
            ("powersign(f: ld)", "1"),
            ("adam", "0"),
            ("adamw", "0"),
            ("adadelta", "0"),
            ("rmsprop", "0"),
            ("lion", "0"),
            ("sign_m_root_g", "0.5"),
            ("root_g_g", "1.5"),
            ("ema(g^2, 0.9) / g", "1"),
            ("g + 1e-4 * w", "nan"),
            ("exp_g_minus_exp_mhat", "nan"),
            ("tanh(g)", "nan"),
            ("where(g * m > 0, g, 0)", "1"),
            ("clip(g, 1e-4)", "nan"),
            ("g / max(1, norm(g))", "nan"),
            ("g / norm(g) + sign(m)", "0"),
            // Nothing in its parts says so: only examples do.
            ("log(exp(g)^2)", "1"),
            ("g + 0.9 * last(update)", "1"),
            ("lars(weight_decay: 0)", "0"),
            ("muon", "0"),
        ],
    );
}

#[test]
fn parity_counts_state_too() {
    check(
        "parity",
        &[
            ("sgd", "odd"),
            ("adam", "odd"),
            ("adadelta", "odd"),
            ("powersign", "odd"),
            ("g^2", "even"),
            ("sign(g) * sign(m)", "even"),
            ("adam_exp_mhat", "neither"),
            ("g - clip(g^2, 1e-4)", "neither"),
            ("g + 0.9 * last(update)", "odd"),
            ("sigmoid(g) - 1 / 2", "odd"),
            ("max(g, m) + min(g, m)", "odd"),
            ("muon", "odd"),
            ("mhat * (1 + eps)", "odd"),
            // The noise of the other sign has the same distribution.
            ("g + eps", "odd"),
        ],
    );
}

#[test]
fn moments_are_rules_in_normal_form() {
    check(
        "first",
        &[
            ("m", "0.1 * g"),
            ("mhat", "g"),
            ("momentum", "g"),
            ("adam", "g / (|g| + delta)"),
            ("adagrad", "g / (|g| + 1e-10)"),
            ("lion", "sign(g)"),
            ("g - last(g)", "g"),
            ("g + last(update)", "g"),
            ("warmup(10) * g", "0.1 * g"),
        ],
    );
    check(
        "last",
        &[
            ("powersign_ld", "g"),
            ("powersign_cd", "g"),
            ("powersign_rd10", "e^(sign(g) * sign(m)) * g"),
            ("addsign_ld", "g"),
            ("ld * m", "0"),
            ("linear_cosine * g", "0"),
        ],
    );
    check(
        "steady",
        &[
            ("momentum", "10 * g"),
            ("nesterov", "10 * g"),
            ("m", "g"),
            ("addsign_sign_g", "2 * sign(g)"),
            // The sum of all squares never stands still.
            ("adagrad", ""),
        ],
    );
}

#[test]
fn memory_is_counted_in_f32() {
    check(
        "bytes",
        &[
            ("sgd", "0"),
            ("powersign", "4"),
            ("adam", "8"),
            ("muon", "4"),
            ("adafactor", "0"),
        ],
    );
}

#[test]
fn relatives_are_standard_rules() {
    check(
        "relatives",
        &[
            (
                "e^(sign(g) * sign(m)) * g",
                "[\"equal to powersign\", \"equal to g_exp_agree\"]",
            ),
            ("3 * g", "[\"equal to sgd up to learning rate: 3 times\"]"),
            ("mhat / sqrt(vhat)", "[\"this is adam with eps 0\"]"),
            (
                "-2 * m",
                "[\"equal to m up to sign: -2 times\", \"equal to momentum up to sign: -0.2 times\"]",
            ),
            (
                "7^(cd * sign(g) * sign(m)) * g",
                "[\"this is powersign with base 7, f cd\"]",
            ),
            (
                "(3 + sign(g) * sign(m)) * g",
                "[\"this is addsign with alpha 3\"]",
            ),
            (
                "g + 0.6 * trace(g, 0.6)",
                "[\"this is nesterov with mu 0.6\"]",
            ),
            (
                "5 * ema(g, 0.7)",
                "[\"equal to momentum with mu 0.7 up to learning rate: 1.5 times\"]",
            ),
            ("tanh(g)", "[]"),
            ("sgd", "[]"),
        ],
    );
}

#[test]
fn redefined_names_do_not_mislead() {
    let program = "rule sgd = 2 * g\nlet m = ema(g, 0.5)\nlet x = explain(0.9 * m)\nprint(x.formula, x.relatives)\nprint(explain(sgd).relatives)";
    let ran = run("explain.nos", program);
    assert!(ran.ok);
    assert_eq!(
        ran.shown,
        "0.9 * m [\"equal to momentum with mu 0.5 up to learning rate: 0.45 times\"]\n[]\n"
    );
}

#[test]
fn unknown_field_is_found_before_anything_runs() {
    let ran = run("explain.nos", "explain(sgd).degre");
    assert!(
        !ran.ok && ran.rendered.contains("did you mean `degree`?"),
        "{}",
        ran.rendered
    );
}

/// Every standard rule has a page, and none of them claims to be what it is not by name alone.
#[test]
fn every_standard_rule_can_be_explained() {
    let mut context = Context::new();
    let rules: Vec<String> = context
        .names()
        .into_iter()
        .filter(|info| matches!(info.kind, "rule" | "let") && info.ty.contains("Tensor"))
        .map(|info| info.name)
        .collect();
    assert!(rules.len() > 60, "{rules:?}");
    for name in rules.iter().filter(|name| *name != "table6") {
        let outcome = context.run(
            "page",
            &format!("str(explain({name}))"),
            None,
            Input::Expression,
            &mut Silent,
        );
        assert!(outcome.is_ok(), "{name}: {:?}", outcome.diagnostics);
    }
}

/// What the prompt remarks on an input.
#[track_caller]
fn remark(context: &mut Context, input: &str) -> Option<String> {
    let outcome = context.run("repl:1", input, None, Input::Prompt, &mut Silent);
    let value = outcome
        .value
        .unwrap_or_else(|| panic!("{input}: {:?}", outcome.diagnostics));
    context.remark(input, &value)
}

#[test]
fn remarks_name_known_rules_in_other_words() {
    let mut context = Context::new();
    let mut said = |input: &str| remark(&mut context, input).unwrap_or_default();
    assert_eq!(
        said("rule x = 2^(sign(m) * sign(g)) * g"),
        "equal to powersign_2"
    );
    assert_eq!(
        said("5^(sign(m) * sign(g)) * g"),
        "this is powersign with base 5"
    );
    assert_eq!(said("3 * g"), "equal to sgd up to learning rate: 3 times");
    assert_eq!(said("trace(g, 0.9)"), "equal to momentum");
    for silent in [
        "sgd",
        "adam(eps: 1e-7)",
        "tanh(g)",
        "1 + 1",
        "ld",
        "3 * g;",
        "let x = g",
        "g > 0",
        "[g]",
    ] {
        assert_eq!(said(silent), "", "{silent}");
    }
}
