//! Speed of the evaluator: one step of Adam, and a whole benchmark on Rosenbrock's function.

use criterion::{Criterion, criterion_group, criterion_main};
use nos::bench::{self, Candidate, Options};
use nos::engine::{Objective, Runner, TensorShape};
use nos::ir::{Graph, NodeId, Rule};
use nos::op::{Leaf, Op};
use std::hint::black_box;
use std::ops::ControlFlow;

/// Writes rules.
#[derive(Default)]
struct Build(Graph);

impl Build {
    fn op(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        self.0.apply(op, args).expect("shapes fit")
    }

    fn with(&mut self, op: Op, x: NodeId, number: f64) -> NodeId {
        let number = self.0.number(number);
        self.op(op, &[x, number])
    }

    fn g(&mut self) -> NodeId {
        self.0.leaf(Leaf::Grad)
    }

    /// `debias(ema(x, beta))`.
    fn average(&mut self, x: NodeId, beta: f64) -> NodeId {
        let ema = self.with(Op::Ema, x, beta);
        self.op(Op::Debias, &[ema])
    }

    /// `x / (sqrt(vhat) + 1e-8)`.
    fn normalised(&mut self, x: NodeId) -> NodeId {
        let g = self.g();
        let square = self.with(Op::Pow, g, 2.0);
        let vhat = self.average(square, 0.999);
        let root = self.op(Op::Sqrt, &[vhat]);
        let divisor = self.with(Op::Add, root, 1e-8);
        self.op(Op::Div, &[x, divisor])
    }
}

fn rule(build: impl FnOnce(&mut Build) -> NodeId) -> Rule {
    let mut b = Build::default();
    let root = build(&mut b);
    Rule::new(&b.0, root)
}

fn adam() -> Rule {
    rule(|b| {
        let g = b.g();
        let mhat = b.average(g, 0.9);
        b.normalised(mhat)
    })
}

fn candidates() -> Vec<Candidate> {
    let momentum = rule(|b| {
        let g = b.g();
        b.with(Op::Trace, g, 0.9)
    });
    let rmsprop = rule(|b| {
        let g = b.g();
        b.normalised(g)
    });
    let powersign = rule(|b| {
        let g = b.g();
        let m = b.with(Op::Ema, g, 0.9);
        let (sign, other) = (b.op(Op::Sign, &[g]), b.op(Op::Sign, &[m]));
        let agreement = b.op(Op::Mul, &[sign, other]);
        let base = b.0.number(std::f64::consts::E);
        let power = b.op(Op::Pow, &[base, agreement]);
        b.op(Op::Mul, &[power, g])
    });
    vec![
        Candidate::new("sgd", rule(Build::g)),
        Candidate::new("momentum", momentum),
        Candidate::new("rmsprop", rmsprop),
        Candidate::new("adam", adam()),
        Candidate::new("powersign", powersign),
    ]
}

fn rosenbrock() -> Objective {
    let formula = rule(|b| {
        let (x, y) = (b.0.leaf(Leaf::Coordinate(0)), b.0.leaf(Leaf::Coordinate(1)));
        let one = b.0.number(1.0);
        let distance = b.op(Op::Sub, &[one, x]);
        let distance = b.with(Op::Pow, distance, 2.0);
        let square = b.with(Op::Pow, x, 2.0);
        let valley = b.op(Op::Sub, &[y, square]);
        let valley = b.with(Op::Pow, valley, 2.0);
        let hundred = b.0.number(100.0);
        let valley = b.op(Op::Mul, &[hundred, valley]);
        b.op(Op::Add, &[distance, valley])
    });
    let names = vec!["x".to_owned(), "y".to_owned()];
    Objective::new("rosenbrock", names, &formula, vec![-2.0, 2.0])
        .and_then(|f| f.with_minima(vec![vec![1.0, 1.0]]))
        .expect("plain ops only")
}

fn speed(criterion: &mut Criterion) {
    criterion.bench_function("adam step, 2 elements", |bencher| {
        let mut runner =
            Runner::new(&adam(), &[TensorShape::Vector(2)], 0).expect("a rule for any shape");
        let (mut w, mut step) = ([1.0, -1.0], 0);
        bencher.iter(|| {
            let done = runner.step(0, &mut w, black_box(&[0.5, -0.3]), 1e-3, (step, 4000));
            step += 1;
            done
        });
    });
    criterion.bench_function("rosenbrock, value and gradient", |bencher| {
        let mut evaluator = rosenbrock().evaluator();
        let mut gradient = [0.0; 2];
        bencher.iter(|| evaluator.value_and_gradient(black_box(&[-2.0, 2.0]), &mut gradient));
    });
    criterion.bench_function("rosenbrock, 5 rules x 4 rates x 4000 steps", |bencher| {
        let (rules, objective) = (candidates(), rosenbrock());
        let options = Options {
            steps: 4000,
            rates: bench::grid(1e-4, 1e-1, 4).expect("positive ends"),
            seeds: vec![0],
            starts: vec![],
            schedule: None,
            has_paths: true,
        };
        bencher.iter(|| {
            bench::run(&rules, &objective, &options, &mut |_| {
                ControlFlow::Continue(())
            })
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = speed
}
criterion_main!(benches);
