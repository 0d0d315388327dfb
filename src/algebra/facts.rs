//! What is known of values in normal form: range, zero, stage, shape.
//!
//! Ranges come from the op table's interval arithmetic, the same that the checker's warnings use; here it is applied to factors, monomials and sums.
//! Bounds are doubles while the algebra is exact, so a sum whose bounds nearly cancel gives up the bound rather than trust its sign.

use super::rational::Rational;
use super::store::{Atom, AtomId, Factor, Kind, MonoId, PolyId, Store, Term, UNIT, ZERO, join};
use crate::op::{Leaf, Op};
use crate::types::{Range, Shape, Stage};

impl Store {
    /// The facts of an atom that is new.
    pub(super) fn describe(&mut self, kind: Kind, hash: u64) -> Atom {
        let mut atom = Atom {
            kind,
            order: u128::from(rank(kind)) << 64 | u128::from(hash),
            range: Range::ANY,
            is_binary: false,
            is_total: true,
            is_random: false,
            is_delicate: false,
            is_noisy: false,
            stage: Stage::Script,
            shape: Shape::Scalar,
        };
        let inherit = |atom: &mut Atom, store: &Self, id: PolyId| {
            let poly = store.poly(id);
            atom.is_total &= poly.is_total;
            atom.is_random |= poly.is_random;
            atom.is_delicate |= poly.is_delicate;
            atom.is_noisy |= poly.is_noisy;
            atom.stage = atom.stage.max(poly.stage);
            atom.shape = join(atom.shape, poly.shape);
        };
        match kind {
            Kind::Leaf(leaf) => {
                let ty = leaf.ty();
                (atom.stage, atom.shape, atom.range) = (ty.stage, ty.shape, leaf.range());
                if matches!(leaf, Leaf::Noise | Leaf::StepNoise) {
                    // A normal draw is zero with probability zero.
                    (atom.is_random, atom.is_noisy) = (true, true);
                    atom.range = atom.range.without_zero();
                }
            }
            Kind::Opaque(bits) => {
                let value = f64::from_bits(bits);
                atom.range = Range::point(value);
                atom.is_total = value.is_finite();
            }
            Kind::Pi => atom.range = Range::point(std::f64::consts::PI),
            Kind::Sum(poly) => {
                inherit(&mut atom, self, poly);
                atom.range = self.range(poly);
            }
            Kind::Log(inner) => {
                let inner = *self.atom(inner);
                (atom.stage, atom.shape) = (inner.stage, inner.shape);
                atom.is_random = inner.is_random;
                atom.is_delicate = inner.is_delicate;
                atom.is_noisy = inner.is_noisy;
                atom.is_total = inner.is_total && !inner.range.zero;
                atom.range = Op::Log.range(&[Op::Abs.range(&[inner.range])]);
            }
            #[allow(clippy::cast_precision_loss, reason = "a bound")]
            Kind::LogNumber(of) => atom.range = Range::point(libm::log(of as f64)),
            Kind::Real(poly) => {
                inherit(&mut atom, self, poly);
                atom.is_total = false;
                let range = self.range(poly);
                atom.range = Range {
                    lo: range.lo.max(0.0),
                    hi: range.hi.max(0.0),
                    ..range
                };
            }
            Kind::Pow(base, exponent) => {
                inherit(&mut atom, self, base);
                inherit(&mut atom, self, exponent);
                atom.is_total = false;
                let args = [self.range(base), self.range(exponent)];
                // A base above zero and an infinite exponent are no matter here: finite values only.
                atom.range = Op::Pow.range(&args);
            }
            Kind::Mask { shape, .. } => {
                atom.range = Range::UNIT.whole();
                atom.is_random = true;
                (atom.stage, atom.shape) = (Stage::Step, shape);
            }
            Kind::LastUpdate(_) => (atom.stage, atom.shape) = (Stage::Tensor, Shape::Own),
            Kind::Own(_, body) => {
                inherit(&mut atom, self, body);
                atom.range = self.range(body);
            }
            Kind::Func(op, args, _) => self.describe_function(&mut atom, op, args),
        }
        let range = atom.range;
        atom.is_binary = range.whole && range.zero && range.lo >= 0.0 && range.hi <= 1.0;
        atom
    }

    fn describe_function(&mut self, atom: &mut Atom, op: Op, args: [PolyId; 3]) {
        let count = op.info().params.len();
        let mut ranges = [Range::ANY; 3];
        let mut types = [crate::types::ExprTy::NUM; 3];
        for (index, arg) in args.iter().take(count).enumerate() {
            ranges[index] = self.range(*arg);
            let poly = self.poly(*arg);
            atom.is_total &= poly.is_total;
            atom.is_random |= poly.is_random;
            atom.is_delicate |= poly.is_delicate;
            atom.is_noisy |= poly.is_noisy;
            types[index] = crate::types::ExprTy {
                stage: poly.stage,
                shape: poly.shape,
            };
        }
        // A polynomial may have lost the shape it was written with; then the shape of the parts is all that is needed.
        if let Ok(ty) = op.result(&types[..count]) {
            (atom.stage, atom.shape) = (ty.stage, ty.shape);
        } else {
            (atom.stage, atom.shape) = (Stage::Tensor, Shape::Own);
        }
        atom.range = op.range(&ranges[..count]);
        match op {
            // The power of an infinite logarithm can be zero.
            Op::Exp if !atom.is_total => atom.range = Range::NON_NEGATIVE,
            Op::Rem => atom.is_total &= !ranges[1].zero,
            Op::Div | Op::Pow | Op::Log | Op::Sqrt | Op::Orthogonalize => atom.is_total = false,
            _ => {}
        }
    }

    /// Whether a value can be exactly zero.
    pub(super) fn may_be_zero(&self, atom: AtomId) -> bool {
        self.atom(atom).range.zero
    }

    pub(super) fn factor_range(&self, factor: Factor) -> Range {
        let atom = self.atom(factor.atom).range;
        let mut range = Range::point(1.0);
        if !factor.power.is_zero() {
            let size = Op::Abs.range(&[atom]);
            range = if factor.power == Rational::ONE {
                size
            } else {
                Op::Pow.range(&[size, Range::point(factor.power.to_f64())])
            };
        }
        if factor.sign {
            range = Op::Mul.range(&[range, Op::Sign.range(&[atom])]);
        }
        if factor.support {
            range = Op::Mul.range(&[range, Op::Abs.range(&[Op::Sign.range(&[atom])])]);
        }
        range
    }

    pub(super) fn mono_range(&mut self, id: MonoId) -> Range {
        let mut range = Range::point(1.0);
        let exp = self.mono(id).exp;
        if exp != ZERO {
            let exponent = self.range(exp);
            range = Op::Exp.range(&[exponent]);
        }
        let (mut step, mut total) = (None, None);
        for index in 0..self.factors(id).len() {
            let factor = self.factors(id)[index];
            match self.atom(factor.atom).kind {
                Kind::Leaf(Leaf::Step) if factor.power.is_positive() => step = Some(factor),
                Kind::Leaf(Leaf::Total) if factor.power.is_negative() => total = Some(factor),
                _ => range = Op::Mul.range(&[range, self.factor_range(factor)]),
            }
        }
        match (step, total) {
            (Some(step), Some(total)) => {
                // The step never passes the total, so as many of both as there are give a share.
                let (up, down) = (step.power, total.power.neg());
                let rest = match up.compare(down) {
                    std::cmp::Ordering::Less => Some(Factor {
                        power: up.add(total.power).unwrap_or(total.power),
                        ..total
                    }),
                    std::cmp::Ordering::Greater => Some(Factor {
                        power: up.add(total.power).unwrap_or(step.power),
                        ..step
                    }),
                    std::cmp::Ordering::Equal => None,
                };
                range = Op::Mul.range(&[range, Range::UNIT]);
                if let Some(rest) = rest {
                    range = Op::Mul.range(&[range, self.factor_range(rest)]);
                }
            }
            (Some(only), None) | (None, Some(only)) => {
                range = Op::Mul.range(&[range, self.factor_range(only)]);
            }
            (None, None) => {}
        }
        range
    }

    /// The values a polynomial can take.
    pub(super) fn range(&mut self, id: PolyId) -> Range {
        if let Some(range) = self.poly(id).range {
            return range;
        }
        let (absolute, terms) = self.split_sizes(id);
        let mut parts: Vec<(MonoId, f64)> = Vec::with_capacity(terms.len());
        for term in terms {
            let (mono, weight) = self.without_logs_of_numbers(term.mono);
            let value = term.coef.to_f64() * weight;
            match parts.iter_mut().find(|(other, _)| *other == mono) {
                // Logarithms of numbers are numbers: 2 log 3 - log 10 is one negative coefficient.
                Some((_, sum)) => *sum += value,
                None => parts.push((mono, value)),
            }
        }
        let mut total: Option<Range> = None;
        let mut sizes = (0.0, 0.0);
        let mut is_exact = true;
        for (mono, coef) in parts {
            let range = if mono == UNIT {
                Range::point(coef)
            } else {
                let range = self.mono_range(mono);
                Op::Mul.range(&[Range::point(coef), range])
            };
            let finite = |value: f64| if value.is_finite() { value.abs() } else { 0.0 };
            sizes.0 += finite(range.lo);
            sizes.1 += finite(range.hi);
            is_exact &= is_grid(range.lo) && is_grid(range.hi);
            total = Some(match total {
                None => range,
                Some(sum) => Op::Add.range(&[sum, range]),
            });
        }
        for size in absolute {
            let times = self.range(size.times);
            let sum = self.range(size.sum);
            let sum = Op::Abs.range(&[sum]);
            let range = Op::Mul.range(&[times, sum]);
            is_exact = false;
            total = Some(match total {
                None => range,
                Some(total) => Op::Add.range(&[total, range]),
            });
        }
        let mut range = total.unwrap_or(Range::point(0.0));
        if !is_exact && self.terms(id).len() > 1 {
            range = careful(range, sizes);
        }
        range.zero &= !self.is_between_whole_numbers(id);
        self.remember_range(id, range);
        range
    }

    /// Whether a sum is a whole number and a fraction, as `sign(g) + delta` is: never zero.
    fn is_between_whole_numbers(&mut self, id: PolyId) -> bool {
        let terms = self.terms(id);
        let is_fraction = |term: &Term| term.mono == UNIT && !term.coef.is_whole();
        if terms.len() < 2 || !terms.iter().any(is_fraction) {
            return false;
        }
        let terms = terms.to_vec();
        terms.into_iter().all(|term| {
            term.mono == UNIT || (term.coef.is_whole() && self.mono_range(term.mono).whole)
        })
    }

    /// A monomial without logarithms of numbers, and their product as a double.
    fn without_logs_of_numbers(&mut self, id: MonoId) -> (MonoId, f64) {
        let is_log = |store: &Self, factor: &Factor| {
            matches!(store.atom(factor.atom).kind, Kind::LogNumber(_))
                && factor.power == Rational::ONE
        };
        let factors = self.factors(id);
        if !factors.iter().any(|factor| is_log(self, factor)) {
            return (id, 1.0);
        }
        let mut weight = 1.0;
        let mut rest = Vec::with_capacity(factors.len());
        for factor in factors {
            if is_log(self, factor) {
                weight *= self.atom(factor.atom).range.lo;
            } else {
                rest.push(*factor);
            }
        }
        let exp = self.mono(id).exp;
        (self.intern_mono(&rest, exp), weight)
    }
}

/// Whether sums of such bounds are exact: multiples of 2^-20 that are not large.
fn is_grid(bound: f64) -> bool {
    let scaled = bound * 1_048_576.0;
    bound.is_infinite() || (scaled.abs() < 1e14 && scaled.trunc().to_bits() == scaled.to_bits())
}

/// A bound near zero, compared with what it is a sum of, may be on the other side of zero in truth.
fn careful(range: Range, sizes: (f64, f64)) -> Range {
    let mut out = range;
    let slack = |size: f64| 1e-9 * size;
    if range.lo >= 0.0 && range.lo < slack(sizes.0) && sizes.0 > range.lo * 1.5 {
        out.lo = -slack(sizes.0);
        out.zero = true;
    }
    if range.hi <= 0.0 && -range.hi < slack(sizes.1) && sizes.1 > -range.hi * 1.5 {
        out.hi = slack(sizes.1);
        out.zero = true;
    }
    out
}

/// The place of an atom among the others, for readers.
fn rank(kind: Kind) -> u16 {
    match kind {
        Kind::Opaque(_) | Kind::Pi => 1,
        Kind::LogNumber(_) => 2,
        Kind::Mask { .. } => 5,
        Kind::Leaf(Leaf::Grad) => 10,
        Kind::Func(op, ..) if op.has_state() => 20,
        Kind::LastUpdate(_) | Kind::Own(..) => 25,
        Kind::Leaf(Leaf::Coordinate(_)) => 28,
        Kind::Func(..) | Kind::Pow(..) | Kind::Real(_) => 30,
        Kind::Log(_) => 35,
        Kind::Sum(_) => 40,
        Kind::Leaf(Leaf::Weight) => 50,
        Kind::Leaf(Leaf::Noise) => 60,
        Kind::Leaf(Leaf::StepNoise) => 65,
        Kind::Leaf(Leaf::Step) => 70,
        Kind::Leaf(Leaf::Total) => 75,
    }
}
