//! Test functions: derivatives against central differences, texts, what is refused.

use super::*;
use crate::engine::noise::{Source, uniform};
use crate::engine::{Objective, ObjectiveError};

fn x(b: &mut Build, index: u32) -> NodeId {
    b.leaf(Leaf::Coordinate(index))
}

fn objective(build: impl FnOnce(&mut Build) -> NodeId) -> Result<Objective, ObjectiveError> {
    let names = vec!["x".to_owned(), "y".to_owned()];
    Objective::new("f", names, &rule(build), vec![-2.0, 2.0])
}

fn rosenbrock() -> Objective {
    let function = objective(|b| {
        let (x, y) = (x(b, 0), x(b, 1));
        let one = b.num(1.0);
        let distance = b.op(Op::Sub, &[one, x]);
        let (distance, square) = (b.with(Op::Pow, distance, 2.0), b.with(Op::Pow, x, 2.0));
        let valley = b.op(Op::Sub, &[y, square]);
        let valley = b.with(Op::Pow, valley, 2.0);
        let hundred = b.num(100.0);
        let valley = b.op(Op::Mul, &[hundred, valley]);
        b.op(Op::Add, &[distance, valley])
    });
    function.expect("plain ops only")
}

#[test]
fn rosenbrock_has_its_value_gradient_and_texts() {
    let f = rosenbrock();
    assert_eq!(f.value(&[-2.0, 2.0]), 409.0);
    let mut gradient = [0.0; 2];
    f.gradient(&[-2.0, 2.0], &mut gradient);
    assert_eq!(gradient, [-1606.0, -400.0]);
    assert_eq!(f.formula(), "(1 - x)^2 + 100 * (y - x^2)^2");
    assert_eq!(f.gradient_text(0), "-400 * ((y - x^2) * x) - 2 * (1 - x)");
    assert_eq!(f.gradient_text(1), "200 * (y - x^2)");
    let f = f.with_minima(vec![vec![1.0, 1.0]]).expect("a point");
    assert_eq!(f.least(), Some(0.0));
}

/// The gradient at random points in [-3, 3]^2 against central differences.
#[track_caller]
fn check_gradient(build: impl Fn(&mut Build, NodeId, NodeId) -> NodeId) {
    let f = objective(|b| {
        let (x, y) = (x(b, 0), x(b, 1));
        build(b, x, y)
    });
    let f = f.expect("plain ops only");
    let source = Source {
        seed: 3,
        stream: 0,
        tensor: 0,
        step: 0,
    };
    let mut compared = 0;
    for point in 0..200 {
        let at = [0, 1].map(|i| 6.0 * uniform(source, 2 * point + i) - 3.0);
        let mut gradient = [0.0; 2];
        f.gradient(&at, &mut gradient);
        for i in 0..2 {
            let difference = |h: f64| {
                let (mut above, mut below) = (at, at);
                above[i] += h;
                below[i] -= h;
                (f.value(&above) - f.value(&below)) / (2.0 * h)
            };
            let (coarse, fine) = (difference(1e-4), difference(5e-5));
            let want = (4.0 * fine - coarse) / 3.0;
            // Off the domain, at kinks and where the function is too steep there is nothing to compare.
            if (coarse - fine).abs() < 1e-3 * want.abs().max(1.0) {
                compared += 1;
                let close = (gradient[i] - want).abs() < 1e-6 * want.abs().max(1.0);
                let text = f.gradient_text(i);
                assert!(
                    close,
                    "{} at {at:?}: {text} = {}, not {want}",
                    f.formula(),
                    gradient[i]
                );
            }
        }
    }
    assert!(compared > 50, "only {compared} points are on the domain");
}

#[test]
fn gradients_agree_with_central_differences() {
    let binary = [
        Op::Add,
        Op::Sub,
        Op::Mul,
        Op::Div,
        Op::Pow,
        Op::Min,
        Op::Max,
        Op::Clip,
        Op::Rem,
    ];
    for op in binary {
        // Each side as a coordinate, as an expression, as a number; then the whole in a chain.
        check_gradient(|b, x, y| {
            // Limits of clip are positive.
            let y = if op == Op::Clip {
                b.op(Op::Abs, &[y])
            } else {
                y
            };
            b.op(op, &[x, y])
        });
        check_gradient(|b, x, y| {
            let product = b.op(Op::Mul, &[x, y]);
            let shifted = b.with(Op::Add, y, 4.0);
            let value = b.op(op, &[product, shifted]);
            b.op(Op::Sin, &[value])
        });
        check_gradient(|b, x, y| {
            let square = b.op(Op::Mul, &[x, y]);
            b.with(op, square, 1.5)
        });
        check_gradient(|b, _, y| {
            let base = b.num(1.7);
            let exponent = b.op(Op::Sin, &[y]);
            let shifted = b.with(Op::Add, exponent, 2.0);
            let value = b.op(op, &[base, shifted]);
            b.op(Op::Mul, &[value, value])
        });
    }
    let unary = [
        Op::Neg,
        Op::Abs,
        Op::Exp,
        Op::Log,
        Op::Sqrt,
        Op::Tanh,
        Op::Sigmoid,
        Op::Cos,
        Op::Sin,
        Op::Sign,
    ];
    for op in unary {
        check_gradient(|b, x, y| {
            let sum = b.op(Op::Add, &[x, y]);
            let value = b.op(op, &[sum]);
            let value = b.op(Op::Mul, &[value, x]);
            b.op(Op::Sub, &[y, value])
        });
    }
    for op in [
        Op::Lt,
        Op::Le,
        Op::Gt,
        Op::Ge,
        Op::Eq,
        Op::Ne,
        Op::And,
        Op::Or,
    ] {
        check_gradient(|b, x, y| {
            let condition = b.op(op, &[x, y]);
            let (product, cos) = (b.op(Op::Mul, &[x, y]), b.op(Op::Cos, &[x]));
            let choice = b.op(Op::Where, &[condition, product, cos]);
            b.op(Op::Mul, &[choice, y])
        });
    }
    for exponent in [0.0, 1.0, 2.0, 3.0, -1.0, 0.5, 2.5] {
        check_gradient(|b, x, y| {
            let sum = b.op(Op::Sub, &[x, y]);
            b.with(Op::Pow, sum, exponent)
        });
    }
}

#[test]
fn shared_parts_stay_shared() {
    // f <- f^2 + f, twenty times over: exponential as text, linear as a graph.
    let f = objective(|b| {
        let mut value = x(b, 0);
        for _ in 0..20 {
            let square = b.op(Op::Mul, &[value, value]);
            let sum = b.op(Op::Add, &[square, value]);
            value = b.with(Op::Mul, sum, 0.25);
        }
        value
    });
    let f = f.expect("plain ops only");
    let (mut gradient, at) = ([0.0; 2], [0.9, 0.0]);
    f.gradient(&at, &mut gradient);
    let (value, slope) = (0..20).fold((0.9, 1.0), |(f, d): (f64, f64), _| {
        (0.25 * (f * f + f), 0.25 * (2.0 * f + 1.0) * d)
    });
    assert!((f.value(&at) - value).abs() < 1e-12 * value);
    assert!((gradient[0] - slope).abs() < 1e-12 * slope, "{gradient:?}");
    assert_eq!(gradient[1], 0.0);
}

#[test]
fn conventions_hold_where_no_derivative_exists() {
    let mut gradient = [0.0; 2];
    let absolute = objective(|b| {
        let x = x(b, 0);
        b.op(Op::Abs, &[x])
    });
    let absolute = absolute.expect("plain ops only");
    absolute.gradient(&[0.0, 0.0], &mut gradient);
    assert_eq!(gradient, [0.0, 0.0]);
    // The root's slope at 0 is infinite, but the other branch is taken.
    let guarded = objective(|b| {
        let (x, zero) = (x(b, 0), b.num(0.0));
        let (inside, root) = (b.op(Op::Gt, &[x, zero]), b.op(Op::Sqrt, &[x]));
        let twice = b.with(Op::Mul, root, 2.0);
        let sum = b.op(Op::Add, &[root, twice]);
        b.op(Op::Where, &[inside, sum, zero])
    });
    let guarded = guarded.expect("plain ops only");
    guarded.gradient(&[0.0, 0.0], &mut gradient);
    assert_eq!(gradient, [0.0, 0.0]);
    guarded.gradient(&[4.0, 0.0], &mut gradient);
    assert_eq!(gradient, [0.75, 0.0]);
    // 0^y is flat for y > 0.
    let power = objective(|b| {
        let (x, y) = (x(b, 0), x(b, 1));
        b.op(Op::Pow, &[x, y])
    });
    power
        .expect("plain ops only")
        .gradient(&[0.0, 2.0], &mut gradient);
    assert_eq!(gradient, [0.0, 0.0]);
}

#[test]
fn what_has_no_derivative_is_named() {
    let refused = |build: fn(&mut Build) -> NodeId| objective(build).err();
    assert_eq!(
        refused(Build::g),
        Some(ObjectiveError::Leaf { leaf: Leaf::Grad })
    );
    let norm = refused(|b| {
        let x = x(b, 0);
        b.op(Op::Norm, &[x])
    });
    assert_eq!(norm, Some(ObjectiveError::Op { op: Op::Norm }));
    let dropped = refused(|b| {
        let x = x(b, 0);
        b.with(Op::Drop, x, 0.5)
    });
    assert_eq!(dropped, Some(ObjectiveError::Op { op: Op::Drop }));
    assert_eq!(
        refused(|b| x(b, 2)),
        Some(ObjectiveError::Coordinates {
            expected: 2,
            found: 3
        })
    );
    let short = rosenbrock().with_start(vec![1.0]).err();
    assert_eq!(
        short.map(|error| error.to_string()),
        Some("expected a point with 2 coordinates, found 1".to_owned())
    );
    let noisy = rosenbrock().with_noise(f64::NAN).err();
    assert!(matches!(noisy, Some(ObjectiveError::Noise { .. })));
}

#[test]
fn names_of_coordinates_replace_numbered_ones_only() {
    let names = vec!["x2".to_owned(), "exp".to_owned()];
    let formula = rule(|b| {
        let (x, y) = (x(b, 0), x(b, 1));
        let power = b.op(Op::Exp, &[x]);
        let small = b.with(Op::Mul, y, 1e-8);
        b.op(Op::Add, &[power, small])
    });
    let f = Objective::new("f", names, &formula, vec![0.0, 0.0]).expect("plain ops only");
    assert_eq!(f.formula(), "exp(x2) + exp * delta");
}
