//! From a sentence to its reward with as little training as possible.
//!
//! In this order: a rule whose canonical key has a reward already, up to learning rate and sign, takes that reward; a rule that is not finite, or whose updates
//! have nothing to do with the gradient, gets 0, one that points against the gradient is turned round; what makes no progress in a short run gets no long one;
//! the rest is swept over learning rates in full.

use super::space::{Builder, Sentence};
use super::task::{Score, Task};
use crate::algebra::{Algebra, UpTo};
use crate::bench::BenchError;
use crate::engine::noise::{self, Source};
use crate::engine::{Runner, TensorShape};
use crate::ir::{Graph, Rule};
use crate::op::Op;
use rustc_hash::FxHashMap;

/// Elements of the parameter that the descent test runs on.
const ELEMENTS: usize = 128;
/// Steps of the descent test, of a run of a thousand.
const STEPS: u64 = 12;
/// The least mean cosine between updates and gradients that counts as pointing somewhere.
const LEAST_COSINE: f64 = 0.05;
/// A short run that earns no more than this is not gone on with.
const LEAST_PROGRESS: f64 = 0.01;

/// What became of a trial.
#[derive(Clone, PartialEq, Debug)]
pub struct Trial {
    /// Its number in the search.
    pub number: u64,
    /// The rule as tokens.
    pub sentence: Sentence,
    /// Its canonical key up to learning rate and sign.
    pub key: [u8; 16],
    /// Its reward, from 0 to 1.
    pub reward: f64,
    /// Where it left the cascade.
    pub stage: Stage,
}

/// Where a trial left the cascade.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// Its shapes do not fit, or its updates are not finite.
    Invalid,
    /// An equal rule, up to learning rate and sign, had a reward already.
    Reused,
    /// Its updates have nothing to do with the gradient.
    Aimless,
    /// It made no progress in a short run.
    Short,
    /// It was swept in full.
    Full,
}

impl Stage {
    /// All, in the order of the cascade.
    pub const ALL: [Self; 5] = [
        Self::Invalid,
        Self::Reused,
        Self::Aimless,
        Self::Short,
        Self::Full,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "not finite",
            Self::Reused => "known",
            Self::Aimless => "aimless",
            Self::Short => "no progress",
            Self::Full => "full run",
        }
    }
}

/// What is known of a rule that has had its turn.
#[derive(Clone, PartialEq, Debug)]
pub struct Known {
    /// Its reward, the mean over tasks.
    pub reward: f64,
    /// Where it left the cascade.
    pub stage: Stage,
    /// The best learning rate on the first task.
    pub rate: Option<f64>,
}

/// The cascade with all that it knows.
pub struct Cascade<'t> {
    tasks: &'t [Task],
    builder: Builder,
    algebra: Algebra,
    known: FxHashMap<[u8; 16], Known>,
    /// How many trials had to be turned round.
    turned: u64,
}

impl<'t> Cascade<'t> {
    /// Rules of a space on some tasks.
    pub fn new(builder: Builder, tasks: &'t [Task]) -> Self {
        Self {
            tasks,
            builder,
            algebra: Algebra::new(),
            known: FxHashMap::default(),
            turned: 0,
        }
    }

    /// How many different rules were seen, up to learning rate and sign.
    pub fn different(&self) -> usize {
        self.known.len()
    }

    /// How many rules were turned round.
    pub fn turned(&self) -> u64 {
        self.turned
    }

    /// What is known of a key.
    pub fn known(&self, key: [u8; 16]) -> Option<&Known> {
        self.known.get(&key)
    }

    /// The rule of a sentence as it descends: turned round where it had to be.
    pub fn rule(&mut self, trial: &Trial) -> Option<Rule> {
        let rule = self.builder.rule(&trial.sentence).ok()?;
        descending(rule).ok().map(|(rule, _)| rule)
    }

    /// The rewards of a batch; equal rules of one batch are tried once.
    ///
    /// # Errors
    /// A task that is none.
    pub fn run(&mut self, first: u64, batch: Vec<Sentence>) -> Result<Vec<Trial>, BenchError> {
        let mut trials = Vec::with_capacity(batch.len());
        // Rules that have to be run, by key.
        let mut fresh: Vec<([u8; 16], Rule)> = Vec::new();
        for (number, sentence) in (first..).zip(batch) {
            let Ok(rule) = self.builder.rule(&sentence) else {
                trials.push(Trial {
                    number,
                    sentence,
                    key: [0; 16],
                    reward: 0.0,
                    stage: Stage::Invalid,
                });
                continue;
            };
            let key = self.algebra.key(&rule, UpTo::RateAndSign);
            let is_new = !self.known.contains_key(&key);
            if is_new {
                let mut stage = Stage::Full;
                match descending(rule) {
                    Ok((rule, is_turned)) => {
                        self.turned += u64::from(is_turned);
                        fresh.push((key, rule));
                    }
                    Err(ends_at) => stage = ends_at,
                }
                self.known.insert(
                    key,
                    Known {
                        reward: 0.0,
                        stage,
                        rate: None,
                    },
                );
            }
            trials.push(Trial {
                number,
                sentence,
                key,
                reward: 0.0,
                stage: if is_new { Stage::Full } else { Stage::Reused },
            });
        }
        self.train(&fresh)?;
        for trial in &mut trials {
            if let Some(known) = self.known.get(&trial.key) {
                trial.reward = known.reward;
                if trial.stage == Stage::Full {
                    trial.stage = known.stage;
                }
            }
        }
        Ok(trials)
    }

    /// Short runs of all, full runs of those that got anywhere.
    fn train(&mut self, fresh: &[([u8; 16], Rule)]) -> Result<(), BenchError> {
        let rules: Vec<&Rule> = fresh.iter().map(|(_, rule)| rule).collect();
        let short = self.scores(&rules, |task| task.short_steps)?;
        let mut long = Vec::new();
        for ((key, rule), score) in fresh.iter().zip(short) {
            if score.reward > LEAST_PROGRESS {
                long.push((*key, rule));
            } else if let Some(known) = self.known.get_mut(key) {
                known.stage = Stage::Short;
                (known.reward, known.rate) = (score.reward, score.rate);
            }
        }
        let rules: Vec<&Rule> = long.iter().map(|(_, rule)| *rule).collect();
        let scores = self.scores(&rules, |task| task.steps)?;
        for ((key, _), score) in long.iter().zip(scores) {
            if let Some(known) = self.known.get_mut(key) {
                known.stage = Stage::Full;
                (known.reward, known.rate) = (score.reward, score.rate);
            }
        }
        Ok(())
    }

    /// The mean scores over all tasks, with the learning rates of the first.
    fn scores(
        &self,
        rules: &[&Rule],
        steps: impl Fn(&Task) -> u64,
    ) -> Result<Vec<Score>, BenchError> {
        let mut sums: Vec<Score> = Vec::new();
        #[allow(clippy::cast_precision_loss, reason = "few tasks")]
        let share = 1.0 / self.tasks.len() as f64;
        for task in self.tasks {
            let scores = task.scores(rules, steps(task))?;
            if sums.is_empty() {
                sums = scores;
                for sum in &mut sums {
                    sum.reward *= share;
                }
            } else {
                for (sum, score) in sums.iter_mut().zip(scores) {
                    sum.reward += share * score.reward;
                }
            }
        }
        Ok(sums)
    }
}

/// A rule as it descends, and whether it had to be turned round for that; where it ends if it does not.
fn descending(rule: Rule) -> Result<(Rule, bool), Stage> {
    match descent(&rule) {
        None => Err(Stage::Invalid),
        Some(cosine) if cosine.abs() < LEAST_COSINE => Err(Stage::Aimless),
        Some(cosine) if cosine < 0.0 => Ok((negated(&rule), true)),
        Some(_) => Ok((rule, false)),
    }
}

/// `-rule`.
fn negated(rule: &Rule) -> Rule {
    let mut graph = Graph::default();
    let root = graph.graft(rule);
    let root = graph
        .apply(Op::Neg, &[root])
        .expect("any shape can be negated");
    Rule::new(&graph, root)
}

/// How far updates point with the gradient: the mean over some steps of the cosine between the signs of both, each element weighing as much as its gradient
/// up to 1. Gradients keep a direction under noise and differ in size by orders of magnitude. Every second element has the gradient of the one before with the
/// other sign, and the same weight: what does not depend on the sign of the gradient gets exactly 0. None where an update is not finite.
pub fn descent(rule: &Rule) -> Option<f64> {
    let mut runner = Runner::new(rule, &[TensorShape::Vector(ELEMENTS)], 0).ok()?;
    let draws = |stream: u32, step: u64, out: &mut [f64]| {
        let source = Source {
            seed: 0,
            stream: noise::STREAM_SEARCH,
            tensor: stream,
            step,
        };
        noise::fill_normal(source, out);
    };
    let (mut w, mut direction, mut size) = ([0.0; ELEMENTS], [0.0; ELEMENTS], [0.0; ELEMENTS]);
    draws(0, 0, &mut w);
    mirror(&mut w, 1.0);
    draws(1, 0, &mut direction);
    draws(2, 0, &mut size);
    for (direction, size) in direction.iter_mut().zip(size) {
        *direction *= libm::exp(1.5 * size);
    }
    let (mut g, mut sum, mut counted) = ([0.0; ELEMENTS], 0.0, 0.0);
    for step in 0..STEPS {
        draws(3, step, &mut g);
        for (g, direction) in g.iter_mut().zip(direction) {
            *g = direction * (1.0 + 0.7 * *g);
        }
        mirror(&mut g, -1.0);
        let update = runner.update(0, &w, &g, step, 1000).ok()?;
        let (mut dot, mut uu, mut gg) = (0.0, 0.0, 0.0);
        for (u, g) in update.iter().zip(g) {
            if !u.is_finite() {
                return None;
            }
            // Signs, for a cosine of the values themselves would hear the largest alone.
            let size = g.abs();
            dot += u.signum() * g.signum() * f64::from(u8::from(*u != 0.0)) * size.min(1.0);
            uu += f64::from(u8::from(*u != 0.0)) * size.min(1.0);
            gg += size.min(1.0);
        }
        if uu > 0.0 {
            sum += dot / libm::sqrt(uu * gg);
            counted += 1.0;
        }
    }
    Some(if counted > 0.0 { sum / counted } else { 0.0 })
}

/// Gives every second element the value of the one before, times a sign.
fn mirror(values: &mut [f64], sign: f64) {
    for pair in values.chunks_exact_mut(2) {
        pair[1] = sign * pair[0];
    }
}
