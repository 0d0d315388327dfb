//! Real trainings, of seconds: what is learned, what cannot be, how trials end.

use crate::support::{Listener, convnet, grammar, lstm, mlp, real, run, run_with, shapes, trial};
use nos::lab::message::{Data, End, Event, Net, Outcome};

fn last(outcome: &Outcome) -> f64 {
    outcome.curve.last().unwrap().metric
}

#[test]
fn shapes_are_learned_by_the_convnet_and_not_by_a_linear_model() {
    let mut child = trial(shapes(3000), convnet(16));
    (child.settings.epochs, child.settings.batch, child.rate) = (4, 25, 2e-3);
    let child = last(&run(&child).unwrap());
    assert!(child > 0.6, "the convnet is right in {child}");
    let mut linear = trial(shapes(3000), Net::Logistic);
    (linear.settings.epochs, linear.settings.batch) = (4, 25);
    let linear = last(&run(&linear).unwrap());
    assert!(linear < 0.2, "the linear model is right in {linear}");
}

#[test]
fn agreement_is_learned_by_the_lstm() {
    let mut model = trial(grammar(20_000), lstm(32));
    (model.settings.epochs, model.settings.batch, model.rate) = (6, 20, 1e-2);
    let outcome = run(&model).unwrap();
    let curve: Vec<f64> = outcome.curve.iter().map(|point| point.metric).collect();
    assert!(curve.is_sorted_by(|a, b| a > b), "{curve:?}");
    // A model of pairs of words, with the counts of the same text, has more.
    assert!(curve[5] < pairs(), "{curve:?}, and pairs have {}", pairs());
}

/// The perplexity of counts of pairs of words on the synthetic validation text.
fn pairs() -> f64 {
    let corpus = nos_lab::data::grammar::make(20_000);
    let size = corpus.vocabulary.len();
    let mut counts = vec![0.1_f64; size * size];
    for pair in corpus.train.windows(2) {
        counts[pair[0] as usize * size + pair[1] as usize] += 1.0;
    }
    let losses = corpus.valid.windows(2).map(|pair| {
        let row = &counts[pair[0] as usize * size..][..size];
        -(row[pair[1] as usize] / row.iter().sum::<f64>()).ln()
    });
    (losses.sum::<f64>() / (corpus.valid.len() - 1) as f64).exp()
}

#[test]
fn too_great_a_rate_diverges() {
    let mut wild = trial(shapes(200), mlp());
    (wild.rule, wild.rate, wild.settings.epochs) = ("sgd".to_owned(), 1e30, 5);
    let outcome = run(&wild).unwrap();
    assert!(
        matches!(outcome.end, End::Diverged { step: 1..=4 }),
        "{:?}",
        outcome.end
    );
    assert!(outcome.curve.is_empty());
}

#[test]
fn run_at_chance_ends_after_its_first_epoch_unless_told_otherwise() {
    let mut idle = trial(shapes(400), mlp());
    (idle.rate, idle.settings.epochs, idle.settings.early_stop) = (0.0, 3, true);
    let outcome = run(&idle).unwrap();
    assert_eq!(
        (outcome.end, outcome.curve.len()),
        (End::AtChance { step: 4 }, 1)
    );
    idle.settings.early_stop = false;
    assert_eq!(run(&idle).unwrap().end, End::Finished);
}

#[test]
fn fewer_examples_are_the_first_of_the_same_order() {
    let mut few = trial(shapes(400), mlp());
    few.settings.examples = Some(100);
    let mut listener = Listener::default();
    let outcome = run_with(&few, &mut listener).unwrap();
    let Some(Event::Started { task, steps: 1, .. }) = listener.events.first() else {
        panic!("expected the start");
    };
    assert_eq!((task.train, task.valid, outcome.steps), (100, 40, 1));
}

#[test]
fn schedule_of_zeros_moves_nothing_and_buffers_are_no_parameters() {
    let mut still = trial(shapes(100), convnet(4));
    still.schedule = Some("0 * t".to_owned());
    let folder = tempfile::tempdir().unwrap();
    still.checkpoint = Some(folder.path().to_owned());
    still.rule = "g + w".to_owned();
    run(&still).unwrap();
    let state = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let state = state
        .into_iter()
        .find(|path| {
            path.extension()
                .is_some_and(|ending| ending == "safetensors")
        })
        .unwrap();
    for (name, tensor) in tch::Tensor::read_safetensors(state).unwrap() {
        let mean = tensor.abs().mean(tch::Kind::Float).double_value(&[]);
        match name.as_str() {
            "net.layer1.norm.weight" => assert_eq!(mean, 1.0),
            "net.layer1.norm.bias" => assert_eq!(mean, 0.0),
            "net.layer1.norm.running_mean" => {
                assert!(mean > 0.0, "running means move without a rule");
            }
            _ => {}
        }
    }
}

#[test]
fn cifar_is_read_split_and_learned_where_it_is() {
    let Some(folder) = real("cifar-10-batches-bin") else {
        return skipped("CIFAR-10");
    };
    let mut child = trial(Data::Cifar { folder }, convnet(8));
    child.settings.examples = Some(3000);
    let mut listener = Listener::default();
    let outcome = run_with(&child, &mut listener).unwrap();
    let Some(Event::Started { task, .. }) = listener.events.first() else {
        panic!("expected the start");
    };
    assert!(
        task.data
            .starts_with("CIFAR-10: 3000 training and 2000 validation images")
            && !task.is_synthetic,
        "{}",
        task.data
    );
    assert!(last(&outcome) > 0.3, "{:?}", outcome.curve);
}

#[test]
fn penn_treebank_is_read_and_learned_where_it_is() {
    let Some(folder) = real("ptb") else {
        return skipped("the Penn Treebank");
    };
    let (train, valid) = (folder.join("ptb.valid.txt"), folder.join("ptb.test.txt"));
    let mut model = trial(Data::Text { train, valid }, lstm(16));
    (model.settings.examples, model.settings.batch, model.rate) = (Some(15_000), 20, 1e-2);
    let outcome = run(&model).unwrap();
    assert!(last(&outcome) < 1000.0, "{:?}", outcome.curve);
}

fn skipped(what: &str) {
    use std::io::Write;
    let _ = writeln!(
        std::io::stderr(),
        "skipped: {what} is not there (set NOS_DATA)"
    );
}
