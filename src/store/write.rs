//! What is written to a store while a run is at work.

use super::{Error, Store, json};
use crate::lab::message::{Description, Point};
use crate::lab::{About, Ending, Key, Notebook, Stage, Training};
use rusqlite::{Connection, TransactionBehavior, params};
use std::fs;
use std::path::PathBuf;

/// Writes the trials of one run.
pub(super) struct Writer<'a> {
    pub(super) store: &'a mut Store,
    pub(super) run: i64,
}

impl Writer<'_> {
    fn begin_trial(&self, key: &Key) -> Result<(), Error> {
        self.store.connection.execute(
            "INSERT INTO trials (run, entry, stage, rate, seed, attempts, started) VALUES (?, ?, ?, ?, ?, 1, ?)
             ON CONFLICT (run, entry, stage, rate, seed) DO UPDATE SET attempts = attempts + 1, ended = NULL, ending = NULL",
            params![
                self.run,
                signed(key.entry as u64),
                key.stage.name(),
                key.rate,
                signed(key.seed),
                (self.store.clock)()
            ],
        )?;
        Ok(())
    }

    fn end_trial(&mut self, key: &Key, training: &Training) -> Result<(), Error> {
        let ending = match training.end {
            Ending::Interrupted => None,
            Ending::Finished
            | Ending::Diverged { .. }
            | Ending::AtChance { .. }
            | Ending::Failed { .. } => Some(json(&training.end)?),
        };
        let now = (self.store.clock)();
        let run = self.run;
        let change = self
            .store
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let trial = trial(&change, run, key)?;
        change.execute(
            "UPDATE trials SET ended = ?, ending = ?, test = ?, steps = ?, seconds = ?, optimizer_seconds = ?, state_bytes = ? WHERE id = ?",
            params![
                now,
                ending,
                training.test,
                signed(training.steps),
                training.seconds,
                training.optimizer_seconds,
                signed(training.state_bytes),
                trial
            ],
        )?;
        if training.is_over() {
            // An earlier attempt may have come further.
            change.execute("DELETE FROM points WHERE trial = ?", [trial])?;
        }
        for point in &training.curve {
            write_point(&change, trial, point)?;
        }
        change.commit()?;
        Ok(())
    }

    fn described(&self, task: &Description, about: Option<&About>) -> Result<(), Error> {
        self.store.connection.execute(
            "UPDATE runs SET description = ?, torch = ?, device = ? WHERE id = ?",
            params![
                json(task)?,
                about.map(|about| about.torch.as_str()),
                about.map(|about| about.device.as_str()),
                self.run
            ],
        )?;
        Ok(())
    }

    /// The folder for the state of a trial.
    fn folder(&self, key: &Key) -> PathBuf {
        let name = match key.stage {
            Stage::Training => format!("{}-{}", key.entry, key.seed),
            // The number is as exact as the learning rate: no two of a sweep share a folder.
            Stage::Sweep => format!("{}-sweep-{:e}-{}", key.entry, key.rate, key.seed),
        };
        self.store.checkpoints(self.run).join(name)
    }
}

impl Notebook for Writer<'_> {
    fn recall(&mut self, key: &Key) -> Option<Training> {
        let settled = self.store.settled.iter().find(|(other, _)| other == key);
        settled.map(|(_, training)| training.clone())
    }

    fn begin(&mut self, key: &Key) -> Result<Option<PathBuf>, String> {
        self.store.told(self.begin_trial(key))?;
        let folder = self.folder(key);
        fs::create_dir_all(&folder)
            .map_err(|error| format!("cannot make the folder `{}`: {error}", folder.display()))?;
        Ok(Some(folder))
    }

    fn describe(&mut self, task: &Description, about: Option<&About>) -> Result<(), String> {
        self.store.told(self.described(task, about))
    }

    fn point(&mut self, key: &Key, point: &Point) -> Result<(), String> {
        let connection = &self.store.connection;
        let written = trial(connection, self.run, key)
            .and_then(|trial| write_point(connection, trial, point));
        self.store.told(written)
    }

    fn end(&mut self, key: &Key, training: &Training) -> Result<(), String> {
        let ended = self.end_trial(key, training);
        self.store.told(ended)?;
        if training.is_over() {
            // A state that is of no more use does no harm.
            let _ = fs::remove_dir_all(self.folder(key));
        }
        Ok(())
    }
}

fn trial(connection: &Connection, run: i64, key: &Key) -> Result<i64, Error> {
    Ok(connection.query_row(
        "SELECT id FROM trials WHERE run = ? AND entry = ? AND stage = ? AND rate = ? AND seed = ?",
        params![
            run,
            signed(key.entry as u64),
            key.stage.name(),
            key.rate,
            signed(key.seed)
        ],
        |row| row.get(0),
    )?)
}

/// Writes a point; one of the same epoch from an earlier attempt gives way.
fn write_point(connection: &Connection, trial: i64, point: &Point) -> Result<(), Error> {
    connection.execute(
        "INSERT OR REPLACE INTO points (trial, epoch, step, loss, valid_loss, metric, seconds) VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            trial,
            point.epoch,
            signed(point.step),
            point.loss,
            point.valid_loss,
            point.metric,
            point.seconds
        ],
    )?;
    Ok(())
}

/// A count as the library has numbers; counts are below 2^63, and seeds below 2^53.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
