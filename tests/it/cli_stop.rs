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

/// Waits for a text, presses Ctrl-C, and gives what comes then and how the process ended.
#[track_caller]
fn stop_after(text: &str, args: &[&str]) -> (String, WaitStatus) {
    let folder = tempfile::tempdir().unwrap();
    let mut session = start(folder.path(), args);
    session.exp_string(text).unwrap();
    session.send_control('c').unwrap();
    let rest = session.exp_eof().unwrap();
    (rest, session.process().wait().unwrap())
}

#[track_caller]
fn check_stopped(status: WaitStatus) {
    assert!(matches!(status, WaitStatus::Exited(_, 1)), "{status:?}");
}

#[test]
fn stopped_bench_prints_what_is_done() {
    let race = ["bench", "sgd", "--on", "rosenbrock", "--lr", "1e-9"];
    let args = [&race[..], &["--steps", "1000000000"]].concat();
    let (rest, status) = stop_after(" %  ", &args);
    assert!(
        rest.contains("stopped early") && rest.contains("momentum"),
        "{rest}"
    );
    check_stopped(status);
}

#[test]
fn stopped_script_says_where() {
    let code = "print(\"begun\")\nfor i in range(1e7) { let x = i }";
    let (rest, status) = stop_after("begun", &["-e", code]);
    assert!(rest.contains("error[E0506]: stopped"), "{rest}");
    check_stopped(status);
}

/// Nothing is worth keeping here: the signal ends the program as it does any other.
#[test]
fn filter_that_waits_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = start(folder.path(), &["tokens"]);
    session.send_line("oops").unwrap();
    session.exp_string("E0301").unwrap();
    session.send_control('c').unwrap();
    // Its end, not that of its terminal: a program that another test starts meanwhile may hold that open.
    let status = session.process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Signaled(..)), "{status:?}");
}
