//! Names and their documentation, for help and completion.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "only definitions that can be called have parameters"
)]

use crate::builtin::{Builtin, CONSTANTS};
use crate::check::scope::Scope;
use crate::check::{DefKind, Global, Known, Primitive, Ty};
use crate::diagnostic::Code;
use crate::op::{Op, TABLE, number_text};
use crate::source::SourceMap;
use crate::syntax::names::Names;
use std::fmt::Write;

/// A name that can be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameInfo {
    /// The name.
    pub name: String,
    /// What kind of thing it is: `operand`, `constant`, `function`, `let`, `fn`, `rule`.
    pub kind: &'static str,
    /// Its type.
    pub ty: String,
    /// The first sentence of its documentation; empty where there is none.
    pub summary: String,
    /// Whether the user defined it, not the language or the standard library.
    pub is_user: bool,
    /// The names of its parameters, for completing named arguments.
    pub params: Vec<String>,
}

/// The documentation of a definition as it was written, without the marks in front.
pub(super) fn doc(global: &Global, sources: &SourceMap) -> String {
    let (tree, id) = &global.stmt;
    let lines: Vec<&str> = tree
        .doc_lines(tree.stmt(*id))
        .into_iter()
        .map(|span| {
            let line = sources.slice(span).trim_start_matches('#');
            line.strip_prefix(' ').unwrap_or(line).trim_end()
        })
        .collect();
    lines.join("\n")
}

fn summary(doc: &str) -> String {
    let paragraph: Vec<&str> = doc
        .lines()
        .take_while(|line| !line.is_empty() && !line.starts_with("nos> "))
        .collect();
    let text = paragraph.join(" ");
    match text.find(". ") {
        Some(end) => text[..=end].to_owned(),
        None => text,
    }
}

fn params(ty: &Ty, names: &Names) -> Vec<String> {
    match ty {
        Ty::Fn(function) | Ty::Rule(function, _) => function
            .tree
            .params(function.params)
            .iter()
            .map(|param| names.text(param.name.name).to_string())
            .collect(),
        Ty::Op(op) => op
            .info()
            .params
            .iter()
            .map(|param| param.name.to_owned())
            .collect(),
        Ty::Builtin(builtin) => builtin
            .info()
            .params
            .iter()
            .map(|param| param.name.to_owned())
            .collect(),
        _ => Vec::new(),
    }
}

fn kind(global: &Global) -> &'static str {
    match (global.kind, &global.ty) {
        (DefKind::Let, Ty::Objective(_)) => "objective",
        (DefKind::Let, _) => "let",
        (DefKind::Fn, _) => "fn",
        (DefKind::Rule, _) => "rule",
    }
}

/// Everything that can be named, in alphabetical order.
pub(super) fn names(
    types: &Scope<Global>,
    names: &Names,
    known: &Known,
    sources: &SourceMap,
) -> Vec<NameInfo> {
    let mut out: Vec<NameInfo> = Vec::new();
    for (number, symbol, global) in types.iter() {
        if types.find(symbol, u32::MAX) != Some(number) {
            continue;
        }
        out.push(NameInfo {
            name: names.text(symbol).to_string(),
            kind: kind(global),
            ty: global.ty.text(names),
            summary: summary(&doc(global, sources)),
            is_user: !global.is_std,
            params: params(&global.ty, names),
        });
    }
    for symbol in known.symbols() {
        let name = names.text(symbol).to_string();
        let (kind, ty, doc, params) = match known.primitive(symbol) {
            Some(Primitive::Leaf(leaf)) => (
                "operand",
                leaf.ty().to_string(),
                leaf.info().map_or("", |row| row.doc),
                Vec::new(),
            ),
            Some(Primitive::Constant(_)) => (
                "constant",
                "Num".to_owned(),
                constant_doc(&name),
                Vec::new(),
            ),
            Some(Primitive::Op(op)) => (
                "function",
                op.info().signature(),
                op.info().doc,
                params(&Ty::Op(op), names),
            ),
            Some(Primitive::Builtin(builtin)) => (
                "function",
                Ty::Builtin(builtin).text(names),
                builtin.info().doc,
                params(&Ty::Builtin(builtin), names),
            ),
            Some(Primitive::Update) | None => continue,
        };
        out.push(NameInfo {
            name,
            kind,
            ty,
            summary: summary(doc),
            is_user: false,
            params,
        });
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

fn constant_doc(name: &str) -> &'static str {
    CONSTANTS
        .iter()
        .find(|row| row.0 == name)
        .map_or("", |row| row.2)
}

/// Help on a topic.
pub(super) fn help(
    topic: &str,
    types: &Scope<Global>,
    names: &Names,
    known: &Known,
    sources: &SourceMap,
) -> Option<String> {
    let topic = topic.trim();
    if topic.is_empty() {
        return Some(overview());
    }
    if let Some(code) = Code::by_name(topic) {
        return Some(code_help(code));
    }
    if let Some(symbol) = names.get(topic) {
        if let Some(global) = types.get(symbol, u32::MAX) {
            let text = doc(global, sources);
            let text = if text.is_empty() {
                "No documentation.".to_owned()
            } else {
                text
            };
            let (tree, id) = &global.stmt;
            let source = sources.slice(tree.stmt_span(*id));
            return Some(format!(
                "{topic} : {}\n\n{text}\n\n{source}\n",
                global.ty.text(names)
            ));
        }
        match known.primitive(symbol) {
            Some(Primitive::Leaf(leaf)) => {
                return leaf
                    .info()
                    .map(|row| format!("{} : {}\n\n{}\n", row.name, row.ty, row.doc));
            }
            Some(Primitive::Constant(value)) => {
                return Some(format!(
                    "{topic} : Num\n\n{} Its value is {}.\n",
                    constant_doc(topic),
                    number_text(value)
                ));
            }
            Some(Primitive::Op(op)) => return Some(op_help(op)),
            Some(Primitive::Builtin(builtin)) => return Some(builtin_help(builtin)),
            Some(Primitive::Update) => {
                return Some("last(update) : Tensor[*]\n\nThe rule's own update of the step before; 0 at the first.\n".to_owned());
            }
            None => {}
        }
    }
    let rows: Vec<Op> = TABLE
        .iter()
        .filter(|row| row.name == topic)
        .map(|row| row.op)
        .collect();
    if rows.is_empty() {
        return None;
    }
    Some(rows.into_iter().map(op_help).collect::<Vec<_>>().join("\n"))
}

fn op_help(op: Op) -> String {
    let info = op.info();
    let mut out = format!("{}\n\n{}\n", info.signature(), info.doc);
    for param in info
        .params
        .iter()
        .filter(|param| !param.domain_text.is_empty())
    {
        let text = if param.domain_text.contains(param.name) {
            param.domain_text.to_owned()
        } else {
            format!("{}: {}", param.name, param.domain_text)
        };
        let _ = writeln!(out, "{text}");
    }
    let _ = write!(out, "\nExample: {}\n", info.example);
    out
}

fn builtin_help(builtin: Builtin) -> String {
    let info = builtin.info();
    format!(
        "{} -> {}\n\n{}\n\nExample: {}\n",
        info.signature(),
        info.gives,
        info.doc,
        info.example
    )
}

fn code_help(code: Code) -> String {
    let info = code.info();
    let mut out = format!("{}: {}\n\n{}\n", info.name, info.title, info.explanation);
    let block = |text: &str| {
        text.lines()
            .fold(String::new(), |out, line| out + "    " + line + "\n")
    };
    if !info.wrong.is_empty() {
        let _ = write!(out, "\nWrong:\n{}", block(info.wrong));
    }
    if !info.right.is_empty() {
        let _ = write!(out, "\nRight:\n{}", block(info.right));
    }
    out
}

fn overview() -> String {
    "nos is a language for update rules: how a weight changes in one training step.\n\n\
     A rule is an expression over the gradient g and what is made of it; w <- w - lr * rule.\n\n\
     \x20   rule mine = sign(g) * sqrt|m|                 define a rule\n\
     \x20   mine                                          see it\n\
     \x20   run(mine, [0.1, 0.1, -0.1], lr: 0.1)          the weights after each step\n\
     \x20   bench([mine, powersign], on: rosenbrock)      race it\n\
     \x20   plot(bench([mine], on: rosenbrock))           and draw it\n\
     \x20   train(mine, on: synthetic(convnet), lr: 0.1)  train a network with it\n\n\
     Help on anything by its name: help(powersign), help(ema), help(\"E0301\"), help(\"@\").\n"
        .to_owned()
}
