//! The search for a string: which nodes of a graph are the values of the groups.
//!
//! Every group's value is a node of the graph (or a number that folding hid), so there are few candidates, and once some of
//! them are chosen each is written in the first way that works. Candidates are tried in the order of the graph, arguments
//! first, so that a group only ever needs groups before it. A mask that is drawn once can be written once: the second use of
//! a `drop` must name a group.

use super::form::{Form, Reading};
use super::numbers::Numbers;
use super::ways::{self, Pair};
use super::{Binary, Group, Operand, Side, Source, Unary};
use crate::ir::{Graph, NodeId};
use crate::op::Op;
use rustc_hash::FxHashMap;

/// More candidates than four groups can have between them: each has at most a handful of nodes.
const MOST_CANDIDATES: usize = 64;

/// An argument as a unary function of something.
struct Part {
    /// The first operand that gives it.
    operand: Option<Side>,
    /// What else it is a function of.
    singles: Vec<(Unary, NodeId)>,
}

/// One graph, one reading of it.
pub(super) struct Problem {
    pub(super) form: Form,
    pub(super) root: NodeId,
    operands: Vec<NodeId>,
    parts: FxHashMap<NodeId, Part>,
    pairs: FxHashMap<NodeId, Vec<Pair>>,
    /// The nodes that can be values of groups; arguments first.
    candidates: Vec<NodeId>,
}

/// Groups chosen so far.
#[derive(Default)]
struct Chosen {
    values: Vec<NodeId>,
    groups: Vec<Group>,
    /// The masks written so far.
    drops: Vec<NodeId>,
}

impl Problem {
    pub(super) fn new(
        graph: &Graph,
        root: NodeId,
        operands: &[Operand<'_>],
        numbers: &mut Numbers,
        reading: Reading,
    ) -> Self {
        let mut form = Form::new(reading);
        let operands: Vec<NodeId> = operands
            .iter()
            .map(|operand| form.copy(graph, operand.node))
            .collect();
        let root = form.copy(graph, root);
        numbers.note(form.graph.iter().filter_map(|(_, node)| node.as_number()));
        let mut problem = Self {
            form,
            root,
            operands,
            parts: FxHashMap::default(),
            pairs: FxHashMap::default(),
            candidates: Vec::new(),
        };
        problem.collect(numbers);
        problem
    }

    /// Whether there are too many candidates for any string.
    pub(super) fn is_too_large(&self) -> bool {
        self.candidates.len() > MOST_CANDIDATES
    }

    /// The first string with this many groups.
    pub(super) fn search(&self, groups: usize) -> Option<Vec<Group>> {
        let mut chosen = Chosen::default();
        self.extend(&mut chosen, 0, groups).then_some(chosen.groups)
    }

    /// The first node, from the root down, that no number of groups gives; none where the number is all that is wrong.
    pub(super) fn obstacle(&self) -> Option<NodeId> {
        let mut reached = Chosen::default();
        loop {
            let before = reached.values.len();
            for id in self.candidates.iter().chain([&self.root]) {
                if !reached.values.contains(id) && self.group(*id, &reached.values, &[]).is_some() {
                    reached.values.push(*id);
                }
            }
            if reached.values.len() == before {
                break;
            }
        }
        let mut at = (!reached.values.contains(&self.root)).then_some(self.root)?;
        // Each step goes to a part; the bound only guards against a mistake in the ways.
        for _ in 0..4 * MOST_CANDIDATES {
            if let Some((_, x)) = self
                .parts
                .get(&at)
                .and_then(|part| part.singles.iter().rfind(|(_, x)| *x < at))
            {
                at = *x;
                continue;
            }
            let pair = self.pairs.get(&at).and_then(|pairs| pairs.first());
            let side = pair.and_then(|pair| {
                let mut sides = [pair.x, pair.y].into_iter();
                sides.find(|side| self.side(*side, &reached.values, &[]).is_none())
            });
            match side {
                Some(side) => at = side,
                None => return Some(at),
            }
        }
        Some(at)
    }

    /// Finds everything the root could be made of, down to the operands.
    fn collect(&mut self, numbers: &mut Numbers) {
        let mut open = vec![self.root];
        let mut seen = vec![self.root];
        while let Some(id) = open.pop()
            && seen.len() <= MOST_CANDIDATES + 1
        {
            let pairs = ways::pairs(&mut self.form, numbers, id);
            let sides = pairs.iter().flat_map(|pair| [pair.x, pair.y]);
            let sides: Vec<NodeId> = sides.chain([id]).collect();
            self.pairs.insert(id, pairs);
            for side in sides {
                for value in self.needed(side, id, numbers) {
                    if !seen.contains(&value) {
                        seen.push(value);
                        open.push(value);
                    }
                }
            }
        }
        seen.retain(|id| *id != self.root);
        // Arguments first, and a negative right after what it is the negative of. Numbers that folding hid are the last nodes
        // of all, but what other numbers are made of.
        seen.sort_by_key(|id| {
            let inner = self.form.args_of(Op::Neg, *id).map(|[x, _]| x);
            match self.form.number(*id) {
                Some(_) => (0, u32::MAX - id.0, *id),
                None => (1, inner.unwrap_or(*id).0, *id),
            }
        });
        self.candidates = seen;
    }

    /// The values of groups from which this part of a node could be had, where operands do not give it.
    fn needed(&mut self, id: NodeId, of: NodeId, numbers: &mut Numbers) -> Vec<NodeId> {
        if !self.parts.contains_key(&id) {
            let singles = ways::singles(&mut self.form, numbers, id);
            let operand = self.best_operand(id, &singles);
            self.parts.insert(id, Part { operand, singles });
        }
        let part = &self.parts[&id];
        match part.operand {
            Some(side) if side.unary.is_drop() => vec![id],
            Some(_) => Vec::new(),
            None => {
                let singles = part.singles.iter().map(|(_, x)| *x);
                let values = singles.chain([id]);
                // What is no part of the node is no better than the node.
                let values = values.filter(|x| *x < of || self.form.number(*x).is_some());
                values.filter(|x| !self.operands.contains(x)).collect()
            }
        }
    }

    fn best_operand(&self, id: NodeId, singles: &[(Unary, NodeId)]) -> Option<Side> {
        let mut best: Option<(bool, usize, Unary)> = None;
        for (unary, x) in singles.iter().copied().chain([(Unary::Id, id)]) {
            if let Some(index) = self.operands.iter().position(|operand| *operand == x) {
                // A mask is written only where it must be.
                let this = (unary.is_drop(), index, unary);
                best = Some(best.map_or(this, |best| best.min(this)));
            }
        }
        best.map(|(_, index, unary)| Side {
            source: Source::Operand(index),
            unary,
        })
    }

    fn extend(&self, chosen: &mut Chosen, from: usize, groups: usize) -> bool {
        if groups == 1 {
            return self.push(chosen, self.root);
        }
        for index in from..self.candidates.len() {
            let drops = chosen.drops.len();
            if self.push(chosen, self.candidates[index]) {
                if self.extend(chosen, index + 1, groups - 1) {
                    return true;
                }
                chosen.values.pop();
                chosen.groups.pop();
                chosen.drops.truncate(drops);
            }
        }
        false
    }

    /// Adds the group with this value, where it can be written.
    fn push(&self, chosen: &mut Chosen, id: NodeId) -> bool {
        let Some((group, drops)) = self.group(id, &chosen.values, &chosen.drops) else {
            return false;
        };
        chosen.values.push(id);
        chosen.groups.push(group);
        chosen.drops.extend(drops.into_iter().flatten());
        true
    }

    /// The first way to write a node as a group, and the masks it writes.
    fn group(
        &self,
        id: NodeId,
        values: &[NodeId],
        drops: &[NodeId],
    ) -> Option<(Group, [Option<NodeId>; 2])> {
        let mask = |side: Side, id: NodeId| side.unary.is_drop().then_some(id);
        if let Some(x) = self.side(id, values, drops) {
            let y = Side {
                source: Source::Operand(0),
                unary: Unary::Id,
            };
            let group = Group {
                x,
                y,
                binary: Binary::Left,
            };
            return Some((group, [mask(x, id), None]));
        }
        self.pairs.get(&id)?.iter().find_map(|pair| {
            let x = self.side(pair.x, values, drops)?;
            let y = self.side(pair.y, values, drops)?;
            if x.unary.is_drop() && y.unary.is_drop() && pair.x == pair.y {
                return None;
            }
            let binary = pair.binary;
            let group = Group { x, y, binary };
            Some((group, [mask(x, pair.x), mask(y, pair.y)]))
        })
    }

    /// A node as an argument of a group.
    fn side(&self, id: NodeId, values: &[NodeId], drops: &[NodeId]) -> Option<Side> {
        let part = self.parts.get(&id)?;
        let is_drawn = drops.contains(&id);
        let by_group = || {
            let ways = [(Unary::Id, id)];
            let ways = ways.iter().chain(&part.singles);
            ways.filter(|(unary, _)| !(is_drawn && unary.is_drop()))
                .find_map(|(unary, x)| {
                    let source = Source::Group(values.iter().position(|value| value == x)?);
                    let unary = *unary;
                    Some(Side { source, unary })
                })
        };
        match part.operand {
            Some(side) if !side.unary.is_drop() => Some(side),
            Some(side) => by_group().or((!is_drawn).then_some(side)),
            None => by_group(),
        }
    }
}
