//! `nos explain`: a page about each rule.

use super::filter::{self, Work};
use super::{Exit, Failure, Terminal, rules};
use crate::context::Context;
use crate::diagnostic::Diagnostic;

/// Explains each argument or, without any, each line of standard input; an empty line ends a page that another follows.
pub(super) fn explain(rules: &[String]) -> Result<Exit, Failure> {
    filter::run(rules, &mut Explain { pages: 0 })
}

struct Explain {
    pages: usize,
}

impl Work for Explain {
    fn line(
        &mut self,
        context: &mut Context,
        terminal: &mut Terminal,
        name: &dyn Fn() -> String,
        text: &str,
        out: &mut String,
    ) -> Result<(), Vec<Diagnostic>> {
        let name = name();
        // First the rule for itself, so that what is wrong in it is shown in the user's own text.
        rules::rule(context, &name, text, terminal)?;
        // The line end keeps a comment from swallowing the bracket.
        let page = filter::text(context, terminal, &name, &format!("str(explain({text}\n))"))?;
        if self.pages > 0 {
            out.push('\n');
        }
        self.pages += 1;
        out.push_str(&page);
        Ok(())
    }
}
