//! Many runs in step against the plain evaluator alone: the same bits in every lane.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a formula is made of a few kinds of nodes"
)]

use crate::laws::expression;
use nos::bench::{self, Candidate, Options};
use nos::context::{Context, Silent};
use nos::engine::noise::{self, Source};
use nos::engine::{Lanes, Objective, ObjectiveLanes, Runner, TensorShape};
use nos::ir::Rule;
use nos::op::Leaf;
use proptest::prelude::*;
use std::ops::ControlFlow;

/// Some twice: what is random is shared then. One more than a vector has; and as many as a search has learning rates, which draw the same,
/// from one start or several.
const SEEDS: [&[u64]; 4] = [
    &[4, 0, 9, 4, 0],
    &[6, 6, 6, 6],
    &[6, 6, 6, 6, 2, 2, 2, 2, 6, 6, 6, 6],
    &[1, 1, 1, 5, 5, 5, 5, 5, 5],
];
const STEPS: u64 = 4;

fn rule(text: &str) -> Rule {
    Context::new().rule("rule", text, &mut Silent).unwrap()
}

fn number(seed: u64, element: u64) -> f64 {
    let source = Source {
        seed,
        stream: 5,
        tensor: 0,
        step: 0,
    };
    match element {
        0 => 0.0,
        _ => noise::normal(source, element),
    }
}

fn bits(x: f64) -> u64 {
    // NaN is NaN, and 0 is 0.
    if x.is_nan() {
        f64::NAN.to_bits()
    } else {
        (x + 0.0).to_bits()
    }
}

/// Twice: what is drawn is made the first time, and known the second.
#[track_caller]
fn hold(rule: &Rule, coordinates: usize) {
    for seeds in SEEDS {
        hold_once(rule, coordinates, seeds);
        hold_once(rule, coordinates, seeds);
    }
}

#[track_caller]
fn hold_once(rule: &Rule, coordinates: usize, seeds: &[u64]) {
    let lanes = seeds.len();
    let Ok(mut together) = Lanes::new(rule, coordinates, seeds) else {
        return;
    };
    let shape = [TensorShape::Vector(coordinates)];
    let mut alone: Vec<Runner> = seeds
        .iter()
        .map(|seed| Runner::new(rule, &shape, *seed).unwrap())
        .collect();
    for step in 0..STEPS + 2 {
        let values = |seed: u64| -> Vec<f64> {
            (0..coordinates * lanes)
                .map(|index| number(seed, (index as u64 + step) % 11))
                .collect()
        };
        let (w, g) = (values(1), values(2 + step));
        let updates = together.update(&w, &g, step, STEPS).to_vec();
        for (lane, runner) in alone.iter_mut().enumerate() {
            let own = |values: &[f64]| -> Vec<f64> {
                (0..coordinates).map(|i| values[i * lanes + lane]).collect()
            };
            let update = runner.update(0, &own(&w), &own(&g), step, STEPS).unwrap();
            let (found, want): (Vec<u64>, Vec<u64>) = (
                own(&updates).into_iter().map(bits).collect(),
                update.iter().copied().map(bits).collect(),
            );
            assert_eq!(found, want, "{}: step {step}, lane {lane}", rule.text());
        }
    }
}

#[test]
fn rules_in_lanes_are_rules_alone() {
    for text in [
        "g",
        "adam",
        "nadam",
        "powersign",
        "powersign(base: 2, f: cd)",
        "powersign(f: eps_t)",
        "addsign(f: ld)",
        "lion",
        "g / max(1, norm(g)) + rms(g) + sum(g) + mean(2)",
        "last(last(g)) + 0.5 * last(update)",
        "drop(m, 0.3) + eps * eps_t",
        "eps * g + w * eps",
        "drop(g, 0.3) + drop(w, 0.9) + drop(g / 0, 0.5)",
        "drop(g, t / T) + drop(g, 0 / (t - 1)) + drop(w, t / 0) + drop(w, 0 - t / 0)",
        "ema(norm(g), 0.9) * g + ema(t, 0.5) + peak(g)",
        "debias(ema(norm(g), 0.9))",
        "debias(ema(g, 1 - 0.1)) + debias(ema(g, 0.5)) * debias(ema(w, 0.5))",
        "where(norm(g) > 1, g, w)",
        "|g|^0.3 + g^3 + g % 2 + tanh(g)",
        "cos(sign(g) * 2) + 1 / sign(g)",
        "e^g + exp(w) * log(abs(g)) + clip(g, 0.3) + clip(w, g) + 2^g",
        "sign(g) + sign(w * norm(g)) + e^norm(g)",
    ] {
        for coordinates in [1, 2, 5] {
            hold(&rule(text), coordinates);
        }
    }
}

#[test]
fn functions_in_lanes_are_functions_alone() {
    for name in ["rosenbrock", "rastrigin", "beale"] {
        let objective = objective(name);
        let dimension = objective.start().len();
        let mut together = ObjectiveLanes::new(&objective, 4);
        let point = |lane: usize| -> Vec<f64> {
            (0..dimension)
                .map(|i| number(3, (7 * lane + i) as u64))
                .collect()
        };
        for lane in 0..4 {
            for (coordinate, x) in point(lane).into_iter().enumerate() {
                together.coordinate_mut(coordinate)[lane] = x;
            }
        }
        together.run();
        let mut alone = objective.evaluator();
        let mut gradient = vec![0.0; dimension];
        for lane in 0..4 {
            let value = alone.value_and_gradient(&point(lane), &mut gradient);
            assert_eq!(bits(together.values()[lane]), bits(value), "{name}");
            for (coordinate, partial) in gradient.iter().enumerate() {
                assert_eq!(bits(together.partials(coordinate)[lane]), bits(*partial));
            }
        }
    }
}

/// A function of the language that benchmarks know, built by hand where the text would need an evaluator.
fn objective(name: &str) -> Objective {
    let text = match name {
        "rosenbrock" => "(1 - X)^2 + 100 * (Y - X^2)^2",
        "rastrigin" => {
            "20 + X^2 - 10 * cos(6.283185307179586 * X) + Y^2 - 10 * cos(6.283185307179586 * Y)"
        }
        _ => "(1.5 - X + X * Y)^2 + (2.25 - X + X * Y^2)^2",
    };
    // The coordinates stand in for the gradient and the weight of a rule.
    let as_rule = rule(&text.replace('X', "g").replace('Y', "w"));
    let mut graph = nos::ir::Graph::default();
    let mut new = Vec::new();
    for (_, node) in as_rule.graph().iter() {
        let id = match node {
            nos::ir::Node::Leaf(Leaf::Grad) => graph.leaf(Leaf::Coordinate(0)),
            nos::ir::Node::Leaf(Leaf::Weight) => graph.leaf(Leaf::Coordinate(1)),
            nos::ir::Node::Number(bits) => graph.number(f64::from_bits(bits)),
            nos::ir::Node::Apply(op, args) => {
                let args: Vec<_> = args
                    .as_slice()
                    .iter()
                    .map(|id: &nos::ir::NodeId| new[id.0 as usize])
                    .collect();
                graph.apply(op, &args).unwrap()
            }
            _ => unreachable!(),
        };
        new.push(id);
    }
    let formula = Rule::new(&graph, new[as_rule.root().0 as usize]);
    let names = vec!["x".to_owned(), "y".to_owned()];
    let objective = Objective::new(name, names, &formula, vec![-1.2, 1.5]).unwrap();
    objective.with_minima(vec![vec![1.0, 1.0]]).unwrap()
}

/// What is kept of a run: where it failed, its last value, its lowest, and when it was within 1e-3 and 1e-6 of the least.
type Kept = (Option<u64>, f64, f64, [Option<u64>; 2]);

fn kept(run: &nos::bench::report::Run) -> Kept {
    (
        run.failed_at,
        run.last,
        run.lowest,
        [run.to_1e3, run.to_1e6],
    )
}

/// One run as the plain evaluator does it.
fn plain_run(
    rule: &Rule,
    schedule: Option<&Rule>,
    objective: &Objective,
    steps: u64,
    rate: f64,
    seed: u64,
) -> Kept {
    let dimension = objective.start().len();
    let mut runner = Runner::new(rule, &[TensorShape::Vector(dimension)], seed).unwrap();
    let one = [TensorShape::Vector(1)];
    let mut schedule = schedule.map(|rule| Runner::new(rule, &one, seed).unwrap());
    let mut evaluator = objective.evaluator();
    let (mut w, mut g) = (objective.start().to_vec(), vec![0.0; dimension]);
    let mut value = evaluator.value_and_gradient(&w, &mut g);
    let (mut last, mut lowest) = (value, value);
    let least = objective.least().unwrap_or(f64::NEG_INFINITY);
    let first = |value: f64, distance: f64| (value - least <= distance).then_some(0);
    let mut reached = [1e-3, 1e-6].map(|distance| first(value, distance));
    for step in 0..steps {
        if objective.noise() > 0.0 {
            let mut draws = vec![0.0; dimension];
            let source = Source {
                seed,
                stream: noise::STREAM_GRADIENT,
                tensor: 0,
                step,
            };
            noise::fill_normal(source, &mut draws);
            for (g, draw) in g.iter_mut().zip(draws) {
                *g += objective.noise() * draw;
            }
        }
        let factor = schedule.as_mut().map_or(1.0, |schedule| {
            schedule.update(0, &[0.0], &[0.0], step, steps).unwrap()[0]
        });
        let update = runner.update(0, &w, &g, step, steps).unwrap();
        let mut is_finite = true;
        for (w, u) in w.iter_mut().zip(update) {
            *w -= rate * factor * u;
            is_finite &= w.is_finite() && u.is_finite();
        }
        if is_finite {
            value = evaluator.value_and_gradient(&w, &mut g);
        }
        if !is_finite || !value.is_finite() {
            return (Some(step + 1), last, lowest, reached);
        }
        last = value;
        lowest = lowest.min(value);
        for (reached, distance) in reached.iter_mut().zip([1e-3, 1e-6]) {
            *reached = reached.or(first(value, distance).map(|_| step + 1));
        }
    }
    (None, last, lowest, reached)
}

#[test]
fn benchmarks_are_runs_of_the_plain_evaluator() {
    let texts = [
        "g",
        "trace(g, 0.9)",
        "rmsprop",
        "adam",
        "powersign",
        "addsign(f: cd)",
        "lion",
        "drop(g, 0.5) + eps",
        "g / g",
        "g * norm(g)",
    ];
    let candidates: Vec<Candidate> = texts
        .iter()
        .map(|text| Candidate::new(*text, rule(text)))
        .collect();
    for (name, noise, schedule, count) in [
        ("rosenbrock", 0.0, None, 12),
        ("rosenbrock", 0.0, None, 4),
        ("rastrigin", 0.3, Some(rule("ld")), 12),
        ("beale", 0.0, Some(rule("1 + 0.1 * eps_t")), 12),
    ] {
        let rates = bench::grid(1e-4, 10.0, count).unwrap();
        let objective = objective(name).with_noise(noise).unwrap();
        let options = Options {
            steps: 300,
            rates: rates.clone(),
            seeds: if count == 4 { vec![2] } else { vec![2, 7, 1] },
            starts: vec![],
            schedule: schedule.clone(),
            has_paths: true,
        };
        let report = bench::run(&candidates, &objective, &options, &mut |_| {
            ControlFlow::Continue(())
        });
        let report = report.unwrap();
        assert!(report.is_complete);
        for (entry, candidate) in report.entries.iter().zip(&candidates) {
            for (cell, rate) in entry.cells.iter().zip(&rates) {
                assert_eq!(cell.rate, *rate);
                for (run, seed) in cell.runs.iter().zip(&options.seeds) {
                    let want = plain_run(
                        &candidate.rule,
                        schedule.as_ref(),
                        &objective,
                        300,
                        *rate,
                        *seed,
                    );
                    assert_eq!(kept(run), want, "{name}, {}, {rate}, {seed}", entry.name);
                }
            }
        }
    }
}

/// More starts than one batch has lanes, with and without noise: cells are cut, and every run is that of its start alone.
#[test]
fn every_start_is_a_run_of_its_own() {
    let candidates = [
        Candidate::new("sgd", rule("g")),
        Candidate::new("dropping", rule("drop(g, 0.5)")),
        Candidate::new("adam", rule("adam")),
    ];
    for (name, noise, minimum) in [("rastrigin", 0.0, [0.0, 0.0]), ("beale", 0.2, [3.0, 0.5])] {
        let objective = objective(name).with_noise(noise).unwrap();
        let objective = objective.with_minima(vec![minimum.to_vec()]).unwrap();
        let objective = objective.with_region(vec![(-2.0, 4.0); 2]).unwrap();
        let starts = objective.random_starts(70, 0).unwrap();
        let options = Options {
            steps: 40,
            rates: vec![1e-3, 1e-2],
            seeds: vec![5, 9],
            starts: starts.clone(),
            schedule: None,
            has_paths: true,
        };
        let report = bench::run(&candidates, &objective, &options, &mut |_| {
            ControlFlow::Continue(())
        });
        let report = report.unwrap();
        assert!(report.is_complete);
        for (entry, candidate) in report.entries.iter().zip(&candidates) {
            assert_eq!(entry.cells.len(), 2);
            for cell in &entry.cells {
                assert_eq!(cell.runs.len(), 140);
                for (number, run) in (0..).zip(&cell.runs) {
                    let (start, seed) = (number / 2, options.seeds[number % 2]);
                    let here = objective.clone().with_start(starts[start].clone()).unwrap();
                    let seed = seed + ((start as u64) << 32);
                    let want = plain_run(&candidate.rule, None, &here, 40, cell.rate, seed);
                    assert_eq!(kept(run), want, "{name}, {start}");
                }
            }
            let best = entry.best.as_ref().unwrap();
            let reached = entry.best_cell().unwrap().runs.iter();
            let reached = reached.filter(|run| run.to_1e3.is_some()).count();
            assert_eq!(
                best.solved,
                Some(f64::from(u8::try_from(reached).unwrap()) / 140.0)
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_rules_in_lanes_are_rules_alone(text in expression(), coordinates in 1usize..4) {
        if let Ok(rule) = Context::new().rule("law", &text, &mut Silent) {
            hold(&rule, coordinates);
        }
    }
}
