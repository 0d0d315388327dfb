//! Ctrl-C.
//!
//! The first press asks the running job to stop, and it does so at its next sign of progress, keeping what is done. A
//! second press, or a press while nothing runs that could stop, ends a script at once; the prompt stays.

use std::sync::atomic::{AtomicBool, Ordering};

static PRESSED: AtomicBool = AtomicBool::new(false);
static IS_RUNNING: AtomicBool = AtomicBool::new(false);
static IS_PROMPT: AtomicBool = AtomicBool::new(false);

/// The process's one Ctrl-C key.
#[derive(Clone, Copy, Debug)]
pub struct Interrupt;

impl Interrupt {
    /// Listens from now on. Where the system has no such key, or someone else listens already, nothing is heard.
    pub fn listen() {
        let _ = ctrlc::set_handler(|| {
            let again = PRESSED.swap(true, Ordering::SeqCst);
            let is_idle = !IS_RUNNING.load(Ordering::SeqCst);
            if (again || is_idle) && !IS_PROMPT.load(Ordering::SeqCst) {
                std::process::exit(super::Exit::Stopped as i32);
            }
        });
    }

    /// Says that there is a prompt to come back to: no press ends the program.
    pub fn has_prompt() {
        IS_PROMPT.store(true, Ordering::SeqCst);
    }

    /// Runs a job that notices presses; earlier presses are forgotten at the prompt.
    pub fn during<T>(job: impl FnOnce() -> T) -> T {
        if IS_PROMPT.load(Ordering::SeqCst) {
            PRESSED.store(false, Ordering::SeqCst);
        }
        IS_RUNNING.store(true, Ordering::SeqCst);
        let result = job();
        IS_RUNNING.store(false, Ordering::SeqCst);
        result
    }

    /// Whether the key was pressed; at the prompt, since the last job began.
    pub fn was_pressed() -> bool {
        PRESSED.load(Ordering::Relaxed)
    }

    /// Forgets earlier presses.
    pub fn forget() {
        PRESSED.store(false, Ordering::SeqCst);
    }
}
