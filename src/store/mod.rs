//! The store: runs and their trials in a file of `SQLite`, written as they happen; races on test functions with their reports.
//!
//! Every point of a curve is a transaction of its own, so a program that is killed loses no more than the epoch it was in. Several programs may
//! write to one store at once. A run whose program is gone is shown as interrupted, and can be resumed.

mod error;
mod hold;
mod races;
mod read;
mod schema;
mod search;
#[cfg(test)]
mod tests;
mod write;

pub use error::Error;

use crate::bench;
use crate::lab::{
    Archive, Clock, Entrant, Kept, KeptRace, Key, Notebook, Plan, Race, Record, Report, Status,
    Training,
};
use hold::Hold;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};
use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;
use write::Writer;

/// The environment variable that names the store.
pub const STORE_VARIABLE: &str = "NOS_STORE";

/// How long a writer waits for another.
const PATIENCE: Duration = Duration::from_secs(20);

/// A store of runs.
pub struct Store {
    path: PathBuf,
    connection: Connection,
    clock: Clock,
    held: Option<(i64, Hold)>,
    /// The trials of the run that was taken up which need not be done again.
    settled: Vec<(Key, Training)>,
}

impl Store {
    /// Opens a store, or makes one where there is no file.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub fn create(path: &Path, clock: Clock) -> Result<Self, Error> {
        Self::with(path, clock, OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens a store that is there.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, Error> {
        Self::with(path, clock, OpenFlags::empty())
    }

    fn with(path: &Path, clock: Clock, more: OpenFlags) -> Result<Self, Error> {
        let named = |error: Error| error.of(path);
        let path = absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
        let opened = || -> Result<Connection, Error> {
            let mut connection = Connection::open_with_flags(&path, flags)?;
            if connection.is_readonly(rusqlite::MAIN_DB)? {
                return Err(Error::ReadOnly);
            }
            connection.busy_timeout(PATIENCE)?;
            schema::prepare(&mut connection)?;
            wal(&connection)?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            Ok(connection)
        };
        Ok(Self {
            connection: opened().map_err(named)?,
            path,
            clock,
            held: None,
            settled: Vec::new(),
        })
    }

    /// The file whose lock says that a run is at work.
    fn hold_file(&self, run: i64) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!("-run-{run}"));
        name.into()
    }

    /// Where the trials of a run keep their state.
    fn checkpoints(&self, run: i64) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push("-checkpoints");
        PathBuf::from(name).join(format!("run-{run}"))
    }

    fn told<T>(&self, result: Result<T, Error>) -> Result<T, String> {
        result.map_err(|error| error.of(&self.path).to_string())
    }

    /// A new run with its `plan`, and what `more` has to write of it.
    fn insert(
        &mut self,
        task: &str,
        rules: &[Entrant],
        plan: &str,
        more: impl FnOnce(&Transaction<'_>, i64) -> Result<(), Error>,
    ) -> Result<i64, Error> {
        let rules: Vec<&str> = rules
            .iter()
            .filter(|rule| !rule.is_baseline)
            .map(|rule| rule.name.as_str())
            .collect();
        let rules = json(&rules)?;
        let now = (self.clock)();
        let change = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        change.execute(
            "INSERT INTO runs (status, task, rules, plan, version, started) VALUES (?, ?, ?, ?, ?, ?)",
            params![
                Status::Running.name(),
                task,
                rules,
                plan,
                env!("CARGO_PKG_VERSION"),
                now
            ],
        )?;
        let run = change.last_insert_rowid();
        more(&change, run)?;
        let mut file = self.path.clone().into_os_string();
        file.push(format!("-run-{run}"));
        // Nobody sees the run before it is held.
        let hold = Hold::take(file.into())?.ok_or(Error::AtWork { run })?;
        change.commit()?;
        self.held = Some((run, hold));
        self.settled = Vec::new();
        // What lies there is of a store that was deleted.
        let _ = fs::remove_dir_all(self.checkpoints(run));
        Ok(run)
    }

    /// Takes a run for this program.
    fn take(&mut self, run: i64) -> Result<(), Error> {
        let hold = Hold::take(self.hold_file(run))?.ok_or(Error::AtWork { run })?;
        self.connection.execute(
            "UPDATE runs SET status = ?, ended = NULL WHERE id = ?",
            params![Status::Running.name(), run],
        )?;
        self.held = Some((run, hold));
        Ok(())
    }

    fn take_up(&mut self, run: i64) -> Result<Kept, Error> {
        let kept = self.kept(run)?;
        // A run that is done can still have trials that were lost.
        let is_whole = kept.trials.iter().all(|(_, training)| training.is_over());
        if kept.record.status == Status::Done && is_whole {
            return Err(Error::Over { run });
        }
        self.take(run)?;
        self.settled = kept.settled();
        Ok(kept)
    }

    fn close(&mut self, run: i64, status: Status, report: Option<&Report>) -> Result<(), Error> {
        let best = report.and_then(|report| {
            let index = *report.ranking().first()?;
            let reward = report.entries[index].reward(report.metric())?;
            Some((report.plan.rules[index].name.as_str(), reward.mean))
        });
        self.finish(run, status, best)
    }

    /// A run is over, and no longer this program's.
    fn finish(&mut self, run: i64, status: Status, best: Option<(&str, f64)>) -> Result<(), Error> {
        let (best, reward) = best.unzip();
        self.connection.execute(
            "UPDATE runs SET status = ?, ended = ?, best = ?, reward = ? WHERE id = ?",
            params![status.name(), (self.clock)(), best, reward, run],
        )?;
        self.held = None;
        self.settled = Vec::new();
        if status == Status::Done {
            // What is left of the states of trials is of no more use; neither is a message about it.
            let folder = self.checkpoints(run);
            let _ = fs::remove_dir_all(&folder);
            let _ = folder.parent().map(fs::remove_dir);
        }
        Ok(())
    }
}

impl Archive for Store {
    fn begin(&mut self, plan: &Plan) -> Result<i64, String> {
        let begun =
            json(plan).and_then(|text| self.insert(&plan.name, &plan.rules, &text, |_, _| Ok(())));
        self.told(begun)
    }

    fn resume(&mut self, run: i64) -> Result<Kept, String> {
        let taken = self.take_up(run);
        self.told(taken)
    }

    fn notebook(&mut self, run: i64) -> Box<dyn Notebook + '_> {
        Box::new(Writer { store: self, run })
    }

    fn end(&mut self, run: i64, status: Status, report: Option<&Report>) -> Result<(), String> {
        let closed = self.close(run, status, report);
        self.told(closed)
    }

    fn runs(&mut self) -> Result<Vec<Record>, String> {
        let records = self.records();
        self.told(records)
    }

    fn read(&mut self, run: i64) -> Result<Kept, String> {
        let kept = self.kept(run);
        self.told(kept)
    }

    fn begin_race(&mut self, race: &Race) -> Result<i64, String> {
        let begun = self.insert_race(race);
        self.told(begun)
    }

    fn end_race(&mut self, run: i64, report: &bench::Report) -> Result<(), String> {
        let closed = self.close_race(run, report);
        self.told(closed)
    }

    fn race(&mut self, run: i64) -> Result<Option<KeptRace>, String> {
        let kept = self.kept_race(run);
        self.told(kept)
    }
}

/// Lets readers and one writer work at once. The switch itself needs the file alone for a moment.
fn wal(connection: &Connection) -> Result<(), Error> {
    for _ in 0..200 {
        let mode = connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode {
            Ok(_) => return Ok(()),
            Err(error) if Error::from_sqlite(&error) == Some(Error::Busy) => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy)
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Other {
        message: error.to_string(),
    })
}
