//! The findings in numbers: how many rules, classes and keys, and which equal rules the keys keep apart.

use crate::classes::Census;
use crate::strings::Part;
use rustc_hash::FxHashSet;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Counts over some of the rules.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    pub(crate) name: &'static str,
    pub(crate) rules: usize,
    /// Rules undefined at some point.
    pub(crate) partial: usize,
    /// Rules undefined at some point where no input is zero.
    pub(crate) partial_off_zero: usize,
    pub(crate) classes: usize,
    pub(crate) keys: usize,
    /// Classes of rules defined everywhere.
    pub(crate) total_classes: usize,
    pub(crate) total_keys: usize,
    /// Those, up to a factor.
    pub(crate) scaled: usize,
}

/// Equal rules with different keys, by the shapes of two of them.
#[derive(Clone, Debug)]
pub(crate) struct Missed {
    pub(crate) shapes: [String; 2],
    pub(crate) count: usize,
    pub(crate) example: [usize; 2],
}

/// Counts over the rules that a test picks.
pub(crate) fn counts(
    census: &Census<'_>,
    name: &'static str,
    picks: impl Fn(Part) -> bool,
) -> Counts {
    let mut counts = Counts {
        name,
        rules: 0,
        partial: 0,
        partial_off_zero: 0,
        classes: 0,
        keys: 0,
        total_classes: 0,
        total_keys: 0,
        scaled: 0,
    };
    let (mut classes, mut keys) = (FxHashSet::default(), FxHashSet::default());
    let (mut total_classes, mut total_keys) = (FxHashSet::default(), FxHashSet::default());
    let mut scaled = FxHashSet::default();
    for entry in census
        .entries
        .iter()
        .filter(|entry| picks(entry.code.part()))
    {
        counts.rules += 1;
        classes.insert(entry.class);
        keys.insert(entry.key);
        counts.partial_off_zero += usize::from(entry.is_partial_off_zero);
        if entry.is_partial {
            counts.partial += 1;
        } else {
            total_classes.insert(entry.class);
            total_keys.insert(entry.key);
            let hash = census.findings.scaled[entry.class as usize];
            scaled.insert((hash, hash.map_or(entry.class, |_| 0)));
        }
    }
    counts.classes = classes.len();
    counts.keys = keys.len();
    counts.total_classes = total_classes.len();
    counts.total_keys = total_keys.len();
    counts.scaled = scaled.len();
    counts
}

/// Equal rules with different keys, the most frequent shapes first. The first rule of a class stands for it.
pub(crate) fn missed(census: &Census<'_>) -> Vec<Missed> {
    let mut first: Vec<Option<usize>> = vec![None; census.findings.classes as usize];
    let mut seen = FxHashSet::default();
    let mut kinds: BTreeMap<[String; 2], Missed> = BTreeMap::new();
    for (index, entry) in census.entries.iter().enumerate() {
        let first = *first[entry.class as usize].get_or_insert(index);
        if !seen.insert((entry.class, entry.key)) || first == index {
            continue;
        }
        let shapes = [census.entries[first].code.shape(), entry.code.shape()];
        let kind = kinds.entry(shapes.clone()).or_insert_with(|| Missed {
            shapes,
            count: 0,
            example: [first, index],
        });
        kind.count += 1;
    }
    let mut kinds: Vec<Missed> = kinds.into_values().collect();
    kinds.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.shapes.cmp(&b.shapes)));
    kinds
}

/// A number in percent of another.
#[allow(clippy::cast_precision_loss, reason = "counts are small")]
pub(crate) fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / (whole as f64).max(1.0)
}

impl Counts {
    pub(crate) fn json(&self) -> Value {
        json!({
            "part": self.name,
            "rules": self.rules,
            "undefined_somewhere": self.partial,
            "undefined_where_no_input_is_zero": self.partial_off_zero,
            "classes": self.classes,
            "keys": self.keys,
            "completeness": percent(self.classes, self.keys) / 100.0,
            "classes_defined_everywhere": self.total_classes,
            "keys_defined_everywhere": self.total_keys,
            "classes_defined_everywhere_up_to_factor": self.scaled,
        })
    }
}

/// A table of counts.
pub(crate) fn table(rows: &[Counts]) -> String {
    let mut out = format!(
        "{:<8}{:>9}{:>12}{:>12}{:>10}{:>10}{:>14}{:>12}{:>10}{:>12}\n",
        "part",
        "rules",
        "undefined",
        "off zero",
        "classes",
        "keys",
        "completeness",
        "everywhere",
        "keys",
        "to factor"
    );
    for row in rows {
        let _ = writeln!(
            out,
            "{:<8}{:>9}{:>10.2} %{:>10.2} %{:>10}{:>10}{:>12.2} %{:>12}{:>10}{:>12}",
            row.name,
            row.rules,
            percent(row.partial, row.rules),
            percent(row.partial_off_zero, row.rules),
            row.classes,
            row.keys,
            percent(row.classes, row.keys),
            row.total_classes,
            row.total_keys,
            row.scaled
        );
    }
    out
}
