//! State, reductions and matrix operations: what is linear is taken apart term by term.

use super::rational::Rational;
use super::store::{Factor, Kind, MonoId, ONE, PolyId, Store, Term, UNIT, ZERO};
use crate::op::{Leaf, Op};
use crate::types::{Shape, Stage};

impl Store {
    /// A monomial as a constant and what changes from step to step or element to element.
    pub(super) fn split_constant(&mut self, id: MonoId) -> (MonoId, MonoId) {
        let mono = *self.mono(id);
        if mono.stage == Stage::Script {
            return (id, UNIT);
        }
        let is_constant = |store: &Self, f: &Factor| store.atom(f.atom).stage == Stage::Script;
        let exp = mono.exp;
        let exp_is_mixed = self
            .terms(exp)
            .iter()
            .any(|term| self.mono(term.mono).stage == Stage::Script);
        if !exp_is_mixed && !self.factors(id).iter().any(|f| is_constant(self, f)) {
            return (UNIT, id);
        }
        let (constant, rest): (Vec<Factor>, Vec<Factor>) =
            self.factors(id).iter().partition(|f| is_constant(self, f));
        let (fixed, moving): (Vec<Term>, Vec<Term>) = self
            .terms(exp)
            .iter()
            .partition(|term| self.mono(term.mono).stage == Stage::Script);
        let (fixed, moving) = (self.intern_poly(&fixed), self.intern_poly(&moving));
        (
            self.mono_of_factors(constant, fixed),
            self.mono_of_factors(rest, moving),
        )
    }

    /// A linear function, applied to each term without its constant factors.
    fn linear(
        &mut self,
        id: PolyId,
        mut of_mono: impl FnMut(&mut Self, MonoId) -> PolyId,
    ) -> PolyId {
        let mut result = ZERO;
        for index in 0..self.terms(id).len() {
            let term = self.terms(id)[index];
            let (constant, rest) = self.split_constant(term.mono);
            let value = of_mono(self, rest);
            let factor = self.poly_of_mono(Rational::ONE, constant);
            let product = self.mul(factor, value);
            let product = self.scale(product, term.coef);
            result = self.add(result, product);
        }
        result
    }

    /// `1 - beta^(t+1)`: what `debias` divides by.
    pub(super) fn bias(&mut self, beta: Rational) -> PolyId {
        if beta.is_zero() {
            return ONE;
        }
        let log = self.log_of_number(beta);
        let step = self.intern_atom(Kind::Leaf(Leaf::Step));
        let step = self.poly_of(step);
        let exponent = self.mul(step, log);
        let power = self.exp(exponent);
        let power = self.scale(power, beta);
        self.complement(power)
    }

    pub(super) fn ema(&mut self, id: PolyId, beta: PolyId) -> PolyId {
        let rate = self.as_number(beta);
        if rate.is_some_and(Rational::is_zero) {
            return id;
        }
        self.linear(id, |store, mono| match rate {
            // The average of 1 is 1 - beta^(t+1).
            Some(rate) if mono == UNIT => store.bias(rate),
            Some(_) | None => {
                let x = store.poly_of_mono(Rational::ONE, mono);
                store.opaque(Op::Ema, &[x, beta], Shape::Scalar)
            }
        })
    }

    /// A decaying sum is the moving average without the factor 1 - mu.
    pub(super) fn trace(&mut self, id: PolyId, mu: PolyId) -> PolyId {
        if let Some(rate) = self.as_number(mu) {
            let average = self.ema(id, mu);
            let rest = self.fits(Rational::ONE.add(rate.neg()));
            return self.scale(average, rest.recip());
        }
        self.linear(id, |store, mono| {
            let x = store.poly_of_mono(Rational::ONE, mono);
            store.opaque(Op::Trace, &[x, mu], Shape::Scalar)
        })
    }

    pub(super) fn debias(&mut self, average: PolyId, beta: PolyId) -> PolyId {
        if let Some(rate) = self.as_number(beta) {
            let bias = self.bias(rate);
            return self.div(average, bias);
        }
        self.opaque(Op::Debias, &[average, beta], Shape::Scalar)
    }

    pub(super) fn total(&mut self, id: PolyId) -> PolyId {
        self.linear(id, |store, mono| {
            let x = store.poly_of_mono(Rational::ONE, mono);
            store.opaque(Op::Total, &[x], Shape::Scalar)
        })
    }

    pub(super) fn last(&mut self, id: PolyId, initial: PolyId) -> PolyId {
        if initial != ZERO {
            return self.opaque(Op::Last, &[id, initial], Shape::Scalar);
        }
        self.linear(id, |store, mono| {
            let x = store.poly_of_mono(Rational::ONE, mono);
            store.opaque(Op::Last, &[x, ZERO], Shape::Scalar)
        })
    }

    /// The running maximum: positive factors come out.
    pub(super) fn peak(&mut self, id: PolyId) -> PolyId {
        self.homogeneous(Op::Peak, id, Shape::Scalar)
    }

    /// A function f with f(c x) = c f(x) for positive c.
    fn homogeneous(&mut self, op: Op, id: PolyId, shape: Shape) -> PolyId {
        let coef = self.as_product(id).coef.abs();
        if coef.is_zero() {
            return self.opaque(op, &[id], shape);
        }
        let rest = self.scale(id, coef.recip());
        let value = self.opaque(op, &[rest], shape);
        self.scale(value, coef)
    }

    /// A reduction or matrix function of an argument that was written with this shape.
    pub(super) fn reduction(&mut self, op: Op, id: PolyId, shape: Shape) -> PolyId {
        let found = self.poly(id).shape;
        // A value that no longer shows its shape keeps it as a mark.
        let mark = if found == shape { Shape::Scalar } else { shape };
        match op {
            Op::Mean => self.linear(id, |store, mono| {
                let x = store.poly_of_mono(Rational::ONE, mono);
                if store.mono(mono).shape == Shape::Scalar {
                    x
                } else {
                    store.opaque(Op::Mean, &[x], Shape::Scalar)
                }
            }),
            Op::Sum | Op::Transpose | Op::RowMean | Op::ColMean => {
                let is_even = self
                    .terms(id)
                    .iter()
                    .all(|term| self.mono(term.mono).shape == shape);
                if !is_even {
                    let coef = self.as_product(id).coef;
                    if coef.is_zero() {
                        return self.opaque(op, &[id], mark);
                    }
                    let rest = self.scale(id, coef.recip());
                    let value = self.opaque(op, &[rest], mark);
                    return self.scale(value, coef);
                }
                self.linear(id, |store, mono| {
                    let x = store.poly_of_mono(Rational::ONE, mono);
                    store.linear_atom(op, x, mark)
                })
            }
            Op::Norm | Op::Rms => {
                if shape == Shape::Scalar {
                    return self.abs(id);
                }
                // A monomial's norm is the root of its square's sum, and as such meets that.
                if let Some(term) = self.single(id)
                    && found == shape
                {
                    let (coef, size) = (term.coef.abs(), self.size_of_mono(term.mono));
                    let (number, square) = self.power_of_mono(size, Rational::whole(2));
                    let square = self.expanded(number, square);
                    let reduce = if op == Op::Norm { Op::Sum } else { Op::Mean };
                    let sum = self.reduction(reduce, square, shape);
                    let root = self.power_number(sum, Rational::HALF);
                    return self.scale(root, coef);
                }
                let product = self.as_product(id);
                if product.coef.is_zero() {
                    return self.opaque(op, &[id], mark);
                }
                // The norm of -x is that of x.
                let rest = self.scale(id, product.coef.recip());
                let value = self.opaque(op, &[rest], mark);
                self.scale(value, product.coef.abs())
            }
            _ => self.opaque(op, &[id], mark),
        }
    }

    fn linear_atom(&mut self, op: Op, x: PolyId, mark: Shape) -> PolyId {
        // Transposing twice is nothing.
        if op == Op::Transpose
            && let Some(term) = self.single(x)
            && let [only] = *self.factors(term.mono)
            && self.mono(term.mono).exp == ZERO
            && let Kind::Func(Op::Transpose, [inner, ..], Shape::Scalar) = self.atom(only.atom).kind
            && self.factor_of(only.atom) == only
        {
            return self.scale(inner, term.coef);
        }
        self.opaque(op, &[x], mark)
    }

    /// A matrix product: constants come out.
    pub(super) fn matmul(&mut self, x: PolyId, y: PolyId) -> PolyId {
        let (x_coef, y_coef) = (self.as_product(x).coef, self.as_product(y).coef);
        if x_coef.is_zero() || y_coef.is_zero() {
            return self.opaque(Op::MatMul, &[x, y], Shape::Scalar);
        }
        let (x, y) = (self.scale(x, x_coef.recip()), self.scale(y, y_coef.recip()));
        let product = self.opaque(Op::MatMul, &[x, y], Shape::Scalar);
        let coef = self.fits(x_coef.mul(y_coef));
        self.scale(product, coef)
    }
}
