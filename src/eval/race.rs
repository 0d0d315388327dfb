//! Benchmarks from the language: rules, baselines, tasks and settings out of arguments.

use super::builtin::{Given, needs_matrix};
use super::lists::{one_or_many, outside, whole};
use super::task::as_task;
use super::{Evaluator, Result, Value};
use crate::bench::{self, BenchError, Candidate, Options, Report};
use crate::builtin::Builtin;
use crate::check::known::COLUMNS;
use crate::check::task::{TASKS, misplaced};
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::engine::Objective;
use crate::lab::Race;
use crate::source::Span;
use std::rc::Rc;

/// The rules that stand beside every benchmark, by their names in the standard library.
pub(super) const BASELINES: [&str; 4] = ["sgd", "momentum", "rmsprop", "adam"];

impl Evaluator<'_> {
    /// `bench(rules, on:, steps:, lr:, seeds:, schedule:, baselines:, starts:)`.
    pub(super) fn bench(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (Some((rules, rules_place)), Some((task, task_place))) = (&given[0], &given[1]) else {
            return Err(self.unexpected(span, "rules and a task"));
        };
        if as_task(task).is_some() {
            self.options_of(given, true)?;
            return self.train(Builtin::Bench, given, span);
        }
        self.options_of(given, false)?;
        let objective = self.task(task, *task_place)?;
        let rules: Vec<Value> = one_or_many(rules);
        let mut candidates = Vec::new();
        for rule in &rules {
            candidates.push(self.candidate(rule, *rules_place, false)?);
        }
        self.with_baselines(&mut candidates, given[6].as_ref(), &BASELINES, span)?;
        let steps = match &given[2] {
            Some((Value::Num(steps), place)) => whole(*steps, 1.0, 1e9, "`steps`", *place)?,
            Some(_) | None => 1000,
        };
        let rates = match &given[3] {
            Some((value, place)) => {
                let rates = self.number_or_numbers(value, *place)?;
                if let Some(bad) = rates
                    .iter()
                    .find(|rate| !(rate.is_finite() && **rate > 0.0))
                {
                    return Err(outside(
                        *place,
                        format!("a learning rate is {}", crate::ir::number_text(*bad)),
                        "choose learning rates above 0",
                    ));
                }
                rates
            }
            // The grid of the paper's sweep: 10^i for i from -5 to 1 (section 4.2).
            None => bench::grid(1e-5, 10.0, 7)
                .map_err(|error| outside(span, error.to_string(), "give `lr:`"))?,
        };
        let schedule = match &given[5] {
            Some((value, place)) => Some(self.extract(value, *place)?),
            None => None,
        };
        let starts = match &given[7] {
            Some((value, place)) => self.starts(value, &objective, *place)?,
            None => Vec::new(),
        };
        let seeds = match &given[4] {
            Some((Value::Num(count), place)) => {
                (0..whole(*count, 1.0, 1e6, "`seeds`", *place)?).collect()
            }
            // Every start has noise of its own: that is spread enough.
            Some(_) | None if starts.len() > 1 => vec![0],
            Some(_) | None => bench::default_seeds(&candidates, &objective, schedule.as_ref()),
        };
        let options = Options {
            steps,
            rates,
            seeds,
            starts,
            schedule,
            has_paths: true,
        };
        // Baselines come last in the report.
        candidates.sort_by_key(|each| each.is_baseline);
        let problem = |error| bench_problem(&error, *rules_place, *task_place, span);
        bench::check(&candidates, &objective, &options).map_err(problem)?;
        let run = self.begin_race(&candidates, &objective, &options, span)?;
        let host = &mut *self.host;
        let mut report = bench::run(&candidates, &objective, &options, &mut |progress| {
            #[allow(clippy::cast_precision_loss, reason = "a fraction for show")]
            let done = progress.done as f64 / progress.total.max(1) as f64;
            let what = format!(
                "{} at {}",
                candidates
                    .get(progress.entry)
                    .map_or("", |each| each.name.as_str()),
                crate::op::number_text(progress.rate)
            );
            host.progress(done, &what)
        })
        .map_err(problem)?;
        report.run = run;
        if let Some(run) = run
            && let Some(archive) = self.archive(true, span)?
        {
            let ended = archive.borrow_mut().end_race(run, &report);
            ended.map_err(|why| super::kept::unusable(span, why))?;
        }
        Ok(Value::Report(Rc::new(report), Some(objective)))
    }

    /// Writes a race down where the user names a store. Others are not worth a file: they are done again in a moment.
    fn begin_race(
        &mut self,
        candidates: &[Candidate],
        objective: &Objective,
        options: &Options,
        span: Span,
    ) -> Result<Option<i64>> {
        if !self.host.names_store() {
            return Ok(None);
        }
        self.note_effect();
        let Some(archive) = self.archive(true, span)? else {
            return Ok(None);
        };
        let race = Race {
            name: objective.name().to_owned(),
            formula: objective.formula(),
            rules: candidates.iter().map(crate::lab::Entrant::of).collect(),
            steps: options.steps,
            rates: options.rates.clone(),
            schedule: options.schedule.as_ref().map(crate::ir::Rule::text),
            seeds: options.seeds.clone(),
            starts: options.starts.clone(),
        };
        let begun = archive.borrow_mut().begin_race(&race);
        let run = begun.map_err(|why| super::kept::unusable(span, why))?;
        Ok(Some(run))
    }

    /// Points given, or so many at random from where the function says.
    pub(super) fn starts(
        &mut self,
        value: &Value,
        objective: &Objective,
        place: Span,
    ) -> Result<Vec<Vec<f64>>> {
        let Value::Num(count) = value else {
            return self.points(value, objective.coordinates().len(), place);
        };
        let count = whole(*count, 1.0, 1e6, "`starts`", place)?;
        objective.random_starts(count, 0).ok_or_else(|| {
            outside(
                place,
                format!(
                    "`{}` does not say where random starts may lie",
                    objective.name()
                ),
                "give `within: 5` to `objective`, or points: `starts: [[1, 2], [-1, 0]]`",
            )
        })
    }

    /// Options that belong to the other kind of task.
    #[allow(clippy::unused_self, reason = "reads as a sentence at the call")]
    fn options_of(&self, given: &Given, is_training: bool) -> Result<()> {
        for (param, slot) in Builtin::Bench.info().params.iter().zip(given) {
            if let Some((_, place)) = slot
                && let Some(problem) = misplaced(param.name, is_training, *place)
            {
                return Err(Box::new(problem));
            }
        }
        Ok(())
    }

    /// The rules that stand beside those asked for: the usual ones of these names, those of a list, or none.
    pub(super) fn with_baselines(
        &mut self,
        candidates: &mut Vec<Candidate>,
        given: Option<&(Value, Span)>,
        usual: &[&str],
        span: Span,
    ) -> Result<()> {
        match given {
            Some((Value::Bool(false), _)) => Ok(()),
            Some((Value::List(own), place)) => {
                for rule in own.iter() {
                    candidates.push(self.candidate(rule, *place, true)?);
                }
                Ok(())
            }
            Some((Value::Bool(true), _)) | None => self.baselines(candidates, usual, span),
            Some((_, place)) => Err(self.unexpected(*place, "true, false or a list of rules")),
        }
    }

    pub(super) fn candidate(
        &mut self,
        value: &Value,
        span: Span,
        is_baseline: bool,
    ) -> Result<Candidate> {
        let rule = self.extract(value, span)?;
        let formula = self.shower().formula(value);
        let name = match value {
            Value::Rule(rule) => rule.name.to_string(),
            _ => formula.clone(),
        };
        Ok(Candidate {
            name,
            formula,
            slots: rule.slots().per_element,
            rule,
            is_baseline,
        })
    }

    /// The usual baselines, those apart that are among the rules already.
    pub(super) fn baselines(
        &mut self,
        candidates: &mut Vec<Candidate>,
        usual: &[&str],
        span: Span,
    ) -> Result<()> {
        for name in usual {
            let Some(value) = self.standard(name) else {
                continue;
            };
            let candidate = self.candidate(&value, span, true)?;
            if !candidates
                .iter()
                .any(|other| other.formula == candidate.formula)
            {
                candidates.push(candidate);
            }
        }
        Ok(())
    }

    /// What a name means in the standard library, whatever the program has made of it since.
    pub(super) fn standard(&self, name: &str) -> Option<Value> {
        let symbol = self.names.get(name)?;
        self.scope
            .iter()
            .find(|(_, other, _)| *other == symbol)
            .map(|(_, _, value)| value.clone())
    }

    /// A test function, or the one of that name.
    pub(super) fn task(&self, value: &Value, span: Span) -> Result<Rc<Objective>> {
        match value {
            Value::Objective(objective) => Ok(Rc::clone(objective)),
            Value::Str(text) => {
                if let Some(Value::Objective(objective)) = self
                    .names
                    .get(text)
                    .and_then(|name| self.scope.get(name, u32::MAX))
                {
                    return Ok(Rc::clone(objective));
                }
                let functions = self
                    .scope
                    .iter()
                    .filter(|(_, _, value)| matches!(value, Value::Objective(_)))
                    .map(|(_, name, _)| self.names.text(name));
                let names: Vec<&str> = functions.chain(TASKS).collect();
                let help = suggest(text, names.iter().copied()).map_or_else(
                    || format!("choose one of {}", names.join(", ")),
                    |name| format!("did you mean `{name}`?"),
                );
                Err(Box::new(
                    Diagnostic::new(Code::E0601, span, format!("unknown task `{text}`"))
                        .here("no task")
                        .help(help),
                ))
            }
            _ => Err(self.unexpected(span, "a test function")),
        }
    }

    /// A report's rows as records, best first.
    pub(super) fn report_rows(&self, report: &Report) -> Value {
        let rows = report.ranking().into_iter().map(|index| {
            let entry = &report.entries[index];
            let best = entry.best.as_ref();
            let number = |value: Option<f64>| Value::Num(value.unwrap_or(f64::NAN));
            let failures: usize = entry.cells.iter().map(bench::report::Cell::failures).sum();
            #[allow(clippy::cast_precision_loss, reason = "small counts")]
            let cells = COLUMNS.iter().map(|column| match *column {
                "rule" => Value::Str(entry.name.as_str().into()),
                "formula" => Value::Str(entry.formula.as_str().into()),
                "slots" => Value::Num(entry.slots as f64),
                "lr" => number(best.map(|best| best.rate)),
                "last" => number(best.map(|best| best.last.mean)),
                "best" => number(best.map(|best| best.lowest.mean)),
                "distance" => number(
                    best.and_then(|best| best.distance)
                        .map(|distance| distance.mean),
                ),
                "to_1e3" => number(best.and_then(|best| best.to_1e3).map(|steps| steps.mean)),
                "solved" => number(best.and_then(|best| best.solved)),
                "to_1e6" => number(best.and_then(|best| best.to_1e6).map(|steps| steps.mean)),
                _ => Value::Num(failures as f64),
            });
            Value::Record(self.known.columns.iter().copied().zip(cells).collect())
        });
        Value::List(rows.collect())
    }
}

fn bench_problem(error: &BenchError, rules: Span, task: Span, call: Span) -> Box<Diagnostic> {
    match error {
        BenchError::Rule { .. } => needs_matrix(rules, &error.to_string()),
        BenchError::Start { .. } => outside(
            task,
            error.to_string(),
            "start where the function is finite",
        ),
        BenchError::NoRules => outside(
            rules,
            error.to_string(),
            "give a rule: `bench([powersign], on: rosenbrock)`",
        ),
        BenchError::StartLength { .. } => outside(
            call,
            error.to_string(),
            "give each start as many numbers as the function has coordinates",
        ),
        BenchError::NoSteps
        | BenchError::NoRates
        | BenchError::NoSeeds
        | BenchError::Rate { .. }
        | BenchError::Schedule => outside(call, error.to_string(), "give `lr: grid(1e-4, 1, 5)`"),
    }
}
