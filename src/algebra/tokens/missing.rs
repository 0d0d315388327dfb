//! Why a rule has no string, and what to write instead.

use super::is_operand;
use super::space::Space;
use crate::ir::tokens::{MAX_GROUPS, Unencodable};
use crate::ir::{Node, NodeId, Rule};
use crate::op::{Kind, Op};
use std::fmt;

/// Why no string was found for a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Missing {
    /// The rule has a part that strings do not have.
    Part(Unencodable),
    /// All parts have tokens, but there are more of them than groups hold.
    TooLong {
        /// How many functions of two arguments the shortest form has.
        functions: usize,
    },
    /// All parts have tokens, and they are few enough, but no groups were found for them.
    NotFound,
}

const AVERAGES: &str = "what is remembered comes as `m`, `v`, `gamma`, `mhat`, `vhat`, `gammahat`, with the betas of the paper";

impl Missing {
    /// What to say of a rule that has no string, from its forms, as written first, each with what stands in the way of it.
    pub(super) fn new<const N: usize>(
        forms: &[(&Rule, Option<Unencodable>); N],
        space: &Space,
    ) -> Self {
        let simplest = forms[N - 1].0;
        let is_part = |why: &Unencodable| !is_part_free(why);
        let in_the_way = |why: &Option<Unencodable>| {
            let why = why.as_ref().filter(|why| is_part(why));
            why.filter(|why| remains(why, simplest)).cloned()
        };
        let is_complete = forms[0].1.as_ref().is_none_or(|why| !is_part(why));
        if !is_complete && let Some(why) = forms.iter().find_map(|(_, why)| in_the_way(why)) {
            return Self::Part(why);
        }
        let complete = forms
            .iter()
            .filter(|(_, why)| why.as_ref().is_none_or(is_part_free));
        let functions = complete.map(|(rule, _)| functions(rule, space)).min();
        match functions {
            Some(functions) if functions > MAX_GROUPS => Self::TooLong { functions },
            Some(_) | None => Self::NotFound,
        }
    }

    /// What to write instead.
    pub fn help(&self) -> String {
        match self {
            Self::Part(Unencodable::NoToken(op)) if op.info().kind == Kind::State => {
                AVERAGES.to_owned()
            }
            Self::Part(Unencodable::NoToken(_)) => {
                "the functions are -x, e^x, log|x|, sqrt|x|, clip, drop, sign, +, -, *, x / (y + delta), x^y".to_owned()
            }
            Self::Part(Unencodable::NoOperand(text)) if text.parse::<f64>().is_ok() => {
                "the numbers are 1, 2 and what groups make of them, such as `2 2 id id pow`".to_owned()
            }
            Self::Part(Unencodable::NoOperand(text)) if text == "w" => {
                "the parameter comes as `1e-4*w`, `1e-3*w`, `1e-2*w` or `1e-1*w`".to_owned()
            }
            Self::Part(Unencodable::NoOperand(text)) if text == "t" || text == "T" => {
                "the step comes as `ld`, `cd`, `rd(10)` or `rd(20)`".to_owned()
            }
            Self::Part(Unencodable::NoOperand(_)) => {
                AVERAGES.to_owned()
            }
            Self::Part(Unencodable::OtherConstant(Op::Drop, _)) => {
                "write `drop(x, 0.1)`, `drop(x, 0.3)` or `drop(x, 0.5)`".to_owned()
            }
            Self::Part(Unencodable::OtherConstant(..)) => {
                "write `clip(x, 1e-5)`, `clip(x, 1e-4)` or `clip(x, 1e-3)`".to_owned()
            }
            Self::Part(Unencodable::PlainDivision) => "write `x / (y + delta)`".to_owned(),
            Self::Part(Unencodable::MayBeNegative(op)) => {
                format!("write `{}(|x|)`", op.name())
            }
            Self::TooLong { .. } => {
                format!("write a rule with at most {MAX_GROUPS} functions of two arguments")
            }
            Self::Part(Unencodable::TooManyGroups) | Self::NotFound => {
                "write the rule so that each group is a function of operands and groups before it".to_owned()
            }
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(why) => why.fmt(f),
            Self::TooLong { functions } => write!(
                f,
                "the rule has {functions} functions of two arguments, and {MAX_GROUPS} groups hold {MAX_GROUPS}"
            ),
            Self::NotFound => write!(
                f,
                "no {MAX_GROUPS} groups were found for the rule, though its parts have tokens"
            ),
        }
    }
}

impl std::error::Error for Missing {}

/// Whether nothing but the number of groups stands in the way.
fn is_part_free(why: &Unencodable) -> bool {
    *why == Unencodable::TooManyGroups
}

/// Whether what stands in the way of one form is in the simplest form too. That has other numbers, and the same need of them.
fn remains(why: &Unencodable, simplest: &Rule) -> bool {
    let has = |op: Op| {
        simplest.graph().iter().any(|(_, node)| match node {
            Node::Apply(found, _) => found == op,
            Node::Drop { .. } => op == Op::Drop,
            _ => false,
        })
    };
    match why {
        Unencodable::NoToken(op)
        | Unencodable::OtherConstant(op, _)
        | Unencodable::MayBeNegative(op) => has(*op),
        Unencodable::PlainDivision => has(Op::Div) || has(Op::Pow),
        Unencodable::NoOperand(text) => {
            text.parse::<f64>().is_ok() || simplest.text().contains(text.as_str())
        }
        Unencodable::TooManyGroups => true,
    }
}

/// How many functions of two arguments a rule has above the operands; what is written twice counts once.
fn functions(rule: &Rule, space: &Space) -> usize {
    let mut graph = space.graph.clone();
    let root = graph.graft(rule);
    let mut seen: Vec<NodeId> = Vec::new();
    let mut open = vec![root];
    let mut count = 0;
    while let Some(node) = open.pop() {
        if seen.contains(&node) || (graph_has(space, node) && is_operand(space, node)) {
            continue;
        }
        seen.push(node);
        let args = graph.node(node).args();
        let of_two = match graph.node(node) {
            Node::Apply(Op::Add | Op::Sub | Op::Mul, _) => true,
            Node::Apply(Op::Pow, args) => {
                graph.node(args.as_slice()[0]).as_number() != Some(std::f64::consts::E)
            }
            _ => false,
        };
        count += usize::from(of_two);
        open.extend_from_slice(args.as_slice());
    }
    count
}

fn graph_has(space: &Space, node: NodeId) -> bool {
    (node.0 as usize) < space.graph.len()
}
