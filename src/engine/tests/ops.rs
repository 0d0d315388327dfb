//! Each op on numbers worked out by hand.

use super::*;

/// One step with gradient (x, y) per element.
#[track_caller]
fn check_op(op: Op, args: impl Fn(&mut Build) -> Vec<NodeId>, g: [f64; 2], want: [f64; 2]) {
    let rule = rule(|b| {
        let args = args(b);
        b.op(op, &args)
    });
    check(&rule, VECTOR, &[&g], &[&want]);
}

#[test]
fn elementwise_ops_have_their_values() {
    let unary = |b: &mut Build| vec![b.g()];
    let and_weight = |b: &mut Build| vec![b.g(), b.leaf(Leaf::Weight)];
    // The weights are 2 and 3.
    check_op(Op::Add, and_weight, [1.0, -1.0], [3.0, 2.0]);
    check_op(Op::Sub, and_weight, [1.0, -1.0], [-1.0, -4.0]);
    check_op(Op::Mul, and_weight, [1.5, -1.0], [3.0, -3.0]);
    check_op(Op::Div, and_weight, [1.0, -1.5], [0.5, -0.5]);
    check_op(Op::Rem, and_weight, [5.0, -1.0], [1.0, 2.0]);
    check_op(Op::Pow, and_weight, [3.0, -2.0], [9.0, -8.0]);
    check_op(Op::Min, and_weight, [3.0, -2.0], [2.0, -2.0]);
    check_op(Op::Max, and_weight, [3.0, f64::NAN], [3.0, f64::NAN]);
    check_op(Op::Clip, and_weight, [-7.0, 1.0], [-2.0, 1.0]);
    check_op(Op::Eq, and_weight, [2.0, 1.0], [1.0, 0.0]);
    check_op(Op::Ne, and_weight, [2.0, 1.0], [0.0, 1.0]);
    check_op(Op::Lt, and_weight, [2.0, 1.0], [0.0, 1.0]);
    check_op(Op::Le, and_weight, [2.0, 1.0], [1.0, 1.0]);
    check_op(Op::Gt, and_weight, [2.0, 4.0], [0.0, 1.0]);
    check_op(Op::Ge, and_weight, [2.0, 1.0], [1.0, 0.0]);
    check_op(Op::And, and_weight, [0.0, 1.0], [0.0, 1.0]);
    check_op(Op::Or, and_weight, [0.0, 1.0], [1.0, 1.0]);
    check_op(Op::Not, unary, [0.0, 1.0], [1.0, 0.0]);
    check_op(Op::Neg, unary, [1.0, -2.0], [-1.0, 2.0]);
    check_op(Op::Abs, unary, [1.0, -2.0], [1.0, 2.0]);
    check_op(Op::Sign, unary, [0.0, -2.0], [0.0, -1.0]);
    check_op(Op::Exp, unary, [0.0, 1.0], [1.0, std::f64::consts::E]);
    check_op(Op::Log, unary, [1.0, std::f64::consts::E], [0.0, 1.0]);
    check_op(Op::Sqrt, unary, [4.0, -1.0], [2.0, f64::NAN]);
    check_op(Op::Tanh, unary, [0.0, 0.5], [0.0, 0.462_117_157_260_009_8]);
    check_op(
        Op::Sigmoid,
        unary,
        [0.0, 0.5],
        [0.5, 0.622_459_331_201_854_6],
    );
    check_op(Op::Cos, unary, [0.0, 0.5], [1.0, 0.877_582_561_890_372_8]);
    check_op(Op::Sin, unary, [0.0, 0.5], [0.0, 0.479_425_538_604_203]);
    let choice = |b: &mut Build| vec![b.g(), b.leaf(Leaf::Weight), b.num(7.0)];
    check_op(Op::Where, choice, [0.0, 1.0], [7.0, 3.0]);
}

#[test]
fn state_ops_follow_their_recurrences() {
    let grads: [&[f64]; 3] = [&[1.0, -4.0], &[2.0, 0.0], &[0.0, -8.0]];
    let ema = rule(|b| {
        let g = b.g();
        b.with(Op::Ema, g, 0.5)
    });
    check(
        &ema,
        VECTOR,
        &grads,
        &[&[0.5, -2.0], &[1.25, -1.0], &[0.625, -4.5]],
    );
    let debias = rule(|b| {
        let g = b.g();
        let ema = b.with(Op::Ema, g, 0.5);
        b.op(Op::Debias, &[ema])
    });
    let want: [&[f64]; 3] = [
        &[1.0, -4.0],
        &[5.0 / 3.0, -4.0 / 3.0],
        &[5.0 / 7.0, -36.0 / 7.0],
    ];
    check(&debias, VECTOR, &grads, &want);
    let trace = rule(|b| {
        let g = b.g();
        b.with(Op::Trace, g, 0.5)
    });
    check(
        &trace,
        VECTOR,
        &grads,
        &[&[1.0, -4.0], &[2.5, -2.0], &[1.25, -9.0]],
    );
    let total = rule(|b| {
        let g = b.g();
        b.op(Op::Total, &[g])
    });
    check(
        &total,
        VECTOR,
        &grads,
        &[&[1.0, -4.0], &[3.0, -4.0], &[3.0, -12.0]],
    );
    let peak = rule(|b| {
        let g = b.g();
        b.op(Op::Peak, &[g])
    });
    check(
        &peak,
        VECTOR,
        &grads,
        &[&[1.0, -4.0], &[2.0, 0.0], &[2.0, 0.0]],
    );
    let nan = f64::NAN;
    check(
        &peak,
        VECTOR,
        &[&[nan, -4.0], &[2.0, -3.0]],
        &[&[nan, -4.0], &[nan, -3.0]],
    );
    let last = rule(|b| {
        let g = b.g();
        b.with(Op::Last, g, 9.0)
    });
    check(
        &last,
        VECTOR,
        &grads,
        &[&[9.0, 9.0], &[1.0, -4.0], &[2.0, 0.0]],
    );
}

#[test]
fn last_update_is_the_rules_own_previous_value() {
    // u = g + 0.5 last(update) is trace(g, 0.5).
    let momentum = rule(|b| {
        let origin = b.0.origin();
        let last = b.0.last_update(origin);
        let half = b.with(Op::Mul, last, 0.5);
        let g = b.g();
        b.op(Op::Add, &[g, half])
    });
    let grads: [&[f64]; 3] = [&[1.0, -4.0], &[2.0, 0.0], &[0.0, -8.0]];
    check(
        &momentum,
        VECTOR,
        &grads,
        &[&[1.0, -4.0], &[2.5, -2.0], &[1.25, -9.0]],
    );
    // A mean inside a rule is one number; its last(update) is that number for every element.
    let scalar = rule(|b| {
        let origin = b.0.origin();
        let last = b.0.last_update(origin);
        let g = b.g();
        let sum = b.op(Op::Add, &[g, last]);
        b.op(Op::Mean, &[sum])
    });
    check(
        &scalar,
        VECTOR,
        &[&[1.0, 3.0], &[0.0, 2.0]],
        &[&[2.0, 2.0], &[3.0, 3.0]],
    );
}

#[test]
fn inner_rule_keeps_its_update_apart_from_the_outer_one() {
    // inner = g + last(inner update); outer = inner - last(outer update).
    let nested = rule(|b| {
        let (inner, outer) = (b.0.origin(), b.0.origin());
        let (last, g) = (b.0.last_update(inner), b.g());
        let body = b.op(Op::Add, &[g, last]);
        let body = b.0.own(inner, body);
        let last = b.0.last_update(outer);
        let body = b.op(Op::Sub, &[body, last]);
        b.0.own(outer, body)
    });
    let grads: [&[f64]; 3] = [&[1.0, 2.0], &[1.0, 0.0], &[1.0, 0.0]];
    check(
        &nested,
        VECTOR,
        &grads,
        &[&[1.0, 2.0], &[1.0, 0.0], &[2.0, 2.0]],
    );
}

#[test]
fn step_is_clamped_to_the_total_in_values_only() {
    let share = rule(|b| {
        let (t, total) = (b.leaf(Leaf::Step), b.leaf(Leaf::Total));
        b.op(Op::Div, &[t, total])
    });
    let g: &[f64] = &[0.0, 0.0];
    let got = updates(&share, VECTOR, &[g; 5], 2);
    let first: Vec<f64> = got.iter().map(|update| update[0]).collect();
    assert_eq!(first, [0.0, 0.5, 1.0, 1.0, 1.0]);
    // The bias of an average goes on shrinking: a constant gradient is given back at every step.
    let debias = rule(|b| {
        let g = b.g();
        let ema = b.with(Op::Ema, g, 0.9);
        b.op(Op::Debias, &[ema])
    });
    let g: &[f64] = &[3.0, 3.0];
    for update in updates(&debias, VECTOR, &[g; 20], 2) {
        assert!((update[0] - 3.0).abs() < 1e-12, "{update:?}");
    }
}
