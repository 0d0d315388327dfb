//! What is drawn at random: variances, shares, and that a run repeats.

use super::*;

const LARGE: TensorShape = TensorShape::Vector(100_000);

fn moments(values: &[f64]) -> (f64, f64) {
    let n = count(values.len());
    let mean = values.iter().sum::<f64>() / n;
    (
        mean,
        values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n,
    )
}

#[test]
fn noise_has_its_variance_and_is_one_draw_wherever_it_appears() {
    let noise = rule(|b| b.leaf(Leaf::Noise));
    let g = vec![1.0; LARGE.len()];
    let draws = updates(&noise, LARGE, &[&g, &g], 10);
    let (mean, variance) = moments(&draws[0]);
    assert!(
        mean.abs() < 2e-3 && (variance - 0.01).abs() < 2e-4,
        "{mean} {variance}"
    );
    assert_ne!(draws[0], draws[1], "each step draws anew");
    assert_eq!(
        draws,
        updates(&noise, LARGE, &[&g, &g], 10),
        "a run repeats"
    );
}

#[test]
fn step_noise_is_one_draw_a_step_of_falling_variance() {
    let noise = rule(|b| b.leaf(Leaf::StepNoise));
    let g: &[f64] = &[0.0, 0.0];
    let draws = updates(&noise, VECTOR, &vec![g; 20_000], 30_000);
    assert!(
        draws
            .iter()
            .all(|draw| draw[0].to_bits() == draw[1].to_bits())
    );
    let unit: Vec<f64> = (0..20_000_u32)
        .zip(&draws)
        .map(|(step, draw)| draw[0] * (1.0 + f64::from(step)).powf(0.275))
        .collect();
    let (mean, variance) = moments(&unit);
    assert!(
        mean.abs() < 0.03 && (variance - 1.0).abs() < 0.03,
        "{mean} {variance}"
    );
    let both = [VECTOR, VECTOR];
    let mut runner = Runner::new(&noise, &both, 1).expect("the rule fits");
    let first = runner.update(0, g, g, 4, 9).map(<[f64]>::to_vec);
    let second = runner.update(1, g, g, 4, 9).map(<[f64]>::to_vec);
    assert_eq!(first, second, "parameters share it");
}

#[test]
fn drop_zeroes_its_share_and_masks_differ() {
    let pair = rule(|b| {
        let g = b.g();
        let (one, two) = (b.with(Op::Drop, g, 0.3), b.with(Op::Drop, g, 0.3));
        let twice = b.with(Op::Mul, two, 2.0);
        b.op(Op::Add, &[one, twice])
    });
    let g = vec![1.0; LARGE.len()];
    let update = &updates(&pair, LARGE, &[&g], 10)[0];
    // Both masks independent: 0, 1, 2, 3 with probabilities .09, .21, .21, .49.
    for (value, share) in [(0.0, 0.09), (1.0, 0.21), (2.0, 0.21), (3.0, 0.49)] {
        let hits = update.iter().filter(|x| **x == value).count();
        let got = count(hits) / 100_000.0;
        assert!((got - share).abs() < 0.006, "{value}: {got}, not {share}");
    }
    let scalar = rule(|b| {
        let g = b.g();
        let mean = b.op(Op::Mean, &[g]);
        b.with(Op::Drop, mean, 0.5)
    });
    let update = &updates(&scalar, LARGE, &[&g], 10)[0];
    assert!(
        update.iter().all(|x| *x == update[0]),
        "one mask for one value"
    );
    for (p, want) in [(0.0, 1.0), (1.0, 0.0)] {
        let all = rule(|b| {
            let g = b.g();
            b.with(Op::Drop, g, p)
        });
        check(&all, VECTOR, &[&[1.0, 1.0]], &[&[want, want]]);
    }
}
