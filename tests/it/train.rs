//! Training through the program: the protocol over a stand-in of the lab, what it survives, and what the store keeps.

use crate::fake_lab;
use crate::support::project;
use rexpect::session::{PtySession, spawn_command};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const LIMIT_MS: u64 = 60_000;

/// A folder with a stand-in of the lab.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) fn new(mode: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fake_lab::program(folder.path(), mode);
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nos"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("NOS_LAB", self.path("nos-lab"))
            .env_remove("NOS_STORE")
            .env_remove("NOS_DATA");
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Standard output of a command that succeeds.
    #[track_caller]
    pub(crate) fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let (out, err) = texts(&output);
        assert!(output.status.success(), "{args:?}: {out}{err}");
        out
    }

    /// Standard error of a command that fails so.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {out}{err}");
        err
    }

    /// What a piece of a program prints.
    #[track_caller]
    pub(crate) fn value(&self, code: &str) -> String {
        self.says(&["-e", code]).trim_end().to_owned()
    }

    /// A prompt in a pseudo-terminal.
    fn prompt(&self) -> PtySession {
        let mut command = self.command(&[]);
        command
            .env("NOS_HISTORY", self.path("history"))
            .env("TERM", "xterm-256color")
            .env("NO_COLOR", "1");
        let mut session = spawn_command(command, Some(LIMIT_MS)).unwrap();
        session.exp_string("nos> ").unwrap();
        session
    }
}

pub(crate) fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

fn kill(pid: i32) {
    let status = Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(status.unwrap().success());
}

/// Waits until something is so; the limit is there for the day it never is.
#[track_caller]
fn wait_for(mut is_so: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it never came");
}

#[test]
fn comparison_is_a_table_and_a_run_of_the_store() {
    let bench = Bench::new("fine");
    let out = bench.says(&[
        "bench",
        "powersign",
        "--on",
        "synthetic(convnet)",
        "--lr",
        "0.01,0.1",
        "--seeds",
        "3",
        "--epochs",
        "2",
    ]);
    insta::with_settings!({ snapshot_path => project("tests/train"), prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("comparison", out);
    });
    assert_eq!(fake_lab::starts(bench.folder.path()), 1);
    let listed = bench.says(&["runs"]);
    assert!(listed.contains("done"), "{listed}");
    // The report of the store is the report that was shown.
    assert_eq!(bench.says(&["report", "1"]), out);
    assert_eq!(bench.value("load(1)"), out.trim_end());
    assert_eq!(
        bench.value("print(runs()[0].status, runs()[0].rules)"),
        "done powersign"
    );
    assert_eq!(
        bench.value("leaderboard(synthetic(convnet)) |> map(fn(x) => x.rule)"),
        bench.value("load(1).rows |> map(fn(x) => x.rule)")
    );
    assert_eq!(bench.value("len(load(1).curves)"), "30");
}

#[test]
fn paper_protocol_is_the_default() {
    let bench = Bench::new("fine");
    let out = bench.says(&["train", "sgd", "--on", "synthetic"]);
    assert!(
        out.starts_with("synthetic(convnet), 7 learning rates 1e-5 … 10 of 1 epoch on 10000 images, the best one 5 epochs\n"),
        "{out}"
    );
    let settled = bench.value("train(sgd, on: synthetic(convnet), lr: paper).rows[0].lr");
    assert_eq!(settled, "0.1");
}

#[test]
fn same_seed_gives_the_same_report() {
    let bench = Bench::new("fine");
    let args = [
        "train",
        "adam",
        "--on",
        "synthetic",
        "--lr",
        "0.1,1",
        "--format",
        "ron",
    ];
    let (a, b) = (bench.says(&args), bench.says(&args));
    assert_eq!(a.replace("run: Some(1)", "run: Some(2)"), b);
}

#[test]
fn reports_are_saved_loaded_drawn_and_made_a_page() {
    let bench = Bench::new("fine");
    let shown = bench.says(&[
        "train",
        "sgd",
        "--on",
        "synthetic",
        "--lr",
        "0.1,1",
        "--plot",
        "a.svg",
        "--html",
        "a.html",
    ]);
    for file in ["r.json", "r.ron"] {
        let code = format!("let r = load(1)\nsave(r, \"{file}\")\nprint(load(\"{file}\"))");
        assert_eq!(bench.value(&code), shown.trim_end());
    }
    assert!(
        std::fs::read_to_string(bench.path("a.svg"))
            .unwrap()
            .contains("accuracy")
    );
    let page = std::fs::read_to_string(bench.path("a.html")).unwrap();
    assert!(
        page.starts_with("<!DOCTYPE html>")
            && page.contains("<svg")
            && page.contains("Synthetic data")
    );
    for fetched in ["<script", "src=", "href=", "@import", "url(http"] {
        assert!(
            !page.contains(fetched),
            "the page fetches something: {fetched}"
        );
    }
    assert_eq!(bench.says(&["report", "1", "--html", "b.html"]), "");
    assert_eq!(page, std::fs::read_to_string(bench.path("b.html")).unwrap());
    assert!(bench.value("plot(runs()[0])").contains("epoch"));
    assert!(
        bench
            .fails(2, &["report", "1", "--html", "b.txt"])
            .contains("does not end in .html")
    );
}

#[test]
fn lab_that_goes_wrong_is_a_failed_trial() {
    for (mode, why, starts) in [
        ("dies", "`nos-lab` ended with exit code 9: out of luck", 2),
        (
            "rubbish",
            "`nos-lab` said `Segmentation fault`, which is no message",
            2,
        ),
        ("hangs", "`nos-lab` was silent for 5 s", 2),
        ("no-memory", "not enough memory", 1),
        ("diverges", "not finite after 3 steps", 1),
    ] {
        let bench = Bench::new(mode);
        let out = bench.says(&[
            "train",
            "sgd",
            "--on",
            "synthetic",
            "--lr",
            "1,2",
            "--patience",
            "5",
        ]);
        assert!(out.contains(&format!("sgd at 1: {why}\n")), "{mode}: {out}");
        // The next trial has a lab of its own, and the best of what is left trains on.
        assert!(out.contains("  sgd    2 "), "{mode}: {out}");
        assert_eq!(fake_lab::starts(bench.folder.path()), starts, "{mode}");
        // The store has the reason too.
        assert_eq!(bench.says(&["report", "1"]), out, "{mode}");
    }
}

#[test]
fn lab_that_cannot_work_at_all_is_an_error() {
    let train = ["train", "sgd", "--on", "synthetic", "--lr", "1"];
    let bench = Bench::new("no-data");
    let err = bench.fails(2, &train);
    assert!(
        err.contains("E0604") && err.contains("`data_batch_1.bin` is cut off"),
        "{err}"
    );
    assert_eq!(bench.value("runs()[0].status"), "failed");

    let bench = Bench::new("old");
    let err = bench.fails(2, &train);
    assert!(
        err.contains("E0605") && err.contains("speaks version 0 of the messages"),
        "{err}"
    );
    // Nothing was trained, so nothing is stored.
    assert!(!bench.path("nos.db").exists());

    let bench = Bench::new("broken");
    let err = bench.fails(2, &train);
    assert!(
        err.contains("ended with exit code 7: no library of tensors"),
        "{err}"
    );

    std::fs::remove_file(bench.path("nos-lab")).unwrap();
    let err = bench.fails(2, &train);
    assert!(
        err.contains("which NOS_LAB names") && err.contains("./x lab"),
        "{err}"
    );
    // A copy of nos: beside the one that was built there may well be a lab.
    let alone = bench.path("nos");
    std::fs::copy(env!("CARGO_BIN_EXE_nos"), &alone).unwrap();
    let none = Command::new(&alone)
        .args(train)
        .current_dir(bench.folder.path())
        .env_remove("NOS_LAB")
        .env("PATH", bench.folder.path())
        .output()
        .unwrap();
    let err = texts(&none).1;
    assert!(
        err.contains("no `nos-lab` beside `nos`") && err.contains("./x lab"),
        "{err}"
    );
}

#[test]
fn data_are_looked_for_where_the_user_says() {
    let bench = Bench::new("fine");
    let train = ["train", "sgd", "--on", "cifar", "--lr", "0.1"];
    let err = bench.fails(2, &train);
    assert!(
        err.contains("E0604") && err.contains("NOS_DATA=DIR"),
        "{err}"
    );
    let folder = bench.path("data/cifar-10-batches-bin");
    std::fs::create_dir_all(&folder).unwrap();
    let err = bench.fails(2, &[&train[..], &["--data", "data"]].concat());
    assert!(
        err.contains("no `data_batch_1.bin` of CIFAR-10 in `"),
        "{err}"
    );
    std::fs::write(folder.join("data_batch_1.bin"), "").unwrap();
    bench.says(&[&train[..], &["--data", "data"]].concat());
    let by_variable = bench.command(&train).env("NOS_DATA", "data").output();
    assert!(by_variable.unwrap().status.success());
    bench.value("train(sgd, on: cifar(convnet, data: \"data\"), lr: 0.1)");
    // Wherever the files are, the task is one.
    assert_eq!(bench.value("len(leaderboard(cifar))"), "3");
}

#[test]
fn texts_are_chosen_and_stay_those_of_the_run() {
    let bench = Bench::new("slow");
    let folder = bench.path("data/ptb");
    std::fs::create_dir_all(&folder).unwrap();
    for file in ["ptb.valid.txt", "ptb.test.txt"] {
        std::fs::write(folder.join(file), "").unwrap();
    }
    let train = |task| ["train", "sgd", "--on", task, "--lr", "1", "--data", "data"];
    let err = bench.fails(2, &train("ptb"));
    assert!(
        err.contains("no `ptb.train.txt` of the Penn Treebank in `")
            && err.contains("ptb(train: \"FILE\", valid: \"FILE\")"),
        "{err}"
    );
    let err = bench.fails(1, &train("ptb(train: \"ptb.valid.txt\")"));
    assert!(
        err.contains("would be both learned and validated on"),
        "{err}"
    );
    let task =
        "ptb(lstm(units: 200, dropout: 0.2), train: \"ptb.valid.txt\", valid: \"ptb.test.txt\")";
    let mut child = bench
        .command(&train(task))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(|| points(&bench.path("nos.db")) == Some(2));
    child.kill().unwrap();
    child.wait().unwrap();
    // What goes on with the run needs to be told nothing.
    fake_lab::program(bench.folder.path(), "fine");
    let out = bench.says(&["train", "--resume", "1"]);
    assert!(out.starts_with(&format!("{task}, ")), "{out}");
    assert_eq!(bench.says(&["report", "1"]), out);
    // Other words are another task.
    let shorter = task.replace("lstm(units: 200, dropout: 0.2)", "lstm");
    let leaders = |task: &str| bench.value(&format!("len(leaderboard({task}))"));
    assert_eq!(leaders(&shorter), "1");
    assert_eq!(leaders("ptb"), "0");
}

/// A second training at a prompt that has seen one, then the end of the prompt.
fn trains_again(prompt: &mut PtySession) {
    prompt
        .send_line("train(sgd, on: synthetic(convnet), lr: 0.1)")
        .unwrap();
    prompt.exp_string("run 2").unwrap();
    prompt.exp_string("nos> ").unwrap();
    prompt.send_control('d').unwrap();
    prompt.exp_eof().unwrap();
}

#[test]
fn killed_lab_leaves_the_prompt_alive() {
    let bench = Bench::new("slow");
    let mut prompt = bench.prompt();
    prompt
        .send_line("train(sgd, on: synthetic(convnet), lr: 1)")
        .unwrap();
    prompt.exp_string("epoch 3/5").unwrap();
    kill(fake_lab::pid(bench.folder.path()));
    prompt.exp_string("was killed (signal 9").unwrap();
    prompt.exp_string("nos> ").unwrap();
    prompt.send_line("40 + 2").unwrap();
    prompt.exp_string("\n42").unwrap();
    prompt.exp_string("nos> ").unwrap();
    // The same prompt trains again, with another lab.
    trains_again(&mut prompt);
    assert_eq!(fake_lab::starts(bench.folder.path()), 2);
}

#[test]
fn killed_lab_is_a_failed_trial_of_a_command() {
    let bench = Bench::new("slow");
    let child = bench
        .command(&[
            "train",
            "sgd",
            "--on",
            "synthetic",
            "--lr",
            "1",
            "--seeds",
            "2",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for epochs in [2, 4] {
        // Two epochs of each seed are done, then the lab is gone.
        wait_for(|| points(&bench.path("nos.db")) == Some(epochs));
        kill(fake_lab::pid(bench.folder.path()));
    }
    let output = child.wait_with_output().unwrap();
    let out = texts(&output).0;
    assert!(output.status.success(), "{out}");
    let why =
        "sgd at 1 (seeds 0, 1): `nos-lab` was killed (signal 9: by hand, or for lack of memory)";
    assert!(out.contains(why), "{out}");
    assert_eq!(fake_lab::starts(bench.folder.path()), 2);
    assert_eq!(bench.value("load(1).rows[0].last"), "0.1");
    assert_eq!(
        bench.value("load(1).curves |> map(fn(x) => x.epochs)"),
        "[[1, 2], [1, 2]]"
    );
    // What was lost is done again when the run is resumed, and then there is nothing left to do.
    fake_lab::program(bench.folder.path(), "fine");
    bench.says(&["train", "--resume", "1"]);
    assert_eq!(
        bench.value("load(1).curves |> map(fn(x) => x.epochs)"),
        "[[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]"
    );
    let err = bench.fails(2, &["train", "--resume", "1"]);
    assert!(err.contains("run 1 is done"), "{err}");
}

#[test]
fn control_c_keeps_what_is_done_and_the_lab() {
    let bench = Bench::new("slow");
    let mut prompt = bench.prompt();
    prompt
        .send_line("bench([sgd], on: synthetic(convnet), lr: 1, baselines: [adam])")
        .unwrap();
    prompt.exp_string("epoch 3/5").unwrap();
    prompt.send_control('c').unwrap();
    prompt.exp_string("not finished").unwrap();
    prompt.exp_string("stopped early").unwrap();
    prompt.exp_string("nos> ").unwrap();
    trains_again(&mut prompt);
    assert_eq!(fake_lab::starts(bench.folder.path()), 1);
    assert_eq!(
        bench.value("runs() |> map(fn(x) => x.status)"),
        "[\"done\", \"interrupted\"]"
    );
    assert_eq!(bench.value("load(1).curves[0].epochs"), "[1, 2]");
}

/// `nos train` at work on a slow trial, two epochs in.
fn at_work(bench: &Bench) -> Child {
    let child = bench
        .command(&[
            "train",
            "sgd",
            "--on",
            "synthetic",
            "--lr",
            "0.1,1",
            "--seeds",
            "2",
            "--sweep-epochs",
            "3",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(|| points(&bench.path("nos.db")) == Some(5));
    child
}

/// How many points there are in a store.
pub(crate) fn points(store: &Path) -> Option<i64> {
    let store = rusqlite::Connection::open(store).ok()?;
    store
        .query_row("SELECT count(*) FROM points", [], |row| row.get(0))
        .ok()
}

#[test]
fn killed_program_loses_no_epoch_and_resumes() {
    let bench = Bench::new("slow");
    let mut child = at_work(&bench);
    // While it is at work nobody else takes the run.
    assert_eq!(bench.value("runs()[0].status"), "running");
    let err = bench.fails(2, &["train", "--resume", "1"]);
    assert!(err.contains("another program is at work on run 1"), "{err}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(bench.value("runs()[0].status"), "interrupted");
    assert_eq!(
        bench.value("load(1).curves |> map(fn(x) => x.epochs)"),
        "[[1, 2, 3], [1, 2]]"
    );
    let out = bench.says(&["report", "1"]);
    assert!(
        out.contains("not finished") && out.contains("stopped early"),
        "{out}"
    );
    // A lab without faults ends it; what was done is not done again.
    fake_lab::program(bench.folder.path(), "fine");
    let resumed = bench.says(&["train", "--resume", "1"]);
    let whole = bench.says(&[
        "train",
        "sgd",
        "--on",
        "synthetic",
        "--lr",
        "0.1,1",
        "--seeds",
        "2",
        "--sweep-epochs",
        "3",
    ]);
    assert_eq!(resumed.replace("run 1", "run 2"), whole);
    assert_eq!(bench.says(&["report", "1"]), resumed);
    let err = bench.fails(2, &["train", "--resume", "1"]);
    assert!(err.contains("run 1 is done"), "{err}");
    // Nothing is left behind but the store.
    let left: Vec<String> = std::fs::read_dir(bench.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("nos.db") && name.contains("run-"))
        .collect();
    assert_eq!(left, [] as [&str; 0]);
}

#[test]
fn interrupted_trial_goes_on_from_its_state() {
    let args = ["train", "sgd", "--on", "synthetic", "--sweep-epochs", "3"];
    // One in training, and one of the sweep.
    for (rates, folder) in [("1", "0-0"), ("0.01,1", "0-sweep-1e0-0")] {
        let bench = Bench::new("slow");
        let args = [&args[..], &["--lr", rates]].concat();
        let mut child = bench
            .command(&args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let state = bench.path(&format!("nos.db-checkpoints/run-1/{folder}/state.json"));
        wait_for(|| state.exists() && points(&bench.path("nos.db")) >= Some(2));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(state.exists());
        fake_lab::program(bench.folder.path(), "fine");
        let resumed = bench.says(&["-e", "resume(1)"]);
        let whole = bench.says(&args);
        assert_eq!(resumed.replace("run 1", "run 2"), whole);
        assert!(!state.exists());
    }
}
