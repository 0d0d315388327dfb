//! The state of a trial in a folder, and going on from it.
//!
//! `state-STEP.safetensors` has parameters, buffers, what the network carries from step to step, and the state of the optimizer; `trial.json` says whose it is and
//! how far it has come. The second is replaced in one go once the first is whole, so that a stop at any moment leaves a state that fits together. There is no
//! state of random numbers: draws depend on seed and step.

use super::Learner;
use super::train::Progress;
use crate::optimizer::Optimizer;
use nos::lab::message::{Failure, Trial};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use tch::Tensor;

/// The version of what is written here.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: u32,
    trial: Trial,
    state: String,
    progress: Progress,
}

/// Writes the state of a trial.
pub(super) fn save(
    trial: &Trial,
    folder: &Path,
    learner: &dyn Learner,
    optimizer: &Optimizer,
    progress: &Progress,
) -> Result<(), Failure> {
    let wrong = |path: &Path, what: &dyn std::fmt::Display| failure(path, &what.to_string());
    fs::create_dir_all(folder).map_err(|error| wrong(folder, &error))?;
    let name = format!("state-{}.safetensors", progress.step);
    let (state, part) = (folder.join(&name), folder.join(format!("{name}.part")));
    let mut tensors: Vec<(String, Tensor)> = learner
        .vars()
        .named()
        .map(|(name, tensor)| (format!("net.{name}"), tensor.detach().contiguous()))
        .collect();
    tensors.extend(
        learner
            .memory()
            .into_iter()
            .map(|(name, tensor)| (format!("memory.{name}"), tensor.contiguous())),
    );
    let slots = optimizer.save().into_iter();
    tensors.extend(slots.map(|(name, tensor)| (format!("optimizer.{name}"), tensor.contiguous())));
    Tensor::write_safetensors(&tensors, &part).map_err(|error| wrong(&part, &error))?;
    finish(&part, &state).map_err(|error| wrong(&state, &error))?;

    let record = Record {
        format: FORMAT,
        trial: trial.clone(),
        state: name,
        progress: progress.clone(),
    };
    let (path, part) = (folder.join("trial.json"), folder.join("trial.json.part"));
    let text = serde_json::to_vec_pretty(&record).map_err(|error| wrong(&path, &error))?;
    fs::write(&part, text).map_err(|error| wrong(&part, &error))?;
    finish(&part, &path).map_err(|error| wrong(&path, &error))?;
    forget(folder, &state);
    Ok(())
}

/// Goes on from the state of the trial, if there is one.
pub(super) fn load(
    trial: &Trial,
    folder: &Path,
    learner: &mut dyn Learner,
    optimizer: &mut Optimizer,
) -> Result<Option<Progress>, Failure> {
    let path = folder.join("trial.json");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failure(&path, &error.to_string())),
    };
    let record: Record = serde_json::from_str(&text)
        .map_err(|error| failure(&path, &format!("it is damaged: {error}")))?;
    if record.format != FORMAT {
        let what = format!("expected format {FORMAT}, found {}", record.format);
        return Err(failure(&path, &what));
    }
    if let Some(what) = difference(trial, &record.trial) {
        return Err(failure(
            &path,
            &format!("it belongs to another trial: {what}"),
        ));
    }
    let state = folder.join(&record.state);
    let tensors =
        Tensor::read_safetensors(&state).map_err(|error| failure(&state, &error.to_string()))?;
    let mut tensors: HashMap<String, Tensor> = tensors.into_iter().collect();
    let mut fill = |name: String, tensor: &Tensor| match tensors.remove(&name) {
        Some(saved) if saved.size() == tensor.size() && saved.kind() == tensor.kind() => {
            tch::no_grad(|| tensor.shallow_clone().copy_(&saved));
            Ok(())
        }
        Some(_) | None => Err(failure(
            &state,
            &format!("`{name}` is missing or has another shape"),
        )),
    };
    for (name, tensor) in learner.vars().named() {
        fill(format!("net.{name}"), tensor)?;
    }
    for (name, tensor) in learner.memory() {
        let value = tensor.copy();
        fill(format!("memory.{name}"), &value)?;
        learner.remember(name, &value);
    }
    let slots = tensors
        .into_iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix("optimizer.")?.to_owned(), tensor)));
    let loaded = optimizer.load(
        record.progress.step,
        slots.collect(),
        learner.vars().params(),
    );
    loaded.map_err(|what| failure(&state, &what))?;
    Ok(Some(record.progress))
}

/// In what two trials differ, if they would not end the same. Where and with how many threads a trial runs, and how often
/// its state is written, is not part of what it is.
fn difference(trial: &Trial, saved: &Trial) -> Option<String> {
    let bare = |trial: &Trial| {
        let mut settings = trial.settings.clone();
        (settings.device, settings.threads) = (None, None);
        settings.checkpoint_every = 0.0;
        settings
    };
    let numbers = [
        (
            "learning rate",
            trial.rate.to_string(),
            saved.rate.to_string(),
        ),
        ("seed", trial.seed.to_string(), saved.seed.to_string()),
        ("rule", trial.rule.clone(), saved.rule.clone()),
        (
            "schedule",
            format!("{:?}", trial.schedule),
            format!("{:?}", saved.schedule),
        ),
        (
            "task",
            format!("{:?}", trial.task),
            format!("{:?}", saved.task),
        ),
        (
            "settings",
            format!("{:?}", bare(trial)),
            format!("{:?}", bare(saved)),
        ),
    ];
    let differing = numbers
        .into_iter()
        .find(|(_, expected, found)| expected != found);
    differing
        .map(|(name, expected, found)| format!("expected the {name} {expected}, found {found}"))
}

/// Makes sure that a file is on the disk, then gives it its name.
fn finish(part: &Path, path: &Path) -> io::Result<()> {
    File::open(part)?.sync_all()?;
    fs::rename(part, path)
}

/// Removes states that nothing refers to any more; one that cannot be removed does no harm.
fn forget(folder: &Path, kept: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_old = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path != kept && name.starts_with("state-") && name.contains(".safetensors")
    };
    for path in paths.filter(is_old) {
        let _ = fs::remove_file(path);
    }
}

fn failure(path: &Path, what: &str) -> Failure {
    Failure::Checkpoint {
        message: format!("`{}`: {what}", path.display()),
    }
}
