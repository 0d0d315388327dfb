//! What `nos` and `nos-lab` say to each other: one JSON object a line, requests on the lab's standard input, events on its standard
//! output. What the lab writes to standard error is for people.
//!
//! One request trains one network with one rule, one learning rate and one seed: a trial. Sweeps, seeds and verdicts are made of trials by the
//! side that asks, so a lab that dies takes no more than the trial at work with it.
//!
//! JSON has no word for a number that is not finite: losses and metrics that are none are `null`.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The version of these messages; both sides must have the same.
pub const VERSION: u32 = 2;

/// What `nos` asks for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Request {
    /// Train a network; trials are done one after another in the order they come.
    Train(Box<Trial>),
    /// Stop a trial, the one at work or one that waits. Its answer is [`Event::Failed`] with [`Failure::Cancelled`].
    Cancel {
        /// The trial.
        trial: u64,
    },
    /// Describe a task without training: [`Event::Described`], or [`Event::Rejected`] where it cannot be.
    Describe(Box<Task>),
    /// Finish: what is at work is cancelled. The end of standard input says the same.
    Quit,
}

/// One network, trained once.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// What events call it.
    pub id: u64,
    /// What is trained, on what.
    pub task: Task,
    /// The rule, in the language, complete by itself.
    pub rule: String,
    /// The learning rate.
    pub rate: f64,
    /// What multiplies the learning rate at each step, in the language; `t` and `T` are steps.
    pub schedule: Option<String>,
    /// The seed of weights, order of examples, augmentation, dropout and the rule's own noise.
    pub seed: u64,
    /// For how long, and how.
    pub settings: Settings,
    /// A folder for the state of the trial, written now and then, after every epoch and at a cancel. A trial that finds its state there goes on from it, and ends as if it
    /// had never been interrupted.
    pub checkpoint: Option<PathBuf>,
}

/// A network and its data.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The data.
    pub data: Data,
    /// The network.
    pub net: Net,
}

/// What is learned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Data {
    /// CIFAR-10 in its original binary layout, from a folder.
    Cifar {
        /// The folder of `data_batch_1.bin` and the others.
        folder: PathBuf,
    },
    /// Images made from a seed: ten classes of shapes under shift, colour and noise, 32x32x3, as many as `examples`.
    SyntheticImages {
        /// Training and validation images together.
        examples: u32,
    },
    /// Words, from files in the layout of the Penn Treebank: a sentence a line.
    Text {
        /// Text to train on.
        train: PathBuf,
        /// Text to validate on.
        valid: PathBuf,
    },
    /// Sentences of a small grammar with agreement over distance, made from a seed.
    SyntheticText {
        /// Words to train on; a tenth more to validate on.
        words: u32,
    },
}

/// A network.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Net {
    /// Softmax regression on pixels.
    Logistic,
    /// Fully connected layers with rectifiers.
    Mlp {
        /// Units of each hidden layer.
        hidden: Vec<u32>,
    },
    /// The paper's child (section 4.2): two 3x3 convolutions, each with a rectifier and batch normalization.
    Convnet {
        /// Filters of each layer; 32 in the paper.
        filters: u32,
        /// Whether 2x2 maxima follow each layer; the paper does not say.
        pool: bool,
    },
    /// A wide residual network (Zagoruyko and Komodakis, 2016): `depth` 6 n + 4, `width` times 16, 32, 64 filters.
    Wrn {
        /// Layers.
        depth: u32,
        /// Widening factor.
        width: u32,
    },
    /// A language model: embedding, one LSTM, output tied to the embedding, variational dropout.
    Lstm {
        /// Units of the LSTM and of the embedding.
        units: u32,
        /// The probability that a unit is dropped.
        dropout: f64,
    },
}

/// For how long a network is trained, and how.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Passes over the training examples.
    pub epochs: u32,
    /// Training examples used, the first so many of a fixed order; all where none is given.
    pub examples: Option<u32>,
    /// Examples a step; sequences a step for text.
    pub batch: u32,
    /// Words a step looks back over (text).
    pub unroll: u32,
    /// Whether images are shifted and mirrored at random.
    pub augment: bool,
    /// The gradient gets this times the weight.
    pub weight_decay: f64,
    /// Gradients of a greater norm, all tensors together, are scaled to it.
    pub clip_norm: Option<f64>,
    /// Whether a run that has not left chance after its first epoch ends there.
    pub early_stop: bool,
    /// Whether the network is tested on the test set at the end too.
    pub test: bool,
    /// `cpu` or `cuda`, with or without a number: `cuda:1`. The best there is where none is given.
    pub device: Option<String>,
    /// Threads; all cores where none is given.
    pub threads: Option<u32>,
    /// Seconds after which the state is written within an epoch too, where there is a folder for it; at 0 after every step.
    pub checkpoint_every: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 1,
            examples: None,
            batch: 100,
            unroll: 35,
            augment: false,
            weight_decay: 0.0,
            clip_norm: None,
            early_stop: true,
            test: false,
            device: None,
            threads: None,
            checkpoint_every: 30.0,
        }
    }
}

/// What `nos-lab` says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Event {
    /// The first line: the lab is there.
    Ready {
        /// [`VERSION`].
        version: u32,
        /// The version of libtorch.
        torch: String,
        /// What it trains on: `cpu`, `cuda:0`.
        device: String,
    },
    /// What a task is.
    Described(Description),
    /// A trial begins.
    Started {
        /// The trial.
        trial: u64,
        /// What is trained.
        task: Description,
        /// Steps in all.
        steps: u64,
        /// The first step to do: not 0 where a checkpoint was found.
        from: u64,
    },
    /// A trial goes on; a few times a second at most.
    Progress {
        /// The trial.
        trial: u64,
        /// Steps done.
        step: u64,
        /// The training loss, smoothed.
        #[serde(deserialize_with = "number")]
        loss: f64,
        /// Seconds of training until now.
        seconds: f64,
    },
    /// An epoch is over.
    Epoch {
        /// The trial.
        trial: u64,
        /// What was measured.
        point: Point,
    },
    /// A trial is over.
    Done {
        /// The trial.
        trial: u64,
        /// What came of it.
        outcome: Outcome,
    },
    /// A trial could not be done, or was cancelled.
    Failed {
        /// The trial.
        trial: u64,
        /// Why.
        failure: Failure,
    },
    /// A request that is none.
    Rejected {
        /// What is wrong with the line.
        message: String,
    },
}

/// A task, as it is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The data in words: `CIFAR-10, 18000 training and 2000 validation images`, `synthetic images, …`.
    pub data: String,
    /// Whether the data were made from a seed.
    pub is_synthetic: bool,
    /// The network in words, with what the paper leaves open.
    pub net: String,
    /// Parameters of the network.
    pub parameters: u64,
    /// Training examples (words of text).
    pub train: u64,
    /// Validation examples.
    pub valid: u64,
    /// Test examples.
    pub test: u64,
    /// What is measured on validation data.
    pub metric: Metric,
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The share of examples that are classified rightly; more is better.
    Accuracy,
    /// e^(mean cross-entropy of a word); less is better.
    Perplexity,
}

/// A network between two epochs.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Epochs done.
    pub epoch: u32,
    /// Steps done.
    pub step: u64,
    /// The mean training loss of the epoch.
    #[serde(deserialize_with = "number")]
    pub loss: f64,
    /// The loss on validation data.
    #[serde(deserialize_with = "number")]
    pub valid_loss: f64,
    /// The metric on validation data.
    #[serde(deserialize_with = "number")]
    pub metric: f64,
    /// Seconds of training until now, validation not counted.
    pub seconds: f64,
}

/// What came of a trial.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Why it ended.
    pub end: End,
    /// One point an epoch.
    pub curve: Vec<Point>,
    /// The metric on test data, where it was asked for and the run came to its end.
    pub test: Option<f64>,
    /// Steps done.
    pub steps: u64,
    /// Seconds of training, validation not counted.
    pub seconds: f64,
    /// Bytes of optimizer state.
    pub state_bytes: u64,
    /// Of the seconds of training, those of the optimizer.
    pub optimizer_seconds: f64,
}

/// Why a trial ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// All steps were done.
    Finished,
    /// The loss, a gradient or a weight was not finite.
    Diverged {
        /// After how many steps.
        step: u64,
    },
    /// It had not left chance.
    AtChance {
        /// After how many steps.
        step: u64,
    },
}

/// Why a trial could not be done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Failure {
    /// It was cancelled.
    Cancelled,
    /// The data are missing or broken.
    Data {
        /// Which file, and what is wrong.
        message: String,
    },
    /// The rule or its schedule cannot be used.
    Rule {
        /// Why not.
        message: String,
    },
    /// The task or a setting makes no sense.
    Task {
        /// Why not.
        message: String,
    },
    /// The library of tensors failed: no memory, no such device.
    Torch {
        /// What it said.
        message: String,
    },
    /// The checkpoint cannot be written or is of another trial.
    Checkpoint {
        /// Which file, and what is wrong.
        message: String,
    },
}

/// A number that may be `null`, which stands for one that is not finite.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Nothing(()),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Number(value) => value,
        Written::Nothing(()) => f64::NAN,
    })
}
