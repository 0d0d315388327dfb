//! How products are written: signs first, powers by their names, divisors below the line.

use super::emit::Emitter;
use super::number::as_double;
use super::rational::Rational;
use super::store::{Factor, Kind, MonoId, ONE, PolyId, Store, Term, UNIT, ZERO};
use crate::ir::{Node, NodeId};
use crate::op::Op;
use crate::types::Shape;

impl Emitter<'_> {
    /// The factors of a monomial above and below the line, and its masks.
    #[allow(clippy::type_complexity, reason = "three lists with one use")]
    pub(super) fn product(
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
        self.is_unusual |= !bases.is_empty();
        for (exponent, base) in bases {
            let (exponent, base) =
                if base.compare(Rational::ONE).is_lt() && as_double(base).is_none() {
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

    pub(super) fn power(&mut self, base: NodeId, exponent: NodeId) -> NodeId {
        self.apply(Op::Pow, &[base, exponent])
    }

    /// An atom that is never negative, or its absolute value.
    pub(super) fn atom_or_size(&mut self, atom: super::store::AtomId) -> NodeId {
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
        if domain && !power.is_negative() {
            // x^n undefined at zero is x^(n+1) / x.
            let raised = Factor {
                power: power.add(Rational::ONE).unwrap_or(power),
                sign: is_signed && !sign,
                domain: false,
                ..factor
            };
            self.write(node, raised, is_signed, signs, above, below);
            below.push(node);
            return;
        }
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
        if sign && (!is_natural || power.is_zero()) {
            let of = self.apply(Op::Sign, &[node]);
            signs.push(of);
        }
        if !power.is_zero() {
            let base = if is_natural || !is_signed {
                node
            } else {
                self.apply(Op::Abs, &[node])
            };
            // A power of a sum would be multiplied out below the line; with a negative exponent it is not.
            let is_sum = matches!(self.graph.node(base), Node::Apply(Op::Add | Op::Sub, _));
            let stays = is_sum && power.abs().compare(Rational::ONE).is_gt();
            self.is_unusual |= is_sum && power.compare(Rational::whole(2)).is_ge();
            let is_below = power.is_negative() && !stays;
            let size = if stays { power } else { power.abs() };
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
    pub(super) fn rate_of_bias(&mut self, sum: PolyId) -> Option<Rational> {
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
        let rest: Vec<Factor> = factors
            .iter()
            .filter(|f| f.atom != log.atom)
            .copied()
            .collect();
        let exp = self.mono(term.mono).exp;
        let mono = self.intern_mono(&rest, exp);
        let times = self.poly_of_mono(term.coef, mono);
        (times != ZERO && times != ONE || rest.is_empty()).then_some((kind, times))
    }
}
