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

/// The file of the Penn Treebank that is trained on, unless told otherwise.
pub(crate) const TRAIN_TEXT: &str = "ptb.train.txt";

/// The file of the Penn Treebank that is validated on, unless told otherwise.
pub(crate) const VALID_TEXT: &str = "ptb.valid.txt";

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
        /// The text to train on, where it is not `ptb.train.txt`.
        train: Option<String>,
        /// The text to validate on, where it is not `ptb.valid.txt`.
        valid: Option<String>,
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

    /// The task without where its files are: what trainings are compared by. Which files they are is part of it, since other words are another task.
    pub fn name(&self) -> String {
        let net = &self.net;
        match &self.source {
            Source::Cifar { .. } => format!("cifar({net})"),
            Source::Ptb { train, valid, .. } => {
                let file = |name: &str, file: &Option<String>| match file {
                    Some(file) => format!(", {name}: {file:?}"),
                    None => String::new(),
                };
                format!("ptb({net}{}{})", file("train", train), file("valid", valid))
            }
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
            Source::Ptb {
                folder: own,
                train,
                valid,
            } => {
                let folder = own.as_deref().map(Path::new).or(folder);
                let file = |file: &Option<String>, usual: &str| -> Result<PathBuf, MissingData> {
                    let file = file.as_deref().unwrap_or(usual);
                    let places = ["", "ptb", "simple-examples/data"];
                    let found = find(("the Penn Treebank", file), folder, &places, is_file);
                    let missing = |missing| MissingData {
                        has_choice: true,
                        ..missing
                    };
                    Ok(found.map_err(missing)?.join(file))
                };
                Data::Text {
                    train: file(train, TRAIN_TEXT)?,
                    valid: file(valid, VALID_TEXT)?,
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
                ..
            } => write!(
                f,
                "{}, data: {folder:?})",
                name.strip_suffix(')').unwrap_or(&name)
            ),
            Source::Cifar { folder: None }
            | Source::Ptb { folder: None, .. }
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
    pub file: String,
    /// The folder it was looked for in; none where none is known.
    pub folder: Option<PathBuf>,
    /// Whether the task can be told to take other files.
    pub has_choice: bool,
}

impl MissingData {
    /// What to do.
    pub fn help(&self) -> String {
        let choice = "other files are chosen by `ptb(train: \"FILE\", valid: \"FILE\")`";
        match (self.has_choice, &self.folder) {
            (true, Some(_)) => format!("{choice}; another folder by `data: \"DIR\"`, `--data DIR` or NOS_DATA=DIR"),
            (true, None) => format!("name the folder: `data: \"DIR\"`, `--data DIR` or NOS_DATA=DIR; {choice}"),
            (false, _) => "name the folder: `data: \"DIR\"`, `--data DIR` or NOS_DATA=DIR; `synthetic(net)` needs no files".to_owned(),
        }
    }
}

impl fmt::Display for MissingData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what, file, folder, ..
        } = self;
        match folder {
            Some(folder) => write!(f, "no `{file}` of {what} in `{}`", folder.display()),
            None => write!(f, "no folder of {what} is known"),
        }
    }
}

fn find(
    (what, file): (&'static str, &str),
    folder: Option<&Path>,
    places: &[&str],
    is_file: &dyn Fn(&Path) -> bool,
) -> Result<PathBuf, MissingData> {
    let missing = MissingData {
        what,
        file: file.to_owned(),
        folder: folder.map(Path::to_path_buf),
        has_choice: false,
    };
    // A file with its whole path is in no folder.
    let root = Path::new(file).is_absolute().then_some(Path::new(""));
    let folder = root.or(folder).ok_or_else(|| missing.clone())?;
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
    fn texts_are_those_that_are_chosen() {
        let ptb = |train: Option<&str>, valid: Option<&str>| Task {
            source: Source::Ptb {
                folder: None,
                train: train.map(str::to_owned),
                valid: valid.map(str::to_owned),
            },
            net: Net::SMALL_LSTM,
        };
        let is_file = |path: &Path| {
            ["ptb.valid.txt", "ptb.test.txt", "all.txt"]
                .iter()
                .any(|name| path == Path::new("/data/ptb").join(name))
        };
        let located = |task: &Task, folder: Option<&str>| {
            task.located(folder.map(Path::new), &is_file)
                .map(|task| task.data)
                .map_err(|missing| (missing.to_string(), missing.help()))
        };
        let text = |train: &str, valid: &str| {
            Ok(Data::Text {
                train: train.into(),
                valid: valid.into(),
            })
        };
        let chosen = ptb(Some("ptb.valid.txt"), Some("ptb.test.txt"));
        assert_eq!(
            located(&chosen, Some("/data")),
            text("/data/ptb/ptb.valid.txt", "/data/ptb/ptb.test.txt")
        );
        assert_eq!(
            chosen.to_string(),
            "ptb(lstm(units: 200, dropout: 0.2), train: \"ptb.valid.txt\", valid: \"ptb.test.txt\")"
        );
        // Whole paths need no folder.
        let whole = ptb(Some("/data/ptb/all.txt"), Some("/data/ptb/ptb.test.txt"));
        assert_eq!(
            located(&whole, None),
            text("/data/ptb/all.txt", "/data/ptb/ptb.test.txt")
        );
        let missing = |task: &Task| located(task, Some("/data")).map_err(|(what, _)| what);
        let what = |file: &str| Err(format!("no `{file}` of the Penn Treebank in `/data`"));
        assert_eq!(missing(&ptb(None, None)), what("ptb.train.txt"));
        assert_eq!(
            missing(&ptb(Some("all.txt"), Some("none.txt"))),
            what("none.txt")
        );
        for folder in [None, Some("/data")] {
            let help = located(&ptb(None, None), folder).map_err(|(_, help)| help);
            assert!(
                help.is_err_and(|help| help.contains("`ptb(train: \"FILE\", valid: \"FILE\")`"))
            );
        }
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
