//! The checker: names, arities, types, stages, shapes, ranges, before anything runs.
//!
//! It runs the program on types instead of values. The language has no recursion and no loops that depend on data, so this
//! always ends: a function is checked once where it is defined, and again for each new combination of argument types it is
//! called with (remembered, so that doubling chains of calls stay cheap). It never stops at the first problem: what is
//! not known has type [`Ty::Unknown`], which fits everywhere and reports nothing.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "an operation fits few types; that a value is of none of them is one case"
)]

pub mod bind;
mod builtin;
mod call;
mod expr;
mod key;
pub mod known;
mod operator;
pub mod scope;
mod stmt;
pub(crate) mod task;
mod ty;
mod upcoming;
mod written;

pub use known::{Known, Primitive};
pub use operator::domain_problem;
pub use ty::{FnTy, Made, Numeric, Ty};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{StmtId, Tree};
use crate::syntax::names::{Names, Symbol};
use rustc_hash::{FxHashMap, FxHashSet};
use scope::Scope;
use std::rc::Rc;

/// How deep calls and expressions together may nest while checking or running.
pub const MAX_DEPTH: usize = 250;

/// How many levels a call of a function counts for.
pub(crate) const CALL_DEPTH: usize = 1;

/// What kind of definition a name is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DefKind {
    /// `let`.
    Let,
    /// `fn`.
    Fn,
    /// `rule`.
    Rule,
}

/// A definition at the top of a program.
#[derive(Clone, Debug)]
pub struct Global {
    /// Its type.
    pub ty: Ty,
    /// Where its name stands.
    pub span: Span,
    /// What kind of definition it is.
    pub kind: DefKind,
    /// The statement, for its documentation.
    pub stmt: (Rc<Tree>, StmtId),
    /// Whether it belongs to the standard library.
    pub is_std: bool,
    /// Whether the program being checked has used it.
    pub used: bool,
}

/// How a program is checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A whole program: what it never uses is worth a warning.
    Program,
    /// A file of definitions for others to use.
    Library,
    /// A piece typed at the prompt: what is not used yet may be later.
    Prompt,
    /// The standard library itself: no warnings.
    Standard,
}

/// A local name.
#[derive(Clone, Debug)]
struct Local {
    name: Symbol,
    ty: Ty,
    /// Where a block defines it, until something uses it.
    unused: Option<Span>,
}

impl Local {
    /// A parameter, loop variable or captured name: it may well go unused.
    fn new(name: Symbol, ty: Ty) -> Self {
        Self {
            name,
            ty,
            unused: None,
        }
    }
}

/// A call in progress.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Where the call stands.
    call: Span,
    /// Whether the function called belongs to the standard library.
    is_std: bool,
}

/// The checker's state over one or more programs.
pub struct Checker<'a> {
    names: &'a Names,
    known: &'a Known,
    scope: &'a mut Scope<Global>,
    fn_count: &'a mut u32,
    mode: Mode,
    problems: Vec<Diagnostic>,
    seen: FxHashSet<(Option<Code>, Span)>,
    locals: Vec<Local>,
    /// What functions at the top of a program capture.
    no_locals: Rc<[(Symbol, Ty)]>,
    limit: Option<u32>,
    frames: Vec<Frame>,
    memo: FxHashMap<(u32, Vec<u64>), Ty>,
    upcoming: Option<upcoming::Upcoming>,
    depth: usize,
    /// Whether the place being checked is inside a rule, where `last(update)` has a meaning.
    silent: bool,
}

/// Checks a program and adds its definitions to the scope; what it returns is sorted by place.
pub fn check(
    tree: &Rc<Tree>,
    names: &Names,
    known: &Known,
    scope: &mut Scope<Global>,
    fn_count: &mut u32,
    mode: Mode,
) -> Vec<Diagnostic> {
    let mut checker = Checker::new(names, known, scope, fn_count, mode);
    checker.program(tree);
    let mut problems = checker.problems;
    crate::diagnostic::sort(&mut problems);
    problems
}

/// The type of the last expression of a program, with what is wrong in it.
pub fn type_of(
    tree: &Rc<Tree>,
    names: &Names,
    known: &Known,
    scope: &mut Scope<Global>,
    fn_count: &mut u32,
) -> (Ty, Vec<Diagnostic>) {
    let mut checker = Checker::new(names, known, scope, fn_count, Mode::Prompt);
    let ty = checker.program(tree);
    (ty, checker.problems)
}

impl<'a> Checker<'a> {
    fn new(
        names: &'a Names,
        known: &'a Known,
        scope: &'a mut Scope<Global>,
        fn_count: &'a mut u32,
        mode: Mode,
    ) -> Self {
        Self {
            names,
            known,
            scope,
            fn_count,
            mode,
            problems: Vec::new(),
            seen: FxHashSet::default(),
            locals: Vec::new(),
            no_locals: Rc::from([]),
            limit: None,
            frames: Vec::new(),
            memo: FxHashMap::default(),
            upcoming: None,
            depth: 0,
            silent: false,
        }
    }

    /// Reports a problem once for its place. Inside a function that is being called, the call is shown too; inside the standard
    /// library the call is what the user wrote, so it comes first.
    fn report(&mut self, diagnostic: Diagnostic) {
        if self.silent
            || (diagnostic.code.severity() == crate::diagnostic::Severity::Warning
                && self.mode == Mode::Standard)
        {
            return;
        }
        let outer = self
            .frames
            .iter()
            .rposition(|frame| !frame.is_std)
            .map_or(0, |at| at + 1);
        let mut diagnostic = diagnostic;
        if let Some(frame) = self.frames.get(outer).copied() {
            if !diagnostic.is_error() {
                // What the library does inside is its own business.
                return;
            }
            let inner = std::mem::replace(
                &mut diagnostic.primary,
                crate::diagnostic::Label {
                    span: frame.call,
                    text: "in this call".to_owned(),
                },
            );
            diagnostic.labels.insert(0, inner);
        } else if let Some(frame) = self.frames.last().copied() {
            diagnostic = diagnostic.label(frame.call, "in this call");
        }
        // One error a place is enough; warnings are told apart.
        let kind = (!diagnostic.is_error()).then_some(diagnostic.code);
        if self.seen.insert((kind, diagnostic.primary.span)) {
            self.problems.push(diagnostic);
        }
    }

    fn fresh_fn(&mut self) -> u32 {
        *self.fn_count += 1;
        *self.fn_count
    }

    fn text(&self, name: Symbol) -> &'a str {
        self.names.text(name)
    }
}
