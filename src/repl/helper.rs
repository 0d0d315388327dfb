//! What rustyline asks while a line is edited: colours, completions, hints, and whether the entry is finished.

use super::Known;
use super::command;
use super::complete::{self, Hint};
use crate::syntax::token::{Class, Token, lex};
use crate::syntax::{Completeness, completeness};
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};
use std::borrow::Cow;
use std::ops::Range;

/// The helper of the line editor.
#[derive(Helper)]
pub(super) struct LineHelper {
    known: Known,
    files: FilenameCompleter,
    has_colour: bool,
}

impl LineHelper {
    /// A helper that knows these names.
    pub(super) fn new(known: Known, has_colour: bool) -> Self {
        Self {
            known,
            files: FilenameCompleter::new(),
            has_colour,
        }
    }

    fn colour(&self, class: Class, text: &str) -> &'static str {
        match class {
            Class::Keyword => "1;35",
            Class::Number => "36",
            Class::Str => "32",
            Class::Comment => "2",
            Class::Error => "4;31",
            Class::Mark => "",
            Class::Name => {
                let known = self.known.borrow();
                let info = known
                    .binary_search_by(|info| info.name.as_str().cmp(text))
                    .map(|index| &known[index]);
                match info.map(|info| info.kind) {
                    Ok("operand" | "constant") => "34",
                    Ok("function" | "fn") => "33",
                    Ok(_) | Err(_) => "",
                }
            }
        }
    }
}

impl Validator for LineHelper {
    fn validate(&self, ctx: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let input = ctx.input();
        // Enter on an empty line submits, so that nobody is stuck in an entry that seems to lack something.
        let is_open = !input.trim_start().starts_with(':') && !input.ends_with('\n');
        Ok(match completeness(input) {
            Completeness::NeedsMore if is_open => ValidationResult::Incomplete,
            // What is wrong is submitted too: the report is the answer.
            Completeness::NeedsMore | Completeness::Complete => ValidationResult::Valid(None),
        })
    }
}

impl Highlighter for LineHelper {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if !self.has_colour {
            return Cow::Borrowed(line);
        }
        let mut out = String::with_capacity(line.len() * 2);
        let mut end = 0;
        let mut paint = |range: Range<usize>, code: &str| {
            out.push_str(&line[end..range.start]);
            let text = &line[range.clone()];
            if code.is_empty() {
                out.push_str(text);
            } else {
                out.extend(["\x1b[", code, "m", text, "\x1b[0m"]);
            }
            end = range.end;
        };
        let first = complete::command_word(line).unwrap_or(0..0);
        if !first.is_empty() {
            paint(first.clone(), "1");
        }
        for (token, range) in lex(&line[first.end..]) {
            let range = range.start + first.end..range.end + first.end;
            let class = token.map_or(Class::Error, Token::class);
            let code = self.colour(class, &line[range.clone()]);
            paint(range, code);
        }
        out.push_str(&line[end..]);
        Cow::Owned(out)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(
        &'s self,
        prompt: &'p str,
        _default: bool,
    ) -> Cow<'b, str> {
        Cow::Borrowed(prompt)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[2m{hint}\x1b[0m"))
    }

    fn highlight_char(&self, _line: &str, _pos: usize, _kind: CmdKind) -> bool {
        // A letter can change the class of all that stands around it.
        self.has_colour
    }
}

impl Hinter for LineHelper {
    type Hint = Hint;

    fn hint(&self, line: &str, pos: usize, _ctx: &Context<'_>) -> Option<Hint> {
        // Without colour nobody could tell a hint from what was typed.
        if !self.has_colour || pos < line.len() {
            return None;
        }
        complete::hint(line, &self.known.borrow())
    }
}

impl Completer for LineHelper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        ctx: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        if let Some(word) = complete::command_word(&line[..pos]) {
            if word.end == pos {
                return Ok((word.start, command::completions(&line[word])));
            }
            if command::takes_file(&line[word]) {
                return self.files.complete(line, pos, ctx);
            }
        }
        Ok(complete::completions(&line[..pos], &self.known.borrow()))
    }
}
