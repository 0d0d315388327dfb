//! Where normal forms live: atoms, monomials and polynomials, each once.
//!
//! A polynomial is a sorted sum of terms, a term a rational coefficient and a monomial, a monomial a sorted product of factors and a power of e.
//! A factor is what an [`Atom`] contributes: with x for the atom's value,
//!
//! ```text
//! sign(x)^sign * |x|^power * [x != 0]^support, undefined at x = 0 where `domain` is set
//! ```
//!
//! so `x` is `sign * power 1`, `|x|` is `power 1`, `sign(x)^2` is `support` and `x / x` is `domain`: products and quotients are exact at zero.
//! An atom is a leaf, a sum that could not be multiplied out, or a function of polynomials that no rule takes apart.
//!
//! Everything is interned, so equality is equality of numbers; order comes from hashes of the structure, never from the numbers, so that it
//! does not depend on what was met before.

use super::intern::{Table, mix};
use super::number::Exact;
use super::rational::Rational;
use crate::op::{Leaf, Op};
use crate::types::{Range, Shape, Stage};
use rustc_hash::FxHashMap;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct AtomId(pub(super) u32);

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct MonoId(pub(super) u32);

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct PolyId(pub(super) u32);

/// The empty product.
pub(super) const UNIT: MonoId = MonoId(0);
/// The empty sum.
pub(super) const ZERO: PolyId = PolyId(0);
/// The number 1.
pub(super) const ONE: PolyId = PolyId(1);

/// What an atom is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Leaf(Leaf),
    /// A number that is not calculated with, by its bits.
    Opaque(u64),
    /// The circle number.
    Pi,
    /// A polynomial of several terms without common factors, whose first coefficient is 1 or -1.
    Sum(PolyId),
    /// The logarithm of the absolute value of an atom.
    Log(AtomId),
    /// The logarithm of a whole number above 1.
    LogNumber(i128),
    /// A polynomial where it is not negative, undefined elsewhere.
    Real(PolyId),
    /// A real power whose base may be zero or negative and whose exponent is not known.
    Pow(PolyId, PolyId),
    /// 1 with a probability, 0 otherwise; one draw per value of the shape.
    Mask {
        keep: PolyId,
        index: u32,
        shape: Shape,
    },
    LastUpdate(u32),
    Own(u32, PolyId),
    /// A function of up to three polynomials; unused places are zero. The shape is that of the first argument as written,
    /// which matters to reductions.
    Func(Op, [PolyId; 3], Shape),
}

#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub(super) struct Atom {
    pub(super) kind: Kind,
    /// Place among other atoms: readers' order first, then the structure's hash.
    pub(super) order: u128,
    pub(super) range: Range,
    /// Always 0 or 1.
    pub(super) is_binary: bool,
    /// Whether it is finite for all finite inputs.
    pub(super) is_total: bool,
    /// Whether it depends on noise or a mask.
    pub(super) is_random: bool,
    /// Whether there is a sign of a sum, noise inside a sum that is a factor, or something undefined times zero: these may be written in more
    /// ways than one, so that the text is to be read again.
    pub(super) is_delicate: bool,
    /// Whether it depends on noise.
    pub(super) is_noisy: bool,
    pub(super) stage: Stage,
    pub(super) shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Factor {
    pub(super) atom: AtomId,
    pub(super) power: Rational,
    pub(super) sign: bool,
    pub(super) support: bool,
    pub(super) domain: bool,
}

#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub(super) struct Mono {
    start: u32,
    len: u32,
    /// The exponent of e.
    pub(super) exp: PolyId,
    /// Place among other monomials; numbers come last.
    pub(super) order: u128,
    pub(super) is_total: bool,
    pub(super) is_random: bool,
    pub(super) is_delicate: bool,
    pub(super) is_noisy: bool,
    /// Whether a sum stands in it with an exponent of at least 1.
    pub(super) has_sum: bool,
    /// Whether [x != 0] of a sum x stands in it.
    pub(super) has_sum_support: bool,
    pub(super) stage: Stage,
    pub(super) shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Term {
    pub(super) coef: Rational,
    pub(super) mono: MonoId,
}

#[allow(clippy::struct_excessive_bools, reason = "facts, each for itself")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Poly {
    start: u32,
    len: u32,
    pub(super) hash: u64,
    pub(super) is_total: bool,
    pub(super) is_random: bool,
    pub(super) is_delicate: bool,
    pub(super) is_noisy: bool,
    pub(super) stage: Stage,
    pub(super) shape: Shape,
    pub(super) range: Option<Range>,
}

/// All atoms, monomials and polynomials of the expressions at hand.
#[derive(Debug)]
pub(super) struct Store {
    atoms: Vec<Atom>,
    atom_table: Table,
    monos: Vec<Mono>,
    mono_table: Table,
    factors: Vec<Factor>,
    polys: Vec<Poly>,
    poly_table: Table,
    terms: Vec<Term>,
    /// What numbers met before stand for.
    pub(super) numbers: FxHashMap<u64, Exact>,
    /// Why the result is not to be trusted as a normal form, once there is a reason.
    pub(super) trouble: Option<Trouble>,
    /// Whether some product was too long to be multiplied out: the form is true but not the only one.
    pub(super) is_partial: bool,
    /// How many sums are being multiplied out inside each other.
    pub(super) depth: u32,
}

/// Why an expression has no full normal form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// A coefficient or exponent does not fit into 128 bits.
    LargeNumber,
    /// The normal form has too many parts.
    TooLong,
    /// Some products of sums were left as products.
    Partial,
}

impl Trouble {
    /// The reason in words, for a reader of the rule.
    pub fn text(self) -> &'static str {
        match self {
            Self::LargeNumber => {
                "as written: its numbers have too many digits for exact arithmetic"
            }
            Self::TooLong => "as written: its normal form would be too long",
            Self::Partial => "not multiplied out in full: that would be too long",
        }
    }
}

/// The most monomials that one expression may need.
const MOST_MONOS: usize = 20_000;
/// The most terms that the sums of one expression may have together.
const MOST_TERMS: usize = 200_000;

/// A point to go back to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    atoms: usize,
    monos: usize,
    factors: usize,
    polys: usize,
    terms: usize,
}

impl Store {
    pub(super) fn new() -> Self {
        let mut store = Self {
            atoms: Vec::new(),
            atom_table: Table::default(),
            monos: Vec::new(),
            mono_table: Table::default(),
            factors: Vec::new(),
            polys: Vec::new(),
            poly_table: Table::default(),
            terms: Vec::new(),
            numbers: FxHashMap::default(),
            trouble: None,
            is_partial: false,
            depth: 0,
        };
        let zero = store.intern_poly(&[]);
        let unit = store.intern_mono(&[], zero);
        let one = store.intern_poly(&[Term {
            coef: Rational::ONE,
            mono: unit,
        }]);
        debug_assert!(zero == ZERO && unit == UNIT && one == ONE);
        store
    }

    /// Whether what was made so far leaves room for another rule, so that no limit is met earlier or later than in an empty store.
    pub(super) fn has_room(&self) -> bool {
        self.monos.len() < MOST_MONOS / 2 && self.terms.len() < MOST_TERMS / 2
    }

    /// Whether so much was made since the mark that a limit might have been met in an empty store, had there been nothing before it.
    pub(super) fn is_large_since(&self, mark: Mark) -> bool {
        self.monos.len() - mark.monos > MOST_MONOS / 4
            || self.terms.len() - mark.terms > MOST_TERMS / 4
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            atoms: self.atoms.len(),
            monos: self.monos.len(),
            factors: self.factors.len(),
            polys: self.polys.len(),
            terms: self.terms.len(),
        }
    }

    /// Forgets all that was made since the mark.
    pub(super) fn truncate(&mut self, mark: Mark) {
        self.atoms.truncate(mark.atoms);
        self.atom_table.truncate(mark.atoms);
        self.monos.truncate(mark.monos);
        self.mono_table.truncate(mark.monos);
        self.factors.truncate(mark.factors);
        self.polys.truncate(mark.polys);
        self.poly_table.truncate(mark.polys);
        self.terms.truncate(mark.terms);
        self.trouble = None;
        self.is_partial = false;
        self.depth = 0;
    }

    pub(super) fn atom(&self, id: AtomId) -> &Atom {
        &self.atoms[id.0 as usize]
    }

    pub(super) fn mono(&self, id: MonoId) -> &Mono {
        &self.monos[id.0 as usize]
    }

    pub(super) fn poly(&self, id: PolyId) -> &Poly {
        &self.polys[id.0 as usize]
    }

    pub(super) fn factors(&self, id: MonoId) -> &[Factor] {
        let mono = self.mono(id);
        &self.factors[mono.start as usize..(mono.start + mono.len) as usize]
    }

    pub(super) fn terms(&self, id: PolyId) -> &[Term] {
        let poly = self.poly(id);
        &self.terms[poly.start as usize..(poly.start + poly.len) as usize]
    }

    /// The only term, where there is just one.
    pub(super) fn single(&self, id: PolyId) -> Option<Term> {
        match *self.terms(id) {
            [term] => Some(term),
            [] | [_, _, ..] => None,
        }
    }

    /// The number, where the polynomial is one.
    pub(super) fn as_number(&self, id: PolyId) -> Option<Rational> {
        match *self.terms(id) {
            [] => Some(Rational::ZERO),
            [term] if term.mono == UNIT => Some(term.coef),
            [_, ..] => None,
        }
    }

    /// A result of exact arithmetic, or trouble.
    pub(super) fn fits(&mut self, value: Option<Rational>) -> Rational {
        value.unwrap_or_else(|| {
            self.trouble = Some(Trouble::LargeNumber);
            Rational::ONE
        })
    }

    /// The atom of a kind; its facts follow from its parts.
    pub(super) fn intern_atom(&mut self, kind: Kind) -> AtomId {
        let hash = self.hash_of_kind(kind);
        let atoms = &self.atoms;
        if let Some(found) = self
            .atom_table
            .find(hash, |entry| atoms[entry as usize].kind == kind)
        {
            return AtomId(found);
        }
        let atom = self.describe(kind, hash);
        let id = self.atom_table.add(hash);
        self.atoms.push(atom);
        AtomId(id)
    }

    /// The monomial of sorted factors and an exponent of e.
    pub(super) fn intern_mono(&mut self, factors: &[Factor], exp: PolyId) -> MonoId {
        let mut hash = mix(0x6d6f_6e6f, self.poly_hash(exp));
        for factor in factors {
            let flags = u64::from(factor.sign)
                | u64::from(factor.support) << 1
                | u64::from(factor.domain) << 2;
            #[allow(clippy::cast_possible_truncation, reason = "the low half is the hash")]
            let atom = self.atom(factor.atom).order as u64;
            hash = mix(mix(mix(hash, atom), hash_rational(factor.power)), flags);
        }
        let (monos, pool) = (&self.monos, &self.factors);
        let found = self.mono_table.find(hash, |entry| {
            let mono = &monos[entry as usize];
            mono.exp == exp
                && pool[mono.start as usize..(mono.start + mono.len) as usize] == *factors
        });
        if let Some(found) = found {
            return MonoId(found);
        }
        if self.monos.len() > MOST_MONOS {
            self.trouble = Some(Trouble::TooLong);
            if !self.monos.is_empty() {
                return UNIT;
            }
        }
        let mut mono = Mono {
            start: u32::try_from(self.factors.len()).expect("factors are numbered with 32 bits"),
            len: u32::try_from(factors.len()).expect("a product is short"),
            exp,
            order: 0,
            is_total: true,
            is_random: false,
            is_delicate: false,
            is_noisy: false,
            has_sum: false,
            has_sum_support: false,
            stage: Stage::Script,
            shape: Shape::Scalar,
        };
        if exp != ZERO {
            let exp = self.poly(exp);
            mono.is_random = exp.is_random;
            mono.is_delicate = exp.is_delicate;
            mono.is_noisy = exp.is_noisy;
            mono.stage = exp.stage;
            mono.shape = exp.shape;
        }
        for factor in factors {
            let atom = self.atom(factor.atom);
            mono.is_total &= atom.is_total
                && !((factor.domain || factor.power.is_negative()) && atom.range.zero);
            mono.is_random |= atom.is_random;
            let is_sum = matches!(atom.kind, Kind::Sum(_));
            let is_natural = factor.sign == factor.power.is_odd() || atom.range.is_non_negative();
            let is_power = is_natural && !factor.support;
            mono.is_noisy |= atom.is_noisy;
            let is_mixed = atom.is_noisy && (is_sum || matches!(atom.kind, Kind::Pow(..)));
            mono.is_delicate |= atom.is_delicate || (is_sum && !is_power) || is_mixed;
            mono.has_sum |=
                matches!(atom.kind, Kind::Sum(_)) && factor.power.compare(Rational::ONE).is_ge();
            mono.has_sum_support |= factor.support && matches!(atom.kind, Kind::Sum(_));
            mono.stage = mono.stage.max(atom.stage);
            mono.shape = join(mono.shape, atom.shape);
        }
        mono.order = self.mono_order(factors, mono.stage, hash);
        self.factors.extend_from_slice(factors);
        self.monos.push(mono);
        MonoId(self.mono_table.add(hash))
    }

    /// The polynomial of sorted terms.
    pub(super) fn intern_poly(&mut self, terms: &[Term]) -> PolyId {
        let mut hash = 0x706f_6c79;
        for term in terms {
            #[allow(clippy::cast_possible_truncation, reason = "the low half is the hash")]
            let mono = self.mono(term.mono).order as u64;
            hash = mix(mix(hash, mono), hash_rational(term.coef));
        }
        let (polys, pool) = (&self.polys, &self.terms);
        let found = self.poly_table.find(hash, |entry| {
            let poly = &polys[entry as usize];
            pool[poly.start as usize..(poly.start + poly.len) as usize] == *terms
        });
        if let Some(found) = found {
            return PolyId(found);
        }
        let mut poly = Poly {
            start: u32::try_from(self.terms.len()).expect("terms are numbered with 32 bits"),
            len: u32::try_from(terms.len()).expect("a sum is short"),
            hash,
            is_total: true,
            is_random: false,
            is_delicate: false,
            is_noisy: false,
            stage: Stage::Script,
            shape: Shape::Scalar,
            range: None,
        };
        for term in terms {
            let mono = self.mono(term.mono);
            poly.is_total &= mono.is_total;
            poly.is_random |= mono.is_random;
            poly.is_noisy |= mono.is_noisy;
            poly.is_delicate |= mono.is_delicate || term.coef.is_zero();
            poly.stage = poly.stage.max(mono.stage);
            poly.shape = join(poly.shape, mono.shape);
        }
        if self.terms.len() > MOST_TERMS {
            self.trouble.get_or_insert(Trouble::TooLong);
        }
        self.terms.extend_from_slice(terms);
        self.polys.push(poly);
        PolyId(self.poly_table.add(hash))
    }

    pub(super) fn remember_range(&mut self, id: PolyId, range: Range) {
        self.polys[id.0 as usize].range = Some(range);
    }

    pub(super) fn poly_hash(&self, id: PolyId) -> u64 {
        if self.polys.is_empty() {
            0
        } else {
            self.poly(id).hash
        }
    }

    fn mono_order(&self, factors: &[Factor], stage: Stage, hash: u64) -> u128 {
        if stage == Stage::Script {
            // Constants come last, 1 last of all.
            let is_one = factors.is_empty() && hash == mix(0x6d6f_6e6f, self.poly_hash(ZERO));
            return (u128::MAX - u128::from(!is_one)) << 64 | u128::from(hash);
        }
        let mut order = 0u128;
        for place in 0..3 {
            let rank = factors
                .get(place)
                .map_or(0, |factor| self.atom(factor.atom).order >> 64);
            order = order << 16 | rank;
        }
        order << 80 | u128::from(hash)
    }

    fn hash_of_kind(&self, kind: Kind) -> u64 {
        let of = |tag: u64, parts: &[u64]| {
            parts
                .iter()
                .fold(mix(0x6174_6f6d, tag), |hash, part| mix(hash, *part))
        };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "hashes may lose bits"
        )]
        match kind {
            Kind::Leaf(leaf) => of(1, &leaf_code(leaf)),
            Kind::Opaque(bits) => of(2, &[bits]),
            Kind::Pi => of(3, &[]),
            Kind::Sum(poly) => of(4, &[self.poly_hash(poly)]),
            Kind::Log(atom) => of(5, &[self.atom(atom).order as u64]),
            Kind::LogNumber(of_what) => of(6, &[of_what as u64, (of_what >> 64) as u64]),
            Kind::Real(poly) => of(7, &[self.poly_hash(poly)]),
            Kind::Pow(base, exponent) => of(8, &[self.poly_hash(base), self.poly_hash(exponent)]),
            Kind::Mask { keep, index, shape } => of(
                9,
                &[self.poly_hash(keep), u64::from(index), shape_code(shape)],
            ),
            Kind::LastUpdate(origin) => of(10, &[u64::from(origin)]),
            Kind::Own(origin, body) => of(11, &[u64::from(origin), self.poly_hash(body)]),
            Kind::Func(op, [x, y, z], shape) => {
                // The name, not the number: numbers change when an op is added to the table.
                let name = op
                    .name()
                    .bytes()
                    .fold(0, |hash, byte| mix(hash, u64::from(byte)));
                of(
                    12,
                    &[
                        name,
                        self.poly_hash(x),
                        self.poly_hash(y),
                        self.poly_hash(z),
                        shape_code(shape),
                    ],
                )
            }
        }
    }
}

/// The shape of a product or sum; the source was checked, so the shapes fit.
pub(super) fn join(x: Shape, y: Shape) -> Shape {
    x.broadcast(y).unwrap_or(x)
}

pub(super) fn hash_rational(value: Rational) -> u64 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "hashes may lose bits"
    )]
    let (num, den) = (value.num() as u64, value.den() as u64);
    mix(num, den)
}

fn leaf_code(leaf: Leaf) -> [u64; 2] {
    match leaf {
        Leaf::Grad => [1, 0],
        Leaf::Weight => [2, 0],
        Leaf::Step => [3, 0],
        Leaf::Total => [4, 0],
        Leaf::Noise => [5, 0],
        Leaf::StepNoise => [6, 0],
        Leaf::Coordinate(index) => [7, u64::from(index)],
    }
}

fn shape_code(shape: Shape) -> u64 {
    use crate::types::Dim;
    let side = |dim: Dim| match dim {
        Dim::One => 1,
        Dim::Rows => 2,
        Dim::Cols => 3,
    };
    match shape {
        Shape::Scalar => 0,
        Shape::Own => 1,
        Shape::Matrix(rows, cols) => 2 + 4 * side(rows) + 16 * side(cols),
    }
}
