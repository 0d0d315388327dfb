//! `nos fmt`: scripts in the one look there is.

use super::console::text;
use super::files::{self, is_stdin, name, read_or_report};
use super::{Console, Exit, Trouble};
use crate::context::Context;
use crate::eval::reason;
use crate::syntax;
use crate::syntax::names::Names;
use std::path::{Path, PathBuf};

/// Formats files in place, or only lists those that would change.
pub(super) fn fmt(paths: &[PathBuf], check: bool, console: Console) -> Exit {
    let mut worst = Exit::Success;
    for path in paths {
        worst = worst.max(one(path, check, console));
    }
    worst
}

fn one(path: &Path, check: bool, console: Console) -> Exit {
    let Some(bytes) = read_or_report(path, console) else {
        return Exit::Usage;
    };
    let mut context = Context::new();
    let text = match text(&name(path), bytes, &mut context) {
        Ok(text) => text,
        Err(diagnostic) => return console.verdict(&[*diagnostic], context.sources()),
    };
    let file = context.add_source(&name(path), &text);
    let (_, problems) = syntax::parse(file, &text, &mut Names::default());
    if !problems.is_empty() {
        let mut diagnostics = syntax::diagnostics(problems);
        crate::diagnostic::sort(&mut diagnostics);
        return console.verdict(&diagnostics, context.sources());
    }
    let formatted = syntax::format::format(&text);
    match (check, is_stdin(path)) {
        (true, _) if formatted != text => {
            console.show(&name(path));
            Exit::Wrong
        }
        (true, _) => Exit::Success,
        (false, true) => {
            console.bytes(formatted.as_bytes());
            Exit::Success
        }
        (false, false) if formatted == text => Exit::Success,
        (false, false) => match files::write(path, formatted.as_bytes()) {
            Ok(()) => Exit::Success,
            Err(error) => {
                let why = reason(&error);
                let message = format!("cannot write `{}`: {why}", name(path));
                console.trouble(&Trouble::new(message));
                Exit::Usage
            }
        },
    }
}
