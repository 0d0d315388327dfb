//! Rules given as arguments or lines.

use crate::context::{Context, Host};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Rule;
use crate::source::Span;
use crate::syntax;
use crate::syntax::ast::StmtKind;
use crate::syntax::names::Names;

/// The graph of a rule that is written as one expression.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn rule(
    context: &mut Context,
    name: &str,
    text: &str,
    host: &mut dyn Host,
) -> Result<Rule, Vec<Diagnostic>> {
    one_expression(context, name, text)?;
    context.rule(name, text, host)
}

/// Makes sure that a text is one expression, so that it can stand inside another.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn one_expression(
    context: &mut Context,
    name: &str,
    text: &str,
) -> Result<(), Vec<Diagnostic>> {
    let file = context.add_source(name, text);
    let (tree, problems) = syntax::parse(file, text, &mut Names::default());
    if !problems.is_empty() {
        let mut diagnostics = syntax::diagnostics(problems);
        crate::diagnostic::sort(&mut diagnostics);
        return Err(diagnostics);
    }
    let is_one = match tree.body.as_slice() {
        [only] => matches!(tree.stmt(*only).kind, StmtKind::Expr(_)),
        [] | [_, _, ..] => false,
    };
    if is_one {
        return Ok(());
    }
    let span = match tree.body.as_slice() {
        [] => Span::point(file, 0),
        [first] => tree.stmt_span(*first),
        [_, second, ..] => tree.stmt_span(*second),
    };
    Err(vec![
        Diagnostic::new(Code::E0201, span, "expected one expression")
            .help("write what stands right of the `=`, such as `sign(g) * m`"),
    ])
}

/// A whole text as a place, for what is wrong with all of it.
pub(super) fn whole(context: &mut Context, name: &str, text: &str) -> Span {
    let file = context.add_source(name, text);
    Span::new(file, 0, u32::try_from(text.len()).unwrap_or(u32::MAX))
}

/// A text as a string literal.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
