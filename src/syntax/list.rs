//! Lists of arguments, items and parameters while they are read.

use super::ast::{Arg, ExprId, Param, Run, TypeArg};

/// A list that is being read: how many of the last unfinished items are its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List(pub(super) u32);

/// The items of all lists that are being read, those of inner lists last: no list needs memory of its own.
#[derive(Default)]
pub(crate) struct Unfinished {
    pub(super) args: Vec<Arg>,
    pub(super) items: Vec<ExprId>,
    pub(super) params: Vec<Param>,
    pub(super) type_args: Vec<TypeArg>,
}

/// What lists are made of.
pub(crate) trait Item: Sized {
    /// Where items of this kind are kept until their list ends.
    fn unfinished(lists: &mut Unfinished) -> &mut Vec<Self>;
}

impl Item for Arg {
    fn unfinished(lists: &mut Unfinished) -> &mut Vec<Self> {
        &mut lists.args
    }
}

impl Item for ExprId {
    fn unfinished(lists: &mut Unfinished) -> &mut Vec<Self> {
        &mut lists.items
    }
}

impl Item for Param {
    fn unfinished(lists: &mut Unfinished) -> &mut Vec<Self> {
        &mut lists.params
    }
}

impl Item for TypeArg {
    fn unfinished(lists: &mut Unfinished) -> &mut Vec<Self> {
        &mut lists.type_args
    }
}

impl List {
    /// A list without items.
    pub(crate) const EMPTY: Self = Self(0);

    /// Its items among the unfinished ones.
    pub(super) fn of<T>(self, unfinished: &[T]) -> &[T] {
        &unfinished[unfinished.len() - self.0 as usize..]
    }

    /// Moves its items to where they stay.
    pub(super) fn finish<T: Copy>(self, unfinished: &mut Vec<T>, done: &mut Vec<T>) -> Run {
        let start = super::build::len(done.len());
        done.extend_from_slice(self.of(unfinished));
        unfinished.truncate(unfinished.len() - self.0 as usize);
        Run { start, len: self.0 }
    }
}
