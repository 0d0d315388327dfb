//! Speed of the search: sentences and updates of the controller, memory, trials on a test function.
//!
//! `cargo bench --bench search` prints a table; a word after `--` chooses lines that contain it.

#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a table of small numbers is what it is for"
)]

use nos::context::{Context, Silent};
use nos::ir::tokens::{Binary, Unary};
use nos::search::crew::Absent;
use nos::search::policy::{Policy, Tried};
use nos::search::space::PAPER;
use nos::search::{
    Constraints, Forgetful, Function, Grammar, Operand, Ppo, Space, Spec, Stage, Task, Tools,
    Which, ppo, run,
};
use std::ops::ControlFlow;
use std::time::Instant;

fn space(groups: usize) -> Space {
    let operand = |text: &str| {
        let rule = Context::new().rule("operand", text, &mut Silent);
        Operand::new(text, rule.expect("a rule"))
    };
    Space::new(
        PAPER.map(operand).to_vec(),
        Unary::ALL.to_vec(),
        Binary::ALL.to_vec(),
        groups,
        Constraints::default(),
    )
    .expect("a space")
}

fn rosenbrock(context: &mut Context) -> Task {
    use nos::eval::Value;
    let outcome = context.run(
        "bench",
        "rosenbrock",
        None,
        nos::context::Input::Prompt,
        &mut Silent,
    );
    let Some(Value::Objective(objective)) = outcome.value else {
        unreachable!("it is in the standard library")
    };
    Task::Function(Box::new(Function::new((*objective).clone())))
}

/// Seconds of the fastest of some rounds.
fn fastest(rounds: u32, mut work: impl FnMut()) -> f64 {
    let times = (0..rounds).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}

fn controller() {
    let space = space(4);
    let mut grammar = Grammar::new(&space).expect("not empty");
    println!("| the paper's controller, 20 tokens | sentences a second |");
    println!("| --- | --- |");
    for (batch, rounds) in [(1000, 5), (5, 50)] {
        let mut controller = Ppo::new(&space, ppo::Settings::paper(), 0);
        let seconds = fastest(rounds, || {
            controller.propose(&mut grammar, 0..batch);
        });
        println!(
            "| sampling, {batch} at a time ({:.2} ms) | {:.0} |",
            seconds * 1e3,
            batch as f64 / seconds
        );
        for epochs in [1, 3, 4] {
            let settings = ppo::Settings {
                epochs,
                ..ppo::Settings::paper()
            };
            let mut controller = Ppo::new(&space, settings, 0);
            let seconds = fastest(rounds, || {
                let sentences = controller.propose(&mut grammar, 0..batch);
                let rewarded: Vec<Tried> = sentences
                    .into_iter()
                    .map(|sentence| Tried::new(sentence, 0.5))
                    .collect();
                controller.learn(&mut grammar, &rewarded);
            });
            println!(
                "| sampling and learning, {batch} at a time, {epochs} epochs ({:.2} ms) | {:.0} |",
                seconds * 1e3,
                batch as f64 / seconds
            );
        }
    }
}

/// The memory of this process in MB, where the system says so.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}

/// A million sentences of the paper's controller, which learns from every tenth thousand.
fn memory() {
    let space = space(4);
    let mut grammar = Grammar::new(&space).expect("not empty");
    let mut controller = Ppo::new(&space, ppo::Settings::paper(), 0);
    println!("\n| sentences | memory, MB |");
    println!("| --- | --- |");
    for thousand in 0..1000 {
        let sentences = controller.propose(&mut grammar, thousand * 1000..(thousand + 1) * 1000);
        if thousand % 10 == 0 {
            let rewarded: Vec<Tried> = sentences
                .into_iter()
                .map(|sentence| Tried::new(sentence, 0.5))
                .collect();
            controller.learn(&mut grammar, &rewarded);
        }
        if [1, 10, 100, 500, 999].contains(&thousand) {
            println!("| {}000 | {:.0} |", thousand + 1, resident());
        }
    }
}

/// Searches with one seed, whose batches have the cores to themselves, and with several, which share them.
fn trials(budget: u64, is_wanted: impl Fn(&str) -> bool) {
    let task = rosenbrock(&mut Context::new());
    println!(
        "\n| Rosenbrock, 4000 steps, 4 rates | trials | seconds | rules that were not known, a second | of these in full, a second | without training |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for (groups, seeds) in [(1, 1), (1, 4), (2, 1), (2, 4)] {
        for which in Which::ALL {
            let name = format!("{}, groups {groups}, seeds {seeds}", which.name());
            if !is_wanted(&name) {
                continue;
            }
            let spec = Spec {
                space: space(groups),
                tasks: vec![task.clone()],
                budget,
                leaders: 10,
                ppo: ppo::Settings::quick(),
                imitated: vec![],
                policies: vec![which],
                seeds,
                baselines: vec![],
            };
            let mut tools = Tools {
                crew: &mut Absent,
                journal: &mut Forgetful,
                progress: &mut |_| ControlFlow::Continue(()),
            };
            let start = Instant::now();
            let outcomes = run::all(&spec, &mut tools).expect("a search");
            let seconds = start.elapsed().as_secs_f64();
            let trials = outcomes.iter().map(|outcome| outcome.trials).sum::<u64>();
            let stages = Stage::ALL.iter().enumerate();
            let stages: Vec<(&str, u64)> = stages
                .map(|(at, stage)| {
                    let counts = outcomes.iter().map(|outcome| outcome.stages[at]);
                    (stage.name(), counts.sum())
                })
                .collect();
            let (known, full) = (stages[1].1, stages[5].1);
            let saved: u64 = stages[..3].iter().map(|(_, count)| count).sum();
            println!(
                "| {name} | {trials} | {seconds:.1} | {:.0} | {:.0} | {:.0} % |",
                (trials - known) as f64 / seconds,
                full as f64 / seconds,
                100.0 * saved as f64 / trials as f64
            );
            let stages = stages.iter().map(|(name, count)| format!("{name} {count}"));
            let turned: u64 = outcomes.iter().map(|outcome| outcome.turned).sum();
            println!(
                "  {}; turned round {turned}",
                stages.collect::<Vec<_>>().join(", ")
            );
            let Some(outcome) = outcomes.first() else {
                continue;
            };
            for leader in outcome.leaders.iter().take(5) {
                println!(
                    "  {:.3}  {}  at {:?}",
                    leader.trial.reward,
                    leader.rule.text(),
                    leader.rate
                );
            }
            let tail = &outcome.curve[outcome.curve.len() * 9 / 10..];
            let mean = tail.iter().map(|point| point.mean).sum::<f64>() / tail.len() as f64;
            println!("  mean reward of the last tenth {mean:.3}");
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let is_wanted =
        |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    if is_wanted("controller") {
        controller();
    }
    if is_wanted("memory") {
        memory();
    }
    // One of the lines may be meant.
    if is_wanted("trials") {
        trials(5000, |_| true);
    } else {
        trials(5000, is_wanted);
    }
}
