//! Keys: 128 bits that equal normal forms share and no others do.
//!
//! A polynomial is written as bytes in its own order, every part once and referred to by its number afterwards, and the bytes are hashed with
//! BLAKE3. The bytes depend on the structure alone, so keys are the same on every machine and in every process.

use super::store::{AtomId, Factor, Kind, PolyId, Store, ZERO};
use crate::op::Leaf;
use crate::types::{Dim, Shape};
use rustc_hash::FxHashMap;

/// What keys are for, with the version of the normal form: a change of the form must change this.
const CONTEXT: &str = "nos 0 normal form of an update rule";

/// Writes keys; keeps its room from one to the next.
#[derive(Debug)]
pub(super) struct Keys {
    hasher: blake3::Hasher,
    bytes: Vec<u8>,
    atoms: FxHashMap<AtomId, u32>,
    polys: FxHashMap<PolyId, u32>,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            hasher: blake3::Hasher::new_derive_key(CONTEXT),
            bytes: Vec::new(),
            atoms: FxHashMap::default(),
            polys: FxHashMap::default(),
        }
    }

    /// The key of a polynomial.
    pub(super) fn of_poly(&mut self, store: &Store, poly: PolyId) -> [u8; 16] {
        self.bytes.clear();
        self.atoms.clear();
        self.polys.clear();
        self.bytes.push(b'P');
        self.poly(store, poly);
        self.finish()
    }

    /// The key of a rule that has no normal form, by its text.
    pub(super) fn of_text(&mut self, text: &str) -> [u8; 16] {
        self.bytes.clear();
        self.bytes.push(b'T');
        self.bytes.extend_from_slice(text.as_bytes());
        self.finish()
    }

    fn finish(&mut self) -> [u8; 16] {
        self.hasher.reset();
        self.hasher.update(&self.bytes);
        let mut key = [0; 16];
        key.copy_from_slice(&self.hasher.finalize().as_bytes()[..16]);
        key
    }

    fn number(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    fn rational(&mut self, value: super::rational::Rational) {
        // Small parts, which nearly all are, take nine bytes.
        if let (Ok(num), Ok(den)) = (i32::try_from(value.num()), i32::try_from(value.den())) {
            self.bytes.push(4);
            self.bytes.extend_from_slice(&num.to_le_bytes());
            self.bytes.extend_from_slice(&den.to_le_bytes());
        } else {
            self.bytes.push(16);
            self.bytes.extend_from_slice(&value.num().to_le_bytes());
            self.bytes.extend_from_slice(&value.den().to_le_bytes());
        }
    }

    fn length(&mut self, len: usize) {
        self.number(u32::try_from(len).unwrap_or(u32::MAX));
    }

    fn poly(&mut self, store: &Store, id: PolyId) {
        if let Some(known) = self.polys.get(&id) {
            let known = *known;
            self.bytes.push(b'=');
            self.number(known);
            return;
        }
        let terms = store.terms(id);
        self.bytes.push(b'+');
        self.length(terms.len());
        for term in terms {
            self.rational(term.coef);
            let factors = store.factors(term.mono);
            self.length(factors.len());
            for factor in factors {
                self.factor(store, *factor);
            }
            let exp = store.mono(term.mono).exp;
            if exp == ZERO {
                self.bytes.push(b'0');
            } else {
                self.bytes.push(b'^');
                self.poly(store, exp);
            }
        }
        let number = u32::try_from(self.polys.len()).unwrap_or(u32::MAX);
        self.polys.insert(id, number);
    }

    fn factor(&mut self, store: &Store, factor: Factor) {
        self.rational(factor.power);
        let flags =
            u8::from(factor.sign) | u8::from(factor.support) << 1 | u8::from(factor.domain) << 2;
        self.bytes.push(flags);
        self.atom(store, factor.atom);
    }

    fn atom(&mut self, store: &Store, id: AtomId) {
        if let Some(known) = self.atoms.get(&id) {
            let known = *known;
            self.bytes.push(b'#');
            self.number(known);
            return;
        }
        match store.atom(id).kind {
            Kind::Leaf(leaf) => {
                let (code, index) = match leaf {
                    Leaf::Grad => (b'g', 0),
                    Leaf::Weight => (b'w', 0),
                    Leaf::Step => (b't', 0),
                    Leaf::Total => (b'T', 0),
                    Leaf::Noise => (b'e', 0),
                    Leaf::StepNoise => (b's', 0),
                    Leaf::Coordinate(index) => (b'x', index),
                };
                self.bytes.extend_from_slice(&[b'L', code]);
                self.number(index);
            }
            Kind::Opaque(bits) => {
                self.bytes.push(b'N');
                self.bytes.extend_from_slice(&bits.to_le_bytes());
            }
            Kind::Pi => self.bytes.push(b'p'),
            Kind::Sum(poly) => {
                self.bytes.push(b'S');
                self.poly(store, poly);
            }
            Kind::Log(inner) => {
                self.bytes.push(b'l');
                self.atom(store, inner);
            }
            Kind::LogNumber(of) => {
                self.bytes.push(b'n');
                self.bytes.extend_from_slice(&of.to_le_bytes());
            }
            Kind::Real(poly) => {
                self.bytes.push(b'R');
                self.poly(store, poly);
            }
            Kind::Pow(base, exponent) => {
                self.bytes.push(b'^');
                self.poly(store, base);
                self.poly(store, exponent);
            }
            Kind::Mask { keep, index, shape } => {
                self.bytes.push(b'M');
                self.poly(store, keep);
                self.number(index);
                self.shape(shape);
            }
            Kind::LastUpdate(origin) => {
                self.bytes.push(b'u');
                self.number(origin);
            }
            Kind::Own(origin, body) => {
                self.bytes.push(b'O');
                self.number(origin);
                self.poly(store, body);
            }
            Kind::Func(op, args, shape) => {
                self.bytes.push(b'F');
                // The name, not the number: numbers change when an op is added to the table.
                self.bytes.extend_from_slice(op.name().as_bytes());
                self.bytes.push(0);
                self.shape(shape);
                for arg in &args[..op.info().params.len()] {
                    self.poly(store, *arg);
                }
            }
        }
        let number = u32::try_from(self.atoms.len()).unwrap_or(u32::MAX);
        self.atoms.insert(id, number);
    }

    fn shape(&mut self, shape: Shape) {
        let side = |dim: Dim| match dim {
            Dim::One => b'1',
            Dim::Rows => b'r',
            Dim::Cols => b'c',
        };
        match shape {
            Shape::Scalar => self.bytes.push(b'-'),
            Shape::Own => self.bytes.push(b'*'),
            Shape::Matrix(rows, cols) => {
                self.bytes.push(b'm');
                self.bytes.push(side(rows));
                self.bytes.push(side(cols));
            }
        }
    }
}
