//! Graphs to strings.
//!
//! The shortest string wins; among equally long ones the one that gives back the graph as it is written, then the one whose
//! operands and functions come first in their lists.

use super::form::Reading;
use super::numbers::Numbers;
use super::problem::Problem;
use super::{MAX_GROUPS, Operand, write};
use crate::ir::{Graph, Node, NodeId, text};
use crate::op::Op;
use std::fmt;

/// Why a graph has no string.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unencodable {
    /// An op that no token has, with the name the language has for it: `tanh`.
    NoToken(Op),
    /// A number, name or `last(update)` that is no operand, as text: `0.3`, `w`.
    NoOperand(String),
    /// A `clip` or `drop` with a constant that no token has, as text: `clip(g, 0.1)`.
    OtherConstant(Op, String),
    /// A division by something that is not a sum with 1e-8.
    PlainDivision,
    /// A `log` or `sqrt` of something that may be negative, where tokens have `log|x|` and `sqrt|x|`.
    MayBeNegative(Op),
    /// More than [`MAX_GROUPS`] groups are needed.
    TooManyGroups,
}

/// The shortest string for the graph with this root, up to identities such as the order of sums.
///
/// # Errors
/// Why there is none.
pub fn encode(
    graph: &Graph,
    root: NodeId,
    operands: &[Operand<'_>],
) -> Result<String, Unencodable> {
    // That a rule remembers its own update is no part of its formula.
    let root = match graph.node(root) {
        Node::Own { body, .. } => body,
        Node::Number(_)
        | Node::Leaf(_)
        | Node::Apply(..)
        | Node::Drop { .. }
        | Node::LastUpdate(_) => root,
    };
    let values = operands
        .iter()
        .filter_map(|operand| graph.node(operand.node).as_number());
    let mut numbers = Numbers::new(values);
    let as_written = Problem::new(graph, root, operands, &mut numbers, Reading::AsWritten);
    if let Some(groups) = as_written.search(1) {
        return Ok(write(&groups, |index| operands[index].name));
    }
    let free = Problem::new(graph, root, operands, &mut numbers, Reading::UpToIdentities);
    let mut hopeful = vec![&as_written, &free];
    hopeful.retain(|problem| !problem.is_too_large() && problem.obstacle().is_none());
    for count in 1..=MAX_GROUPS {
        if let Some(groups) = hopeful.iter().find_map(|problem| problem.search(count)) {
            return Ok(write(&groups, |index| operands[index].name));
        }
    }
    if free.is_too_large() {
        return Err(Unencodable::TooManyGroups);
    }
    Err(free
        .obstacle()
        .map_or(Unencodable::TooManyGroups, |at| reason(&free, at)))
}

fn reason(problem: &Problem, obstacle: NodeId) -> Unencodable {
    let graph = &problem.form.graph;
    match graph.node(obstacle) {
        Node::Drop { .. } => Unencodable::OtherConstant(Op::Drop, text(graph, obstacle)),
        Node::Apply(Op::Clip, _) => Unencodable::OtherConstant(Op::Clip, text(graph, obstacle)),
        Node::Apply(Op::Div, _) => Unencodable::PlainDivision,
        Node::Apply(op @ (Op::Log | Op::Sqrt), _) => Unencodable::MayBeNegative(op),
        Node::Apply(op, _) => Unencodable::NoToken(op),
        Node::Own { .. } | Node::Number(_) | Node::Leaf(_) | Node::LastUpdate(_) => {
            Unencodable::NoOperand(text(graph, obstacle))
        }
    }
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken(op) => write!(f, "`{}` has no token", op.name()),
            Self::NoOperand(text) => write!(f, "`{text}` is no operand"),
            Self::OtherConstant(op, _) => {
                write!(f, "`{}` has no token with this constant", op.name())
            }
            Self::PlainDivision => write!(f, "division has a token only by `y + delta`"),
            Self::MayBeNegative(op) => {
                write!(f, "`{0}` has a token only as `{0}|x|`", op.name())
            }
            Self::TooManyGroups => write!(f, "the rule needs more than {MAX_GROUPS} groups"),
        }
    }
}

impl std::error::Error for Unencodable {}
