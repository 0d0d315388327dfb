//! The queue of requests.
//!
//! One thread reads requests and keeps them in order, so that a cancel is heard while a trial is at work; the thread that trains takes them one by one. What is
//! said goes out line by line, whichever thread says it.

use crate::task::{self, Control, Library};
use crate::torch;
use nos::lab::message::{Event, Failure, Request, Task, Trial, VERSION};
use std::collections::VecDeque;
use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Requests and events of one process.
#[derive(Debug)]
pub struct Server<W> {
    inbox: Mutex<Inbox>,
    /// There is something new in the inbox.
    news: Condvar,
    /// The trial at work is to stop.
    is_cancelled: AtomicBool,
    out: Mutex<W>,
}

#[derive(Default, Debug)]
struct Inbox {
    waiting: VecDeque<Job>,
    at_work: Option<u64>,
    is_over: bool,
}

#[derive(Debug)]
enum Job {
    Train(Box<Trial>),
    Describe(Box<Task>),
}

impl<W: Write> Server<W> {
    /// Nothing to do yet; events are written to `out`.
    pub fn new(out: W) -> Self {
        Self {
            inbox: Mutex::default(),
            news: Condvar::new(),
            is_cancelled: AtomicBool::new(false),
            out: Mutex::new(out),
        }
    }

    /// Says that the lab is there, and on what it trains where nothing else is asked for.
    pub fn greet(&self) {
        let device = torch::device(None).map_or_else(|_| "cpu".to_owned(), torch::device_name);
        self.say(&Event::Ready {
            version: VERSION,
            torch: torch::VERSION.to_owned(),
            device,
        });
    }

    /// Reads requests until they end, which ends everything.
    pub fn listen(&self, mut lines: impl BufRead) {
        let mut line = Vec::new();
        loop {
            line.clear();
            // A line that cannot be read is the end: whoever asked is gone.
            if !matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice(&line) {
                Ok(Request::Train(trial)) => self.wait_for(Job::Train(trial)),
                Ok(Request::Describe(task)) => self.wait_for(Job::Describe(task)),
                Ok(Request::Cancel { trial }) => self.cancel(trial),
                Ok(Request::Quit) => break,
                Err(error) => self.say(&Event::Rejected {
                    message: format!("expected a request as JSON: {error}"),
                }),
            }
        }
        self.quit();
    }

    /// Does what is asked for, until there is no more to come.
    pub fn work(&self) {
        let mut library = Library::default();
        while let Some(job) = self.next() {
            match job {
                Job::Train(trial) => {
                    let mut control = Voice(self);
                    let result = torch::guard(|| task::run(&trial, &mut library, &mut control));
                    self.say(&match result {
                        Ok(outcome) => Event::Done {
                            trial: trial.id,
                            outcome,
                        },
                        Err(failure) => Event::Failed {
                            trial: trial.id,
                            failure,
                        },
                    });
                }
                Job::Describe(task) => match torch::guard(|| library.describe(&task)) {
                    Ok(description) => self.say(&Event::Described(description)),
                    Err(failure) => self.say(&Event::Rejected {
                        message: text(&failure),
                    }),
                },
            }
        }
    }

    fn wait_for(&self, job: Job) {
        lock(&self.inbox).waiting.push_back(job);
        self.news.notify_all();
    }

    /// The next job; none once it is all over.
    fn next(&self) -> Option<Job> {
        let mut inbox = lock(&self.inbox);
        inbox.at_work = None;
        loop {
            if inbox.is_over {
                return None;
            }
            if let Some(job) = inbox.waiting.pop_front() {
                self.is_cancelled.store(false, Ordering::Relaxed);
                if let Job::Train(trial) = &job {
                    inbox.at_work = Some(trial.id);
                }
                return Some(job);
            }
            inbox = self
                .news
                .wait(inbox)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Stops the trial at work, or takes away one that waits; a trial that is neither has been answered already.
    fn cancel(&self, trial: u64) {
        let mut inbox = lock(&self.inbox);
        if inbox.at_work == Some(trial) {
            self.is_cancelled.store(true, Ordering::Relaxed);
            return;
        }
        let before = inbox.waiting.len();
        inbox
            .waiting
            .retain(|job| !matches!(job, Job::Train(waiting) if waiting.id == trial));
        if inbox.waiting.len() < before {
            self.say_cancelled(trial);
        }
    }

    fn quit(&self) {
        let mut inbox = lock(&self.inbox);
        inbox.is_over = true;
        self.is_cancelled.store(true, Ordering::Relaxed);
        for job in inbox.waiting.drain(..) {
            if let Job::Train(trial) = job {
                self.say_cancelled(trial.id);
            }
        }
        self.news.notify_all();
    }

    fn say_cancelled(&self, trial: u64) {
        self.say(&Event::Failed {
            trial,
            failure: Failure::Cancelled,
        });
    }

    fn say(&self, event: &Event) {
        let mut line = serde_json::to_vec(event).expect("events are plain data");
        line.push(b'\n');
        let mut out = lock(&self.out);
        if out.write_all(&line).and_then(|()| out.flush()).is_err() {
            // Nobody listens any more.
            self.is_cancelled.store(true, Ordering::Relaxed);
        }
    }
}

/// What a trial at work sees of the server.
struct Voice<'a, W>(&'a Server<W>);

impl<W: Write> Control for Voice<'_, W> {
    fn say(&mut self, event: Event) {
        self.0.say(&event);
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::Relaxed)
    }
}

/// A thread that panicked while it held the lock left nothing half done: every change of the inbox is one operation.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text(failure: &Failure) -> String {
    match failure {
        Failure::Cancelled => "cancelled".to_owned(),
        Failure::Data { message }
        | Failure::Rule { message }
        | Failure::Task { message }
        | Failure::Torch { message }
        | Failure::Checkpoint { message } => message.clone(),
    }
}
