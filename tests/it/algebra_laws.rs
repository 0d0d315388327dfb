//! Laws of the normal form, on random rules: it reads back as itself, does not see how a rule was spelled, and computes what the rule computes.

use crate::laws::expression;
use nos::algebra::{Algebra, UpTo};
use nos::context::{Context, Formulas, Silent};
use nos::engine::{Runner, TensorShape};
use nos::ir::Rule;
use proptest::prelude::*;

fn rule(context: &mut Context, text: &str) -> Option<Rule> {
    context.rule("law", text, &mut Silent).ok()
}

/// A rule in two spellings: operands swapped, brackets moved, sums multiplied out, signs doubled.
fn spellings() -> impl Strategy<Value = (String, String)> {
    let leaf = prop::sample::select(vec![
        "g", "m", "w", "mhat", "sign(g)", "ld", "2 * m", "0.5 * w", "adam",
    ])
    .prop_map(|name| (name.to_owned(), name.to_owned()));
    leaf.prop_recursive(4, 24, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner.clone());
        prop_oneof![
            pair.clone()
                .prop_map(|((a, a2), (b, b2))| (format!("({a} + {b})"), format!("({b2} + {a2})"))),
            pair.clone()
                .prop_map(|((a, a2), (b, b2))| (format!("({a} * {b})"), format!("({b2} * {a2})"))),
            pair.clone()
                .prop_map(|((a, a2), (b, b2))| (format!("({a} - {b})"), format!("(-{b2} + {a2})"))),
            pair.prop_map(|((a, a2), (b, b2))| (
                format!("e^({a}) * e^({b})"),
                format!("exp({b2} + {a2})")
            )),
            three.clone().prop_map(|((a, a2), (b, b2), (c, c2))| (
                format!("({a} * ({b} + {c}))"),
                format!("({c2} * {a2} + {a2} * {b2})")
            )),
            three.prop_map(|((a, a2), (b, b2), (c, c2))| (
                format!("({a} + ({b} + {c}))"),
                format!("(({a2} + {b2}) + {c2})")
            )),
            inner
                .clone()
                .prop_map(|(a, a2)| (format!("|{a}| * sign({a})"), format!("-(-({a2}))"))),
            inner.clone().prop_map(|(a, a2)| (
                format!("clip(2 * {a}, 0.1)"),
                format!("2 * clip({a2}, 0.05)")
            )),
            inner.prop_map(|(a, a2)| (format!("ema(3 * {a}, 0.9)"), format!("3 * ema({a2}, 0.9)"))),
        ]
    })
}

/// Rules whose values can be compared in doubles: no noise, nothing that grows without bound.
fn tame() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "g", "w", "m", "v", "mhat", "ld", "1", "2", "0.5", "sign(g)", "sign(m)",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            (two.clone(), prop::sample::select(vec!["+", "-", "*"]))
                .prop_map(|((a, b), op)| format!("({a}) {op} ({b})")),
            two.prop_map(|(a, b)| format!("({a}) / (|{b}| + 0.5)")),
            (
                prop::sample::select(vec!["sign", "abs", "tanh", "sigmoid", "cos"]),
                inner.clone()
            )
                .prop_map(|(f, a)| format!("{f}({a})")),
            inner.clone().prop_map(|a| format!("e^clip({a}, 2)")),
            inner.clone().prop_map(|a| format!("sqrt|{a}|")),
            inner.clone().prop_map(|a| format!("clip({a}, 0.1)")),
            inner.clone().prop_map(|a| format!("max({a}, 0.3)")),
            inner.clone().prop_map(|a| format!("({a})^2")),
            inner.prop_map(|a| format!("where(({a}) > 0, {a}, g)")),
        ]
    })
}

/// The updates of a rule over a few steps of gradients with zeros, signs and sizes.
fn updates(rule: &Rule) -> Vec<f64> {
    let grads = [
        [1.0, -0.5, 0.0],
        [0.25, 2.0, 0.0],
        [-3.0, 0.0, 0.0],
        [0.01, 1e-5, 0.0],
    ];
    let w = [0.5, -1.0, 2.0];
    let mut runner = Runner::new(rule, &[TensorShape::Vector(3)], 1).expect("no matrices");
    let mut out = Vec::new();
    for (t, g) in (0u64..).zip(&grads) {
        out.extend_from_slice(runner.update(0, &w, g, t, 10).expect("lengths fit"));
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn normal_form_reads_back_as_itself(text in expression()) {
        let mut context = Context::new();
        if let Some(given) = rule(&mut context, &text) {
            let mut algebra = Algebra::new();
            let normal = algebra.normal(&given);
            let again = rule(&mut context, normal.text()).expect("a normal form is a rule");
            let again = algebra.normal(&again);
            prop_assert_eq!(again.text(), normal.text());
            prop_assert_eq!(again.key(), normal.key());
        }
    }

    #[test]
    fn spelling_does_not_matter((a, b) in spellings()) {
        let mut context = Context::new();
        if let (Some(first), Some(second)) = (rule(&mut context, &a), rule(&mut context, &b)) {
            let mut algebra = Algebra::new();
            let (x, y) = (algebra.normal(&first), algebra.normal(&second));
            if x.trouble().is_none() && y.trouble().is_none() {
                prop_assert_eq!(x.text(), y.text());
            }
        }
    }

    #[test]
    fn normal_form_computes_what_the_rule_computes(text in tame()) {
        let mut context = Context::new();
        if let Some(given) = rule(&mut context, &text) {
            let normal = Algebra::new().normal(&given);
            for (a, b) in updates(&given).into_iter().zip(updates(normal.rule())) {
                let size = a.abs().max(b.abs()).max(1.0);
                prop_assert!(
                    !a.is_finite() || !b.is_finite() || (a - b).abs() <= 1e-6 * size,
                    "{a} and {b}: {}", normal.text()
                );
            }
        }
    }

    #[test]
    fn short_way_gives_the_key_of_the_long_way(text in expression()) {
        let mut context = Context::new();
        let mut formulas = Formulas::new(&context);
        if let Some(key) = formulas.key(&mut context, &text, UpTo::Nothing) {
            let given = rule(&mut context, &text).expect("what is read the short way is right");
            prop_assert_eq!(key, Algebra::new().key(&given, UpTo::Nothing));
        }
    }

    #[test]
    fn factor_that_is_taken_out_does_not_count(text in tame(), factor in 1u32..9) {
        let mut context = Context::new();
        let scaled = format!("{factor} * ({text})");
        if let (Some(a), Some(b)) = (rule(&mut context, &text), rule(&mut context, &scaled)) {
            let mut algebra = Algebra::new();
            let (x, y) = (algebra.normal_up_to(&a, UpTo::Rate), algebra.normal_up_to(&b, UpTo::Rate));
            if x.trouble().is_none() && y.trouble().is_none() {
                prop_assert_eq!(x.text(), y.text());
            }
        }
    }
}
