//! `nos search`: a script whose last line is a search, or a search that was interrupted.

use super::args::SearchArgs;
use super::bench::{Session, quoted, writable};
use super::input::Input;
use super::outside::Outside;
use super::{Exit, Failure, Terminal, report};
use crate::context::{Context, Input as Treatment};
use crate::diagnostic::Diagnostic;
use crate::eval::Value;
use std::path::Path;

/// Searches, prints what was found, and draws or writes it where that is wanted.
pub(super) fn search(args: &SearchArgs) -> Result<Exit, Failure> {
    if let Some(path) = &args.plot {
        writable(path, &["svg", "png"])?;
    }
    if let Some(path) = &args.html {
        writable(path, &["html"])?;
    }
    let workers = args.workers.and_then(|count| usize::try_from(count).ok());
    let outside = Outside::new(&args.outside).with_workers(workers);
    let mut session = Session {
        context: Context::new(),
        terminal: Terminal::for_script().with(outside),
    };
    let answer = match (&args.spec, args.resume) {
        (Some(spec), None) => match begin(&mut session, spec)? {
            Ok(run) => keep(&mut session, run, args),
            Err(problems) => Err(problems),
        },
        (_, run) => resume(&mut session, run.unwrap_or(0), args),
    };
    session.end(answer)
}

/// Runs a script; the number of the search that it ends in.
fn begin(session: &mut Session, spec: &Path) -> Result<Result<i64, Vec<Diagnostic>>, Failure> {
    let input = Input::read(spec)?;
    let text = match input.text(&mut session.context) {
        Ok(text) => text,
        Err(problem) => return Ok(Err(vec![*problem])),
    };
    let outcome = session.context.run(
        &input.name,
        text,
        input.path.as_deref(),
        Treatment::Program,
        &mut session.terminal,
    );
    let Some(value) = outcome.value else {
        return Ok(Err(outcome.diagnostics));
    };
    report(&outcome.diagnostics, session.context.sources());
    let Value::Search(found) = value else {
        return Err(Failure::Usage(format!(
            "the last line of `{}` is no search: end it with `search(space(\"signs\"), on: rosenbrock)`",
            input.name
        )));
    };
    Ok(Ok(found.run.unwrap_or(0)))
}

fn resume(session: &mut Session, run: u64, args: &SearchArgs) -> Result<(), Vec<Diagnostic>> {
    session.run(&format!("let found = resume({run})"))?;
    session.terminal.begin();
    session.run("found")?;
    keep(session, i64::try_from(run).unwrap_or(i64::MAX), args)
}

/// Draws and writes what a search of the store has found.
fn keep(session: &mut Session, run: i64, args: &SearchArgs) -> Result<(), Vec<Diagnostic>> {
    if args.plot.is_none() && args.html.is_none() {
        return Ok(());
    }
    // Ctrl-C has ended the search, not what comes of it.
    session.terminal.begin();
    session.run(&format!("let kept = load({run})"))?;
    if let Some(path) = &args.plot {
        session.run(&format!("save(plot(kept), {})", quoted(path)))?;
    }
    if let Some(path) = &args.html {
        session.run(&format!("save(kept, {})", quoted(path)))?;
    }
    Ok(())
}
