//! What a rule does when the gradient is scaled or turned round, followed through its graph part by part.
//!
//! Every part is either homogeneous in the gradient, f(c g) = c^d f(g) for all c > 0, or not known to be; and even, odd or not known to be.
//! What is found here holds exactly. State is linear or takes the largest, so it scales as what it remembers. A rule that remembers its own
//! update is tried with a degree for it and must come out with the same.
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::float_cmp,
    reason = "most ops have no rule of their own; degrees are small sums and products of written numbers"
)]

use crate::ir::{Graph, Node, NodeId, Rule, is_small};
use crate::op::{Leaf, Op};

/// How the update answers to a scaled gradient.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Degree {
    /// Times c for the gradient is times c^degree for the update.
    pub degree: f64,
    /// The largest number that was left out of a sum for this to hold; none where it holds exactly.
    pub apart_from: Option<f64>,
}

/// How the update answers to a gradient of the other sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parity {
    /// It does not change.
    Even,
    /// It turns round too.
    Odd,
    /// Neither.
    Neither,
}

/// The degrees that a remembered update is tried with.
const TRIED: [f64; 5] = [0.0, 1.0, -1.0, 0.5, 2.0];

/// A part's degree; that of zero is any.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Scale {
    Zero,
    Of(f64),
}

/// The degree of a rule in the gradient, where its parts have one.
pub(super) fn degree(rule: &Rule) -> Option<Degree> {
    let found: Vec<Degree> = TRIED
        .iter()
        .filter_map(|own| degree_with(rule, *own))
        .collect();
    let exact = found.iter().find(|degree| degree.apart_from.is_none());
    exact.or(found.first()).copied()
}

fn degree_with(rule: &Rule, own: f64) -> Option<Degree> {
    let graph = rule.graph();
    let mut left_out: Option<f64> = None;
    let mut scales: Vec<Option<Scale>> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        let scale = scale_of(graph, node, &scales, own, &mut left_out);
        if let (Node::Own { .. }, Some(Scale::Of(degree))) = (node, scale)
            && degree != own
        {
            return None;
        }
        scales.push(scale);
    }
    match scales[rule.root().0 as usize]? {
        Scale::Zero => None,
        Scale::Of(degree) => Some(Degree {
            degree,
            apart_from: left_out,
        }),
    }
}

fn scale_of(
    graph: &Graph,
    node: Node,
    scales: &[Option<Scale>],
    own: f64,
    left_out: &mut Option<f64>,
) -> Option<Scale> {
    use Scale::{Of, Zero};
    let scale = |id: NodeId| scales[id.0 as usize];
    let (op, args) = match node {
        Node::Number(bits) if f64::from_bits(bits) == 0.0 => return Some(Zero),
        Node::Leaf(Leaf::Grad) => return Some(Of(1.0)),
        Node::Number(_) | Node::Leaf(_) => return Some(Of(0.0)),
        Node::LastUpdate(_) => return Some(Of(own)),
        Node::Own { body, .. } => return scale(body),
        Node::Drop { x, p, .. } => return constant(scale(p)?).and(scale(x)),
        Node::Apply(op, args) => (op, args),
    };
    let args = args.as_slice();
    let x = scale(args[0])?;
    let y = match args.get(1) {
        Some(id) => scale(*id)?,
        None => Zero,
    };
    match op {
        Op::Add | Op::Sub | Op::Max => join(x, y).or_else(|| {
            let (kept, number) = if is_small(graph, args[1]) {
                (x, args[1])
            } else if is_small(graph, args[0]) {
                (y, args[0])
            } else {
                return None;
            };
            let size = graph.node(number).as_number()?;
            *left_out = Some(left_out.map_or(size, |other| other.max(size)));
            Some(kept)
        }),
        Op::Min | Op::Clip | Op::Rem | Op::Last => join(x, y),
        Op::Mul | Op::MatMul => Some(match (x, y) {
            (Of(x), Of(y)) => Of(x + y),
            (Zero, _) | (_, Zero) => Zero,
        }),
        Op::Div => match (x, y) {
            (Of(x), Of(y)) => Some(Of(x - y)),
            (Zero, Of(_)) => Some(Zero),
            (_, Zero) => None,
        },
        Op::Neg
        | Op::Abs
        | Op::Debias
        | Op::Total
        | Op::Peak
        | Op::Norm
        | Op::Mean
        | Op::Sum
        | Op::Rms
        | Op::Transpose
        | Op::RowMean
        | Op::ColMean => Some(x),
        Op::Ema | Op::Trace => constant(y).map(|()| x),
        Op::Sign => Some(Of(0.0)),
        Op::Orthogonalize => {
            // It divides by the norm and 1e-7.
            *left_out = Some(left_out.map_or(1e-7, |other| other.max(1e-7)));
            Some(Of(0.0))
        }
        Op::Sqrt => Some(match x {
            Zero => Zero,
            Of(x) => Of(x / 2.0),
        }),
        Op::Pow => match (x, graph.node(args[1]).as_number()) {
            (Of(x), Some(power)) => Some(Of(x * power)),
            _ => constant(x).and(constant(y)).map(|()| Of(0.0)),
        },
        Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => join(x, y).map(|_| Of(0.0)),
        Op::Where => constant(x).and(join(y, scale(args[2])?)),
        Op::Exp
        | Op::Log
        | Op::Tanh
        | Op::Sigmoid
        | Op::Cos
        | Op::Sin
        | Op::Or
        | Op::And
        | Op::Not
        | Op::Drop => constant(x).and(constant(y)).map(|()| Of(0.0)),
    }
}

/// Whether a part does not change with the size of the gradient.
fn constant(scale: Scale) -> Option<()> {
    matches!(scale, Scale::Zero | Scale::Of(0.0)).then_some(())
}

/// The common degree of two parts.
fn join(x: Scale, y: Scale) -> Option<Scale> {
    match (x, y) {
        (Scale::Zero, other) | (other, Scale::Zero) => Some(other),
        (Scale::Of(a), Scale::Of(b)) => (a == b).then_some(x),
    }
}

/// A part's parity; that of zero is either.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    Zero,
    Even,
    Odd,
}

/// The parity of a rule in the gradient, where its parts have one.
pub(super) fn parity(rule: &Rule) -> Option<Parity> {
    [Turn::Odd, Turn::Even]
        .into_iter()
        .find_map(|own| parity_with(rule, own))
}

fn parity_with(rule: &Rule, own: Turn) -> Option<Parity> {
    let graph = rule.graph();
    let mut turns: Vec<Option<Turn>> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        let turn = turn_of(graph, node, &turns, own);
        if let (Node::Own { .. }, Some(turn)) = (node, turn)
            && turn != own
            && turn != Turn::Zero
        {
            return None;
        }
        turns.push(turn);
    }
    match turns[rule.root().0 as usize]? {
        Turn::Zero | Turn::Even => Some(Parity::Even),
        Turn::Odd => Some(Parity::Odd),
    }
}

fn turn_of(graph: &Graph, node: Node, turns: &[Option<Turn>], own: Turn) -> Option<Turn> {
    use Turn::{Even, Odd, Zero};
    let turn = |id: NodeId| turns[id.0 as usize];
    let (op, args) = match node {
        Node::Number(bits) if f64::from_bits(bits) == 0.0 => return Some(Zero),
        Node::Leaf(Leaf::Grad) => return Some(Odd),
        Node::Number(_) | Node::Leaf(_) => return Some(Even),
        Node::LastUpdate(_) => return Some(own),
        Node::Own { body, .. } => return turn(body),
        Node::Drop { x, p, .. } => return if turn(p)? == Odd { None } else { turn(x) },
        Node::Apply(op, args) => (op, args),
    };
    let args = args.as_slice();
    let x = turn(args[0])?;
    let y = match args.get(1) {
        Some(id) => turn(*id)?,
        None => Zero,
    };
    let all_even = (x != Odd && y != Odd).then_some(Even);
    match op {
        Op::Add | Op::Sub | Op::Last => same(x, y),
        Op::Mul | Op::Div | Op::MatMul => Some(match (x, y) {
            (Zero, _) | (_, Zero) => Zero,
            (x, y) if x == y => Even,
            _ => Odd,
        }),
        Op::Neg
        | Op::Sign
        | Op::Tanh
        | Op::Sin
        | Op::Debias
        | Op::Total
        | Op::Mean
        | Op::Sum
        | Op::Transpose
        | Op::RowMean
        | Op::ColMean => Some(x),
        Op::Clip | Op::Ema | Op::Trace | Op::Orthogonalize => (y != Odd).then_some(x),
        Op::Abs | Op::Norm | Op::Rms | Op::Cos => Some(Even),
        Op::Pow if x == Odd => {
            let power = graph.node(args[1]).as_number()?;
            (power.fract() == 0.0).then_some(if power % 2.0 == 0.0 { Even } else { Odd })
        }
        Op::Eq | Op::Ne => same(x, y).map(|_| Even),
        Op::Where if x != Odd => same(y, turn(args[2])?),
        Op::Where => None,
        Op::Min
        | Op::Max
        | Op::Pow
        | Op::Rem
        | Op::Exp
        | Op::Log
        | Op::Sqrt
        | Op::Sigmoid
        | Op::Peak
        | Op::Lt
        | Op::Le
        | Op::Gt
        | Op::Ge
        | Op::Or
        | Op::And
        | Op::Not
        | Op::Drop => all_even,
    }
}

/// The common parity of two parts.
fn same(x: Turn, y: Turn) -> Option<Turn> {
    match (x, y) {
        (Turn::Zero, other) | (other, Turn::Zero) => Some(other),
        (x, y) => (x == y).then_some(x),
    }
}
