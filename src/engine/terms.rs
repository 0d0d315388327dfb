//! The algebra of derivatives: sums and products that stay small.
//!
//! A term may be gated, `where(condition, term, 0)`: factors then go inside, so that a branch which is not taken is 0 even
//! where its own factor is infinite.

use crate::ir::{Graph, Node, NodeId};
use crate::op::Op;

/// Builds terms, folding what can be seen at a glance.
pub(super) struct Terms<'a> {
    pub(super) graph: &'a mut Graph,
}

impl Terms<'_> {
    pub(super) fn op(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        self.graph
            .apply(op, args)
            .expect("scalars always fit each other")
    }

    pub(super) fn number(&self, id: NodeId) -> Option<f64> {
        self.graph.node(id).as_number()
    }

    pub(super) fn is_zero(&self, id: NodeId) -> bool {
        self.number(id) == Some(0.0)
    }

    pub(super) fn power(&mut self, x: NodeId, exponent: f64) -> NodeId {
        if exponent == 0.0 {
            self.graph.number(1.0)
        } else if exponent.to_bits() == 1.0_f64.to_bits() {
            x
        } else {
            let exponent = self.graph.number(exponent);
            self.op(Op::Pow, &[x, exponent])
        }
    }

    pub(super) fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        if let (Some((c1, x)), Some((c2, y))) = (self.gated(a), self.gated(b))
            && c1 == c2
        {
            let sum = self.op(Op::Add, &[x, y]);
            return self.gate(c1, sum);
        }
        let (factor, rest) = self.factor(b);
        if factor < 0.0 {
            let rest = self.product(-factor, rest);
            self.op(Op::Sub, &[a, rest])
        } else {
            self.op(Op::Add, &[a, b])
        }
    }

    pub(super) fn scale(&mut self, factor: f64, a: NodeId) -> NodeId {
        let factor = self.graph.number(factor);
        self.mul(a, factor)
    }

    /// A product; conditions on the left factor stay outside, numbers are drawn together.
    pub(super) fn mul(&mut self, a: NodeId, b: NodeId) -> NodeId {
        if self.is_zero(a) || self.is_zero(b) {
            return self.graph.number(0.0);
        }
        let (condition, a) = self.open(a);
        let ((f1, x), (f2, y)) = (self.factor(a), self.factor(b));
        let factor = f1 * f2;
        let product = if factor.is_finite() && factor != 0.0 {
            let rest = match (x, y) {
                (Some(x), Some(y)) => Some(self.op(Op::Mul, &[x, y])),
                (x, y) => x.or(y),
            };
            self.product(factor, rest)
        } else {
            self.op(Op::Mul, &[a, b])
        };
        self.close(condition, product)
    }

    pub(super) fn div(&mut self, a: NodeId, b: NodeId) -> NodeId {
        if self.is_zero(a) {
            return a;
        }
        let (condition, a) = self.open(a);
        let quotient = match self.number(b) {
            Some(1.0) => a,
            Some(_) | None => self.op(Op::Div, &[a, b]),
        };
        self.close(condition, quotient)
    }

    /// `a` where the condition holds, 0 elsewhere.
    pub(super) fn gate(&mut self, condition: NodeId, a: NodeId) -> NodeId {
        let (inner, a) = self.open(a);
        let condition = match inner {
            Some(inner) if inner != condition => self.op(Op::And, &[inner, condition]),
            Some(_) | None => condition,
        };
        self.close(Some(condition), a)
    }

    fn close(&mut self, condition: Option<NodeId>, a: NodeId) -> NodeId {
        let zero = self.graph.number(0.0);
        match condition {
            Some(condition) => match self.number(condition) {
                Some(0.0) => zero,
                Some(_) => a,
                None if a == zero => zero,
                None => self.op(Op::Where, &[condition, a, zero]),
            },
            None => a,
        }
    }

    fn open(&self, a: NodeId) -> (Option<NodeId>, NodeId) {
        match self.gated(a) {
            Some((condition, a)) => (Some(condition), a),
            None => (None, a),
        }
    }

    /// The condition and the term of `where(condition, term, 0)`.
    fn gated(&self, a: NodeId) -> Option<(NodeId, NodeId)> {
        let Node::Apply(Op::Where, args) = self.graph.node(a) else {
            return None;
        };
        let [condition, x, y] = *args.as_slice() else {
            return None;
        };
        self.is_zero(y).then_some((condition, x))
    }

    /// The numeric factor of a term and what it multiplies.
    fn factor(&self, a: NodeId) -> (f64, Option<NodeId>) {
        if let Some(number) = self.number(a) {
            return (number, None);
        }
        let Node::Apply(op, args) = self.graph.node(a) else {
            return (1.0, Some(a));
        };
        match *args.as_slice() {
            [x] if op == Op::Neg => (-1.0, Some(x)),
            [x, y] if op == Op::Mul => match (self.number(x), self.number(y)) {
                (Some(factor), _) => (factor, Some(y)),
                (None, Some(factor)) => (factor, Some(x)),
                (None, None) => (1.0, Some(a)),
            },
            [..] => (1.0, Some(a)),
        }
    }

    fn product(&mut self, factor: f64, rest: Option<NodeId>) -> NodeId {
        let Some(rest) = rest else {
            return self.graph.number(factor);
        };
        if factor.to_bits() == 1.0_f64.to_bits() {
            rest
        } else if factor.to_bits() == (-1.0_f64).to_bits() {
            self.op(Op::Neg, &[rest])
        } else {
            let factor = self.graph.number(factor);
            self.op(Op::Mul, &[factor, rest])
        }
    }
}
