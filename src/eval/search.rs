//! Searches from the language: `space`, `search`.

use super::builtin::Given;
use super::lists::{outside, whole};
use super::{Evaluator, Result, Value};
use crate::bench::Candidate;
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::engine::Objective;
use crate::ir::tokens::{Binary, Unary};
use crate::ir::{NodeId, Rule};
use crate::search::describe::Found;
use crate::search::run::{Leader, SearchError, Spec, again, run};
use crate::search::space::{DECAYS, PAPER, SIGNS};
use crate::search::{Constraints, Operand, Sentence, Space, Task, Which, ppo};
use crate::source::Span;
use std::rc::Rc;

/// How many of the best rules are kept.
const LEADERS: usize = 5;

impl Evaluator<'_> {
    /// `space(operands:, unary:, binary:, depth:, …)`.
    pub(super) fn space(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (operands, is_small) = match &given[0] {
            Some((Value::Str(name), place)) => (self.preset(name, *place)?, &**name == "signs"),
            Some((value, place)) => (self.own_operands(value, *place)?, false),
            None => (self.preset("paper", span)?, false),
        };
        let small_unary = [Unary::Id, Unary::Neg, Unary::Exp, Unary::Sign];
        let small_binary = [Binary::Add, Binary::Mul];
        let unary = match &given[1] {
            Some((value, place)) => self
                .tokens_of(
                    value,
                    "unary function",
                    &Unary::ALL.map(Unary::text),
                    *place,
                )?
                .into_iter()
                .map(|at| Unary::ALL[at])
                .collect(),
            None if is_small => small_unary.to_vec(),
            None => Unary::ALL.to_vec(),
        };
        let binary = match &given[2] {
            Some((value, place)) => {
                let names = Binary::ALL.map(Binary::text);
                self.tokens_of(value, "binary function", &names, *place)?
                    .into_iter()
                    .map(|at| Binary::ALL[at])
                    .collect()
            }
            None if is_small => small_binary.to_vec(),
            None => Binary::ALL.to_vec(),
        };
        let groups = match &given[3] {
            Some((Value::Num(depth), place)) => whole(*depth, 1.0, 4.0, "`depth`", *place)?,
            Some(_) | None => 1,
        };
        let is_on = |index: usize| !matches!(given[index], Some((Value::Bool(false), _)));
        let constraints = Constraints {
            different_operands: is_on(4),
            no_final_sum: is_on(5),
            reuse: is_on(6),
            needs_gradient: is_on(7),
            most_slots: match &given[8] {
                Some((Value::Num(slots), place)) => {
                    let slots = whole(*slots, 0.0, 64.0, "`slots`", *place)?;
                    u32::try_from(slots).ok()
                }
                Some(_) | None => None,
            },
            forbidden: match &given[9] {
                Some((value, place)) => self.pairs(value, *place)?,
                None => Vec::new(),
            },
        };
        let groups = usize::try_from(groups).unwrap_or(1);
        let made = Space::new(operands, unary, binary, groups, constraints);
        let checked = made.and_then(|space| {
            crate::search::Grammar::new(&space)?;
            Ok(space)
        });
        match checked {
            Ok(space) => Ok(Value::Space(Rc::new(space))),
            Err(error) => Err(outside(
                span,
                error.to_string(),
                "change the tokens, or lift a constraint: `needs_g: false`",
            )),
        }
    }

    fn preset(&mut self, name: &str, place: Span) -> Result<Vec<Operand>> {
        let names: Vec<&str> = match name {
            "paper" => PAPER.to_vec(),
            "decays" => PAPER.into_iter().chain(DECAYS).collect(),
            "signs" => SIGNS.to_vec(),
            _ => {
                let help = suggest(name, ["paper", "decays", "signs"]).map_or_else(
                    || {
                        "choose \"paper\", \"decays\" or \"signs\", or give a list of rules"
                            .to_owned()
                    },
                    |name| format!("did you mean \"{name}\"?"),
                );
                return Err(Box::new(
                    Diagnostic::new(
                        Code::E0508,
                        place,
                        format!("no operands are called `{name}`"),
                    )
                    .here("no set of operands")
                    .help(help),
                ));
            }
        };
        let all = self.operands();
        let operands = names.into_iter().filter_map(|name| {
            let node = all.iter().find(|(other, _)| other == name)?.1;
            Some(Operand::new(name, Rule::new(self.graph, node)))
        });
        Ok(operands.collect())
    }

    fn own_operands(&mut self, value: &Value, place: Span) -> Result<Vec<Operand>> {
        let items = match value {
            Value::List(items) => items.to_vec(),
            one => vec![one.clone()],
        };
        items
            .iter()
            .map(|item| {
                let rule = self.extract(item, place)?;
                let name = match item {
                    Value::Rule(rule) => rule.name.to_string(),
                    _ => self.shower().formula(item),
                };
                Ok(Operand::new(name, rule))
            })
            .collect()
    }

    /// The places of names in a list of tokens.
    fn tokens_of(
        &self,
        value: &Value,
        what: &str,
        all: &[&str],
        place: Span,
    ) -> Result<Vec<usize>> {
        let Value::List(items) = value else {
            return Err(self.unexpected(place, "a list of names of functions"));
        };
        let mut places = Vec::new();
        for item in items.iter() {
            let Value::Str(name) = item else {
                return Err(self.unexpected(place, "a list of names of functions"));
            };
            match all.iter().position(|each| *each == &**name) {
                Some(at) => places.push(at),
                None => {
                    return Err(outside(
                        place,
                        format!("no {what} is called `{name}`"),
                        &format!("choose among {}", all.join(", ")),
                    ));
                }
            }
        }
        Ok(places)
    }

    fn pairs(&self, value: &Value, place: Span) -> Result<Vec<(String, String)>> {
        let expected = || self.unexpected(place, "pairs of names: `[[\"exp\", \"g^3\"]]`");
        let Value::List(items) = value else {
            return Err(expected());
        };
        items
            .iter()
            .map(|item| match item {
                Value::List(pair) => match &**pair {
                    [Value::Str(a), Value::Str(b)] => Ok((a.to_string(), b.to_string())),
                    _ => Err(expected()),
                },
                _ => Err(expected()),
            })
            .collect()
    }

    /// `search(space, on:, budget:, policies:, seeds:, steps:, lr:, controller:, rules:, starts:)`.
    pub(super) fn search(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (Some((Value::Space(space), _)), Some((on, on_place))) = (&given[0], &given[1]) else {
            return Err(self.unexpected(span, "a space and a task"));
        };
        let objectives = match on {
            Value::List(items) => items.to_vec(),
            one => vec![one.clone()],
        };
        let objectives: Vec<Rc<Objective>> = objectives
            .iter()
            .map(|value| self.task(value, *on_place))
            .collect::<Result<_>>()?;
        let Some(first) = objectives.first().cloned() else {
            return Err(outside(
                *on_place,
                "there is no task".to_owned(),
                "give at least one test function: `on: [rosenbrock]`",
            ));
        };
        let count = |index: usize, usual: u64, name: &str| match &given[index] {
            Some((Value::Num(number), place)) => whole(*number, 1.0, 1e9, name, *place),
            Some(_) | None => Ok(usual),
        };
        let budget = count(2, 1000, "`budget`")?;
        let policies = match &given[3] {
            Some((value, place)) => {
                let names = Which::ALL.map(Which::name);
                let places = self.tokens_of(value, "policy", &names, *place)?;
                if places.is_empty() {
                    return Err(outside(
                        *place,
                        "there is no policy".to_owned(),
                        "choose among ppo, random, evolution, or leave it out for all",
                    ));
                }
                places.into_iter().map(|at| Which::ALL[at]).collect()
            }
            None => Which::ALL.to_vec(),
        };
        let seeds = count(4, 1, "`seeds`")?;
        let steps = count(5, 4000, "`steps`")?;
        let mut tasks: Vec<Task> = Vec::new();
        for objective in &objectives {
            let mut task = Task::new((**objective).clone());
            task.steps = steps;
            task.short_steps = task.short_steps.min(steps.div_ceil(10));
            if let Some((value, place)) = &given[6] {
                task.rates = self.number_or_numbers(value, *place)?;
            }
            // One start could be one from which a rule gets to the minimum by luck.
            task.starts = if let Some((value, place)) = &given[9] {
                self.starts(value, objective, *place)?
            } else {
                let others = objective.random_starts(2, 0).unwrap_or_default();
                std::iter::once(objective.start().to_vec())
                    .chain(others)
                    .collect()
            };
            tasks.push(task);
        }
        let settings = match &given[7] {
            Some((Value::Str(name), _)) if &**name == "paper" => ppo::Settings::paper(),
            Some((Value::Str(name), place)) if &**name != "quick" => {
                return Err(outside(
                    *place,
                    format!("no controller is called `{name}`"),
                    "choose \"quick\" or \"paper\"",
                ));
            }
            Some(_) | None => ppo::Settings::quick(),
        };
        let spec = Spec {
            seeds: match &given[8] {
                Some((value, place)) => self.sentences(space, value, *place)?,
                None => Vec::new(),
            },
            space: (**space).clone(),
            tasks,
            budget,
            leaders: LEADERS,
            ppo: settings,
        };
        let found = self.searched(&spec, &policies, seeds, *on_place, span)?;
        Ok(Value::Search(Rc::new(found), first))
    }

    fn searched(
        &mut self,
        spec: &Spec,
        policies: &[Which],
        seeds: u64,
        on: Span,
        span: Span,
    ) -> Result<Found> {
        let problem = |error: &SearchError| match error {
            SearchError::Space(_) => outside(span, error.to_string(), "change the space"),
            SearchError::Task(_) => outside(on, error.to_string(), "choose another task, or `lr:`"),
        };
        let mut baselines: Vec<Candidate> = Vec::new();
        self.baselines(&mut baselines, &super::race::BASELINES, span)?;
        let mut outcomes = Vec::new();
        let total = (policies.len() as u64)
            .saturating_mul(seeds)
            .saturating_mul(spec.budget);
        let mut before: u64 = 0;
        'all: for seed in 0..seeds {
            for policy in policies {
                let host = &mut *self.host;
                let mut is_stopped = false;
                let outcome = run(spec, *policy, seed, &mut |progress| {
                    #[allow(clippy::cast_precision_loss, reason = "a fraction for show")]
                    let done = (before + progress.trials) as f64 / total.max(1) as f64;
                    let what = format!("{}, best reward {:.3}", policy.name(), progress.best);
                    let answer = host.progress(done, &what);
                    is_stopped = answer.is_break();
                    answer
                })
                .map_err(|error| problem(&error))?;
                before += spec.budget;
                outcomes.push(outcome);
                if is_stopped {
                    break 'all;
                }
            }
        }
        let mut leaders: Vec<Leader> = Vec::new();
        for leader in outcomes.iter().flat_map(|outcome| &outcome.leaders) {
            if leaders
                .iter()
                .all(|other| other.trial.key != leader.trial.key)
            {
                leaders.push(leader.clone());
            }
        }
        leaders.sort_by(|a, b| b.trial.reward.total_cmp(&a.trial.reward));
        leaders.truncate(spec.leaders);
        let names: Vec<String> = leaders
            .iter()
            .map(|leader| {
                let rule = Value::Expr(self.graph.graft(&leader.rule));
                self.shower().formula(&rule)
            })
            .collect();
        let again = if leaders.is_empty() {
            None
        } else {
            let report = again(&spec.tasks[0], &leaders, &names, &baselines, 1);
            Some(report.map_err(|error| problem(&SearchError::Task(error)))?)
        };
        Ok(Found {
            tasks: spec
                .tasks
                .iter()
                .map(|task| task.objective.name().to_owned())
                .collect(),
            outcomes,
            leaders,
            names,
            again,
        })
    }

    /// Rules as sentences of a space.
    fn sentences(&mut self, space: &Space, value: &Value, place: Span) -> Result<Vec<Sentence>> {
        let rules = match value {
            Value::List(items) => items.to_vec(),
            one => vec![one.clone()],
        };
        let mut graph = crate::ir::Graph::default();
        let operands: Vec<(String, NodeId)> = space
            .operands()
            .iter()
            .map(|operand| (operand.name().to_owned(), graph.graft(operand.rule())))
            .collect();
        let operands: Vec<crate::ir::tokens::Operand<'_>> = operands
            .iter()
            .map(|(name, node)| crate::ir::tokens::Operand { name, node: *node })
            .collect();
        let grammar = crate::search::Grammar::new(space)
            .map_err(|error| outside(place, error.to_string(), "change the space"))?;
        let mut sentences = Vec::new();
        for item in &rules {
            let rule = self.extract(item, place)?;
            let mut own = graph.clone();
            let root = own.graft(&rule);
            let text = crate::ir::tokens::encode(&own, root, &operands).ok();
            let sentence = text.and_then(|text| space.read(&text));
            match sentence.filter(|sentence| grammar.contains(sentence)) {
                Some(sentence) => sentences.push(sentence),
                None => {
                    return Err(outside(
                        place,
                        format!("the space has no `{}`", self.shower().formula(item)),
                        "give rules that are made of its tokens and keep to its constraints",
                    ));
                }
            }
        }
        Ok(sentences)
    }

    /// A field of what a search found.
    pub(super) fn search_field(
        &mut self,
        found: &Found,
        objective: &Rc<Objective>,
        name: &str,
    ) -> Option<Value> {
        match name {
            "best" => {
                let rule = &found.leaders.first()?.rule;
                Some(Value::Expr(self.graph.graft(rule)))
            }
            "leaders" => {
                let rules = found.leaders.iter();
                let rules = rules.map(|leader| Value::Expr(self.graph.graft(&leader.rule)));
                Some(Value::List(rules.collect()))
            }
            "curves" => {
                let curve = |outcome: &crate::search::Outcome| {
                    let means = outcome.curve.iter().map(|point| Value::Num(point.mean));
                    Value::List(means.collect())
                };
                Some(Value::List(found.outcomes.iter().map(curve).collect()))
            }
            "report" => {
                let report = found.again.clone()?;
                Some(Value::Report(Rc::new(report), Some(Rc::clone(objective))))
            }
            _ => None,
        }
    }
}
