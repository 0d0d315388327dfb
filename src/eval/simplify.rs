//! `simplify` and `cost` from the language.

use super::builtin::Given;
use super::{Evaluator, Result, Value};
use crate::algebra::{Simplifier, cost};
use crate::ir::{Node, NodeId, Origin, Rule};
use crate::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};

impl Evaluator<'_> {
    /// `simplify(rule)`.
    pub(super) fn simplify(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (node, rule) = self.rule_of(given, span)?;
        let simple = Simplifier::new().simplify(&rule);
        if simple.text() == rule.text() {
            return Ok(self.of_node(node));
        }
        let node = self.graft(&simple, node);
        Ok(self.of_node(node))
    }

    /// `cost(rule)`.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a cost that is no exact double is too large to matter"
    )]
    pub(super) fn cost(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (_, rule) = self.rule_of(given, span)?;
        Ok(Value::Num(cost(&rule) as f64))
    }

    fn rule_of(&mut self, given: &Given, span: Span) -> Result<(NodeId, Rule)> {
        let Some((value, place)) = &given[0] else {
            return Err(self.unexpected(span, "a rule"));
        };
        let Some(node) = self.node(value) else {
            return Err(self.unexpected(*place, "a rule"));
        };
        Ok((node, Rule::new(self.graph, node)))
    }

    /// Brings a rule that was made from a node back into the graph. Its masks are new ones, as if it were written anew.
    fn graft(&mut self, rule: &Rule, from: NodeId) -> NodeId {
        let free = self.free_update(from);
        let mut origins: FxHashMap<Origin, Origin> = FxHashMap::default();
        let mut copies: Vec<NodeId> = Vec::with_capacity(rule.graph().len());
        for (id, node) in rule.graph().iter() {
            let args: Vec<NodeId> = node
                .args()
                .as_slice()
                .iter()
                .map(|arg| copies[arg.0 as usize])
                .collect();
            let graph = &mut *self.graph;
            let mut origin = |origin: Origin, graph: &mut crate::ir::Graph| {
                *origins.entry(origin).or_insert_with(|| graph.origin())
            };
            let root = rule.graph().node(rule.root());
            let is_free = |origin: Origin| matches!(root, Node::Own { rule, .. } if rule == origin);
            copies.push(match (node, free) {
                (Node::Number(bits), _) => graph.number(f64::from_bits(bits)),
                (Node::Leaf(leaf), _) => graph.leaf(leaf),
                (Node::Apply(op, _), _) => graph
                    .apply(op, &args)
                    .expect("shapes fit here as they did in the rule"),
                (Node::Drop { mask, .. }, _) => {
                    let mask = origin(mask, graph);
                    graph
                        .drop_masked(args[0], args[1], mask)
                        .expect("shapes fit here as they did in the rule")
                }
                // The update of whatever rule this stands in.
                (Node::LastUpdate(of), Some(free)) if is_free(of) => graph.last_update(free),
                (Node::Own { .. }, Some(_)) if id == rule.root() => args[0],
                (Node::LastUpdate(of), _) => {
                    let of = origin(of, graph);
                    graph.last_update(of)
                }
                (Node::Own { rule, .. }, _) => {
                    let rule = origin(rule, graph);
                    graph.own(rule, args[0])
                }
            });
        }
        copies[rule.root().0 as usize]
    }

    /// The rule whose `last(update)` an expression mentions without being inside it.
    fn free_update(&self, root: NodeId) -> Option<Origin> {
        let (mut claimed, mut mentioned) = (Vec::new(), Vec::new());
        let mut seen = FxHashSet::default();
        let mut stack = vec![root];
        while let Some(id) = stack.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = self.graph.node(id);
            match node {
                Node::Own { rule, .. } => claimed.push(rule),
                Node::LastUpdate(rule) => mentioned.push(rule),
                Node::Number(_) | Node::Leaf(_) | Node::Apply(..) | Node::Drop { .. } => {}
            }
            stack.extend_from_slice(node.args().as_slice());
        }
        mentioned.into_iter().find(|rule| !claimed.contains(rule))
    }
}
