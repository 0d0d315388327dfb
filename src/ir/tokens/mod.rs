//! The paper's strings: a rule as up to four groups of five tokens, `op1 op2 u1 u2 b`.
//!
//! A group's value is `b(u1(op1), u2(op2))`; `$k` in a later group names the value of group k, and the last group is the
//! rule. Strings are how the paper's controller speaks, so both directions are here: [`decode`] builds the graph that a string
//! means, [`encode`] finds the shortest string for a graph. What the operands are is the caller's choice: they are names with
//! nodes.

mod decode;
mod encode;
mod form;
mod group;
mod numbers;
mod problem;
mod token;
mod ways;

pub use decode::{Slot, TokenError, TokenFault, decode};
pub use encode::{Unencodable, encode};
pub use group::{Group, Side, Source, write};
pub use token::{Binary, Unary};

use super::NodeId;

/// The most groups a string can have.
pub const MAX_GROUPS: usize = 4;

/// How many tokens a group has.
pub const GROUP_LENGTH: usize = 5;

/// What is added to every divisor.
pub const DELTA: f64 = 1e-8;

/// A name that a string can mention, and what it means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand<'a> {
    /// The name as the language spells it, without spaces: `g`, `1e-4*w`, `rd(10)`.
    pub name: &'a str,
    /// Its value.
    pub node: NodeId,
}

#[cfg(test)]
mod tests;
