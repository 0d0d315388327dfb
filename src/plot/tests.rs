use super::*;
use crate::bench::report::{Best, Entry, Estimate, Point, Report, Task};

fn rosenbrock(at: &[f64]) -> f64 {
    (1.0 - at[0]).powi(2) + 100.0 * (at[1] - at[0] * at[0]).powi(2)
}

fn slope(at: &[f64]) -> [f64; 2] {
    let bend = at[1] - at[0] * at[0];
    [-2.0 * (1.0 - at[0]) - 400.0 * at[0] * bend, 200.0 * bend]
}

/// A rule by hand: the direction from the gradient, its momentum, its mean square and the step.
type Rule = fn(f64, &mut [f64; 2], i32) -> f64;

fn race(steps: u64) -> Report {
    let rules: [(&str, f64, Rule); 5] = [
        ("powersign(base: 2)", 0.001, |g, s, _| {
            s[0] = 0.9 * s[0] + 0.1 * g;
            2_f64.powf(g.signum() * s[0].signum()) * g
        }),
        ("sgd", 0.001, |g, _, _| g),
        ("momentum", 0.001, |g, s, _| {
            s[0] = 0.9 * s[0] + g;
            s[0]
        }),
        ("rmsprop", 0.01, |g, s, _| {
            s[1] = 0.9 * s[1] + 0.1 * g * g;
            g / (s[1].sqrt() + 1e-8)
        }),
        ("adam", 0.1, |g, s, t| {
            s[0] = 0.9 * s[0] + 0.1 * g;
            s[1] = 0.999 * s[1] + 0.001 * g * g;
            s[0] / (1.0 - 0.9_f64.powi(t)) / ((s[1] / (1.0 - 0.999_f64.powi(t))).sqrt() + 1e-8)
        }),
    ];
    let entries = rules.map(|(name, rate, rule)| {
        let (mut at, mut state) = (vec![-1.0, 1.5], [[0.0; 2]; 2]);
        let mut path = Vec::new();
        for step in 0..=steps {
            if step % (steps / 500).max(1) == 0 {
                path.push(Point { step, at: at.clone(), value: rosenbrock(&at) });
            }
            let g = slope(&at);
            for side in 0..2 {
                at[side] -= rate * rule(g[side], &mut state[side], i32::try_from(step).unwrap() + 1);
            }
        }
        entry(name, rate, path)
    });
    report(vec![-1.0, 1.5], steps, entries.into())
}

fn entry(name: &str, rate: f64, path: Vec<Point>) -> Entry {
    let estimate = Estimate { mean: 0.0, half_width: None };
    Entry {
        name: name.to_owned(),
        formula: "g".to_owned(),
        is_baseline: false,
        slots: 0,
        cells: Vec::new(),
        best: Some(Best { rate, last: estimate, lowest: estimate, distance: None, to_1e3: None, to_1e6: None, path }),
    }
}

fn report(start: Vec<f64>, steps: u64, entries: Vec<Entry>) -> Report {
    let minimum = vec![1.0; start.len()];
    Report {
        format: 1,
        task: Task {
            name: "rosenbrock".to_owned(),
            formula: "(1 - x)^2 + 100 * (y - x^2)^2".to_owned(),
            coordinates: ["x", "y", "z"].iter().take(start.len()).map(|&name| name.to_owned()).collect(),
            start,
            minima: vec![minimum],
            least: Some(0.0),
            noise: 0.0,
        },
        steps,
        rates: vec![0.001],
        seeds: vec![1],
        entries,
        is_complete: true,
    }
}

#[test]
fn look_at_it() {
    let picture = Picture::of_report(&race(4000), Some(&rosenbrock)).unwrap();
    std::fs::write("/tmp/plot-race.png", png(&picture).unwrap()).unwrap();
    std::fs::write("/tmp/plot-race.svg", svg(&picture)).unwrap();
    let curves = Picture::Curves(Curves {
        title: "schedules over 1000 steps".to_owned(), x_label: "step".to_owned(), y_label: "factor".to_owned(), log_y: false,
        series: vec![
            Series { name: "ld".to_owned(), points: (0..=200u32).map(|t| (f64::from(t) * 5.0, 1.0 - f64::from(t) / 200.0)).collect() },
            Series { name: "cd".to_owned(), points: (0..=200u32).map(|t| (f64::from(t) * 5.0, 0.5 + 0.5 * (std::f64::consts::PI * f64::from(t) / 200.0).cos())).collect() },
        ],
    });
    std::fs::write("/tmp/plot-curves.png", png(&curves).unwrap()).unwrap();
}
