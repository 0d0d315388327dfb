//! Commands that turn rules into lines: each argument or, without any, each line of standard input.
//!
//! One line goes out for each that comes in: an empty one where it cannot be done, which does not keep the others from being done.
//! Nothing of a line is kept once it is answered, so a pipe of any length takes the same memory.

use super::input;
use super::{Exit, Failure, Terminal, report, rules};
use crate::context::{Context, Input as Treatment};
use crate::diagnostic::Diagnostic;
use crate::eval::Value;
use crate::ir::Rule;
use crate::source::Span;
use std::io::{self, BufRead, BufReader, BufWriter, Write};

/// One line to be answered, and where it is read.
pub(super) struct Line<'a> {
    pub(super) context: &'a mut Context,
    pub(super) terminal: &'a mut Terminal,
    pub(super) text: &'a str,
    /// How diagnostics call the line; made only where there are some.
    name: &'a dyn Fn() -> String,
}

impl Line<'_> {
    /// The rule that the line is.
    pub(super) fn rule(&mut self) -> Result<Rule, Vec<Diagnostic>> {
        rules::rule(self.context, &(self.name)(), self.text, self.terminal)
    }

    /// The whole line as a place.
    pub(super) fn span(&mut self) -> Span {
        rules::whole(self.context, &(self.name)(), self.text)
    }

    /// The text that an expression of the language gives.
    pub(super) fn value(&mut self, code: &str) -> Result<String, Vec<Diagnostic>> {
        let name = (self.name)();
        let outcome = self
            .context
            .run(&name, code, None, Treatment::Expression, self.terminal);
        match outcome.value {
            Some(Value::Str(text)) => Ok(text.to_string()),
            Some(_) => Ok(String::new()),
            None => Err(outcome.diagnostics),
        }
    }
}

/// What a command does with one line.
pub(super) trait Work {
    /// Answers one line: the answer is appended.
    fn line(&mut self, line: &mut Line<'_>, out: &mut String) -> Result<(), Vec<Diagnostic>>;
}

/// Runs a command over the arguments, or over standard input.
pub(super) fn run(rules: &[String], work: &mut dyn Work) -> Result<Exit, Failure> {
    let mut filter = Filter {
        context: Context::new(),
        terminal: Terminal::for_filter(),
        exit: Exit::Done,
        answer: String::new(),
    };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    for (number, rule) in (1..).zip(rules) {
        let name = || format!("<argument {number}>");
        filter.line(work, &name, rule.as_bytes(), &mut out)?;
    }
    if rules.is_empty() {
        let mut lines = BufReader::with_capacity(1 << 16, io::stdin().lock());
        let mut line = Vec::new();
        for number in 1u64.. {
            // A program that waits for the answer to its last line gets it.
            if !lines.buffer().contains(&b'\n') {
                out.flush()?;
            }
            line.clear();
            let length = lines
                .read_until(b'\n', &mut line)
                .map_err(|error| Failure::Usage(format!("cannot read standard input: {error}")))?;
            if length == 0 {
                break;
            }
            let name = || format!("<stdin line {number}>");
            filter.line(work, &name, line.trim_ascii_end(), &mut out)?;
        }
    }
    out.flush()?;
    Ok(filter.exit)
}

struct Filter {
    context: Context,
    terminal: Terminal,
    exit: Exit,
    answer: String,
}

impl Filter {
    fn line(
        &mut self,
        work: &mut dyn Work,
        name: &dyn Fn() -> String,
        bytes: &[u8],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.answer.clear();
        let sources = self.context.sources().len();
        let result = match std::str::from_utf8(bytes) {
            // A blank line separates; it is nothing that could be wrong.
            Ok(text) if text.trim().is_empty() => Ok(()),
            Ok(text) => {
                let mut line = Line {
                    context: &mut self.context,
                    terminal: &mut self.terminal,
                    text,
                    name,
                };
                work.line(&mut line, &mut self.answer)
            }
            Err(_) => match input::text(&name(), bytes, &mut self.context) {
                Ok(_) => Ok(()),
                Err(problem) => Err(vec![*problem]),
            },
        };
        if let Err(problems) = result {
            out.flush()?;
            report(&problems, self.context.sources());
            self.exit = Exit::Wrong;
            self.answer.clear();
        }
        self.context.forget_sources(sources);
        self.answer.push('\n');
        out.write_all(self.answer.as_bytes())
    }
}
