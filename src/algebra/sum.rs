//! Polynomials: sums, products, and a sum seen as a product.
//!
//! Products are multiplied out, so that `(1 + s) * g` and `g + s * g` meet, up to a limit; past it a sum stays a factor, which is as true but finds
//! fewer equalities. A sum whose terms cancel keeps, as a term with coefficient 0, what made it undefined: `log|g| - log|g|` is not 0 at g = 0.

use super::rational::Rational;
use super::store::{Factor, Kind, MonoId, ONE, PolyId, Store, Term, UNIT, ZERO};
use crate::types::Stage;

/// The most products that are multiplied out at once.
const MOST_PRODUCTS: usize = 1024;
/// How often a sum is reduced by the marks of sums that do not vanish.
const MOST_REDUCTIONS: usize = 64;

/// How deep sums inside sums are multiplied out.
const MOST_LEVELS: u32 = 32;

/// A polynomial as `coef * mono * sum`, the sum being an atom's polynomial without common factors; no sum where there is one term.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    pub(super) coef: Rational,
    pub(super) mono: MonoId,
    pub(super) sum: Option<PolyId>,
}

/// `times * |sum|`, as a part of a polynomial.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) times: PolyId,
    pub(super) sum: PolyId,
}

impl Store {
    /// The sum of terms in any order.
    pub(super) fn sum(&mut self, terms: Vec<Term>) -> PolyId {
        if let [only] = terms[..]
            && !only.coef.is_zero()
        {
            return self.intern_poly(&terms);
        }
        let mut out = self.gathered(terms);
        for step in 0.. {
            if !out.iter().any(|term| self.mono(term.mono).has_sum_support) {
                break;
            }
            if self.trouble.is_some() {
                break;
            }
            let Some(reduced) = self.without_supports(&out) else {
                break;
            };
            if step == MOST_REDUCTIONS || reduced.len() > MOST_PRODUCTS {
                self.is_partial = true;
                break;
            }
            out = self.gathered(reduced);
        }
        self.intern_poly(&out)
    }

    /// Terms in order, each product once.
    fn gathered(&mut self, mut terms: Vec<Term>) -> Vec<Term> {
        terms.sort_unstable_by_key(|term| self.mono(term.mono).order);
        let mut out: Vec<Term> = Vec::with_capacity(terms.len());
        for term in terms {
            match out.last().copied() {
                Some(last) if last.mono == term.mono => {
                    let coef = self.fits(last.coef.add(term.coef));
                    if let Some(last) = out.last_mut() {
                        last.coef = coef;
                    }
                }
                Some(_) | None => out.push(term),
            }
        }
        if out.iter().any(|term| term.coef.is_zero()) {
            let lost: Vec<MonoId> = out
                .iter()
                .filter(|term| term.coef.is_zero() && !self.mono(term.mono).is_total)
                .map(|term| term.mono)
                .collect();
            out.retain(|term| !term.coef.is_zero());
            if !lost.is_empty() {
                self.keep_conditions(&mut out, &lost);
            }
        }
        out
    }

    /// Adds a term `0 * x` for each way in which the lost monomials are undefined that no other term shares.
    fn keep_conditions(&mut self, out: &mut Vec<Term>, lost: &[MonoId]) {
        let mut known = Vec::new();
        for term in out.iter() {
            self.conditions(term.mono, &mut known);
        }
        let mut wanted = Vec::new();
        for mono in lost {
            self.conditions(*mono, &mut wanted);
        }
        let mut added = Vec::new();
        for condition in wanted {
            if !known.contains(&condition) && !added.contains(&condition) {
                added.push(condition);
            }
        }
        for kind in added {
            let atom = self.intern_atom(kind);
            let mono = self.mono_of(atom);
            out.push(Term {
                coef: Rational::ZERO,
                mono,
            });
        }
        out.sort_unstable_by_key(|term| self.mono(term.mono).order);
    }

    /// Where a monomial is undefined, as atoms that are undefined there: `log|x|` for x = 0.
    fn conditions(&self, id: MonoId, out: &mut Vec<Kind>) {
        for factor in self.factors(id) {
            let atom = self.atom(factor.atom);
            if (factor.domain || factor.power.is_negative()) && atom.range.zero {
                out.push(Kind::Log(factor.atom));
            }
            if !atom.is_total {
                if let Kind::Log(inner) = atom.kind {
                    if self.atom(inner).range.zero {
                        out.push(atom.kind);
                    }
                    if !self.atom(inner).is_total {
                        out.push(self.atom(inner).kind);
                    }
                } else {
                    out.push(atom.kind);
                }
            }
        }
    }

    /// 0, undefined where the polynomial is.
    pub(super) fn zero_like(&mut self, id: PolyId) -> PolyId {
        if self.poly(id).is_total {
            return ZERO;
        }
        let terms = self
            .terms(id)
            .iter()
            .map(|term| Term {
                coef: Rational::ZERO,
                mono: term.mono,
            })
            .collect();
        self.sum(terms)
    }

    pub(super) fn number(&mut self, value: Rational) -> PolyId {
        if value.is_zero() {
            ZERO
        } else {
            self.poly_of_mono(value, UNIT)
        }
    }

    pub(super) fn add(&mut self, x: PolyId, y: PolyId) -> PolyId {
        if x == ZERO {
            return y;
        }
        if y == ZERO {
            return x;
        }
        let mut terms = self.terms(x).to_vec();
        terms.extend_from_slice(self.terms(y));
        self.sum(terms)
    }

    pub(super) fn sub(&mut self, x: PolyId, y: PolyId) -> PolyId {
        let minus = self.scale(y, Rational::MINUS_ONE);
        self.add(x, minus)
    }

    /// A polynomial times a number.
    pub(super) fn scale(&mut self, id: PolyId, by: Rational) -> PolyId {
        if by == Rational::ONE || id == ZERO {
            return id;
        }
        if by.is_zero() {
            return self.zero_like(id);
        }
        let mut terms = self.terms(id).to_vec();
        for term in &mut terms {
            term.coef = self.fits(term.coef.mul(by));
        }
        self.intern_poly(&terms)
    }

    pub(super) fn mul(&mut self, x: PolyId, y: PolyId) -> PolyId {
        if self.trouble.is_some() {
            return x;
        }
        match (self.as_number(x), self.as_number(y)) {
            (Some(number), _) => return self.scale(y, number),
            (_, Some(number)) => return self.scale(x, number),
            (None, None) => {}
        }
        let (long_x, long_y) = (self.terms(x).len(), self.terms(y).len());
        if long_x * long_y > MOST_PRODUCTS {
            return self.mul_as_factors(x, y);
        }
        // A sum times its own inverse is told before it is multiplied out.
        if let Some(result) = self.cancelled(x, y).or_else(|| self.cancelled(y, x)) {
            return result;
        }
        let mut terms = Vec::with_capacity(long_x * long_y);
        for index_x in 0..long_x {
            for index_y in 0..long_y {
                let (a, b) = (self.terms(x)[index_x], self.terms(y)[index_y]);
                let (number, mono) = self.times(a.mono, b.mono);
                let coef = self.fits(a.coef.mul(b.coef));
                let coef = self.fits(coef.mul(number));
                self.multiply_out(coef, mono, &mut terms);
            }
        }
        self.sum(terms)
    }

    /// Appends `coef * mono` with sums of exponent 1 and more multiplied out.
    pub(super) fn multiply_out(&mut self, coef: Rational, mono: MonoId, terms: &mut Vec<Term>) {
        if !self.mono(mono).has_sum {
            terms.push(Term { coef, mono });
            return;
        }
        let factors: Vec<Factor> = self.factors(mono).to_vec();
        let mut rest = Vec::with_capacity(factors.len());
        let mut sums: Vec<(PolyId, i32)> = Vec::new();
        let mut size = 1usize;
        for factor in factors {
            let whole = factor.power.floor();
            let Kind::Sum(sum) = self.atom(factor.atom).kind else {
                rest.push(factor);
                continue;
            };
            match whole.as_small() {
                Some(times @ 1..=64) => {
                    size = size.saturating_mul(terms_of_power(self.terms(sum).len(), times));
                    // |x|^times is sign(x)^times x^times, so what is left turns its sign for odd times. Where x is zero the
                    // product is, so that sign is no matter for what is never negative.
                    let is_signed = !self.atom(factor.atom).range.is_non_negative();
                    rest.push(Factor {
                        power: self.fits(factor.power.add(whole.neg())),
                        sign: is_signed && factor.sign != (times % 2 == 1),
                        support: false,
                        ..factor
                    });
                    sums.push((sum, times));
                }
                Some(..=0) => rest.push(factor),
                Some(65..) | None => {
                    size = usize::MAX;
                    rest.push(factor);
                }
            }
        }
        if size > MOST_PRODUCTS || self.depth > MOST_LEVELS {
            self.is_partial = true;
            terms.push(Term { coef, mono });
            return;
        }
        self.depth += 1;
        let exp = self.mono(mono).exp;
        let rest = self.mono_of_factors(rest, exp);
        let mut product = self.poly_of_mono(coef, rest);
        for (sum, times) in sums {
            for _ in 0..times {
                product = self.mul(product, sum);
            }
        }
        self.depth -= 1;
        terms.extend_from_slice(self.terms(product));
    }

    /// A product of sums that is too long to be multiplied out.
    fn mul_as_factors(&mut self, x: PolyId, y: PolyId) -> PolyId {
        self.is_partial = true;
        let (x, y) = (self.as_product(x), self.as_product(y));
        let (x_coef, x_mono) = self.close(x);
        let (y_coef, y_mono) = self.close(y);
        let (number, mono) = self.times(x_mono, y_mono);
        let coef = self.fits(x_coef.mul(y_coef));
        let coef = self.fits(coef.mul(number));
        let mut terms = Vec::new();
        self.multiply_out(coef, mono, &mut terms);
        self.sum(terms)
    }

    /// `sum * product` where the product has the sum to a negative power.
    fn cancelled(&mut self, sum: PolyId, product: PolyId) -> Option<PolyId> {
        let single = self.single(product)?;
        let len = self.terms(sum).len();
        let is_near = len > 1
            && self.factors(single.mono).iter().any(|factor| {
                factor.power.is_negative()
                    && matches!(self.atom(factor.atom).kind, Kind::Sum(inner) if self.terms(inner).len() == len)
            });
        if !is_near {
            return None;
        }
        let parts = self.as_product(sum);
        let atom = self.intern_atom(Kind::Sum(parts.sum?));
        let has_it = self
            .factors(single.mono)
            .iter()
            .any(|factor| factor.atom == atom && factor.power.is_negative());
        if !has_it {
            return None;
        }
        let (coef, mono) = self.close(parts);
        let (number, mono) = self.times(mono, single.mono);
        let coef = self.fits(coef.mul(single.coef));
        let coef = self.fits(coef.mul(number));
        let mut terms = Vec::new();
        self.multiply_out(coef, mono, &mut terms);
        Some(self.sum(terms))
    }

    /// A polynomial as a product: what its terms share, and the sum of what is left.
    pub(super) fn as_product(&mut self, id: PolyId) -> Product {
        let terms = self.terms(id);
        match *terms {
            [] => {
                return Product {
                    coef: Rational::ZERO,
                    mono: UNIT,
                    sum: None,
                };
            }
            [term] => {
                return Product {
                    coef: term.coef,
                    mono: term.mono,
                    sum: None,
                };
            }
            [_, _, ..] => {}
        }
        let terms = terms.to_vec();
        let shared = self.shared(&terms);
        if shared != UNIT {
            let (coef, inverse) = self.power_of_mono(shared, Rational::MINUS_ONE);
            let mut quotients = Vec::with_capacity(terms.len());
            for term in terms {
                let (more, mono) = self.times(term.mono, inverse);
                let coef = self.fits(term.coef.mul(coef));
                let coef = self.fits(coef.mul(more));
                let mono = self.without_domain(mono, shared, term.mono);
                quotients.push(Term { coef, mono });
            }
            let rest = self.sum(quotients);
            if self.terms(rest).len() > 1 {
                return self.primitive(shared, rest);
            }
        }
        self.primitive(UNIT, id)
    }

    /// `mono * rest` with a coefficient of the rest made 1, or -1 where the rest is never positive.
    fn primitive(&mut self, mono: MonoId, rest: PolyId) -> Product {
        // 1 - beta^t keeps its 1; other sums start with coefficient 1.
        let terms = self.terms(rest);
        let is_plain = |term: &Term| self.factors(term.mono).is_empty();
        let is_schedule = self.poly(rest).stage == Stage::Step;
        let lead = if is_schedule && terms.iter().all(is_plain) {
            terms.last()
        } else {
            terms.iter().find(|term| !term.coef.is_zero())
        };
        let lead = lead.map_or(Rational::ONE, |term| term.coef);
        let mut sum = self.scale(rest, lead.recip());
        let mut coef = lead;
        let range = self.range(sum);
        if range.hi <= 0.0 && range.lo < 0.0 {
            sum = self.scale(sum, Rational::MINUS_ONE);
            coef = coef.neg();
        }
        Product {
            coef,
            mono,
            sum: Some(sum),
        }
    }

    /// A product as one term; a sum becomes an atom.
    pub(super) fn close(&mut self, product: Product) -> (Rational, MonoId) {
        let Some(sum) = product.sum else {
            return (product.coef, product.mono);
        };
        let atom = self.intern_atom(Kind::Sum(sum));
        let atom = self.mono_of(atom);
        let (number, mono) = self.times(product.mono, atom);
        (self.fits(product.coef.mul(number)), mono)
    }

    /// What all terms have in common: the smaller powers, signs, an exponent.
    fn shared(&mut self, terms: &[Term]) -> MonoId {
        // x, x^2, x^3 share x; x and |x| share |x|.
        let is_natural = |f: &Factor| f.power.is_whole() && f.sign == f.power.is_odd();
        let mut common: Vec<(Factor, bool)> = self
            .factors(terms[0].mono)
            .iter()
            .map(|factor| (*factor, is_natural(factor)))
            .collect();
        let mut exp = self.mono(terms[0].mono).exp;
        for term in &terms[1..] {
            if self.mono(term.mono).exp != exp {
                exp = ZERO;
            }
            let others: &[Factor] = self.factors(term.mono);
            common.retain_mut(|(factor, natural)| {
                let Some(other) = others.iter().find(|other| other.atom == factor.atom) else {
                    return false;
                };
                let (x, y) = (factor.power, other.power);
                factor.power = if x.is_positive() && y.is_positive() {
                    if x.compare(y).is_lt() { x } else { y }
                } else if x.is_negative() && y.is_negative() {
                    if x.compare(y).is_gt() { x } else { y }
                } else {
                    Rational::ZERO
                };
                let is_indicator = |f: &Factor| f.power.is_zero() && (f.sign || f.support);
                factor.support = is_indicator(factor) && is_indicator(other);
                factor.sign &= other.sign;
                *natural &= is_natural(other);
                !factor.power.is_zero() || factor.sign || factor.support
            });
            if common.is_empty() && exp == ZERO {
                return UNIT;
            }
        }
        let factors = common
            .into_iter()
            .map(|(factor, natural)| Factor {
                sign: if natural && !factor.power.is_zero() {
                    factor.power.is_odd()
                } else {
                    factor.sign
                },
                domain: factor.power.is_negative(),
                ..factor
            })
            .filter(|factor| !factor.power.is_zero() || factor.sign || factor.support)
            .collect();
        self.mono_of_factors(factors, exp)
    }

    /// The quotient of a term by a shared factor, without the mark that the division left where the factor is zero: times the shared
    /// factor it has the same value there.
    fn without_domain(&mut self, quotient: MonoId, shared: MonoId, term: MonoId) -> MonoId {
        let exp = self.mono(quotient).exp;
        let find = |store: &Self, mono: MonoId, factor: &Factor| {
            store
                .factors(mono)
                .iter()
                .find(|other| other.atom == factor.atom)
                .copied()
        };
        let factors: Vec<Factor> = self
            .factors(quotient)
            .iter()
            .map(|factor| {
                let is_shared = find(self, shared, factor).is_some();
                let was_there = find(self, term, factor).is_some_and(|before| before.domain);
                Factor {
                    domain: factor.domain
                        && (!is_shared || was_there || factor.power.is_negative()),
                    ..*factor
                }
            })
            .collect();
        self.mono_of_factors(factors, exp)
    }

    /// The constant 1 less a polynomial.
    pub(super) fn complement(&mut self, id: PolyId) -> PolyId {
        self.sub(ONE, id)
    }
}

/// How many different products a power of a sum has at most: binomial(count + power - 1, power).
fn terms_of_power(count: usize, power: i32) -> usize {
    let mut size = 1usize;
    for step in 1..=usize::try_from(power).unwrap_or(0) {
        let Some(next) = size.checked_mul(count + step - 1) else {
            return usize::MAX;
        };
        size = next / step;
    }
    size
}
