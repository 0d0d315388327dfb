//! The prompt.
use crate::cli::{Exit, Failure};
pub(crate) fn repl() -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
