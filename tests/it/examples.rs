//! The programs of `examples/`: they run, say something, have nothing to warn of, and look as the formatter has it.

use crate::support::{Capture, project};
use nos::context::{Context, Input};
use nos::diagnostic::{Style, render};
use std::path::PathBuf;

/// Lessons that show a warning on purpose, and its code.
const WARNINGS: &[(&str, &str)] = &[("lesson_adam_divides.nos", "W0402")];

fn examples() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(project("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "nos"));
    files.sort();
    assert!(!files.is_empty(), "examples/ is empty");
    files
}

fn name(path: &std::path::Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn examples_run_and_show_something() {
    for path in examples() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut context = Context::new();
        let mut host = Capture::default();
        let outcome = context.run(&name(&path), &text, Some(&path), Input::Program, &mut host);
        let rendered: String = outcome
            .diagnostics
            .iter()
            .map(|d| render(d, context.sources(), Style::PLAIN))
            .collect();
        assert!(outcome.is_ok(), "{rendered}");
        // A file for others to use only defines.
        let is_library = name(&path) == "my_rules.nos";
        assert_eq!(host.shown.trim().is_empty(), is_library, "{}", name(&path));
        let want: Vec<&str> = WARNINGS
            .iter()
            .filter(|(file, _)| *file == name(&path))
            .map(|(_, code)| *code)
            .collect();
        let mut found: Vec<String> = outcome
            .diagnostics
            .iter()
            .map(|d| d.code.to_string())
            .collect();
        found.dedup();
        assert_eq!(found, want, "{}:\n{rendered}", name(&path));
    }
}

/// The comments at the end of figure5.nos speak of these outcomes.
#[test]
fn figure_5_finds_what_its_comments_say() {
    let path = project("examples/figure5.nos");
    let mut host = Capture::default();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        Context::new()
            .run("figure5.nos", &text, Some(&path), Input::Program, &mut host)
            .is_ok()
    );
    let orders: Vec<&str> = host.shown.lines().filter(|line| line.starts_with("order: ")).collect();
    let adam = r#""adam(eps: 1e-8)""#;
    let narrow = format!(r#"order: ["momentum", "powersign", "rmsprop_tf", "sgd", {adam}]"#);
    let wide = format!(r#"order: ["momentum", {adam}, "sgd", "rmsprop_tf", "powersign"]"#);
    assert_eq!(orders, [narrow, wide]);
}

#[test]
fn examples_are_formatted() {
    for path in examples() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(nos::syntax::format::format(&text), text, "{}", name(&path));
    }
}

#[test]
fn standard_library_is_formatted() {
    for (name, text) in nos::library::FILES {
        assert_eq!(&nos::syntax::format::format(text), text, "{name}");
    }
}
