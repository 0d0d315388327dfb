//! Who trains the rules of a search on networks: workers side by side, each with a process of its own.
//!
//! A job is leased to one worker at a time. A worker whose process dies, falls silent or talks rubbish gives the job back with the reason, and another one
//! takes it; a job that is given back too often is set aside. Answers are handed out in the order of the jobs, and a job has its seeds from its plan, so what comes
//! of it depends neither on the number of workers nor on who is done first.

use crate::lab::message::{Description, Point};
use crate::lab::{
    self, About, Ending, Entry, Key, Nobody, Notebook, Plan, Progress, Report, Stop, Trainer,
    Training,
};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

/// How often a job is tried before it is set aside.
pub const ATTEMPTS: u32 = 3;

/// One rule to be trained by the protocol.
#[derive(Clone, PartialEq, Debug)]
pub struct Job {
    /// What its trainings are called in the notebook.
    pub entry: usize,
    /// The plan, with this rule alone.
    pub plan: Plan,
}

/// Why jobs were not done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Halt {
    /// It was asked for.
    Stopped,
    /// Nothing can be trained, or not be written down.
    Broken(Stop),
}

/// Hears how far jobs are: how many are done of how many, and what is at work. `Break` stops them.
pub type Hear<'a> = dyn FnMut(usize, usize, &str) -> ControlFlow<()> + 'a;

/// Trains rules on networks.
pub trait Crew {
    /// Does jobs; one report each, in their order.
    ///
    /// # Errors
    /// It was stopped, or nothing can be trained.
    fn work(
        &mut self,
        jobs: Vec<Job>,
        notebook: &mut dyn Notebook,
        hear: &mut Hear<'_>,
    ) -> Result<Vec<Report>, Halt>;
}

/// Trains nothing: what the notebook does not know is interrupted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Absent;

impl Crew for Absent {
    fn work(
        &mut self,
        jobs: Vec<Job>,
        notebook: &mut dyn Notebook,
        _hear: &mut Hear<'_>,
    ) -> Result<Vec<Report>, Halt> {
        let told = |job: Job| {
            let mut own = Own {
                entry: job.entry,
                notebook: &mut *notebook,
            };
            let go_on = &mut |_: &Progress| ControlFlow::Continue(());
            let report = lab::run(&job.plan, &mut Nobody, &mut own, go_on).map_err(Halt::Broken)?;
            if report.is_complete {
                Ok(report)
            } else {
                Err(Halt::Stopped)
            }
        };
        jobs.into_iter().map(told).collect()
    }
}

/// Workers side by side.
pub struct Pool {
    trainers: Vec<Box<dyn Trainer + Send>>,
}

/// A job as a worker gets it.
struct Lease {
    place: usize,
    job: Job,
    /// How often it was tried.
    attempts: u32,
    /// Trainings that an earlier worker has finished.
    done: Vec<(Key, Training)>,
}

/// Something to be done with the notebook.
type Note = Box<dyn FnOnce(&mut dyn Notebook) + Send>;

/// What a worker says.
enum Told {
    /// Something is to be done with the notebook.
    Note(Note),
    /// What it is at.
    At(String),
    /// A worker has panicked: its lease is lost with it.
    Panicked,
    /// A job is over, one way or another.
    Over(usize, Box<(Lease, Result<Report, Stop>)>),
}

impl Pool {
    /// Workers, one for each trainer.
    pub fn new(trainers: Vec<Box<dyn Trainer + Send>>) -> Self {
        Self { trainers }
    }
}

impl Crew for Pool {
    fn work(
        &mut self,
        jobs: Vec<Job>,
        notebook: &mut dyn Notebook,
        hear: &mut Hear<'_>,
    ) -> Result<Vec<Report>, Halt> {
        let total = jobs.len();
        let is_cancelled = AtomicBool::new(false);
        thread::scope(|scope| {
            let (tell, told) = channel();
            // No more of them than there are jobs: those that are started already come first.
            let workers = self.trainers.iter_mut().take(total).enumerate();
            let leases: Vec<Sender<Lease>> = workers
                .map(|(index, trainer)| {
                    let (lease, mine) = channel::<Lease>();
                    let (tell, is_cancelled) = (tell.clone(), &is_cancelled);
                    scope.spawn(move || worker(index, &mut **trainer, &mine, &tell, is_cancelled));
                    lease
                })
                .collect();
            drop(tell);
            let mut desk = Desk {
                waiting: jobs
                    .into_iter()
                    .enumerate()
                    .map(|(place, job)| Lease {
                        place,
                        job,
                        attempts: 0,
                        done: Vec::new(),
                    })
                    .collect(),
                idle: (0..leases.len()).rev().collect(),
                reports: (0..total).map(|_| None).collect(),
                halt: None,
                leases,
            };
            let mut at = String::new();
            while desk.hand_out() {
                // Workers live as long as their leases, so there is always one to speak.
                let Ok(message) = told.recv() else { break };
                match message {
                    Told::Note(note) => note(notebook),
                    Told::At(what) => at = what,
                    // The panic goes on from here when all threads are done.
                    Told::Panicked => {
                        is_cancelled.store(true, Ordering::Relaxed);
                        break;
                    }
                    Told::Over(worker, done) => desk.take_back(worker, done.0, done.1),
                }
                if desk.halt.is_none() && hear(desk.done(), total, &at).is_break() {
                    desk.halt = Some(Halt::Stopped);
                }
                if desk.halt.is_some() {
                    is_cancelled.store(true, Ordering::Relaxed);
                }
            }
            match desk.halt {
                Some(halt) => Err(halt),
                None => Ok(desk.reports.into_iter().flatten().collect()),
            }
        })
    }
}

/// Which jobs wait, who is free, what is done.
struct Desk {
    waiting: VecDeque<Lease>,
    idle: Vec<usize>,
    leases: Vec<Sender<Lease>>,
    reports: Vec<Option<Report>>,
    halt: Option<Halt>,
}

impl Desk {
    /// Gives jobs to whoever is free; whether there is anything to wait for.
    fn hand_out(&mut self) -> bool {
        while self.halt.is_none()
            && let Some(worker) = self.idle.pop()
        {
            let Some(lease) = self.waiting.pop_front() else {
                self.idle.push(worker);
                break;
            };
            if let Err(refused) = self.leases[worker].send(lease) {
                // Its thread is gone; the others go on.
                self.waiting.push_front(refused.0);
            }
        }
        self.idle.len() < self.leases.len()
    }

    fn done(&self) -> usize {
        self.reports.iter().flatten().count()
    }

    fn take_back(&mut self, worker: usize, lease: Lease, result: Result<Report, Stop>) {
        // The others first: another one should take up what this one has lost.
        self.idle.insert(0, worker);
        match result {
            Err(stop) => self.halt = Some(Halt::Broken(stop)),
            Ok(report) if !report.is_complete => self.halt = Some(Halt::Stopped),
            Ok(report) => {
                let is_lost = report.entries.iter().any(is_lost);
                if is_lost && lease.attempts < ATTEMPTS {
                    self.waiting.push_back(lease);
                } else {
                    self.reports[lease.place] = Some(report);
                }
            }
        }
    }
}

pub(super) fn is_lost(entry: &Entry) -> bool {
    let mut trainings = entry.sweep.iter().chain(&entry.runs);
    trainings.any(|training| matches!(training.end, Ending::Failed { .. }))
}

/// Tells of the end of a thread that nobody expects, in the words given.
pub(super) struct Alarm<'a, T>(pub(super) &'a Sender<T>, pub(super) fn() -> T);

impl<T> Drop for Alarm<'_, T> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Whoever does not listen any more does not wait either.
            let _ = self.0.send((self.1)());
        }
    }
}

/// Takes leases until there are no more.
fn worker(
    index: usize,
    trainer: &mut dyn Trainer,
    leases: &Receiver<Lease>,
    tell: &Sender<Told>,
    is_cancelled: &AtomicBool,
) {
    let _alarm = Alarm(tell, || Told::Panicked);
    for mut lease in leases {
        lease.attempts += 1;
        let mut notebook = Remote {
            entry: lease.job.entry,
            tell,
            done: std::mem::take(&mut lease.done),
        };
        let mut progress = |progress: &Progress| {
            if is_cancelled.load(Ordering::Relaxed)
                || tell.send(Told::At(progress.what.clone())).is_err()
            {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let result = lab::run(&lease.job.plan, trainer, &mut notebook, &mut progress);
        lease.done = notebook.done;
        if tell
            .send(Told::Over(index, Box::new((lease, result))))
            .is_err()
        {
            break;
        }
    }
}

/// A notebook in which a plan of one rule has another number.
struct Own<'a> {
    entry: usize,
    notebook: &'a mut dyn Notebook,
}

fn numbered(key: &Key, entry: usize) -> Key {
    Key { entry, ..*key }
}

impl Notebook for Own<'_> {
    fn recall(&mut self, key: &Key) -> Option<Training> {
        self.notebook.recall(&numbered(key, self.entry))
    }

    fn begin(&mut self, key: &Key) -> Result<Option<PathBuf>, String> {
        self.notebook.begin(&numbered(key, self.entry))
    }

    fn describe(&mut self, task: &Description, about: Option<&About>) -> Result<(), String> {
        self.notebook.describe(task, about)
    }

    fn point(&mut self, key: &Key, point: &Point) -> Result<(), String> {
        self.notebook.point(&numbered(key, self.entry), point)
    }

    fn end(&mut self, key: &Key, training: &Training) -> Result<(), String> {
        self.notebook.end(&numbered(key, self.entry), training)
    }
}

/// A notebook that lies with another thread, which does what is asked for and answers.
struct Remote<'a> {
    entry: usize,
    tell: &'a Sender<Told>,
    done: Vec<(Key, Training)>,
}

impl Remote<'_> {
    /// What comes of doing something with the notebook; none where nobody is there any more.
    fn ask<R: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Own<'_>) -> R + Send + 'static,
    ) -> Option<R> {
        let (answer, answered) = sync_channel(1);
        let entry = self.entry;
        let note = move |notebook: &mut dyn Notebook| {
            // Who has asked waits for it.
            let _ = answer.send(what(&mut Own { entry, notebook }));
        };
        self.tell.send(Told::Note(Box::new(note))).ok()?;
        answered.recv().ok()
    }
}

/// Nobody keeps the notebook any more.
fn gone<T>() -> Result<T, String> {
    Err("the search is over".to_owned())
}

impl Notebook for Remote<'_> {
    fn recall(&mut self, key: &Key) -> Option<Training> {
        if let Some((_, training)) = self.done.iter().find(|(other, _)| other == key) {
            return Some(training.clone());
        }
        let key = *key;
        self.ask(move |notebook| notebook.recall(&key))?
    }

    fn begin(&mut self, key: &Key) -> Result<Option<PathBuf>, String> {
        let key = *key;
        self.ask(move |notebook| notebook.begin(&key))
            .unwrap_or_else(gone)
    }

    fn describe(&mut self, task: &Description, about: Option<&About>) -> Result<(), String> {
        let (task, about) = (task.clone(), about.cloned());
        self.ask(move |notebook| notebook.describe(&task, about.as_ref()))
            .unwrap_or_else(gone)
    }

    fn point(&mut self, key: &Key, point: &Point) -> Result<(), String> {
        let (key, point) = (*key, *point);
        self.ask(move |notebook| notebook.point(&key, &point))
            .unwrap_or_else(gone)
    }

    fn end(&mut self, key: &Key, training: &Training) -> Result<(), String> {
        if training.is_over() {
            self.done.push((*key, training.clone()));
        }
        let (key, training) = (*key, training.clone());
        self.ask(move |notebook| notebook.end(&key, &training))
            .unwrap_or_else(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::message::{Outcome, Trial};
    use crate::lab::{Blank, Trouble};
    use crate::search::remember::tests::job;

    struct Panics;

    impl Trainer for Panics {
        fn train(
            &mut self,
            _trial: &Trial,
            _patience: f64,
            _hear: &mut lab::Hear<'_>,
        ) -> Result<Outcome, Trouble> {
            panic!("nobody expects this")
        }

        fn prepare(&mut self, _patience: f64, _hear: &mut lab::Hear<'_>) -> Result<(), Trouble> {
            Ok(())
        }

        fn about(&self) -> Option<About> {
            None
        }
    }

    /// One of two workers has nothing to do, and would be waited for.
    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn panic_of_a_worker_is_not_waited_out() {
        let mut pool = Pool::new(vec![Box::new(Panics), Box::new(Panics)]);
        let jobs = vec![job("g", 0.1), job("w", 0.1)];
        let _ = pool.work(jobs, &mut Blank, &mut |_, _, _| ControlFlow::Continue(()));
    }
}
