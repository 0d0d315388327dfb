//! The subcommands that work with rules: `trace`, `bench`, `tokens`.

use crate::support::project;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn nos(folder: &Path, args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nos"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that fails early does not read its input.
    drop(child.stdin.take().unwrap().write_all(input));
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Runs `nos trace` on gradients and gives its exit code, standard output and standard error.
fn trace(grads: &str, args: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("g.csv"), grads).unwrap();
    fs::write(folder.path().join("one.csv"), "1\n").unwrap();
    fs::write(folder.path().join("two.csv"), "1,2\n").unwrap();
    let args = [&["trace", "--grads", "g.csv"], args].concat();
    let output = nos(folder.path(), &args, b"");
    (
        output.status.code().unwrap(),
        text(&output.stdout).to_owned(),
        text(&output.stderr).to_owned(),
    )
}

const SEVEN: &str = "0.1\n0.1\n0.1\n0.1\n-0.1\n-0.1\n-0.1\n";

#[track_caller]
fn golden(rule: &str, want: [f64; 7]) {
    let (code, out, err) = trace(
        SEVEN,
        &[rule, "--lr", "0.1", "--w0", "one.csv", "--total", "10"],
    );
    assert_eq!((code, err.as_str()), (0, ""));
    let found: Vec<f64> = out.lines().map(|line| line.parse().unwrap()).collect();
    assert!(
        found.len() == 7 && found.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-8),
        "{rule}: {found:?}"
    );
}

/// Values of the authors' own implementation.
#[test]
fn trace_agrees_with_the_golden_numbers() {
    golden(
        "powersign",
        [
            0.972_817_18,
            0.945_634_36,
            0.918_451_55,
            0.891_268_73,
            0.894_947_52,
            0.898_626_32,
            0.925_809_13,
        ],
    );
    golden(
        "powersign(f: ld)",
        [
            0.972_817_18,
            0.948_221_15,
            0.925_965_74,
            0.905_828_21,
            0.911_316_33,
            0.917_381_64,
            0.932_299_88,
        ],
    );
    golden("addsign", [0.98, 0.96, 0.94, 0.92, 0.92, 0.92, 0.94]);
    golden(
        "addsign(f: ld)",
        [0.98, 0.961, 0.943, 0.926, 0.930, 0.935, 0.949],
    );
}

#[test]
fn trace_prints_one_row_a_step_and_starts_from_zero() {
    let (code, out, _) = trace("1,-2\n0.5,0\n", &["sgd", "--lr", "0.1"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "-0.1,0.2\n-0.15000000000000002,0.2\n")
    );
}

#[test]
fn trace_of_a_matrix_rule_needs_a_shape() {
    let (code, out, err) = trace("1,2,3,4\n", &["rowmean(g)", "--lr", "1"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("E0403") && err.contains("--shape"), "{err}");
    let (code, out, _) = trace("1,2,3,4\n", &["rowmean(g)", "--lr", "1", "--shape", "2x2"]);
    assert_eq!((code, out.as_str()), (0, "-1.5,-1.5,-3.5,-3.5\n"));
    let (code, _, err) = trace("1,2,3,4\n", &["rowmean(g)", "--lr", "1", "--shape", "2x3"]);
    assert_eq!(
        (code, err.as_str()),
        (2, "error: `--shape 2x3` does not fit rows of 4 elements\n")
    );
}

#[test]
fn trace_of_wrong_input_is_one_error() {
    for (grads, args, want_code, message) in [
        (
            "",
            &["sgd", "--lr", "0.1"][..],
            1,
            "row 1, column 1 is empty",
        ),
        (
            "1,2\n3\n",
            &["sgd", "--lr", "0.1"],
            1,
            "row 2 has 1 number, row 1 has 2",
        ),
        ("a,b\n1,2\n", &["sgd", "--lr", "0.1"], 1, "no header"),
        ("nan\n", &["sgd", "--lr", "0.1"], 1, "found `nan`"),
        (
            "1\n",
            &["sgd", "--lr", "nan"],
            2,
            "expected a number above 0",
        ),
        (
            "1\n",
            &["sgd", "--lr", "-1"],
            2,
            "expected a number above 0",
        ),
        (
            "1\n",
            &["sgd", "--lr", "0.1", "--total", "-5"],
            2,
            "expected a whole number",
        ),
        (
            "1\n",
            &["sgd", "--lr", "0.1", "--w0", "two.csv"],
            1,
            "error[E0505]: expected one row of 1 weights, found 1 of 2",
        ),
        ("1\n", &["sgdd", "--lr", "0.1"], 1, "E0301"),
        ("1\n", &["[1, 2]", "--lr", "0.1"], 1, "expected a rule"),
        ("1\n", &["1 +", "--lr", "0.1"], 1, "E0201"),
        ("1\n", &["sgd; adam", "--lr", "0.1"], 1, "one expression"),
        ("1\n", &["rule r = g", "--lr", "0.1"], 1, "one expression"),
        ("1\n", &["", "--lr", "0.1"], 1, "one expression"),
    ] {
        let (code, out, err) = trace(grads, args);
        assert_eq!(
            (code, out.as_str()),
            (want_code, ""),
            "{grads:?} {args:?}: {err}"
        );
        assert!(
            err.contains(message) && err.matches("error").count() == 1,
            "{grads:?} {args:?}: {err}"
        );
    }
}

const RACE: &[&str] = &[
    "bench",
    "powersign",
    "powersign(base: 2)",
    "--on",
    "rosenbrock",
    "--steps",
    "50",
    "--lr",
    "1e-3,1e-4",
];

fn race(more: &[&str]) -> Output {
    nos(&project(""), &[RACE, more].concat(), b"")
}

#[test]
fn bench_prints_a_table_or_data() {
    let table = race(&[]);
    assert_eq!(table.status.code(), Some(0));
    assert!(
        text(&table.stdout).contains("powersign(base: 2)") && text(&table.stdout).contains("adam")
    );
    let json: nos::bench::Report =
        serde_json::from_slice(&race(&["--format", "json"]).stdout).unwrap();
    let ron: nos::bench::Report = ron::from_str(text(&race(&["--format", "ron"]).stdout)).unwrap();
    assert_eq!(json, ron);
    assert_eq!((json.steps, json.rates.as_slice()), (50, &[1e-4, 1e-3][..]));
    assert_eq!(json.entries[1].name, "powersign(base: 2)");
}

#[test]
fn bench_takes_a_list_expression_of_rates() {
    let output = nos(
        &project(""),
        &[
            "bench",
            "sgd",
            "--on",
            "beale",
            "--steps",
            "5",
            "--lr",
            "grid(1e-4, 1e-2, 3)",
            "--format",
            "json",
        ],
        b"",
    );
    let report: nos::bench::Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.rates.len(), 3);
    // Numbers need not be written as the language writes them.
    let args = ["bench", "sgd", "--on", "beale", "--steps", "5"];
    let args = [&args[..], &["--lr", ".5, 1.", "--format", "json"]].concat();
    let output = nos(&project(""), &args, b"");
    let report: nos::bench::Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.rates, [0.5, 1.0]);
}

#[test]
fn bench_of_wrong_input_is_an_error() {
    for (args, want_code, message) in [
        (
            &["sgdd", "--on", "rosenbrock"][..],
            1,
            "unknown name `sgdd`",
        ),
        (
            &["sgd", "--on", "rosenbruck"],
            1,
            "unknown task `rosenbruck`",
        ),
        (
            &["sgd", "--on", "rosenbrock", "--steps", "-5"],
            2,
            "expected a whole number",
        ),
        (&["sgd; adam", "--on", "rosenbrock"], 1, "one expression"),
        (&["sgd", "--on", "rosenbrock", "--lr", "nan"], 2, "`nan`"),
        (&["sgd", "--on", "rosenbrock", "--lr", "-1"], 2, "`-1`"),
        (&["sgd", "--on", "rosenbrock", "--lr", "0.1,x"], 2, "`x`"),
        (&["sgd", "--on", "rosenbrock", "--lr", "0.1,"], 2, "nothing"),
        (&["sgd", "--on", "rosenbrock", "--lr", ""], 2, "nothing"),
        (
            &["sgd", "--on", "rosenbrock", "--plot", "a.gif"],
            2,
            "neither .svg nor .png",
        ),
        (
            &["sgd", "--on", "rosenbrock", "--plot", "no/such/a.svg"],
            2,
            "there is no such folder",
        ),
        (
            &["sgd", "--on", "rosenbrock", "--format", "xml"],
            2,
            "possible values: text, json, ron",
        ),
    ] {
        let output = nos(&project(""), &[&["bench"], args].concat(), b"");
        let err = text(&output.stderr);
        assert_eq!(
            (output.status.code(), text(&output.stdout)),
            (Some(want_code), ""),
            "{args:?}: {err}"
        );
        assert!(err.contains(message), "{args:?}: {err}");
    }
}

/// What is no regular file cannot be replaced by one, so the failure only shows when the picture is written.
#[cfg(target_os = "linux")]
#[test]
fn bench_that_cannot_write_its_picture_is_exit_two() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.path().join("race.svg")).unwrap();
    let args = ["bench", "sgd", "--on", "rosenbrock", "--steps", "5"];
    let args = [&args[..], &["--lr", "0.001", "--plot", "race.svg"]].concat();
    let output = nos(folder.path(), &args, b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stdout).contains("momentum"),
        "the table is printed all the same"
    );
    assert!(text(&output.stderr).contains("error[E0504]"));
}

#[test]
fn bench_draws_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "bench",
        "sgd",
        "--on",
        "rosenbrock",
        "--steps",
        "50",
        "--lr",
        "1e-3",
        "--plot",
        "race.svg",
    ];
    let output = nos(folder.path(), &args, b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        fs::read_to_string(folder.path().join("race.svg"))
            .unwrap()
            .contains("<svg")
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn tokens_gives_a_line_for_each_line() {
    let output = nos(&project(""), &["tokens"], b"oops\n\n\xff\n[1]");
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(1), "\n\n\n\n")
    );
    let err = text(&output.stderr);
    assert!(
        err.contains("<stdin line 1>:1:1")
            && err.contains("<stdin line 3>:1:1")
            && err.contains("<stdin line 4>:1:1"),
        "{err}"
    );
    let output = nos(&project(""), &["tokens"], b"");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), ""));
}
