//! The rule graph: what a rule is once its text is gone.
//!
//! Nodes are hash-consed, so equal subexpressions are one node and equal state is kept once. A [`Graph`] only grows while
//! an input runs and is cut back when it fails ([`Graph::truncate`]); arguments always come before the nodes that use them, so
//! one pass in order evaluates everything. What the text decides and the formula does not (which written `drop` draws which
//! mask, which rule's previous update `last(update)` means) is kept as an [`Origin`], a number with no other meaning.
//!
//! A [`Rule`] is a graph of its own: just the nodes one expression needs, with origins numbered in order of appearance, so
//! that the same formula gives the same graph wherever it was built.

mod data;
mod diagram;
mod moment;
mod print;
mod rule;
pub mod tokens;

pub use diagram::{Diagram, Part, PartKind};
pub use moment::{Moment, is_small};
pub use print::{number as number_text, text, text_with};
pub use rule::{Rule, Slots};

use crate::op::{Leaf, Op};
use crate::types::{ExprTy, Mismatch, Range, Shape, Stage};
use rustc_hash::FxHashMap;

/// A node of one [`Graph`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct NodeId(pub u32);

/// Tells apart things that look the same in a formula: two masks, two rules' previous updates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Origin(pub u32);

/// The arguments of a node: at most three.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Args {
    nodes: [NodeId; 3],
    len: u8,
}

impl Args {
    /// The arguments as a slice.
    pub fn as_slice(&self) -> &[NodeId] {
        &self.nodes[..usize::from(self.len)]
    }

    fn from_slice(args: &[NodeId]) -> Self {
        let mut nodes = [NodeId(0); 3];
        nodes[..args.len()].copy_from_slice(args);
        Self {
            nodes,
            len: u8::try_from(args.len()).expect("at most three arguments"),
        }
    }
}

/// One operation or leaf.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Node {
    /// A number, by its bits; one NaN only.
    Number(u64),
    /// Something a rule can mention.
    Leaf(Leaf),
    /// An op on earlier nodes; never [`Op::Drop`].
    Apply(Op, Args),
    /// `drop(x, p)` under the mask of this origin.
    Drop {
        /// What is dropped.
        x: NodeId,
        /// With which probability.
        p: NodeId,
        /// Which mask.
        mask: Origin,
    },
    /// `last(update)`: the previous value of the [`Node::Own`] with the same origin, 0 at the first step.
    LastUpdate(Origin),
    /// A rule's update, as the rule itself sees it in `last(update)`; its value is the body's.
    Own {
        /// Which rule.
        rule: Origin,
        /// Its update.
        body: NodeId,
    },
}

impl Node {
    /// The number, where the node is one.
    pub fn as_number(self) -> Option<f64> {
        match self {
            Self::Number(bits) => Some(f64::from_bits(bits)),
            Self::Leaf(_)
            | Self::Apply(..)
            | Self::Drop { .. }
            | Self::LastUpdate(_)
            | Self::Own { .. } => None,
        }
    }

    /// The nodes this one reads in the same step.
    pub fn args(&self) -> Args {
        match *self {
            Self::Number(_) | Self::Leaf(_) | Self::LastUpdate(_) => Args::from_slice(&[]),
            Self::Apply(_, args) => args,
            Self::Drop { x, p, .. } => Args::from_slice(&[x, p]),
            Self::Own { body, .. } => Args::from_slice(&[body]),
        }
    }
}

/// What is known of a node's value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Facts {
    /// Its stage and shape.
    pub ty: ExprTy,
    /// The values it can take.
    pub range: Range,
    /// Whether it depends on the gradient, now or before.
    pub uses_grad: bool,
    /// Whether it depends on noise or a mask.
    pub is_random: bool,
    /// Whether it needs a matrix parameter.
    pub needs_matrix: bool,
}

/// Hash-consed nodes, arguments first.
#[derive(Clone, Default, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    facts: Vec<Facts>,
    known: FxHashMap<Node, NodeId>,
    origins: u32,
}

/// A point to go back to with [`Graph::truncate`].
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint {
    nodes: usize,
    origins: u32,
}

impl Graph {
    /// The node's operation or leaf.
    pub fn node(&self, id: NodeId) -> Node {
        self.nodes[id.0 as usize]
    }

    /// What is known of the node's value.
    pub fn facts(&self, id: NodeId) -> &Facts {
        &self.facts[id.0 as usize]
    }

    /// The node's stage and shape.
    pub fn ty(&self, id: NodeId) -> ExprTy {
        self.facts(id).ty
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All nodes, arguments first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (NodeId, Node)> + '_ {
        self.nodes.iter().enumerate().map(|(index, node)| {
            (
                NodeId(u32::try_from(index).expect("fewer than 2^32 nodes")),
                *node,
            )
        })
    }

    /// How many origins there are.
    pub fn origin_count(&self) -> u32 {
        self.origins
    }

    /// A fresh origin, different from all others of this graph.
    pub fn origin(&mut self) -> Origin {
        self.origins += 1;
        Origin(self.origins - 1)
    }

    /// A number.
    pub fn number(&mut self, value: f64) -> NodeId {
        let value = if value.is_nan() { f64::NAN } else { value };
        let facts = Facts {
            ty: ExprTy::NUM,
            range: Range::point(value),
            uses_grad: false,
            is_random: false,
            needs_matrix: false,
        };
        self.insert(Node::Number(value.to_bits()), facts)
    }

    /// A leaf.
    pub fn leaf(&mut self, leaf: Leaf) -> NodeId {
        let facts = Facts {
            ty: leaf.ty(),
            range: leaf.range(),
            uses_grad: leaf == Leaf::Grad,
            is_random: matches!(leaf, Leaf::Noise | Leaf::StepNoise),
            needs_matrix: false,
        };
        self.insert(Node::Leaf(leaf), facts)
    }

    /// An op on nodes; a `drop` gets a mask of its own. Operations on numbers alone are folded.
    ///
    /// # Errors
    /// The two shapes that do not fit each other; the graph is unchanged then.
    pub fn apply(&mut self, op: Op, args: &[NodeId]) -> Result<NodeId, Mismatch> {
        if op == Op::Drop {
            let mask = self.origin();
            return self.drop_masked(args[0], args[1], mask);
        }
        if let Some(value) = self.fold(op, args) {
            return Ok(self.number(value));
        }
        if let Some(same) = self.unchanged(op, args) {
            return Ok(same);
        }
        let facts = self.facts_of(op, args)?;
        Ok(self.insert(Node::Apply(op, Args::from_slice(args)), facts))
    }

    /// `drop(x, p)` under a given mask.
    ///
    /// # Errors
    /// The two shapes that do not fit each other.
    pub fn drop_masked(&mut self, x: NodeId, p: NodeId, mask: Origin) -> Result<NodeId, Mismatch> {
        let facts = Facts {
            is_random: true,
            ..self.facts_of(Op::Drop, &[x, p])?
        };
        self.origins = self.origins.max(mask.0 + 1);
        Ok(self.insert(Node::Drop { x, p, mask }, facts))
    }

    /// The previous update of the rule with this origin.
    pub fn last_update(&mut self, rule: Origin) -> NodeId {
        self.origins = self.origins.max(rule.0 + 1);
        let facts = Facts {
            ty: ExprTy::TENSOR,
            range: Range::ANY,
            // Whether it does is known only once the rule is complete; that it may is enough here.
            uses_grad: false,
            is_random: false,
            needs_matrix: false,
        };
        self.insert(Node::LastUpdate(rule), facts)
    }

    /// The update of the rule with this origin: what its `last(update)` remembers.
    pub fn own(&mut self, rule: Origin, body: NodeId) -> NodeId {
        self.origins = self.origins.max(rule.0 + 1);
        let facts = *self.facts(body);
        self.insert(Node::Own { rule, body }, facts)
    }

    /// A point to come back to.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            nodes: self.nodes.len(),
            origins: self.origins,
        }
    }

    /// Forgets all nodes made since the checkpoint.
    pub fn truncate(&mut self, to: Checkpoint) {
        for node in self.nodes.drain(to.nodes..) {
            self.known.remove(&node);
        }
        self.facts.truncate(to.nodes);
        self.origins = to.origins;
    }

    fn fold(&self, op: Op, args: &[NodeId]) -> Option<f64> {
        let mut values = [0.0; 3];
        let values = &mut values[..args.len()];
        for (value, arg) in values.iter_mut().zip(args) {
            *value = self.node(*arg).as_number()?;
        }
        op.apply(values)
    }

    /// The argument that an op leaves as it is, bit for bit: `1 * x`, `x / 1`, `x ^ 1`.
    fn unchanged(&self, op: Op, args: &[NodeId]) -> Option<NodeId> {
        #[allow(clippy::float_cmp, reason = "exactly one")]
        let is_one = |id: NodeId| self.node(id).as_number() == Some(1.0);
        match (op, args) {
            (Op::Mul, [one, x]) if is_one(*one) => Some(*x),
            (Op::Mul | Op::Div | Op::Pow, [x, one]) if is_one(*one) => Some(*x),
            _ => None,
        }
    }

    fn facts_of(&self, op: Op, args: &[NodeId]) -> Result<Facts, Mismatch> {
        let mut types = [ExprTy::NUM; 3];
        let mut ranges = [Range::ANY; 3];
        let (mut uses_grad, mut is_random) = (false, false);
        let mut needs_matrix = op.info().kind == crate::op::Kind::Matrix;
        for (i, arg) in args.iter().enumerate() {
            let facts = self.facts(*arg);
            (types[i], ranges[i]) = (facts.ty, facts.range);
            uses_grad |= facts.uses_grad;
            is_random |= facts.is_random;
            needs_matrix |= facts.needs_matrix;
        }
        let is_share = op == Op::Div
            && self.node(args[0]) == Node::Leaf(Leaf::Step)
            && self.node(args[1]) == Node::Leaf(Leaf::Total);
        // The step never passes the total.
        let range = if is_share {
            Range::UNIT
        } else {
            op.range(&ranges[..args.len()])
        };
        Ok(Facts {
            ty: op.result(&types[..args.len()])?,
            range,
            uses_grad,
            is_random,
            needs_matrix,
        })
    }

    fn insert(&mut self, node: Node, facts: Facts) -> NodeId {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        self.nodes.push(node);
        self.facts.push(facts);
        self.known.insert(node, id);
        id
    }
}

/// Whether a node's value is a truth value.
pub fn is_truth(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id), Node::Apply(op, _) if op.is_truth())
}

/// Whether a rule may have this shape as its update, given what else it uses.
pub fn fits_parameter(facts: &Facts) -> bool {
    facts.ty.shape.fits_parameter()
        && (facts.ty.shape == Shape::Scalar || facts.ty.stage == Stage::Tensor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_expressions_are_one_node() {
        let mut graph = Graph::default();
        let g = graph.leaf(Leaf::Grad);
        let beta = graph.number(0.9);
        let a = graph.apply(Op::Ema, &[g, beta]).expect("shapes fit");
        let b = graph.apply(Op::Ema, &[g, beta]).expect("shapes fit");
        assert_eq!(a, b);
        assert_eq!(graph.ty(a), ExprTy::TENSOR);
    }

    #[test]
    fn written_drops_have_masks_of_their_own() {
        let mut graph = Graph::default();
        let g = graph.leaf(Leaf::Grad);
        let p = graph.number(0.3);
        let a = graph.apply(Op::Drop, &[g, p]).expect("shapes fit");
        let b = graph.apply(Op::Drop, &[g, p]).expect("shapes fit");
        assert_ne!(a, b);
    }

    #[test]
    fn truncate_forgets_nodes_and_their_names() {
        let mut graph = Graph::default();
        let g = graph.leaf(Leaf::Grad);
        let before = graph.checkpoint();
        let a = graph.apply(Op::Sign, &[g]).expect("shapes fit");
        graph.truncate(before);
        assert_eq!(graph.len(), 1);
        assert_eq!(graph.apply(Op::Sign, &[g]), Ok(a));
    }

    #[test]
    fn share_of_steps_done_is_in_unit_interval() {
        let mut graph = Graph::default();
        let (t, total) = (graph.leaf(Leaf::Step), graph.leaf(Leaf::Total));
        let share = graph.apply(Op::Div, &[t, total]).expect("shapes fit");
        assert_eq!(graph.facts(share).range, Range::UNIT);
    }
}
