//! What programs under `nos` reach besides files and the terminal: the environment, the lab, the store of runs.

use super::args::OutsideArgs;
use crate::lab::process::{LAB_VARIABLE, Lab};
use crate::lab::{Archive, DATA_VARIABLE, Trainer};
use crate::search::journal::Searches;
use crate::store::{STORE_VARIABLE, Store};
use std::cell::RefCell;
use std::env;
use std::path::{PathBuf, absolute};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The most workers of a search: a batch has fewer rules.
const MOST_LABS: usize = 64;

/// The store where nothing else is said.
const STORE: &str = "nos.db";

/// Options that stand for variables of the environment, and what was started or opened so far.
#[derive(Default)]
pub(crate) struct Outside {
    /// `--data`.
    data: Option<String>,
    /// `--store`.
    store: Option<String>,
    /// `--workers`.
    workers: Option<usize>,
    lab: Option<Rc<RefCell<Lab>>>,
    archive: Option<Rc<RefCell<Store>>>,
}

impl Outside {
    /// With the options of a command.
    pub(crate) fn new(args: &OutsideArgs) -> Self {
        Self {
            data: args.data.clone(),
            store: args.store.clone(),
            ..Self::default()
        }
    }

    /// With so many workers for searches.
    #[must_use]
    pub(super) fn with_workers(self, workers: Option<usize>) -> Self {
        Self { workers, ..self }
    }

    /// A variable, as an option says or the environment does; an empty one is none.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let option = match name {
            DATA_VARIABLE => self.data.clone(),
            STORE_VARIABLE => self.store.clone(),
            _ => None,
        };
        let value = option
            .or_else(|| env::var(name).ok())
            .filter(|value| !value.is_empty());
        // Data are found again when a run is resumed from another folder.
        match name {
            DATA_VARIABLE => value.map(|folder| {
                let whole = absolute(&folder).ok();
                whole.map_or(folder, |whole| whole.to_string_lossy().into_owned())
            }),
            _ => value,
        }
    }

    /// Whether a store is named, by the option or the environment.
    pub(super) fn names_store(&self) -> bool {
        self.variable(STORE_VARIABLE).is_some()
    }

    /// The lab, which starts when it is first needed.
    pub(super) fn lab(&mut self) -> Rc<RefCell<dyn Trainer>> {
        let named = self.variable(LAB_VARIABLE).map(PathBuf::from);
        let lab = self
            .lab
            .get_or_insert_with(|| Rc::new(RefCell::new(Lab::new(named))));
        Rc::<RefCell<Lab>>::clone(lab)
    }

    /// Labs of their own, one for each worker of a search.
    pub(super) fn labs(&self, count: Option<usize>) -> Vec<Box<dyn Trainer + Send>> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let named = self.variable(LAB_VARIABLE).map(PathBuf::from);
        let lab = |_| Box::new(Lab::new(named.clone())) as Box<dyn Trainer + Send>;
        let count = count.or(self.workers).unwrap_or(cores);
        (0..count.min(MOST_LABS)).map(lab).collect()
    }

    /// The store, made where there is none and one is `wanted`.
    pub(super) fn archive(
        &mut self,
        wanted: bool,
    ) -> Result<Option<Rc<RefCell<dyn Archive>>>, String> {
        let store = self.opened(wanted)?;
        Ok(store.map(|store| store as Rc<RefCell<dyn Archive>>))
    }

    /// The store as [`Outside::archive`] has it, for searches.
    pub(super) fn searches(
        &mut self,
        wanted: bool,
    ) -> Result<Option<Rc<RefCell<dyn Searches>>>, String> {
        let store = self.opened(wanted)?;
        Ok(store.map(|store| store as Rc<RefCell<dyn Searches>>))
    }

    fn opened(&mut self, wanted: bool) -> Result<Option<Rc<RefCell<Store>>>, String> {
        if self.archive.is_none() {
            let path = self
                .variable(STORE_VARIABLE)
                .map_or_else(|| PathBuf::from(STORE), PathBuf::from);
            if !wanted && !path.exists() {
                // Who names a store on the command line wants what is in it.
                return match &self.store {
                    Some(named) => Err(format!("there is no store `{named}`")),
                    None => Ok(None),
                };
            }
            let store = if wanted {
                Store::create(&path, now)
            } else {
                Store::open(&path, now)
            };
            let store = store.map_err(|error| error.to_string())?;
            self.archive = Some(Rc::new(RefCell::new(store)));
        }
        Ok(self.archive.clone())
    }
}

/// Seconds since the beginning of 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
