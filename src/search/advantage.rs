//! What sentences teach by their rewards.

/// How much better than others sentences are.
pub(super) struct Advantage {
    /// What is worth this much has none.
    least: f64,
    /// What has one of 1 is worth so much more.
    scale: f64,
    /// What is worth less than this is not learned from.
    pub(super) kept: f64,
}

impl Advantage {
    /// What the paper has: how much better than the average so far.
    pub(super) fn over_average(average: f64) -> Self {
        Self {
            least: average,
            scale: 1.0,
            kept: f64::NEG_INFINITY,
        }
    }

    /// Over the reward that a share of the best of some rewards reach; 1 for the best of them, so that it is the same on tasks where rewards are close together
    /// as where they are not.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small numbers"
    )]
    pub(super) fn of_best(mut rewards: Vec<f64>, share: f64) -> Self {
        rewards.sort_by(|a, b| b.total_cmp(a));
        let kept = (share * rewards.len() as f64).ceil() as usize;
        let Some(most) = rewards.first() else {
            // Nothing was new yet.
            return Self {
                least: 0.0,
                scale: 1.0,
                kept: f64::INFINITY,
            };
        };
        let bar = rewards[kept.clamp(1, rewards.len()) - 1];
        let spread = most - bar;
        Self {
            least: bar,
            scale: if spread > 0.0 { spread } else { 1.0 },
            kept: bar,
        }
    }

    pub(super) fn of(&self, reward: f64) -> f64 {
        (reward - self.least) / self.scale
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact values are meant")]
mod tests {
    use super::Advantage;

    #[test]
    fn the_best_has_one_and_the_last_of_the_share_none() {
        let rewards = vec![0.1, 0.5, 0.0, 0.3, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0];
        let best = Advantage::of_best(rewards.clone(), 0.3);
        assert_eq!((best.of(0.5), best.of(0.2), best.kept), (1.0, 0.0, 0.2));
        let all = Advantage::of_best(rewards, 1.0);
        assert_eq!((all.of(0.25), all.kept), (0.5, 0.0));
    }

    #[test]
    fn equal_rewards_are_no_better_than_each_other() {
        let equal = Advantage::of_best(vec![0.3; 5], 0.2);
        assert_eq!((equal.of(0.3), equal.kept), (0.0, 0.3));
        assert_eq!(Advantage::of_best(Vec::new(), 0.2).kept, f64::INFINITY);
        assert_eq!(Advantage::over_average(0.5).of(0.25), -0.25);
    }
}
