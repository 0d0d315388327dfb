//! Types that a program writes down.

use super::{Checker, Numeric, Ty};
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::source::Span;
use crate::syntax::ast::{Tree, TypeArg, TypeExpr, TypeId};
use crate::syntax::names::Symbol;
use crate::types::{Dim, ExprTy, Range, Shape, Stage};
use std::rc::Rc;

const WRITTEN: &[&str] = &[
    "Num",
    "Bool",
    "Str",
    "Schedule",
    "Tensor",
    "List",
    "Rule",
    "Fn",
    "Record",
    "Objective",
    "Net",
    "Task",
    "Report",
    "Training",
];

/// A side of a written shape.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Side {
    /// One of the parameter's sides, or 1.
    Known(Dim),
    /// A name of the function's own, which stands for one side in a call.
    Named(Symbol),
}

/// What a written `Tensor[…]` says of the shape.
enum WrittenShape {
    Known(Shape),
    Sides(Side, Side),
    Broken,
}

impl Checker<'_> {
    /// The type that is written; unknown where it cannot be told before a call.
    pub(super) fn written_type(&mut self, tree: &Rc<Tree>, id: TypeId) -> Ty {
        let written = tree.ty(id);
        match self.text(written.name.name) {
            "Num" => Ty::NUM,
            "Bool" => Ty::Bool,
            "Str" => Ty::Str(None),
            "Schedule" => Ty::Num(Numeric::of(ExprTy::SCHEDULE, Range::ANY)),
            "Rule" => Ty::Num(Numeric::of(ExprTy::TENSOR, Range::ANY)),
            "Objective" => Ty::Objective(None),
            "Net" => Ty::Net(None),
            "Task" => Ty::Task,
            "Report" => Ty::Report,
            "Training" => Ty::Training,
            "List" => match written.args.as_deref() {
                Some([TypeArg::Type(item)]) => Ty::list(self.written_type(tree, *item)),
                Some(_) | None => Ty::list(Ty::Unknown),
            },
            "Tensor" => match self.written_shape(tree, id, written) {
                WrittenShape::Known(shape) => {
                    let mut numeric = Numeric::of(
                        ExprTy {
                            stage: Stage::Tensor,
                            shape,
                        },
                        Range::ANY,
                    );
                    numeric.facts.needs_matrix = shape.is_matrix();
                    numeric.from = shape.is_matrix().then(|| tree.type_span(id));
                    Ty::Num(numeric)
                }
                WrittenShape::Sides(..) | WrittenShape::Broken => Ty::Unknown,
            },
            "Fn" | "Record" => Ty::Unknown,
            other => {
                let diagnostic = Diagnostic::new(
                    Code::E0312,
                    tree.type_span(id),
                    format!("unknown type `{other}`"),
                )
                .here("not a type");
                let help = suggest(other, WRITTEN.iter().copied()).map_or_else(
                    || format!("write one of {}", WRITTEN.join(", ")),
                    |name| format!("did you mean `{name}`?"),
                );
                self.report(diagnostic.help(help));
                Ty::Unknown
            }
        }
    }

    fn written_shape(&mut self, tree: &Rc<Tree>, id: TypeId, written: &TypeExpr) -> WrittenShape {
        let side = |checker: &Self, arg: &TypeArg| match arg {
            #[allow(clippy::float_cmp, reason = "exactly one")]
            TypeArg::Size(size) if *size == 1.0 => Some(Side::Known(Dim::One)),
            TypeArg::Type(name) if tree.ty(*name).args.is_none() => {
                let name = tree.ty(*name).name.name;
                Some(match checker.text(name) {
                    "r" => Side::Known(Dim::Rows),
                    "c" => Side::Known(Dim::Cols),
                    _ => Side::Named(name),
                })
            }
            TypeArg::Star | TypeArg::Size(_) | TypeArg::Type(_) => None,
        };
        match written.args.as_deref() {
            None | Some([TypeArg::Star]) => WrittenShape::Known(Shape::Own),
            Some([]) => WrittenShape::Known(Shape::Scalar),
            Some([rows, cols]) => match (side(self, rows), side(self, cols)) {
                (Some(Side::Known(rows)), Some(Side::Known(cols))) => {
                    WrittenShape::Known(Shape::Matrix(rows, cols))
                }
                (Some(rows), Some(cols)) => WrittenShape::Sides(rows, cols),
                (None, _) | (_, None) => self.broken_shape(tree, id),
            },
            Some(_) => self.broken_shape(tree, id),
        }
    }

    fn broken_shape(&mut self, tree: &Rc<Tree>, id: TypeId) -> WrittenShape {
        let diagnostic = Diagnostic::new(
            Code::E0312,
            tree.type_span(id),
            "unknown shape of a `Tensor`",
        )
        .here("not a shape")
        .help("write `Tensor[*]`, `Tensor[]`, `Tensor[r, c]`, `Tensor[r, 1]` or `Tensor[1, c]`");
        self.report(diagnostic);
        WrittenShape::Broken
    }

    /// Whether an argument has the type that is written for its parameter; named sides are bound in `sides`.
    pub(super) fn fits_written(
        &mut self,
        tree: &Rc<Tree>,
        id: TypeId,
        ty: &Ty,
        span: Span,
        sides: &mut Vec<(Symbol, Dim)>,
    ) -> bool {
        let written = tree.ty(id);
        let name = self.text(written.name.name);
        let stage_fits = |limit: Stage| {
            ty.as_numeric()
                .is_some_and(|numeric| numeric.facts.ty.stage <= limit)
        };
        if ty.is_unknown() {
            return true;
        }
        let fits = match (name, ty) {
            ("Num", _) => stage_fits(Stage::Script),
            ("Schedule", _) => stage_fits(Stage::Step),
            ("Rule", _) => ty.as_numeric().is_some(),
            ("Bool", Ty::Bool)
            | ("Str", Ty::Str(_))
            | ("Objective", Ty::Objective(_))
            | ("Net", Ty::Net(_))
            | ("Task", Ty::Task)
            | ("Report", Ty::Report)
            | ("Training", Ty::Training)
            | ("Record", Ty::Record(_))
            | ("Fn", Ty::Fn(_) | Ty::Op(_) | Ty::Builtin(_) | Ty::Rule(..)) => true,
            ("List", Ty::List(item)) => match written.args.as_deref() {
                Some([TypeArg::Type(inner)]) => {
                    return self.fits_written(tree, *inner, item, span, sides);
                }
                Some(_) | None => true,
            },
            ("Tensor", _) => match ty.as_numeric() {
                Some(numeric) => return self.fits_shape(tree, id, &numeric, span, sides),
                None => false,
            },
            _ => false,
        };
        if !fits && WRITTEN.contains(&name) {
            let diagnostic = Diagnostic::new(
                Code::E0305,
                span,
                format!("expected `{name}`, found `{}`", ty.text(self.names)),
            )
            .here(format!("this is {}", ty.noun()))
            .label(tree.type_span(id), "type written here")
            .help(format!("give a value of type `{name}`"));
            self.report(diagnostic);
        }
        fits
    }

    fn fits_shape(
        &mut self,
        tree: &Rc<Tree>,
        id: TypeId,
        numeric: &Numeric,
        span: Span,
        sides: &mut Vec<(Symbol, Dim)>,
    ) -> bool {
        let found = numeric.facts.ty.shape;
        let written = tree.ty(id);
        let fits = match self.written_shape(tree, id, written) {
            WrittenShape::Broken => true,
            WrittenShape::Known(Shape::Scalar) => found == Shape::Scalar,
            WrittenShape::Known(Shape::Own) => found.fits_parameter(),
            WrittenShape::Known(shape) => found.as_matrix() == shape.as_matrix(),
            WrittenShape::Sides(rows, cols) => match found.as_matrix() {
                None => false,
                Some((r, c)) => [(rows, r), (cols, c)]
                    .into_iter()
                    .all(|(side, dim)| match side {
                        Side::Known(known) => known == dim,
                        Side::Named(name) => {
                            if let Some((_, bound)) = sides.iter().find(|(known, _)| *known == name)
                            {
                                *bound == dim
                            } else {
                                sides.push((name, dim));
                                true
                            }
                        }
                    }),
            },
        };
        if !fits {
            let mut diagnostic = Diagnostic::new(
                Code::E0306,
                span,
                format!("the shape written for the parameter does not fit `{found}`"),
            )
            .here(format!("shape `{found}`"))
            .label(tree.type_span(id), "shape written here");
            if let Some(from) = numeric.from.filter(|from| *from != span) {
                diagnostic = diagnostic.label(from, "shape made here");
            }
            self.report(
                diagnostic
                    .help("transpose or reduce the argument, or change the type of the parameter"),
            );
        }
        fits
    }
}
