//! The same seed gives the same result, and an interrupted trial ends as one that never was.

use crate::protocol::Lab;
use crate::support::{
    Listener, convnet, grammar, lstm, mlp, run, run_with, shapes, timeless, trial,
};
use nos::lab::message::{Event, Failure, Trial};
use std::fs;
use std::path::Path;
use tch::Tensor;

/// The trials that are interrupted: each part of a state is in one of them.
fn trials() -> Vec<Trial> {
    let mut images = trial(shapes(400), convnet(4));
    images.settings.epochs = 2;
    images.settings.batch = 50;
    images.settings.augment = true;
    images.settings.weight_decay = 1e-3;
    images.rule = String::from("drop(adam, 0.1) + 0.01 * eps");
    images.schedule = Some("1 - t / T + 0 * last(t, 0)".to_owned());
    let mut text = trial(grammar(2000), lstm(8));
    text.settings.epochs = 2;
    text.settings.batch = 10;
    text.settings.unroll = 20;
    text.settings.clip_norm = Some(0.5);
    text.rule = String::from("momentum");
    let mut matrices = trial(shapes(400), convnet(4));
    matrices.settings.epochs = 2;
    matrices.rule = String::from("orthogonalize(trace(g, 0.9)) + last(update) / 2");
    matrices.schedule = Some("cd".to_owned());
    vec![images, text, matrices]
}

#[test]
fn same_seed_gives_the_same_result_and_another_another() {
    for mut each in trials() {
        let (one, two) = (run(&each).unwrap(), run(&each).unwrap());
        assert_eq!(timeless(one.clone()), timeless(two), "{}", each.rule);
        each.seed = 2;
        assert_ne!(
            timeless(one),
            timeless(run(&each).unwrap()),
            "{}",
            each.rule
        );
    }
}

#[test]
fn interrupted_trial_ends_bit_for_bit_as_one_that_never_was() {
    for mut each in trials() {
        let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        each.checkpoint = Some(whole.path().to_owned());
        let want = run(&each).unwrap();
        each.checkpoint = Some(parts.path().to_owned());
        let (mut interruptions, mut from) = (0, Vec::new());
        let found = loop {
            // Three steps or batches of validation, then a cancel.
            let mut listener = Listener {
                patience: Some(3),
                ..Listener::default()
            };
            let result = run_with(&each, &mut listener);
            from.extend(listener.events.iter().filter_map(|event| match event {
                Event::Started { from, .. } => Some(*from),
                _ => None,
            }));
            match result {
                Err(Failure::Cancelled) => interruptions += 1,
                other => break other.unwrap(),
            }
        };
        assert!(
            interruptions > 2,
            "{interruptions} interruptions of {}",
            each.rule
        );
        assert!(from.is_sorted() && from[0] == 0 && from[1] > 0, "{from:?}");
        assert_eq!(timeless(found), timeless(want), "{}", each.rule);
        assert_eq!(state(parts.path()), state(whole.path()), "{}", each.rule);
        assert_eq!(
            timeless(run(&each).unwrap()).curve.len(),
            2,
            "a trial that is over stays over"
        );
    }
}

/// A lab that is killed says no word and writes nothing more: what counts is what lies on the disk.
#[test]
fn killed_lab_goes_on_within_the_epoch() {
    for mut each in trials() {
        let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        each.checkpoint = Some(whole.path().to_owned());
        let want = run(&each).unwrap();
        each.checkpoint = Some(parts.path().to_owned());
        each.settings.checkpoint_every = 0.0;
        let mut from = Vec::new();
        for _ in 0..3 {
            let mut lab = Lab::start();
            lab.train(&each);
            from.extend(lab.killed_at_work());
        }
        let mut listener = Listener::default();
        let found = run_with(&each, &mut listener).unwrap();
        from.extend(listener.events.iter().filter_map(|event| match event {
            Event::Started { from, .. } => Some(*from),
            _ => None,
        }));
        // What was told of was kept.
        assert!(
            from.len() == 4 && from[0] == 0 && from[1] > 0 && from.is_sorted(),
            "{from:?}"
        );
        assert_eq!(timeless(found), timeless(want), "{}", each.rule);
        assert_eq!(state(parts.path()), state(whole.path()), "{}", each.rule);
    }
}

#[test]
fn checkpoint_of_another_trial_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = trial(shapes(100), mlp());
    one.checkpoint = Some(folder.path().to_owned());
    run(&one).unwrap();
    let check = |change: &dyn Fn(&mut Trial), want: &str| {
        let mut other = one.clone();
        change(&mut other);
        let Err(Failure::Checkpoint { message }) = run(&other) else {
            panic!("expected a refusal because of {want}");
        };
        assert!(
            message.contains("trial.json") && message.contains(want),
            "{message}"
        );
    };
    check(&|trial| trial.seed = 9, "expected the seed 9, found 1");
    check(
        &|trial| trial.rate = 0.5,
        "expected the learning rate 0.5, found 0.001",
    );
    check(
        &|trial| trial.rule = "sgd".to_owned(),
        "expected the rule sgd, found adam",
    );
    check(&|trial| trial.settings.epochs = 7, "expected the settings");
    check(&|trial| trial.task.net = convnet(2), "expected the task");
    let mut elsewhere = one.clone();
    (elsewhere.id, elsewhere.settings.threads) = (5, None);
    elsewhere.settings.checkpoint_every = 7.0;
    run(&elsewhere).unwrap();
}

#[test]
fn damaged_checkpoint_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = trial(shapes(100), mlp());
    one.checkpoint = Some(folder.path().to_owned());
    run(&one).unwrap();
    let state = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let state = state
        .into_iter()
        .find(|path| {
            path.extension()
                .is_some_and(|ending| ending == "safetensors")
        })
        .unwrap();
    let bytes = fs::read(&state).unwrap();
    fs::write(&state, &bytes[..bytes.len() / 2]).unwrap();
    let failed = |want: &str| match run(&one) {
        Err(Failure::Checkpoint { message }) => assert!(message.contains(want), "{message}"),
        other => panic!("expected a failure, found {other:?}"),
    };
    failed("safetensors");
    fs::remove_file(&state).unwrap();
    failed("safetensors");
    fs::write(folder.path().join("trial.json"), "{").unwrap();
    failed("trial.json`: it is damaged");
}

/// The tensors of the one state in a folder, by name.
fn state(folder: &Path) -> Vec<(String, Tensor)> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    assert_eq!(names.len(), 2, "one state and whose it is: {names:?}");
    let mut tensors = Tensor::read_safetensors(&names[0]).unwrap();
    tensors.sort_by(|one, two| one.0.cmp(&two.0));
    tensors
}
