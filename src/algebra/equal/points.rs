//! The points at which two rules are compared.
//!
//! An axis is something that a point gives a value to. Plain points come first, so that the first difference found is one a person can check by
//! hand: ones, minus ones, zeros, then the numbers that stand in the rules (both sides of a bound), then values drawn from all of these, from the
//! tiny to the huge. Nothing is drawn by luck: the same rules get the same points.
//!
//! What is remembered is a value of its own, within what it can be: an average of squares holds this step's share of them, a peak is no less than
//! this step's value, and at step 0 there is only this step.

use super::super::intern::mix;
use super::super::rational::Rational;
use super::super::store::{AtomId, Kind, PolyId, Store, ZERO};
use super::evaluate::{Atoms, Input, Point, Reading, remembers};
use super::tensor::{Sides, Tensor};
use super::value::Value;
use crate::ir::Node;
use crate::op::{Leaf, Op};
use crate::types::{Range, Shape};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Ordering;

/// Something that a point gives a value to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) input: Input,
    range: Range,
    pub(super) shape: Shape,
    /// Whether a rule reads it in this step; otherwise it is only remembered.
    pub(super) is_shown: bool,
    memory: Option<Memory>,
}

/// How a remembered value comes about.
#[derive(Clone, Copy, Debug)]
struct Memory {
    op: Op,
    x: PolyId,
    x_range: Range,
    other: PolyId,
}

/// One point before its remembered values are made possible ones.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    sides: Sides,
    step: (i128, i128),
    /// For each axis and element.
    wanted: Vec<Vec<Rational>>,
}

/// The axes of some rules.
pub(super) fn axes(store: &mut Store, readings: &[&Reading<'_>]) -> Vec<Axis> {
    let mut shown: FxHashSet<Input> = FxHashSet::default();
    let mut hidden: FxHashSet<Input> = FxHashSet::default();
    let mut shapes: FxHashMap<Input, Shape> = FxHashMap::default();
    for reading in readings {
        let graph = reading.rule.graph();
        for (id, node) in reading.nodes() {
            let input = match node {
                Node::Leaf(Leaf::Noise) => continue,
                // Its variance depends on the step.
                Node::Leaf(Leaf::StepNoise) => Input::Leaf(Leaf::Step),
                Node::Leaf(leaf) => Input::Leaf(leaf),
                Node::LastUpdate(origin) => Input::LastUpdate(reading.owners[&origin]),
                Node::Apply(op, _) if remembers(op) => {
                    if let Some(state) = reading.random_states.get(&id) {
                        Input::RandomState(*state)
                    } else {
                        if let Some(poly) = reading.polys[id.0 as usize] {
                            surface(store, poly, &mut shown);
                            deep(store, poly, &mut hidden);
                        }
                        continue;
                    }
                }
                _ => continue,
            };
            shapes.entry(input).or_insert(graph.ty(id).shape);
            shown.insert(input);
        }
    }
    if shown.contains(&Input::Leaf(Leaf::Total)) {
        // Steps end at the total.
        hidden.insert(Input::Leaf(Leaf::Step));
    }
    let mut all: Vec<Input> = shown.union(&hidden).copied().collect();
    all.sort_unstable_by_key(|input| {
        let is_time = matches!(input, Input::Leaf(Leaf::Step | Leaf::Total));
        (is_time, *input)
    });
    all.into_iter()
        .map(|input| {
            let (range, shape, memory) = match input {
                Input::Leaf(leaf) => (leaf.range(), leaf.ty().shape, None),
                Input::State(atom) => {
                    let found = *store.atom(atom);
                    let memory = match found.kind {
                        Kind::Func(op, [x, other, _], _) => Some(Memory {
                            op,
                            x,
                            x_range: store.range(x),
                            other,
                        }),
                        _ => None,
                    };
                    (found.range, found.shape, memory)
                }
                Input::RandomState(_) | Input::LastUpdate(_) => {
                    let shape = shapes.get(&input).copied().unwrap_or(Shape::Own);
                    (Range::ANY, shape, None)
                }
            };
            Axis {
                input,
                range,
                shape,
                is_shown: shown.contains(&input),
                memory,
            }
        })
        .collect()
}

/// The inputs that the value of a polynomial in this step is made of.
fn surface(store: &Store, root: PolyId, out: &mut FxHashSet<Input>) {
    let mut polys = vec![root];
    let mut seen = FxHashSet::default();
    while let Some(poly) = polys.pop() {
        if !seen.insert(poly) {
            continue;
        }
        for term in store.terms(poly) {
            polys.push(store.mono(term.mono).exp);
            for factor in store.factors(term.mono) {
                let mut atom = factor.atom;
                while let Kind::Log(inner) = store.atom(atom).kind {
                    atom = inner;
                }
                match input_of(store, atom) {
                    Some(input) => {
                        out.insert(input);
                    }
                    None => polys.extend(store.parts(atom)),
                }
                if let Kind::Func(Op::Debias, ..) = store.atom(atom).kind {
                    out.insert(Input::Leaf(Leaf::Step));
                }
            }
        }
    }
}

/// All inputs in a polynomial, those that are only remembered too.
fn deep(store: &Store, root: PolyId, out: &mut FxHashSet<Input>) {
    let atoms = store.reachable(root);
    out.extend(atoms.into_iter().filter_map(|atom| input_of(store, atom)));
}

fn input_of(store: &Store, atom: AtomId) -> Option<Input> {
    match store.atom(atom).kind {
        Kind::Leaf(Leaf::Noise | Leaf::StepNoise) => None,
        Kind::Leaf(leaf) => Some(Input::Leaf(leaf)),
        Kind::LastUpdate(owner) => Some(Input::LastUpdate(owner)),
        Kind::Func(op, ..) if op.has_state() => Some(Input::State(atom)),
        _ => None,
    }
}

impl Plan {
    /// The point, with remembered values moved to where they can be; none where there is no such point.
    pub(super) fn point(&self, store: &Store, axes: &[Axis]) -> Option<Point> {
        let (step, total) = self.step;
        let mut point = Point {
            sides: self.sides,
            values: FxHashMap::default(),
        };
        let is_first = step == 0;
        for (axis, wanted) in axes.iter().zip(&self.wanted) {
            let value = match axis.input {
                Input::Leaf(Leaf::Step) => Tensor::one(Value::whole(step)),
                Input::Leaf(Leaf::Total) => Tensor::one(Value::whole(total)),
                Input::LastUpdate(_) if is_first => Tensor::one(Value::ZERO),
                Input::RandomState(_) if is_first => return None,
                Input::Leaf(_) | Input::LastUpdate(_) | Input::RandomState(_) | Input::State(_) => {
                    let sides = self.sides.of(axis.shape);
                    let values = wanted.iter().cycle().take(sides.len());
                    let values = values.map(|value| Value::Exact(fitting(*value, axis.range)));
                    Tensor {
                        sides,
                        values: values.collect(),
                    }
                }
            };
            point.values.insert(axis.input, value);
        }
        // Parts come first, so a remembered value finds what it is made of.
        for axis in axes {
            if let Some(memory) = axis.memory {
                let wanted = point.values.remove(&axis.input)?;
                let value = memory.possible(store, &point, wanted, is_first)?;
                point.values.insert(axis.input, value);
            }
        }
        Some(point)
    }
}

/// The value of a range that is nearest to what is wanted.
fn fitting(wanted: Rational, range: Range) -> Rational {
    let mut value = if range.whole { wanted.floor() } else { wanted };
    if let Value::Exact(lo) = Value::of_double(range.lo)
        && value.compare(lo).is_lt()
    {
        value = lo;
    }
    if let Value::Exact(hi) = Value::of_double(range.hi)
        && value.compare(hi).is_gt()
    {
        value = hi;
    }
    if value.is_zero() && !range.zero {
        // Both neighbours of 0 that are in the range will do.
        value = if range.hi > 0.0 {
            Rational::new(1, 1024).unwrap_or(Rational::ONE)
        } else {
            Rational::MINUS_ONE
        };
    }
    value
}

impl Memory {
    /// What is remembered, given this step's values.
    fn possible(
        self,
        store: &Store,
        point: &Point,
        wanted: Tensor,
        is_first: bool,
    ) -> Option<Tensor> {
        let mut atoms = Atoms::new(store, point);
        let now = atoms.poly(self.x);
        let other = if self.other == ZERO {
            Tensor::one(Value::ZERO)
        } else {
            atoms.poly(self.other)
        };
        let share = match self.op {
            Op::Ema => now.with(&other, |x, beta| x.mul(Value::ONE.sub(beta))),
            _ => now,
        };
        if is_first {
            let first = if self.op == Op::Last { other } else { share };
            let is_known = first.values.iter().all(|value| value.is_defined());
            return is_known.then(|| first.stretched(wanted.sides));
        }
        // Before this step it was between these.
        let before = match self.op {
            Op::Ema | Op::Trace | Op::Total => (self.x_range.lo.min(0.0), self.x_range.hi.max(0.0)),
            Op::Peak => (0.0, f64::INFINITY),
            _ => return Some(wanted),
        };
        let keeps = match self.op {
            Op::Ema => other,
            Op::Trace | Op::Total if before.0 < 0.0 && before.1 > 0.0 => return Some(wanted),
            // Only the bound at 0 is kept by a sum.
            _ => Tensor::one(Value::ONE),
        };
        let bound = |limit: f64| {
            let is_kept = limit.is_finite() && (self.op == Op::Ema || limit == 0.0);
            is_kept.then(|| {
                let limit = Value::of_double(limit);
                keeps
                    .map(|keep| keep.mul(limit))
                    .with(&share, Value::add)
                    .stretched(wanted.sides)
            })
        };
        let mut value = wanted.clone();
        if let Some(least) = bound(before.0) {
            value = value.with(&least, raised);
        }
        if let Some(most) = bound(before.1) {
            value = value.with(&most, |value, most| raised(value.neg(), most.neg()).neg());
        }
        Some(value)
    }
}

/// A value, or a bound that it must not be below; where the bound is not known there is none.
fn raised(value: Value, least: Value) -> Value {
    match (value.order(least), least) {
        (Some(Ordering::Greater | Ordering::Equal), _) | (_, Value::Undefined | Value::Unclear) => {
            value
        }
        (_, Value::Exact(_)) => least,
        (_, Value::Between { hi, .. }) if hi.abs() < 1e15 => {
            #[allow(clippy::cast_possible_truncation, reason = "below 1e15")]
            let above = Value::whole(hi.ceil() as i128 + 1);
            above
        }
        (_, Value::Between { .. }) => Value::Unclear,
    }
}

/// Steps and totals: the ends, the middle, and whatever else a schedule may turn at.
const STEPS: [(i128, i128); 12] = [
    (1, 10),
    (0, 10),
    (10, 10),
    (5, 10),
    (3, 10),
    (2, 4),
    (1, 1),
    (9, 10),
    (7, 100),
    (50, 100),
    (999, 1000),
    (250, 1000),
];

/// Values that every axis takes, the plainest first.
const PLAIN: [i128; 4] = [1, -1, 2, 0];

/// The most points made of plain values only.
const MOST_PLAIN: usize = 256;

/// How many points are drawn.
const DRAWN: u64 = 300;

/// All points to be tried, the plain ones first.
pub(super) fn plans(axes: &[Axis], constants: &[Rational], sides: &[Sides]) -> Vec<Plan> {
    let mut plans = Vec::new();
    for sides in sides {
        if *sides == Sides::ONE {
            single(axes, constants, &mut plans);
        } else {
            several(axes, constants, *sides, &mut plans);
        }
    }
    plans
}

fn single(axes: &[Axis], constants: &[Rational], plans: &mut Vec<Plan>) {
    let free: Vec<usize> = (0..axes.len())
        .filter(|index| {
            let axis = &axes[*index];
            axis.is_shown && !matches!(axis.input, Input::Leaf(Leaf::Step | Leaf::Total))
        })
        .collect();
    let has_time = axes
        .iter()
        .any(|axis| matches!(axis.input, Input::Leaf(Leaf::Step | Leaf::Total)));
    let times = steps(constants);
    let ones = || vec![Rational::ONE; axes.len()];
    let mut push = |values: Vec<Rational>, step: (i128, i128)| {
        plans.push(Plan {
            sides: Sides::ONE,
            step,
            wanted: values.into_iter().map(|value| vec![value]).collect(),
        });
    };
    push(ones(), STEPS[0]);
    // Different values in all places.
    let mut spread = ones();
    for (index, value) in free.iter().zip([1, 2, 3, 5, 7, 11, 13].into_iter().cycle()) {
        spread[*index] = Rational::whole(value);
    }
    for pattern in 1..patterns(free.len()) {
        let mut values = ones();
        let mut rest = pattern;
        for index in &free {
            values[*index] = Rational::whole(PLAIN[rest % PLAIN.len()]);
            rest /= PLAIN.len();
        }
        push(values, STEPS[0]);
    }
    push(spread.clone(), STEPS[0]);
    if has_time {
        for step in &times {
            push(ones(), *step);
            push(spread.clone(), *step);
        }
    }
    let special = specials(constants);
    for index in &free {
        for value in &special {
            for mut values in [ones(), spread.clone()] {
                values[*index] = *value;
                push(values, STEPS[0]);
            }
        }
    }
    let mut draw = Draws(0x6571_7561_6c00);
    for _ in 0..DRAWN {
        let mut values = ones();
        for value in &mut values {
            *value = *draw.of(&special);
        }
        let step = *draw.of(&times);
        push(values, step);
    }
}

fn several(axes: &[Axis], constants: &[Rational], sides: Sides, plans: &mut Vec<Plan>) {
    let special = specials(constants);
    let times = steps(constants);
    let mut draw = Draws(0x6571_7561_6c01);
    for round in 0..DRAWN / 4 {
        let is_plain = round < DRAWN / 8;
        let wanted = axes
            .iter()
            .map(|_| {
                (0..sides.len())
                    .map(|_| {
                        if is_plain {
                            Rational::whole(i128::from(draw.next() % 7) - 3)
                        } else {
                            *draw.of(&special)
                        }
                    })
                    .collect()
            })
            .collect();
        let step = if is_plain { STEPS[0] } else { *draw.of(&times) };
        plans.push(Plan {
            sides,
            step,
            wanted,
        });
    }
}

fn patterns(axes: usize) -> usize {
    u32::try_from(axes)
        .ok()
        .and_then(|axes| PLAIN.len().checked_pow(axes))
        .map_or(MOST_PLAIN, |count| count.min(MOST_PLAIN))
}

/// The usual steps, and those beside whole numbers in the rules.
fn steps(constants: &[Rational]) -> Vec<(i128, i128)> {
    let mut out = STEPS.to_vec();
    for constant in constants {
        if let (Some(whole), true) = (constant.as_small(), constant.is_positive()) {
            let whole = i128::from(whole);
            for step in [whole - 1, whole, whole + 1] {
                out.push((step, step.max(1) * 2));
            }
        }
    }
    out
}

/// Numbers at which rules turn: those in them and beside them, small ones, tiny and huge ones.
fn specials(constants: &[Rational]) -> Vec<Rational> {
    let mut sizes: Vec<Rational> = Vec::new();
    let fraction = |num, den| Rational::new(num, den);
    for constant in constants {
        for (num, den) in [(1, 1), (1, 2), (2, 1), (9, 10), (11, 10)] {
            sizes.extend(fraction(num, den).and_then(|by| constant.abs().mul(by)));
        }
        sizes.extend(constant.abs().add(Rational::ONE));
    }
    for (num, den) in [
        (0, 1),
        (1, 1),
        (2, 1),
        (3, 1),
        (1, 2),
        (1, 3),
        (5, 1),
        (10, 1),
        (7, 4),
    ] {
        sizes.extend(fraction(num, den));
    }
    for power in [2, 4, 6, 9, 12] {
        let ten = 10i128.pow(power);
        sizes.extend([fraction(1, ten), fraction(ten, 1)].into_iter().flatten());
    }
    let mut out: Vec<Rational> = Vec::with_capacity(2 * sizes.len());
    for size in sizes {
        for value in [size, size.neg()] {
            if !out.contains(&value) {
                out.push(value);
            }
        }
    }
    out
}

/// The same draws every time.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(0x6472_6177, self.0)
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let index = usize::try_from(self.next() % items.len() as u64).unwrap_or(0);
        &items[index]
    }
}
