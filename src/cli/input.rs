//! Programs as they come: a name to show, a path to look beside, and a text if the bytes are one.

use super::{Failure, args::Args, files};
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::source::Span;
use clap::CommandFactory;
use std::path::{Path, PathBuf};

/// A program before it is read as one.
pub(super) struct Input {
    /// The name that diagnostics show.
    pub(super) name: String,
    /// Where it lies; nowhere for standard input.
    pub(super) path: Option<PathBuf>,
    bytes: Vec<u8>,
}

impl Input {
    /// Reads a file, or standard input for `-`.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let is_stdin = path.as_os_str() == "-";
        let bytes = files::read_bytes(path).map_err(|failure| match failure {
            Failure::Usage(message) if !path.exists() => {
                Failure::Usage(message + &command_meant(path))
            }
            other => other,
        })?;
        Ok(Self {
            name: if is_stdin {
                "<stdin>".to_owned()
            } else {
                path.display().to_string()
            },
            path: (!is_stdin).then(|| path.to_path_buf()),
            bytes,
        })
    }

    /// A program given on the command line.
    pub(super) fn code(code: &str) -> Self {
        Self {
            name: "<command line>".to_owned(),
            path: None,
            bytes: code.as_bytes().to_vec(),
        }
    }

    /// The text, or where it stops being one.
    pub(super) fn text(&self, context: &mut Context) -> Result<&str, Diagnostic> {
        text(&self.name, &self.bytes, context)
    }
}

/// Bytes as text, or where they stop being text.
pub(super) fn text<'a>(
    name: &str,
    bytes: &'a [u8],
    context: &mut Context,
) -> Result<&'a str, Diagnostic> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let file = context.add_source(name, &String::from_utf8_lossy(bytes));
        let start = u32::try_from(at).unwrap_or(u32::MAX);
        let width = u32::try_from(char::REPLACEMENT_CHARACTER.len_utf8()).unwrap_or(0);
        let span = Span::new(file, start, start.saturating_add(width));
        Diagnostic::new(
            Code::E0105,
            span,
            format!("byte 0x{:02X} at offset {at} is not UTF-8", bytes[at]),
        )
        .here("no text from here")
        .help("save the file as UTF-8")
    })
}

/// Where a file that is not there was probably meant as a subcommand, says so.
fn command_meant(path: &Path) -> String {
    let Some(word) = path.to_str() else {
        return String::new();
    };
    let command = Args::command();
    let names: Vec<&str> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    suggest(word, names).map_or_else(String::new, |name| format!("; did you mean `nos {name}`?"))
}
