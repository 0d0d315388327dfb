//! How the next rules are chosen, and what is learned from their rewards.

use super::grammar::{Cursor, Grammar};
use super::ppo::Memory;
use super::space::Sentence;
use crate::engine::OptimizerError;
use crate::engine::noise::{self, Source};
use std::ops::Range;

/// A sentence and what came of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Tried {
    /// The sentence.
    pub sentence: Sentence,
    /// Its reward, from 0 to 1.
    pub reward: f64,
    /// Whether an equal rule had this reward already.
    pub is_known: bool,
}

impl Tried {
    /// A sentence that is tried for the first time.
    pub fn new(sentence: Sentence, reward: f64) -> Self {
        Self {
            sentence,
            reward,
            is_known: false,
        }
    }
}

/// Chooses sentences and learns from what they are worth.
pub trait Policy {
    /// Its name in reports.
    fn name(&self) -> &'static str;

    /// The sentences of these trials. What is drawn for a trial depends on its number, not on how many are asked for together.
    fn propose(&mut self, grammar: &mut Grammar, trials: Range<u64>) -> Vec<Sentence>;

    /// Learns from a batch that it has proposed, in the order of its trials.
    fn learn(&mut self, grammar: &mut Grammar, batch: &[Tried]);

    /// How many trials go into one batch.
    fn batch(&self) -> u64;

    /// Makes sentences more likely before a search, where the policy can: rules that the user thinks well of.
    fn imitate(&mut self, _grammar: &mut Grammar, _sentences: &[Sentence], _steps: u32) {}

    /// What it would take long to learn again; none where learning takes no time.
    fn save(&self) -> Option<Memory> {
        None
    }

    /// Goes on from what it knew.
    ///
    /// # Errors
    /// What it was is of another policy, space or other settings.
    fn load(&mut self, _memory: &Memory) -> Result<(), OptimizerError> {
        Ok(())
    }
}

/// The draws of a search: from [0, 1), by trial and place.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    /// The seed of the search.
    pub seed: u64,
}

impl Draws {
    /// A draw of a trial.
    pub fn at(self, trial: u64, place: u64) -> f64 {
        let source = Source {
            seed: self.seed,
            stream: noise::STREAM_SEARCH,
            tensor: 0,
            step: trial,
        };
        noise::uniform(source, place)
    }

    /// The draws of a trial, one after another.
    pub fn of(self, trial: u64) -> impl FnMut() -> f64 {
        let mut place = 0;
        move || {
            place += 1;
            self.at(trial, place - 1)
        }
    }
}

/// Sentences all equally likely.
#[derive(Clone, Copy, Debug)]
pub struct Random {
    draws: Draws,
    batch: u64,
}

impl Random {
    /// A search without memory.
    pub fn new(seed: u64) -> Self {
        Self {
            draws: Draws { seed },
            batch: 50,
        }
    }

    /// The same in batches of another size: what it draws does not depend on it, only how well cores are used and how many trials are lost when a search is
    /// broken off.
    #[must_use]
    pub fn with_batch(self, batch: u64) -> Self {
        Self { batch, ..self }
    }
}

impl Policy for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn propose(&mut self, grammar: &mut Grammar, trials: Range<u64>) -> Vec<Sentence> {
        trials
            .map(|trial| grammar.uniform(self.draws.of(trial)))
            .collect()
    }

    fn learn(&mut self, _grammar: &mut Grammar, _batch: &[Tried]) {}

    fn batch(&self) -> u64 {
        self.batch
    }
}

/// Regularised evolution (Real et al., "Regularized Evolution for Image Classifier Architecture Search", 2019): the best of a few drawn from a
/// population has a child with one token changed; the oldest dies.
#[derive(Clone, Debug)]
pub struct Evolution {
    draws: Draws,
    population: std::collections::VecDeque<(Sentence, f64)>,
    size: usize,
    tournament: usize,
}

impl Evolution {
    /// A population of 100, of which 25 are drawn, as in the source.
    pub fn new(seed: u64) -> Self {
        Self {
            draws: Draws { seed },
            population: std::collections::VecDeque::new(),
            size: 100,
            tournament: 25,
        }
    }

    /// The same with a population small enough that a search of so many trials is four fifths evolution.
    #[must_use]
    pub fn within(self, budget: u64) -> Self {
        let most = self.size as u64;
        let size = usize::try_from((budget / 5).clamp(4, most)).unwrap_or(self.size);
        Self {
            size,
            tournament: size.div_ceil(4),
            ..self
        }
    }

    fn child(&self, grammar: &mut Grammar, trial: u64) -> Sentence {
        let mut draw = self.draws.of(trial);
        let mut parent: Option<&(Sentence, f64)> = None;
        for _ in 0..self.tournament {
            let other = &self.population[below(draw(), self.population.len())];
            if parent.is_none_or(|best| other.1 > best.1) {
                parent = Some(other);
            }
        }
        let parent = &parent.expect("a tournament has members").0;
        mutated(grammar, parent, draw)
    }
}

impl Policy for Evolution {
    fn name(&self) -> &'static str {
        "evolution"
    }

    fn propose(&mut self, grammar: &mut Grammar, trials: Range<u64>) -> Vec<Sentence> {
        let propose = |trial| {
            if self.population.len() < self.size {
                grammar.uniform(self.draws.of(trial))
            } else {
                self.child(grammar, trial)
            }
        };
        trials.map(propose).collect()
    }

    fn learn(&mut self, _grammar: &mut Grammar, batch: &[Tried]) {
        for each in batch {
            let own = (each.sentence.clone(), each.reward);
            self.population.push_back(own);
            if self.population.len() > self.size {
                self.population.pop_front();
            }
        }
    }

    fn batch(&self) -> u64 {
        10
    }
}

/// A sentence with the token at one place changed; what cannot stand behind it any more is changed too.
fn mutated(grammar: &mut Grammar, parent: &[u16], mut draw: impl FnMut() -> f64) -> Sentence {
    let places = parent.len();
    let first = below(draw(), places);
    // Where nothing else can stand, the next place has its turn.
    for at in (first..places).chain(0..first) {
        let mut cursor = Cursor::default();
        for token in &parent[..at] {
            cursor = grammar
                .after(cursor, *token)
                .expect("a sentence of the space");
        }
        let mask = grammar.mask(cursor);
        let others: Vec<u16> = (0..)
            .zip(mask.iter())
            .filter(|(token, is_allowed)| **is_allowed && *token != parent[at])
            .map(|(token, _)| token)
            .collect();
        if others.is_empty() {
            continue;
        }
        let mut sentence = parent[..at].to_vec();
        let mut token = others[below(draw(), others.len())];
        loop {
            sentence.push(token);
            cursor = grammar.after(cursor, token).expect("the mask allows it");
            if sentence.len() == places {
                return sentence;
            }
            let mask = grammar.mask(cursor);
            token = parent[sentence.len()];
            if !mask[usize::from(token)] {
                let allowed: Vec<u16> = (0..)
                    .zip(mask.iter())
                    .filter_map(|(token, is_allowed)| is_allowed.then_some(token))
                    .collect();
                token = allowed[below(draw(), allowed.len())];
            }
        }
    }
    parent.to_vec()
}

/// A whole number below a bound.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]
pub(super) fn below(draw: f64, bound: usize) -> usize {
    ((draw * bound as f64) as usize).min(bound.saturating_sub(1))
}
