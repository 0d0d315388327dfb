//! The host of programs that run from the command line: files, a terminal, progress and Ctrl-C.

use super::{Console, Interrupt};
use crate::context::Host;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a job runs before it gets a progress bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// The length of a progress bar in its own units.
const LENGTH: u64 = 10_000;

/// Columns where there is no terminal to ask.
const COLUMNS: u16 = 80;

/// The process's files and terminal as a [`Host`].
#[derive(Debug)]
pub struct Terminal {
    console: Console,
    job: Option<Job>,
}

/// A job that tells of its progress.
#[derive(Debug)]
struct Job {
    start: Instant,
    done: f64,
    bar: Option<ProgressBar>,
}

impl Terminal {
    /// A host that writes to this console.
    pub fn new(console: Console) -> Self {
        Self { console, job: None }
    }

    /// Takes the progress bar away: the job is over.
    pub fn rest(&mut self) {
        if let Some(bar) = self.job.take().and_then(|job| job.bar) {
            bar.finish_and_clear();
        }
    }

    fn job(&mut self, done: f64, what: &str) {
        if self.job.as_ref().is_some_and(|job| done < job.done) {
            self.rest();
        }
        let job = self.job.get_or_insert_with(|| Job {
            start: Instant::now(),
            done,
            bar: None,
        });
        job.done = done;
        if job.bar.is_none() && job.start.elapsed() < PATIENCE {
            return;
        }
        let bar = job.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(LENGTH), ProgressDrawTarget::stderr());
            let style =
                ProgressStyle::with_template("{bar:30} {percent:>3} % {elapsed} {wide_msg}");
            if let Ok(style) = style {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "from 0 to the length"
        )]
        bar.set_position((done.clamp(0.0, 1.0) * LENGTH as f64) as u64);
        bar.set_message(what.to_owned());
    }
}

impl Host for Terminal {
    fn show(&mut self, text: &str) {
        self.rest();
        self.console.show(text);
    }

    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.rest();
        super::files::write(path, bytes)
    }

    fn progress(&mut self, done: f64, what: &str) -> ControlFlow<()> {
        if Interrupt::was_pressed() {
            self.rest();
            return ControlFlow::Break(());
        }
        if !what.is_empty() && self.console.has_terminal {
            self.job(done, what);
        }
        ControlFlow::Continue(())
    }

    fn canvas(&self) -> (u16, bool) {
        let width = terminal_size::terminal_size_of(io::stdout())
            .map_or(COLUMNS, |(width, _)| width.0.clamp(40, 200));
        (width, self.console.colour)
    }
}
