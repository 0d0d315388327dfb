//! Ways to write a node: as a binary function of two nodes, as a unary function of one.
//!
//! These are the tokens' recipes read backwards. They say nothing of whether the parts can be written themselves.

use super::form::{Form, Reading};
use super::numbers::{Numbers, bits};
use super::token::Recipe;
use super::{Binary, DELTA, Unary};
use crate::ir::{Node, NodeId};
use crate::op::Op;
use std::f64::consts::E;

/// A node as a binary function of two others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pair {
    pub(super) binary: Binary,
    pub(super) x: NodeId,
    pub(super) y: NodeId,
}

impl Pair {
    fn new(binary: Binary, x: NodeId, y: NodeId) -> Self {
        Self { binary, x, y }
    }
}

/// Ways to write a node as a binary function, most faithful first.
pub(super) fn pairs(form: &mut Form, numbers: &mut Numbers, id: NodeId) -> Vec<Pair> {
    let is_free = form.reading == Reading::UpToIdentities;
    let (op, args) = match form.graph.node(id) {
        Node::Apply(op, args) => (op, args),
        Node::Number(bits) => {
            let pair = numbers.pair(f64::from_bits(bits));
            let pair = pair.map(|(binary, x, y)| {
                Pair::new(binary, form.graph.number(x), form.graph.number(y))
            });
            return pair.into_iter().collect();
        }
        Node::Leaf(_) | Node::Drop { .. } | Node::LastUpdate(_) | Node::Own { .. } => {
            return Vec::new();
        }
    };
    let (x, y) = match *args.as_slice() {
        [x] => (x, x),
        [x, y] => (x, y),
        _ => return Vec::new(),
    };
    if let Some((_, binary)) = SAME.into_iter().find(|(same, _)| *same == op) {
        let mut ways = vec![Pair::new(binary, x, y)];
        if is_free && op == Op::Add {
            ways.push(Pair::new(Binary::Sub, x, form.neg(y)));
            ways.push(Pair::new(Binary::Sub, y, form.neg(x)));
        } else if is_free && op == Op::Pow && form.number(y) == Some(2.0) {
            ways.push(Pair::new(Binary::Mul, x, x));
        }
        ways
    } else if op == Op::Div {
        let divisors = divisors(form, numbers, y).into_iter();
        divisors.map(|y| Pair::new(Binary::Div, x, y)).collect()
    } else if is_free && op == Op::Neg {
        negatives(form, numbers, x)
    } else if is_free && op == Op::Abs {
        vec![Pair::new(Binary::Mul, form.raw(Op::Sign, &[x]), x)]
    } else {
        Vec::new()
    }
}

/// The binary tokens that are one op.
const SAME: [(Op, Binary); 4] = [
    (Op::Add, Binary::Add),
    (Op::Sub, Binary::Sub),
    (Op::Mul, Binary::Mul),
    (Op::Pow, Binary::Pow),
];

/// Ways to write the negative of a node as a binary function that takes in the minus.
fn negatives(form: &mut Form, numbers: &mut Numbers, id: NodeId) -> Vec<Pair> {
    if let Some([x, y]) = form.args_of(Op::Mul, id) {
        let (minus_x, minus_y) = (form.neg(x), form.neg(y));
        return vec![
            Pair::new(Binary::Mul, minus_x, y),
            Pair::new(Binary::Mul, x, minus_y),
        ];
    }
    if let Some([x, y]) = form.args_of(Op::Add, id) {
        let (minus_x, minus_y) = (form.neg(x), form.neg(y));
        return vec![
            Pair::new(Binary::Sub, minus_x, y),
            Pair::new(Binary::Sub, minus_y, x),
        ];
    }
    if let Some([x, y]) = form.args_of(Op::Pow, id)
        && form.number(y) == Some(2.0)
    {
        return vec![Pair::new(Binary::Mul, form.neg(x), x)];
    }
    if let Some([x, y]) = form.args_of(Op::Div, id) {
        let minus_x = form.neg(x);
        return divisors(form, numbers, y)
            .into_iter()
            .map(|y| Pair::new(Binary::Div, minus_x, y))
            .collect();
    }
    Vec::new()
}

/// Each y for which the divisor is y + 1e-8.
fn divisors(form: &mut Form, numbers: &mut Numbers, divisor: NodeId) -> Vec<NodeId> {
    if let Some(value) = form.number(divisor) {
        let number = numbers.without_delta(value);
        return number.map(|y| form.graph.number(y)).into_iter().collect();
    }
    let Some([x, y]) = form.args_of(Op::Add, divisor) else {
        return Vec::new();
    };
    if form.number(y) == Some(DELTA) {
        vec![x]
    } else if form.number(x) == Some(DELTA) && form.reading == Reading::UpToIdentities {
        vec![y]
    } else {
        Vec::new()
    }
}

/// Ways to write a node as a unary function other than `id`, in the order of the tokens.
pub(super) fn singles(form: &mut Form, numbers: &mut Numbers, id: NodeId) -> Vec<(Unary, NodeId)> {
    if let Some(value) = form.number(id) {
        let found = numbers.singles(value);
        return found
            .into_iter()
            .map(|(unary, x)| (unary, form.graph.number(x)))
            .collect();
    }
    let mut found: Vec<(Unary, NodeId)> = Unary::ALL
        .into_iter()
        .filter_map(|unary| Some((unary, argument(form, unary, id)?)))
        .collect();
    if form.reading == Reading::UpToIdentities && form.args_of(Op::Neg, id).is_none() {
        // Where the negative is at hand, this is it with the sign turned.
        found.insert(0, (Unary::Neg, form.neg(id)));
    }
    found
}

/// The x for which the unary function of x is written as this node.
fn argument(form: &Form, unary: Unary, id: NodeId) -> Option<NodeId> {
    match unary.recipe() {
        Recipe::Same => None,
        Recipe::Plain(op) => form.args_of(op, id).map(|[x, _]| x),
        Recipe::OfAbs(op) => form
            .args_of(op, id)
            .and_then(|[size, _]| form.inside_abs(size)),
        Recipe::PowerOfE => {
            let [base, x] = form.args_of(Op::Pow, id)?;
            (form.number(base) == Some(E)).then_some(x)
        }
        Recipe::With(op, constant) => {
            let (x, found) = match form.graph.node(id) {
                Node::Apply(found, args) if found == op => (args.as_slice()[0], args.as_slice()[1]),
                Node::Drop { x, p, .. } if op == Op::Drop => (x, p),
                Node::Apply(..)
                | Node::Number(_)
                | Node::Leaf(_)
                | Node::Drop { .. }
                | Node::LastUpdate(_)
                | Node::Own { .. } => return None,
            };
            (bits(form.number(found)?) == bits(constant)).then_some(x)
        }
    }
}
