//! Searches from the language: `space`, `search`.

use super::builtin::Given;
use super::lists::{one_or_many, outside, whole};
use super::task::as_task;
use super::train::{Options, Places};
use super::{Evaluator, Result, Value};
use crate::bench::Candidate;
use crate::builtin::Builtin;
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::ir::tokens::{Binary, Unary};
use crate::ir::{NodeId, Rule};
use crate::search::space::{DECAYS, PAPER, SIGNS};
use crate::search::spec::Named;
use crate::search::{Constraints, Function, Operand, Sentence, Space, Spec, Task, Which, ppo};
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
        let items = one_or_many(value);
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

    /// `search(space, on:, budget:, policies:, seeds:, steps:, lr:, controller:, rules:, starts:, …)`.
    pub(super) fn search(&mut self, given: &Given, span: Span) -> Result<Value> {
        self.note_effect();
        let (Some((Value::Space(space), _)), Some((on, on_place))) = (&given[0], &given[1]) else {
            return Err(self.unexpected(span, "a space and a task"));
        };
        let places = Places {
            call: span,
            task: *on_place,
        };
        let options = Options {
            builtin: Builtin::Search,
            given,
        };
        let wanted = one_or_many(on);
        let mut tasks: Vec<Task> = Vec::new();
        for value in &wanted {
            tasks.push(self.search_task(value, &options, places)?);
        }
        if tasks.is_empty() {
            return Err(outside(
                *on_place,
                "there is no task".to_owned(),
                "give at least one test function: `on: [rosenbrock]`",
            ));
        }
        let count = |index: usize, usual: u64, name: &str| match &given[index] {
            Some((Value::Num(number), place)) => whole(*number, 1.0, 1e9, name, *place),
            Some(_) | None => Ok(usual),
        };
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
        let budget = count(2, 1000, "`budget`")?;
        let ppo = match &given[7] {
            Some((Value::Str(name), _)) if &**name == "paper" => ppo::Settings::paper(),
            Some((Value::Str(name), place)) if &**name != "quick" => {
                return Err(outside(
                    *place,
                    format!("no controller is called `{name}`"),
                    "choose \"quick\" or \"paper\"",
                ));
            }
            Some(_) | None => ppo::Settings::quick().within(budget),
        };
        let has_nets = tasks.iter().any(|task| matches!(task, Task::Net(_)));
        let usual: &[&str] = if has_nets {
            &super::train::BASELINES
        } else {
            &super::race::BASELINES
        };
        let mut baselines: Vec<Candidate> = Vec::new();
        self.baselines(&mut baselines, usual, span)?;
        let spec = Spec {
            imitated: match &given[8] {
                Some((value, place)) => self.sentences(space, value, *place)?,
                None => Vec::new(),
            },
            space: (**space).clone(),
            tasks,
            policies,
            seeds: count(4, 1, "`seeds`")?,
            budget,
            leaders: LEADERS,
            ppo,
            baselines: baselines.into_iter().map(named).collect(),
        };
        let workers = options.count("workers")?;
        self.begin_search(&spec, workers, places)
    }

    /// A test function, or a network with its data, with what every rule gets on it.
    fn search_task(
        &mut self,
        value: &Value,
        options: &Options<'_>,
        places: Places,
    ) -> Result<Task> {
        if let Some(task) = as_task(value) {
            let mut plan = self.plan(&task, &[], options, places)?;
            // The seeds of a search are those of its policies. What comes of a training must not depend on how many are at work.
            plan.seeds = vec![0];
            for settings in [&mut plan.sweep, &mut plan.training] {
                settings.threads = settings.threads.or(Some(1));
            }
            return Ok(Task::Net(Box::new(plan)));
        }
        let objective = self.task(value, places.task)?;
        let mut function = Function::new((*objective).clone());
        if let Some(steps) = options.count("steps")? {
            function.steps = u64::from(steps);
        }
        function.short_steps = function.short_steps.min(function.steps.div_ceil(10));
        if let Some((value, place)) = options.get("lr") {
            function.rates = self.number_or_numbers(value, *place)?;
        }
        // One start could be one from which a rule gets to the minimum by luck.
        function.starts = if let Some((value, place)) = options.get("starts") {
            self.starts(value, &objective, *place)?
        } else {
            let others = objective.random_starts(2, 0).unwrap_or_default();
            std::iter::once(objective.start().to_vec())
                .chain(others)
                .collect()
        };
        Ok(Task::Function(Box::new(function)))
    }

    /// Rules as sentences of a space.
    fn sentences(&mut self, space: &Space, value: &Value, place: Span) -> Result<Vec<Sentence>> {
        let rules = one_or_many(value);
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
}

fn named(candidate: Candidate) -> Named {
    Named {
        name: candidate.name,
        formula: candidate.formula,
        rule: candidate.rule,
    }
}
