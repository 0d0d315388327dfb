//! Spaces and searches as text.

use super::again::Again;
use super::cascade::Stage;
use super::grammar::Grammar;
use super::kin::Kin;
use super::policy::Draws;
use super::run::{Leader, Outcome, Standing, standings};
use super::space::{Builder, Constraints, Space, SpaceError};
use super::spec::Spec;
use super::task::Task;
use crate::algebra::{Algebra, UpTo, cost};
use crate::bench::report::Estimate;
use crate::bench::{digits, rate_text};
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

/// A search and what its best rules were worth once more.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its number in the store, where it is kept in one.
    pub run: Option<i64>,
    /// What was searched.
    pub spec: Spec,
    /// One for each policy and seed.
    pub outcomes: Vec<Outcome>,
    /// The best different rules of all, best first.
    pub leaders: Vec<Leader>,
    /// What they are called.
    pub names: Vec<String>,
    /// Which known rules they are, or are like.
    pub kin: Vec<Kin>,
    /// The leaders with new seeds and starts, baselines beside them, on each task; empty where nothing was found or it was stopped before.
    pub again: Vec<Again>,
    /// Whether all was done.
    pub is_complete: bool,
}

impl Found {
    /// The best different rules of some legs, best first.
    pub fn best(spec: &Spec, outcomes: &[Outcome]) -> Vec<Leader> {
        let mut leaders: Vec<Leader> = Vec::new();
        for leader in outcomes.iter().flat_map(|outcome| &outcome.leaders) {
            let key = leader.trial.key;
            if leaders.iter().all(|other| other.trial.key != key) {
                leaders.push(leader.clone());
            }
        }
        leaders.sort_by(|a, b| b.trial.reward.total_cmp(&a.trial.reward));
        leaders.truncate(spec.leaders);
        leaders
    }

    /// The names of the tasks.
    pub fn tasks(&self) -> String {
        let names: Vec<&str> = self.spec.tasks.iter().map(Task::name).collect();
        names.join(", ")
    }

    /// Trials of all legs together.
    pub fn trials(&self) -> u64 {
        self.outcomes.iter().map(|each| each.trials).sum()
    }

    /// Policies side by side.
    pub fn standings(&self) -> Vec<Standing> {
        standings(&self.outcomes)
    }

    /// Policies side by side as rows of text; the first one names the columns.
    pub fn policy_rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![words(&["policy", "best reward", "last tenth", "rules"])];
        rows[0].extend(Stage::ALL.map(|stage| stage.name().to_owned()));
        rows[0].push("turned round".to_owned());
        for standing in self.standings() {
            let own: Vec<&Outcome> = self
                .outcomes
                .iter()
                .filter(|each| each.leg.policy == standing.policy)
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
        // Seldom is anything set aside.
        let set_aside = 4 + Stage::ALL
            .iter()
            .position(|it| *it == Stage::SetAside)
            .unwrap_or(0);
        if rows[1..].iter().all(|row| row[set_aside] == "0") {
            for row in &mut rows {
                row.remove(set_aside);
            }
        }
        rows
    }

    /// The best rules as rows of text; the first one names the columns.
    pub fn leader_rows(&self) -> Vec<Vec<String>> {
        let front = self.front();
        let mut rows = vec![words(&[
            "", "reward", "lr", "cost", "slots", "front", "known",
        ])];
        let leaders = self.leaders.iter().zip(&self.names).zip(&self.kin);
        for (index, ((leader, name), kin)) in leaders.enumerate() {
            rows.push(vec![
                name.clone(),
                format!("{:.3}", leader.trial.reward),
                leader.rate.map_or_else(|| "–".to_owned(), rate_text),
                cost(&leader.rule).to_string(),
                leader.rule.slots().per_element.to_string(),
                if front[index] { "*" } else { "" }.to_owned(),
                kin.to_string(),
            ]);
        }
        rows
    }

    /// Which of the best rules no other one of them beats: none has at least its reward at no more cost and state, and is better in one of the three.
    pub fn front(&self) -> Vec<bool> {
        let marks: Vec<(f64, u64, usize)> = self
            .leaders
            .iter()
            .map(|leader| {
                let slots = leader.rule.slots().per_element;
                (leader.trial.reward, cost(&leader.rule), slots)
            })
            .collect();
        let beats = |a: &(f64, u64, usize), b: &(f64, u64, usize)| {
            a.0 >= b.0 && a.1 <= b.1 && a.2 <= b.2 && (a.0 > b.0 || a.1 < b.1 || a.2 < b.2)
        };
        marks
            .iter()
            .map(|own| !marks.iter().any(|other| beats(other, own)))
            .collect()
    }

    /// The mean place of each rule over all tasks, as rows of text, best first; empty where there is one task only.
    pub fn rank_rows(&self) -> Vec<Vec<String>> {
        if self.again.len() < 2 {
            return Vec::new();
        }
        let ranks: Vec<Vec<f64>> = self.again.iter().map(Again::ranks).collect();
        let baselines = self.spec.baselines.iter().map(|each| &each.name);
        let mut means: Vec<(f64, &String, usize)> = self
            .names
            .iter()
            .chain(baselines)
            .enumerate()
            .map(|(index, name)| {
                let own = ranks
                    .iter()
                    .filter_map(|of_task| of_task.get(index).copied());
                (crate::bench::mean(own), name, index)
            })
            .collect();
        means.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut rows = vec![words(&["", "mean place"])];
        rows[0].extend(self.spec.tasks.iter().map(|task| task.name().to_owned()));
        for (mean, name, index) in means {
            let mut row = vec![name.clone(), format!("{mean:.1}")];
            row.extend(ranks.iter().map(|of_task| {
                let place = of_task.get(index).copied().unwrap_or(f64::NAN);
                crate::ir::number_text(place)
            }));
            rows.push(row);
        }
        rows
    }

    /// How many trials needed no training, in words.
    pub fn saved(&self) -> String {
        let full = Stage::ALL
            .iter()
            .position(|it| *it == Stage::Full)
            .unwrap_or(0);
        let trained: u64 = self.outcomes.iter().map(|each| each.stages[full]).sum();
        let trials = self.trials();
        #[allow(clippy::cast_precision_loss, reason = "trials are far fewer than 2^53")]
        let share = 100.0 * (trials - trained) as f64 / trials.max(1) as f64;
        format!("{trained} of {trials} trials were run in full, {share:.0} % were not needed")
    }

    /// All of it as text.
    pub fn table(&self) -> String {
        let mut out = format!("search on {}, {} trials", self.tasks(), self.trials());
        if let Some(run) = self.run {
            let _ = write!(out, ", run {run}");
        }
        out.push('\n');
        table(&mut out, &self.policy_rows());
        let _ = writeln!(out, "  {}", self.saved());
        if !self.is_complete {
            out.push_str("  stopped early: what was done until then\n");
        }
        for (rule, why) in self.outcomes.iter().flat_map(|each| &each.set_aside) {
            let _ = writeln!(out, "  set aside: {rule}: {why}");
        }
        if self.leaders.is_empty() {
            out.push_str("  no rule made any progress\n");
            return out;
        }
        out.push_str("  the best rules, at the learning rate of the search; * no other is as good for less cost and state\n");
        table(&mut out, &self.leader_rows());
        if !self.again.is_empty() {
            out.push_str("  once more, with seeds and starts that the search has not seen\n");
        }
        for again in &self.again {
            let text = match again {
                Again::Race(report) => report.table(),
                Again::Training(report) => report.table(),
            };
            for line in text.lines() {
                let _ = writeln!(out, "  {line}");
            }
        }
        let ranks = self.rank_rows();
        if !ranks.is_empty() {
            out.push_str("  over all tasks\n");
            table(&mut out, &ranks);
        }
        out
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
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
