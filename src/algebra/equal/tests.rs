//! Verdicts as tables a reader can check.

use super::*;
use crate::context::{Context, Silent};

fn rule(text: &str) -> Rule {
    Context::new()
        .rule("test", text, &mut Silent)
        .unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

fn verdict(a: &str, b: &str) -> Verdict {
    Algebra::new().equal(&rule(a), &rule(b))
}

#[track_caller]
fn check(word: &str, pairs: &[(&str, &str)]) {
    for (a, b) in pairs {
        for (a, b) in [(a, b), (b, a)] {
            let found = verdict(a, b);
            assert_eq!(found.word(), word, "{a}  and  {b}: {found:#?}");
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
            ("sgd", "g"),
            ("rms(g)^2", "mean(g^2)"),
            ("transpose(transpose(g @ transpose(g) @ g))", "g @ transpose(g) @ g"),
            ("g + 0.9 * last(update)", "last(update) * 0.9 + g"),
        ],
    );
}

#[test]
fn try_out() {
    for line in std::fs::read_to_string("/tmp/pairs.txt").unwrap().lines() {
        let Some((a, b)) = line.split_once(" ~ ") else { continue };
        let start = std::time::Instant::now();
        let found = verdict(a, b);
        eprintln!("{a}   ~   {b}\n    {:?}\n    {:?}", start.elapsed(), found);
    }
}
