//! Training of real networks, as data: what is to be trained, and what comes of it.
//!
//! Networks are trained by another program, `nos-lab`, which alone knows the library of tensors. Both speak the messages of [`message`], one JSON
//! object a line. The paper's protocol ([`run`]) makes a comparison of rules out of single trainings; it asks a [`Trainer`] for them and writes them into a
//! [`Notebook`], so it holds for any of either. This module holds no tensor.

mod archive;
pub mod message;
mod notebook;
mod plan;
#[cfg(feature = "cli")]
pub mod process;
mod progress;
mod protocol;
mod race;
mod report;
mod table;
mod task;
#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact values are meant")]
mod tests;
mod trainer;

pub use archive::{Archive, Clock, Kept, Record, Status, time_text};
pub use notebook::{Blank, Notebook};
pub use plan::{EPOCHS, Entrant, Key, PATIENCE, Plan, SWEEP_EXAMPLES, SWEEP_WORDS, Stage};
pub use progress::{Progress, duration};
pub use protocol::{Stop, run};
pub use race::{KeptRace, Race};
pub use report::{Ending, Entry, FORMAT, Report, Training, Verdict};
pub use task::{DATA_VARIABLE, MissingData, Source, Subject, Task};
pub(crate) use task::{TRAIN_TEXT, VALID_TEXT};
pub use trainer::{About, Hear, Nobody, Trainer, Trouble};
