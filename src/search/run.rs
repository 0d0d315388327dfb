//! A search: propose, try, learn, until the budget is spent; and searches side by side.

use super::cascade::{Cascade, Stage, Trial};
use super::grammar::Grammar;
use super::policy::{Evolution, Policy, Random};
use super::ppo::{self, Ppo};
use super::space::{Builder, Sentence, Space, SpaceError};
use super::task::Task;
use crate::bench::report::Estimate;
use crate::bench::{BenchError, Candidate, Report};
use crate::ir::Rule;
use std::fmt;
use std::ops::ControlFlow;

/// The most points of a curve: flat memory for any number of trials.
const POINTS: usize = 200;
/// Steps of imitation: enough to make sentences likely, few enough to leave others a chance.
const IMITATED: u32 = 6;

/// What is searched, on what, for how long.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The space.
    pub space: Space,
    /// The tasks; a reward is the mean over them.
    pub tasks: Vec<Task>,
    /// Trials of each policy and seed.
    pub budget: u64,
    /// How many of the best are kept.
    pub leaders: usize,
    /// How the controller learns.
    pub ppo: ppo::Settings,
    /// Sentences that the controller imitates before it starts.
    pub seeds: Vec<Sentence>,
}

/// The policies by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// The paper's controller.
    Ppo,
    /// All sentences equally likely.
    Random,
    /// Regularised evolution.
    Evolution,
}

impl Which {
    /// All.
    pub const ALL: [Self; 3] = [Self::Ppo, Self::Random, Self::Evolution];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ppo => "ppo",
            Self::Random => "random",
            Self::Evolution => "evolution",
        }
    }
}

/// Why a search cannot be.
#[derive(Clone, PartialEq, Debug)]
pub enum SearchError {
    /// The space is none.
    Space(SpaceError),
    /// A task is none.
    Task(BenchError),
}

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Space(error) => error.fmt(f),
            Self::Task(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SearchError {}

impl From<SpaceError> for SearchError {
    fn from(error: SpaceError) -> Self {
        Self::Space(error)
    }
}

impl From<BenchError> for SearchError {
    fn from(error: BenchError) -> Self {
        Self::Task(error)
    }
}

/// What came of one policy with one seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The policy.
    pub policy: Which,
    /// Its seed.
    pub seed: u64,
    /// Trials done.
    pub trials: u64,
    /// How many trials left the cascade where, in the order of [`Stage::ALL`].
    pub stages: [u64; 5],
    /// Different rules, up to learning rate and sign.
    pub different: usize,
    /// Rules that pointed against the gradient and were turned round.
    pub turned: u64,
    /// Rewards over trials.
    pub curve: Vec<CurvePoint>,
    /// The best different rules, best first.
    pub leaders: Vec<Leader>,
    /// Whether the budget was spent.
    pub is_complete: bool,
}

/// Some trials in a row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CurvePoint {
    /// Trials done until then.
    pub trials: u64,
    /// The mean reward of these trials.
    pub mean: f64,
    /// The best reward until then.
    pub best: f64,
}

/// One of the best rules.
#[derive(Clone, Debug)]
pub struct Leader {
    /// The trial that found it.
    pub trial: Trial,
    /// The rule, turned round where that was needed.
    pub rule: Rule,
    /// The best learning rate on the first task.
    pub rate: Option<f64>,
}

/// How far a search is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Progress {
    /// The policy at work.
    pub policy: Which,
    /// Its seed.
    pub seed: u64,
    /// Trials done.
    pub trials: u64,
    /// Trials to do.
    pub budget: u64,
    /// The best reward until now.
    pub best: f64,
}

/// One policy with one seed. `progress` is called after every batch and can end the search: what was done until then is kept.
///
/// # Errors
/// A space or a task that is none.
pub fn run(
    spec: &Spec,
    which: Which,
    seed: u64,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Outcome, SearchError> {
    let mut grammar = Grammar::new(&spec.space)?;
    let mut cascade = Cascade::new(Builder::new(&spec.space)?, &spec.tasks);
    let mut policy: Box<dyn Policy> = match which {
        Which::Ppo => {
            let mut ppo = Ppo::new(&spec.space, spec.ppo, seed);
            ppo.imitate(&mut grammar, &spec.seeds, IMITATED);
            Box::new(ppo)
        }
        Which::Random => Box::new(Random::new(seed)),
        Which::Evolution => Box::new(Evolution::new(seed)),
    };
    let mut outcome = Outcome {
        policy: which,
        seed,
        trials: 0,
        stages: [0; 5],
        different: 0,
        turned: 0,
        curve: Vec::new(),
        leaders: Vec::new(),
        is_complete: false,
    };
    let mut leaders: Vec<Trial> = Vec::new();
    let mut curve = Curve::new(spec.budget);
    while outcome.trials < spec.budget {
        let first = outcome.trials;
        let end = (first + policy.batch()).min(spec.budget);
        let sentences = policy.propose(&mut grammar, first..end);
        let trials = cascade.run(first, sentences)?;
        let batch: Vec<(Sentence, f64)> = trials
            .iter()
            .map(|trial| (trial.sentence.clone(), trial.reward))
            .collect();
        policy.learn(&mut grammar, &batch);
        outcome.trials = end;
        for trial in trials {
            let place = Stage::ALL.iter().position(|stage| *stage == trial.stage);
            outcome.stages[place.expect("a stage of the cascade")] += 1;
            curve.add(trial.reward);
            lead(&mut leaders, trial, spec.leaders);
        }
        let now = Progress {
            policy: which,
            seed,
            trials: end,
            budget: spec.budget,
            best: leaders.first().map_or(0.0, |trial| trial.reward),
        };
        if progress(now).is_break() {
            break;
        }
    }
    outcome.is_complete = outcome.trials >= spec.budget;
    outcome.different = cascade.different();
    outcome.turned = cascade.turned();
    outcome.curve = curve.points();
    outcome.leaders = leaders
        .into_iter()
        .filter_map(|trial| {
            let rule = cascade.rule(&trial)?;
            let rate = cascade.known(trial.key).and_then(|known| known.rate);
            Some(Leader { trial, rule, rate })
        })
        .collect();
    Ok(outcome)
}

/// Keeps the best different rules, best first; of equal rewards the earlier first.
fn lead(leaders: &mut Vec<Trial>, trial: Trial, most: usize) {
    if trial.stage == Stage::Reused || trial.reward <= 0.0 {
        return;
    }
    let place = leaders.partition_point(|other| other.reward >= trial.reward);
    if place < most {
        leaders.insert(place, trial);
        leaders.truncate(most);
    }
}

/// Means over stretches of trials of equal length.
struct Curve {
    stretch: u64,
    sum: f64,
    count: u64,
    done: u64,
    best: f64,
    points: Vec<CurvePoint>,
}

impl Curve {
    fn new(budget: u64) -> Self {
        Self {
            stretch: budget.div_ceil(POINTS as u64).max(1),
            sum: 0.0,
            count: 0,
            done: 0,
            best: 0.0,
            points: Vec::new(),
        }
    }

    fn add(&mut self, reward: f64) {
        self.done += 1;
        self.count += 1;
        self.sum += reward;
        self.best = self.best.max(reward);
        if self.count == self.stretch {
            self.end();
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "trials are far fewer than 2^53")]
    fn end(&mut self) {
        self.points.push(CurvePoint {
            trials: self.done,
            mean: self.sum / self.count as f64,
            best: self.best,
        });
        (self.sum, self.count) = (0.0, 0);
    }

    fn points(mut self) -> Vec<CurvePoint> {
        if self.count > 0 {
            self.end();
        }
        self.points
    }
}

/// What a policy reached over its seeds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Standing {
    /// The policy.
    pub policy: Which,
    /// The best reward of each seed.
    pub best: Estimate,
    /// The mean reward of the last tenth of each seed's trials.
    pub last: Estimate,
}

/// Policies side by side: the same trials, the same seeds.
pub fn standings(outcomes: &[Outcome]) -> Vec<Standing> {
    Which::ALL
        .into_iter()
        .filter_map(|policy| {
            let own: Vec<&Outcome> = outcomes
                .iter()
                .filter(|each| each.policy == policy)
                .collect();
            let best = own
                .iter()
                .map(|each| each.curve.last().map_or(0.0, |at| at.best));
            let last = own.iter().map(|each| {
                let start = each.curve.len() * 9 / 10;
                crate::bench::mean(each.curve[start..].iter().map(|point| point.mean))
            });
            Some(Standing {
                policy,
                best: Estimate::of(best)?,
                last: Estimate::of(last)?,
            })
        })
        .collect()
}

/// The best rules of several searches once more, with what they have not seen: other seeds, and starts at random where the function says where; baselines
/// beside them with the same sweep. `names` are what the leaders are called.
///
/// # Errors
/// A task that is none, or a baseline that cannot run on it.
pub fn again(
    task: &Task,
    leaders: &[Leader],
    names: &[String],
    baselines: &[Candidate],
    seed: u64,
) -> Result<Report, BenchError> {
    let mut candidates: Vec<Candidate> = leaders
        .iter()
        .zip(names)
        .map(|(leader, name)| Candidate::new(name, leader.rule.clone()))
        .collect();
    candidates.extend(baselines.iter().cloned());
    let starts = task.objective.random_starts(20, seed).unwrap_or_default();
    let seeds: Vec<u64> = task.seeds.iter().map(|own| own + 1000).collect();
    task.race(&candidates, task.steps, &seeds, &starts)
}
