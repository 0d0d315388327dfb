//! The expressions of the search: an op, number or leaf over classes of equal expressions.

use crate::algebra::cost;
use crate::algebra::number::{Exact, as_double, exact};
use crate::algebra::rational::Rational;
use crate::ir::{Node, Origin, Rule};
use crate::op::{Leaf, Op};
use egg::{Analysis, DidMerge, EGraph, Id, Language};

/// What an expression is, apart from its arguments.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Head {
    Number(u64),
    Leaf(Leaf),
    LastUpdate(Origin),
    Apply(Op),
    Drop(Origin),
    Own(Origin),
}

/// An expression over classes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Term {
    pub(super) head: Head,
    args: [Id; 3],
    len: usize,
}

impl Term {
    pub(super) fn new(head: Head, args: &[Id]) -> Self {
        let mut all = [Id::from(0); 3];
        all[..args.len()].copy_from_slice(args);
        Self {
            head,
            args: all,
            len: args.len(),
        }
    }

    pub(super) fn number(value: f64) -> Self {
        Self::new(Head::Number(value.to_bits()), &[])
    }

    /// An op on arguments; `e^x` and `exp(x)` are one.
    pub(super) fn apply(op: Op, args: &[Id], is_euler: impl Fn(Id) -> bool) -> Self {
        match (op, args) {
            (Op::Pow, [base, exponent]) if is_euler(*base) => {
                Self::new(Head::Apply(Op::Exp), &[*exponent])
            }
            _ => Self::new(Head::Apply(op), args),
        }
    }
}

impl Language for Term {
    type Discriminant = Head;

    fn discriminant(&self) -> Head {
        self.head
    }

    fn matches(&self, other: &Self) -> bool {
        self.head == other.head && self.len == other.len
    }

    fn children(&self) -> &[Id] {
        &self.args[..self.len]
    }

    fn children_mut(&mut self) -> &mut [Id] {
        &mut self.args[..self.len]
    }
}

/// Keeps for each class the fraction it is, where it is one: sums and products of numerals are folded without rounding.
#[derive(Default, Debug)]
pub(super) struct Numerals;

impl Analysis<Term> for Numerals {
    type Data = Option<Rational>;

    fn make(egraph: &mut EGraph<Term, Self>, term: &Term, _: Id) -> Self::Data {
        let arg = |index: usize| egraph[term.args[index]].data;
        match term.head {
            Head::Number(bits) => fraction(f64::from_bits(bits)),
            Head::Apply(Op::Add) => arg(0)?.add(arg(1)?),
            Head::Apply(Op::Sub) => arg(0)?.add(arg(1)?.neg()),
            Head::Apply(Op::Mul) => arg(0)?.mul(arg(1)?),
            Head::Apply(Op::Div) => {
                let divisor = arg(1)?;
                (!divisor.is_zero())
                    .then(|| arg(0)?.mul(divisor.recip()))
                    .flatten()
            }
            Head::Apply(Op::Neg) => Some(arg(0)?.neg()),
            Head::Leaf(_) | Head::LastUpdate(_) | Head::Drop(_) | Head::Own(_) | Head::Apply(_) => {
                None
            }
        }
    }

    fn merge(&mut self, to: &mut Self::Data, from: Self::Data) -> DidMerge {
        match (*to, from) {
            (None, Some(_)) => {
                *to = from;
                DidMerge(true, false)
            }
            (Some(_), None) => DidMerge(false, true),
            (None, None) | (Some(_), Some(_)) => DidMerge(false, false),
        }
    }

    fn modify(egraph: &mut EGraph<Term, Self>, id: Id) {
        if let Some(double) = egraph[id].data.and_then(as_double) {
            let number = egraph.add(Term::number(double));
            egraph.union(id, number);
        }
    }
}

/// The fraction that a number stands for.
fn fraction(value: f64) -> Option<Rational> {
    match exact(value.abs()) {
        Exact::Fraction(size) if value < 0.0 => Some(size.neg()),
        Exact::Fraction(size) => Some(size),
        Exact::PowerOfE(_)
        | Exact::Log(_)
        | Exact::Root { .. }
        | Exact::Pi(_)
        | Exact::Opaque(_) => None,
    }
}

/// Adds the formula of a rule.
pub(super) fn insert(egraph: &mut EGraph<Term, Numerals>, rule: &Rule) -> Id {
    let graph = rule.graph();
    let mut ids: Vec<Id> = Vec::with_capacity(graph.len());
    for (node_id, node) in graph.iter() {
        let args: Vec<Id> = node
            .args()
            .as_slice()
            .iter()
            .map(|arg| ids[arg.0 as usize])
            .collect();
        let term = match node {
            Node::Number(bits) => Term::new(Head::Number(bits), &[]),
            Node::Leaf(leaf) => Term::new(Head::Leaf(leaf), &[]),
            Node::LastUpdate(origin) => Term::new(Head::LastUpdate(origin), &[]),
            Node::Drop { mask, .. } => Term::new(Head::Drop(mask), &args),
            // That a rule remembers its own update is around its formula, not in it.
            Node::Own { .. } if node_id == rule.root() => {
                ids.push(args[0]);
                continue;
            }
            Node::Own { rule, .. } => Term::new(Head::Own(rule), &args),
            Node::Apply(op, nodes) => {
                let first = nodes.as_slice()[0];
                let is_euler = graph.node(first).as_number().is_some_and(cost::is_euler);
                Term::apply(op, &args, |_| is_euler)
            }
        };
        ids.push(egraph.add(term));
    }
    ids[rule.root().0 as usize]
}
