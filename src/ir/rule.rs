//! A rule as a graph of its own.

use super::{Graph, Node, NodeId, Origin};
use crate::op::{Leaf, Op};
use crate::types::{ExprTy, Shape};
use rustc_hash::FxHashMap;

/// One expression with just the nodes it needs; the last node is the update.
#[derive(Clone, Debug)]
pub struct Rule {
    graph: Graph,
    root: NodeId,
}

/// How much a rule remembers from step to step.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Slots {
    /// Values kept for every element of the parameter.
    pub per_element: usize,
    /// Values kept for every row or column of a matrix parameter.
    pub per_side: usize,
    /// Values kept once for a parameter tensor.
    pub per_tensor: usize,
}

impl Rule {
    /// The part of a graph that one node needs, renumbered: nodes in depth-first order, origins in order of appearance.
    /// A `last(update)` that no enclosing rule has claimed means this expression's own update.
    pub fn new(source: &Graph, root: NodeId) -> Self {
        let mut extract = Extract::new(source);
        let mut body = extract.copy(root);
        if let Some(free) = extract.free {
            body = extract.graph.own(free, body);
        }
        Self {
            graph: extract.graph,
            root: body,
        }
    }

    /// The nodes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The update.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// The stage and shape of the update.
    pub fn ty(&self) -> ExprTy {
        let facts = self.graph.facts(self.root);
        if facts.needs_matrix && facts.ty.shape == Shape::Own {
            ExprTy {
                shape: Shape::FULL,
                ..facts.ty
            }
        } else {
            facts.ty
        }
    }

    /// Whether the rule needs a matrix parameter.
    pub fn needs_matrix(&self) -> bool {
        self.graph.facts(self.root).needs_matrix
    }

    /// Whether the rule depends on noise or a mask.
    pub fn is_random(&self) -> bool {
        self.graph.facts(self.root).is_random
    }

    /// Whether the update depends on the gradient, now or before.
    pub fn uses_grad(&self) -> bool {
        self.graph.facts(self.root).uses_grad
    }

    /// Whether the update mentions this leaf.
    pub fn mentions(&self, leaf: Leaf) -> bool {
        self.graph.iter().any(|(_, node)| node == Node::Leaf(leaf))
    }

    /// How much the rule remembers.
    pub fn slots(&self) -> Slots {
        let mut slots = Slots::default();
        for (id, node) in self.graph.iter() {
            let keeps = match node {
                Node::Apply(op, _) => op.has_state(),
                Node::Own { .. } => true,
                Node::Number(_) | Node::Leaf(_) | Node::Drop { .. } | Node::LastUpdate(_) => false,
            };
            if keeps && !self.graph.is_old_value(id) {
                match self.graph.ty(id).shape {
                    Shape::Scalar => slots.per_tensor += 1,
                    Shape::Own | Shape::FULL => slots.per_element += 1,
                    Shape::Matrix(..) => slots.per_side += 1,
                }
            }
        }
        slots
    }

    /// The rule as text of the language.
    pub fn text(&self) -> String {
        super::text(&self.graph, self.root)
    }
}

impl Graph {
    /// Whether a node is the `last` value of state that is kept anyway, and so needs no state of its own: `last(ema(g, 0.9))`.
    pub fn is_old_value(&self, id: NodeId) -> bool {
        let Node::Apply(Op::Last, args) = self.node(id) else {
            return false;
        };
        let [x, initial] = *args.as_slice() else {
            return false;
        };
        self.ty(id).shape == Shape::Own
            && self.node(initial) == Node::Number(0.0_f64.to_bits())
            && matches!(
                self.node(x),
                Node::Apply(Op::Ema | Op::Trace | Op::Total, _)
            )
    }

    /// Adds a rule's nodes, with origins of their own; the node of its update.
    ///
    /// # Panics
    /// Never: shapes that fit in one graph fit in another.
    pub fn graft(&mut self, rule: &Rule) -> NodeId {
        self.graft_within(rule, None)
    }

    /// As [`Graph::graft`], for a rule that is part of another: where it remembers its own update, the other's is meant.
    ///
    /// # Panics
    /// Never: shapes that fit in one graph fit in another.
    pub fn graft_within(&mut self, rule: &Rule, other: Option<Origin>) -> NodeId {
        let base = self.origin_count();
        let own = match rule.graph.node(rule.root) {
            Node::Own { rule, .. } => Some(rule),
            Node::Number(_)
            | Node::Leaf(_)
            | Node::Apply(..)
            | Node::Drop { .. }
            | Node::LastUpdate(_) => None,
        };
        let moved = |origin: Origin| match other {
            Some(other) if own == Some(origin) => other,
            Some(_) | None => Origin(base + origin.0),
        };
        let mut nodes: Vec<NodeId> = Vec::with_capacity(rule.graph.len());
        for (id, node) in rule.graph.iter() {
            let new = |id: NodeId| nodes[id.0 as usize];
            let node = match node {
                Node::Number(bits) => self.number(f64::from_bits(bits)),
                Node::Leaf(leaf) => self.leaf(leaf),
                Node::Apply(op, args) => {
                    let args: Vec<NodeId> = args.as_slice().iter().map(|id| new(*id)).collect();
                    self.apply(op, &args)
                        .expect("shapes fit in the copy as they did in the rule")
                }
                Node::Drop { x, p, mask } => self
                    .drop_masked(new(x), new(p), moved(mask))
                    .expect("shapes fit in the copy as they did in the rule"),
                Node::LastUpdate(rule) => self.last_update(moved(rule)),
                Node::Own { body, .. } if id == rule.root && other.is_some() => new(body),
                Node::Own { rule, body } => self.own(moved(rule), new(body)),
            };
            nodes.push(node);
        }
        nodes[rule.root.0 as usize]
    }
}

/// Copies reachable nodes into a fresh graph without recursion: rules can be deep.
struct Extract<'a> {
    source: &'a Graph,
    graph: Graph,
    nodes: FxHashMap<NodeId, NodeId>,
    origins: FxHashMap<Origin, Origin>,
    claimed: Vec<Origin>,
    free: Option<Origin>,
}

impl<'a> Extract<'a> {
    fn new(source: &'a Graph) -> Self {
        Self {
            source,
            graph: Graph::default(),
            nodes: FxHashMap::default(),
            origins: FxHashMap::default(),
            claimed: Vec::new(),
            free: None,
        }
    }

    fn copy(&mut self, root: NodeId) -> NodeId {
        self.claim(root);
        let mut stack = vec![(root, false)];
        while let Some((id, ready)) = stack.pop() {
            if self.nodes.contains_key(&id) {
                continue;
            }
            if ready {
                let copy = self.copy_node(self.source.node(id));
                self.nodes.insert(id, copy);
            } else {
                stack.push((id, true));
                for arg in self.source.node(id).args().as_slice().iter().rev() {
                    stack.push((*arg, false));
                }
            }
        }
        self.nodes[&root]
    }

    /// Finds which rules enclose the expression's parts: their `last(update)` is bound.
    fn claim(&mut self, root: NodeId) {
        let mut seen = rustc_hash::FxHashSet::default();
        let mut stack = vec![root];
        while let Some(id) = stack.pop() {
            if seen.insert(id) {
                let node = self.source.node(id);
                if let Node::Own { rule, .. } = node {
                    self.claimed.push(rule);
                }
                stack.extend_from_slice(node.args().as_slice());
            }
        }
    }

    fn copy_node(&mut self, node: Node) -> NodeId {
        let map = |nodes: &FxHashMap<NodeId, NodeId>, id: NodeId| nodes[&id];
        match node {
            Node::Number(bits) => self.graph.number(f64::from_bits(bits)),
            Node::Leaf(leaf) => self.graph.leaf(leaf),
            Node::Apply(op, args) => {
                let args: Vec<NodeId> = args
                    .as_slice()
                    .iter()
                    .map(|id| map(&self.nodes, *id))
                    .collect();
                self.graph
                    .apply(op, &args)
                    .expect("shapes fit in the copy as they did in the source")
            }
            Node::Drop { x, p, mask } => {
                let mask = self.renumber(mask);
                let (x, p) = (map(&self.nodes, x), map(&self.nodes, p));
                self.graph
                    .drop_masked(x, p, mask)
                    .expect("shapes fit in the copy as they did in the source")
            }
            Node::LastUpdate(rule) => {
                let is_free = !self.claimed.contains(&rule);
                // All unclaimed ones mean the same update: that of the whole expression.
                let rule = match (is_free, self.free) {
                    (true, Some(free)) => free,
                    (true, None) | (false, _) => self.renumber(rule),
                };
                if is_free {
                    self.free = Some(rule);
                }
                self.graph.last_update(rule)
            }
            Node::Own { rule, body } => {
                let rule = self.renumber(rule);
                let body = map(&self.nodes, body);
                self.graph.own(rule, body)
            }
        }
    }

    fn renumber(&mut self, origin: Origin) -> Origin {
        if let Some(known) = self.origins.get(&origin) {
            return *known;
        }
        let fresh = self.graph.origin();
        self.origins.insert(origin, fresh);
        fresh
    }
}
