//! The computation graph of a rule from the language: `graph`.

use super::builtin::Given;
use super::show::operands;
use super::tokens::NAMED;
use super::{Evaluator, Result, Value};
use crate::ir::Diagram;
use crate::source::Span;
use std::rc::Rc;

impl Evaluator<'_> {
    /// `graph(rule)`: the paper's operands stand in it by their names, as long as these names mean them.
    pub(super) fn diagram(&mut self, given: &Given, span: Span) -> Result<Value> {
        let Some((value, place)) = &given[0] else {
            return Err(self.unexpected(span, "a rule"));
        };
        let Some(node) = self.node(value) else {
            return Err(self.unexpected(*place, "a rule"));
        };
        let name = match value {
            Value::Rule(rule) => rule.name.as_ref(),
            _ => "update",
        };
        let operands = operands(self.names, self.scope, &NAMED);
        let diagram = Diagram::new(self.graph, node, name, &operands);
        Ok(Value::Diagram(Rc::new(diagram)))
    }
}
