//! Searches on a test function: the cascade, repeated searches, a search that is broken off.

use nos::context::{Context, Host, Input, Silent};
use nos::eval::Value;
use nos::ir::Rule;
use nos::ir::tokens::{Binary, Unary};
use nos::lab::message::Description;
use nos::lab::{About, Blank, Notebook};
use nos::search::cascade::{Cascade, Stage};
use nos::search::crew::Absent;
use nos::search::descent;
use nos::search::kin::{Kin, kin};
use nos::search::ppo::{Memory, Settings};
use nos::search::run::{Outcome, Tools, all, alone, run, standings};
use nos::search::{
    Constraints, Function, Journal, Leg, Operand, SearchError, Sentence, Space, Spec, Task, Trial,
    Which,
};
use std::ops::ControlFlow;

fn operand(text: &str) -> Operand {
    Operand::new(text, rule(text))
}

/// Three operands, two unary and three binary functions.
fn small(groups: usize, constraints: Constraints) -> Space {
    Space::new(
        ["g", "m", "1"].map(operand).to_vec(),
        vec![Unary::Id, Unary::Sign],
        vec![Binary::Add, Binary::Mul, Binary::Left],
        groups,
        constraints,
    )
    .expect("a space")
}

/// `x^2 + 10 y^2` from (1, -1).
fn bowl() -> Task {
    let text = "objective(fn(x, y) => x^2 + 10 * y^2, start: [1, -1], minimum: [0, 0])";
    let outcome = Context::new().run("test", text, None, Input::Prompt, &mut Silent);
    let Some(Value::Objective(bowl)) = outcome.value else {
        panic!("{:?}", outcome.diagnostics)
    };
    Task::Function(Box::new(Function {
        steps: 200,
        short_steps: 20,
        ..Function::new((*bowl).clone())
    }))
}

/// Nothing here trains networks.
fn nobody(
    _: &[nos::search::cascade::Fresh],
    _: usize,
) -> Result<Vec<nos::lab::Entry>, SearchError> {
    Err(SearchError::Stopped)
}

/// One leg of a search.
fn leg(policy: Which, seed: u64) -> Leg {
    Leg {
        index: 0,
        policy,
        seed,
    }
}

fn rule(text: &str) -> Rule {
    Context::new()
        .rule("rule", text, &mut Silent)
        .expect("a rule")
}

#[test]
fn descent_is_told_from_ascent_and_from_neither() {
    let at = |text: &str| descent(&rule(text));
    for text in [
        "g",
        "m",
        "sign(g)",
        "adam",
        "powersign",
        "1e-9 * g",
        "g^3",
        "g + 0.1 * w",
    ] {
        assert!(at(text).expect("finite") > 0.3, "{text}: {:?}", at(text));
    }
    assert!(at("-g").expect("finite") < -0.3);
    for text in ["1", "w", "eps", "g^2"] {
        assert!(
            at(text).expect("finite").abs() < 0.05,
            "{text}: {:?}",
            at(text)
        );
    }
    assert_eq!(at("0"), Some(0.0));
    assert_eq!(at("1 / (g - g)"), None);
}

#[test]
fn every_stage_of_the_cascade_has_its_rules() {
    let space = Space::new(
        ["g", "m", "w", "1"].map(operand).to_vec(),
        vec![Unary::Id, Unary::Neg, Unary::Log],
        vec![Binary::Add, Binary::Mul, Binary::Div, Binary::Left],
        1,
        Constraints::none(),
    )
    .expect("a space");
    let tasks = [bowl()];
    let mut cascade = Cascade::new(&space, &tasks).expect("little state");
    let sentence = |text: &str| -> Sentence {
        let names: Vec<&str> = text.split(' ').collect();
        (0..)
            .zip(names)
            .map(|(place, name)| {
                let tokens = 0..u16::try_from(space.choices(place)).expect("few");
                let token = tokens
                    .into_iter()
                    .find(|token| space.name(place, *token) == name);
                token.expect("a token of the space")
            })
            .collect()
    };
    let texts = [
        ("g w id id left", Stage::Full),
        // Equal in the same batch, up to learning rate, up to sign.
        ("g w id log left", Stage::Reused),
        ("g g id id add", Stage::Reused),
        ("g w neg id left", Stage::Reused),
        ("m w neg id left", Stage::Full),
        ("1 1 id id left", Stage::Aimless),
        ("w w log log div", Stage::Aimless),
    ];
    let batch = texts.iter().map(|(text, _)| sentence(text)).collect();
    let trials = cascade.run(0, batch, &mut nobody).expect("a task");
    for (trial, (text, stage)) in trials.iter().zip(texts) {
        assert_eq!(trial.stage, stage, "{text}");
    }
    assert_eq!(trials[0].reward, trials[3].reward);
    assert!(trials[0].reward > 0.3 && trials[4].reward > 0.1);
    assert_eq!(trials[5].reward, 0.0);
    // `-m` was turned round, and its rule is the one that descends.
    assert_eq!(cascade.turned(), 1);
    let turned = cascade.rule(&trials[4]).expect("a rule");
    assert!(descent(&turned).expect("finite") > 0.3);
    // What is known is known in later batches.
    let again = cascade
        .run(7, vec![sentence("m w id id left")], &mut nobody)
        .expect("a task");
    assert_eq!(
        (again[0].stage, again[0].reward),
        (Stage::Reused, trials[4].reward)
    );
    assert_eq!(again[0].number, 7);
}

fn spec() -> Spec {
    Spec {
        space: small(1, Constraints::default()),
        tasks: vec![bowl()],
        budget: 300,
        leaders: 3,
        ppo: Settings {
            hidden: 16,
            ..Settings::quick()
        },
        imitated: vec![],
        policies: Which::ALL.to_vec(),
        seeds: 1,
        baselines: vec![],
    }
}

#[test]
fn searches_repeat_and_add_up() {
    let spec = spec();
    let mut outcomes = Vec::new();
    for policy in Which::ALL {
        for seed in 0..2 {
            let go_on = &mut |_: &_| ControlFlow::Continue(());
            let outcome = alone(&spec, leg(policy, seed), go_on).expect("a search");
            assert!(outcome.is_complete);
            assert_eq!(outcome.stages.iter().sum::<u64>(), 300);
            let new = 300 - outcome.stages[1];
            assert_eq!(outcome.different as u64, new, "{policy:?}");
            assert!(outcome.leaders.len() == 3 && outcome.leaders[0].trial.reward > 0.3);
            let rewards: Vec<f64> = outcome
                .leaders
                .iter()
                .map(|each| each.trial.reward)
                .collect();
            assert!(rewards.is_sorted_by(|a, b| a >= b));
            let keys: Vec<[u8; 16]> = outcome.leaders.iter().map(|each| each.trial.key).collect();
            assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
            let again = alone(&spec, leg(policy, seed), go_on).expect("a search");
            assert_eq!(again.curve, outcome.curve);
            assert_eq!(again.leaders[0].trial, outcome.leaders[0].trial);
            outcomes.push(outcome);
        }
    }
    let standings = standings(&outcomes);
    assert_eq!(standings.len(), 3);
    assert!(standings.iter().all(|each| each.best.half_width.is_some()));
}

#[test]
fn search_that_is_broken_off_keeps_what_it_has() {
    let mut batches = 0;
    let outcome = alone(&spec(), leg(Which::Random, 0), &mut |progress| {
        batches += 1;
        assert_eq!(progress.budget, 300);
        if batches == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .expect("a search");
    assert!(!outcome.is_complete && outcome.trials == 100);
    assert!(!outcome.leaders.is_empty());
}

/// A search from the language: the same twice, its best rule a rule like any other, its race a report like any other.
#[test]
fn searches_of_the_language_give_rules() {
    let code = "let s = space(\"signs\", depth: 2)
let found = search(s, on: rosenbrock, budget: 40, steps: 100, seeds: 2, rules: [powersign])
found
found.best
found.report.rows |> len
len(found.leaders)";
    let shown = || {
        let mut host = Shown(String::new());
        let mut context = Context::new();
        for line in code.lines() {
            let outcome = context.run("test", line, None, Input::Prompt, &mut host);
            assert!(outcome.is_ok(), "{line}: {:?}", outcome.diagnostics);
        }
        host.0
    };
    let text = shown();
    assert_eq!(text, shown());
    for part in [
        "search on rosenbrock, 240 trials",
        "evolution",
        "rosenbrock from 20 starts",
    ] {
        assert!(text.contains(part), "{text}");
    }
    // Four baselines beside the five best.
    assert!(text.ends_with("9\n5\n"), "{text}");
}

/// What was shown, one after another.
struct Shown(String);

impl Host for Shown {
    fn show(&mut self, text: &str) {
        self.0 += text;
        self.0.push('\n');
    }

    fn read(&mut self, path: &std::path::Path) -> std::io::Result<Vec<u8>> {
        Silent.read(path)
    }

    fn write(&mut self, path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
        Silent.write(path, bytes)
    }

    fn progress(&mut self, done: f64, what: &str) -> ControlFlow<()> {
        Silent.progress(done, what)
    }

    fn canvas(&self) -> (u16, bool) {
        (80, false)
    }
}

#[test]
fn what_is_no_search_says_what_is_missing() {
    for (code, why) in [
        ("search(space(\"signs\"), on: [])", "there is no task"),
        (
            "search(space(\"signs\"), on: rosenbrock, policies: [])",
            "there is no policy",
        ),
        (
            "search(space(\"signs\"), on: rosenbrock, policies: [\"pop\"])",
            "no policy is called `pop`",
        ),
        (
            "search(space(\"signs\"), on: rosenbrock, lr: [-1])",
            "expected a positive learning rate",
        ),
        (
            "search(space(\"signs\"), on: rosenbrock, rules: [adam])",
            "the space has no `mhat / (sqrt(vhat) + delta)`",
        ),
        ("search(3, on: rosenbrock)", "expected a space of rules"),
        ("space([])", "expected at least one of the operands"),
        ("space([1, 2])", "no rule keeps to the constraints"),
        ("space(\"sings\")", "no operands are called `sings`"),
        (
            "space(unary: [\"sinn\"])",
            "no unary function is called `sinn`",
        ),
        ("space(forbidden: [1])", "pairs of names"),
    ] {
        let outcome = Context::new().run("test", code, None, Input::Prompt, &mut Silent);
        let problems: Vec<String> = outcome
            .diagnostics
            .iter()
            .map(|d| format!("{d:?}"))
            .collect();
        assert!(
            !outcome.is_ok() && problems.concat().contains(why),
            "{code}: {problems:?}"
        );
    }
}

#[test]
fn rules_are_told_by_their_kin() {
    let known: Vec<(&str, Rule)> = ["sgd", "momentum", "sign_sgd", "adam"]
        .map(|name| (name, rule(name)))
        .to_vec();
    let of = |text: &str| {
        let known = known.iter().map(|(name, rule)| (*name, rule));
        kin(&rule(text), known)
    };
    assert_eq!(of("3 * g"), Kin::Same("sgd".to_owned()));
    assert_eq!(of("-momentum"), Kin::Same("momentum".to_owned()));
    let Kin::Like(name, cosine) = of("g + 1e-3 * sign(g)") else {
        panic!("{}", of("g + 1e-3 * sign(g)"))
    };
    assert!(name == "sgd" && cosine > 0.99 && cosine <= 1.0, "{cosine}");
    assert_eq!(of("w"), Kin::Stranger);
    assert_eq!(of("1 / (g - g)"), Kin::Stranger);
    assert_eq!(of("w").to_string(), "new");
}

/// What one leg has written down; after so many more batches the disk is full.
struct Pad {
    trials: Vec<Trial>,
    memory: Option<(u64, Memory)>,
    left: usize,
}

/// A journal in memory, with a pad for each leg.
struct Pads(Vec<Pad>);

impl Pads {
    fn new(legs: usize, left: impl Fn(usize) -> usize) -> Self {
        let pad = |leg| Pad {
            trials: Vec::new(),
            memory: None,
            left: left(leg),
        };
        Self((0..legs).map(pad).collect())
    }

    /// All legs, until so many batches are heard of.
    fn all(&mut self, spec: &Spec, batches: usize) -> Result<Vec<Outcome>, SearchError> {
        let mut heard = 0;
        let mut tools = Tools {
            crew: &mut Absent,
            journal: self,
            progress: &mut |_| {
                heard += 1;
                if heard > batches {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            },
        };
        all(spec, &mut tools)
    }
}

impl Journal for Pads {
    fn trials(&mut self, leg: usize, hear: &mut dyn FnMut(Trial)) -> Result<(), String> {
        self.0[leg].trials.iter().cloned().for_each(hear);
        Ok(())
    }

    fn memory(&mut self, leg: usize) -> Result<Option<(u64, Memory)>, String> {
        Ok(self.0[leg].memory.clone())
    }

    fn wants_memory(&mut self) -> bool {
        self.0[0].left.is_multiple_of(3)
    }

    fn write(
        &mut self,
        leg: usize,
        trials: &[Trial],
        memory: Option<&Memory>,
    ) -> Result<(), String> {
        let pad = &mut self.0[leg];
        if pad.left == 0 {
            return Err("the disk is full".to_owned());
        }
        pad.left -= 1;
        pad.trials.extend_from_slice(trials);
        if let (Some(memory), Some(last)) = (memory, trials.last()) {
            pad.memory = Some((last.number + 1, memory.clone()));
        }
        Ok(())
    }

    fn described(&mut self) -> Result<(Option<Description>, Option<About>), String> {
        Ok((None, None))
    }

    fn notebook(&mut self) -> Box<dyn Notebook + '_> {
        Box::new(Blank)
    }
}

#[test]
fn search_goes_on_from_any_batch() {
    let spec = spec();
    for policy in Which::ALL {
        let whole = alone(&spec, leg(policy, 1), &mut |_| ControlFlow::Continue(()));
        let whole = whole.expect("a search");
        for cut in [0, 1, 2, 4, 5] {
            let mut pads = Pads::new(1, |_| cut);
            let attempt = |pads: &mut Pads| {
                let mut tools = Tools {
                    crew: &mut Absent,
                    journal: pads,
                    progress: &mut |_| ControlFlow::Continue(()),
                };
                run(&spec, leg(policy, 1), &mut tools)
            };
            let broken = attempt(&mut pads).expect_err("the disk is full");
            assert_eq!(broken, SearchError::Journal("the disk is full".to_owned()));
            pads.0[0].left = usize::MAX;
            let resumed = attempt(&mut pads).expect("a search");
            assert_eq!(resumed.curve, whole.curve, "{policy:?} cut after {cut}");
            assert_eq!(resumed.stages, whole.stages);
            let rewards = |outcome: &Outcome| -> Vec<Trial> {
                let leaders = outcome.leaders.iter();
                leaders.map(|each| each.trial.clone()).collect()
            };
            assert_eq!(rewards(&resumed), rewards(&whole));
            // What is done is told again, and nothing is added.
            let trials = pads.0[0].trials.len();
            assert!(attempt(&mut pads).expect("told again").is_complete);
            assert_eq!(pads.0[0].trials.len(), trials);
            // A trial that is missing is noticed.
            pads.0[0].trials.remove(3);
            let error = attempt(&mut pads).expect_err("trial 3 is gone");
            assert!(error.to_string().contains("trial 3 of"), "{error}");
        }
    }
}

#[test]
fn legs_side_by_side_stop_and_go_on() {
    let spec = Spec {
        policies: Which::ALL.to_vec(),
        seeds: 2,
        ..spec()
    };
    let told = |outcomes: &[Outcome]| -> Vec<_> {
        let one = |each: &Outcome| (each.leg, each.trials, each.curve.clone(), each.stages);
        outcomes.iter().map(one).collect()
    };
    let legs = spec.legs();
    let one = |leg: &Leg| alone(&spec, *leg, &mut |_| ControlFlow::Continue(()));
    let whole: Vec<Outcome> = legs.iter().map(|leg| one(leg).expect("a search")).collect();
    for batches in [0, 1, 7, 16, usize::MAX] {
        let mut pads = Pads::new(legs.len(), |_| usize::MAX);
        let stopped = pads.all(&spec, batches).expect("a search");
        for outcome in &stopped {
            let written = pads.0[outcome.leg.index].trials.len() as u64;
            assert_eq!(outcome.trials, written);
        }
        // What has no trials is not told, but for the first leg.
        let begun = pads.0.iter().skip(1).filter(|pad| !pad.trials.is_empty());
        assert_eq!(stopped.len(), begun.count() + 1);
        // Nothing is added where it is told again.
        assert_eq!(told(&pads.all(&spec, 0).expect("told")), told(&stopped));
        let resumed = pads.all(&spec, usize::MAX).expect("a search");
        assert_eq!(told(&resumed), told(&whole), "stopped after {batches}");
    }
    // One leg cannot be written any more: the others end, and nobody waits for anybody.
    let mut pads = Pads::new(legs.len(), |leg| if leg == 3 { 2 } else { usize::MAX });
    let broken = pads.all(&spec, usize::MAX).expect_err("the disk is full");
    assert_eq!(broken, SearchError::Journal("the disk is full".to_owned()));
    pads.0[3].left = usize::MAX;
    let resumed = pads.all(&spec, usize::MAX).expect("a search");
    assert_eq!(told(&resumed), told(&whole));
}
