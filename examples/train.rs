//! A small network trained by a rule of the language: `cargo run --release --example train -- [RULE]`.
//!
//! The model, its gradients and its data are plain Rust; all that `nos` does is the step from gradients to parameters. The task: which of
//! two spirals does a point belong to?
#![allow(clippy::print_stdout, reason = "a program that says what it does")]

use nos::context::{Context, Silent};
use nos::engine::{NotFinite, Optimizer, Settings, TensorShape};
use std::f32::consts::PI;

const HIDDEN: usize = 32;
const POINTS: usize = 200;
const STEPS: u64 = 2000;

/// Two inputs, one hidden layer of `tanh`, one output: weights and biases, layer by layer.
type Network = [Vec<f32>; 4];

/// Points of two spirals with their labels, 1 and -1.
fn spirals() -> Vec<([f32; 2], f32)> {
    (0..POINTS)
        .map(|index| {
            let label = if index % 2 == 0 { 1.0 } else { -1.0 };
            let share = f32::from(u16::try_from(index / 2).expect("small")) / 100.0;
            let angle = 1.5 * PI * share + if label > 0.0 { 0.0 } else { PI };
            let radius = 0.2 + share;
            ([radius * angle.cos(), radius * angle.sin()], label)
        })
        .collect()
}

/// Numbers between -1 and 1 that are not all alike.
fn random(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).expect("16 bits")) / 32_768.0 - 1.0
        })
        .collect()
}

/// The mean logistic loss, the share of right answers, and the gradient of the loss.
fn loss(network: &Network, data: &[([f32; 2], f32)], gradient: &mut Network) -> (f32, f32) {
    let [w1, b1, w2, b2] = network;
    for g in gradient.iter_mut() {
        g.fill(0.0);
    }
    let scale = 1.0 / f32::from(u16::try_from(data.len()).expect("few points"));
    let (mut loss, mut right) = (0.0, 0.0);
    let mut hidden = [0.0; HIDDEN];
    for (x, label) in data {
        for (i, h) in hidden.iter_mut().enumerate() {
            *h = (w1[2 * i] * x[0] + w1[2 * i + 1] * x[1] + b1[i]).tanh();
        }
        let output: f32 = b2[0] + hidden.iter().zip(w2).map(|(h, w)| h * w).sum::<f32>();
        let margin = label * output;
        loss += scale * (-margin).exp().ln_1p();
        right += if margin > 0.0 { scale } else { 0.0 };
        let back = -label * scale / (1.0 + margin.exp());
        gradient[3][0] += back;
        for (i, h) in hidden.iter().enumerate() {
            gradient[2][i] += back * h;
            let inner = back * w2[i] * (1.0 - h * h);
            gradient[1][i] += inner;
            gradient[0][2 * i] += inner * x[0];
            gradient[0][2 * i + 1] += inner * x[1];
        }
    }
    (loss, right)
}

fn main() {
    let text = std::env::args().nth(1);
    let text = text.as_deref().unwrap_or("powersign(f: cd)");
    let mut context = Context::new();
    let Ok(rule) = context.rule("rule", text, &mut Silent) else {
        println!("`{text}` is no rule: `nos explain '{text}'` says why");
        return;
    };
    let mut network: Network = [
        random(2 * HIDDEN, 1),
        random(HIDDEN, 2),
        random(HIDDEN, 3),
        vec![0.0],
    ];
    let mut gradient = network.clone();
    let shapes = network.each_ref().map(|w| TensorShape::Vector(w.len()));
    let settings = Settings {
        not_finite: NotFinite::Refuse,
        ..Settings::new(0.02, STEPS)
    };
    let mut optimizer = match Optimizer::new(&rule, &shapes, settings) {
        Ok(optimizer) => optimizer,
        Err(error) => {
            println!("`{text}` does not fit: {error}");
            return;
        }
    };
    let data = spirals();
    for step in 0..=STEPS {
        let (loss, right) = loss(&network, &data, &mut gradient);
        if step % (STEPS / 10) == 0 {
            println!(
                "step {step:>4}: loss {loss:.4}, {:.1} % right",
                100.0 * right
            );
        }
        if step < STEPS
            && let Err(error) = optimizer.step(&mut network, &gradient)
        {
            println!("step {step}: {error}");
            return;
        }
    }
    println!("{text}: {} bytes of state", optimizer.state_bytes());
}
