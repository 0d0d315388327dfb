//! Why a rule has no string, and what to write instead.

use super::is_operand;
use super::space::Space;
use crate::ir::tokens::{MAX_GROUPS, Unencodable};
use crate::ir::{Node, NodeId, Rule};
use crate::op::Op;
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

impl Missing {
    pub(super) fn new(why: Unencodable, rule: &Rule, space: &Space) -> Self {
        if why != Unencodable::TooManyGroups {
            return Self::Part(why);
        }
        let functions = functions(rule, space);
        if functions > MAX_GROUPS {
            Self::TooLong { functions }
        } else {
            Self::NotFound
        }
    }

    /// What to write instead.
    pub fn help(&self) -> String {
        match self {
            Self::Part(Unencodable::NoToken(_)) => {
                "the functions are `-x`, `e^x`, `log|x|`, `sqrt|x|`, `clip`, `drop`, `sign(x)`, `x + y`, `x - y`, `x * y`, `x / (y + delta)`, `x ^ y`".to_owned()
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
                "averages come as `m`, `v`, `gamma`, `mhat`, `vhat`, `gammahat` with the betas of the paper".to_owned()
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
                "the rule takes {functions} functions of two arguments, and {MAX_GROUPS} groups have one each"
            ),
            Self::NotFound => write!(
                f,
                "no {MAX_GROUPS} groups were found for the rule, though its parts have tokens"
            ),
        }
    }
}

impl std::error::Error for Missing {}

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
