//! Stores as files: what is written comes back, whatever became of who wrote it.

use super::*;
use crate::lab::message::{Data, Description, Metric, Net, Point, Settings, Task};
use crate::lab::{About, Ending, Entrant, Stage};

fn plan() -> Plan {
    Plan {
        name: "synthetic(logistic)".to_owned(),
        task: Task {
            data: Data::SyntheticImages { examples: 10 },
            net: Net::Logistic,
        },
        rules: ["mine", "sgd"]
            .map(|name| Entrant {
                name: name.to_owned(),
                formula: "g".to_owned(),
                text: "g".to_owned(),
                slots: 0,
                is_baseline: name == "sgd",
            })
            .into(),
        rates: vec![0.1],
        sweep: Settings::default(),
        training: Settings::default(),
        schedule: None,
        seeds: vec![0],
        patience: 1.0,
    }
}

fn key(entry: usize) -> Key {
    Key {
        entry,
        stage: Stage::Training,
        rate: 0.1,
        seed: 0,
    }
}

fn point(epoch: u32, loss: f64) -> Point {
    Point {
        epoch,
        step: u64::from(epoch) * 10,
        loss,
        valid_loss: f64::INFINITY,
        metric: 0.5,
        seconds: 1.5,
    }
}

fn store(folder: &tempfile::TempDir) -> Store {
    Store::create(&folder.path().join("nos.db"), || 1_000_000).expect("a store")
}

#[test]
fn what_is_written_comes_back() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let run = {
        let mut store = store(&folder);
        let run = store.begin(&plan()).expect("begun");
        let mut notebook = store.notebook(run);
        notebook.begin(&key(0)).expect("begun");
        let task = Description {
            data: "made up".to_owned(),
            is_synthetic: true,
            net: "none".to_owned(),
            parameters: 1,
            train: 9,
            valid: 1,
            test: 0,
            metric: Metric::Accuracy,
        };
        let about = About {
            torch: "2.13.0".to_owned(),
            device: "cpu".to_owned(),
        };
        notebook.describe(&task, Some(&about)).expect("described");
        // An earlier attempt came further than the one that counts.
        for epoch in 1..4 {
            notebook
                .point(&key(0), &point(epoch, 9.0))
                .expect("written");
        }
        let curve = vec![point(1, 0.25), point(2, f64::NAN)];
        let end = Ending::Diverged { step: 23 };
        let training = Training::without_outcome(0.1, 0, end, curve);
        notebook.end(&key(0), &training).expect("ended");
        drop(notebook);
        store.end(run, Status::Done, None).expect("ended");
        run
    };
    let kept = Store::open(&folder.path().join("nos.db"), || 0)
        .expect("a store")
        .read(run)
        .expect("kept");
    assert_eq!(kept.record.status, Status::Done);
    assert_eq!(kept.record.started, 1_000_000);
    assert_eq!(kept.record.rules, ["mine"]);
    assert_eq!(kept.plan, plan());
    assert_eq!(
        kept.about.map(|about| about.torch),
        Some("2.13.0".to_owned())
    );
    let [(found, training)] = kept.trials.as_slice() else {
        panic!("one trial: {:?}", kept.trials);
    };
    assert_eq!(*found, key(0));
    assert_eq!(training.end, Ending::Diverged { step: 23 });
    assert_eq!(training.curve.len(), 2);
    assert_eq!(training.curve[0], point(1, 0.25));
    assert!(training.curve[1].loss.is_nan());
    // Nothing but the store is left.
    let left = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 1);
}

#[test]
fn run_without_its_program_is_interrupted() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut first = store(&folder);
    let run = first.begin(&plan()).expect("begun");
    first.notebook(run).begin(&key(0)).expect("begun");
    let mut second = store(&folder);
    assert_eq!(second.runs().expect("runs")[0].status, Status::Running);
    assert!(second.resume(run).is_err());
    drop(first);
    assert_eq!(second.runs().expect("runs")[0].status, Status::Interrupted);
    let kept = second.resume(run).expect("taken up");
    assert_eq!(kept.trials[0].1.end, Ending::Interrupted);
    assert_eq!(second.runs().expect("runs")[0].status, Status::Running);
    assert_eq!(second.resume(99), Err("there is no run 99".to_owned()));
}

#[test]
fn numbers_of_runs_go_up() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut store = store(&folder);
    for run in 1..4 {
        assert_eq!(store.begin(&plan()), Ok(run));
        assert_eq!(store.end(run, Status::Interrupted, None), Ok(()));
    }
    let runs: Vec<i64> = store
        .runs()
        .expect("runs")
        .iter()
        .map(|record| record.run)
        .collect();
    assert_eq!(runs, [3, 2, 1]);
}
