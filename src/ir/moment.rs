//! A rule at a moment: its graph with some parts replaced by what they are at the first step, at the last, or when nothing changes.
//!
//! State that starts from 0 has a simple value at the first step, and so it has once the gradient has stood still for long. Written out as a
//! rule, that value can be simplified, compared and shown like any other.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a moment changes a few kinds of nodes; that one is none of them is one case"
)]

use super::{Graph, Node, NodeId, Rule};
use crate::op::{Leaf, Op};
use crate::types::Stage;

/// When or how a rule is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// The first step: `t` is 0 and nothing is remembered.
    First,
    /// The last step: `t` is `T`; what is remembered stays as it is.
    Last,
    /// After many steps with one gradient: averages have arrived at what they average.
    Steady,
    /// As it is, with noise and masks replaced by their means.
    Mean,
    /// As it is, with the gradient of the other sign.
    Negated,
    /// As it is, without the small numbers that keep divisors above zero.
    Bare,
    /// For a gradient above zero: it is written e to the power of a number that nothing else depends on.
    Above,
    /// For a gradient below zero, likewise.
    Below,
    /// For a gradient of 0.
    Zero,
}

/// The largest number that stands in a sum only to keep it above zero.
const SMALL: f64 = 1e-5;

impl Rule {
    /// The rule at a moment; none where that has no value in the language: a sum over all steps never becomes steady.
    pub fn at(&self, moment: Moment) -> Option<Self> {
        let source = self.graph();
        let mut graph = Graph::default();
        let mut new: Vec<NodeId> = Vec::with_capacity(source.len());
        for (id, node) in source.iter() {
            let value = special(source, &mut graph, node, &new, moment)?;
            let value = match value {
                Some(value) => value,
                None => copy(&mut graph, node, &new)?,
            };
            debug_assert_eq!(id.0 as usize, new.len());
            new.push(value);
        }
        let root = new[self.root().0 as usize];
        Some(Self::new(&graph, root))
    }
}

/// What a node becomes: none where it has no value then, nothing special where it is copied.
#[allow(clippy::option_option, reason = "no value and nothing special differ")]
fn special(
    source: &Graph,
    graph: &mut Graph,
    node: Node,
    new: &[NodeId],
    moment: Moment,
) -> Option<Option<NodeId>> {
    let value = |id: NodeId| new[id.0 as usize];
    let found = match (moment, node) {
        (Moment::First, Node::Leaf(Leaf::Step) | Node::LastUpdate(_))
        | (Moment::Mean, Node::Leaf(Leaf::Noise | Leaf::StepNoise))
        | (Moment::Zero, Node::Leaf(Leaf::Grad)) => graph.number(0.0),
        (Moment::First, Node::Own { body, .. }) => value(body),
        (Moment::First, Node::Apply(op, args)) => match (op, args.as_slice()) {
            (Op::Ema, [x, beta]) => {
                let one = graph.number(1.0);
                let rest = graph.apply(Op::Sub, &[one, value(*beta)]).ok()?;
                graph.apply(Op::Mul, &[rest, value(*x)]).ok()?
            }
            (Op::Debias, [average]) => value(averaged(source, *average)?),
            (Op::Trace | Op::Total | Op::Peak, [x, ..]) => value(*x),
            (Op::Last, [_, initial]) => value(*initial),
            _ => return Some(None),
        },
        (Moment::Last, Node::Leaf(Leaf::Step)) => graph.leaf(Leaf::Total),
        (Moment::Last, Node::Apply(Op::Rem, args)) => {
            let args = args.as_slice();
            if !is_whole_multiple(graph, value(args[0]), value(args[1])) {
                return Some(None);
            }
            graph.number(0.0)
        }
        (Moment::Steady, Node::LastUpdate(_) | Node::Own { .. }) => return None,
        (Moment::Steady, Node::Apply(op, args)) => match (op, args.as_slice()) {
            (Op::Ema | Op::Peak | Op::Last, [x, ..]) => value(*x),
            (Op::Debias, [average]) => value(averaged(source, *average)?),
            (Op::Trace, [x, mu]) => {
                let one = graph.number(1.0);
                let rest = graph.apply(Op::Sub, &[one, value(*mu)]).ok()?;
                graph.apply(Op::Div, &[value(*x), rest]).ok()?
            }
            (Op::Total, _) => return None,
            _ => return Some(None),
        },
        (Moment::Mean, Node::Drop { x, p, .. }) => {
            let one = graph.number(1.0);
            let keep = graph.apply(Op::Sub, &[one, value(p)]).ok()?;
            graph.apply(Op::Mul, &[keep, value(x)]).ok()?
        }
        (Moment::Negated, Node::Leaf(Leaf::Grad)) => {
            let g = graph.leaf(Leaf::Grad);
            graph.apply(Op::Neg, &[g]).ok()?
        }
        (Moment::Bare, Node::Apply(Op::Add | Op::Max, args)) => {
            let [x, y] = *args.as_slice() else {
                return Some(None);
            };
            let kept = match (is_small(source, x), is_small(source, y)) {
                (false, true) => x,
                (true, false) => y,
                (true, true) | (false, false) => return Some(None),
            };
            value(kept)
        }
        (Moment::Above | Moment::Below, Node::Leaf(Leaf::Grad)) => {
            let size = graph.leaf(Leaf::Coordinate(0));
            let g = graph.apply(Op::Exp, &[size]).ok()?;
            if moment == Moment::Above {
                g
            } else {
                graph.apply(Op::Neg, &[g]).ok()?
            }
        }
        _ => return Some(None),
    };
    Some(Some(found))
}

fn copy(graph: &mut Graph, node: Node, new: &[NodeId]) -> Option<NodeId> {
    let value = |id: NodeId| new[id.0 as usize];
    match node {
        Node::Number(bits) => Some(graph.number(f64::from_bits(bits))),
        Node::Leaf(leaf) => Some(graph.leaf(leaf)),
        Node::Apply(Op::Debias, args) => {
            let average = value(args.as_slice()[0]);
            // Only an average can be corrected.
            matches!(graph.node(average), Node::Apply(Op::Ema, _)).then_some(())?;
            graph.apply(Op::Debias, &[average]).ok()
        }
        Node::Apply(op, args) => {
            let args: Vec<NodeId> = args.as_slice().iter().map(|id| value(*id)).collect();
            graph.apply(op, &args).ok()
        }
        Node::Drop { x, p, mask } => graph.drop_masked(value(x), value(p), mask).ok(),
        Node::LastUpdate(rule) => Some(graph.last_update(rule)),
        Node::Own { rule, body } => Some(graph.own(rule, value(body))),
    }
}

/// What an `ema` averages.
fn averaged(graph: &Graph, average: NodeId) -> Option<NodeId> {
    match graph.node(average) {
        Node::Apply(Op::Ema, args) => args.as_slice().first().copied(),
        _ => None,
    }
}

/// Whether a node is a positive number too small to matter in a sum.
pub fn is_small(graph: &Graph, id: NodeId) -> bool {
    graph
        .node(id)
        .as_number()
        .is_some_and(|number| number > 0.0 && number <= SMALL)
}

/// `n * T` for a whole `n`, modulo `T`.
fn is_whole_multiple(graph: &Graph, x: NodeId, of: NodeId) -> bool {
    let is_whole = |id: NodeId| {
        graph
            .node(id)
            .as_number()
            .is_some_and(|number| number.fract() == 0.0)
    };
    if graph.ty(of).stage == Stage::Script {
        return false;
    }
    x == of
        || match graph.node(x) {
            Node::Apply(Op::Mul, args) => match *args.as_slice() {
                [a, b] => (a == of && is_whole(b)) || (b == of && is_whole(a)),
                _ => false,
            },
            _ => false,
        }
}
