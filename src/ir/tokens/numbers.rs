//! Numbers that strings can make of the numbers among their operands.
//!
//! A graph folds what is made of numbers alone, so `1 2 id id add` leaves a 3 and no trace of the sum: the way back is to
//! try what one group can make. Two groups that both make numbers, one from the other, are not undone.

use super::token::Folding;
use super::{Binary, DELTA, Unary};
use rustc_hash::{FxHashMap, FxHashSet};

/// What can be made of the number operands.
pub(super) struct Numbers {
    operands: Vec<f64>,
    /// A unary function of an operand.
    simple: Vec<f64>,
    /// Numbers that the graph has anyway.
    written: Vec<f64>,
    /// Made when first asked for.
    grouped: Option<Grouped>,
}

/// Unary functions of the values of one group.
struct Grouped {
    /// The first way to each, by bits.
    ways: FxHashMap<u64, (Unary, f64)>,
    /// All, in order of discovery.
    values: Vec<f64>,
}

/// More numbers than four groups mention.
const MOST_WRITTEN: usize = 32;

impl Numbers {
    pub(super) fn new(operands: impl IntoIterator<Item = f64>) -> Self {
        let operands: Vec<f64> = distinct(operands);
        let simple = distinct(operands.iter().flat_map(|x| unaries(*x)).map(|(_, y)| y));
        Self {
            operands,
            simple,
            written: Vec::new(),
            grouped: None,
        }
    }

    /// Notes the numbers that the graph has: one may be a function of another.
    pub(super) fn note(&mut self, written: impl IntoIterator<Item = f64>) {
        self.written = distinct(written.into_iter().take(MOST_WRITTEN));
    }

    /// Ways to write a number as a unary function of an operand or of a number that the graph has; else of the value of a
    /// group.
    pub(super) fn singles(&mut self, value: f64) -> Vec<(Unary, f64)> {
        let ways = |numbers: &[f64]| -> Vec<(Unary, f64)> {
            let numbers = numbers.iter().filter(|x| bits(**x) != bits(value));
            let made = numbers.flat_map(|x| unaries(*x).map(|(unary, made)| (unary, *x, made)));
            made.filter(|(_, _, made)| bits(*made) == bits(value))
                .map(|(unary, x, _)| (unary, x))
                .collect()
        };
        let mut found = ways(&self.operands);
        let needs_group = found.is_empty() && self.pair(value).is_none();
        found.extend(ways(&self.written));
        if needs_group {
            found.extend(self.grouped().ways.get(&bits(value)).copied());
        }
        found
    }

    /// The first way to write a number as one group.
    pub(super) fn pair(&self, value: f64) -> Option<(Binary, f64, f64)> {
        pairs(&self.simple)
            .find(|(_, made)| bits(*made) == bits(value))
            .map(|(way, _)| way)
    }

    /// What gives this number when the constant of every divisor is added to it.
    pub(super) fn without_delta(&mut self, value: f64) -> Option<f64> {
        let gives = |x: &f64| bits(*x + DELTA) == bits(value);
        let simple = self.simple.iter().copied().find(gives);
        simple.or_else(|| self.grouped().values.iter().copied().find(gives))
    }

    fn grouped(&mut self) -> &Grouped {
        self.grouped.get_or_insert_with(|| {
            let mut grouped = Grouped {
                ways: FxHashMap::default(),
                values: Vec::new(),
            };
            for x in distinct(pairs(&self.simple).map(|(_, value)| value)) {
                for (unary, value) in unaries(x) {
                    grouped.ways.entry(bits(value)).or_insert_with(|| {
                        grouped.values.push(value);
                        (unary, x)
                    });
                }
            }
            grouped
        })
    }
}

fn unaries(x: f64) -> impl Iterator<Item = (Unary, f64)> {
    Unary::ALL
        .into_iter()
        .filter_map(move |unary| Some((unary, unary.apply(&mut Folding, x).ok()?)))
}

/// Every group on these numbers, with its value.
fn pairs(values: &[f64]) -> impl Iterator<Item = ((Binary, f64, f64), f64)> + '_ {
    values.iter().flat_map(move |x| {
        values.iter().flat_map(move |y| {
            let binaries = Binary::ALL.into_iter().filter(|b| *b != Binary::Left);
            binaries.filter_map(move |b| Some(((b, *x, *y), b.apply(&mut Folding, *x, *y).ok()?)))
        })
    })
}

fn distinct(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut seen = FxHashSet::default();
    let mut distinct: Vec<f64> = values.into_iter().collect();
    distinct.retain(|value| seen.insert(bits(*value)));
    distinct
}

/// The bits that make two numbers one node of a graph.
pub(super) fn bits(value: f64) -> u64 {
    if value.is_nan() {
        f64::NAN.to_bits()
    } else {
        value.to_bits()
    }
}
