//! Networks and tasks as the language writes them: `cifar(convnet)`, `ptb(lstm(units: 650))`.
//!
//! A task of the language names its data; where the files of these are is only asked when something is trained.

use super::message::{self, Data, Metric, Net, Settings};
use crate::op::number_text;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// The environment variable, and in words the option, that says where the files of data are.
pub const DATA_VARIABLE: &str = "NOS_DATA";

/// Images made from a seed, training and validation together, unless told otherwise.
const IMAGES: u32 = 12_000;

/// Words made from a seed, unless told otherwise.
const WORDS: u32 = 200_000;

/// What a network learns from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// Images, each of a class.
    Images,
    /// Words, each after those before it.
    Text,
}

/// A network and its data, by name.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The data.
    pub source: Source,
    /// The network.
    pub net: Net,
}

/// Data by name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Source {
    /// CIFAR-10.
    Cifar {
        /// Where its files are, where the program says so.
        folder: Option<String>,
    },
    /// Penn Treebank.
    Ptb {
        /// Where its files are, where the program says so.
        folder: Option<String>,
    },
    /// Made from a seed: images or text, as the network learns.
    Synthetic {
        /// How many images or words.
        examples: Option<u32>,
    },
}

impl Net {
    /// The paper's child network.
    pub const CHILD: Self = Self::Convnet {
        filters: 32,
        pool: true,
    };

    /// The language model of a size that a processor can bear.
    pub const SMALL_LSTM: Self = Self::Lstm {
        units: 200,
        dropout: 0.2,
    };

    /// The wide residual network of a size that a processor can bear.
    pub const SMALL_WRN: Self = Self::Wrn {
        depth: 16,
        width: 2,
    };

    /// What the network learns from.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Logistic | Self::Mlp { .. } | Self::Convnet { .. } | Self::Wrn { .. } => {
                Subject::Images
            }
            Self::Lstm { .. } => Subject::Text,
        }
    }

    /// The network with all that can be chosen: `convnet(filters: 32, pool: true)`.
    pub fn full_text(&self) -> String {
        match self {
            Self::Logistic => "logistic".to_owned(),
            Self::Mlp { hidden } => {
                let hidden: Vec<String> = hidden.iter().map(u32::to_string).collect();
                format!("mlp(hidden: [{}])", hidden.join(", "))
            }
            Self::Convnet { filters, pool } => format!("convnet(filters: {filters}, pool: {pool})"),
            Self::Wrn { depth, width } => format!("wrn(depth: {depth}, width: {width})"),
            Self::Lstm { units, dropout } => {
                format!("lstm(units: {units}, dropout: {})", number_text(*dropout))
            }
        }
    }

    /// What the network is, in a few words.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Logistic => "softmax regression on pixels",
            Self::Mlp { .. } => "fully connected layers with ReLU",
            Self::Convnet { pool: true, .. } => {
                "two 3x3 convolutions, each with ReLU, batch normalization and 2x2 maxima"
            }
            Self::Convnet { pool: false, .. } => {
                "two 3x3 convolutions, each with ReLU and batch normalization"
            }
            Self::Wrn { .. } => "a wide residual network",
            Self::Lstm { .. } => {
                "a language model: embedding, one LSTM, tied output, variational dropout"
            }
        }
    }
}

/// As the language writes it; what is the default is left out.
impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = self.full_text();
        let is_default = *self == Self::CHILD;
        f.write_str(if is_default { "convnet" } else { &full })
    }
}

impl Task {
    /// What the network learns from.
    pub fn subject(&self) -> Subject {
        self.net.subject()
    }

    /// What is measured.
    pub fn metric(&self) -> Metric {
        match self.subject() {
            Subject::Images => Metric::Accuracy,
            Subject::Text => Metric::Perplexity,
        }
    }

    /// The task without where its files are: what trainings are compared by.
    pub fn name(&self) -> String {
        let net = &self.net;
        match &self.source {
            Source::Cifar { .. } => format!("cifar({net})"),
            Source::Ptb { .. } => format!("ptb({net})"),
            Source::Synthetic { examples: None } => format!("synthetic({net})"),
            Source::Synthetic {
                examples: Some(examples),
            } => format!("synthetic({net}, examples: {examples})"),
        }
    }

    /// How the task is trained where nothing else is asked for: the paper's batches, and for text its bound on gradients.
    pub fn settings(&self) -> Settings {
        let settings = Settings::default();
        match self.subject() {
            Subject::Images => Settings {
                batch: 100,
                augment: matches!(self.net, Net::Wrn { .. }),
                ..settings
            },
            Subject::Text => Settings {
                batch: 64,
                unroll: 35,
                clip_norm: Some(5.0),
                ..settings
            },
        }
    }

    /// The task with its files found: in the folder the program names, else in `folder`, or in the folders there that usually hold them.
    ///
    /// # Errors
    /// Where the files were looked for and are not, or that no folder is known.
    pub fn located(
        &self,
        folder: Option<&Path>,
        is_file: &dyn Fn(&Path) -> bool,
    ) -> Result<message::Task, MissingData> {
        let data = match &self.source {
            Source::Cifar { folder: own } => Data::Cifar {
                folder: find(
                    ("CIFAR-10", "data_batch_1.bin"),
                    own.as_deref().map(Path::new).or(folder),
                    &["", "cifar-10-batches-bin", "cifar10", "cifar"],
                    is_file,
                )?,
            },
            Source::Ptb { folder: own } => {
                let folder = find(
                    ("the Penn Treebank", "ptb.train.txt"),
                    own.as_deref().map(Path::new).or(folder),
                    &["", "ptb", "simple-examples/data"],
                    is_file,
                )?;
                Data::Text {
                    train: folder.join("ptb.train.txt"),
                    valid: folder.join("ptb.valid.txt"),
                }
            }
            Source::Synthetic { examples } => match self.subject() {
                Subject::Images => Data::SyntheticImages {
                    examples: examples.unwrap_or(IMAGES),
                },
                Subject::Text => Data::SyntheticText {
                    words: examples.unwrap_or(WORDS),
                },
            },
        };
        Ok(message::Task {
            data,
            net: self.net.clone(),
        })
    }
}

/// As the language writes it.
impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match &self.source {
            Source::Cifar {
                folder: Some(folder),
            }
            | Source::Ptb {
                folder: Some(folder),
            } => write!(
                f,
                "{}, data: {folder:?})",
                name.strip_suffix(')').unwrap_or(&name)
            ),
            Source::Cifar { folder: None }
            | Source::Ptb { folder: None }
            | Source::Synthetic { .. } => f.write_str(&name),
        }
    }
}

/// Data whose files are not there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissingData {
    /// The data, in words.
    pub what: &'static str,
    /// The file that was looked for.
    pub file: &'static str,
    /// The folder it was looked for in; none where none is known.
    pub folder: Option<PathBuf>,
}

impl fmt::Display for MissingData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, file, folder } = self;
        match folder {
            Some(folder) => write!(f, "no `{file}` of {what} in `{}`", folder.display()),
            None => write!(f, "no folder of {what} is known"),
        }
    }
}

fn find(
    (what, file): (&'static str, &'static str),
    folder: Option<&Path>,
    places: &[&str],
    is_file: &dyn Fn(&Path) -> bool,
) -> Result<PathBuf, MissingData> {
    let missing = MissingData {
        what,
        file,
        folder: folder.map(Path::to_path_buf),
    };
    let folder = folder.ok_or_else(|| missing.clone())?;
    places
        .iter()
        .map(|place| match *place {
            "" => folder.to_path_buf(),
            place => folder.join(place),
        })
        .find(|folder| is_file(&folder.join(file)))
        .ok_or(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_where_they_usually_are() {
        let task = Task {
            source: Source::Cifar { folder: None },
            net: Net::CHILD,
        };
        let there = Path::new("/data/cifar-10-batches-bin/data_batch_1.bin");
        let found = task.located(Some(Path::new("/data")), &|path| path == there);
        let folder = PathBuf::from("/data/cifar-10-batches-bin");
        assert_eq!(found.map(|task| task.data), Ok(Data::Cifar { folder }));
        let nowhere = task.located(Some(Path::new("/data")), &|_| false);
        assert_eq!(
            nowhere.map_err(|error| error.to_string()),
            Err("no `data_batch_1.bin` of CIFAR-10 in `/data`".to_owned())
        );
        assert!(task.located(None, &|_| true).is_err());
    }

    #[test]
    fn names_leave_out_defaults_and_folders() {
        let task = Task {
            source: Source::Cifar {
                folder: Some("a \"b\"".to_owned()),
            },
            net: Net::CHILD,
        };
        assert_eq!(task.name(), "cifar(convnet)");
        assert_eq!(task.to_string(), "cifar(convnet, data: \"a \\\"b\\\"\")");
        let task = Task {
            source: Source::Synthetic {
                examples: Some(500),
            },
            net: Net::Mlp {
                hidden: vec![10, 20],
            },
        };
        assert_eq!(
            task.to_string(),
            "synthetic(mlp(hidden: [10, 20]), examples: 500)"
        );
    }
}
