//! The fused engine against a twin that goes node by node: every value of an element rounded to f32, every scalar in f64.
//!
//! The twin shares the table of ops with the engine and nothing else. Results must be the same number, so that no joined kernel, no
//! table of signs and no order of passes can change anything.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::too_many_lines,
    clippy::wildcard_enum_match_arm,
    reason = "small numbers, and one long walk over the graph"
)]

use crate::laws::expression;
use nos::context::{Context, Silent};
use nos::engine::noise::{self, Source};
use nos::engine::{Optimizer, Settings, TensorShape};
use nos::ir::{Node, NodeId, Origin, Rule};
use nos::op::{Leaf, Op};
use nos::types::Shape;
use proptest::prelude::*;
use std::collections::HashMap;

const BLOCK: usize = 512;
const TOTAL: u64 = 4;

/// A rule on one tensor, as slowly as possible.
struct Twin<'r> {
    rule: &'r Rule,
    state: HashMap<NodeId, Vec<f64>>,
    updates: HashMap<Origin, Vec<f64>>,
    len: usize,
}

fn rounded(x: f64) -> f64 {
    f64::from(x as f32)
}

/// Sixteen partial sums a block, blocks in order.
fn sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let block = |values: &[f64]| -> f64 {
        let mut partial = [0.0; 16];
        for (index, x) in values.iter().enumerate() {
            partial[index % 16] += term(*x);
        }
        partial.iter().sum()
    };
    values.chunks(BLOCK).map(block).fold(0.0, |a, b| a + b)
}

impl<'r> Twin<'r> {
    fn new(rule: &'r Rule, len: usize) -> Self {
        Self {
            rule,
            state: HashMap::new(),
            updates: HashMap::new(),
            len,
        }
    }

    fn step(&mut self, w: &mut [f32], g: &[f32], rate: f64, step: u64, tensor: u32) {
        let graph = self.rule.graph();
        let source = |stream| Source {
            seed: 3,
            stream,
            tensor,
            step,
        };
        let t = step.min(TOTAL) as f64;
        let updates = step as f64 + 1.0;
        let mut values: Vec<Vec<f64>> = Vec::new();
        let mut writes: Vec<(NodeId, Vec<f64>)> = Vec::new();
        let mut owned: Vec<(Origin, Vec<f64>)> = Vec::new();
        for (id, node) in graph.iter() {
            let is_wide = graph.ty(id).shape != Shape::Scalar;
            let len = if is_wide { self.len } else { 1 };
            let finish = |x: f64| if is_wide { rounded(x) } else { x };
            let wide = |id: NodeId| graph.ty(id).shape != Shape::Scalar;
            let at = |id: NodeId, index: usize| {
                let value = &values[id.0 as usize];
                if wide(id) { value[index] } else { value[0] }
            };
            let each = |f: &dyn Fn(usize) -> f64| (0..len).map(f).collect::<Vec<f64>>();
            let value = match node {
                Node::Number(bits) => vec![f64::from_bits(bits)],
                Node::Leaf(leaf) => match leaf {
                    Leaf::Grad => g.iter().map(|x| f64::from(*x)).collect(),
                    Leaf::Weight => w.iter().map(|x| f64::from(*x)).collect(),
                    Leaf::Step => vec![t],
                    Leaf::Total => vec![TOTAL as f64],
                    Leaf::Noise => each(&|index| {
                        rounded(0.1 * noise::normal(source(noise::STREAM_NOISE), index as u64))
                    }),
                    Leaf::StepNoise => {
                        let source = Source {
                            tensor: 0,
                            ..source(noise::STREAM_STEP_NOISE)
                        };
                        vec![noise::normal(source, 0) * libm_pow(1.0 + t, -0.55 / 2.0)]
                    }
                    Leaf::Coordinate(_) => unreachable!(),
                },
                Node::Drop { x, p, mask } => each(&|index| {
                    let draw = noise::uniform(source(noise::STREAM_MASKS + mask.0), index as u64);
                    if draw < at(p, 0) { 0.0 } else { at(x, index) }
                }),
                Node::LastUpdate(rule) => {
                    let zeros = || vec![0.0; self.len];
                    self.updates.get(&rule).cloned().unwrap_or_else(zeros)
                }
                Node::Own { rule, body } => {
                    let kept = (0..self.len).map(|index| rounded(at(body, index)));
                    owned.push((rule, kept.collect()));
                    values[body.0 as usize].clone()
                }
                Node::Apply(op, args) => {
                    let args = args.as_slice();
                    let x = args[0];
                    let start = if op == Op::Peak {
                        f64::NEG_INFINITY
                    } else {
                        0.0
                    };
                    let old = self.state.get(&id).cloned();
                    let old = old.unwrap_or_else(|| vec![start; len]);
                    let by = |index: usize| {
                        if wide(id) {
                            rounded(at(args[1], 0))
                        } else {
                            at(args[1], index)
                        }
                    };
                    match op {
                        Op::Ema => {
                            let rest = finish(1.0 - at(args[1], 0));
                            each(&|i| rounded(finish(by(0) * old[i]) + finish(rest * at(x, i))))
                        }
                        Op::Trace => each(&|i| rounded(finish(by(0) * old[i]) + at(x, i))),
                        Op::Total => each(&|i| rounded(old[i] + at(x, i))),
                        Op::Peak => each(&|i| rounded(Op::Max.apply(&[old[i], at(x, i)]).unwrap())),
                        Op::Last => {
                            let kept = (0..len).map(|i| rounded(at(x, i))).collect();
                            writes.push((id, kept));
                            let first = vec![rounded(at(args[1], 0)); len];
                            self.state.get(&id).cloned().unwrap_or(first)
                        }
                        Op::Debias => {
                            let Node::Apply(Op::Ema, ema) = graph.node(x) else {
                                unreachable!()
                            };
                            let correction = 1.0 - libm_pow(at(ema.as_slice()[1], 0), updates);
                            if wide(id) {
                                each(&|i| rounded(at(x, i) * rounded(1.0 / correction)))
                            } else {
                                vec![at(x, 0) / correction]
                            }
                        }
                        Op::Norm | Op::Rms | Op::Mean | Op::Sum => {
                            let values = &values[x.0 as usize];
                            let count = if wide(x) { self.len as f64 } else { 1.0 };
                            let total = match op {
                                Op::Norm | Op::Rms => sum(values, |x| x * x),
                                _ => sum(values, |x| x),
                            };
                            vec![match op {
                                Op::Norm => total.sqrt(),
                                Op::Rms => (total / count).sqrt(),
                                Op::Mean => total / count,
                                _ => total,
                            }]
                        }
                        _ => each(&|index| {
                            let numbers: Vec<f64> = args
                                .iter()
                                .map(|arg| {
                                    let value = at(*arg, index);
                                    let is_raw = !is_wide || wide(*arg) || op == Op::Pow;
                                    if is_raw { value } else { rounded(value) }
                                })
                                .collect();
                            if op == Op::Div && is_wide && !wide(args[1]) {
                                let by = at(args[1], 0);
                                let inverse = (1.0 / by) as f32;
                                if inverse.is_normal() && (by as f32).is_normal() {
                                    return rounded(numbers[0] * f64::from(inverse));
                                }
                            }
                            finish(op.apply(&numbers).unwrap())
                        }),
                    }
                }
            };
            if let Node::Apply(op, _) = node
                && op.has_state()
                && op != Op::Last
            {
                writes.push((id, value.clone()));
            }
            values.push(value);
        }
        self.state.extend(writes);
        self.updates.extend(owned);
        let root = self.rule.root();
        let is_wide = graph.ty(root).shape != Shape::Scalar;
        for (index, w) in w.iter_mut().enumerate() {
            let u = values[root.0 as usize][if is_wide { index } else { 0 }];
            let moved = rounded(rounded(rate) * rounded(u));
            *w = (f64::from(*w) - moved) as f32;
        }
    }
}

fn libm_pow(x: f64, y: f64) -> f64 {
    // A power whose exponent is none of those that products are taken for.
    Op::Pow.apply(&[x, y]).unwrap()
}

/// Gradients and weights of every kind: the first ones special, the others random.
fn numbers(len: usize, seed: u64, is_hostile: bool) -> Vec<f32> {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::INFINITY,
        f32::NAN,
        f32::NEG_INFINITY,
        1e-42,
        3e38,
    ];
    let source = |element: u64| Source {
        seed,
        stream: 77,
        tensor: 0,
        step: element,
    };
    (0..len)
        .map(|index| {
            let x = noise::normal(source(index as u64), 0) as f32;
            match special.get(index) {
                Some(special) if is_hostile => *special,
                Some(_) if index < 2 => 0.0,
                Some(_) | None => x,
            }
        })
        .collect()
}

fn same(x: f32, y: f32) -> bool {
    x == y || (x.is_nan() && y.is_nan())
}

#[track_caller]
fn hold(rule: &Rule, lens: &[usize], is_hostile: bool) {
    let shapes: Vec<TensorShape> = lens.iter().map(|len| TensorShape::Vector(*len)).collect();
    let mut settings = Settings::new(0.1, TOTAL);
    settings.seed = 3;
    let mut optimizer = Optimizer::new(rule, &shapes, settings).unwrap();
    let mut twins: Vec<Twin<'_>> = lens.iter().map(|len| Twin::new(rule, *len)).collect();
    let mut w: Vec<Vec<f32>> = lens.iter().map(|len| numbers(*len, 1, false)).collect();
    let mut twin_w = w.clone();
    for step in 0..TOTAL + 2 {
        let g = lens.iter().map(|len| numbers(*len, 10 + step, is_hostile));
        let g: Vec<Vec<f32>> = g.collect();
        optimizer.step(&mut w, &g).unwrap();
        for (tensor, twin) in twins.iter_mut().enumerate() {
            twin.step(&mut twin_w[tensor], &g[tensor], 0.1, step, tensor as u32);
            for (index, (x, y)) in w[tensor].iter().zip(&twin_w[tensor]).enumerate() {
                assert!(
                    same(*x, *y),
                    "{}: step {step}, tensor {tensor} of {}, element {index}: {x:e}, not {y:e}, for g = {:e}",
                    rule.text(),
                    lens[tensor],
                    g[tensor][index]
                );
            }
        }
    }
}

fn rule(text: &str) -> Rule {
    Context::new().rule("rule", text, &mut Silent).unwrap()
}

const LENGTHS: [usize; 7] = [0, 1, 5, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 1];

#[test]
fn rules_of_the_literature_are_their_twins() {
    for text in [
        "g",
        "momentum",
        "nesterov",
        "rmsprop",
        "adam",
        "adamw",
        "adagrad",
        "nadam",
        "m",
        "powersign",
        "powersign(base: 2, f: cd)",
        "powersign(f: ld)",
        "addsign",
        "addsign(f: ld)",
        "addsign(f: 2)",
        "lion",
        "sign(g) * sqrt|g| + drop(m, 0.3)",
        "g / max(1, norm(g))",
        "ema(g / rms(g), 0.9) * norm(w)",
        "g - mean(g) + last(g)",
        "ema(norm(g), 0.9) * g",
        "eps * g + eps_t",
        "last(w) + g",
        "last(last(g))",
        "0.5 * last(update) + g",
        "trace(last(trace(g, 0.5)), 0.9)",
        "last(total(g)) + total(g)",
        "ld",
        "sum(total(g) / norm(last(g))) * peak(m)",
    ] {
        hold(&rule(text), &LENGTHS, false);
        hold(&rule(text), &LENGTHS, true);
    }
}

#[test]
fn functions_and_choices_are_their_twins() {
    for text in [
        "exp(g) + log|g|",
        "tanh(3 * g) * sigmoid(w)",
        "cos(g) + sin(10 * w)",
        "|g|^0.3 + g^4 + g^-2 + 2^g + g^w",
        "cos(1e9 * g) + g^0.5 + w^-0.5 + g^-3",
        "g % 0.3 + 0.7 % w",
        "min(g, w) + max(g, 0.1) + clip(g, 0.2) + clip(w, |g|)",
        "where(g > 0 and w < 1 or not (g == w), g, where(t >= 1, w, 2))",
        "where(g <= 0.1, 1, 0) - where(g != 0, 3 - g, 2 / g) + g / 3 - 4",
        "e^(cd * sign(g) * (sign(w) / 3)) * g + 2^(sign(g) * sign(g) * sign(w)) + e^(sign(g) * sign(w) * sign(m))",
        "e^(2 * sign(g) * sign(w)) * m + cos(sign(g)) + 1 / sign(g)",
        "g / 1e-40 + g / 1e39 + g / (t - 1)",
    ] {
        hold(&rule(text), &LENGTHS, false);
        hold(&rule(text), &LENGTHS, true);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_rules_are_their_twins(text in expression(), len in prop::sample::select(LENGTHS.to_vec()), is_hostile in any::<bool>()) {
        if let Ok(rule) = Context::new().rule("law", &text, &mut Silent) {
            hold(&rule, &[len], is_hostile);
        }
    }
}

#[test]
fn number_of_threads_changes_no_bit() {
    // More than one chunk, and more than what is done on one thread alone.
    let lens = [150_001, 7, 40_000];
    let shapes: Vec<TensorShape> = lens.iter().map(|len| TensorShape::Vector(*len)).collect();
    for text in [
        "adam",
        "powersign(f: ld)",
        "g / norm(g) + drop(g, 0.5) + last(g) * eps",
        "tanh(m) * (g + mean(g^2))",
    ] {
        let rule = rule(text);
        let after = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| {
                let mut optimizer =
                    Optimizer::new(&rule, &shapes, Settings::new(0.1, TOTAL)).unwrap();
                let mut w: Vec<Vec<f32>> = lens.iter().map(|len| numbers(*len, 1, false)).collect();
                let g: Vec<Vec<f32>> = lens.iter().map(|len| numbers(*len, 2, false)).collect();
                for _ in 0..2 {
                    optimizer.step(&mut w, &g).unwrap();
                }
                let bits = w.into_iter().flatten().map(f32::to_bits);
                bits.collect::<Vec<u32>>()
            })
        };
        let one = after(1);
        assert!(one == after(2) && one == after(3), "{text}");
    }
}

/// What a function should give.
type Function = fn(f64) -> f64;

/// Steps of one from one f32 to the next, through 0.
fn place(x: f32) -> i64 {
    let bits = i64::from(x.to_bits() & 0x7fff_ffff);
    if x.is_sign_negative() { -bits } else { bits }
}

/// One op on many numbers through the engine: the new parameter of a rule with learning rate -1 that starts from 0.
fn through_engine(text: &str, xs: &[f32]) -> Vec<f32> {
    let shape = [TensorShape::Vector(xs.len())];
    let mut optimizer = Optimizer::new(&rule(text), &shape, Settings::new(-1.0, 1)).unwrap();
    let mut w = [vec![0.0; xs.len()]];
    optimizer.step(&mut w, &[xs]).unwrap();
    let [w] = w;
    w
}

#[test]
fn functions_are_within_one_unit_in_the_last_place() {
    // Every 40009th of all f32, infinities and NaN among them, and all sorts of neighbours of 0, 1 and the ends.
    let mut xs: Vec<f32> = (0..u32::MAX / 40_009)
        .map(|k| f32::from_bits(k * 40_009))
        .collect();
    for centre in [
        0.0,
        1.0,
        -1.0,
        88.722_84,
        -103.97,
        f32::MAX,
        f32::INFINITY,
        524_288.0,
        1.570_796_4,
        1e-3,
    ] {
        let near = i64::from(f32::to_bits(centre));
        xs.extend(
            (-20..20)
                .filter_map(|k| u32::try_from(near + k).ok())
                .map(f32::from_bits),
        );
    }
    let functions: [(&str, Function); 11] = [
        ("exp(g)", |x| Op::Exp.apply(&[x]).unwrap()),
        ("log(g)", |x| Op::Log.apply(&[x]).unwrap()),
        ("tanh(g)", |x| Op::Tanh.apply(&[x]).unwrap()),
        ("sigmoid(g)", |x| Op::Sigmoid.apply(&[x]).unwrap()),
        ("sin(g)", |x| Op::Sin.apply(&[x]).unwrap()),
        ("cos(g)", |x| Op::Cos.apply(&[x]).unwrap()),
        ("sqrt(g)", |x| Op::Sqrt.apply(&[x]).unwrap()),
        ("g^0.3", |x| Op::Pow.apply(&[x, 0.3]).unwrap()),
        ("g^-5", |x| Op::Pow.apply(&[x, -5.0]).unwrap()),
        ("1.7^g", |x| Op::Pow.apply(&[1.7, x]).unwrap()),
        ("g^g", |x| Op::Pow.apply(&[x, x]).unwrap()),
    ];
    for (text, function) in functions {
        let mut off = 0;
        for (x, found) in xs.iter().zip(through_engine(text, &xs)) {
            let want = function(f64::from(*x)) as f32;
            let distance = if want.is_nan() || found.is_nan() {
                i64::from(want.is_nan() != found.is_nan()) * 1000
            } else {
                (place(found) - place(want)).abs()
            };
            assert!(distance <= 1, "{text} at {x:e}: {found:e}, not {want:e}");
            off += distance;
        }
        // All but a few are the nearest f32.
        assert!(
            off <= 2,
            "{text}: {off} of {} are not the nearest",
            xs.len()
        );
    }
}
