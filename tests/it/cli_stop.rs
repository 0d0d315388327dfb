//! Ctrl-C outside the prompt.
//!
//! A process is only interrupted once it has shown that it is under way, so that no test depends on time.
#![cfg(unix)]

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};
use std::path::Path;
use std::process::Command;

const LIMIT_MS: u64 = 60_000;

/// Starts `nos` in a pseudo-terminal: its Ctrl-C is the terminal's own.
fn start(folder: &Path, args: &[&str]) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nos"));
    command
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("TERM", "xterm-256color");
    spawn_command(command, Some(LIMIT_MS)).unwrap()
}

#[test]
fn stopped_script_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let code = "print(\"begun\")\nfor i in range(1e7) { let x = i }";
    let mut session = start(folder.path(), &["-e", code]);
    session.exp_string("begun").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("error[E0506]: stopped").unwrap();
    session.exp_eof().unwrap();
    let status = session.process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Exited(_, 1)), "{status:?}");
}

/// Nothing is worth keeping here: the signal ends the program as it does any other.
#[test]
fn filter_that_waits_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = start(folder.path(), &["tokens"]);
    session.send_line("oops").unwrap();
    session.exp_string("E0301").unwrap();
    session.send_control('c').unwrap();
    session.exp_eof().unwrap();
    let status = session.process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Signaled(..)), "{status:?}");
}
