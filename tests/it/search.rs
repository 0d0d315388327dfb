//! Searches on a test function: the cascade, repeated searches, a search that is broken off.

use nos::context::{Context, Host, Input, Silent};
use nos::eval::Value;
use nos::ir::Rule;
use nos::ir::tokens::{Binary, Unary};
use nos::search::cascade::{Cascade, Stage, descent};
use nos::search::ppo::Settings;
use nos::search::run::{alone, standings};
use nos::search::{Builder, Constraints, Function, Leg, Operand, SearchError, Sentence, Space, Spec, Task, Which};
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
    let mut cascade = Cascade::new(Builder::new(&space).expect("little state"), &tasks);
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
