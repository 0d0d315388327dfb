//! The true classes of rules, and what the keys make of them.
//!
//! First every rule is hashed at a few probes; rules with the same hash at any of them, or with the same key, are candidates for being
//! equal. Then each group of candidates is compared at all points and split into classes. A rule that is nobody's candidate is a class of
//! its own. Hashes only propose; comparisons decide.

use crate::law::{Cell, Verdict};
use crate::plain;
use crate::points::{PROBE, PROBES, Point, ZEROS};
use crate::precise::Precise;
use crate::random;
use crate::strings::{Code, Maker, Part};
use nos::ir::Rule;
use rustc_hash::FxHashMap;

/// What there is to know of each rule.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) code: Code,
    pub(crate) key: [u8; 16],
    /// The number of its class.
    pub(crate) class: u32,
    /// Whether it is undefined at some point.
    pub(crate) is_partial: bool,
    /// Whether it is so at a point where no input is zero.
    pub(crate) is_partial_off_zero: bool,
    /// Hashes at the probes; none where something is not known there.
    probes: [Option<u64>; PROBES],
}

/// Two rules with one key that are not the same.
#[derive(Clone, Debug)]
pub(crate) struct Merge {
    pub(crate) rules: [usize; 2],
    pub(crate) point: Point,
    /// What each gives there.
    pub(crate) cells: [Cell; 2],
}

/// A rule at a point where the oracles disagree.
#[derive(Clone, Debug)]
pub(crate) struct Dispute {
    pub(crate) rule: usize,
    pub(crate) point: Point,
    pub(crate) precise: Cell,
    pub(crate) plain: Vec<plain::Scenario>,
}

/// What the comparison finds.
#[derive(Default, Debug)]
pub(crate) struct Findings {
    /// How many classes there are.
    pub(crate) classes: u32,
    /// Same key, different values.
    pub(crate) false_merges: Vec<Merge>,
    /// Same key, same values wherever both are defined, but not defined at the same points.
    pub(crate) domain_merges: Vec<Merge>,
    pub(crate) disputes: Vec<Dispute>,
    /// How many comparisons of the two oracles were made.
    pub(crate) checks: usize,
    /// Rules that are equal, as far as is known, to several classes.
    pub(crate) ambiguous: Vec<usize>,
    /// Rules known at too few points to be told apart.
    pub(crate) obscure: Vec<usize>,
    /// For each class, a hash of its law up to a factor; none where it is not known well enough.
    pub(crate) scaled: Vec<Option<u64>>,
}

/// Rules known at fewer points than this are called obscure.
const FEW: usize = 10;

impl Entry {
    pub(crate) fn new(code: Code, key: [u8; 16]) -> Self {
        Self {
            code,
            key,
            class: 0,
            is_partial: false,
            is_partial_off_zero: false,
            probes: [None; PROBES],
        }
    }
}

/// Everything the comparison needs.
pub(crate) struct Census<'a> {
    pub(crate) maker: &'a mut Maker,
    pub(crate) points: &'a [Point],
    pub(crate) entries: Vec<Entry>,
    pub(crate) findings: Findings,
    precise: Precise<'a>,
}

/// A class of one group of candidates.
struct Class {
    first: usize,
    cells: Vec<Cell>,
    number: u32,
}

impl<'a> Census<'a> {
    pub(crate) fn new(maker: &'a mut Maker, points: &'a [Point], entries: Vec<Entry>) -> Self {
        Self {
            maker,
            points,
            entries,
            findings: Findings::default(),
            precise: Precise::new(points),
        }
    }

    /// Hashes every rule at the probes.
    pub(crate) fn probe(&mut self) {
        for entry in &mut self.entries {
            let rule = self.maker.rule(&entry.code);
            let cells = self.precise.cells(&rule, PROBES * PROBE);
            for (probe, cells) in entry.probes.iter_mut().zip(cells.chunks(PROBE)) {
                *probe = hash(cells, 1.0);
            }
        }
    }

    /// Groups of rules that may be equal.
    pub(crate) fn candidates(&self) -> Vec<Vec<usize>> {
        let mut sets = Sets::new(self.entries.len());
        let mut keys: FxHashMap<[u8; 16], usize> = FxHashMap::default();
        let mut probes: FxHashMap<(usize, u64), usize> = FxHashMap::default();
        let mut without: Option<usize> = None;
        for (index, entry) in self.entries.iter().enumerate() {
            sets.join(index, *keys.entry(entry.key).or_insert(index));
            for (probe, hash) in entry.probes.iter().enumerate() {
                if let Some(hash) = hash {
                    sets.join(index, *probes.entry((probe, *hash)).or_insert(index));
                }
            }
            if entry.probes.iter().all(Option::is_none) {
                sets.join(index, *without.get_or_insert(index));
            }
        }
        sets.groups()
    }

    /// Splits a group of candidates into classes.
    pub(crate) fn split(&mut self, members: &[usize]) {
        let mut classes: Vec<Class> = Vec::new();
        for index in members {
            let rule = self.maker.rule(&self.entries[*index].code);
            // A long rule like no other is only asked where it is defined.
            let is_alone = members.len() == 1 && self.entries[*index].code.part() == Part::Deep;
            let count = if is_alone {
                PROBES * PROBE + ZEROS
            } else {
                self.points.len()
            };
            let cells = self.precise.cells(&rule, count.min(self.points.len()));
            self.check(*index, &rule, &cells);
            let undefined = |(cell, _): &(&Cell, &Point)| cell.has_undefined();
            let undefined: Vec<(&Cell, &Point)> =
                cells.iter().zip(self.points).filter(undefined).collect();
            let entry = &mut self.entries[*index];
            entry.is_partial = !undefined.is_empty();
            entry.is_partial_off_zero = undefined.iter().any(|(_, point)| !point.has_zero());
            if cells.iter().filter(|cell| **cell != Cell::Lost).count() < FEW {
                self.findings.obscure.push(*index);
            }
            let same: Vec<u32> = classes
                .iter()
                .filter(|class| is_same(&class.cells, &cells))
                .map(|class| class.number)
                .take(2)
                .collect();
            if same.len() > 1 {
                self.findings.ambiguous.push(*index);
            }
            let number = same.first().copied().unwrap_or(self.findings.classes);
            self.entries[*index].class = number;
            if same.is_empty() {
                self.findings.classes += 1;
                self.findings.scaled.push(scaled_hash(&cells));
                classes.push(Class {
                    first: *index,
                    cells,
                    number,
                });
            }
        }
        if classes.len() > 1 {
            self.merges(members, &classes);
        }
    }

    /// Finds keys that more than one class has.
    fn merges(&mut self, members: &[usize], classes: &[Class]) {
        let place: FxHashMap<u32, &Class> =
            classes.iter().map(|class| (class.number, class)).collect();
        let mut seen: FxHashMap<[u8; 16], Vec<u32>> = FxHashMap::default();
        for index in members {
            let Entry { key, class, .. } = self.entries[*index];
            let others = seen.entry(key).or_default();
            if others.contains(&class) {
                continue;
            }
            for other in others.iter() {
                let pair = [place[other], place[&class]];
                self.findings.merge(pair, self.points);
            }
            others.push(class);
        }
    }

    /// Holds the precise oracle against the plain one at a quarter of the points.
    fn check(&mut self, index: usize, rule: &Rule, cells: &[Cell]) {
        for (place, (point, cell)) in self.points.iter().zip(cells).enumerate() {
            if !(index + place).is_multiple_of(4) {
                continue;
            }
            let seed = random::join(index as u64, place as u64);
            let Some(plain) = plain::scenarios(rule, point, seed) else {
                continue;
            };
            let Some(agrees) = plain::agrees(&plain, cell) else {
                continue;
            };
            self.findings.checks += 1;
            if !agrees {
                self.findings.disputes.push(Dispute {
                    rule: index,
                    point: *point,
                    precise: cell.clone(),
                    plain,
                });
            }
        }
    }
}

impl Findings {
    fn merge(&mut self, [a, b]: [&Class; 2], points: &[Point]) {
        let verdicts: Vec<Verdict> = a
            .cells
            .iter()
            .zip(&b.cells)
            .map(|(a, b)| a.compare(b))
            .collect();
        let find = |wanted: Verdict| verdicts.iter().position(|verdict| *verdict == wanted);
        let (at, list) = match (find(Verdict::Differs), find(Verdict::Domain)) {
            (Some(at), _) => (at, &mut self.false_merges),
            (None, Some(at)) => (at, &mut self.domain_merges),
            (None, None) => return,
        };
        list.push(Merge {
            rules: [a.first, b.first],
            point: points[at],
            cells: [a.cells[at].clone(), b.cells[at].clone()],
        });
    }
}

/// Whether two rules agree at every point where both are known.
fn is_same(a: &[Cell], b: &[Cell]) -> bool {
    a.iter().zip(b).all(|(a, b)| match a.compare(b) {
        Verdict::Equal | Verdict::Vacuous => true,
        Verdict::Domain | Verdict::Differs => false,
    })
}

/// One hash of several cells; none where one has none.
fn hash(cells: &[Cell], factor: f64) -> Option<u64> {
    cells.iter().try_fold(0, |hash, cell| {
        Some(random::join(hash, cell.hash_scaled(factor)?))
    })
}

/// A hash that rules share when one is a number times the other, whatever its sign.
fn scaled_hash(cells: &[Cell]) -> Option<u64> {
    let known: Vec<Cell> = cells
        .iter()
        .filter(|cell| cell.hash().is_some())
        .cloned()
        .collect();
    let size = known.iter().map(Cell::size).find(|size| *size > 0.0)?;
    let (plus, minus) = (hash(&known, 1.0 / size)?, hash(&known, -1.0 / size)?);
    Some(plus.min(minus))
}

/// Disjoint sets of numbers.
struct Sets(Vec<usize>);

impl Sets {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn find(&mut self, mut x: usize) -> usize {
        while self.0[x] != x {
            self.0[x] = self.0[self.0[x]];
            x = self.0[x];
        }
        x
    }

    /// Joins two sets; the smaller number names both.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }

    /// The sets, each in order, by their first members.
    fn groups(&mut self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.0.len()];
        for index in 0..self.0.len() {
            let root = self.find(index);
            groups[root].push(index);
        }
        groups.retain(|group| !group.is_empty());
        groups
    }
}
