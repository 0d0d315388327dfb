//! The page of a search.

use super::{STYLE, inline};
use crate::plot::Picture;
use crate::search::again::Again;
use crate::search::describe::Found;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The page of what a search found: policies side by side, rewards over trials, the best rules and what they were worth once more.
pub fn search(found: &Found) -> String {
    let title = format!("nos: search on {}", found.tasks());
    let curves = Picture::of_search(found).ok();
    let races = found.again.iter().filter_map(|again| match again {
        Again::Race(report) => Picture::of_report(report, None).ok(),
        Again::Training(report) => Picture::of_training(report).ok(),
    });
    let spec = &found.spec;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Search on " code { (found.tasks()) } }
                p { (found.saved()) "." @if let Some(run) = found.run { " Run " (run) " of its store." } }
                @if !found.is_complete { p { strong { "Stopped early: what was done until then." } } }
                h2 { "Policies" }
                (table(&found.policy_rows()))
                p class="note" { "± is the 95 % confidence interval of the mean over seeds; the last tenth is the mean reward of the last tenth of trials." }
                @if let Some(picture) = &curves { p { (PreEscaped(inline(picture))) } }
                h2 { "The best rules" }
                @if found.leaders.is_empty() { p { "No rule made any progress." } }
                @else {
                    (table(&found.leader_rows()))
                    p class="note" { "* no other one is as good for less cost and state" }
                }
                @if !found.again.is_empty() {
                    h2 { "Once more, with seeds and starts that the search has not seen" }
                    @for again in &found.again { pre { (text(again)) } }
                    @for picture in races { p { (PreEscaped(inline(&picture))) } }
                }
                @let ranks = found.rank_rows();
                @if !ranks.is_empty() { h2 { "Over all tasks" } (table(&ranks)) }
                h2 { "The space" }
                p { (crate::search::describe::describe(&spec.space).unwrap_or_default()) }
                h2 { "Settings" }
                (table(&settings(found)))
                p class="note" { "Written by nos " (env!("CARGO_PKG_VERSION")) "." }
            }
        }
    }
    .into_string()
}

fn text(again: &Again) -> String {
    match again {
        Again::Race(report) => report.table(),
        Again::Training(report) => report.table(),
    }
}

/// Rows of which the first one names the columns.
fn table(rows: &[Vec<String>]) -> Markup {
    let (head, body) = rows.split_at(rows.len().min(1));
    html! {
        div class="wide" { table {
            @for row in head { tr { @for cell in row { th { (cell) } } } }
            @for row in body { tr { @for cell in row { td { (cell) } } } }
        } }
    }
}

fn settings(found: &Found) -> Vec<Vec<String>> {
    let (spec, ppo) = (&found.spec, &found.spec.ppo);
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    vec![
        row("", String::new()),
        row("trials of each policy and seed", spec.budget.to_string()),
        row("seeds", spec.seeds.to_string()),
        row("units of the controller", ppo.hidden.to_string()),
        row("its learning rate", crate::op::number_text(ppo.rate)),
        row("its batch", ppo.batch.to_string()),
        row("epochs a batch", ppo.epochs.to_string()),
        row("clip", crate::op::number_text(ppo.clip)),
        row("weight of entropy", crate::op::number_text(ppo.entropy)),
        row(
            "decay of the mean reward",
            crate::op::number_text(ppo.baseline),
        ),
    ]
}
