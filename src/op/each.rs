//! Arrays and choices without branches, for loops over a few values at a time.

#![allow(
    clippy::inline_always,
    reason = "a loop must be compiled together with its function, for each instruction set"
)]

/// As `std::array::from_fn`, which is not always compiled together with the loop that it stands in: then it has no wide instructions.
#[inline(always)]
pub(crate) fn each<T: Copy + Default, const N: usize>(f: impl Fn(usize) -> T) -> [T; N] {
    let mut values = [T::default(); N];
    for (i, value) in values.iter_mut().enumerate() {
        *value = f(i);
    }
    values
}

/// All bits for what is so, none for what is not.
#[inline(always)]
pub(crate) fn mask(claim: bool) -> u64 {
    u64::from(claim).wrapping_neg()
}

/// One number where the bits of a mask are set, else the other. A choice between numbers from memory would be made one by one.
#[inline(always)]
pub(crate) fn choose(mask: u64, a: f64, b: f64) -> f64 {
    f64::from_bits((a.to_bits() & mask) | (b.to_bits() & !mask))
}

/// Whether no bits are set in any.
#[inline(always)]
pub(crate) fn are_clear<const N: usize>(masks: [u64; N]) -> bool {
    masks.into_iter().fold(0, |all, bits| all | bits) == 0
}
