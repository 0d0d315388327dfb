//! A reader's order for sums and products.
//!
//! Order costs nothing, so the search does not care for it. Products start with their number, then come sums in brackets, functions, and names
//! (`2 * sign(g) * m`, `(1 + sign(m)) * g`), shorter ones before longer ones; sums start with a number that counts and end with one that does not (`1 + x`, `sqrt(v) + delta`),
//! the shortest terms first (`g + 1e-4 * w`), and subtract what is negative.

use crate::ir::{Graph, Node, NodeId, Rule};
use crate::op::{Kind, Op};

/// The rule with its sums and products in order; none where it is too long for that.
pub(super) fn in_order(rule: &Rule, most_nodes: usize) -> Option<Rule> {
    let source = rule.graph();
    if source.len() > most_nodes {
        return None;
    }
    let mut ordering = Ordering {
        source,
        graph: Graph::default(),
        made: Vec::with_capacity(source.len()),
        sizes: Vec::new(),
    };
    for (id, node) in source.iter() {
        let made = ordering.node(id, node)?;
        ordering.made.push(made);
        ordering.measure();
    }
    let root = ordering.made[rule.root().0 as usize];
    Some(Rule::new(&ordering.graph, root))
}

struct Ordering<'a> {
    source: &'a Graph,
    graph: Graph,
    made: Vec<NodeId>,
    /// How long the nodes made so far are to read.
    sizes: Vec<u64>,
}

impl Ordering<'_> {
    fn node(&mut self, id: NodeId, node: Node) -> Option<NodeId> {
        let made = |id: NodeId| self.made[id.0 as usize];
        Some(match node {
            Node::Number(bits) => self.graph.number(f64::from_bits(bits)),
            Node::Leaf(leaf) => self.graph.leaf(leaf),
            Node::LastUpdate(origin) => self.graph.last_update(origin),
            Node::Own { rule, body } => {
                let body = made(body);
                self.graph.own(rule, body)
            }
            Node::Drop { x, p, mask } => {
                let (x, p) = (made(x), made(p));
                self.graph.drop_masked(x, p, mask).ok()?
            }
            Node::Apply(Op::Mul, _) => self.product(id)?,
            Node::Apply(Op::Add | Op::Sub, _) => self.sum(id)?,
            Node::Apply(op, args) => {
                let args: Vec<NodeId> = args.as_slice().iter().map(|arg| made(*arg)).collect();
                self.graph.apply(op, &args).ok()?
            }
        })
    }

    fn product(&mut self, id: NodeId) -> Option<NodeId> {
        let mut factors = Vec::new();
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            match self.source.node(id) {
                Node::Apply(Op::Mul, args) => stack.extend(args.as_slice().iter().rev()),
                _ => factors.push(self.made[id.0 as usize]),
            }
            if factors.len() > MOST_PARTS {
                return None;
            }
        }
        let numbers = factors
            .iter()
            .filter(|factor| self.number(**factor).is_some());
        // Numbers next to each other would be multiplied, with rounding.
        if numbers.count() < 2 {
            factors.sort_by_key(|factor| (self.rank(*factor), self.size(*factor)));
        }
        let mut factors = factors.into_iter();
        let first = factors.next()?;
        factors.try_fold(first, |product, factor| {
            self.graph.apply(Op::Mul, &[product, factor]).ok()
        })
    }

    fn sum(&mut self, id: NodeId) -> Option<NodeId> {
        let mut terms = Vec::new();
        let mut stack = vec![(id, false)];
        while let Some((id, is_negative)) = stack.pop() {
            match self.source.node(id) {
                Node::Apply(Op::Add, args) => {
                    stack.extend(args.as_slice().iter().rev().map(|arg| (*arg, is_negative)));
                }
                Node::Apply(Op::Sub, args) => {
                    let args = args.as_slice();
                    stack.push((args[1], !is_negative));
                    stack.push((args[0], is_negative));
                }
                _ => terms.push((self.made[id.0 as usize], is_negative)),
            }
            if terms.len() > MOST_PARTS {
                return None;
            }
        }
        let numbers = terms
            .iter()
            .filter(|(term, _)| self.number(*term).is_some());
        if numbers.count() > 1 {
            return None;
        }
        for (term, is_negative) in &mut terms {
            if let Some(value) = self.number(*term).filter(|value| *value < 0.0) {
                *term = self.graph.number(-value);
                *is_negative = !*is_negative;
            }
        }
        terms.sort_by_key(|(term, is_negative)| {
            let place = match self.number(*term) {
                Some(value) if value.abs() < SMALL => 2,
                Some(_) => 0,
                None => 1,
            };
            (*is_negative, place, self.size(*term))
        });
        let mut terms = terms.into_iter();
        let (first, is_negative) = terms.next()?;
        let first = if is_negative {
            self.graph.apply(Op::Neg, &[first]).ok()?
        } else {
            first
        };
        terms.try_fold(first, |sum, (term, is_negative)| {
            let op = if is_negative { Op::Sub } else { Op::Add };
            self.graph.apply(op, &[sum, term]).ok()
        })
    }

    fn number(&self, id: NodeId) -> Option<f64> {
        self.graph.node(id).as_number()
    }

    /// Where in a product a factor stands.
    fn rank(&self, id: NodeId) -> u8 {
        match self.graph.node(id) {
            Node::Number(_) => 0,
            Node::Apply(Op::Add | Op::Sub, _) => 1,
            Node::Apply(op, _) if op.info().kind != Kind::State => 2,
            Node::Apply(..)
            | Node::Leaf(_)
            | Node::Drop { .. }
            | Node::LastUpdate(_)
            | Node::Own { .. } => 3,
        }
    }

    /// How many nodes the text of a node names.
    fn size(&self, id: NodeId) -> u64 {
        self.sizes.get(id.0 as usize).copied().unwrap_or(1)
    }

    /// Measures the nodes that are new.
    fn measure(&mut self) {
        for index in self.sizes.len()..self.graph.len() {
            let id = NodeId(u32::try_from(index).expect("fewer than 2^32 nodes"));
            let args = self.graph.node(id).args();
            let size = args
                .as_slice()
                .iter()
                .fold(1u64, |sum, arg| sum.saturating_add(self.size(*arg)));
            self.sizes.push(size);
        }
    }
}

/// Sums and products with more parts stay as they are.
const MOST_PARTS: usize = 32;
/// Numbers below this only keep divisors from zero.
const SMALL: f64 = 1e-3;
