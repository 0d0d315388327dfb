//! Runs of the store from the language: `runs`, `leaderboard`, `load`; and the fields of reports on training.
//!
//! A run is a comparison by training or a race on a test function; where they differ, the store says which it is.

use super::builtin::Given;
use super::task::as_task;
use super::{Evaluator, Result, Value};
use crate::bench;
use crate::check::known::{CURVE, LEADERS, RUNS, TRAINED};
use crate::diagnostic::{Code, Diagnostic};
use crate::engine::Objective;
use crate::lab::{Archive, Record, Report, Stage, Training, time_text};
use crate::search::Task;
use crate::search::again::Again;
use crate::source::Span;
use crate::syntax::names::Symbol;
use std::cell::RefCell;
use std::rc::Rc;

/// A result of the store.
struct Leader {
    reward: f64,
    value: Value,
}

impl Evaluator<'_> {
    /// The store; none where nothing was ever written and nothing is `wanted`.
    pub(super) fn archive(
        &mut self,
        wanted: bool,
        place: Span,
    ) -> Result<Option<Rc<RefCell<dyn Archive>>>> {
        self.host
            .archive(wanted)
            .map_err(|why| unusable(place, why))
    }

    /// `runs()`.
    pub(super) fn runs(&mut self, span: Span) -> Result<Value> {
        self.note_effect();
        let Some(archive) = self.archive(false, span)? else {
            return Ok(Value::List(Rc::from([])));
        };
        let records = archive
            .borrow_mut()
            .runs()
            .map_err(|why| unusable(span, why))?;
        let values = records.into_iter().map(|record| {
            let (best, reward) = record.best.unwrap_or_default();
            self.record(&self.known.runs, RUNS, |column| match column {
                #[allow(clippy::cast_precision_loss, reason = "far fewer runs than 2^53")]
                "run" => Value::Num(record.run as f64),
                "status" => text(record.status.name()),
                "task" => text(&record.task),
                "rules" => text(&record.rules.join(", ")),
                "started" => text(&time_text(record.started)),
                "best" => text(&best),
                _ => number(reward),
            })
        });
        Ok(Value::List(values.collect()))
    }

    /// `leaderboard(task)`.
    pub(super) fn leaderboard(&mut self, given: &Given, span: Span) -> Result<Value> {
        self.note_effect();
        let Some((value, place)) = &given[0] else {
            return Err(self.unexpected(span, "a task"));
        };
        let Some(task) = as_task(value) else {
            let objective = self.task(value, *place)?;
            return self.fastest(&objective, span);
        };
        let Some(archive) = self.archive(false, span)? else {
            return Ok(Value::List(Rc::from([])));
        };
        let (name, metric) = (task.name(), task.metric());
        let mut leaders = Vec::new();
        let records = archive.borrow_mut().runs();
        let records = records.map_err(|why| unusable(span, why))?;
        // Equal results stand in the order in which they were found.
        for record in records.iter().rev().filter(|record| record.task == name) {
            self.alive(span)?;
            let kept = archive
                .borrow_mut()
                .read(record.run)
                .map_err(|why| unusable(span, why))?;
            leaders.extend(self.leaders(&kept.report()));
        }
        let is_same = |task: &Task| matches!(task, Task::Net(plan) if plan.name == name);
        for again in self.found_on(&records, is_same, span)? {
            if let Again::Training(report) = again {
                leaders.extend(self.leaders(&report));
            }
        }
        leaders.sort_by(|a, b| {
            if metric.is_better(a.reward, b.reward) {
                std::cmp::Ordering::Less
            } else if metric.is_better(b.reward, a.reward) {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        });
        Ok(Value::List(
            leaders.into_iter().map(|leader| leader.value).collect(),
        ))
    }

    /// The leaderboard of a test function: less is better.
    fn fastest(&mut self, objective: &Objective, span: Span) -> Result<Value> {
        let Some(archive) = self.archive(false, span)? else {
            return Ok(Value::List(Rc::from([])));
        };
        let (name, formula) = (objective.name(), objective.formula());
        let mut leaders = Vec::new();
        let records = archive.borrow_mut().runs();
        let records = records.map_err(|why| unusable(span, why))?;
        for record in records.iter().rev().filter(|record| record.task == name) {
            self.alive(span)?;
            let race = archive.borrow_mut().race(record.run);
            let race = race.map_err(|why| unusable(span, why))?;
            // Functions of one name need not be one.
            if let Some(race) = race.filter(|race| race.race.formula == formula)
                && let Some(report) = &race.report
            {
                leaders.extend(self.racers(report));
            }
        }
        let is_same = |task: &Task| {
            matches!(task, Task::Function(function)
                if function.objective.name() == name && function.objective.formula() == formula)
        };
        for again in self.found_on(&records, is_same, span)? {
            if let Again::Race(report) = again {
                leaders.extend(self.racers(&report));
            }
        }
        leaders.sort_by(|a, b| a.reward.total_cmp(&b.reward));
        Ok(Value::List(
            leaders.into_iter().map(|leader| leader.value).collect(),
        ))
    }

    /// What the best rules of searches did on a task when they ran once more.
    fn found_on(
        &mut self,
        records: &[Record],
        is_same: impl Fn(&Task) -> bool,
        span: Span,
    ) -> Result<Vec<Again>> {
        let shelf = self.host.searches(false);
        let Some(shelf) = shelf.map_err(|why| unusable(span, why))? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for record in records.iter().rev() {
            self.alive(span)?;
            let mut shelf = shelf.borrow_mut();
            let spec = shelf.read(record.run);
            let Some(spec) = spec.map_err(|why| unusable(span, why))? else {
                continue;
            };
            if !spec.tasks.iter().any(&is_same) {
                continue;
            }
            let again = shelf.again(record.run);
            for (task, again) in again.map_err(|why| unusable(span, why))? {
                if spec.tasks.get(task).is_some_and(&is_same) {
                    found.push(again);
                }
            }
        }
        Ok(found)
    }

    /// The rules of a race that have a learning rate at which no run failed.
    fn racers(&self, report: &bench::Report) -> Vec<Leader> {
        let mut racers = Vec::new();
        for entry in &report.entries {
            let cell = entry.best_cell().filter(|cell| cell.failures() == 0);
            let (Some(best), Some(cell)) = (&entry.best, cell) else {
                continue;
            };
            #[allow(clippy::cast_precision_loss, reason = "small counts")]
            let value = self.record(&self.known.leaders, LEADERS, |column| match column {
                "rule" => text(&entry.name),
                "formula" => text(&entry.formula),
                "lr" => Value::Num(best.rate),
                "reward" => Value::Num(best.last.mean),
                "half_width" => number(best.last.half_width),
                "seeds" => Value::Num(cell.runs.len() as f64),
                "steps" => Value::Num(report.steps as f64),
                "epochs" => number(None),
                _ => of_run(report.run),
            });
            racers.push(Leader {
                reward: best.last.mean,
                value,
            });
        }
        racers
    }

    fn leaders(&self, report: &Report) -> Vec<Leader> {
        let mut leaders = Vec::new();
        for (rule, entry) in report.plan.rules.iter().zip(&report.entries) {
            let Some(reward) = entry.reward(report.metric()) else {
                continue;
            };
            let seeds = entry
                .runs
                .iter()
                .filter(|run| !run.is_interrupted())
                .count();
            #[allow(clippy::cast_precision_loss, reason = "small counts")]
            let value = self.record(&self.known.leaders, LEADERS, |column| match column {
                "rule" => text(&rule.name),
                "formula" => text(&rule.formula),
                "lr" => number(entry.rate),
                "reward" => Value::Num(reward.mean),
                "half_width" => number(reward.half_width),
                "seeds" => Value::Num(seeds as f64),
                "steps" => number(
                    entry
                        .runs
                        .iter()
                        .map(|run| run.steps as f64)
                        .reduce(f64::max),
                ),
                "epochs" => Value::Num(f64::from(report.plan.training.epochs)),
                _ => of_run(report.run),
            });
            leaders.push(Leader {
                reward: reward.mean,
                value,
            });
        }
        leaders
    }

    /// The report of a run of the store: on training, on a race, or on a search.
    pub(super) fn kept_report(&mut self, value: &Value, place: Span) -> Result<Value> {
        if let Value::Training(_) | Value::Report(..) | Value::Search(_) = value {
            return Ok(value.clone());
        }
        self.note_effect();
        let run = self.run_number(value, place)?;
        if let Some(found) = self.load_search(run, place)? {
            return Ok(found);
        }
        let Some(archive) = self.archive(false, place)? else {
            return Err(no_run(run, place));
        };
        let mut archive = archive.borrow_mut();
        let race = archive.race(run).map_err(|why| unusable(place, why))?;
        let Some(race) = race else {
            let kept = archive.read(run).map_err(|why| unusable(place, why))?;
            return Ok(Value::Training(Rc::new(kept.report())));
        };
        let report = race.report.ok_or_else(|| {
            let state = race.record.status.name();
            unusable(
                place,
                format!("run {run} has no report: the race is {state}"),
            )
        })?;
        let objective = self.objective_of(&report);
        Ok(Value::Report(Rc::new(report), objective))
    }

    /// The number of a run: as it is, or of a record or report.
    pub(super) fn run_number(&self, value: &Value, place: Span) -> Result<i64> {
        let number = match value {
            Value::Num(number) => Some(*number),
            Value::Record(fields) => fields
                .iter()
                .find(|(name, _)| *name == self.known.run)
                .and_then(|(_, value)| match value {
                    Value::Num(number) => Some(*number),
                    _ => None,
                }),
            Value::Training(report) => match report.run {
                Some(run) => return Ok(run),
                None => None,
            },
            Value::Search(found) => match found.run {
                Some(run) => return Ok(run),
                None => None,
            },
            Value::Report(report, _) => match report.run {
                Some(run) => return Ok(run),
                None => None,
            },
            _ => None,
        };
        #[allow(clippy::cast_possible_truncation, reason = "whole and in range")]
        number
            .filter(|number| number.fract() == 0.0 && number.abs() < 9e15)
            .map(|number| number as i64)
            .ok_or_else(|| self.unexpected(place, "the number of a run"))
    }

    /// A field of a report on training.
    pub(super) fn training_field(&self, report: &Report, name: Symbol) -> Option<Value> {
        let known = self.known;
        if name == known.rows {
            Some(self.training_rows(report))
        } else if name == known.curves {
            Some(self.training_curves(report))
        } else if name == known.task {
            Some(text(&report.plan.name))
        } else if name == known.metric {
            Some(text(report.metric().name()))
        } else if name == known.run {
            Some(of_run(report.run))
        } else {
            None
        }
    }

    fn training_rows(&self, report: &Report) -> Value {
        let (metric, verdicts) = (report.metric(), report.verdicts());
        let rows = report.ranking().into_iter().map(|index| {
            let (rule, entry) = (&report.plan.rules[index], &report.entries[index]);
            let reward = entry.reward(metric);
            let failures = entry
                .sweep
                .iter()
                .chain(&entry.runs)
                .filter(|run| !run.is_finished() && !run.is_interrupted())
                .count();
            #[allow(clippy::cast_precision_loss, reason = "small counts")]
            self.record(&self.known.trained, TRAINED, |column| match column {
                "rule" => text(&rule.name),
                "formula" => text(&rule.formula),
                "verdict" => text(verdicts[index].map_or("", |verdict| verdict.name())),
                "slots" => Value::Num(rule.slots as f64),
                "lr" => number(entry.rate),
                "last" => number(reward.map(|reward| reward.mean)),
                "half_width" => number(reward.and_then(|reward| reward.half_width)),
                "best" => number(entry.best(metric).map(|best| best.mean)),
                "test" => number(entry.test().map(|test| test.mean)),
                "seconds" => Value::Num(entry.seconds()),
                _ => Value::Num(failures as f64),
            })
        });
        Value::List(rows.collect())
    }

    fn training_curves(&self, report: &Report) -> Value {
        let mut curves = Vec::new();
        for (rule, entry) in report.plan.rules.iter().zip(&report.entries) {
            let sweep = entry.sweep.iter().map(|run| (Stage::Sweep, run));
            let runs = entry.runs.iter().map(|run| (Stage::Training, run));
            for (stage, run) in sweep.chain(runs) {
                curves.push(self.curve(&rule.name, stage, run));
            }
        }
        Value::List(curves.into())
    }

    fn curve(&self, rule: &str, stage: Stage, run: &Training) -> Value {
        let list = |of: fn(&crate::lab::message::Point) -> f64| {
            Value::List(
                run.curve
                    .iter()
                    .map(|point| Value::Num(of(point)))
                    .collect(),
            )
        };
        self.record(&self.known.curve, CURVE, |column| match column {
            "rule" => text(rule),
            "stage" => text(stage.name()),
            "end" => text(&run.end.to_string()),
            "lr" => Value::Num(run.rate),
            #[allow(clippy::cast_precision_loss, reason = "seeds are below 2^53")]
            "seed" => Value::Num(run.seed as f64),
            "epochs" => list(|point| f64::from(point.epoch)),
            "loss" => list(|point| point.loss),
            "valid_loss" => list(|point| point.valid_loss),
            _ => list(|point| point.metric),
        })
    }

    #[allow(clippy::unused_self, reason = "reads as a sentence at the call")]
    fn record(&self, names: &[Symbol], columns: &[&str], of: impl Fn(&str) -> Value) -> Value {
        let fields = names.iter().zip(columns);
        Value::Record(fields.map(|(name, column)| (*name, of(column))).collect())
    }
}

/// The number of a run; `nan` where it is in no store.
#[allow(clippy::cast_precision_loss, reason = "far fewer runs than 2^53")]
pub(super) fn of_run(run: Option<i64>) -> Value {
    number(run.map(|run| run as f64))
}

fn text(text: &str) -> Value {
    Value::Str(text.into())
}

/// A number; `nan` where there is none.
fn number(value: Option<f64>) -> Value {
    Value::Num(value.unwrap_or(f64::NAN))
}

/// The store cannot be used, or has no such run.
pub(super) fn unusable(place: Span, why: String) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(Code::E0607, place, why)
            .here("needs the store of runs")
            .help("`runs()` lists what is there; `--store FILE` or NOS_STORE names another store"),
    )
}

/// There is no store to hold the run.
pub(super) fn no_run(run: i64, place: Span) -> Box<Diagnostic> {
    unusable(
        place,
        format!("there is no run {run}: no store was written here"),
    )
}
