//! Powers, exponentials and logarithms of polynomials.
//!
//! They are taken apart as far as that is true for every finite value, zero included; a power whose base may be zero or negative under an unknown
//! exponent becomes an atom.

use super::rational::Rational;
use super::store::{Kind, MonoId, ONE, PolyId, Store, UNIT, ZERO};
use crate::op::Op;
use crate::types::Shape;

impl Store {
    /// A polynomial to the power of a number.
    pub(super) fn power_number(&mut self, id: PolyId, exponent: Rational) -> PolyId {
        if exponent == Rational::ONE {
            return id;
        }
        if exponent.is_zero() {
            let zero = self.zero_like(id);
            return self.add(ONE, zero);
        }
        if self.is_null(id) {
            if exponent.is_positive() {
                return id;
            }
            let exponent = self.number(exponent);
            return self.opaque(Op::Pow, &[id, exponent], Shape::Scalar);
        }
        if !exponent.is_whole() && !self.is_non_negative(id) {
            return self.root_of_signed(id, exponent);
        }
        if let Some(times @ 2..=64) = exponent.as_small()
            && self.terms(id).len() > 1
        {
            return self.repeated(id, times);
        }
        let (coef, mono) = self.as_term(id);
        let (number, mono) = self.power_of_mono(mono, exponent);
        let factor = self.power_of_number(coef, exponent);
        let power = self.expanded(number, mono);
        self.mul(factor, power)
    }

    /// A whole power of a sum: multiplied out where that is short.
    fn repeated(&mut self, id: PolyId, times: i32) -> PolyId {
        let (coef, mono) = self.as_term(id);
        let exponent = Rational::whole(i128::from(times));
        let (number, mono) = self.power_of_mono(mono, exponent);
        let power = self.fits(coef.power(times));
        let coef = self.fits(power.mul(number));
        self.expanded(coef, mono)
    }

    /// A fractional power of what can be negative: undefined there.
    fn root_of_signed(&mut self, id: PolyId, exponent: Rational) -> PolyId {
        let product = self.as_product(id);
        let size = product.coef.abs();
        let rest = self.scale(id, size.recip());
        let atom = self.intern_atom(Kind::Real(rest));
        let root = self.poly_of(atom);
        let root = self.power_number(root, exponent);
        let factor = self.power_of_number(size, exponent);
        self.mul(factor, root)
    }

    /// A number to a power: a number where it is one, else a power of e.
    fn power_of_number(&mut self, base: Rational, exponent: Rational) -> PolyId {
        if base == Rational::ONE {
            return ONE;
        }
        if let Some(times) = exponent.as_small() {
            let power = self.fits(base.power(times));
            return self.number(power);
        }
        if let Some(root) = base.root(exponent) {
            return self.number(root);
        }
        let log = self.log_of_number(base);
        let exponent = self.scale(log, exponent);
        self.exp(exponent)
    }

    pub(super) fn exp(&mut self, id: PolyId) -> PolyId {
        let (coef, factors, exp) = self.split_exponent(id);
        let mono = self.mono_of_factors(factors, exp);
        self.expanded(coef, mono)
    }

    /// The logarithm of a positive number, as logarithms of its prime factors; large primes are not looked for.
    pub(super) fn log_of_number(&mut self, value: Rational) -> PolyId {
        let mut terms = Vec::new();
        for (whole, sign) in [(value.num(), 1), (value.den(), -1)] {
            let mut rest = whole;
            let mut prime = 2;
            while rest > 1 && prime < 1000 {
                let mut times = 0;
                while rest % prime == 0 {
                    rest /= prime;
                    times += sign;
                }
                if times != 0 {
                    terms.push((prime, times));
                }
                prime += if prime == 2 { 1 } else { 2 };
                if prime * prime > rest {
                    break;
                }
            }
            if rest > 1 {
                terms.push((rest, sign));
            }
        }
        let terms = terms
            .into_iter()
            .map(|(of, times)| {
                let atom = self.intern_atom(Kind::LogNumber(of));
                super::store::Term {
                    coef: Rational::whole(times),
                    mono: self.mono_of(atom),
                }
            })
            .collect();
        self.sum(terms)
    }

    /// The logarithm of the absolute value.
    pub(super) fn log_of_size(&mut self, id: PolyId) -> PolyId {
        if self.is_null(id) {
            return self.opaque(Op::Log, &[id], Shape::Scalar);
        }
        let (coef, mono) = self.as_term(id);
        let number = self.log_of_number(coef.abs());
        let log = self.log_of_mono(mono);
        self.add(number, log)
    }

    /// The plain logarithm: undefined below zero.
    pub(super) fn log(&mut self, id: PolyId) -> PolyId {
        if self.is_non_negative(id) {
            return self.log_of_size(id);
        }
        if self.is_null(id) {
            return self.opaque(Op::Log, &[id], Shape::Scalar);
        }
        let size = self.as_product(id).coef.abs();
        let rest = self.scale(id, size.recip());
        let atom = self.intern_atom(Kind::Real(rest));
        let real = self.poly_of(atom);
        let log = self.log_of_size(real);
        let number = self.log_of_number(size);
        self.add(number, log)
    }

    pub(super) fn pow(&mut self, base: PolyId, exponent: PolyId) -> PolyId {
        if let Some(number) = self.as_number(exponent) {
            return self.power_number(base, number);
        }
        if base == ONE {
            let zero = self.zero_like(exponent);
            return self.add(ONE, zero);
        }
        // Where the base is positive, x^y is e^(y log x).
        let is_positive = self.range(base).is_positive() || {
            let (coef, mono) = self.as_term(base);
            coef.is_positive() && self.is_size(mono) && !self.mono_vanishes(mono)
        };
        if is_positive && !self.is_null(base) {
            let log = self.log_of_size(base);
            let product = self.mul(exponent, log);
            return self.exp(product);
        }
        if self.is_null(exponent) {
            // x^0 is 1, for x = 0 too.
            let zero = self.zero_like(exponent);
            let other = self.zero_like(base);
            let zero = self.add(zero, other);
            return self.add(ONE, zero);
        }
        if let Some(result) = self.of_signs(base, exponent) {
            return result;
        }
        if let Some(result) = self.of_mask(base, exponent) {
            return result;
        }
        let (base, exponent) = match self.small_power(base, exponent) {
            Ok(result) => return result,
            Err(parts) => parts,
        };
        if let Some(result) = self.of_signs(base, exponent) {
            return result;
        }
        let atom = self.intern_atom(Kind::Pow(base, exponent));
        self.poly_of(atom)
    }

    /// `x^(c b)` with a number c and a mask b is `b x^c + 1 - b`, where x^c is defined everywhere.
    fn of_mask(&mut self, base: PolyId, exponent: PolyId) -> Option<PolyId> {
        let term = self.single(exponent)?;
        let [factor] = *self.factors(term.mono) else {
            return None;
        };
        let is_mask = matches!(self.atom(factor.atom).kind, Kind::Mask { .. });
        // With another mask below there would be two that stand together in part.
        if !is_mask || self.mono(term.mono).exp != ZERO || self.poly(base).is_random {
            return None;
        }
        let power = self.power_number(base, term.coef);
        if !self.poly(power).is_total || !self.poly(base).is_total {
            return None;
        }
        let mask = self.poly_of(factor.atom);
        let change = self.sub(power, ONE);
        let change = self.mul(mask, change);
        Some(self.add(ONE, change))
    }

    /// A power that depends on signs alone: its value, or simpler base and exponent.
    fn small_power(&mut self, base: PolyId, exponent: PolyId) -> Result<PolyId, (PolyId, PolyId)> {
        if self.is_null(base) {
            // 0^y is 0, 1 or undefined, by the sign of y.
            let sign = self.sign(exponent);
            return Err((base, sign));
        }
        let range = self.range(base);
        let is_binary = range.whole && range.lo >= 0.0 && range.hi <= 1.0;
        if is_binary && self.poly(exponent).is_total && self.poly(base).is_total {
            // 1^y is 1, 0^y is 0 for y > 0, 1 for y = 0 and undefined for y < 0.
            let zero_base = self.complement(base);
            let negative = self.is_positive(exponent, Rational::MINUS_ONE);
            if self.mul(zero_base, negative) == ZERO {
                let support = self.support(exponent);
                let lost = self.mul(zero_base, support);
                return Ok(self.complement(lost));
            }
            let sign = self.sign(exponent);
            return Err((base, sign));
        }
        let is_sign = range.whole && range.lo >= -1.0 && range.hi <= 1.0;
        let size = self.range(exponent);
        let is_small = size.lo > -0.999 && size.hi < 0.999;
        if is_small && (is_sign || range.hi <= 0.0) {
            // A whole exponent is 0 here, so only signs matter: a negative base is undefined unless the exponent is 0.
            let base = self.sign(base);
            let exponent = self.sign(exponent);
            let exponent = self.scale(exponent, Rational::HALF);
            return match self.as_number(exponent) {
                Some(number) => Ok(self.power_number(base, number)),
                None => Err((base, exponent)),
            };
        }
        Err((base, exponent))
    }

    /// Whether a monomial can be zero.
    fn mono_vanishes(&self, id: MonoId) -> bool {
        self.factors(id).iter().any(|factor| {
            self.may_be_zero(factor.atom)
                && (factor.sign || factor.support || !factor.power.is_zero() || factor.domain)
        })
    }

    /// The sign that a polynomial is a function of, if it is -1, 0 or 1 times what is known: the monomial of signs.
    fn as_signs(&self, id: PolyId) -> Option<MonoId> {
        let mut found = None;
        for term in self.terms(id) {
            if term.mono == UNIT {
                continue;
            }
            let is_sign = self.mono(term.mono).exp == ZERO
                && self
                    .factors(term.mono)
                    .iter()
                    .all(|factor| factor.power.is_zero() && !factor.domain);
            if !is_sign || found.is_some_and(|other| other != term.mono) {
                return None;
            }
            found = Some(term.mono);
        }
        found
    }

    /// A power of numbers that are functions of one sign s: the polynomial in s and s^2 with the same three values, if those are fractions.
    fn of_signs(&mut self, base: PolyId, exponent: PolyId) -> Option<PolyId> {
        let sign = match (self.as_signs(base), self.as_signs(exponent)) {
            (Some(x), Some(y)) if x == y => x,
            (Some(x), None) if self.as_number(exponent).is_some() => x,
            (None, Some(y)) if self.as_number(base).is_some() => y,
            _ => return None,
        };
        let at = |store: &Self, id: PolyId, value: i128| {
            store
                .terms(id)
                .iter()
                .try_fold(Rational::ZERO, |sum, term| {
                    let coef = if term.mono == UNIT {
                        term.coef
                    } else {
                        term.coef.mul(Rational::whole(value))?
                    };
                    sum.add(coef)
                })
        };
        let can_be_negative = !self.is_size(sign);
        let mut values = [Rational::ZERO; 3];
        for (place, value) in [0, 1, -1].into_iter().enumerate() {
            if value == -1 && !can_be_negative {
                values[2] = values[1];
                continue;
            }
            let (base, exponent) = (at(self, base, value)?, at(self, exponent, value)?);
            let exponent = exponent.as_small()?;
            if base.is_zero() && exponent < 0 {
                return None;
            }
            values[place] = if exponent == 0 {
                Rational::ONE
            } else {
                base.power(exponent)?
            };
        }
        let [zero, plus, minus] = values;
        let odd = plus.add(minus.neg())?.mul(Rational::HALF)?;
        let even = plus.add(minus)?.mul(Rational::HALF)?.add(zero.neg())?;
        let sign = self.poly_of_mono(Rational::ONE, sign);
        let square = self.mul(sign, sign);
        let odd = self.scale(sign, odd);
        let even = self.scale(square, even);
        let zero = self.number(zero);
        let sum = self.add(zero, odd);
        Some(self.add(sum, even))
    }
}
