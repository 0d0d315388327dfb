//! Races on test functions in a store: runs like others, with their report whole instead of trials.

use super::read::parsed;
use super::{Error, Store, json};
use crate::bench::Report;
use crate::lab::{KeptRace, Race, Status};
use rusqlite::{OptionalExtension, TransactionBehavior, params};

/// What makes a store of the first version one that has races.
pub(super) const TABLE: &str = "
    -- A run that is a race on a test function: its `plan` is all that decides what it finds, as JSON. `report` is RON, which has words for
    -- numbers that are not finite, and NULL until it is over.
    CREATE TABLE races (
        run INTEGER PRIMARY KEY REFERENCES runs (id),
        report TEXT
    ) STRICT;
";

impl Store {
    pub(super) fn insert_race(&mut self, race: &Race) -> Result<i64, Error> {
        let plan = json(race)?;
        self.insert(&race.name, &race.rules, &plan, |change, run| {
            change.execute("INSERT INTO races (run) VALUES (?)", [run])?;
            Ok(())
        })
    }

    pub(super) fn close_race(&mut self, run: i64, report: &Report) -> Result<(), Error> {
        let text = ron::to_string(report).map_err(unreadable)?;
        let status = if report.is_complete {
            Status::Done
        } else {
            Status::Interrupted
        };
        let first = report.ranking().first().map(|best| &report.entries[*best]);
        let best = first.and_then(|entry| Some((entry.name.as_str(), entry.best.as_ref()?)));
        let now = (self.clock)();
        let change = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        change.execute(
            "UPDATE races SET report = ? WHERE run = ?",
            params![text, run],
        )?;
        change.execute(
            "UPDATE runs SET status = ?, ended = ?, best = ?, reward = ? WHERE id = ?",
            params![
                status.name(),
                now,
                best.map(|(name, _)| name),
                best.map(|(_, best)| best.last.mean),
                run
            ],
        )?;
        change.commit()?;
        self.held = None;
        Ok(())
    }

    /// A race; none where the run is a comparison by training.
    pub(super) fn kept_race(&self, run: i64) -> Result<Option<KeptRace>, Error> {
        let found = self
            .connection
            .query_row(
                "SELECT runs.plan, races.report FROM races JOIN runs ON runs.id = races.run WHERE races.run = ?",
                [run],
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)),
            )
            .optional()?;
        let Some((plan, report)) = found else {
            return Ok(None);
        };
        let mut report: Option<Report> = report
            .map(|text| ron::from_str(&text))
            .transpose()
            .map_err(unreadable)?;
        if let Some(report) = &mut report {
            report.run = Some(run);
        }
        Ok(Some(KeptRace {
            record: self.known(run)?,
            race: parsed(&plan)?,
            report,
        }))
    }
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Other {
        message: format!("the report of a race cannot be kept: {error}"),
    }
}
