//! The search for a point at which two rules differ.

use super::super::Algebra;
use super::super::rational::Rational;
use super::super::store::{AtomId, Kind, PolyId, Store};
use super::chance::{self, Chance};
use super::evaluate::{Atoms, Draw, Input, Point, Reading, of_graph, sees_shape};
use super::points::{self, Axis};
use super::report::Quantity;
use super::tensor::{Sides, Tensor};
use super::value::Value;
use super::{Example, Lost, Results, Setting};
use crate::ir::{Node, Rule};
use crate::op::Leaf;
use std::collections::BTreeSet;

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) example: Option<Example>,
    pub(super) points: usize,
    pub(super) lost: Option<Lost>,
}

/// The most points at which distributions of noise are compared.
const MOST_NOISY: usize = 40;

/// The most numbers of rules that points are made from.
const MOST_CONSTANTS: usize = 12;

/// A pair of rules with all that is computed once.
struct Pair<'a> {
    first: &'a Reading<'a>,
    second: &'a Reading<'a>,
    /// The first less the second, where neither draws anything.
    difference: Option<PolyId>,
    /// The differences of the updates, their squares and cubes, where both draw.
    powers: Vec<[PolyId; 3]>,
}

impl Algebra {
    /// Looks for a difference, or just for a point where one rule is undefined.
    pub(super) fn search(
        &mut self,
        first: &Reading<'_>,
        second: &Reading<'_>,
        only_lost: bool,
    ) -> Found {
        let axes = points::axes(&mut self.store, &[first, second]);
        let has_draws = chance::draws(first) || chance::draws(second);
        // Memories of noise that are not the same ones may still be distributed alike.
        let memories = |reading: &Reading<'_>| -> BTreeSet<u32> {
            reading.random_states.values().copied().collect()
        };
        let (a, b) = (memories(first), memories(second));
        let is_comparable = a == b || a.is_empty() || b.is_empty();
        let rules = [first.rule, second.rule];
        let plans = points::plans(&axes, &constants(rules), &sides(rules, has_draws));
        let pair = Pair {
            first,
            second,
            difference: self.store.difference(first, second, has_draws),
            powers: self.store.powers(first, second, has_draws),
        };
        let mut found = Found::default();
        let mut noisy = 0;
        for plan in &plans {
            let Some(point) = plan.point(&self.store, &axes) else {
                continue;
            };
            let results = if has_draws {
                noisy += 1;
                if noisy > MOST_NOISY && !pair.has_masks_only() {
                    break;
                }
                pair.drawn(&self.store, &point)
            } else {
                pair.compared(&self.store, &point)
            };
            match results {
                Compared::Lost { is_first } if found.lost.is_none() => {
                    let at = self.settings(&axes, &point, [first, second]);
                    found.lost = Some(Lost { at, is_first });
                    if only_lost {
                        break;
                    }
                }
                Compared::Same => found.points += 1,
                Compared::Differ(results) if is_comparable && !only_lost => {
                    let at = self.settings(&axes, &point, [first, second]);
                    found.example = Some(Example { at, results });
                    break;
                }
                Compared::Differ(_) | Compared::Lost { .. } | Compared::Unclear => {}
            }
        }
        found
    }

    /// The values of a point, for readers.
    fn settings(
        &mut self,
        axes: &[Axis],
        point: &Point,
        readings: [&Reading<'_>; 2],
    ) -> Vec<Setting> {
        let mut out = Vec::new();
        for axis in axes.iter().filter(|axis| axis.is_shown) {
            let Some(value) = point.values.get(&axis.input) else {
                continue;
            };
            let name = match axis.input {
                Input::Leaf(Leaf::Coordinate(index)) => format!("coordinate {index}"),
                Input::Leaf(leaf) => leaf.info().map_or("", |info| info.name).to_owned(),
                Input::State(atom) => self.name_of_state(atom, readings),
                Input::RandomState(number) => readings
                    .iter()
                    .find_map(|reading| {
                        let (node, _) = reading
                            .random_states
                            .iter()
                            .find(|(_, known)| **known == number)?;
                        Some(Rule::new(reading.rule.graph(), *node).text())
                    })
                    .unwrap_or_default(),
                Input::LastUpdate(_) => "last(update)".to_owned(),
            };
            out.push(Setting {
                name,
                value: Quantity::of_tensor(value),
            });
        }
        self.store.trouble = None;
        out
    }
}

impl Algebra {
    /// The text of something remembered: that of a node, or else of its normal form.
    fn name_of_state(&mut self, atom: AtomId, readings: [&Reading<'_>; 2]) -> String {
        let poly = self.store.poly_of(atom);
        for reading in readings {
            let mut states = reading
                .nodes()
                .filter(|(_, node)| matches!(node, Node::Apply(op, _) if op.has_state()));
            let node = states.find(|(id, _)| reading.polys[id.0 as usize] == Some(poly));
            if let Some((node, _)) = node {
                return Rule::new(reading.rule.graph(), node).text();
            }
        }
        let has_origins = self.store.reachable(poly).into_iter().any(|atom| {
            matches!(
                self.store.atom(atom).kind,
                Kind::LastUpdate(_) | Kind::Own(..) | Kind::Mask { .. }
            )
        });
        let written = if has_origins {
            None
        } else {
            self.write(poly, None)
        };
        written.map_or_else(|| "a part remembered".to_owned(), |rule| rule.text())
    }
}

/// What a point shows.
enum Compared {
    Same,
    Differ(Results),
    Lost { is_first: bool },
    Unclear,
}

impl Pair<'_> {
    /// The updates of rules without masks and noise.
    fn compared(&self, store: &Store, point: &Point) -> Compared {
        let draw = Draw::default();
        let a = of_graph(store, self.first, point, &draw);
        let b = of_graph(store, self.second, point, &draw);
        let difference = self.difference.map(|difference| {
            Atoms::new(store, point)
                .poly(difference)
                .stretched(point.sides)
        });
        let is_defined = |tensor: &Tensor| tensor.values.iter().all(|value| value.is_defined());
        if !is_defined(&a) || !is_defined(&b) {
            let is_lost = |tensor: &Tensor| tensor.values.contains(&Value::Undefined);
            return if is_lost(&a) && is_defined(&b) {
                Compared::Lost { is_first: true }
            } else if is_lost(&b) && is_defined(&a) {
                Compared::Lost { is_first: false }
            } else {
                Compared::Unclear
            };
        }
        for (index, (x, y)) in a.values.iter().zip(&b.values).enumerate() {
            let by_form = difference.as_ref().map(|tensor| tensor.values[index]);
            let is_clear = x.differs(*y);
            if is_clear && by_form == Some(Value::ZERO) {
                debug_assert!(false, "the normal form and the graph agree: {x:?}, {y:?}");
                return Compared::Unclear;
            }
            let is_small = by_form.is_some_and(chance::is_off);
            if is_clear || is_small {
                return Compared::Differ(updates(&a, &b, *x, *y, by_form));
            }
        }
        Compared::Same
    }

    /// Distributions of updates, where a rule has masks or noise.
    fn drawn(&self, store: &Store, point: &Point) -> Compared {
        let outcomes = |reading| chance::outcomes(store, reading, point);
        let has_masks_only = self.has_masks_only();
        let both = outcomes(self.first).zip(outcomes(self.second));
        let Some((a, b)) = &both else {
            return Compared::Unclear;
        };
        if has_masks_only && let Some(chance) = chance::apart(a, b) {
            return Compared::Differ(chances(chance));
        }
        for (power, [difference, first, second]) in (1..).zip(&self.powers) {
            let mean = |poly: PolyId| chance::mean(store, poly, point);
            if mean(*difference).is_some_and(chance::is_off)
                && let (Some(first), Some(second)) = (mean(*first), mean(*second))
            {
                let (first, second) = Quantity::pair(first, second);
                return Compared::Differ(Results::Means {
                    power,
                    first,
                    second,
                });
            }
        }
        match chance::apart(a, b) {
            Some(chance) => Compared::Differ(chances(chance)),
            None => Compared::Same,
        }
    }

    fn has_masks_only(&self) -> bool {
        [self.first, self.second].iter().all(|reading| {
            reading
                .nodes()
                .all(|(_, node)| !matches!(node, Node::Leaf(Leaf::Noise | Leaf::StepNoise)))
        })
    }
}

fn updates(a: &Tensor, b: &Tensor, x: Value, y: Value, difference: Option<Value>) -> Results {
    let (mut first, mut second) = Quantity::pair(x, y);
    if a.values.len() > 1 {
        (first, second) = (Quantity::of_tensor(a), Quantity::of_tensor(b));
    }
    let looks_same = first.to_string() == second.to_string();
    let difference = looks_same.then(|| Quantity::of(difference.unwrap_or_else(|| x.sub(y))));
    Results::Updates {
        first,
        second,
        difference,
    }
}

fn chances(chance: Chance) -> Results {
    let (first, second) = Quantity::pair(chance.first, chance.second);
    Results::Chances {
        of: Quantity::of(chance.of),
        or_less: chance.or_less,
        first,
        second,
    }
}

/// The numbers that stand in some rules.
fn constants(rules: [&Rule; 2]) -> Vec<Rational> {
    let mut out: Vec<Rational> = Vec::new();
    for rule in rules {
        for (_, node) in rule.graph().iter() {
            let number = node
                .as_number()
                .map(|number| Value::of_double(number.abs()));
            if let Some(Value::Exact(number)) = number
                && !number.is_zero()
                && !out.contains(&number)
                && out.len() < MOST_CONSTANTS
            {
                out.push(number);
            }
        }
    }
    out
}

/// The parameters that are tried: one element, and several where rules see more than one.
fn sides(rules: [&Rule; 2], has_draws: bool) -> Vec<Sides> {
    let sides = |rows, cols| Sides { rows, cols };
    let sees = rules.iter().any(|rule| {
        rule.graph()
            .iter()
            .any(|(_, node)| matches!(node, Node::Apply(op, _) if sees_shape(op)))
    });
    let mut out = vec![Sides::ONE];
    if sees && !has_draws {
        if rules.iter().any(|rule| rule.needs_matrix()) {
            out.extend([sides(2, 2), sides(2, 3), sides(3, 2)]);
        } else {
            out.extend([sides(1, 2), sides(1, 3)]);
        }
    }
    out
}

impl Store {
    fn difference(
        &mut self,
        first: &Reading<'_>,
        second: &Reading<'_>,
        has_draws: bool,
    ) -> Option<PolyId> {
        let (a, b) = first.poly().zip(second.poly())?;
        let is_random = self.poly(a).is_random || self.poly(b).is_random;
        if has_draws || is_random {
            return None;
        }
        let difference = self.sub(a, b);
        self.trouble.take().is_none().then_some(difference)
    }

    /// For the first powers: the difference of both rules' and each of them.
    fn powers(
        &mut self,
        first: &Reading<'_>,
        second: &Reading<'_>,
        has_draws: bool,
    ) -> Vec<[PolyId; 3]> {
        let mut out = Vec::new();
        let Some((a, b)) = first.poly().zip(second.poly()).filter(|_| has_draws) else {
            return out;
        };
        let (mut x, mut y) = (a, b);
        for power in 1..=3 {
            if power > 1 {
                (x, y) = (self.mul(x, a), self.mul(y, b));
            }
            let difference = self.sub(x, y);
            if self.trouble.take().is_some() {
                break;
            }
            out.push([difference, x, y]);
        }
        out
    }
}
