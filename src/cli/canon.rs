//! `nos canon`: rules in normal form, or their keys, line by line.

use super::args::{CanonArgs, UpTo};
use super::filter::{self, Line, Work};
use super::{Exit, Failure};
use crate::algebra;
use crate::context::Formulas;
use crate::diagnostic::Diagnostic;

/// Writes the normal form or key of each argument or, without any, each line of standard input.
pub(super) fn canon(args: &CanonArgs) -> Result<Exit, Failure> {
    let mut work = Canon {
        formulas: None,
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
    formulas: Option<Formulas>,
    key: bool,
    up_to: algebra::UpTo,
}

impl Work for Canon {
    fn line(&mut self, line: &mut Line<'_>, out: &mut String) -> Result<(), Vec<Diagnostic>> {
        let formulas = self
            .formulas
            .get_or_insert_with(|| Formulas::new(line.context));
        if self.key {
            let key = if let Some(key) = formulas.key(line.context, line.text, self.up_to) {
                key
            } else {
                let rule = line.rule()?;
                formulas.algebra().key(&rule, self.up_to)
            };
            out.push_str(&algebra::key_text(key));
            return Ok(());
        }
        let short = formulas.normal(line.context, line.text, self.up_to);
        let (multiple, normal, trouble) = if let Some((multiple, normal)) = short {
            (multiple, normal, None)
        } else {
            let rule = line.rule()?;
            let normal = formulas.algebra().normal_up_to(&rule, self.up_to);
            let multiple = normal.multiple().map(str::to_owned);
            (multiple, normal.text().to_owned(), normal.trouble())
        };
        match multiple {
            Some(multiple) => {
                out.push_str(&multiple);
                out.push_str(" * (");
                out.push_str(&normal);
                out.push(')');
            }
            None => out.push_str(&normal),
        }
        if let Some(trouble) = trouble {
            out.push_str("  # ");
            out.push_str(trouble.text());
        }
        Ok(())
    }
}
