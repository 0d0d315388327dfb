//! The next word of a text.
//!
//! The text is cut into as many sequences as a step has, which are read side by side, `unroll` words a step; the network's memory goes from step to step, and
//! learning goes back to the step's first word.

use super::{Learner, Score};
use crate::data::Corpus;
use crate::data::batch::size;
use crate::nets::Vars;
use crate::nets::lstm::{Lstm, Memory};
use nos::lab::message::{Description, Failure, Metric, Net, Point, Settings};
use tch::{Device, Reduction, Tensor};

/// Sequences side by side where nothing is learned.
const CALM_BATCH: usize = 10;

/// A language model with its text.
pub(super) struct TextTask {
    words: String,
    is_synthetic: bool,
    vocabulary: usize,
    counts: [usize; 2],
    net: Lstm,
    vars: Vars,
    /// `[words, sequences]`.
    train: Tensor,
    valid: Tensor,
    unroll: i64,
    seed: u64,
    memory: Memory,
}

impl TextTask {
    /// A network before training.
    ///
    /// # Errors
    /// A network that reads no text, or more sequences than the text has words for.
    pub(super) fn new(
        corpus: &Corpus,
        net: &Net,
        settings: &Settings,
        seed: u64,
        device: Device,
    ) -> Result<Self, Failure> {
        let Net::Lstm { units, dropout } = net else {
            return Err(Failure::Task {
                message: "the data are text, which the net `lstm` reads".to_owned(),
            });
        };
        let used = settings
            .examples
            .map_or(usize::MAX, |examples| examples as usize);
        let words = &corpus.train[..corpus.train.len().min(used)];
        let batch = settings.batch as usize;
        if words.len() < 2 * batch {
            return Err(Failure::Task {
                message: format!(
                    "expected at least two words for each of {batch} sequences a step, found {}",
                    words.len()
                ),
            });
        }
        let mut vars = Vars::new(seed, device);
        let vocabulary = corpus.vocabulary.len();
        let net = Lstm::new(&mut vars, size(vocabulary), *units, *dropout);
        Ok(Self {
            words: format!(
                "{}: {} training and {} validation words, vocabulary of {vocabulary}",
                corpus.name,
                words.len(),
                corpus.valid.len()
            ),
            is_synthetic: corpus.is_synthetic,
            vocabulary,
            counts: [words.len(), corpus.valid.len()],
            memory: net.memory(size(batch)),
            net,
            vars,
            train: side_by_side(words, batch).to_device(device),
            valid: side_by_side(&corpus.valid, CALM_BATCH.min(corpus.valid.len() / 2).max(1))
                .to_device(device),
            unroll: settings.unroll.into(),
            seed,
        })
    }
}

impl Learner for TextTask {
    fn description(&self) -> Description {
        Description {
            data: self.words.clone(),
            is_synthetic: self.is_synthetic,
            net: self.net.words(),
            parameters: self.vars.parameter_count(),
            train: self.counts[0] as u64,
            valid: self.counts[1] as u64,
            test: 0,
            metric: Metric::Perplexity,
        }
    }

    fn vars(&self) -> &Vars {
        &self.vars
    }

    fn epoch_steps(&self) -> u64 {
        // The last word of a sequence is only ever the next one.
        let steps = (self.train.size()[0] - 1 + self.unroll - 1) / self.unroll;
        u64::try_from(steps).unwrap_or(0)
    }

    fn loss(&mut self, step: u64) -> Tensor {
        let within = step % self.epoch_steps();
        let sequences = self.train.size()[1];
        if within == 0 {
            self.memory = self.net.memory(sequences);
        }
        let masks = self.net.masks(self.seed, step, sequences);
        let start = i64::try_from(within).unwrap_or(0) * self.unroll;
        let (x, y) = part(&self.train, start, self.unroll);
        let mut memory = self.memory.detached();
        let logits = self.net.logits(&x, &mut memory, masks.as_ref());
        self.memory = memory.detached();
        cross_entropy(&logits, &y, Reduction::Mean)
    }

    #[allow(clippy::cast_precision_loss, reason = "fewer than 2^53 words")]
    fn validate(&mut self, is_stopped: &dyn Fn() -> bool) -> Option<Score> {
        let [words, sequences] = *self.valid.size() else {
            unreachable!("words lie side by side");
        };
        let (mut memory, mut loss, mut start) = (self.net.memory(sequences), 0.0, 0);
        while start < words - 1 {
            if is_stopped() {
                return None;
            }
            tch::no_grad(|| {
                let (x, y) = part(&self.valid, start, self.unroll);
                let logits = self.net.logits(&x, &mut memory, None);
                loss += cross_entropy(&logits, &y, Reduction::Sum).double_value(&[]);
            });
            start += self.unroll;
        }
        let loss = loss / ((words - 1) * sequences) as f64;
        Some(Score {
            loss,
            metric: loss.exp().min(f64::MAX),
        })
    }

    fn test(&mut self, _is_stopped: &dyn Fn() -> bool) -> Option<Score> {
        None
    }

    /// Guessing is every word as likely as any.
    #[allow(clippy::cast_precision_loss, reason = "fewer than 2^53 words")]
    fn is_at_chance(&self, point: &Point) -> bool {
        point.metric >= self.vocabulary as f64
    }

    fn memory(&self) -> Vec<(&'static str, Tensor)> {
        vec![
            ("said", self.memory.said.shallow_clone()),
            ("cells", self.memory.cells.shallow_clone()),
        ]
    }

    fn remember(&mut self, name: &str, value: &Tensor) {
        let value = value.to_device(self.vars.device());
        match name {
            "said" => self.memory.said = value,
            _ => self.memory.cells = value,
        }
    }
}

/// A text in so many sequences of the same length, `[words, sequences]`; what is left over at the end is not used.
fn side_by_side(words: &[u32], sequences: usize) -> Tensor {
    let len = words.len() / sequences;
    let words: Vec<i64> = words[..len * sequences]
        .iter()
        .map(|word| (*word).into())
        .collect();
    Tensor::from_slice(&words)
        .view([size(sequences), size(len)])
        .tr()
        .contiguous()
}

/// Words and the words after them, flat, from a step's first on.
fn part(words: &Tensor, start: i64, unroll: i64) -> (Tensor, Tensor) {
    let len = unroll.min(words.size()[0] - 1 - start);
    (
        words.narrow(0, start, len),
        words.narrow(0, start + 1, len).flatten(0, 1),
    )
}

fn cross_entropy(logits: &Tensor, words: &Tensor, reduction: Reduction) -> Tensor {
    logits.cross_entropy_loss::<Tensor>(words, None, reduction, -100, 0.0)
}
