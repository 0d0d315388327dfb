//! A stand-in for `nos-lab` that speaks real messages: curves that are a function of the trial, and every way to go wrong.
//!
//! It is this test binary again: a script starts it with one test only, which speaks on the file descriptor that the script opened, for the
//! test harness writes to standard output itself. No other program has to be built for it.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::print_stderr,
    reason = "small numbers; a program that dies says why"
)]

use nos::lab::message::{
    Description, End, Event, Failure, Metric, Net, Outcome, Point, Request, Trial, VERSION,
};
use std::fs::{self, File};
use std::io::{BufRead, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// What the stand-in does with trials at a learning rate of exactly 1; all others are trained well.
const MODE: &str = "NOS_FAKE_LAB";

/// Where the program of the stand-in is.
const FOLDER: &str = "NOS_FAKE_LAB_FOLDER";

/// Steps of an epoch.
const STEPS: u64 = 10;

/// Writes a program that is the stand-in. It leaves the number of its process in the file `lab.pid` beside it, and counts its starts in `lab.starts`.
pub fn program(folder: &Path, mode: &str) -> PathBuf {
    let path = folder.join("nos-lab");
    let own = std::env::current_exe().unwrap();
    let text = format!(
        "#!/bin/sh\necho $$ > '{0}/lab.pid'\necho start >> '{0}/lab.starts'\nexport {MODE}={mode} {FOLDER}='{0}'\nexec 3>&1\nexec '{1}' --exact fake_lab::speaks_when_asked --nocapture >/dev/null\n",
        folder.display(),
        own.display()
    );
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The number of the process of the stand-in.
pub fn pid(folder: &Path) -> i32 {
    let text = fs::read_to_string(folder.join("lab.pid")).unwrap();
    text.trim().parse().unwrap()
}

/// How often it was started.
pub fn starts(folder: &Path) -> usize {
    let text = fs::read_to_string(folder.join("lab.starts")).unwrap_or_default();
    text.lines().count()
}

/// The stand-in itself; as a test it has nothing to say.
#[test]
fn speaks_when_asked() {
    let Ok(mode) = std::env::var(MODE) else {
        return;
    };
    let output = File::options().write(true).open("/dev/fd/3").unwrap();
    let (sender, requests) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let request = serde_json::from_str(&line.unwrap()).unwrap();
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    let mut lab = Fake {
        mode,
        output,
        requests,
    };
    lab.work();
    // The harness has nothing more to say either.
    std::process::exit(0);
}

struct Fake {
    mode: String,
    output: File,
    requests: Receiver<Request>,
}

impl Fake {
    fn say(&mut self, event: &Event) {
        let mut line = serde_json::to_string(event).unwrap();
        line.push('\n');
        self.output.write_all(line.as_bytes()).unwrap();
    }

    fn work(&mut self) {
        if self.mode == "broken" {
            eprintln!("no library of tensors");
            std::process::exit(7);
        }
        let version = if self.mode == "old" { 0 } else { VERSION };
        self.say(&Event::Ready {
            version,
            torch: "0.0 (none)".to_owned(),
            device: "cpu".to_owned(),
        });
        while let Ok(request) = self.requests.recv() {
            match request {
                Request::Train(trial) => self.train(&trial),
                Request::Quit => return,
                Request::Cancel { .. } | Request::Describe(_) => {}
            }
        }
    }

    fn train(&mut self, trial: &Trial) {
        let epochs = trial.settings.epochs;
        let mut curve = trial.checkpoint.as_deref().map_or(Vec::new(), state);
        self.say(&Event::Started {
            trial: trial.id,
            task: description(trial),
            steps: u64::from(epochs) * STEPS,
            from: curve.len() as u64 * STEPS,
        });
        let mode = if trial.rate == 1.0 {
            self.mode.clone()
        } else {
            String::new()
        };
        match mode.as_str() {
            "rubbish" => {
                self.output.write_all(b"Segmentation fault\n").unwrap();
                std::thread::park();
            }
            "hangs" => std::thread::park(),
            "no-data" => {
                return self.fail(
                    trial,
                    Failure::Data {
                        message: "`data_batch_1.bin` is cut off".to_owned(),
                    },
                );
            }
            "no-memory" => {
                return self.fail(
                    trial,
                    Failure::Torch {
                        message: "not enough memory".to_owned(),
                    },
                );
            }
            "diverges" => return self.done(trial, End::Diverged { step: 3 }, Vec::new()),
            _ => {}
        }
        for epoch in curve.len() as u32 + 1..=epochs {
            if mode == "dies" || mode == "dies-once" && is_first() {
                eprintln!("out of luck");
                std::process::exit(9);
            }
            if mode == "takes-time" {
                std::thread::sleep(Duration::from_millis(20));
            }
            if mode == "slow" && epoch > 2 {
                return self.stand_still(trial, epoch - 1);
            }
            let point = point(trial, epoch);
            curve.push(point);
            if let Some(folder) = &trial.checkpoint {
                let text = serde_json::to_string(&curve).unwrap();
                fs::write(folder.join("state.json"), text).unwrap();
            }
            self.say(&Event::Epoch {
                trial: trial.id,
                point,
            });
        }
        self.done(trial, End::Finished, curve);
    }

    /// Does no more steps after so many epochs, and says so until it is told to stop.
    fn stand_still(&mut self, trial: &Trial, epochs: u32) {
        loop {
            self.say(&Event::Progress {
                trial: trial.id,
                step: u64::from(epochs) * STEPS,
                loss: 0.5,
                seconds: 2.0,
            });
            match self.requests.recv_timeout(Duration::from_millis(20)) {
                Ok(Request::Cancel { trial: id }) if id == trial.id => {
                    return self.fail(trial, Failure::Cancelled);
                }
                Ok(Request::Quit) | Err(RecvTimeoutError::Disconnected) => std::process::exit(0),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn fail(&mut self, trial: &Trial, failure: Failure) {
        self.say(&Event::Failed {
            trial: trial.id,
            failure,
        });
    }

    fn done(&mut self, trial: &Trial, end: End, curve: Vec<Point>) {
        let outcome = Outcome {
            end,
            test: trial.settings.test.then_some(0.5),
            steps: curve.len() as u64 * STEPS,
            seconds: curve.len() as f64,
            curve,
            state_bytes: 8,
            optimizer_seconds: 0.125,
        };
        self.say(&Event::Done {
            trial: trial.id,
            outcome,
        });
    }
}

/// Whether this was never asked before beside the program.
fn is_first() -> bool {
    let mark = std::env::var(FOLDER).unwrap() + "/lab.died";
    File::options()
        .write(true)
        .create_new(true)
        .open(mark)
        .is_ok()
}

/// The epochs of an earlier attempt.
fn state(folder: &Path) -> Vec<Point> {
    fs::read_to_string(folder.join("state.json"))
        .map(|text| serde_json::from_str(&text).unwrap())
        .unwrap_or_default()
}

fn description(trial: &Trial) -> Description {
    let is_text = matches!(trial.task.net, Net::Lstm { .. });
    Description {
        data: "made-up data".to_owned(),
        is_synthetic: true,
        net: "no net".to_owned(),
        parameters: 42,
        train: 45_000,
        valid: 5_000,
        test: 0,
        metric: if is_text {
            Metric::Perplexity
        } else {
            Metric::Accuracy
        },
    }
}

/// Better with every epoch, best at a learning rate of 0.1; rules differ by the length of their text, seeds by a little.
fn point(trial: &Trial, epoch: u32) -> Point {
    let distance = (trial.rate.log10() + 1.0).abs();
    let goal = 0.8 - 0.1 * distance - 0.01 * (trial.rule.len() % 7) as f64;
    let metric = goal * f64::from(epoch) / f64::from(epoch + 1) + 0.001 * trial.seed as f64;
    Point {
        epoch,
        step: u64::from(epoch) * STEPS,
        loss: 1.0 / f64::from(epoch),
        valid_loss: 1.1 / f64::from(epoch),
        metric,
        seconds: f64::from(epoch),
    }
}
