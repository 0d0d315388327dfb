//! Where rules are compared: values of everything that a rule can mention.
//!
//! What a rule remembers (`ema(g, 0.9)`, …) is an input like the gradient: rules are equal when they agree for all values of both. Values have
//! sixteen significant bits, so that squares and cubes are exact in either oracle and real zeros are seen as such. Noise is given by its
//! size: it is that or its negative, each half of the time.

use crate::random::{self, Random};
use nos::ir::{Graph, Node, NodeId};
use nos::op::{Leaf, Op};

/// One place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Point {
    pub(crate) g: f64,
    pub(crate) m: f64,
    /// At least zero.
    pub(crate) v: f64,
    pub(crate) gamma: f64,
    pub(crate) w: f64,
    /// The size of `eps`.
    pub(crate) noise: f64,
    /// The size of `eps_t`; the same at all points of a step.
    pub(crate) step_noise: f64,
    pub(crate) step: f64,
    pub(crate) total: f64,
}

/// What in a rule is an input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Input {
    Grad,
    Weight,
    Step,
    Total,
    /// `ema(g, 0.9)`.
    Mean,
    /// `ema(g^2, 0.999)`.
    Square,
    /// `ema(g^3, 0.999)`.
    Cube,
    /// Anything else that is remembered, by a number for it.
    Other {
        name: u64,
        is_signed: bool,
    },
}

impl Input {
    /// The input that a node is, where it is one; noise is none.
    pub(crate) fn of(graph: &Graph, id: NodeId) -> Option<Self> {
        let name = || {
            let text = nos::ir::text(graph, id);
            text.bytes()
                .fold(0, |hash, byte| random::join(hash, u64::from(byte)))
        };
        let other = || Self::Other {
            name: name(),
            is_signed: !graph.facts(id).range.is_non_negative(),
        };
        match graph.node(id) {
            Node::Leaf(Leaf::Grad) => Some(Self::Grad),
            Node::Leaf(Leaf::Weight) => Some(Self::Weight),
            Node::Leaf(Leaf::Step) => Some(Self::Step),
            Node::Leaf(Leaf::Total) => Some(Self::Total),
            Node::Apply(Op::Ema, args) => {
                let [x, beta] = [args.as_slice()[0], args.as_slice()[1]];
                let beta = graph.node(beta).as_number();
                match power_of_grad(graph, x) {
                    Some(1) if beta == Some(0.9) => Some(Self::Mean),
                    Some(2) if beta == Some(0.999) => Some(Self::Square),
                    Some(3) if beta == Some(0.999) => Some(Self::Cube),
                    Some(_) | None => Some(other()),
                }
            }
            Node::Apply(op, _) => op.has_state().then(other),
            Node::LastUpdate(_) | Node::Leaf(Leaf::Coordinate(_)) => Some(other()),
            Node::Leaf(Leaf::Noise | Leaf::StepNoise)
            | Node::Number(_)
            | Node::Drop { .. }
            | Node::Own { .. } => None,
        }
    }
}

fn power_of_grad(graph: &Graph, id: NodeId) -> Option<u8> {
    let is_grad = |id| graph.node(id) == Node::Leaf(Leaf::Grad);
    match graph.node(id) {
        Node::Leaf(Leaf::Grad) => Some(1),
        Node::Apply(Op::Pow, args) if is_grad(args.as_slice()[0]) => [2, 3]
            .into_iter()
            .find(|power| graph.node(args.as_slice()[1]).as_number() == Some(f64::from(*power))),
        Node::Apply(..)
        | Node::Number(_)
        | Node::Leaf(_)
        | Node::Drop { .. }
        | Node::LastUpdate(_)
        | Node::Own { .. } => None,
    }
}

impl Point {
    /// Whether some input is exactly zero.
    pub(crate) fn has_zero(&self) -> bool {
        [self.g, self.m, self.v, self.gamma, self.w].contains(&0.0)
    }

    /// The point at another step.
    fn at(self, index: usize) -> Self {
        let (step, total) = STEPS[index % STEPS.len()];
        Self {
            step,
            total,
            ..self
        }
    }

    /// Makes inputs zero: those whose bits are set.
    fn clear(&mut self, pattern: u8) {
        let inputs = [
            &mut self.g,
            &mut self.m,
            &mut self.v,
            &mut self.gamma,
            &mut self.w,
        ];
        for (bit, value) in inputs.into_iter().enumerate() {
            if pattern >> bit & 1 == 1 {
                *value = 0.0;
            }
        }
    }

    /// The value of an input here.
    pub(crate) fn value(&self, input: Input) -> f64 {
        match input {
            Input::Grad => self.g,
            Input::Weight => self.w,
            Input::Step => self.step,
            Input::Total => self.total,
            Input::Mean => self.m,
            Input::Square => self.v,
            Input::Cube => self.gamma,
            Input::Other { name, is_signed } => {
                let here = random::join(self.g.to_bits(), self.w.to_bits());
                let mut random = Random::new(random::join(here, name));
                let size = short(random.between(0.1, 3.0));
                if is_signed {
                    size * random.sign()
                } else {
                    size
                }
            }
        }
    }
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            g,
            m,
            v,
            gamma,
            w,
            noise,
            step_noise,
            step,
            total,
        } = self;
        write!(
            f,
            "g={g:e} m={m:e} v={v:e} gamma={gamma:e} w={w:e} eps=±{noise:e} eps_t=±{step_noise:e} t={step} T={total}"
        )
    }
}

/// How many points form one probe: rules that agree at all of them are compared everywhere.
pub(crate) const PROBE: usize = 4;
/// How many probes there are; they come first.
pub(crate) const PROBES: usize = 4;
/// How many points have an input that is exactly zero; they come second.
pub(crate) const ZEROS: usize = 36;
const CLIPS: usize = 30;

/// Steps with their totals: the ends, middles, ends and middles of a period of `rd`, places where it or all decays are nearly zero.
const STEPS: [(f64, f64); 15] = [
    (337.0, 1000.0),
    (0.0, 1000.0),
    (61.0, 997.0),
    (1000.0, 1000.0),
    (3.0, 7.0),
    (250.0, 1000.0),
    (1.0, 10.0),
    (999.0, 1000.0),
    (123.0, 500.0),
    (25.0, 500.0),
    (0.0, 1.0),
    (4001.0, 10_000.0),
    (999.0, 10_000.0),
    (99_999.0, 1_000_000.0),
    (999_999.0, 1_000_000.0),
];

/// The points: probes, zeros, places near the bounds of `clip`, and the rest, from anywhere.
pub(crate) fn points(count: usize, seed: u64) -> Vec<Point> {
    let mut random = Random::new(random::join(seed, 0x706F_696E_7473));
    let mut out: Vec<Point> = Vec::with_capacity(count);
    for probe in 0..PROBES {
        for place in 0..PROBE {
            out.push(probe_point(probe, place, &mut random));
        }
    }
    let zeros = zero_patterns();
    for index in 0..ZEROS {
        let mut point = mild(&mut random, 0.1, 4.0).at(index);
        point.clear(zeros[index % zeros.len()]);
        out.push(point);
    }
    for index in 0..CLIPS {
        out.push(near_bounds(&mut random).at(index * 7 + 2));
    }
    for index in out.len()..count {
        let (low, high) = [(1e-2, 20.0), (1e-5, 1.0), (1e-12, 1e6), (1e-12, 1e6)][index % 4];
        out.push(mild(&mut random, low, high).at(index * 7));
    }
    // One draw of the annealed noise is the same for all elements at a step.
    let sizes = STEPS.map(|_| short(random.between(0.02, 1.0)));
    for point in &mut out {
        let at = STEPS
            .iter()
            .position(|step| *step == (point.step, point.total));
        point.step_noise = sizes[at.unwrap_or(0)];
    }
    out
}

/// For each point the next one of its kind at the same step: another element of the parameter.
pub(crate) fn partners(points: &[Point]) -> Vec<usize> {
    let ends = [PROBES * PROBE, PROBES * PROBE + ZEROS, usize::MAX];
    let kind = |index: usize| ends.iter().position(|end| index < *end);
    let step = |index: usize| (points[index].step.to_bits(), points[index].total.to_bits());
    (0..points.len())
        .map(|index| {
            let others = (index + 1..points.len()).chain(0..index);
            let same = |other: &usize| kind(*other) == kind(index) && step(*other) == step(index);
            others.clone().find(same).unwrap_or(index)
        })
        .collect()
}

/// A point of a probe: generic, of moderate size, at a step that is nothing special.
fn probe_point(probe: usize, place: usize, random: &mut Random) -> Point {
    let (low, high) = [(0.2, 2.5), (0.3, 2.0), (1e-3, 1.0), (1e-6, 1e-2)][probe];
    let mut point = mild(random, low, high);
    if probe % 2 == 1 {
        (point.g, point.m) = (point.g.abs(), point.m.abs());
        (point.gamma, point.w) = (point.gamma.abs(), point.w.abs());
    } else if place == 1 {
        point.g = -point.g.abs();
    }
    point.at([0, 2, 4, 11][place])
}

/// Which inputs are zero, one bit each: every one alone (with either sign of the others left to chance), every pair, and more.
fn zero_patterns() -> Vec<u8> {
    let of_size = |size: u32| (1..32u8).filter(move |pattern| pattern.count_ones() == size);
    of_size(1)
        .chain(of_size(1))
        .chain(of_size(2))
        .chain(of_size(1))
        .chain(of_size(4))
        .chain(of_size(5))
        .chain(of_size(3))
        .collect()
}

fn mild(random: &mut Random, low: f64, high: f64) -> Point {
    let mut size = || short(random.between(low, high));
    let (g, m, v, gamma, w) = (size(), size(), size(), size(), size());
    Point {
        g: g * random.sign(),
        m: m * random.sign(),
        v,
        gamma: gamma * random.sign(),
        w: w * random.sign(),
        noise: short(random.between(0.02, 0.3)),
        step_noise: 0.0,
        step: 1.0,
        total: 10.0,
    }
}

/// A point whose inputs, or their squares, roots or cubes, are just inside or just outside of a bound of `clip`.
fn near_bounds(random: &mut Random) -> Point {
    let mut near = |factor: f64| {
        let bound: f64 = random.pick(&[1e-5, 1e-4, 1e-3]);
        let power = random.pick(&[1.0, 1.0, 0.5, 1.0 / 3.0, 2.0]);
        let side = random.pick(&[0.7, 0.99, 1.01, 1.3]);
        short(bound.powf(power) * side * factor)
    };
    let weight = [1.0, 1e1, 1e2, 1e3];
    let (g, m, v, gamma) = (near(1.0), near(1.0), near(1.0), near(1.0));
    let sizes = weight.map(&mut near);
    let w = random.pick(&sizes);
    let noise = short(random.pick(&[0.7e-5, 1.3e-5, 1.3e-4, 0.9e-3, 1.1e-3, 0.1]));
    Point {
        g: g * random.sign(),
        m: m * random.sign(),
        v,
        gamma: gamma * random.sign(),
        w: w * random.sign(),
        noise,
        step_noise: 0.0,
        step: 1.0,
        total: 10.0,
    }
}

/// The nearest number of sixteen significant bits.
fn short(x: f64) -> f64 {
    let unit = (x.abs().log2().floor() - 15.0).exp2();
    (x / unit).round() * unit
}
