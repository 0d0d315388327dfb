//! What the tests share: a host that captures, and one way to run a text.

use nos::context::{Context, Host, Input};
use nos::diagnostic::{Diagnostic, Style, render};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

/// A host that keeps what is shown, reads real files and writes none.
#[derive(Default)]
pub struct Capture {
    pub shown: String,
}

impl Host for Capture {
    fn show(&mut self, text: &str) {
        self.shown.push_str(text);
        self.shown.push('\n');
    }

    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn write(&mut self, _path: &Path, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn progress(&mut self, _done: f64, _what: &str) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn canvas(&self) -> (u16, bool) {
        (80, false)
    }
}

/// What a program shows and what is wrong with it.
pub struct Ran {
    pub ok: bool,
    pub shown: String,
    pub diagnostics: Vec<Diagnostic>,
    pub rendered: String,
}

/// Runs a text as a whole program in a fresh context.
pub fn run(name: &str, text: &str) -> Ran {
    let mut context = Context::new();
    let mut host = Capture::default();
    let outcome = context.run(name, text, None, Input::Program, &mut host);
    let rendered = outcome
        .diagnostics
        .iter()
        .map(|d| render(d, context.sources(), Style::PLAIN))
        .collect();
    Ran {
        ok: outcome.is_ok(),
        shown: host.shown,
        diagnostics: outcome.diagnostics,
        rendered,
    }
}

/// A file or folder of the project.
pub fn project(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
