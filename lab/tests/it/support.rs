//! What several tests need: trials in a line, and a control that listens.

use nos::lab::message::{Data, Event, Failure, Net, Outcome, Settings, Task, Trial};
use nos_lab::task::{self, Control, Library};
use nos_lab::torch;
use std::cell::Cell;
use std::path::PathBuf;

/// A trial of Adam, to be changed where a test differs.
pub(crate) fn trial(data: Data, net: Net) -> Trial {
    Trial {
        id: 1,
        task: Task { data, net },
        rule: "adam".to_owned(),
        rate: 1e-3,
        schedule: None,
        seed: 1,
        settings: Settings {
            device: Some("cpu".to_owned()),
            threads: Some(2),
            early_stop: false,
            ..Settings::default()
        },
        checkpoint: None,
    }
}

pub(crate) fn shapes(examples: u32) -> Data {
    Data::SyntheticImages { examples }
}

pub(crate) fn grammar(words: u32) -> Data {
    Data::SyntheticText { words }
}

pub(crate) fn mlp() -> Net {
    Net::Mlp { hidden: vec![16] }
}

pub(crate) fn convnet(filters: u32) -> Net {
    Net::Convnet {
        filters,
        pool: true,
    }
}

pub(crate) fn lstm(units: u32) -> Net {
    Net::Lstm {
        units,
        dropout: 0.2,
    }
}

/// Real data, where they are.
pub(crate) fn real(name: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("NOS_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
    };
    Some(folder.join(name)).filter(|path| path.exists())
}

/// A control that keeps what is said, and cancels after so many calls for it.
#[derive(Default)]
pub(crate) struct Listener {
    pub(crate) events: Vec<Event>,
    pub(crate) patience: Option<u32>,
    pub(crate) asked: Cell<u32>,
}

impl Control for Listener {
    fn say(&mut self, event: Event) {
        self.events.push(event);
    }

    fn is_cancelled(&self) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.patience
            .is_some_and(|patience| self.asked.get() > patience)
    }
}

/// Does a trial in this process.
pub(crate) fn run(trial: &Trial) -> Result<Outcome, Failure> {
    run_with(trial, &mut Listener::default())
}

pub(crate) fn run_with(trial: &Trial, listener: &mut Listener) -> Result<Outcome, Failure> {
    torch::guard(|| task::run(trial, &mut Library::default(), listener))
}

/// An outcome without the times, which no two runs share.
pub(crate) fn timeless(mut outcome: Outcome) -> Outcome {
    (outcome.seconds, outcome.optimizer_seconds) = (0.0, 0.0);
    for point in &mut outcome.curve {
        point.seconds = 0.0;
    }
    outcome
}
