//! Distributions of updates that depend on masks and noise, and how two of them are told apart.
//!
//! Masks are enumerated with their exact probabilities. Noise is cut into cells whose probabilities are known, and the update is bounded on each
//! cell, so that the chance of an update below some number lies between two bounds; where the bounds of two rules are apart, the rules are. What is
//! a polynomial in masks and noise is told apart by its mean and mean square, which are exact.

use super::super::rational::Rational;
use super::super::store::{Kind, PolyId, Store, ZERO};
use super::evaluate::{Atoms, Draw, Input, Point, Reading, all_of_graph, of_graph};
use super::tensor::Tensor;
use super::value::Value;
use crate::ir::{Node, Origin};
use crate::op::Leaf;
use std::cmp::Ordering;

/// The most masks that are enumerated.
const MOST_MASKS: usize = 6;

/// Cells of noise, for one kind of noise and for two.
const CELLS: [usize; 2] = [1024, 40];

/// Noise beyond this many standard deviations is one cell.
const REACH: f64 = 6.0;

/// How far apart chances must be to be called different: far more than the sums and the error function err.
const APART: f64 = 1e-9;

/// One value with its chance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    value: Value,
    weight: Value,
}

/// A chance that two rules do not share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    /// The update in question.
    pub(super) of: Value,
    /// Whether smaller updates count too.
    pub(super) or_less: bool,
    pub(super) first: Value,
    pub(super) second: Value,
}

/// Whether a rule draws masks or noise in this step.
pub(super) fn draws(reading: &Reading<'_>) -> bool {
    reading.nodes().any(|(_, node)| {
        matches!(
            node,
            Node::Drop { .. } | Node::Leaf(Leaf::Noise | Leaf::StepNoise)
        )
    })
}

/// All outcomes of a rule at a point of one element; none where some are not clear or there are too many.
pub(super) fn outcomes(
    store: &Store,
    reading: &Reading<'_>,
    point: &Point,
) -> Option<Vec<Outcome>> {
    let mut masks: Vec<(Origin, Value)> = Vec::new();
    let values = all_of_graph(store, reading, point, &Draw::default());
    let (mut has_noise, mut has_step_noise) = (false, false);
    for (_, node) in reading.nodes() {
        match node {
            Node::Drop { p, mask, .. } if masks.iter().all(|(known, _)| *known != mask) => {
                let p = *values[p.0 as usize].values.first()?;
                masks.push((mask, Value::ONE.sub(p)));
            }
            Node::Leaf(Leaf::Noise) => has_noise = true,
            Node::Leaf(Leaf::StepNoise) => has_step_noise = true,
            _ => {}
        }
    }
    if masks.len() > MOST_MASKS || masks.iter().any(|(_, keep)| !keep.is_defined()) {
        return None;
    }
    let cells = CELLS[usize::from(has_noise && has_step_noise)];
    let noise = cells_of(has_noise, Some(0.1), cells)?;
    let step_noise = cells_of(has_step_noise, step_deviation(point), cells)?;
    let mut out = Vec::new();
    for kept in 0..1usize << masks.len() {
        let mut draw = Draw::default();
        let mut chance = Value::ONE;
        for (index, (mask, keep)) in masks.iter().enumerate() {
            let is_kept = kept >> index & 1 == 1;
            draw.kept.insert(*mask, is_kept);
            chance = chance.mul(if is_kept {
                *keep
            } else {
                Value::ONE.sub(*keep)
            });
        }
        if chance == Value::ZERO {
            continue;
        }
        for (noise, noise_chance) in &noise {
            for (step_noise, step_chance) in &step_noise {
                draw.noise = *noise;
                draw.step_noise = *step_noise;
                let update = of_graph(store, reading, point, &draw);
                let mut value = *update.values.first()?;
                match value {
                    // Some value or none: it says nothing, but has its chance.
                    Value::Unclear if noise.is_some() || step_noise.is_some() => {
                        value = Value::Between {
                            lo: f64::NEG_INFINITY,
                            hi: f64::INFINITY,
                        };
                    }
                    Value::Undefined | Value::Unclear => return None,
                    Value::Exact(_) | Value::Between { .. } => {}
                }
                let weight = chance.mul(*noise_chance).mul(*step_chance);
                out.push(Outcome { value, weight });
            }
        }
    }
    Some(out)
}

fn step_deviation(point: &Point) -> Option<f64> {
    let step = point.values.get(&Input::Leaf(Leaf::Step))?;
    let step = step.values.first()?.middle();
    Some(libm::pow(1.0 + step, -0.275))
}

/// Intervals of noise and their chances; one that says nothing where there is no noise.
fn cells_of(
    is_there: bool,
    deviation: Option<f64>,
    count: usize,
) -> Option<Vec<(Option<Value>, Value)>> {
    if !is_there {
        return Some(vec![(None, Value::ONE)]);
    }
    let deviation = deviation?;
    let mut bounds = vec![f64::NEG_INFINITY];
    for index in 0..=count {
        #[allow(clippy::cast_precision_loss, reason = "few cells")]
        let place = 2.0 * index as f64 / count as f64 - 1.0;
        if place.abs() < 1e-9 {
            // Zero lies inside a cell, so that all others have one sign.
            bounds.extend([-1e-9, 1e-9]);
        } else {
            bounds.push(REACH * place);
        }
    }
    bounds.push(f64::INFINITY);
    let below = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
    let cells = bounds.windows(2).map(|pair| {
        let (lo, hi) = (pair[0] * deviation, pair[1] * deviation);
        let chance = below(pair[1]) - below(pair[0]);
        (
            Some(Value::Between { lo, hi }),
            Value::Between {
                lo: chance,
                hi: chance,
            },
        )
    });
    Some(cells.collect())
}

/// A chance that certainly differs.
pub(super) fn apart(first: &[Outcome], second: &[Outcome]) -> Option<Chance> {
    if let (Some(first), Some(second)) = (exact(first), exact(second)) {
        return exactly_apart(&first, &second);
    }
    let (first, second) = (Sums::new(first)?, Sums::new(second)?);
    let mut best: Option<(f64, Chance)> = None;
    let limits = first.his.iter().chain(&second.his).map(|(at, _)| *at);
    for limit in limits.filter(|limit| limit.is_finite()) {
        let (a, b) = (first.chance(limit), second.chance(limit));
        let gap = (a.0 - b.1).max(b.0 - a.1);
        if gap > APART && best.as_ref().is_none_or(|(least, _)| gap > *least) {
            let value = |(lo, hi): (f64, f64)| Value::Between { lo, hi };
            let chance = Chance {
                of: Value::Between {
                    lo: limit,
                    hi: limit,
                },
                or_less: true,
                first: value(a),
                second: value(b),
            };
            best = Some((gap, chance));
        }
    }
    best.map(|(_, chance)| chance)
}

/// Exact values with exact chances, each value once; none where something is not exact.
fn exact(outcomes: &[Outcome]) -> Option<Vec<(Rational, Rational)>> {
    let mut out: Vec<(Rational, Rational)> = Vec::new();
    for outcome in outcomes {
        let (Value::Exact(value), Value::Exact(weight)) = (outcome.value, outcome.weight) else {
            return None;
        };
        match out.iter_mut().find(|(known, _)| *known == value) {
            Some((_, sum)) => *sum = sum.add(weight)?,
            None => out.push((value, weight)),
        }
    }
    Some(out)
}

fn exactly_apart(
    first: &[(Rational, Rational)],
    second: &[(Rational, Rational)],
) -> Option<Chance> {
    let weight = |outcomes: &[(Rational, Rational)], value: Rational| {
        outcomes
            .iter()
            .find(|(known, _)| *known == value)
            .map_or(Rational::ZERO, |(_, weight)| *weight)
    };
    let mut best: Option<(f64, Chance)> = None;
    for (value, _) in first.iter().chain(second) {
        let (a, b) = (weight(first, *value), weight(second, *value));
        let gap = (a.to_f64() - b.to_f64()).abs();
        if a != b && best.as_ref().is_none_or(|(most, _)| gap > *most) {
            let chance = Chance {
                of: Value::Exact(*value),
                or_less: false,
                first: Value::Exact(a),
                second: Value::Exact(b),
            };
            best = Some((gap, chance));
        }
    }
    best.map(|(_, chance)| chance)
}

/// Outcomes sorted by either bound, with the chance of all up to each.
struct Sums {
    los: Vec<(f64, f64)>,
    his: Vec<(f64, f64)>,
}

impl Sums {
    fn new(outcomes: &[Outcome]) -> Option<Self> {
        let (mut los, mut his) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            let ((lo, hi), (least, most)) = (outcome.value.bounds()?, outcome.weight.bounds()?);
            los.push((lo, most));
            his.push((hi, least));
        }
        for list in [&mut los, &mut his] {
            list.sort_unstable_by(|x, y| x.0.total_cmp(&y.0));
            let mut sum = 0.0;
            for (_, weight) in list {
                sum += *weight;
                *weight = sum;
            }
        }
        Some(Self { los, his })
    }

    /// The least and the greatest chance of an update of at most `limit`.
    fn chance(&self, limit: f64) -> (f64, f64) {
        let up_to = |list: &[(f64, f64)]| {
            let count = list.partition_point(|(at, _)| *at <= limit);
            if count == 0 { 0.0 } else { list[count - 1].1 }
        };
        (up_to(&self.his), up_to(&self.los).min(1.0))
    }
}

/// The mean of a polynomial in masks and noise at a point; none where it is not one.
pub(super) fn mean(store: &Store, poly: PolyId, point: &Point) -> Option<Value> {
    let mut atoms = Atoms::new(store, point);
    let first = |value: &Tensor| value.values.first().copied();
    let mut sum = Value::ZERO;
    for term in store.terms(poly) {
        let exp = store.mono(term.mono).exp;
        if store.poly(exp).is_random {
            return None;
        }
        let mut product = Value::Exact(term.coef);
        if exp != ZERO {
            product = product.mul(first(&atoms.poly(exp))?.exp());
        }
        for factor in store.factors(term.mono) {
            let atom = store.atom(factor.atom);
            let value = match atom.kind {
                Kind::Mask { keep, .. } => first(&atoms.poly(keep))?,
                Kind::Leaf(Leaf::Noise | Leaf::StepNoise) if factor.power.is_negative() => {
                    return None;
                }
                // An odd function of what is symmetric.
                Kind::Leaf(Leaf::Noise | Leaf::StepNoise) if factor.sign => Value::ZERO,
                Kind::Leaf(leaf @ (Leaf::Noise | Leaf::StepNoise)) => {
                    let variance = variance(leaf, point)?;
                    even_moment(variance, factor.power.as_small()?)?
                }
                _ if atom.is_random => return None,
                _ => first(&atoms.factor(*factor))?,
            };
            product = product.mul(value);
        }
        sum = sum.add(product);
    }
    sum.is_defined().then_some(sum)
}

fn variance(leaf: Leaf, point: &Point) -> Option<Value> {
    if leaf == Leaf::Noise {
        return Rational::new(1, 100).map(Value::Exact);
    }
    let step = point.values.get(&Input::Leaf(Leaf::Step))?;
    let step = *step.values.first()?;
    Some(Value::ONE.add(step).power(Rational::new(-11, 20)?))
}

/// The mean of an even power of normal noise: `variance^(power/2) * 1 * 3 * … * (power - 1)`.
fn even_moment(variance: Value, power: i32) -> Option<Value> {
    if power % 2 != 0 {
        return None;
    }
    let odd = (1..i128::from(power)).step_by(2).product::<i128>();
    let size = variance.power(Rational::whole(i128::from(power / 2)));
    Some(size.mul(Value::whole(odd)))
}

/// Whether a mean is certainly not zero.
pub(super) fn is_off(mean: Value) -> bool {
    mean.order(Value::ZERO)
        .is_some_and(|order| order != Ordering::Equal)
}
