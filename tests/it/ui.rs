//! Diagnostics as users see them: one file for each under `tests/ui`, its golden beside it.

use crate::support::{project, run};
use nos::diagnostic::{CODES, Code, Severity};
use std::collections::BTreeSet;
use std::path::Path;

/// Codes that no program text alone can show; the tests named here do.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::E0105, "cli: text that is not UTF-8"),
    (Code::E0505, "cli: tables of numbers"),
    (Code::E0506, "repl: a stopped job"),
];

#[test]
fn every_ui_file_matches_its_golden() {
    insta::with_settings!({ snapshot_path => project("tests/ui/golden"), prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::glob!("../ui", "*/*.nos", |path| {
            let text = std::fs::read_to_string(path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let ran = run(&name, &text);
            assert!(!ran.diagnostics.is_empty(), "{name} is about a diagnostic");
            let lines: Vec<&str> = ran.rendered.lines().map(str::trim_end).collect();
            let mut golden = format!("{}\n", text.trim_end());
            if !ran.shown.is_empty() {
                golden += &format!("---- shown\n{}", ran.shown);
            }
            golden += &format!("---- diagnostics\n{}\n", lines.join("\n"));
            insta::assert_snapshot!(golden);
        });
    });
}

#[test]
fn every_code_has_a_ui_file() {
    let mut found = BTreeSet::new();
    for path in files(&project("tests/ui")) {
        let ran = run("ui.nos", &std::fs::read_to_string(&path).unwrap());
        found.extend(ran.diagnostics.iter().map(|d| d.code));
    }
    let missing: Vec<&str> = CODES
        .iter()
        .filter(|row| {
            !found.contains(&row.code) && !ELSEWHERE.iter().any(|(code, _)| *code == row.code)
        })
        .map(|row| row.name)
        .collect();
    assert!(
        missing.is_empty(),
        "no file under tests/ui shows {missing:?}"
    );
}

#[test]
fn explanations_show_what_they_explain() {
    for row in CODES {
        if !row.wrong.is_empty() {
            let ran = run("wrong.nos", row.wrong);
            assert!(
                ran.diagnostics.iter().any(|d| d.code == row.code),
                "{}: the wrong example gives\n{}",
                row.name,
                ran.rendered
            );
        }
        if !row.right.is_empty() {
            let ran = run("right.nos", row.right);
            assert!(
                ran.ok,
                "{}: the right example gives\n{}",
                row.name, ran.rendered
            );
            let noise = ran
                .diagnostics
                .iter()
                .any(|d| d.code == row.code || d.severity() == Severity::Error);
            assert!(
                !noise,
                "{}: the right example gives\n{}",
                row.name, ran.rendered
            );
        }
    }
}

#[test]
fn messages_keep_to_one_style() {
    let forbidden = [
        "invalid", "illegal", "please", "sorry", "token", "unify", "lower",
    ];
    for path in files(&project("tests/ui")) {
        for d in run("ui.nos", &std::fs::read_to_string(&path).unwrap()).diagnostics {
            let shown = path.display();
            assert!(
                d.headline.chars().count() <= 90,
                "{shown}: headline is long: {}",
                d.headline
            );
            for text in [Some(&d.headline), d.note.as_ref(), d.help.as_ref()]
                .into_iter()
                .flatten()
            {
                let first = text.chars().next().unwrap_or('x');
                assert!(
                    !first.is_uppercase(),
                    "{shown}: starts with a capital: {text}"
                );
                assert!(!text.ends_with('.'), "{shown}: ends with a period: {text}");
                let words = text.to_lowercase();
                assert!(
                    !forbidden.iter().any(|word| words
                        .split(|c: char| !c.is_alphanumeric())
                        .any(|w| w == *word)),
                    "{shown}: {text}"
                );
            }
            assert!(d.help.is_some(), "{shown}: {} has no help", d.code);
        }
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if entry.is_dir() {
            out.extend(files(&entry));
        } else if entry.extension().is_some_and(|ending| ending == "nos") {
            out.push(entry);
        }
    }
    out.sort();
    out
}
