//! A diagram as text for Graphviz.

use super::{Diagram, PartKind};
use std::fmt::Write;

impl Diagram {
    /// The diagram in Graphviz's language: the update on top, arrows along the data, arguments from left to right.
    pub fn dot(&self) -> String {
        let name = quoted(&self.name);
        let mut out = format!(
            "digraph {name} {{\n  label={name};\n  labelloc=t;\n  rankdir=BT;\n  ordering=in;\n  node [shape=box, style=filled];\n"
        );
        let root = self.parts.len() - 1;
        for (index, part) in self.parts.iter().enumerate() {
            let look = match part.kind {
                PartKind::Operand => "fillcolor=\"#cfe2f3\"",
                PartKind::Unary => "fillcolor=\"#fff2cc\"",
                PartKind::Binary => "fillcolor=\"#e0e0e0\"",
                PartKind::LeftOut => "shape=plaintext, style=\"\"",
            };
            let update = if index == root { ", penwidth=2" } else { "" };
            let label = quoted(&part.label);
            let _ = writeln!(out, "  n{index} [label={label}, {look}{update}];");
        }
        for (index, part) in self.parts.iter().enumerate() {
            for arg in &part.args {
                let _ = writeln!(out, "  n{arg} -> n{index};");
            }
        }
        out.push_str("}\n");
        out
    }
}

/// A string of Graphviz's language. Only quotes and backslashes mean anything in it; other than there, a line must not break.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
