//! Searches at work and what they have found: begun, resumed, told again from the store, and the fields of their results.

use super::lists::outside;
use super::meter::Meter;
use super::train::Places;
use super::{Evaluator, Result, Value};
use crate::algebra::Simplifier;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Rule;
use crate::lab::Status;
use crate::search::again::{Again, again};
use crate::search::crew::{Absent, Pool};
use crate::search::describe::Found;
use crate::search::journal::Searches;
use crate::search::kin::{Kin, kin};
use crate::search::run::{Leader, Progress, all};
use crate::search::{Crew, Forgetful, Journal, SearchError, Spec, Task, Tools};
use crate::source::Span;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

/// The store of searches, where there is one.
type Shelf = Rc<RefCell<dyn Searches>>;

impl Evaluator<'_> {
    /// A search from its beginning.
    pub(super) fn begin_search(
        &mut self,
        spec: &Spec,
        workers: Option<u32>,
        places: Places,
    ) -> Result<Value> {
        let mut crew = self.crew(spec, workers, places)?;
        let shelf = self.shelf(true, places.call)?;
        let run = match &shelf {
            Some(shelf) => {
                let begun = shelf.borrow_mut().begin(spec);
                Some(begun.map_err(|why| super::kept::unusable(places.call, why))?)
            }
            None => None,
        };
        self.work_on(spec, &mut *crew, shelf.zip(run), places)
    }

    /// `resume(run)` of a search; none where the run is no search.
    pub(super) fn resume_search(
        &mut self,
        run: i64,
        workers: Option<u32>,
        places: Places,
    ) -> Result<Option<Value>> {
        let Some((shelf, spec)) = self.kept_search(run, places.task)? else {
            return Ok(None);
        };
        let mut crew = self.crew(&spec, workers, places)?;
        let resumed = shelf.borrow_mut().resume(run);
        resumed.map_err(|why| super::kept::unusable(places.task, why))?;
        self.work_on(&spec, &mut *crew, Some((shelf, run)), places)
            .map(Some)
    }

    /// What a search of the store has found until now; none where the run is no search.
    pub(super) fn load_search(&mut self, run: i64, place: Span) -> Result<Option<Value>> {
        let Some((shelf, spec)) = self.kept_search(run, place)? else {
            return Ok(None);
        };
        let places = Places {
            call: place,
            task: place,
        };
        let mut shelf = shelf.borrow_mut();
        let journal = shelf.journal(run, &spec);
        let mut journal = journal.map_err(|why| super::kept::unusable(place, why))?;
        let mut found = self.searched(&spec, &mut Absent, &mut *journal, true, places)?;
        found.run = Some(run);
        Ok(Some(Value::Search(Rc::new(found))))
    }

    fn kept_search(&mut self, run: i64, place: Span) -> Result<Option<(Shelf, Spec)>> {
        let Some(shelf) = self.shelf(false, place)? else {
            return Ok(None);
        };
        let read = shelf.borrow_mut().read(run);
        let spec = read.map_err(|why| super::kept::unusable(place, why))?;
        Ok(spec.map(|spec| (shelf, spec)))
    }

    fn shelf(&mut self, wanted: bool, place: Span) -> Result<Option<Shelf>> {
        let found = self.host.searches(wanted);
        found.map_err(|why| super::kept::unusable(place, why))
    }

    /// Who trains networks for a search; nobody where it has none.
    fn crew(&mut self, spec: &Spec, workers: Option<u32>, places: Places) -> Result<Box<dyn Crew>> {
        let patience = spec.tasks.iter().find_map(|task| match task {
            Task::Net(plan) => Some(plan.patience),
            Task::Function(_) => None,
        });
        let Some(patience) = patience else {
            return Ok(Box::new(Absent));
        };
        let count = workers.map(|count| usize::try_from(count).unwrap_or(1));
        let mut trainers = self.host.workers(count);
        let Some(first) = trainers.first_mut() else {
            return Err(Box::new(
                Diagnostic::new(Code::E0605, places.call, "nothing here can train networks")
                    .here("needs `nos-lab`")
                    .help("use the program `nos`"),
            ));
        };
        // A search is only written down once there is something that can train.
        let host = &mut *self.host;
        let ready = first.prepare(patience, &mut |_| host.progress(0.0, "starting nos-lab"));
        ready.map_err(|trouble| super::train::not_ready(trouble, places))?;
        Ok(Box::new(Pool::new(trainers)))
    }

    fn work_on(
        &mut self,
        spec: &Spec,
        crew: &mut dyn Crew,
        kept: Option<(Shelf, i64)>,
        places: Places,
    ) -> Result<Value> {
        let Some((shelf, run)) = kept else {
            let found = self.searched(spec, crew, &mut Forgetful, false, places)?;
            return Ok(Value::Search(Rc::new(found)));
        };
        let mut shelf = shelf.borrow_mut();
        let found = {
            let journal = shelf.journal(run, spec);
            let mut journal = journal.map_err(|why| super::kept::unusable(places.call, why))?;
            self.searched(spec, crew, &mut *journal, false, places)
        };
        let (status, best) = match &found {
            Ok(found) => {
                let status = if found.is_complete {
                    Status::Done
                } else {
                    Status::Interrupted
                };
                let best = found.names.first().zip(found.leaders.first());
                (
                    status,
                    best.map(|(name, it)| (name.as_str(), it.trial.reward)),
                )
            }
            // What is written down is not lost by what went wrong.
            Err(_) => (Status::Interrupted, None),
        };
        let again = found.as_ref().map_or(&[][..], |found| &found.again);
        let ended = shelf.end(run, status, best, again);
        let mut found = found?;
        ended.map_err(|why| super::kept::unusable(places.call, why))?;
        found.run = Some(run);
        Ok(Value::Search(Rc::new(found)))
    }

    /// All legs and the best rules once more; of what is `told` nothing is done that has not been.
    fn searched(
        &mut self,
        spec: &Spec,
        crew: &mut dyn Crew,
        journal: &mut dyn Journal,
        told: bool,
        places: Places,
    ) -> Result<Found> {
        let mut meter = Meter::new(spec);
        let outcomes = {
            let host = &mut *self.host;
            let mut progress = |progress: &Progress| {
                if told {
                    return ControlFlow::Break(());
                }
                let (done, what) = meter.show(progress, host.seconds());
                host.progress(done, &what)
            };
            let mut tools = Tools {
                crew: &mut *crew,
                journal: &mut *journal,
                progress: &mut progress,
            };
            all(spec, &mut tools).map_err(|error| problem(&error, places))?
        };
        let leaders = Found::best(spec, &outcomes);
        let is_searched = outcomes.len() == spec.legs().len()
            && outcomes.iter().all(|outcome| outcome.is_complete);
        let (names, kin) = self.presented(&leaders, places.call);
        let (mut found, mut is_complete) = (Vec::new(), is_searched);
        if is_searched && !leaders.is_empty() {
            let host = &mut *self.host;
            let mut progress = |progress: &Progress| host.progress(1.0, &progress.at);
            let mut tools = Tools {
                crew,
                journal,
                progress: &mut progress,
            };
            match again(spec, &leaders, &names, &mut tools) {
                Ok(reports) => found = reports,
                Err(SearchError::Stopped) => is_complete = false,
                Err(error) => return Err(problem(&error, places)),
            }
        }
        // The bar goes; a press of Ctrl-C has been heard.
        let _ = self.host.progress(1.0, "done");
        Ok(Found {
            run: None,
            spec: spec.clone(),
            outcomes,
            leaders,
            names,
            kin,
            again: found,
            is_complete,
        })
    }

    /// What rules are called, simplified, and which known ones they are or are like.
    fn presented(&mut self, leaders: &[Leader], call: Span) -> (Vec<String>, Vec<Kin>) {
        let known = self.known_rules(call);
        let mut simplifier = Simplifier::new();
        let mut names = Vec::new();
        for leader in leaders {
            let rule = simplifier.simplify(&leader.rule);
            let rule = Value::Expr(self.graph.graft(&rule));
            names.push(self.shower().formula(&rule));
        }
        let kin = leaders
            .iter()
            .map(|leader| {
                kin(
                    &leader.rule,
                    known.iter().map(|(name, rule)| (&**name, rule)),
                )
            })
            .collect();
        (names, kin)
    }

    /// The rules of the standard library for any parameter, those that need no arguments.
    fn known_rules(&mut self, call: Span) -> Vec<(String, Rule)> {
        let names: Vec<String> = self
            .scope
            .iter()
            .filter(|(_, _, value)| matches!(value, Value::Rule(_)))
            .map(|(_, name, _)| self.names.text(name).to_owned())
            .collect();
        let mut known: Vec<(String, Rule)> = Vec::new();
        for name in names {
            let Some(value @ Value::Rule(_)) = self.standard(&name) else {
                continue;
            };
            let Ok(rule) = self.extract(&value, call) else {
                continue;
            };
            let is_twice = known.iter().any(|(other, _)| *other == name);
            if rule.uses_grad() && !rule.needs_matrix() && !is_twice {
                known.push((name, rule));
            }
        }
        known
    }

    /// A field of what a search found.
    pub(super) fn search_field(&mut self, found: &Found, name: &str) -> Option<Value> {
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
            "front" => {
                let rules = found.leaders.iter().zip(found.front());
                let rules = rules.filter(|(_, is_first)| *is_first);
                let rules = rules.map(|(leader, _)| Value::Expr(self.graph.graft(&leader.rule)));
                Some(Value::List(rules.collect()))
            }
            "curves" => {
                let curve = |outcome: &crate::search::Outcome| {
                    let means = outcome.curve.iter().map(|point| Value::Num(point.mean));
                    Value::List(means.collect())
                };
                Some(Value::List(found.outcomes.iter().map(curve).collect()))
            }
            "report" => found
                .again
                .iter()
                .zip(&found.spec.tasks)
                .find_map(|pair| match pair {
                    (Again::Race(report), Task::Function(function)) => {
                        let objective = Rc::new(function.objective.clone());
                        Some(Value::Report(Rc::new((**report).clone()), Some(objective)))
                    }
                    _ => None,
                }),
            "training" => found.again.iter().find_map(|again| match again {
                Again::Training(report) => Some(Value::Training(Rc::new((**report).clone()))),
                Again::Race(_) => None,
            }),
            _ => None,
        }
    }
}

fn problem(error: &SearchError, places: Places) -> Box<Diagnostic> {
    match error {
        SearchError::Space(_) => outside(places.call, error.to_string(), "change the space"),
        SearchError::Task(_) => outside(
            places.task,
            error.to_string(),
            "choose another task, or `lr:`",
        ),
        SearchError::Lab(stop) => super::train::stopped(stop.clone(), places),
        SearchError::Journal(why) => super::kept::unusable(places.call, why.clone()),
        SearchError::Stopped => {
            Box::new(Diagnostic::new(Code::E0506, places.call, "stopped").here("was running this"))
        }
    }
}
