//! Values as text: in full for the prompt, on one line inside other values.

use super::Value;
use super::task::{as_net, as_task};
use crate::bench::{Table, rate_text, short_name};
use crate::builtin::Builtin;
use crate::check::scope::Scope;
use crate::ir::{self, Graph, NodeId};
use crate::lab::{Source, Subject, Task};
use crate::op::number_text;
use crate::syntax::names::{Names, Symbol};
use rustc_hash::FxHashMap;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;

/// Operands of the standard library that formulas are written in.
pub(super) const OPERANDS: [&str; 6] = ["m", "v", "gamma", "mhat", "vhat", "gammahat"];

/// How values are shown.
pub struct Shower<'a> {
    names: &'a Names,
    graph: &'a Graph,
    operands: FxHashMap<NodeId, Arc<str>>,
    width: u16,
    colour: bool,
}

/// The most items of a list that are shown.
const ITEMS: usize = 100;

impl<'a> Shower<'a> {
    /// A shower for the definitions in force: formulas use `m`, `v` and the other operands as long as these names mean them.
    pub fn new(
        names: &'a Names,
        scope: &Scope<Value>,
        graph: &'a Graph,
        width: u16,
        colour: bool,
    ) -> Self {
        let operands = operands(names, scope, &OPERANDS);
        Self {
            names,
            graph,
            operands,
            width,
            colour,
        }
    }

    /// A value in full: a rule with its type and state, a report as a table, a picture drawn.
    pub fn full(&self, value: &Value) -> String {
        match value {
            Value::Rule(rule) => {
                let formula = self.node(rule.node, true);
                let head = if *rule.name == *formula {
                    formula
                } else {
                    format!("{} = {formula}", rule.name)
                };
                format!("{head}\n  {}{}", self.about(rule.node), self.family(value))
            }
            Value::Expr(node) => format!("{}\n  {}", self.node(*node, true), self.about(*node)),
            Value::List(items) => self.table(items).unwrap_or_else(|| self.inline(value)),
            Value::Report(report, _) => report.table().trim_end().to_owned(),
            Value::Training(report) => report.table().trim_end().to_owned(),
            Value::Search(found) => found.table().trim_end().to_owned(),
            Value::Space(space) => {
                crate::search::describe::describe(space).unwrap_or_else(|error| error.to_string())
            }
            Value::Net(net) => format!("{}\n  {}", net.full_text(), net.about()),
            Value::Task(task) => format!("{task}\n  {}", about(task)),
            Value::Builtin(builtin) => {
                bare(*builtin).map_or_else(|| self.inline(value), |value| self.full(&value))
            }
            Value::Explanation(page) => page.text(),
            Value::Diagram(diagram) => diagram.tree(usize::from(self.width), self.colour),
            #[cfg(feature = "cli")]
            Value::Picture(picture) => crate::plot::terminal(picture, self.width, self.colour)
                .trim_end()
                .to_owned(),
            Value::Str(text) => text.to_string(),
            Value::Objective(objective) => {
                let minima: Vec<String> = objective
                    .minima()
                    .iter()
                    .map(|point| numbers(point))
                    .collect();
                let mut out = format!(
                    "{}({}) = {}\n  start {}",
                    objective.name(),
                    objective.coordinates().join(", "),
                    objective.formula(),
                    numbers(objective.start())
                );
                if !minima.is_empty() {
                    let _ = write!(out, ", minimum {}", minima.join(" or "));
                }
                if let Some(least) = objective.least() {
                    let _ = write!(out, ", value there {}", number_text(least));
                }
                if objective.noise() > 0.0 {
                    let _ = write!(out, ", gradient noise {}", number_text(objective.noise()));
                }
                out
            }
            _ => self.inline(value),
        }
    }

    /// A value as `print` shows it: text without quotes, rules as formulas.
    pub fn plain(&self, value: &Value) -> String {
        match value {
            Value::Str(text) => text.to_string(),
            Value::Rule(rule) => self.node(rule.node, true),
            Value::Report(..) | Value::Training(_) | Value::Explanation(_) => self.full(value),
            Value::Diagram(diagram) => diagram.tree(usize::from(self.width), false),
            #[cfg(feature = "cli")]
            Value::Picture(_) => self.full(value),
            _ => self.inline(value),
        }
    }

    /// A value on one line.
    pub fn inline(&self, value: &Value) -> String {
        match value {
            Value::Unit => "nothing".to_owned(),
            Value::Num(number) => plain_number(*number),
            Value::Bool(truth) => truth.to_string(),
            Value::Str(text) => quoted(text),
            Value::List(items) => {
                let mut parts: Vec<String> = items
                    .iter()
                    .take(ITEMS)
                    .map(|item| self.inline(item))
                    .collect();
                if items.len() > ITEMS {
                    parts.push(format!("… {} more", items.len() - ITEMS));
                }
                format!("[{}]", parts.join(", "))
            }
            Value::Record(fields) => {
                let parts: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| {
                        format!("{}: {}", self.names.text(*name), self.inline(value))
                    })
                    .collect();
                format!("({})", parts.join(", "))
            }
            Value::Expr(node) => self.node(*node, false),
            Value::Rule(rule) => rule.name.to_string(),
            Value::Fn(closure) => {
                let params: Vec<&str> = closure
                    .tree
                    .params(closure.params)
                    .iter()
                    .map(|param| self.names.text(param.name.name))
                    .collect();
                format!(
                    "fn {}({})",
                    closure
                        .name
                        .map_or("", |name: Symbol| self.names.text(name)),
                    params.join(", ")
                )
                .replace("fn (", "fn(")
            }
            Value::Op(op) => op.info().signature(),
            Value::Builtin(builtin) => bare(*builtin).map_or_else(
                || builtin.info().signature(),
                |_| builtin.info().name.to_owned(),
            ),
            Value::Objective(objective) => objective.name().to_owned(),
            Value::Net(net) => net.to_string(),
            Value::Task(task) => task.to_string(),
            Value::Training(report) => format!("report on {}", report.plan.name),
            Value::Space(space) => format!(
                "space of {} operands, depth {}",
                space.operands().len(),
                space.groups()
            ),
            Value::Search(found) => format!("search on {}", found.tasks()),
            Value::Report(report, _) => format!("report on {}", report.task.name),
            Value::Explanation(page) => format!("explanation of {}", page.name()),
            Value::Diagram(diagram) => format!("graph of {}", diagram.name()),
            #[cfg(feature = "cli")]
            Value::Picture(_) => "picture".to_owned(),
        }
    }

    /// Records with the same fields as a table, where every field is a number, a truth value or text.
    fn table(&self, items: &[Value]) -> Option<String> {
        let fields = |item: &Value| match item {
            Value::Record(fields) => Some(Rc::clone(fields)),
            _ => None,
        };
        let first = fields(items.first()?)?;
        let heads: Vec<&str> = first
            .iter()
            .map(|(name, _)| self.names.text(*name))
            .collect();
        let mut table = Table::new(&heads);
        for item in items.iter().take(ITEMS) {
            let row = fields(item)?;
            let is_like =
                row.len() == first.len() && row.iter().zip(&*first).all(|(a, b)| a.0 == b.0);
            let cell = |value: &Value| match value {
                // A table is for reading: what is not there is a dash, and three digits will do.
                Value::Num(number) if number.is_nan() => Some("–".to_owned()),
                Value::Num(number) if number.is_finite() => Some(rate_text(*number)),
                Value::Num(_) | Value::Bool(_) => Some(self.inline(value)),
                Value::Str(text) if !text.contains('\n') => Some(short_name(text)),
                _ => None,
            };
            let cells: Option<Vec<String>> = row.iter().map(|(_, value)| cell(value)).collect();
            table.row(cells.filter(|_| is_like)?);
        }
        let mut out = table.text();
        if items.len() > ITEMS {
            let _ = writeln!(out, "  … {} more", items.len() - ITEMS);
        }
        Some(out.trim_end().to_owned())
    }

    /// A rule's or expression's formula.
    pub fn formula(&self, value: &Value) -> String {
        match value {
            Value::Rule(rule) => self.node(rule.node, true),
            Value::Expr(node) => self.node(*node, true),
            _ => self.inline(value),
        }
    }

    /// An expression's text; `is_definition` for what an operand is made of rather than its name.
    fn node(&self, node: NodeId, is_definition: bool) -> String {
        if is_definition && self.operands.contains_key(&node) {
            let mut operands = self.operands.clone();
            operands.remove(&node);
            return ir::text_with(self.graph, node, &operands);
        }
        ir::text_with(self.graph, node, &self.operands)
    }

    /// Type and state of an expression.
    fn about(&self, node: NodeId) -> String {
        let rule = ir::Rule::new(self.graph, node);
        let slots = rule.slots();
        let mut out = if ir::is_truth(self.graph, node) {
            format!("Bool{}", rule.ty().shape)
        } else {
            rule.ty().to_string()
        };
        for (count, what) in [
            (slots.per_element, "per parameter"),
            (slots.per_side, "per row or column"),
            (slots.per_tensor, "per tensor"),
        ] {
            if count > 0 {
                let _ = write!(
                    out,
                    ", {count} state slot{} {what}",
                    if count == 1 { "" } else { "s" }
                );
            }
        }
        out
    }

    /// The parameters of a rule, with their defaults.
    fn family(&self, value: &Value) -> String {
        let Value::Rule(rule) = value else {
            return String::new();
        };
        let Some(family) = &rule.family else {
            return String::new();
        };
        let names: Vec<&str> = family
            .tree
            .params(family.params)
            .iter()
            .map(|param| self.names.text(param.name.name))
            .collect();
        format!(
            "; parameter{} {}",
            if names.len() == 1 { "" } else { "s" },
            names.join(", ")
        )
    }
}

/// The network or task that a bare name stands for.
fn bare(builtin: Builtin) -> Option<Value> {
    let value = Value::Builtin(builtin);
    as_net(&value)
        .map(|net| Value::Net(Rc::new(net)))
        .or_else(|| as_task(&value).map(Value::Task))
}

/// What a task is, in a few words.
fn about(task: &Task) -> String {
    let data = match (&task.source, task.subject()) {
        (Source::Cifar { .. }, _) => "CIFAR-10",
        (Source::Ptb { .. }, _) => "the Penn Treebank",
        (Source::Synthetic { .. }, Subject::Images) => "synthetic images",
        (Source::Synthetic { .. }, Subject::Text) => "synthetic text",
    };
    format!("{data}; {}", task.net.about())
}

/// The nodes that some of these names mean in the definitions in force, the first names first.
pub(super) fn operands(
    names: &Names,
    scope: &Scope<Value>,
    wanted: &[&str],
) -> FxHashMap<NodeId, Arc<str>> {
    let mut operands = FxHashMap::default();
    for name in wanted {
        let Some(symbol) = names.get(name) else {
            continue;
        };
        let node = match scope.get(symbol, u32::MAX) {
            Some(Value::Expr(node)) => Some(*node),
            Some(Value::Rule(rule)) => Some(rule.node),
            Some(_) | None => None,
        };
        if let Some(node) = node {
            operands.entry(node).or_insert_with(|| Arc::from(*name));
        }
    }
    operands
}

fn numbers(point: &[f64]) -> String {
    format!(
        "({})",
        point
            .iter()
            .map(|x| number_text(*x))
            .collect::<Vec<_>>()
            .join(", ")
    )
}

/// A number as the language writes it, with words for what has no numeral.
fn plain_number(value: f64) -> String {
    if value.is_finite() {
        number_text(value)
    } else if value.is_nan() {
        "nan".to_owned()
    } else if value > 0.0 {
        "inf".to_owned()
    } else {
        "-inf".to_owned()
    }
}

/// Text in quotes, with escapes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
