//! Which runs are at work: a run's program holds a lock on a file of the run, and the system lets go of it whatever ends the program.
//!
//! The file is a database of its own with nothing in it, because its locks are the same on every system.

use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The hold on a run; let go of when dropped.
pub(super) struct Hold {
    lock: Option<Connection>,
    file: PathBuf,
}

impl Hold {
    /// Holds a run; none where another program does.
    pub(super) fn take(file: PathBuf) -> rusqlite::Result<Option<Self>> {
        let lock = Connection::open(&file)?;
        lock.busy_timeout(Duration::ZERO)?;
        match lock.execute_batch("BEGIN EXCLUSIVE") {
            Ok(()) => Ok(Some(Self {
                lock: Some(lock),
                file,
            })),
            Err(error) if is_busy(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether any program holds a run.
    pub(super) fn is_taken(file: &Path) -> bool {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let Ok(lock) = Connection::open_with_flags(file, flags) else {
            return false;
        };
        let asked = lock
            .busy_timeout(Duration::ZERO)
            .and_then(|()| lock.execute_batch("BEGIN EXCLUSIVE"));
        asked.is_err_and(|error| is_busy(&error))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.lock = None;
        // A file that stays behind says nothing: it is not locked.
        let _ = fs::remove_file(&self.file);
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}
