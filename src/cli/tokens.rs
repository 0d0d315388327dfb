//! `nos tokens`: rules as the paper's five-token groups, and back, line by line.

use super::filter::{self, Work};
use super::{Exit, Failure, Terminal, rules};
use crate::context::Context;
use crate::diagnostic::Diagnostic;

/// Translates each argument or, without any, each line of standard input.
pub(super) fn tokens(rules: &[String], from: bool) -> Result<Exit, Failure> {
    filter::run(rules, &mut Tokens { from })
}

struct Tokens {
    from: bool,
}

impl Work for Tokens {
    fn line(
        &mut self,
        context: &mut Context,
        terminal: &mut Terminal,
        name: &dyn Fn() -> String,
        text: &str,
        out: &mut String,
    ) -> Result<(), Vec<Diagnostic>> {
        let name = name();
        let answer = if self.from {
            let escaped = text
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\t', "\\t");
            let code = format!("str(from_tokens(\"{escaped}\"))");
            filter::text(context, terminal, &name, &code)?
        } else {
            // First the rule for itself, so that what is wrong in it is shown in the user's own text.
            rules::rule(context, &name, text, terminal)?;
            // The line end keeps a comment from swallowing the bracket.
            filter::text(context, terminal, &name, &format!("tokens({text}\n)"))?
        };
        out.push_str(&answer);
        Ok(())
    }
}
