//! Strings to graphs.
//!
//! Errors carry the bytes they are about and every token that could stand there; which of those was probably meant is for
//! the one who shows the error to say.

use super::{Binary, GROUP_LENGTH, MAX_GROUPS, Operand, Unary};
use crate::ir::{Graph, NodeId};
use crate::types::Mismatch;
use std::fmt;
use std::ops::Range;

/// What is wrong with a string, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenError {
    /// The bytes of the string that it is about.
    pub range: Range<usize>,
    /// What is wrong.
    pub fault: TokenFault,
}

/// What is wrong with a string.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TokenFault {
    /// No tokens at all.
    Empty,
    /// More than [`MAX_GROUPS`] groups.
    TooManyGroups {
        /// How many there are.
        found: usize,
    },
    /// A group without exactly [`GROUP_LENGTH`] tokens.
    GroupLength {
        /// How many it has.
        found: usize,
    },
    /// A token that does not exist where it stands.
    UnknownToken {
        /// The token.
        found: String,
        /// What stands at this place of a group.
        expected: Slot,
        /// Every token that could stand there.
        candidates: Vec<String>,
    },
    /// `$k` where group k is not before this one.
    NotEarlier {
        /// The token.
        found: String,
        /// How many groups are before.
        earlier: usize,
    },
    /// Two operands whose shapes do not fit each other.
    Mismatch(Mismatch),
}

/// What stands at a place of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// An operand or `$k`.
    Operand,
    /// A unary function.
    Unary,
    /// A binary function.
    Binary,
}

/// Builds the rule that a string means. Each `drop` written gets a mask of its own; what `$k` names is shared.
///
/// # Errors
/// The first thing wrong with the string; the graph is unchanged then.
pub fn decode(
    text: &str,
    graph: &mut Graph,
    operands: &[Operand<'_>],
) -> Result<NodeId, TokenError> {
    let before = graph.checkpoint();
    let result = build(text, graph, operands);
    if result.is_err() {
        graph.truncate(before);
    }
    result
}

fn build(text: &str, graph: &mut Graph, operands: &[Operand<'_>]) -> Result<NodeId, TokenError> {
    if text.trim().is_empty() {
        return Err(error(0..text.len(), TokenFault::Empty));
    }
    let mut groups = pieces(text, 0, |c| c == ';');
    if let Some(extra) = groups.get(MAX_GROUPS) {
        let fault = TokenFault::TooManyGroups {
            found: groups.len(),
        };
        return Err(error(extra.start..text.len(), fault));
    }
    let last = groups.pop().unwrap_or(0..0);
    let mut values = Vec::with_capacity(groups.len());
    for range in groups {
        let value = group(text, range, graph, operands, &values)?;
        values.push(value);
    }
    group(text, last, graph, operands, &values)
}

fn group(
    text: &str,
    range: Range<usize>,
    graph: &mut Graph,
    operands: &[Operand<'_>],
    values: &[NodeId],
) -> Result<NodeId, TokenError> {
    let mut tokens = pieces(&text[range.clone()], range.start, char::is_whitespace);
    tokens.retain(|token| !token.is_empty());
    let [op1, op2, u1, u2, b] = tokens.as_slice() else {
        let fault = TokenFault::GroupLength {
            found: tokens.len(),
        };
        let inner = match (tokens.first(), tokens.get(GROUP_LENGTH), tokens.last()) {
            (_, Some(extra), Some(last)) => extra.start..last.end,
            (Some(first), None, Some(last)) => first.start..last.end,
            (Some(_) | None, _, _) => range,
        };
        return Err(error(inner, fault));
    };
    let x = operand(text, op1, operands, values)?;
    let y = operand(text, op2, operands, values)?;
    let u1 = named(text, u1, Slot::Unary, &Unary::ALL.map(Unary::text)).map(|at| Unary::ALL[at])?;
    let u2 = named(text, u2, Slot::Unary, &Unary::ALL.map(Unary::text)).map(|at| Unary::ALL[at])?;
    let b =
        named(text, b, Slot::Binary, &Binary::ALL.map(Binary::text)).map(|at| Binary::ALL[at])?;
    let mismatch = |fault| error(op1.start..tokens[4].end, TokenFault::Mismatch(fault));
    let x = u1.apply(graph, x).map_err(mismatch)?;
    if b == Binary::Left {
        return Ok(x);
    }
    let y = u2.apply(graph, y).map_err(mismatch)?;
    b.apply(graph, x, y).map_err(mismatch)
}

fn operand(
    text: &str,
    range: &Range<usize>,
    operands: &[Operand<'_>],
    values: &[NodeId],
) -> Result<NodeId, TokenError> {
    let token = &text[range.clone()];
    if let Some(digits) = token.strip_prefix('$')
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        // A number too long for the machine names no earlier group either.
        let index = digits.parse::<usize>().unwrap_or(usize::MAX);
        let value = index.checked_sub(1).and_then(|at| values.get(at));
        return value.copied().ok_or_else(|| {
            let fault = TokenFault::NotEarlier {
                found: token.to_owned(),
                earlier: values.len(),
            };
            error(range.clone(), fault)
        });
    }
    let groups: Vec<String> = (1..=values.len()).map(|k| format!("${k}")).collect();
    let mut names: Vec<&str> = operands.iter().map(|operand| operand.name).collect();
    names.extend(groups.iter().map(String::as_str));
    named(text, range, Slot::Operand, &names).map(|at| operands[at].node)
}

/// Which of the names a token is.
fn named(
    text: &str,
    range: &Range<usize>,
    expected: Slot,
    names: &[&str],
) -> Result<usize, TokenError> {
    let found = &text[range.clone()];
    names.iter().position(|name| *name == found).ok_or_else(|| {
        let fault = TokenFault::UnknownToken {
            found: found.to_owned(),
            expected,
            candidates: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        error(range.clone(), fault)
    })
}

/// The ranges between separators; empty ones too.
fn pieces(text: &str, offset: usize, is_separator: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if is_separator(c) {
            pieces.push(offset + start..offset + at);
            start = at + c.len_utf8();
        }
    }
    pieces.push(offset + start..offset + text.len());
    pieces
}

fn error(range: Range<usize>, fault: TokenFault) -> TokenError {
    TokenError { range, fault }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Operand => "an operand",
            Self::Unary => "a unary function",
            Self::Binary => "a binary function",
        })
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            TokenFault::Empty => write!(f, "expected {GROUP_LENGTH} tokens, found none"),
            TokenFault::TooManyGroups { found } => {
                write!(f, "expected at most {MAX_GROUPS} groups, found {found}")
            }
            TokenFault::GroupLength { found } => {
                write!(
                    f,
                    "expected {GROUP_LENGTH} tokens in a group, found {found}"
                )
            }
            TokenFault::UnknownToken {
                found, expected, ..
            } => write!(f, "expected {expected}, found `{found}`"),
            TokenFault::NotEarlier { found, .. } => {
                write!(f, "expected an earlier group, found `{found}`")
            }
            TokenFault::Mismatch(Mismatch { left, right }) => {
                write!(f, "cannot combine `{left}` and `{right}`")
            }
        }
    }
}

impl std::error::Error for TokenError {}
