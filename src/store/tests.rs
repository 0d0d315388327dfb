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
fn every_trial_has_a_folder_of_its_own() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut store = store(&folder);
    let run = store.begin(&plan()).expect("begun");
    let mut notebook = store.notebook(run);
    let sweep = |rate| Key {
        stage: Stage::Sweep,
        rate,
        ..key(0)
    };
    let keys = [
        key(0),
        key(1),
        sweep(0.1),
        sweep(0.1_f64.next_up()),
        sweep(1e-5),
    ];
    let mut folders: Vec<PathBuf> = keys
        .iter()
        .filter_map(|key| notebook.begin(key).expect("begun"))
        .collect();
    assert!(folders.iter().all(|folder| folder.is_dir()));
    folders.sort();
    folders.dedup();
    assert_eq!(folders.len(), keys.len());
}

/// A race that is as it may have come out.
fn race() -> (Race, bench::Report) {
    let race = Race {
        name: "bowl".to_owned(),
        formula: "x^2".to_owned(),
        rules: plan().rules,
        steps: 10,
        rates: vec![0.1, 0.2],
        schedule: Some("ld".to_owned()),
        seeds: vec![0],
        starts: vec![vec![1.0 / 3.0]],
    };
    let estimate = |mean| bench::report::Estimate {
        mean,
        half_width: None,
    };
    let entry = |name: &str, last: f64| bench::report::Entry {
        name: name.to_owned(),
        formula: "g".to_owned(),
        is_baseline: name == "sgd",
        slots: 0,
        cells: vec![bench::report::Cell {
            rate: 0.1,
            runs: vec![bench::report::Run {
                failed_at: None,
                last,
                lowest: f64::NEG_INFINITY,
                distance: None,
                to_1e3: Some(3),
                to_1e6: None,
            }],
        }],
        best: Some(bench::report::Best {
            rate: 0.1,
            last: estimate(last),
            lowest: estimate(last),
            distance: None,
            to_1e3: Some(estimate(3.0)),
            to_1e6: None,
            solved: None,
            path: Vec::new(),
        }),
    };
    let report = bench::Report {
        format: bench::report::FORMAT,
        run: None,
        task: bench::report::Task {
            name: "bowl".to_owned(),
            formula: "x^2".to_owned(),
            coordinates: vec!["x".to_owned()],
            start: vec![1.0],
            minima: Vec::new(),
            least: None,
            noise: 0.0,
        },
        steps: 10,
        rates: vec![0.1, 0.2],
        seeds: vec![0],
        starts: vec![vec![1.0 / 3.0]],
        entries: vec![entry("mine", 0.1 + 0.2), entry("sgd", 0.1)],
        is_complete: true,
    };
    (race, report)
}

#[test]
fn races_come_back_as_they_were() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut store = store(&folder);
    let (race, report) = race();
    let run = store.begin_race(&race).expect("begun");
    assert_eq!(store.runs().expect("runs")[0].status, Status::Running);
    assert_eq!(
        store.race(run).expect("read").map(|kept| kept.report),
        Some(None)
    );
    store.end_race(run, &report).expect("ended");
    let kept = store.race(run).expect("read").expect("a race");
    assert_eq!(kept.race, race);
    assert_eq!(kept.record.status, Status::Done);
    assert_eq!(kept.record.best, Some(("sgd".to_owned(), Some(0.1))));
    let want = bench::Report {
        run: Some(run),
        ..report.clone()
    };
    assert_eq!(kept.report, Some(want));
    // Neither is the other.
    assert!(store.read(run).is_err_and(|why| why.contains("is a race")));
    let other = store.begin(&plan()).expect("begun");
    assert_eq!(store.race(other), Ok(None));
    store.end(other, Status::Done, None).expect("ended");
    // A race that is stopped keeps what it has; one whose program is gone has nothing.
    let stopped = store.begin_race(&race).expect("begun");
    let part = bench::Report {
        is_complete: false,
        ..report
    };
    store.end_race(stopped, &part).expect("ended");
    let gone = store.begin_race(&race).expect("begun");
    drop(store);
    let mut store = Store::open(&folder.path().join("nos.db"), || 0).expect("a store");
    for (run, has_report) in [(stopped, true), (gone, false)] {
        let kept = store.race(run).expect("read").expect("a race");
        assert_eq!(kept.record.status, Status::Interrupted);
        assert_eq!(kept.report.is_some(), has_report);
    }
}

#[test]
fn store_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("nos.db");
    let old = Connection::open(&path).expect("a file");
    old.execute_batch(schema::MIGRATIONS[0]).expect("tables");
    old.pragma_update(None, "application_id", schema::APPLICATION)
        .expect("marked");
    old.pragma_update(None, "user_version", 1).expect("marked");
    let text = json(&plan()).expect("a text");
    old.execute(
        "INSERT INTO runs (status, task, rules, plan, version, started) VALUES ('done', 'synthetic(logistic)', '[\"mine\"]', ?, '0.1.0', 5)",
        [text],
    )
    .expect("a run");
    drop(old);
    let mut store = Store::open(&path, || 0).expect("a store");
    let kept = store.read(1).expect("kept");
    assert_eq!(kept.plan, plan());
    assert_eq!(store.race(1), Ok(None));
    assert_eq!(store.begin_race(&race().0), Ok(2));
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

#[test]
fn state_of_a_deleted_store_is_not_that_of_a_new_one() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let state = folder.path().join("nos.db-checkpoints/run-1/0-0/state");
    fs::create_dir_all(&state).expect("a folder");
    let mut store = store(&folder);
    let run = store.begin(&plan()).expect("begun");
    let given = store.notebook(run).begin(&key(0)).expect("begun");
    assert_eq!(given.as_deref(), state.parent());
    assert!(!state.exists());
}
