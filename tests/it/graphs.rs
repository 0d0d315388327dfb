//! The built-in `graph`: computation graphs as text, as Graphviz text and as pictures.

use crate::support::run;
use nos::context::{Context, Host, Input};
use nos::diagnostic::{Style, render};
use nos::library::FILES;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

/// A host that keeps what is shown and what is written.
#[derive(Default)]
struct Kept {
    shown: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl Host for Kept {
    fn show(&mut self, text: &str) {
        self.shown.push_str(text);
        self.shown.push('\n');
    }

    fn read(&mut self, _path: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        self.files.insert(name, bytes.to_vec());
        Ok(())
    }

    fn progress(&mut self, _done: f64, _what: &str) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn canvas(&self) -> (u16, bool) {
        (80, false)
    }
}

/// What a program that is right shows and writes.
#[track_caller]
fn kept(text: &str) -> Kept {
    let mut context = Context::new();
    let mut host = Kept::default();
    let outcome = context.run("graphs.nos", text, None, Input::Prompt, &mut host);
    let problems: String = outcome
        .diagnostics
        .iter()
        .map(|d| render(d, context.sources(), Style::PLAIN))
        .collect();
    assert!(outcome.is_ok(), "{text}\n{problems}");
    host
}

#[track_caller]
fn shows(text: &str, want: &str) {
    assert_eq!(kept(text).shown.trim_end(), want.trim_matches('\n'));
}

/// The labels of the boxes of Graphviz text; every line must be one of the forms that the text is made of.
#[track_caller]
fn dot_labels(dot: &str) -> Vec<String> {
    let mut labels = Vec::new();
    let mut edges = Vec::new();
    let mut lines = dot.lines();
    assert!(lines.next().unwrap().starts_with("digraph \""), "{dot}");
    for line in lines.by_ref().take_while(|line| *line != "}") {
        let line = line.strip_prefix("  ").unwrap();
        let line = line.strip_suffix(';').unwrap();
        let number = |text: &str| text.strip_prefix('n')?.parse::<usize>().ok();
        if let Some((from, to)) = line.split_once(" -> ") {
            edges.push((number(from).unwrap(), number(to).unwrap()));
        } else if let Some((name, rest)) = line.split_once(" [label=\"") {
            assert_eq!(number(name), Some(labels.len()), "{line}");
            let (label, rest) = rest.split_once("\", ").unwrap();
            assert!(rest.ends_with(']'), "{line}");
            labels.push(label.to_owned());
        } else {
            let is_setting = line.contains('=') || line == "node [shape=box, style=filled]";
            assert!(is_setting, "{line}");
        }
    }
    assert_eq!(lines.next(), None, "nothing stands after the end");
    assert!(
        edges
            .iter()
            .all(|(from, to)| from < to && *to < labels.len())
    );
    labels
}

/// The texts of an XML document, each with the tag around it, entities read; panics where it is not well formed.
#[track_caller]
fn xml_texts(xml: &str) -> Vec<(&str, String)> {
    let mut open: Vec<&str> = Vec::new();
    let mut texts = Vec::new();
    let mut rest = xml.trim();
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        assert!(!text.contains('>') && text.chars().all(|c| !c.is_control() || c == '\n'));
        if !text.trim().is_empty() {
            texts.push((*open.last().unwrap(), read_entities(text)));
        }
        if let Some(comment) = rest[start..].strip_prefix("<!--") {
            rest = comment.split_once("-->").unwrap().1;
            continue;
        }
        let (tag, after) = rest[start + 1..].split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let opened = open.pop().and_then(|tag| tag.split_whitespace().next());
            assert_eq!(opened, Some(name));
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        assert!(!tag.contains('<'), "{tag}");
        if !tag.ends_with('/') {
            open.push(tag);
        }
    }
    assert!(open.is_empty() && rest.is_empty(), "{open:?} {rest}");
    texts
}

#[track_caller]
fn read_entities(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut out = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (entity, rest) = piece.split_once(';').unwrap();
        out.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            other => panic!("entity {other}"),
        });
        out.push_str(rest);
    }
    out
}

/// The labels of a graph's boxes in order, the same in the files `name.dot` and `name.svg`.
#[track_caller]
fn labels_of(host: &Kept, name: &str) -> Vec<String> {
    let file = |ending| std::str::from_utf8(&host.files[&format!("{name}.{ending}")]).unwrap();
    // The name over the picture is larger, the order of arguments under a box smaller.
    let (mut dot, svg) = (dot_labels(file("dot")), xml_texts(file("svg")));
    let is_label = |(tag, _): &(&str, String)| tag.contains("font-size=\"14\"");
    let mut svg: Vec<String> = svg.into_iter().filter(is_label).map(|it| it.1).collect();
    dot.sort();
    svg.sort();
    assert_eq!(dot, svg, "{name}");
    dot
}

/// The labels of a rule's graph in order.
#[track_caller]
fn labels(definitions: &str, rule: &str) -> Vec<String> {
    let host = kept(&format!(
        "{definitions}\nsave(graph({rule}), \"r.dot\")\nsave(graph({rule}), \"r.svg\")"
    ));
    labels_of(&host, "r")
}

#[test]
fn powersign_is_drawn_as_in_the_paper() {
    shows(
        "graph(powersign)",
        "
powersign
└─ *
   ├─ ^
   │  ├─ e
   │  └─ *
   │     ├─ sign ─ g
   │     └─ sign ─ m
   └─ g
",
    );
}

#[test]
fn adam_is_drawn_over_its_operands() {
    shows(
        "graph(adam)",
        "
adam
└─ /
   ├─ mhat
   └─ +
      ├─ sqrt ─ vhat
      └─ delta
",
    );
    shows("graph(mhat)", "mhat\n└─ debias ─ m");
    shows("graph(m)", "m\n└─ ema(0.9) ─ g");
    shows("graph(sign(adam))", "update\n└─ sign ─ adam");
}

#[test]
fn shared_part_is_drawn_once() {
    shows(
        "let d = g - w\nrule r = sign(d) * (d + clip(d, 1e-5))\ngraph(r)",
        "
r
└─ *
   ├─ sign ─ [1] -
   │             ├─ g
   │             └─ w
   └─ +
      ├─ [1]
      └─ clip(1e-5) ─ [1]
",
    );
    let labels = labels("let d = g - w", "sign(d) * (d + clip(d, 1e-5))");
    assert_eq!(labels, ["*", "+", "-", "clip(1e-5)", "g", "sign", "w"]);
    let host = kept("save(graph(g * g), \"r.png\")");
    assert!(host.files["r.png"].starts_with(b"\x89PNG"));
}

#[test]
fn name_stands_for_what_it_means_now() {
    shows(
        "let m = w\ngraph(ema(g, 0.9) * sign(m))",
        "update\n└─ *\n   ├─ ema(0.9) ─ g\n   └─ sign ─ w",
    );
}

#[test]
fn masks_noise_and_previous_updates_are_parts() {
    shows(
        "let d = drop(g, 0.3)\ngraph(d * sign(d) + drop(g, 0.3) * eps)",
        "
update
└─ +
   ├─ *
   │  ├─ [1] drop(0.3) ─ g
   │  └─ sign ─ [1]
   └─ *
      ├─ drop(0.3) ─ g
      └─ eps
",
    );
    shows(
        "rule r = g + 0.5 * last(update)\ngraph(2 * r)",
        "
update
└─ *
   ├─ 2
   └─ own ─ +
            ├─ g
            └─ *
               ├─ 0.5
               └─ last(update)
",
    );
    shows(
        "graph(where(g * m > 0, g, -g))",
        "
update
└─ where
   ├─ >
   │  ├─ *
   │  │  ├─ g
   │  │  └─ m
   │  └─ 0
   ├─ g
   └─ neg ─ g
",
    );
}

#[test]
fn schedule_and_number_have_graphs() {
    shows("graph(2)", "update\n└─ 2");
    shows(
        "graph(ld)",
        "ld\n└─ -\n   ├─ 1\n   └─ /\n      ├─ t\n      └─ T",
    );
    shows(
        "graph(powersign(f: ld))",
        "
powersign(f: ld)
└─ *
   ├─ ^
   │  ├─ e
   │  └─ *
   │     ├─ *
   │     │  ├─ ld
   │     │  └─ sign ─ g
   │     └─ sign ─ m
   └─ g
",
    );
    assert_eq!(labels("", "2"), ["2"]);
}

#[test]
fn graph_is_a_value_like_others() {
    shows("print(graph(sgd))", "sgd\n└─ g");
    shows("str(graph(sgd)) + \"!\"", "sgd\n└─ g!");
    shows(
        "[graph(sgd), graph(2 * g)]",
        "[graph of sgd, graph of update]",
    );
}

#[test]
fn every_rule_of_the_standard_library_has_a_graph() {
    let mut program = String::new();
    let mut names = Vec::new();
    for line in FILES.iter().flat_map(|(_, text)| text.lines()) {
        let head = ["let ", "rule "]
            .iter()
            .find_map(|word| line.strip_prefix(word));
        let Some(head) = head.filter(|head| !head.contains("objective(")) else {
            continue;
        };
        let end = head.find(|c: char| !c.is_alphanumeric() && c != '_');
        let name = &head[..end.unwrap()];
        // A list of rules, and one of learning rates.
        if matches!(name, "table6" | "paper") {
            continue;
        }
        let _ = write!(
            program,
            "print(\"next\")\ngraph({name})\nsave(graph({name}), \"{name}.dot\")\nsave(graph({name}), \"{name}.svg\")\n"
        );
        names.push(name);
    }
    assert!(names.len() > 50, "only {} rules", names.len());
    let host = kept(&program);
    for (name, tree) in names.iter().zip(host.shown.split("next\n").skip(1)) {
        assert_eq!(tree.lines().next(), Some(*name));
        for label in labels_of(&host, name) {
            assert!(tree.contains(&label), "{label} of\n{tree}");
        }
    }
    assert!(!host.shown.contains('…'));
    assert!(host.shown.lines().all(|line| line.chars().count() <= 80));
}

/// A program whose `f` is `2^10` levels deep.
fn deep() -> String {
    let mut text = "fn f0(x) = sign(x) + m * x\n".to_owned();
    for level in 1..=10 {
        let _ = writeln!(text, "fn f{level}(x) = f{0}(f{0}(x))", level - 1);
    }
    text
}

#[test]
fn deep_graph_is_drawn_in_part_and_kept_in_full() {
    let host = kept(&format!(
        "{}let r = graph(f10(g))\nr\nsave(r, \"r.dot\")\nsave(r, \"r.svg\")",
        deep()
    ));
    assert!(
        host.shown.contains("of 3074 parts left out"),
        "{}",
        host.shown
    );
    assert!(host.shown.lines().all(|line| line.chars().count() <= 80));
    let dot = std::str::from_utf8(&host.files["r.dot"]).unwrap();
    assert_eq!(dot_labels(dot).len(), 3074);
    let texts = xml_texts(std::str::from_utf8(&host.files["r.svg"]).unwrap());
    assert_eq!(texts.last().unwrap().1, "… 2874 of 3074 parts left out");
}

#[test]
fn wrong_argument_or_file_name_is_said() {
    for (text, want) in [
        (
            "graph(\"adam\")",
            "error[E0305]: expected a numeric expression for `rule` of `graph`, found text",
        ),
        ("graph()", "E0302"),
        ("graph(fn(x) => x)", "found a function"),
        ("graph(transpose(g))", "E0313"),
        (
            "save(graph(adam), \"adam.pdf\")",
            "`adam.pdf` does not end in .dot, .svg or .png",
        ),
    ] {
        let ran = run("graphs.nos", text);
        assert!(
            !ran.ok && ran.rendered.contains(want),
            "{text}\n{}",
            ran.rendered
        );
        assert!(ran.diagnostics[0].help.is_some(), "{text}");
    }
}
