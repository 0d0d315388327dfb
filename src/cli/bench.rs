//! `nos bench`: the built-in function `bench` with options for its arguments.

use super::args::{BenchArgs, Format};
use super::{Exit, Failure, Terminal, report, rules};
use crate::context::{Context, Host, Input as Treatment};
use crate::diagnostic::{Code, Diagnostic};
use crate::op::number_text;
use std::fmt::Write;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

/// What diagnostics call the command line.
const NAME: &str = "<command line>";

/// Races rules on a test function and prints the report.
pub(super) fn bench(args: &BenchArgs) -> Result<Exit, Failure> {
    if let Some(path) = &args.plot {
        drawable(path)?;
    }
    let call = call(args)?;
    let mut session = Session {
        context: Context::new(),
        terminal: Terminal::for_script(),
    };
    let problems = match session.race(args, &call) {
        Ok(()) => {
            session.terminal.finish()?;
            // The report of a race that was stopped is there, but it is not what was asked for.
            let was_stopped = session.terminal.was_stopped();
            return Ok(if was_stopped { Exit::Wrong } else { Exit::Done });
        }
        Err(problems) => problems,
    };
    session.terminal.finish()?;
    report(&problems, session.context.sources());
    let is_file = problems.iter().any(|problem| problem.code == Code::E0504);
    Ok(if is_file { Exit::Unusable } else { Exit::Wrong })
}

/// Looks at the plot's file before the race: it may be long.
fn drawable(path: &str) -> Result<(), Failure> {
    let path = Path::new(path);
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default()
        .to_lowercase();
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let why = if !matches!(ending.as_str(), "svg" | "png") {
        "the name ends in neither .svg nor .png"
    } else if folder.is_some_and(|folder| !folder.is_dir()) {
        "there is no such folder"
    } else if path.is_dir() {
        "it is a folder"
    } else {
        return Ok(());
    };
    Err(Failure::Usage(format!(
        "cannot write `{}`: {why}",
        path.display()
    )))
}

struct Session {
    context: Context,
    terminal: Terminal,
}

impl Session {
    fn race(&mut self, args: &BenchArgs, call: &str) -> Result<(), Vec<Diagnostic>> {
        // Each rule for itself first, so that what is wrong in it is shown in the user's own text.
        for (number, rule) in (1..).zip(&args.rules) {
            let name = format!("<rule {number}>");
            rules::rule(&mut self.context, &name, rule, &mut self.terminal)?;
        }
        self.run(&format!("let report = {call}"))?;
        // Ctrl-C keeps what is done: the report of it is still printed and drawn.
        self.terminal.begin();
        match args.format {
            Format::Text => self.run("report")?,
            Format::Json => self.saved("save(report, \"report.json\")")?,
            Format::Ron => self.saved("save(report, \"report.ron\")")?,
        }
        if let Some(path) = &args.plot {
            self.run(&format!("save(plot(report), {})", quoted(path)))?;
        }
        Ok(())
    }

    fn run(&mut self, code: &str) -> Result<(), Vec<Diagnostic>> {
        let outcome = self
            .context
            .run(NAME, code, None, Treatment::Prompt, &mut self.terminal);
        if outcome.is_ok() {
            report(&outcome.diagnostics, self.context.sources());
            Ok(())
        } else {
            Err(outcome.diagnostics)
        }
    }

    /// Shows what the code would write to a file.
    fn saved(&mut self, code: &str) -> Result<(), Vec<Diagnostic>> {
        let mut host = ToOutput {
            terminal: &mut self.terminal,
        };
        let outcome = self
            .context
            .run(NAME, code, None, Treatment::Prompt, &mut host);
        if outcome.is_ok() {
            Ok(())
        } else {
            Err(outcome.diagnostics)
        }
    }
}

/// The call of `bench` that the options mean.
fn call(args: &BenchArgs) -> Result<String, Failure> {
    // A line end after each piece keeps a comment in it from swallowing what follows.
    let mut call = format!("bench([{}\n], on: ", args.rules.join("\n, "));
    let is_name = args.on.chars().all(|c| c.is_alphanumeric() || c == '_');
    let _ = if is_name {
        write!(call, "{}", quoted(&args.on))
    } else {
        writeln!(call, "{}", args.on)
    };
    if let Some(steps) = args.steps {
        let _ = write!(call, ", steps: {steps}");
    }
    if let Some(rates) = &args.lr {
        let _ = match numbers(rates)? {
            Some(rates) => write!(call, ", lr: [{}]", rates.join(", ")),
            None => writeln!(call, ", lr: {rates}"),
        };
    }
    if let Some(seeds) = args.seeds {
        let _ = write!(call, ", seeds: {seeds}");
    }
    if let Some(starts) = &args.starts {
        let _ = writeln!(call, ", starts: {starts}");
    }
    Ok(call + ")")
}

/// Learning rates that are written as numbers, as the language writes them; none where they are an expression.
fn numbers(list: &str) -> Result<Option<Vec<String>>, Failure> {
    let mut rates = Vec::new();
    for cell in list.split(',') {
        match cell.trim().parse::<f64>() {
            Ok(rate) if rate.is_finite() && rate > 0.0 => rates.push(number_text(rate)),
            Err(_) if rates.is_empty() && !cell.trim().is_empty() => return Ok(None),
            Ok(_) | Err(_) => {
                let found = if cell.trim().is_empty() {
                    "nothing".to_owned()
                } else {
                    format!("`{}`", cell.trim())
                };
                return Err(Failure::Usage(format!(
                    "`--lr`: expected numbers above 0 such as `0.1,0.01`, found {found}"
                )));
            }
        }
    }
    Ok(Some(rates))
}

/// A string of the language.
fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    )
}

/// A host whose files go to standard output.
struct ToOutput<'a> {
    terminal: &'a mut Terminal,
}

impl Host for ToOutput<'_> {
    fn show(&mut self, text: &str) {
        self.terminal.show(text);
    }

    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        self.terminal.read(path)
    }

    fn write(&mut self, _path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.terminal
            .show(String::from_utf8_lossy(bytes).trim_end());
        Ok(())
    }

    fn progress(&mut self, done: f64, what: &str) -> ControlFlow<()> {
        self.terminal.progress(done, what)
    }

    fn canvas(&self) -> (u16, bool) {
        self.terminal.canvas()
    }
}
