//! `simplify` and `cost` from the language.

use super::builtin::Given;
use super::{Evaluator, Result, Value};
use crate::algebra::{Simplifier, cost};
use crate::ir::{Node, NodeId, Origin, Rule};
use crate::source::Span;
use rustc_hash::FxHashSet;

impl Evaluator<'_> {
    /// `simplify(rule)`.
    pub(super) fn simplify(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (node, rule) = self.rule_of(given, span)?;
        let simple = Simplifier::new().simplify(&rule);
        if simple.text() == rule.text() {
            return Ok(self.of_node(node));
        }
        // Its masks are new ones, as if it were written anew.
        let within = self.free_update(node);
        let node = self.graph.graft_within(&simple, within);
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
