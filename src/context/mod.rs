//! One interpreter state: feed it text, get values and diagnostics; a failed input changes nothing.

use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The outside world, as far as programs can reach it. The program `nos` has one with files and a terminal; tests and other
/// hosts bring their own.
pub trait Host {
    /// Shows a line of output: what `print` prints and what statements show.
    fn show(&mut self, text: &str);
    /// Reads a file.
    fn read(&mut self, path: &Path) -> std::io::Result<Vec<u8>>;
    /// Writes a file, whole or not at all.
    fn write(&mut self, path: &Path, bytes: &[u8]) -> std::io::Result<()>;
    /// Hears of progress: a fraction from 0 to 1 and what is being done; `Break` stops the job.
    fn progress(&mut self, done: f64, what: &str) -> ControlFlow<()>;
    /// How wide tables and charts may be, in columns, and whether they may use colour.
    fn canvas(&self) -> (u16, bool);
}

/// What became of an input.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether it ran to its end.
    pub ok: bool,
    /// Errors and warnings, in order of place.
    pub diagnostics: Vec<Diagnostic>,
}

/// A name that can be used, for completion and help.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameInfo {
    /// The name.
    pub name: String,
    /// What kind of thing it is: `rule`, `fn`, `let`, `operand`, `function`, `objective`.
    pub kind: &'static str,
    /// Its type, as `:type` shows it.
    pub ty: String,
    /// The first sentence of its documentation; empty where there is none.
    pub summary: String,
    /// Whether the user defined it (not the language or the standard library).
    pub is_user: bool,
    /// The names of its parameters, for completing named arguments.
    pub params: Vec<String>,
}

/// One interpreter state.
pub struct Context {
    sources: SourceMap,
}

impl Context {
    /// A fresh state with the standard library.
    pub fn new() -> Self {
        Self { sources: SourceMap::default() }
    }

    /// Every text seen so far.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// Checks a program without running it. `path` is where `use` looks for other files.
    pub fn check(&mut self, name: &str, text: &str, path: Option<&Path>, host: &mut dyn Host) -> Vec<Diagnostic> {
        let _ = (name, text, path, host);
        Vec::new()
    }

    /// Checks and runs a program; if anything is wrong, all definitions are as before.
    /// `is_prompt` is for lines typed one at a time (no warnings for what is not used yet).
    pub fn run(&mut self, name: &str, text: &str, path: Option<&Path>, is_prompt: bool, host: &mut dyn Host) -> Outcome {
        let _ = (name, text, path, is_prompt, host);
        Outcome { ok: true, diagnostics: Vec::new() }
    }

    /// The type of an expression, as text.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn type_of(&mut self, text: &str) -> Result<String, Vec<Diagnostic>> {
        let _ = text;
        Ok(String::new())
    }

    /// A rule given as text (a name, a call or any expression): its name, formula and graph.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn rule(&mut self, name: &str, text: &str) -> Result<crate::ir::Rule, Vec<Diagnostic>> {
        let _ = (name, text);
        Err(Vec::new())
    }

    /// Everything that can be named now, in alphabetical order.
    pub fn names(&self) -> Vec<NameInfo> {
        Vec::new()
    }

    /// Help on a name, an operator or a diagnostic code: text for a reader.
    pub fn help(&self, topic: &str) -> Option<String> {
        let _ = topic;
        None
    }

    /// The inputs that succeeded at the prompt, in order: what `:save` writes.
    pub fn history(&self) -> &[String] {
        &[]
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a `use` in a file looks first: the folder of the file.
pub(crate) fn folder(path: Option<&Path>) -> PathBuf {
    path.and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default()
}
