//! Legs of a search on test functions at the same time: each in a thread, while the thread that called keeps the journal and shows how far they are.
//!
//! A batch of a few rules leaves cores idle that another leg can use.

use super::cascade::Trial;
use super::cores::{self, Cores};
use super::crew::{Absent, Alarm};
use super::journal::Journal;
use super::legs::in_turn;
use super::ppo::Memory;
use super::run::{self, Outcome, Progress, Tools};
use super::spec::{Leg, SearchError, Spec};
use crate::lab::message::Description;
use crate::lab::{self, About, Notebook};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Trials on their way from the journal.
const TRIALS: usize = 256;

/// Something to be done with the journal.
type Note = Box<dyn FnOnce(&mut dyn Journal) + Send>;

/// What a leg says.
enum Told {
    Note(Note),
    /// How far it is; it waits to hear whether to go on, and whether what its controller knows is wanted.
    At(Box<Progress>, SyncSender<(ControlFlow<()>, bool)>),
    /// Its thread has panicked.
    Panicked,
    /// A leg is over.
    Over(usize, Box<Result<Outcome, SearchError>>),
}

/// As many legs at a time as there are cores.
pub(super) fn at_once(spec: &Spec, tools: &mut Tools<'_>) -> Result<Vec<Outcome>, SearchError> {
    let legs = spec.legs();
    let threads = cores::count().min(legs.len());
    if threads < 2 {
        return in_turn(spec, tools);
    }
    on_threads(threads, &legs, tools, &|leg, tools, cores| {
        run::beside(spec, leg, tools, cores)
    })
}

/// Does one leg with what it is given.
type Work<'a> = dyn Fn(Leg, &mut Tools<'_>, &Cores) -> Result<Outcome, SearchError> + Sync + 'a;

/// So many legs at a time.
fn on_threads(
    threads: usize,
    legs: &[Leg],
    tools: &mut Tools<'_>,
    work: &Work<'_>,
) -> Result<Vec<Outcome>, SearchError> {
    let (next, cores) = (AtomicUsize::new(0), Cores::for_legs(threads));
    let mut results: Vec<Option<Result<Outcome, SearchError>>> = Vec::new();
    results.resize_with(legs.len(), || None);
    thread::scope(|scope| {
        let (tell, told) = channel();
        for _ in 0..threads {
            let (next, cores, tell) = (&next, &cores, tell.clone());
            scope.spawn(move || take_turns(legs, work, next, cores, &tell));
        }
        drop(tell);
        let mut is_stopped = false;
        for message in told {
            match message {
                Told::Note(note) => note(tools.journal),
                Told::At(progress, answer) => {
                    is_stopped = is_stopped || (tools.progress)(&progress).is_break();
                    let go_on = if is_stopped {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    };
                    // Who has asked waits for it.
                    let _ = answer.send((go_on, tools.journal.wants_memory()));
                }
                // Whoever asks now is told that the search is over, and the panic goes on from here when all threads are done.
                Told::Panicked => break,
                Told::Over(index, result) => {
                    is_stopped |= result.is_err();
                    results[index] = Some(*result);
                }
            }
        }
    });
    results.into_iter().flatten().collect()
}

/// Does one leg after another, until there are no more. Of a search that is stopped every leg is told.
fn take_turns(
    legs: &[Leg],
    work: &Work<'_>,
    next: &AtomicUsize,
    cores: &Cores,
    tell: &Sender<Told>,
) {
    let _alarm = Alarm(tell, || Told::Panicked);
    while let Some(leg) = legs.get(next.fetch_add(1, Ordering::Relaxed)) {
        let wants_memory = Cell::new(false);
        let mut tools = Tools {
            crew: &mut Absent,
            journal: &mut Remote {
                tell,
                wants_memory: &wants_memory,
            },
            progress: &mut |now| {
                let (answer, answered) = sync_channel(1);
                // Nobody listens any more where a leg has panicked.
                let _ = tell.send(Told::At(Box::new(now.clone()), answer));
                let (go_on, wants) = answered.recv().unwrap_or((ControlFlow::Break(()), false));
                wants_memory.set(wants);
                go_on
            },
        };
        let result = work(*leg, &mut tools, cores);
        if tell.send(Told::Over(leg.index, Box::new(result))).is_err() {
            break;
        }
    }
    cores.leave();
}

/// A journal that lies with another thread, which does what is asked for and answers.
struct Remote<'a> {
    tell: &'a Sender<Told>,
    wants_memory: &'a Cell<bool>,
}

impl Remote<'_> {
    fn ask<R: Send + 'static>(
        &self,
        what: impl FnOnce(&mut dyn Journal) -> Result<R, String> + Send + 'static,
    ) -> Result<R, String> {
        let (answer, answered) = sync_channel(1);
        let note = move |journal: &mut dyn Journal| {
            // Who has asked waits for it.
            let _ = answer.send(what(journal));
        };
        let _ = self.tell.send(Told::Note(Box::new(note)));
        let answer = answered.recv();
        answer.unwrap_or_else(|_| Err("the search is over".to_owned()))
    }
}

impl Journal for Remote<'_> {
    fn trials(&mut self, leg: usize, hear: &mut dyn FnMut(Trial)) -> Result<(), String> {
        let (each, trials) = sync_channel(TRIALS);
        let (answer, answered) = sync_channel(1);
        let note = move |journal: &mut dyn Journal| {
            let read = journal.trials(leg, &mut |trial| {
                let _ = each.send(trial);
            });
            drop(each);
            let _ = answer.send(read);
        };
        let _ = self.tell.send(Told::Note(Box::new(note)));
        trials.into_iter().for_each(hear);
        let answer = answered.recv();
        answer.unwrap_or_else(|_| Err("the search is over".to_owned()))
    }

    fn memory(&mut self, leg: usize) -> Result<Option<(u64, Memory)>, String> {
        self.ask(move |journal| journal.memory(leg))
    }

    fn wants_memory(&mut self) -> bool {
        self.wants_memory.get()
    }

    fn write(
        &mut self,
        leg: usize,
        trials: &[Trial],
        memory: Option<&Memory>,
    ) -> Result<(), String> {
        let (trials, memory) = (trials.to_vec(), memory.cloned());
        self.ask(move |journal| journal.write(leg, &trials, memory.as_ref()))
    }

    fn described(&mut self) -> Result<(Option<Description>, Option<About>), String> {
        self.ask(|journal| journal.described())
    }

    // Test functions have nothing to write there.
    fn notebook(&mut self) -> Box<dyn Notebook + '_> {
        Box::new(lab::Blank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::journal::Forgetful;
    use crate::search::spec::Which;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn panic_of_a_leg_ends_the_search() {
        let legs = [0, 1, 2].map(|index| Leg {
            index,
            policy: Which::Random,
            seed: 0,
        });
        // The first panics while the second waits to hear whether to go on, as often as it takes.
        let work = |leg: Leg, tools: &mut Tools<'_>, _: &Cores| {
            assert!(leg.index > 0, "the first leg");
            while (tools.progress)(&Progress::of_end()).is_continue() {}
            Err(SearchError::Stopped)
        };
        let mut tools = Tools {
            crew: &mut Absent,
            journal: &mut Forgetful,
            progress: &mut |_| ControlFlow::Continue(()),
        };
        let end = AssertUnwindSafe(|| on_threads(2, &legs, &mut tools, &work));
        assert!(catch_unwind(end).is_err());
    }
}
