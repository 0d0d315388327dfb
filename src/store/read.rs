//! What is read from a store.

use super::hold::Hold;
use super::{Error, Store};
use crate::lab::message::Point;
use crate::lab::{About, Ending, Kept, Key, Record, Stage, Status, Training};
use rusqlite::{OptionalExtension, Row};
use serde::de::DeserializeOwned;

/// A trial as it stands in its row.
struct Trial {
    id: i64,
    key: Key,
    ending: Option<String>,
    test: Option<f64>,
    steps: Option<i64>,
    seconds: Option<f64>,
    optimizer_seconds: Option<f64>,
    state_bytes: Option<i64>,
}

impl Store {
    pub(super) fn records(&self) -> Result<Vec<Record>, Error> {
        let mut query = self.connection.prepare(
            "SELECT id, status, task, rules, started, best, reward FROM runs ORDER BY id DESC",
        )?;
        let rows = query.query_map([], |row| self.record(row))?;
        rows.map(|row| row.map_err(Error::from)?).collect()
    }

    fn record(&self, row: &Row<'_>) -> rusqlite::Result<Result<Record, Error>> {
        let (run, status) = (row.get(0)?, row.get::<_, String>(1)?);
        let rules: String = row.get(3)?;
        let best: Option<String> = row.get(5)?;
        let reward: Option<f64> = row.get(6)?;
        let (task, started) = (row.get(2)?, row.get(4)?);
        let status = Status::ALL
            .iter()
            .find(|(_, name)| *name == status)
            .map_or(Status::Failed, |(status, _)| *status);
        Ok(parsed(&rules).map(|rules| Record {
            run,
            status: self.now(run, status),
            task,
            rules,
            started,
            best: best.map(|best| (best, reward)),
        }))
    }

    /// How a run stands now: one that its program left behind was interrupted.
    fn now(&self, run: i64, status: Status) -> Status {
        if status == Status::Running && !Hold::is_taken(&self.hold_file(run)) {
            Status::Interrupted
        } else {
            status
        }
    }

    /// A run at a glance.
    pub(super) fn known(&self, run: i64) -> Result<Record, Error> {
        self.connection
            .query_row(
                "SELECT id, status, task, rules, started, best, reward FROM runs WHERE id = ?",
                [run],
                |row| self.record(row),
            )
            .optional()?
            .ok_or(Error::NoRun { run })?
    }

    pub(super) fn kept(&self, run: i64) -> Result<Kept, Error> {
        if self.kept_race(run)?.is_some() {
            return Err(Error::Race { run });
        }
        let record = self.known(run)?;
        let (plan, version, task, torch, device) = self.connection.query_row(
            "SELECT plan, version, description, torch, device FROM runs WHERE id = ?",
            [run],
            |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, Option<String>>(2)?,
                    row.get::<_, Option<String>>(3)?,
                    row.get::<_, Option<String>>(4)?,
                ))
            },
        )?;
        Ok(Kept {
            record,
            plan: parsed(&plan)?,
            version,
            task: task.map(|task| parsed(&task)).transpose()?,
            about: torch
                .zip(device)
                .map(|(torch, device)| About { torch, device }),
            trials: self.trials(run)?,
        })
    }

    pub(super) fn trials(&self, run: i64) -> Result<Vec<(Key, Training)>, Error> {
        let mut query = self.connection.prepare(
            "SELECT id, entry, stage, rate, seed, ending, test, steps, seconds, optimizer_seconds, state_bytes
             FROM trials WHERE run = ? ORDER BY id",
        )?;
        let rows = query.query_map([run], trial)?;
        rows.map(|row| {
            let row = row?;
            let curve = self.curve(row.id)?;
            let (key, ending) = (row.key, row.ending.as_deref());
            let end = ending.map_or(Ok(Ending::Interrupted), parsed)?;
            let mut training = Training::without_outcome(key.rate, key.seed, end, curve);
            training.test = row.test;
            let unsigned = |value: i64| u64::try_from(value).unwrap_or(0);
            training.steps = row.steps.map_or(training.steps, unsigned);
            training.seconds = row.seconds.unwrap_or(training.seconds);
            training.optimizer_seconds = row.optimizer_seconds.unwrap_or(0.0);
            training.state_bytes = row.state_bytes.map_or(0, unsigned);
            Ok((key, training))
        })
        .collect()
    }

    fn curve(&self, trial: i64) -> Result<Vec<Point>, Error> {
        let mut query = self.connection.prepare_cached(
            "SELECT epoch, step, loss, valid_loss, metric, seconds FROM points WHERE trial = ? ORDER BY epoch",
        )?;
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let rows = query.query_map([trial], |row| {
            Ok(Point {
                epoch: row.get(0)?,
                step: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
                loss: number(row.get(2)?),
                valid_loss: number(row.get(3)?),
                metric: number(row.get(4)?),
                seconds: row.get(5)?,
            })
        })?;
        rows.map(|row| row.map_err(Error::from)).collect()
    }
}

fn trial(row: &Row<'_>) -> rusqlite::Result<Trial> {
    let stage = if row.get::<_, String>(2)? == Stage::Sweep.name() {
        Stage::Sweep
    } else {
        Stage::Training
    };
    Ok(Trial {
        id: row.get(0)?,
        key: Key {
            entry: usize::try_from(row.get::<_, i64>(1)?).unwrap_or(usize::MAX),
            stage,
            rate: row.get(3)?,
            seed: u64::try_from(row.get::<_, i64>(4)?).unwrap_or(0),
        },
        ending: row.get(5)?,
        test: row.get(6)?,
        steps: row.get(7)?,
        seconds: row.get(8)?,
        optimizer_seconds: row.get(9)?,
        state_bytes: row.get(10)?,
    })
}

pub(super) fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Other {
        message: format!("a row cannot be read: {error}"),
    })
}
