//! The names that can be used now, as the line editor needs them at every key.
//!
//! The editor asks while the interpreter is not running, and the names change only when an input succeeds: so they are kept
//! here, refreshed after each input, and shared by reference.

use crate::context::{Context, NameInfo};
use std::cell::RefCell;
use std::rc::Rc;

/// A list of names that editor and session share.
#[derive(Clone, Default)]
pub(super) struct SharedNames(Rc<RefCell<Vec<NameInfo>>>);

impl SharedNames {
    /// Takes over what can be named now.
    pub(super) fn refresh(&self, context: &Context) {
        *self.0.borrow_mut() = context.names();
    }

    /// Looks at the names, in alphabetical order.
    pub(super) fn with<T>(&self, look: impl FnOnce(&[NameInfo]) -> T) -> T {
        look(&self.0.borrow())
    }
}
