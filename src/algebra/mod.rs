//! The algebra of rules: one normal form for all ways to write the same update.
//!
//! Two rules are equal when they give the same update for all real gradients, weights, averages, steps and noise, in exact arithmetic; rules with
//! noise or masks when they have the same distribution. Zero is a value like any other: gradients of dead units are exactly 0, so `sign(g)^2`
//! is not 1, `g / g` is undefined at 0, and `sign(g) * |g|` is `g`.
//!
//! [`Algebra::normal`] reads a rule's graph into a sum of products over exact fractions (`store`, `sum`, `product`), takes functions apart by
//! rules that hold for every finite value (`function`, `linear`), settles what randomness leaves open (`random`), and writes the result back as a
//! rule (`emit`). The text of that rule is the normal form; the hash of its structure is the key. Whatever cannot be handled exactly falls back to the rule as it
//! is written, which is a weaker form but never a wrong one, and says so ([`Normal::trouble`]).
//!
//! *Invariant:* reading the normal form gives the normal form, so equal texts mean equal rules. Order never depends on what was seen before.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a rewrite looks for a few kinds of atoms or ops; that it is none of them is one case"
)]

mod build;
mod cost;
mod division;
mod emit;
mod equal;
mod facts;
mod function;
mod intern;
mod key;
mod linear;
mod number;
mod power;
mod product;
mod random;
mod rational;
mod replace;
mod simplify;
mod store;
mod sum;
pub mod tokens;
mod write;

pub use cost::cost;
pub use equal::{Example, Lost, Multiple, No, Quantity, Results, Setting, Unknown, Verdict, Yes};
pub use simplify::{Limits, Simplifier};
pub use store::Trouble;

use crate::ir::{Node, Rule};
use crate::op::{Leaf, Op};
use crate::types::Shape;
use emit::Emitter;
use key::Keys;
use rational::Rational;
use rustc_hash::FxHashMap;
use store::{Kind, Mark, PolyId, Store};

/// The workshop in which normal forms are made; one serves for any number of rules and what it remembers of them is bounded.
#[derive(Debug)]
pub struct Algebra {
    store: Store,
    kept: Mark,
    /// Where the rule under construction begins.
    rule: Mark,
    /// What ops on parts gave, since all but the kept parts was last forgotten.
    results: FxHashMap<(Op, [PolyId; 3], Shape, u32), PolyId>,
    keys: Keys,
    masks: u32,
}

/// Which difference between rules does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UpTo {
    /// Every difference counts.
    Nothing,
    /// A positive constant factor does not: a sweep over learning rates makes such rules the same.
    Rate,
    /// No constant factor but zero does.
    RateAndSign,
}

/// The normal form of a rule.
#[derive(Clone, Debug)]
pub struct Normal {
    rule: Rule,
    text: String,
    key: [u8; 16],
    multiple: Option<String>,
    factor: f64,
    trouble: Option<Trouble>,
}

/// A part of a rule under construction, until the next [`Algebra::begin`]; parts that were [kept](Algebra::keep) stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part(PolyId);

impl Default for Part {
    /// The number 0.
    fn default() -> Self {
        Self(store::ZERO)
    }
}

impl Algebra {
    /// A workshop.
    pub fn new() -> Self {
        let store = Store::new();
        let kept = store.mark();
        Self {
            store,
            kept,
            rule: kept,
            results: FxHashMap::default(),
            keys: Keys::new(),
            masks: 0,
        }
    }

    /// The normal form of a rule.
    pub fn normal(&mut self, rule: &Rule) -> Normal {
        self.normal_up_to(rule, UpTo::Nothing)
    }

    /// The normal form of a rule without the constant factor that does not count; that is then [`Normal::multiple`].
    pub fn normal_up_to(&mut self, rule: &Rule, up_to: UpTo) -> Normal {
        self.afresh(|algebra| algebra.normal_of(rule, up_to))
    }

    fn normal_of(&mut self, rule: &Rule, up_to: UpTo) -> Normal {
        let read = self.store.read(rule);
        if let Some((factor, poly)) = self.settled(read, up_to, sees_itself(rule)) {
            let key = self.keys.of_poly(&self.store, poly);
            let has_factor = factor.is_some();
            let multiple = factor.and_then(|factor| self.write(factor, None));
            let number = multiple
                .as_ref()
                .and_then(|multiple| multiple.graph().node(multiple.root()).as_number());
            let factor = number.unwrap_or(if has_factor { f64::NAN } else { 1.0 });
            if let Some(normal) = self.write(poly, Some(rule)) {
                return Normal {
                    text: normal.text(),
                    rule: normal,
                    key,
                    multiple: multiple.map(|rule| rule.text()),
                    factor,
                    trouble: self.store.is_partial.then_some(Trouble::Partial),
                };
            }
            return Normal {
                rule: rule.clone(),
                text: rule.text(),
                key,
                multiple: None,
                factor,
                trouble: self.store.trouble.or(Some(Trouble::TooLong)),
            };
        }
        let text = rule.text();
        Normal {
            rule: rule.clone(),
            key: self.keys.of_text(&text),
            text,
            multiple: None,
            factor: 1.0,
            trouble: self.store.trouble.or(Some(Trouble::TooLong)),
        }
    }

    /// The key of a rule: [`Normal::key`] without the work of writing the normal form.
    pub fn key(&mut self, rule: &Rule, up_to: UpTo) -> [u8; 16] {
        self.afresh(|algebra| {
            let read = algebra.store.read(rule);
            match algebra.settled(read, up_to, sees_itself(rule)) {
                Some((_, poly)) => algebra.keys.of_poly(&algebra.store, poly),
                None => algebra.keys.of_text(&rule.text()),
            }
        })
    }

    /// Something about one rule, which does not depend on the rules before it.
    fn afresh<T>(&mut self, make: impl Fn(&mut Self) -> T) -> T {
        self.begin();
        let made = make(self);
        if self.must_begin_again() {
            make(self)
        } else {
            made
        }
    }

    /// Forgets all parts but kept ones.
    fn forget(&mut self) {
        self.store.truncate(self.kept);
        self.rule = self.kept;
        self.results.clear();
        self.masks = 0;
    }

    /// Starts a rule that is built part by part. What it has in common with rules before it may be remembered, within bounds; what
    /// comes out does not depend on that, if [`Algebra::must_begin_again`] is asked at the end.
    pub fn begin(&mut self) {
        let is_sound = self.store.trouble.is_none() && !self.store.is_partial;
        if is_sound && self.store.has_room() {
            self.rule = self.store.mark();
            self.masks = 0;
        } else {
            self.forget();
        }
    }

    /// Whether the rule needed so much beside what is remembered that its normal form might depend on that. All is forgotten then, and
    /// the rule is to be built again.
    pub fn must_begin_again(&mut self) -> bool {
        let is_late = self.rule != self.kept && self.store.is_large_since(self.rule);
        if is_late {
            self.forget();
        }
        is_late
    }

    /// Keeps a rule's update as a part of rules to come; none where it has masks or previous updates, whose meaning depends on
    /// what is around them. Rules under construction are forgotten.
    pub fn keep(&mut self, rule: &Rule) -> Option<Part> {
        self.forget();
        let is_plain = rule.graph().iter().all(|(_, node)| {
            !matches!(
                node,
                Node::Drop { .. } | Node::Own { .. } | Node::LastUpdate(_)
            )
        });
        if !is_plain {
            return None;
        }
        let part = self.store.read(rule);
        if self.store.trouble.is_some() {
            self.forget();
            return None;
        }
        self.kept = self.store.mark();
        self.rule = self.kept;
        Some(Part(part))
    }

    /// A number.
    pub fn number(&mut self, value: f64) -> Part {
        Part(self.store.double(value))
    }

    /// A leaf.
    pub fn leaf(&mut self, leaf: Leaf) -> Part {
        let atom = self.store.intern_atom(Kind::Leaf(leaf));
        Part(self.store.poly_of(atom))
    }

    /// An elementwise op, `ema`, `trace`, `total` or `peak` on parts, the first of which was written with this shape; a `drop` gets a
    /// mask of its own.
    pub fn op(&mut self, op: Op, args: &[Part], shape: Shape) -> Part {
        let mut polys = [store::ZERO; 3];
        for (poly, part) in polys.iter_mut().zip(args) {
            *poly = part.0;
        }
        let mask = self.masks;
        self.masks += u32::from(op == Op::Drop);
        if let Some(known) = self.results.get(&(op, polys, shape, mask)) {
            return Part(*known);
        }
        let result = if op == Op::Drop {
            let keep = self.store.complement(polys[1]);
            self.store.dropped(polys[0], keep, mask, shape)
        } else {
            self.store.apply(op, &polys[..args.len()], shape)
        };
        self.results.insert((op, polys, shape, mask), result);
        Part(result)
    }

    /// An average without the bias of its start at zero; `beta` is the average's.
    pub fn debias(&mut self, average: Part, beta: f64) -> Part {
        let beta = self.store.double(beta);
        let call = (Op::Debias, [average.0, beta, store::ZERO], Shape::Scalar, 0);
        if let Some(known) = self.results.get(&call) {
            return Part(*known);
        }
        let result = self.store.debias(average.0, beta);
        self.results.insert(call, result);
        Part(result)
    }

    /// The key of a part; none where it has no normal form.
    pub fn key_of(&mut self, part: Part, up_to: UpTo) -> Option<[u8; 16]> {
        let (_, poly) = self.settled(part.0, up_to, false)?;
        Some(self.keys.of_poly(&self.store, poly))
    }

    /// The normal form of a part as text, with the constant factor that was taken out; none where it has none, or one that is
    /// not complete.
    pub fn text_of(&mut self, part: Part, up_to: UpTo) -> Option<(Option<String>, String)> {
        let (factor, poly) = self.settled(part.0, up_to, false)?;
        let multiple = match factor {
            Some(factor) => Some(self.write(factor, None)?.text()),
            None => None,
        };
        let text = self.write(poly, None)?.text();
        (!self.store.is_partial).then_some((multiple, text))
    }

    /// The representative of all rules equal to a polynomial, and the factor that was taken out; none after trouble.
    fn settled(
        &mut self,
        poly: PolyId,
        up_to: UpTo,
        sees_itself: bool,
    ) -> Option<(Option<PolyId>, PolyId)> {
        let mut poly = self.store.settle(poly);
        let mut factor = None;
        // A rule that sees its own update changes with its multiples.
        if up_to != UpTo::Nothing && !sees_itself && self.store.trouble.is_none() {
            let any_sign = up_to == UpTo::RateAndSign;
            let (multiple, rest) = self.store.split_multiple(poly, any_sign);
            let (number, rest) = self.store.settle_multiple(rest, any_sign);
            let multiple = self.store.scale(multiple, number);
            poly = rest;
            factor = (multiple != store::ONE).then_some(multiple);
        }
        if !sees_itself {
            poly = self.read_back(poly);
        }
        self.store.trouble.is_none().then_some((factor, poly))
    }

    /// What the text of a polynomial reads as, until that is the same; for what may be anything else than itself.
    fn read_back(&mut self, poly: PolyId) -> PolyId {
        let mut poly = poly;
        for _ in 0..MOST_READINGS {
            if !self.store.poly(poly).is_delicate || self.store.trouble.is_some() {
                break;
            }
            let mut emitter = Emitter::new(&mut self.store, poly);
            let root = emitter.poly(poly);
            let graph = emitter.graph;
            if self.store.trouble.is_some() {
                break;
            }
            let rule = Rule::new(&graph, root);
            if written_parts(&rule) > MOST_PARTS {
                break;
            }
            let again = self.store.read(&rule);
            let again = self.store.settle(again);
            if again == poly {
                break;
            }
            poly = again;
        }
        poly
    }

    /// A polynomial as a rule that reads back as the polynomial; none, with trouble, where there is no such text.
    fn write(&mut self, poly: PolyId, like: Option<&Rule>) -> Option<Rule> {
        let mut emitter = Emitter::new(&mut self.store, poly);
        let mut root = emitter.poly(poly);
        let is_unusual = emitter.is_unusual;
        let mut graph = emitter.graph;
        if let Some(like) = like
            && let Node::Own { rule, .. } = like.graph().node(like.root())
        {
            root = graph.own(rule, root);
        }
        if self.store.trouble.is_some() {
            return None;
        }
        let rule = Rule::new(&graph, root);
        let parts = written_parts(&rule);
        if parts > MOST_PARTS {
            self.store.trouble.get_or_insert(Trouble::TooLong);
            return None;
        }
        let is_unusual = is_unusual || parts > MANY_PARTS || self.store.poly(poly).is_delicate;
        if is_unusual || cfg!(debug_assertions) {
            let again = self.store.read(&rule);
            let again = self.store.settle(again);
            debug_assert!(
                again == poly || is_unusual,
                "only unusual normal forms may fail to read back: {}",
                rule.text()
            );
            if again != poly {
                self.store.trouble.get_or_insert(Trouble::LargeNumber);
                return None;
            }
        }
        Some(rule)
    }
}

/// Whether a rule's update depends on its own previous one.
fn sees_itself(rule: &Rule) -> bool {
    matches!(rule.graph().node(rule.root()), Node::Own { .. })
}

impl Default for Algebra {
    fn default() -> Self {
        Self::new()
    }
}

impl Store {
    /// A polynomial as a constant factor, positive unless any sign will do, and the rest.
    fn split_multiple(&mut self, poly: PolyId, any_sign: bool) -> (PolyId, PolyId) {
        let product = self.as_product(poly);
        if product.coef.is_zero() {
            return (store::ONE, poly);
        }
        let coef = if any_sign {
            product.coef
        } else {
            product.coef.abs()
        };
        let (constant, _) = self.split_constant(product.mono);
        let (number, inverse) = self.power_of_mono(constant, Rational::MINUS_ONE);
        let inverse = self.expanded(number, inverse);
        let inverse = self.scale(inverse, coef.recip());
        let rest = self.mul(poly, inverse);
        let factor = self.expanded(coef, constant);
        (factor, rest)
    }
}

impl Normal {
    /// The normal form as a rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The normal form as text; reading it gives the same normal form.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The constant factor that was taken out, where one was.
    pub fn multiple(&self) -> Option<&str> {
        self.multiple.as_deref()
    }

    /// The constant factor that was taken out as a number; 1 where none was, NaN where it is none.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Why this is no full normal form, or even the rule as it was written; none where it is one.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }

    /// The key: equal normal forms and no others have the same. Stable across machines and versions of the same major.
    pub fn key(&self) -> [u8; 16] {
        self.key
    }

    /// The key as 32 hexadecimal digits.
    pub fn key_text(&self) -> String {
        key_text(self.key)
    }
}

/// A key as 32 hexadecimal digits.
pub fn key_text(key: [u8; 16]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    key.iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// The most operands and operators of a normal form that is written out.
const MOST_PARTS: usize = 4096;
/// How often the text of a normal form is read again.
const MOST_READINGS: usize = 4;
/// From so many on, a normal form is checked to read back as itself: reading it might need too much.
const MANY_PARTS: usize = 512;

/// How many operands and operators the text of a rule has: what is shared in the graph is written each time.
fn written_parts(rule: &Rule) -> usize {
    let mut parts: Vec<usize> = Vec::with_capacity(rule.graph().len());
    for (_, node) in rule.graph().iter() {
        let args = node.args();
        let below = args.as_slice().iter().map(|arg| parts[arg.0 as usize]);
        parts.push(below.fold(1, usize::saturating_add));
    }
    parts[rule.root().0 as usize]
}
