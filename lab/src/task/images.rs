//! Classes of images.

use super::{Learner, Score};
use crate::data::ImageSet;
use crate::data::batch::{Augmentation, Normalization};
use crate::nets::convnet::Convnet;
use crate::nets::logistic::Logistic;
use crate::nets::mlp::Mlp;
use crate::nets::wrn::Wrn;
use crate::nets::{Classifier, Vars};
use crate::random::{Draws, Purpose};
use nos::lab::message::{Description, Failure, Metric, Net, Point, Settings};
use std::rc::Rc;
use tch::{Device, Kind, Reduction, Tensor};

/// Images at once where nothing is learned: few enough that the memory of training is enough.
const CALM_BATCH: usize = 200;

/// A network that tells images apart, with its images.
pub(super) struct ImageTask {
    set: Rc<ImageSet>,
    net: Box<dyn Classifier>,
    vars: Vars,
    normalization: Normalization,
    /// Where the images are that are trained on.
    train: Vec<u32>,
    batch: usize,
    seed: u64,
    augment: bool,
    /// The order of the epoch at hand.
    order: Option<(u64, Vec<u32>)>,
}

impl ImageTask {
    /// A network before training.
    ///
    /// # Errors
    /// A network that reads no images.
    pub(super) fn new(
        set: Rc<ImageSet>,
        net: &Net,
        settings: &Settings,
        seed: u64,
        device: Device,
    ) -> Result<Self, Failure> {
        let mut vars = Vars::new(seed, device);
        let net: Box<dyn Classifier> = match net {
            Net::Logistic => Box::new(Logistic::new(&mut vars)),
            Net::Mlp { hidden } => Box::new(Mlp::new(&mut vars, hidden)),
            Net::Convnet { filters, pool } => Box::new(Convnet::new(&mut vars, *filters, *pool)),
            Net::Wrn { depth, width } => Box::new(Wrn::new(&mut vars, *depth, *width)),
            Net::Lstm { .. } => {
                return Err(Failure::Task {
                    message: "the net `lstm` reads text, and the data are images".to_owned(),
                });
            }
        };
        let used = settings
            .examples
            .map_or(usize::MAX, |examples| examples as usize);
        let train: Vec<u32> = set.train.iter().copied().take(used).collect();
        Ok(Self {
            normalization: Normalization::new(&set.images, &set.train),
            train,
            set,
            net,
            vars,
            batch: settings.batch as usize,
            seed,
            augment: settings.augment,
            order: None,
        })
    }

    /// The places of a step's images.
    fn places(&mut self, step: u64) -> &[u32] {
        let (epoch, within) = (step / self.epoch_steps(), step % self.epoch_steps());
        if self.order.as_ref().is_none_or(|(known, _)| *known != epoch) {
            let order =
                Draws::new(self.seed, Purpose::Order, epoch, 0).permutation(self.train.len());
            let order = order
                .into_iter()
                .map(|index| self.train[index as usize])
                .collect();
            self.order = Some((epoch, order));
        }
        let order = self.order.as_ref().map_or(&[][..], |(_, order)| order);
        let start = usize::try_from(within)
            .unwrap_or(usize::MAX)
            .saturating_mul(self.batch);
        &order[start..order.len().min(start + self.batch)]
    }

    #[allow(clippy::cast_precision_loss, reason = "fewer than 2^53 images")]
    fn score(
        &self,
        images: &crate::data::Images,
        places: &[u32],
        is_stopped: &dyn Fn() -> bool,
    ) -> Option<Score> {
        if places.is_empty() {
            return None;
        }
        let (mut loss, mut right) = (0.0, 0.0);
        for places in places.chunks(CALM_BATCH) {
            if is_stopped() {
                return None;
            }
            let (x, y) = self.normalization.batch(images, places, None);
            let (x, y) = (
                x.to_device(self.vars.device()),
                y.to_device(self.vars.device()),
            );
            tch::no_grad(|| {
                let logits = self.net.logits(&x, false);
                loss += cross_entropy(&logits, &y, Reduction::Sum).double_value(&[]);
                right += logits
                    .argmax(-1, false)
                    .eq_tensor(&y)
                    .sum(Kind::Float)
                    .double_value(&[]);
            });
        }
        let count = places.len() as f64;
        Some(Score {
            loss: loss / count,
            metric: right / count,
        })
    }
}

impl Learner for ImageTask {
    fn description(&self) -> Description {
        let [train, valid, test] = [self.train.len(), self.set.valid.len(), self.set.test.len()];
        let tests = match test {
            0 => "no test images".to_owned(),
            _ => format!("{test} test images"),
        };
        Description {
            data: format!(
                "{}: {train} training and {valid} validation images, {tests}",
                self.set.name
            ),
            is_synthetic: self.set.is_synthetic,
            net: self.net.words(),
            parameters: self.vars.parameter_count(),
            train: train as u64,
            valid: valid as u64,
            test: test as u64,
            metric: Metric::Accuracy,
        }
    }

    fn vars(&self) -> &Vars {
        &self.vars
    }

    fn epoch_steps(&self) -> u64 {
        self.train.len().div_ceil(self.batch) as u64
    }

    fn loss(&mut self, step: u64) -> Tensor {
        let augmentation = self.augment.then_some(Augmentation {
            seed: self.seed,
            step,
        });
        let places = self.places(step).to_vec();
        let (x, y) = self
            .normalization
            .batch(&self.set.images, &places, augmentation);
        let device = self.vars.device();
        let logits = self.net.logits(&x.to_device(device), true);
        cross_entropy(&logits, &y.to_device(device), Reduction::Mean)
    }

    fn validate(&mut self, is_stopped: &dyn Fn() -> bool) -> Option<Score> {
        self.score(&self.set.images, &self.set.valid, is_stopped)
    }

    fn test(&mut self, is_stopped: &dyn Fn() -> bool) -> Option<Score> {
        let places: Vec<u32> = (0..u32::try_from(self.set.test.len()).unwrap_or(0)).collect();
        self.score(&self.set.test, &places, is_stopped)
    }

    /// Chance is one class in ten; two deviations above it are luck.
    #[allow(clippy::cast_precision_loss, reason = "fewer than 2^53 images")]
    fn is_at_chance(&self, point: &Point) -> bool {
        let deviation = (0.1 * 0.9 / self.set.valid.len().max(1) as f64).sqrt();
        point.metric <= 0.1 + 2.0 * deviation
    }

    fn memory(&self) -> Vec<(&'static str, Tensor)> {
        Vec::new()
    }

    fn remember(&mut self, _name: &str, _value: &Tensor) {}
}

fn cross_entropy(logits: &Tensor, labels: &Tensor, reduction: Reduction) -> Tensor {
    logits.cross_entropy_loss::<Tensor>(labels, None, reduction, -100, 0.0)
}
