//! Expressions over a sign.
//!
//! `e^(sign(g) * sign(m))` takes three values, however many elements there are: what is a function of one sign and of scalars
//! that are known once a step can be computed on -1, 0, 1 and NaN and looked up. A zero keeps its own sign in a product, so
//! only expressions that give the same for both zeros are looked up; all others are computed.

use crate::ir::{Graph, Node, NodeId};
use crate::op::{Kind, Leaf, Op};
use crate::types::{Shape, Stage};

/// Which nodes of a graph are functions of a sign.
#[derive(Clone, Debug)]
pub(super) struct Signs {
    facts: Vec<Fact>,
}

#[derive(Clone, Copy, Default, Debug)]
struct Fact {
    is_wide: bool,
    /// Whether it is a scalar that is known once a step.
    is_shared: bool,
    sign: Option<NodeId>,
    /// Whether it is the same for both zeros of the sign.
    forgets_zero: bool,
}

impl Signs {
    /// Looks at every node; `has_own_noise` where the draw of a step is not one for all that share the step.
    pub(super) fn of(graph: &Graph, has_own_noise: bool) -> Self {
        let mut signs = Self {
            facts: Vec::with_capacity(graph.len()),
        };
        for (id, node) in graph.iter() {
            let ty = graph.ty(id);
            let args = node.args();
            let args = args.as_slice();
            let is_known = match node {
                Node::Apply(op, _) => !op.has_state(),
                Node::Leaf(Leaf::StepNoise) => !has_own_noise,
                Node::Number(_) | Node::Leaf(_) => true,
                Node::Drop { .. } | Node::LastUpdate(_) | Node::Own { .. } => false,
            };
            let mut fact = Fact {
                is_wide: ty.shape != Shape::Scalar,
                is_shared: is_known
                    && ty.stage <= Stage::Step
                    && args.iter().all(|arg| signs.fact(*arg).is_shared),
                ..Fact::default()
            };
            if fact.is_wide
                && let Node::Apply(op, _) = node
            {
                (fact.sign, fact.forgets_zero) = signs.sign(graph, id, op, args);
            }
            signs.facts.push(fact);
        }
        signs
    }

    fn fact(&self, id: NodeId) -> Fact {
        self.facts[id.0 as usize]
    }

    /// Whether a node is a scalar that is known once a step.
    pub(super) fn is_shared(&self, id: NodeId) -> bool {
        self.fact(id).is_shared
    }

    /// The sign that a node's value can be looked up by.
    pub(super) fn table_of(&self, id: NodeId) -> Option<NodeId> {
        let fact = self.fact(id);
        fact.sign.filter(|sign| *sign != id && fact.forgets_zero)
    }

    fn sign(&self, graph: &Graph, id: NodeId, op: Op, args: &[NodeId]) -> (Option<NodeId>, bool) {
        let is_sign = |id: NodeId| self.fact(id).sign == Some(id);
        match op {
            Op::Sign => return (Some(id), false),
            Op::Mul if is_sign(args[0]) && is_sign(args[1]) => return (Some(id), false),
            _ if op.info().kind != Kind::Arithmetic => return (None, false),
            _ => {}
        }
        let mut sign = None;
        let mut is_forgotten = true;
        for arg in args {
            let fact = self.fact(*arg);
            if fact.is_wide {
                if fact.sign.is_none() || (sign.is_some() && fact.sign != sign) {
                    return (None, false);
                }
                sign = fact.sign;
                is_forgotten &= fact.forgets_zero;
            } else if !fact.is_shared {
                return (None, false);
            }
        }
        let is_nonzero = |id: NodeId| {
            let number = graph.node(id).as_number();
            number.is_some_and(|number| number != 0.0)
        };
        let forgets = match op {
            Op::Exp | Op::Cos | Op::Sigmoid | Op::Abs => true,
            Op::Pow => is_forgotten || !self.fact(args[0]).is_wide,
            Op::Add | Op::Sub => is_forgotten || args.iter().any(|arg| is_nonzero(*arg)),
            _ => is_forgotten,
        };
        (sign, forgets)
    }

    /// The expression between a node and its sign, in order, and the scalars that it reads.
    pub(super) fn chain(
        &self,
        graph: &Graph,
        id: NodeId,
        sign: NodeId,
    ) -> (Vec<NodeId>, Vec<NodeId>) {
        let (mut inner, mut scalars) = (Vec::new(), Vec::new());
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            if id == sign || inner.contains(&id) {
                continue;
            }
            if self.fact(id).is_wide {
                inner.push(id);
                stack.extend_from_slice(graph.node(id).args().as_slice());
            } else {
                scalars.push(id);
            }
        }
        inner.sort_unstable();
        (inner, scalars)
    }
}
