//! The built-in functions.

use super::lists::{outside, whole};
use super::{Evaluator, Result, Value};
use crate::bench;
use crate::builtin::{Builtin, Takes};
use crate::check::bind::{Signature, bind, builtin_params};
use crate::diagnostic::{Code, Diagnostic};
use crate::engine::{Objective, Runner, TensorShape};
use crate::ir;
use crate::op::{Leaf, Param};
use crate::source::Span;
use crate::syntax::ast::{ExprKind, Run, Tree};
use crate::types::Stage;
use std::rc::Rc;

/// The arguments of a call in order of parameters, each with its place.
pub(super) type Given = Vec<Option<(Value, Span)>>;

impl Evaluator<'_> {
    pub(super) fn call_builtin(
        &mut self,
        builtin: Builtin,
        tree: &Rc<Tree>,
        args: Run,
        span: Span,
    ) -> Result<Value> {
        let info = builtin.info();
        let params = builtin_params(info);
        let signature = Signature::of_builtin(info, &params);
        let bound =
            bind(&signature, tree, span, tree.args(args), self.names).map_err(|problems| {
                Box::new(
                    problems
                        .into_iter()
                        .next()
                        .expect("a call that does not fit has at least one problem"),
                )
            })?;
        match (builtin, bound.first()) {
            (Builtin::Own, Some(Some(id))) => return self.own(tree, *id),
            (Builtin::Help, Some(Some(id))) => {
                // `help(sign)` is about the name, not its value.
                if let ExprKind::Name(name) = tree.expr(tree.unparen(*id)).kind {
                    let topic = self.names.text(name).to_string();
                    return self.show_help(&topic, tree.span(*id));
                }
            }
            _ => {}
        }
        let mut given = Vec::with_capacity(bound.len());
        for slot in &bound {
            given.push(match slot {
                Some(id) => Some((self.expr(tree, *id)?, tree.span(*id))),
                None => None,
            });
        }
        self.run_builtin(builtin, given, span)
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each built-in")]
    pub(super) fn run_builtin(
        &mut self,
        builtin: Builtin,
        mut given: Given,
        span: Span,
    ) -> Result<Value> {
        given.resize_with(given.len().max(builtin.info().params.len()), || None);
        self.check_numbers(builtin, &given)?;
        if matches!(
            builtin,
            Builtin::Print | Builtin::Save | Builtin::Load | Builtin::Help
        ) {
            self.note_effect();
        }
        let value = |index: usize| {
            given
                .get(index)
                .and_then(Option::as_ref)
                .map(|(value, _)| value)
        };
        let place = |index: usize| {
            given
                .get(index)
                .and_then(Option::as_ref)
                .map_or(span, |(_, place)| *place)
        };
        let number = |index: usize| match value(index) {
            Some(Value::Num(number)) => Some(*number),
            Some(_) | None => None,
        };
        let list = |index: usize| match value(index) {
            Some(Value::List(items)) => Ok(Rc::clone(items)),
            Some(_) | None => Err(self.unexpected(place(index), "a list")),
        };
        match builtin {
            Builtin::Print => {
                let shower = self.shower();
                let parts: Vec<String> = given
                    .iter()
                    .flatten()
                    .map(|(value, _)| shower.plain(value))
                    .collect();
                self.host.show(&parts.join(" "));
                Ok(Value::Unit)
            }
            Builtin::Str => Ok(Value::Str(
                value(0)
                    .map_or_else(String::new, |value| self.shower().plain(value))
                    .into(),
            )),
            Builtin::Round => Ok(Self::round(
                number(0).unwrap_or(f64::NAN),
                number(1).unwrap_or(0.0),
            )),
            #[allow(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
            Builtin::Len => match value(0) {
                Some(Value::List(items)) => Ok(Value::Num(items.len() as f64)),
                Some(Value::Str(text)) => Ok(Value::Num(text.chars().count() as f64)),
                Some(_) | None => Err(self.unexpected(place(0), "a list or text")),
            },
            Builtin::Range => self.range(number(0).unwrap_or(f64::NAN), number(1), number(2), span),
            Builtin::Grid => self.grid(&given, span),
            Builtin::Map => {
                let (items, function) = (list(0)?, value(1).cloned().unwrap_or(Value::Unit));
                let mut out = Vec::with_capacity(items.len());
                for item in items.iter() {
                    self.alive(span)?;
                    out.push(self.on_item(&function, item.clone(), place(1))?);
                }
                Ok(Value::List(out.into()))
            }
            Builtin::Filter => {
                let (items, function) = (list(0)?, value(1).cloned().unwrap_or(Value::Unit));
                let mut out = Vec::new();
                for item in items.iter() {
                    self.alive(span)?;
                    match self.on_item(&function, item.clone(), place(1))? {
                        Value::Bool(true) => out.push(item.clone()),
                        Value::Bool(false) => {}
                        _ => {
                            return Err(
                                self.unexpected(place(1), "a function that gives true or false")
                            );
                        }
                    }
                }
                Ok(Value::List(out.into()))
            }
            Builtin::Sort => {
                let (items, by) = (list(0)?, value(1).cloned());
                self.sort(&items, by.as_ref(), place(usize::from(by.is_some())))
            }
            Builtin::Reverse => Ok(Value::List(list(0)?.iter().rev().cloned().collect())),
            Builtin::Zip => {
                let (a, b) = (list(0)?, list(1)?);
                Ok(Self::zip(&a, &b))
            }
            Builtin::At => self.at(&given, span),
            Builtin::Run => self.run_rule(&given, span),
            Builtin::Own => match value(0) {
                Some(value) => Ok(value.clone()),
                None => Err(self.unexpected(span, "an expression")),
            },
            Builtin::Objective => self.objective(&given, span),
            Builtin::Space => self.space(&given, span),
            Builtin::Search => self.search(&given, span),
            Builtin::Logistic | Builtin::Mlp | Builtin::Convnet | Builtin::Wrn | Builtin::Lstm => {
                self.net(builtin, &given, span)
            }
            Builtin::Cifar | Builtin::Ptb | Builtin::Synthetic => self.data(builtin, &given, span),
            Builtin::Bench => self.bench(&given, span),
            Builtin::Train => self.train(builtin, &given, span),
            Builtin::Resume => self.resume(&given, span),
            Builtin::Runs => self.runs(span),
            Builtin::Leaderboard => self.leaderboard(&given, span),
            Builtin::Plot => self.plot(&given, span),
            Builtin::Graph => self.diagram(&given, span),
            Builtin::Explain => self.explain(&given, span),
            Builtin::Canon => self.canon(&given, span),
            Builtin::Key => self.key(&given, span),
            Builtin::Equal => self.equal(&given, span),
            Builtin::Dedup => self.dedup(&given, span),
            Builtin::Tokens => self.tokens(&given, span),
            Builtin::FromTokens => self.rule_from_tokens(&given, span),
            Builtin::Simplify => self.simplify(&given, span),
            Builtin::Cost => self.cost(&given, span),
            Builtin::Save => self.save(&given, span),
            Builtin::Load => self.load(&given, span),
            Builtin::Help => match value(0) {
                Some(Value::Str(topic)) => self.show_help(topic.as_ref(), place(0)),
                Some(Value::Rule(rule)) => {
                    let topic = rule.name.split('(').next().unwrap_or("").to_owned();
                    self.show_help(&topic, place(0))
                }
                Some(_) => Err(self.unexpected(place(0), "a name")),
                None => self.show_help("", span),
            },
        }
    }

    /// Numbers the checker could not see are held against their domains here.
    fn check_numbers(&self, builtin: Builtin, given: &Given) -> Result<()> {
        let info = builtin.info();
        for (param, slot) in info.params.iter().zip(given) {
            let (Takes::Num(domain, text), Some((value, place))) = (param.takes, slot) else {
                continue;
            };
            let Value::Num(number) = value else {
                return Err(self.unexpected(*place, "a number"));
            };
            let described = Param {
                name: param.name,
                stage: Stage::Script,
                domain,
                domain_text: text,
                default: None,
            };
            let is_nan = number.is_nan() && !text.is_empty();
            let range = crate::types::Range::point(*number);
            if is_nan
                || !range.is_within(crate::types::Range {
                    whole: false,
                    ..domain
                })
            {
                let problem = crate::check::domain_problem(info.name, &described, range, *place);
                return Err(problem.map_or_else(
                    || {
                        outside(
                            *place,
                            format!("`{}` is not a number", param.name),
                            &format!("choose a value {text}"),
                        )
                    },
                    Box::new,
                ));
            }
        }
        Ok(())
    }

    fn show_help(&mut self, topic: &str, span: Span) -> Result<Value> {
        self.note_effect();
        match (self.help)(topic) {
            Some(text) => {
                self.host.show(text.trim_end());
                Ok(Value::Unit)
            }
            None => Err(Box::new(
                Diagnostic::new(Code::E0301, span, format!("no help on `{topic}`"))
                    .here("not known")
                    .help("`:list` at the prompt shows all names"),
            )),
        }
    }

    fn grid(&mut self, given: &Given, span: Span) -> Result<Value> {
        let numbers: Vec<f64> = given
            .iter()
            .flatten()
            .filter_map(|(value, _)| {
                if let Value::Num(x) = value {
                    Some(*x)
                } else {
                    None
                }
            })
            .collect();
        let [lo, hi, n] = numbers[..] else {
            return Err(self.unexpected(span, "three numbers"));
        };
        let n = whole(n, 1.0, 1e7, "`n` of `grid`", span)?;
        let points = bench::grid(lo, hi, usize::try_from(n).unwrap_or(usize::MAX))
            .map_err(|error| outside(span, error.to_string(), "write `grid(1e-4, 1e-1, 4)`"))?;
        Ok(Value::List(points.into_iter().map(Value::Num).collect()))
    }

    /// The graph of a rule or schedule on its own.
    pub(super) fn extract(&mut self, value: &Value, span: Span) -> Result<ir::Rule> {
        let Some(node) = self.node(value) else {
            return Err(self.unexpected(span, "a rule"));
        };
        Ok(ir::Rule::new(self.graph, node))
    }

    fn at(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (Some((schedule, place)), Some((Value::Num(t), _)), Some((Value::Num(total), _))) =
            (&given[0], &given[1], &given[2])
        else {
            return Err(self.unexpected(span, "a schedule, a step and a number of steps"));
        };
        let seed = match &given[3] {
            Some((Value::Num(seed), place)) => {
                whole(*seed, 0.0, 9_007_199_254_740_992.0, "the seed", *place)?
            }
            Some(_) | None => 0,
        };
        let rule = self.extract(schedule, *place)?;
        let (t, total) = (
            whole(*t, 0.0, 1e15, "`t` of `at`", span)?,
            whole(*total, 1.0, 1e9, "`T` of `at`", span)?,
        );
        let mut runner = Runner::new(&rule, &[TensorShape::Vector(1)], seed)
            .map_err(|error| outside(*place, error.to_string(), "give a schedule"))?;
        let has_state = rule.slots() != ir::Slots::default();
        // A schedule that remembers has to live through the steps before.
        for step in (if has_state { 0 } else { t })..t {
            if step % 4096 == 0 {
                self.alive(span)?;
            }
            runner
                .update(0, &[0.0], &[0.0], step, total)
                .map_err(|error| outside(*place, error.to_string(), "give a schedule"))?;
        }
        let update = runner
            .update(0, &[0.0], &[0.0], t, total)
            .map_err(|error| outside(*place, error.to_string(), "give a schedule"))?;
        Ok(Value::Num(update[0]))
    }

    /// `objective(f, start:, minimum:, noise:, within:)`.
    fn objective(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (Some((Value::Fn(closure), place)), Some((start, start_place))) =
            (&given[0], &given[1])
        else {
            return Err(self.unexpected(span, "a function and a start"));
        };
        let params = closure.tree.params(closure.params);
        let coordinates: Vec<String> = params
            .iter()
            .map(|param| self.names.text(param.name.name).to_string())
            .collect();
        let args = (0u32..)
            .zip(params)
            .map(|(index, _)| Some(Value::Expr(self.graph.leaf(Leaf::Coordinate(index)))))
            .collect();
        let body = self.apply(closure, args, *place)?;
        let formula = self.extract(&body, *place)?;
        let start = self.number_or_numbers(start, *start_place)?;
        let minima = match &given[2] {
            Some((value, place)) => self.points(value, coordinates.len(), *place)?,
            None => Vec::new(),
        };
        let noise = match &given[3] {
            Some((Value::Num(noise), _)) => *noise,
            Some(_) | None => 0.0,
        };
        let region = match &given[4] {
            Some((value, place)) => self.region(value, coordinates.len(), *place)?,
            None => Vec::new(),
        };
        let made = Objective::new("objective", coordinates, &formula, start)
            .and_then(|objective| objective.with_minima(minima))
            .and_then(|objective| objective.with_noise(noise))
            .and_then(|objective| {
                if region.is_empty() {
                    Ok(objective)
                } else {
                    objective.with_region(region)
                }
            });
        match made {
            Ok(objective) => Ok(Value::Objective(Rc::new(objective))),
            Err(error) => {
                let code = if matches!(
                    error,
                    crate::engine::ObjectiveError::Coordinates { .. }
                        | crate::engine::ObjectiveError::PointLength { .. }
                ) {
                    Code::E0602
                } else {
                    Code::E0404
                };
                Err(Box::new(
                    Diagnostic::new(code, *place, error.to_string())
                        .here("not a test function")
                        .help("write `objective(fn(x, y) => x^2 + y^2, start: [1, 1])`"),
                ))
            }
        }
    }

    /// A box: a number for a cube around 0, a pair for the same range in every coordinate, or a pair for each.
    fn region(&self, value: &Value, count: usize, span: Span) -> Result<Vec<(f64, f64)>> {
        let pair = |ends: &[f64]| match ends {
            [low, high] => Ok((*low, *high)),
            _ => Err(outside(
                span,
                format!("expected two ends of a range, found {} numbers", ends.len()),
                "write `within: 5`, `within: [-5, 5]` or `within: [[-5, 5], [0, 1]]`",
            )),
        };
        match value {
            Value::Num(size) => Ok(vec![(-size, *size); count]),
            Value::List(items) if items.iter().any(|item| matches!(item, Value::List(_))) => items
                .iter()
                .map(|item| pair(&self.number_or_numbers(item, span)?))
                .collect(),
            value => Ok(vec![pair(&self.number_or_numbers(value, span)?)?; count]),
        }
    }

    /// One point, or a list of them.
    pub(super) fn points(&self, value: &Value, count: usize, span: Span) -> Result<Vec<Vec<f64>>> {
        match value {
            Value::List(items) if items.iter().any(|item| matches!(item, Value::List(_))) => items
                .iter()
                .map(|item| self.number_or_numbers(item, span))
                .collect(),
            Value::List(items) if count == 1 => Ok(self
                .numbers(items, span)?
                .into_iter()
                .map(|x| vec![x])
                .collect()),
            value => Ok(vec![self.number_or_numbers(value, span)?]),
        }
    }
}

/// A rule that cannot run on a vector.
pub(super) fn needs_matrix(span: Span, message: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(Code::E0403, span, message.to_owned())
            .here("runs on `[r, c]` only")
            .help("give a rule without matrix operations"),
    )
}
