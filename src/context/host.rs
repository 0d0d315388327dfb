//! The outside world as programs can reach it.

use crate::lab::{Archive, Trainer};
use crate::search::journal::Searches;
use std::cell::RefCell;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

/// What shows output, reads and writes files, and hears of progress. The program `nos` has one with files and a terminal;
/// tests and other hosts bring their own.
pub trait Host {
    /// Shows output, a line or several: what `print` prints and what statements show.
    fn show(&mut self, text: &str);

    /// Reads a file.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>>;

    /// Writes a file, whole or not at all.
    ///
    /// # Errors
    /// Why it cannot be written.
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Hears of progress: a fraction from 0 to 1 and what is being done (empty between longer jobs): a line,
    /// and lines below it that say more. `Break` stops the job.
    fn progress(&mut self, done: f64, what: &str) -> ControlFlow<()>;

    /// Seconds of a clock that only goes forward, for show; none where there is none.
    fn seconds(&self) -> Option<f64> {
        None
    }

    /// A setting from outside: an environment variable, or the option of the command line that stands for it.
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    /// Whether there is a file of this name.
    fn is_file(&self, _path: &Path) -> bool {
        false
    }

    /// What trains networks, where anything does.
    fn trainer(&mut self) -> Option<Rc<RefCell<dyn Trainer>>> {
        None
    }

    /// What keeps runs, where anything does: one that is `wanted` is made where there is none yet.
    ///
    /// # Errors
    /// Why it cannot be used.
    fn archive(&mut self, _wanted: bool) -> Result<Option<Rc<RefCell<dyn Archive>>>, String> {
        Ok(None)
    }

    /// What trains networks side by side, so many or as many as there are cores; none where nothing does.
    fn workers(&mut self, _count: Option<usize>) -> Vec<Box<dyn Trainer + Send>> {
        Vec::new()
    }

    /// What keeps searches, as [`Host::archive`] keeps runs.
    ///
    /// # Errors
    /// Why it cannot be used.
    fn searches(&mut self, _wanted: bool) -> Result<Option<Rc<RefCell<dyn Searches>>>, String> {
        Ok(None)
    }

    /// Whether the user names a store of runs: then what is done in moments is kept too.
    fn names_store(&self) -> bool {
        false
    }

    /// How many columns tables and charts may take, and whether they may use colour.
    fn canvas(&self) -> (u16, bool);
}

/// A host without an outside world: shows nothing and has no files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Host for Silent {
    fn show(&mut self, _text: &str) {}

    fn read(&mut self, _path: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn write(&mut self, _path: &Path, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn progress(&mut self, _done: f64, _what: &str) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn canvas(&self) -> (u16, bool) {
        (80, false)
    }
}
