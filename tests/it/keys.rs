//! Keys are a promise: they are kept in files and compared between versions.

use crate::support::project;
use nos::algebra::{Algebra, UpTo, key_text};
use nos::context::{Context, Formulas, Silent};

#[test]
fn keys_are_those_of_the_versions_before() {
    let path = project("tests/keys.golden");
    let golden = std::fs::read_to_string(path).expect("the keys are there");
    let mut context = Context::new();
    let mut algebra = Algebra::new();
    let mut formulas = Formulas::new(&context);
    for line in golden.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.splitn(3, "  ").collect();
        let (key, up_to, text) = match parts[..] {
            [key, "lr", text] => (key, UpTo::Rate, text),
            [key, "sign", text] => (key, UpTo::RateAndSign, text),
            [key, text] => (key, UpTo::Nothing, text),
            _ => panic!("no key and rule: {line}"),
        };
        let rule = context
            .rule("golden", text, &mut Silent)
            .unwrap_or_else(|found| panic!("{found:?}: {text}"));
        assert_eq!(key_text(algebra.key(&rule, up_to)), key, "{text}");
        let again = algebra.normal_up_to(&rule, up_to);
        assert_eq!(key_text(again.key()), key, "{text}");
        if let Some(short) = formulas.key(&mut context, text, up_to) {
            assert_eq!(key_text(short), key, "{text}");
        }
    }
}

/// What is remembered from rule to rule does not show in keys: the same rules give them in any order.
#[test]
fn keys_do_not_depend_on_the_rules_before() {
    let path = project("tests/keys.golden");
    let golden = std::fs::read_to_string(path).expect("the keys are there");
    let rules: Vec<&str> = golden
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(_, text)| text)
        .collect();
    let mut texts: Vec<String> = Vec::new();
    for x in &rules {
        for y in rules.iter().step_by(7) {
            texts.push(format!("({x}) * drop({y}, 0.3) + ({y})^2"));
        }
    }
    let mut context = Context::new();
    let mut keys = |texts: &mut dyn Iterator<Item = &String>| {
        let mut formulas = Formulas::new(&context);
        texts
            .map(|text| formulas.key(&mut context, text, UpTo::Nothing))
            .collect::<Vec<_>>()
    };
    let forward = keys(&mut texts.iter());
    let mut backward = keys(&mut texts.iter().rev());
    backward.reverse();
    assert_eq!(forward, backward);
    let known = forward.iter().flatten().count();
    assert!(known > texts.len() / 3, "only {known} plain formulas");
    for (text, key) in texts.iter().zip(&forward).step_by(5) {
        let mut formulas = Formulas::new(&context);
        assert_eq!(
            formulas.key(&mut context, text, UpTo::Nothing),
            *key,
            "{text}"
        );
    }
}
