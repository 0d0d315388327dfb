//! Sums as divisors of sums: what was multiplied out is found again, exactly or not at all.

use super::rational::Rational;
use super::store::{AtomId, Factor, Kind, MonoId, PolyId, Store, Term, ZERO};
use super::sum::Size;
use std::cmp::Ordering;

/// What of a factor a reduction takes away: a power, or a sign.
fn size(factor: &Factor) -> Rational {
    match () {
        () if factor.power.is_negative() => factor.power.neg(),
        () if factor.power.is_positive() => factor.power,
        () if factor.sign => Rational::ONE,
        () => Rational::ZERO,
    }
}

impl Store {
    /// A polynomial's terms, less those that together are `times * |sum|`: these are multiplied out as `sign(sum) * sum`.
    pub(super) fn split_sizes(&mut self, id: PolyId) -> (Vec<Size>, Vec<Term>) {
        let terms = self.terms(id).to_vec();
        self.split_by_sums(terms, |f| f.sign && f.power.is_zero())
    }

    /// Writes `[x != 0] * x` as x, where x is a sum that was multiplied out: with y the highest term of x and r the others, [x != 0] y
    /// is x - [x != 0] r. Each term is rewritten for itself, so the order of terms does not matter. None where there is nothing to do.
    pub(super) fn without_supports(&mut self, terms: &[Term]) -> Option<Vec<Term>> {
        let mut out = Vec::with_capacity(terms.len());
        let mut is_changed = false;
        for term in terms {
            let marked = self.factors(term.mono).iter().copied().find_map(|f| {
                match self.atom(f.atom).kind {
                    Kind::Sum(sum) if f.support => Some((f, sum)),
                    _ => None,
                }
            });
            let reduced = marked.and_then(|(mark, sum)| self.reduced(*term, mark, sum));
            match reduced {
                Some(more) => {
                    is_changed = true;
                    out.extend(more);
                }
                None => out.push(*term),
            }
        }
        is_changed.then_some(out)
    }

    /// `[x != 0] * m` as terms without that mark or with lower ones, where the highest term of x divides m.
    fn reduced(&mut self, term: Term, mark: Factor, sum: PolyId) -> Option<Vec<Term>> {
        let parts = self.terms(sum).to_vec();
        let plain = self.plain_atoms(&parts);
        let order = |store: &Self, x: &Term, y: &Term| store.compare(x.mono, y.mono, &plain, size);
        let lead = parts.iter().max_by(|x, y| order(self, x, y)).copied()?;
        let is_highest = parts
            .iter()
            .all(|part| part.mono == lead.mono || order(self, part, &lead).is_lt());
        if !is_highest {
            return None;
        }
        let factors: Vec<Factor> = self
            .factors(term.mono)
            .iter()
            .filter(|f| f.atom != mark.atom)
            .copied()
            .collect();
        let exp = self.mono(term.mono).exp;
        let rest = self.intern_mono(&factors, exp);
        // A sign is taken from a sign alone: from a power it could be taken for ever.
        let is_endless = self.factors(lead.mono).iter().any(|sign| {
            let is_power = |f: &&Factor| f.atom == sign.atom && !f.power.is_zero();
            let is_in_power = self.factors(rest).iter().any(|f| is_power(&f));
            sign.power.is_zero() && plain.contains(&sign.atom) && is_in_power
        });
        if is_endless {
            return None;
        }
        let quotient = self.mono_quotient(rest, lead.mono)?;
        let coef = self.fits(term.coef.mul(lead.coef.recip()));
        let mark = self.intern_mono(&[mark], ZERO);
        let mut out = Vec::with_capacity(2 * parts.len());
        for part in parts {
            let (number, mono) = self.times(quotient, part.mono);
            let coef = self.fits(coef.mul(part.coef));
            let coef = self.fits(coef.mul(number));
            self.multiply_out(coef, mono, &mut out);
            if part.mono != lead.mono {
                let (number, mono) = self.times(mono, mark);
                let coef = self.fits(coef.mul(number));
                self.multiply_out(coef.neg(), mono, &mut out);
            }
        }
        Some(out)
    }

    /// Terms with a marked factor of a sum that together are `times * sum` but for the mark, and the others.
    fn split_by_sums(
        &mut self,
        terms: Vec<Term>,
        is_marked: impl Fn(&Factor) -> bool,
    ) -> (Vec<Size>, Vec<Term>) {
        let mut rest = terms;
        let mut sizes = Vec::new();
        let is_mark = |store: &Self, f: &Factor| {
            is_marked(f) && matches!(store.atom(f.atom).kind, Kind::Sum(_))
        };
        let mut tried = Vec::new();
        loop {
            let found = rest.iter().find_map(|term| {
                self.factors(term.mono)
                    .iter()
                    .find(|f| is_mark(self, f) && !tried.contains(&f.atom))
                    .map(|f| f.atom)
            });
            let Some(atom) = found else { break };
            tried.push(atom);
            let Kind::Sum(sum) = self.atom(atom).kind else {
                break;
            };
            let mut others = Vec::new();
            let mut parts = Vec::new();
            for term in &rest {
                let factors: Vec<Factor> = self.factors(term.mono).to_vec();
                if !factors.iter().any(|f| f.atom == atom && is_mark(self, f)) {
                    others.push(*term);
                    continue;
                }
                let factors: Vec<Factor> = factors.into_iter().filter(|f| f.atom != atom).collect();
                let exp = self.mono(term.mono).exp;
                let mono = self.intern_mono(&factors, exp);
                parts.push(Term { mono, ..*term });
            }
            let whole = self.sum(parts);
            if let Some(times) = self.quotient(whole, sum) {
                sizes.push(Size { times, sum });
                rest = others;
            }
        }
        (sizes, rest)
    }

    /// A polynomial divided by a sum, where nothing is left over.
    fn quotient(&mut self, whole: PolyId, sum: PolyId) -> Option<PolyId> {
        if self.terms(whole).len() < self.terms(sum).len() {
            return None;
        }
        let parts = [self.terms(whole), self.terms(sum)].concat();
        let atoms = self.atoms_of(&parts);
        let highest = |store: &Self, id: PolyId| {
            store
                .terms(id)
                .iter()
                .max_by(|x, y| store.compare(x.mono, y.mono, &atoms, |f| f.power))
                .copied()
        };
        let lead = highest(self, sum)?;
        let (mut left, mut result) = (whole, ZERO);
        for _ in 0..=self.terms(whole).len() {
            if left == ZERO {
                return (result != ZERO).then_some(result);
            }
            let highest = highest(self, left)?;
            let mono = self.mono_quotient(highest.mono, lead.mono)?;
            let coef = self.fits(highest.coef.mul(lead.coef.recip()));
            let part = self.poly_of_mono(coef, mono);
            result = self.add(result, part);
            let product = self.mul(part, sum);
            left = self.sub(left, product);
        }
        None
    }

    /// The atoms of a sum whose powers there are of one sign, or that are signs alone. By their sizes each step of a reduction goes
    /// down, and not for ever, as it might by those of the others and of e, which divide everything.
    fn plain_atoms(&self, parts: &[Term]) -> Vec<AtomId> {
        let factors = || parts.iter().flat_map(|part| self.factors(part.mono));
        let mut atoms = self.atoms_of(parts);
        atoms.retain(|atom| {
            let has = |is: fn(&Factor) -> bool| factors().any(|f| f.atom == *atom && is(f));
            let kinds = [
                has(|f| f.power.is_positive()),
                has(|f| f.power.is_negative()),
                has(|f| f.power.is_zero() && f.sign),
            ];
            kinds.into_iter().filter(|is_there| *is_there).count() == 1
        });
        atoms
    }

    /// The atoms of some terms, in order.
    fn atoms_of(&self, terms: &[Term]) -> Vec<AtomId> {
        let mut atoms: Vec<AtomId> = Vec::new();
        for factor in terms.iter().flat_map(|term| self.factors(term.mono)) {
            if !atoms.contains(&factor.atom) {
                atoms.push(factor.atom);
            }
        }
        atoms.sort_unstable_by_key(|atom| self.atom(*atom).order);
        atoms
    }

    fn size_of(&self, mono: MonoId, atom: AtomId, size: fn(&Factor) -> Rational) -> Rational {
        let factor = self.factors(mono).iter().find(|f| f.atom == atom);
        factor.map_or(Rational::ZERO, size)
    }

    /// The lexicographic order of the sizes of the factors of some atoms: where products keep it, the highest term of a product is the
    /// product of the highest terms.
    fn compare(
        &self,
        x: MonoId,
        y: MonoId,
        atoms: &[AtomId],
        size: fn(&Factor) -> Rational,
    ) -> Ordering {
        atoms
            .iter()
            .map(|atom| {
                self.size_of(x, *atom, size)
                    .compare(self.size_of(y, *atom, size))
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    /// A monomial divided by one that it is a multiple of.
    fn mono_quotient(&mut self, whole: MonoId, part: MonoId) -> Option<MonoId> {
        let mut factors: Vec<Factor> = self.factors(whole).to_vec();
        for divisor in self.factors(part).to_vec() {
            let is_sign = divisor.power.is_zero() && divisor.sign && !divisor.domain;
            let Some(factor) = factors.iter_mut().find(|f| f.atom == divisor.atom) else {
                // The other parts may vanish with it, as the clip of x does with x: then its sign times itself is no matter.
                if is_sign {
                    factors.push(divisor);
                    continue;
                }
                return None;
            };
            let power = factor.power.add(divisor.power.neg())?;
            let is_multiple = if divisor.power.is_zero() {
                !divisor.domain
            } else {
                divisor.power.is_negative() == factor.power.is_negative()
                    && (power.is_zero() || power.is_negative() == divisor.power.is_negative())
                    && (!divisor.domain || divisor.power.is_negative())
            };
            if !is_multiple {
                return None;
            }
            *factor = Factor {
                power,
                sign: factor.sign != divisor.sign,
                support: false,
                domain: factor.domain && (!divisor.power.is_negative() || power.is_negative()),
                ..*factor
            };
        }
        let (all, own) = (self.mono(whole).exp, self.mono(part).exp);
        let exp = self.sub(all, own);
        let quotient = self.mono_of_factors(factors, exp);
        (self.times(quotient, part) == (Rational::ONE, whole)).then_some(quotient)
    }
}
