//! Graphs in a form that strings can be looked for in.
//!
//! Encoding first looks at the graph as it is written, then up to the identities that make no difference to a reader:
//! order of sums and products, signs, `exp(x)` and `e^x`, bars around what is not negative anyway. For the second the graph
//! is copied with each such choice made one way, so that equal things are again one node. All identities hold for every
//! finite value, up to the sign of zero and, between `exp(x)` and `e^x`, rounding.

use crate::ir::{Graph, Node, NodeId};
use crate::op::Op;
use rustc_hash::FxHashMap;
use std::f64::consts::E;

/// How closely a string has to follow the graph.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// Decoding the string gives the same nodes.
    AsWritten,
    /// Decoding the string gives nodes that are the same up to identities.
    UpToIdentities,
}

/// A copy of parts of a graph.
pub(super) struct Form {
    pub(super) graph: Graph,
    pub(super) reading: Reading,
    copies: FxHashMap<NodeId, NodeId>,
}

impl Form {
    pub(super) fn new(reading: Reading) -> Self {
        Self {
            graph: Graph::default(),
            reading,
            copies: FxHashMap::default(),
        }
    }

    /// Copies an expression, without recursion: it can be deep.
    pub(super) fn copy(&mut self, source: &Graph, root: NodeId) -> NodeId {
        let mut stack = vec![(root, false)];
        while let Some((id, ready)) = stack.pop() {
            if self.copies.contains_key(&id) {
                continue;
            }
            let node = source.node(id);
            let args = node.args();
            if ready {
                let args: Vec<NodeId> = args.as_slice().iter().map(|a| self.copies[a]).collect();
                let copy = self.copy_node(node, &args);
                self.copies.insert(id, copy);
            } else {
                stack.push((id, true));
                stack.extend(args.as_slice().iter().rev().map(|arg| (*arg, false)));
            }
        }
        self.copies[&root]
    }

    fn copy_node(&mut self, node: Node, args: &[NodeId]) -> NodeId {
        match node {
            Node::Number(bits) => self.graph.number(f64::from_bits(bits)),
            Node::Leaf(leaf) => self.graph.leaf(leaf),
            Node::LastUpdate(rule) => self.graph.last_update(rule),
            Node::Own { rule, .. } => self.graph.own(rule, args[0]),
            Node::Drop { mask, .. } => self
                .graph
                .drop_masked(args[0], args[1], mask)
                .expect("shapes fit in the copy as they did in the source"),
            Node::Apply(op, _) => match self.reading {
                Reading::AsWritten => self.raw(op, args),
                Reading::UpToIdentities => self.normal(op, args),
            },
        }
    }

    /// An op on nodes with every choice made. No op that is not here has two ways to be written.
    fn normal(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        let x = args[0];
        if let [_, y] = *args {
            if op == Op::Add {
                return self.sorted(Op::Add, x, y);
            } else if op == Op::Sub {
                let y = self.neg(y);
                return self.sorted(Op::Add, x, y);
            } else if op == Op::Mul {
                return self.product(x, y);
            } else if op == Op::Div {
                let (is_negative, x) = self.split_sign(x);
                let quotient = self.raw(Op::Div, &[x, y]);
                return self.signed(is_negative, quotient);
            } else if op == Op::Pow {
                return self.power(x, y);
            }
        } else if op == Op::Neg {
            return self.neg(x);
        } else if op == Op::Exp {
            let base = self.graph.number(E);
            return self.raw(Op::Pow, &[base, x]);
        } else if op == Op::Abs {
            let (_, size) = self.split_sign(x);
            return if self.is_non_negative(x) {
                x
            } else {
                self.raw(Op::Abs, &[size])
            };
        } else if op == Op::Log || op == Op::Sqrt {
            if let Some(inner) = self.inside_abs(x) {
                return self.of_abs(op, inner);
            } else if self.is_non_negative(x) {
                return self.of_abs(op, x);
            }
        }
        self.raw(op, args)
    }

    /// The negative of a node.
    pub(super) fn neg(&mut self, x: NodeId) -> NodeId {
        match self.graph.node(x) {
            Node::Apply(Op::Neg, args) => args.as_slice()[0],
            Node::Apply(..)
            | Node::Number(_)
            | Node::Leaf(_)
            | Node::Drop { .. }
            | Node::LastUpdate(_)
            | Node::Own { .. } => self.raw(Op::Neg, &[x]),
        }
    }

    /// An op on nodes of this form, as it is.
    pub(super) fn raw(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        self.graph
            .apply(op, args)
            .expect("shapes fit in the copy as they did in the source")
    }

    /// The number, where the node is one.
    pub(super) fn number(&self, id: NodeId) -> Option<f64> {
        self.graph.node(id).as_number()
    }

    /// What stands between the bars, where the node is an absolute value.
    pub(super) fn inside_abs(&self, id: NodeId) -> Option<NodeId> {
        self.args_of(Op::Abs, id).map(|[x, _]| x)
    }

    /// The first two arguments of a node with this op; the second again the first where there is only one.
    pub(super) fn args_of(&self, op: Op, id: NodeId) -> Option<[NodeId; 2]> {
        match self.graph.node(id) {
            Node::Apply(found, args) if found == op => {
                let args = args.as_slice();
                Some([args[0], args.get(1).copied().unwrap_or(args[0])])
            }
            Node::Apply(..)
            | Node::Number(_)
            | Node::Leaf(_)
            | Node::Drop { .. }
            | Node::LastUpdate(_)
            | Node::Own { .. } => None,
        }
    }

    fn product(&mut self, x: NodeId, y: NodeId) -> NodeId {
        let (x_negative, x) = self.split_sign(x);
        let (y_negative, y) = self.split_sign(y);
        // Only -1 is a sign and no factor: `1 * x` is written so on purpose.
        let product = match (self.number(x), self.number(y)) {
            (Some(1.0), _) if x_negative => y,
            (_, Some(1.0)) if y_negative => x,
            (Some(_) | None, _) if x == y => self.square(x),
            (Some(_) | None, _) => self.sorted(Op::Mul, x, y),
        };
        self.signed(x_negative != y_negative, product)
    }

    fn power(&mut self, x: NodeId, y: NodeId) -> NodeId {
        match self.number(y) {
            Some(2.0) => self.square(x),
            Some(1.0) => x,
            Some(0.5) if self.is_non_negative(x) => self.of_abs(Op::Sqrt, x),
            Some(_) | None => self.raw(Op::Pow, &[x, y]),
        }
    }

    fn square(&mut self, x: NodeId) -> NodeId {
        let (_, x) = self.split_sign(x);
        let x = self.inside_abs(x).unwrap_or(x);
        let two = self.graph.number(2.0);
        self.raw(Op::Pow, &[x, two])
    }

    /// The op of an absolute value, with the bars written even where they change nothing.
    fn of_abs(&mut self, op: Op, x: NodeId) -> NodeId {
        let (_, x) = self.split_sign(x);
        let size = self.raw(Op::Abs, &[x]);
        self.raw(op, &[size])
    }

    fn sorted(&mut self, op: Op, x: NodeId, y: NodeId) -> NodeId {
        self.raw(op, &[x.min(y), x.max(y)])
    }

    /// Whether there is a minus in front, and what follows it.
    fn split_sign(&mut self, x: NodeId) -> (bool, NodeId) {
        let is_negative =
            self.args_of(Op::Neg, x).is_some() || self.number(x).is_some_and(|value| value < 0.0);
        (is_negative, if is_negative { self.neg(x) } else { x })
    }

    fn signed(&mut self, is_negative: bool, x: NodeId) -> NodeId {
        if is_negative { self.neg(x) } else { x }
    }

    fn is_non_negative(&self, x: NodeId) -> bool {
        self.graph.facts(x).range.is_non_negative()
    }
}
