//! A search: propose, try, learn, until the budget is spent; and searches side by side.

use super::cascade::{Cascade, Fresh, Stage, Trial};
use super::cores::Cores;
use super::crew::{Absent, Crew, Job};
use super::grammar::Grammar;
use super::journal::{Forgetful, Journal};
use super::legs;
use super::policy::{Evolution, Policy, Random, Tried};
use super::ppo::Ppo;
use super::remember::Remembering;
use super::space::Sentence;
use super::spec::{Leg, SearchError, Spec, Which};
use super::task::Task;
use crate::bench::Candidate;
use crate::bench::report::Estimate;
use crate::ir::Rule;
use crate::lab::{Entrant, Entry, Plan};
use std::ops::ControlFlow;

/// The most points of a curve: flat memory for any number of trials.
const POINTS: usize = 200;
/// The best rules that are shown while a search is at work.
const SHOWN: usize = 3;
/// Trials whose mean reward is shown.
const RECENT: u64 = 25;
/// Stretches of trials that are shown.
const LATELY: usize = 40;
/// Trials of a batch of random search on networks: enough for all workers, few enough to lose when it is broken off.
const ON_NETS: u64 = 10;
/// Trials of a batch of random search on functions, at most: enough for all cores, few enough to see it move.
const MOST_AT_ONCE: u64 = 200;
/// Steps of imitation: enough to make sentences likely, few enough to leave others a chance.
const IMITATED: u32 = 6;

/// Whom a search works with.
pub struct Tools<'a> {
    /// Who trains networks.
    pub crew: &'a mut dyn Crew,
    /// Where it is written down.
    pub journal: &'a mut dyn Journal,
    /// Is told after every batch, and while networks are trained; `Break` ends the search, which keeps what it has.
    pub progress: &'a mut dyn FnMut(&Progress) -> ControlFlow<()>,
}

/// What came of one policy with one seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The policy and its seed.
    pub leg: Leg,
    /// Trials done.
    pub trials: u64,
    /// How many trials left the cascade where, in the order of [`Stage::ALL`].
    pub stages: [u64; Stage::ALL.len()],
    /// Different rules, up to learning rate and sign.
    pub different: usize,
    /// Rules that pointed against the gradient and were turned round.
    pub turned: u64,
    /// Rewards over trials.
    pub curve: Vec<CurvePoint>,
    /// The best different rules, best first.
    pub leaders: Vec<Leader>,
    /// Some of the rules that could not be trained, and why.
    pub set_aside: Vec<(String, String)>,
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
#[derive(Clone, PartialEq, Debug)]
pub struct Progress {
    /// The leg at work.
    pub leg: Leg,
    /// Trials done.
    pub trials: u64,
    /// Trials to do.
    pub budget: u64,
    /// How many of these left the cascade where, in the order of [`Stage::ALL`].
    pub stages: [u64; Stage::ALL.len()],
    /// The mean reward of the last trials.
    pub mean: f64,
    /// The mean rewards of the last stretches of trials.
    pub means: Vec<f64>,
    /// The best rules until now and their rewards, best first.
    pub leaders: Vec<(f64, Sentence)>,
    /// What is at work in the batch; empty between batches.
    pub at: String,
}

impl Progress {
    /// When all trials are done and the best rules run once more.
    pub(super) fn of_end() -> Self {
        Self {
            leg: Leg {
                index: 0,
                policy: Which::Ppo,
                seed: 0,
            },
            trials: 0,
            budget: 0,
            stages: [0; Stage::ALL.len()],
            mean: 0.0,
            means: Vec::new(),
            leaders: Vec::new(),
            at: String::new(),
        }
    }
}

/// All legs of a search; of one that is stopped, those with trials. A journal that knows trials already is gone on from, as if the search had never been broken off.
///
/// # Errors
/// A space or a task that is none, networks that cannot be trained, a journal that cannot be written.
pub fn all(spec: &Spec, tools: &mut Tools<'_>) -> Result<Vec<Outcome>, SearchError> {
    let mut tools = Tools {
        crew: &mut Remembering::new(tools.crew),
        journal: tools.journal,
        progress: tools.progress,
    };
    legs::all(spec, &mut tools)
}

/// One leg of a search on test functions that nobody writes down.
///
/// # Errors
/// As [`all`].
pub fn alone(
    spec: &Spec,
    leg: Leg,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Outcome, SearchError> {
    let mut tools = Tools {
        crew: &mut Absent,
        journal: &mut Forgetful,
        progress,
    };
    run(spec, leg, &mut tools)
}

/// One leg of a search.
///
/// # Errors
/// As [`all`].
pub fn run(spec: &Spec, leg: Leg, tools: &mut Tools<'_>) -> Result<Outcome, SearchError> {
    beside(spec, leg, tools, &Cores::default())
}

/// One leg of a search beside others.
pub(super) fn beside(
    spec: &Spec,
    leg: Leg,
    tools: &mut Tools<'_>,
    cores: &Cores,
) -> Result<Outcome, SearchError> {
    let mut grammar = Grammar::new(&spec.space)?;
    let mut policy: Box<dyn Policy> = match leg.policy {
        Which::Ppo => Box::new(Ppo::new(&spec.space, spec.ppo, leg.seed)),
        Which::Random if spec.tasks.iter().any(|task| matches!(task, Task::Net(_))) => {
            Box::new(Random::new(leg.seed).with_batch(ON_NETS))
        }
        Which::Random => {
            Box::new(Random::new(leg.seed).with_batch((spec.budget / 6).clamp(10, MOST_AT_ONCE)))
        }
        Which::Evolution => Box::new(Evolution::new(leg.seed).within(spec.budget)),
    };
    let mut tally = Tally::new(spec, leg, cores)?;
    recall(&mut tally, &mut *policy, &mut grammar, tools)?;
    while tally.outcome.trials < spec.budget {
        if (tools.progress)(&tally.progress()).is_break() {
            break;
        }
        let first = tally.outcome.trials;
        let end = (first + policy.batch()).min(spec.budget);
        let sentences = policy.propose(&mut grammar, first..end);
        let now = tally.progress();
        let trials = tally.cascade.run(first, sentences, &mut |fresh, task| {
            train(spec, leg, fresh, task, &now, tools)
        });
        let trials = match trials {
            Ok(trials) => trials,
            Err(SearchError::Stopped) => break,
            Err(error) => return Err(error),
        };
        policy.learn(&mut grammar, &tried(&trials));
        let memory = if end == spec.budget || tools.journal.wants_memory() {
            policy.save()
        } else {
            None
        };
        let written = tools.journal.write(leg.index, &trials, memory.as_ref());
        written.map_err(SearchError::Journal)?;
        for trial in trials {
            tally.add(trial);
        }
    }
    // Who looks on sees the end too.
    let _ = (tools.progress)(&tally.progress());
    Ok(tally.end())
}

fn tried(trials: &[Trial]) -> Vec<Tried> {
    trials
        .iter()
        .map(|trial| Tried {
            sentence: trial.sentence.clone(),
            reward: trial.reward,
            is_known: trial.stage == Stage::Reused,
        })
        .collect()
}

/// Brings a leg to where the journal has it: trials count again, and the policy learns again from what it had learned since it was last written down.
fn recall(
    tally: &mut Tally<'_>,
    policy: &mut dyn Policy,
    grammar: &mut Grammar,
    tools: &mut Tools<'_>,
) -> Result<(), SearchError> {
    let (spec, leg) = (tally.spec, tally.outcome.leg);
    let memory = tools.journal.memory(leg.index);
    let mut learned = 0;
    match memory.map_err(SearchError::Journal)? {
        Some((trials, memory)) => {
            let loaded = policy.load(&memory);
            loaded.map_err(|error| SearchError::Journal(error.to_string()))?;
            learned = trials;
        }
        None => policy.imitate(grammar, &spec.imitated, IMITATED),
    }
    let mut batch: Vec<Trial> = Vec::new();
    let mut problem = None;
    let told = tools.journal.trials(leg.index, &mut |trial| {
        let number = tally.outcome.trials + batch.len() as u64;
        let is_of_space = trial.number == number && grammar.contains(&trial.sentence);
        if problem.is_some() || !is_of_space {
            problem = problem.or(Some(number));
            return;
        }
        batch.push(trial);
        let end = (tally.outcome.trials + policy.batch()).min(spec.budget);
        if number + 1 == end {
            if number >= learned {
                policy.learn(grammar, &tried(&batch));
            }
            for trial in batch.drain(..) {
                tally.cascade.learn(&trial);
                tally.add(trial);
            }
        }
    });
    told.map_err(SearchError::Journal)?;
    match problem {
        Some(number) => Err(SearchError::Journal(format!(
            "trial {number} of {} with seed {} is not what it should be",
            leg.policy.name(),
            leg.seed
        ))),
        None => Ok(()),
    }
}

/// Trains the rules of a batch on one of the tasks.
fn train(
    spec: &Spec,
    leg: Leg,
    fresh: &[Fresh],
    task: usize,
    now: &Progress,
    tools: &mut Tools<'_>,
) -> Result<Vec<Entry>, SearchError> {
    let Task::Net(plan) = &spec.tasks[task] else {
        return Ok(Vec::new());
    };
    let jobs = fresh.iter().map(|each| Job {
        entry: spec.entry(leg.index, each.number, task),
        plan: plan_of(plan, &each.rule),
    });
    let progress = &mut tools.progress;
    let mut notebook = tools.journal.notebook();
    let reports = tools
        .crew
        .work(jobs.collect(), &mut *notebook, &mut |done, total, at| {
            let at = format!("rule {} of {total}: {at}", (done + 1).min(total));
            progress(&Progress { at, ..now.clone() })
        })?;
    let entries = reports.into_iter().map(|report| report.entries);
    Ok(entries.map(|mut entries| entries.remove(0)).collect())
}

/// A plan of one rule.
pub(super) fn plan_of(plan: &Plan, rule: &Rule) -> Plan {
    let candidate = Candidate::new(rule.text(), rule.clone());
    Plan {
        rules: vec![Entrant::of(&candidate)],
        ..plan.clone()
    }
}

/// What a leg has come to.
struct Tally<'s> {
    spec: &'s Spec,
    cascade: Cascade<'s>,
    outcome: Outcome,
    leaders: Vec<Trial>,
    curve: Curve,
}

impl<'s> Tally<'s> {
    fn new(spec: &'s Spec, leg: Leg, cores: &Cores) -> Result<Self, SearchError> {
        Ok(Self {
            spec,
            cascade: Cascade::new(&spec.space, &spec.tasks)?.sharing(cores.clone()),
            outcome: Outcome {
                leg,
                trials: 0,
                stages: [0; Stage::ALL.len()],
                different: 0,
                turned: 0,
                curve: Vec::new(),
                leaders: Vec::new(),
                set_aside: Vec::new(),
                is_complete: false,
            },
            leaders: Vec::new(),
            curve: Curve::new(spec.budget),
        })
    }

    fn add(&mut self, trial: Trial) {
        let place = Stage::ALL.iter().position(|stage| *stage == trial.stage);
        self.outcome.stages[place.expect("a stage of the cascade")] += 1;
        self.outcome.trials = trial.number + 1;
        self.curve.add(trial.reward);
        if let Some(why) = &trial.why
            && self.outcome.set_aside.len() < self.spec.leaders
        {
            let rule = self.spec.space.text(&trial.sentence);
            self.outcome.set_aside.push((rule, why.clone()));
        }
        lead(&mut self.leaders, trial, self.spec.leaders);
    }

    fn progress(&self) -> Progress {
        Progress {
            leg: self.outcome.leg,
            trials: self.outcome.trials,
            budget: self.spec.budget,
            stages: self.outcome.stages,
            mean: self.curve.recent(),
            means: self.curve.lately(),
            leaders: self
                .leaders
                .iter()
                .take(SHOWN)
                .map(|trial| (trial.reward, trial.sentence.clone()))
                .collect(),
            at: String::new(),
        }
    }

    fn end(mut self) -> Outcome {
        self.outcome.is_complete = self.outcome.trials >= self.spec.budget;
        self.outcome.different = self.cascade.different();
        self.outcome.turned = self.cascade.turned();
        self.outcome.curve = self.curve.points();
        let cascade = &mut self.cascade;
        self.outcome.leaders = self
            .leaders
            .into_iter()
            .filter_map(|trial| {
                let rule = cascade.rule(&trial)?;
                let rate = trial.rate;
                Some(Leader { trial, rule, rate })
            })
            .collect();
        self.outcome
    }
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

    /// The mean of the last trials, a few at least.
    #[allow(clippy::cast_precision_loss, reason = "trials are far fewer than 2^53")]
    fn recent(&self) -> f64 {
        let stretches = usize::try_from(RECENT.div_ceil(self.stretch)).unwrap_or(1);
        let start = self.points.len().saturating_sub(stretches);
        let last = &self.points[start..];
        let sum: f64 = last.iter().map(|point| point.mean).sum();
        let count = self.count + last.len() as u64 * self.stretch;
        (self.sum + sum * self.stretch as f64) / (count as f64).max(1.0)
    }

    /// The means of the last stretches.
    fn lately(&self) -> Vec<f64> {
        let start = self.points.len().saturating_sub(LATELY);
        self.points[start..]
            .iter()
            .map(|point| point.mean)
            .collect()
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
                .filter(|each| each.leg.policy == policy)
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
