//! Where output goes and how it looks.
//!
//! The only place that writes to the process's streams: a closed pipe ends the program quietly with 0, any other failure to
//! write with 2. Colour is decided once, from the terminal, `NO_COLOR` and `TERM`.

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic, Style, render};
use crate::source::{SourceMap, Span};
use std::io::{self, IsTerminal, Write};

/// How many diagnostics are shown at most.
const SHOWN: usize = 20;

/// How the program ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// All went well.
    Success = 0,
    /// A program, a rule or a table is wrong.
    Wrong = 1,
    /// The command line is wrong, or a file cannot be read or written.
    Usage = 2,
    /// The user stopped it.
    Stopped = 130,
}

/// What keeps a command from its work, where no program is to blame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    message: String,
    help: Option<String>,
}

impl Trouble {
    /// A trouble with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    /// Says what to do instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// The two output streams.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// How diagnostics look.
    pub style: Style,
    /// Whether results may use colour.
    pub colour: bool,
    /// Whether standard error is a terminal.
    pub has_terminal: bool,
}

impl Console {
    /// The streams of this process.
    pub fn of_process() -> Self {
        let variable = |name| std::env::var_os(name).unwrap_or_default();
        let is_dumb = variable("TERM") == "dumb";
        let wants_colour = variable("NO_COLOR").is_empty() && !is_dumb;
        Self {
            style: Style {
                colour: wants_colour && io::stderr().is_terminal(),
                unicode: !is_dumb,
            },
            colour: wants_colour && io::stdout().is_terminal(),
            has_terminal: io::stderr().is_terminal() && !is_dumb,
        }
    }

    /// Writes a result and ends its last line.
    pub fn show(self, text: &str) {
        let mut out = io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.done(write!(out, "{text}{end}").and_then(|()| out.flush()));
    }

    /// Writes bytes as they are.
    pub fn bytes(self, bytes: &[u8]) {
        let mut out = io::stdout().lock();
        self.done(out.write_all(bytes).and_then(|()| out.flush()));
    }

    /// Ends the program where a result could not be written.
    pub fn done(self, result: io::Result<()>) {
        match result {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                std::process::exit(Exit::Success as i32)
            }
            Err(error) => {
                let why = crate::eval::reason(&error);
                self.trouble(&Trouble::new(format!("cannot write the output: {why}")));
                std::process::exit(Exit::Usage as i32)
            }
        }
    }

    /// Writes to standard error; there is nobody to tell where that fails.
    pub fn note(self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", text.trim_end_matches('\n'));
    }

    /// Reports what keeps a command from its work.
    pub fn trouble(self, trouble: &Trouble) {
        let (red, bold, reset) = if self.style.colour {
            ("\x1b[1;31m", "\x1b[1m", "\x1b[0m")
        } else {
            ("", "", "")
        };
        let mut text = format!("{red}error{reset}{bold}: {}{reset}", trouble.message);
        if let Some(help) = &trouble.help {
            text = format!("{text}\n  {bold}help{reset}: {help}");
        }
        self.note(&text);
    }

    /// Reports diagnostics, errors first where there are too many to show.
    pub fn diagnostics(self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        let mut shown: Vec<&Diagnostic> = diagnostics.iter().collect();
        if shown.len() > SHOWN {
            shown.sort_by_key(|diagnostic| !diagnostic.is_error());
        }
        for diagnostic in shown.iter().take(SHOWN) {
            self.note(&render(diagnostic, sources, self.style));
        }
        if let Some(more) = shown.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let dots = if self.style.unicode { "…" } else { "..." };
            self.note(&format!("{dots} and {more} more"));
        }
    }

    /// Reports diagnostics; whether any is an error decides the exit.
    pub fn verdict(self, diagnostics: &[Diagnostic], sources: &SourceMap) -> Exit {
        self.diagnostics(diagnostics, sources);
        if diagnostics.iter().any(Diagnostic::is_error) {
            Exit::Wrong
        } else {
            Exit::Success
        }
    }
}

/// Bytes as text; bytes that are no UTF-8 become a diagnostic.
pub(super) fn text(
    name: &str,
    bytes: Vec<u8>,
    context: &mut Context,
) -> Result<String, Box<Diagnostic>> {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let at = error.utf8_error().valid_up_to();
    let bytes = error.as_bytes();
    let line = bytes[..at].split(|byte| *byte == b'\n').count();
    let byte = bytes.get(at).copied().unwrap_or_default();
    // The text before the first bad byte is the same, and so are places in it; enough is kept after it for the picture.
    let end = bytes.len().min(at + 200);
    let file = context.add_source(name, &String::from_utf8_lossy(&bytes[..end]));
    let place = u32::try_from(at).unwrap_or(u32::MAX);
    let span = Span::new(file, place, place.saturating_add(3));
    Err(Box::new(
        Diagnostic::new(
            Code::E0105,
            span,
            format!("expected UTF-8 text, found byte 0x{byte:02X} at offset {at}, line {line}"),
        )
        .here("no text from here on")
        .help("save the file as UTF-8"),
    ))
}
