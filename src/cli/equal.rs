//! `nos equal`: whether two rules give the same update.

use super::{Exit, Failure, Terminal, report, rules, say};
use crate::algebra::Algebra;
use crate::algebra::Verdict;
use crate::context::Context;

/// Compares two rules and says why they differ.
pub(super) fn equal(first: &str, second: &str) -> Result<Exit, Failure> {
    let mut context = Context::new();
    let mut terminal = Terminal::for_filter();
    let mut read = Vec::with_capacity(2);
    let mut is_wrong = false;
    for (name, text) in [("<first rule>", first), ("<second rule>", second)] {
        match rules::rule(&mut context, name, text, &mut terminal) {
            Ok(rule) => read.push(rule),
            Err(problems) => {
                report(&problems, context.sources());
                is_wrong = true;
            }
        }
    }
    let [first, second] = &read[..] else {
        debug_assert!(is_wrong, "two rules were read unless one is wrong");
        return Ok(Exit::Unusable);
    };
    let verdict = Algebra::new().equal(first, second);
    say(&verdict.to_string())?;
    Ok(match verdict {
        Verdict::Yes(_) => Exit::Done,
        Verdict::No(_) => Exit::Wrong,
        Verdict::Unknown(_) => Exit::Unknown,
    })
}
