//! Tasks: a network with its data, how it is trained, and what is measured.

mod checkpoint;
mod images;
mod text;
mod train;

pub use train::{Control, run};

use crate::data::{self, Corpus, ImageSet};
use crate::nets::Vars;
use images::ImageTask;
use nos::lab::message::{Data, Description, Failure, Net, Point, Settings, Task};
use std::rc::Rc;
use tch::{Device, Tensor};
use text::TextTask;

/// A network with its data, as the training loop sees them. Steps count through all epochs; what a step does depends on the seed and its number.
pub trait Learner {
    /// What it is.
    fn description(&self) -> Description;

    /// The network's parameters and buffers.
    fn vars(&self) -> &Vars;

    /// How many steps an epoch has.
    fn epoch_steps(&self) -> u64;

    /// The mean loss of a step's examples, with the way it came.
    fn loss(&mut self, step: u64) -> Tensor;

    /// Loss and metric on validation data; none where it was stopped.
    fn validate(&mut self, is_stopped: &dyn Fn() -> bool) -> Option<Score>;

    /// Loss and metric on test data; none where there are none or it was stopped.
    fn test(&mut self, is_stopped: &dyn Fn() -> bool) -> Option<Score>;

    /// Whether a point is no better than guessing.
    fn is_at_chance(&self, point: &Point) -> bool;

    /// What goes from step to step beside parameters and buffers.
    fn memory(&self) -> Vec<(&'static str, Tensor)>;

    /// Goes on with what [`Learner::memory`] gave.
    fn remember(&mut self, name: &str, value: &Tensor);
}

/// What was measured on data that are not trained on.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Score {
    /// The mean loss.
    pub loss: f64,
    /// The metric.
    pub metric: f64,
}

/// The data sets read last: trials of a sweep share them.
#[derive(Default, Debug)]
pub struct Library {
    images: Option<(Data, Rc<ImageSet>)>,
    text: Option<(Data, Rc<Corpus>)>,
}

impl Library {
    /// A task with a network before training.
    ///
    /// # Errors
    /// Broken data, a network that cannot be made or does not fit the data, settings that make no sense.
    pub fn learner(
        &mut self,
        task: &Task,
        settings: &Settings,
        seed: u64,
        device: Device,
    ) -> Result<Box<dyn Learner>, Failure> {
        check(task, settings)?;
        Ok(match &task.data {
            Data::Cifar { .. } | Data::SyntheticImages { .. } => {
                let set = self.images(&task.data)?;
                Box::new(ImageTask::new(set, &task.net, settings, seed, device)?)
            }
            Data::Text { .. } | Data::SyntheticText { .. } => {
                let corpus = self.text(&task.data)?;
                Box::new(TextTask::new(&corpus, &task.net, settings, seed, device)?)
            }
        })
    }

    /// What a task is, without training.
    ///
    /// # Errors
    /// As [`Library::learner`].
    pub fn describe(&mut self, task: &Task) -> Result<Description, Failure> {
        Ok(self
            .learner(task, &Settings::default(), 0, Device::Cpu)?
            .description())
    }

    fn images(&mut self, data: &Data) -> Result<Rc<ImageSet>, Failure> {
        match &self.images {
            Some((known, set)) if known == data => return Ok(Rc::clone(set)),
            // Two sets need not fit into memory.
            Some(_) | None => self.images = None,
        }
        let set = Rc::new(match data {
            Data::Cifar { folder } => data::cifar::read(folder)?,
            Data::SyntheticImages { examples } => data::shapes::make(*examples),
            Data::Text { .. } | Data::SyntheticText { .. } => unreachable!("texts are no images"),
        });
        self.images = Some((data.clone(), Rc::clone(&set)));
        Ok(set)
    }

    fn text(&mut self, data: &Data) -> Result<Rc<Corpus>, Failure> {
        match &self.text {
            Some((known, corpus)) if known == data => return Ok(Rc::clone(corpus)),
            Some(_) | None => {}
        }
        let corpus = Rc::new(match data {
            Data::Text { train, valid } => data::words::read(train, valid)?,
            Data::SyntheticText { words } => data::grammar::make(*words),
            Data::Cifar { .. } | Data::SyntheticImages { .. } => {
                unreachable!("images are no texts")
            }
        });
        self.text = Some((data.clone(), Rc::clone(&corpus)));
        Ok(corpus)
    }
}

/// Turns away what makes no sense before anything is read or allocated.
fn check(task: &Task, settings: &Settings) -> Result<(), Failure> {
    let (net, is_text) = match &task.net {
        Net::Logistic => ("logistic", false),
        Net::Mlp { .. } => ("mlp", false),
        Net::Convnet { .. } => ("convnet", false),
        Net::Wrn { .. } => ("wrn", false),
        Net::Lstm { .. } => ("lstm", true),
    };
    if is_text != matches!(task.data, Data::Text { .. } | Data::SyntheticText { .. }) {
        let [reads, found] = if is_text {
            ["text", "images"]
        } else {
            ["images", "text"]
        };
        return wrong(&format!(
            "the net `{net}` reads {reads}, and the data are {found}"
        ));
    }
    least("epochs", 1, settings.epochs)?;
    least("batch", 1, settings.batch)?;
    least("unroll", 1, settings.unroll)?;
    if let Some(examples) = settings.examples {
        least("examples", 1, examples)?;
    }
    if let Some(threads) = settings.threads {
        least("threads", 1, threads)?;
        most("threads", 1024, threads)?;
    }
    if !(settings.weight_decay.is_finite() && settings.weight_decay >= 0.0) {
        return wrong(&format!(
            "expected a number not below 0 as `weight_decay`, found {}",
            settings.weight_decay
        ));
    }
    if !(settings.checkpoint_every.is_finite() && settings.checkpoint_every >= 0.0) {
        return wrong(&format!(
            "expected a number not below 0 as `checkpoint_every`, found {}",
            settings.checkpoint_every
        ));
    }
    if let Some(norm) = settings.clip_norm
        && !(norm.is_finite() && norm > 0.0)
    {
        return wrong(&format!(
            "expected a number above 0 as `clip_norm`, found {norm}"
        ));
    }
    match task.data {
        Data::SyntheticImages { examples } => {
            least("examples", 20, examples)?;
            most("examples", 1_000_000, examples)?;
        }
        Data::SyntheticText { words } => {
            least("words", 1000, words)?;
            most("words", 100_000_000, words)?;
        }
        Data::Cifar { .. } | Data::Text { .. } => {}
    }
    check_net(&task.net)
}

fn check_net(net: &Net) -> Result<(), Failure> {
    match net {
        Net::Logistic => Ok(()),
        Net::Mlp { hidden } => hidden
            .iter()
            .try_for_each(|units| least("hidden", 1, *units)),
        Net::Convnet { filters, .. } => {
            least("filters", 1, *filters).and(most("filters", 10_000, *filters))
        }
        Net::Wrn { depth, width } => {
            least("width", 1, *width)?;
            most("width", 1000, *width)?;
            if *depth < 10 || *depth > 10_000 || *depth % 6 != 4 {
                return wrong(&format!(
                    "expected 10, 16, 22, … (6 n + 4) as `depth`, found {depth}"
                ));
            }
            Ok(())
        }
        Net::Lstm { units, dropout } => {
            least("units", 1, *units)?;
            most("units", 100_000, *units)?;
            if !(0.0..1.0).contains(dropout) {
                return wrong(&format!(
                    "expected a probability below 1 as `dropout`, found {dropout}"
                ));
            }
            Ok(())
        }
    }
}

fn least(name: &str, least: u32, found: u32) -> Result<(), Failure> {
    if found < least {
        return wrong(&format!(
            "expected at least {least} as `{name}`, found {found}"
        ));
    }
    Ok(())
}

fn most(name: &str, most: u32, found: u32) -> Result<(), Failure> {
    if found > most {
        return wrong(&format!(
            "expected at most {most} as `{name}`, found {found}"
        ));
    }
    Ok(())
}

fn wrong(message: &str) -> Result<(), Failure> {
    Err(Failure::Task {
        message: message.to_owned(),
    })
}
