//! Reports as tables of plain text.

use super::columns::Table;
use super::report::{Entry, Estimate, Report};
use crate::op::number_text;
use std::fmt::Write;

const HEADS: [&str; 8] = [
    "rule", "lr", "final", "best", "distance", "to 1e-3", "to 1e-6", "slots",
];
/// The column that stands before the slots where there are several starts: the share of runs that came within 1e-3 of the least value.
const SOLVED: &str = "solved";

impl Report {
    /// The report as text: what was run, then one line a rule, best first; baselines are marked with `*`.
    pub fn table(&self) -> String {
        self.heading() + &self.rows_text()
    }

    /// One line a rule, best first, and what there is to say of them.
    pub fn rows_text(&self) -> String {
        let mut heads = HEADS.to_vec();
        if self.starts.len() > 1 {
            heads.insert(HEADS.len() - 1, SOLVED);
        }
        let mut table = Table::new(&heads);
        for index in self.ranking() {
            table.row(self.row(&self.entries[index]));
        }
        let mut out = table.text();
        self.footer(&mut out);
        out
    }

    /// What was raced, in a line.
    pub fn heading(&self) -> String {
        let task = &self.task;
        let from = match self.starts.as_slice() {
            [] => format!("({})", point(&task.start)),
            [one] => format!("({})", point(one)),
            many => format!("{} starts", many.len()),
        };
        let mut out = format!(
            "{} from {from}, {} step{}",
            task.name,
            self.steps,
            plural(self.steps)
        );
        if task.noise > 0.0 {
            let _ = write!(out, ", gradient noise {}", number_text(task.noise));
        }
        match self.rates.as_slice() {
            [] => {}
            [one] => {
                let _ = write!(out, ", learning rate {}", number_text(*one));
            }
            [first, .., last] => {
                let _ = write!(
                    out,
                    ", {} learning rates {} … {}",
                    self.rates.len(),
                    number_text(*first),
                    number_text(*last)
                );
            }
        }
        if self.seeds.len() > 1 {
            let _ = write!(out, ", {} seeds", self.seeds.len());
        }
        out.push('\n');
        out
    }

    fn row(&self, entry: &Entry) -> Vec<String> {
        let mark = if entry.is_baseline { " *" } else { "" };
        let name = format!("{}{mark}", short_name(&entry.name));
        let Some(best) = &entry.best else {
            let said = if entry.cells.len() < self.rates.len() {
                "not finished".to_owned()
            } else {
                "failed at every learning rate".to_owned()
            };
            return vec![name, said];
        };
        let maybe = |estimate: &Option<Estimate>| {
            estimate
                .as_ref()
                .map_or_else(|| "–".to_owned(), estimate_text)
        };
        let steps = |estimate: &Option<Estimate>| {
            estimate
                .as_ref()
                .map_or_else(|| "–".to_owned(), |steps| format!("{:.0}", steps.mean))
        };
        let mut row = vec![
            name,
            rate_text(best.rate),
            estimate_text(&best.last),
            estimate_text(&best.lowest),
            maybe(&best.distance),
            steps(&best.to_1e3),
            steps(&best.to_1e6),
        ];
        if self.starts.len() > 1 {
            let share = |share: f64| format!("{:.0} %", 100.0 * share);
            row.push(best.solved.map_or_else(|| "–".to_owned(), share));
        }
        row.push(entry.slots.to_string());
        row
    }

    fn footer(&self, out: &mut String) {
        if self.entries.iter().any(|entry| entry.is_baseline) {
            out.push_str("  * baseline\n");
        }
        let over: Vec<&str> = [("starts", self.starts.len()), ("seeds", self.seeds.len())]
            .into_iter()
            .filter_map(|(what, count)| (count > 1).then_some(what))
            .collect();
        if !over.is_empty() {
            let over = over.join(" and ");
            let _ = writeln!(out, "  ± 95 % confidence interval of the mean over {over}");
        }
        if self.starts.len() > 1 && self.task.least.is_some() {
            out.push_str("  solved: the share of runs that came within 1e-3 of the least value\n");
        }
        let failures: Vec<String> = self
            .entries
            .iter()
            .filter(|entry| entry.best.is_some())
            .filter_map(|entry| {
                let failed: Vec<String> = entry
                    .cells
                    .iter()
                    .filter(|cell| cell.failures() > 0)
                    .map(|cell| {
                        let count = cell.failures();
                        let runs = if cell.runs.len() > 1 {
                            format!(" ({count} of {} runs)", cell.runs.len())
                        } else {
                            String::new()
                        };
                        format!("{}{runs}", rate_text(cell.rate))
                    })
                    .collect();
                (!failed.is_empty())
                    .then(|| format!("{} at {}", short_name(&entry.name), failed.join(", ")))
            })
            .collect();
        if !failures.is_empty() {
            let _ = writeln!(out, "  not finite: {}", failures.join("; "));
        }
        if !self.is_complete {
            out.push_str("  stopped early: what was done until then\n");
        }
        if let Some(run) = self.run {
            let _ = writeln!(out, "  run {run}");
        }
    }
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn point(at: &[f64]) -> String {
    at.iter()
        .map(|x| number_text(*x))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A name short enough for a column.
pub fn short_name(name: &str) -> String {
    const MOST: usize = 40;
    if name.chars().count() <= MOST {
        name.to_owned()
    } else {
        format!("{}…", name.chars().take(MOST - 1).collect::<String>())
    }
}

/// A mean with its interval: `0.512 ± 0.010`.
pub fn estimate_text(estimate: &Estimate) -> String {
    match estimate.half_width {
        Some(half) => format!("{} ± {}", digits(estimate.mean), digits(half)),
        None => digits(estimate.mean),
    }
}

/// A learning rate: as written where that is short.
pub fn rate_text(rate: f64) -> String {
    let text = number_text(rate);
    if text.len() <= 8 { text } else { digits(rate) }
}

/// Three significant digits.
pub fn digits(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let size = x.abs();
    if !(1e-3..1e5).contains(&size) {
        return format!("{x:.2e}");
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to 5"
    )]
    let places = (2.0 - libm::floor(libm::log10(size))).max(0.0) as usize;
    format!("{x:.places$}")
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn digits_are_three_and_significant() {
        for (x, want) in [
            (0.0, "0"),
            (1.0, "1.00"),
            (0.012_345, "0.0123"),
            (123.456, "123"),
            (-4.2e-9, "-4.20e-9"),
            (2e7, "2.00e7"),
        ] {
            assert_eq!(digits(x), want);
        }
    }
}
