//! Lists and numbers.

use super::{Evaluator, Result, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::op::{Op, number_text};
use crate::source::Span;
use std::cmp::Ordering;
use std::rc::Rc;

impl Evaluator<'_> {
    /// `sum`, `mean`, `norm`, `rms`, `min` or `max` of a list of numbers.
    #[allow(
        clippy::cast_precision_loss,
        reason = "lists are far shorter than 2^52"
    )]
    pub(super) fn reduce_list(&mut self, op: Op, items: &[Value], span: Span) -> Result<Value> {
        let numbers = self.numbers(items, span)?;
        let count = numbers.len() as f64;
        if numbers.is_empty() && !matches!(op, Op::Sum | Op::Norm) {
            return Err(outside(
                span,
                format!("`{}` of an empty list", op.name()),
                "give it at least one number",
            ));
        }
        let squares = || numbers.iter().map(|x| x * x).sum::<f64>();
        Ok(Value::Num(match op {
            Op::Mean => numbers.iter().sum::<f64>() / count,
            Op::Norm => squares().sqrt(),
            Op::Rms => (squares() / count).sqrt(),
            Op::Min | Op::Max => numbers
                .iter()
                .skip(1)
                .fold(numbers[0], |a, b| op.apply(&[a, *b]).unwrap_or(f64::NAN)),
            _ => numbers.iter().sum::<f64>(),
        }))
    }

    /// The numbers of a list.
    pub(super) fn numbers(&self, items: &[Value], span: Span) -> Result<Vec<f64>> {
        items
            .iter()
            .map(|item| match item {
                Value::Num(number) => Ok(*number),
                _ => Err(self.unexpected(span, "a list of numbers")),
            })
            .collect()
    }

    /// A number or a list of them.
    pub(super) fn number_or_numbers(&self, value: &Value, span: Span) -> Result<Vec<f64>> {
        match value {
            Value::Num(number) => Ok(vec![*number]),
            Value::List(items) => self.numbers(items, span),
            _ => Err(self.unexpected(span, "a number or a list of numbers")),
        }
    }

    pub(super) fn range(
        &mut self,
        start: f64,
        stop: Option<f64>,
        step: Option<f64>,
        span: Span,
    ) -> Result<Value> {
        let (start, stop) = stop.map_or((0.0, start), |stop| (start, stop));
        let step = step.unwrap_or(1.0);
        if !(start.is_finite() && stop.is_finite() && step.is_finite()) || step == 0.0 {
            return Err(outside(
                span,
                "`range` takes finite numbers and a step that is not 0".to_owned(),
                "write `range(0, 1, 0.1)`",
            ));
        }
        let count = ((stop - start) / step).ceil().max(0.0);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and too many are refused"
        )]
        let count = count as usize;
        self.room(count, span)?;
        #[allow(clippy::cast_precision_loss, reason = "at most ten million")]
        Ok(Value::List(
            (0..count)
                .map(|i| Value::Num(start + i as f64 * step))
                .collect(),
        ))
    }

    /// The items in ascending order of a key.
    pub(super) fn sort(
        &mut self,
        items: &[Value],
        by: Option<&Value>,
        span: Span,
    ) -> Result<Value> {
        let mut keyed = Vec::with_capacity(items.len());
        for item in items {
            let key = match by {
                Some(function) => self.on_item(function, item.clone(), span)?,
                None => item.clone(),
            };
            if !matches!(key, Value::Num(_) | Value::Str(_) | Value::Bool(_)) {
                return Err(Box::new(
                    Diagnostic::new(
                        Code::E0305,
                        span,
                        format!("expected numbers or text to sort by, found {}", key.noun()),
                    )
                    .here("cannot be ordered")
                    .help("give a key: `sort(xs, by: fn(x) => …)`"),
                ));
            }
            keyed.push((key, item.clone()));
        }
        keyed.sort_by(|a, b| order(&a.0, &b.0));
        Ok(Value::List(
            keyed.into_iter().map(|(_, item)| item).collect(),
        ))
    }

    pub(super) fn round(x: f64, digits: f64) -> Value {
        // Through decimal text: the result is the number nearest to the rounded decimal.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to 15, as the checker has seen"
        )]
        let digits = digits.clamp(0.0, 15.0) as usize;
        Value::Num(format!("{x:.digits$}").parse().unwrap_or(x) + 0.0)
    }

    pub(super) fn zip(a: &[Value], b: &[Value]) -> Value {
        Value::List(
            a.iter()
                .zip(b)
                .map(|(x, y)| Value::List(Rc::from([x.clone(), y.clone()])))
                .collect(),
        )
    }
}

/// Numbers by size with NaN last, text by letters, false before true.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Num(a), Value::Num(b)) => a
            .partial_cmp(b)
            .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())),
        (Value::Str(a), Value::Str(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

/// The items of a list, or the one value that stands for a list of it.
pub(super) fn one_or_many(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.to_vec(),
        one => vec![one.clone()],
    }
}

/// A value that was computed and is not one the function takes.
pub(super) fn outside(span: Span, headline: String, help: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(Code::E0508, span, headline)
            .here("outside")
            .help(help),
    )
}

/// A whole number in a range, as the language writes numbers.
pub(super) fn whole(value: f64, lo: f64, hi: f64, what: &str, span: Span) -> Result<u64> {
    if value.fract() != 0.0 || !(lo..=hi).contains(&value) {
        let (lo, hi) = (number_text(lo), number_text(hi));
        return Err(outside(
            span,
            format!("{what} is {}", number_text(value)),
            &format!("choose a whole number from {lo} to {hi}"),
        ));
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and in range"
    )]
    Ok(value as u64)
}
