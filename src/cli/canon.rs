//! `nos canon`: rules in normal form, or their keys, line by line.

use super::args::{CanonArgs, UpTo};
use super::filter::{self, Work};
use super::{Exit, Failure, Terminal, rules};
use crate::algebra::{self, Algebra};
use crate::context::Context;
use crate::diagnostic::Diagnostic;

/// Writes the normal form or key of each argument or, without any, each line of standard input.
pub(super) fn canon(args: &CanonArgs) -> Result<Exit, Failure> {
    let mut work = Canon {
        algebra: Algebra::new(),
        key: args.key,
        up_to: match args.up_to {
            None => algebra::UpTo::Nothing,
            Some(UpTo::Lr) => algebra::UpTo::Rate,
            Some(UpTo::Sign) => algebra::UpTo::RateAndSign,
        },
    };
    filter::run(&args.rules, &mut work)
}

struct Canon {
    algebra: Algebra,
    key: bool,
    up_to: algebra::UpTo,
}

impl Work for Canon {
    fn line(
        &mut self,
        context: &mut Context,
        terminal: &mut Terminal,
        name: &dyn Fn() -> String,
        text: &str,
        out: &mut String,
    ) -> Result<(), Vec<Diagnostic>> {
        let rule = match context.formula(text) {
            Some(rule) => rule,
            None => rules::rule(context, &name(), text, terminal)?,
        };
        let normal = self.algebra.normal_up_to(&rule, self.up_to);
        if self.key {
            out.push_str(&normal.key_text());
            return Ok(());
        }
        if let Some(multiple) = normal.multiple() {
            out.push_str(multiple);
            out.push_str(" * (");
            out.push_str(normal.text());
            out.push(')');
        } else {
            out.push_str(normal.text());
        }
        if let Some(trouble) = normal.trouble() {
            out.push_str("  # ");
            out.push_str(trouble.text());
        }
        Ok(())
    }
}
