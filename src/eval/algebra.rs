//! The algebra of rules from the language: `canon`, `key`, `equal`, `dedup`.

use super::builtin::Given;
use super::lists::outside;
use super::{Evaluator, Result, Value};
use crate::algebra::{Algebra, UpTo, key_text};
use crate::ir::Rule;
use crate::source::Span;
use std::rc::Rc;

impl Evaluator<'_> {
    /// `canon(rule, up_to:)`.
    pub(super) fn canon(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (rule, up_to) = self.rule_up_to(given, span)?;
        let normal = Algebra::new().normal_up_to(&rule, up_to);
        let node = self.graph.graft(normal.rule());
        Ok(self.of_node(node))
    }

    /// `key(rule, up_to:)`.
    pub(super) fn key(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (rule, up_to) = self.rule_up_to(given, span)?;
        let key = Algebra::new().key(&rule, up_to);
        Ok(Value::Str(key_text(key).into()))
    }

    /// `equal(a, b)`.
    pub(super) fn equal(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (Some((a, a_place)), Some((b, b_place))) = (&given[0], &given[1]) else {
            return Err(self.unexpected(span, "two rules"));
        };
        let (a, b) = (self.extract(a, *a_place)?, self.extract(b, *b_place)?);
        let verdict = Algebra::new().equal(&a, &b);
        let multiple = verdict
            .multiple()
            .map_or(String::new(), |multiple| multiple.factor.clone());
        let values = [
            Value::Str(verdict.word().into()),
            Value::Str(verdict.to_string().into()),
            Value::Str(multiple.into()),
        ];
        Ok(Value::Record(
            self.known.verdict.iter().copied().zip(values).collect(),
        ))
    }

    /// `dedup(rules, up_to:)`: one rule of each class, in order, and which others each stands for.
    pub(super) fn dedup(&mut self, given: &Given, span: Span) -> Result<Value> {
        let Some((rules, place)) = &given[0] else {
            return Err(self.unexpected(span, "rules"));
        };
        let items: Vec<Value> = match rules {
            Value::List(items) => items.to_vec(),
            rule => vec![rule.clone()],
        };
        let up_to = self.up_to(given, 1)?;
        let mut algebra = Algebra::new();
        let mut classes: Vec<([u8; 16], Value, Vec<Value>)> = Vec::new();
        let mut places = rustc_hash::FxHashMap::default();
        for item in items {
            let rule = self.extract(&item, *place)?;
            let key = algebra.key(&rule, up_to);
            let class = *places.entry(key).or_insert_with(|| {
                classes.push((key, item.clone(), Vec::new()));
                classes.len() - 1
            });
            let shown = Value::Str(self.shower().plain(&item).into());
            classes[class].2.push(shown);
        }
        let kept: Rc<[Value]> = classes.iter().map(|(_, rule, _)| rule.clone()).collect();
        let rows: Rc<[Value]> = classes
            .into_iter()
            .map(|(key, rule, mut members)| {
                members.remove(0);
                let shown = Value::Str(self.shower().plain(&rule).into());
                let values = [
                    shown,
                    Value::Str(key_text(key).into()),
                    Value::List(members.into()),
                ];
                Value::Record(self.known.class.iter().copied().zip(values).collect())
            })
            .collect();
        let values = [Value::List(kept), Value::List(rows)];
        Ok(Value::Record(
            self.known.dedup.iter().copied().zip(values).collect(),
        ))
    }

    fn rule_up_to(&mut self, given: &Given, span: Span) -> Result<(Rule, UpTo)> {
        let Some((value, place)) = &given[0] else {
            return Err(self.unexpected(span, "a rule"));
        };
        Ok((self.extract(value, *place)?, self.up_to(given, 1)?))
    }

    /// The argument `up_to:`.
    fn up_to(&self, given: &Given, index: usize) -> Result<UpTo> {
        match given.get(index).and_then(Option::as_ref) {
            None => Ok(UpTo::Nothing),
            Some((Value::Str(text), _)) if text.as_ref() == "lr" => Ok(UpTo::Rate),
            Some((Value::Str(text), _)) if text.as_ref() == "sign" => Ok(UpTo::RateAndSign),
            Some((Value::Str(text), place)) => Err(outside(
                *place,
                format!("`up_to` is \"{text}\""),
                "write `up_to: \"lr\"` or `up_to: \"sign\"`",
            )),
            Some((_, place)) => Err(self.unexpected(*place, "text")),
        }
    }
}
