//! A benchmark under way: its runs in batches, the batches on all cores, what they found in the entries of the report.

use super::Progress;
use super::batch::{self, Outcome, Path, Setup, Task};
use super::report::{Best, Cell, Entry, Estimate, Run};
use crate::ir::Rule;
use std::ops::{ControlFlow, Range};

/// The most lanes of one batch.
const LANES: usize = 64;
/// Steps of all lanes that one batch should not have more of: a benchmark that is broken off loses the batches under way.
const BATCH: u64 = 20_000_000;
/// Fewer steps than this in all are not worth a second thread.
#[cfg(feature = "threads")]
const FEW: u64 = 1_000_000;

/// Runs every rule at every learning rate with every seed, as long as `progress` lets it.
pub(super) fn run(
    setup: &Setup<'_>,
    rates: &[f64],
    seeds: &[u64],
    entries: &mut [Entry],
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) {
    let session = Session::new(setup, rates, seeds);
    let mut results: Vec<Option<Vec<Outcome>>> = vec![None; session.batches.len()];
    session.run(&mut results, progress);
    // The best cell of every entry with its path.
    let mut best: Vec<Option<(usize, Path)>> = vec![None; entries.len()];
    let done = session.batches.iter().zip(results);
    for (cells, outcomes) in done {
        // What comes after a batch that was not finished is left out, so that the cells of an entry have no gaps.
        let Some(outcomes) = outcomes else { break };
        let mut outcomes = outcomes.into_iter();
        for cell in &session.cells[cells.clone()] {
            let own: Vec<Outcome> = outcomes.by_ref().take(cell.runs).collect();
            session.keep(cell, own, &mut entries[cell.entry], &mut best[cell.entry]);
        }
    }
    for (entry, best) in entries.iter_mut().zip(best) {
        entry.best = best.and_then(|(index, path)| summary(&entry.cells[index], &path));
    }
}

/// One rule at one learning rate.
struct CellTask {
    entry: usize,
    rate: f64,
    /// How many runs there are: one stands for all seeds where nothing is random.
    runs: usize,
}

struct Session<'a> {
    setup: &'a Setup<'a>,
    seeds: &'a [u64],
    cells: Vec<CellTask>,
    /// Neighbouring cells that run together.
    batches: Vec<Range<usize>>,
    /// Steps to do, counting every seed.
    total: u64,
}

impl<'a> Session<'a> {
    fn new(setup: &'a Setup<'a>, rates: &[f64], seeds: &'a [u64]) -> Self {
        let mut cells = Vec::new();
        for (entry, rule) in setup.rules.iter().enumerate() {
            let is_random = setup.objective.noise() > 0.0
                || rule.is_random()
                || setup.schedule.is_some_and(Rule::is_random);
            let runs = if is_random { seeds.len() } else { 1 };
            cells.extend(rates.iter().map(|rate| CellTask {
                entry,
                rate: *rate,
                runs,
            }));
        }
        let most = usize::try_from(BATCH / setup.steps.max(1)).unwrap_or(LANES);
        let most = most.clamp(1, LANES);
        let mut batches: Vec<Range<usize>> = Vec::new();
        let mut lanes = 0;
        for (index, cell) in cells.iter().enumerate() {
            match batches.last_mut() {
                Some(batch) if lanes + cell.runs <= most => batch.end = index + 1,
                Some(_) | None => {
                    batches.push(index..index + 1);
                    lanes = 0;
                }
            }
            lanes += cell.runs;
        }
        let runs = length(cells.len()).saturating_mul(length(seeds.len()));
        Self {
            setup,
            seeds,
            cells,
            batches,
            total: runs.saturating_mul(setup.steps),
        }
    }

    fn run(
        &self,
        results: &mut [Option<Vec<Outcome>>],
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) {
        #[cfg(feature = "threads")]
        {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let threads = threads.min(self.batches.len());
            if threads > 1 && self.total > FEW {
                self.run_on(threads, results, progress);
                return;
            }
        }
        let mut begun: u64 = 0;
        for (index, result) in results.iter_mut().enumerate() {
            *result = self.batch(index, &mut |steps| {
                progress(self.progress(index, begun.saturating_add(self.weight(index, steps))))
            });
            if result.is_none() {
                return;
            }
            begun = begun.saturating_add(self.weight(index, self.setup.steps));
            if progress(self.progress(index, begun)).is_break() {
                return;
            }
        }
    }

    /// The batches on several threads; the one that called hears of progress.
    #[cfg(feature = "threads")]
    fn run_on(
        &self,
        threads: usize,
        results: &mut [Option<Vec<Outcome>>],
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) {
        use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
        use std::sync::mpsc;
        let (next, is_stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel::<(usize, u64, Option<Vec<Outcome>>)>();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let sender = sender.clone();
                let (next, is_stopped) = (&next, &is_stopped);
                scope.spawn(move || {
                    while !is_stopped.load(Ordering::Relaxed) {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= self.batches.len() {
                            break;
                        }
                        let mut before = 0;
                        let outcomes = self.batch(index, &mut |steps| {
                            // Whoever listens is there until all threads are done.
                            drop(sender.send((index, steps - before, None)));
                            before = steps;
                            if is_stopped.load(Ordering::Relaxed) {
                                ControlFlow::Break(())
                            } else {
                                ControlFlow::Continue(())
                            }
                        });
                        if outcomes.is_some() {
                            drop(sender.send((index, self.setup.steps - before, outcomes)));
                        }
                    }
                });
            }
            drop(sender);
            let mut done: u64 = 0;
            for (index, steps, outcomes) in receiver {
                if outcomes.is_some() {
                    results[index] = outcomes;
                }
                done = done.saturating_add(self.weight(index, steps));
                let is_going = !is_stopped.load(Ordering::Relaxed);
                if is_going && progress(self.progress(index, done)).is_break() {
                    is_stopped.store(true, Ordering::Relaxed);
                }
            }
        });
    }

    /// All runs of one batch, none when it is broken off.
    fn batch(
        &self,
        index: usize,
        beat: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Option<Vec<Outcome>> {
        let mut tasks = Vec::new();
        for cell in &self.cells[self.batches[index].clone()] {
            for (number, seed) in self.seeds[..cell.runs].iter().enumerate() {
                tasks.push(Task {
                    entry: cell.entry,
                    rate: cell.rate,
                    seed: *seed,
                    has_path: number == 0,
                });
            }
        }
        batch::run(self.setup, &tasks, beat).expect("every rule was tried before")
    }

    /// What some steps of a batch count for: every seed, also where one run stands for all.
    fn weight(&self, index: usize, steps: u64) -> u64 {
        let runs = length(self.batches[index].len()).saturating_mul(length(self.seeds.len()));
        runs.saturating_mul(steps)
    }

    fn progress(&self, index: usize, done: u64) -> Progress {
        let cell = &self.cells[self.batches[index].start];
        Progress {
            entry: cell.entry,
            rate: cell.rate,
            seed: self.seeds[0],
            done,
            total: self.total,
        }
    }

    /// Puts a finished cell into its entry.
    fn keep(
        &self,
        cell: &CellTask,
        outcomes: Vec<Outcome>,
        entry: &mut Entry,
        best: &mut Option<(usize, Path)>,
    ) {
        let mut path = Path::default();
        let mut runs: Vec<Run> = Vec::with_capacity(self.seeds.len());
        for (number, outcome) in outcomes.into_iter().enumerate() {
            if number == 0 {
                path = outcome.path;
            }
            runs.push(outcome.run);
        }
        if let Some(run) = runs.first().cloned() {
            runs.resize(self.seeds.len(), run);
        }
        entry.cells.push(Cell {
            rate: cell.rate,
            runs,
        });
        let latest = entry.cells.len() - 1;
        let cell = &entry.cells[latest];
        let is_best = match best {
            Some((index, _)) => cell.compare(&entry.cells[*index]).is_lt(),
            None => true,
        };
        if is_best && cell.failures() < cell.runs.len() {
            *best = Some((latest, path));
        }
    }
}

fn length(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// A learning rate's runs in numbers.
fn summary(cell: &Cell, path: &Path) -> Option<Best> {
    let all = |steps: fn(&Run) -> Option<u64>| {
        let is_reached = cell.failures() == 0 && cell.runs.iter().all(|run| steps(run).is_some());
        let counts = cell.finished().filter_map(steps).map(number);
        is_reached.then(|| Estimate::of(counts)).flatten()
    };
    let has_distance = cell.finished().all(|run| run.distance.is_some());
    let distances = cell.finished().filter_map(|run| run.distance);
    Some(Best {
        rate: cell.rate,
        last: Estimate::of(cell.finished().map(|run| run.last))?,
        lowest: Estimate::of(cell.finished().map(|run| run.lowest))?,
        distance: has_distance.then(|| Estimate::of(distances)).flatten(),
        to_1e3: all(|run| run.to_1e3),
        to_1e6: all(|run| run.to_1e6),
        path: path.points(),
    })
}

#[allow(
    clippy::cast_precision_loss,
    reason = "steps past 2^53 are out of reach"
)]
fn number(steps: u64) -> f64 {
    steps as f64
}
