//! Statements and definitions.

use super::upcoming::Upcoming;
use super::{Checker, DefKind, FnTy, Global, Local, Mode, Numeric, Ty};
use crate::diagnostic::{Code, Diagnostic};
use crate::op::number_text;
use crate::source::Span;
use crate::syntax::ast::{ExprId, Ident, Run, StmtId, StmtKind, Tree};
use crate::syntax::names::Symbol;
use crate::types::Stage;
use std::rc::Rc;

impl Checker<'_> {
    /// Checks all statements; the type of the last, where it is an expression.
    pub(super) fn program(&mut self, tree: &Rc<Tree>) -> Ty {
        self.upcoming = Some(Upcoming::new(tree));
        self.scope.reserve(tree.body.len());
        let first = self.scope.len();
        let mut last = Ty::Unit;
        for id in &tree.body {
            last = self.statement(tree, *id, true);
            if let Some(upcoming) = &mut self.upcoming {
                upcoming.done += 1;
            }
        }
        if self.mode == Mode::Program {
            self.unused(tree, first);
        }
        last
    }

    fn unused(&mut self, tree: &Tree, first: u32) {
        let runs = tree
            .body
            .iter()
            .any(|id| matches!(tree.stmt(*id).kind, StmtKind::Expr(_) | StmtKind::For(..)));
        if !runs {
            return;
        }
        for number in first..self.scope.len() {
            let (name, global) = self.scope.by_number(number);
            if !global.used && global.span.file == tree.file {
                let (text, span) = (self.names.text(*name), global.span);
                self.report_unused(text, span);
            }
        }
    }

    /// Reports what the block that ends here has defined and never used.
    fn unused_locals(&mut self, depth: usize) {
        let unused: Vec<(Symbol, Span)> = self.locals[depth..]
            .iter()
            .filter_map(|local| local.unused.map(|span| (local.name, span)))
            .collect();
        for (name, span) in unused {
            self.report_unused(self.text(name), span);
        }
    }

    fn report_unused(&mut self, text: &str, span: Span) {
        if text.starts_with('_') {
            return;
        }
        let diagnostic = Diagnostic::new(Code::W0301, span, format!("`{text}` is never used"))
            .here("defined here")
            .help(format!("use it, remove it, or name it `_{text}`"));
        self.report(diagnostic);
    }

    fn statement(&mut self, tree: &Rc<Tree>, id: StmtId, is_top: bool) -> Ty {
        let stmt = tree.stmt(id);
        match &stmt.kind {
            StmtKind::Use(_) => {
                if !is_top {
                    self.top_only(tree, id, "`use`");
                }
                Ty::Unit
            }
            StmtKind::Let(name, value) => {
                let ty = self.expr(tree, *value);
                if matches!(ty, Ty::Unit) {
                    let diagnostic = Diagnostic::new(
                        Code::E0305,
                        tree.span(*value),
                        "expected a value, found nothing",
                    )
                    .here("gives nothing")
                    .help("write it as a statement of its own");
                    self.report(diagnostic);
                }
                let ty = self.named(ty, *name);
                self.define(tree, id, *name, ty, DefKind::Let, is_top);
                Ty::Unit
            }
            StmtKind::Fn(name, params, body) => {
                let function = self.function(tree, Some(*name), *params, *body, false);
                self.check_function(&function);
                self.define(tree, id, *name, Ty::Fn(function), DefKind::Fn, is_top);
                Ty::Unit
            }
            StmtKind::Rule(name, params, body) => {
                let function = self.function(tree, Some(*name), *params, *body, true);
                let ty = self.check_rule(&function, *name);
                self.define(tree, id, *name, ty, DefKind::Rule, is_top);
                Ty::Unit
            }
            StmtKind::For(name, source, body) => {
                let item = self.item_type(tree, *source);
                let depth = self.locals.len();
                self.locals.push(Local::new(name.name, item));
                for id in body {
                    self.statement(tree, *id, false);
                }
                self.unused_locals(depth);
                self.locals.truncate(depth);
                Ty::Unit
            }
            StmtKind::Expr(value) => self.expr(tree, *value),
            StmtKind::Broken(name) => {
                if let Some(name) = name {
                    self.define(tree, id, *name, Ty::Unknown, DefKind::Let, is_top);
                }
                Ty::Unknown
            }
        }
    }

    /// A `let`-bound expression keeps its facts; nothing else changes with a name.
    #[allow(
        clippy::unused_self,
        reason = "the counterpart in the evaluator names rules"
    )]
    fn named(&self, ty: Ty, _name: Ident) -> Ty {
        ty
    }

    fn top_only(&mut self, tree: &Tree, id: StmtId, what: &str) {
        let diagnostic = Diagnostic::new(
            Code::E0314,
            tree.stmt_span(id),
            format!("{what} stands at the top of a program only"),
        )
        .here("inside a block")
        .help("move it out of the block");
        self.report(diagnostic);
    }

    fn define(
        &mut self,
        tree: &Rc<Tree>,
        id: StmtId,
        name: Ident,
        ty: Ty,
        kind: DefKind,
        is_top: bool,
    ) {
        let span = tree.ident_span(name);
        let text = self.text(name.name);
        if self.known.primitive(name.name).is_some() {
            let diagnostic = Diagnostic::new(
                Code::E0311,
                span,
                format!("`{text}` is a name of the language"),
            )
            .here("cannot be redefined")
            .help(format!("choose another name, such as `my_{text}`"));
            self.report(diagnostic);
            return;
        }
        if !is_top {
            let mut local = Local::new(name.name, ty);
            local.unused = Some(span);
            self.locals.push(local);
            return;
        }
        let is_std = self.mode == Mode::Standard;
        if let Some(old) = self.scope.get(name.name, u32::MAX)
            && old.is_std
            && !is_std
        {
            let diagnostic = Diagnostic::new(
                Code::W0302,
                span,
                format!("`{text}` redefines a name of the standard library"),
            )
            .here("means this from here on")
            .help(format!("choose another name, such as `my_{text}`"));
            self.report(diagnostic);
        }
        self.scope.define(
            name.name,
            Global {
                ty,
                span,
                kind,
                stmt: (Rc::clone(tree), id),
                is_std,
                used: false,
            },
        );
    }

    pub(super) fn function(
        &mut self,
        tree: &Rc<Tree>,
        name: Option<Ident>,
        params: Run,
        body: ExprId,
        is_rule: bool,
    ) -> Rc<FnTy> {
        let captured = if self.locals.is_empty() {
            Rc::clone(&self.no_locals)
        } else {
            self.locals
                .iter()
                .map(|local| (local.name, local.ty.clone()))
                .collect()
        };
        Rc::new(FnTy {
            id: self.fresh_fn(),
            name: name.map(|name| name.name),
            tree: Rc::clone(tree),
            params,
            body,
            captured,
            limit: self.limit.unwrap_or_else(|| self.scope.len()),
            is_rule,
        })
    }

    /// Checks a function's text once, knowing of its parameters only what is written.
    pub(super) fn check_function(&mut self, function: &Rc<FnTy>) {
        let depth = self.locals.len();
        let tree = Rc::clone(&function.tree);
        for param in tree.params(function.params) {
            let default = param.default.map(|default| self.expr(&tree, default));
            let ty = match (param.ty, default) {
                (Some(written), default) => {
                    let ty = self.written_type(&tree, written);
                    if let (Some(default), Some(value)) = (default, param.default) {
                        self.fits_written(
                            &tree,
                            written,
                            &default,
                            tree.span(value),
                            &mut Vec::new(),
                        );
                    }
                    ty
                }
                (None, _) => Ty::Unknown,
            };
            self.locals.push(Local::new(param.name.name, ty));
        }
        self.expr(&tree, function.body);
        self.locals.truncate(depth);
    }

    /// Checks a rule with its defaults.
    fn check_rule(&mut self, function: &Rc<FnTy>, name: Ident) -> Ty {
        let depth = self.locals.len();
        let tree = Rc::clone(&function.tree);
        for param in tree.params(function.params) {
            let ty = param
                .default
                .map_or(Ty::Unknown, |default| self.expr(&tree, default));
            if let (Some(written), Some(default)) = (param.ty, param.default) {
                self.fits_written(&tree, written, &ty, tree.span(default), &mut Vec::new());
            }
            self.locals.push(Local::new(param.name.name, ty));
        }
        let body = self.expr(&tree, function.body);
        self.locals.truncate(depth);
        let span = tree.span(function.body);
        let Some(numeric) =
            self.rule_numeric(&body, span, &format!("rule `{}`", self.text(name.name)))
        else {
            return Ty::Unknown;
        };
        self.rule_warnings(&numeric, tree.ident_span(name));
        Ty::Rule(Rc::clone(function), numeric)
    }

    /// The numeric expression of something that must be a rule; reports where it is none.
    pub(super) fn rule_numeric(&mut self, ty: &Ty, span: Span, what: &str) -> Option<Numeric> {
        if ty.is_unknown() {
            return None;
        }
        let Some(numeric) = ty.as_numeric() else {
            let diagnostic = Diagnostic::new(
                Code::E0305,
                span,
                format!(
                    "expected a numeric expression for {what}, found {}",
                    ty.noun()
                ),
            )
            .here(format!("this is {}", ty.noun()))
            .help("write an expression over the gradient, such as `sign(g) * m`");
            self.report(diagnostic);
            return None;
        };
        if !numeric.facts.ty.shape.fits_parameter() {
            let mut diagnostic = Diagnostic::new(
                Code::E0313,
                span,
                format!(
                    "{what} has shape `{}`, not the parameter's `[r, c]`",
                    numeric.facts.ty.shape
                ),
            )
            .here(format!("shape `{}`", numeric.facts.ty.shape));
            if let Some(from) = numeric.from.filter(|from| *from != span) {
                diagnostic = diagnostic.label(from, "shape made here");
            }
            self.report(
                diagnostic.help("bring it back to `[r, c]`, for example by multiplying with `g`"),
            );
            return None;
        }
        Some(numeric)
    }

    /// What is legal for a rule and hardly ever meant.
    fn rule_warnings(&mut self, numeric: &Numeric, span: Span) {
        let facts = &numeric.facts;
        if facts.ty.stage == Stage::Script {
            let value = facts
                .range
                .as_point()
                .map_or_else(String::new, |value| format!(", {}", number_text(value)));
            let diagnostic = Diagnostic::new(
                Code::W0405,
                span,
                format!("the update is the same number everywhere{value}"),
            )
            .here("constant")
            .help("mention the gradient `g`");
            self.report(diagnostic);
        } else if !facts.uses_grad {
            let diagnostic = Diagnostic::new(
                Code::W0401,
                span,
                "the update does not depend on the gradient",
            )
            .here("never looks at `g`")
            .help("mention the gradient `g`, or an average of it such as `m`");
            self.report(diagnostic);
        }
    }

    /// The type of the items of a list that is looped over.
    pub(super) fn item_type(&mut self, tree: &Rc<Tree>, source: ExprId) -> Ty {
        match self.expr(tree, source) {
            Ty::List(item) => (*item).clone(),
            Ty::Unknown => Ty::Unknown,
            other => {
                let diagnostic = Diagnostic::new(
                    Code::E0305,
                    tree.span(source),
                    format!("expected a list, found {}", other.noun()),
                )
                .here(format!("this is {}", other.noun()))
                .help("write a list such as `[1, 2, 3]` or `range(3)`");
                self.report(diagnostic);
                Ty::Unknown
            }
        }
    }
}
