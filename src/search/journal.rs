//! Where a search is written down as it happens, and read again.

use super::again::Again;
use super::cascade::Trial;
use super::ppo::Memory;
use super::spec::Spec;
use crate::lab::message::Description;
use crate::lab::{self, About, Notebook, Status};

/// Keeps one search: its trials, what its controllers know, and the trainings of networks.
///
/// A search is made of legs, one for each policy and seed. What is told again brings a search to the state it had, bit for bit: the trials decide what is
/// known of rules and what the policies have learned, and what a controller knew at some moment saves learning it again.
pub trait Journal {
    /// The trials of a leg, in order.
    ///
    /// # Errors
    /// They cannot be read.
    fn trials(&mut self, leg: usize, hear: &mut dyn FnMut(Trial)) -> Result<(), String>;

    /// What the controller of a leg knew, and after how many trials.
    ///
    /// # Errors
    /// It cannot be read.
    fn memory(&mut self, leg: usize) -> Result<Option<(u64, Memory)>, String>;

    /// Whether what a controller knows should be written down again: seldom where trials are fast, since it is large.
    fn wants_memory(&mut self) -> bool;

    /// A batch of trials is over and learned from: all of this or none of it is written down.
    ///
    /// # Errors
    /// It could not be written down.
    fn write(
        &mut self,
        leg: usize,
        trials: &[Trial],
        memory: Option<&Memory>,
    ) -> Result<(), String>;

    /// What the network of the search turned out to be, and what trains it, where anything was trained before.
    ///
    /// # Errors
    /// It cannot be read.
    fn described(&mut self) -> Result<(Option<Description>, Option<About>), String>;

    /// Where trainings of networks are written down; their entries are numbered through all of the search.
    fn notebook(&mut self) -> Box<dyn Notebook + '_>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl Journal for Forgetful {
    fn trials(&mut self, _leg: usize, _hear: &mut dyn FnMut(Trial)) -> Result<(), String> {
        Ok(())
    }

    fn memory(&mut self, _leg: usize) -> Result<Option<(u64, Memory)>, String> {
        Ok(None)
    }

    fn wants_memory(&mut self) -> bool {
        false
    }

    fn write(
        &mut self,
        _leg: usize,
        _trials: &[Trial],
        _memory: Option<&Memory>,
    ) -> Result<(), String> {
        Ok(())
    }

    fn described(&mut self) -> Result<(Option<Description>, Option<About>), String> {
        Ok((None, None))
    }

    fn notebook(&mut self) -> Box<dyn Notebook + '_> {
        Box::new(lab::Blank)
    }
}

/// Keeps searches.
pub trait Searches {
    /// A new search begins; it is this program's until it ends.
    ///
    /// # Errors
    /// It could not be written down.
    fn begin(&mut self, spec: &Spec) -> Result<i64, String>;

    /// What a run of the store searches; none where it is no search.
    ///
    /// # Errors
    /// There is no such run, or it cannot be read.
    fn read(&mut self, run: i64) -> Result<Option<Spec>, String>;

    /// Takes up a search that was interrupted.
    ///
    /// # Errors
    /// It is over, or another program is at work on it.
    fn resume(&mut self, run: i64) -> Result<(), String>;

    /// The journal of a search.
    ///
    /// # Errors
    /// It cannot be read.
    fn journal<'a>(&'a mut self, run: i64, spec: &'a Spec)
    -> Result<Box<dyn Journal + 'a>, String>;

    /// A search is over, whatever came of it: the best rule and its reward, and what the best rules did when they ran once more, task by task.
    ///
    /// # Errors
    /// It could not be written down.
    fn end(
        &mut self,
        run: i64,
        status: Status,
        best: Option<(&str, f64)>,
        again: &[Again],
    ) -> Result<(), String>;

    /// What the best rules of a search did when they ran once more, with the place of the task; nothing where it is not over.
    ///
    /// # Errors
    /// It cannot be read.
    fn again(&mut self, run: i64) -> Result<Vec<(usize, Again)>, String>;
}
