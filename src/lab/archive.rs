//! Runs that are kept: what there is to know of them, and the report told again from their trials.

use super::message::{Description, Point};
use super::notebook::{Notebook, Trouble as NotKept};
use super::plan::{Key, Plan};
use super::protocol::{Stop, run};
use super::race::{KeptRace, Race};
use super::report::{Report, Training};
use super::trainer::{About, Nobody};
use crate::bench;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Seconds since the beginning of 1970, from whoever has a clock.
pub type Clock = fn() -> i64;

/// How a run stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Its program is at work on it.
    Running,
    /// All was done.
    Done,
    /// It was stopped, or its program ended before its time.
    Interrupted,
    /// It could not be done.
    Failed,
}

/// What there is to know of a run at a glance.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Its number.
    pub run: i64,
    /// How it stands.
    pub status: Status,
    /// The task as the language writes it.
    pub task: String,
    /// The rules, without the baselines.
    pub rules: Vec<String>,
    /// When it began.
    pub started: i64,
    /// The rule that came out best, and its reward; of a run that is over.
    pub best: Option<(String, Option<f64>)>,
}

/// A run with its trials.
#[derive(Clone, PartialEq, Debug)]
pub struct Kept {
    /// At a glance.
    pub record: Record,
    /// What was to be done.
    pub plan: Plan,
    /// The version of `nos` that began it.
    pub version: String,
    /// The task as it was, where anything was trained.
    pub task: Option<Description>,
    /// What did the work, where anything was trained.
    pub about: Option<About>,
    /// Its trials; one that was cut off is interrupted, with the points it had.
    pub trials: Vec<(Key, Training)>,
}

/// Keeps runs.
pub trait Archive {
    /// A new run begins; it is this program's until it ends.
    ///
    /// # Errors
    /// It could not be written down.
    fn begin(&mut self, plan: &Plan) -> Result<i64, NotKept>;

    /// Takes up a run that was interrupted.
    ///
    /// # Errors
    /// There is no such run, it is over, or another program is at work on it.
    fn resume(&mut self, run: i64) -> Result<Kept, NotKept>;

    /// Where the trials of a run are written down.
    fn notebook(&mut self, run: i64) -> Box<dyn Notebook + '_>;

    /// A run is over, whatever came of it.
    ///
    /// # Errors
    /// It could not be written down.
    fn end(&mut self, run: i64, status: Status, report: Option<&Report>) -> Result<(), NotKept>;

    /// All runs, the latest first.
    ///
    /// # Errors
    /// They cannot be read.
    fn runs(&mut self) -> Result<Vec<Record>, NotKept>;

    /// A run with its trials.
    ///
    /// # Errors
    /// There is none of this number, or it cannot be read.
    fn read(&mut self, run: i64) -> Result<Kept, NotKept>;

    /// A race on a test function begins; it is this program's until it ends.
    ///
    /// # Errors
    /// It could not be written down.
    fn begin_race(&mut self, race: &Race) -> Result<i64, NotKept>;

    /// A race is over.
    ///
    /// # Errors
    /// It could not be written down.
    fn end_race(&mut self, run: i64, report: &bench::Report) -> Result<(), NotKept>;

    /// A race; none where no race has this number.
    ///
    /// # Errors
    /// It cannot be read.
    fn race(&mut self, run: i64) -> Result<Option<KeptRace>, NotKept>;
}

impl Status {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Running, "running"),
        (Self::Done, "done"),
        (Self::Interrupted, "interrupted"),
        (Self::Failed, "failed"),
    ];

    /// In a word.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl Kept {
    /// The report of the run: the protocol done again with the trials that are known.
    pub fn report(&self) -> Report {
        let mut known = Known {
            trials: &self.trials,
        };
        let go_on = &mut |_: &super::Progress| ControlFlow::Continue(());
        let report = run(&self.plan, &mut Nobody, &mut known, go_on);
        let mut report = report
            .unwrap_or_else(|stop: Stop| unreachable!("nobody but a trial can stop it: {stop:?}"));
        report.run = Some(self.record.run);
        report.version.clone_from(&self.version);
        report.task.clone_from(&self.task);
        report.about.clone_from(&self.about);
        report
    }

    /// The trials that need not be done again: those that were cut off or lost are done anew.
    pub fn settled(&self) -> Vec<(Key, Training)> {
        self.trials
            .iter()
            .filter(|(_, training)| training.is_over())
            .cloned()
            .collect()
    }
}

/// Trials that are known.
struct Known<'a> {
    trials: &'a [(Key, Training)],
}

impl Notebook for Known<'_> {
    fn recall(&mut self, key: &Key) -> Option<Training> {
        let found = self.trials.iter().find(|(other, _)| other == key);
        found.map(|(_, training)| training.clone())
    }

    fn begin(&mut self, _key: &Key) -> Result<Option<PathBuf>, NotKept> {
        Ok(None)
    }

    fn describe(&mut self, _task: &Description, _about: Option<&About>) -> Result<(), NotKept> {
        Ok(())
    }

    fn point(&mut self, _key: &Key, _point: &Point) -> Result<(), NotKept> {
        Ok(())
    }

    fn end(&mut self, _key: &Key, _training: &Training) -> Result<(), NotKept> {
        Ok(())
    }
}

/// A point in time as people write it, in UTC: `2017-09-21 08:05`.
pub fn time_text(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days of the civil calendar, counted in eras of 400 years from 1 March of year 0 (Hinnant).
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!(
        "{:04}-{month:02}-{date:02} {:02}:{:02}",
        year + era * 400 + carry,
        rest / 3600,
        rest / 60 % 60
    )
}

#[cfg(test)]
mod tests {
    use super::time_text;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, want) in [
            (0, "1970-01-01 00:00"),
            (951_782_399, "2000-02-28 23:59"),
            (951_782_400, "2000-02-29 00:00"),
            (1_505_981_100, "2017-09-21 08:05"),
            (-60, "1969-12-31 23:59"),
        ] {
            assert_eq!(time_text(seconds), want);
        }
    }
}
