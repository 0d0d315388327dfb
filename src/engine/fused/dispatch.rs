//! The choice of an instruction set, once for every chunk.
//!
//! The same source is compiled for what every machine of this kind has and for AVX2. Neither may fuse a multiplication with an
//! addition, so both give the same bits; which one runs is a matter of speed alone.

use super::run::Chunk;

/// Runs a chunk with the widest instruction set that this machine has.
pub(super) fn run(chunk: &mut Chunk<'_>, registers: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[allow(
            unsafe_code,
            reason = "the only way to use instructions that not every machine has"
        )]
        // SAFETY: the machine has just said that it knows these instructions; there is no other condition.
        unsafe {
            run_avx2(chunk, registers);
        }
        return;
    }
    chunk.run(registers);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2(chunk: &mut Chunk<'_>, registers: &mut [f32]) {
    chunk.run(registers);
}
