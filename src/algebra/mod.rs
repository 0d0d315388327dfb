//! The algebra of rules: one normal form for all ways to write the same update.
//!
//! Two rules are equal when they give the same update for all real gradients, weights, averages, steps and noise, in exact arithmetic; rules with
//! noise or masks when they have the same distribution. Zero is a value like any other: gradients of dead units are exactly 0, so `sign(g)^2`
//! is not 1, `g / g` is undefined at 0, and `sign(g) * |g|` is `g`.
//!
//! [`Algebra::normal`] reads a rule's graph into a sum of products over exact fractions (`store`, `sum`, `product`), takes functions apart by
//! rules that hold for every finite value (`function`, `linear`), settles what randomness leaves open (`random`), and writes the result back as a
//! rule (`emit`). The text of that rule is the normal form; its hash is the key. Whatever cannot be handled exactly falls back to the rule as it
//! is written, which is a weaker form but never a wrong one, and says so ([`Normal::trouble`]).
//!
//! *Invariant:* reading the normal form gives the normal form, so equal texts mean equal rules. Order never depends on what was seen before.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a rewrite looks for a few kinds of atoms or ops; that it is none of them is one case"
)]

mod build;
mod cost;
mod emit;
mod facts;
mod function;
mod intern;
mod linear;
mod number;
mod product;
mod random;
mod rational;
mod simplify;
mod store;
mod sum;
#[cfg(test)]
mod tests;
mod write;

pub use cost::cost;
pub use simplify::Simplifier;
pub use store::Trouble;

use crate::ir::{Node, Rule};
use emit::Emitter;
use rational::Rational;
use store::{Mark, PolyId, Store};

/// The workshop in which normal forms are made; one serves for any number of rules and keeps nothing of them.
#[derive(Debug)]
pub struct Algebra {
    store: Store,
    empty: Mark,
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
    multiple: Option<String>,
    trouble: Option<Trouble>,
}

impl Algebra {
    /// A workshop.
    pub fn new() -> Self {
        let store = Store::new();
        let empty = store.mark();
        Self { store, empty }
    }

    /// The normal form of a rule.
    pub fn normal(&mut self, rule: &Rule) -> Normal {
        self.normal_up_to(rule, UpTo::Nothing)
    }

    /// The normal form of a rule without the constant factor that does not count; that is then [`Normal::multiple`].
    pub fn normal_up_to(&mut self, rule: &Rule, up_to: UpTo) -> Normal {
        self.store.truncate(self.empty);
        let poly = self.store.read(rule);
        let mut poly = self.store.settle(poly);
        // A rule that sees its own update changes with its multiples.
        let sees_itself = matches!(rule.graph().node(rule.root()), Node::Own { .. });
        let mut multiple = None;
        if up_to != UpTo::Nothing && !sees_itself && self.store.trouble.is_none() {
            let (factor, rest) = self.store.split_multiple(poly, up_to == UpTo::RateAndSign);
            poly = self.store.settle(rest);
            if factor != store::ONE {
                multiple = self.write(factor, None).map(|rule| rule.text());
            }
        }
        let written = if self.store.trouble.is_none() {
            self.write(poly, Some(rule))
        } else {
            None
        };
        match written {
            Some(normal) => Normal {
                text: normal.text(),
                rule: normal,
                multiple,
                trouble: self.store.is_partial.then_some(Trouble::Partial),
            },
            None => Normal {
                rule: rule.clone(),
                text: rule.text(),
                multiple: None,
                trouble: self.store.trouble.or(Some(Trouble::TooLong)),
            },
        }
    }

    /// A polynomial as a rule that reads back as the polynomial; none, with trouble, where there is no such text.
    fn write(&mut self, poly: PolyId, like: Option<&Rule>) -> Option<Rule> {
        let mut emitter = Emitter::new(&mut self.store, poly);
        let mut root = emitter.poly(poly);
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
        let again = self.store.read(&rule);
        let again = self.store.settle(again);
        if again != poly {
            self.store.trouble.get_or_insert(Trouble::LargeNumber);
            return None;
        }
        Some(rule)
    }
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

    /// Why this is no full normal form, or even the rule as it was written; none where it is one.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }

    /// The key: equal normal forms and no others have the same. Stable across machines and versions of the same major.
    pub fn key(&self) -> [u8; 16] {
        let hash = blake3::Hasher::new_derive_key(KEY_CONTEXT)
            .update(self.text.as_bytes())
            .finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&hash.as_bytes()[..16]);
        key
    }

    /// The key as 32 hexadecimal digits.
    pub fn key_text(&self) -> String {
        use std::fmt::Write;
        self.key().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// What keys are for, with the version of the normal form: a change of the form must change this.
const KEY_CONTEXT: &str = "nos 0 normal form of an update rule";
