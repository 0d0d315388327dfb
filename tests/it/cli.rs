//! The program as a process: exit codes, streams, files, and input nobody meant.

use crate::support::project;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// How a process ended, and what it wrote.
#[derive(PartialEq, Eq, Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nos"));
    command
        .args(args)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color");
    command
}

/// Runs `nos` in a folder with these bytes on standard input.
#[track_caller]
fn nos_in(folder: &Path, args: &[&str], input: &[u8]) -> Ended {
    let mut child = command(folder, args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that never reads its input closes it: that is its right.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let ended = Ended {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    assert!(
        !ended.out.contains('\x1b') && !ended.err.contains('\x1b'),
        "escapes off a terminal"
    );
    ended
}

#[track_caller]
fn nos(args: &[&str]) -> Ended {
    nos_in(&project(""), args, b"")
}

/// Checks the exit code, all of standard output, and that standard error holds a text, or nothing for an empty one.
#[track_caller]
fn check(args: &[&str], code: i32, out: &str, err: &str) {
    let ended = nos(args);
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (code, out),
        "{}",
        ended.err
    );
    assert!(
        if err.is_empty() {
            ended.err.is_empty()
        } else {
            ended.err.contains(err)
        },
        "{}",
        ended.err
    );
}

/// A scratch folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn names_in(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn transcripts_are_as_written() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}

#[test]
fn results_and_diagnostics_have_their_streams() {
    check(&["-e", "1+1"], 0, "2\n", "");
    check(&["-e", "print(1)", "-e", "print(2)"], 0, "1\n2\n", "");
    check(&["-e", "sgin(g)"], 1, "", "did you mean `sign`?");
    check(&["-e", "let a = [1][7]"], 1, "", "E0501");
    check(&["help", "E0301"], 0, &nos(&["help", "E0301"]).out, "");
    check(&["help", "nonsense_"], 1, "", "no help on `nonsense_`");
    check(&["help", "chekc"], 1, "", "did you mean `check`?");
    check(
        &["--version"],
        0,
        concat!("nos ", env!("CARGO_PKG_VERSION"), "\n"),
        "",
    );
}

#[test]
fn script_comes_from_file_or_standard_input() {
    let folder = folder(&[
        ("a.nos", b"print(1)"),
        ("b.nos", b"print(2)\n"),
        ("bad.nos", b"print(oops)"),
    ]);
    let run = |args: &[&str], input: &[u8]| {
        let ended = nos_in(folder.path(), args, input);
        (ended.code, ended.out)
    };
    assert_eq!(run(&[], b"print(3)"), (0, "3\n".to_owned()));
    assert_eq!(run(&["-"], b"print(3)"), (0, "3\n".to_owned()));
    assert_eq!(run(&["a.nos"], b"print(3)"), (0, "1\n".to_owned()));
    assert_eq!(
        run(&["a.nos", "-", "b.nos"], b"print(3)"),
        (0, "1\n3\n2\n".to_owned())
    );
    assert_eq!(
        run(&["run", "a.nos", "b.nos"], b""),
        (0, "1\n2\n".to_owned())
    );
    // The first that fails ends it; one that cannot be read ends it before anything runs.
    assert_eq!(run(&["bad.nos", "a.nos"], b""), (1, String::new()));
    assert_eq!(run(&["a.nos", "missing.nos"], b""), (2, String::new()));
    assert_eq!(run(&["check", "a.nos", "b.nos"], b""), (0, String::new()));
    assert_eq!(run(&["check", "bad.nos", "a.nos"], b""), (1, String::new()));
}

#[test]
fn used_file_is_found_beside_the_script() {
    let folder = folder(&[
        ("main.nos", b"use \"lib.nos\"\nprint(two)"),
        ("lib.nos", b"let two = 2"),
    ]);
    let main = folder.path().join("main.nos");
    let ended = nos(&[main.to_str().unwrap()]);
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (0, "2\n"),
        "{}",
        ended.err
    );
}

#[test]
fn wrong_usage_is_exit_two() {
    for args in [
        &["--nonsense"][..],
        &["check"],
        &["fmt"],
        &["run"],
        &["bench", "sgd"],
        &["trace", "sgd"],
        &["completions", "nosh"],
        &["-e"],
        &["-e", "1", "file.nos"],
    ] {
        let ended = nos(args);
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (2, ""),
            "{args:?}: {}",
            ended.err
        );
        assert!(ended.err.starts_with("error: "), "{}", ended.err);
    }
}

#[test]
fn file_that_cannot_be_read_is_one_error() {
    let folder = folder(&[]);
    for (args, message) in [
        (
            &["no.nos"][..],
            "error: cannot read `no.nos`: there is no such file or folder\n",
        ),
        (
            &["chekc"],
            "error: cannot read `chekc`: there is no such file or folder; did you mean `nos check`?\n",
        ),
        (&["."], "error: cannot read `.`: it is a folder\n"),
        (
            &["check", "no.nos"],
            "error: cannot read `no.nos`: there is no such file or folder\n",
        ),
        (
            &["fmt", "no.nos"],
            "error: cannot read `no.nos`: there is no such file or folder\n",
        ),
        (
            &["trace", "sgd", "--lr", "1", "--grads", "no.csv"],
            "error: cannot read `no.csv`: there is no such file or folder\n",
        ),
    ] {
        let ended = nos_in(folder.path(), args, b"");
        assert_eq!(
            ended,
            Ended {
                code: 2,
                out: String::new(),
                err: message.to_owned()
            }
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_shown_with_their_offset() {
    let folder = folder(&[("a.nos", b"let a = 1\n\xff\xfe")]);
    for args in [&["a.nos"][..], &["check", "a.nos"], &["fmt", "a.nos"]] {
        let ended = nos_in(folder.path(), args, b"");
        assert_eq!(ended.code, 1);
        assert!(
            ended
                .err
                .starts_with("error[E0105]: byte 0xFF at offset 10 is not UTF-8\n"),
            "{}",
            ended.err
        );
        assert!(ended.err.contains("a.nos:2:1"), "{}", ended.err);
    }
}

#[test]
fn no_input_makes_it_panic() {
    let long = b"1 + ".repeat(2_500_000);
    let nested = b"(".repeat(10_000);
    let balanced = [&nested[..], b"1", &b")".repeat(10_000)].concat();
    let digits = b"9".repeat(10_000);
    let all_bytes: Vec<u8> = (0..=255).collect();
    let ascii: Vec<u8> = (0..128).collect();
    for input in [
        &b"\0"[..],
        b"let a = \0 1",
        &long,
        &nested,
        &balanced,
        &digits,
        &all_bytes,
        &ascii,
        b"\xef\xbb\xbf1 +",
        b"\r\r\n(\"",
    ] {
        let ended = nos_in(&project(""), &["-"], input);
        assert_eq!((ended.code, ended.out.as_str()), (1, ""));
        assert!(
            ended.err.starts_with("error[E0") && ended.err.len() < 30_000,
            "{}",
            ended.err
        );
    }
    let ended = nos_in(&project(""), &["-"], b"");
    assert_eq!(
        ended,
        Ended {
            code: 0,
            out: String::new(),
            err: String::new()
        }
    );
}

#[test]
fn many_diagnostics_are_cut_after_twenty() {
    let text = "oops\n".repeat(25);
    let ended = nos_in(&project(""), &["-"], text.as_bytes());
    assert_eq!(ended.code, 1);
    assert_eq!(ended.err.matches("error[E0301]").count(), 20);
    assert!(ended.err.ends_with("and 5 more\n"), "{}", ended.err);
}

#[test]
fn closed_pipe_is_no_error() {
    for code in [
        "for i in range(200000) { print(i) }",
        "print(1)\nfor i in range(200000) { print(i) }",
    ] {
        let mut child = command(&project(""), &["-e", code])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        // The reader is dropped after a line, and with it the pipe.
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_exit_two() {
    for args in [
        &["-e", "print(1)"][..],
        &["help"],
        &["--version"],
        &["completions", "bash"],
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = command(&project(""), args)
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn fmt_writes_only_what_changes() {
    let folder = folder(&[
        ("a.nos", b"let  a=1 # x\n"),
        ("b.nos", b"let b = 1\n"),
        ("bad.nos", b"let c = (\n"),
    ]);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let check = nos_in(folder.path(), &["fmt", "--check", "a.nos", "b.nos"], b"");
    assert_eq!(
        check,
        Ended {
            code: 1,
            out: "a.nos\n".to_owned(),
            err: String::new()
        }
    );
    assert_eq!(read("a.nos"), "let  a=1 # x\n");
    let before = fs::metadata(folder.path().join("b.nos"))
        .unwrap()
        .modified()
        .unwrap();
    let ended = nos_in(folder.path(), &["fmt", "bad.nos", "a.nos", "b.nos"], b"");
    // The wrong one is left alone and does not keep the others from being done.
    assert_eq!((ended.code, ended.out.as_str()), (1, ""));
    assert!(ended.err.contains("bad.nos:1:"), "{}", ended.err);
    assert_eq!(
        (read("a.nos").as_str(), read("bad.nos").as_str()),
        ("let a = 1  # x\n", "let c = (\n")
    );
    assert_eq!(
        fs::metadata(folder.path().join("b.nos"))
            .unwrap()
            .modified()
            .unwrap(),
        before
    );
    assert_eq!(names_in(&folder), ["a.nos", "b.nos", "bad.nos"]);
    assert_eq!(
        nos_in(folder.path(), &["fmt", "--check", "a.nos"], b"").code,
        0
    );
}

#[test]
fn fmt_of_standard_input_goes_to_standard_output() {
    let ended = nos_in(&project(""), &["fmt", "-"], b"let  a=1");
    assert_eq!(
        ended,
        Ended {
            code: 0,
            out: "let a = 1\n".to_owned(),
            err: String::new()
        }
    );
    let ended = nos_in(&project(""), &["fmt", "--check", "-"], b"let  a=1");
    assert_eq!((ended.code, ended.out.as_str()), (1, "<stdin>\n"));
    assert_eq!(nos_in(&project(""), &["fmt", "-"], b"").out, "");
}

#[test]
fn completions_exist_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = nos(&["completions", shell]);
        assert_eq!(ended.code, 0);
        assert!(ended.out.contains("bench") && ended.out.contains("completions"));
    }
}
