//! The precise oracle: the laws of a rule at all points, in double-doubles with error bounds.
//!
//! It goes through a rule's graph node by node. Each node has a column: its value at every point, for every outcome of the chances it
//! depends on. Columns of small subexpressions are kept, since most rules are made of the same ones.

use crate::ball::Ball;
use crate::law::{Cell, Chance};
use crate::points::{self, Input, Point};
use crate::random;
use nos::ir::{Graph, Node, NodeId, Origin, Rule};
use nos::op::{Leaf, Op};
use nos::types::{Shape, Stage};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// The bits of an outcome: the sign of `eps`, that of `eps_t`, then each mask.
const NOISE: u32 = 0;
const STEP_NOISE: u32 = 1;
const FIRST_MASK: u32 = 2;

/// Rules with more than this many chances are not evaluated.
const MOST_CHANCES: u32 = 12;
/// Columns are kept up to this many values in all.
const ROOM: usize = 6_000_000;
/// Only columns of expressions with at most so many nodes are kept.
const SMALL: usize = 24;

/// The values of a node.
struct Column {
    /// The chances it depends on, as bits.
    support: u64,
    /// Outcomes in order, point after point.
    values: Vec<Ball>,
}

impl Column {
    fn outcomes(&self) -> usize {
        1 << self.support.count_ones()
    }
}

/// The oracle and what it remembers.
pub(crate) struct Precise<'a> {
    points: &'a [Point],
    partners: Vec<usize>,
    kept: FxHashMap<u64, Rc<Column>>,
    room: usize,
}

/// A node of the rule at hand.
struct Part {
    /// Names the expression, masks included.
    name: u64,
    /// How many nodes it has, written out.
    size: usize,
    column: Rc<Column>,
}

impl<'a> Precise<'a> {
    pub(crate) fn new(points: &'a [Point]) -> Self {
        Self {
            points,
            partners: points::partners(points),
            kept: FxHashMap::default(),
            room: ROOM,
        }
    }

    /// What the rule gives at the first points.
    pub(crate) fn cells(&mut self, rule: &Rule, count: usize) -> Vec<Cell> {
        let graph = rule.graph();
        let mut parts: Vec<Part> = Vec::with_capacity(graph.len());
        for (id, node) in graph.iter() {
            let args = node.args();
            let args: Vec<&Part> = args
                .as_slice()
                .iter()
                .map(|id| &parts[id.0 as usize])
                .collect();
            let name = name(graph, id, node, &args);
            let size = 1 + args.iter().map(|part| part.size).sum::<usize>();
            let known = self.kept.get(&name);
            let is_long_enough =
                |column: &&Rc<Column>| column.values.len() >= count * column.outcomes();
            let column = if let Some(column) = known.filter(is_long_enough) {
                Rc::clone(column)
            } else {
                let column = Rc::new(self.column(graph, id, node, &args, count));
                let len = column.values.len();
                if id != rule.root() && size <= SMALL && len <= self.room {
                    self.room -= len;
                    self.kept.insert(name, Rc::clone(&column));
                }
                column
            };
            parts.push(Part { name, size, column });
        }
        let column = &parts[rule.root().0 as usize].column;
        let Some(chances) = chances(graph, column.support) else {
            return vec![Cell::Lost; count];
        };
        let row = |index: usize| {
            let len = column.outcomes();
            &column.values[index * len..(index + 1) * len]
        };
        (0..count)
            .map(|index| Cell::new(row(index), row(self.partners[index]), &chances))
            .collect()
    }

    fn column(
        &self,
        graph: &Graph,
        id: NodeId,
        node: Node,
        args: &[&Part],
        count: usize,
    ) -> Column {
        let points = &self.points[..count];
        if let Some(input) = Input::of(graph, id) {
            return Column {
                support: 0,
                values: points
                    .iter()
                    .map(|point| Ball::exact(point.value(input)))
                    .collect(),
            };
        }
        match node {
            Node::Number(bits) => Column {
                support: 0,
                values: vec![Ball::written(f64::from_bits(bits)); count],
            },
            Node::Leaf(Leaf::Noise) => signed(points, NOISE, |point| point.noise),
            Node::Leaf(Leaf::StepNoise) => signed(points, STEP_NOISE, |point| point.step_noise),
            Node::Drop { mask, .. } => dropped(&args[0].column, mask, count),
            Node::Own { .. } => combine(&[&args[0].column], count, |values| values[0]),
            Node::Apply(Op::Debias, _) => debiased(graph, id, &args[0].column, points),
            Node::Apply(op, _) => {
                let columns: Vec<&Column> = args.iter().map(|part| &*part.column).collect();
                let cancels = cancels(graph, node, args);
                let is_schedule = args.first().is_some_and(|_| is_schedule(graph, node));
                combine(&columns, count, |values| {
                    apply(op, values, cancels, is_schedule)
                })
            }
            Node::Leaf(_) | Node::LastUpdate(_) => unreachable!("an input"),
        }
    }
}

/// A hash that names an expression.
fn name(graph: &Graph, id: NodeId, node: Node, args: &[&Part]) -> u64 {
    let own = match node {
        Node::Number(bits) => random::join(1, bits),
        Node::Leaf(leaf) => random::join(
            2,
            match leaf {
                Leaf::Grad => 0,
                Leaf::Weight => 1,
                Leaf::Step => 2,
                Leaf::Total => 3,
                Leaf::Noise => 4,
                Leaf::StepNoise => 5,
                Leaf::Coordinate(index) => 6 + u64::from(index),
            },
        ),
        Node::Apply(op, _) => random::join(4, op as u64),
        Node::Drop { mask, .. } => {
            let is_scalar = u64::from(graph.ty(id).shape == Shape::Scalar);
            random::join(5 + is_scalar, u64::from(mask.0))
        }
        Node::LastUpdate(rule) => random::join(7, u64::from(rule.0)),
        Node::Own { rule, .. } => random::join(8, u64::from(rule.0)),
    };
    args.iter()
        .fold(own, |name, part| random::join(name, part.name))
}

/// Whether a node is a difference of an expression and itself.
fn cancels(graph: &Graph, node: Node, args: &[&Part]) -> bool {
    let Node::Apply(op, ids) = node else {
        return false;
    };
    let is_negative_of = |id: NodeId, other: NodeId| matches!(graph.node(id), Node::Apply(Op::Neg, inner) if inner.as_slice() == [other]);
    match (op, ids.as_slice()) {
        (Op::Sub, _) => args[0].name == args[1].name,
        (Op::Add, [x, y]) => is_negative_of(*x, *y) || is_negative_of(*y, *x),
        _ => false,
    }
}

/// Whether a node's first argument depends on the step alone.
fn is_schedule(graph: &Graph, node: Node) -> bool {
    let facts = graph.facts(node.args().as_slice()[0]);
    facts.ty.stage <= Stage::Step && !facts.is_random
}

/// The chances that a support names, in order; none where there are too many or one has no fixed probability.
fn chances(graph: &Graph, support: u64) -> Option<Vec<Chance>> {
    if support.count_ones() > MOST_CHANCES {
        return None;
    }
    let mut out = Vec::new();
    for bit in (0..64).filter(|bit| support >> bit & 1 == 1) {
        out.push(match bit {
            NOISE | STEP_NOISE => Chance {
                is_shared: bit == STEP_NOISE,
                probability: 0.5,
            },
            _ => mask(graph, bit - FIRST_MASK)?,
        });
    }
    Some(out)
}

fn mask(graph: &Graph, origin: u32) -> Option<Chance> {
    graph.iter().find_map(|(id, node)| match node {
        Node::Drop { p, mask, .. } if mask.0 == origin => Some(Chance {
            is_shared: graph.ty(id).shape == Shape::Scalar,
            probability: graph.node(p).as_number()?,
        }),
        Node::Drop { .. }
        | Node::Number(_)
        | Node::Leaf(_)
        | Node::Apply(..)
        | Node::LastUpdate(_)
        | Node::Own { .. } => None,
    })
}

fn signed(points: &[Point], bit: u32, size: impl Fn(&Point) -> f64) -> Column {
    let values = points.iter().flat_map(|point| {
        let size = Ball::exact(size(point));
        [size, size.neg()]
    });
    Column {
        support: 1 << bit,
        values: values.collect(),
    }
}

fn dropped(x: &Column, mask: Origin, count: usize) -> Column {
    let bit = FIRST_MASK + mask.0;
    let switch = Column {
        support: 1_u64.checked_shl(bit).unwrap_or(0),
        values: [Ball::ONE, Ball::ZERO].repeat(count),
    };
    combine(&[x, &switch], count, |values| {
        if values[1] == Ball::ZERO {
            Ball::ZERO
        } else {
            values[0]
        }
    })
}

/// `x / (1 - beta^(t + 1))`.
fn debiased(graph: &Graph, id: NodeId, x: &Column, points: &[Point]) -> Column {
    let beta = match graph.node(graph.node(id).args().as_slice()[0]) {
        Node::Apply(Op::Ema, args) => graph.node(args.as_slice()[1]).as_number(),
        Node::Apply(..)
        | Node::Number(_)
        | Node::Leaf(_)
        | Node::Drop { .. }
        | Node::LastUpdate(_)
        | Node::Own { .. } => None,
    };
    let beta = beta.map_or(Ball::Lost, Ball::written);
    let corrections = points.iter().map(|point| {
        let updates = Ball::exact(point.step + 1.0);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of steps"
        )]
        let power = beta.whole_power(updates.size() as u32);
        Ball::ONE.sub(power)
    });
    let correction = Column {
        support: 0,
        values: corrections.collect(),
    };
    combine(&[x, &correction], points.len(), |values| {
        values[0].div(values[1])
    })
}

/// The column of an operation on others: every outcome of all their chances.
fn combine(columns: &[&Column], count: usize, f: impl Fn(&[Ball]) -> Ball) -> Column {
    let support = columns.iter().fold(0, |bits, column| bits | column.support);
    if support.count_ones() > MOST_CHANCES {
        return Column {
            support: 0,
            values: vec![Ball::Lost; count],
        };
    }
    let outcomes = 1_usize << support.count_ones();
    // Which outcome of each column an outcome of all is.
    let places: Vec<Vec<usize>> = columns
        .iter()
        .map(|column| {
            (0..outcomes)
                .map(|outcome| project(outcome, support, column.support))
                .collect()
        })
        .collect();
    let mut values = Vec::with_capacity(count * outcomes);
    let mut args = [Ball::Lost; 3];
    for point in 0..count {
        for outcome in 0..outcomes {
            for ((arg, column), places) in args.iter_mut().zip(columns).zip(&places) {
                *arg = column.values[point * column.outcomes() + places[outcome]];
            }
            values.push(f(&args[..columns.len()]));
        }
    }
    Column { support, values }
}

/// The bits of an outcome that belong to a smaller support.
fn project(outcome: usize, support: u64, part: u64) -> usize {
    let (mut out, mut from, mut to) = (0, 0, 0);
    for bit in (0..64).filter(|bit| support >> bit & 1 == 1) {
        if part >> bit & 1 == 1 {
            out |= (outcome >> from & 1) << to;
            to += 1;
        }
        from += 1;
    }
    out
}

/// An elementwise operation; those on whole tensors and matrices are not for this oracle.
fn apply(op: Op, values: &[Ball], cancels: bool, is_schedule: bool) -> Ball {
    let x = values[0];
    let y = values.get(1).copied().unwrap_or(Ball::Lost);
    let is_known = matches!(x, Ball::Known(..));
    match op {
        // What is subtracted from itself leaves nothing, however uncertain it is.
        Op::Add | Op::Sub if cancels && is_known => Ball::ZERO,
        Op::Add => x.add(y),
        Op::Sub => x.sub(y),
        Op::Mul => x.mul(y),
        Op::Div => x.div(y),
        Op::Rem => x.rem(y),
        Op::Neg => x.neg(),
        Op::Pow => x.pow(y),
        Op::Abs => x.abs(),
        Op::Sign => x.sign(),
        Op::Exp => x.exp(),
        Op::Log => x.ln(),
        Op::Sqrt => x.sqrt(),
        Op::Clip => x.clip(y),
        Op::Tanh => x.tanh(),
        Op::Sigmoid => x.sigmoid(),
        Op::Cos => x.cos(is_schedule),
        Op::Sin => x.sin(),
        Op::Eq => x.compare(y, |sign| sign == 0.0),
        Op::Ne => x.compare(y, |sign| sign != 0.0),
        Op::Lt => x.compare(y, |sign| sign < 0.0),
        Op::Le => x.compare(y, |sign| sign <= 0.0),
        Op::Gt => x.compare(y, |sign| sign > 0.0),
        Op::Ge => x.compare(y, |sign| sign >= 0.0),
        // Truth values are one and zero.
        Op::Max | Op::Or => x.max(y),
        Op::Min | Op::And => x.min(y),
        Op::Not => Ball::ONE.sub(x),
        Op::Where => match (x, values[2]) {
            (Ball::Known(..), other) if x == Ball::ZERO => other,
            (Ball::Known(..), _) => y,
            (Ball::Undefined | Ball::Turned { .. } | Ball::Lost, _) => x,
        },
        Op::MatMul
        | Op::Drop
        | Op::Ema
        | Op::Debias
        | Op::Trace
        | Op::Total
        | Op::Peak
        | Op::Last
        | Op::Norm
        | Op::Mean
        | Op::Sum
        | Op::Rms
        | Op::Transpose
        | Op::RowMean
        | Op::ColMean
        | Op::Orthogonalize => Ball::Lost,
    }
}
