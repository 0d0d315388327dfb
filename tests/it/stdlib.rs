//! The standard library's own documentation: every name has it, and every example in it is true.

use crate::support::Capture;
use nos::context::{Context, Input};
use nos::diagnostic::{Style, render};
use nos::library::FILES;

/// A definition with the lines of its doc comment, without the marks in front.
struct Definition<'a> {
    file: &'a str,
    name: &'a str,
    doc: Vec<&'a str>,
}

/// All definitions of the standard library, in order.
fn definitions() -> Vec<Definition<'static>> {
    let mut out = Vec::new();
    for (file, text) in FILES {
        let mut doc = Vec::new();
        for line in text.lines() {
            if let Some(text) = line.strip_prefix("##") {
                doc.push(text.strip_prefix(' ').unwrap_or(text));
                continue;
            }
            let head = ["let ", "fn ", "rule "]
                .iter()
                .find_map(|word| line.strip_prefix(word));
            if let Some(head) = head {
                let name = head
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap();
                out.push(Definition {
                    file,
                    name,
                    doc: std::mem::take(&mut doc),
                });
            }
            doc.clear();
        }
    }
    out
}

/// The examples of a doc comment: what is typed, and the lines that it shows.
fn examples<'a>(doc: &[&'a str]) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut out: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut open = false;
    for line in doc {
        if let Some(input) = line.strip_prefix("nos> ") {
            out.push((input, Vec::new()));
            open = true;
        } else if line.is_empty() {
            open = false;
        } else if open {
            out.last_mut().unwrap().1.push(line);
        }
    }
    out
}

#[test]
fn every_name_is_documented_with_an_example() {
    for definition in definitions() {
        let Definition { file, name, doc } = &definition;
        assert!(
            doc.first().is_some_and(|line| line.ends_with('.')),
            "{file}: `{name}` has no sentence of documentation"
        );
        assert!(!examples(doc).is_empty(), "{file}: `{name}` has no example");
    }
}

#[test]
fn every_example_shows_what_it_says() {
    for definition in definitions() {
        let mut context = Context::new();
        for (input, want) in examples(&definition.doc) {
            let mut host = Capture::default();
            let outcome = context.run("example", input, None, Input::Prompt, &mut host);
            let place = format!("{}: `{}`: nos> {input}", definition.file, definition.name);
            let problems: String = outcome
                .diagnostics
                .iter()
                .map(|d| render(d, context.sources(), Style::PLAIN))
                .collect();
            assert!(outcome.diagnostics.is_empty(), "{place}\n{problems}");
            let shown: Vec<&str> = host.shown.lines().map(str::trim_end).collect();
            assert_eq!(shown, want, "{place}");
        }
    }
}

#[test]
fn every_name_is_known_to_help() {
    let context = Context::new();
    for definition in definitions() {
        let info = context
            .names()
            .into_iter()
            .find(|info| info.name == definition.name);
        let info = info.unwrap_or_else(|| panic!("{} is not a name", definition.name));
        assert!(
            !info.is_user && info.summary.ends_with('.'),
            "{}: {}",
            info.name,
            info.summary
        );
    }
}
