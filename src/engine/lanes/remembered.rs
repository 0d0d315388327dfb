//! What depends on neither rule nor lane, and outlives both: a search runs thousands of rules with the same decays and seeds.

use super::draws::Draws;
use super::powers::Powers;
use crate::engine::noise::{self, Source};
use std::cell::RefCell;

thread_local! {
    static REMEMBERED: RefCell<(Powers, Draws)> = RefCell::default();
}

/// What this thread remembers, until it is put back.
#[derive(Debug)]
pub(crate) struct Remembered {
    pub(super) powers: Powers,
    pub(super) draws: Draws,
}

impl Remembered {
    /// By this thread.
    pub(crate) fn by_thread() -> Self {
        let (powers, draws) = REMEMBERED.take();
        Self { powers, draws }
    }

    /// Draws from N(0, 1) of the elements 0, 1, ….
    pub(crate) fn fill_normal(&mut self, source: Source, out: &mut [f64]) {
        self.draws.row(source, out, noise::fill_normal);
    }
}

impl Drop for Remembered {
    fn drop(&mut self) {
        // A thread that ends has nothing left to remember with.
        let own = (
            std::mem::take(&mut self.powers),
            std::mem::take(&mut self.draws),
        );
        let _ = REMEMBERED.try_with(|remembered| remembered.replace(own));
    }
}
