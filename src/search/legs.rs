//! The legs of a search, one after another or several at a time.
//!
//! A leg depends on its policy and seed alone, so neither how many are at work nor who is done first changes what comes of it. Legs that train networks share
//! the workers and go one after another; on test functions as many are at work as there are cores.

use super::run::{self, Outcome, Tools};
use super::spec::{SearchError, Spec};
use super::task::Task;
use std::ops::ControlFlow;

/// All legs of a search, in their order; of one that was stopped, those with trials.
pub(super) fn all(spec: &Spec, tools: &mut Tools<'_>) -> Result<Vec<Outcome>, SearchError> {
    let has_nets = spec.tasks.iter().any(|task| matches!(task, Task::Net(_)));
    let mut outcomes = if has_nets {
        in_turn(spec, tools)?
    } else {
        at_once(spec, tools)?
    };
    // What had not begun has nothing to tell, unless nothing had.
    let is_begun = |outcome: &Outcome| outcome.trials > 0 || outcome.leg.index == 0;
    if !outcomes.iter().all(|outcome| outcome.is_complete) {
        outcomes.retain(is_begun);
    }
    Ok(outcomes)
}

pub(super) fn in_turn(spec: &Spec, tools: &mut Tools<'_>) -> Result<Vec<Outcome>, SearchError> {
    let mut outcomes = Vec::new();
    let mut is_stopped = false;
    for leg in spec.legs() {
        let progress = &mut *tools.progress;
        let mut tools = Tools {
            crew: &mut *tools.crew,
            journal: &mut *tools.journal,
            // Legs that come after one that was stopped may have trials all the same, and are told.
            progress: &mut |now| {
                if is_stopped {
                    return ControlFlow::Break(());
                }
                progress(now)
            },
        };
        let outcome = run::run(spec, leg, &mut tools)?;
        is_stopped |= !outcome.is_complete;
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

#[cfg(not(feature = "threads"))]
use in_turn as at_once;

#[cfg(feature = "threads")]
use super::side_by_side::at_once;
