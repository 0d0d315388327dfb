//! `nos tokens`: rules as the paper's five-token groups, and back, line by line.

use super::input;
use super::{Exit, Failure, Terminal, report, rules, say};
use crate::context::{Context, Host, Input as Treatment};
use crate::diagnostic::Diagnostic;
use crate::eval::Value;
use std::io::{self, BufRead};

/// Translates each argument or, without any, each line of standard input. One line goes out for each that comes in: an empty one
/// where it cannot be translated, which does not keep the others from being done.
pub(super) fn tokens(rules: &[String], from: bool) -> Result<Exit, Failure> {
    let mut filter = Filter {
        context: Context::new(),
        terminal: Terminal::for_filter(),
        from,
        exit: Exit::Done,
    };
    for (number, rule) in (1..).zip(rules) {
        filter.line(&format!("<argument {number}>"), rule.as_bytes())?;
    }
    if rules.is_empty() {
        let mut lines = io::stdin().lock();
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let length = lines.read_until(b'\n', &mut line);
            if length
                .map_err(|error| Failure::Usage(format!("cannot read standard input: {error}")))?
                == 0
            {
                break;
            }
            filter.line(&format!("<stdin line {number}>"), line.trim_ascii_end())?;
        }
    }
    Ok(filter.exit)
}

struct Filter {
    context: Context,
    terminal: Terminal,
    from: bool,
    exit: Exit,
}

impl Filter {
    fn line(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let result = match input::text(name, bytes, &mut self.context) {
            // A blank line separates; it is nothing that could be wrong.
            Ok(text) if text.trim().is_empty() => Ok(String::new()),
            Ok(text) if self.from => self.rule_of(name, text),
            Ok(text) => self.tokens_of(name, text),
            Err(problem) => Err(vec![*problem]),
        };
        let text = result.unwrap_or_else(|problems| {
            report(&problems, self.context.sources());
            self.exit = Exit::Wrong;
            String::new()
        });
        say(&(text + "\n"))
    }

    fn tokens_of(&mut self, name: &str, rule: &str) -> Result<String, Vec<Diagnostic>> {
        // First the rule for itself, so that what is wrong in it is shown in the user's own text.
        rules::rule(&mut self.context, name, rule, &mut self.terminal)?;
        // The line end keeps a comment from swallowing the bracket.
        self.text(name, &format!("tokens({rule}\n)"))
    }

    fn rule_of(&mut self, name: &str, tokens: &str) -> Result<String, Vec<Diagnostic>> {
        let escaped = tokens
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\t', "\\t");
        self.text(name, &format!("str(from_tokens(\"{escaped}\"))"))
    }

    /// The value of an expression that is text.
    fn text(&mut self, name: &str, code: &str) -> Result<String, Vec<Diagnostic>> {
        let outcome = self.context.run(
            name,
            code,
            None,
            Treatment::Expression,
            &mut self.terminal as &mut dyn Host,
        );
        match outcome.value {
            Some(Value::Str(text)) => Ok(text.to_string()),
            Some(_) => Ok(String::new()),
            None => Err(outcome.diagnostics),
        }
    }
}
