//! Masks and noise: rules are equal when they have the same distribution.
//!
//! A mask is 0 or 1, so a value under one mask in several places is one of two values; masks that always stand together are one mask; a mask and
//! what is left of it trade places. Normal noise is symmetric, so its sign does not matter where it is the only thing that depends on it. Names of
//! masks mean nothing: of all ways to number them the one whose structure comes first is taken.

use super::rational::Rational;
use super::store::{AtomId, Factor, Kind, MonoId, ONE, PolyId, Store, Term, ZERO};
use crate::op::Leaf;
use crate::types::Shape;
use rustc_hash::FxHashMap;

/// The most masks of one kind whose numberings are all tried.
const MOST_RENAMED: usize = 4;
/// The most terms of which each is tried as the one with coefficient 1.
const MOST_SCALED: usize = 8;
/// How often masks are merged and turned.
const MOST_TURNS: usize = 4;
/// Numbers that no mask of a rule has.
const OTHER_MASKS: u32 = 1 << 20;

impl Store {
    /// The representative of all polynomials with the same distribution.
    pub(super) fn settle(&mut self, root: PolyId) -> PolyId {
        if !self.poly(root).is_random {
            return root;
        }
        let mut root = root;
        let (masks, has_noise, is_nested) = self.own_randomness(root);
        if !is_nested && !has_noise && masks.len() <= 1 {
            // One mask beside what is not random, which is most of all rules with masks.
            return match masks.first() {
                Some(mask)
                    if self
                        .terms(root)
                        .iter()
                        .all(|term| self.has(term.mono, *mask)) =>
                {
                    self.name_masks(root)
                }
                _ => {
                    let root = self.turn_masks(root);
                    self.name_masks(root)
                }
            };
        }
        // A mask that has been turned may stand together with another.
        for _ in 0..MOST_TURNS {
            let before = root;
            root = self.split_by_masks(root);
            root = self.merge_masks(root);
            root = self.turn_masks(root);
            if root == before {
                break;
            }
        }
        // Which of two signs comes first depends on the names.
        root = self.name_masks(root);
        for leaf in [Leaf::Noise, Leaf::StepNoise] {
            root = self.turn_noise(root, leaf);
        }
        self.name_masks(root)
    }

    /// The representative of all polynomials that have the distribution of this one or of a multiple, and what it is to be multiplied by.
    /// Which term comes first, and with which sign, depends on how masks are named and noise is turned, so each gets its turn.
    pub(super) fn settle_multiple(&mut self, root: PolyId, any_sign: bool) -> (Rational, PolyId) {
        let settled = self.settle(root);
        if !self.poly(root).is_random || self.terms(root).len() > MOST_SCALED {
            return (Rational::ONE, settled);
        }
        let signs: &[Rational] = if any_sign {
            &[Rational::ONE, Rational::MINUS_ONE]
        } else {
            &[Rational::ONE]
        };
        let mut forms: Vec<(Rational, PolyId)> = Vec::new();
        for term in self.terms(settled).to_vec() {
            if term.coef.is_zero() {
                continue;
            }
            for sign in signs {
                let number = self.fits(term.coef.abs().mul(*sign));
                let form = self.scale(settled, number.recip());
                forms.push((number, self.settle(form)));
            }
        }
        forms
            .into_iter()
            .min_by_key(|(_, form)| self.poly(*form).hash)
            .unwrap_or((Rational::ONE, settled))
    }

    /// The masks of the terms themselves, whether noise stands in one, and whether any atom or exponent is random.
    fn own_randomness(&self, root: PolyId) -> (Vec<AtomId>, bool, bool) {
        let (mut masks, mut has_noise, mut is_nested) = (Vec::new(), false, false);
        for term in self.terms(root) {
            let exp = self.mono(term.mono).exp;
            is_nested |= exp != ZERO && self.poly(exp).is_random;
            for factor in self.factors(term.mono) {
                let atom = self.atom(factor.atom);
                match atom.kind {
                    Kind::Mask { .. } => {
                        if !masks.contains(&factor.atom) {
                            masks.push(factor.atom);
                        }
                    }
                    Kind::Leaf(Leaf::Noise | Leaf::StepNoise) => has_noise = true,
                    _ => is_nested |= atom.is_random,
                }
            }
        }
        (masks, has_noise, is_nested)
    }

    /// The masks that stand in a term itself, and those inside some atom of a term.
    fn masks(&self, root: PolyId) -> (Vec<AtomId>, Vec<AtomId>) {
        let is_mask = |atom: &AtomId| matches!(self.atom(*atom).kind, Kind::Mask { .. });
        let mut outside: Vec<AtomId> = Vec::new();
        let mut inside: Vec<AtomId> = Vec::new();
        for term in self.terms(root) {
            for factor in self.factors(term.mono) {
                if is_mask(&factor.atom) {
                    outside.push(factor.atom);
                } else if self.atom(factor.atom).is_random {
                    for part in self.parts(factor.atom) {
                        inside.extend(self.reachable(part).into_iter().filter(is_mask));
                    }
                }
            }
            let exp = self.mono(term.mono).exp;
            if self.poly(exp).is_random {
                inside.extend(self.reachable(exp).into_iter().filter(is_mask));
            }
        }
        for list in [&mut outside, &mut inside] {
            list.sort_unstable_by_key(|atom| (self.atom(*atom).order, *atom));
            list.dedup();
        }
        (outside, inside)
    }

    /// Where a mask stands both in a term and inside an atom, f(b) becomes b f(1) + (1 - b) f(0).
    fn split_by_masks(&mut self, root: PolyId) -> PolyId {
        let (outside, inside) = self.masks(root);
        let mut root = root;
        for mask in outside
            .into_iter()
            .filter(|mask| inside.contains(mask))
            .take(3)
        {
            if self.remembers(root, mask) {
                continue;
            }
            let value = |store: &mut Self, number: PolyId| {
                let with = FxHashMap::from_iter([(mask, number)]);
                store.replace(root, &with)
            };
            let (one, zero) = (value(self, ONE), value(self, ZERO));
            let mask = self.poly_of(mask);
            let difference = self.sub(one, zero);
            let part = self.mul(mask, difference);
            root = self.add(part, zero);
        }
        root
    }

    /// Whether state depends on a mask: there it is the draw of another step.
    fn remembers(&self, root: PolyId, mask: AtomId) -> bool {
        self.reachable(root).into_iter().any(|atom| {
            let is_state = match self.atom(atom).kind {
                Kind::Own(..) => true,
                Kind::Func(op, ..) => op.has_state(),
                _ => false,
            };
            is_state
                && self
                    .parts(atom)
                    .into_iter()
                    .any(|part| self.reachable(part).contains(&mask))
        })
    }

    fn has(&self, mono: MonoId, atom: AtomId) -> bool {
        self.factors(mono).iter().any(|factor| factor.atom == atom)
    }

    /// Two masks that always stand together are one with the product of their probabilities.
    fn merge_masks(&mut self, root: PolyId) -> PolyId {
        let mut root = root;
        'again: loop {
            let (outside, inside) = self.masks(root);
            for (index, x) in outside.iter().enumerate() {
                for y in &outside[index + 1..] {
                    let (x_kind, y_kind) = (self.atom(*x).kind, self.atom(*y).kind);
                    let (
                        Kind::Mask { keep, shape, .. },
                        Kind::Mask {
                            keep: y_keep,
                            shape: y_shape,
                            ..
                        },
                    ) = (x_kind, y_kind)
                    else {
                        continue;
                    };
                    let together = self
                        .terms(root)
                        .iter()
                        .all(|term| self.has(term.mono, *x) == self.has(term.mono, *y));
                    if shape != y_shape || !together || inside.contains(x) || inside.contains(y) {
                        continue;
                    }
                    let keep = self.mul(keep, y_keep);
                    // A number that no mask here has: all are numbered anew in the end.
                    let fresh = 1000 + u32::try_from(index).unwrap_or(0);
                    let merged = self.intern_atom(Kind::Mask {
                        keep,
                        index: fresh,
                        shape,
                    });
                    let merged = self.poly_of(merged);
                    let with = FxHashMap::from_iter([(*x, merged), (*y, ONE)]);
                    root = self.replace(root, &with);
                    continue 'again;
                }
            }
            return root;
        }
    }

    /// b x + (1 - b) y has the distribution of the mask that keeps the other part: the shorter sum is taken. Where it takes two masks to
    /// make it shorter, both are turned at once.
    fn turn_masks(&mut self, root: PolyId) -> PolyId {
        let mut root = root;
        for _ in 0..MOST_TURNS {
            let mut best = root;
            let outside = self.masks(root).0;
            let is_pair = (2..=MOST_RENAMED).contains(&outside.len());
            for mask in outside {
                let Some(once) = self.turned(root, mask) else {
                    continue;
                };
                best = self.shorter(best, once);
                if !is_pair {
                    continue;
                }
                for other in self.masks(once).0 {
                    if let Some(twice) = self.turned(once, other) {
                        best = self.shorter(best, twice);
                    }
                }
            }
            if best == root {
                break;
            }
            root = best;
        }
        root
    }

    /// The one of two forms that is taken: with fewer terms, with less that is dropped, or by its structure.
    fn shorter(&self, x: PolyId, y: PolyId) -> PolyId {
        let rank = |poly: PolyId| {
            let masks = self.masks(poly).0;
            let dropped: f64 = masks
                .into_iter()
                .map(|mask| match self.atom(mask).kind {
                    Kind::Mask { keep, .. } => {
                        1.0 - self.as_number(keep).map_or(0.0, Rational::to_f64)
                    }
                    _ => 0.0,
                })
                .sum();
            let (len, hash) = (self.terms(poly).len(), self.poly(poly).hash);
            (len, dropped.to_bits(), hash)
        };
        if rank(y) < rank(x) { y } else { x }
    }

    /// The form with a mask turned; none where that cannot be, or would be longer.
    fn turned(&mut self, root: PolyId, mask: AtomId) -> Option<PolyId> {
        let Kind::Mask { keep, index, shape } = self.atom(mask).kind else {
            return None;
        };
        let (whole, rest): (Vec<Term>, Vec<Term>) = self
            .terms(root)
            .iter()
            .partition(|term| self.has(term.mono, mask));
        if rest.is_empty() || self.masks(root).1.contains(&mask) {
            return None;
        }
        let bare: Vec<MonoId> = whole
            .iter()
            .map(|term| self.with_mask(term.mono, mask, None))
            .collect();
        // Where x and y share no product, x + y is longer than y.
        bare.iter()
            .find(|mono| rest.iter().any(|term| term.mono == **mono))?;
        let other = self.complement(keep);
        let turned = self.intern_atom(Kind::Mask {
            keep: other,
            index,
            shape,
        });
        let mut terms = rest;
        for (term, mono) in whole.iter().zip(bare) {
            terms.push(Term { mono, ..*term });
            let mono = self.with_mask(term.mono, mask, Some(turned));
            terms.push(Term {
                mono,
                coef: term.coef.neg(),
            });
        }
        Some(self.sum(terms))
    }

    /// A product with another mask in the place of one, or with none.
    fn with_mask(&mut self, mono: MonoId, mask: AtomId, other: Option<AtomId>) -> MonoId {
        let exp = self.mono(mono).exp;
        let factors = self
            .factors(mono)
            .iter()
            .filter_map(|factor| {
                let atom = if factor.atom == mask {
                    other?
                } else {
                    factor.atom
                };
                Some(Factor { atom, ..*factor })
            })
            .collect();
        self.mono_of_factors(factors, exp)
    }

    /// Whether an atom is a part of some atom or exponent of a polynomial.
    fn is_inside(&self, root: PolyId, noise: AtomId) -> bool {
        self.terms(root).iter().any(|term| {
            self.factors(term.mono).iter().any(|factor| {
                factor.atom != noise
                    && self.atom(factor.atom).is_random
                    && self
                        .parts(factor.atom)
                        .into_iter()
                        .any(|part| self.reachable(part).contains(&noise))
            }) || self.reachable(self.mono(term.mono).exp).contains(&noise)
        })
    }

    /// Noise times a sign that does not depend on it has the distribution of the noise.
    fn turn_noise(&mut self, root: PolyId, leaf: Leaf) -> PolyId {
        let noise = self.intern_atom(Kind::Leaf(leaf));
        let (_, _, is_nested) = self.own_randomness(root);
        let is_mentioned = if is_nested {
            self.reachable(root).contains(&noise)
        } else {
            self.terms(root)
                .iter()
                .any(|term| self.has(term.mono, noise))
        };
        if !is_mentioned {
            return root;
        }
        if self.is_inside(root, noise) {
            let minus = self.poly_of(noise);
            let minus = self.scale(minus, Rational::MINUS_ONE);
            let turned = self.replace(root, &FxHashMap::from_iter([(noise, minus)]));
            let is_first = self.poly(turned).hash < self.poly(root).hash;
            return if is_first { turned } else { root };
        }
        let terms = self.terms(root).to_vec();
        let is_odd = |store: &Self, term: &Term| {
            store
                .factors(term.mono)
                .iter()
                .any(|factor| factor.atom == noise && factor.sign)
        };
        let odd: Vec<Term> = terms
            .iter()
            .filter(|term| is_odd(self, term))
            .copied()
            .collect();
        let Some(first) = odd.first() else {
            return root;
        };
        // One draw for all elements can only lose a sign that all elements share.
        let may_go = |store: &Self, factor: &Factor| {
            let atom = store.atom(factor.atom);
            factor.sign && !atom.is_random && (leaf == Leaf::Noise || atom.shape == Shape::Scalar)
        };
        let mut signs: Vec<AtomId> = self
            .factors(first.mono)
            .iter()
            .filter(|factor| may_go(self, factor))
            .map(|factor| factor.atom)
            .collect();
        for term in &odd {
            signs.retain(|atom| {
                self.factors(term.mono)
                    .iter()
                    .any(|factor| factor.atom == *atom && may_go(self, factor))
            });
        }
        let mut sum = Vec::with_capacity(terms.len());
        for term in terms {
            if !is_odd(self, &term) {
                sum.push(term);
                continue;
            }
            let exp = self.mono(term.mono).exp;
            let factors = self
                .factors(term.mono)
                .iter()
                .map(|factor| {
                    let goes = signs.contains(&factor.atom);
                    Factor {
                        sign: factor.sign && !goes,
                        support: factor.support || goes,
                        ..*factor
                    }
                })
                .collect();
            let mono = self.mono_of_factors(factors, exp);
            sum.push(Term { mono, ..term });
        }
        let turned = self.sum(sum);
        // The first odd term has a plus.
        let lead = self
            .terms(turned)
            .iter()
            .find(|term| is_odd(self, term))
            .map(|term| term.coef);
        if !lead.is_some_and(Rational::is_negative) {
            return turned;
        }
        let terms = self
            .terms(turned)
            .iter()
            .map(|term| Term {
                coef: if is_odd(self, term) {
                    term.coef.neg()
                } else {
                    term.coef
                },
                ..*term
            })
            .collect();
        self.sum(terms)
    }

    /// Many masks in an order that does not depend on their numbers, as far as each stands elsewhere than the others: by the structure
    /// in which all the others are one mask.
    fn told_apart(
        &mut self,
        root: PolyId,
        group: &[AtomId],
        (keep, shape): (PolyId, Shape),
    ) -> Vec<AtomId> {
        let [this, others] = [OTHER_MASKS, OTHER_MASKS + 1].map(|index| {
            let mask = self.intern_atom(Kind::Mask { keep, index, shape });
            self.poly_of(mask)
        });
        let mut order: Vec<(u64, AtomId)> = Vec::with_capacity(group.len());
        for mask in group {
            let with = group
                .iter()
                .map(|other| (*other, if other == mask { this } else { others }))
                .collect();
            let seen = self.replace(root, &with);
            order.push((self.poly(seen).hash, *mask));
        }
        order.sort_by_key(|(hash, _)| *hash);
        order.into_iter().map(|(_, mask)| mask).collect()
    }

    /// Numbers the masks of each kind so that the structure comes first among all numberings.
    fn name_masks(&mut self, root: PolyId) -> PolyId {
        let mut groups: Vec<((PolyId, Shape), Vec<AtomId>)> = Vec::new();
        let (masks, _, is_nested) = self.own_randomness(root);
        let atoms = if is_nested {
            self.reachable(root)
        } else {
            masks
        };
        for atom in atoms {
            if let Kind::Mask { keep, shape, .. } = self.atom(atom).kind {
                match groups.iter_mut().find(|(kind, _)| *kind == (keep, shape)) {
                    Some((_, group)) => group.push(atom),
                    None => groups.push(((keep, shape), vec![atom])),
                }
            }
        }
        let number = |store: &Self, mask: AtomId| {
            if let Kind::Mask { index, .. } = store.atom(mask).kind {
                index
            } else {
                0
            }
        };
        let mut root = root;
        for ((keep, shape), mut group) in groups {
            group.sort_unstable_by_key(|mask| number(self, *mask));
            let is_named =
                group.len() == 1 && matches!(self.atom(group[0]).kind, Kind::Mask { index: 0, .. });
            if is_named {
                continue;
            }
            if group.len() > MOST_RENAMED {
                group = self.told_apart(root, &group, (keep, shape));
            }
            let mut best: Option<PolyId> = None;
            for order in orders(group.len()) {
                let with: FxHashMap<AtomId, PolyId> = group
                    .iter()
                    .zip(order)
                    .map(|(mask, index)| {
                        let named = self.intern_atom(Kind::Mask { keep, index, shape });
                        (*mask, self.poly_of(named))
                    })
                    .collect();
                let named = self.replace(root, &with);
                let is_better =
                    best.is_none_or(|best| self.poly(named).hash < self.poly(best).hash);
                if is_better {
                    best = Some(named);
                }
            }
            root = best.unwrap_or(root);
        }
        root
    }
}

/// All orders of a few numbers; just the given one of many.
fn orders(len: usize) -> Vec<Vec<u32>> {
    let first: Vec<u32> = (0..).take(len).collect();
    if len > MOST_RENAMED {
        return vec![first];
    }
    let mut all = vec![Vec::new()];
    for _ in 0..len {
        all = all
            .into_iter()
            .flat_map(|order: Vec<u32>| {
                let rest: Vec<u32> = first
                    .iter()
                    .filter(|n| !order.contains(n))
                    .copied()
                    .collect();
                rest.into_iter().map(move |next| {
                    let mut longer = order.clone();
                    longer.push(next);
                    longer
                })
            })
            .collect();
    }
    all
}
