//! What the prompt does with an input: runs it, or obeys it.

use super::command;
use super::names::SharedNames;
use crate::cli::{Outside, OutsideArgs, Terminal, colour, complain, report, say};
use crate::context::{Context, Input as Treatment};
use crate::diagnostic::Diagnostic;
use std::io;
use std::path::Path;

/// What follows an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// Another prompt.
    Prompt,
    /// The end of the session.
    Leave,
}

/// The state of a session at the prompt.
pub(super) struct Session {
    pub(super) context: Context,
    pub(super) terminal: Terminal,
    /// The inputs that succeeded, for `:save`.
    pub(super) inputs: Vec<String>,
    names: SharedNames,
    count: usize,
}

impl Session {
    /// A session with nothing but the standard library.
    pub(super) fn new(outside: &OutsideArgs) -> Self {
        let session = Self {
            context: Context::new(),
            terminal: Terminal::for_prompt().with(Outside::new(outside)),
            inputs: Vec::new(),
            names: SharedNames::default(),
            count: 0,
        };
        session.names.refresh(&session.context);
        session
    }

    /// The names in force, always up to date.
    pub(super) fn names(&self) -> SharedNames {
        self.names.clone()
    }

    /// Forgets all definitions. Inputs go on counting, so that no two share a name.
    pub(super) fn reset(&mut self) {
        self.context = Context::new();
        self.inputs.clear();
        self.names.refresh(&self.context);
    }

    /// Takes an input: a command if it starts with a colon, else a piece of a program.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub(super) fn take(&mut self, input: &str) -> io::Result<Next> {
        if let Some(line) = input.strip_prefix(':') {
            return command::obey(self, line);
        }
        // What other prompts end with; nobody means the unknown name.
        let is_known = self
            .names
            .with(|names| names.iter().any(|info| info.name == input));
        if matches!(input, "exit" | "quit") && !is_known {
            return Ok(Next::Leave);
        }
        self.run(input)?;
        Ok(Next::Prompt)
    }

    /// Runs a piece of a program and says whether it succeeded.
    pub(super) fn run(&mut self, text: &str) -> io::Result<bool> {
        let name = self.next_name();
        self.run_as(&name, text, None)
    }

    /// Runs a text under a name of its own.
    pub(super) fn run_as(
        &mut self,
        name: &str,
        text: &str,
        path: Option<&Path>,
    ) -> io::Result<bool> {
        self.terminal.begin();
        let outcome = self
            .context
            .run(name, text, path, Treatment::Prompt, &mut self.terminal);
        self.terminal.finish()?;
        self.report(&outcome.diagnostics);
        if outcome.is_ok() {
            self.inputs.push(text.to_owned());
            self.names.refresh(&self.context);
        }
        if let Some(value) = &outcome.value
            && path.is_none()
            && let Some(remark) = self.context.remark(text, value)
        {
            let (dim, plain) = if colour(&io::stdout()) {
                ("\x1b[2m", "\x1b[0m")
            } else {
                ("", "")
            };
            say(&format!("{dim}  {remark}{plain}"))?;
        }
        Ok(outcome.is_ok())
    }

    /// The name of the next input in diagnostics.
    pub(super) fn next_name(&mut self) -> String {
        self.count += 1;
        format!("repl:{}", self.count)
    }

    /// Shows what is wrong.
    pub(super) fn report(&self, diagnostics: &[Diagnostic]) {
        report(diagnostics, self.context.sources());
    }

    /// Shows a problem that has no place in an input.
    pub(super) fn complain(message: &str) {
        complain(message);
    }
}
