//! `nos simplify`: equal rules that are cheaper to read, line by line.

use super::filter::{self, Line, Work};
use super::{Exit, Failure};
use crate::algebra::Simplifier;
use crate::diagnostic::Diagnostic;

/// Writes an equal rule of least cost for each argument or, without any, each line of standard input.
pub(super) fn simplify(rules: &[String]) -> Result<Exit, Failure> {
    let mut work = Simplify {
        simplifier: Simplifier::new(),
    };
    filter::run(rules, &mut work)
}

struct Simplify {
    simplifier: Simplifier,
}

impl Work for Simplify {
    fn line(&mut self, line: &mut Line<'_>, out: &mut String) -> Result<(), Vec<Diagnostic>> {
        let rule = line.rule()?;
        out.push_str(&self.simplifier.simplify(&rule).text());
        Ok(())
    }
}
