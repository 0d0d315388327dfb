//! From a rule graph to its polynomial, node by node.

use super::number::{self, Exact};
use super::rational::Rational;
use super::store::{Kind, ONE, PolyId, Store, ZERO};
use crate::ir::{Graph, Node, NodeId, Rule};
use crate::op::Op;
use crate::types::Shape;

/// How many numbers' meanings are remembered.
const MOST_NUMBERS: usize = 4096;

impl Store {
    /// The polynomial of a rule's update.
    pub(super) fn read(&mut self, rule: &Rule) -> PolyId {
        let graph = rule.graph();
        let mut polys: Vec<PolyId> = Vec::with_capacity(graph.len());
        let mut masks: Vec<(PolyId, Shape, u32)> = Vec::new();
        for (id, node) in graph.iter() {
            let poly = match node {
                // That a rule remembers its own update is around its formula, not in it.
                Node::Own { body, .. } if id == rule.root() => polys[body.0 as usize],
                node => self.node(graph, node, &polys, &mut masks),
            };
            polys.push(poly);
            if self.trouble.is_some() {
                return ZERO;
            }
        }
        polys[rule.root().0 as usize]
    }

    pub(super) fn node(
        &mut self,
        graph: &Graph,
        node: Node,
        polys: &[PolyId],
        masks: &mut Vec<(PolyId, Shape, u32)>,
    ) -> PolyId {
        let poly = |id: NodeId| polys[id.0 as usize];
        match node {
            Node::Number(bits) => self.double(f64::from_bits(bits)),
            Node::Leaf(leaf) => {
                let atom = self.intern_atom(Kind::Leaf(leaf));
                self.poly_of(atom)
            }
            Node::LastUpdate(origin) => {
                let atom = self.intern_atom(Kind::LastUpdate(origin.0));
                self.poly_of(atom)
            }
            Node::Own { rule, body } => {
                let atom = self.intern_atom(Kind::Own(rule.0, poly(body)));
                self.poly_of(atom)
            }
            Node::Drop { x, p, mask } => {
                let keep = self.complement(poly(p));
                let shape = graph.ty(x).shape;
                let known = masks
                    .iter()
                    .filter(|(other, other_shape, _)| *other == keep && *other_shape == shape);
                // Masks of one kind are told apart by their number among their kind.
                let origins: Vec<u32> = known.map(|(_, _, origin)| *origin).collect();
                let index = origins.iter().position(|origin| *origin == mask.0);
                let index = index.unwrap_or_else(|| {
                    masks.push((keep, shape, mask.0));
                    origins.len()
                });
                let index = u32::try_from(index).expect("masks are numbered with 32 bits");
                self.dropped(poly(x), keep, index, shape)
            }
            Node::Apply(Op::Debias, args) => {
                let average = args.as_slice()[0];
                let beta = match graph.node(average) {
                    Node::Apply(Op::Ema, inner) => poly(inner.as_slice()[1]),
                    Node::Apply(..)
                    | Node::Number(_)
                    | Node::Leaf(_)
                    | Node::Drop { .. }
                    | Node::LastUpdate(_)
                    | Node::Own { .. } => ZERO,
                };
                self.debias(poly(average), beta)
            }
            Node::Apply(op, args) => {
                let args = args.as_slice();
                let mut values = [ZERO; 3];
                for (value, arg) in values.iter_mut().zip(args) {
                    *value = poly(*arg);
                }
                let shape = graph.ty(args[0]).shape;
                self.apply(op, &values[..args.len()], shape)
            }
        }
    }

    /// A value times a mask.
    pub(super) fn dropped(&mut self, x: PolyId, keep: PolyId, index: u32, shape: Shape) -> PolyId {
        if keep == ONE {
            return x;
        }
        if keep == ZERO {
            return self.zero_like(x);
        }
        let atom = self.intern_atom(Kind::Mask { keep, index, shape });
        let mask = self.poly_of(atom);
        self.mul(mask, x)
    }

    /// A number as the exact one it stands for.
    pub(super) fn double(&mut self, value: f64) -> PolyId {
        let is_negative = value < 0.0;
        let size = value.abs();
        let exact = if let Some(exact) = self.numbers.get(&size.to_bits()) {
            *exact
        } else {
            let exact = number::exact(size);
            if self.numbers.len() < MOST_NUMBERS {
                self.numbers.insert(size.to_bits(), exact);
            }
            exact
        };
        let poly = match exact {
            Exact::Fraction(fraction) => self.number(fraction),
            Exact::PowerOfE(power) => {
                let exponent = self.number(power);
                self.exp(exponent)
            }
            Exact::Log(of) => self.log_of_number(Rational::whole(of)),
            Exact::Root { of, exponent } => {
                let base = self.number(Rational::whole(of));
                self.power_number(base, exponent)
            }
            Exact::Pi(times) => {
                let pi = self.intern_atom(Kind::Pi);
                let pi = self.poly_of(pi);
                self.scale(pi, times)
            }
            Exact::Opaque(bits) => {
                let atom = self.intern_atom(Kind::Opaque(bits));
                self.poly_of(atom)
            }
        };
        if is_negative {
            self.scale(poly, Rational::MINUS_ONE)
        } else {
            poly
        }
    }

    /// An op on polynomials; `shape` is that of the first argument as it was written.
    pub(super) fn apply(&mut self, op: Op, args: &[PolyId], shape: Shape) -> PolyId {
        let x = args[0];
        let y = args.get(1).copied().unwrap_or(ZERO);
        match op {
            Op::Add => self.add(x, y),
            Op::Sub => self.sub(x, y),
            Op::Mul | Op::And => self.mul(x, y),
            Op::Or => self.or(x, y),
            Op::Not => self.complement(x),
            Op::Div => self.div(x, y),
            Op::Neg => self.scale(x, Rational::MINUS_ONE),
            Op::Pow => self.pow(x, y),
            Op::Abs => self.abs(x),
            Op::Sign => self.sign(x),
            Op::Exp => self.exp(x),
            Op::Log => self.log(x),
            Op::Sqrt => self.power_number(x, Rational::HALF),
            Op::Clip => self.clip(x, y),
            Op::Min | Op::Max => self.extreme(op == Op::Max, x, y),
            Op::Tanh | Op::Sin => self.tanh_or_sin(op, x),
            Op::Cos => self.cos(x),
            Op::Sigmoid => self.sigmoid(x),
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => self.comparison(op, x, y),
            Op::Where => self.choice(x, y, args[2]),
            Op::Ema => self.ema(x, y),
            Op::Trace => self.trace(x, y),
            Op::Total => self.total(x),
            Op::Last => self.last(x, y),
            Op::Peak => self.peak(x),
            Op::MatMul => self.matmul(x, y),
            Op::Mean | Op::Sum | Op::Norm | Op::Rms | Op::Transpose | Op::RowMean | Op::ColMean => {
                self.reduction(op, x, shape)
            }
            // These never reach here as written: a drop has its mask, a bias correction its average.
            Op::Rem | Op::Drop | Op::Debias | Op::Orthogonalize => {
                self.opaque(op, args, Shape::Scalar)
            }
        }
    }
}
