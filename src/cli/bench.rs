//! `nos bench`, `nos train`, `nos report` and `nos runs`: the built-in functions of these names with options for their arguments.

use super::args::{
    BenchArgs, Format, OutputArgs, OutsideArgs, ReportArgs, TrainArgs, TrainingArgs,
};
use super::outside::Outside;
use super::{Exit, Failure, Terminal, complain, report, rules, say};
use crate::bench::{Table, digits, short_name};
use crate::context::{Context, Host, Input as Treatment};
use crate::diagnostic::{Code, Diagnostic};
use crate::lab::{Archive, Trainer, time_text};
use crate::op::number_text;
use crate::search::journal::Searches;
use std::cell::RefCell;
use std::fmt::Write;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

/// What diagnostics call the command line.
const NAME: &str = "<command line>";

/// Races rules on a test function or compares them by training, and prints the report.
pub(super) fn bench(args: &BenchArgs) -> Result<Exit, Failure> {
    // A line end after each piece keeps a comment in it from swallowing what follows.
    let mut call = format!(
        "bench([{}\n], on: {}",
        args.rules.join("\n, "),
        on(&args.on)
    );
    if let Some(steps) = args.steps {
        let _ = write!(call, ", steps: {steps}");
    }
    if let Some(starts) = &args.starts {
        let _ = writeln!(call, ", starts: {starts}");
    }
    if args.no_baselines {
        call.push_str(", baselines: false");
    }
    call += &options(&args.training)?;
    call.push(')');
    let wanted = Wanted {
        call,
        rules: &args.rules,
        output: &args.output,
        html: None,
        is_page_only: false,
    };
    wanted.answer(&args.outside)
}

/// Trains a network with a rule, or goes on with a run, and prints the report.
pub(super) fn train(args: &TrainArgs) -> Result<Exit, Failure> {
    let rules: Vec<String> = args.rule.iter().cloned().collect();
    let call = match (args.resume, &args.rule, &args.on) {
        (None, Some(rule), Some(task)) => {
            let options = options(&args.training)?;
            format!("train({rule}\n, on: {}{options})", on(task))
        }
        (run, _, _) => format!("resume({})", run.unwrap_or(0)),
    };
    let wanted = Wanted {
        call,
        rules: &rules,
        output: &args.output,
        html: args.html.as_deref(),
        is_page_only: false,
    };
    wanted.answer(&args.outside)
}

/// Prints the report of a run of the store, or writes it as a page.
pub(super) fn kept(args: &ReportArgs) -> Result<Exit, Failure> {
    let wanted = Wanted {
        call: format!("load({})", args.run),
        rules: &[],
        output: &args.output,
        html: args.html.as_deref(),
        is_page_only: args.html.is_some(),
    };
    wanted.answer(&args.outside)
}

/// Lists the runs of the store.
pub(super) fn runs(args: &OutsideArgs) -> Result<Exit, Failure> {
    let mut outside = Outside::new(args);
    let records = outside
        .archive(false)
        .and_then(|archive| archive.map_or(Ok(Vec::new()), |archive| archive.borrow_mut().runs()))
        .map_err(Failure::Usage)?;
    if records.is_empty() {
        complain("there are no runs yet: `nos train` writes one");
        return Ok(Exit::Done);
    }
    let heads = [
        "run",
        "started (UTC)",
        "status",
        "reward",
        "best",
        "rules",
        "task",
    ];
    let mut table = Table::new(&heads);
    for record in records {
        let (best, reward) = record.best.unwrap_or_default();
        table.row(vec![
            record.run.to_string(),
            time_text(record.started),
            record.status.name().to_owned(),
            reward.map_or_else(|| "–".to_owned(), digits),
            short_name(&best),
            short_name(&record.rules.join(", ")),
            record.task,
        ]);
    }
    say(&table.text())?;
    Ok(Exit::Done)
}

/// Looks at a file before the work that ends in it: it may be long.
pub(super) fn writable(path: &str, endings: &[&str]) -> Result<(), Failure> {
    let path = Path::new(path);
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default()
        .to_lowercase();
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let why = if !endings.contains(&ending.as_str()) {
        match endings {
            [one] => format!("the name does not end in .{one}"),
            _ => format!("the name ends in neither .{}", endings.join(" nor .")),
        }
    } else if folder.is_some_and(|folder| !folder.is_dir()) {
        "there is no such folder".to_owned()
    } else if path.is_dir() {
        "it is a folder".to_owned()
    } else {
        return Ok(());
    };
    Err(Failure::Usage(format!(
        "cannot write `{}`: {why}",
        path.display()
    )))
}

/// A report that is wanted, and what becomes of it.
pub(super) struct Wanted<'a> {
    call: String,
    rules: &'a [String],
    output: &'a OutputArgs,
    html: Option<&'a str>,
    /// Whether a page is all that is wanted.
    is_page_only: bool,
}

impl Wanted<'_> {
    fn answer(&self, outside: &OutsideArgs) -> Result<Exit, Failure> {
        if let Some(path) = &self.output.plot {
            writable(path, &["svg", "png"])?;
        }
        if let Some(path) = self.html {
            writable(path, &["html"])?;
        }
        let mut session = Session {
            context: Context::new(),
            terminal: Terminal::for_script().with(Outside::new(outside)),
        };
        let answer = session.answer(self);
        session.end(answer)
    }
}

/// An interpreter and the world around it.
pub(super) struct Session {
    pub(super) context: Context,
    pub(super) terminal: Terminal,
}

impl Session {
    /// How the program ends after what was wanted was done, or not.
    pub(super) fn end(mut self, answer: Result<(), Vec<Diagnostic>>) -> Result<Exit, Failure> {
        self.terminal.finish()?;
        let Err(problems) = answer else {
            // The report of work that was stopped is there, but it is not what was asked for.
            let was_stopped = self.terminal.was_stopped();
            return Ok(if was_stopped { Exit::Wrong } else { Exit::Done });
        };
        report(&problems, self.context.sources());
        let is_outside = problems.iter().any(|problem| {
            matches!(
                problem.code,
                Code::E0504 | Code::E0604 | Code::E0605 | Code::E0607
            )
        });
        Ok(if is_outside {
            Exit::Unusable
        } else {
            Exit::Wrong
        })
    }

    fn answer(&mut self, wanted: &Wanted<'_>) -> Result<(), Vec<Diagnostic>> {
        // Each rule for itself first, so that what is wrong in it is shown in the user's own text.
        for (number, rule) in (1..).zip(wanted.rules) {
            let name = format!("<rule {number}>");
            rules::rule(&mut self.context, &name, rule, &mut self.terminal)?;
        }
        self.run(&format!("let report = {}", wanted.call))?;
        // Ctrl-C keeps what is done: the report of it is still printed and drawn.
        self.terminal.begin();
        match wanted.output.format {
            Format::Text if wanted.is_page_only => {}
            Format::Text => self.run("report")?,
            Format::Json => self.saved("save(report, \"report.json\")")?,
            Format::Ron => self.saved("save(report, \"report.ron\")")?,
        }
        if let Some(path) = &wanted.output.plot {
            self.run(&format!("save(plot(report), {})", quoted(path)))?;
        }
        if let Some(path) = wanted.html {
            self.run(&format!("save(report, {})", quoted(path)))?;
        }
        Ok(())
    }

    pub(super) fn run(&mut self, code: &str) -> Result<(), Vec<Diagnostic>> {
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

/// A task as an argument: a bare name may be that of a function the language does not have.
fn on(task: &str) -> String {
    let is_name = task.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_name {
        quoted(task)
    } else {
        format!("{task}\n")
    }
}

/// The named arguments that the options mean.
fn options(args: &TrainingArgs) -> Result<String, Failure> {
    let mut out = String::new();
    if let Some(rates) = &args.lr {
        let _ = match numbers(rates)? {
            Some(rates) => write!(out, ", lr: [{}]", rates.join(", ")),
            None => writeln!(out, ", lr: {rates}"),
        };
    }
    if let Some(schedule) = &args.schedule {
        let _ = writeln!(out, ", schedule: {schedule}");
    }
    let counts = [
        ("seeds", args.seeds),
        ("seed", args.seed),
        ("epochs", args.epochs),
        ("examples", args.examples),
        ("sweep_epochs", args.sweep_epochs),
        ("sweep_examples", args.sweep_examples),
        ("batch", args.batch),
        ("unroll", args.unroll),
        ("threads", args.threads),
    ];
    for (name, count) in counts {
        if let Some(count) = count {
            let _ = write!(out, ", {name}: {count}");
        }
    }
    let amounts = [
        ("weight_decay", args.weight_decay),
        ("clip_norm", args.clip_norm),
        ("patience", args.patience),
        ("checkpoint_every", args.checkpoint_every),
    ];
    for (name, amount) in amounts {
        if let Some(amount) = amount {
            let _ = write!(out, ", {name}: {}", number_text(amount));
        }
    }
    let truths = [
        ("augment", args.augment),
        ("early_stop", args.early_stop),
        ("test", args.test.then_some(true)),
    ];
    for (name, truth) in truths {
        if let Some(truth) = truth {
            let _ = write!(out, ", {name}: {truth}");
        }
    }
    if let Some(device) = &args.device {
        let _ = write!(out, ", device: {}", quoted(device));
    }
    Ok(out)
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
pub(super) fn quoted(text: &str) -> String {
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

    fn seconds(&self) -> Option<f64> {
        self.terminal.seconds()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.terminal.variable(name)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.terminal.is_file(path)
    }

    fn trainer(&mut self) -> Option<Rc<RefCell<dyn Trainer>>> {
        self.terminal.trainer()
    }

    fn archive(&mut self, wanted: bool) -> Result<Option<Rc<RefCell<dyn Archive>>>, String> {
        self.terminal.archive(wanted)
    }

    fn workers(&mut self, count: Option<usize>) -> Vec<Box<dyn Trainer + Send>> {
        self.terminal.workers(count)
    }

    fn searches(&mut self, wanted: bool) -> Result<Option<Rc<RefCell<dyn Searches>>>, String> {
        self.terminal.searches(wanted)
    }

    fn canvas(&self) -> (u16, bool) {
        self.terminal.canvas()
    }
}
