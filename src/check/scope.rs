//! Names in force: a growing list of definitions and where each name was last defined.
//!
//! Definitions are numbered; a function sees those that came before it and no later ones, so what a name means inside a
//! function never changes. The checker keeps types in a scope, the evaluator values, both in the same order.

use crate::syntax::names::Symbol;
use rustc_hash::FxHashMap;

/// Definitions in order.
#[derive(Clone, Debug)]
pub struct Scope<V> {
    list: Vec<(Symbol, V)>,
    by_name: FxHashMap<Symbol, Vec<u32>>,
}

impl<V> Default for Scope<V> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            by_name: FxHashMap::default(),
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

    /// Adds a definition.
    pub fn define(&mut self, name: Symbol, value: V) {
        let number = self.len();
        self.list.push((name, value));
        self.by_name.entry(name).or_default().push(number);
    }

    /// The number of the last definition of a name among the first `limit`.
    pub fn find(&self, name: Symbol, limit: u32) -> Option<u32> {
        self.by_name
            .get(&name)?
            .iter()
            .rev()
            .copied()
            .find(|number| *number < limit)
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
        for (name, _) in self.list.drain(len as usize..) {
            if let Some(numbers) = self.by_name.get_mut(&name) {
                numbers.pop();
                if numbers.is_empty() {
                    self.by_name.remove(&name);
                }
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
