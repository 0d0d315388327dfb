//! The pieces of a rule that groups may have as values.
//!
//! These are the nodes of its forms, the divisors without what groups add to them, of sums and products whatever some of their
//! members make, and a few numbers.

use crate::ir::tokens::DELTA;
use crate::ir::{Graph, Node, NodeId};
use crate::op::Op;

/// Sums and products with more members are taken as they are grouped.
const MOST_MEMBERS: usize = 5;

/// Numbers that one group makes and that forms often hide: powers, roots, halves.
const NUMBERS: [f64; 3] = [3.0, 4.0, 0.5];

/// The pieces of the expressions with these roots, likely ones first.
pub(super) fn pieces(graph: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    for root in roots {
        reach(graph, *root, &mut nodes);
    }
    let mut made = Vec::new();
    for node in nodes.clone() {
        if let Some([_, divisor]) = args(graph, Op::Div, node) {
            let delta = graph.number(DELTA);
            made.extend(graph.apply(Op::Sub, &[divisor, delta]).ok());
            let one = graph.number(1.0);
            made.extend(graph.apply(Op::Div, &[one, divisor]).ok());
        }
    }
    for node in nodes.clone() {
        for (op, minus) in [(Op::Mul, Op::Div), (Op::Add, Op::Sub)] {
            selections(graph, node, op, minus, &mut made);
        }
    }
    let mut pieces: Vec<NodeId> = NUMBERS.map(|number| graph.number(number)).into();
    pieces.extend(nodes);
    pieces.extend(made);
    pieces
}

/// The nodes below a root, itself first, without what is only remembered.
fn reach(graph: &Graph, root: NodeId, nodes: &mut Vec<NodeId>) {
    let mut open = std::collections::VecDeque::from([root]);
    while let Some(node) = open.pop_front() {
        if nodes.contains(&node) {
            continue;
        }
        nodes.push(node);
        let is_state = matches!(graph.node(node), Node::Apply(op, _) if op.has_state());
        if !is_state {
            open.extend(graph.node(node).args().as_slice());
        }
    }
}

/// What some but not all members of a sum or product make.
fn selections(graph: &mut Graph, node: NodeId, op: Op, minus: Op, made: &mut Vec<NodeId>) {
    let mut members = Vec::new();
    collect(graph, node, op, minus, false, &mut members);
    if members.len() < 3 || members.len() > MOST_MEMBERS {
        return;
    }
    let sets = (1u32..(1 << members.len()) - 1).filter(|set| set.count_ones() > 1);
    let mut sets: Vec<u32> = sets.collect();
    sets.sort_by_key(|set| (set.count_ones(), *set));
    for set in sets {
        let chosen = members.iter().enumerate();
        let chosen = chosen.filter(|(index, _)| set >> index & 1 == 1);
        let mut chosen: Vec<(NodeId, bool)> = chosen.map(|(_, member)| *member).collect();
        chosen.sort_by_key(|(_, is_minus)| *is_minus);
        // What is all taken away is the negative of what is all added.
        let (first, _) = chosen[0];
        let is_all_minus = chosen[0].1;
        let value = chosen[1..]
            .iter()
            .try_fold(first, |value, (next, is_minus)| {
                let op = if *is_minus && !is_all_minus {
                    minus
                } else {
                    op
                };
                graph.apply(op, &[value, *next])
            });
        made.extend(value.ok());
    }
}

/// The members of a sum or product, each with whether it is taken away or divided by.
fn collect(
    graph: &Graph,
    node: NodeId,
    op: Op,
    minus: Op,
    is_minus: bool,
    members: &mut Vec<(NodeId, bool)>,
) {
    if members.len() > MOST_MEMBERS {
        return;
    }
    if let Some([x, y]) = args(graph, op, node) {
        collect(graph, x, op, minus, is_minus, members);
        collect(graph, y, op, minus, is_minus, members);
    } else if let Some([x, y]) = args(graph, minus, node) {
        collect(graph, x, op, minus, is_minus, members);
        collect(graph, y, op, minus, !is_minus, members);
    } else {
        members.push((node, is_minus));
    }
}

fn args(graph: &Graph, op: Op, node: NodeId) -> Option<[NodeId; 2]> {
    match graph.node(node) {
        Node::Apply(found, args) if found == op => match *args.as_slice() {
            [x, y] => Some([x, y]),
            _ => None,
        },
        _ => None,
    }
}
