//! The optimizer as a program embeds it: what it refuses, what it saves, what it weighs.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::excessive_precision,
    reason = "small numbers, and those of the paper as they stand there"
)]

use nos::context::{Context, Silent};
use nos::engine::{
    EngineError, NotFinite, Optimizer, OptimizerError, Runner, Saved, Settings, TensorShape,
};
use nos::ir::Rule;

fn rule(text: &str) -> Rule {
    Context::new().rule("rule", text, &mut Silent).unwrap()
}

fn optimizer(text: &str, shapes: &[TensorShape]) -> Optimizer {
    Optimizer::new(&rule(text), shapes, Settings::new(0.1, 100)).unwrap()
}

const TWO: [TensorShape; 2] = [TensorShape::Vector(3), TensorShape::Matrix(2, 2)];

fn parameters() -> Vec<Vec<f32>> {
    vec![vec![1.0, 2.0, 3.0], vec![-1.0, 0.5, 0.0, 2.0]]
}

fn gradients(step: u64) -> Vec<Vec<f32>> {
    let shift = step as f32 * 0.1;
    parameters()
        .into_iter()
        .map(|w| w.into_iter().map(|x| 0.3 * x - shift).collect())
        .collect()
}

#[test]
fn update_may_be_the_parameter_itself() {
    let mut optimizer = optimizer("w", &TWO);
    let mut w = parameters();
    optimizer.step(&mut w, &gradients(0)).unwrap();
    for (w, before) in w.concat().into_iter().zip(parameters().concat()) {
        assert!((w - 0.9 * before).abs() < 1e-6, "{w}, from {before}");
    }
}

/// The paper's own numbers: `w` from 1, learning rate 0.1, gradient 0.1 four times and -0.1 three times.
#[test]
fn golden_numbers_of_the_paper() {
    let golden = |text: &str, want: [f32; 7]| {
        let settings = Settings::new(0.1, 10);
        let mut optimizer =
            Optimizer::new(&rule(text), &[TensorShape::Vector(1)], settings).unwrap();
        let mut w = [[1.0_f32]];
        for (step, want) in want.into_iter().enumerate() {
            let g = if step < 4 { 0.1 } else { -0.1 };
            optimizer.step(&mut w, &[[g]]).unwrap();
            assert!(
                (w[0][0] - want).abs() < 2e-7,
                "{text}: {} at {step}",
                w[0][0]
            );
        }
    };
    golden(
        "powersign",
        [
            0.972_817_2,
            0.945_634_4,
            0.918_451_55,
            0.891_268_73,
            0.894_947_5,
            0.898_626_3,
            0.925_809_13,
        ],
    );
    golden(
        "powersign(f: ld)",
        [
            0.972_817_2,
            0.948_221_15,
            0.925_965_74,
            0.905_828_2,
            0.911_316_33,
            0.917_381_64,
            0.932_299_9,
        ],
    );
    golden("addsign", [0.98, 0.96, 0.94, 0.92, 0.92, 0.92, 0.94]);
    golden(
        "addsign(f: ld)",
        [0.98, 0.961, 0.943, 0.926, 0.930, 0.935, 0.949],
    );
}

#[test]
fn saved_state_goes_on_to_the_bit() {
    for text in [
        "adam",
        "lion",
        "powersign(f: cd)",
        "drop(g, 0.5) + eps + last(update)",
        "ema(norm(g), 0.9) * last(g)",
        "orthogonalize(trace(g, 0.9), 2)",
    ] {
        let needs_matrix = rule(text).needs_matrix();
        let shapes = if needs_matrix { &TWO[1..] } else { &TWO[..] };
        let skip = usize::from(needs_matrix);
        let mut straight = optimizer(text, shapes);
        let mut w = parameters()[skip..].to_vec();
        for step in 0..3 {
            straight.step(&mut w, &gradients(step)[skip..]).unwrap();
        }
        let text_form = ron::to_string(&straight.save()).unwrap();
        let saved: Saved = ron::from_str(&text_form).unwrap();
        let mut resumed = optimizer(text, shapes);
        resumed.load(&saved).unwrap();
        assert_eq!(resumed.steps_done(), 3);
        let mut resumed_w = w.clone();
        for step in 3..6 {
            straight.step(&mut w, &gradients(step)[skip..]).unwrap();
            resumed
                .step(&mut resumed_w, &gradients(step)[skip..])
                .unwrap();
        }
        assert_eq!(w, resumed_w, "{text}");
        assert_eq!(straight.save(), resumed.save(), "{text}");
    }
}

#[test]
fn state_of_others_is_refused() {
    let mut adam = optimizer("adam", &TWO);
    let before = adam.save();
    let error = adam.load(&optimizer("m", &TWO).save()).unwrap_err();
    assert!(matches!(error, OptimizerError::OtherRule { .. }));
    assert!(
        error.to_string().starts_with("expected the state of `"),
        "{error}"
    );
    let other = optimizer("adam", &TWO[..1]).save();
    assert_eq!(adam.load(&other), Err(OptimizerError::OtherShapes));
    let damaged = ron::to_string(&before)
        .unwrap()
        .replacen("[[0,0,0]", "[[0,0]", 1);
    let damaged: Saved = ron::from_str(&damaged).unwrap();
    assert_eq!(adam.load(&damaged), Err(OptimizerError::Saved));
    assert_eq!(adam.save(), before);
}

#[test]
fn refused_steps_change_nothing() {
    let settings = Settings {
        not_finite: NotFinite::Refuse,
        ..Settings::new(0.1, 100)
    };
    let mut adam = Optimizer::new(&rule("adam"), &TWO, settings).unwrap();
    let mut w = parameters();
    adam.step(&mut w, &gradients(0)).unwrap();
    let (state, before) = (adam.save(), w.clone());
    let mut g = gradients(1);
    g[1][2] = f32::NEG_INFINITY;
    let error = adam.step(&mut w, &g).unwrap_err();
    assert_eq!(
        error,
        OptimizerError::Gradient {
            tensor: 1,
            element: 2,
            value: f32::NEG_INFINITY
        }
    );
    assert_eq!(
        adam.step(&mut w, &gradients(1)[..1]),
        Err(OptimizerError::TensorCount {
            expected: 2,
            found: 1
        })
    );
    g[1].pop();
    assert_eq!(
        adam.step(&mut w, &g),
        Err(OptimizerError::Length {
            tensor: 1,
            expected: 4,
            found: 3
        })
    );
    assert_eq!((adam.save(), w), (state, before));
}

#[test]
fn gradients_that_are_not_finite_are_counted_or_applied() {
    let mut g = gradients(0);
    g[0][1] = f32::NAN;
    for (not_finite, counted) in [(NotFinite::Apply, None), (NotFinite::Report, Some(1))] {
        let settings = Settings {
            not_finite,
            ..Settings::new(0.1, 100)
        };
        let mut sgd = Optimizer::new(&rule("g"), &TWO, settings).unwrap();
        let mut w = parameters();
        let done = sgd.step(&mut w, &g).unwrap();
        assert_eq!((done.steps, done.not_finite), (1, counted));
        assert!(w[0][1].is_nan() && w[0][0].is_finite());
    }
}

#[test]
fn rules_and_settings_that_do_not_fit_are_refused() {
    let refused = |text: &str, shapes: &[TensorShape], settings: Settings| {
        Optimizer::new(&rule(text), shapes, settings).err()
    };
    let error = refused("orthogonalize(g)", &TWO, Settings::new(0.1, 1));
    assert!(matches!(
        error,
        Some(OptimizerError::Rule(EngineError::MatrixRule {
            tensor: 0,
            ..
        }))
    ));
    let error = refused("g", &TWO, Settings::new(f64::INFINITY, 1));
    assert_eq!(
        error,
        Some(OptimizerError::Rate {
            rate: f64::INFINITY
        })
    );
    let settings = Settings {
        schedule: Some(rule("g")),
        ..Settings::new(0.1, 1)
    };
    assert_eq!(refused("g", &TWO, settings), Some(OptimizerError::Schedule));
}

#[test]
fn schedule_multiplies_the_learning_rate() {
    let settings = Settings {
        schedule: Some(rule("ld")),
        ..Settings::new(1.0, 2)
    };
    let mut sgd = Optimizer::new(&rule("1"), &[TensorShape::Vector(1)], settings).unwrap();
    let mut w = [[0.0_f32]];
    for want in [-1.0, -1.5, -1.5] {
        sgd.step(&mut w, &[[0.0]]).unwrap();
        assert_eq!(w, [[want]]);
    }
    sgd.set_rate(0.5).unwrap();
    assert_eq!(sgd.rate(), 0.5);
}

#[test]
fn state_weighs_what_the_rule_remembers() {
    for (text, bytes) in [
        ("g", 0),
        ("adam", 8),
        ("powersign", 4),
        ("lion", 4),
        ("momentum", 4),
        ("adam + last(g)", 12),
    ] {
        assert_eq!(
            optimizer(text, &[TensorShape::Vector(100)]).state_bytes(),
            100 * bytes,
            "{text}"
        );
    }
}

/// Products of large matrices are computed by blocks: the plain evaluator has the same numbers but for the last places of f64.
#[test]
fn matrix_rules_are_those_of_the_plain_evaluator() {
    let shapes = [TensorShape::Matrix(48, 70), TensorShape::Matrix(33, 9)];
    for text in [
        "muon",
        "g @ transpose(g) @ g",
        "g - rowmean(g) @ colmean(g)",
        "adafactor",
    ] {
        let rule = rule(text);
        let mut runner = Runner::new(&rule, &shapes, 0).unwrap();
        let mut optimizer = Optimizer::new(&rule, &shapes, Settings::new(0.01, 10)).unwrap();
        let wave = |len: usize, by: f32| (0..len).map(move |i| (by * i as f32).sin());
        let mut params: Vec<Vec<f32>> = shapes
            .iter()
            .map(|shape| wave(shape.len(), 0.7).collect())
            .collect();
        for step in 0..5 {
            let grads: Vec<Vec<f32>> = shapes
                .iter()
                .map(|shape| wave(shape.len(), 1.3 + step as f32).collect())
                .collect();
            let mut want = params.clone();
            for (index, (w, g)) in want.iter_mut().zip(&grads).enumerate() {
                let mut wide: Vec<f64> = w.iter().map(|x| f64::from(*x)).collect();
                let g: Vec<f64> = g.iter().map(|x| f64::from(*x)).collect();
                runner.step(index, &mut wide, &g, 0.01, (step, 10)).unwrap();
                for (w, wide) in w.iter_mut().zip(wide) {
                    *w = wide as f32;
                }
            }
            optimizer.step(&mut params, &grads).unwrap();
            for (found, want) in params.iter().flatten().zip(want.iter().flatten()) {
                let size = want.abs().max(1e-3);
                assert!(
                    (found - want).abs() <= 2.0 * f32::EPSILON * size,
                    "{text}: {found}, {want}"
                );
            }
        }
    }
}
