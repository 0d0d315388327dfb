//! From a normal form back to a rule graph, as a person would write it.
//!
//! The graph that is made here is the text of the normal form, so every choice is one that reading undoes: `sign(x) * |x|` is written `x`,
//! `ema / (1 - beta^(t+1))` is `debias(ema)`, a mask times a product is `drop(product, p)`.

use super::number::{as_double, log_as_double};
use super::rational::Rational;
use super::store::{Factor, Kind, ONE, PolyId, Store, Term, UNIT, ZERO};
use crate::ir::{Graph, Node, NodeId, Origin};
use crate::op::{Leaf, Op};
use crate::types::Shape;
use rustc_hash::FxHashMap;

/// Writes polynomials of a store into a graph.
pub(super) struct Emitter<'a> {
    pub(super) store: &'a mut Store,
    pub(super) graph: Graph,
    polys: FxHashMap<PolyId, NodeId>,
    /// How often each mask is mentioned: one that is mentioned once is written around what it drops.
    mentions: FxHashMap<(PolyId, u32, Shape), u32>,
    depth: u32,
    /// Whether something was written whose reading is not sure to give the same: constants that could be folded, shared masks.
    pub(super) is_unusual: bool,
}

/// How deep a normal form may nest.
const MOST_LEVELS: u32 = 1000;

impl<'a> Emitter<'a> {
    pub(super) fn new(store: &'a mut Store, root: PolyId) -> Self {
        let mut emitter = Self {
            store,
            graph: Graph::default(),
            polys: FxHashMap::default(),
            mentions: FxHashMap::default(),
            depth: 0,
            is_unusual: false,
        };
        if emitter.store.poly(root).is_random {
            emitter.count_masks(root);
            emitter.is_unusual = emitter.mentions.values().any(|count| *count > 1);
        }
        emitter
    }

    /// Counts in how many places of the text each mask will stand.
    fn count_masks(&mut self, root: PolyId) {
        let mut seen = Vec::new();
        let mut polys = vec![root];
        while let Some(poly) = polys.pop() {
            for term in self.store.terms(poly).to_vec() {
                let exp = self.store.mono(term.mono).exp;
                if exp != ZERO {
                    polys.push(exp);
                }
                for factor in self.store.factors(term.mono).to_vec() {
                    let mut kind = self.store.atom(factor.atom).kind;
                    while let Kind::Log(inner) = kind {
                        kind = self.store.atom(inner).kind;
                    }
                    if let Kind::Mask { keep, index, shape } = kind {
                        *self.mentions.entry((keep, index, shape)).or_default() += 1;
                    } else if self.store.atom(factor.atom).is_random {
                        // An atom's parts are one node however often it is used, but text repeats it.
                        if !seen.contains(&factor.atom) {
                            seen.push(factor.atom);
                        }
                        polys.extend(self.store.parts(factor.atom));
                    }
                }
            }
            if polys.len() > 10_000 {
                return;
            }
        }
    }

    pub(super) fn poly(&mut self, id: PolyId) -> NodeId {
        if let Some(node) = self.polys.get(&id) {
            return *node;
        }
        if self.depth >= MOST_LEVELS {
            self.store.trouble = Some(super::store::Trouble::TooLong);
        }
        if self.store.trouble.is_some() {
            return self.graph.number(0.0);
        }
        self.depth += 1;
        let node = self.fresh(id);
        self.depth -= 1;
        self.polys.insert(id, node);
        node
    }

    fn fresh(&mut self, id: PolyId) -> NodeId {
        let (sizes, terms) = self.store.split_sizes(id);
        let mut sum: Option<NodeId> = None;
        // A sum that can start with a plus does.
        let first = terms
            .iter()
            .position(|term| !term.coef.is_negative())
            .unwrap_or(0);
        let order = std::iter::once(first).chain((0..terms.len()).filter(|index| *index != first));
        let logs = self.logs_of_numbers(&terms);
        for index in order {
            let Some(term) = terms.get(index) else {
                continue;
            };
            if logs.is_some() && self.is_log_of_number(term) {
                continue;
            }
            sum = Some(match sum {
                None => self.term(*term),
                Some(sum) if term.coef.is_negative() => {
                    let part = self.term(Term {
                        coef: term.coef.abs(),
                        ..*term
                    });
                    self.apply(Op::Sub, &[sum, part])
                }
                Some(sum) => {
                    let part = self.term(*term);
                    self.apply(Op::Add, &[sum, part])
                }
            });
        }
        for size in sizes {
            let whole = self.poly(size.sum);
            let whole = self.apply(Op::Abs, &[whole]);
            let is_negative = self
                .store
                .single(size.times)
                .is_some_and(|term| term.coef.is_negative());
            let times = if is_negative {
                self.store.scale(size.times, Rational::MINUS_ONE)
            } else {
                size.times
            };
            let part = if times == ONE {
                whole
            } else {
                let times = self.poly(times);
                self.apply(Op::Mul, &[times, whole])
            };
            sum = Some(match sum {
                None if is_negative => self.apply(Op::Neg, &[part]),
                None => part,
                Some(sum) if is_negative => self.apply(Op::Sub, &[sum, part]),
                Some(sum) => self.apply(Op::Add, &[sum, part]),
            });
        }
        if let Some(logs) = logs {
            self.is_unusual = true;
            let number = self.double(logs.abs());
            sum = Some(match sum {
                None => self.double(logs),
                Some(sum) if logs < 0.0 => self.apply(Op::Sub, &[sum, number]),
                Some(sum) => self.apply(Op::Add, &[sum, number]),
            });
        }
        sum.unwrap_or_else(|| self.graph.number(0.0))
    }

    fn is_log_of_number(&self, term: &Term) -> bool {
        let is_log = |f: &Factor| {
            matches!(self.store.atom(f.atom).kind, Kind::LogNumber(_)) && f.power == Rational::ONE
        };
        term.coef.is_whole()
            && self.store.mono(term.mono).exp == ZERO
            && matches!(self.store.factors(term.mono), [only] if is_log(only))
    }

    /// The sum of all whole multiples of logarithms of numbers, where it is the logarithm of a whole number or of its inverse.
    fn logs_of_numbers(&mut self, terms: &[Term]) -> Option<f64> {
        let mut of = Rational::ONE;
        for term in terms {
            if self.is_log_of_number(term)
                && let [only] = *self.store.factors(term.mono)
                && let Kind::LogNumber(number) = self.store.atom(only.atom).kind
            {
                let power = Rational::whole(number).power(term.coef.as_small()?)?;
                of = of.mul(power)?;
            }
        }
        let (whole, sign) = if of.is_whole() {
            (of, 1.0)
        } else {
            (of.recip(), -1.0)
        };
        if !whole.is_whole() || whole == Rational::ONE {
            return None;
        }
        Some(sign * log_as_double(whole.num())?)
    }

    pub(super) fn apply(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        let node = self
            .graph
            .apply(op, args)
            .expect("shapes fit in the normal form as they did in the rule");
        // Numbers were folded, in doubles.
        self.is_unusual |= self.graph.node(node).as_number().is_some();
        node
    }

    pub(super) fn double(&mut self, value: f64) -> NodeId {
        self.graph.number(value)
    }

    /// A number as one or two doubles: what is left over divides.
    pub(super) fn number(&mut self, value: Rational) -> (f64, Option<f64>) {
        if let Some(double) = as_double(value) {
            return (double, None);
        }
        let parts = [value.num(), value.den()].map(|part| as_double(Rational::whole(part)));
        self.is_unusual = true;
        if let [Some(num), Some(den)] = parts {
            return (num, Some(den));
        }
        // No double stands for it, and its parts are too long to be written.
        self.store.trouble = Some(super::store::Trouble::LargeNumber);
        (value.to_f64(), None)
    }

    pub(super) fn term(&mut self, term: Term) -> NodeId {
        let (coef, divisor) = self.number(term.coef.abs());
        let is_negative = term.coef.is_negative();
        if term.mono == UNIT {
            let node = self.double(if is_negative { -coef } else { coef });
            return match divisor {
                None => node,
                // Two numbers would be folded; a sum of nothing else keeps them apart as a power of a product.
                Some(divisor) => {
                    self.store.trouble = Some(super::store::Trouble::LargeNumber);
                    self.double(coef / divisor)
                }
            };
        }
        let (above, below, masks) = self.product(term.mono);
        let is_number = |graph: &Graph, id: &NodeId| graph.node(*id).as_number().is_some();
        let (numbers, mut factors): (Vec<NodeId>, Vec<NodeId>) =
            above.into_iter().partition(|id| is_number(&self.graph, id));
        let is_one = coef.to_bits() == 1f64.to_bits();
        if is_negative && is_one && !factors.is_empty() {
            factors[0] = self.apply(Op::Neg, &[factors[0]]);
        } else if !is_one || factors.is_empty() {
            let signed = if is_negative { -coef } else { coef };
            factors.insert(0, self.double(signed));
        }
        // Numbers beside each other would be folded; one alone may come first.
        if numbers.len() == 1 && is_one && !is_negative {
            factors.splice(0..0, numbers);
        } else {
            factors.extend(numbers);
        }
        let mut node = self.all(&factors);
        let (numbers, factors): (Vec<NodeId>, Vec<NodeId>) =
            below.into_iter().partition(|id| is_number(&self.graph, id));
        let mut divisors: Vec<NodeId> = divisor
            .map(|value| self.double(value))
            .into_iter()
            .collect();
        // A product of sums would be multiplied out when it is read, so sums divide one by one.
        let is_sum = |graph: &Graph, id: &NodeId| {
            matches!(graph.node(*id), Node::Apply(Op::Add | Op::Sub, _))
        };
        let (sums, factors): (Vec<NodeId>, Vec<NodeId>) =
            factors.into_iter().partition(|id| is_sum(&self.graph, id));
        divisors.extend(factors);
        divisors.extend(numbers);
        if !divisors.is_empty() {
            let divisor = self.all(&divisors);
            node = self.apply(Op::Div, &[node, divisor]);
        }
        for sum in sums {
            node = self.apply(Op::Div, &[node, sum]);
        }
        for (keep, index, shape) in masks {
            node = self.mask(node, keep, index, shape);
        }
        node
    }

    /// The product of at least one node.
    fn all(&mut self, factors: &[NodeId]) -> NodeId {
        let mut product = factors[0];
        for factor in &factors[1..] {
            let is_one = self.graph.node(product).as_number() == Some(1.0);
            product = if is_one {
                *factor
            } else {
                self.apply(Op::Mul, &[product, *factor])
            };
        }
        product
    }

    /// A value under a mask.
    fn mask(&mut self, x: NodeId, keep: PolyId, index: u32, shape: Shape) -> NodeId {
        let p = self.store.complement(keep);
        let p = self.poly(p);
        let key = (keep, index, shape);
        let groups: Vec<(PolyId, u32, Shape)> = {
            let mut keys: Vec<_> = self.mentions.keys().copied().collect();
            keys.sort_unstable();
            keys
        };
        let origin = groups.iter().position(|other| *other == key).unwrap_or(0);
        let origin = Origin(u32::try_from(origin).unwrap_or(0));
        let is_single = self.mentions.get(&key).copied().unwrap_or(1) == 1;
        let drop = |emitter: &mut Self, x: NodeId| {
            emitter
                .graph
                .drop_masked(x, p, origin)
                .expect("a mask fits what it drops")
        };
        if is_single && self.graph.ty(x).shape == shape {
            return drop(self, x);
        }
        let one = self.shaped_one(shape);
        let mask = drop(self, one);
        let is_one = self.graph.node(x).as_number() == Some(1.0);
        if is_one {
            mask
        } else {
            self.apply(Op::Mul, &[mask, x])
        }
    }

    /// 1 for each value of a shape.
    fn shaped_one(&mut self, shape: Shape) -> NodeId {
        self.is_unusual = true;
        let one = self.double(1.0);
        match self.shaped_zero(shape) {
            None => one,
            Some(zero) => self.apply(Op::Add, &[zero, one]),
        }
    }

    /// 0 for each value of a shape.
    fn shaped_zero(&mut self, shape: Shape) -> Option<NodeId> {
        use crate::types::Dim;
        let g = self.graph.leaf(Leaf::Grad);
        let x = match shape {
            Shape::Scalar => return None,
            Shape::Own => g,
            Shape::Matrix(Dim::Rows, Dim::Cols) => {
                let turned = self.apply(Op::Transpose, &[g]);
                self.apply(Op::Transpose, &[turned])
            }
            Shape::Matrix(Dim::Cols, Dim::Rows) => self.apply(Op::Transpose, &[g]),
            Shape::Matrix(Dim::Rows, Dim::One) => self.apply(Op::RowMean, &[g]),
            Shape::Matrix(Dim::One, Dim::Cols) => self.apply(Op::ColMean, &[g]),
            Shape::Matrix(Dim::Cols, Dim::One) => {
                let mean = self.apply(Op::ColMean, &[g]);
                self.apply(Op::Transpose, &[mean])
            }
            Shape::Matrix(Dim::One, Dim::Rows) => {
                let mean = self.apply(Op::RowMean, &[g]);
                self.apply(Op::Transpose, &[mean])
            }
            Shape::Matrix(rows, cols) => {
                let turned = self.apply(Op::Transpose, &[g]);
                let side = if rows == cols && rows == Dim::Rows {
                    [g, turned]
                } else {
                    [turned, g]
                };
                self.apply(Op::MatMul, &side)
            }
        };
        let zero = self.double(0.0);
        Some(self.apply(Op::Mul, &[zero, x]))
    }

    pub(super) fn atom(&mut self, id: super::store::AtomId) -> NodeId {
        let kind = self.store.atom(id).kind;
        self.is_unusual |= matches!(kind, Kind::Opaque(_) | Kind::Pi | Kind::LogNumber(_));
        match kind {
            Kind::Leaf(leaf) => self.graph.leaf(leaf),
            Kind::Opaque(bits) => self.double(f64::from_bits(bits)),
            Kind::Pi => self.double(std::f64::consts::PI),
            Kind::Sum(poly) => self.poly(poly),
            Kind::Log(inner) => {
                let inner = match self.store.atom(inner).kind {
                    // Undefined below zero, as it is.
                    Kind::Real(poly) => self.poly(poly),
                    _ => self.atom_or_size(inner),
                };
                self.apply(Op::Log, &[inner])
            }
            #[allow(
                clippy::cast_precision_loss,
                reason = "the table of constants holds it"
            )]
            Kind::LogNumber(of) => {
                let value = libm::log(of as f64);
                self.double(value)
            }
            // Marked by its own undefined root: sqrt(x)^2 is x where x is not negative.
            Kind::Real(poly) => {
                let x = self.poly(poly);
                let root = self.apply(Op::Sqrt, &[x]);
                let two = self.double(2.0);
                self.power(root, two)
            }
            Kind::Pow(base, exponent) => {
                let (base, exponent) = (self.poly(base), self.poly(exponent));
                self.power(base, exponent)
            }
            Kind::Mask { keep, index, shape } => {
                let one = self.double(1.0);
                self.mask(one, keep, index, shape)
            }
            Kind::LastUpdate(origin) => self.graph.last_update(Origin(origin)),
            Kind::Own(origin, body) => {
                let body = self.poly(body);
                self.graph.own(Origin(origin), body)
            }
            Kind::Func(Op::Debias, [average, ..], _) => {
                let average = self.poly(average);
                self.apply(Op::Debias, &[average])
            }
            Kind::Func(op, args, mark) => {
                let count = op.info().params.len();
                let mut nodes: Vec<NodeId> =
                    args[..count].iter().map(|arg| self.poly(*arg)).collect();
                if op == Op::Where {
                    // A condition has become 0 or 1; it is asked which.
                    self.is_unusual = true;
                    let zero = self.double(0.0);
                    nodes[0] = self.apply(Op::Ne, &[nodes[0], zero]);
                }
                self.is_unusual |= mark != Shape::Scalar;
                if mark != Shape::Scalar
                    && let Some(zero) = self.shaped_zero(mark)
                {
                    nodes[0] = self.apply(Op::Add, &[nodes[0], zero]);
                }
                self.apply(op, &nodes)
            }
        }
    }
}
