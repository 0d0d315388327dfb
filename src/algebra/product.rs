//! Monomials: products, powers, signs, sizes, logarithms.
//!
//! All of these act factor by factor and hold for every finite value, zero included; what they do at zero is in the flags of
//! [`super::store::Factor`].

use super::rational::Rational;
use super::store::{AtomId, Factor, Kind, MonoId, PolyId, Store, Term, UNIT, ZERO};
use crate::op::Op;

impl Store {
    /// An atom as a factor.
    pub(super) fn factor_of(&self, atom: AtomId) -> Factor {
        self.tidy(Factor {
            atom,
            power: Rational::ONE,
            sign: true,
            support: false,
            domain: false,
        })
        .expect("an atom is not 1")
    }

    /// An atom as a monomial.
    pub(super) fn mono_of(&mut self, atom: AtomId) -> MonoId {
        let factor = self.factor_of(atom);
        self.intern_mono(&[factor], ZERO)
    }

    /// An atom as a polynomial.
    pub(super) fn poly_of(&mut self, atom: AtomId) -> PolyId {
        let mono = self.mono_of(atom);
        self.poly_of_mono(Rational::ONE, mono)
    }

    pub(super) fn poly_of_mono(&mut self, coef: Rational, mono: MonoId) -> PolyId {
        self.sum(vec![Term { coef, mono }])
    }

    /// Drops flags that say nothing of an atom with these values; none where the factor is 1.
    fn tidy(&self, mut factor: Factor) -> Option<Factor> {
        let atom = self.atom(factor.atom);
        let range = atom.range;
        if factor.power.is_negative() {
            factor.domain = true;
        }
        let vanishes = factor.sign || factor.support || factor.power.is_positive();
        if range.is_non_negative() {
            // sign(x) is 1 wherever x is not zero.
            factor.sign = false;
        }
        if atom.is_binary {
            // 0 and 1 are their own powers; a sum stays one, to be multiplied out.
            let is_sum = matches!(atom.kind, Kind::Sum(_));
            factor.power = if is_sum && vanishes && !factor.domain {
                Rational::ONE
            } else {
                Rational::ZERO
            };
        }
        factor.support = vanishes && !factor.sign && factor.power.is_zero();
        if !range.zero {
            factor.support = false;
            factor.domain = false;
        }
        if factor.domain {
            factor.support = false;
        }
        let is_one = factor.power.is_zero() && !factor.sign && !factor.support && !factor.domain;
        (!is_one).then_some(factor)
    }

    fn combine(&mut self, x: Factor, y: Factor) -> Option<Factor> {
        let power = self.fits(x.power.add(y.power));
        let vanishes = |f: Factor| f.sign || f.support || f.power.is_positive();
        self.tidy(Factor {
            atom: x.atom,
            power,
            sign: x.sign != y.sign,
            support: vanishes(x) || vanishes(y),
            domain: x.domain || y.domain,
        })
    }

    /// Sorted factors without repeated atoms.
    fn gather(&mut self, mut factors: Vec<Factor>) -> Vec<Factor> {
        factors.sort_unstable_by_key(|factor| self.atom(factor.atom).order);
        let mut out: Vec<Factor> = Vec::with_capacity(factors.len());
        let mut pending: Option<Factor> = None;
        for factor in factors {
            pending = match pending {
                None => Some(factor),
                Some(before) if before.atom == factor.atom => self.combine(before, factor),
                Some(before) => {
                    out.push(before);
                    Some(factor)
                }
            };
        }
        out.extend(pending);
        if out.iter().any(|f| f.support) {
            self.absorb_supports(&mut out);
        }
        out
    }

    /// Drops [x != 0] beside what vanishes at x = 0 anyway, and writes [f(x) != 0] as [x != 0].
    fn absorb_supports(&mut self, factors: &mut Vec<Factor>) {
        let inner = |store: &Self, atom: AtomId| match store.atom(atom).kind {
            Kind::Func(op @ (Op::Clip | Op::Tanh | Op::Sin), [x, ..], _) => {
                Some((op, store.single(x)?.mono))
            }
            _ => None,
        };
        let mut more = Vec::new();
        factors.retain(|f| match inner(self, f.atom) {
            Some((Op::Clip | Op::Tanh, mono)) if f.support => {
                more.extend(self.factors(mono).iter().filter_map(|part| {
                    self.tidy(Factor {
                        power: Rational::ZERO,
                        sign: false,
                        support: true,
                        domain: part.domain,
                        ..*part
                    })
                }));
                false
            }
            Some(_) | None => true,
        });
        if !more.is_empty() {
            factors.extend(more);
            *factors = self.gather(std::mem::take(factors));
            return;
        }
        let vanishing: Vec<AtomId> = factors
            .iter()
            .filter(|f| f.power.is_positive())
            .filter_map(|f| inner(self, f.atom))
            .flat_map(|(_, mono)| self.factors(mono).iter())
            .filter(|part| part.power.is_positive())
            .map(|part| part.atom)
            .collect();
        factors.retain(|f| !(f.support && vanishing.contains(&f.atom)));
    }

    /// A product of monomials; powers of numbers that come out whole are its coefficient.
    pub(super) fn times(&mut self, x: MonoId, y: MonoId) -> (Rational, MonoId) {
        if x == UNIT {
            return (Rational::ONE, y);
        }
        if y == UNIT {
            return (Rational::ONE, x);
        }
        let (exp_x, exp_y) = (self.mono(x).exp, self.mono(y).exp);
        let mut factors = Vec::with_capacity(self.factors(x).len() + self.factors(y).len());
        factors.extend_from_slice(self.factors(x));
        factors.extend_from_slice(self.factors(y));
        if exp_x == ZERO || exp_y == ZERO {
            let exp = if exp_x == ZERO { exp_y } else { exp_x };
            let factors = self.gather(factors);
            return (Rational::ONE, self.intern_mono(&factors, exp));
        }
        let exponent = self.add(exp_x, exp_y);
        let (coef, more, exp) = self.split_exponent(exponent);
        factors.extend(more);
        let factors = self.gather(factors);
        (coef, self.intern_mono(&factors, exp))
    }

    /// A monomial of factors in any order.
    pub(super) fn mono_of_factors(&mut self, factors: Vec<Factor>, exp: PolyId) -> MonoId {
        let factors = factors
            .into_iter()
            .filter_map(|factor| self.tidy(factor))
            .collect();
        let factors = self.gather(factors);
        self.intern_mono(&factors, exp)
    }

    /// A monomial with each factor changed.
    fn map(&mut self, id: MonoId, exp: PolyId, change: impl Fn(Factor) -> Factor) -> MonoId {
        let factors: Vec<Factor> = self.factors(id).iter().map(|f| change(*f)).collect();
        self.mono_of_factors(factors, exp)
    }

    /// The sign of a monomial.
    pub(super) fn sign_of_mono(&mut self, id: MonoId) -> MonoId {
        self.map(id, ZERO, |f| Factor {
            support: f.support || f.power.is_positive(),
            domain: f.domain,
            power: Rational::ZERO,
            ..f
        })
    }

    /// The absolute value of a monomial.
    pub(super) fn size_of_mono(&mut self, id: MonoId) -> MonoId {
        let exp = self.mono(id).exp;
        self.map(id, exp, |f| Factor {
            support: f.support || f.sign,
            sign: false,
            ..f
        })
    }

    /// A monomial to a power: any whole one, or any fraction where the monomial is never negative. The coefficient is from
    /// powers of numbers.
    pub(super) fn power_of_mono(&mut self, id: MonoId, exponent: Rational) -> (Rational, MonoId) {
        let keeps_sign = exponent.is_odd();
        let is_inverse = exponent.is_negative();
        let old: Vec<Factor> = self.factors(id).to_vec();
        let mut factors = Vec::with_capacity(old.len());
        for f in old {
            let power = self.fits(f.power.mul(exponent));
            let vanishes = f.sign || f.support || f.power.is_positive();
            factors.push(Factor {
                atom: f.atom,
                power,
                sign: f.sign && keeps_sign,
                support: vanishes && !is_inverse,
                domain: f.domain || (vanishes && is_inverse),
            });
        }
        let exp = self.mono(id).exp;
        let (coef, more, exp) = if exp == ZERO {
            (Rational::ONE, Vec::new(), ZERO)
        } else {
            let exponent = self.scale(exp, exponent);
            self.split_exponent(exponent)
        };
        factors.extend(more);
        (coef, self.mono_of_factors(factors, exp))
    }

    /// Whether a monomial is never negative.
    pub(super) fn is_size(&self, id: MonoId) -> bool {
        self.factors(id).iter().all(|factor| !factor.sign)
    }

    /// The logarithm of the absolute value of a monomial.
    pub(super) fn log_of_mono(&mut self, id: MonoId) -> PolyId {
        let mut terms = Vec::new();
        let factors: Vec<Factor> = self.factors(id).to_vec();
        for factor in factors {
            let log = self.intern_atom(Kind::Log(factor.atom));
            // The logarithm of a sign, or of 1 that is undefined at zero, is 0 and undefined at zero: its power is 0.
            let mono = self.mono_of(log);
            terms.push(Term {
                coef: factor.power,
                mono,
            });
        }
        let logs = self.sum(terms);
        let exp = self.mono(id).exp;
        self.add(logs, exp)
    }

    /// Splits an exponent of e into what comes down as a number, as powers of atoms, and what stays.
    pub(super) fn split_exponent(&mut self, exponent: PolyId) -> (Rational, Vec<Factor>, PolyId) {
        let mut coef = Rational::ONE;
        let mut factors = Vec::new();
        let mut rest = Vec::new();
        let mut is_changed = false;
        for index in 0..self.terms(exponent).len() {
            let term = self.terms(exponent)[index];
            let only = match self.factors(term.mono) {
                [only] if only.power == Rational::ONE && self.mono(term.mono).exp == ZERO => {
                    Some(self.atom(only.atom).kind)
                }
                _ => None,
            };
            match only {
                Some(Kind::Log(atom)) => {
                    is_changed = true;
                    // e^(c log|x|) is |x|^c.
                    factors.push(Factor {
                        atom,
                        power: term.coef,
                        sign: false,
                        support: false,
                        domain: term.coef.is_zero(),
                    });
                }
                Some(Kind::LogNumber(of)) => {
                    let whole = term.coef.floor();
                    let fraction = self.fits(term.coef.add(whole.neg()));
                    if let (Some(times), false) = (whole.as_small(), whole.is_zero()) {
                        is_changed = true;
                        let power = self.fits(Rational::whole(of).power(times));
                        coef = self.fits(coef.mul(power));
                        if !fraction.is_zero() {
                            rest.push(Term {
                                coef: fraction,
                                mono: term.mono,
                            });
                        }
                    } else {
                        rest.push(term);
                    }
                }
                Some(_) | None => rest.push(term),
            }
        }
        let exp = if is_changed { self.sum(rest) } else { exponent };
        if self.poly(exp).is_total {
            return (coef, factors, exp);
        }
        // An exponent that can be infinite makes a power that can be zero: it is a factor like any other.
        let atom = self.intern_atom(Kind::Func(
            Op::Exp,
            [exp, ZERO, ZERO],
            crate::types::Shape::Scalar,
        ));
        factors.push(self.factor_of(atom));
        (coef, factors, ZERO)
    }
}
