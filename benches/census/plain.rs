//! The plain oracle: the value of a rule at one point, in f64 and with nothing kept.
//!
//! Each way that chance can go is computed from scratch, five times over: once as it is and then with the last bits of every inexact result
//! moved at random. What the five have in common are the digits that can be trusted (the method of Vignes 1974). Where a difference loses
//! nearly all of its digits, or something over- or underflows, nothing is claimed.

#![allow(clippy::float_cmp, reason = "exactly these numbers are meant")]

use crate::ball::Ball;
use crate::law::Cell;
use crate::points::{Input, Point};
use crate::random::Random;
use nos::ir::{Graph, Node, NodeId, Origin, Rule};
use nos::op::{Leaf, Op};

/// Rules with more than this many chances are not evaluated.
const MOST_CHANCES: usize = 10;
const RUNS: usize = 5;

/// One way that chance can go, and what comes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) weight: f64,
    /// None where it is undefined.
    pub(crate) value: Option<f64>,
    /// How far the value may be off.
    pub(crate) error: f64,
}

/// A number with whether it is exactly the true one; NaN is undefined.
#[derive(Clone, Copy, Debug)]
struct Float {
    value: f64,
    exact: bool,
}

/// Nothing can be said.
struct Unsure;

type Result<T> = std::result::Result<T, Unsure>;

/// A chance of a rule.
enum Chance {
    Noise,
    StepNoise,
    Mask(Origin, f64),
}

/// How all chances went.
#[derive(Default)]
struct Draw {
    noise: f64,
    step_noise: f64,
    dropped: Vec<Origin>,
}

/// Every way that chance can go at this point; none where something is unsure.
pub(crate) fn scenarios(rule: &Rule, point: &Point, seed: u64) -> Option<Vec<Scenario>> {
    let chances = chances(rule.graph());
    if chances.len() > MOST_CHANCES {
        return None;
    }
    let mut out = Vec::new();
    let mut draw = Draw::default();
    let mut random = Random::new(seed);
    expand(rule, point, &chances, 1.0, &mut draw, &mut random, &mut out).ok()?;
    Some(out)
}

fn chances(graph: &Graph) -> Vec<Chance> {
    let mut out = Vec::new();
    for (_, node) in graph.iter() {
        match node {
            Node::Leaf(Leaf::Noise) => out.push(Chance::Noise),
            Node::Leaf(Leaf::StepNoise) => out.push(Chance::StepNoise),
            Node::Drop { p, mask, .. } => {
                out.push(Chance::Mask(
                    mask,
                    graph.node(p).as_number().unwrap_or(f64::NAN),
                ));
            }
            Node::Number(_)
            | Node::Leaf(_)
            | Node::Apply(..)
            | Node::LastUpdate(_)
            | Node::Own { .. } => {}
        }
    }
    out
}

fn expand(
    rule: &Rule,
    point: &Point,
    chances: &[Chance],
    weight: f64,
    draw: &mut Draw,
    random: &mut Random,
    out: &mut Vec<Scenario>,
) -> Result<()> {
    let Some((chance, rest)) = chances.split_first() else {
        out.push(scenario(rule, point, weight, draw, random)?);
        return Ok(());
    };
    match *chance {
        Chance::Noise => {
            for size in [point.noise, -point.noise] {
                draw.noise = size;
                expand(rule, point, rest, weight * 0.5, draw, random, out)?;
            }
        }
        Chance::StepNoise => {
            for size in [point.step_noise, -point.step_noise] {
                draw.step_noise = size;
                expand(rule, point, rest, weight * 0.5, draw, random, out)?;
            }
        }
        Chance::Mask(mask, p) => {
            draw.dropped.push(mask);
            expand(rule, point, rest, weight * p, draw, random, out)?;
            draw.dropped.pop();
            expand(rule, point, rest, weight * (1.0 - p), draw, random, out)?;
        }
    }
    Ok(())
}

fn scenario(
    rule: &Rule,
    point: &Point,
    weight: f64,
    draw: &Draw,
    random: &mut Random,
) -> Result<Scenario> {
    let mut runs = [0.0; RUNS];
    for (run, value) in runs.iter_mut().enumerate() {
        let mut last_bits = LastBits {
            moved: run > 0,
            random,
        };
        *value = evaluate(rule, point, draw, &mut last_bits)?;
    }
    let undefined = runs.iter().filter(|value| value.is_nan()).count();
    if undefined == RUNS {
        return Ok(Scenario {
            weight,
            value: None,
            error: 0.0,
        });
    }
    let (least, greatest) = runs
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), run| {
            (low.min(*run), high.max(*run))
        });
    let size = least.abs().max(greatest.abs());
    let error = 16.0 * (greatest - least) + 1e-13 * size;
    if undefined > 0 || error > 1e-6 * size {
        return Err(Unsure);
    }
    Ok(Scenario {
        weight,
        value: Some(runs[0]),
        error,
    })
}

fn evaluate(rule: &Rule, point: &Point, draw: &Draw, last_bits: &mut LastBits<'_>) -> Result<f64> {
    let graph = rule.graph();
    let mut values: Vec<Float> = Vec::with_capacity(graph.len());
    for (id, node) in graph.iter() {
        let value = |id: &NodeId| values[id.0 as usize];
        let result = if let Some(input) = Input::of(graph, id) {
            certain(point.value(input))
        } else {
            match node {
                Node::Number(bits) => last_bits.of(number(f64::from_bits(bits))?),
                Node::Leaf(Leaf::Noise) => certain(draw.noise),
                Node::Leaf(Leaf::StepNoise) => certain(draw.step_noise),
                Node::Drop { mask, .. } if draw.dropped.contains(&mask) => certain(0.0),
                Node::Drop { x, .. } | Node::Own { body: x, .. } => value(&x),
                Node::Apply(Op::Debias, args) => {
                    let Node::Apply(Op::Ema, ema) = graph.node(args.as_slice()[0]) else {
                        return Err(Unsure);
                    };
                    let beta = value(&ema.as_slice()[1]);
                    let power = last_bits.of(power(beta, certain(point.step + 1.0))?);
                    let correction = sum(
                        certain(1.0),
                        Float {
                            value: -power.value,
                            ..power
                        },
                    )?;
                    let x = value(&args.as_slice()[0]);
                    last_bits.of(apply(Op::Div, &[x, correction], false)?)
                }
                Node::Apply(op, args) => {
                    let args = args.as_slice();
                    let floats: Vec<Float> = args.iter().map(value).collect();
                    let is_same = args.len() == 2 && args[0] == args[1];
                    let value = apply(op, &floats, is_same)?;
                    // What only picks or turns round an argument has no error of its own.
                    let is_pick = matches!(
                        op,
                        Op::Neg | Op::Abs | Op::Clip | Op::Min | Op::Max | Op::Where
                    );
                    if is_pick { value } else { last_bits.of(value) }
                }
                Node::Leaf(_) | Node::LastUpdate(_) => return Err(Unsure),
            }
        };
        values.push(result);
    }
    Ok(values[rule.root().0 as usize].value)
}

fn certain(value: f64) -> Float {
    Float { value, exact: true }
}

/// A number of the rule: binary fractions with few digits are what they say.
fn number(value: f64) -> Result<Float> {
    if value.is_infinite() {
        return Err(Unsure);
    }
    let exact = (value * 1024.0).fract() == 0.0 && value.abs() < 1e9;
    Ok(Float { value, exact })
}

/// Moves the last bits of inexact results at random, or leaves them.
struct LastBits<'a> {
    moved: bool,
    random: &'a mut Random,
}

impl LastBits<'_> {
    fn of(&mut self, x: Float) -> Float {
        if x.exact || x.value == 0.0 || !self.moved {
            return x;
        }
        // At least one unit, so that no run is the unmoved one; not always the same, so that differences move too.
        let step = self.random.sign() * (1.0 + 3.0 * self.random.unit());
        Float {
            value: x.value + x.value * step * f64::EPSILON,
            exact: false,
        }
    }
}

#[allow(clippy::too_many_lines, reason = "one line or two for each op")]
fn apply(op: Op, args: &[Float], is_same: bool) -> Result<Float> {
    let x = args[0];
    if op == Op::Where {
        return Ok(if x.value.is_nan() {
            x
        } else if x.value == 0.0 {
            args[2]
        } else {
            args[1]
        });
    }
    if let Some(undefined) = args.iter().find(|arg| arg.value.is_nan()) {
        return Ok(*undefined);
    }
    let y = args.get(1).copied().unwrap_or(certain(0.0));
    let both = x.exact && y.exact;
    let (a, b) = (x.value, y.value);
    let result = match op {
        Op::Add => sum(x, y)?,
        Op::Sub if is_same => certain(0.0),
        Op::Sub => sum(x, Float { value: -b, ..y })?,
        Op::Mul => Float {
            value: a * b,
            exact: both && a.mul_add(b, -(a * b)) == 0.0,
        },
        Op::Div if b == 0.0 => certain(f64::NAN),
        Op::Div => Float {
            value: a / b,
            exact: (both && (a / b).mul_add(b, -a) == 0.0) || a == 0.0,
        },
        Op::Neg => Float { value: -a, ..x },
        Op::Abs => Float {
            value: a.abs(),
            ..x
        },
        Op::Sign => certain(if a == 0.0 { 0.0 } else { a.signum() }),
        Op::Exp => Float {
            value: a.exp(),
            exact: x.exact && a == 0.0,
        },
        Op::Log if a <= 0.0 => certain(f64::NAN),
        Op::Log => logarithm(x)?,
        Op::Sqrt if a < 0.0 => certain(f64::NAN),
        Op::Sqrt => {
            let root = a.sqrt();
            Float {
                value: root,
                exact: x.exact && root.mul_add(root, -a) == 0.0,
            }
        }
        Op::Pow => power(x, y)?,
        Op::Clip if a.abs() <= b => x,
        Op::Clip => Float {
            value: b * a.signum(),
            ..y
        },
        Op::Min => {
            if a <= b {
                x
            } else {
                y
            }
        }
        Op::Max => {
            if a >= b {
                x
            } else {
                y
            }
        }
        Op::Rem => remainder(x, y)?,
        Op::Cos => Float {
            value: a.cos(),
            exact: x.exact && a == 0.0,
        },
        Op::Sin => Float {
            value: a.sin(),
            exact: x.exact && a == 0.0,
        },
        Op::Tanh => Float {
            value: a.tanh(),
            exact: x.exact && a == 0.0,
        },
        Op::Sigmoid => Float {
            value: 1.0 / (1.0 + (-a).exp()),
            exact: x.exact && a == 0.0,
        },
        Op::Or
        | Op::And
        | Op::Not
        | Op::Eq
        | Op::Ne
        | Op::Lt
        | Op::Le
        | Op::Gt
        | Op::Ge
        | Op::Where
        | Op::MatMul
        | Op::Drop
        | Op::Ema
        | Op::Debias
        | Op::Trace
        | Op::Total
        | Op::Peak
        | Op::Last
        | Op::Norm
        | Op::Mean
        | Op::Sum
        | Op::Rms
        | Op::Transpose
        | Op::RowMean
        | Op::ColMean
        | Op::Orthogonalize => return Err(Unsure),
    };
    in_reach(op, args, result)
}

/// A sum, unless it cancels nearly all digits of inexact terms.
fn sum(x: Float, y: Float) -> Result<Float> {
    let value = x.value + y.value;
    let back = value - x.value;
    let lost = (x.value - (value - back)) + (y.value - back);
    let exact = x.exact && y.exact && lost == 0.0;
    if !exact && value.abs() < 1e-9 * x.value.abs().max(y.value.abs()) {
        return Err(Unsure);
    }
    Ok(Float { value, exact })
}

fn logarithm(x: Float) -> Result<Float> {
    let value = x.value.ln();
    // Near one the logarithm keeps only the digits in which its argument differs from one.
    if !x.exact && value.abs() < 1e-9 {
        return Err(Unsure);
    }
    Ok(Float {
        value,
        exact: x.exact && x.value == 1.0,
    })
}

fn power(x: Float, y: Float) -> Result<Float> {
    let (a, b) = (x.value, y.value);
    let is_whole = b.fract() == 0.0;
    if !y.exact && (b - b.round()).abs() < 1e-9 * b.abs().max(1.0) && a <= 0.0 {
        return Err(Unsure);
    }
    if b == 0.0 && y.exact {
        return Ok(certain(1.0));
    }
    if a == 0.0 {
        return Ok(certain(if b > 0.0 { 0.0 } else { f64::NAN }));
    }
    if a < 0.0 && !is_whole {
        return Ok(certain(f64::NAN));
    }
    let exact = x.exact && y.exact && (a == 1.0 || b == 1.0);
    Ok(Float {
        value: a.powf(b),
        exact: exact || exact_power(x, y),
    })
}

/// Whether a square or cube is exact: its base has few enough bits.
fn exact_power(x: Float, y: Float) -> bool {
    let few = |bits: u32| x.value.to_bits().trailing_zeros() >= 53 - bits;
    let (b, both) = (y.value, x.exact && y.exact);
    both && ((b == 2.0 && few(26)) || (b == 3.0 && few(17)))
}

fn remainder(x: Float, y: Float) -> Result<Float> {
    let (a, b) = (x.value, y.value);
    if b == 0.0 {
        return Ok(certain(f64::NAN));
    }
    let exact = x.exact && y.exact;
    let value = a - b * (a / b).floor();
    if exact {
        let rest = a % b;
        let value = if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
            rest + b
        } else {
            rest
        };
        return Ok(certain(value));
    }
    let share = value / b;
    if !(1e-9..=1.0 - 1e-9).contains(&share) {
        return Err(Unsure);
    }
    Ok(Float { value, exact })
}

/// Turns away what over- or underflowed.
fn in_reach(op: Op, args: &[Float], result: Float) -> Result<Float> {
    let size = result.value.abs();
    if result.value.is_nan() || (1e-250..1e250).contains(&size) {
        return Ok(result);
    }
    let has_zero = args.iter().any(|arg| arg.value == 0.0);
    let is_zero =
        size == 0.0 && (has_zero || matches!(op, Op::Sub | Op::Add | Op::Rem | Op::Log | Op::Sin));
    if is_zero { Ok(result) } else { Err(Unsure) }
}

/// Whether the two oracles agree on a rule at a point; none where they cannot be compared.
pub(crate) fn agrees(scenarios: &[Scenario], cell: &Cell) -> Option<bool> {
    let mut atoms = cell.values()?;
    for scenario in scenarios {
        let is_near = |ball: Ball| match (scenario.value, ball) {
            (None, Ball::Undefined | Ball::Turned { .. }) => true,
            (Some(value), Ball::Known(x, bound)) => {
                (value - x.hi).abs() <= scenario.error + bound + 1e-12 * x.hi.abs()
            }
            (Some(_) | None, _) => false,
        };
        let mut near = atoms.iter_mut().filter(|atom| is_near(atom.value));
        let Some(atom) = near.next() else {
            return Some(false);
        };
        if near.next().is_some() {
            // The precise oracle keeps apart what this one cannot.
            return None;
        }
        atom.weight -= scenario.weight;
    }
    Some(atoms.iter().all(|atom| atom.weight.abs() < 1e-9))
}
