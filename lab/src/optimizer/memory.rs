//! Tensors as slices: the engine's kernels work in place on libtorch's own memory.
//!
//! The only place that looks behind a tensor. Everything that makes a slice of it sound is checked here.

#![allow(unsafe_code, reason = "libtorch gives out its memory as bare pointers")]

use std::slice;
use tch::{Device, Kind, Tensor};

/// Lends parameters and gradients as slices to some work on them, if all of them are numbers of 32 bits without gaps in memory of the CPU,
/// and no parameter shares memory with another tensor.
pub(super) fn lend<T>(
    params: &[Tensor],
    grads: &[Tensor],
    work: impl FnOnce(&mut [&mut [f32]], &[&[f32]]) -> T,
) -> Option<T> {
    let all = || params.iter().chain(grads);
    if !all().all(is_plain) || !are_apart(all()) {
        return None;
    }
    let mut params: Vec<&mut [f32]> = params
        .iter()
        .map(|tensor| {
            // SAFETY: the tensor has `numel` f32 in a row at this address (`is_plain`), kept alive by the borrow of the tensor. No other slice overlaps them
            // (`are_apart`), and no operation of libtorch runs until the slices are gone: `work` gets no tensor from here, the graph of the step has been
            // freed, and a training process has one thread that uses tensors.
            unsafe { slice::from_raw_parts_mut(tensor.data_ptr().cast::<f32>(), tensor.numel()) }
        })
        .collect();
    let grads: Vec<&[f32]> = grads
        .iter()
        .map(|tensor| {
            // SAFETY: as above, and nothing writes to a gradient while it is lent.
            unsafe { slice::from_raw_parts(tensor.data_ptr().cast::<f32>(), tensor.numel()) }
        })
        .collect();
    Some(work(&mut params, &grads))
}

fn is_plain(tensor: &Tensor) -> bool {
    tensor.defined()
        && tensor.kind() == Kind::Float
        && tensor.device() == Device::Cpu
        && tensor.is_contiguous()
        && !tensor.is_sparse()
        && !tensor.data_ptr().is_null()
}

/// Whether no two tensors overlap.
fn are_apart<'a>(tensors: impl Iterator<Item = &'a Tensor>) -> bool {
    let ranges = tensors.map(|tensor| {
        let start = tensor.data_ptr().addr();
        (start, start + tensor.numel() * size_of::<f32>())
    });
    let mut ranges: Vec<(usize, usize)> = ranges.collect();
    ranges.sort_unstable();
    ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_on_slices_is_seen_by_tensors() {
        let (w, g) = (
            Tensor::from_slice(&[1.0_f32, 2.0]),
            Tensor::from_slice(&[0.5_f32, 4.0]),
        );
        let place = w.data_ptr();
        let done = lend(&[w.shallow_clone()], &[g], |params, grads| {
            params[0][1] = grads[0][1];
        });
        assert_eq!((done, w.data_ptr()), (Some(()), place));
        assert_eq!(Vec::<f32>::try_from(w).expect("numbers"), [1.0, 4.0]);
    }

    #[test]
    fn what_is_no_plain_memory_is_not_lent() {
        let plain = || Tensor::zeros([2, 3], (Kind::Float, Device::Cpu));
        let is_lent = |param: Tensor, grad: Tensor| lend(&[param], &[grad], |_, _| ()).is_some();
        assert!(is_lent(plain(), plain()));
        assert!(!is_lent(plain().tr(), plain()), "gaps between neighbours");
        assert!(
            !is_lent(plain(), plain().to_kind(Kind::Double)),
            "other numbers"
        );
        assert!(!is_lent(plain(), Tensor::new()), "no gradient");
        let shared = plain();
        assert!(!is_lent(shared.shallow_clone(), shared), "shared memory");
    }
}
