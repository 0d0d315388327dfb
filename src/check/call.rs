//! Calls: ops, functions, rules, test functions.

use super::bind::{Signature, bind, op_params};
use super::key::encode;
use super::{CALL_DEPTH, Checker, FnTy, Frame, Local, Numeric, Primitive, Ty};
use crate::diagnostic::{Code, Diagnostic};
use crate::op::{Kind, Op};
use crate::source::Span;
use crate::syntax::ast::{ExprId, ExprKind, Run, Tree};
use crate::types::{ExprTy, Range, Stage};
use std::rc::Rc;

impl Checker<'_> {
    pub(super) fn call(&mut self, tree: &Rc<Tree>, callee: ExprId, args: Run, span: Span) -> Ty {
        if let Some(ty) = self.last_update(tree, callee, args) {
            return ty;
        }
        match self.expr(tree, callee) {
            Ty::Op(op) => self.call_op(op, tree, args, span),
            Ty::Builtin(builtin) => self.call_builtin(builtin, tree, args, span),
            Ty::Fn(function) | Ty::Rule(function, _) => {
                self.call_function(&function, tree, args, span)
            }
            Ty::Objective(count) => self.call_objective(count, tree, args, span),
            Ty::Unknown => {
                for arg in tree.args(args).to_vec() {
                    self.expr(tree, arg.value);
                }
                Ty::Unknown
            }
            other @ (Ty::Unit
            | Ty::Bool
            | Ty::Mask(_)
            | Ty::Str(_)
            | Ty::Num(_)
            | Ty::List(_)
            | Ty::Record(_)
            | Ty::Net(_)
            | Ty::Task
            | Ty::Report
            | Ty::Training
            | Ty::Picture) => {
                for arg in tree.args(args).to_vec() {
                    self.expr(tree, arg.value);
                }
                let is_number = matches!(other, Ty::Num(_));
                let diagnostic = Diagnostic::new(
                    Code::E0308,
                    tree.span(callee),
                    format!("expected a function to call, found {}", other.noun()),
                )
                .here(format!("this is {}", other.noun()))
                .help(if is_number {
                    "write `*` to multiply"
                } else {
                    "only functions, rules and test functions can be called"
                });
                self.report(diagnostic);
                Ty::Unknown
            }
        }
    }

    /// `last(update)`, which is a form of its own.
    fn last_update(&mut self, tree: &Rc<Tree>, callee: ExprId, args: Run) -> Option<Ty> {
        let is_primitive =
            |checker: &Self, id: ExprId, want: Primitive| match tree.expr(tree.unparen(id)).kind {
                ExprKind::Name(name) => {
                    checker.known.primitive(name) == Some(want)
                        && !checker.locals.iter().any(|local| local.name == name)
                }
                _ => false,
            };
        let [arg] = tree.args(args) else { return None };
        let matches = is_primitive(self, callee, Primitive::Op(Op::Last))
            && arg.name.is_none()
            && is_primitive(self, arg.value, Primitive::Update);
        matches.then(|| Ty::Num(Numeric::of(ExprTy::TENSOR, Range::ANY)))
    }

    fn call_op(&mut self, op: Op, tree: &Rc<Tree>, args: Run, span: Span) -> Ty {
        let given = tree.args(args);
        // `sum`, `mean`, `min` and `max` of a list are numbers.
        if let [one] = given
            && one.name.is_none()
            && reduces_lists(op)
        {
            let ty = self.expr(tree, one.value);
            match &ty {
                Ty::List(item) => return self.list_reduction(op, item, tree.span(one.value)),
                Ty::Unknown => return Ty::Unknown,
                _ if op.info().params.len() == 1 => {
                    return self.operator(op, &[(ty, tree.span(one.value))], span);
                }
                _ => {}
            }
        }
        // All arguments by position, as most are: nothing to bind.
        let is_plain = given.len() == op.info().params.len();
        if is_plain && given.iter().all(|arg| arg.name.is_none()) {
            match given {
                [a] => {
                    let args = [self.placed(tree, a.value)];
                    return self.operator(op, &args, span);
                }
                [a, b] => {
                    let args = [self.placed(tree, a.value), self.placed(tree, b.value)];
                    return self.operator(op, &args, span);
                }
                _ => {}
            }
        }
        let params = op_params(op);
        let signature = Signature::of_op(op, &params);
        let bound = match bind(&signature, tree, span, given, self.names) {
            Ok(bound) => bound,
            Err(problems) => {
                self.arguments_anyway(tree, args, problems);
                return Ty::Unknown;
            }
        };
        let mut types = Vec::with_capacity(bound.len());
        for (slot, param) in bound.iter().zip(op.info().params) {
            types.push(match (slot, param.default) {
                (Some(id), _) => self.placed(tree, *id),
                (None, default) => (
                    Ty::Num(Numeric::number(Range::point(default.unwrap_or(f64::NAN)))),
                    span,
                ),
            });
        }
        self.operator(op, &types, span)
    }

    /// The type of an expression and its place.
    fn placed(&mut self, tree: &Rc<Tree>, id: ExprId) -> (Ty, Span) {
        (self.expr(tree, id), tree.span(id))
    }

    fn list_reduction(&mut self, op: Op, item: &Ty, place: Span) -> Ty {
        match item.as_numeric() {
            Some(numeric) if numeric.facts.ty.stage == Stage::Script => Ty::NUM,
            None if item.is_unknown() => Ty::NUM,
            Some(_) | None => {
                let diagnostic = Diagnostic::new(
                    Code::E0305,
                    place,
                    format!(
                        "`{}` of a list takes numbers known when the script runs",
                        op.name()
                    ),
                )
                .here(format!("items are {}", item.noun()))
                .help("add expressions with `+`, one by one");
                self.report(diagnostic);
                Ty::Unknown
            }
        }
    }

    /// The arguments of a call that does not fit are checked all the same.
    fn arguments_anyway(&mut self, tree: &Rc<Tree>, args: Run, problems: Vec<Diagnostic>) {
        for problem in problems {
            self.report(problem);
        }
        for arg in tree.args(args) {
            self.expr(tree, arg.value);
        }
    }

    pub(super) fn call_function(
        &mut self,
        function: &Rc<FnTy>,
        tree: &Rc<Tree>,
        args: Run,
        span: Span,
    ) -> Ty {
        let callee = function
            .name
            .map_or("this function", |name| self.text(name));
        let params: Vec<(&str, bool)> = function
            .tree
            .params(function.params)
            .iter()
            .map(|param| (self.text(param.name.name), param.default.is_none()))
            .collect();
        let signature = Signature {
            callee,
            params: &params,
            variadic: false,
            defined: self.defined(function),
        };
        let bound = match bind(&signature, tree, span, tree.args(args), self.names) {
            Ok(bound) => bound,
            Err(problems) => {
                self.arguments_anyway(tree, args, problems);
                return Ty::Unknown;
            }
        };
        let given: Vec<Option<(Ty, Span)>> = bound
            .iter()
            .map(|slot| slot.map(|id| self.placed(tree, id)))
            .collect();
        self.apply(function, given, span)
    }

    /// Where a function of the user is defined; the library's text is not shown.
    fn defined(&self, function: &FnTy) -> Option<Span> {
        let name = function.name?;
        let global = self.scope.get(name, u32::MAX)?;
        (!global.is_std && global.span.file == function.tree.file).then_some(global.span)
    }

    /// The result of a function on arguments; missing ones take their defaults.
    pub(super) fn apply(
        &mut self,
        function: &Rc<FnTy>,
        given: Vec<Option<(Ty, Span)>>,
        call: Span,
    ) -> Ty {
        let tree = Rc::clone(&function.tree);
        let mut sides = Vec::new();
        for (param, arg) in tree.params(function.params).iter().zip(&given) {
            if let (Some(written), Some((ty, place))) = (param.ty, arg)
                && !self.fits_written(&tree, written, ty, *place, &mut sides)
            {
                return Ty::Unknown;
            }
            if let (true, Some((ty, place))) = (function.is_rule, arg)
                && ty.as_numeric().is_none()
                && !ty.is_unknown()
            {
                let name = self.text(param.name.name);
                let diagnostic = Diagnostic::new(
                    Code::E0305,
                    *place,
                    format!(
                        "parameter `{name}` takes a number or schedule, found {}",
                        ty.noun()
                    ),
                )
                .here(format!("this is {}", ty.noun()))
                .help(format!("write a number: `{name}: 0.5`"));
                self.report(diagnostic);
                return Ty::Unknown;
            }
        }
        let mut key = Vec::new();
        let can_memo = given.iter().all(|arg| {
            if let Some((ty, _)) = arg {
                encode(ty, &mut key)
            } else {
                key.push(u64::MAX);
                true
            }
        });
        let key = (function.id, key);
        if let (true, Some(ty)) = (can_memo, self.memo.get(&key)) {
            return ty.clone();
        }
        let is_std = function.name.is_some_and(|name| {
            self.scope
                .get(name, u32::MAX)
                .is_some_and(|global| global.is_std && global.span.file == tree.file)
        });
        let locals = std::mem::replace(
            &mut self.locals,
            function
                .captured
                .iter()
                .map(|(name, ty)| Local::new(*name, ty.clone()))
                .collect(),
        );
        let limit = self.limit.replace(function.limit);
        self.frames.push(Frame { call, is_std });
        for (param, arg) in tree.params(function.params).iter().zip(given) {
            let ty = match (arg, param.default) {
                (Some((ty, _)), _) => ty,
                (None, Some(default)) => self.expr(&tree, default),
                (None, None) => Ty::Unknown,
            };
            self.locals.push(Local::new(param.name.name, ty));
        }
        let problems = self.problems.len();
        // A call takes as much stack as several expressions.
        self.depth += CALL_DEPTH;
        let body = self.expr(&tree, function.body);
        self.depth -= CALL_DEPTH;
        let ty = if function.is_rule {
            self.rule_numeric(&body, tree.span(function.body), "a rule")
                .map_or(Ty::Unknown, Ty::Num)
        } else {
            body
        };
        self.frames.pop();
        self.limit = limit;
        self.locals = locals;
        if can_memo && self.problems.len() == problems {
            self.memo.insert(key, ty.clone());
        }
        ty
    }

    fn call_objective(
        &mut self,
        count: Option<usize>,
        tree: &Rc<Tree>,
        args: Run,
        span: Span,
    ) -> Ty {
        let given = tree.args(args);
        if let Some(count) = count.filter(|count| *count != given.len()) {
            let diagnostic = Diagnostic::new(
                Code::E0302,
                span,
                format!(
                    "the test function takes {count} coordinates, found {}",
                    given.len()
                ),
            )
            .here(format!("{} given", given.len()))
            .help("give one number for each coordinate");
            self.report(diagnostic);
        }
        for arg in given {
            let ty = self.expr(tree, arg.value);
            self.need_number(&ty, tree.span(arg.value), "a coordinate");
        }
        Ty::NUM
    }

    /// Reports unless the value is a number known when the script runs.
    pub(super) fn need_number(&mut self, ty: &Ty, place: Span, what: &str) -> bool {
        match ty.as_numeric() {
            Some(numeric) if numeric.facts.ty.stage == Stage::Script => true,
            Some(numeric) => {
                let diagnostic = Diagnostic::new(
                    Code::E0307,
                    place,
                    format!("expected a number for {what}, found a `{}`", numeric.text()),
                )
                .here("not known when the script runs")
                .help("write a number");
                self.report(diagnostic);
                false
            }
            None if ty.is_unknown() => true,
            None => {
                let diagnostic = Diagnostic::new(
                    Code::E0305,
                    place,
                    format!("expected a number for {what}, found {}", ty.noun()),
                )
                .here(format!("this is {}", ty.noun()))
                .help("write a number");
                self.report(diagnostic);
                false
            }
        }
    }
}

/// Whether an op also reduces a list of numbers.
pub(crate) fn reduces_lists(op: Op) -> bool {
    op.info().kind == Kind::Reduction || matches!(op, Op::Min | Op::Max)
}
