//! What the line editor asks of the language: when an input is finished, colours, completion, hints.

use super::complete::{self, Place};
use super::highlight;
use super::hint::{self, NosHint};
use super::names::SharedNames;
use crate::syntax::{Completeness, completeness};
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};
use std::borrow::Cow;

/// The editor's view of the language.
pub(super) struct NosHelper {
    names: SharedNames,
    files: FilenameCompleter,
    is_colourful: bool,
}

impl NosHelper {
    /// A helper that knows these names.
    pub(super) fn new(names: SharedNames, is_colourful: bool) -> Self {
        Self {
            names,
            files: FilenameCompleter::new(),
            is_colourful,
        }
    }
}

impl Helper for NosHelper {}

impl Validator for NosHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        // Enter on an empty line submits what is there, so that nobody is caught in an input that never ends.
        let is_open = !input.starts_with(':') && !input.ends_with('\n');
        Ok(match completeness(input) {
            Completeness::NeedsMore if is_open => ValidationResult::Incomplete,
            // Wrong input is submitted too: the report is the answer.
            Completeness::NeedsMore | Completeness::Complete => ValidationResult::Valid(None),
        })
    }
}

impl Highlighter for NosHelper {
    fn highlight<'l>(&self, line: &'l str, _at: usize) -> Cow<'l, str> {
        if self.is_colourful {
            Cow::Owned(highlight::highlight(line))
        } else {
            Cow::Borrowed(line)
        }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.is_colourful {
            Cow::Owned(format!("\x1b[2m{hint}\x1b[0m"))
        } else {
            Cow::Borrowed(hint)
        }
    }

    fn highlight_char(&self, _line: &str, _at: usize, _kind: CmdKind) -> bool {
        // A letter may turn a name into a keyword, a quote all that follows into a string.
        self.is_colourful
    }
}

impl Completer for NosHelper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(match complete::place(&line[..at]) {
            Place::Command(typed) => (at - typed.len(), complete::commands(typed)),
            Place::Name(typed, call) => (
                at - typed.len(),
                self.names.with(|known| complete::names(typed, call, known)),
            ),
            Place::File => self.files.complete(line, at, context)?,
            Place::Nothing => (at, Vec::new()),
        })
    }
}

impl Hinter for NosHelper {
    type Hint = NosHint;

    fn hint(&self, line: &str, at: usize, _context: &Context<'_>) -> Option<NosHint> {
        // Without colours a hint could not be told from what was typed.
        if at < line.len() || !self.is_colourful {
            None
        } else {
            self.names.with(|known| hint::hint(line, known))
        }
    }
}
