//! Scripts, run and checked.

use super::console::text;
use super::files::{is_stdin, name, read_or_report};
use super::{Console, Exit, Interrupt, Terminal};
use crate::context::{Context, Input};
use std::path::{Path, PathBuf};

/// Runs scripts, each on its own; all run, and the worst decides the exit.
pub(super) fn run_files(files: &[PathBuf], console: Console) -> Exit {
    each(files, console, |name, text, path, context, console| {
        run(name, text, path, context, console)
    })
}

/// Checks scripts without running them.
pub(super) fn check_files(files: &[PathBuf], console: Console) -> Exit {
    each(files, console, |name, text, path, context, console| {
        let diagnostics = context.check(name, text, path, &mut Terminal::new(console));
        console.verdict(&diagnostics, context.sources())
    })
}

/// Runs a text as a script.
pub(super) fn run_text(name: &str, text: &str, path: Option<&Path>, console: Console) -> Exit {
    run(name, text, path, &mut Context::new(), console)
}

fn run(
    name: &str,
    text: &str,
    path: Option<&Path>,
    context: &mut Context,
    console: Console,
) -> Exit {
    let mut host = Terminal::new(console);
    let outcome = Interrupt::during(|| context.run(name, text, path, Input::Program, &mut host));
    host.rest();
    console.diagnostics(&outcome.diagnostics, context.sources());
    if outcome.is_ok() {
        Exit::Success
    } else {
        Exit::Wrong
    }
}

type Work = fn(&str, &str, Option<&Path>, &mut Context, Console) -> Exit;

fn each(files: &[PathBuf], console: Console, work: Work) -> Exit {
    let mut worst = Exit::Success;
    for path in files {
        let Some(bytes) = read_or_report(path, console) else {
            worst = worst.max(Exit::Usage);
            continue;
        };
        let mut context = Context::new();
        let name = name(path);
        let exit = match text(&name, bytes, &mut context) {
            Ok(text) => {
                let path = Some(path.as_path()).filter(|path| !is_stdin(path));
                work(&name, &text, path, &mut context, console)
            }
            Err(diagnostic) => console.verdict(&[*diagnostic], context.sources()),
        };
        worst = worst.max(exit);
    }
    worst
}
