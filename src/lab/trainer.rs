//! What trains networks, whoever does it: another process, a recording, a stand-in of tests.

use super::message::{Event, Failure, Outcome, Trial};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::ControlFlow;

/// Hears events of a trial, or nothing while there is none; `Break` cancels the trial.
pub type Hear<'a> = dyn FnMut(Option<&Event>) -> ControlFlow<()> + 'a;

/// Trains networks, one at a time.
pub trait Trainer {
    /// Trains one network. `patience` is the number of seconds without any event after which the trial is given up.
    ///
    /// # Errors
    /// Why there is no outcome.
    fn train(
        &mut self,
        trial: &Trial,
        patience: f64,
        hear: &mut Hear<'_>,
    ) -> Result<Outcome, Trouble>;

    /// Gets ready to train. `hear` is asked now and then whether to go on.
    ///
    /// # Errors
    /// Why nothing can be trained.
    fn prepare(&mut self, patience: f64, hear: &mut Hear<'_>) -> Result<(), Trouble>;

    /// What does the work, once it is known.
    fn about(&self) -> Option<About>;
}

/// What does the work.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The version of libtorch.
    pub torch: String,
    /// What it trains on.
    pub device: String,
}

/// In words.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "cancelled",
            Self::Data { message }
            | Self::Rule { message }
            | Self::Task { message }
            | Self::Torch { message }
            | Self::Checkpoint { message } => message,
        })
    }
}

/// Why a trial has no outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Nothing can be trained at all.
    Unavailable {
        /// Why not.
        why: String,
        /// What to do.
        help: String,
    },
    /// The trial failed, in the words of who trains.
    Failed(Failure),
    /// Who trained is gone, silent or incomprehensible; the next trial gets another one.
    Lost {
        /// What happened.
        why: String,
    },
}

/// A trainer that trains nothing: what is not known is not done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Trainer for Nobody {
    fn train(
        &mut self,
        _trial: &Trial,
        _patience: f64,
        _hear: &mut Hear<'_>,
    ) -> Result<Outcome, Trouble> {
        Err(Trouble::Failed(Failure::Cancelled))
    }

    fn prepare(&mut self, _patience: f64, _hear: &mut Hear<'_>) -> Result<(), Trouble> {
        Ok(())
    }

    fn about(&self) -> Option<About> {
        None
    }
}
