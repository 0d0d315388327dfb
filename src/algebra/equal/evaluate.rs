//! The value of a rule at a point: by its graph as it is written, and by its polynomial.
//!
//! The graph is evaluated op by op, so that a counter-example does not rest on the normal form; only what a rule remembers is taken from its
//! polynomial, because `trace(g, 0.9)` and `ema(g, 0.9)` are one memory. The polynomial of a difference shows what the graphs cannot: parts that
//! both rules share are gone from it before anything is rounded.

use super::super::store::{AtomId, Factor, Kind, PolyId, Store, Trouble, ZERO};
use super::tensor::{Sides, Tensor};
use super::value::Value;
use crate::ir::{Node, NodeId, Origin, Rule};
use crate::op::{Kind as OpKind, Leaf, Op};
use crate::types::Shape;
use rustc_hash::FxHashMap;

/// What a point gives a value to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Input {
    Leaf(Leaf),
    /// What a rule remembers, as an atom of its polynomial.
    State(AtomId),
    /// What a rule remembers of noise and masks: known by its normal form, listed elsewhere.
    RandomState(u32),
    /// The previous update of a rule or of a part that is a rule of its own.
    LastUpdate(u32),
}

/// Values for all inputs.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) sides: Sides,
    pub(super) values: FxHashMap<Input, Tensor>,
}

impl Point {
    fn get(&self, input: Input) -> Tensor {
        self.values
            .get(&input)
            .cloned()
            .unwrap_or_else(|| Tensor::one(Value::Unclear))
    }
}

/// A rule, and what its nodes are in the store.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) rule: &'a Rule,
    /// The polynomial of each node, where it has one.
    pub(super) polys: Vec<Option<PolyId>>,
    /// Why some have none.
    pub(super) trouble: Option<Trouble>,
    /// Which rule each origin of a `last(update)` means.
    pub(super) owners: FxHashMap<Origin, u32>,
    /// Nodes that remember noise or masks.
    pub(super) random_states: FxHashMap<NodeId, u32>,
    /// The nodes whose values of this step matter: what is only remembered is left out.
    pub(super) surface: Vec<bool>,
}

impl Reading<'_> {
    pub(super) fn poly(&self) -> Option<PolyId> {
        self.polys[self.rule.root().0 as usize]
    }

    /// The nodes that matter, with what they are.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (NodeId, Node)> {
        self.rule
            .graph()
            .iter()
            .filter(|(id, _)| self.surface[id.0 as usize])
    }
}

/// Whether an op's value comes from steps before.
pub(super) fn remembers(op: Op) -> bool {
    op.has_state() || op == Op::Debias
}

/// What masks and noise are in one outcome.
#[derive(Clone, Debug, Default)]
pub(super) struct Draw {
    pub(super) kept: FxHashMap<Origin, bool>,
    pub(super) noise: Option<Value>,
    pub(super) step_noise: Option<Value>,
}

/// The update of a rule at a point.
pub(super) fn of_graph(store: &Store, reading: &Reading<'_>, point: &Point, draw: &Draw) -> Tensor {
    let values = all_of_graph(store, reading, point, draw);
    let update = values[reading.rule.root().0 as usize].clone();
    update.stretched(point.sides)
}

/// The value of each node that matters.
pub(super) fn all_of_graph(
    store: &Store,
    reading: &Reading<'_>,
    point: &Point,
    draw: &Draw,
) -> Vec<Tensor> {
    let graph = reading.rule.graph();
    let mut values: Vec<Tensor> = Vec::with_capacity(graph.len());
    let mut atoms = Atoms::new(store, point);
    for (id, node) in graph.iter() {
        let index = id.0 as usize;
        if !reading.surface[index] {
            values.push(Tensor::one(Value::Unclear));
            continue;
        }
        let at = |id: NodeId| &values[id.0 as usize];
        let drawn = |value: Option<Value>| Tensor::one(value.unwrap_or(Value::Unclear));
        let value = match node {
            Node::Number(bits) => Tensor::one(Value::of_double(f64::from_bits(bits))),
            Node::Leaf(Leaf::Noise) => drawn(draw.noise),
            Node::Leaf(Leaf::StepNoise) => drawn(draw.step_noise),
            Node::Leaf(leaf) => point.get(Input::Leaf(leaf)),
            Node::LastUpdate(origin) => point.get(Input::LastUpdate(reading.owners[&origin])),
            Node::Own { body, .. } => at(body).clone(),
            Node::Drop { x, mask, .. } => match draw.kept.get(&mask) {
                Some(kept) => {
                    let factor = Value::whole(i128::from(*kept));
                    at(x).map(|value| value.mul(factor))
                }
                None => Tensor::one(Value::Unclear),
            },
            Node::Apply(op, _) if remembers(op) => {
                match (reading.random_states.get(&id), reading.polys[index]) {
                    (Some(state), _) => point.get(Input::RandomState(*state)),
                    (None, Some(poly)) => atoms
                        .poly(poly)
                        .stretched(point.sides.of(graph.ty(id).shape)),
                    (None, None) => Tensor::one(Value::Unclear),
                }
            }
            Node::Apply(op, args) => {
                let args = args.as_slice();
                if sees_shape(op) {
                    let args: Vec<Tensor> = args
                        .iter()
                        .map(|arg| {
                            let sides = point.sides.of(graph.ty(*arg).shape);
                            at(*arg).clone().stretched(sides)
                        })
                        .collect();
                    Tensor::apply(op, &args.iter().collect::<Vec<_>>())
                } else {
                    Tensor::apply(op, &args.iter().map(|arg| at(*arg)).collect::<Vec<_>>())
                }
                .unwrap_or_else(|| Tensor::one(Value::Unclear))
            }
        };
        values.push(value);
    }
    values
}

/// Whether an op sees more than one element.
pub(super) fn sees_shape(op: Op) -> bool {
    matches!(op.info().kind, OpKind::Reduction | OpKind::Matrix)
}

/// Values of atoms and polynomials at a point.
pub(super) struct Atoms<'a> {
    store: &'a Store,
    point: &'a Point,
    known: FxHashMap<AtomId, Tensor>,
}

impl<'a> Atoms<'a> {
    pub(super) fn new(store: &'a Store, point: &'a Point) -> Self {
        Self {
            store,
            point,
            known: FxHashMap::default(),
        }
    }

    pub(super) fn poly(&mut self, id: PolyId) -> Tensor {
        let mut sum = Tensor::one(Value::ZERO);
        for term in self.store.terms(id) {
            let mut product = Tensor::one(Value::Exact(term.coef));
            let exp = self.store.mono(term.mono).exp;
            if exp != ZERO {
                let power = self.poly(exp).map(Value::exp);
                product = product.with(&power, Value::mul);
            }
            for factor in self.store.factors(term.mono) {
                let value = self.factor(*factor);
                product = product.with(&value, Value::mul);
            }
            sum = sum.with(&product, Value::add);
        }
        sum
    }

    pub(super) fn factor(&mut self, factor: Factor) -> Tensor {
        self.atom(factor.atom).map(|value| {
            let size = if factor.power.is_zero() {
                Value::ONE
            } else {
                value.abs().power(factor.power)
            };
            let mut product = size;
            if factor.sign {
                product = product.mul(value.sign());
            }
            if factor.support {
                product = product.mul(value.support());
            }
            if factor.domain {
                let is_zero = value.order(Value::ZERO);
                product = match is_zero {
                    Some(order) if order.is_ne() => product,
                    Some(_) => Value::Undefined,
                    None => Value::Unclear,
                };
            }
            if value.is_defined() { product } else { value }
        })
    }

    pub(super) fn atom(&mut self, id: AtomId) -> Tensor {
        if let Some(value) = self.known.get(&id) {
            return value.clone();
        }
        let one = |value: Value| Tensor::one(value);
        let value = match self.store.atom(id).kind {
            Kind::Leaf(leaf) => self.point.get(Input::Leaf(leaf)),
            Kind::LastUpdate(owner) => self.point.get(Input::LastUpdate(owner)),
            Kind::Opaque(bits) => one(Value::of_double(f64::from_bits(bits))),
            Kind::Pi => one(Value::of_double(std::f64::consts::PI)),
            Kind::LogNumber(of) => one(Value::whole(of).log()),
            Kind::Sum(poly) | Kind::Own(_, poly) => self.poly(poly),
            Kind::Log(inner) => self.atom(inner).map(|value| value.abs().log()),
            Kind::Real(poly) => self.poly(poly).map(|value| match value.sign() {
                sign if sign == Value::whole(-1) => Value::Undefined,
                Value::Between { lo, .. } if lo < 0.0 => Value::Unclear,
                _ => value,
            }),
            Kind::Pow(base, exponent) => {
                let base = self.poly(base);
                base.with(&self.poly(exponent), Value::pow)
            }
            Kind::Mask { .. } => one(Value::Unclear),
            Kind::Func(Op::Debias, [average, beta, _], _) => {
                let updates = self.point.get(Input::Leaf(Leaf::Step));
                let updates = updates.map(|t| t.add(Value::ONE));
                let power = self.poly(beta).with(&updates, Value::pow);
                let bias = power.map(|power| Value::ONE.sub(power));
                self.poly(average).with(&bias, Value::div)
            }
            Kind::Func(op, ..) if op.has_state() => self.point.get(Input::State(id)),
            Kind::Func(op, args, mark) => {
                let count = op.info().params.len();
                let args: Vec<Tensor> = args[..count]
                    .iter()
                    .enumerate()
                    .map(|(place, arg)| {
                        let value = self.poly(*arg);
                        if !sees_shape(op) {
                            return value;
                        }
                        let own = self.store.poly(*arg).shape;
                        let is_marked = place == 0 && mark != Shape::Scalar;
                        let shape = if is_marked { mark } else { own };
                        value.stretched(self.point.sides.of(shape))
                    })
                    .collect();
                Tensor::apply(op, &args.iter().collect::<Vec<_>>())
                    .unwrap_or_else(|| one(Value::Unclear))
            }
        };
        self.known.insert(id, value.clone());
        value
    }
}
