//! The bias corrections of averages, which many rules need at the same steps.

/// The most decays whose corrections are remembered.
const MOST_DECAYS: usize = 8;
/// The most steps whose corrections are remembered.
const MOST_STEPS: usize = 1 << 14;

/// `1 - beta^n` for the decays of some rules, computed once for each n.
#[derive(Default, Debug)]
pub(crate) struct Powers {
    decays: Vec<Decay>,
}

#[derive(Clone, Debug)]
struct Decay {
    beta: f64,
    /// For n = 1, 2, ….
    corrections: Vec<f64>,
    /// Whether all later ones are 1 as well.
    ends_at_one: bool,
}

impl Powers {
    /// `1 - beta^n` at the n-th update, which is that of step n - 1.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "most steps find what they look for, and a call would take longer"
    )]
    pub(crate) fn correction(&mut self, beta: f64, step: u64) -> f64 {
        let index = usize::try_from(step).unwrap_or(usize::MAX);
        for decay in &self.decays {
            if decay.beta.to_bits() == beta.to_bits()
                && let Some(known) = decay.corrections.get(index)
            {
                return *known;
            }
        }
        #[allow(
            clippy::cast_precision_loss,
            reason = "steps past 2^53 are out of reach"
        )]
        self.find(beta, step as f64 + 1.0, index)
    }

    /// What is not in the table yet.
    fn find(&mut self, beta: f64, updates: f64, index: usize) -> f64 {
        let is_same = |each: &Decay| each.beta.to_bits() == beta.to_bits();
        let place = self.decays.iter().position(is_same);
        let Some(place) = place.or_else(|| self.make_room(beta)) else {
            return 1.0 - libm::pow(beta, updates);
        };
        let decay = &mut self.decays[place];
        if decay.ends_at_one {
            return 1.0;
        }
        let power = libm::pow(beta, updates);
        if index == decay.corrections.len() && index < MOST_STEPS {
            decay.corrections.push(1.0 - power);
            // Powers of such numbers fall, and what is so far below the last place of 1 is lost.
            decay.ends_at_one = (0.0..1.0).contains(&beta) && power < 1e-20;
        }
        1.0 - power
    }

    /// A place for a decay that is not remembered; none where all places are in use.
    fn make_room(&mut self, beta: f64) -> Option<usize> {
        let fresh = Decay {
            beta,
            corrections: Vec::new(),
            ends_at_one: false,
        };
        if self.decays.len() < MOST_DECAYS {
            self.decays.push(fresh);
            return Some(self.decays.len() - 1);
        }
        // What was asked for once was of a run that ended at its first step.
        let place = self
            .decays
            .iter()
            .rposition(|each| each.corrections.len() < 2)?;
        self.decays[place] = fresh;
        Some(place)
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the same bits are meant")]
mod tests {
    use crate::engine::lanes::Remembered;

    /// Steps that are taken one at a time, as [`Lanes::update`](super::super::Lanes::update) does.
    #[test]
    fn corrections_are_remembered_from_step_to_step() {
        let is_remembered = |n: u32| {
            let remembered = Remembered::by_thread();
            let known = remembered
                .powers
                .decays
                .iter()
                .map(|each| each.corrections.len());
            known.max() == usize::try_from(n).ok()
        };
        for n in 1..=20 {
            let own = |beta: f64| {
                let mut remembered = Remembered::by_thread();
                remembered.powers.correction(beta, u64::from(n) - 1)
            };
            own(0.9);
            // Decays that are asked for once leave room for the others.
            own(1.0 / f64::from(n));
            assert!(is_remembered(n), "{n}");
        }
    }

    #[test]
    fn corrections_are_what_they_say() {
        for _ in 0..2 {
            let powers = &mut Remembered::by_thread().powers;
            for beta in [0.9, 0.999, 0.0, 1.0, -0.5, 1.5, f64::NAN, 0.1, 0.2, 0.3] {
                // In order, from the middle, and again.
                for n in (1_u32..600).chain([3, 50_000, 7, 20_000, 1]) {
                    let want = 1.0 - libm::pow(beta, f64::from(n));
                    let found = powers.correction(beta, u64::from(n) - 1);
                    assert!(
                        found == want || (found.is_nan() && want.is_nan()),
                        "{beta}^{n}"
                    );
                }
            }
        }
    }
}
