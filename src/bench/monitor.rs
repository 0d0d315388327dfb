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
    /// Steps until within 1e-3 and 1e-6 of the least value; infinity before.
    pub(super) to_1e3: Vec<f64>,
    pub(super) to_1e6: Vec<f64>,
}

impl Monitor {
    /// Before the first value of so many lanes.
    pub(super) fn new(lanes: usize) -> Self {
        let none = vec![f64::INFINITY; lanes];
        Self {
            last: none.clone(),
            lowest: none.clone(),
            to_1e3: none.clone(),
            to_1e6: none,
        }
    }

    /// Keeps the values of lanes that are under way after so many steps; whether some are not finite, and so are not kept.
    #[inline(always)]
    pub(super) fn note(&mut self, values: &[f64], is_over: &[f64], least: f64, done: f64) -> bool {
        let whole = values.len() / 4 * 4;
        let (fours, ones) = values.split_at(whole);
        let (fours_over, ones_over) = is_over.split_at(whole);
        let trouble = self.note_each::<4>(0, fours, fours_over, least, done)
            | self.note_each::<1>(whole, ones, ones_over, least, done);
        trouble != 0
    }

    /// Keeps the values of the lanes from `first` on, N at a time, since there may be few; some bits where one that is under way is not finite.
    #[inline(always)]
    fn note_each<const N: usize>(
        &mut self,
        first: usize,
        values: &[f64],
        is_over: &[f64],
        least: f64,
        done: f64,
    ) -> u64 {
        let (lasts, lowests) = (&mut self.last[first..], &mut self.lowest[first..]);
        let (to_1e3s, to_1e6s) = (&mut self.to_1e3[first..], &mut self.to_1e6[first..]);
        let (lasts, lowests) = (lasts.as_chunks_mut::<N>().0, lowests.as_chunks_mut::<N>().0);
        let (to_1e3s, to_1e6s) = (
            to_1e3s.as_chunks_mut::<N>().0,
            to_1e6s.as_chunks_mut::<N>().0,
        );
        let given = values
            .as_chunks::<N>()
            .0
            .iter()
            .zip(is_over.as_chunks::<N>().0);
        let steps = to_1e3s.iter_mut().zip(to_1e6s);
        let kept = lasts.iter_mut().zip(lowests).zip(steps);
        let mut trouble = [0; N];
        for ((values, over), ((last, lowest), (to_1e3, to_1e6))) in given.zip(kept) {
            // A difference with itself is 0 exactly where a number is finite, and 0 has no bits.
            let own: [f64; N] = each(|i| values[i] - values[i]);
            trouble = each(|i| trouble[i] | (own[i].to_bits() & under_way(over[i])));
            let kept: [u64; N] = each(|i| mask(over[i] == 0.0) & mask(own[i] == 0.0));
            let value: [f64; N] = each(|i| choose(kept[i], values[i], f64::INFINITY));
            *last = each(|i| choose(kept[i], values[i], last[i]));
            *lowest = each(|i| {
                if value[i] < lowest[i] {
                    value[i]
                } else {
                    lowest[i]
                }
            });
            let first_within = |at: &[f64; N], size: f64| {
                each(|i| {
                    let reached = choose(mask(value[i] - least <= size), done, f64::INFINITY);
                    if reached < at[i] { reached } else { at[i] }
                })
            };
            *to_1e3 = first_within(to_1e3, 1e-3);
            *to_1e6 = first_within(to_1e6, 1e-6);
        }
        trouble.into_iter().fold(0, |all, bits| all | bits)
    }
}

/// All bits for a lane that is under way, none for one that is over.
#[inline(always)]
pub(super) fn under_way(is_over: f64) -> u64 {
    mask(is_over == 0.0)
}
