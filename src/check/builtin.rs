//! Calls of built-in functions.

use super::bind::{Signature, bind, builtin_params};
use super::{Checker, FnTy, Numeric, Ty};
use crate::builtin::{Builtin, Takes};
use crate::diagnostic::{Code, Diagnostic};
use crate::lab::Subject;
use crate::op::Param;
use crate::source::Span;
use crate::syntax::ast::{ExprId, ExprKind, Run, Tree};
use crate::types::{ExprTy, Range, Stage};
use std::rc::Rc;

/// An argument as the checker sees it.
pub(super) struct Given {
    pub(super) ty: Ty,
    pub(super) span: Span,
    pub(super) id: ExprId,
}

impl Checker<'_> {
    pub(super) fn call_builtin(
        &mut self,
        builtin: Builtin,
        tree: &Rc<Tree>,
        args: Run,
        span: Span,
    ) -> Ty {
        let info = builtin.info();
        let params = builtin_params(info);
        let signature = Signature::of_builtin(info, &params);
        let bound = match bind(&signature, tree, span, tree.args(args), self.names) {
            Ok(bound) => bound,
            Err(problems) => {
                for problem in problems {
                    self.report(problem);
                }
                for arg in tree.args(args) {
                    self.expr(tree, arg.value);
                }
                return result_of(builtin);
            }
        };
        let given: Vec<Option<Given>> = bound
            .iter()
            .map(|slot| {
                slot.map(|id| Given {
                    ty: self.expr(tree, id),
                    span: tree.span(id),
                    id,
                })
            })
            .collect();
        let mut fits = true;
        for (param, given) in info.params.iter().zip(&given) {
            if let Some(given) = given {
                fits &= self.takes(builtin, param.name, param.takes, tree, given);
            }
        }
        if !fits {
            return result_of(builtin);
        }
        self.result(builtin, tree, &given, span)
    }

    /// Whether an argument is what its parameter takes; reports where not.
    fn takes(
        &mut self,
        builtin: Builtin,
        name: &'static str,
        takes: Takes,
        tree: &Rc<Tree>,
        given: &Given,
    ) -> bool {
        let (ty, span) = (&given.ty, given.span);
        if ty.is_unknown() {
            return true;
        }
        let callee = builtin.info().name;
        let what = format!("`{name}` of `{callee}`");
        match takes {
            Takes::Any => !matches!(ty, Ty::Unit) || self.expected("a value", &what, given),
            Takes::Num(domain, text) => {
                if !self.need_number(ty, span, &what) {
                    return false;
                }
                let param = Param {
                    name,
                    stage: Stage::Script,
                    domain,
                    domain_text: text,
                    default: None,
                };
                match ty.as_numeric().and_then(|numeric| {
                    super::domain_problem(callee, &param, numeric.facts.range, span)
                }) {
                    Some(problem) => {
                        self.report(problem);
                        false
                    }
                    None => true,
                }
            }
            Takes::Nums => match ty {
                Ty::List(item) => item.is_unknown() || self.need_number(&item.clone(), span, &what),
                _ => self.need_number(ty, span, &what),
            },
            Takes::Points | Takes::Rows => match ty {
                Ty::List(item) => match item.as_ref() {
                    Ty::Unknown => true,
                    Ty::List(inner) => match inner.as_ref() {
                        Ty::Unknown => true,
                        // A matrix a step.
                        Ty::List(row) if takes == Takes::Rows => {
                            row.is_unknown() || self.need_number(&row.clone(), span, &what)
                        }
                        item => self.need_number(&item.clone(), span, &what),
                    },
                    item => self.need_number(&item.clone(), span, &what),
                },
                _ if takes == Takes::Points && ty.as_numeric().is_some() => {
                    self.need_number(ty, span, &what)
                }
                _ => self.expected("a list of numbers", &what, given),
            },
            Takes::Text => matches!(ty, Ty::Str(_)) || self.expected("text", &what, given),
            Takes::List => matches!(ty, Ty::List(_)) || self.expected("a list", &what, given),
            Takes::Sized => {
                matches!(ty, Ty::List(_) | Ty::Str(_))
                    || self.expected("a list or text", &what, given)
            }
            Takes::Function => {
                matches!(
                    ty,
                    Ty::Fn(_) | Ty::Op(_) | Ty::Builtin(_) | Ty::Rule(..) | Ty::Objective(_)
                ) || self.expected("a function", &what, given)
            }
            Takes::Formula => {
                matches!(ty, Ty::Fn(_))
                    || self.expected("a function such as `fn(x, y) => x^2 + y^2`", &what, given)
            }
            Takes::Expr | Takes::Rule => self.rule_numeric(ty, span, &what).is_some(),
            Takes::Schedule => match ty.as_numeric() {
                Some(numeric) if numeric.facts.ty.stage <= Stage::Step => true,
                Some(_) | None => self.expected("a schedule such as `ld`", &what, given),
            },
            Takes::Rules => self.rules(tree, given, &what),
            Takes::Operands => matches!(ty, Ty::Str(_)) || self.rules(tree, given, &what),
            Takes::Space => {
                matches!(ty, Ty::Space) || self.expected("a space of rules", &what, given)
            }
            Takes::Tasks => self.tasks(given, &what),
            Takes::Task => self.task(given, &what),
            Takes::NetTask => self.net_task(given, &what),
            Takes::Net => self.net(given, &what),
            Takes::Truth => matches!(ty, Ty::Bool) || self.expected("true or false", &what, given),
            Takes::Kept => self.kept(builtin, given, &what),
            Takes::Drawable => self.drawable(given, &what),
            Takes::Savable => {
                matches!(
                    ty,
                    Ty::Picture | Ty::Report | Ty::Training | Ty::Search | Ty::Str(_)
                ) || self.expected("a picture, a report or text", &what, given)
            }
        }
    }

    pub(super) fn expected(&mut self, expected: &str, what: &str, given: &Given) -> bool {
        let noun = given.ty.noun();
        let diagnostic = Diagnostic::new(
            Code::E0305,
            given.span,
            format!("expected {expected} for {what}, found {noun}"),
        )
        .here(format!("this is {noun}"))
        .help(format!("give it {expected}"));
        self.report(diagnostic);
        false
    }

    /// A rule or a list of rules; items of a list that is written out are reported one by one.
    fn rules(&mut self, tree: &Rc<Tree>, given: &Given, what: &str) -> bool {
        let Ty::List(item) = &given.ty else {
            return self.rule_numeric(&given.ty, given.span, what).is_some();
        };
        if let ExprKind::List(run) = tree.expr(tree.unparen(given.id)).kind {
            let mut fits = true;
            for id in tree.items(run) {
                self.silent = true;
                let ty = self.expr(tree, *id);
                self.silent = false;
                fits &= ty.is_unknown() || self.rule_numeric(&ty, tree.span(*id), what).is_some();
            }
            return fits;
        }
        item.is_unknown() || self.rule_numeric(&item.clone(), given.span, what).is_some()
    }

    fn result(
        &mut self,
        builtin: Builtin,
        tree: &Rc<Tree>,
        given: &[Option<Given>],
        span: Span,
    ) -> Ty {
        let ty = |index: usize| {
            given
                .get(index)
                .and_then(Option::as_ref)
                .map_or(Ty::Unknown, |given| given.ty.clone())
        };
        match builtin {
            Builtin::Map => {
                let item = self.item_of(given);
                Ty::list(self.on_items(given, item, span))
            }
            Builtin::Filter => {
                self.filter(given, span);
                ty(0)
            }
            Builtin::Sort => {
                if given.get(1).is_some_and(Option::is_some) {
                    let item = self.item_of(given);
                    self.on_items(given, item, span);
                }
                ty(0)
            }
            Builtin::Reverse => ty(0),
            Builtin::Zip => {
                let (Ty::List(a), Ty::List(b)) = (ty(0), ty(1)) else {
                    return Ty::list(Ty::Unknown);
                };
                Ty::list(Ty::list(a.join(&b)))
            }
            // Equal values have the same stage and shape; of what they are made is not known.
            Builtin::Simplify => ty(0).as_numeric().map_or(Ty::Unknown, |numeric| {
                Ty::Num(Numeric {
                    made: super::ty::Made::Other,
                    ..numeric
                })
            }),
            Builtin::Own => match ty(0).as_numeric() {
                Some(numeric) => Ty::Num(Numeric {
                    facts: crate::ir::Facts {
                        ty: ExprTy {
                            stage: Stage::Tensor,
                            ..numeric.facts.ty
                        },
                        ..numeric.facts
                    },
                    ..numeric
                }),
                None => Ty::Unknown,
            },
            Builtin::Run => match ty(1) {
                Ty::List(rows) => Ty::List(rows),
                _ => Ty::list(Ty::Unknown),
            },
            Builtin::Objective => self.objective(tree, given, span),
            Builtin::Explain => self.explanation(),
            Builtin::Equal => self.verdict(),
            Builtin::Dedup => self.classes(ty(0)),
            Builtin::Canon => match ty(0).as_numeric() {
                Some(numeric) => Ty::Num(numeric),
                None => Ty::Unknown,
            },
            Builtin::Bench => self.bench(tree, given),
            Builtin::Wrn => self.wrn(given),
            Builtin::Cifar | Builtin::Ptb | Builtin::Synthetic => self.data(builtin, given, span),
            Builtin::Runs => Ty::list(self.run_record()),
            Builtin::Leaderboard => Ty::list(self.leader_record()),
            Builtin::Print
            | Builtin::Str
            | Builtin::Round
            | Builtin::Len
            | Builtin::Range
            | Builtin::Grid
            | Builtin::At
            | Builtin::Plot
            | Builtin::Graph
            | Builtin::Key
            | Builtin::Tokens
            | Builtin::FromTokens
            | Builtin::Cost
            | Builtin::Save
            | Builtin::Logistic
            | Builtin::Mlp
            | Builtin::Convnet
            | Builtin::Lstm
            | Builtin::Train
            | Builtin::Load
            | Builtin::Resume
            | Builtin::Space
            | Builtin::Search
            | Builtin::Help => result_of(builtin),
        }
    }

    /// The function of `filter` on its items: it says which of them are taken.
    fn filter(&mut self, given: &[Option<Given>], span: Span) {
        let item = self.item_of(given);
        let verdict = self.on_items(given, item, span);
        if !matches!(verdict, Ty::Bool | Ty::Unknown)
            && let Some(Some(function)) = given.get(1)
        {
            self.expected(
                "a function that gives true or false",
                "`f` of `filter`",
                &Given {
                    ty: verdict,
                    ..*function
                },
            );
        }
    }

    #[allow(clippy::unused_self, reason = "reads as a sentence at the call")]
    fn item_of(&self, given: &[Option<Given>]) -> Ty {
        match given
            .first()
            .and_then(Option::as_ref)
            .map(|given| &given.ty)
        {
            Some(Ty::List(item)) => (**item).clone(),
            Some(_) | None => Ty::Unknown,
        }
    }

    /// The result of the function argument on an item.
    fn on_items(&mut self, given: &[Option<Given>], item: Ty, span: Span) -> Ty {
        let Some(Some(function)) = given.get(1) else {
            return Ty::Unknown;
        };
        let place = function.span;
        match function.ty.clone() {
            Ty::Fn(function) | Ty::Rule(function, _) => {
                self.apply_to(&function, vec![(item, place)], place)
            }
            Ty::Op(op)
                if op.info().params.len() == 1
                    || op
                        .info()
                        .params
                        .get(1)
                        .is_some_and(|param| param.default.is_some()) =>
            {
                let defaults = op.info().params[1..].iter().map(|param| {
                    (
                        Ty::Num(Numeric::number(Range::point(param.default.unwrap_or(0.0)))),
                        place,
                    )
                });
                let args: Vec<(Ty, Span)> =
                    std::iter::once((item, place)).chain(defaults).collect();
                self.operator(op, &args, span)
            }
            Ty::Op(op) => {
                let diagnostic = Diagnostic::new(
                    Code::E0302,
                    place,
                    format!(
                        "`{}` takes {} arguments, found 1",
                        op.name(),
                        op.info().params.len()
                    ),
                )
                .here("called with one item")
                .help(format!("give the others: `fn(x) => {}(x, …)`", op.name()));
                self.report(diagnostic);
                Ty::Unknown
            }
            Ty::Builtin(builtin) => result_of(builtin),
            Ty::Objective(_) => Ty::NUM,
            _ => Ty::Unknown,
        }
    }

    /// The result of a function on positional arguments.
    fn apply_to(&mut self, function: &Rc<FnTy>, args: Vec<(Ty, Span)>, call: Span) -> Ty {
        let params = function.tree.params(function.params);
        let required = params
            .iter()
            .filter(|param| param.default.is_none())
            .count();
        if args.len() > params.len() || args.len() < required {
            let name = function
                .name
                .map_or("this function", |name| self.text(name));
            let diagnostic = Diagnostic::new(
                Code::E0302,
                call,
                format!(
                    "`{name}` takes {} arguments, found {}",
                    params.len(),
                    args.len()
                ),
            )
            .here(format!("called with {}", args.len()))
            .help(format!(
                "write a function of {} argument{}",
                args.len(),
                if args.len() == 1 { "" } else { "s" }
            ));
            self.report(diagnostic);
            return Ty::Unknown;
        }
        let mut given: Vec<Option<(Ty, Span)>> = args.into_iter().map(Some).collect();
        given.resize_with(params.len(), || None);
        self.apply(function, given, call)
    }

    fn objective(&mut self, tree: &Rc<Tree>, given: &[Option<Given>], span: Span) -> Ty {
        let Some(Some(Given {
            ty: Ty::Fn(function),
            span: place,
            ..
        })) = given.first()
        else {
            return Ty::Objective(None);
        };
        let count = function.tree.params(function.params).len();
        let coordinate = Numeric::of(
            ExprTy {
                stage: Stage::Tensor,
                shape: crate::types::Shape::Scalar,
            },
            Range::ANY,
        );
        let args = (0..count).map(|_| (Ty::Num(coordinate), *place)).collect();
        let ty = self.apply_to(function, args, *place);
        match ty.as_numeric() {
            Some(numeric)
                if numeric.facts.uses_grad
                    || numeric.facts.is_random
                    || numeric.facts.ty.shape != crate::types::Shape::Scalar =>
            {
                let diagnostic = Diagnostic::new(
                    Code::E0404,
                    *place,
                    "a test function depends on its own arguments only",
                )
                .here("mentions the gradient, the parameter or noise")
                .help("use the function's arguments; for noise on the gradient give `noise: 0.1`");
                self.report(diagnostic);
            }
            None if !ty.is_unknown() => {
                let diagnostic = Diagnostic::new(
                    Code::E0404,
                    *place,
                    format!(
                        "expected a test function that gives a number, found {}",
                        ty.noun()
                    ),
                )
                .here(format!("gives {}", ty.noun()))
                .help("give one number: `fn(x, y) => x^2 + y^2`");
                self.report(diagnostic);
            }
            Some(_) | None => {}
        }
        self.coordinates(tree, given, count, span);
        Ty::Objective(Some(count))
    }

    /// Whether start and minimum have as many coordinates as the function.
    fn coordinates(&mut self, tree: &Rc<Tree>, given: &[Option<Given>], count: usize, _span: Span) {
        for (index, name) in [(1, "start"), (2, "minimum")] {
            let Some(Some(point)) = given.get(index) else {
                continue;
            };
            let found = match tree.expr(tree.unparen(point.id)).kind {
                ExprKind::List(run) => {
                    let items = tree.items(run);
                    let is_nested =
                        matches!(&point.ty, Ty::List(item) if matches!(item.as_ref(), Ty::List(_)));
                    if is_nested {
                        continue;
                    }
                    items.len()
                }
                ExprKind::Number(_) => 1,
                _ => continue,
            };
            if found != count {
                let plural = |n: usize| if n == 1 { "" } else { "s" };
                let diagnostic = Diagnostic::new(
                    Code::E0602,
                    point.span,
                    format!(
                        "the function has {count} coordinate{}, `{name}` has {found}",
                        plural(count)
                    ),
                )
                .here(format!("{found} number{}", plural(found)))
                .help(format!("give {count} number{}", plural(count)));
                self.report(diagnostic);
            }
        }
    }
}

/// What a built-in gives whatever its arguments.
pub(super) fn result_of(builtin: Builtin) -> Ty {
    match builtin {
        Builtin::Print | Builtin::Save | Builtin::Help => Ty::Unit,
        Builtin::Str | Builtin::Tokens | Builtin::Key => Ty::Str(None),
        Builtin::Round | Builtin::At => Ty::NUM,
        Builtin::Len | Builtin::Cost => Ty::Num(Numeric::number(Range::NON_NEGATIVE.whole())),
        Builtin::Range => Ty::list(Ty::NUM),
        Builtin::Grid => Ty::list(Ty::Num(Numeric::number(Range::POSITIVE))),
        Builtin::Map
        | Builtin::Filter
        | Builtin::Sort
        | Builtin::Reverse
        | Builtin::Zip
        | Builtin::Runs
        | Builtin::Leaderboard
        | Builtin::Run => Ty::list(Ty::Unknown),
        Builtin::Own
        | Builtin::Explain
        | Builtin::Canon
        | Builtin::Equal
        | Builtin::Dedup
        | Builtin::Simplify
        | Builtin::Bench
        | Builtin::Resume
        | Builtin::Load => Ty::Unknown,
        Builtin::FromTokens => Ty::Num(Numeric::of(ExprTy::TENSOR, Range::ANY)),
        Builtin::Objective => Ty::Objective(None),
        Builtin::Logistic | Builtin::Mlp | Builtin::Convnet | Builtin::Wrn => {
            Ty::Net(Some(Subject::Images))
        }
        Builtin::Lstm => Ty::Net(Some(Subject::Text)),
        Builtin::Cifar | Builtin::Ptb | Builtin::Synthetic => Ty::Task,
        Builtin::Train => Ty::Training,
        Builtin::Plot | Builtin::Graph => Ty::Picture,
        Builtin::Space => Ty::Space,
        Builtin::Search => Ty::Search,
    }
}
