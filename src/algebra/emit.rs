//! From a normal form back to a rule graph, as a person would write it.
//!
//! The graph that is made here is the text of the normal form, so every choice is one that reading undoes: `sign(x) * |x|` is written `x`,
//! `ema / (1 - beta^(t+1))` is `debias(ema)`, a mask times a product is `drop(product, p)`.

use super::number::{as_double, log_as_double};
use super::rational::Rational;
use super::store::{Factor, Kind, MonoId, ONE, PolyId, Store, Term, UNIT, ZERO};
use crate::ir::{Graph, NodeId, Origin};
use crate::op::{Leaf, Op};
use crate::types::Shape;
use rustc_hash::FxHashMap;

/// Writes polynomials of a store into a graph.
pub(super) struct Emitter<'a> {
    store: &'a mut Store,
    pub(super) graph: Graph,
    polys: FxHashMap<PolyId, NodeId>,
    /// How often each mask is mentioned: one that is mentioned once is written around what it drops.
    mentions: FxHashMap<(PolyId, u32, Shape), u32>,
    depth: u32,
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
        };
        if emitter.store.poly(root).is_random {
            emitter.count_masks(root);
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
                    let kind = self.store.atom(factor.atom).kind;
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
        let terms = self.store.terms(id).to_vec();
        let mut sum: Option<NodeId> = None;
        // A sum that can start with a plus does.
        let first = terms
            .iter()
            .position(|term| !term.coef.is_negative())
            .unwrap_or(0);
        let order = std::iter::once(first).chain((0..terms.len()).filter(|index| *index != first));
        let logs = self.logs_of_numbers(&terms);
        for index in order {
            let Some(term) = terms.get(index) else { continue };
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
        if let Some(logs) = logs {
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

    fn apply(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        self.graph
            .apply(op, args)
            .expect("shapes fit in the normal form as they did in the rule")
    }

    fn double(&mut self, value: f64) -> NodeId {
        self.graph.number(value)
    }

    /// A number as one or two doubles: what is left over divides.
    fn number(&mut self, value: Rational) -> (f64, Option<f64>) {
        if let Some(double) = as_double(value) {
            return (double, None);
        }
        let parts = [value.num(), value.den()].map(|part| as_double(Rational::whole(part)));
        if let [Some(num), Some(den)] = parts {
            return (num, Some(den));
        }
        // No double stands for it, and its parts are too long to be written.
        self.store.trouble = Some(super::store::Trouble::LargeNumber);
        (value.to_f64(), None)
    }

    fn term(&mut self, term: Term) -> NodeId {
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
        let mut divisors: Vec<NodeId> = divisor.map(|value| self.double(value)).into_iter().collect();
        divisors.extend(factors);
        divisors.extend(numbers);
        if !divisors.is_empty() {
            let divisor = self.all(&divisors);
            node = self.apply(Op::Div, &[node, divisor]);
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

    /// The factors of a monomial above and below the line, and its masks.
    #[allow(clippy::type_complexity, reason = "three lists with one use")]
    fn product(
        &mut self,
        mono: MonoId,
    ) -> (Vec<NodeId>, Vec<NodeId>, Vec<(PolyId, u32, Shape)>) {
        let mut factors: Vec<Factor> = self.store.factors(mono).to_vec();
        let (mut signs, mut above, mut below, mut masks) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let exp = self.store.mono(mono).exp;
        if exp != ZERO {
            self.power_of_e(exp, &mut signs, &mut below);
        }
        self.averages(&mut factors, &mut above, &mut below);
        self.odd_functions(&mut factors, &mut above);
        for factor in factors {
            if let Kind::Mask { keep, index, shape } = self.store.atom(factor.atom).kind
                && !factor.domain
            {
                masks.push((keep, index, shape));
                continue;
            }
            self.factor(factor, &mut signs, &mut above, &mut below);
        }
        signs.extend(above);
        (signs, below, masks)
    }

    /// `ema / (1 - beta^(t+1))` as `debias(ema)`.
    fn averages(
        &mut self,
        factors: &mut Vec<Factor>,
        above: &mut Vec<NodeId>,
        below: &mut Vec<NodeId>,
    ) {
        let mut index = 0;
        while index < factors.len() {
            let bias = factors[index];
            let rate = match self.store.atom(bias.atom).kind {
                Kind::Sum(sum) => self.store.rate_of_bias(sum),
                _ => None,
            };
            index += 1;
            let Some(rate) = rate else { continue };
            // As many averages of this rate as there are corrections to undo.
            for place in 0..factors.len() {
                let average = factors[place];
                let Kind::Func(Op::Ema, [x, beta, _], _) = self.store.atom(average.atom).kind
                else {
                    continue;
                };
                let left = factors[index - 1].power;
                let is_part = average.power.is_positive() != left.is_positive()
                    && average.power.abs().compare(left.abs()).is_le()
                    && !average.power.is_zero();
                if self.store.as_number(beta) != Some(rate) || !is_part {
                    continue;
                }
                let value = self.poly(x);
                let beta = self.poly(beta);
                let node = self.apply(Op::Ema, &[value, beta]);
                let node = self.apply(Op::Debias, &[node]);
                let is_signed = !self.store.atom(average.atom).range.is_non_negative();
                let mut signs = Vec::new();
                self.write(node, average, is_signed, &mut signs, above, below);
                above.splice(0..0, signs);
                factors[index - 1].power = left.add(average.power).unwrap_or(left);
                factors[place].power = Rational::ZERO;
                factors[place].sign = false;
                factors[place].support = false;
                factors[place].domain = false;
            }
        }
        factors.retain(|f| !f.power.is_zero() || f.sign || f.support || f.domain);
    }

    /// `sign(x) * clip(|x|, l)` as `clip(x, l)`, and so for other odd functions.
    fn odd_functions(&mut self, factors: &mut Vec<Factor>, above: &mut Vec<NodeId>) {
        let mut index = 0;
        while index < factors.len() {
            let function = factors[index];
            index += 1;
            let Kind::Func(op @ (Op::Clip | Op::Tanh | Op::Sin), args, _) =
                self.store.atom(function.atom).kind
            else {
                continue;
            };
            let is_plain = function.power == Rational::ONE && !function.domain;
            let Some(inner) = self.store.single(args[0]) else {
                continue;
            };
            if !is_plain || inner.coef.is_negative() {
                continue;
            }
            let mut parts: Vec<Factor> = self.store.factors(inner.mono).to_vec();
            let mut is_changed = false;
            for part in &mut parts {
                // The function's argument is a size, so a sign beside it can go in, where it vanishes with the size.
                let outside = factors
                    .iter_mut()
                    .find(|f| f.atom == part.atom && f.sign && f.power.is_zero() && !f.domain);
                if let Some(outside) = outside
                    && part.power.is_positive()
                    && !part.sign
                {
                    outside.sign = false;
                    part.sign = true;
                    is_changed = true;
                }
            }
            if !is_changed {
                continue;
            }
            let exp = self.store.mono(inner.mono).exp;
            let mono = self.store.intern_mono(&parts, exp);
            let x = self.term(Term {
                coef: inner.coef,
                mono,
            });
            let node = if op == Op::Clip {
                let bound = self.poly(args[1]);
                self.apply(op, &[x, bound])
            } else {
                self.apply(op, &[x])
            };
            above.push(node);
            factors[index - 1].power = Rational::ZERO;
            factors[index - 1].sign = false;
        }
        factors.retain(|f| !f.power.is_zero() || f.sign || f.support || f.domain);
    }

    /// e to an exponent, or a number to one: `e^(x log 2)` is `2^x`.
    fn power_of_e(&mut self, exp: PolyId, above: &mut Vec<NodeId>, below: &mut Vec<NodeId>) {
        let mut bases: Vec<(PolyId, Rational)> = Vec::new();
        let mut powers: Vec<(NodeId, PolyId)> = Vec::new();
        let mut rest = Vec::new();
        for term in self.store.terms(exp).to_vec() {
            match self.store.split_log(term) {
                Some((Kind::LogNumber(of), times)) => {
                    let product = self.store.as_product(times);
                    let unit = self.store.scale(times, product.coef.recip());
                    // x log 3 - x log 2 is x log(3/2): exponents in whole proportion share a base.
                    let power = product
                        .coef
                        .as_small()
                        .filter(|times| times.abs() <= 16)
                        .and_then(|times| Rational::whole(of).power(times));
                    match (power, bases.iter_mut().find(|(other, _)| *other == unit)) {
                        (Some(power), Some((_, base))) if base.mul(power).is_some() => {
                            *base = base.mul(power).unwrap_or(*base);
                        }
                        (Some(power), None) => bases.push((unit, power)),
                        (Some(_) | None, _) => {
                            #[allow(clippy::cast_precision_loss, reason = "small numbers")]
                            let base = self.double(of as f64);
                            powers.push((base, times));
                        }
                    }
                }
                Some((Kind::Log(atom), times)) => {
                    let base = self.atom_or_size(atom);
                    powers.push((base, times));
                }
                Some(_) | None => rest.push(term),
            }
        }
        for (exponent, base) in bases {
            let (exponent, base) = if base.compare(Rational::ONE).is_lt()
                && as_double(base).is_none()
            {
                (
                    self.store.scale(exponent, Rational::MINUS_ONE),
                    base.recip(),
                )
            } else {
                (exponent, base)
            };
            let (above_line, below_line) = self.number(base);
            match below_line {
                None => {
                    let base = self.double(above_line);
                    powers.push((base, exponent));
                }
                Some(below_line) => {
                    let base = self.double(above_line);
                    powers.push((base, exponent));
                    let other = self.double(below_line);
                    let node = self.poly(exponent);
                    below.push(self.power(other, node));
                }
            }
        }
        for (base, exponent) in powers {
            let exponent = self.poly(exponent);
            above.push(self.power(base, exponent));
        }
        if !rest.is_empty() {
            let rest = self.store.intern_poly(&rest);
            let base = self.double(std::f64::consts::E);
            let exponent = self.poly(rest);
            above.push(self.power(base, exponent));
        }
    }

    fn power(&mut self, base: NodeId, exponent: NodeId) -> NodeId {
        self.apply(Op::Pow, &[base, exponent])
    }

    /// An atom that is never negative, or its absolute value.
    fn atom_or_size(&mut self, atom: super::store::AtomId) -> NodeId {
        let node = self.atom(atom);
        if self.store.atom(atom).range.is_non_negative() {
            node
        } else {
            self.apply(Op::Abs, &[node])
        }
    }

    fn factor(
        &mut self,
        factor: Factor,
        signs: &mut Vec<NodeId>,
        above: &mut Vec<NodeId>,
        below: &mut Vec<NodeId>,
    ) {
        if self.norm(factor, above, below).is_some() {
            return;
        }
        if let Kind::Real(poly) = self.store.atom(factor.atom).kind {
            // Its root is undefined below zero, as it is: x^(1/2), or sqrt(x)^2 for x itself.
            let mut node = self.poly(poly);
            let mut power = factor.power;
            if power.is_whole() {
                node = self.apply(Op::Sqrt, &[node]);
                power = power.mul(Rational::whole(2)).unwrap_or(power);
            }
            let factor = Factor { power, ..factor };
            self.write(node, factor, false, signs, above, below);
            return;
        }
        let node = self.atom(factor.atom);
        let is_signed = !self.store.atom(factor.atom).range.is_non_negative();
        self.write(node, factor, is_signed, signs, above, below);
    }

    /// `sum(x^2)^(1/2)` as `norm(x)`, `mean(x^2)^(1/2)` as `rms(x)`.
    fn norm(
        &mut self,
        factor: Factor,
        above: &mut Vec<NodeId>,
        below: &mut Vec<NodeId>,
    ) -> Option<()> {
        let Kind::Func(op @ (Op::Sum | Op::Mean), [x, ..], Shape::Scalar) =
            self.store.atom(factor.atom).kind
        else {
            return None;
        };
        let times = factor.power.mul(Rational::whole(2))?;
        let term = self.store.single(x)?;
        if !times.is_odd() || term.coef != Rational::ONE || factor.support {
            return None;
        }
        let (_, root) = self.store.power_of_mono(term.mono, Rational::HALF);
        let (_, square) = self.store.power_of_mono(root, Rational::whole(2));
        if square != term.mono || !self.store.is_size(term.mono) {
            return None;
        }
        // Write x for |x|: the square is the same.
        let exp = self.store.mono(root).exp;
        let factors = self
            .store
            .factors(root)
            .iter()
            .map(|f| Factor {
                sign: f.power.is_odd(),
                ..*f
            })
            .collect();
        let natural = self.store.mono_of_factors(factors, exp);
        let (_, again) = self.store.power_of_mono(natural, Rational::whole(2));
        let root = if again == term.mono { natural } else { root };
        let x = self.term(Term {
            coef: Rational::ONE,
            mono: root,
        });
        let reduce = if op == Op::Sum { Op::Norm } else { Op::Rms };
        let node = self.apply(reduce, &[x]);
        let factor = Factor {
            power: times,
            ..factor
        };
        let mut signs = Vec::new();
        self.write(node, factor, false, &mut signs, above, below);
        Some(())
    }

    /// A value in the role of a factor's atom.
    fn write(
        &mut self,
        node: NodeId,
        factor: Factor,
        is_signed: bool,
        signs: &mut Vec<NodeId>,
        above: &mut Vec<NodeId>,
        below: &mut Vec<NodeId>,
    ) {
        let Factor {
            power,
            sign,
            support,
            domain,
            ..
        } = factor;
        let is_natural = power.is_whole() && (!is_signed || sign == power.is_odd());
        if support {
            let of = self.apply(Op::Sign, &[node]);
            let square = if is_signed {
                let two = self.double(2.0);
                self.power(of, two)
            } else {
                of
            };
            signs.push(square);
        }
        if sign && !is_natural || (sign && power.is_zero()) {
            let of = self.apply(Op::Sign, &[node]);
            signs.push(of);
        }
        if !power.is_zero() {
            let base = if is_natural || !is_signed {
                node
            } else {
                self.apply(Op::Abs, &[node])
            };
            let is_below = power.is_negative();
            let size = power.abs();
            let value = if size == Rational::ONE {
                base
            } else if size == Rational::HALF {
                self.apply(Op::Sqrt, &[base])
            } else {
                let (exponent, divisor) = self.number(size);
                if divisor.is_some() {
                    self.store.trouble = Some(super::store::Trouble::LargeNumber);
                }
                let exponent = self.double(exponent);
                self.power(base, exponent)
            };
            if is_below { &mut *below } else { &mut *above }.push(value);
        }
        if domain && !power.is_negative() {
            // x / x: 1, and undefined at zero.
            above.push(node);
            below.push(node);
        }
    }

    fn atom(&mut self, id: super::store::AtomId) -> NodeId {
        match self.store.atom(id).kind {
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
            #[allow(clippy::cast_precision_loss, reason = "the table of constants holds it")]
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

impl Store {
    /// The polynomials an atom is made of.
    pub(super) fn parts(&self, atom: super::store::AtomId) -> Vec<PolyId> {
        match self.atom(atom).kind {
            Kind::Leaf(_)
            | Kind::Opaque(_)
            | Kind::Pi
            | Kind::LogNumber(_)
            | Kind::Mask { .. }
            | Kind::LastUpdate(_) => Vec::new(),
            Kind::Sum(poly) | Kind::Real(poly) | Kind::Own(_, poly) => vec![poly],
            Kind::Log(inner) => self.parts(inner),
            Kind::Pow(base, exponent) => vec![base, exponent],
            Kind::Func(op, args, _) => args[..op.info().params.len()].to_vec(),
        }
    }

    /// The rate of `1 - beta^(t+1)`.
    fn rate_of_bias(&mut self, sum: PolyId) -> Option<Rational> {
        let [power, number] = *self.terms(sum) else {
            return None;
        };
        if number.mono != UNIT || number.coef != Rational::ONE {
            return None;
        }
        let rate = power.coef.neg();
        let is_rate = rate.is_positive()
            && rate.compare(Rational::ONE).is_lt()
            && self.factors(power.mono).is_empty();
        if !is_rate {
            return None;
        }
        let bias = self.bias(rate);
        (self.as_product(bias).sum == Some(sum)).then_some(rate)
    }

    /// A term of an exponent as `log(base) * times`.
    fn split_log(&mut self, term: Term) -> Option<(Kind, PolyId)> {
        let factors: Vec<Factor> = self.factors(term.mono).to_vec();
        let log = factors.iter().find(|factor| {
            matches!(
                self.atom(factor.atom).kind,
                Kind::Log(_) | Kind::LogNumber(_)
            ) && **factor == self.factor_of(factor.atom)
        })?;
        let kind = self.atom(log.atom).kind;
        let rest: Vec<Factor> = factors.iter().filter(|f| f.atom != log.atom).copied().collect();
        let exp = self.mono(term.mono).exp;
        let mono = self.intern_mono(&rest, exp);
        let times = self.poly_of_mono(term.coef, mono);
        (times != ZERO && times != ONE || rest.is_empty()).then_some((kind, times))
    }
}
