//! What a polynomial is made of, and the polynomial with some of it replaced.

use super::rational::Rational;
use super::store::{AtomId, Factor, Kind, ONE, PolyId, Store, ZERO};
use crate::op::Op;
use crate::types::Shape;
use rustc_hash::FxHashMap;

impl Store {
    /// The atoms that a polynomial is made of, parts first.
    pub(super) fn reachable(&self, root: PolyId) -> Vec<AtomId> {
        let mut atoms = Vec::new();
        let mut seen = rustc_hash::FxHashSet::default();
        let mut polys = vec![root];
        let mut visited = rustc_hash::FxHashSet::default();
        while let Some(poly) = polys.pop() {
            if !visited.insert(poly) {
                continue;
            }
            for term in self.terms(poly) {
                let exp = self.mono(term.mono).exp;
                if exp != ZERO {
                    polys.push(exp);
                }
                for factor in self.factors(term.mono) {
                    let mut atom = factor.atom;
                    while let Kind::Log(inner) = self.atom(atom).kind {
                        if seen.insert(atom) {
                            atoms.push(atom);
                        }
                        atom = inner;
                    }
                    if seen.insert(atom) {
                        atoms.push(atom);
                        polys.extend(self.parts(atom));
                    }
                }
            }
        }
        // What an atom is made of was there before it.
        atoms.sort_unstable_by_key(|atom| atom.0);
        atoms
    }

    /// A polynomial with some atoms replaced.
    pub(super) fn replace(&mut self, root: PolyId, with: &FxHashMap<AtomId, PolyId>) -> PolyId {
        let mut values = with.clone();
        for atom in self.reachable(root) {
            if values.contains_key(&atom) || self.trouble.is_some() {
                continue;
            }
            let kind = self.atom(atom).kind;
            let is_touched = match kind {
                Kind::Log(inner) => values.contains_key(&inner),
                _ => self
                    .parts(atom)
                    .into_iter()
                    .any(|part| self.mentions_any(part, &values)),
            };
            if !is_touched {
                continue;
            }
            let value = match kind {
                Kind::Leaf(_)
                | Kind::Opaque(_)
                | Kind::Pi
                | Kind::LogNumber(_)
                | Kind::Mask { .. }
                | Kind::LastUpdate(_) => continue,
                Kind::Sum(poly) => self.rebuilt(poly, &values),
                Kind::Real(poly) => {
                    let poly = self.rebuilt(poly, &values);
                    let root = self.power_number(poly, Rational::HALF);
                    self.mul(root, root)
                }
                Kind::Own(origin, body) => {
                    let body = self.rebuilt(body, &values);
                    let atom = self.intern_atom(Kind::Own(origin, body));
                    self.poly_of(atom)
                }
                Kind::Log(inner) => {
                    let inner = values[&inner];
                    self.log_of_size(inner)
                }
                Kind::Pow(base, exponent) => {
                    let base = self.rebuilt(base, &values);
                    let exponent = self.rebuilt(exponent, &values);
                    self.pow(base, exponent)
                }
                Kind::Func(op, args, mark) => {
                    let count = op.info().params.len();
                    let mut new = [ZERO; 3];
                    for (place, arg) in new.iter_mut().zip(args).take(count) {
                        *place = self.rebuilt(arg, &values);
                    }
                    let shape = if mark == Shape::Scalar {
                        self.poly(args[0]).shape
                    } else {
                        mark
                    };
                    if op == Op::Debias {
                        self.debias(new[0], new[1])
                    } else {
                        self.apply(op, &new[..count], shape)
                    }
                }
            };
            values.insert(atom, value);
        }
        self.rebuilt(root, &values)
    }

    /// Whether an atom of the polynomial itself, not of its parts, is among these.
    fn mentions_any(&self, poly: PolyId, values: &FxHashMap<AtomId, PolyId>) -> bool {
        self.terms(poly).iter().any(|term| {
            let exp = self.mono(term.mono).exp;
            self.factors(term.mono)
                .iter()
                .any(|factor| values.contains_key(&factor.atom))
                || (exp != ZERO && self.mentions_any(exp, values))
        })
    }

    /// A polynomial whose own atoms have these values.
    fn rebuilt(&mut self, poly: PolyId, values: &FxHashMap<AtomId, PolyId>) -> PolyId {
        if !self.mentions_any(poly, values) {
            return poly;
        }
        let mut sum = ZERO;
        for term in self.terms(poly).to_vec() {
            let exp = self.mono(term.mono).exp;
            let exponent = self.rebuilt(exp, values);
            let mut product = if exponent == exp {
                let mono = self.mono_of_factors(Vec::new(), exp);
                self.poly_of_mono(term.coef, mono)
            } else {
                let power = self.exp(exponent);
                self.scale(power, term.coef)
            };
            for factor in self.factors(term.mono).to_vec() {
                let value = if let Some(value) = values.get(&factor.atom) {
                    self.as_factor(*value, factor)
                } else {
                    let mono = self.mono_of_factors(vec![factor], ZERO);
                    self.poly_of_mono(Rational::ONE, mono)
                };
                product = self.mul(product, value);
            }
            sum = self.add(sum, product);
        }
        sum
    }

    /// A value in the role of a factor's atom.
    fn as_factor(&mut self, value: PolyId, factor: Factor) -> PolyId {
        let mut product = ONE;
        let is_natural = factor.power.is_whole() && factor.sign == factor.power.is_odd();
        if !factor.power.is_zero() {
            let base = if is_natural { value } else { self.abs(value) };
            product = self.power_number(base, factor.power);
        }
        let sign = self.sign(value);
        if factor.sign && (factor.power.is_zero() || !is_natural) {
            product = self.mul(product, sign);
        }
        if factor.support {
            let square = self.mul(sign, sign);
            product = self.mul(product, square);
        }
        if factor.domain && !factor.power.is_negative() {
            let quotient = self.div(value, value);
            product = self.mul(product, quotient);
        }
        product
    }
}
