//! Whole rules against the numbers and the loops of their papers.

use super::*;

/// `base^(f * sign(g) * sign(m)) * g`.
fn powersign(b: &mut Build, f: NodeId) -> NodeId {
    let sign = agreement(b, f);
    let base = b.num(std::f64::consts::E);
    let power = b.op(Op::Pow, &[base, sign]);
    let g = b.g();
    b.op(Op::Mul, &[power, g])
}

/// `(1 + f * sign(g) * sign(m)) * g`.
fn addsign(b: &mut Build, f: NodeId) -> NodeId {
    let sign = agreement(b, f);
    let one = b.num(1.0);
    let sum = b.op(Op::Add, &[one, sign]);
    let g = b.g();
    b.op(Op::Mul, &[sum, g])
}

fn agreement(b: &mut Build, f: NodeId) -> NodeId {
    let g = b.g();
    let m = b.with(Op::Ema, g, 0.9);
    let (g, m) = (b.op(Op::Sign, &[g]), b.op(Op::Sign, &[m]));
    let scaled = b.op(Op::Mul, &[f, g]);
    b.op(Op::Mul, &[scaled, m])
}

fn linear_decay(b: &mut Build) -> NodeId {
    let (one, t, total) = (b.num(1.0), b.leaf(Leaf::Step), b.leaf(Leaf::Total));
    let share = b.op(Op::Div, &[t, total]);
    b.op(Op::Sub, &[one, share])
}

/// Weights printed by the authors' code: w0 = 1, lr = 0.1, g = 0.1 for four steps, then -0.1 for three.
#[test]
fn sign_rules_reproduce_the_authors_weights() {
    type Write = fn(&mut Build, NodeId) -> NodeId;
    let golden: [(Write, bool, [f64; 7], f64); 4] = [
        (
            powersign,
            false,
            [
                0.972_817_18,
                0.945_634_36,
                0.918_451_55,
                0.891_268_73,
                0.894_947_52,
                0.898_626_32,
                0.925_809_13,
            ],
            1e-8,
        ),
        (
            powersign,
            true,
            [
                0.972_817_18,
                0.948_221_15,
                0.925_965_74,
                0.905_828_21,
                0.911_316_33,
                0.917_381_64,
                0.932_299_88,
            ],
            1e-8,
        ),
        (
            addsign,
            false,
            [0.98, 0.96, 0.94, 0.92, 0.92, 0.92, 0.94],
            1e-12,
        ),
        (
            addsign,
            true,
            [0.98, 0.961, 0.943, 0.926, 0.930, 0.935, 0.949],
            1e-12,
        ),
    ];
    for (write, decays, want, tolerance) in golden {
        let rule = rule(|b| {
            let f = if decays { linear_decay(b) } else { b.num(1.0) };
            write(b, f)
        });
        let mut runner = Runner::new(&rule, &[TensorShape::Vector(1)], 0).expect("the rule fits");
        let mut w = [1.0];
        for (step, want) in (0..).zip(want) {
            let g = if step < 4 { 0.1 } else { -0.1 };
            let done = runner.step(0, &mut w, &[g], 0.1, (step, 10));
            assert_eq!(done, Ok(()));
            assert!(
                (w[0] - want).abs() <= tolerance,
                "{}: {w:?}, not {want}",
                rule.text()
            );
        }
    }
}

/// A gradient that changes size and sign.
fn wavy(step: u32) -> f64 {
    (f64::from(step) * 0.7).sin() * (f64::from(step % 7) - 2.5)
}

/// Runs a rule beside a loop that gives the weight after each step.
#[track_caller]
fn check_loop(rule: &Rule, mut reference: impl FnMut(u32, f64, f64) -> f64) {
    let mut runner = Runner::new(rule, &[TensorShape::Vector(1)], 0).expect("the rule fits");
    let (mut w, mut want) = ([1.0], 1.0);
    for step in 0..200 {
        let g = wavy(step);
        let done = runner.step(0, &mut w, &[g], 0.01, (step.into(), 200));
        assert_eq!(done, Ok(()));
        want = reference(step, want, g);
        assert!(
            (w[0] - want).abs() < 1e-12,
            "step {step}: {w:?}, not {want}"
        );
    }
}

/// `debias(ema(x, beta))`.
fn average(b: &mut Build, x: NodeId, beta: f64) -> NodeId {
    let ema = b.with(Op::Ema, x, beta);
    b.op(Op::Debias, &[ema])
}

/// `x / (sqrt(debias(ema(g^2, 0.999))) + 1e-8)`.
fn normalised(b: &mut Build, x: NodeId) -> NodeId {
    let g = b.g();
    let square = b.with(Op::Pow, g, 2.0);
    let vhat = average(b, square, 0.999);
    let root = b.op(Op::Sqrt, &[vhat]);
    let divisor = b.with(Op::Add, root, 1e-8);
    b.op(Op::Div, &[x, divisor])
}

#[test]
fn adam_and_momentum_follow_their_papers() {
    let adam = rule(|b| {
        let g = b.g();
        let mhat = average(b, g, 0.9);
        normalised(b, mhat)
    });
    let (mut m, mut v) = (0.0, 0.0);
    check_loop(&adam, |step, w, g| {
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        let power = f64::from(step) + 1.0;
        let mhat = m / (1.0 - 0.9_f64.powf(power));
        let vhat: f64 = v / (1.0 - 0.999_f64.powf(power));
        w - 0.01 * mhat / (vhat.sqrt() + 1e-8)
    });
    let momentum = rule(|b| {
        let g = b.g();
        b.with(Op::Trace, g, 0.9)
    });
    let mut s = 0.0;
    check_loop(&momentum, |_, w, g| {
        s = 0.9 * s + g;
        w - 0.01 * s
    });
    let adagrad = rule(|b| {
        let g = b.g();
        let square = b.with(Op::Pow, g, 2.0);
        let total = b.op(Op::Total, &[square]);
        let root = b.op(Op::Sqrt, &[total]);
        let divisor = b.with(Op::Add, root, 1e-8);
        b.op(Op::Div, &[g, divisor])
    });
    let mut sum: f64 = 0.0;
    check_loop(&adagrad, |_, w, g| {
        sum += g * g;
        w - 0.01 * g / (sum.sqrt() + 1e-8)
    });
}
