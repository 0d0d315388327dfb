//! The report: everything that a census found, for a reader or as JSON.

use crate::Times;
use crate::classes::{Census, Dispute, Entry, Findings, Merge};
use crate::report::{self, Counts, Missed};
use crate::strings::Part;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write};

fn all_counts(census: &Census<'_>) -> Vec<Counts> {
    let parts = [
        ("single", Part::Single),
        ("deep", Part::Deep),
        ("given", Part::Given),
    ];
    let mut out: Vec<Counts> = parts
        .into_iter()
        .map(|(name, part)| report::counts(census, name, |other| other == part))
        .filter(|counts| counts.rules > 0)
        .collect();
    if out.len() > 1 {
        out.push(report::counts(census, "all", |_| true));
    }
    out
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn speed(census: &Census<'_>, times: &Times) -> f64 {
    census.entries.len() as f64 / times.key.as_secs_f64().max(1e-9)
}

/// Prints the report for a reader, with so many cases of each kind.
pub(crate) fn text(
    mut out: impl Write,
    census: &mut Census<'_>,
    times: &Times,
    show: usize,
) -> io::Result<()> {
    writeln!(out, "{}", report::table(&all_counts(census)))?;
    let missed = report::missed(census);
    let findings = std::mem::take(&mut census.findings);
    write!(out, "{}", summary(&findings, &missed))?;
    let [key, probe, compare] =
        [times.key, times.probe, times.compare].map(|time| time.as_secs_f64());
    writeln!(out, "keys a second  {:.0}", speed(census, times))?;
    writeln!(
        out,
        "time           keys {key:.1} s, probes {probe:.1} s, comparison {compare:.1} s"
    )?;
    let mut writer = Writer(census);
    let merges = |writer: &mut Writer<'_, '_>, list: &[Merge]| -> Vec<String> {
        list.iter()
            .take(show)
            .map(|merge| writer.merge(merge))
            .collect()
    };
    let rules = |writer: &mut Writer<'_, '_>, list: &[usize]| -> Vec<String> {
        list.iter()
            .take(show)
            .map(|rule| format!("  {}\n", writer.text(*rule)))
            .collect()
    };
    let disputes = findings.disputes.iter().take(show);
    let disputes = disputes.map(|dispute| writer.dispute(dispute)).collect();
    let kinds = missed
        .iter()
        .take(show)
        .map(|kind| writer.missed(kind))
        .collect();
    let sections: [(&str, Vec<String>); 7] = [
        ("given rules, with class and key", writer.given()),
        (
            "false merges: one key, different values",
            merges(&mut writer, &findings.false_merges),
        ),
        (
            "domain merges: one key, defined at different points",
            merges(&mut writer, &findings.domain_merges),
        ),
        ("disputes between the oracles", disputes),
        (
            "obscure: known at few points",
            rules(&mut writer, &findings.obscure),
        ),
        (
            "ambiguous: equal, as far as is known, to more than one class",
            rules(&mut writer, &findings.ambiguous),
        ),
        ("missed merges, by the functions of the last group", kinds),
    ];
    for (title, cases) in sections.iter().filter(|(_, cases)| !cases.is_empty()) {
        write!(out, "\n{title}\n{}", cases.concat())?;
    }
    Ok(())
}

fn summary(findings: &Findings, missed: &[Missed]) -> String {
    let too_many: usize = missed.iter().map(|kind| kind.count).sum();
    let mut out = String::new();
    let _ = writeln!(out, "false merges   {}", findings.false_merges.len());
    let _ = writeln!(out, "domain merges  {}", findings.domain_merges.len());
    let _ = writeln!(
        out,
        "missed merges  {too_many} keys too many, in {} kinds",
        missed.len()
    );
    let _ = writeln!(
        out,
        "disputes       {} of {} checks",
        findings.disputes.len(),
        findings.checks
    );
    let _ = writeln!(
        out,
        "obscure rules  {}, ambiguous {}",
        findings.obscure.len(),
        findings.ambiguous.len()
    );
    out
}

/// The report as JSON, with so many cases of each kind.
pub(crate) fn json(census: &mut Census<'_>, times: &Times, show: usize) -> Value {
    let counts: Vec<_> = all_counts(census)
        .iter()
        .map(report::Counts::json)
        .collect();
    let missed = report::missed(census);
    let findings = std::mem::take(&mut census.findings);
    let speed = speed(census, times);
    let mut writer = Writer(census);
    let mut merges = |list: &[Merge]| -> Vec<_> {
        list.iter()
            .take(show)
            .map(|merge| writer.merge_json(merge))
            .collect()
    };
    let (false_merges, domain_merges) = (
        merges(&findings.false_merges),
        merges(&findings.domain_merges),
    );
    let kinds: Vec<_> = missed
        .iter()
        .take(show)
        .map(|kind| writer.missed_json(kind))
        .collect();
    json!({
        "counts": counts,
        "false_merges": { "count": findings.false_merges.len(), "cases": false_merges },
        "domain_merges": { "count": findings.domain_merges.len(), "cases": domain_merges },
        "missed": { "count": missed.iter().map(|kind| kind.count).sum::<usize>(), "kinds": kinds },
        "oracle_checks": findings.checks,
        "oracle_disputes": findings.disputes.len(),
        "obscure": findings.obscure.len(),
        "ambiguous": findings.ambiguous.len(),
        "keys_per_second": speed,
    })
}

/// Makes text of single rules.
struct Writer<'a, 'b>(&'a mut Census<'b>);

impl Writer<'_, '_> {
    fn rule(&mut self, index: usize) -> (String, String) {
        let code = self.0.entries[index].code.clone();
        (self.0.maker.rule(&code).text(), code.text())
    }

    /// A rule and its string.
    fn text(&mut self, index: usize) -> String {
        let (text, code) = self.rule(index);
        format!("{text}   [{code}]")
    }

    /// The rules from a file, with their classes and keys.
    fn given(&self) -> Vec<String> {
        let given = |entry: &&Entry| entry.code.part() == Part::Given;
        let entries = self.0.entries.iter().filter(given);
        entries
            .map(|entry| {
                let key = u128::from_be_bytes(entry.key);
                format!("  {:>6} {key:032x} {}\n", entry.class, entry.code.text())
            })
            .collect()
    }

    fn merge(&mut self, merge: &Merge) -> String {
        let mut out = format!("  at {}\n", merge.point);
        for (index, cell) in merge.rules.iter().zip(&merge.cells) {
            let (text, code) = self.rule(*index);
            let _ = writeln!(out, "    {text}   [{code}]\n      = {cell}");
        }
        out
    }

    fn merge_json(&mut self, merge: &Merge) -> Value {
        let [a, b] = merge.rules.map(|index| self.rule(index).0);
        let [x, y] = merge.cells.clone().map(|cell| cell.to_string());
        json!({ "point": merge.point.to_string(), "rules": [a, b], "values": [x, y] })
    }

    fn missed(&mut self, missed: &Missed) -> String {
        let [a, b] = missed.example.map(|index| self.rule(index).0);
        let [left, right] = &missed.shapes;
        format!(
            "{:>8}  {left} ~ {right}\n          {a}\n          {b}\n",
            missed.count
        )
    }

    fn missed_json(&mut self, missed: &Missed) -> Value {
        let [a, b] = missed.example.map(|index| self.rule(index).0);
        json!({ "shapes": missed.shapes, "count": missed.count, "example": [a, b] })
    }

    fn dispute(&mut self, dispute: &Dispute) -> String {
        let (text, code) = self.rule(dispute.rule);
        let mut out = format!(
            "  {text}   [{code}]\n    at {}\n    precise {}\n    plain  ",
            dispute.point, dispute.precise
        );
        for scenario in &dispute.plain {
            match scenario.value {
                Some(value) => {
                    let _ = write!(
                        out,
                        " {value:e}±{:.0e}: {:.3}",
                        scenario.error, scenario.weight
                    );
                }
                None => {
                    let _ = write!(out, " undefined: {:.3}", scenario.weight);
                }
            }
        }
        out.push('\n');
        out
    }
}
