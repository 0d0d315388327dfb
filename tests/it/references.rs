//! The standard library's optimizers against loops written straight from their papers, and against published numbers.
//!
//! Each loop takes the gradients of one weight and returns the weight after every step. None of them shares code with the
//! language: a formula that is wrong in `stdlib/` disagrees here.
#![allow(clippy::unreadable_literal, reason = "numbers as they are published")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "steps are few"
)]

use crate::support::Capture;
use nos::context::Context;
use nos::engine::{Runner, TensorShape};
use nos::ir::Rule;

const RATE: f64 = 0.01;
const STEPS: usize = 300;
const START: [f64; 5] = [1.0, -2.0, 0.5, 0.0, 3.0];

fn rule(text: &str) -> Rule {
    Context::new()
        .rule("rule", text, &mut Capture::default())
        .unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

/// Gradients of five weights: scales from 1e-4 to 1e2, changing signs, single zeros and long runs of them.
fn gradients() -> Vec<[f64; 5]> {
    let mut state = 7_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..STEPS)
        .map(|step| {
            let noise = [(); 5].map(|()| 2.0 * uniform() - 1.0);
            let rare = if step % 7 == 3 { noise[3] * 100.0 } else { 0.0 };
            let late = if step < 150 { 0.0 } else { noise[4] * 1e-4 };
            [
                noise[0],
                0.3 + 0.1 * noise[1],
                (step as f64 / 9.0).sin(),
                rare,
                late,
            ]
        })
        .collect()
}

/// The weights after each step of a rule, on one parameter tensor of this shape.
fn weights(text: &str, shape: TensorShape, start: &[f64], gradients: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut runner = Runner::new(&rule(text), &[shape], 0).expect(text);
    let mut w = start.to_vec();
    let total = gradients.len() as u64;
    (0..)
        .zip(gradients)
        .map(|(step, g)| {
            runner.step(0, &mut w, g, RATE, (step, total)).expect(text);
            w.clone()
        })
        .collect()
}

#[track_caller]
fn same(got: f64, want: f64, what: &str) {
    assert!(
        (got - want).abs() <= 1e-12 * want.abs().max(1.0),
        "{what}: {got}, not {want}"
    );
}

/// Holds a rule against a loop, weight by weight and step by step.
#[track_caller]
fn check(text: &str, reference: impl Fn(f64, &[f64]) -> Vec<f64>) {
    let gradients = gradients();
    let rows: Vec<Vec<f64>> = gradients.iter().map(|row| row.to_vec()).collect();
    let got = weights(text, TensorShape::Vector(5), &START, &rows);
    for (element, start) in START.into_iter().enumerate() {
        let column: Vec<f64> = gradients.iter().map(|row| row[element]).collect();
        for (step, want) in reference(start, &column).into_iter().enumerate() {
            same(
                got[step][element],
                want,
                &format!("{text}, weight {element}, step {step}"),
            );
        }
    }
}

/// A loop over gradients: `step(t, w, g)` is the new weight, with `t` from 1.
fn each(w: f64, g: &[f64], mut step: impl FnMut(i32, f64, f64) -> f64) -> Vec<f64> {
    let mut w = w;
    (1..)
        .zip(g)
        .map(|(t, g)| {
            w = step(t, w, *g);
            w
        })
        .collect()
}

fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

#[test]
fn sgd_momentum_nesterov() {
    check("sgd", |w, g| each(w, g, |_, w, g| w - RATE * g));
    check("momentum", |w, g| {
        let mut buffer = 0.0;
        each(w, g, |_, w, g| {
            buffer = 0.9 * buffer + g;
            w - RATE * buffer
        })
    });
    check("nesterov(mu: 0.8)", |w, g| {
        let mut buffer = 0.0;
        each(w, g, |_, w, g| {
            buffer = 0.8 * buffer + g;
            w - RATE * (g + 0.8 * buffer)
        })
    });
}

#[test]
fn adagrad_rmsprop_adadelta() {
    check("adagrad", |w, g| {
        let mut sum = 0.0_f64;
        each(w, g, |_, w, g| {
            sum += g * g;
            w - RATE * g / (sum.sqrt() + 1e-10)
        })
    });
    check("rmsprop", |w, g| {
        let mut square = 0.0_f64;
        each(w, g, |t, w, g| {
            square = 0.999 * square + (1.0 - 0.999) * g * g;
            w - RATE * g / ((square / (1.0 - 0.999_f64.powi(t))).sqrt() + 1e-8)
        })
    });
    check("rmsprop_tf", |w, g| {
        let mut square = 1.0_f64;
        each(w, g, |_, w, g| {
            square = 0.9 * square + (1.0 - 0.9) * g * g;
            w - RATE * g / (square + 1e-10).sqrt()
        })
    });
    check("adadelta", |w, g| {
        let (mut squares, mut updates) = (0.0_f64, 0.0_f64);
        each(w, g, |_, w, g| {
            squares = 0.95 * squares + (1.0 - 0.95) * g * g;
            let update = (updates + 1e-6).sqrt() / (squares + 1e-6).sqrt() * g;
            updates = 0.95 * updates + (1.0 - 0.95) * update * update;
            w - RATE * update
        })
    });
}

/// Adam's two averages: `step(t, w, g, m, v)` is the new weight.
fn moments(w: f64, g: &[f64], mut step: impl FnMut(i32, f64, f64, f64, f64) -> f64) -> Vec<f64> {
    let (mut m, mut v) = (0.0, 0.0);
    each(w, g, |t, w, g| {
        m = 0.9 * m + (1.0 - 0.9) * g;
        v = 0.999 * v + (1.0 - 0.999) * g * g;
        step(t, w, g, m, v)
    })
}

fn debias(average: f64, beta: f64, t: i32) -> f64 {
    average / (1.0 - beta.powi(t))
}

#[test]
fn adam_and_its_kin() {
    let adam = |t, m, v| debias(m, 0.9, t) / (debias(v, 0.999, t).sqrt() + 1e-8);
    check("adam", |w, g| {
        moments(w, g, |t, w, _, m, v| w - RATE * adam(t, m, v))
    });
    check("adamw(weight_decay: 0.1)", |w, g| {
        moments(w, g, |t, w, _, m, v| {
            w * (1.0 - RATE * 0.1) - RATE * adam(t, m, v)
        })
    });
    check("amsgrad", |w, g| {
        let mut most = 0.0_f64;
        moments(w, g, |t, w, _, m, v| {
            most = most.max(v);
            let root = most.sqrt() / (1.0 - 0.999_f64.powi(t)).sqrt() + 1e-8;
            w - RATE / (1.0 - 0.9_f64.powi(t)) * m / root
        })
    });
    check("nadam", |w, g| {
        moments(w, g, |t, w, g, m, v| {
            let ahead =
                0.9 * m / (1.0 - 0.9_f64.powi(t + 1)) + (1.0 - 0.9) * g / (1.0 - 0.9_f64.powi(t));
            w - RATE * ahead / (debias(v, 0.999, t).sqrt() + 1e-8)
        })
    });
}

#[test]
fn sign_rules() {
    check("sign_sgd", |w, g| each(w, g, |_, w, g| w - RATE * sign(g)));
    check("signum", |w, g| {
        moments(w, g, |_, w, _, m, _| w - RATE * sign(m))
    });
    check("lion", |w, g| {
        let mut m = 0.0;
        each(w, g, |_, w, g| {
            let update = sign(0.9 * m + (1.0 - 0.9) * g);
            m = 0.99 * m + (1.0 - 0.99) * g;
            w - RATE * update
        })
    });
    check("powersign", |w, g| {
        moments(w, g, |_, w, g, m, _| {
            w - RATE * (sign(g) * sign(m)).exp() * g
        })
    });
    check("addsign", |w, g| {
        moments(w, g, |_, w, g, m, _| {
            w - RATE * (1.0 + sign(g) * sign(m)) * g
        })
    });
    let left = |t: i32| 1.0 - f64::from(t - 1) / STEPS as f64;
    check("powersign_ld", |w, g| {
        moments(w, g, |t, w, g, m, _| {
            w - RATE * (left(t) * sign(g) * sign(m)).exp() * g
        })
    });
    check("addsign_ld", |w, g| {
        moments(w, g, |t, w, g, m, _| {
            w - RATE * (1.0 + left(t) * sign(g) * sign(m)) * g
        })
    });
    check("powersign_2", |w, g| {
        moments(w, g, |_, w, g, m, _| {
            w - RATE * 2_f64.powf(sign(g) * sign(m)) * g
        })
    });
    check("addsign_2", |w, g| {
        moments(w, g, |_, w, g, m, _| {
            w - RATE * (2.0 + sign(g) * sign(m)) * g
        })
    });
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Holds a rule against a loop over whole tensors of six elements; `step(t, w, g)` is the update.
#[track_caller]
fn check_tensor(
    text: &str,
    shape: TensorShape,
    mut step: impl FnMut(i32, &[f64], &[f64]) -> Vec<f64>,
) {
    let start = [1.0, -2.0, 0.5, 0.1, 3.0, -0.3];
    let rows: Vec<Vec<f64>> = gradients()
        .iter()
        .map(|row| [&row[..], &[row[0] * row[1]]].concat())
        .collect();
    let got = weights(text, shape, &start, &rows);
    let mut w = start.to_vec();
    for (index, g) in rows.iter().enumerate() {
        let update = step(index as i32 + 1, &w, g);
        for (w, u) in w.iter_mut().zip(update) {
            *w -= RATE * u;
        }
        for (element, (got, want)) in got[index].iter().zip(&w).enumerate() {
            same(
                *got,
                *want,
                &format!("{text}, element {element}, step {index}"),
            );
        }
    }
}

#[test]
fn lamb_and_lars() {
    let (mut m, mut v) = ([0.0; 6], [0.0; 6]);
    check_tensor("lamb", TensorShape::Vector(6), |t, w, g| {
        let mut update = vec![0.0; 6];
        for i in 0..6 {
            m[i] = 0.9 * m[i] + (1.0 - 0.9) * g[i];
            v[i] = 0.999 * v[i] + (1.0 - 0.999) * g[i] * g[i];
            update[i] = debias(m[i], 0.9, t) / (debias(v[i], 0.999, t).sqrt() + 1e-6) + 0.01 * w[i];
        }
        let trust = norm(w) / norm(&update);
        update.iter().map(|u| trust * u).collect()
    });
    let mut buffer = vec![0.0; 6];
    check_tensor("lars", TensorShape::Vector(6), |_, w, g| {
        let local = 0.001 * norm(w) / (norm(g) + 5e-4 * norm(w));
        for i in 0..6 {
            buffer[i] = 0.9 * buffer[i] + local * (g[i] + 5e-4 * w[i]);
        }
        buffer.clone()
    });
}

#[test]
fn lamb_and_lars_do_not_scale_what_is_zero() {
    for text in ["lamb(weight_decay: 0)", "lars(weight_decay: 0)"] {
        let rows = vec![vec![0.0, 0.0], vec![3.0, 4.0], vec![0.0, 0.0]];
        let got = weights(text, TensorShape::Vector(2), &[0.0, 0.0], &rows);
        assert_eq!(got[0], [0.0, 0.0], "{text}");
        assert!(
            got.iter().flatten().all(|w| w.is_finite()),
            "{text}: {got:?}"
        );
    }
}

/// Shazeer and Stern 2018, Algorithm 4, with sums of rows and columns where the library has means.
#[test]
fn adafactor_is_algorithm_4() {
    let (mut rows, mut cols) = ([0.0; 3], [0.0; 2]);
    check_tensor("adafactor", TensorShape::Matrix(3, 2), |t, w, g| {
        let beta = 1.0 - f64::from(t).powf(-0.8);
        let square = |i: usize, j: usize| g[2 * i + j] * g[2 * i + j] + 1e-30;
        for (i, row) in rows.iter_mut().enumerate() {
            *row = beta * *row + (1.0 - beta) * (square(i, 0) + square(i, 1));
        }
        for (j, col) in cols.iter_mut().enumerate() {
            *col = beta * *col + (1.0 - beta) * (square(0, j) + square(1, j) + square(2, j));
        }
        let all: f64 = rows.iter().sum();
        let update: Vec<f64> = (0..6)
            .map(|k| g[k] / (rows[k / 2] * cols[k % 2] / all).sqrt())
            .collect();
        let rms = |x: &[f64]| norm(x) / 6_f64.sqrt();
        let scale = rms(w).max(1e-3) / rms(&update).max(1.0);
        update.iter().map(|u| scale * u).collect()
    });
}

/// Tall matrices take longer steps: sqrt(rows / columns) times an update whose singular values are near 1.
#[test]
fn muon_scales_tall_matrices() {
    let update = |rows: usize, cols: usize| -> f64 {
        let g: Vec<f64> = (0..rows * cols)
            .map(|k| {
                if k % (cols + 1) == 0 && k / cols < cols {
                    5.0
                } else {
                    0.0
                }
            })
            .collect();
        let mut runner = Runner::new(&rule("muon"), &[TensorShape::Matrix(rows, cols)], 0).unwrap();
        norm(
            runner
                .update(0, &vec![0.0; rows * cols], &g, 0, 10)
                .unwrap(),
        )
    };
    let (wide, tall) = (update(2, 8), update(8, 2));
    same(tall, 2.0 * wide, "8 by 2 against 2 by 8");
    assert!(
        (0.7..1.2).contains(&(wide / 2_f64.sqrt())),
        "two singular values near 1: {wide}"
    );
}

/// Weights that the authors' code gives: w0 = 1, lr = 0.1, g = 0.1 for four steps, then -0.1 for three; T = 10.
#[test]
fn published_weights_of_sign_rules() {
    let golden: [(&str, [f64; 7]); 4] = [
        (
            "powersign",
            [
                0.97281718, 0.94563436, 0.91845155, 0.89126873, 0.89494752, 0.89862632, 0.92580913,
            ],
        ),
        (
            "powersign_ld",
            [
                0.97281718, 0.94822115, 0.92596574, 0.90582821, 0.91131633, 0.91738164, 0.93229988,
            ],
        ),
        ("addsign", [0.98, 0.96, 0.94, 0.92, 0.92, 0.92, 0.94]),
        (
            "addsign_ld",
            [0.98, 0.961, 0.943, 0.926, 0.930, 0.935, 0.949],
        ),
    ];
    for (text, golden) in golden {
        let mut runner = Runner::new(&rule(text), &[TensorShape::Vector(1)], 0).unwrap();
        let mut w = [1.0];
        for (step, want) in (0..).zip(golden) {
            let g = if step < 4 { 0.1 } else { -0.1 };
            runner.step(0, &mut w, &[g], 0.1, (step, 10)).unwrap();
            assert!(
                (w[0] - want).abs() <= 5.1e-9,
                "{text}, step {step}: {}, not {want}",
                w[0]
            );
        }
    }
}

/// Values of decays at steps of 1000; past the last step they stay.
#[test]
fn published_values_of_decays() {
    let golden: [(&str, &[(u64, f64)]); 7] = [
        ("ld", &[(0, 1.0), (250, 0.75), (1000, 0.0), (5000, 0.0)]),
        (
            "cd",
            &[
                (0, 1.0),
                (100, 0.975528),
                (250, 0.853553),
                (500, 0.5),
                (750, 0.146447),
                (1000, 0.0),
                (5000, 0.0),
            ],
        ),
        ("cosine", &[(100, 0.975528), (500, 0.5)]),
        ("cd(1)", &[(0, 1.0), (500, 0.0), (1000, 1.0)]),
        (
            "rd(10)",
            &[
                (0, 1.0),
                (50, 0.5),
                (99, 0.000247),
                (100, 1.0),
                (150, 0.5),
                (1000, 1.0),
                (5000, 1.0),
            ],
        ),
        (
            "linear_cosine + 0.001",
            &[
                (0, 1.001),
                (100, 0.878975),
                (250, 0.641165),
                (500, 0.251),
                (750, 0.037612),
            ],
        ),
        ("rd(20)", &[(0, 1.0), (25, 0.5), (50, 1.0)]),
    ];
    for (text, golden) in golden {
        let mut runner = Runner::new(&rule(text), &[TensorShape::Vector(1)], 0).unwrap();
        for (step, want) in golden {
            let got = runner.update(0, &[0.0], &[0.0], *step, 1000).unwrap()[0];
            assert!(
                (got - want).abs() <= 5.1e-7,
                "{text} at {step}: {got}, not {want}"
            );
        }
    }
}

/// `(ld + eps_t) * cd + 0.001` with noise of variance 1 / (1 + t)^0.55, one draw a step for all elements.
#[test]
fn noisy_linear_cosine_has_the_papers_variance() {
    let rule = rule("noisy_linear_cosine");
    let (step, total) = (100, 1000);
    let draws: Vec<f64> = (0..4000)
        .map(|seed| {
            let mut runner = Runner::new(&rule, &[TensorShape::Vector(2)], seed).unwrap();
            let update = runner.update(0, &[0.0; 2], &[0.0; 2], step, total).unwrap();
            assert_eq!(update[0], update[1]);
            let cd = 0.5 * (1.0 + (std::f64::consts::PI * 0.1).cos());
            (update[0] - 0.001) / cd - 0.9
        })
        .collect();
    let mean = draws.iter().sum::<f64>() / 4000.0;
    let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 4000.0;
    let want = 101_f64.powf(-0.55);
    // Four standard errors of a variance estimated from 4000 draws are 9 percent.
    assert!(
        (variance / want - 1.0).abs() < 0.09,
        "{variance}, not {want}"
    );
    assert!(mean.abs() < 4.0 * (want / 4000.0).sqrt(), "{mean}");
}
