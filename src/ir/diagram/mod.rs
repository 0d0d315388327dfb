//! A rule as a computation graph to look at: operands at the leaves, functions between them, the update at the root.
//!
//! A [`Diagram`] is what Figure 2 of Bello et al. 2017 shows, as data: boxes with labels and who reads whom. Numbers that
//! only set a function up belong to its label (`ema(0.9)`, `clip(1e-5)`), and operands with a name stand for what they are made of,
//! as they do in formulas. What the rule computes once is one box, however many read it; only numbers stand at each of
//! their uses, since they carry no data. How it is drawn is for [`Diagram::tree`], [`Diagram::dot`] and the pictures of `plot`.

mod dot;
mod tree;

#[cfg(test)]
mod tests;

use super::print::{leaf_text, number, without_defaults};
use super::{Graph, Node, NodeId};
use crate::op::{Notation, Op};
use crate::types::Stage;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// What stands for everything that is left out.
const LEFT_OUT: &str = "…";

/// The computation graph of one expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagram {
    name: String,
    parts: Vec<Part>,
    left_out: usize,
}

/// One box of a diagram.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// What it says.
    pub label: String,
    /// What it is.
    pub kind: PartKind,
    /// The parts it reads, in the order of its arguments; all of them come before it.
    pub args: Vec<usize>,
}

/// What a box of a diagram is: the three colours of Figure 2, and what stands for boxes that are left out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PartKind {
    /// Something the rule starts from.
    Operand,
    /// A function of one part.
    Unary,
    /// A function of two parts, or of three.
    Binary,
    /// Parts that are not shown.
    LeftOut,
}

impl Diagram {
    /// The diagram of the expression with this root, under this name, where some nodes have names of their own.
    ///
    /// The root is drawn as what it is made of, whatever its name.
    #[allow(clippy::implicit_hasher, reason = "nodes are always hashed this way")]
    pub fn new(
        graph: &Graph,
        root: NodeId,
        name: &str,
        names: &FxHashMap<NodeId, Arc<str>>,
    ) -> Self {
        // That the whole update is the rule's own goes without saying.
        let root = match graph.node(root) {
            Node::Own { body, .. } => body,
            Node::Number(_)
            | Node::Leaf(_)
            | Node::Apply(..)
            | Node::Drop { .. }
            | Node::LastUpdate(_) => root,
        };
        // What stands for itself keeps its own name.
        let is_made = |id: NodeId| !graph.node(id).args().as_slice().is_empty();
        let mut parts: Vec<Part> = Vec::new();
        let mut known: FxHashMap<NodeId, usize> = FxHashMap::default();
        // Rules can be deep: the walk keeps its own stack.
        let mut stack = vec![(root, None)];
        while let Some((id, ready)) = stack.pop() {
            if known.contains_key(&id) {
                continue;
            }
            let (mut part, reads) = match ready {
                Some(ready) => ready,
                None => match names.get(&id).filter(|_| id != root && is_made(id)) {
                    Some(name) => (Part::operand(name.as_ref()), Vec::new()),
                    None => part_of(graph, id),
                },
            };
            let is_number = |id: NodeId| graph.node(id).as_number().is_some();
            let is_done = |id: &NodeId| known.contains_key(id) || is_number(*id);
            if reads.iter().all(is_done) {
                for read in reads {
                    let arg = known.get(&read).copied().unwrap_or_else(|| {
                        parts.push(part_of(graph, read).0);
                        parts.len() - 1
                    });
                    part.args.push(arg);
                }
                known.insert(id, parts.len());
                parts.push(part);
            } else {
                let missing = reads.iter().rev().filter(|id| !is_done(id));
                let missing: Vec<_> = missing.map(|id| (*id, None)).collect();
                stack.push((id, Some((part, reads))));
                stack.extend(missing);
            }
        }
        Self {
            name: name.to_owned(),
            parts,
            left_out: 0,
        }
    }

    /// What is drawn: the name of the rule.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All parts, arguments first; the last is the update.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// How many parts of the expression stand behind parts that are [`PartKind::LeftOut`].
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The diagram with no more than so many parts, those nearest to the update, apart from marks for what is left out.
    #[must_use]
    pub fn nearest(&self, most: usize) -> Self {
        let root = self.parts.len() - 1;
        let mut is_kept = vec![false; self.parts.len()];
        let mut kept = 0;
        let mut queue = VecDeque::from([root]);
        while let Some(index) = queue.pop_front() {
            if kept == most.max(1) {
                break;
            }
            if !is_kept[index] {
                is_kept[index] = true;
                kept += 1;
                queue.extend(&self.parts[index].args);
            }
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut place = vec![None; self.parts.len()];
        for (index, part) in self.parts.iter().enumerate().filter(|(i, _)| is_kept[*i]) {
            let mut args = Vec::with_capacity(part.args.len());
            for arg in &part.args {
                args.push(place[*arg].unwrap_or_else(|| {
                    parts.push(Part {
                        kind: PartKind::LeftOut,
                        ..Part::operand(LEFT_OUT)
                    });
                    parts.len() - 1
                }));
            }
            place[index] = Some(parts.len());
            parts.push(Part {
                args,
                ..part.clone()
            });
        }
        Self {
            name: self.name.clone(),
            parts,
            left_out: self.left_out + self.parts.len() - kept,
        }
    }

    /// How many parts read each part.
    fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.parts.len()];
        for arg in self.parts.iter().flat_map(|part| &part.args) {
            uses[*arg] += 1;
        }
        uses
    }
}

impl Part {
    fn operand(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            kind: PartKind::Operand,
            args: Vec::new(),
        }
    }
}

/// A node's part, still without arguments, and the nodes that it reads.
fn part_of(graph: &Graph, id: NodeId) -> (Part, Vec<NodeId>) {
    match graph.node(id) {
        Node::Number(bits) => (Part::operand(number(f64::from_bits(bits))), Vec::new()),
        Node::Leaf(leaf) => (Part::operand(leaf_text(leaf)), Vec::new()),
        Node::LastUpdate(_) => (Part::operand("last(update)"), Vec::new()),
        Node::Own { body, .. } => function("own".to_owned(), vec![body]),
        Node::Drop { x, p, .. } => call(graph, Op::Drop, &[x, p]),
        Node::Apply(op, args) => match op.info().notation {
            Notation::Call => call(graph, op, without_defaults(graph, op, args.as_slice())),
            // A minus with one operand is what the paper calls it.
            Notation::Prefix { .. } if op == Op::Neg => {
                function("neg".to_owned(), args.as_slice().to_vec())
            }
            Notation::Infix { .. } | Notation::Prefix { .. } | Notation::Bars => {
                function(op.name().to_owned(), args.as_slice().to_vec())
            }
        },
    }
}

/// A call, with the numbers that set it up in its label: `ema(0.9)`.
fn call(graph: &Graph, op: Op, args: &[NodeId]) -> (Part, Vec<NodeId>) {
    let (mut settings, mut reads) = (Vec::new(), Vec::new());
    for (param, arg) in op.info().params.iter().zip(args) {
        // What takes any tensor is data, even where a rule gives it a number.
        let is_setting = param.stage < Stage::Tensor || !param.domain_text.is_empty();
        match graph.node(*arg).as_number().filter(|_| is_setting) {
            Some(value) => settings.push(number(value)),
            None => reads.push(*arg),
        }
    }
    let label = if settings.is_empty() {
        op.name().to_owned()
    } else {
        format!("{}({})", op.name(), settings.join(", "))
    };
    function(label, reads)
}

fn function(label: String, reads: Vec<NodeId>) -> (Part, Vec<NodeId>) {
    let kind = if reads.len() == 1 {
        PartKind::Unary
    } else {
        PartKind::Binary
    };
    let args = Vec::new();
    (Part { label, kind, args }, reads)
}
