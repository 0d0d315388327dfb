//! Which known rule a rule is, or is most like.

use crate::algebra::{Algebra, UpTo};
use crate::engine::noise::{self, Source};
use crate::engine::{Runner, TensorShape};
use crate::ir::Rule;
use std::fmt;

/// Elements of the parameter that rules are compared on.
const ELEMENTS: usize = 64;
/// Steps that they are compared over; the first ones say little of averages.
const STEPS: u64 = 60;
/// The steps that do not count.
const WARM: u64 = 20;
/// The least likeness that is worth a word.
const LEAST: f64 = 0.8;

/// The known rule next to a rule.
#[derive(Clone, PartialEq, Debug)]
pub enum Kin {
    /// The rule itself, up to learning rate.
    Same(String),
    /// One whose updates point the same way: the mean cosine between both.
    Like(String, f64),
    /// None.
    Stranger,
}

impl fmt::Display for Kin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same(name) => write!(f, "is {name}"),
            Self::Like(name, cosine) => write!(f, "like {name} ({cosine:.2})"),
            Self::Stranger => f.write_str("new"),
        }
    }
}

/// The nearest of some known rules: the one with the same normal form up to learning rate, or else the one whose updates on the same noisy gradients have
/// the greatest mean cosine with those of the rule. Of equally near ones the first.
pub fn kin<'r>(rule: &Rule, known: impl IntoIterator<Item = (&'r str, &'r Rule)>) -> Kin {
    let mut algebra = Algebra::new();
    let key = algebra.key(rule, UpTo::RateAndSign);
    let own = updates(rule);
    let mut nearest = Kin::Stranger;
    let mut most = LEAST;
    for (name, other) in known {
        if algebra.key(other, UpTo::RateAndSign) == key {
            return Kin::Same(name.to_owned());
        }
        let (Some(own), Some(other)) = (&own, updates(other)) else {
            continue;
        };
        let cosine = cosine(own, &other);
        if cosine > most {
            most = cosine;
            nearest = Kin::Like(name.to_owned(), cosine);
        }
    }
    nearest
}

/// The updates of a rule on gradients that keep a direction under noise; none where it cannot run or is not finite.
fn updates(rule: &Rule) -> Option<Vec<Vec<f64>>> {
    let mut runner = Runner::new(rule, &[TensorShape::Vector(ELEMENTS)], 0).ok()?;
    let draws = |stream: u32, step: u64| {
        let mut out = [0.0; ELEMENTS];
        let source = Source {
            seed: 0,
            stream: noise::STREAM_SEARCH,
            tensor: stream,
            step,
        };
        noise::fill_normal(source, &mut out);
        out
    };
    let (w, direction) = (draws(10, 0), draws(11, 0));
    let mut all = Vec::new();
    for step in 0..STEPS {
        let mut g = draws(12, step);
        for (g, direction) in g.iter_mut().zip(direction) {
            *g = 0.3 * direction + 0.3 * *g;
        }
        let update = runner.update(0, &w, &g, step, 1000).ok()?.to_vec();
        if update.iter().any(|u| !u.is_finite()) {
            return None;
        }
        if step >= WARM {
            all.push(update);
        }
    }
    Some(all)
}

/// The mean over steps of the cosine between two rules' updates; steps in which one of them rests count as 0.
fn cosine(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let cosines = a.iter().zip(b).map(|(a, b)| {
        let sizes = libm::sqrt(dot(a, a) * dot(b, b));
        if sizes > 0.0 { dot(a, b) / sizes } else { 0.0 }
    });
    crate::bench::mean(cosines)
}
