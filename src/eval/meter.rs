//! How far a search is, as text: a line for everyone, and lines below it for who looks on.

use crate::search::run::Progress;
use crate::search::{Builder, Sentence, Spec, Stage};
use rustc_hash::FxHashMap;
use std::fmt::Write;

/// The heights of a curve in one line of text.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Rules whose texts are remembered.
const MOST: usize = 100;

/// How far a whole search is, for show.
pub(super) struct Meter {
    /// Of each leg the trials done, and how many were done when it was first heard of: a search that was resumed did not do those now.
    legs: Vec<Option<(u64, u64)>>,
    /// The leg that is shown.
    shown: Option<Progress>,
    builder: Option<Builder>,
    texts: FxHashMap<Sentence, String>,
    /// When it was first asked.
    began: Option<f64>,
}

impl Meter {
    pub(super) fn new(spec: &Spec) -> Self {
        Self {
            legs: vec![None; spec.legs().len()],
            shown: None,
            builder: Builder::new(&spec.space).ok(),
            texts: FxHashMap::default(),
            began: None,
        }
    }

    /// The share of the search that is done, and the text. `seconds` are those of a clock, where there is one.
    #[allow(clippy::cast_precision_loss, reason = "numbers for show")]
    pub(super) fn show(&mut self, progress: &Progress, seconds: Option<f64>) -> (f64, String) {
        self.note(progress);
        let shown = self.shown.clone();
        let progress = shown.as_ref().unwrap_or(progress);
        let Progress {
            leg,
            trials,
            budget,
            ..
        } = progress;
        let known = self.legs.iter().flatten();
        let (all, before) = known.fold((0.0, 0.0), |(all, before), (now, first)| {
            (all + *now as f64, before + *first as f64)
        });
        let whole = self.legs.len() as f64 * *budget as f64;
        let done = all / whole.max(1.0);
        let best = progress.leaders.first().map_or(0.0, |(reward, _)| *reward);
        let mut text = format!(
            "{} {}: trial {trials} of {budget}, reward {:.3}, best {best:.3}",
            leg.policy.name(),
            leg.seed,
            progress.mean,
        );
        if let Some(seconds) = seconds {
            let since = *self.began.get_or_insert(seconds);
            let rate = (all - before) / (seconds - since).max(1e-9);
            if all > before && seconds > since {
                let left = crate::lab::duration((whole - all) / rate);
                let _ = write!(text, ", {rate:.1}/s, {left} left");
            }
        }
        if !progress.at.is_empty() {
            let _ = write!(text, "; {}", progress.at);
        }
        let most = progress.means.iter().copied().fold(1e-9, f64::max);
        if !progress.means.is_empty() {
            text.push_str("\n  reward ");
            text.extend(progress.means.iter().map(|mean| height(mean / most)));
        }
        for (reward, sentence) in &progress.leaders {
            let _ = write!(text, "\n  {reward:.3}  {}", self.text(sentence));
        }
        let stages = Stage::ALL.iter().zip(progress.stages);
        let stages = stages.filter(|(_, count)| *count > 0);
        let stages: Vec<String> = stages
            .map(|(stage, count)| format!("{} {count}", stage.name()))
            .collect();
        if !stages.is_empty() {
            let _ = write!(text, "\n  {}", stages.join(", "));
        }
        (done, text)
    }

    /// Of several legs at work the first is shown, until it is over.
    fn note(&mut self, progress: &Progress) {
        let index = progress.leg.index;
        if let Some(leg) = self.legs.get_mut(index) {
            let first = leg.map_or(progress.trials, |(_, first)| first);
            *leg = Some((progress.trials, first));
        }
        let is_next = self
            .shown
            .as_ref()
            .is_none_or(|shown| index <= shown.leg.index || shown.trials >= shown.budget);
        if is_next {
            self.shown = Some(progress.clone());
        }
    }

    fn text(&mut self, sentence: &Sentence) -> &str {
        if self.texts.len() > MOST {
            self.texts.clear();
        }
        let builder = &mut self.builder;
        self.texts.entry(sentence.clone()).or_insert_with(|| {
            let rule = builder
                .as_mut()
                .and_then(|builder| builder.rule(sentence).ok());
            rule.map_or_else(String::new, |rule| rule.text())
        })
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 7"
)]
fn height(share: f64) -> char {
    HEIGHTS[((share.clamp(0.0, 1.0) * 8.0) as usize).min(7)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Context, Input, Silent};
    use crate::eval::Value;
    use crate::search::{Leg, Which, ppo};

    #[test]
    fn progress_is_a_line_and_lines_below() {
        let made = Context::new().run("test", "space(\"signs\")", None, Input::Prompt, &mut Silent);
        let Some(Value::Space(space)) = made.value else {
            panic!("{:?}", made.diagnostics)
        };
        let sentence = space.read("g m id id mul").expect("its tokens");
        let spec = Spec {
            space: (*space).clone(),
            tasks: Vec::new(),
            policies: vec![Which::Ppo, Which::Random],
            seeds: 1,
            budget: 100,
            leaders: 5,
            ppo: ppo::Settings::quick(),
            imitated: Vec::new(),
            baselines: Vec::new(),
        };
        let mut progress = Progress {
            leg: Leg {
                index: 0,
                policy: Which::Ppo,
                seed: 0,
            },
            trials: 0,
            budget: 100,
            stages: [0; Stage::ALL.len()],
            mean: 0.0,
            means: Vec::new(),
            leaders: Vec::new(),
            at: String::new(),
        };
        let mut meter = Meter::new(&spec);
        assert_eq!(
            meter.show(&progress, Some(5.0)),
            (
                0.0,
                "ppo 0: trial 0 of 100, reward 0.000, best 0.000".to_owned()
            )
        );
        progress.trials = 50;
        progress.stages[1] = 50;
        (progress.mean, progress.means) = (0.25, vec![0.0, 0.125, 0.25]);
        progress.leaders = vec![(0.5, sentence)];
        progress.at = "rule 1 of 2".to_owned();
        let (done, text) = meter.show(&progress, Some(15.0));
        assert!((done - 0.25).abs() < 1e-12);
        assert_eq!(
            text,
            "ppo 0: trial 50 of 100, reward 0.250, best 0.500, 5.0/s, 30 s left; rule 1 of 2
  reward ▁▅█
  0.500  g * ema(g, 0.9)
  known 50"
        );
        // Another leg beside it, which had 20 trials when it was taken up again.
        let now = progress.clone();
        let other = |trials: u64| Progress {
            leg: Leg {
                index: 1,
                policy: Which::Random,
                seed: 0,
            },
            trials,
            at: String::new(),
            ..now.clone()
        };
        let line = |(done, text): (f64, String)| (done, text.lines().next().map(str::to_owned));
        assert_eq!(
            line(meter.show(&other(20), Some(15.0))),
            (
                0.35,
                Some("ppo 0: trial 50 of 100, reward 0.250, best 0.500, 5.0/s, 26 s left; rule 1 of 2".to_owned())
            )
        );
        progress.trials = 100;
        progress.at.clear();
        meter.show(&progress, Some(20.0));
        assert_eq!(
            line(meter.show(&other(45), Some(30.0))),
            (
                0.725,
                Some(
                    "random 0: trial 45 of 100, reward 0.250, best 0.500, 5.0/s, 11 s left"
                        .to_owned()
                )
            )
        );
    }
}
