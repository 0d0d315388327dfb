//! Arrays by place, for loops over a few values at a time.

/// As `std::array::from_fn`, which is not always compiled together with the loop that it stands in: then it has no wide instructions.
#[inline(always)]
#[allow(
    clippy::inline_always,
    reason = "a loop must be compiled together with its function, for each instruction set"
)]
pub(crate) fn each<T: Copy + Default, const N: usize>(f: impl Fn(usize) -> T) -> [T; N] {
    let mut values = [T::default(); N];
    for (i, value) in values.iter_mut().enumerate() {
        *value = f(i);
    }
    values
}
