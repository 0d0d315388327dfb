//! Ops on types: stages, shapes, domains, and the warnings that come from ranges.

use super::{Checker, Made, Numeric, Ty};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Facts;
use crate::op::{Kind, Notation, Op, Param, number_text};
use crate::source::Span;
use crate::types::{ExprTy, Mismatch, Range, Stage};
use std::rc::Rc;

impl Checker<'_> {
    /// The type of an op on arguments, each with its place.
    pub(super) fn operator(&mut self, op: Op, args: &[(Ty, Span)], span: Span) -> Ty {
        let info = op.info();
        match info.kind {
            Kind::Logic => return self.logic(op, args),
            Kind::Comparison => return self.comparison(op, args, span),
            Kind::Arithmetic
            | Kind::Choice
            | Kind::State
            | Kind::Random
            | Kind::Reduction
            | Kind::Matrix => {}
        }
        if op == Op::Add
            && let Some(joined) = joined_text_or_list(args)
        {
            return joined;
        }
        let mut numerics = [Numeric::number(Range::ANY); 3];
        let mut known = true;
        for (index, (ty, place)) in args.iter().enumerate() {
            if info.kind == Kind::Choice && index == 0 {
                known &= self.choice(ty, *place, &mut numerics[0]);
                continue;
            }
            match (ty, ty.as_numeric()) {
                (_, Some(numeric)) => numerics[index] = numeric,
                (Ty::Unknown, None) => known = false,
                (_, None) => {
                    known = false;
                    self.not_numeric(op, ty, *place);
                }
            }
        }
        if !known {
            return Ty::Unknown;
        }
        let numerics = &numerics[..args.len()];
        if info.notation == Notation::Call {
            for ((param, numeric), (_, place)) in info.params.iter().zip(numerics).zip(args) {
                if !self.argument(op, param, numeric, *place) {
                    return Ty::Unknown;
                }
            }
        }
        if op == Op::Debias && numerics[0].made != Made::Ema {
            let diagnostic = Diagnostic::new(
                Code::E0402,
                args[0].1,
                "expected an `ema` with a fixed beta to debias",
            )
            .here("not an `ema`")
            .help("write `debias(ema(x, 0.999))`");
            self.report(diagnostic);
            return Ty::Unknown;
        }
        self.warn(op, numerics, args);
        let mut types = [ExprTy::NUM; 3];
        for (ty, numeric) in types.iter_mut().zip(numerics) {
            *ty = numeric.facts.ty;
        }
        match op.result(&types[..numerics.len()]) {
            Ok(ty) => Ty::Num(result(op, ty, numerics, span)),
            Err(mismatch) => {
                self.mismatch(op, mismatch, numerics, args, span);
                Ty::Unknown
            }
        }
    }

    fn not_numeric(&mut self, op: Op, ty: &Ty, place: Span) {
        let diagnostic = Diagnostic::new(
            Code::E0305,
            place,
            format!("`{}` takes numbers, found {}", op.name(), ty.noun()),
        )
        .here(format!("this is {}", ty.noun()));
        let help = match ty {
            Ty::Fn(_) | Ty::Op(_) | Ty::Builtin(_) => {
                "call it: write its arguments in brackets".to_owned()
            }
            Ty::List(_) => format!("apply it to each item: `map(xs, fn(x) => {})`", example(op)),
            Ty::Bool | Ty::Mask(_) => {
                "write `where(condition, 1, 0)` to make a number of it".to_owned()
            }
            Ty::Str(_) => {
                "write a number without quotes, or `str(x)` to make text of a number".to_owned()
            }
            Ty::Unknown
            | Ty::Unit
            | Ty::Num(_)
            | Ty::Rule(..)
            | Ty::Record(_)
            | Ty::Objective(_)
            | Ty::Net(_)
            | Ty::Task
            | Ty::Report
            | Ty::Training
            | Ty::Picture => "write a numeric expression, such as `g` or `0.5`".to_owned(),
        };
        self.report(diagnostic.help(help));
    }

    /// The condition of `where`.
    fn choice(&mut self, ty: &Ty, place: Span, slot: &mut Numeric) -> bool {
        match ty {
            Ty::Bool => *slot = Numeric::number(Range::UNIT.whole()),
            Ty::Mask(facts) => {
                *slot = Numeric {
                    facts: *facts,
                    made: Made::Other,
                    from: None,
                }
            }
            Ty::Unknown => return false,
            Ty::Unit
            | Ty::Str(_)
            | Ty::Num(_)
            | Ty::List(_)
            | Ty::Record(_)
            | Ty::Fn(_)
            | Ty::Rule(..)
            | Ty::Op(_)
            | Ty::Builtin(_)
            | Ty::Objective(_)
            | Ty::Net(_)
            | Ty::Task
            | Ty::Report
            | Ty::Training
            | Ty::Picture => {
                let diagnostic = Diagnostic::new(
                    Code::E0305,
                    place,
                    format!("expected a condition, found {}", ty.noun()),
                )
                .here(format!("this is {}", ty.noun()))
                .help("compare it: `where(g > 0, a, b)`");
                self.report(diagnostic);
                return false;
            }
        }
        true
    }

    fn logic(&mut self, op: Op, args: &[(Ty, Span)]) -> Ty {
        let mut joined: Option<Facts> = None;
        let mut is_bool = true;
        for (ty, place) in args {
            match ty {
                Ty::Bool => {}
                Ty::Mask(facts) => {
                    is_bool = false;
                    joined = Some(joined.map_or(*facts, |before| merge(before, *facts)));
                }
                Ty::Unknown => return Ty::Unknown,
                Ty::Unit
                | Ty::Str(_)
                | Ty::Num(_)
                | Ty::List(_)
                | Ty::Record(_)
                | Ty::Fn(_)
                | Ty::Rule(..)
                | Ty::Op(_)
                | Ty::Builtin(_)
                | Ty::Objective(_)
                | Ty::Net(_)
                | Ty::Task
                | Ty::Report
                | Ty::Training
                | Ty::Picture => {
                    let diagnostic = Diagnostic::new(
                        Code::E0305,
                        *place,
                        format!("`{}` takes truth values, found {}", op.name(), ty.noun()),
                    )
                    .here(format!("this is {}", ty.noun()))
                    .help("compare it: `x > 0`, `x == 1`");
                    self.report(diagnostic);
                    return Ty::Unknown;
                }
            }
        }
        match (is_bool, joined) {
            (false, Some(facts)) => Ty::Mask(facts),
            (true, _) | (false, None) => Ty::Bool,
        }
    }

    fn comparison(&mut self, op: Op, args: &[(Ty, Span)], span: Span) -> Ty {
        let [(a, a_span), (b, b_span)] = args else {
            return Ty::Unknown;
        };
        if a.is_unknown() || b.is_unknown() {
            return Ty::Unknown;
        }
        let is_equality = matches!(op, Op::Eq | Op::Ne);
        match (a.as_numeric(), b.as_numeric()) {
            (Some(x), Some(y)) => match x.facts.ty.join(y.facts.ty) {
                Ok(ty) if ty.stage == Stage::Script => Ty::Bool,
                Ok(ty) => Ty::Mask(Facts {
                    ty,
                    range: Range::UNIT.whole(),
                    ..merge(x.facts, y.facts)
                }),
                Err(mismatch) => {
                    self.mismatch(op, mismatch, &[x, y], args, span);
                    Ty::Unknown
                }
            },
            (None, None) if is_equality && a.is_like(b) && matches!(a, Ty::Str(_) | Ty::Bool) => {
                Ty::Bool
            }
            (None, None) if matches!((a, b), (Ty::Str(_), Ty::Str(_))) => Ty::Bool,
            (x, _) => {
                let (ty, place, other) = if x.is_some() {
                    (b, *b_span, a)
                } else {
                    (a, *a_span, b)
                };
                let diagnostic = Diagnostic::new(
                    Code::E0305,
                    place,
                    format!("cannot compare {} with {}", a.noun(), b.noun()),
                )
                .here(format!("this is {}", ty.noun()))
                .help(format!(
                    "compare it with {} of the same type",
                    if other.as_numeric().is_some() {
                        "numbers"
                    } else {
                        "something"
                    }
                ));
                self.report(diagnostic);
                Ty::Unknown
            }
        }
    }

    /// Whether an argument suits its parameter's stage and domain.
    fn argument(&mut self, op: Op, param: &Param, numeric: &Numeric, place: Span) -> bool {
        let stage = numeric.facts.ty.stage;
        if stage > param.stage {
            let when = match param.stage {
                Stage::Script => "known when the script runs",
                Stage::Step | Stage::Tensor => "known at each step",
            };
            let diagnostic = Diagnostic::new(
                Code::E0307,
                place,
                format!("`{}` of `{}` must be {when}", param.name, op.name()),
            )
            .here(format!("this is a `{}`", numeric.text()))
            .help(match param.stage {
                Stage::Script => "write a number",
                Stage::Step | Stage::Tensor => "write a number or a schedule such as `ld`",
            });
            self.report(diagnostic);
            return false;
        }
        match domain_problem(op.name(), param, numeric.facts.range, place) {
            Some(problem) => {
                self.report(problem);
                false
            }
            None => true,
        }
    }

    fn mismatch(
        &mut self,
        op: Op,
        mismatch: Mismatch,
        numerics: &[Numeric],
        args: &[(Ty, Span)],
        span: Span,
    ) {
        let shape = |numeric: &Numeric| {
            // In a rule with matrix operations the parameter's own shape is the matrix.
            match numeric.facts.ty.shape.as_matrix() {
                Some((rows, cols)) => format!("[{rows}, {cols}]"),
                None => "[]".to_owned(),
            }
        };
        let headline = match (op, numerics) {
            (Op::MatMul, [a, b]) => format!(
                "cannot multiply a `{}` and a `{}` as matrices",
                shape(a),
                shape(b)
            ),
            (_, [one, ..]) if op.info().kind == Kind::Matrix => format!(
                "`{}` takes a matrix, found shape `{}`",
                op.name(),
                one.facts.ty.shape
            ),
            (_, [a, b, ..]) => format!(
                "`{}` cannot join shapes `{}` and `{}`",
                op.name(),
                shape(a),
                shape(b)
            ),
            (_, [_] | []) => format!(
                "`{}` cannot join shapes `{}` and `{}`",
                op.name(),
                mismatch.left,
                mismatch.right
            ),
        };
        let mut diagnostic = Diagnostic::new(Code::E0306, span, headline);
        for (numeric, (_, place)) in numerics.iter().zip(args) {
            diagnostic = diagnostic.label(*place, format!("shape `{}`", shape(numeric)));
            if let Some(from) = numeric.from.filter(|from| from != place) {
                diagnostic = diagnostic.label(
                    from,
                    format!("its shape `{}` comes from here", shape(numeric)),
                );
            }
        }
        let help = match op {
            Op::MatMul => "write `transpose(x)` around one side so that the inner sides agree",
            Op::Transpose | Op::RowMean | Op::ColMean | Op::Orthogonalize => {
                "give it something of the parameter's shape, such as `g`"
            }
            _ => {
                "write `transpose(x)` around one of them, or reduce it with `mean(x)`, `rowmean(x)` or `colmean(x)`"
            }
        };
        self.report(diagnostic.help(help));
    }

    /// Warnings that come from the ranges of the arguments.
    fn warn(&mut self, op: Op, numerics: &[Numeric], args: &[(Ty, Span)]) {
        let range = |index: usize| {
            numerics
                .get(index)
                .map_or(Range::ANY, |numeric| numeric.facts.range)
        };
        let place = args.last().map(|(_, span)| *span);
        let Some(place) = place else { return };
        let diagnostic = match op {
            Op::Div | Op::Rem if range(1).zero => {
                let is = if range(1).as_point().is_some() {
                    "is"
                } else {
                    "may be"
                };
                Diagnostic::new(Code::W0402, place, format!("the divisor {is} zero"))
                    .here(self.bounds(range(1)))
                    .help(
                        "add `delta` to something that is never negative: `x / (sqrt(v) + delta)`",
                    )
            }
            Op::Pow => {
                let whole = range(1).whole;
                if range(0).may_be_negative() && !whole {
                    Diagnostic::new(
                        Code::W0403,
                        args[0].1,
                        "the base may be negative under an exponent that is no whole number",
                    )
                    .here(self.bounds(range(0)))
                    .help("write `|x|^y` for the power of the absolute value")
                } else if range(0).zero && range(1).may_be_negative() {
                    Diagnostic::new(
                        Code::W0402,
                        args[0].1,
                        "the base may be zero under a negative exponent",
                    )
                    .here(self.bounds(range(0)))
                    .help("add `delta` to the base")
                } else {
                    return;
                }
            }
            Op::Log | Op::Sqrt if range(0).may_be_negative() => {
                let name = op.name();
                Diagnostic::new(
                    Code::W0404,
                    place,
                    format!("the argument of `{name}` may be negative"),
                )
                .here(self.bounds(range(0)))
                .help(format!(
                    "write `{name}|x|` to take the absolute value first"
                ))
            }
            _ => return,
        };
        self.report(diagnostic);
    }

    #[allow(clippy::unused_self, reason = "reads as a sentence at the call")]
    fn bounds(&self, range: Range) -> String {
        match (range.as_point(), range.lo.is_finite(), range.hi.is_finite()) {
            (Some(value), ..) => format!("is {}", number_text(value)),
            (None, true, true) => format!(
                "from {} to {}",
                number_text(range.lo),
                number_text(range.hi)
            ),
            (None, true, false) => format!("{} or more", number_text(range.lo)),
            (None, false, true) => format!("{} or less", number_text(range.hi)),
            (None, false, false) => "can be any number".to_owned(),
        }
    }
}

/// `"a" + "b"` and `[1] + [2]`.
fn joined_text_or_list(args: &[(Ty, Span)]) -> Option<Ty> {
    match args {
        [(Ty::Str(_), _), (Ty::Str(_), _)] => Some(Ty::Str(None)),
        // Text or a list with something unknown may well be right.
        [(Ty::Unknown, _), (Ty::Str(_) | Ty::List(_), _)]
        | [(Ty::Str(_) | Ty::List(_), _), (Ty::Unknown, _)] => Some(Ty::Unknown),
        [(Ty::List(a), _), (Ty::List(b), _)] if a.is_like(b) => Some(Ty::List(Rc::new(a.join(b)))),
        _ => None,
    }
}

fn example(op: Op) -> String {
    match op.info().notation {
        Notation::Infix { .. } => format!("x {} 2", op.name()),
        Notation::Prefix { .. } => format!("{}x", op.name()),
        Notation::Bars | Notation::Call => format!("{}(x)", op.name()),
    }
}

fn merge(a: Facts, b: Facts) -> Facts {
    Facts {
        ty: a.ty.join(b.ty).unwrap_or(a.ty),
        range: a.range.union(b.range),
        uses_grad: a.uses_grad || b.uses_grad,
        is_random: a.is_random || b.is_random,
        needs_matrix: a.needs_matrix || b.needs_matrix,
    }
}

/// What is known of an op's result.
fn result(op: Op, ty: ExprTy, numerics: &[Numeric], span: Span) -> Numeric {
    let mut ranges = [Range::ANY; 3];
    for (range, numeric) in ranges.iter_mut().zip(numerics) {
        *range = numeric.facts.range;
    }
    let is_share =
        op == Op::Div && numerics[0].made == Made::Step && numerics[1].made == Made::Total;
    // The step never passes the total.
    let range = if is_share {
        Range::UNIT
    } else {
        op.range(&ranges[..numerics.len()])
    };
    let is_matrix = op.info().kind == Kind::Matrix;
    let facts = Facts {
        ty,
        range,
        uses_grad: numerics.iter().any(|numeric| numeric.facts.uses_grad),
        is_random: op == Op::Drop || numerics.iter().any(|numeric| numeric.facts.is_random),
        needs_matrix: is_matrix || numerics.iter().any(|numeric| numeric.facts.needs_matrix),
    };
    let made = if op == Op::Ema && numerics[1].facts.ty.stage == Stage::Script {
        Made::Ema
    } else {
        Made::Other
    };
    let from = if is_matrix {
        Some(span)
    } else {
        numerics
            .iter()
            .filter(|numeric| ty.shape.is_matrix() && numeric.facts.ty.shape.is_matrix())
            .find_map(|numeric| numeric.from)
    };
    Numeric { facts, made, from }
}

/// An argument that is certainly outside its parameter's domain.
pub fn domain_problem(
    callee: &str,
    param: &Param,
    range: Range,
    place: Span,
) -> Option<Diagnostic> {
    let not_whole =
        param.domain.whole && range.as_point().is_some_and(|value| value.fract() != 0.0);
    if range.overlaps(param.domain) && !not_whole {
        return None;
    }
    let found = range
        .as_point()
        .map_or_else(|| format!("at most {}", number_text(range.hi)), number_text);
    Some(
        Diagnostic::new(
            Code::E0401,
            place,
            format!("`{}` of `{callee}` is outside its domain", param.name),
        )
        .here(format!("is {found}"))
        .help(format!("choose {}", in_words(param))),
    )
}

fn in_words(param: &Param) -> String {
    if param.domain_text.contains(param.name) || param.domain_text.starts_with("a ") {
        param.domain_text.to_owned()
    } else {
        format!("a value {}", param.domain_text)
    }
}
