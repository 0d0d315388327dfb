//! What programs under `nos` reach besides files and the terminal: the environment, the lab, the store of runs.

use super::args::OutsideArgs;
use crate::lab::process::{LAB_VARIABLE, Lab};
use crate::lab::{Archive, DATA_VARIABLE, Trainer};
use crate::store::{STORE_VARIABLE, Store};
use std::cell::RefCell;
use std::env;
use std::path::{PathBuf, absolute};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The store where nothing else is said.
const STORE: &str = "nos.db";

/// Options that stand for variables of the environment, and what was started or opened so far.
#[derive(Default)]
pub(crate) struct Outside {
    /// `--data`.
    data: Option<String>,
    /// `--store`.
    store: Option<String>,
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

    /// The store, made where there is none and one is `wanted`.
    pub(super) fn archive(
        &mut self,
        wanted: bool,
    ) -> Result<Option<Rc<RefCell<dyn Archive>>>, String> {
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
        let archive = self.archive.as_ref();
        Ok(archive.map(|archive| Rc::<RefCell<Store>>::clone(archive) as Rc<RefCell<dyn Archive>>))
    }
}

/// Seconds since the beginning of 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
