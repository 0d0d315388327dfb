//! Reports of training as tables of plain text.

use super::message::{Metric, Settings};
use super::plan::Plan;
use super::progress::duration;
use super::report::{Ending, Entry, Report, Training};
use super::task::Subject;
use crate::bench::{Table, estimate_text, rate_text, short_name};
use std::fmt::Write;

impl Report {
    /// The report as text: what was trained, then one line a rule, best first; baselines are marked with `*`.
    pub fn table(&self) -> String {
        let mut out = self.heading();
        let metric = self.metric();
        let has_tests = self.entries.iter().any(|entry| entry.test().is_some());
        let verdicts = self.verdicts();
        let has_verdicts = verdicts.iter().any(Option::is_some);
        let mut heads = vec!["rule", "lr", "final", "best"];
        heads.extend(has_tests.then_some("test"));
        heads.extend(has_verdicts.then_some("verdict"));
        heads.extend(["time", "slots"]);
        let mut table = Table::new(&heads);
        for index in self.ranking() {
            let (entry, rule) = (&self.entries[index], &self.plan.rules[index]);
            let mark = if rule.is_baseline { " *" } else { "" };
            let name = format!("{}{mark}", short_name(&rule.name));
            let Some(rate) = entry.rate.filter(|_| has_run(entry)) else {
                table.row(vec![name, self.fate(entry).to_owned()]);
                continue;
            };
            let maybe = |estimate: Option<_>| {
                estimate
                    .as_ref()
                    .map_or_else(|| "–".to_owned(), estimate_text)
            };
            let mut row = vec![
                name,
                rate_text(rate),
                maybe(entry.reward(metric)),
                maybe(entry.best(metric)),
            ];
            row.extend(has_tests.then(|| maybe(entry.test())));
            row.extend(has_verdicts.then(|| verdicts[index].map_or("", |it| it.name()).to_owned()));
            row.push(duration(entry.seconds()));
            row.push(rule.slots.to_string());
            table.row(row);
        }
        out.push_str(&table.text());
        self.footer(has_verdicts, &mut out);
        out
    }

    /// What was trained, in two lines.
    pub fn heading(&self) -> String {
        let plan = &self.plan;
        let all = self.task.as_ref().map(|task| task.train);
        let mut out = format!("{}, {}", plan.name, budget(plan, all));
        if plan.seeds.len() > 1 {
            let _ = write!(out, ", {} seeds", plan.seeds.len());
        }
        if let Some(schedule) = &plan.schedule {
            let _ = write!(out, ", schedule {}", short_name(schedule));
        }
        out.push('\n');
        if let Some(task) = &self.task {
            let _ = write!(
                out,
                "  {}; {}, {} parameters",
                task.data, task.net, task.parameters
            );
            if let Some(about) = &self.about {
                let _ = write!(out, "; torch {} on {}", about.torch, about.device);
            }
            out.push('\n');
        }
        out
    }

    /// Why a rule has no numbers.
    fn fate(&self, entry: &Entry) -> &'static str {
        let is_short = entry.sweep.len() < self.plan.rates.len() && self.plan.has_sweep();
        if is_short || entry.is_interrupted() || entry.rate.is_some() {
            "not finished"
        } else {
            "failed at every learning rate"
        }
    }

    fn footer(&self, has_verdicts: bool, out: &mut String) {
        if self.plan.rules.iter().any(|rule| rule.is_baseline) {
            out.push_str("  * baseline\n");
        }
        let metric = self.metric();
        let better = match metric {
            Metric::Accuracy => "more",
            Metric::Perplexity => "less",
        };
        let _ = writeln!(
            out,
            "  final, best: validation {}, {better} is better",
            metric.name()
        );
        if self.plan.seeds.len() > 1 {
            out.push_str("  ± 95 % confidence interval of the mean over seeds\n");
        }
        if has_verdicts {
            out.push_str("  tie: the interval overlaps that of the best\n");
        }
        for (rule, entry) in self.plan.rules.iter().zip(&self.entries) {
            for (endings, run) in told(entry) {
                let _ = writeln!(
                    out,
                    "  {} at {}: {}",
                    short_name(&rule.name),
                    endings,
                    run.end
                );
            }
        }
        if !self.is_complete {
            out.push_str("  stopped early: what was done until then\n");
        }
        if let Some(run) = self.run {
            let _ = writeln!(out, "  run {run}");
        }
    }
}

/// Whether any run at the chosen learning rate was not stopped.
fn has_run(entry: &Entry) -> bool {
    entry.runs.iter().any(|run| !run.is_interrupted())
}

/// The runs that did not come to their end, those of one ending together: where, and one of them.
fn told(entry: &Entry) -> Vec<(String, &Training)> {
    let mut groups: Vec<Vec<&Training>> = Vec::new();
    for run in entry.sweep.iter().chain(&entry.runs) {
        if run.is_finished() || run.is_interrupted() {
            continue;
        }
        match groups.iter_mut().find(|group| is_alike(group[0], run)) {
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    let is_of_sweep = |run: &Training| entry.sweep.iter().any(|other| std::ptr::eq(other, run));
    groups
        .into_iter()
        .map(|group| {
            let rates = group.iter().filter(|run| is_of_sweep(run));
            let mut places: Vec<String> = rates.map(|run| rate_text(run.rate)).collect();
            let seeds: Vec<String> = group
                .iter()
                .filter(|run| !is_of_sweep(run))
                .map(|run| run.seed.to_string())
                .collect();
            if let (Some(rate), [_, rest @ ..]) = (entry.rate, seeds.as_slice()) {
                let plural = if rest.is_empty() { "" } else { "s" };
                let seeds = seeds.join(", ");
                places.push(format!("{} (seed{plural} {seeds})", rate_text(rate)));
            }
            (places.join(", "), group[0])
        })
        .collect()
}

fn is_alike(a: &Training, b: &Training) -> bool {
    match (&a.end, &b.end) {
        (Ending::Diverged { .. }, Ending::Diverged { .. })
        | (Ending::AtChance { .. }, Ending::AtChance { .. }) => true,
        (a, b) => a == b,
    }
}

/// What every rule was given: learning rates, examples of those there are, epochs.
fn budget(plan: &Plan, all: Option<u64>) -> String {
    let subject = plan.task.net.subject();
    let amount = |settings| amount(settings, subject, all);
    let training = amount(&plan.training);
    match plan.rates.as_slice() {
        [] => training,
        [one] => format!("learning rate {}, {training}", rate_text(*one)),
        [first, .., last] => format!(
            "{} learning rates {} … {} of {}, the best one {training}",
            plan.rates.len(),
            rate_text(*first),
            rate_text(*last),
            amount(&plan.sweep)
        ),
    }
}

fn amount(settings: &Settings, subject: Subject, all: Option<u64>) -> String {
    let epochs = format!(
        "{} epoch{}",
        settings.epochs,
        if settings.epochs == 1 { "" } else { "s" }
    );
    let what = match subject {
        Subject::Images => "images",
        Subject::Text => "words",
    };
    let is_all = |examples| all.is_some_and(|all| u64::from(examples) >= all);
    match settings.examples.filter(|examples| !is_all(*examples)) {
        Some(examples) => format!("{epochs} on {examples} {what}"),
        None => epochs,
    }
}

/// In words.
impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Finished => f.write_str("finished"),
            Self::Diverged { step } => write!(f, "not finite after {step} steps"),
            Self::AtChance { step } => write!(f, "still at chance after {step} steps"),
            Self::Failed { why } => f.write_str(why),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}
