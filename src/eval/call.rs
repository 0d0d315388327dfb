//! Calls of functions, rules, ops and test functions.

use super::{Closure, Evaluator, Result, Rule, RuleValue, Value};
use crate::check::bind::{Signature, bind, op_params};
use crate::check::{CALL_DEPTH, Primitive};
use crate::diagnostic::{Code, Diagnostic};
use crate::op::{Kind, Op};
use crate::source::Span;
use crate::syntax::ast::{ExprId, ExprKind, Run, Tree};
use std::rc::Rc;

impl Evaluator<'_> {
    pub(super) fn call(
        &mut self,
        tree: &Rc<Tree>,
        callee: ExprId,
        args: Run,
        span: Span,
    ) -> Result<Value> {
        if self.is_last_update(tree, callee, args) {
            return Ok(self.last_update());
        }
        match self.expr(tree, callee)? {
            Value::Op(op) => self.call_op(op, tree, args, span),
            Value::Builtin(builtin) => self.call_builtin(builtin, tree, args, span),
            Value::Fn(closure) => {
                let given = self.arguments(&closure, tree, args, span)?;
                self.apply(&closure, given, span)
            }
            Value::Rule(rule) => {
                match &rule.family {
                    Some(family) => {
                        let given = self.arguments(family, tree, args, span)?;
                        self.make_rule(family, given, span)
                    }
                    None => Err(self
                        .not_callable(tree.span(callee), "this rule already has its parameters")),
                }
            }
            Value::Objective(objective) => {
                let mut at = Vec::new();
                for arg in tree.args(args) {
                    match self.expr(tree, arg.value)? {
                        Value::Num(number) => at.push(number),
                        _ => return Err(self.unexpected(tree.span(arg.value), "a number")),
                    }
                }
                if at.len() != objective.coordinates().len() {
                    return Err(self.not_callable(span, "give one number for each coordinate"));
                }
                Ok(Value::Num(objective.value(&at)))
            }
            _ => Err(self.not_callable(
                tree.span(callee),
                "only functions, rules and test functions can be called",
            )),
        }
    }

    #[allow(clippy::unused_self, reason = "reads as a sentence at the call")]
    fn not_callable(&self, span: Span, help: &str) -> Box<Diagnostic> {
        Box::new(
            Diagnostic::new(Code::E0308, span, "this cannot be called so")
                .here("called here")
                .help(help),
        )
    }

    fn is_last_update(&self, tree: &Tree, callee: ExprId, args: Run) -> bool {
        let is = |id: ExprId, want: Primitive| match tree.expr(tree.unparen(id)).kind {
            ExprKind::Name(name) => {
                self.known.primitive(name) == Some(want)
                    && !self.locals.iter().any(|(local, _)| *local == name)
            }
            _ => false,
        };
        match tree.args(args) {
            [arg] => {
                arg.name.is_none()
                    && is(callee, Primitive::Op(Op::Last))
                    && is(arg.value, Primitive::Update)
            }
            _ => false,
        }
    }

    /// The previous update of the rule being made; outside of any, that of the expression as a whole.
    fn last_update(&mut self) -> Value {
        self.note_effect();
        let origin = match self.rules.last_mut() {
            Some(rule) => *rule.origin.get_or_insert_with(|| self.graph.origin()),
            None => self.graph.origin(),
        };
        Value::Expr(self.graph.last_update(origin))
    }

    fn call_op(&mut self, op: Op, tree: &Rc<Tree>, args: Run, span: Span) -> Result<Value> {
        let given = tree.args(args);
        if let [one] = given
            && one.name.is_none()
            && (op.info().kind == Kind::Reduction || matches!(op, Op::Min | Op::Max))
        {
            let value = self.expr(tree, one.value)?;
            let place = tree.span(one.value);
            return match value {
                Value::List(items) => self.reduce_list(op, &items, place),
                value => self.operator(op, &[(value, place)], span),
            };
        }
        let params = op_params(op);
        let signature = Signature::of_op(op, &params);
        let bound = bind(&signature, tree, span, given, self.names).map_err(first)?;
        let mut values = Vec::with_capacity(bound.len());
        for (slot, param) in bound.iter().zip(op.info().params) {
            values.push(match slot {
                Some(id) => (self.expr(tree, *id)?, tree.span(*id)),
                None => (Value::Num(param.default.unwrap_or(f64::NAN)), span),
            });
        }
        self.operator(op, &values, span)
    }

    /// The arguments of a function in order of its parameters.
    fn arguments(
        &mut self,
        closure: &Closure,
        tree: &Rc<Tree>,
        args: Run,
        span: Span,
    ) -> Result<Vec<Option<Value>>> {
        let names = self.names;
        let params: Vec<(&str, bool)> = closure
            .tree
            .params(closure.params)
            .iter()
            .map(|param| (names.text(param.name.name), param.default.is_none()))
            .collect();
        let callee = closure
            .name
            .map_or("this function", |name| names.text(name));
        let signature = Signature {
            callee,
            params: &params,
            variadic: false,
            defined: None,
        };
        let bound = bind(&signature, tree, span, tree.args(args), names).map_err(first)?;
        bound
            .into_iter()
            .map(|slot| slot.map(|id| self.expr(tree, id)).transpose())
            .collect()
    }

    /// The result of a function; missing arguments take their defaults.
    pub(super) fn apply(
        &mut self,
        closure: &Rc<Closure>,
        given: Vec<Option<Value>>,
        span: Span,
    ) -> Result<Value> {
        self.alive(span)?;
        let key = Self::call_key(closure, &given);
        if let Some(known) = key.as_ref().and_then(|key| self.known_call(key)) {
            return Ok(known);
        }
        let before = self.before_call();
        let held = super::memo::held(closure, &given);
        let locals = std::mem::replace(&mut self.locals, closure.captured.clone());
        let limit = self.limit.replace(closure.limit);
        // A call takes as much stack as several expressions.
        self.depth += CALL_DEPTH;
        let result = self.body(closure, given);
        self.depth -= CALL_DEPTH;
        self.limit = limit;
        self.locals = locals;
        if let (Some(key), Ok(value)) = (key, &result) {
            self.remember(key, held, before, value);
        }
        result
    }

    fn body(&mut self, closure: &Rc<Closure>, given: Vec<Option<Value>>) -> Result<Value> {
        let tree = Rc::clone(&closure.tree);
        for (param, value) in tree
            .params(closure.params)
            .iter()
            .zip(given.into_iter().chain(std::iter::repeat(None)))
        {
            let value = match (value, param.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.expr(&tree, default)?,
                (None, None) => {
                    return Err(self.unexpected(tree.ident_span(param.name), "an argument"));
                }
            };
            self.locals.push((param.name.name, value));
        }
        self.expr(&tree, closure.body)
    }

    /// A rule with some of its parameters given: its name says which.
    pub(super) fn make_rule(
        &mut self,
        closure: &Rc<Closure>,
        given: Vec<Option<Value>>,
        span: Span,
    ) -> Result<Value> {
        let name = self.rule_name(closure, &given);
        let is_family = given.is_empty() && !closure.tree.params(closure.params).is_empty();
        self.rules.push(Rule { origin: None });
        let body = self.apply(closure, given, span);
        let rule = self.rules.pop();
        let body = body?;
        let Some(mut node) = self.node(&body) else {
            return Err(self.unexpected(closure.tree.span(closure.body), "a numeric expression"));
        };
        if let Some(origin) = rule.and_then(|rule| rule.origin) {
            node = self.graph.own(origin, node);
        }
        Ok(Value::Rule(Rc::new(RuleValue {
            name,
            node,
            family: is_family.then(|| Rc::clone(closure)),
        })))
    }

    fn rule_name(&self, closure: &Closure, given: &[Option<Value>]) -> Rc<str> {
        let name = closure.name.map_or("rule", |name| self.names.text(name));
        let shower = self.shower();
        let args: Vec<String> = closure
            .tree
            .params(closure.params)
            .iter()
            .zip(given)
            .filter_map(|(param, value)| {
                value.as_ref().map(|value| {
                    format!(
                        "{}: {}",
                        self.names.text(param.name.name),
                        shower.inline(value)
                    )
                })
            })
            .collect();
        if args.is_empty() {
            name.into()
        } else {
            format!("{name}({})", args.join(", ")).into()
        }
    }

    /// A part of a rule as a rule of its own.
    pub(super) fn own(&mut self, tree: &Rc<Tree>, id: ExprId) -> Result<Value> {
        self.rules.push(Rule { origin: None });
        let value = self.expr(tree, id);
        let rule = self.rules.pop();
        let value = value?;
        let Some(node) = self.node(&value) else {
            return Err(self.unexpected(tree.span(id), "a numeric expression"));
        };
        Ok(Value::Expr(match rule.and_then(|rule| rule.origin) {
            Some(origin) => self.graph.own(origin, node),
            None => node,
        }))
    }

    /// The result of a function value on one argument.
    pub(super) fn on_item(&mut self, function: &Value, item: Value, span: Span) -> Result<Value> {
        match function {
            Value::Fn(closure) => self.apply(closure, vec![Some(item)], span),
            Value::Rule(rule) => match &rule.family {
                Some(family) => self.make_rule(&Rc::clone(family), vec![Some(item)], span),
                None => Err(self.not_callable(span, "this rule has no parameters")),
            },
            Value::Op(op) => {
                let defaults = op
                    .info()
                    .params
                    .iter()
                    .skip(1)
                    .map(|param| (Value::Num(param.default.unwrap_or(f64::NAN)), span));
                let args: Vec<(Value, Span)> =
                    std::iter::once((item, span)).chain(defaults).collect();
                match &args[0].0 {
                    Value::List(items) => self.reduce_list(*op, &Rc::clone(items), span),
                    _ => self.operator(*op, &args, span),
                }
            }
            Value::Builtin(builtin) => self.run_builtin(*builtin, vec![Some((item, span))], span),
            Value::Objective(objective) => match item {
                Value::Num(number) if objective.coordinates().len() == 1 => {
                    Ok(Value::Num(objective.value(&[number])))
                }
                _ => Err(self.unexpected(span, "a number")),
            },
            _ => Err(self.unexpected(span, "a function")),
        }
    }
}

fn first(problems: Vec<Diagnostic>) -> Box<Diagnostic> {
    Box::new(
        problems
            .into_iter()
            .next()
            .expect("a call that does not fit has at least one problem"),
    )
}
