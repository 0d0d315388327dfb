//! Groups as data, and their text.

use super::{Binary, Unary};
use std::fmt::Write;

/// Where an argument of a group comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Source {
    /// The operand with this index.
    Operand(usize),
    /// The group with this index.
    Group(usize),
}

/// An argument of a group with its unary function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Side {
    /// The argument.
    pub source: Source,
    /// The function.
    pub unary: Unary,
}

/// A group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Group {
    /// The first argument.
    pub x: Side,
    /// The second argument.
    pub y: Side,
    /// What becomes of the two.
    pub binary: Binary,
}

/// The string of these groups; the name of an operand is given by its index.
pub fn write<'a>(groups: &[Group], operand: impl Fn(usize) -> &'a str) -> String {
    let name = |side: Side| match side.source {
        Source::Operand(index) => operand(index).to_owned(),
        Source::Group(index) => format!("${}", index + 1),
    };
    let mut out = String::new();
    for (index, Group { x, y, binary }) in groups.iter().enumerate() {
        let separator = if index > 0 { "; " } else { "" };
        let (op1, op2) = (name(*x), name(*y));
        let (u1, u2, b) = (x.unary.text(), y.unary.text(), binary.text());
        let _ = write!(out, "{separator}{op1} {op2} {u1} {u2} {b}");
    }
    out
}
