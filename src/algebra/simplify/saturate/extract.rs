//! The cheapest expression of a class.
//!
//! The library has an extractor of its own; this one leaves out what the graph would round, and settles ties the same way everywhere.

use super::term::{Head, Numerals, Term};
use crate::algebra::cost::{self, NAME, NUMBER};
use crate::ir::{Graph, NodeId};
use crate::op::{Kind, Op};
use egg::{EGraph, Id, Language};

/// The cheapest expression of every class.
pub(super) struct Extraction<'a> {
    egraph: &'a EGraph<Term, Numerals>,
    best: Vec<Option<(u64, Term)>>,
}

impl<'a> Extraction<'a> {
    pub(super) fn new(egraph: &'a EGraph<Term, Numerals>) -> Self {
        let largest = egraph.classes().map(|class| usize::from(class.id)).max();
        let mut extraction = Self {
            egraph,
            best: vec![None; largest.map_or(0, |largest| largest + 1)],
        };
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            for class in egraph.classes() {
                for term in class.iter() {
                    let Some(cost) = extraction.cost(term) else {
                        continue;
                    };
                    let slot = &mut extraction.best[usize::from(class.id)];
                    let is_better = match slot {
                        None => true,
                        // Of equal cost the smaller in the order of terms, which is the same everywhere; but a quotient of
                        // products reads better than a product of quotients.
                        Some((least, best)) => {
                            (cost, !is_quotient(term), term) < (*least, !is_quotient(best), best)
                        }
                    };
                    if is_better {
                        *slot = Some((cost, term.clone()));
                        has_changed = true;
                    }
                }
            }
        }
        extraction
    }

    fn of(&self, id: Id) -> Option<&(u64, Term)> {
        self.best[usize::from(self.egraph.find(id))].as_ref()
    }

    /// The cost of a term over the cheapest expressions of its arguments.
    fn cost(&self, term: &Term) -> Option<u64> {
        let mut sum = 0u64;
        let mut numbers = [None; 3];
        for (number, arg) in numbers.iter_mut().zip(term.children()) {
            let (cost, best) = self.of(*arg)?;
            sum = sum.saturating_add(*cost);
            if let Head::Number(bits) = best.head {
                *number = Some(f64::from_bits(bits));
            }
        }
        let own = match term.head {
            Head::Number(_) => NUMBER,
            Head::Leaf(_) | Head::LastUpdate(_) => NAME,
            Head::Own(_) => 1,
            Head::Drop(_) => NAME + cost::weight(Op::Drop, |_| None),
            Head::Apply(op) => {
                let mut values = [0.0; 3];
                let is_constant = values
                    .iter_mut()
                    .zip(&numbers[..term.children().len()])
                    .all(|(value, number)| {
                        number.is_some_and(|number| {
                            *value = number;
                            true
                        })
                    });
                // The graph would compute it, with rounding.
                if is_constant && op.apply(&values[..term.children().len()]).is_some() {
                    return None;
                }
                let mention = if op.info().kind == Kind::State {
                    NAME
                } else {
                    0
                };
                mention + cost::weight(op, |index| numbers[index])
            }
        };
        Some(sum.saturating_add(own))
    }

    /// The cheapest expression of a class as a graph; none where shapes do not fit.
    pub(super) fn graph(&self, root: Id) -> Option<(Graph, NodeId)> {
        let mut graph = Graph::default();
        let mut made: Vec<Option<NodeId>> = vec![None; self.best.len()];
        let mut stack = vec![(self.egraph.find(root), false)];
        while let Some((id, is_ready)) = stack.pop() {
            let index = usize::from(id);
            if made[index].is_some() {
                continue;
            }
            let (_, term) = self.best[index].as_ref()?;
            if !is_ready {
                stack.push((id, true));
                for arg in term.children().iter().rev() {
                    stack.push((self.egraph.find(*arg), false));
                }
                continue;
            }
            let args: Vec<NodeId> = term
                .children()
                .iter()
                .map(|arg| made[usize::from(self.egraph.find(*arg))])
                .collect::<Option<_>>()?;
            made[index] = Some(match term.head {
                Head::Number(bits) => graph.number(f64::from_bits(bits)),
                Head::Leaf(leaf) => graph.leaf(leaf),
                Head::LastUpdate(origin) => graph.last_update(origin),
                Head::Own(origin) => graph.own(origin, args[0]),
                Head::Drop(mask) => graph.drop_masked(args[0], args[1], mask).ok()?,
                Head::Apply(Op::Exp) => {
                    let base = graph.number(std::f64::consts::E);
                    graph.apply(Op::Pow, &[base, args[0]]).ok()?
                }
                Head::Apply(op) => graph.apply(op, &args).ok()?,
            });
        }
        let root = made[usize::from(self.egraph.find(root))]?;
        Some((graph, root))
    }
}

fn is_quotient(term: &Term) -> bool {
    term.head == Head::Apply(Op::Div)
}
