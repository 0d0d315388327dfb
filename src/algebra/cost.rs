//! The cost of a rule: how much there is to read and to compute.
//!
//! Every operation that is written counts, each time it is written, with the weight that the op table gives it; names and numbers count a
//! little, so that of two ways to write the same the shorter one is cheaper. What a rule remembers or draws counts as if it were a `let` of its own:
//! its definition once, each mention as a name.

use crate::ir::{Graph, Node, NodeId, Rule};
use crate::op::{Kind, Op};

/// The cost of a number.
pub(super) const NUMBER: u64 = 1;
/// The cost of a name: a leaf, or a mention of what is remembered or drawn.
pub(super) const NAME: u64 = 3;
/// Costs of ops count twice what the table says, so that a name can stand between one and two additions.
const SCALE: u64 = 2;
/// `|x|` reads as `sign(x) * x`: dearer than either part, cheaper than both.
const ABS: u64 = 6;
/// Whole powers that are written and read like products.
const WHOLE_POWERS: std::ops::RangeInclusive<f64> = 2.0..=16.0;

/// The cost of a rule; it is at most `u64::MAX`, however long the text would be.
pub fn cost(rule: &Rule) -> u64 {
    let graph = rule.graph();
    // What one mention costs, for nodes in order.
    let mut mentions: Vec<u64> = Vec::with_capacity(graph.len());
    let mut definitions = 0u64;
    for (_, node) in graph.iter() {
        let own = match node {
            Node::Number(_) => NUMBER,
            Node::Leaf(_) | Node::LastUpdate(_) => NAME,
            Node::Apply(op, args) => weight(op, |index| number(graph, args.as_slice()[index])),
            Node::Drop { .. } => plain_weight(Op::Drop),
            Node::Own { .. } => 0,
        };
        let total = node
            .args()
            .as_slice()
            .iter()
            .enumerate()
            .filter(|(index, arg)| !is_silent(node, *index, graph.node(**arg)))
            .fold(own, |sum, (_, arg)| {
                sum.saturating_add(mentions[arg.0 as usize])
            });
        if is_defined_once(node) {
            definitions = definitions.saturating_add(total);
            mentions.push(NAME);
        } else {
            mentions.push(total);
        }
    }
    definitions.saturating_add(mentions[rule.root().0 as usize])
}

/// What an op adds to the cost of its arguments; `number` gives the value of those that are numbers.
pub(super) fn weight(op: Op, number: impl Fn(usize) -> Option<f64>) -> u64 {
    if op == Op::Pow {
        if number(0).is_some_and(is_euler) {
            return plain_weight(Op::Exp);
        }
        if number(1).is_some_and(|power| WHOLE_POWERS.contains(&power) && power.fract() == 0.0) {
            return plain_weight(Op::Mul);
        }
    }
    plain_weight(op)
}

/// Whether a number is e, the base of the exponential function.
pub(super) fn is_euler(value: f64) -> bool {
    value.to_bits() == std::f64::consts::E.to_bits()
}

fn plain_weight(op: Op) -> u64 {
    if op == Op::Abs {
        return ABS;
    }
    u64::from(op.info().cost) * SCALE
}

/// `e^x` is one function of `x`: its base is no number to read.
fn is_silent(node: Node, index: usize, arg: Node) -> bool {
    matches!(node, Node::Apply(Op::Pow, _)) && index == 0 && arg.as_number().is_some_and(is_euler)
}

fn is_defined_once(node: Node) -> bool {
    match node {
        Node::Apply(op, _) => op.info().kind == Kind::State,
        Node::Drop { .. } => true,
        Node::Number(_) | Node::Leaf(_) | Node::LastUpdate(_) | Node::Own { .. } => false,
    }
}

fn number(graph: &Graph, id: NodeId) -> Option<f64> {
    graph.node(id).as_number()
}
