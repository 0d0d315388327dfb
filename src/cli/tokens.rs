//! `nos tokens`: rules as the paper's five-token groups, and back, line by line.

use super::filter::{self, Line, Work};
use super::{Exit, Failure};
use crate::diagnostic::Diagnostic;

/// Translates each argument or, without any, each line of standard input.
pub(super) fn tokens(rules: &[String], from: bool) -> Result<Exit, Failure> {
    filter::run(rules, &mut Tokens { from })
}

struct Tokens {
    from: bool,
}

impl Work for Tokens {
    fn line(&mut self, line: &mut Line<'_>, out: &mut String) -> Result<(), Vec<Diagnostic>> {
        let answer = if self.from {
            let escaped = line
                .text
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\t', "\\t");
            let code = format!("str(from_tokens(\"{escaped}\"))");
            line.value(&code)?
        } else {
            // First the rule for itself, so that what is wrong in it is shown in the user's own text.
            line.rule()?;
            // The line end keeps a comment from swallowing the bracket.
            line.value(&format!("tokens({}\n)", line.text))?
        };
        out.push_str(&answer);
        Ok(())
    }
}
