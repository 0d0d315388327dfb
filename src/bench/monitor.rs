//! What is kept of the values of all runs of a batch.

#![allow(
    clippy::inline_always,
    reason = "a step must be compiled together with its loops, for each instruction set"
)]
#![allow(
    clippy::eq_op,
    reason = "a difference with itself tells finite numbers from others"
)]

use crate::op::{choose, each, mask};

/// What is kept of every run's values.
pub(super) struct Monitor {
    pub(super) last: Vec<f64>,
    pub(super) lowest: Vec<f64>,
    pub(super) to_1e3: Reach,
    pub(super) to_1e6: Reach,
}

/// Until when runs come so near to the least value.
pub(super) struct Reach {
    distance: f64,
    /// All bits until then, none from then on.
    is_far: Vec<u64>,
    /// How many values were too far away.
    steps: Vec<f64>,
}

impl Reach {
    fn new(distance: f64, lanes: usize) -> Self {
        Self {
            distance,
            is_far: vec![u64::MAX; lanes],
            steps: vec![0.0; lanes],
        }
    }

    /// The first step at which a run was there.
    pub(super) fn at(&self, lane: usize) -> Option<f64> {
        (self.is_far[lane] == 0).then(|| self.steps[lane])
    }

    /// Counts on, N lanes from `first` on at a time.
    #[inline(always)]
    fn keep<const N: usize>(&mut self, first: usize, values: &[f64], least: f64) {
        let far = self.is_far[first..].as_chunks_mut::<N>().0;
        let steps = self.steps[first..].as_chunks_mut::<N>().0;
        let values = values.as_chunks::<N>().0;
        for (value, (far, steps)) in values.iter().zip(far.iter_mut().zip(steps)) {
            *far = each(|i| far[i] & !mask(value[i] - least <= self.distance));
            *steps = each(|i| steps[i] + choose(far[i], 1.0, 0.0));
        }
    }
}

impl Monitor {
    /// Before the first value of so many lanes.
    pub(super) fn new(lanes: usize) -> Self {
        let none = vec![f64::INFINITY; lanes];
        Self {
            last: none.clone(),
            lowest: none,
            to_1e3: Reach::new(1e-3, lanes),
            to_1e6: Reach::new(1e-6, lanes),
        }
    }

    /// Keeps the values of all lanes after one more step; whether some are not finite of lanes that are under way: these are not kept. What is kept of
    /// lanes that are over means nothing.
    #[inline(always)]
    pub(super) fn note(&mut self, values: &[f64], is_over: &[f64], least: f64) -> bool {
        if is_trouble(values, is_over) {
            for (lane, value) in values.iter().enumerate() {
                if value.is_finite() {
                    self.keep::<1>(lane, &[*value], least);
                }
            }
            return true;
        }
        let whole = values.len() / 4 * 4;
        let (fours, ones) = values.split_at(whole);
        self.keep::<4>(0, fours, least);
        self.keep::<1>(whole, ones, least);
        false
    }

    /// Keeps the values of the lanes from `first` on, N at a time, since there may be few.
    #[inline(always)]
    fn keep<const N: usize>(&mut self, first: usize, values: &[f64], least: f64) {
        let lasts = self.last[first..].as_chunks_mut::<N>().0;
        let lowests = self.lowest[first..].as_chunks_mut::<N>().0;
        let fours = values.as_chunks::<N>().0;
        for (value, (last, lowest)) in fours.iter().zip(lasts.iter_mut().zip(lowests)) {
            *last = *value;
            // A choice between a number and what is in memory would write only where it changes something, which some machines do slowly. Of zeros
            // both sums are the positive one.
            *lowest = each(|i| {
                let (new, old) = (value[i] + 0.0, lowest[i] + 0.0);
                if new < old { new } else { old }
            });
        }
        self.to_1e3.keep::<N>(first, values, least);
        self.to_1e6.keep::<N>(first, values, least);
    }
}

/// Whether a value is not finite of a lane that is under way.
#[inline(always)]
fn is_trouble(values: &[f64], is_over: &[f64]) -> bool {
    // A difference with itself is 0 exactly where a number is finite, and 0 has no bits.
    let trouble = |value: f64, is_over: f64| (value - value).to_bits() & under_way(is_over);
    let (fours, ones) = values.as_chunks::<4>();
    let (overs, over_ones) = is_over.as_chunks::<4>();
    let mut found = [0; 4];
    for (values, overs) in fours.iter().zip(overs) {
        found = each(|i| found[i] | trouble(values[i], overs[i]));
    }
    let mut found = (found[0] | found[1]) | (found[2] | found[3]);
    for (value, over) in ones.iter().zip(over_ones) {
        found |= trouble(*value, *over);
    }
    found != 0
}

/// All bits for a lane that is under way, none for one that is over.
#[inline(always)]
pub(super) fn under_way(is_over: f64) -> u64 {
    mask(is_over == 0.0)
}
