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
    pub(super) fn is_null(&self, id: PolyId) -> bool {
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
    pub(super) fn support(&mut self, id: PolyId) -> PolyId {
        let sign = self.sign(id);
        self.mul(sign, sign)
    }

    /// Whether a polynomial is known to be at least zero.
    pub(super) fn is_non_negative(&mut self, id: PolyId) -> bool {
        if self.range(id).is_non_negative() {
            return true;
        }
        let (coef, mono) = self.as_term(id);
        coef.is_positive() && self.is_size(mono)
    }

    /// A monomial as a product of signs, with what is 0 or 1, and a size.
    fn split_signs(&mut self, id: MonoId) -> (MonoId, MonoId) {
        let exp = self.mono(id).exp;
        let factors: Vec<Factor> = self.factors(id).to_vec();
        let signs = factors
            .iter()
            .map(|f| Factor {
                power: Rational::ZERO,
                // The size is undefined where its divisors are zero.
                domain: f.domain && !f.power.is_negative(),
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
        let is_inside = range.hi * (1.0 + 1e-9) <= ratio.to_f64()
            || (ratio.compare(Rational::ONE).is_ge() && self.is_at_most_one(size));
        if is_inside {
            return self.expanded(coef, size);
        }
        if range.lo >= ratio.to_f64() * (1.0 + 1e-9) {
            let whole = self.poly_of_mono(Rational::ONE, size);
            let zero = self.zero_like(whole);
            let limit = self.number(limit);
            return self.add(limit, zero);
        }
        // A power of one size is clipped before the power is taken, where the bound's root is a fraction.
        let power = self.shared_power(size);
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

    /// Whether a size is a product of functions that never pass 1; their ranges are exact, others are rounded.
    fn is_at_most_one(&self, size: MonoId) -> bool {
        self.mono(size).exp == ZERO
            && self.factors(size).iter().all(|factor| {
                let kind = self.atom(factor.atom).kind;
                let is_bounded = matches!(
                    kind,
                    Kind::Func(Op::Sin | Op::Cos | Op::Tanh | Op::Sigmoid, ..)
                );
                factor.power.is_zero() || (is_bounded && factor.power.is_positive())
            })
    }

    /// The power that a size is taken to be of something: that of its sums, which would be multiplied out in higher powers, or of its
    /// first factor.
    fn shared_power(&self, size: MonoId) -> Option<Rational> {
        let sums = self
            .factors(size)
            .iter()
            .filter(|f| matches!(self.atom(f.atom).kind, Kind::Sum(_)))
            .map(|f| f.power);
        sums.max_by(|x, y| x.compare(*y))
            .or_else(|| self.factors(size).first().map(|f| f.power))
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
    pub(super) fn is_positive(&mut self, id: PolyId, by: Rational) -> PolyId {
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
        match self.as_number(condition) {
            Some(number) if number.is_zero() => return y,
            Some(_) => return x,
            None => {}
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
