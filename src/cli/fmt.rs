//! `nos fmt`: files in the one look that programs have.
//!
//! A file is only written when its text changes, whole or not at all; one that cannot be read as a program is reported and
//! left alone.

use super::input::Input;
use super::{Exit, Failure, complain, report, say, write_whole};
use crate::context::Context;
use crate::eval::reason;
use crate::syntax::{self, format::format, names::Names};
use std::path::{Path, PathBuf};

/// Formats files, or with `check` lists those that would change. All are tried, whatever happens to one.
pub(super) fn fmt(paths: &[PathBuf], check: bool) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for path in paths {
        let one = match one(path, check) {
            Err(Failure::Usage(message)) => {
                complain(&message);
                Exit::Unusable
            }
            other => other?,
        };
        exit = exit.max(one);
    }
    Ok(exit)
}

fn one(path: &Path, check: bool) -> Result<Exit, Failure> {
    let input = Input::read(path)?;
    let mut context = Context::new();
    let problems = match input.text(&mut context) {
        Ok(text) => {
            let file = context.add_source(&input.name, text);
            let (_, problems) = syntax::parse(file, text, &mut Names::default());
            if problems.is_empty() {
                return write(&input, text, check);
            }
            syntax::diagnostics(problems)
        }
        Err(problem) => vec![problem],
    };
    report(&problems, context.sources());
    Ok(Exit::Wrong)
}

fn write(input: &Input, text: &str, check: bool) -> Result<Exit, Failure> {
    let formatted = format(text);
    if check && formatted != text {
        say(&input.name)?;
        return Ok(Exit::Wrong);
    }
    match &input.path {
        _ if check => {}
        None if formatted.is_empty() => {}
        None => say(&formatted)?,
        Some(_) if formatted == text => {}
        Some(path) => write_whole(path, formatted.as_bytes()).map_err(|error| {
            Failure::Usage(format!("cannot write `{}`: {}", input.name, reason(&error)))
        })?,
    }
    Ok(Exit::Done)
}
