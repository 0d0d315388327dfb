//! What can be wrong with a store.

use super::schema::VERSION;
use rusqlite::ErrorCode;
use std::fmt;
use std::path::{Path, PathBuf};

/// Why a store cannot be used, or does not do what it is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// The file is something else.
    NotAStore,
    /// A newer program wrote it.
    Newer {
        /// Its version.
        found: i64,
    },
    /// It cannot be written to.
    ReadOnly,
    /// There is no such file or folder, or it may not be opened.
    Closed,
    /// The disk is full.
    Full,
    /// Other programs write to it without end.
    Busy,
    /// There is no such run.
    NoRun {
        /// Its number.
        run: i64,
    },
    /// A run that is done cannot be resumed.
    Over {
        /// Its number.
        run: i64,
    },
    /// A race on a test function has no trainings.
    Race {
        /// Its number.
        run: i64,
    },
    /// Another program is at work on a run.
    AtWork {
        /// Its number.
        run: i64,
    },
    /// Anything else.
    Other {
        /// What the library says.
        message: String,
    },
    /// An error of a store.
    Of {
        /// The file.
        path: PathBuf,
        /// The error.
        error: Box<Error>,
    },
}

impl Error {
    /// The error with the file it is about.
    #[must_use]
    pub fn of(self, path: &Path) -> Self {
        match self {
            Self::NotAStore
            | Self::Newer { .. }
            | Self::ReadOnly
            | Self::Closed
            | Self::Full
            | Self::Busy
            | Self::Other { .. } => Self::Of {
                path: path.to_path_buf(),
                error: Box::new(self),
            },
            Self::NoRun { .. }
            | Self::Over { .. }
            | Self::Race { .. }
            | Self::AtWork { .. }
            | Self::Of { .. } => self,
        }
    }

    /// The errors of the library that have a meaning here.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the library may have more of them at any time"
    )]
    pub(super) fn from_sqlite(error: &rusqlite::Error) -> Option<Self> {
        Some(match error.sqlite_error_code()? {
            ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => Self::NotAStore,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly,
            ErrorCode::CannotOpen => Self::Closed,
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            _ => return None,
        })
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::from_sqlite(&error).unwrap_or_else(|| Self::Other {
            message: error.to_string(),
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAStore => f.write_str("it is no store of runs"),
            Self::Newer { found } => write!(
                f,
                "a newer nos wrote it: its version is {found}, this one reads up to {VERSION}"
            ),
            Self::ReadOnly => f.write_str("it cannot be written to"),
            Self::Closed => f.write_str("there is no such folder, or it may not be opened"),
            Self::Full => f.write_str("the disk is full"),
            Self::Busy => f.write_str("other programs keep it busy"),
            Self::NoRun { run } => write!(f, "there is no run {run}"),
            Self::Over { run } => write!(f, "run {run} is done: there is nothing to resume"),
            Self::Race { run } => write!(
                f,
                "run {run} is a race on a test function, which has nothing to resume"
            ),
            Self::AtWork { run } => write!(f, "another program is at work on run {run}"),
            Self::Other { message } => f.write_str(message),
            Self::Of { path, error } => {
                write!(f, "cannot use the store `{}`: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for Error {}
