//! Results of calls, so that a function which calls another twice does not double the work at every level.
//!
//! A call is remembered when it did nothing but compute: it showed nothing, touched no file, drew no mask of its own and did not ask
//! for the update of the rule around it. Arguments are compared by what they are: numbers by their bits, expressions by their node.

use super::{Closure, Evaluator, Value};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// More calls than this are forgotten: a chain of functions needs few, a long loop would need memory for nothing.
const MOST: usize = 10_000;

/// Remembered calls, and how often something happened that forbids to remember.
#[derive(Default)]
pub(super) struct Memo {
    known: FxHashMap<Key, Value>,
    /// Keeps alive what stands in the keys by its address.
    held: Vec<Value>,
    effects: u64,
}

/// A function, by its address, and its arguments.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    function: usize,
    args: Vec<(u8, u64)>,
}

/// The state that a pure call leaves as it was.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Before {
    effects: u64,
    origins: u32,
}

impl Evaluator<'_> {
    /// Notes that something happened which a remembered result would leave out.
    pub(super) fn note_effect(&mut self) {
        self.calls.effects += 1;
    }

    /// The key of a call; none where an argument is more than a number or an expression.
    pub(super) fn call_key(closure: &Rc<Closure>, given: &[Option<Value>]) -> Option<Key> {
        let part = |value: &Option<Value>| match value {
            None => Some((0, 0)),
            Some(Value::Num(number)) => Some((1, number.to_bits())),
            Some(Value::Bool(truth)) => Some((2, u64::from(*truth))),
            Some(Value::Expr(node)) => Some((3, u64::from(node.0))),
            // Rules of one formula may have different names.
            Some(Value::Rule(rule)) => Some((4, Rc::as_ptr(rule) as u64)),
            Some(Value::Fn(function)) => Some((5, Rc::as_ptr(function) as u64)),
            Some(_) => None,
        };
        let args = given.iter().map(part).collect::<Option<_>>()?;
        let function = Rc::as_ptr(closure) as usize;
        Some(Key { function, args })
    }

    pub(super) fn known_call(&self, key: &Key) -> Option<Value> {
        self.calls.known.get(key).cloned()
    }

    pub(super) fn before_call(&self) -> Before {
        Before {
            effects: self.calls.effects,
            origins: self.graph.origin_count(),
        }
    }

    /// Remembers a result, if the call left no trace; `held` is what its key names by address.
    pub(super) fn remember(&mut self, key: Key, held: Vec<Value>, before: Before, result: &Value) {
        if self.before_call() != before {
            return;
        }
        if self.calls.known.len() >= MOST {
            self.calls.known.clear();
            self.calls.held.clear();
        }
        self.calls.held.extend(held);
        self.calls.known.insert(key, result.clone());
    }
}

/// A function and those of its arguments that a key names by address.
pub(super) fn held(closure: &Rc<Closure>, given: &[Option<Value>]) -> Vec<Value> {
    let by_address = |value: &&Value| matches!(value, Value::Rule(_) | Value::Fn(_));
    let mut held: Vec<Value> = given.iter().flatten().filter(by_address).cloned().collect();
    held.push(Value::Fn(Rc::clone(closure)));
    held
}
