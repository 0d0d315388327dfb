//! Spaces and searches as text.

use super::cascade::Stage;
use super::grammar::Grammar;
use super::policy::Draws;
use super::run::{Leader, Outcome, Standing, standings};
use super::space::{Builder, Constraints, Space, SpaceError};
use crate::algebra::{Algebra, UpTo};
use crate::bench::report::Estimate;
use crate::bench::{Report, digits, rate_text};
use rustc_hash::FxHashSet;
use std::fmt::Write;

/// How many rules are drawn to see how many are different.
const SAMPLE: u64 = 1000;

/// What a space is: its size, what each constraint takes away from what the others leave, and how many of a thousand rules drawn at random are different.
///
/// # Errors
/// A space without any rule.
pub fn describe(space: &Space) -> Result<String, SpaceError> {
    let mut grammar = Grammar::new(space)?;
    let size = grammar.size();
    let mut out = format!(
        "space of {} group{}: {} operands, {} unary and {} binary functions, {} rules",
        space.groups(),
        if space.groups() == 1 { "" } else { "s" },
        space.operands().len(),
        space.unary().len(),
        space.binary().len(),
        count(size)
    );
    let free = Grammar::new(&space.with_constraints(Constraints::none()))?.size();
    if free > size {
        let _ = write!(out, "\n  {} without constraints", count(free));
    }
    let all = space.constraints();
    let without = [
        (
            "equal operands in a group",
            Constraints {
                different_operands: false,
                ..all.clone()
            },
        ),
        (
            "a sum at the end",
            Constraints {
                no_final_sum: false,
                ..all.clone()
            },
        ),
        (
            "groups that use no earlier one",
            Constraints {
                reuse: false,
                ..all.clone()
            },
        ),
        (
            "no gradient",
            Constraints {
                needs_gradient: false,
                ..all.clone()
            },
        ),
        (
            "too much state",
            Constraints {
                most_slots: None,
                ..all.clone()
            },
        ),
        (
            "forbidden pairs",
            Constraints {
                forbidden: Vec::new(),
                ..all.clone()
            },
        ),
    ];
    for (what, constraints) in without {
        let more = Grammar::new(&space.with_constraints(constraints))?.size();
        if more > size {
            let _ = write!(out, "\n  left out: {} for {what}", count(more - size));
        }
    }
    let (drawn, different, up_to_rate) = sample(space, &mut grammar)?;
    let _ = write!(
        out,
        "\n  of {drawn} drawn at random {different} are different, {up_to_rate} up to learning rate and sign"
    );
    Ok(out)
}

/// Rules drawn at random, how many are different, and how many up to learning rate and sign.
fn sample(space: &Space, grammar: &mut Grammar) -> Result<(u64, usize, usize), SpaceError> {
    let mut builder = Builder::new(space)?;
    let mut algebra = Algebra::new();
    let (mut keys, mut rough) = (FxHashSet::default(), FxHashSet::default());
    let draws = Draws { seed: 0 };
    let mut drawn = 0;
    for trial in 0..SAMPLE {
        let sentence = grammar.uniform(draws.of(trial));
        if let Ok(rule) = builder.rule(&sentence) {
            drawn += 1;
            keys.insert(algebra.key(&rule, UpTo::Nothing));
            rough.insert(algebra.key(&rule, UpTo::RateAndSign));
        }
    }
    Ok((drawn, keys.len(), rough.len()))
}

/// A number with commas.
fn count(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Several searches and what their best rules were worth once more.
#[derive(Clone, Debug)]
pub struct Found {
    /// The names of the tasks.
    pub tasks: Vec<String>,
    /// One for each policy and seed.
    pub outcomes: Vec<Outcome>,
    /// The best different rules of all, best first.
    pub leaders: Vec<Leader>,
    /// What they are called.
    pub names: Vec<String>,
    /// The leaders on the first task with new seeds and starts, baselines beside them; none where nothing was found.
    pub again: Option<Report>,
}

impl Found {
    /// Policies side by side.
    pub fn standings(&self) -> Vec<Standing> {
        standings(&self.outcomes)
    }

    /// All of it as text.
    pub fn table(&self) -> String {
        let trials: u64 = self.outcomes.iter().map(|each| each.trials).sum();
        let mut out = format!("search on {}, {trials} trials\n", self.tasks.join(", "));
        let mut rows = vec![
            ["policy", "best reward", "last tenth", "rules"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows[0].extend(Stage::ALL.map(|stage| stage.name().to_owned()));
        rows[0].push("turned round".to_owned());
        for standing in self.standings() {
            let own: Vec<&Outcome> = self
                .outcomes
                .iter()
                .filter(|each| each.policy == standing.policy)
                .collect();
            let sum = |of: &dyn Fn(&Outcome) -> u64| own.iter().map(|each| of(each)).sum::<u64>();
            let mut row = vec![
                standing.policy.name().to_owned(),
                estimate(&standing.best),
                estimate(&standing.last),
                sum(&|each| each.different as u64).to_string(),
            ];
            row.extend((0..Stage::ALL.len()).map(|i| sum(&|each| each.stages[i]).to_string()));
            row.push(sum(&|each| each.turned).to_string());
            rows.push(row);
        }
        table(&mut out, &rows);
        if self.outcomes.iter().any(|each| !each.is_complete) {
            out.push_str("  stopped early: what was done until then\n");
        }
        if self.leaders.is_empty() {
            out.push_str("  no rule made any progress\n");
            return out;
        }
        out.push_str("  the best rules, at the learning rate of the search\n");
        let mut rows = vec![["", "reward", "lr"].map(str::to_owned).to_vec()];
        for (leader, name) in self.leaders.iter().zip(&self.names) {
            rows.push(vec![
                name.clone(),
                format!("{:.3}", leader.trial.reward),
                leader.rate.map_or_else(|| "–".to_owned(), rate_text),
            ]);
        }
        table(&mut out, &rows);
        if let Some(again) = &self.again {
            out.push_str("  once more, with seeds and starts that the search has not seen\n");
            for line in again.table().lines() {
                let _ = writeln!(out, "  {line}");
            }
        }
        out
    }
}

fn estimate(estimate: &Estimate) -> String {
    match estimate.half_width {
        Some(half) => format!("{:.3} ± {}", estimate.mean, digits(half)),
        None => format!("{:.3}", estimate.mean),
    }
}

/// Columns: the first to the left, the others to the right.
fn table(out: &mut String, rows: &[Vec<String>]) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    for row in rows {
        let mut line = String::from(" ");
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(width(column).unwrap_or(0) - cell.chars().count());
            let _ = if column == 0 {
                write!(line, " {cell}{pad}")
            } else {
                write!(line, "  {pad}{cell}")
            };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
