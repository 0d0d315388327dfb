//! `run`: the weights after each step of a rule that is fed given gradients.

use super::builtin::{Given, needs_matrix};
use super::lists::{outside, whole};
use super::{Evaluator, Result, Value};
use crate::engine::{Runner, TensorShape};
use crate::source::Span;

/// How one step's gradient is written, and so its weights are shown.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Number,
    Vector(usize),
    Matrix(usize, usize),
}

impl Form {
    fn len(self) -> usize {
        match self {
            Self::Number => 1,
            Self::Vector(len) => len,
            Self::Matrix(rows, cols) => rows * cols,
        }
    }

    fn shape(self) -> TensorShape {
        match self {
            Self::Number | Self::Vector(_) => TensorShape::Vector(self.len()),
            Self::Matrix(rows, cols) => TensorShape::Matrix(rows, cols),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Number => "one number".to_owned(),
            Self::Vector(len) => format!("{len} numbers"),
            Self::Matrix(rows, cols) => format!("{rows} by {cols} numbers"),
        }
    }

    fn value(self, w: &[f64]) -> Value {
        let list = |numbers: &[f64]| Value::List(numbers.iter().copied().map(Value::Num).collect());
        match self {
            Self::Number => Value::Num(w[0]),
            Self::Vector(_) => list(w),
            Self::Matrix(_, cols) => Value::List(w.chunks(cols.max(1)).map(list).collect()),
        }
    }
}

impl Evaluator<'_> {
    /// `run(rule, grads, lr:, w0:, T:, seed:)`.
    pub(super) fn run_rule(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (Some((rule, place)), Some((Value::List(steps), steps_place))) = (&given[0], &given[1])
        else {
            return Err(self.unexpected(span, "a rule and a list of gradients"));
        };
        let rule = self.extract(rule, *place)?;
        let mut form = None;
        let mut grads = Vec::with_capacity(steps.len());
        for (index, step) in steps.iter().enumerate() {
            let (found, numbers) = self.gradient(step, *steps_place)?;
            let first = *form.get_or_insert(found);
            if found != first {
                return Err(outside(
                    *steps_place,
                    format!(
                        "step {} has {}, the first has {}",
                        index + 1,
                        found.text(),
                        first.text()
                    ),
                    "give every step as many gradients",
                ));
            }
            grads.push(numbers);
        }
        let form = form.unwrap_or(Form::Number);
        let lr = match &given[2] {
            Some((Value::Num(lr), _)) => *lr,
            Some(_) | None => 0.1,
        };
        let mut w = match &given[3] {
            Some((value, place)) => self.start(value, form, *place)?,
            None => vec![0.0; form.len()],
        };
        let total = match &given[4] {
            Some((Value::Num(total), place)) => whole(*total, 1.0, 1e9, "`T` of `run`", *place)?,
            Some(_) | None => grads.len().max(1) as u64,
        };
        let seed = match &given[5] {
            Some((Value::Num(seed), place)) => {
                whole(*seed, 0.0, 9_007_199_254_740_992.0, "the seed", *place)?
            }
            Some(_) | None => 0,
        };
        let mut runner = Runner::new(&rule, &[form.shape()], seed)
            .map_err(|error| needs_matrix(*place, &error.to_string()))?;
        let mut out = Vec::with_capacity(grads.len());
        for (step, g) in (0u64..).zip(&grads) {
            if step % 4096 == 0 {
                self.alive(span)?;
            }
            runner
                .step(0, &mut w, g, lr, (step, total))
                .map_err(|error| outside(*place, error.to_string(), "give another rule"))?;
            out.push(form.value(&w));
        }
        Ok(Value::List(out.into()))
    }

    /// One step's gradient: a number, a list, or a list of rows.
    fn gradient(&self, value: &Value, span: Span) -> Result<(Form, Vec<f64>)> {
        match value {
            Value::Num(number) => Ok((Form::Number, vec![*number])),
            Value::List(rows) if rows.iter().any(|row| matches!(row, Value::List(_))) => {
                let rows: Vec<Vec<f64>> = rows
                    .iter()
                    .map(|row| self.number_or_numbers(row, span))
                    .collect::<Result<_>>()?;
                let cols = rows.first().map_or(0, Vec::len);
                if rows.iter().any(|row| row.len() != cols) {
                    return Err(outside(
                        span,
                        "a matrix has rows of different lengths".to_owned(),
                        "give every row as many numbers",
                    ));
                }
                Ok((Form::Matrix(rows.len(), cols), rows.concat()))
            }
            Value::List(numbers) => {
                let numbers = self.numbers(numbers, span)?;
                Ok((Form::Vector(numbers.len()), numbers))
            }
            _ => Err(self.unexpected(span, "a number, a list of numbers or a matrix")),
        }
    }

    /// The weights to start from: one number for all, or one for each.
    fn start(&self, value: &Value, form: Form, span: Span) -> Result<Vec<f64>> {
        let (found, numbers) = self.gradient(value, span)?;
        if found == Form::Number {
            return Ok(vec![numbers[0]; form.len()]);
        }
        if numbers.len() == form.len() {
            return Ok(numbers);
        }
        Err(outside(
            span,
            format!(
                "`w0` has {}, the gradients have {}",
                found.text(),
                form.text()
            ),
            "give one weight for each gradient",
        ))
    }
}
