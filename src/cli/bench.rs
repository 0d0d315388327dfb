//! `nos bench`: a race from the command line.
//!
//! Each argument is read on its own, so that what is wrong is told where the user wrote it. The race itself is a call of the
//! language's own `bench`.

use super::args::{Bench, Format};
use super::rules::one_expression;
use super::{Console, Exit, Interrupt, Terminal, Trouble, files, rules};
use crate::bench::Report;
use crate::context::{Context, Input};
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::engine::Objective;
use crate::eval::{Value, reason};
use crate::op::number_text;
use crate::plot::{self, Picture};
use std::fmt::Write;
use std::path::Path;
use std::rc::Rc;

/// Races rules and prints the report.
pub(super) fn bench(args: &Bench, console: Console) -> Result<Exit, Trouble> {
    if let Some(path) = &args.plot {
        can_plot(path)?;
    }
    let mut context = Context::new();
    let mut host = Terminal::new(console);
    let mut problems = Vec::new();
    for (index, text) in args.rules.iter().enumerate() {
        let name = format!("RULE {}", index + 1);
        if let Err(diagnostics) = rules::rule(&mut context, &name, text, &mut host) {
            problems.extend(diagnostics);
        }
    }
    if let Err(diagnostics) = task(&args.on, &mut context, &mut host) {
        problems.extend(diagnostics);
    }
    if !problems.is_empty() {
        return Ok(console.verdict(&problems, context.sources()));
    }
    let call = call(args);
    let outcome =
        Interrupt::during(|| context.run("nos bench", &call, None, Input::Expression, &mut host));
    host.rest();
    let exit = console.verdict(&outcome.diagnostics, context.sources());
    let Some(Value::Report(report, objective)) = outcome.value else {
        return Ok(exit);
    };
    console.show(&text(&report, args.format)?);
    if let Some(path) = &args.plot {
        draw(&report, objective, path)?;
    }
    Ok(exit)
}

/// The call of `bench` that the arguments stand for.
fn call(args: &Bench) -> String {
    let list = |items: Vec<String>| items.join(", ");
    // The line ends keep a comment at the end of an argument to itself.
    let rules = list(
        args.rules
            .iter()
            .map(|rule| format!("({rule}\n)"))
            .collect(),
    );
    let mut call = format!("bench([{rules}], on: ({}\n)", args.on);
    // Writing to memory does not fail.
    if let Some(steps) = args.steps {
        let _ = write!(call, ", steps: {steps}");
    }
    if !args.lr.is_empty() {
        let rates = list(args.lr.iter().map(|rate| number_text(*rate)).collect());
        let _ = write!(call, ", lr: [{rates}]");
    }
    if let Some(seeds) = args.seeds {
        let _ = write!(call, ", seeds: {seeds}");
    }
    call.push(')');
    call
}

/// Makes sure that there is such a test function.
fn task(text: &str, context: &mut Context, host: &mut Terminal) -> Result<(), Vec<Diagnostic>> {
    const NAME: &str = "--on";
    let names = context.names();
    let mut tasks = names.iter().filter(|info| info.kind == "objective");
    if tasks.clone().any(|info| info.name == text.trim()) {
        return Ok(());
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    if !text.is_empty() && text.chars().all(is_name) {
        let tasks: Vec<&str> = tasks.by_ref().map(|info| info.name.as_str()).collect();
        let help = suggest(text, tasks.iter().copied()).map_or_else(
            || format!("choose one of {}", tasks.join(", ")),
            |name| format!("did you mean `{name}`?"),
        );
        let span = rules::whole(context, NAME, text);
        return Err(vec![
            Diagnostic::new(Code::E0601, span, format!("unknown task `{text}`"))
                .here("no test function")
                .help(help),
        ]);
    }
    one_expression(context, NAME, text)?;
    let outcome = context.run(NAME, text, None, Input::Expression, host);
    match outcome.value {
        Some(Value::Objective(_)) => Ok(()),
        Some(_) => {
            let span = rules::whole(context, NAME, text);
            Err(vec![
                Diagnostic::new(Code::E0601, span, "expected a test function")
                    .here("this is none")
                    .help("give a name such as `rosenbrock`, or make one with `objective(…)`"),
            ])
        }
        None => Err(outcome.diagnostics),
    }
}

fn text(report: &Report, format: Format) -> Result<String, Trouble> {
    let cannot = |why: String| Trouble::new(format!("cannot write the report: {why}"));
    match format {
        Format::Text => Ok(report.table()),
        Format::Json => {
            serde_json::to_string_pretty(report).map_err(|error| cannot(error.to_string()))
        }
        Format::Ron => ron::ser::to_string_pretty(report, ron::ser::PrettyConfig::default())
            .map_err(|error| cannot(error.to_string())),
    }
}

fn is_png(path: &Path) -> Option<bool> {
    let ending = path.extension()?.to_str()?.to_lowercase();
    match ending.as_str() {
        "png" => Some(true),
        "svg" => Some(false),
        _ => None,
    }
}

/// Finds out before the race what would keep its picture from being written after it.
fn can_plot(path: &Path) -> Result<(), Trouble> {
    let shown = path.display();
    if is_png(path).is_none() {
        return Err(
            Trouble::new(format!("`{shown}` does not end in .svg or .png"))
                .help("choose a name that ends in .svg or .png"),
        );
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if path.is_dir() {
        return Err(Trouble::new(format!(
            "cannot write `{shown}`: it is a folder"
        )));
    }
    match folder {
        Some(folder) if !folder.is_dir() => Err(Trouble::new(format!(
            "cannot write `{shown}`: there is no folder `{}`",
            folder.display()
        ))),
        Some(_) | None => Ok(()),
    }
}

fn draw(report: &Report, objective: Option<Rc<Objective>>, path: &Path) -> Result<(), Trouble> {
    let cannot = |why: String| Trouble::new(format!("cannot write `{}`: {why}", path.display()));
    let surface = objective.map(|objective| move |at: &[f64]| objective.value(at));
    let surface = surface
        .as_ref()
        .map(|surface| surface as &dyn Fn(&[f64]) -> f64);
    let picture = Picture::of_report(report, surface).map_err(|error| cannot(error.to_string()))?;
    let bytes = if is_png(path) == Some(true) {
        plot::png(&picture).map_err(|error| cannot(error.to_string()))?
    } else {
        plot::svg(&picture).into_bytes()
    };
    files::write(path, &bytes).map_err(|error| cannot(reason(&error)))
}
