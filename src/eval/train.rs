//! Training from the language: `train`, `bench` on networks, `resume`.

use super::builtin::Given;
use super::lists::{one_or_many, outside, whole};
use super::task::as_task;
use super::{Evaluator, Result, Value};
use crate::bench::{self, Candidate};
use crate::builtin::Builtin;
use crate::diagnostic::{Code, Diagnostic};
use crate::lab::message::{Failure, Settings};
use crate::lab::{
    self, Archive, Blank, DATA_VARIABLE, EPOCHS, Entrant, Kept, Notebook, PATIENCE, Plan, Report,
    SWEEP_EXAMPLES, SWEEP_WORDS, Status, Stop, Subject, Task, Trainer, Trouble,
};
use crate::source::Span;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

/// The rules that stand beside every comparison by training, by their names in the standard library.
pub(super) const BASELINES: [&str; 5] = ["sgd", "momentum", "rmsprop", "adam", "adamw"];

/// The most epochs, batches and the like.
const MOST: f64 = 1e9;

/// The arguments of a call by the names of their parameters.
pub(super) struct Options<'a> {
    pub(super) builtin: Builtin,
    pub(super) given: &'a Given,
}

impl Options<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&(Value, Span)> {
        let params = self.builtin.info().params;
        let index = params.iter().position(|param| param.name == name)?;
        self.given.get(index)?.as_ref()
    }

    pub(super) fn count(&self, name: &str) -> Result<Option<u32>> {
        match self.get(name) {
            Some((Value::Num(value), place)) => {
                let count = whole(*value, 1.0, MOST, &format!("`{name}`"), *place)?;
                Ok(u32::try_from(count).ok())
            }
            Some(_) | None => Ok(None),
        }
    }

    fn number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some((Value::Num(value), _)) => Some(*value),
            Some(_) | None => None,
        }
    }

    fn truth(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some((Value::Bool(value), _)) => Some(*value),
            Some(_) | None => None,
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.get(name) {
            Some((Value::Str(value), _)) => Some(value.to_string()),
            Some(_) | None => None,
        }
    }
}

/// Where in the text a training was asked for.
#[derive(Clone, Copy)]
pub(super) struct Places {
    pub(super) call: Span,
    pub(super) task: Span,
}

impl Evaluator<'_> {
    /// `train(rule, on:, …)`, and `bench(rules, on:, …)` on a network.
    pub(super) fn train(&mut self, builtin: Builtin, given: &Given, span: Span) -> Result<Value> {
        self.note_effect();
        let (Some((rules, rules_place)), Some((task, task_place))) = (&given[0], &given[1]) else {
            return Err(self.unexpected(span, "rules and a task"));
        };
        let places = Places {
            call: span,
            task: *task_place,
        };
        let Some(task) = as_task(task) else {
            return Err(self.unexpected(*task_place, "a network with its data"));
        };
        let options = Options { builtin, given };
        let rules: Vec<Value> = one_or_many(rules);
        let mut candidates = Vec::new();
        for rule in &rules {
            candidates.push(self.candidate(rule, *rules_place, false)?);
        }
        if builtin == Builtin::Bench {
            self.with_baselines(&mut candidates, options.get("baselines"), &BASELINES, span)?;
        }
        if candidates.is_empty() {
            return Err(outside(
                *rules_place,
                "expected at least one rule".to_owned(),
                "give a rule: `bench([powersign], on: cifar(convnet))`",
            ));
        }
        let plan = self.plan(&task, &candidates, &options, places)?;
        self.compare(&plan, None, places)
    }

    pub(super) fn plan(
        &mut self,
        task: &Task,
        candidates: &[Candidate],
        options: &Options<'_>,
        places: Places,
    ) -> Result<Plan> {
        let located = {
            let folder = self.host.variable(DATA_VARIABLE);
            let host = &*self.host;
            task.located(folder.as_deref().map(Path::new), &|path| host.is_file(path))
        };
        let located = located.map_err(|missing| {
            Box::new(
                Diagnostic::new(Code::E0604, places.task, missing.to_string())
                    .here("needs files")
                    .help(missing.help()),
            )
        })?;
        let rates = self.rates(options.get("lr"), places.call)?;
        let schedule = match options.get("schedule") {
            Some((value, place)) => Some(self.extract(value, *place)?.text()),
            None => None,
        };
        let first = match options.get("seed") {
            Some((Value::Num(seed), place)) => {
                whole(*seed, 0.0, 9_007_199_254_740_992.0, "the seed", *place)?
            }
            Some(_) | None => 0,
        };
        let seeds = u64::from(options.count("seeds")?.unwrap_or(1));
        let training = settings(task, options)?;
        let sweep_examples = match task.subject() {
            Subject::Images => SWEEP_EXAMPLES,
            Subject::Text => SWEEP_WORDS,
        };
        // A sweep on more than what trains in the end would be no sweep.
        let sweep_examples = training
            .examples
            .map_or(sweep_examples, |examples| examples.min(sweep_examples));
        Ok(Plan {
            name: task.name(),
            task: located,
            rules: candidates.iter().map(Entrant::of).collect(),
            rates,
            sweep: Settings {
                epochs: options.count("sweep_epochs")?.unwrap_or(1),
                examples: Some(options.count("sweep_examples")?.unwrap_or(sweep_examples)),
                test: false,
                ..training.clone()
            },
            training,
            schedule,
            seeds: (first..first.saturating_add(seeds)).collect(),
            patience: options.number("patience").unwrap_or(PATIENCE),
        })
    }

    fn rates(&self, given: Option<&(Value, Span)>, call: Span) -> Result<Vec<f64>> {
        let mut rates = match given {
            Some((value, place)) => {
                let rates = self.number_or_numbers(value, *place)?;
                let is_usable = |rate: &f64| rate.is_finite() && *rate > 0.0;
                if let Some(bad) = rates.iter().find(|rate| !is_usable(rate)) {
                    return Err(outside(
                        *place,
                        format!("a learning rate is {}", crate::ir::number_text(*bad)),
                        "choose learning rates above 0",
                    ));
                }
                if rates.is_empty() {
                    return Err(outside(
                        *place,
                        "expected at least one learning rate".to_owned(),
                        "give `lr: 0.1`, or leave it out for those of the paper",
                    ));
                }
                rates
            }
            // 10^i for i from -5 to 1 (section 4.2 of the paper).
            None => bench::grid(1e-5, 10.0, 7)
                .map_err(|error| outside(call, error.to_string(), "give `lr:`"))?,
        };
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        Ok(rates)
    }

    /// `resume(run)`.
    pub(super) fn resume(&mut self, given: &Given, span: Span) -> Result<Value> {
        self.note_effect();
        let Some((value, place)) = &given[0] else {
            return Err(self.unexpected(span, "the number of a run"));
        };
        let run = self.run_number(value, *place)?;
        let places = Places {
            call: span,
            task: *place,
        };
        let workers = Options {
            builtin: Builtin::Resume,
            given,
        }
        .count("workers")?;
        if let Some(found) = self.resume_search(run, workers, places)? {
            return Ok(found);
        }
        let Some(archive) = self.archive(false, *place)? else {
            return Err(super::kept::no_run(run, *place));
        };
        let kept = archive
            .borrow_mut()
            .read(run)
            .map_err(|why| super::kept::unusable(*place, why))?;
        self.compare(&kept.plan, Some(&kept), places)
    }

    /// Trains by a plan, from its beginning or from where a run of it stands.
    fn compare(&mut self, plan: &Plan, kept: Option<&Kept>, places: Places) -> Result<Value> {
        let Some(trainer) = self.host.trainer() else {
            return Err(Box::new(
                Diagnostic::new(Code::E0605, places.call, "nothing here can train networks")
                    .here("needs `nos-lab`")
                    .help("use the program `nos`"),
            ));
        };
        // A run is only written down once there is something that can train.
        let host = &mut *self.host;
        let ready = trainer.borrow_mut().prepare(plan.patience, &mut |_| {
            host.progress(0.0, "starting nos-lab")
        });
        ready.map_err(|trouble| not_ready(trouble, places))?;
        let archive = self.archive(true, places.call)?;
        let run = match (&archive, kept) {
            (Some(archive), Some(kept)) => {
                let resumed = archive.borrow_mut().resume(kept.record.run);
                resumed.map_err(|why| super::kept::unusable(places.task, why))?;
                Some(kept.record.run)
            }
            (Some(archive), None) => {
                let begun = archive.borrow_mut().begin(plan);
                Some(begun.map_err(|why| super::kept::unusable(places.call, why))?)
            }
            (None, _) => None,
        };
        let result = self.work(plan, &trainer, archive.as_ref().zip(run));
        let ended = match (&archive, run) {
            (Some(archive), Some(run)) => {
                let status = match &result {
                    Ok(report) if report.is_complete => Status::Done,
                    Ok(_) => Status::Interrupted,
                    Err(_) => Status::Failed,
                };
                archive.borrow_mut().end(run, status, result.as_ref().ok())
            }
            (None, _) | (_, None) => Ok(()),
        };
        let mut report = result.map_err(|stop| stopped(stop, places))?;
        ended.map_err(|why| super::kept::unusable(places.call, why))?;
        report.run = run;
        if let Some(kept) = kept {
            report.task = report.task.or_else(|| kept.task.clone());
            report.about = report.about.or_else(|| kept.about.clone());
        }
        Ok(Value::Training(Rc::new(report)))
    }

    fn work(
        &mut self,
        plan: &Plan,
        trainer: &Rc<RefCell<dyn Trainer>>,
        archive: Option<(&Rc<RefCell<dyn Archive>>, i64)>,
    ) -> std::result::Result<Report, Stop> {
        let host = &mut *self.host;
        let mut progress = |progress: &lab::Progress| -> ControlFlow<()> {
            host.progress(progress.done, &progress.what)
        };
        let mut trainer = trainer.borrow_mut();
        let report = match archive {
            Some((archive, run)) => {
                let mut archive = archive.borrow_mut();
                let mut notebook: Box<dyn Notebook + '_> = archive.notebook(run);
                lab::run(plan, &mut *trainer, &mut *notebook, &mut progress)
            }
            None => lab::run(plan, &mut *trainer, &mut Blank, &mut progress),
        };
        // The bar goes; a press of Ctrl-C has been heard.
        let _ = host.progress(1.0, "done");
        report
    }
}

fn settings(task: &Task, options: &Options<'_>) -> Result<Settings> {
    let usual = task.settings();
    Ok(Settings {
        epochs: options.count("epochs")?.unwrap_or(EPOCHS),
        examples: options.count("examples")?,
        batch: options.count("batch")?.unwrap_or(usual.batch),
        unroll: options.count("unroll")?.unwrap_or(usual.unroll),
        augment: options.truth("augment").unwrap_or(usual.augment),
        weight_decay: options.number("weight_decay").unwrap_or(usual.weight_decay),
        clip_norm: options.number("clip_norm").or(usual.clip_norm),
        early_stop: options.truth("early_stop").unwrap_or(usual.early_stop),
        test: options.truth("test").unwrap_or(usual.test),
        device: options.text("device"),
        threads: options.count("threads")?,
        checkpoint_every: options
            .number("checkpoint_every")
            .unwrap_or(usual.checkpoint_every),
    })
}

pub(super) fn not_ready(trouble: Trouble, places: Places) -> Box<Diagnostic> {
    let (why, help) = match trouble {
        Trouble::Unavailable { why, help } => (why, help),
        Trouble::Failed(Failure::Cancelled) => {
            return Box::new(
                Diagnostic::new(Code::E0506, places.call, "stopped").here("was running this"),
            );
        }
        Trouble::Failed(failure) => (failure.to_string(), "try again".to_owned()),
        Trouble::Lost { why } => (why, "try again; `nos-lab` has said why above".to_owned()),
    };
    Box::new(
        Diagnostic::new(Code::E0605, places.call, why)
            .here("needs `nos-lab`")
            .help(help),
    )
}

pub(super) fn stopped(stop: Stop, places: Places) -> Box<Diagnostic> {
    Box::new(match stop {
        Stop::Unavailable { why, help } => Diagnostic::new(Code::E0605, places.call, why)
            .here("needs `nos-lab`")
            .help(help),
        Stop::Data { message } => Diagnostic::new(Code::E0604, places.task, message)
            .here("its data")
            .help("check the files in the folder of `data:`, `--data` or NOS_DATA"),
        Stop::Task { message } => Diagnostic::new(Code::E0508, places.call, message)
            .here("cannot be trained")
            .help("change the task, or the setting that is named"),
        Stop::Notebook { message } => return super::kept::unusable(places.call, message),
    })
}
