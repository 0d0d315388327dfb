//! Definitions that are still to come: a name used too early is not merely unknown.

use crate::source::Span;
use crate::syntax::ast::{StmtKind, Tree};
use crate::syntax::names::Symbol;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// The definitions at the top of the program being checked.
pub(super) struct Upcoming {
    tree: Rc<Tree>,
    /// How many statements of the program are done.
    pub(super) done: usize,
    /// Where each name is first defined, and by which statement. Made when first asked for: most programs have no unknown
    /// names.
    first: Option<FxHashMap<Symbol, (usize, Span)>>,
}

/// A definition that comes too late.
#[derive(Clone, Copy)]
pub(super) struct Later {
    /// Where its name stands.
    pub(super) span: Span,
    /// Whether it is the statement that is being checked.
    pub(super) is_current: bool,
}

impl Upcoming {
    pub(super) fn new(tree: &Rc<Tree>) -> Self {
        Self {
            tree: Rc::clone(tree),
            done: 0,
            first: None,
        }
    }

    /// The first definition of a name, if it is still to come.
    pub(super) fn get(&mut self, name: Symbol) -> Option<Later> {
        let first = self.first.get_or_insert_with(|| first(&self.tree));
        let (index, span) = first.get(&name).copied()?;
        (index >= self.done).then_some(Later {
            span,
            is_current: index == self.done,
        })
    }
}

fn first(tree: &Tree) -> FxHashMap<Symbol, (usize, Span)> {
    let mut first = FxHashMap::default();
    for (index, id) in tree.body.iter().enumerate() {
        if let StmtKind::Let(name, _) | StmtKind::Fn(name, ..) | StmtKind::Rule(name, ..) =
            &tree.stmt(*id).kind
        {
            first
                .entry(name.name)
                .or_insert_with(|| (index, tree.ident_span(*name)));
        }
    }
    first
}
