//! Scripts: run or only checked.

use super::input::Input;
use super::{Exit, Failure, Outside, OutsideArgs, Terminal, report};
use crate::context::{Context, Input as Treatment};
use crate::diagnostic::Diagnostic;
use std::path::PathBuf;

/// Runs scripts in order, each for itself, up to the first that fails. All are read before the first one runs.
pub(super) fn run(paths: &[PathBuf], outside: &OutsideArgs) -> Result<Exit, Failure> {
    let inputs: Vec<Input> = paths
        .iter()
        .map(|path| Input::read(path))
        .collect::<Result<_, _>>()?;
    for input in &inputs {
        let exit = run_one(input, outside)?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    Ok(Exit::Done)
}

/// Runs code from the command line.
pub(super) fn eval(code: &str, outside: &OutsideArgs) -> Result<Exit, Failure> {
    run_one(&Input::code(code), outside)
}

fn run_one(input: &Input, outside: &OutsideArgs) -> Result<Exit, Failure> {
    let mut terminal = Terminal::for_script().with(Outside::new(outside));
    let mut context = Context::new();
    let text = match input.text(&mut context) {
        Ok(text) => text,
        Err(problem) => {
            report(&[*problem], context.sources());
            return Ok(Exit::Wrong);
        }
    };
    let outcome = context.run(
        &input.name,
        text,
        input.path.as_deref(),
        Treatment::Program,
        &mut terminal,
    );
    terminal.finish()?;
    report(&outcome.diagnostics, context.sources());
    // A job that was stopped keeps what it has done, but that is not what was asked for.
    Ok(if outcome.is_ok() && !terminal.was_stopped() {
        Exit::Done
    } else {
        Exit::Wrong
    })
}

/// Checks scripts, each for itself, and reports what is wrong in any.
pub(super) fn check(paths: &[PathBuf]) -> Result<Exit, Failure> {
    let inputs: Vec<Input> = paths
        .iter()
        .map(|path| Input::read(path))
        .collect::<Result<_, _>>()?;
    let mut exit = Exit::Done;
    for input in &inputs {
        let mut context = Context::new();
        let diagnostics = match input.text(&mut context) {
            Ok(text) => context.check(
                &input.name,
                text,
                input.path.as_deref(),
                &mut Terminal::for_script(),
            ),
            Err(problem) => vec![*problem],
        };
        report(&diagnostics, context.sources());
        if diagnostics.iter().any(Diagnostic::is_error) {
            exit = Exit::Wrong;
        }
    }
    Ok(exit)
}
