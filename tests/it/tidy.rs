//! The structure of the sources: which module may use which, how long files are, what never appears.

use crate::support::project;
use std::path::{Path, PathBuf};

/// Modules from the ground up: each may use those before it.
const ORDER: &[&str] = &[
    "source",
    "diagnostic",
    "types",
    "op",
    "builtin",
    "syntax",
    "ir",
    "algebra",
    "engine",
    "explain",
    "bench",
    "lab",
    "search",
    "store",
    "plot",
    "html",
    "check",
    "eval",
    "library",
    "context",
    "capi",
    "repl",
    "cli",
];

/// Arrows against the order, each with its reason.
const ALLOWED: &[(&str, &str)] = &[
    // The evaluator reaches the outside world through the trait that the context's host implements.
    ("eval", "context"),
    // `nos` without arguments on a terminal is the prompt; both faces share the terminal's host.
    ("repl", "cli"),
];

fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        for entry in entries {
            if entry.is_dir() {
                walk(&entry, out);
            } else if entry.extension().is_some_and(|ending| ending == "rs") {
                out.push(entry);
            }
        }
    }
    let mut out = Vec::new();
    walk(&project("src"), &mut out);
    out
}

fn module(path: &Path) -> String {
    let relative = path.strip_prefix(project("src")).unwrap();
    let first = relative
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_use_only_those_below_them() {
    let place = |name: &str| ORDER.iter().position(|module| *module == name);
    for path in sources() {
        let from = module(&path);
        let Some(own) = place(&from) else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for piece in code.split("crate::").skip(1) {
            let to: String = piece
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let allowed = ALLOWED.contains(&(from.as_str(), to.as_str()));
            assert!(
                place(&to).is_none_or(|other| other <= own) || allowed,
                "{} uses `{to}`, which is above `{from}`",
                path.display()
            );
        }
    }
}

#[test]
fn files_are_short() {
    for path in sources() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(
            lines <= 620,
            "{} has {lines} lines: is there a second noun in it?",
            path.display()
        );
    }
}

#[test]
fn files_say_what_they_are_for() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("//! "),
            "{} does not open with what it is for",
            path.display()
        );
        for word in ["todo!", "unimplemented!", "dbg!", "FIXME"] {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
    }
}
