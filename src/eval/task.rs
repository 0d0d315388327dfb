//! Networks and tasks: what `convnet(filters: 64)` and `cifar(convnet)` are, and what their bare names stand for.

use super::builtin::Given;
use super::lists::{outside, whole};
use super::{Evaluator, Result, Value};
use crate::builtin::Builtin;
use crate::check::task::{misfit, named_task, same_text, wrong_depth};
use crate::lab::message::Net;
use crate::lab::{Source, TRAIN_TEXT, Task, VALID_TEXT};
use crate::source::Span;
use std::rc::Rc;

/// The most units of a layer, and the most layers.
const MOST: f64 = 65_536.0;

impl Evaluator<'_> {
    /// A network with the parameters that are given.
    pub(super) fn net(&self, builtin: Builtin, given: &Given, span: Span) -> Result<Value> {
        let mut net = default_net(builtin);
        match &mut net {
            Net::Logistic => {}
            Net::Mlp { hidden } => {
                if let Some((value, place)) = &given[0] {
                    *hidden = self
                        .number_or_numbers(value, *place)?
                        .into_iter()
                        .map(|units| size(units, "a hidden layer", *place))
                        .collect::<Result<_>>()?;
                }
            }
            Net::Convnet { filters, pool } => {
                set(filters, given.first(), "`filters` of `convnet`")?;
                if let Some(Some((Value::Bool(value), _))) = given.get(1) {
                    *pool = *value;
                }
            }
            Net::Wrn { depth, width } => {
                set(depth, given.first(), "`depth` of `wrn`")?;
                set(width, given.get(1), "`width` of `wrn`")?;
                if let Some(problem) = wrong_depth(f64::from(*depth), span) {
                    return Err(Box::new(problem));
                }
            }
            Net::Lstm { units, dropout } => {
                set(units, given.first(), "`units` of `lstm`")?;
                if let Some(Some((Value::Num(value), _))) = given.get(1) {
                    *dropout = *value;
                }
            }
        }
        Ok(Value::Net(Rc::new(net)))
    }

    /// A network with its data.
    pub(super) fn data(&self, builtin: Builtin, given: &Given, span: Span) -> Result<Value> {
        let net = match given.first() {
            Some(Some((value, place))) => {
                let Some(net) = as_net(value) else {
                    return Err(self.unexpected(*place, "a network such as `convnet`"));
                };
                if let Some(problem) = misfit(builtin, net.subject(), *place) {
                    return Err(Box::new(problem));
                }
                net
            }
            Some(None) | None => bare_task(builtin).net,
        };
        let folder = match given.get(1) {
            Some(Some((Value::Str(folder), _))) => {
                // As all files that a program names, beside the program.
                Some(self.folder.join(&**folder).to_string_lossy().into_owned())
            }
            Some(_) | None => None,
        };
        let file = |index: usize| match given.get(index) {
            Some(Some((Value::Str(file), place))) => Some((file.to_string(), *place)),
            Some(_) | None => None,
        };
        let source = match builtin {
            Builtin::Cifar => Source::Cifar { folder },
            Builtin::Ptb => {
                let (train, valid) = (file(2), file(3));
                if let Some(problem) = same_text(
                    train.as_ref().map(|(file, _)| &**file),
                    valid.as_ref().map(|(file, place)| (&**file, *place)),
                    span,
                ) {
                    return Err(Box::new(problem));
                }
                Source::Ptb {
                    folder,
                    train: train
                        .map(|(file, _)| file)
                        .filter(|file| file != TRAIN_TEXT),
                    valid: valid
                        .map(|(file, _)| file)
                        .filter(|file| file != VALID_TEXT),
                }
            }
            _ => Source::Synthetic {
                examples: match given.get(1) {
                    Some(Some((Value::Num(count), place))) => {
                        let count = whole(*count, 1.0, 1e8, "`examples` of `synthetic`", *place)?;
                        Some(u32::try_from(count).unwrap_or(u32::MAX))
                    }
                    Some(_) | None => None,
                },
            },
        };
        Ok(Value::Task(Rc::new(Task { source, net })))
    }
}

/// The network with its data that a value stands for, by its bare name too.
pub(super) fn as_task(value: &Value) -> Option<Rc<Task>> {
    match value {
        Value::Task(task) => Some(Rc::clone(task)),
        Value::Builtin(builtin) if builtin.is_task() => Some(Rc::new(bare_task(*builtin))),
        Value::Str(text) => named_task(text).map(|builtin| Rc::new(bare_task(builtin))),
        _ => None,
    }
}

/// The network that a value stands for, by its bare name too.
pub(super) fn as_net(value: &Value) -> Option<Net> {
    match value {
        Value::Net(net) => Some((**net).clone()),
        Value::Builtin(builtin) if builtin.is_net() => Some(default_net(*builtin)),
        _ => None,
    }
}

fn default_net(builtin: Builtin) -> Net {
    match builtin {
        Builtin::Logistic => Net::Logistic,
        Builtin::Mlp => Net::Mlp { hidden: vec![100] },
        Builtin::Wrn => Net::SMALL_WRN,
        Builtin::Lstm => Net::SMALL_LSTM,
        _ => Net::CHILD,
    }
}

fn bare_task(builtin: Builtin) -> Task {
    match builtin {
        Builtin::Cifar => Task {
            source: Source::Cifar { folder: None },
            net: Net::CHILD,
        },
        Builtin::Ptb => Task {
            source: Source::Ptb {
                folder: None,
                train: None,
                valid: None,
            },
            net: Net::SMALL_LSTM,
        },
        _ => Task {
            source: Source::Synthetic { examples: None },
            net: Net::CHILD,
        },
    }
}

fn size(units: f64, what: &str, span: Span) -> Result<u32> {
    let units = whole(units, 1.0, MOST, what, span)?;
    u32::try_from(units).map_err(|_| outside(span, format!("{what} is too large"), "choose less"))
}

fn set(slot: &mut u32, given: Option<&Option<(Value, Span)>>, what: &str) -> Result<()> {
    if let Some(Some((Value::Num(value), place))) = given {
        *slot = size(*value, what, *place)?;
    }
    Ok(())
}
