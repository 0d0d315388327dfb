//! The protocol over a trainer that knows the answers.

use super::message::{Data, Description, End, Event, Failure, Metric, Net, Outcome, Point, Trial};
use super::*;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// What a trial of the stand-in comes to.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Reaches(f64),
    Diverges,
    Dies,
    IsStopped,
    HasNoData,
}

/// A trainer whose outcomes are a function of the trial; remembers what it was asked.
struct StandIn<F> {
    fate: F,
    asked: Vec<(String, f64, u64, u32)>,
}

fn point(epoch: u32, metric: f64) -> Point {
    Point {
        epoch,
        step: u64::from(epoch) * 10,
        loss: 1.0 / f64::from(epoch),
        valid_loss: 1.5,
        metric,
        seconds: f64::from(epoch),
    }
}

fn description() -> Description {
    Description {
        data: "made up".to_owned(),
        is_synthetic: true,
        net: "none".to_owned(),
        parameters: 1,
        train: 45_000,
        valid: 5_000,
        test: 0,
        metric: Metric::Accuracy,
    }
}

impl<F: Fn(&Trial) -> Fate> Trainer for StandIn<F> {
    fn train(
        &mut self,
        trial: &Trial,
        _patience: f64,
        hear: &mut Hear<'_>,
    ) -> Result<Outcome, Trouble> {
        let epochs = trial.settings.epochs;
        self.asked
            .push((trial.rule.clone(), trial.rate, trial.seed, epochs));
        let steps = u64::from(epochs) * 10;
        let started = Event::Started {
            trial: trial.id,
            task: description(),
            steps,
            from: 0,
        };
        let cancelled = Err(Trouble::Failed(Failure::Cancelled));
        if hear(Some(&started)).is_break() {
            return cancelled;
        }
        let (end, goal) = match (self.fate)(trial) {
            Fate::Reaches(goal) => (End::Finished, goal),
            Fate::Diverges => (End::Diverged { step: 3 }, 0.0),
            Fate::Dies => {
                return Err(Trouble::Lost {
                    why: "it is gone".to_owned(),
                });
            }
            Fate::IsStopped => return cancelled,
            Fate::HasNoData => {
                return Err(Trouble::Failed(Failure::Data {
                    message: "no file".to_owned(),
                }));
            }
        };
        let mut curve = Vec::new();
        for epoch in 1..=epochs {
            if end != End::Finished {
                break;
            }
            let point = point(epoch, goal * f64::from(epoch) / f64::from(epochs));
            curve.push(point);
            let event = Event::Epoch {
                trial: trial.id,
                point,
            };
            if hear(Some(&event)).is_break() {
                return cancelled;
            }
        }
        Ok(Outcome {
            end,
            curve,
            test: None,
            steps,
            seconds: f64::from(epochs),
            state_bytes: 0,
            optimizer_seconds: 0.0,
        })
    }

    fn prepare(&mut self, _patience: f64, _hear: &mut Hear<'_>) -> Result<(), Trouble> {
        Ok(())
    }

    fn about(&self) -> Option<About> {
        None
    }
}

fn plan(rules: &[&str], rates: &[f64], seeds: u64) -> Plan {
    let settings = |epochs, examples| message::Settings {
        epochs,
        examples,
        ..message::Settings::default()
    };
    Plan {
        name: "cifar(convnet)".to_owned(),
        task: message::Task {
            data: Data::Cifar {
                folder: PathBuf::from("data"),
            },
            net: Net::CHILD,
        },
        rules: rules
            .iter()
            .map(|name| Entrant {
                name: (*name).to_owned(),
                formula: (*name).to_owned(),
                text: (*name).to_owned(),
                slots: 0,
                is_baseline: *name == "sgd",
            })
            .collect(),
        rates: rates.to_vec(),
        sweep: settings(1, Some(10_000)),
        training: settings(5, None),
        schedule: None,
        seeds: (0..seeds).collect(),
        patience: PATIENCE,
    }
}

fn report(plan: &Plan, fate: impl Fn(&Trial) -> Fate) -> Report {
    let mut trainer = StandIn {
        fate,
        asked: Vec::new(),
    };
    let go_on = &mut |_: &Progress| ControlFlow::Continue(());
    run(plan, &mut trainer, &mut Blank, go_on).expect("a report")
}

/// 0.9 at a learning rate of 0.1, less the further away.
fn peak(trial: &Trial) -> Fate {
    Fate::Reaches(0.9 - 0.1 * trial.rate.log10().mul_add(1.0, 1.0).abs())
}

#[test]
fn best_learning_rate_of_the_sweep_trains_with_every_seed() {
    let plan = plan(&["mine"], &[0.01, 0.1, 1.0], 2);
    let mut trainer = StandIn {
        fate: peak,
        asked: Vec::new(),
    };
    let mut heard = Vec::new();
    let report = run(&plan, &mut trainer, &mut Blank, &mut |progress| {
        heard.push(progress.clone());
        ControlFlow::Continue(())
    });
    let asked: Vec<(f64, u64, u32)> = trainer
        .asked
        .iter()
        .map(|(_, rate, seed, epochs)| (*rate, *seed, *epochs))
        .collect();
    assert_eq!(
        asked,
        [
            (0.01, 0, 1),
            (0.1, 0, 1),
            (1.0, 0, 1),
            (0.1, 0, 5),
            (0.1, 1, 5)
        ]
    );
    let report = report.expect("a report");
    assert!(report.is_complete);
    assert_eq!(report.entries[0].rate, Some(0.1));
    let reward = report.entries[0].reward(Metric::Accuracy).expect("trained");
    assert!((reward.mean - 0.9).abs() < 1e-12 && reward.half_width == Some(0.0));
    // Progress never goes back, and says what is going on.
    assert!(heard.windows(2).all(|pair| pair[0].done <= pair[1].done));
    let last = &heard.last().expect("progress").what;
    let want = "mine, lr 0.1, seed 1, epoch 5/5, 0 s left, loss 0.200, accuracy 0.9";
    assert!(last.starts_with(want), "{last}");
}

#[test]
fn one_learning_rate_needs_no_sweep() {
    let report = report(&plan(&["mine"], &[0.1], 1), peak);
    assert!(report.entries[0].sweep.is_empty() && report.entries[0].runs.len() == 1);
}

#[test]
fn runs_that_fail_are_worth_chance() {
    let report = report(&plan(&["a", "b", "c"], &[0.1, 1.0], 1), |trial| {
        match (trial.rule.as_str(), trial.settings.epochs) {
            ("a", _) => Fate::Diverges,
            ("b", 5) => Fate::Dies,
            ("c", 1) if trial.rate > 0.5 => Fate::Dies,
            _ => Fate::Reaches(0.5),
        }
    });
    let rewards: Vec<f64> = report
        .entries
        .iter()
        .filter_map(|entry| Some(entry.reward(Metric::Accuracy)?.mean))
        .collect();
    assert_eq!(rewards, [0.1, 0.1, 0.5]);
    assert_eq!(report.ranking(), [2, 0, 1]);
    let table = report.table();
    assert!(
        table.contains("a     failed at every learning rate\n"),
        "{table}"
    );
    assert!(
        table.contains("a at 0.1, 1: not finite after 3 steps\n"),
        "{table}"
    );
    assert!(table.contains("b at 0.1 (seed 0): it is gone\n"), "{table}");
}

#[test]
fn overlapping_intervals_are_a_tie() {
    let report = report(&plan(&["a", "b", "c"], &[0.1], 3), |trial| {
        #[allow(clippy::cast_precision_loss, reason = "three seeds")]
        let seed = trial.seed as f64;
        Fate::Reaches(match trial.rule.as_str() {
            "a" => 0.80 + 0.02 * seed,
            "b" => 0.79 + 0.02 * seed,
            _ => 0.50 + 0.02 * seed,
        })
    });
    let verdicts: Vec<Option<Verdict>> = report.verdicts();
    assert_eq!(
        verdicts,
        [
            Some(Verdict::Best),
            Some(Verdict::Tie),
            Some(Verdict::Behind)
        ]
    );
}

#[test]
fn one_seed_allows_no_verdict() {
    let report = report(&plan(&["a", "b"], &[0.1], 1), peak);
    assert_eq!(report.verdicts(), [None, None]);
    assert!(!report.table().contains("verdict"));
}

#[test]
fn what_is_done_is_kept_at_a_stop() {
    let plan = plan(&["a", "b"], &[0.1, 1.0], 1);
    let stopped = report(&plan, |trial| match trial.rule.as_str() {
        "a" => Fate::Reaches(0.7),
        _ => Fate::IsStopped,
    });
    assert!(!stopped.is_complete);
    let reward = stopped.entries[0].reward(Metric::Accuracy);
    assert_eq!(reward.map(|reward| reward.mean), Some(0.7));
    assert_eq!(stopped.entries[1].reward(Metric::Accuracy), None);
    let table = stopped.table();
    assert!(table.contains("b     not finished\n"), "{table}");
    assert!(table.contains("stopped early"), "{table}");
}

#[test]
fn missing_data_end_everything() {
    let mut trainer = StandIn {
        fate: |_: &Trial| Fate::HasNoData,
        asked: Vec::new(),
    };
    let go_on = &mut |_: &Progress| ControlFlow::Continue(());
    let stop = run(
        &plan(&["a", "b"], &[0.1], 1),
        &mut trainer,
        &mut Blank,
        go_on,
    );
    assert_eq!(
        stop,
        Err(Stop::Data {
            message: "no file".to_owned()
        })
    );
    assert_eq!(trainer.asked.len(), 1);
}

#[test]
fn text_has_less_as_better_and_no_chance() {
    let mut plan = plan(&["a", "b", "c"], &[0.1], 1);
    plan.task.net = Net::SMALL_LSTM;
    let mut report = report(&plan, |trial| match trial.rule.as_str() {
        "a" => Fate::Reaches(120.0),
        "b" => Fate::Reaches(80.0),
        _ => Fate::Diverges,
    });
    report.task = None;
    assert_eq!(report.ranking(), [1, 0, 2]);
    assert_eq!(report.entries[2].reward(Metric::Perplexity), None);
}

#[test]
fn report_is_read_back_as_it_was_written() {
    let report = report(&plan(&["a", "sgd"], &[0.1, 1.0], 2), peak);
    let text = ron::to_string(&report).expect("written");
    assert_eq!(ron::from_str::<Report>(&text).expect("read"), report);
}
