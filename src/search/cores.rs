//! Work on all cores where there are several, in order: what comes out does not depend on how many there are.

/// How many cores share the work.
#[cfg(feature = "threads")]
pub(super) fn count() -> usize {
    rayon::current_num_threads().max(1)
}

/// How many cores share the work.
#[cfg(not(feature = "threads"))]
pub(super) fn count() -> usize {
    1
}

/// Something of each item and its place.
#[cfg(feature = "threads")]
pub(super) fn each<T: Send, O: Send>(
    items: &mut [T],
    work: impl Fn(usize, &mut T) -> O + Sync,
) -> Vec<O> {
    use rayon::prelude::*;
    // Handing one item over takes longer than many take.
    if items.len() < 2 {
        return in_turn(items, work);
    }
    let items = items.par_iter_mut().enumerate();
    items.map(|(index, item)| work(index, item)).collect()
}

/// Something of each item and its place.
#[cfg(not(feature = "threads"))]
pub(super) fn each<T, O>(items: &mut [T], work: impl Fn(usize, &mut T) -> O) -> Vec<O> {
    in_turn(items, work)
}

fn in_turn<T, O>(items: &mut [T], work: impl Fn(usize, &mut T) -> O) -> Vec<O> {
    let items = items.iter_mut().enumerate();
    items.map(|(index, item)| work(index, item)).collect()
}
