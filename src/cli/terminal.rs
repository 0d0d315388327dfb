//! The outside world of programs that run under `nos`: files, standard output, a progress bar, Ctrl-C.

use super::output::colour;
use super::outside::Outside;
use super::write_whole;
use crate::context::Host;
use crate::lab::{Archive, Trainer};
use crate::search::journal::Searches;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Whether Ctrl-C was pressed since the job began. A process has one Ctrl-C, so this is one too.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How long a job runs before it gets a progress bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a job is silent between two lines where there is no terminal.
const SILENCE: Duration = Duration::from_secs(30);

/// The exit code of a program that Ctrl-C ended, as shells have it.
const INTERRUPT_EXIT: i32 = 130;

/// Steps of the progress bar.
const TICKS: f64 = 1000.0;

/// The least width of what is drawn: below it, lines break rather than tables and charts.
const NARROWEST: u16 = 40;

/// The width of what is drawn where there is no terminal.
const WIDTH: u16 = 80;

/// A host with files and a terminal.
pub(crate) struct Terminal {
    /// Why standard output took no more, once that happened.
    failed: Option<io::Error>,
    /// When the program began.
    started: Instant,
    /// When the job under way began; none between jobs.
    began: Option<Instant>,
    /// When a line last said how far it is.
    told: Option<Instant>,
    done: f64,
    /// Whether Ctrl-C stopped any job.
    was_stopped: bool,
    bar: Option<ProgressBar>,
    outside: Outside,
}

impl Terminal {
    /// For a script: Ctrl-C stops the job under way, a second one the program.
    pub(super) fn for_script() -> Self {
        Self::new(true)
    }

    /// For work without jobs worth keeping: Ctrl-C ends the program, as it does any other.
    pub(super) fn for_filter() -> Self {
        Self {
            failed: None,
            started: Instant::now(),
            began: None,
            told: None,
            done: 0.0,
            was_stopped: false,
            bar: None,
            outside: Outside::default(),
        }
    }

    /// For the prompt: Ctrl-C stops the job under way, and never the program.
    pub(crate) fn for_prompt() -> Self {
        Self::new(false)
    }

    fn new(ends: bool) -> Self {
        static HANDLER: Once = Once::new();
        HANDLER.call_once(|| {
            // Without a handler Ctrl-C ends the program, which is no worse.
            let _ = ctrlc::set_handler(move || {
                if INTERRUPTED.swap(true, Ordering::SeqCst) && ends {
                    std::process::exit(INTERRUPT_EXIT);
                }
            });
        });
        Self::for_filter()
    }

    /// Lets options of the command line stand for variables of the environment.
    pub(crate) fn with(mut self, outside: Outside) -> Self {
        self.outside = outside;
        self
    }

    /// Forgets earlier presses of Ctrl-C: a new job begins.
    pub(crate) fn begin(&mut self) {
        INTERRUPTED.store(false, Ordering::SeqCst);
        self.end_job();
    }

    /// Whether Ctrl-C stopped any job of this program.
    pub(super) fn was_stopped(&self) -> bool {
        self.was_stopped
    }

    /// Ends the work: the bar goes.
    ///
    /// # Errors
    /// What kept standard output from taking all of it.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.end_job();
        self.failed.take().map_or_else(|| io::stdout().flush(), Err)
    }

    fn end_job(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.began = None;
        self.done = 0.0;
    }

    /// Without a terminal a long job says now and then how far it is.
    fn tell(&mut self, done: f64, what: &str, began: Instant) {
        if done < 1.0 && self.told.unwrap_or(began).elapsed() > SILENCE {
            self.told = Some(Instant::now());
            let line = what.lines().next().unwrap_or_default();
            // Nobody may be listening; the job goes on.
            let _ = writeln!(io::stderr(), "{:.0} %  {line}", 100.0 * done);
        }
    }

    fn new_bar() -> ProgressBar {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small whole number"
        )]
        let bar = ProgressBar::with_draw_target(Some(TICKS as u64), ProgressDrawTarget::stderr());
        let template = "{bar:20} {percent:>3} %  {wide_msg}{prefix}";
        bar.with_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        )
    }
}

impl Host for Terminal {
    fn show(&mut self, text: &str) {
        if self.failed.is_some() {
            return;
        }
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let mut out = io::stdout().lock();
        if let Err(error) = writeln!(out, "{text}") {
            self.failed = Some(error);
        }
    }

    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        write_whole(path, bytes)
    }

    fn progress(&mut self, done: f64, what: &str) -> ControlFlow<()> {
        let is_interrupted = INTERRUPTED.load(Ordering::SeqCst);
        if is_interrupted || self.failed.is_some() {
            self.was_stopped |= is_interrupted;
            self.end_job();
            return ControlFlow::Break(());
        }
        if what.is_empty() {
            self.end_job();
            return ControlFlow::Continue(());
        }
        if done < self.done {
            self.end_job();
        }
        self.done = done;
        let began = *self.began.get_or_insert_with(Instant::now);
        if self.bar.is_none() && began.elapsed() > PATIENCE && io::stderr().is_terminal() {
            self.bar = Some(Self::new_bar());
        }
        if let Some(bar) = &self.bar {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 0 to a thousand"
            )]
            bar.set_position((done.clamp(0.0, 1.0) * TICKS) as u64);
            // A bar takes one line; what is below it may be cut off too.
            let (line, below) = what.split_once('\n').unwrap_or((what, ""));
            bar.set_message(line.to_owned());
            let width = usize::from(self.canvas().0).max(20) - 1;
            let cut = |line: &str| line.chars().take(width).collect::<String>();
            let below = below.lines().map(|line| format!("\n{}", cut(line)));
            bar.set_prefix(below.collect::<String>());
        } else if !io::stderr().is_terminal() {
            self.tell(done, what, began);
        }
        if done >= 1.0 {
            self.end_job();
        }
        ControlFlow::Continue(())
    }

    fn seconds(&self) -> Option<f64> {
        Some(self.started.elapsed().as_secs_f64())
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.outside.variable(name)
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn trainer(&mut self) -> Option<Rc<RefCell<dyn Trainer>>> {
        Some(self.outside.lab())
    }

    fn archive(&mut self, wanted: bool) -> Result<Option<Rc<RefCell<dyn Archive>>>, String> {
        self.outside.archive(wanted)
    }

    fn workers(&mut self, count: Option<usize>) -> Vec<Box<dyn Trainer + Send>> {
        self.outside.labs(count)
    }

    fn searches(&mut self, wanted: bool) -> Result<Option<Rc<RefCell<dyn Searches>>>, String> {
        self.outside.searches(wanted)
    }

    fn names_store(&self) -> bool {
        self.outside.names_store()
    }

    fn canvas(&self) -> (u16, bool) {
        let out = io::stdout();
        let width = if out.is_terminal() {
            terminal_size::terminal_size_of(&out).map(|(width, _)| width.0.max(NARROWEST))
        } else {
            None
        };
        (width.unwrap_or(WIDTH), colour(&out))
    }
}
