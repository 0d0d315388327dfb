//! Names in force: a growing list of definitions and where each name was last defined.
//!
//! Definitions are numbered; a function sees those that came before it and no later ones, so what a name means inside a
//! function never changes. The checker keeps types in a scope, the evaluator values, both in the same order.

use crate::syntax::names::Symbol;

/// No definition.
const NONE: u32 = u32::MAX;

/// Definitions in order.
#[derive(Clone, Debug)]
pub struct Scope<V> {
    list: Vec<(Symbol, V)>,
    /// For each definition the one of the same name before it.
    before: Vec<u32>,
    /// The last definition of each symbol; symbols are small numbers, so this needs no hashing.
    last: Vec<u32>,
}

impl<V> Default for Scope<V> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            before: Vec::new(),
            last: Vec::new(),
        }
    }
}

impl<V> Scope<V> {
    /// How many definitions there are: a limit for [`Scope::get`].
    pub fn len(&self) -> u32 {
        u32::try_from(self.list.len()).expect("fewer than 2^32 definitions")
    }

    /// Whether nothing is defined.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Makes room for so many more definitions.
    pub fn reserve(&mut self, more: usize) {
        self.list.reserve(more);
        self.before.reserve(more);
    }

    /// Adds a definition.
    pub fn define(&mut self, name: Symbol, value: V) {
        let (number, index) = (self.len(), name.0 as usize);
        if self.last.len() <= index {
            self.last.resize(index + 1, NONE);
        }
        self.before.push(self.last[index]);
        self.last[index] = number;
        self.list.push((name, value));
    }

    /// The number of the last definition of a name among the first `limit`.
    pub fn find(&self, name: Symbol, limit: u32) -> Option<u32> {
        let mut number = self.last.get(name.0 as usize).copied()?;
        while number != NONE && number >= limit {
            number = self.before[number as usize];
        }
        (number != NONE).then_some(number)
    }

    /// The last definition of a name among the first `limit`.
    pub fn get(&self, name: Symbol, limit: u32) -> Option<&V> {
        self.find(name, limit)
            .map(|number| &self.list[number as usize].1)
    }

    /// A definition by number.
    pub fn by_number(&self, number: u32) -> &(Symbol, V) {
        &self.list[number as usize]
    }

    /// A definition by number, to change.
    pub fn by_number_mut(&mut self, number: u32) -> &mut V {
        &mut self.list[number as usize].1
    }

    /// Forgets all but the first definitions.
    pub fn truncate(&mut self, len: u32) {
        while self.len() > len {
            if let (Some((name, _)), Some(before)) = (self.list.pop(), self.before.pop()) {
                self.last[name.0 as usize] = before;
            }
        }
    }

    /// All definitions in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Symbol, &V)> {
        (0u32..)
            .zip(&self.list)
            .map(|(number, (name, value))| (number, *name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_definitions_are_invisible_below_their_limit() {
        let mut scope = Scope::default();
        let name = Symbol(7);
        scope.define(name, "first");
        let limit = scope.len();
        scope.define(name, "second");
        assert_eq!(scope.get(name, limit), Some(&"first"));
        assert_eq!(scope.get(name, scope.len()), Some(&"second"));
        scope.truncate(limit);
        assert_eq!(scope.get(name, 99), Some(&"first"));
        scope.truncate(0);
        assert_eq!(scope.get(name, 99), None);
    }
}
