//! The tables of a store, and how an older store becomes one of today.

use super::Error;
use rusqlite::{Connection, TransactionBehavior};

/// Marks a database as a store of runs: "nosr".
pub(super) const APPLICATION: i64 = 0x6e6f_7372;

/// What leads from each version to the next, from an empty file on. Rows are only ever added to this list: stores that were written with it
/// are out there.
pub(super) const MIGRATIONS: [&str; 4] = [
    FIRST,
    super::races::TABLE,
    super::search::TABLES,
    super::search::RESULTS,
];

/// Trainings of networks.
const FIRST: &str = "
    -- One comparison of rules. `plan` is all that decides what it finds, as JSON.
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        status TEXT NOT NULL,
        task TEXT NOT NULL,
        rules TEXT NOT NULL,
        plan TEXT NOT NULL,
        version TEXT NOT NULL,
        description TEXT,
        torch TEXT,
        device TEXT,
        started INTEGER NOT NULL,
        ended INTEGER,
        best TEXT,
        reward REAL
    ) STRICT;
    CREATE INDEX runs_by_task ON runs (task);

    -- One network trained once. `ending` is NULL while it is at work, and stays so where its program is cut off.
    CREATE TABLE trials (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs (id),
        entry INTEGER NOT NULL,
        stage TEXT NOT NULL,
        rate REAL NOT NULL,
        seed INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        started INTEGER NOT NULL,
        ended INTEGER,
        ending TEXT,
        test REAL,
        steps INTEGER,
        seconds REAL,
        optimizer_seconds REAL,
        state_bytes INTEGER,
        UNIQUE (run, entry, stage, rate, seed)
    ) STRICT;

    -- A network between two epochs. NULL is a number that is not finite.
    CREATE TABLE points (
        trial INTEGER NOT NULL REFERENCES trials (id),
        epoch INTEGER NOT NULL,
        step INTEGER NOT NULL,
        loss REAL,
        valid_loss REAL,
        metric REAL,
        seconds REAL NOT NULL,
        PRIMARY KEY (trial, epoch)
    ) STRICT, WITHOUT ROWID;
";

/// The version that this program writes: the number of its migrations.
#[allow(clippy::cast_possible_wrap, reason = "a handful")]
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Makes a store of an empty file, and brings an older one up to date.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), Error> {
    match version(connection)? {
        VERSION => return Ok(()),
        found if found > VERSION => return Err(Error::Newer { found }),
        _ => {}
    }
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let found = version(&change)?;
    for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "application_id", APPLICATION)?;
    change.pragma_update(None, "user_version", VERSION)?;
    change.commit()?;
    Ok(())
}

/// The version of a store; 0 of an empty file.
fn version(connection: &Connection) -> Result<i64, Error> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, tables) {
        (APPLICATION, _) => Ok(version),
        (0, 0) => Ok(0),
        _ => Err(Error::NotAStore),
    }
}
