//! Rules given as arguments or lines.

use crate::context::{Context, Host};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Rule;
use crate::source::Span;
use crate::syntax::{self, ast::StmtKind, names::Names};

/// The graph of a rule that is written as one expression, so that it can stand inside another.
pub(super) fn rule(
    context: &mut Context,
    name: &str,
    text: &str,
    host: &mut dyn Host,
) -> Result<Rule, Vec<Diagnostic>> {
    let span = whole(context, name, text);
    let (tree, problems) = syntax::parse(span.file, text, &mut Names::default());
    if !problems.is_empty() {
        let mut diagnostics = syntax::diagnostics(problems);
        crate::diagnostic::sort(&mut diagnostics);
        return Err(diagnostics);
    }
    let place = match tree.body.as_slice() {
        [] => span,
        [only] if matches!(tree.stmt(*only).kind, StmtKind::Expr(_)) => {
            return context.rule(name, text, host);
        }
        [only] => tree.stmt_span(*only),
        [_, second, ..] => tree.stmt_span(*second),
    };
    Err(vec![
        Diagnostic::new(Code::E0201, place, "expected a rule as one expression")
            .help("write what stands right of a `=`, such as `sign(g) * m`"),
    ])
}

/// A whole text as a place, for what is wrong with all of it.
pub(super) fn whole(context: &mut Context, name: &str, text: &str) -> Span {
    let file = context.add_source(name, text);
    Span::new(file, 0, u32::try_from(text.len()).unwrap_or(u32::MAX))
}
