//! Searches in the store: their trials, what their controllers know, and the trainings of networks, each written as it happens.

use super::write::Writer;
use super::{Error, Store, json};
use crate::lab::message::Description;
use crate::lab::{About, Notebook, Status};
use crate::search::again::Again;
use crate::search::cascade::Stage;
use crate::search::journal::Searches;
use crate::search::ppo::Memory;
use crate::search::{Journal, Spec, Trial};
use rusqlite::{OptionalExtension, Row, TransactionBehavior, params};

/// What makes a store that has trainings and races one that has searches.
pub(super) const TABLES: &str = "
    -- A run that is a search: its `plan` is all that decides what it finds, as JSON. Trainings of networks are rows of `trials`.
    CREATE TABLE searches (
        run INTEGER PRIMARY KEY REFERENCES runs (id)
    ) STRICT;

    -- One rule of a search. `leg` counts policies and seeds; `sentence` is the rule in the tokens of the space, `key` its normal form up to learning
    -- rate and sign.
    CREATE TABLE search_trials (
        run INTEGER NOT NULL REFERENCES searches (run),
        leg INTEGER NOT NULL,
        number INTEGER NOT NULL,
        sentence TEXT NOT NULL,
        key BLOB NOT NULL,
        reward REAL NOT NULL,
        stage TEXT NOT NULL,
        turned INTEGER NOT NULL,
        rate REAL,
        why TEXT,
        PRIMARY KEY (run, leg, number)
    ) STRICT, WITHOUT ROWID;

    -- All that a controller knew after so many trials, as JSON.
    CREATE TABLE controllers (
        run INTEGER NOT NULL REFERENCES searches (run),
        leg INTEGER NOT NULL,
        trials INTEGER NOT NULL,
        memory TEXT NOT NULL,
        PRIMARY KEY (run, leg)
    ) STRICT;
";

/// What makes a store that has searches one that has what they have found.
pub(super) const RESULTS: &str = "
    -- The best rules of a search and the baselines, run once more on one of its tasks. `report` is RON, which has words for numbers that are not
    -- finite.
    CREATE TABLE search_results (
        run INTEGER NOT NULL REFERENCES searches (run),
        task INTEGER NOT NULL,
        report TEXT NOT NULL,
        PRIMARY KEY (run, task)
    ) STRICT, WITHOUT ROWID;
";

/// Seconds between two writings of what a controller knows: some megabytes, while a batch of trials on test functions takes milliseconds. What lies between
/// is learned again from the trials.
const SELDOM: i64 = 2;

impl Searches for Store {
    fn begin(&mut self, spec: &Spec) -> Result<i64, String> {
        let begun = json(spec).and_then(|text| {
            let tasks: Vec<&str> = spec.tasks.iter().map(crate::search::Task::name).collect();
            let task = format!("search: {}", tasks.join(", "));
            self.insert(&task, &[], &text, |change, run| {
                change.execute("INSERT INTO searches (run) VALUES (?)", [run])?;
                Ok(())
            })
        });
        self.told(begun)
    }

    fn read(&mut self, run: i64) -> Result<Option<Spec>, String> {
        let read = self.spec(run);
        self.told(read)
    }

    fn resume(&mut self, run: i64) -> Result<(), String> {
        let taken = self.take_up_search(run);
        self.told(taken)
    }

    fn journal<'a>(
        &'a mut self,
        run: i64,
        spec: &'a Spec,
    ) -> Result<Box<dyn Journal + 'a>, String> {
        let trainings = self.trials(run);
        let trainings = self.told(trainings)?.into_iter();
        self.settled = trainings
            .filter(|(_, training)| training.is_over())
            .collect();
        let written = (self.clock)();
        Ok(Box::new(Pages {
            store: self,
            run,
            spec,
            written,
        }))
    }

    fn end(
        &mut self,
        run: i64,
        status: Status,
        best: Option<(&str, f64)>,
        again: &[Again],
    ) -> Result<(), String> {
        let kept = self.keep(run, again);
        let closed = kept.and_then(|()| self.finish(run, status, best));
        self.told(closed)
    }

    fn again(&mut self, run: i64) -> Result<Vec<(usize, Again)>, String> {
        let read = self.results(run);
        self.told(read)
    }
}

impl Store {
    /// The specification of a search; none where the run is none.
    fn spec(&self, run: i64) -> Result<Option<Spec>, Error> {
        let row = self
            .connection
            .query_row(
                "SELECT plan, EXISTS (SELECT 1 FROM searches WHERE run = id) FROM runs WHERE id = ?",
                [run],
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)),
            )
            .optional()?;
        let (plan, is_search) = row.ok_or(Error::NoRun { run })?;
        is_search.then(|| super::read::parsed(&plan)).transpose()
    }

    fn described(&self, run: i64) -> Result<(Option<Description>, Option<About>), Error> {
        let row = self.connection.query_row(
            "SELECT description, torch, device FROM runs WHERE id = ?",
            [run],
            |row| {
                Ok((
                    row.get::<_, Option<String>>(0)?,
                    row.get::<_, Option<String>>(1)?,
                    row.get::<_, Option<String>>(2)?,
                ))
            },
        )?;
        let (task, torch, device) = row;
        let task = task.map(|task| super::read::parsed(&task)).transpose()?;
        let about = torch.zip(device);
        Ok((task, about.map(|(torch, device)| About { torch, device })))
    }

    fn keep(&mut self, run: i64, again: &[Again]) -> Result<(), Error> {
        let change = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (task, report) in again.iter().enumerate() {
            let text = ron::to_string(report).map_err(unreadable)?;
            change.execute(
                "INSERT OR REPLACE INTO search_results (run, task, report) VALUES (?, ?, ?)",
                params![run, number(task as u64), text],
            )?;
        }
        change.commit()?;
        Ok(())
    }

    fn results(&self, run: i64) -> Result<Vec<(usize, Again)>, Error> {
        let mut query = self.connection.prepare_cached(
            "SELECT task, report FROM search_results WHERE run = ? ORDER BY task",
        )?;
        let rows = query.query_map([run], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        rows.map(|row| {
            let (task, text) = row?;
            let report: Again = ron::from_str(&text).map_err(unreadable)?;
            Ok((
                usize::try_from(task).unwrap_or(usize::MAX),
                report.of_run(run),
            ))
        })
        .collect()
    }

    fn take_up_search(&mut self, run: i64) -> Result<(), Error> {
        let status: String =
            self.connection
                .query_row("SELECT status FROM runs WHERE id = ?", [run], |row| {
                    row.get(0)
                })?;
        if status == Status::Done.name() {
            return Err(Error::Over { run });
        }
        self.take(run)
    }
}

/// The journal of one search.
struct Pages<'a> {
    store: &'a mut Store,
    run: i64,
    spec: &'a Spec,
    /// When what a controller knows was last written.
    written: i64,
}

impl Pages<'_> {
    fn read_trials(&self, leg: usize, hear: &mut dyn FnMut(Trial)) -> Result<(), Error> {
        let mut query = self.store.connection.prepare_cached(
            "SELECT number, sentence, key, reward, stage, turned, rate, why FROM search_trials
             WHERE run = ? AND leg = ? ORDER BY number",
        )?;
        let mut rows = query.query(params![self.run, number(leg as u64)])?;
        while let Some(row) = rows.next()? {
            hear(self.trial(row)?);
        }
        Ok(())
    }

    fn trial(&self, row: &Row<'_>) -> Result<Trial, Error> {
        let (sentence, stage): (String, String) = (row.get(1)?, row.get(4)?);
        let unreadable = |what: &str| Error::Other {
            message: format!("a trial of run {} cannot be read: {what}", self.run),
        };
        Ok(Trial {
            number: u64::try_from(row.get::<_, i64>(0)?).map_err(|_| unreadable("its number"))?,
            sentence: self
                .spec
                .space
                .read(&sentence)
                .ok_or_else(|| unreadable(&format!("`{sentence}`")))?,
            key: row.get(2)?,
            reward: row.get(3)?,
            stage: Stage::ALL
                .into_iter()
                .find(|each| each.name() == stage)
                .ok_or_else(|| unreadable(&format!("`{stage}`")))?,
            is_turned: row.get(5)?,
            rate: row.get(6)?,
            why: row.get(7)?,
        })
    }

    fn read_memory(&self, leg: usize) -> Result<Option<(u64, Memory)>, Error> {
        let row = self
            .store
            .connection
            .query_row(
                "SELECT trials, memory FROM controllers WHERE run = ? AND leg = ?",
                params![self.run, number(leg as u64)],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
            )
            .optional()?;
        row.map(|(trials, memory)| {
            Ok((
                u64::try_from(trials).unwrap_or(0),
                super::read::parsed(&memory)?,
            ))
        })
        .transpose()
    }

    fn write_batch(
        &mut self,
        leg: usize,
        trials: &[Trial],
        memory: Option<&Memory>,
    ) -> Result<(), Error> {
        let leg = number(leg as u64);
        let change = self
            .store
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = change.prepare_cached(
                "INSERT INTO search_trials (run, leg, number, sentence, key, reward, stage, turned, rate, why)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            for trial in trials {
                insert.execute(params![
                    self.run,
                    leg,
                    number(trial.number),
                    self.spec.space.text(&trial.sentence),
                    trial.key,
                    trial.reward,
                    trial.stage.name(),
                    trial.is_turned,
                    trial.rate,
                    trial.why,
                ])?;
            }
        }
        if let (Some(memory), Some(last)) = (memory, trials.last()) {
            change.execute(
                "INSERT OR REPLACE INTO controllers (run, leg, trials, memory) VALUES (?, ?, ?, ?)",
                params![self.run, leg, number(last.number + 1), json(memory)?],
            )?;
        }
        change.commit()?;
        if memory.is_some() {
            self.written = (self.store.clock)();
        }
        Ok(())
    }
}

impl Journal for Pages<'_> {
    fn trials(&mut self, leg: usize, hear: &mut dyn FnMut(Trial)) -> Result<(), String> {
        let read = self.read_trials(leg, hear);
        self.store.told(read)
    }

    fn memory(&mut self, leg: usize) -> Result<Option<(u64, Memory)>, String> {
        let read = self.read_memory(leg);
        self.store.told(read)
    }

    fn wants_memory(&mut self) -> bool {
        (self.store.clock)().saturating_sub(self.written) >= SELDOM
    }

    fn write(
        &mut self,
        leg: usize,
        trials: &[Trial],
        memory: Option<&Memory>,
    ) -> Result<(), String> {
        let written = self.write_batch(leg, trials, memory);
        self.store.told(written)
    }

    fn described(&mut self) -> Result<(Option<Description>, Option<About>), String> {
        let read = self.store.described(self.run);
        self.store.told(read)
    }

    fn notebook(&mut self) -> Box<dyn Notebook + '_> {
        Box::new(Writer {
            store: self.store,
            run: self.run,
        })
    }
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Other {
        message: format!("what a search has found cannot be kept: {error}"),
    }
}

/// A count as the library has numbers; counts are below 2^63.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
