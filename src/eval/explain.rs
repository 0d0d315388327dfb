//! Rules explained from the language: `explain`.

use super::builtin::Given;
use super::show::{OPERANDS, operands};
use super::{Evaluator, Result, Value};
use crate::explain::{Field, Subject, explain};
use crate::ir;
use crate::source::Span;
use std::rc::Rc;

impl Evaluator<'_> {
    /// `explain(rule)`: operands stand in it by their names, as long as these names mean them.
    pub(super) fn explain(&mut self, given: &Given, span: Span) -> Result<Value> {
        let Some((value, place)) = &given[0] else {
            return Err(self.unexpected(span, "a rule"));
        };
        let rule = self.extract(value, *place)?;
        let name = match value {
            Value::Rule(rule) => rule.name.as_ref(),
            _ => "",
        };
        let operands = operands(self.names, self.scope, &OPERANDS)
            .into_iter()
            .map(|(node, name)| (ir::text(self.graph, node), name))
            .collect();
        let formula = self.shower().formula(value);
        let subject = Subject {
            name,
            formula: &formula,
            rule: &rule,
            operands: &operands,
        };
        Ok(Value::Explanation(Rc::new(explain(&subject, self.library))))
    }
}

/// A field of an explanation as a value.
pub(super) fn field(field: Field) -> Value {
    match field {
        Field::Text(text) => Value::Str(text.into()),
        Field::Number(number) => Value::Num(number),
        Field::Texts(texts) => Value::List(
            texts
                .into_iter()
                .map(|text| Value::Str(text.into()))
                .collect(),
        ),
    }
}
