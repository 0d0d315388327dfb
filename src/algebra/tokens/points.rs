//! Values of a graph's nodes at a few made-up moments of a training run.
//!
//! A parameter of one element is trained for a few steps on gradients from a counter, so that what is remembered goes together with what it is
//! made of, and equal rules have equal values whatever way they are written, up to rounding. The values only say where to look: what is found by
//! them is compared by keys.

use crate::ir::{Graph, Node, NodeId};
use crate::op::{Leaf, Op};

/// How many moments there are.
pub(super) const POINTS: usize = 8;
/// The most steps before a moment.
const STEPS: usize = 4;

/// The value of a node at each moment.
pub(super) type Values = [f64; POINTS];

/// Whether noise is turned round. Noise and its negative are alike, so that `g + eps` is `g - eps`.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Turned {
    pub(super) noise: bool,
    pub(super) step_noise: bool,
}

/// The values of all nodes of a graph, steps before the moments included.
#[derive(Clone, Debug)]
pub(super) struct Points {
    turned: Turned,
    values: Vec<[[f64; STEPS]; POINTS]>,
}

impl Points {
    pub(super) fn new(turned: Turned) -> Self {
        Self {
            turned,
            values: Vec::new(),
        }
    }

    /// The value of a node; nodes that are new are evaluated first.
    pub(super) fn at(&mut self, graph: &Graph, id: NodeId) -> Values {
        let index = id.0 as usize;
        if index >= self.values.len() {
            let new = graph.iter().skip(self.values.len());
            for (id, node) in new.take(index + 1 - self.values.len()) {
                self.evaluate(graph, id, node);
            }
        }
        let mut out = [f64::NAN; POINTS];
        for (point, value) in out.iter_mut().enumerate() {
            *value = self.values[index][point][steps(point) - 1];
        }
        out
    }

    /// Forgets all but so many nodes.
    pub(super) fn truncate(&mut self, nodes: usize) {
        self.values.truncate(nodes);
    }

    fn evaluate(&mut self, graph: &Graph, id: NodeId, node: Node) {
        self.values.push([[f64::NAN; STEPS]; POINTS]);
        for point in 0..POINTS {
            for step in 0..steps(point) {
                let value = self.value(graph, id, node, (point, step));
                self.values[id.0 as usize][point][step] = value;
            }
        }
    }

    fn value(&self, graph: &Graph, id: NodeId, node: Node, (point, step): (usize, usize)) -> f64 {
        let at = |id: NodeId, step: usize| self.values[id.0 as usize][point][step];
        match node {
            Node::Number(bits) => f64::from_bits(bits),
            Node::Leaf(leaf) => self.leaf(leaf, point, step),
            Node::Own { body, .. } => at(body, step),
            Node::Drop { .. } | Node::LastUpdate(_) => f64::NAN,
            Node::Apply(op, args) => {
                let args = args.as_slice();
                let x = at(args[0], step);
                let y = args.get(1).map_or(f64::NAN, |arg| at(*arg, step));
                let before = |start: f64| if step == 0 { start } else { at(id, step - 1) };
                match op {
                    Op::Ema => y * before(0.0) + (1.0 - y) * x,
                    Op::Trace => y * before(0.0) + x,
                    Op::Total => before(0.0) + x,
                    Op::Peak => before(f64::NEG_INFINITY).max(x),
                    Op::Last if step == 0 => y,
                    Op::Last => at(args[0], step - 1),
                    Op::Debias => match graph.node(args[0]) {
                        Node::Apply(Op::Ema, inner) => {
                            let beta = at(inner.as_slice()[1], step);
                            x / (1.0 - libm::pow(beta, count(step) + 1.0))
                        }
                        _ => f64::NAN,
                    },
                    Op::Mean | Op::Sum | Op::RowMean | Op::ColMean | Op::Transpose => x,
                    Op::Norm | Op::Rms => x.abs(),
                    Op::MatMul => x * y,
                    _ => {
                        let mut values = [f64::NAN; 3];
                        for (value, arg) in values.iter_mut().zip(args) {
                            *value = at(*arg, step);
                        }
                        op.apply(&values[..args.len()]).unwrap_or(f64::NAN)
                    }
                }
            }
        }
    }

    fn leaf(&self, leaf: Leaf, point: usize, step: usize) -> f64 {
        let draw = |stream: u64| drawn(stream, point, step);
        let signed = |is_turned: bool, value: f64| if is_turned { -value } else { value };
        match leaf {
            Leaf::Grad => draw(1),
            Leaf::Weight => draw(2),
            Leaf::Noise => signed(self.turned.noise, draw(3)),
            Leaf::StepNoise => signed(self.turned.step_noise, draw(4)),
            Leaf::Step => count(step),
            Leaf::Total => count(2 * point + 11),
            Leaf::Coordinate(_) => f64::NAN,
        }
    }
}

/// How many steps lie before a moment, it included.
fn steps(point: usize) -> usize {
    2 + point % (STEPS - 1)
}

#[allow(clippy::cast_precision_loss, reason = "a handful")]
fn count(steps: usize) -> f64 {
    steps as f64
}

/// A number of either sign that is like no other. At the first moment all are positive, so that powers and logarithms are numbers; the
/// last two are so small that `clip` leaves them alone.
#[allow(clippy::cast_precision_loss, reason = "53 bits are a double's")]
fn drawn(stream: u64, point: usize, step: usize) -> f64 {
    let place = stream * 1_000 + (point * 10 + step) as u64;
    let mut bits = place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let size = 0.2 + 1.3 * ((bits >> 11) as f64 / (1u64 << 53) as f64);
    let scale = match POINTS - point {
        1 => 3e-6,
        2 => 3e-4,
        _ => 1.0,
    };
    let is_negative = point > 0 && bits & 1 == 1;
    if is_negative {
        -size * scale
    } else {
        size * scale
    }
}

/// Whether a value is this one, as far as rounding shows; everything is at moments where the goal has none.
pub(super) fn is_near(value: f64, goal: f64) -> bool {
    let slack = 1e-9 * value.abs().max(goal.abs()) + 1e-13;
    !goal.is_finite() || (value.is_finite() && (value - goal).abs() <= slack)
}
