//! What a rule gives at a point: a value, or the distribution that its masks and noise make.
//!
//! Elements of a parameter share some draws (`eps_t`, the mask of a scalar) and not others, so a law has two levels: a group for each outcome
//! of what is shared, and in it the values over outcomes of what is not. Where something is shared, a second element with other inputs, the
//! partner, is part of the law: `eps_t` and `sign(g) * eps_t` look alike in one element, not in two. Groups and values are sorted and equal
//! ones merged, so rules have one law when no choice of inputs tells them apart.

use crate::ball::Ball;
use crate::random;
use std::cmp::Ordering;

/// What a rule gives at one point.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Cell {
    /// Nothing is known.
    Lost,
    /// Always this value, or always undefined.
    Point(Ball),
    /// One of several values.
    Law(Box<[Group]>),
}

/// One outcome of what all elements share.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Group {
    pub(crate) weight: f64,
    pub(crate) atoms: Vec<Atom>,
    /// The values of the partner; none where nothing is shared.
    pub(crate) partner: Vec<Atom>,
}

/// One value of an element.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Atom {
    pub(crate) weight: f64,
    pub(crate) value: Ball,
}

/// One thing that chance decides, with two outcomes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Chance {
    /// Whether all elements share it.
    pub(crate) is_shared: bool,
    /// The probability of the second outcome.
    pub(crate) probability: f64,
}

/// How two rules compare at a point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// One of them is not known here.
    Vacuous,
    Equal,
    /// They differ in where they are defined.
    Domain,
    /// Both are defined, and they differ.
    Differs,
}

/// Weights are sums of a few products of numbers such as 0.3.
const WEIGHT_TOLERANCE: f64 = 1e-9;

impl Cell {
    /// The law of values given for every combination of outcomes; the first chance is the lowest bit. The partner's values are read where a
    /// chance is shared.
    pub(crate) fn new(values: &[Ball], partner: &[Ball], chances: &[Chance]) -> Self {
        let first = values[0];
        let is_certain = |value: &Ball| *value != Ball::Lost && value.may_equal(first);
        if values.iter().all(is_certain) {
            return Self::Point(first);
        }
        let shared = bits(chances, true);
        let partner = if shared == 0 { &[] } else { partner };
        let sharp = |values: &[Ball]| {
            let size = values.iter().map(|value| value.size()).fold(0.0, f64::max);
            values.iter().all(|value| value.is_sharp(size))
        };
        if !sharp(values) || !sharp(partner) {
            return Self::Lost;
        }
        let groups = (0..values.len())
            .filter(|outcome| outcome & !shared == 0)
            .map(|common| {
                let atoms = |values: &[Ball]| {
                    let here = values.iter().enumerate();
                    let here = here.filter(|(outcome, _)| outcome & shared == common);
                    merge_atoms(
                        here.map(|(outcome, value)| Atom {
                            weight: weight(chances, outcome, false),
                            value: *value,
                        })
                        .collect(),
                    )
                };
                Group {
                    weight: weight(chances, common, true),
                    atoms: atoms(values),
                    partner: atoms(partner),
                }
            })
            .collect();
        Self::Law(merge_groups(groups).into_boxed_slice())
    }

    /// Whether some outcome is undefined.
    pub(crate) fn has_undefined(&self) -> bool {
        match self {
            Self::Lost => false,
            Self::Point(value) => value.is_undefined(),
            Self::Law(groups) => groups
                .iter()
                .flat_map(|group| group.atoms.iter().chain(&group.partner))
                .any(|atom| atom.value.is_undefined()),
        }
    }

    /// How this rule and another compare at a point.
    pub(crate) fn compare(&self, other: &Self) -> Verdict {
        match (self, other) {
            (Self::Lost, _) | (_, Self::Lost) => Verdict::Vacuous,
            (Self::Point(a), Self::Point(b)) => {
                if !a.may_equal(*b) {
                    self.difference(other)
                } else if a.is_telling(*b) {
                    Verdict::Equal
                } else {
                    Verdict::Vacuous
                }
            }
            (Self::Law(a), Self::Law(b)) if laws_match(a, b) => Verdict::Equal,
            (Self::Law(_) | Self::Point(_), _) => self.difference(other),
        }
    }

    fn difference(&self, other: &Self) -> Verdict {
        if self.has_undefined() || other.has_undefined() {
            Verdict::Domain
        } else {
            Verdict::Differs
        }
    }

    /// A hash of the rounded values; none where rounding could go either way.
    pub(crate) fn hash(&self) -> Option<u64> {
        self.hash_scaled(1.0)
    }

    /// As [`Cell::hash`], of the values times a factor.
    pub(crate) fn hash_scaled(&self, factor: f64) -> Option<u64> {
        match self {
            Self::Lost => None,
            Self::Point(value) => value.hash(factor),
            Self::Law(groups) => {
                // The order of the values turns round with the sign of the factor, so hashes are summed.
                let mut hash = 0_u64;
                for group in groups {
                    let atoms = hash_atoms(&group.atoms, factor)?;
                    let partner = hash_atoms(&group.partner, factor)?;
                    let inner = random::join(atoms, partner);
                    let weight = rounded_weight(group.weight);
                    hash = hash.wrapping_add(random::join(inner, weight));
                }
                Some(random::mix(hash))
            }
        }
    }

    /// The values of one element with their weights, whatever is shared; none where nothing is known.
    pub(crate) fn values(&self) -> Option<Vec<Atom>> {
        match self {
            Self::Lost => None,
            Self::Point(value) => Some(vec![Atom {
                weight: 1.0,
                value: *value,
            }]),
            Self::Law(groups) => {
                let atoms = groups.iter().flat_map(|group| {
                    group.atoms.iter().map(|atom| Atom {
                        weight: group.weight * atom.weight,
                        ..*atom
                    })
                });
                Some(merge_atoms(atoms.collect()))
            }
        }
    }

    /// The mean size of the value.
    pub(crate) fn size(&self) -> f64 {
        match self {
            Self::Lost => 0.0,
            Self::Point(value) => value.size(),
            Self::Law(groups) => groups
                .iter()
                .map(|group| {
                    let atoms = group.atoms.iter();
                    group.weight
                        * atoms
                            .map(|atom| atom.weight * atom.value.size())
                            .sum::<f64>()
                })
                .sum(),
        }
    }
}

/// The chances that are shared, or those that are not, as bits.
fn bits(chances: &[Chance], shared: bool) -> usize {
    let chances = chances.iter().enumerate();
    chances
        .filter(|(_, chance)| chance.is_shared == shared)
        .fold(0, |bits, (bit, _)| bits | 1 << bit)
}

/// The probability that the shared chances, or the others, go as in this outcome.
fn weight(chances: &[Chance], outcome: usize, shared: bool) -> f64 {
    let chances = chances.iter().enumerate();
    chances
        .filter(|(_, chance)| chance.is_shared == shared)
        .map(|(bit, chance)| {
            if outcome >> bit & 1 == 1 {
                chance.probability
            } else {
                1.0 - chance.probability
            }
        })
        .product()
}

fn hash_atoms(atoms: &[Atom], factor: f64) -> Option<u64> {
    atoms.iter().try_fold(0_u64, |hash, atom| {
        let atom = random::join(atom.value.hash(factor)?, rounded_weight(atom.weight));
        Some(hash.wrapping_add(atom))
    })
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a weight is between 0 and 1"
)]
fn rounded_weight(weight: f64) -> u64 {
    // The factor keeps sums of tenths away from where rounding changes.
    (weight * 1_234_567.89).round() as u64
}

fn merge_atoms(mut atoms: Vec<Atom>) -> Vec<Atom> {
    atoms.sort_by(|a, b| a.value.order(b.value));
    let mut out: Vec<Atom> = Vec::with_capacity(atoms.len());
    for atom in atoms {
        match out.last_mut() {
            Some(last) if last.value.may_equal(atom.value) => last.weight += atom.weight,
            Some(_) | None => out.push(atom),
        }
    }
    out
}

fn merge_groups(mut groups: Vec<Group>) -> Vec<Group> {
    groups.sort_by(order_groups);
    let mut out: Vec<Group> = Vec::with_capacity(groups.len());
    for group in groups {
        match out.last_mut() {
            Some(last) if order_groups(last, &group) == Ordering::Equal => {
                last.weight += group.weight;
            }
            Some(_) | None => out.push(group),
        }
    }
    if let [group] = out.as_mut_slice() {
        // Nothing is shared after all.
        group.partner.clear();
    }
    out
}

fn order_groups(a: &Group, b: &Group) -> Ordering {
    order_atoms(&a.atoms, &b.atoms).then_with(|| order_atoms(&a.partner, &b.partner))
}

/// The order of two lists of values, up to their errors.
fn order_atoms(a: &[Atom], b: &[Atom]) -> Ordering {
    for (a, b) in a.iter().zip(b) {
        if !a.value.may_equal(b.value) {
            return a.value.order(b.value);
        }
        if !same_weight(a.weight, b.weight) {
            return a.weight.total_cmp(&b.weight);
        }
    }
    a.len().cmp(&b.len())
}

fn laws_match(a: &[Group], b: &[Group]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| same_weight(a.weight, b.weight) && order_groups(a, b) == Ordering::Equal)
}

fn same_weight(a: f64, b: f64) -> bool {
    (a - b).abs() < WEIGHT_TOLERANCE
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lost => f.write_str("unknown"),
            Self::Point(value) => write!(f, "{value}"),
            Self::Law(groups) => {
                for (index, group) in groups.iter().enumerate() {
                    let open = if index > 0 { " " } else { "" };
                    write!(f, "{open}{:.4}{{", group.weight)?;
                    for (index, atom) in group.atoms.iter().chain(&group.partner).enumerate() {
                        let comma = match index {
                            0 => "",
                            _ if index == group.atoms.len() => " | ",
                            _ => ", ",
                        };
                        write!(f, "{comma}{}: {:.4}", atom.value, atom.weight)?;
                    }
                    f.write_str("}")?;
                }
                Ok(())
            }
        }
    }
}
