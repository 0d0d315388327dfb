//! Functions of polynomials: powers, exponentials, logarithms, signs, clipping, comparisons.
//!
//! Each function is taken apart as far as it is true for every finite value, zero included, and becomes an atom of normal parts otherwise. A
//! comment at each rule says on what domain it holds where that is not everywhere.

use super::rational::Rational;
use super::store::{Factor, Kind, MonoId, ONE, PolyId, Store, UNIT, ZERO};
use crate::op::Op;
use crate::types::Shape;

impl Store {
    /// A function that no rule takes apart.
    pub(super) fn opaque(&mut self, op: Op, args: &[PolyId], shape: Shape) -> PolyId {
        let mut places = [ZERO; 3];
        places[..args.len()].copy_from_slice(args);
        let atom = self.intern_atom(Kind::Func(op, places, shape));
        self.poly_of(atom)
    }

    /// Whether every coefficient is zero: 0 where it is defined.
    fn is_null(&self, id: PolyId) -> bool {
        self.terms(id).iter().all(|term| term.coef.is_zero())
    }

    /// The polynomial of a term whose sums are multiplied out.
    pub(super) fn expanded(&mut self, coef: Rational, mono: MonoId) -> PolyId {
        let mut terms = Vec::with_capacity(1);
        self.multiply_out(coef, mono, &mut terms);
        self.sum(terms)
    }

    /// A polynomial as one term: a sum becomes an atom.
    pub(super) fn as_term(&mut self, id: PolyId) -> (Rational, MonoId) {
        let product = self.as_product(id);
        self.close(product)
    }

    pub(super) fn div(&mut self, x: PolyId, y: PolyId) -> PolyId {
        if self.is_null(y) {
            return self.opaque(Op::Div, &[x, y], Shape::Scalar);
        }
        let inverse = self.power_number(y, Rational::MINUS_ONE);
        self.mul(x, inverse)
    }

    pub(super) fn abs(&mut self, id: PolyId) -> PolyId {
        let range = self.range(id);
        if range.is_non_negative() {
            return id;
        }
        let (coef, mono) = self.as_term(id);
        let size = self.size_of_mono(mono);
        self.expanded(coef.abs(), size)
    }

    pub(super) fn sign(&mut self, id: PolyId) -> PolyId {
        let range = self.range(id);
        if range.whole && range.lo >= -1.0 && range.hi <= 1.0 {
            return id;
        }
        let (coef, mono) = self.as_term(id);
        if coef.is_zero() {
            return id;
        }
        let sign = self.sign_of_mono(mono);
        let one = if coef.is_negative() {
            Rational::MINUS_ONE
        } else {
            Rational::ONE
        };
        self.expanded(one, sign)
    }

    /// 1 where a polynomial is not zero, else 0.
    fn support(&mut self, id: PolyId) -> PolyId {
        let sign = self.sign(id);
        self.mul(sign, sign)
    }

    /// Whether a polynomial is known to be at least zero.
    fn is_non_negative(&mut self, id: PolyId) -> bool {
        if self.range(id).is_non_negative() {
            return true;
        }
        let (coef, mono) = self.as_term(id);
        coef.is_positive() && self.is_size(mono)
    }

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
        let (base, exponent) = match self.small_power(base, exponent) {
            Ok(result) => return result,
            Err(parts) => parts,
        };
        let atom = self.intern_atom(Kind::Pow(base, exponent));
        self.poly_of(atom)
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
            return Err((base, self.scale(exponent, Rational::HALF)));
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

    /// A monomial as a product of signs, with what is 0 or 1, and a size.
    fn split_signs(&mut self, id: MonoId) -> (MonoId, MonoId) {
        let exp = self.mono(id).exp;
        let factors: Vec<Factor> = self.factors(id).to_vec();
        let signs = factors
            .iter()
            .map(|f| Factor {
                power: Rational::ZERO,
                ..*f
            })
            .collect();
        let sizes = factors
            .iter()
            .filter(|f| !f.power.is_zero())
            .map(|f| Factor {
                sign: false,
                support: false,
                domain: f.power.is_negative(),
                ..*f
            })
            .collect();
        (
            self.mono_of_factors(signs, ZERO),
            self.mono_of_factors(sizes, exp),
        )
    }

    /// An odd function: the signs come out.
    fn odd(
        &mut self,
        id: PolyId,
        of_size: impl Fn(&mut Self, Rational, MonoId) -> PolyId,
    ) -> PolyId {
        if self.is_null(id) {
            return id;
        }
        let (coef, mono) = self.as_term(id);
        let (signs, size) = self.split_signs(mono);
        let one = if coef.is_negative() {
            Rational::MINUS_ONE
        } else {
            Rational::ONE
        };
        let value = of_size(self, coef.abs(), size);
        let signs = self.expanded(one, signs);
        self.mul(signs, value)
    }

    pub(super) fn clip(&mut self, id: PolyId, bound: PolyId) -> PolyId {
        let limit = self.as_number(bound).filter(|limit| limit.is_positive());
        self.odd(id, |store, coef, size| {
            if let Some(limit) = limit {
                return store.clip_size(coef, size, limit);
            }
            let x = store.poly_of_mono(coef, size);
            let inside = store.range(x).hi;
            if inside * (1.0 + 1e-9) <= store.range(bound).lo {
                return store.expanded(coef, size);
            }
            store.opaque(Op::Clip, &[x, bound], Shape::Scalar)
        })
    }

    /// `min(coef * size, limit)` for a size.
    fn clip_size(&mut self, coef: Rational, size: MonoId, limit: Rational) -> PolyId {
        if size == UNIT {
            let least = if coef.compare(limit).is_lt() {
                coef
            } else {
                limit
            };
            return self.number(least);
        }
        let range = self.mono_range(size);
        let ratio = self.fits(limit.mul(coef.recip()));
        if range.hi * (1.0 + 1e-9) <= ratio.to_f64() {
            return self.expanded(coef, size);
        }
        if range.lo >= ratio.to_f64() * (1.0 + 1e-9) {
            let whole = self.poly_of_mono(Rational::ONE, size);
            let zero = self.zero_like(whole);
            let limit = self.number(limit);
            return self.add(limit, zero);
        }
        // A power of one size is clipped before the power is taken, where the bound's root is a fraction.
        let power = self.factors(size).first().map(|factor| factor.power);
        if let Some(power) = power
            && power.is_positive()
            && power != Rational::ONE
            && self.mono(size).exp == ZERO
            && let Some(root) = ratio.root(power.recip())
        {
            let (_, base) = self.power_of_mono(size, power.recip());
            let clipped = self.clip_size(Rational::ONE, base, root);
            let clipped = self.power_number(clipped, power);
            return self.scale(clipped, coef);
        }
        // min(min(x, a), b) is min(x, min(a, b)).
        if let [only] = *self.factors(size)
            && self.mono(size).exp == ZERO
            && only.power == Rational::ONE
            && let Kind::Func(Op::Clip, [inner, bound, _], _) = self.atom(only.atom).kind
            && let Some(inner_limit) = self.as_number(bound)
        {
            let least = if inner_limit.compare(ratio).is_lt() {
                inner_limit
            } else {
                ratio
            };
            if let Some(term) = self.single(inner)
                && term.coef == Rational::ONE
            {
                let clipped = self.clip_size(Rational::ONE, term.mono, least);
                return self.scale(clipped, coef);
            }
        }
        let x = self.poly_of_mono(Rational::ONE, size);
        let bound = self.number(ratio);
        let clipped = self.opaque(Op::Clip, &[x, bound], Shape::Scalar);
        self.scale(clipped, coef)
    }

    pub(super) fn tanh_or_sin(&mut self, op: Op, id: PolyId) -> PolyId {
        if op == Op::Sin
            && let Some(quarters) = self.quarter_turns(id)
        {
            return self.number(Rational::whole([0, 1, 0, -1][quarters]));
        }
        self.odd(id, |store, coef, size| {
            let x = store.poly_of_mono(coef, size);
            store.opaque(op, &[x], Shape::Scalar)
        })
    }

    pub(super) fn cos(&mut self, id: PolyId) -> PolyId {
        if self.is_null(id) {
            let zero = self.zero_like(id);
            return self.add(ONE, zero);
        }
        if let Some(quarters) = self.quarter_turns(id) {
            return self.number(Rational::whole([1, 0, -1, 0][quarters]));
        }
        let (coef, mono) = self.as_term(id);
        let size = self.size_of_mono(mono);
        let x = self.poly_of_mono(coef.abs(), size);
        self.opaque(Op::Cos, &[x], Shape::Scalar)
    }

    /// How many quarters of a turn an angle is, of the last turn, where it is a whole number of them.
    fn quarter_turns(&mut self, id: PolyId) -> Option<usize> {
        let term = self.single(id)?;
        let [only] = *self.factors(term.mono) else {
            return None;
        };
        let is_pi = self.atom(only.atom).kind == Kind::Pi
            && only.power == Rational::ONE
            && self.mono(term.mono).exp == ZERO;
        let halves = term.coef.mul(Rational::whole(2))?;
        (is_pi && halves.is_whole())
            .then(|| usize::try_from(halves.num().rem_euclid(4)).ok())
            .flatten()
    }

    pub(super) fn sigmoid(&mut self, id: PolyId) -> PolyId {
        if self.is_null(id) {
            let zero = self.zero_like(id);
            let half = self.number(Rational::HALF);
            return self.add(half, zero);
        }
        let product = self.as_product(id);
        if product.coef.is_negative() {
            let minus = self.scale(id, Rational::MINUS_ONE);
            let other = self.opaque(Op::Sigmoid, &[minus], Shape::Scalar);
            return self.complement(other);
        }
        self.opaque(Op::Sigmoid, &[id], Shape::Scalar)
    }

    /// `min` or `max`.
    pub(super) fn extreme(&mut self, is_max: bool, x: PolyId, y: PolyId) -> PolyId {
        let difference = self.sub(x, y);
        let range = self.range(difference);
        if range.lo >= 0.0 || range.hi <= 0.0 {
            let (low, high) = if range.lo >= 0.0 { (y, x) } else { (x, y) };
            let (kept, other) = if is_max { (high, low) } else { (low, high) };
            let zero = self.zero_like(other);
            return self.add(kept, zero);
        }
        // max(x, -x) is |x|.
        let sum = self.add(x, y);
        if sum == ZERO {
            let size = self.abs(x);
            let sign = if is_max {
                Rational::ONE
            } else {
                Rational::MINUS_ONE
            };
            return self.scale(size, sign);
        }
        let (mut x, mut y) = (x, y);
        if self.poly(x).hash > self.poly(y).hash {
            (x, y) = (y, x);
        }
        // max(-x, -y) is -min(x, y): the first argument with a sign starts with a plus.
        let lead = |store: &Self, id: PolyId| {
            store
                .terms(id)
                .iter()
                .find(|term| term.mono != UNIT && !term.coef.is_zero())
                .map(|term| term.coef)
        };
        let lead = lead(self, x).or_else(|| lead(self, y));
        if lead.is_some_and(Rational::is_negative) {
            let (minus_x, minus_y) = (
                self.scale(x, Rational::MINUS_ONE),
                self.scale(y, Rational::MINUS_ONE),
            );
            let other = self.extreme(!is_max, minus_x, minus_y);
            return self.scale(other, Rational::MINUS_ONE);
        }
        let op = if is_max { Op::Max } else { Op::Min };
        self.opaque(op, &[x, y], Shape::Scalar)
    }

    /// 1 where the comparison of a polynomial with zero holds, else 0.
    pub(super) fn comparison(&mut self, op: Op, x: PolyId, y: PolyId) -> PolyId {
        let (x, y, op) = match op {
            Op::Lt => (y, x, Op::Gt),
            Op::Le => (y, x, Op::Ge),
            _ => (x, y, op),
        };
        let difference = self.sub(x, y);
        match op {
            Op::Ne => self.support(difference),
            Op::Eq => {
                let differs = self.support(difference);
                self.complement(differs)
            }
            Op::Ge => {
                let less = self.is_positive(difference, Rational::MINUS_ONE);
                self.complement(less)
            }
            _ => self.is_positive(difference, Rational::ONE),
        }
    }

    /// (s^2 + s) / 2 for s the sign of `by * id`: 1 where it is positive.
    fn is_positive(&mut self, id: PolyId, by: Rational) -> PolyId {
        let x = self.scale(id, by);
        let sign = self.sign(x);
        let square = self.mul(sign, sign);
        let sum = self.add(sign, square);
        self.scale(sum, Rational::HALF)
    }

    pub(super) fn choice(&mut self, condition: PolyId, x: PolyId, y: PolyId) -> PolyId {
        if x == y {
            let zero = self.zero_like(condition);
            return self.add(x, zero);
        }
        // Where a branch that is not taken may be undefined, it must stay a choice.
        if self.poly(x).is_total && self.poly(y).is_total {
            let difference = self.sub(x, y);
            let part = self.mul(condition, difference);
            return self.add(part, y);
        }
        self.opaque(Op::Where, &[condition, x, y], Shape::Scalar)
    }

    pub(super) fn or(&mut self, x: PolyId, y: PolyId) -> PolyId {
        let both = self.mul(x, y);
        let either = self.add(x, y);
        self.sub(either, both)
    }
}
