//! What is too much for the algebra: it ends, stays true, and says so.

use nos::algebra::{Algebra, Trouble};
use nos::context::{Context, Silent};

/// A rule of 90 nestings around something: with two levels each, what the grammar reads.
fn nested(open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(90), close.repeat(90))
}

fn sum(count: usize, term: impl Fn(usize) -> String) -> String {
    (1..=count).map(term).collect::<Vec<_>>().join(" + ")
}

/// The text and the trouble of a rule's normal form, once it is known to read back with the same key.
fn normal(text: &str) -> (String, Option<Trouble>) {
    let mut context = Context::new();
    let mut algebra = Algebra::new();
    let mut rule = |text: &str| {
        context
            .rule("large", text, &mut Silent)
            .unwrap_or_else(|found| panic!("{found:?}: {text}"))
    };
    let first = rule(text);
    let normal = algebra.normal(&first);
    let again = rule(normal.text());
    let again = algebra.normal(&again);
    assert_eq!(again.text(), normal.text(), "{text}");
    if normal.trouble().is_none() {
        assert_eq!(again.key(), normal.key(), "{text}");
    }
    (normal.text().to_owned(), normal.trouble())
}

#[test]
fn large_rules_have_a_normal_form() {
    for text in [
        sum(50, |i| format!("sin({i} * g)")),
        sum(50, |i| format!("g / (m + {i})")),
        sum(30, |i| format!("drop(sin({i} * g), 0.3)")),
        format!("({})^2", sum(20, |i| format!("sin({i} * g)"))),
        "(g + m + w)^12".to_owned(),
        nested("sign(", "g + m", ")"),
        nested("e^(", "g", ")"),
        nested("ema(", "g", ", 0.9)"),
        nested("clip(g + ", "m", ", 1e-3)"),
        nested("max(g, w * ", "m", ")"),
        nested("where(g > 0, m * ", "w", ", g)"),
        nested("log|1 + ", "g", "|"),
        nested("(1 + g^2)^(", "m", ")"),
    ] {
        let (_, trouble) = normal(&text);
        assert_eq!(trouble, None, "{text}");
    }
}

#[test]
fn what_is_too_long_is_not_multiplied_out() {
    for text in [
        format!("({})^2", sum(50, |i| format!("sin({i} * g)"))),
        format!("({})^20", sum(50, |i| format!("sin({i} * g)"))),
        "(g + m + w + v)^64".to_owned(),
        "(g + m + w + v)^20 * (sign(g) + w)".to_owned(),
    ] {
        let (normal, trouble) = normal(&text);
        assert_eq!(trouble, Some(Trouble::Partial), "{text}");
        assert!(normal.len() < 8 * text.len() + 4096, "{normal}");
    }
}

#[test]
fn what_is_longer_still_stays_as_it_is_written() {
    let factors: Vec<String> = (1..=50).map(|i| format!("(g + sin({i} * g))")).collect();
    for text in [
        factors.join(" * "),
        nested("(", "g + m", ")^2 + w"),
        nested("drop(g + ", "m", ", 0.3)"),
    ] {
        let mut context = Context::new();
        let rule = context.rule("large", &text, &mut Silent).expect("a rule");
        let normal = Algebra::new().normal(&rule);
        assert_eq!(normal.trouble(), Some(Trouble::TooLong), "{text}");
        assert_eq!(normal.text(), rule.text());
    }
}
