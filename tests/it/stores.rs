//! The store of runs through the program: where it is, who may write to it, and races on test functions in it.

use crate::train::{Bench, points, texts};
use std::process::{Child, Stdio};

#[test]
fn several_programs_write_to_one_store() {
    let bench = Bench::new("fine");
    let children: Vec<Child> = (0..4)
        .map(|_| {
            bench
                .command(&["train", "sgd", "--on", "synthetic", "--lr", "0.01,0.1"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", texts(&output).1);
    }
    assert_eq!(
        bench.value("runs() |> map(fn(x) => x.status)"),
        "[\"done\", \"done\", \"done\", \"done\"]"
    );
    // Two short trials and one of five epochs, four times.
    assert_eq!(points(&bench.path("nos.db")), Some(28));
}

#[test]
fn stores_are_made_when_needed_and_named_by_the_user() {
    let bench = Bench::new("fine");
    assert_eq!(bench.value("runs()"), "[]");
    assert_eq!(bench.value("leaderboard(cifar)"), "[]");
    assert!(bench.fails(1, &["-e", "load(1)"]).contains("no run 1"));
    let err = texts(&bench.run(&["runs"])).1;
    assert!(err.contains("there are no runs yet"), "{err}");
    assert!(!bench.path("nos.db").exists());
    let train = ["train", "sgd", "--on", "synthetic", "--lr", "0.1"];
    bench.says(&[&train[..], &["--store", "mine.db"]].concat());
    let by_variable = bench.command(&train).env("NOS_STORE", "other.db").output();
    assert!(by_variable.unwrap().status.success());
    assert!(bench.path("mine.db").exists() && bench.path("other.db").exists());
    assert!(!bench.path("nos.db").exists());
    assert!(
        bench
            .says(&["report", "1", "--store", "mine.db"])
            .contains("run 1")
    );
    assert!(
        bench
            .fails(2, &["report", "7", "--store", "mine.db"])
            .contains("there is no run 7")
    );
    let err = bench.fails(2, &[&train[..], &["--store", "no/such/nos.db"]].concat());
    assert!(err.contains("there is no such folder"), "{err}");
}

#[test]
fn files_that_are_no_stores_are_refused_and_left_alone() {
    let bench = Bench::new("fine");
    let train = ["train", "sgd", "--on", "synthetic", "--lr", "0.1"];
    std::fs::write(
        bench.path("nos.db"),
        "a text, long enough to be read as more than an empty file",
    )
    .unwrap();
    let err = bench.fails(2, &train);
    assert!(
        err.contains("E0607") && err.contains("it is no store of runs"),
        "{err}"
    );
    assert!(
        std::fs::read_to_string(bench.path("nos.db"))
            .unwrap()
            .starts_with("a text")
    );

    std::fs::remove_file(bench.path("nos.db")).unwrap();
    let other = rusqlite::Connection::open(bench.path("nos.db")).unwrap();
    other.execute_batch("CREATE TABLE mine (a)").unwrap();
    drop(other);
    assert!(bench.fails(2, &train).contains("it is no store of runs"));

    std::fs::remove_file(bench.path("nos.db")).unwrap();
    bench.says(&train);
    let newer = rusqlite::Connection::open(bench.path("nos.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let err = bench.fails(2, &train);
    assert!(
        err.contains("a newer nos wrote it: its version is 99"),
        "{err}"
    );
}

/// What a program prints where a store is named.
#[track_caller]
fn in_store(bench: &Bench, code: &str) -> String {
    let out = bench.says(&["--store", "nos.db", "-e", code]);
    out.trim_end().to_owned()
}

#[test]
fn race_is_a_run_where_a_store_is_named() {
    let bench = Bench::new("fine");
    let race = ["bench", "powersign", "--on", "rosenbrock", "--steps", "50"];
    let unkept = bench.says(&race);
    assert!(!bench.path("nos.db").exists());
    let kept = bench.says(&[&race[..], &["--store", "nos.db"]].concat());
    assert_eq!(kept, format!("{unkept}  run 1\n"));
    // Named by the environment too; a prompt and a script keep races just as well.
    let by_variable = bench.command(&race).env("NOS_STORE", "nos.db").output();
    assert!(texts(&by_variable.unwrap()).0.ends_with("  run 2\n"));
    let code = "bench([sgd], on: beale, steps: 10, baselines: false).run";
    assert_eq!(in_store(&bench, code), "3");

    assert_eq!(bench.says(&["report", "1"]), kept);
    assert_eq!(bench.value("load(1)"), kept.trim_end());
    let listed = "runs() |> map(fn(x) => x.task)";
    assert_eq!(
        bench.value(listed),
        "[\"beale\", \"rosenbrock\", \"rosenbrock\"]"
    );
    assert_eq!(
        bench.value(
            "print(runs()[1].status, runs()[1].rules, runs()[1].best == load(1).rows[0].rule)"
        ),
        "done powersign true"
    );
    let listed = bench.says(&["runs"]);
    assert!(
        listed.contains("rosenbrock") && listed.contains("done"),
        "{listed}"
    );
}

#[test]
fn kept_race_is_drawn_and_made_a_page_and_compared() {
    let bench = Bench::new("fine");
    let race = |steps| {
        bench.says(&[
            "bench",
            "adam",
            "--on",
            "rosenbrock",
            "--steps",
            steps,
            "--lr",
            "0.1",
            "--store",
            "nos.db",
        ])
    };
    race("100");
    race("200");
    let drawn = bench.value("plot(bench([adam], on: rosenbrock, steps: 100, lr: 0.1))");
    assert!(drawn.contains("adam"), "{drawn}");
    for way in ["plot(1)", "plot(load(1))", "plot(runs()[1])"] {
        assert_eq!(bench.value(way), drawn, "{way}");
    }
    let page = |args: &[&str]| {
        bench.says(&[&["report", "1", "--html", "a.html"], args].concat());
        std::fs::read_to_string(bench.path("a.html")).unwrap()
    };
    let page = page(&[]);
    for part in [
        "<!DOCTYPE html>",
        "<svg",
        "rosenbrock from (-2, 2)",
        "adam",
        "run 1",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for fetched in ["<script", "src=", "href=", "@import", "url(http"] {
        assert!(
            !page.contains(fetched),
            "the page fetches something: {fetched}"
        );
    }
    // Only adam and rmsprop stay finite at this learning rate. More steps lead further; a leaderboard says how many they were.
    let leaders = "leaderboard(rosenbrock) |> filter(fn(x) => x.rule == \"adam\")";
    assert_eq!(
        bench.value(&format!(
            "{leaders} |> map(fn(x) => [x.steps, x.run, x.lr])"
        )),
        "[[200, 2, 0.1], [100, 1, 0.1]]"
    );
    assert_eq!(bench.value("len(leaderboard(rosenbrock))"), "4");
    // Another function of the same name has a leaderboard of its own.
    let other = "let rosenbrock = objective(fn(x, y) => x^2 + y^2, start: [1, 1])\nlen(leaderboard(rosenbrock))";
    assert_eq!(bench.value(other), "0");
    let err = bench.fails(1, &["-e", "resume(1)"]);
    assert!(err.contains("run 1 is a race on a test function"), "{err}");
    // A number with `T` is a constant schedule, as it is in a list.
    assert!(bench.value("plot(1, T: 10)").contains("T = 10"));
    assert!(
        bench
            .fails(1, &["-e", "plot(7)"])
            .contains("there is no run 7")
    );
}

#[test]
fn race_that_cannot_start_is_no_run() {
    let bench = Bench::new("fine");
    let err = bench.fails(
        1,
        &[
            "bench",
            "sgd",
            "--on",
            "rosenbrock",
            "--starts",
            "[[1]]",
            "--store",
            "nos.db",
        ],
    );
    assert!(err.contains("E0"), "{err}");
    assert_eq!(bench.value("runs()"), "[]");
}
