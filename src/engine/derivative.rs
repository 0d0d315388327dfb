//! Symbolic derivatives, in reverse over a graph.
//!
//! One pass from the value back to its coordinates gives all partial derivatives as nodes of the same graph, which shares
//! their common parts: the size is linear in that of the function. Zeros, ones and numeric factors are folded on the way.
//!
//! Where a derivative does not exist, the value of its formula is taken: that of `|x|` is `sign(x)`, 0 at 0; `min`, `max`
//! and `clip` follow the argument that gives the value, the first of two equal ones. A branch of `where` that is not taken
//! adds nothing, also where its own derivative is infinite.

use super::ObjectiveError;
use super::terms::Terms;
use crate::ir::{Graph, Node, NodeId};
use crate::op::{Kind, Leaf, Op};

/// The derivatives of a node by each of the first coordinates.
///
/// # Errors
/// The op or leaf that has no derivative, or the coordinates that are too many.
pub fn gradient(
    graph: &mut Graph,
    root: NodeId,
    coordinates: usize,
) -> Result<Vec<NodeId>, ObjectiveError> {
    let reached = reached(graph, root);
    check(graph, &reached, coordinates)?;
    let active = active(graph, root);
    let mut sweep = Sweep {
        adjoints: vec![None; active.len()],
        terms: Terms { graph },
        active,
    };
    let one = sweep.terms.graph.number(1.0);
    sweep.add(root, one);
    for index in reached.into_iter().rev() {
        if let Some(adjoint) = sweep.adjoints[index.0 as usize] {
            sweep.node(index, adjoint);
        }
    }
    let zero = sweep.terms.graph.number(0.0);
    let mut partials = vec![zero; coordinates];
    for (partial, coordinate) in partials.iter_mut().zip(0..) {
        let leaf = sweep.terms.graph.leaf(Leaf::Coordinate(coordinate));
        if let Some(Some(adjoint)) = sweep.adjoints.get(leaf.0 as usize) {
            *partial = *adjoint;
        }
    }
    Ok(partials)
}

/// The nodes that a node needs, itself included, arguments first.
pub(super) fn reached(graph: &Graph, root: NodeId) -> Vec<NodeId> {
    let mut is_reached = vec![false; root.0 as usize + 1];
    is_reached[root.0 as usize] = true;
    let mut order = Vec::new();
    for id in (0..=root.0).rev().map(NodeId) {
        if is_reached[id.0 as usize] {
            order.push(id);
            for arg in graph.node(id).args().as_slice() {
                is_reached[arg.0 as usize] = true;
            }
        }
    }
    order.reverse();
    order
}

fn check(graph: &Graph, reached: &[NodeId], coordinates: usize) -> Result<(), ObjectiveError> {
    for id in reached {
        match graph.node(*id) {
            Node::Leaf(Leaf::Coordinate(index)) => {
                let found = usize::try_from(index).map_or(usize::MAX, |index| index + 1);
                if found > coordinates {
                    return Err(ObjectiveError::Coordinates {
                        expected: coordinates,
                        found,
                    });
                }
            }
            Node::Leaf(leaf) => return Err(ObjectiveError::Leaf { leaf }),
            Node::Drop { .. } => return Err(ObjectiveError::Op { op: Op::Drop }),
            Node::LastUpdate(_) => return Err(ObjectiveError::Op { op: Op::Last }),
            Node::Apply(op, _) => match op.info().kind {
                Kind::Arithmetic | Kind::Comparison | Kind::Logic | Kind::Choice => {}
                Kind::State | Kind::Random | Kind::Reduction | Kind::Matrix => {
                    return Err(ObjectiveError::Op { op });
                }
            },
            Node::Number(_) | Node::Own { .. } => {}
        }
    }
    Ok(())
}

/// Which nodes depend on a coordinate, up to the root.
fn active(graph: &Graph, root: NodeId) -> Vec<bool> {
    let mut active: Vec<bool> = Vec::with_capacity(root.0 as usize + 1);
    for id in (0..=root.0).map(NodeId) {
        let node = graph.node(id);
        let args = node.args();
        active.push(
            matches!(node, Node::Leaf(Leaf::Coordinate(_)))
                || args.as_slice().iter().any(|arg| active[arg.0 as usize]),
        );
    }
    active
}

struct Sweep<'a> {
    terms: Terms<'a>,
    /// The derivative of the root by each node of the function, as far as it is known.
    adjoints: Vec<Option<NodeId>>,
    active: Vec<bool>,
}

impl Sweep<'_> {
    /// Adds to the derivative by a node.
    fn add(&mut self, id: NodeId, term: NodeId) {
        let index = id.0 as usize;
        if self.active[index] && !self.terms.is_zero(term) {
            self.adjoints[index] = Some(match self.adjoints[index] {
                Some(sum) => self.terms.add(sum, term),
                None => term,
            });
        }
    }

    /// Hands a node's derivative on to its arguments.
    fn node(&mut self, id: NodeId, adjoint: NodeId) {
        match self.terms.graph.node(id) {
            Node::Number(_) | Node::Leaf(_) | Node::Drop { .. } | Node::LastUpdate(_) => {}
            Node::Own { body, .. } => self.add(body, adjoint),
            Node::Apply(op, args) => match *args.as_slice() {
                [x] => self.unary(op, id, x, adjoint),
                [x, y] => self.binary(op, id, [x, y], adjoint),
                [condition, x, y] => {
                    let term = self.terms.gate(condition, adjoint);
                    self.add(x, term);
                    let otherwise = self.terms.op(Op::Not, &[condition]);
                    let term = self.terms.gate(otherwise, adjoint);
                    self.add(y, term);
                }
                _ => unreachable!("plain ops have one to three arguments"),
            },
        }
    }

    fn unary(&mut self, op: Op, value: NodeId, x: NodeId, a: NodeId) {
        if !self.active[x.0 as usize] {
            return;
        }
        let terms = &mut self.terms;
        let one = terms.graph.number(1.0);
        let term = if op == Op::Neg {
            terms.scale(-1.0, a)
        } else if op == Op::Abs {
            let sign = terms.op(Op::Sign, &[x]);
            terms.mul(a, sign)
        } else if op == Op::Exp {
            terms.mul(a, value)
        } else if op == Op::Log {
            terms.div(a, x)
        } else if op == Op::Sqrt {
            let twice = terms.scale(2.0, value);
            terms.div(a, twice)
        } else if op == Op::Tanh {
            let square = terms.power(value, 2.0);
            let slope = terms.op(Op::Sub, &[one, square]);
            terms.mul(a, slope)
        } else if op == Op::Sigmoid {
            let rest = terms.op(Op::Sub, &[one, value]);
            let slope = terms.mul(value, rest);
            terms.mul(a, slope)
        } else if op == Op::Cos {
            let sin = terms.op(Op::Sin, &[x]);
            let slope = terms.scale(-1.0, sin);
            terms.mul(a, slope)
        } else if op == Op::Sin {
            let cos = terms.op(Op::Cos, &[x]);
            terms.mul(a, cos)
        } else {
            debug_assert!(op == Op::Sign || op.is_truth(), "{op:?} has no derivative");
            return; // Steps are flat.
        };
        self.add(x, term);
    }

    fn binary(&mut self, op: Op, value: NodeId, [x, y]: [NodeId; 2], a: NodeId) {
        if op == Op::Add {
            self.add(x, a);
            self.add(y, a);
        } else if op == Op::Sub {
            self.add(x, a);
            let term = self.terms.scale(-1.0, a);
            self.add(y, term);
        } else if op == Op::Mul {
            let term = self.terms.mul(a, y);
            self.add(x, term);
            let term = self.terms.mul(a, x);
            self.add(y, term);
        } else if op == Op::Div {
            let share = self.terms.div(a, y);
            self.add(x, share);
            let term = self.terms.mul(share, value);
            let term = self.terms.scale(-1.0, term);
            self.add(y, term);
        } else if op == Op::Rem {
            // x % y = x - y floor(x / y), and the floor is flat.
            self.add(x, a);
            let rest = self.terms.op(Op::Sub, &[value, x]);
            let slope = self.terms.div(rest, y);
            let term = self.terms.mul(a, slope);
            self.add(y, term);
        } else if op == Op::Pow {
            self.pow(value, [x, y], a);
        } else if op == Op::Min || op == Op::Max {
            let order = if op == Op::Min { Op::Le } else { Op::Ge };
            let first = self.terms.op(order, &[x, y]);
            let term = self.terms.gate(first, a);
            self.add(x, term);
            let second = self.terms.op(Op::Not, &[first]);
            let term = self.terms.gate(second, a);
            self.add(y, term);
        } else if op == Op::Clip {
            self.clip([x, y], a);
        } else {
            debug_assert!(op.is_truth(), "{op:?} has no derivative");
        }
    }

    fn pow(&mut self, value: NodeId, [x, y]: [NodeId; 2], a: NodeId) {
        if self.active[x.0 as usize] {
            let slope = if let Some(exponent) = self.terms.number(y) {
                let power = self.terms.power(x, exponent - 1.0);
                self.terms.scale(exponent, power)
            } else {
                let one = self.terms.graph.number(1.0);
                let less = self.terms.op(Op::Sub, &[y, one]);
                let power = self.terms.op(Op::Pow, &[x, less]);
                self.terms.mul(y, power)
            };
            let term = self.terms.mul(a, slope);
            self.add(x, term);
        }
        if self.active[y.0 as usize] {
            let base = if self.terms.graph.facts(x).range.is_positive() {
                x
            } else {
                // 0^y is 0 for all y > 0, so flat: the logarithm must not make that NaN.
                let (zero, one) = (self.terms.graph.number(0.0), self.terms.graph.number(1.0));
                let is_zero = self.terms.op(Op::Eq, &[x, zero]);
                self.terms.op(Op::Where, &[is_zero, one, x])
            };
            let log = self.terms.op(Op::Log, &[base]);
            let slope = self.terms.mul(value, log);
            let term = self.terms.mul(a, slope);
            self.add(y, term);
        }
    }

    fn clip(&mut self, [x, limit]: [NodeId; 2], a: NodeId) {
        let size = self.terms.op(Op::Abs, &[x]);
        let inside = self.terms.op(Op::Le, &[size, limit]);
        let term = self.terms.gate(inside, a);
        self.add(x, term);
        let outside = self.terms.op(Op::Gt, &[size, limit]);
        let sign = self.terms.op(Op::Sign, &[x]);
        let term = self.terms.mul(a, sign);
        let term = self.terms.gate(outside, term);
        self.add(limit, term);
    }
}
