//! Reports as one self-contained HTML file: tables, pictures, settings, and nothing that is fetched from elsewhere.

mod search;

pub use search::search;

use crate::bench::{self, estimate_text, rate_text};
use crate::lab::message::Settings;
use crate::lab::{Ending, Report, Stage, Training, duration};
use crate::plot::{Picture, svg};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// How a page looks, in light and in dark.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
th,td{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #8884}\
th:first-child,td:first-child,.text{text-align:left}\
code{font-family:ui-monospace,monospace;font-size:.9em}\
svg{max-width:100%;height:auto;background:#fff}\
.note{opacity:.75}.wide{overflow-x:auto}";

/// The page of a report.
pub fn training(report: &Report) -> String {
    let title = format!("nos: {}", report.plan.name);
    let pictures = [
        Picture::of_training(report).ok(),
        Picture::of_losses(report),
        Picture::of_sweep(report),
    ];
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&title))
            body {
                h1 { code { (report.plan.name) } }
                @for line in report.heading().lines().skip(1) { p { (line.trim()) } }
                @if report.task.as_ref().is_some_and(|task| task.is_synthetic) {
                    p { strong { "Synthetic data: " } "made from a seed, not the set of the paper." }
                }
                @if !report.is_complete { p { strong { "Stopped early: what was done until then." } } }
                h2 { "Results" }
                (results(report))
                @for picture in pictures.iter().flatten() { p { (PreEscaped(inline(picture))) } }
                h2 { "Rules" }
                (formulas(report.plan.rules.iter().map(|rule| (rule.name.as_str(), rule.formula.as_str()))))
                h2 { "Settings" }
                (settings(report))
                h2 { "Every run" }
                (runs(report))
                p class="note" { "Written by nos " (report.version) "." }
            }
        }
    }
    .into_string()
}

/// The page of a race on a test function, with its picture where it can be drawn.
pub fn race(report: &bench::Report, picture: Option<&Picture>) -> String {
    let task = &report.task;
    let list = |items: Vec<String>| items.join(", ");
    let mut settings = vec![
        ("function", task.formula.clone()),
        ("steps", report.steps.to_string()),
        (
            "learning rates",
            list(report.rates.iter().map(|rate| rate_text(*rate)).collect()),
        ),
        (
            "seeds",
            list(report.seeds.iter().map(u64::to_string).collect()),
        ),
    ];
    if task.noise > 0.0 {
        settings.push(("gradient noise", task.noise.to_string()));
    }
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("nos: {}", task.name)))
            body {
                h1 { code { (task.name) } }
                p { (report.heading().trim()) }
                @if !report.is_complete { p { strong { "Stopped early: what was done until then." } } }
                h2 { "Results" }
                pre { (report.rows_text()) }
                @if let Some(picture) = picture { p { (PreEscaped(inline(picture))) } }
                h2 { "Rules" }
                (formulas(report.entries.iter().map(|entry| (entry.name.as_str(), entry.formula.as_str()))))
                h2 { "Settings" }
                table { @for (name, value) in &settings { tr { td { (name) } td class="text" { (value) } } } }
            }
        }
    }
    .into_string()
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { (title) }
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// A picture without the head that only a file of its own needs.
fn inline(picture: &Picture) -> String {
    let text = svg(picture);
    let start = text.find("<svg").unwrap_or(0);
    text[start..].to_owned()
}

fn results(report: &Report) -> Markup {
    let metric = report.metric();
    let verdicts = report.verdicts();
    let has_tests = report.entries.iter().any(|entry| entry.test().is_some());
    let maybe = |estimate: Option<_>| {
        estimate
            .as_ref()
            .map_or_else(|| "–".to_owned(), estimate_text)
    };
    html! {
        div class="wide" { table {
            tr {
                th { "rule" } th { "learning rate" } th { "final " (metric.name()) } th { "best " (metric.name()) }
                @if has_tests { th { "test" } }
                th class="text" { "verdict" } th { "time" } th { "slots" }
            }
            @for index in report.ranking() {
                @let (rule, entry) = (&report.plan.rules[index], &report.entries[index]);
                tr {
                    td { (rule.name) @if rule.is_baseline { " *" } }
                    td { (entry.rate.map_or_else(|| "–".to_owned(), rate_text)) }
                    td { (maybe(entry.reward(metric))) }
                    td { (maybe(entry.best(metric))) }
                    @if has_tests { td { (maybe(entry.test())) } }
                    td class="text" { (verdicts[index].map_or("", |verdict| verdict.name())) }
                    td { (duration(entry.seconds())) }
                    td { (rule.slots) }
                }
            }
        } }
        p class="note" {
            "* baseline. Final and best are on validation data"
            @if report.plan.seeds.len() > 1 { "; ± is the 95 % confidence interval of the mean over seeds, a tie is an interval that overlaps that of the best" }
            ". A run that failed counts as chance."
        }
    }
}

fn formulas<'a>(rules: impl Iterator<Item = (&'a str, &'a str)>) -> Markup {
    html! {
        div class="wide" { table {
            tr { th { "rule" } th class="text" { "formula" } }
            @for (name, formula) in rules {
                tr { td { (name) } td class="text" { code { (formula) } } }
            }
        } }
    }
}

fn settings(report: &Report) -> Markup {
    let plan = &report.plan;
    let list = |items: Vec<String>| items.join(", ");
    let mut rows = vec![(
        "learning rates".to_owned(),
        list(plan.rates.iter().map(|rate| rate_text(*rate)).collect()),
    )];
    rows.push((
        "seeds".to_owned(),
        list(plan.seeds.iter().map(u64::to_string).collect()),
    ));
    if let Some(schedule) = &plan.schedule {
        rows.push(("schedule".to_owned(), schedule.clone()));
    }
    if plan.has_sweep() {
        rows.extend(of_stage("sweep", &plan.sweep));
    }
    rows.extend(of_stage("training", &plan.training));
    if let Some(about) = &report.about {
        rows.push(("torch".to_owned(), about.torch.clone()));
        rows.push(("device".to_owned(), about.device.clone()));
    }
    html! {
        table { @for (name, value) in &rows { tr { td { (name) } td class="text" { (value) } } } }
    }
}

fn of_stage(stage: &str, settings: &Settings) -> Vec<(String, String)> {
    let maybe = |value: Option<String>, otherwise: &str| value.unwrap_or(otherwise.to_owned());
    let examples = settings.examples.map(|count| count.to_string());
    let clip = settings.clip_norm.map(|norm| norm.to_string());
    [
        ("epochs", settings.epochs.to_string()),
        ("examples", maybe(examples, "all")),
        ("batch", settings.batch.to_string()),
        ("augmentation", settings.augment.to_string()),
        ("weight decay", settings.weight_decay.to_string()),
        ("norm of gradients at most", maybe(clip, "any")),
        ("stops at chance", settings.early_stop.to_string()),
    ]
    .map(|(name, value)| (format!("{stage}: {name}"), value))
    .into()
}

fn runs(report: &Report) -> Markup {
    let metric = report.metric();
    let value = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), crate::bench::digits);
    let mut all: Vec<(&str, Stage, &Training)> = Vec::new();
    for (rule, entry) in report.plan.rules.iter().zip(&report.entries) {
        all.extend(
            entry
                .sweep
                .iter()
                .map(|run| (rule.name.as_str(), Stage::Sweep, run)),
        );
        all.extend(
            entry
                .runs
                .iter()
                .map(|run| (rule.name.as_str(), Stage::Training, run)),
        );
    }
    html! {
        div class="wide" { table {
            tr {
                th { "rule" } th class="text" { "stage" } th { "learning rate" } th { "seed" } th { "epochs" }
                th { (metric.name()) } th { "best" } th { "time" } th class="text" { "ended" }
            }
            @for (name, stage, run) in all {
                tr {
                    td { (name) }
                    td class="text" { (stage.name()) }
                    td { (rate_text(run.rate)) }
                    td { (run.seed) }
                    td { (run.curve.len()) }
                    td { (value(run.last(metric))) }
                    td { (value(run.best(metric))) }
                    td { (duration(run.seconds)) }
                    td class="text" { @if run.end != Ending::Finished { (run.end) } }
                }
            }
        } }
    }
}
