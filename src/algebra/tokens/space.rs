//! What groups are made of: operands under unary functions, and the values of all single groups.

use super::points::{POINTS, Points, Turned, Values, is_near};
use crate::algebra::{Algebra, UpTo};
use crate::ir::tokens::{Binary, DELTA, Group, Operand, Side, Source, Unary};
use crate::ir::{Graph, NodeId, Rule};
use rustc_hash::{FxHashMap, FxHashSet};

/// An argument of a group with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) side: Side,
    pub(super) values: Values,
}

/// A group with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) group: Group,
    pub(super) values: Values,
}

/// The operands in a graph of their own.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) graph: Graph,
    pub(super) points: Points,
    pub(super) operands: Vec<(String, NodeId)>,
    /// Operands under unary functions that draw no mask; plain operands first.
    pub(super) sides: Vec<Known>,
    /// The values of single groups in ascending order of the first moment; made when first asked for.
    table: Vec<Entry>,
}

impl Space {
    pub(super) fn new(source: &Graph, operands: &[Operand<'_>], algebra: &mut Algebra) -> Self {
        let mut graph = Graph::default();
        let operands: Vec<(String, NodeId)> = operands
            .iter()
            .map(|operand| {
                let rule = Rule::new(source, operand.node);
                (operand.name.to_owned(), graph.graft(&rule))
            })
            .collect();
        let mut points = Points::new(Turned::default());
        let sources: Vec<(Source, Values)> = operands
            .iter()
            .enumerate()
            .map(|(index, (_, node))| (Source::Operand(index), points.at(&graph, *node)))
            .collect();
        let sides = distinct(sides(&sources), &graph, &operands, algebra);
        Self {
            graph,
            points,
            operands,
            sides,
            table: Vec::new(),
        }
    }

    pub(super) fn operands(&self) -> Vec<Operand<'_>> {
        self.operands
            .iter()
            .map(|(name, node)| Operand { name, node: *node })
            .collect()
    }

    /// Forgets all nodes but the operands'.
    pub(super) fn reset(&mut self, to: crate::ir::Checkpoint) {
        self.graph.truncate(to);
        self.points.truncate(self.graph.len());
    }

    /// Every group of operands that has this value, simplest first.
    pub(super) fn groups_of(&self, goal: &Values) -> Vec<Group> {
        let mut found = Vec::new();
        for (at, x) in self.sides.iter().enumerate() {
            if agree(&x.values, goal) {
                found.push(left(x.side));
            }
            for (other, y) in self.sides.iter().enumerate() {
                for binary in BINARIES {
                    if is_mirrored(binary, at, other) {
                        continue;
                    }
                    let is_hit = (0..POINTS).all(|point| {
                        is_near(binary.value(x.values[point], y.values[point]), goal[point])
                    });
                    if is_hit {
                        found.push(Group {
                            x: x.side,
                            y: y.side,
                            binary,
                        });
                    }
                }
            }
        }
        found.sort_by_key(effort);
        found
    }

    /// The values of single groups; a value that several have is listed for the first of them.
    pub(super) fn table(&mut self) -> &[Entry] {
        if self.table.is_empty() {
            self.table = table(&self.sides);
        }
        &self.table
    }
}

/// The binary functions that have two arguments.
pub(super) const BINARIES: [Binary; 5] = [
    Binary::Add,
    Binary::Sub,
    Binary::Mul,
    Binary::Div,
    Binary::Pow,
];

/// The unary functions of these values that draw no mask, plain ones first.
pub(super) fn sides(sources: &[(Source, Values)]) -> Vec<Known> {
    let unaries = Unary::ALL.into_iter().filter(|unary| !unary.is_drop());
    unaries
        .flat_map(|unary| {
            sources.iter().map(move |(source, values)| Known {
                side: Side {
                    source: *source,
                    unary,
                },
                values: values.map(|x| unary.value(x)),
            })
        })
        .filter(|known| known.values.iter().any(|value| value.is_finite()))
        .collect()
}

/// The first of equal ones. Values alone do not tell: `sign(v)` is 1 wherever there was a gradient.
fn distinct(
    mut sides: Vec<Known>,
    graph: &Graph,
    operands: &[(String, NodeId)],
    algebra: &mut Algebra,
) -> Vec<Known> {
    let mut key = |side: Side| {
        let Source::Operand(index) = side.source else {
            return None;
        };
        let mut graph = graph.clone();
        let node = side.unary.node(&mut graph, operands[index].1).ok()?;
        Some(algebra.key(&Rule::new(&graph, node), UpTo::Nothing))
    };
    let mut seen: FxHashMap<[u64; POINTS], Vec<Side>> = FxHashMap::default();
    sides.retain(|known| {
        let alike = seen.entry(bits(&known.values)).or_default();
        let is_new = alike.is_empty() || {
            let own = key(known.side);
            alike.iter().all(|side| key(*side) != own)
        };
        if is_new {
            alike.push(known.side);
        }
        is_new
    });
    sides
}

/// A group that is its first argument.
pub(super) fn left(x: Side) -> Group {
    let y = Side {
        source: Source::Operand(0),
        unary: Unary::Id,
    };
    Group {
        x,
        y,
        binary: Binary::Left,
    }
}

/// What makes one way to write a group better than another.
pub(super) fn effort(group: &Group) -> (usize, Group) {
    let sides = [group.x, group.y];
    let functions = sides.iter().filter(|side| side.unary != Unary::Id).count();
    (functions, *group)
}

/// Whether all values are those of the goal.
pub(super) fn agree(values: &Values, goal: &Values) -> bool {
    values
        .iter()
        .zip(goal)
        .all(|(value, goal)| is_near(*value, *goal))
}

/// Whether the same group with the arguments the other way round comes first.
fn is_mirrored(binary: Binary, x: usize, y: usize) -> bool {
    y < x && matches!(binary, Binary::Add | Binary::Mul)
}

fn table(sides: &[Known]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut seen = FxHashSet::default();
    let mut insert = |group: Group, values: Values| {
        let clips = is_clip(group.x.unary) || is_clip(group.y.unary);
        if values[0].is_finite() && (seen.insert(bits(&values)) || clips) {
            entries.push(Entry { group, values });
        }
    };
    for x in sides {
        insert(left(x.side), x.values);
    }
    for (at, x) in sides.iter().enumerate() {
        for (other, y) in sides.iter().enumerate() {
            for binary in BINARIES {
                if is_mirrored(binary, at, other) {
                    continue;
                }
                let mut values = [f64::NAN; POINTS];
                for (point, value) in values.iter_mut().enumerate() {
                    *value = binary.value(x.values[point], y.values[point]);
                }
                let group = Group {
                    x: x.side,
                    y: y.side,
                    binary,
                };
                insert(group, values);
            }
        }
    }
    // The sort is stable: of equal values, the first made.
    entries.sort_by(|a, b| a.values[0].total_cmp(&b.values[0]));
    entries
}

/// `clip` makes values alike that differ elsewhere.
fn is_clip(unary: Unary) -> bool {
    matches!(unary, Unary::Clip3 | Unary::Clip4 | Unary::Clip5)
}

fn bits(values: &Values) -> [u64; POINTS] {
    values.map(f64::to_bits)
}

/// The places in an ascending list where a value lies.
pub(super) fn near<T>(list: &[T], of: impl Fn(&T) -> f64, value: f64) -> std::ops::Range<usize> {
    if !value.is_finite() {
        return 0..0;
    }
    let slack = 1e-7 * value.abs() + 1e-12;
    let start = list.partition_point(|item| of(item) < value - slack);
    let rest = list[start..].iter();
    let count = rest.take_while(|item| of(item) <= value + slack).count();
    start..start + count
}

/// The other arguments with which a binary function of this one has the value of the goal.
pub(super) fn partners(binary: Binary, known: f64, is_first: bool, goal: f64) -> [f64; 2] {
    let none = f64::NAN;
    match (binary, is_first) {
        (Binary::Add, true) => [goal - known, none],
        (Binary::Sub, true) => [known - goal, none],
        (Binary::Sub, false) => [goal + known, none],
        (Binary::Mul, true) => [goal / known, none],
        (Binary::Div, true) => [known / goal - DELTA, none],
        (Binary::Div, false) => [goal * (known + DELTA), none],
        (Binary::Pow, true) => [libm::log(goal.abs()) / libm::log(known.abs()), none],
        (Binary::Pow, false) => {
            let size = libm::pow(goal.abs(), 1.0 / known);
            [size, -size]
        }
        (Binary::Add | Binary::Mul, false) | (Binary::Left, _) => [none; 2],
    }
}

/// The arguments at which a unary function has this value, where they are few.
pub(super) fn inverses(unary: Unary, value: f64) -> [f64; 2] {
    let none = f64::NAN;
    match unary {
        Unary::Id => [value, none],
        Unary::Neg => [-value, none],
        Unary::Exp => [libm::log(value), none],
        Unary::Log => [libm::exp(value), -libm::exp(value)],
        Unary::Sqrt if value >= 0.0 => [value * value, -value * value],
        _ => [none; 2],
    }
}
