//! Expressions over a sign.
//!
//! `e^(sign(g) * sign(m))` takes three values, however many elements there are: what is a function of one sign, or of the product of
//! two, and of scalars that are known once a step can be computed on -1, 0, 1 and NaN and looked up. A zero keeps its own sign in
//! a product, so only expressions that give the same for both zeros are looked up; all others are computed.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a case is about a few ops; all others are treated alike"
)]

use crate::ir::{Graph, Node, NodeId};
use crate::op::{Kind, Leaf, Op};
use crate::types::{Shape, Stage};

/// What a value is looked up by: the sign of one value, or the product of the signs of two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key {
    pub(super) x: NodeId,
    pub(super) y: Option<NodeId>,
}

/// What lies between a node and the signs it is a function of.
#[derive(Clone, Default, Debug)]
pub(super) struct Chain {
    /// Ops in order, those before that others read.
    pub(super) ops: Vec<NodeId>,
    pub(super) scalars: Vec<NodeId>,
}

/// Which nodes of a graph are functions of a sign.
#[derive(Clone, Debug)]
pub(super) struct Signs {
    facts: Vec<Fact>,
}

#[derive(Clone, Copy, Default, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "four claims about a node")]
struct Fact {
    is_wide: bool,
    /// Whether it is a scalar that is known once a step.
    is_shared: bool,
    key: Option<Key>,
    /// Whether it is the sign times scalars: products of such are, too.
    is_multiple: bool,
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
                && let Some(key) = signs.key(op, args)
            {
                let wide = args.iter().filter(|arg| signs.fact(**arg).is_wide);
                let of_wide = |f: fn(&Fact) -> bool| wide.clone().all(|arg| f(&signs.fact(*arg)));
                let is_product = match op {
                    Op::Mul => {
                        let [x, y] = [args[0], args[1]].map(|arg| signs.fact(arg).key);
                        wide.clone().count() == 1 || x != y
                    }
                    Op::Div => !signs.fact(args[1]).is_wide,
                    _ => false,
                };
                fact.is_multiple = op == Op::Sign || (is_product && of_wide(|arg| arg.is_multiple));
                fact.forgets_zero = signs.forgets_zero(graph, op, args)
                    || (op != Op::Sign && of_wide(|arg| arg.forgets_zero));
                fact.key = Some(key);
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

    /// What a node's value can be looked up by.
    pub(super) fn table_of(&self, id: NodeId) -> Option<Key> {
        let fact = self.fact(id);
        fact.key.filter(|_| fact.forgets_zero)
    }

    fn key(&self, op: Op, args: &[NodeId]) -> Option<Key> {
        if op == Op::Sign {
            return Some(Key {
                x: args[0],
                y: None,
            });
        }
        if op.info().kind != Kind::Arithmetic {
            return None;
        }
        let mut found: Option<Key> = None;
        for arg in args {
            let fact = self.fact(*arg);
            if !fact.is_wide {
                if !fact.is_shared {
                    return None;
                }
                continue;
            }
            let key = fact.key?;
            found = match found {
                None => Some(key),
                Some(other) if other == key => Some(key),
                Some(Key { x, y: None }) if op == Op::Mul && key.y.is_none() => {
                    let are_multiples = args.iter().all(|arg| self.fact(*arg).is_multiple);
                    Some(Key { x, y: Some(key.x) }).filter(|_| are_multiples)
                }
                Some(_) => return None,
            };
            found?;
        }
        found
    }

    /// Whether an op gives the same for both zeros of its operands.
    fn forgets_zero(&self, graph: &Graph, op: Op, args: &[NodeId]) -> bool {
        let is_nonzero = |id: NodeId| {
            let number = graph.node(id).as_number();
            number.is_some_and(|number| number != 0.0)
        };
        match op {
            Op::Exp | Op::Cos | Op::Sigmoid | Op::Abs => true,
            Op::Pow => !self.fact(args[0]).is_wide,
            Op::Add | Op::Sub => args.iter().any(|arg| is_nonzero(*arg)),
            _ => false,
        }
    }

    /// The expression between a node and its signs.
    pub(super) fn chain(&self, graph: &Graph, id: NodeId) -> Chain {
        let mut chain = Chain::default();
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            if chain.ops.contains(&id) {
                continue;
            }
            if !self.fact(id).is_wide {
                chain.scalars.push(id);
                continue;
            }
            chain.ops.push(id);
            let node = graph.node(id);
            if !matches!(node, Node::Apply(Op::Sign, _)) {
                stack.extend_from_slice(node.args().as_slice());
            }
        }
        chain.ops.sort_unstable();
        chain
    }
}
