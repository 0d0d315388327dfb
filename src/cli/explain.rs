//! `nos explain`: a page about each rule.

use super::filter::{self, Line, Work};
use super::{Exit, Failure};
use crate::diagnostic::{Code, Diagnostic};
use crate::engine;

/// Explains each argument or, without any, each line of standard input; an empty line ends a page that another follows.
pub(super) fn explain(rules: &[String], has_program: bool) -> Result<Exit, Failure> {
    let mut work = Explain {
        pages: 0,
        has_program,
    };
    filter::run(rules, &mut work)
}

struct Explain {
    pages: usize,
    /// Whether the loops are wanted instead of the page.
    has_program: bool,
}

impl Work for Explain {
    fn line(&mut self, line: &mut Line<'_>, out: &mut String) -> Result<(), Vec<Diagnostic>> {
        // First the rule for itself, so that what is wrong in it is shown in the user's own text.
        let rule = line.rule()?;
        if self.pages > 0 {
            out.push('\n');
        }
        self.pages += 1;
        if self.has_program {
            let listing = engine::listing(&rule).map_err(|error| {
                let span = line.span();
                vec![Diagnostic::new(Code::E0508, span, error.to_string())]
            })?;
            out.push_str(listing.trim_end());
            return Ok(());
        }
        // The line end keeps a comment from swallowing the bracket.
        let page = line.value(&format!("str(explain({}\n))", line.text))?;
        out.push_str(&page);
        Ok(())
    }
}
