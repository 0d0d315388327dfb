//! Expressions.

use super::{Evaluator, Result, Value};
use crate::check::{MAX_DEPTH, Primitive, domain_problem};
use crate::diagnostic::{Code, Diagnostic};
use crate::op::{Kind, Notation, Op};
use crate::source::Span;
use crate::syntax::ast::{ExprId, ExprKind, Tree};
use crate::syntax::names::Symbol;
use crate::types::Shape;
use std::rc::Rc;

impl Evaluator<'_> {
    pub(super) fn expr(&mut self, tree: &Rc<Tree>, id: ExprId) -> Result<Value> {
        if self.depth >= MAX_DEPTH {
            return Err(Box::new(
                Diagnostic::new(Code::E0502, tree.span(id), "calls nest too deeply")
                    .here("reached from too many calls")
                    .help("give names to intermediate values with `let`"),
            ));
        }
        self.depth += 1;
        let value = self.expr_inner(tree, id);
        self.depth -= 1;
        value
    }

    fn expr_inner(&mut self, tree: &Rc<Tree>, id: ExprId) -> Result<Value> {
        let span = tree.span(id);
        match tree.expr(id).kind {
            ExprKind::Number(value) => Ok(Value::Num(value)),
            ExprKind::Str(text) => Ok(Value::Str(Rc::from(tree.string(text)))),
            ExprKind::Bool(value) => Ok(Value::Bool(value)),
            ExprKind::Name(name) => self.name(name, span),
            ExprKind::Paren(inner) => self.expr(tree, inner),
            ExprKind::Unary(op, inner) => {
                let value = self.expr(tree, inner)?;
                self.operator(op, &[(value, tree.span(inner))], span)
            }
            ExprKind::Binary(..) => self.chain(tree, id),
            ExprKind::Bars(outer, inner) => {
                let value = self.expr(tree, inner)?;
                let place = tree.span(inner);
                let value = self.operator(Op::Abs, &[(value, place)], span)?;
                match outer {
                    Some(op) => self.operator(op, &[(value, place)], span),
                    None => Ok(value),
                }
            }
            ExprKind::Call(callee, args) => self.call(tree, callee, args, span),
            ExprKind::Index(list, index) => self.index(tree, list, index),
            ExprKind::Field(record, name) => self.field(tree, record, name),
            ExprKind::List(run) => {
                let mut items = Vec::with_capacity(tree.items(run).len());
                for item in tree.items(run) {
                    items.push(self.expr(tree, *item)?);
                }
                Ok(Value::List(items.into()))
            }
            ExprKind::Comprehension(comp) => {
                let comp = *tree.comprehension(comp);
                let place = tree.span(comp.source);
                let Value::List(source) = self.expr(tree, comp.source)? else {
                    return Err(self.unexpected(place, "a list"));
                };
                let mut items = Vec::new();
                for item in source.iter() {
                    self.alive(place)?;
                    let depth = self.locals.len();
                    self.locals.push((comp.name.name, item.clone()));
                    let is_taken = match comp.condition {
                        Some(condition) => self.truth(tree, condition)?,
                        None => true,
                    };
                    if is_taken {
                        items.push(self.expr(tree, comp.item)?);
                    }
                    self.locals.truncate(depth);
                }
                Ok(Value::List(items.into()))
            }
            ExprKind::Record(run) => {
                let mut fields = Vec::new();
                for field in tree.args(run) {
                    if let Some(name) = field.name {
                        fields.push((name.name, self.expr(tree, field.value)?));
                    }
                }
                Ok(Value::Record(fields.into()))
            }
            ExprKind::If(condition, yes, no) => {
                let branch = if self.truth(tree, condition)? {
                    yes
                } else {
                    no
                };
                self.expr(tree, branch)
            }
            ExprKind::Lambda(params, body) => {
                Ok(Value::Fn(self.closure(tree, None, params, body, false)))
            }
        }
    }

    fn chain(&mut self, tree: &Rc<Tree>, id: ExprId) -> Result<Value> {
        let mut links = Vec::new();
        let mut left = id;
        while let ExprKind::Binary(op, a, b) = tree.expr(left).kind {
            links.push((op, b, left));
            left = a;
        }
        let mut value = self.expr(tree, left)?;
        let mut span = tree.span(left);
        for (op, right, whole) in links.into_iter().rev() {
            let right_value = self.expr(tree, right)?;
            value = self.operator(
                op,
                &[(value, span), (right_value, tree.span(right))],
                tree.span(whole),
            )?;
            span = tree.span(whole);
        }
        Ok(value)
    }

    fn name(&mut self, name: Symbol, span: Span) -> Result<Value> {
        if let Some((_, value)) = self.locals.iter().rev().find(|(local, _)| *local == name) {
            return Ok(value.clone());
        }
        if let Some(value) = self.scope.get(name, self.limit.unwrap_or(u32::MAX)) {
            return Ok(value.clone());
        }
        match self.known.primitive(name) {
            Some(Primitive::Leaf(leaf)) => Ok(Value::Expr(self.graph.leaf(leaf))),
            Some(Primitive::Constant(value)) => Ok(Value::Num(value)),
            Some(Primitive::Op(op)) => Ok(Value::Op(op)),
            Some(Primitive::Builtin(builtin)) => Ok(Value::Builtin(builtin)),
            Some(Primitive::Update) | None => {
                let text = self.names.text(name);
                Err(Box::new(
                    Diagnostic::new(Code::E0301, span, format!("unknown name `{text}`"))
                        .here("not defined"),
                ))
            }
        }
    }

    /// A condition's value.
    pub(super) fn truth(&mut self, tree: &Rc<Tree>, id: ExprId) -> Result<bool> {
        match self.expr(tree, id)? {
            Value::Bool(value) => Ok(value),
            _ => Err(self.unexpected(tree.span(id), "a truth value")),
        }
    }

    /// An op on values: computed where all are numbers, a node where not.
    pub(super) fn operator(&mut self, op: Op, args: &[(Value, Span)], span: Span) -> Result<Value> {
        if let Some(value) = self.on_plain_values(op, args, span)? {
            return Ok(value);
        }
        let mut nodes = Vec::with_capacity(args.len());
        for (value, place) in args {
            let Some(node) = self.node(value) else {
                return Err(self.unexpected(*place, "a number or numeric expression"));
            };
            nodes.push(node);
        }
        let info = op.info();
        if info.notation == Notation::Call {
            for ((param, node), (_, place)) in info.params.iter().zip(&nodes).zip(args) {
                let facts = *self.graph.facts(*node);
                if facts.ty.stage > param.stage {
                    let what = if param.stage == crate::types::Stage::Script {
                        "a number known when the script runs"
                    } else {
                        "a number or schedule"
                    };
                    let mut problem = self.unexpected(*place, what);
                    problem.code = Code::E0307;
                    return Err(problem);
                }
                if let Some(problem) = domain_problem(op.name(), param, facts.range, *place) {
                    return Err(Box::new(problem));
                }
            }
        }
        if info.kind == Kind::Reduction && self.graph.ty(nodes[0]).shape == Shape::Scalar {
            // One value is its own sum and mean; its norm is its size.
            return match op {
                Op::Norm | Op::Rms => self.operator(Op::Abs, args, span),
                _ => Ok(self.of_node(nodes[0])),
            };
        }
        if op == Op::Debias && !self.is_fixed_ema(nodes[0]) {
            return Err(Box::new(
                Diagnostic::new(
                    Code::E0402,
                    args[0].1,
                    "expected an `ema` with a fixed beta to debias",
                )
                .here("not an `ema`")
                .help("write `debias(ema(x, 0.999))`"),
            ));
        }
        match self.graph.apply(op, &nodes) {
            Ok(node) => Ok(self.of_node(node)),
            Err(mismatch) => Err(Box::new(
                Diagnostic::new(
                    Code::E0306,
                    span,
                    format!(
                        "`{}` cannot join shapes `{}` and `{}`",
                        op.name(),
                        mismatch.left,
                        mismatch.right
                    ),
                )
                .here("shapes do not fit")
                .help("write `transpose(x)` around one of them, or reduce it with `mean(x)`"),
            )),
        }
    }

    fn is_fixed_ema(&self, node: crate::ir::NodeId) -> bool {
        match self.graph.node(node) {
            crate::ir::Node::Apply(Op::Ema, args) => {
                self.graph.node(args.as_slice()[1]).as_number().is_some()
            }
            _ => false,
        }
    }

    /// Ops on values that are no expressions: numbers, truth values, text, lists.
    fn on_plain_values(
        &mut self,
        op: Op,
        args: &[(Value, Span)],
        span: Span,
    ) -> Result<Option<Value>> {
        let values: Vec<&Value> = args.iter().map(|(value, _)| value).collect();
        Ok(Some(match (op, values.as_slice()) {
            (Op::Where, [Value::Bool(true), chosen, _] | [Value::Bool(false), _, chosen]) => {
                (*chosen).clone()
            }
            // A truth value known when the script runs decides, or leaves the other side as it is.
            (
                Op::And,
                [Value::Bool(true), other @ Value::Expr(_)]
                | [other @ Value::Expr(_), Value::Bool(true)],
            )
            | (
                Op::Or,
                [Value::Bool(false), other @ Value::Expr(_)]
                | [other @ Value::Expr(_), Value::Bool(false)],
            ) => (*other).clone(),
            (
                Op::And,
                [Value::Bool(false), Value::Expr(_)] | [Value::Expr(_), Value::Bool(false)],
            ) => Value::Bool(false),
            (Op::Or, [Value::Bool(true), Value::Expr(_)] | [Value::Expr(_), Value::Bool(true)]) => {
                Value::Bool(true)
            }
            (Op::Not, [Value::Bool(a)]) => Value::Bool(!a),
            (Op::And, [Value::Bool(a), Value::Bool(b)]) => Value::Bool(*a && *b),
            (Op::Or, [Value::Bool(a), Value::Bool(b)]) => Value::Bool(*a || *b),
            (Op::Eq, [Value::Bool(a), Value::Bool(b)]) => Value::Bool(a == b),
            (Op::Ne, [Value::Bool(a), Value::Bool(b)]) => Value::Bool(a != b),
            (
                Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge,
                [Value::Str(a), Value::Str(b)],
            ) => Value::Bool(match op {
                Op::Eq => a == b,
                Op::Ne => a != b,
                Op::Lt => a < b,
                Op::Le => a <= b,
                Op::Gt => a > b,
                _ => a >= b,
            }),
            (Op::Add, [Value::Str(a), Value::Str(b)]) => Value::Str(format!("{a}{b}").into()),
            (Op::Add, [Value::List(a), Value::List(b)]) => {
                self.room(a.len() + b.len(), span)?;
                Value::List(a.iter().chain(b.iter()).cloned().collect())
            }
            (op, [Value::Num(a), Value::Num(b)]) if op.info().kind == Kind::Comparison => {
                Value::Bool(op.apply(&[*a, *b]).is_some_and(|truth| truth != 0.0))
            }
            (op, _)
                if op.info().kind == Kind::Arithmetic && op.info().notation != Notation::Call =>
            {
                let mut numbers = [0.0; 3];
                for (number, value) in numbers.iter_mut().zip(&values) {
                    match value {
                        Value::Num(value) => *number = *value,
                        _ => return Ok(None),
                    }
                }
                match op.apply(&numbers[..values.len()]) {
                    Some(number) => Value::Num(number),
                    None => return Ok(None),
                }
            }
            _ => return Ok(None),
        }))
    }

    /// Refuses lists that would not fit into memory.
    #[allow(clippy::unused_self, reason = "reads as a sentence at the call")]
    pub(super) fn room(&self, items: usize, span: Span) -> Result<()> {
        const MOST: usize = 10_000_000;
        if items <= MOST {
            return Ok(());
        }
        Err(Box::new(
            Diagnostic::new(
                Code::E0507,
                span,
                format!("a list of {items} items is too long"),
            )
            .here("at most 10000000 items")
            .help("work on a part of it at a time"),
        ))
    }

    fn index(&mut self, tree: &Rc<Tree>, list: ExprId, index: ExprId) -> Result<Value> {
        let Value::List(items) = self.expr(tree, list)? else {
            return Err(self.unexpected(tree.span(list), "a list"));
        };
        let span = tree.span(index);
        let Value::Num(position) = self.expr(tree, index)? else {
            return Err(self.unexpected(span, "a number"));
        };
        let len = items.len();
        #[allow(
            clippy::cast_precision_loss,
            reason = "lists are far shorter than 2^52"
        )]
        let place = if position < 0.0 {
            position + len as f64
        } else {
            position
        };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be whole and in range"
        )]
        let found = (place.fract() == 0.0 && place >= 0.0)
            .then(|| items.get(place as usize))
            .flatten();
        found.cloned().ok_or_else(|| {
            let position = crate::op::number_text(position);
            let (headline, help) = match len {
                0 => (
                    format!("index {position} of an empty list"),
                    "the list has no items".to_owned(),
                ),
                1 => (
                    format!("index {position} of a list of 1 item"),
                    "write 0 or -1".to_owned(),
                ),
                _ => (
                    format!("index {position} of a list of {len} items"),
                    format!(
                        "write a whole number from 0 to {}, or -1 for the last",
                        len - 1
                    ),
                ),
            };
            Box::new(
                Diagnostic::new(Code::E0501, span, headline)
                    .here("out of range")
                    .help(help),
            )
        })
    }

    fn field(&mut self, tree: &Rc<Tree>, record: ExprId, name: Symbol) -> Result<Value> {
        let span = tree.span(record);
        match self.expr(tree, record)? {
            Value::Record(fields) => match fields.iter().find(|(field, _)| *field == name) {
                Some((_, value)) => Ok(value.clone()),
                None => Err(Box::new(
                    Diagnostic::new(
                        Code::E0309,
                        span,
                        format!("no field `{}`", self.names.text(name)),
                    )
                    .here("has other fields")
                    .help(format!(
                        "its fields are {}",
                        fields
                            .iter()
                            .map(|(name, _)| self.names.text(*name))
                            .collect::<Vec<_>>()
                            .join(", ")
                    )),
                )),
            },
            Value::Explanation(page) => match page.field(self.names.text(name)) {
                Some(field) => Ok(super::explain::field(field)),
                None => Err(self.unexpected(span, "a record with this field")),
            },
            Value::Report(report, _) if name == self.known.rows => Ok(self.report_rows(&report)),
            #[allow(clippy::cast_precision_loss, reason = "steps are at most 1e9")]
            Value::Report(report, _) if name == self.known.steps => {
                Ok(Value::Num(report.steps as f64))
            }
            Value::Report(report, _) if name == self.known.task => {
                Ok(Value::Str(report.task.name.as_str().into()))
            }
            Value::Report(report, _) if name == self.known.run => {
                Ok(super::kept::of_run(report.run))
            }
            Value::Training(report) => self
                .training_field(&report, name)
                .ok_or_else(|| self.unexpected(span, "a record with this field")),
            Value::Search(found) => {
                let name = self.names.text(name);
                self.search_field(&found, name).ok_or_else(|| {
                    super::lists::outside(
                        span,
                        "the search found nothing".to_owned(),
                        "give it a larger `budget`, or another space",
                    )
                })
            }
            _ => Err(self.unexpected(span, "a record")),
        }
    }
}
