//! The project's own pages: every transcript in them is true.
//!
//! A block fenced as `nos` holds inputs after `nos> ` and, under each, exactly what is shown. Shell transcripts are blocks fenced as
//! `console`, run by trycmd.

use crate::support::{Capture, project};
use nos::context::{Context, Input};
use nos::diagnostic::{Style, render};

const PAGES: &[&str] = &[
    "README.md",
    "docs/language.md",
    "docs/diagnostics.md",
    "docs/engine.md",
    "docs/speed.md",
    "docs/training.md",
];

/// The transcripts of a page, each with the line it starts on.
fn transcripts(text: &str) -> Vec<(usize, Vec<&str>)> {
    let mut out: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        match (open, line) {
            (false, "```nos") => {
                out.push((index + 2, Vec::new()));
                open = true;
            }
            (true, "```") => open = false,
            (true, line) => out.last_mut().unwrap().1.push(line),
            (false, _) => {}
        }
    }
    out
}

/// What a transcript should read, from its inputs.
fn retell(lines: &[&str]) -> Vec<String> {
    let mut context = Context::new();
    let mut out = Vec::new();
    let inputs = lines.iter().filter_map(|line| line.strip_prefix("nos> "));
    for (number, input) in (1..).zip(inputs) {
        out.push(format!("nos> {input}"));
        let mut host = Capture::default();
        let outcome = context.run(
            &format!("repl:{number}"),
            input,
            None,
            Input::Prompt,
            &mut host,
        );
        out.extend(host.shown.lines().map(str::to_owned));
        for diagnostic in &outcome.diagnostics {
            let drawn = render(diagnostic, context.sources(), Style::PLAIN);
            out.extend(drawn.lines().map(str::to_owned));
        }
    }
    out
}

#[test]
fn transcripts_of_the_pages_are_true() {
    let mut found = 0;
    for page in PAGES {
        let text = std::fs::read_to_string(project(page)).unwrap();
        for (line, transcript) in transcripts(&text) {
            found += 1;
            let told = retell(&transcript).join("\n");
            if std::env::var_os("UPDATE_DOCS").is_some() {
                // Writes what is true now, for a reader to judge.
                let page = project(page);
                let text = std::fs::read_to_string(&page).unwrap();
                std::fs::write(&page, text.replace(&transcript.join("\n"), &told)).unwrap();
            } else {
                assert_eq!(transcript.join("\n"), told, "{page}, line {line}");
            }
        }
    }
    assert!(found >= 8, "only {found} transcripts");
}

#[test]
fn shell_transcripts_of_the_pages_are_true() {
    let cases = trycmd::TestCases::new();
    for page in PAGES {
        cases.case(project(page));
    }
}

#[test]
fn every_link_in_the_pages_leads_somewhere() {
    for page in PAGES {
        let text = std::fs::read_to_string(project(page)).unwrap();
        let folder = project(page).parent().unwrap().to_path_buf();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = link.split('#').next().unwrap();
            assert!(
                link.starts_with("http") || folder.join(path).exists(),
                "{page} links to {link}"
            );
        }
    }
}
