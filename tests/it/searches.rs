//! Searches as the program runs them: killed at any moment and resumed, side by side, with labs that die.

use crate::fake_lab;
use crate::train::Bench;
use rusqlite::{Connection, OpenFlags};
use std::process::Stdio;
use std::time::Duration;

/// A folder with a stand-in of the lab and a search to be done.
fn desk(mode: &str, search: &str) -> Bench {
    let bench = Bench::new(mode);
    std::fs::write(bench.path("spec.nos"), search).unwrap();
    bench
}

/// How many rows a query of the store counts; 0 where there is none yet.
fn count(bench: &Bench, query: &str) -> i64 {
    let store = Connection::open_with_flags(
        bench.path("nos.db"),
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    );
    store
        .and_then(|store| store.query_row(query, [], |row| row.get(0)))
        .unwrap_or(0)
}

/// Starts a search and kills it as soon as the query counts so many rows; whether it was still at work.
fn killed_at(bench: &Bench, args: &[&str], query: &str, rows: i64) -> bool {
    let mut command = bench.command(args);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if count(bench, query) >= rows {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

const TRIALS: &str = "SELECT count(*) FROM search_trials";
const TRAININGS: &str = "SELECT count(*) FROM trials WHERE ended IS NOT NULL";

const ON_BOWL: &str = "let bowl = objective(fn(x, y) => x^2 + 10 * y^2, start: [1, -1], minimum: [0, 0])
search(space(\"signs\", depth: 2), on: bowl, budget: 120, steps: 100, starts: [[1, -1]], rules: [powersign])
";
const ON_NET: &str = "search(space(\"signs\"), on: synthetic(convnet), budget: 12, lr: [0.1, 1], epochs: 2, policies: [\"ppo\", \"evolution\"])
";

#[test]
fn search_that_is_killed_and_resumed_is_the_search_that_was_not() {
    let whole = desk("good", ON_BOWL).says(&["search", "spec.nos"]);
    assert!(
        whole.starts_with("search on bowl, 360 trials, run 1\n"),
        "{whole}"
    );
    // In the first leg, at its end, in the second and in the third, one after another.
    let desk = desk("good", ON_BOWL);
    assert!(killed_at(&desk, &["search", "spec.nos"], TRIALS, 20));
    for rows in [60, 120, 170, 300] {
        // A search on a machine under load can be faster than who watches it; the last line says whether all was done.
        killed_at(&desk, &["search", "--resume", "1"], TRIALS, rows);
    }
    let runs = desk.says(&["runs"]);
    if runs.contains("done") {
        assert_eq!(desk.says(&["report", "1"]), whole);
    } else {
        assert!(runs.contains("interrupted"), "{runs}");
        assert_eq!(desk.says(&["search", "--resume", "1"]), whole);
        assert_eq!(desk.says(&["report", "1"]), whole);
    }
    assert_eq!(count(&desk, TRIALS), 360);
    // It is over now.
    let err = desk.fails(2, &["search", "--resume", "1"]);
    assert!(err.contains("is over") || err.contains("done"), "{err}");
}

#[test]
fn number_of_cores_changes_nothing() {
    // Masks among them, whose draws depend on what a rule calls them.
    const SEARCH: &str =
        "search(space(\"paper\", depth: 2), on: rosenbrock, budget: 120, steps: 100)";
    let on = |cores: &str| {
        let desk = desk("good", SEARCH);
        let mut command = desk.command(&["search", "spec.nos"]);
        let output = command.env("RAYON_NUM_THREADS", cores).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let alone = on("1");
    assert!(alone.contains("360 trials"), "{alone}");
    assert_eq!(on("2"), alone);
    assert_eq!(on("5"), alone);
}

#[test]
fn number_of_workers_and_deaths_change_nothing() {
    let alone = desk("good", ON_NET).says(&["search", "spec.nos", "--workers", "1"]);
    assert!(
        alone.contains("search on synthetic(convnet), 24 trials, run 1\n"),
        "{alone}"
    );
    let many = desk("takes-time", ON_NET).says(&["search", "spec.nos", "--workers", "4"]);
    assert_eq!(many, alone);
    // The lab dies at a rule; another worker has it again.
    let desk = desk("dies-once", ON_NET);
    assert_eq!(desk.says(&["search", "spec.nos", "--workers", "2"]), alone);
    assert!(desk.path("lab.died").exists() && fake_lab::starts(desk.folder.path()) > 2);
}

#[test]
fn rule_that_kills_every_lab_is_set_aside() {
    let desk = desk(
        "dies",
        "search(space(\"signs\"), on: synthetic(convnet), budget: 2, lr: [1], epochs: 1, policies: [\"random\"])",
    );
    let text = desk.says(&["search", "spec.nos", "--workers", "2"]);
    assert!(
        text.contains("set aside: ") && text.contains("out of luck"),
        "{text}"
    );
    assert!(text.contains("no rule made any progress"), "{text}");
    let attempts = count(&desk, "SELECT max(attempts) FROM trials");
    assert_eq!(attempts, 3);
}

#[test]
fn search_on_a_net_that_is_killed_trains_nothing_twice() {
    let whole = desk("takes-time", ON_NET).says(&["search", "spec.nos"]);
    let desk = desk("takes-time", ON_NET);
    assert!(killed_at(&desk, &["search", "spec.nos"], TRAININGS, 5));
    let trained = count(&desk, TRAININGS);
    killed_at(&desk, &["search", "--resume", "1"], TRAININGS, trained + 6);
    if desk.says(&["runs"]).contains("interrupted") {
        assert_eq!(desk.says(&["search", "--resume", "1"]), whole);
    }
    assert_eq!(desk.says(&["report", "1"]), whole);
    let again = count(&desk, "SELECT count(*) FROM trials WHERE attempts > 3");
    assert_eq!(again, 0);
}

#[test]
fn searches_are_values_pictures_and_pages() {
    let desk = desk("good", ON_NET);
    desk.says(&["search", "spec.nos", "--plot", "a.svg", "--html", "a.html"]);
    let page = std::fs::read_to_string(desk.path("a.html")).unwrap();
    assert!(
        page.contains("Policies") && page.contains("<svg") && page.contains("synthetic(convnet)")
    );
    assert!(
        !page.contains("http://") || page.contains("http://www.w3.org"),
        "nothing is fetched"
    );
    desk.says(&["report", "1", "--html", "b.html", "--plot", "b.svg"]);
    assert_eq!(std::fs::read_to_string(desk.path("b.html")).unwrap(), page);
    let value = |code: &str| desk.says(&["-e", code]).trim_end().to_owned();
    assert_eq!(
        value(
            "let found = load(1); print(len(found.curves), len(found.training.rows), len(found.front) <= len(found.leaders))"
        ),
        "2 10 true"
    );
    assert_eq!(
        value("print(equal(load(1).best, load(1).leaders[0]))"),
        value("print(equal(g, g))")
    );
    desk.fails(2, &["search", "nothing.nos"]);
    std::fs::write(desk.path("none.nos"), "1 + 1\n").unwrap();
    let err = desk.fails(2, &["search", "none.nos"]);
    assert!(err.contains("is no search"), "{err}");
}

#[test]
fn several_tasks_are_ranked_together() {
    let search = "search(space(\"signs\"), on: [rosenbrock, synthetic(convnet)], budget: 6, steps: 100, lr: [0.01, 0.1], epochs: 1, policies: [\"random\"])";
    let desk = desk("good", search);
    let text = desk.says(&["search", "spec.nos"]);
    assert!(
        text.contains("search on rosenbrock, synthetic(convnet), 6 trials"),
        "{text}"
    );
    assert!(
        text.contains("over all tasks") && text.contains("mean place"),
        "{text}"
    );
    // What ran once more stands on the boards of both tasks, and on no other.
    let board = |task: &str| {
        let code = format!(
            "let rows = leaderboard({task}); print(len(rows), len(rows |> filter(fn(x) => x.run == 1)))"
        );
        desk.says(&["-e", &code]).trim_end().to_owned()
    };
    let rows = desk.says(&["-e", "print(len(load(1).training.rows))"]);
    let both = format!("{0} {0}", rows.trim_end());
    assert_eq!(board("synthetic(convnet)"), both);
    let on_function = "print(len(load(1).report.rows |> filter(fn(x) => x.failures == 0)))";
    let rows = desk.says(&["-e", on_function]);
    assert_eq!(board("rosenbrock"), format!("{0} {0}", rows.trim_end()));
    assert_eq!(board("beale"), "0 0");
    assert_eq!(board("synthetic(convnet, examples: 100)"), "0 0");
}
