//! The choice of an instruction set, once for much work.
//!
//! The same source is compiled for what every machine of this kind has and for AVX2. Neither may fuse a multiplication with an
//! addition, so both give the same bits; which one runs is a matter of speed alone.

/// What is worth a choice. A closure would do, but could not be made to be inlined into both variants.
pub(crate) trait Work {
    /// What comes of it.
    type Output;

    /// Does it; `#[inline(always)]`, like all in it that is to profit from wide instructions.
    fn run(self) -> Self::Output;
}

/// Does the work with the widest instruction set that this machine has.
pub(crate) fn with_widest<W: Work>(work: W) -> W::Output {
    #[cfg(test)]
    if tests::IS_PLAIN.get() {
        return work.run();
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[allow(
            unsafe_code,
            reason = "the only way to use instructions that not every machine has"
        )]
        // SAFETY: the machine has just said that it knows these instructions; there is no other condition.
        return unsafe { with_avx2(work) };
    }
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(test)]
mod tests {
    use crate::context::{Context, Silent};
    use crate::engine::noise::{self, Source};
    use crate::engine::{Optimizer, Settings, TensorShape};
    use std::cell::Cell;

    thread_local! {
        /// Whether this thread does without special instructions.
        pub(super) static IS_PLAIN: Cell<bool> = const { Cell::new(false) };
    }

    /// Parameters after three steps, as bits; NaN is NaN.
    fn after(text: &str, is_plain: bool) -> Vec<u32> {
        const LEN: usize = 1543;
        IS_PLAIN.set(is_plain);
        let rule = Context::new().rule("rule", text, &mut Silent);
        let shapes = [TensorShape::Vector(LEN)];
        let settings = Settings::new(0.1, 10);
        let mut optimizer = Optimizer::new(&rule.expect("a rule"), &shapes, settings);
        let mut w = vec![0.5_f32; LEN];
        for step in 0..3 {
            let mut draws = vec![0.0; LEN];
            let source = Source {
                seed: 1,
                stream: 77,
                tensor: 0,
                step,
            };
            noise::fill_normal(source, &mut draws);
            #[allow(clippy::cast_possible_truncation, reason = "some numbers")]
            let mut g: Vec<f32> = draws.into_iter().map(|x| x as f32).collect();
            g[..6].copy_from_slice(&[0.0, -0.0, f32::INFINITY, f32::NAN, 1e-42, 3e38]);
            let done = optimizer
                .as_mut()
                .expect("it fits")
                .step(&mut [&mut w], &[&g]);
            done.expect("lengths fit");
        }
        IS_PLAIN.set(false);
        let bits = |x: &f32| if x.is_nan() { f32::NAN } else { *x }.to_bits();
        w.iter().map(bits).collect()
    }

    #[test]
    fn instruction_sets_give_the_same_bits() {
        for text in [
            "g",
            "momentum",
            "rmsprop",
            "adam",
            "adamw",
            "adagrad",
            "nadam",
            "lion",
            "powersign",
            "powersign(f: ld)",
            "addsign",
            "g / max(1, norm(g)) + rms(w) * mean(g)",
            "tanh(3 * g) * sigmoid(w) + exp(g) + log|g|",
            "cos(g) + sin(10 * w)",
            "|g|^0.3 + g^4 + g^-2 + 2^g + g^w",
            "drop(m, 0.3) + eps",
            "where(g > 0, m, g % 0.3) + clip(g, 1) + total(g)",
        ] {
            assert_eq!(after(text, true), after(text, false), "{text}");
        }
    }
}
