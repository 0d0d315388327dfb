//! Whether two rules are equal: yes by normal form, no by a counter-example, or unknown.
//!
//! Equal means the same update for all gradients, weights, steps and noise, and for all values of what is remembered, each `ema(..)`, `total(..)`
//! and so on being a value of its own; with masks or noise, the same distribution of updates. A point at which either update is undefined is no
//! difference.
//!
//! *Yes* comes from the normal form. *No* comes with a point at which both rules are evaluated in exact arithmetic, or between bounds
//! ([`value`]), and certainly differ ([`search`]); whatever is not certain, by arithmetic or by what the search found, is *unknown*.

mod chance;
mod evaluate;
mod points;
mod read;
mod report;
mod search;
mod tensor;
mod value;
mod words;

pub use report::Quantity;

use super::store::{Factor, Kind, ONE, PolyId, Store, Trouble, ZERO};
use super::{Algebra, Rational, sees_itself};
use crate::ir::Rule;
use crate::op::Op;
use evaluate::{Atoms, Point};
use rustc_hash::FxHashMap;
use std::cmp::Ordering;
use tensor::Sides;
use value::Value;

/// What is known of two rules.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// They are equal.
    Yes(Yes),
    /// They are not.
    No(Box<No>),
    /// Neither could be shown.
    Unknown(Unknown),
}

/// Why two rules are equal.
#[derive(Clone, PartialEq, Debug)]
pub struct Yes {
    /// Why the normal form that they share is not a full one, where it is not.
    pub trouble: Option<Trouble>,
    /// Whether they are equal only where both are defined.
    pub where_defined: bool,
    /// A point at which just one of them is defined, where that was found.
    pub lost: Option<Lost>,
}

/// Why two rules are not equal.
#[derive(Clone, PartialEq, Debug)]
pub struct No {
    /// Where they differ.
    pub example: Example,
    /// The constant by which they differ everywhere, if it is one.
    pub multiple: Option<Multiple>,
}

/// Why nothing could be shown.
#[derive(Clone, PartialEq, Debug)]
pub struct Unknown {
    /// At how many points both updates were evaluated, and no difference was certain.
    pub points: usize,
    /// Why there was no full normal form to compare, where there was none.
    pub trouble: Option<Trouble>,
    /// The constant by which they differ, if it is one.
    pub multiple: Option<Multiple>,
    /// A point at which just one of them is defined.
    pub lost: Option<Lost>,
}

/// A point at which two rules differ.
#[derive(Clone, PartialEq, Debug)]
pub struct Example {
    /// What the rules read, with its value.
    pub at: Vec<Setting>,
    /// What they give.
    pub results: Results,
}

/// The value of something a rule reads.
#[derive(Clone, PartialEq, Debug)]
pub struct Setting {
    /// Its text: `g`, `ema(g, 0.9)`.
    pub name: String,
    /// Its value.
    pub value: Quantity,
}

/// What two rules give at one point.
#[derive(Clone, PartialEq, Debug)]
pub enum Results {
    /// Their updates.
    Updates {
        /// That of the first.
        first: Quantity,
        /// That of the second.
        second: Quantity,
        /// The first less the second, where the two look the same.
        difference: Option<Quantity>,
    },
    /// The chances of an update, where they have masks or noise.
    Chances {
        /// The update.
        of: Quantity,
        /// Whether smaller updates count too.
        or_less: bool,
        /// The chance with the first.
        first: Quantity,
        /// The chance with the second.
        second: Quantity,
    },
    /// The means of a power of the update, where they have masks or noise.
    Means {
        /// The power.
        power: u32,
        /// That of the first.
        first: Quantity,
        /// That of the second.
        second: Quantity,
    },
}

/// A constant by which one rule is another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Multiple {
    /// The first rule divided by the second, as an expression.
    pub factor: String,
    /// Whether it is below zero: then no learning rate makes up for it.
    pub is_negative: bool,
}

/// A point at which just one of two rules is defined.
#[derive(Clone, PartialEq, Debug)]
pub struct Lost {
    /// What the rules read, with its value.
    pub at: Vec<Setting>,
    /// Whether it is the first that is undefined.
    pub is_first: bool,
}

impl Verdict {
    /// `yes`, `no` or `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Yes(_) => "yes",
            Self::No(_) => "no",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The constant by which the rules differ, if it is one.
    pub fn multiple(&self) -> Option<&Multiple> {
        match self {
            Self::Yes(_) => None,
            Self::No(no) => no.multiple.as_ref(),
            Self::Unknown(unknown) => unknown.multiple.as_ref(),
        }
    }
}

impl Algebra {
    /// Whether two rules are equal.
    pub fn equal(&mut self, first: &Rule, second: &Rule) -> Verdict {
        if first.text() == second.text() {
            return Verdict::Yes(Yes {
                trouble: None,
                where_defined: false,
                lost: None,
            });
        }
        let keys = self.keys([first, second]);
        self.forget();
        let [first, second] = self.store.read_pair([first, second], &keys);
        let polys = first.poly().zip(second.poly());
        let is_partial = |store: &Store| store.is_partial.then_some(Trouble::Partial);
        let mut multiple = None;
        let mut where_defined = false;
        if let Some((a, b)) = polys {
            let (a, b) = (self.store.settle(a), self.store.settle(b));
            if self.store.trouble.is_none() {
                if a == b {
                    return Verdict::Yes(Yes {
                        trouble: is_partial(&self.store),
                        where_defined: false,
                        lost: None,
                    });
                }
                let (open_a, open_b) = (self.store.opened(a), self.store.opened(b));
                if open_a == open_b && self.store.trouble.is_none() {
                    return Verdict::Yes(Yes {
                        trouble: is_partial(&self.store),
                        where_defined: false,
                        lost: None,
                    });
                }
                where_defined = self.store.agree_where_defined(open_a, open_b);
                self.store.trouble = None;
                if !sees_itself(first.rule) && !sees_itself(second.rule) {
                    multiple = self.multiple(a, b);
                }
            }
            self.store.trouble = None;
        }
        let trouble = match polys {
            Some(_) => is_partial(&self.store),
            None => Some(first.trouble.or(second.trouble).unwrap_or(Trouble::TooLong)),
        };
        let found = self.search(&first, &second, where_defined);
        if where_defined {
            return Verdict::Yes(Yes {
                trouble,
                where_defined,
                lost: found.lost,
            });
        }
        match found.example {
            Some(example) => Verdict::No(Box::new(No { example, multiple })),
            None => Verdict::Unknown(Unknown {
                points: found.points,
                trouble,
                multiple,
                lost: found.lost,
            }),
        }
    }

    /// The constant `a / b`, if it is one.
    fn multiple(&mut self, a: PolyId, b: PolyId) -> Option<Multiple> {
        let (a_factor, a_rest) = self.store.split_multiple(a, true);
        let (b_factor, b_rest) = self.store.split_multiple(b, true);
        let (a_rest, b_rest) = (self.store.settle(a_rest), self.store.settle(b_rest));
        if a_rest != b_rest || a_factor == b_factor {
            return None;
        }
        let factor = self.store.div(a_factor, b_factor);
        let nowhere = Point {
            sides: Sides::ONE,
            values: FxHashMap::default(),
        };
        let value = *Atoms::new(&self.store, &nowhere)
            .poly(factor)
            .values
            .first()?;
        let is_negative = value.order(Value::ZERO)? == Ordering::Less;
        let factor = self.write(factor, None)?.text();
        Some(Multiple {
            factor,
            is_negative,
        })
    }
}

/// The most bounds that are written as absolute values.
const MOST_OPENED: usize = 8;

impl Store {
    /// A polynomial with `max`, `min` and `clip` written as absolute values: longer than a normal form should be, but it shows that
    /// `max(x, y)` is `(x + y + |x - y|) / 2`.
    fn opened(&mut self, root: PolyId) -> PolyId {
        let mut root = root;
        for _ in 0..MOST_OPENED {
            let found =
                self.reachable(root)
                    .into_iter()
                    .find_map(|atom| match self.atom(atom).kind {
                        Kind::Func(op @ (Op::Max | Op::Min | Op::Clip), [x, y, _], _) => {
                            Some((atom, op, x, y))
                        }
                        _ => None,
                    });
            let Some((atom, op, x, y)) = found else {
                break;
            };
            let (sum, difference) = (self.add(x, y), self.sub(x, y));
            let spread = self.abs(difference);
            let twice = match op {
                Op::Max => self.add(sum, spread),
                Op::Min => self.sub(sum, spread),
                // The bound is positive.
                _ => {
                    let sum = self.abs(sum);
                    self.sub(sum, spread)
                }
            };
            let value = self.scale(twice, Rational::HALF);
            root = self.replace(root, &FxHashMap::from_iter([(atom, value)]));
        }
        root
    }

    /// Whether two polynomials are equal wherever both are defined: they are made undefined at the same points, and compared.
    fn agree_where_defined(&mut self, a: PolyId, b: PolyId) -> bool {
        let mut factors = Vec::new();
        for poly in [a, b] {
            for term in self.terms(poly) {
                for factor in self.factors(term.mono) {
                    if factor.domain || factor.power.is_negative() {
                        factors.push(Factor {
                            power: Rational::ZERO,
                            sign: false,
                            support: false,
                            domain: true,
                            ..*factor
                        });
                    }
                }
            }
        }
        let domain = self.mono_of_factors(factors, ZERO);
        let domain = self.poly_of_mono(Rational::ONE, domain);
        let difference = self.sub(a, b);
        let difference = if domain == ONE {
            difference
        } else {
            self.mul(difference, domain)
        };
        let is_zero = self
            .terms(difference)
            .iter()
            .all(|term| term.coef.is_zero());
        is_zero && self.trouble.is_none()
    }
}
