//! A benchmark under way: its runs in batches, the batches on all cores, what they found in the entries of the report.

use super::Progress;
use super::batch::{self, Outcome, Path, Setup, Task};
use super::report::{Best, Cell, Entry, Estimate, Run};
use crate::ir::Rule;
use std::ops::{ControlFlow, Range};

/// The most lanes of one batch.
pub const LANES: usize = 64;
/// Steps of all lanes that one batch should not have more of: a benchmark that is broken off loses the batches under way.
const BATCH: u64 = 20_000_000;
/// Fewer steps than this in all are not worth a second thread.
#[cfg(feature = "threads")]
const FEW: u64 = 1_000_000;

/// Runs every rule at every learning rate from every start with every seed, as long as `progress` lets it.
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
    // What comes after a batch that was not finished is left out, so that the cells of an entry have no gaps.
    let mut outcomes = results.into_iter().map_while(|each| each).flatten();
    for cell in &session.cells {
        let own: Vec<Outcome> = outcomes.by_ref().take(cell.runs.len()).collect();
        if own.len() < cell.runs.len() {
            break;
        }
        session.keep(cell, own, &mut entries[cell.entry], &mut best[cell.entry]);
    }
    for (entry, best) in entries.iter_mut().zip(best) {
        entry.best =
            best.and_then(|(index, path)| summary(&entry.cells[index], setup.least, &path));
    }
}

/// One rule at one learning rate.
struct CellTask {
    entry: usize,
    rate: f64,
    /// Its runs among all runs, start by start. One stands for all seeds where nothing is random.
    runs: Range<usize>,
    /// How many runs there are a start.
    seeds: usize,
}

struct Session<'a> {
    setup: &'a Setup<'a>,
    seeds: &'a [u64],
    cells: Vec<CellTask>,
    /// Neighbouring runs that are done together, of one cell or several.
    batches: Vec<Range<usize>>,
    /// Steps to do, counting every seed.
    total: u64,
}

impl<'a> Session<'a> {
    fn new(setup: &'a Setup<'a>, rates: &[f64], seeds: &'a [u64]) -> Self {
        let mut cells: Vec<CellTask> = Vec::new();
        for (entry, rule) in setup.rules.iter().enumerate() {
            let is_random = setup.objective.noise() > 0.0
                || rule.is_random()
                || setup.schedule.is_some_and(Rule::is_random);
            let seeds = if is_random { seeds.len() } else { 1 };
            for rate in rates {
                let first = cells.last().map_or(0, |cell| cell.runs.end);
                cells.push(CellTask {
                    entry,
                    rate: *rate,
                    runs: first..first + setup.starts.len() * seeds,
                    seeds,
                });
            }
        }
        let most = usize::try_from(BATCH / setup.steps.max(1)).unwrap_or(LANES);
        let most = most.clamp(1, LANES);
        let mut batches: Vec<Range<usize>> = Vec::new();
        for rule in cells.chunk_by(|a, b| a.entry == b.entry) {
            let whole = rule[0].runs.start..rule[rule.len() - 1].runs.end;
            if whole.len() <= most {
                join(&mut batches, whole, most);
            } else {
                for cell in rule {
                    join(&mut batches, cell.runs.clone(), most);
                }
            }
        }
        let runs = length(cells.len())
            .saturating_mul(length(setup.starts.len()))
            .saturating_mul(length(seeds.len()));
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
        let range = self.batches[index].clone();
        let mut tasks = Vec::with_capacity(range.len());
        for cell in &self.cells[self.cell_of(range.start)..] {
            if cell.runs.start >= range.end {
                break;
            }
            for run in cell.runs.start.max(range.start)..cell.runs.end.min(range.end) {
                let number = run - cell.runs.start;
                let start = number / cell.seeds;
                tasks.push(Task {
                    entry: cell.entry,
                    rate: cell.rate,
                    // Another start is another run: it has noise of its own.
                    seed: self.seeds[number % cell.seeds].wrapping_add(length(start) << 32),
                    start,
                    has_path: self.setup.has_paths && number == 0,
                });
            }
        }
        // Runs of a rule that draw the same side by side.
        let mut order: Vec<usize> = (0..tasks.len()).collect();
        order.sort_by_key(|at| (tasks[*at].entry, tasks[*at].start, tasks[*at].seed));
        let ordered: Vec<Task> = order.iter().map(|at| tasks[*at]).collect();
        let outcomes = batch::run(self.setup, &ordered, beat).expect("every rule was tried before");
        let mut outcomes: Vec<(usize, Outcome)> = order.into_iter().zip(outcomes?).collect();
        outcomes.sort_by_key(|(at, _)| *at);
        Some(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }

    /// The cell that a run belongs to.
    fn cell_of(&self, run: usize) -> usize {
        self.cells.partition_point(|cell| cell.runs.end <= run)
    }

    /// What some steps of a batch count for: every seed, also where one run stands for all.
    fn weight(&self, index: usize, steps: u64) -> u64 {
        let batch = &self.batches[index];
        let cells = self.cells[self.cell_of(batch.start)..].iter();
        let runs = cells
            .take_while(|cell| cell.runs.start < batch.end)
            .map(|cell| {
                let own = cell.runs.end.min(batch.end) - cell.runs.start.max(batch.start);
                length(own * self.seeds.len() / cell.seeds)
            });
        runs.fold(0, u64::saturating_add).saturating_mul(steps)
    }

    fn progress(&self, index: usize, done: u64) -> Progress {
        let cell = &self.cells[self.cell_of(self.batches[index].start)];
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
        let mut runs: Vec<Run> = Vec::with_capacity(self.setup.starts.len() * self.seeds.len());
        for (number, outcome) in outcomes.into_iter().enumerate() {
            if number == 0 {
                path = outcome.path;
            }
            let copies = self.seeds.len() / cell.seeds;
            runs.extend(std::iter::repeat_n(outcome.run, copies));
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

/// Puts runs into the last batch, or into others where they do not fit; those that fit into one batch are not cut.
fn join(batches: &mut Vec<Range<usize>>, runs: Range<usize>, most: usize) {
    match batches.last_mut() {
        Some(batch) if batch.len() + runs.len() <= most => batch.end = runs.end,
        Some(_) | None => {
            let starts = runs.clone().step_by(most);
            batches.extend(starts.map(|at| at..(at + most).min(runs.end)));
        }
    }
}

fn length(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// A learning rate's runs in numbers.
fn summary(cell: &Cell, least: Option<f64>, path: &Path) -> Option<Best> {
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
        solved: least.map(|_| {
            let solved = cell.finished().filter(|run| run.to_1e3.is_some()).count();
            number(length(solved)) / number(length(cell.runs.len()))
        }),
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
