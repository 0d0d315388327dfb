//! Work on all cores where there are several, in order: what comes out does not depend on how many there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The cores that one leg of a search may use beside the others that are at work.
///
/// As long as there is a leg for every core, each does its own work: nobody waits for a share that another has.
#[derive(Clone, Debug)]
pub(super) struct Cores {
    legs: Arc<AtomicUsize>,
}

impl Default for Cores {
    fn default() -> Self {
        Self::for_legs(1)
    }
}

impl Cores {
    /// For so many legs.
    pub(super) fn for_legs(legs: usize) -> Self {
        Self {
            legs: Arc::new(AtomicUsize::new(legs)),
        }
    }

    /// A leg is over, and no other comes in its place.
    #[cfg(feature = "threads")]
    pub(super) fn leave(&self) {
        self.legs.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many cores share the work of a leg.
    pub(super) fn count(&self) -> usize {
        count().div_ceil(self.legs.load(Ordering::Relaxed).max(1))
    }

    /// Something of each item and its place.
    pub(super) fn each<T: Send, O: Send>(
        &self,
        items: &mut [T],
        work: impl Fn(usize, &mut T) -> O + Sync,
    ) -> Vec<O> {
        // Handing one item over takes longer than many take.
        if items.len() < 2 || self.count() < 2 {
            return in_turn(items, work);
        }
        at_once(items, work)
    }
}

/// How many cores there are.
#[cfg(feature = "threads")]
pub(super) fn count() -> usize {
    rayon::current_num_threads().max(1)
}

/// How many cores there are.
#[cfg(not(feature = "threads"))]
pub(super) fn count() -> usize {
    1
}

fn in_turn<T, O>(items: &mut [T], work: impl Fn(usize, &mut T) -> O) -> Vec<O> {
    let items = items.iter_mut().enumerate();
    items.map(|(index, item)| work(index, item)).collect()
}

#[cfg(feature = "threads")]
fn at_once<T: Send, O: Send>(items: &mut [T], work: impl Fn(usize, &mut T) -> O + Sync) -> Vec<O> {
    use rayon::prelude::*;
    let items = items.par_iter_mut().enumerate();
    items.map(|(index, item)| work(index, item)).collect()
}

#[cfg(not(feature = "threads"))]
use in_turn as at_once;

#[cfg(all(test, feature = "threads"))]
mod tests {
    use super::*;

    /// The threads that some items are worked on.
    fn threads(cores: &Cores) -> usize {
        let mut items = [0; 64];
        let nap = std::time::Duration::from_millis(1);
        let used = cores.each(&mut items, |_, _| {
            std::thread::sleep(nap);
            std::thread::current().id()
        });
        used.into_iter()
            .collect::<std::collections::HashSet<_>>()
            .len()
    }

    #[test]
    fn who_is_left_alone_has_all_cores() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build();
        pool.expect("threads").install(|| {
            let cores = Cores::for_legs(4);
            assert_eq!((cores.count(), threads(&cores)), (1, 1));
            let counts = [3, 2, 1].map(|_| {
                cores.leave();
                cores.count()
            });
            assert_eq!(counts, [2, 2, 4]);
            assert!(threads(&cores) > 1);
        });
    }
}
