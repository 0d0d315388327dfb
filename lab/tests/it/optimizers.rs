//! Rules on real networks against libtorch's own optimizers, and against the engine's plain evaluator.

use crate::support::{convnet, grammar, lstm, mlp, shapes, trial};
use nos::engine::{Runner, TensorShape};
use nos::ir::Rule;
use nos::lab::message::{Data, Net};
use nos_lab::optimizer::{self, Optimizer, Plan};
use nos_lab::task::{Learner, Library};
use tch::{COptimizer, Device, Tensor};

const STEPS: u64 = 100;

fn learner(data: Data, net: Net) -> Box<dyn Learner> {
    let trial = trial(data, net);
    Library::default()
        .learner(&trial.task, &trial.settings, trial.seed, Device::Cpu)
        .unwrap()
}

fn plan(rule: &str, rate: f64) -> Plan {
    Plan {
        rule: optimizer::read(rule).unwrap(),
        schedule: None,
        rate,
        steps: STEPS,
        seed: 3,
    }
}

fn gradients(learner: &mut dyn Learner, step: u64) -> Vec<Tensor> {
    let loss = learner.loss(step);
    Tensor::run_backward(&[&loss], learner.vars().params(), false, false)
}

/// How far apart two networks are, in units of the way that training has taken.
fn apart(one: &[Tensor], two: &[Tensor], start: &[Tensor]) -> f64 {
    let norm = |a: &[Tensor], b: &[Tensor]| {
        let pairs = a.iter().zip(b);
        let squares = pairs.map(|(a, b)| (a - b).norm().double_value(&[]).powi(2));
        squares.sum::<f64>().sqrt()
    };
    norm(one, two) / norm(one, start)
}

fn copies(learner: &dyn Learner) -> Vec<Tensor> {
    learner
        .vars()
        .params()
        .iter()
        .map(|tensor| tensor.detach().copy())
        .collect()
}

/// 100 steps of a network: a rule in both of its forms and an optimizer of libtorch get the gradients of one training.
#[track_caller]
fn check_against_libtorch(rule: &str, rate: f64, mut theirs: COptimizer) {
    let mut net = learner(shapes(400), convnet(4));
    let (start, shapes) = (copies(&*net), net.vars().shapes());
    let mut fused = Optimizer::new(plan(rule, rate), &shapes, Device::Cpu).unwrap();
    let mut ops = Optimizer::with_ops(plan(rule, rate), &shapes).unwrap();
    let with_ops = copies(&*net);
    let with_theirs = copies(&*net)
        .into_iter()
        .map(|tensor| tensor.set_requires_grad(true));
    let with_theirs: Vec<Tensor> = with_theirs.collect();
    for tensor in &with_theirs {
        theirs.add_parameters(tensor, 0).unwrap();
    }
    for step in 0..STEPS {
        let grads = gradients(&mut *net, step);
        fused.step(net.vars().params(), &grads).unwrap();
        ops.step(&with_ops, &grads).unwrap();
        theirs.zero_grad().unwrap();
        // What has these gradients: the sum of all parameters times their gradients.
        let pairs = with_theirs.iter().zip(&grads);
        pairs
            .map(|(w, g)| (w * g).sum(tch::Kind::Float))
            .sum::<Tensor>()
            .backward();
        theirs.step().unwrap();
    }
    for (form, params) in [("fused", net.vars().params()), ("ops", &with_ops)] {
        let found = apart(params, &with_theirs, &start);
        assert!(found < 1e-5, "`{rule}` ({form}) is {found} from libtorch's");
    }
}

/// 100 steps of the same network with a rule and with an optimizer of libtorch: trainings from the same start that never meet again. What they may differ by is what
/// rounding grows to on the way.
#[track_caller]
fn check_training(rule: &str, rate: f64, mut theirs: COptimizer) {
    let (mut ours, mut other) = (learner(shapes(400), mlp()), learner(shapes(400), mlp()));
    let start = copies(&*ours);
    let mut optimizer =
        Optimizer::new(plan(rule, rate), &ours.vars().shapes(), Device::Cpu).unwrap();
    for tensor in other.vars().params() {
        theirs.add_parameters(tensor, 0).unwrap();
    }
    for step in 0..STEPS {
        let grads = gradients(&mut *ours, step);
        optimizer.step(ours.vars().params(), &grads).unwrap();
        theirs.zero_grad().unwrap();
        other.loss(step).backward();
        theirs.step().unwrap();
    }
    let found = apart(ours.vars().params(), other.vars().params(), &start);
    assert!(
        found < 1e-3,
        "training with `{rule}` is {found} from that with libtorch's"
    );
}

#[track_caller]
fn check_both(rule: &str, rate: f64, make: &dyn Fn() -> COptimizer) {
    check_against_libtorch(rule, rate, make());
    check_training(rule, rate, make());
}

#[test]
fn sgd_and_momentum_are_those_of_libtorch() {
    check_both("sgd", 0.05, &|| {
        COptimizer::sgd(0.05, 0.0, 0.0, 0.0, false).unwrap()
    });
    check_both("momentum", 0.01, &|| {
        COptimizer::sgd(0.01, 0.9, 0.0, 0.0, false).unwrap()
    });
}

#[test]
fn rmsprop_is_that_of_libtorch() {
    let rule = "g / (sqrt(ema(g^2, 0.99)) + 1e-8)";
    check_both(rule, 1e-3, &|| {
        COptimizer::rms_prop(1e-3, 0.99, 1e-8, 0.0, 0.0, false).unwrap()
    });
}

#[test]
fn adam_and_adamw_are_those_of_libtorch() {
    check_both("adam", 1e-3, &|| {
        COptimizer::adam(1e-3, 0.9, 0.999, 0.0, 1e-8, false).unwrap()
    });
    check_both("adamw(weight_decay: 0.1)", 1e-3, &|| {
        COptimizer::adamw(1e-3, 0.9, 0.999, 0.1, 1e-8, false).unwrap()
    });
}

/// A rule over the gradients of a real training, in both forms, against the plain evaluator in f64 on the same gradients.
#[track_caller]
fn check_against_f64(rule: &Rule, steps: u64) {
    let (data, net) = if rule.needs_matrix() {
        (grammar(2000), lstm(8))
    } else {
        (shapes(200), convnet(4))
    };
    let mut ours = learner(data, net);
    let plan = Plan {
        rule: rule.clone(),
        steps,
        ..plan("sgd", 1e-2)
    };
    let (shapes, start) = (ours.vars().shapes(), copies(&*ours));
    let mut fused = Optimizer::new(plan.clone(), &shapes, Device::Cpu).unwrap();
    let mut ops = Optimizer::with_ops(plan, &shapes).unwrap();
    let with_ops = copies(&*ours);
    // What is no matrix is one of a single row.
    let as_seen = |shape: &TensorShape| match *shape {
        TensorShape::Vector(len) if rule.needs_matrix() => TensorShape::Matrix(1, len),
        other => other,
    };
    let mut runner = Runner::new(rule, &shapes.iter().map(as_seen).collect::<Vec<_>>(), 3).unwrap();
    let mut plain: Vec<Vec<f64>> = start.iter().map(numbers).collect();
    for step in 0..steps {
        let grads = gradients(&mut *ours, step);
        for (index, (w, grad)) in plain.iter_mut().zip(&grads).enumerate() {
            runner
                .step(index, w, &numbers(grad), 1e-2, (step, steps))
                .unwrap();
        }
        fused.step(ours.vars().params(), &grads).unwrap();
        ops.step(&with_ops, &grads).unwrap();
    }
    for (form, params) in [("fused", ours.vars().params()), ("ops", &with_ops)] {
        for (index, param) in params.iter().enumerate() {
            let moved: f64 = numbers(&start[index])
                .iter()
                .zip(&plain[index])
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            for (found, want) in numbers(param).iter().zip(&plain[index]) {
                let is_near = (found - want).abs() <= 2e-4 * moved + 1e-6 * want.abs().max(1.0);
                assert!(
                    is_near,
                    "{} ({form}), tensor {index}: {found}, not {want}, of {moved}",
                    rule.text()
                );
            }
        }
    }
}

#[test]
fn rules_of_all_kinds_agree_with_the_plain_evaluator() {
    for text in [
        "sgd",
        "w",
        "momentum",
        "nesterov",
        "rmsprop",
        "adam",
        "adamw",
        "adadelta",
        "amsgrad",
        "lion",
        "powersign(f: cd)",
        "addsign_ld",
        "drop(g, 0.3) * eps + eps_t * w",
        "drop(m, 0.1) + last(update) / 2",
        "last(g, 1) + last(w, 0) * t / T",
        "g / max(norm(g), 1e-3) + mean(w) + rms(m) * tanh(sum(g))",
        "where(g * m > 0 and |g| > 1e-4, g, clip(w, 1e-2))",
        "g * ema(norm(g), 0.9) / (total(t + 1) + peak(norm(g)))",
        "min(g, max(m, w)) + sin(w) * tanh(g) + sigmoid(w) * e^g + w % 0.3",
        "orthogonalize(ema(g, 0.9))",
        "g / sqrt(rowmean(g^2) * colmean(g^2) + 1e-6) + transpose(transpose(w) @ w @ transpose(w)) * 1e-3",
    ] {
        check_against_f64(&optimizer::read(text).unwrap(), 8);
    }
}

#[test]
fn weight_decay_is_added_to_the_gradient() {
    let decayed = optimizer::with_decay(&optimizer::read("trace(g, 0.9)").unwrap(), 0.1);
    assert_eq!(
        decayed.text(),
        optimizer::read("trace(g + 0.1 * w, 0.9)").unwrap().text()
    );
    check_against_f64(&decayed, 8);
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(tch::Kind::Double).flatten(0, -1)).unwrap()
}
