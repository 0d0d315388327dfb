//! `nos tokens`: rules as the five-token strings of the paper, and back.
//!
//! A filter: one line out for each line in. A line that cannot be done leaves an empty line, so that both sides stay in step.

use super::console::text;
use super::{Console, Exit, Interrupt, Terminal, Trouble, rules};
use crate::context::{Context, Input};
use crate::diagnostic::Diagnostic;
use crate::eval::{Value, reason};
use crate::source::Span;
use std::io::{self, BufRead};

/// Translates the rules given, or each line of standard input.
pub(super) fn tokens(lines: &[String], from: bool, console: Console) -> Result<Exit, Trouble> {
    let mut filter = Filter {
        context: Context::new(),
        host: Terminal::new(console),
        from,
        console,
        exit: Exit::Success,
    };
    if !lines.is_empty() {
        for (index, line) in lines.iter().enumerate() {
            filter.line(
                &format!("argument {}", index + 1),
                line.clone().into_bytes(),
            );
        }
        return Ok(filter.exit);
    }
    let mut input = io::stdin().lock();
    let mut number = 0;
    loop {
        let mut line = Vec::new();
        let count = input.read_until(b'\n', &mut line).map_err(|error| {
            Trouble::new(format!("cannot read standard input: {}", reason(&error)))
        })?;
        if count == 0 || Interrupt::was_pressed() {
            return Ok(filter.exit);
        }
        while line
            .last()
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
        {
            line.pop();
        }
        number += 1;
        filter.line(&format!("line {number}"), line);
    }
}

struct Filter {
    context: Context,
    host: Terminal,
    from: bool,
    console: Console,
    exit: Exit,
}

impl Filter {
    fn line(&mut self, name: &str, line: Vec<u8>) {
        let result = text(name, line, &mut self.context)
            .map_err(|diagnostic| vec![*diagnostic])
            .and_then(|text| {
                if self.from {
                    self.read(name, &text)
                } else {
                    self.write(name, &text)
                }
            });
        match result {
            Ok(text) => self.console.show(&text),
            Err(diagnostics) => {
                self.console.show("");
                self.console
                    .diagnostics(&diagnostics, self.context.sources());
                self.exit = Exit::Wrong;
            }
        }
    }

    /// A rule as a five-token string.
    fn write(&mut self, name: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
        // On its own first: what is wrong is then shown in the line as it was written.
        rules::rule(&mut self.context, name, text, &mut self.host)?;
        let call = format!("tokens(({text}\n))");
        let outcome = self
            .context
            .run(name, &call, None, Input::Expression, &mut self.host);
        match outcome.value {
            Some(Value::Str(text)) => Ok(text.to_string()),
            Some(_) | None => Err(self.moved(name, text, outcome.diagnostics)),
        }
    }

    /// The rule of a five-token string.
    fn read(&mut self, name: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
        let call = format!("from_tokens({})", rules::quoted(text));
        match self.context.rule(name, &call, &mut self.host) {
            Ok(rule) => Ok(rule.text()),
            Err(diagnostics) => Err(self.moved(name, text, diagnostics)),
        }
    }

    /// Diagnostics about a call, told about the line that stands in it.
    fn moved(&mut self, name: &str, text: &str, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let line = rules::whole(&mut self.context, name, text);
        let mut errors: Vec<Diagnostic> = found.into_iter().filter(Diagnostic::is_error).collect();
        for error in &mut errors {
            error.primary.span = Span::new(line.file, line.start, line.end);
            error.labels.clear();
        }
        errors
    }
}
