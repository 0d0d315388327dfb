//! How the program ends and what it prints on the way.
//!
//! A closed pipe is no error: whoever read has read enough. It is therefore a [`Failure`] like any other until the very end,
//! where it becomes a success.

use crate::diagnostic::{self, Diagnostic, Style};
use crate::source::SourceMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// The most diagnostics of one input that are shown.
const SHOWN: usize = 20;

/// How the program ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Exit {
    /// All is well: exit code 0.
    Done,
    /// The program or a rule is wrong, diagnostics say where: exit code 1.
    Wrong,
    /// Arguments or files cannot be used: exit code 2.
    Unusable,
    /// A question without an answer: exit code 3.
    Unknown,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Wrong => Self::from(1),
            Exit::Unusable => Self::from(2),
            Exit::Unknown => Self::from(3),
        }
    }
}

/// What ends the program early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Arguments or files cannot be used, for this reason.
    Usage(String),
    /// Standard output takes no more.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Reports what ended the program early, if anything did.
pub(super) fn end(result: Result<Exit, Failure>) -> Exit {
    match result {
        Ok(exit) => exit,
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(Failure::Output(error)) => {
            complain(&format!(
                "cannot write to standard output: {}",
                crate::eval::reason(&error)
            ));
            Exit::Unusable
        }
        Err(Failure::Usage(message)) => {
            complain(&message);
            Exit::Unusable
        }
    }
}

/// Whether a stream may get colours.
pub(crate) fn colour(stream: &impl IsTerminal) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb()
}

/// Whether the terminal says that it can do little.
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Prints a result, with a line end if it has none.
pub(crate) fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Prints an error that has no place in a source.
pub(crate) fn complain(message: &str) {
    let mut err = io::stderr().lock();
    let (red, reset) = if colour(&err) {
        ("\x1b[1;31m", "\x1b[0m")
    } else {
        ("", "")
    };
    // Nothing can be done where standard error is closed too.
    let _ = writeln!(err, "{red}error{reset}: {message}");
}

/// Prints diagnostics, at most twenty of them: errors before warnings where there are more.
pub(crate) fn report(diagnostics: &[Diagnostic], sources: &SourceMap) {
    let mut err = io::stderr().lock();
    let style = Style {
        colour: colour(&err),
        unicode: !is_dumb(),
    };
    let errors = diagnostics.iter().filter(|each| each.is_error()).count();
    let mut room = (errors.min(SHOWN), SHOWN.saturating_sub(errors));
    let mut text = String::new();
    for each in diagnostics {
        let room = if each.is_error() {
            &mut room.0
        } else {
            &mut room.1
        };
        if *room > 0 {
            *room -= 1;
            text.push_str(&diagnostic::render(each, sources, style));
        }
    }
    if diagnostics.len() > SHOWN {
        let _ = writeln!(text, "and {} more", diagnostics.len() - SHOWN);
    }
    // Nothing can be done where standard error is closed too.
    let _ = err.write_all(text.as_bytes());
}
