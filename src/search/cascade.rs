//! From a sentence to its reward with as little training as possible.
//!
//! In this order: a rule whose canonical key has a reward already, up to learning rate and sign, takes that reward; a rule that is not finite, or whose updates
//! have nothing to do with the gradient, gets 0, one that points against the gradient is turned round; what makes no progress in a short run gets no long one;
//! the rest is swept over learning rates in full.

use super::cores::{self, Cores};
use super::descent::descent;
use super::space::{Builder, Sentence, Space, SpaceError};
use super::spec::SearchError;
use super::task::{Function, Score, Task, of_entry};
use crate::algebra::{Algebra, UpTo};
use crate::ir::{Graph, Rule};
use crate::lab::{self, Ending};
use crate::op::Op;
use rustc_hash::FxHashMap;

/// The least mean cosine between updates and gradients that counts as pointing somewhere.
const LEAST_COSINE: f64 = 0.05;
/// A short run that earns no more than this is not gone on with.
const LEAST_PROGRESS: f64 = 0.01;

/// The key of what is no rule.
const NO_KEY: [u8; 16] = [0; 16];

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
    /// Whether the rule pointed against the gradient and was turned round.
    pub is_turned: bool,
    /// The best learning rate on the first task, where it was run.
    pub rate: Option<f64>,
    /// Why it was set aside, where it was.
    pub why: Option<String>,
}

/// A rule that has to be run.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// The number of its trial.
    pub number: u64,
    /// The place of its trial in its batch.
    place: usize,
    /// The rule, turned round where it had to be.
    pub rule: Rule,
}

/// Trains rules on the task of this number, which is a network: one entry each.
pub type Train<'a> = dyn FnMut(&[Fresh], usize) -> Result<Vec<lab::Entry>, SearchError> + 'a;

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
    /// It could not be trained, however often that was tried.
    SetAside,
    /// It was swept in full.
    Full,
}

impl Stage {
    /// All, in the order of the cascade.
    pub const ALL: [Self; 6] = [
        Self::Invalid,
        Self::Reused,
        Self::Aimless,
        Self::Short,
        Self::SetAside,
        Self::Full,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "not finite",
            Self::Reused => "known",
            Self::Aimless => "aimless",
            Self::Short => "no progress",
            Self::SetAside => "set aside",
            Self::Full => "full run",
        }
    }
}

/// What is known of a rule that has had its turn.
#[derive(Clone, PartialEq, Debug)]
pub struct Known {
    /// Its reward, the mean over tasks.
    pub reward: f64,
    /// The best learning rate on the first task.
    pub rate: Option<f64>,
}

/// Where rules are built and told apart: one for each core.
struct Desk {
    builder: Builder,
    algebra: Algebra,
}

/// The cascade with all that it knows.
pub struct Cascade<'t> {
    tasks: &'t [Task],
    desks: Vec<Desk>,
    cores: Cores,
    known: FxHashMap<[u8; 16], Known>,
    /// How many trials had to be turned round.
    turned: u64,
}

impl<'t> Cascade<'t> {
    /// Rules of a space on some tasks.
    ///
    /// # Errors
    /// Operands that remember too much.
    pub fn new(space: &Space, tasks: &'t [Task]) -> Result<Self, SpaceError> {
        let builder = Builder::new(space)?;
        let desk = || Desk {
            builder: builder.clone(),
            algebra: Algebra::new(),
        };
        Ok(Self {
            tasks,
            desks: std::iter::repeat_with(desk).take(cores::count()).collect(),
            cores: Cores::default(),
            known: FxHashMap::default(),
            turned: 0,
        })
    }

    /// The same beside other legs.
    pub(super) fn sharing(mut self, cores: Cores) -> Self {
        self.cores = cores;
        self
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
        let builder = &mut self.desks.first_mut()?.builder;
        let rule = builder.rule(&trial.sentence).ok()?;
        descending(rule).ok().map(|(rule, _)| rule)
    }

    /// The rewards of a batch; equal rules of one batch are tried once. The tasks that are networks are the crew's.
    ///
    /// # Errors
    /// A task that is none, or that the crew was stopped: then the batch has not been.
    pub fn run(
        &mut self,
        first: u64,
        batch: Vec<Sentence>,
        crew: &mut Train<'_>,
    ) -> Result<Vec<Trial>, SearchError> {
        let mut trials: Vec<Trial> = Vec::with_capacity(batch.len());
        let mut unknown: Vec<Option<(usize, Rule)>> = Vec::new();
        let rules = self.rules(&batch);
        for ((number, sentence), rule) in (first..).zip(batch).zip(rules) {
            let mut trial = Trial {
                number,
                sentence,
                key: NO_KEY,
                reward: 0.0,
                stage: Stage::Invalid,
                is_turned: false,
                rate: None,
                why: None,
            };
            if let Some((rule, key)) = rule {
                trial.key = key;
                let is_known = self.known.contains_key(&key)
                    || trials.iter().any(|earlier| earlier.key == key);
                if is_known {
                    trial.stage = Stage::Reused;
                } else {
                    unknown.push(Some((trials.len(), rule)));
                }
            }
            trials.push(trial);
        }
        let found = self.cores.each(&mut unknown, |_, unknown| {
            unknown
                .take()
                .map(|(place, rule)| (place, descending(rule)))
        });
        // Rules that have to be run.
        let mut fresh: Vec<Fresh> = Vec::new();
        for (place, found) in found.into_iter().flatten() {
            let trial = &mut trials[place];
            trial.stage = match found {
                Ok((rule, is_turned)) => {
                    trial.is_turned = is_turned;
                    fresh.push(Fresh {
                        number: trial.number,
                        place,
                        rule,
                    });
                    Stage::Full
                }
                Err(ends_at) => ends_at,
            };
        }
        self.train(fresh, &mut trials, crew)?;
        for index in 0..trials.len() {
            if trials[index].stage == Stage::Reused {
                let same = trials[..index]
                    .iter()
                    .find(|earlier| earlier.key == trials[index].key);
                let reward = match same {
                    Some(earlier) => earlier.reward,
                    None => self.known[&trials[index].key].reward,
                };
                trials[index].reward = reward;
            }
        }
        for trial in &trials {
            self.learn(trial);
        }
        Ok(trials)
    }

    /// The rules of some sentences with their keys; none where shapes do not fit.
    fn rules(&mut self, sentences: &[Sentence]) -> Vec<Option<(Rule, [u8; 16])>> {
        let desks = self.cores.count().min(self.desks.len());
        let share = sentences.len().div_ceil(desks).max(1);
        let found = self.cores.each(&mut self.desks[..desks], |index, desk| {
            let start = (index * share).min(sentences.len());
            let own = &sentences[start..(start + share).min(sentences.len())];
            let rules = own.iter().map(|sentence| {
                let rule = desk.builder.rule(sentence).ok()?;
                let key = desk.algebra.key(&rule, UpTo::RateAndSign);
                Some((rule, key))
            });
            rules.collect::<Vec<_>>()
        });
        found.into_iter().flatten().collect()
    }

    /// Takes note of a trial, one of this search or one that is told again.
    pub fn learn(&mut self, trial: &Trial) {
        self.turned += u64::from(trial.is_turned);
        if trial.key != NO_KEY && trial.stage != Stage::Reused {
            let known = Known {
                reward: trial.reward,
                rate: trial.rate,
            };
            self.known.insert(trial.key, known);
        }
    }

    /// Short runs of all, full runs of those that got anywhere. Networks have no short run: their sweep is one, and ends early where it does not leave chance.
    fn train(
        &mut self,
        mut fresh: Vec<Fresh>,
        trials: &mut [Trial],
        crew: &mut Train<'_>,
    ) -> Result<(), SearchError> {
        let functions: Vec<&Function> = self.tasks.iter().filter_map(function).collect();
        if !functions.is_empty() {
            let short = scores(&functions, &fresh, |task| task.short_steps, &self.cores)?;
            let mut long = Vec::new();
            for (each, score) in fresh.into_iter().zip(short) {
                // With a network beside it, a function says nothing against a rule.
                if score.reward > LEAST_PROGRESS || functions.len() < self.tasks.len() {
                    long.push(each);
                } else {
                    let trial = &mut trials[each.place];
                    trial.stage = Stage::Short;
                    (trial.reward, trial.rate) = (score.reward, score.rate);
                }
            }
            fresh = long;
        }
        #[allow(clippy::cast_precision_loss, reason = "few tasks")]
        let share = 1.0 / self.tasks.len() as f64;
        for (index, task) in self.tasks.iter().enumerate() {
            let scores: Vec<Score> = match task {
                Task::Function(function) => {
                    let rules: Vec<&Rule> = fresh.iter().map(|each| &each.rule).collect();
                    function.scores(&rules, function.steps, &self.cores)?
                }
                Task::Net(plan) => {
                    let entries = crew(&fresh, index)?;
                    for (each, entry) in fresh.iter().zip(&entries) {
                        let trial = &mut trials[each.place];
                        if let Some(why) = lost(entry) {
                            trial.stage = Stage::SetAside;
                            trial.why = Some(why);
                        } else if entry.runs.is_empty() && trial.stage == Stage::Full {
                            trial.stage = Stage::Short;
                        }
                    }
                    let metric = plan.metric();
                    entries
                        .iter()
                        .map(|entry| of_entry(entry, metric))
                        .collect()
                }
            };
            for (each, score) in fresh.iter().zip(scores) {
                let trial = &mut trials[each.place];
                trial.reward += share * score.reward;
                if index == 0 {
                    trial.rate = score.rate;
                }
            }
        }
        for trial in trials {
            if trial.stage == Stage::SetAside {
                trial.reward = 0.0;
            }
        }
        Ok(())
    }
}

fn function(task: &Task) -> Option<&Function> {
    match task {
        Task::Function(function) => Some(function),
        Task::Net(_) => None,
    }
}

/// Why a rule could not be trained, where that is so.
fn lost(entry: &lab::Entry) -> Option<String> {
    let mut trainings = entry.sweep.iter().chain(&entry.runs);
    trainings.find_map(|training| match &training.end {
        Ending::Failed { why } => Some(why.clone()),
        Ending::Finished
        | Ending::Diverged { .. }
        | Ending::AtChance { .. }
        | Ending::Interrupted => None,
    })
}

/// The mean scores over test functions, with the learning rates of the first.
fn scores(
    functions: &[&Function],
    fresh: &[Fresh],
    steps: impl Fn(&Function) -> u64,
    cores: &Cores,
) -> Result<Vec<Score>, SearchError> {
    let rules: Vec<&Rule> = fresh.iter().map(|each| &each.rule).collect();
    let mut sums: Vec<Score> = Vec::new();
    #[allow(clippy::cast_precision_loss, reason = "few tasks")]
    let share = 1.0 / functions.len() as f64;
    for function in functions {
        let scores = function.scores(&rules, steps(function), cores)?;
        sums.resize(
            scores.len(),
            Score {
                reward: 0.0,
                rate: None,
            },
        );
        for (sum, score) in sums.iter_mut().zip(scores) {
            sum.reward += share * score.reward;
            sum.rate = sum.rate.or(score.rate);
        }
    }
    Ok(sums)
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
