//! The identities that the normal form knows, and look-alikes that are none: each by its keys and by numbers.

use nos::algebra::{Algebra, UpTo};
use nos::context::{Context, Silent};
use nos::engine::{Runner, TensorShape};
use nos::ir::Rule;

/// What `g` and `w` are: zero, signs, sizes far apart, values near bounds.
const VALUES: [f64; 12] = [
    0.0, 1.0, -1.0, 0.5, -2.0, 1e-5, -1e-5, 0.1, -0.1, 7.0, -30.0, 100.0,
];

/// Rules that are equal everywhere.
const EQUAL: &[(&str, &str)] = &[
    // Order, brackets, distribution.
    ("g + w", "w + g"),
    ("g * w", "w * g"),
    ("g + (w + t)", "(t + g) + w"),
    ("(g * w) * t", "g * (t * w)"),
    ("(g + w) * (g - w)", "g^2 - w^2"),
    ("(1 + sign(w)) * g", "g + g * sign(w)"),
    ("(g + w)^3", "g^3 + 3 * g^2 * w + 3 * g * w^2 + w^3"),
    ("-(g - w)", "w - g"),
    ("g - -w", "g + w"),
    // Numbers.
    ("2 * g * 3", "6 * g"),
    ("0.1 * g + 0.2 * g", "0.3 * g"),
    ("g / 4", "0.25 * g"),
    ("g / 3 * 3", "g"),
    ("sqrt(2) * g * sqrt(2)", "2 * g"),
    // Powers.
    ("g * g", "g^2"),
    ("g^2 * g^3", "g^5"),
    ("(g^2)^3", "g^6"),
    ("(g * w)^2", "g^2 * w^2"),
    ("sqrt(g^2)", "|g|"),
    ("sqrt|g|", "|g|^0.5"),
    ("sqrt|g| * sqrt|g|", "|g|"),
    ("(g^4)^0.5", "g^2"),
    ("|g|^2", "g^2"),
    ("g / (w^2 + 1) * (w^2 + 1)", "g"),
    ("g / w / w", "g / w^2"),
    // Exponentials and logarithms.
    ("e^g * e^w", "e^(g + w)"),
    ("e^g / e^w", "e^(g - w)"),
    ("(e^g)^2", "e^(2 * g)"),
    ("2^g * 2^w", "2^(g + w)"),
    ("4^g", "2^(2 * g)"),
    ("exp(g)", "e^g"),
    ("log|e^g|", "g"),
    ("e^log|g|", "|g|"),
    ("log|g * w|", "log|g| + log|w|"),
    ("log|g^3|", "3 * log|g|"),
    ("log|2 * g|", "log|g| + log(2)"),
    // Signs and sizes.
    ("sign(g) * |g|", "g"),
    ("g * sign(g)", "|g|"),
    ("|g * w|", "|g| * |w|"),
    ("|-g|", "|g|"),
    ("||g||", "|g|"),
    ("sign(g)^3", "sign(g)"),
    ("sign(sign(g))", "sign(g)"),
    ("sign(g * w)", "sign(g) * sign(w)"),
    ("sign(3 * g)", "sign(g)"),
    ("sign(-g)", "-sign(g)"),
    ("sign(e^g)", "1"),
    ("sign(g^2 + 1)", "1"),
    ("sign(g^3)", "sign(g)"),
    ("sign(sqrt|g|)", "sign(g)^2"),
    ("sign(g) * sign(w) * |g * w|", "g * w"),
    ("|g| * sign(g)^2", "|g|"),
    ("|g^2 + w^2|", "g^2 + w^2"),
    ("|g + w| * sign(g + w)", "g + w"),
    // Clips.
    ("clip(-g, 0.1)", "-clip(g, 0.1)"),
    ("clip(clip(g, 0.1), 0.5)", "clip(g, 0.1)"),
    ("clip(clip(g, 0.5), 0.1)", "clip(g, 0.1)"),
    ("clip(2 * g, 0.1)", "2 * clip(g, 0.05)"),
    ("clip(sign(g), 1)", "sign(g)"),
    ("clip(sign(g), 0.1)", "0.1 * sign(g)"),
    ("clip(3, 0.1) * g", "0.1 * g"),
    ("clip(tanh(g), 1)", "tanh(g)"),
    ("clip(2 * sin(g) * cos(w), 2)", "2 * sin(g) * cos(w)"),
    ("clip(g^3, 0.001)", "clip(g, 0.1)^3"),
    ("sign(clip(g, 0.1))", "sign(g)"),
    ("clip(|g|, 0.1)", "|clip(g, 0.1)|"),
    // Odd and even functions.
    ("sin(-g)", "-sin(g)"),
    ("cos(-g)", "cos(g)"),
    ("cos(|g|)", "cos(g)"),
    ("tanh(-g)", "-tanh(g)"),
    ("sigmoid(-g)", "1 - sigmoid(g)"),
    ("sin(|g|) * sign(g)", "sin(g)"),
    // Choices.
    ("max(g, w)", "max(w, g)"),
    ("min(g, w)", "-max(-g, -w)"),
    ("max(g, g)", "g"),
    ("where(g > 0, w, w)", "w"),
    ("where(g > 0, g, -g)", "|g|"),
    // State.
    ("ema(2 * g, 0.9)", "2 * ema(g, 0.9)"),
    ("ema(g + w, 0.9)", "ema(g, 0.9) + ema(w, 0.9)"),
    ("10 * ema(g, 0.9)", "trace(g, 0.9)"),
    ("total(-g)", "-total(g)"),
    ("peak(3 * |g|)", "3 * peak(|g|)"),
    ("last(2 * g)", "2 * last(g)"),
    ("sign(debias(ema(g, 0.9)))", "sign(ema(g, 0.9))"),
    ("debias(ema(3 * g, 0.9))", "3 * debias(ema(g, 0.9))"),
    (
        "adam",
        "debias(ema(g, 0.9)) / (sqrt(debias(ema(g * g, 0.999))) + 1e-8)",
    ),
    // Reductions.
    ("norm(2 * g)", "2 * norm(g)"),
    ("mean(g + w)", "mean(g) + mean(w)"),
    ("norm(-g)", "norm(g)"),
    ("norm(g)^2", "sum(g^2)"),
];

/// Rules that only look equal, and differ at some of the values.
const DIFFERENT: &[(&str, &str)] = &[
    ("sign(g)^2", "1"),
    ("sign(g)^2 * w", "w"),
    ("g / g", "sign(g)^2"),
    ("sqrt(g)^2", "|g|"),
    ("sqrt(g^2)", "g"),
    ("log|g| - log|g|", "0"),
    ("e^log|g|", "g"),
    ("clip(g * w, 0.1)", "clip(g, 0.1) * clip(w, 0.1)"),
    ("clip(g, 0.1)", "0.1 * sign(g)"),
    ("|g + w|", "|g| + |w|"),
    ("sign(g + w)", "sign(g) + sign(w)"),
    ("max(g, w)", "max(|g|, |w|)"),
    ("(-1)^2 * g^3", "|g|^3"),
    ("where(g >= 0, w, -w)", "sign(g) * w"),
    ("ema(g, 0.9)^2", "ema(g^2, 0.9)"),
    ("ema(g, 0.9)", "ema(g, 0.99)"),
    ("sigmoid(g)", "tanh(g)"),
];

fn rule(context: &mut Context, text: &str) -> Rule {
    context
        .rule("identity", text, &mut Silent)
        .unwrap_or_else(|found| panic!("{text}: {found:?}"))
}

/// The updates of a rule where `g` and `w` have all pairs of values, over three steps; each pair is a tensor of its own.
fn updates(rule: &Rule) -> Vec<f64> {
    let mut out = Vec::new();
    for w in VALUES {
        for g in VALUES {
            let mut runner = Runner::new(rule, &[TensorShape::Vector(1)], 1).expect("no matrices");
            for (t, factor) in (0u64..).zip([1.0, -0.5, 3.0]) {
                let update = runner.update(0, &[w], &[g * factor], t, 10);
                out.extend_from_slice(update.expect("lengths fit"));
            }
        }
    }
    out
}

/// Whether two values are the same but for rounding, or both undefined.
fn is_close(x: f64, y: f64) -> bool {
    let scale = x.abs().max(y.abs()).max(0.1);
    (x.is_nan() && y.is_nan()) || x == y || (x - y).abs() <= 1e-9 * scale
}

#[test]
fn identities_are_known_and_hold() {
    let (mut context, mut algebra) = (Context::new(), Algebra::new());
    let mut unknown = Vec::new();
    for (x, y) in EQUAL {
        let pair = [rule(&mut context, x), rule(&mut context, y)];
        let [a, b] = [updates(&pair[0]), updates(&pair[1])];
        for (a, b) in a.iter().zip(&b) {
            // Sizes beyond the range of doubles are no matter of the rule.
            if a.abs() > 1e100 || b.abs() > 1e100 || (a.is_nan() != b.is_nan() && has_exp(x)) {
                continue;
            }
            assert!(is_close(*a, *b), "{x} is {a}, {y} is {b}");
        }
        if algebra.key(&pair[0], UpTo::Nothing) != algebra.key(&pair[1], UpTo::Nothing) {
            unknown.push(format!("{x}  and  {y}"));
        }
    }
    assert!(unknown.is_empty(), "not known: {unknown:#?}");
}

/// Whether doubles overflow on the way, which exact numbers do not.
fn has_exp(text: &str) -> bool {
    text.contains("e^") || text.contains("^g")
}

#[test]
fn what_only_looks_equal_is_told_apart() {
    let (mut context, mut algebra) = (Context::new(), Algebra::new());
    for (x, y) in DIFFERENT {
        let pair = [rule(&mut context, x), rule(&mut context, y)];
        let [a, b] = [updates(&pair[0]), updates(&pair[1])];
        assert!(
            !a.iter().zip(&b).all(|(a, b)| is_close(*a, *b)),
            "{x} and {y} are the same in all values"
        );
        assert_ne!(
            algebra.key(&pair[0], UpTo::Nothing),
            algebra.key(&pair[1], UpTo::Nothing),
            "{x} and {y}"
        );
    }
}
