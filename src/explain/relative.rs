//! Which known rules a rule is: the same, a multiple, or a member of a family.
//!
//! Known rules stand on a [`Shelf`] under the key of their normal form without its constant factor, so that one look finds all of them
//! that differ by a factor at most.

use crate::algebra::{Algebra, UpTo};
use crate::ir::{self, Rule};
use rustc_hash::FxHashMap;

/// What a rule has in common with a known one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Link {
    /// They are equal.
    Equal,
    /// One is a positive multiple of the other.
    Rate,
    /// One is a negative multiple of the other.
    Sign,
}

/// A known rule that a rule is akin to.
#[derive(Clone, PartialEq, Debug)]
pub struct Relative {
    /// The known rule's name.
    pub name: String,
    /// The parameters it takes to be akin; none for the rule with its defaults.
    pub with: Vec<(String, String)>,
    /// How they are akin.
    pub link: Link,
    /// How many times the known rule the rule is.
    pub times: f64,
}

impl Relative {
    /// The known rule in words: `powersign with base 2`.
    pub fn title(&self) -> String {
        if self.with.is_empty() {
            return self.name.clone();
        }
        let with: Vec<String> = self
            .with
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        format!("{} with {}", self.name, with.join(", "))
    }

    /// The kinship in words: `equal to m up to learning rate: 10 times`.
    pub fn text(&self) -> String {
        let title = self.title();
        match self.link {
            Link::Equal if self.with.is_empty() => format!("equal to {title}"),
            Link::Equal => format!("this is {title}"),
            Link::Rate => format!(
                "equal to {title} up to learning rate: {} times",
                factor_text(self.times)
            ),
            Link::Sign => format!(
                "equal to {title} up to sign: {} times",
                factor_text(self.times)
            ),
        }
    }
}

/// A factor as a reader would write it: quotients of rounded numbers lose their last digits.
pub(super) fn factor_text(factor: f64) -> String {
    let rounded: f64 = format!("{factor:.11e}").parse().unwrap_or(factor);
    if (rounded - factor).abs() <= 4.0 * f64::EPSILON * factor.abs() {
        ir::number_text(rounded)
    } else if ir::number_text(factor).len() > 8 {
        format!("{factor:.4}")
    } else {
        ir::number_text(factor)
    }
}

/// The standard library as far as explanations need it.
pub trait Library {
    /// The known rules that a rule is akin to, the closest first.
    fn relatives(&mut self, rule: &Rule) -> Vec<Relative>;

    /// What the checker warns of in a rule.
    fn warnings(&mut self, rule: &Rule) -> Vec<String>;
}

/// Known rules by their keys.
#[derive(Debug, Default)]
pub struct Shelf {
    algebra: Algebra,
    known: Vec<Known>,
    by_key: FxHashMap<[u8; 16], Vec<usize>>,
}

#[derive(Debug)]
struct Known {
    name: String,
    factor: f64,
}

impl Shelf {
    /// Puts a known rule on the shelf; of two that are the same the first is found first.
    pub fn add(&mut self, name: &str, rule: &Rule) {
        let (key, factor) = self.place(rule);
        self.by_key.entry(key).or_default().push(self.known.len());
        self.known.push(Known {
            name: name.to_owned(),
            factor,
        });
    }

    /// The known rules that a rule is a multiple of, equal ones first.
    pub fn find(&mut self, rule: &Rule) -> Vec<Relative> {
        let (key, factor) = self.place(rule);
        let places = self.by_key.get(&key).map_or(&[] as &[usize], Vec::as_slice);
        let mut found: Vec<Relative> = places
            .iter()
            .filter_map(|place| {
                let known = &self.known[*place];
                relative(&known.name, Vec::new(), factor, known.factor)
            })
            .collect();
        found.sort_by_key(|relative| relative.link);
        found
    }

    /// Whether a rule is a multiple of a member of a family.
    pub fn compare(
        &mut self,
        rule: &Rule,
        name: &str,
        with: &[(String, String)],
        member: &Rule,
    ) -> Option<Relative> {
        let (key, factor) = self.place(rule);
        let (member_key, member_factor) = self.place(member);
        (key == member_key)
            .then(|| relative(name, with.to_vec(), factor, member_factor))
            .flatten()
    }

    /// The normal form of a rule, as a rule.
    pub fn normal(&mut self, rule: &Rule) -> Rule {
        self.algebra.normal(rule).rule().clone()
    }

    fn place(&mut self, rule: &Rule) -> ([u8; 16], f64) {
        let normal = self.algebra.normal_up_to(rule, UpTo::RateAndSign);
        (normal.key(), normal.factor())
    }
}

#[allow(clippy::float_cmp, reason = "equal rules have equal factors")]
fn relative(name: &str, with: Vec<(String, String)>, factor: f64, known: f64) -> Option<Relative> {
    let times = factor / known;
    if !times.is_finite() {
        return None;
    }
    let link = if factor == known {
        Link::Equal
    } else if times > 0.0 {
        Link::Rate
    } else {
        Link::Sign
    };
    Some(Relative {
        name: name.to_owned(),
        with,
        link,
        times,
    })
}
