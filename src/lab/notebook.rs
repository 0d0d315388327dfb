//! Where trials are written down as they happen, and read again.

use super::message::{Description, Point};
use super::plan::Key;
use super::report::Training;
use super::trainer::About;
use std::path::PathBuf;

/// Why something could not be written down or read, in words.
pub(crate) type Trouble = String;

/// Keeps the trials of one plan.
pub trait Notebook {
    /// A trial that is known already: it is not done again.
    fn recall(&mut self, key: &Key) -> Option<Training>;

    /// A trial begins. Gives a folder for its state, where there is one.
    ///
    /// # Errors
    /// It could not be written down.
    fn begin(&mut self, key: &Key) -> Result<Option<PathBuf>, Trouble>;

    /// What the task turned out to be, and what does the work.
    ///
    /// # Errors
    /// It could not be written down.
    fn describe(&mut self, task: &Description, about: Option<&About>) -> Result<(), Trouble>;

    /// An epoch of a trial is over.
    ///
    /// # Errors
    /// It could not be written down.
    fn point(&mut self, key: &Key, point: &Point) -> Result<(), Trouble>;

    /// A trial is over.
    ///
    /// # Errors
    /// It could not be written down.
    fn end(&mut self, key: &Key, training: &Training) -> Result<(), Trouble>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blank;

impl Notebook for Blank {
    fn recall(&mut self, _key: &Key) -> Option<Training> {
        None
    }

    fn begin(&mut self, _key: &Key) -> Result<Option<PathBuf>, Trouble> {
        Ok(None)
    }

    fn describe(&mut self, _task: &Description, _about: Option<&About>) -> Result<(), Trouble> {
        Ok(())
    }

    fn point(&mut self, _key: &Key, _point: &Point) -> Result<(), Trouble> {
        Ok(())
    }

    fn end(&mut self, _key: &Key, _training: &Training) -> Result<(), Trouble> {
        Ok(())
    }
}
