//! The search for groups among the parts of a rule.
//!
//! A part is a value that a group may have: the rule, a piece of one of its forms, or a group of operands that makes the rest fall into
//! place. For every part there are ways to write it as one group of operands and other parts; a string is a choice of ways that closes.

use super::points::{POINTS, Values, is_near};
use super::space::{
    BINARIES, Entry, Known, Space, agree, effort, inverses, left, near, partners, sides,
};
use crate::algebra::{Algebra, UpTo};
use crate::ir::tokens::{Group, Side, Source, Unary};
use crate::ir::{NodeId, Rule};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::RangeInclusive;

/// More parts are not looked at.
const MOST_PARTS: usize = 40;
/// How many ways that look right are compared by keys before giving up.
const MOST_TRIES: usize = 24;
/// How many pairs of groups that look right are kept to be compared.
const MOST_PAIRS: usize = 4096;
/// How many choices of ways are looked at.
const MOST_CHOICES: usize = 20_000;
/// Parts are defined at so many moments: fewer tell too little.
const LEAST_DEFINED: usize = 3;
/// For how many parts of parts groups outside all forms are looked for.
const MOST_DEEP: usize = 6;

/// A value that a group may have.
struct Part {
    node: NodeId,
    values: Values,
    key: [u8; 16],
    /// Ways to write it; [`Source::Group`] is a part by its index.
    ways: Vec<Group>,
}

/// A search for one rule, which is the first part.
pub(super) struct Search<'a> {
    space: &'a mut Space,
    algebra: &'a mut Algebra,
    parts: Vec<Part>,
    choices: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        space: &'a mut Space,
        algebra: &'a mut Algebra,
        goal: NodeId,
        key: [u8; 16],
    ) -> Self {
        let values = space.points.at(&space.graph, goal);
        let goal = Part {
            node: goal,
            values,
            key,
            ways: Vec::new(),
        };
        Self {
            space,
            algebra,
            parts: vec![goal],
            choices: 0,
        }
    }

    /// Adds what may be a part, unless it is an operand or known.
    pub(super) fn add(&mut self, node: NodeId) {
        if self.parts.len() >= MOST_PARTS || self.parts.iter().any(|part| part.node == node) {
            return;
        }
        let values = self.space.points.at(&self.space.graph, node);
        let is_defined = values.iter().filter(|value| value.is_finite()).count() >= LEAST_DEFINED;
        if !is_defined || !values[0].is_finite() {
            return;
        }
        let key = self.key(node);
        if self.is_operand(&values, key) {
            return;
        }
        if self.parts.iter().all(|part| part.key != key) {
            self.parts.push(Part {
                node,
                values,
                key,
                ways: Vec::new(),
            });
        }
    }

    /// Finds the ways to write each part.
    pub(super) fn prepare(&mut self) {
        let known = self.known();
        let mut order: Vec<Known> = known.clone();
        order.sort_by(|a, b| a.values[0].total_cmp(&b.values[0]));
        for part in 0..self.parts.len() {
            self.parts[part].ways = self.ways(part, &known, &order);
        }
        if !self.is_simple(0) {
            self.hide(0, &known);
        }
    }

    /// Finds ways to write parts of parts through groups that are no part of any form.
    pub(super) fn deepen(&mut self) {
        let known = self.space.sides.clone();
        let others = 1..self.parts.len();
        let others: Vec<usize> = others.filter(|part| !self.is_simple(*part)).collect();
        for part in others.into_iter().take(MOST_DEEP) {
            self.hide(part, &known);
        }
    }

    /// The groups of a string with one of these counts, tried in order.
    pub(super) fn first(&mut self, counts: RangeInclusive<usize>) -> Option<Vec<Group>> {
        counts.into_iter().find_map(|count| {
            self.choices = 0;
            self.close(&mut vec![0], &mut Vec::new(), count)
        })
    }

    /// Whether an operand under a unary function is equal to a value with this key.
    fn is_operand(&mut self, values: &Values, key: [u8; 16]) -> bool {
        let sides = self.space.sides.iter();
        let alike = sides.filter(|known| agree(&known.values, values));
        let alike: Vec<Side> = alike.map(|known| known.side).collect();
        alike.into_iter().any(|side| {
            let before = self.space.graph.checkpoint();
            let found = self.node(&left(side)).map(|node| self.key(node));
            self.space.graph.truncate(before);
            found == Some(key)
        })
    }

    fn key(&mut self, node: NodeId) -> [u8; 16] {
        let rule = Rule::new(&self.space.graph, node);
        self.algebra.key(&rule, UpTo::Nothing)
    }

    /// Arguments of groups: operands and parts.
    fn known(&self) -> Vec<Known> {
        let mut known = self.space.sides.clone();
        let parts = self.parts.iter().enumerate().skip(1);
        let sources: Vec<(Source, Values)> = parts
            .map(|(index, part)| (Source::Group(index), part.values))
            .collect();
        known.extend(sides(&sources));
        known
    }

    /// Whether a part is a group of operands.
    fn is_simple(&self, part: usize) -> bool {
        let mut ways = self.parts[part].ways.iter();
        ways.any(|group| needs(group).next().is_none())
    }

    /// Ways to write a part, one for each choice of other parts that none with fewer makes needless.
    fn ways(&mut self, part: usize, known: &[Known], order: &[Known]) -> Vec<Group> {
        let goal = self.parts[part].values;
        let is_other = |known: &Known| known.side.source != Source::Group(part);
        let first = |known: &Known| known.values[0];
        let mut found: Vec<Group> = order[near(order, first, goal[0])]
            .iter()
            .filter(|known| is_other(known) && agree(&known.values, &goal))
            .map(|known| left(known.side))
            .collect();
        for one in known.iter().filter(|known| is_other(known)) {
            for binary in BINARIES {
                for is_first in [true, false] {
                    for value in partners(binary, one.values[0], is_first, goal[0]) {
                        for other in &order[near(order, first, value)] {
                            let (x, y) = if is_first { (one, other) } else { (other, one) };
                            let is_hit = (1..POINTS).all(|point| {
                                is_near(binary.value(x.values[point], y.values[point]), goal[point])
                            });
                            if is_hit && is_other(other) {
                                found.push(Group {
                                    x: x.side,
                                    y: y.side,
                                    binary,
                                });
                            }
                        }
                    }
                }
            }
        }
        found.sort_by_key(|group| (needs(group).count(), effort(group)));
        found.dedup();
        let mut ways: Vec<Group> = Vec::new();
        let mut tries = FxHashMap::<Vec<usize>, usize>::default();
        for group in found {
            let set: Vec<usize> = needs(&group).collect();
            let is_needless = ways
                .iter()
                .any(|way| needs(way).all(|part| set.contains(&part)));
            let tried = tries.entry(set).or_default();
            if is_needless || *tried >= MOST_TRIES {
                continue;
            }
            *tried += 1;
            if self.is_equal(&group, part) {
                ways.push(group);
            }
        }
        ways
    }

    /// Looks for a group of operands with which, and one argument more, a part can be written.
    fn hide(&mut self, part: usize, known: &[Known]) {
        let goal = self.parts[part].values;
        let mut found: Vec<(Group, Entry)> = Vec::new();
        let one_more = Source::Group(usize::MAX);
        let table = self.space.table();
        for unary in Unary::ALL {
            let fits = |argument: f64| {
                let places = near(table, |entry| entry.values[0], argument);
                table[places].iter()
            };
            let hidden = Side {
                source: one_more,
                unary,
            };
            for entry in inverses(unary, goal[0]).into_iter().flat_map(fits) {
                if agree(&entry.values.map(|x| unary.value(x)), &goal) {
                    found.push((left(hidden), *entry));
                }
            }
            for one in known {
                if one.side.source == Source::Group(part) || found.len() > MOST_PAIRS {
                    continue;
                }
                for binary in BINARIES {
                    for is_first in [true, false] {
                        let values = partners(binary, one.values[0], is_first, goal[0]);
                        let arguments = values.into_iter().flat_map(|y| inverses(unary, y));
                        for entry in arguments.flat_map(fits) {
                            let is_hit = (1..POINTS).all(|point| {
                                let other = unary.value(entry.values[point]);
                                let one = one.values[point];
                                let (x, y) = if is_first { (one, other) } else { (other, one) };
                                is_near(binary.value(x, y), goal[point])
                            });
                            if is_hit {
                                let (x, y) = if is_first {
                                    (one.side, hidden)
                                } else {
                                    (hidden, one.side)
                                };
                                found.push((Group { x, y, binary }, *entry));
                            }
                        }
                    }
                }
            }
        }
        found.sort_by_key(|(group, entry)| {
            let functions = effort(group).0 + effort(&entry.group).0;
            (needs(group).count(), functions, *group, entry.group)
        });
        let mut tries = 0;
        let mut done = FxHashSet::default();
        for (group, entry) in found {
            let set: Vec<usize> = needs(&group).filter(|part| *part != usize::MAX).collect();
            if tries >= 4 * MOST_TRIES || done.contains(&set) {
                continue;
            }
            tries += 1;
            if self.add_hidden(part, group, &entry) {
                if set.is_empty() {
                    return;
                }
                done.insert(set);
            }
        }
    }

    /// Adds a group of operands as a part, where a part can be written with it.
    fn add_hidden(&mut self, part: usize, group: Group, entry: &Entry) -> bool {
        let before = self.space.graph.checkpoint();
        let index = self.parts.len();
        let Some(node) = self.node(&entry.group) else {
            return false;
        };
        let key = self.key(node);
        let known = self.parts.iter().position(|part| part.key == key);
        let index = known.unwrap_or(index);
        if index == part {
            self.space.graph.truncate(before);
            return false;
        }
        if known.is_none() {
            self.parts.push(Part {
                node,
                values: entry.values,
                key,
                ways: vec![entry.group],
            });
        }
        let placed = |side: Side| match side.source {
            Source::Group(usize::MAX) => Side {
                source: Source::Group(index),
                ..side
            },
            Source::Group(_) | Source::Operand(_) => side,
        };
        let group = Group {
            x: placed(group.x),
            y: placed(group.y),
            binary: group.binary,
        };
        if self.is_equal(&group, part) {
            self.parts[part].ways.push(group);
            return true;
        }
        if known.is_none() {
            self.parts.pop();
            self.space.graph.truncate(before);
        }
        false
    }

    /// Whether a group of operands and parts is a part.
    fn is_equal(&mut self, group: &Group, part: usize) -> bool {
        let before = self.space.graph.checkpoint();
        let key = self.node(group).map(|node| self.key(node));
        self.space.graph.truncate(before);
        key == Some(self.parts[part].key)
    }

    fn node(&mut self, group: &Group) -> Option<NodeId> {
        let argument = |side: Side| match side.source {
            Source::Operand(index) => self.space.operands[index].1,
            Source::Group(index) => self.parts[index].node,
        };
        let (x, y) = (argument(group.x), argument(group.y));
        let graph = &mut self.space.graph;
        let x = group.x.unary.node(graph, x).ok()?;
        let y = group.y.unary.node(graph, y).ok()?;
        group.binary.node(graph, x, y).ok()
    }

    /// Chooses ways for the parts that are needed until no more are.
    fn close(
        &mut self,
        needed: &mut Vec<usize>,
        ways: &mut Vec<usize>,
        count: usize,
    ) -> Option<Vec<Group>> {
        self.choices += 1;
        if self.choices > MOST_CHOICES {
            return None;
        }
        let Some(part) = needed.get(ways.len()).copied() else {
            return self.ordered(needed, ways);
        };
        for way in 0..self.parts[part].ways.len() {
            let before = needed.len();
            for other in needs(&self.parts[part].ways[way]) {
                if !needed.contains(&other) {
                    needed.push(other);
                }
            }
            ways.push(way);
            let is_short = needed.len() <= count;
            if is_short && let Some(groups) = self.close(needed, ways, count) {
                return Some(groups);
            }
            ways.pop();
            needed.truncate(before);
        }
        None
    }

    /// The chosen groups in an order in which each comes after those it names; none where they name each other in a circle.
    fn ordered(&self, needed: &[usize], ways: &[usize]) -> Option<Vec<Group>> {
        let mut order: Vec<usize> = Vec::new();
        let group = |at: usize| self.parts[needed[at]].ways[ways[at]];
        while order.len() < needed.len() {
            // What was needed last is looked at first: it is the deepest.
            let next = (0..needed.len()).rev().find(|at| {
                let mut named = needs(&group(*at));
                let is_placed = |part| order.iter().any(|at| needed[*at] == part);
                !order.contains(at) && named.all(is_placed)
            });
            order.push(next?);
        }
        let place = |side: Side| match side.source {
            Source::Operand(_) => side,
            Source::Group(part) => Side {
                source: Source::Group(
                    order
                        .iter()
                        .position(|at| needed[*at] == part)
                        .unwrap_or_default(),
                ),
                ..side
            },
        };
        let groups = order.iter().map(|at| group(*at));
        let groups = groups.map(|Group { x, y, binary }| Group {
            x: place(x),
            y: place(y),
            binary,
        });
        Some(groups.collect())
    }
}

/// The parts that a group names, each once.
fn needs(group: &Group) -> impl Iterator<Item = usize> + use<> {
    let part = |side: Side| match side.source {
        Source::Operand(_) => None,
        Source::Group(index) => Some(index),
    };
    let (x, y) = (part(group.x), part(group.y));
    // What stands on the right of `left` is an operand.
    x.into_iter().chain(y.filter(|y| Some(*y) != x))
}
