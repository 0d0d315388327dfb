//! Which argument of a call goes to which parameter.

use crate::builtin::BuiltinInfo;
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::op::Op;
use crate::source::Span;
use crate::syntax::ast::{Arg, ExprId, Tree};
use crate::syntax::names::Names;

/// The parameters of whatever is called.
pub struct Signature<'a> {
    /// The callee as text: `powersign`, `this function`.
    pub callee: &'a str,
    /// The name of each parameter and whether it must be given.
    pub params: &'a [(&'a str, bool)],
    /// Whether any number of positional arguments may be given.
    pub variadic: bool,
    /// Where the callee is defined, to show it.
    pub defined: Option<Span>,
}

impl<'a> Signature<'a> {
    /// The signature of an op with these [`op_params`].
    pub fn of_op(op: Op, params: &'a [(&'a str, bool)]) -> Self {
        Self {
            callee: op.name(),
            params,
            variadic: false,
            defined: None,
        }
    }

    /// The signature of a built-in with these [`builtin_params`].
    pub fn of_builtin(info: &'static BuiltinInfo, params: &'a [(&'a str, bool)]) -> Self {
        Self {
            callee: info.name,
            params,
            variadic: info.variadic,
            defined: None,
        }
    }
}

/// The parameters of an op: names, and whether they must be given.
pub fn op_params(op: Op) -> Vec<(&'static str, bool)> {
    let params = op.info().params.iter();
    params
        .map(|param| (param.name, param.default.is_none()))
        .collect()
}

/// The parameters of a built-in: names, and whether they must be given.
pub fn builtin_params(info: &'static BuiltinInfo) -> Vec<(&'static str, bool)> {
    let params = info.params.iter();
    params.map(|param| (param.name, param.required)).collect()
}

/// The argument of each parameter, in order of parameters; extra positional ones after them for variadic callees.
///
/// # Errors
/// Everything that does not fit.
pub fn bind(
    signature: &Signature<'_>,
    tree: &Tree,
    call: Span,
    args: &[Arg],
    names: &Names,
) -> Result<Vec<Option<ExprId>>, Vec<Diagnostic>> {
    let mut bound: Vec<Option<ExprId>> = vec![None; signature.params.len()];
    let mut problems = Vec::new();
    let mut positional = 0;
    for arg in args {
        let span = tree.span(arg.value);
        let Some(name) = arg.name else {
            if let Some(slot) = bound.get_mut(positional) {
                *slot = Some(arg.value);
            } else if signature.variadic {
                bound.push(Some(arg.value));
            }
            positional += 1;
            continue;
        };
        let text = names.text(name.name);
        match signature
            .params
            .iter()
            .position(|(param, _)| *param == text)
        {
            None => problems.push(unknown(signature, text, tree.ident_span(name))),
            Some(index) => match bound[index] {
                Some(first) => problems.push(
                    Diagnostic::new(
                        Code::E0304,
                        span,
                        format!("argument `{text}` is given twice"),
                    )
                    .here("again here")
                    .label(tree.span(first), "first here")
                    .help("remove one of the two"),
                ),
                None => bound[index] = Some(arg.value),
            },
        }
    }
    if positional > signature.params.len() && !signature.variadic {
        let extra = args
            .iter()
            .filter(|arg| arg.name.is_none())
            .nth(signature.params.len());
        let span = extra.map_or(call, |arg| tree.span(arg.value));
        problems.push(count_problem(signature, span, positional, "one too many"));
    }
    let missing: Vec<&str> = signature
        .params
        .iter()
        .zip(&bound)
        .filter(|((_, required), slot)| *required && slot.is_none())
        .map(|((name, _), _)| *name)
        .collect();
    if problems.is_empty() && !missing.is_empty() {
        let list: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        let headline = format!(
            "`{}` lacks its argument{} {}",
            signature.callee,
            if list.len() > 1 { "s" } else { "" },
            list.join(", ")
        );
        problems.push(
            with_definition(
                signature,
                Diagnostic::new(Code::E0302, call, headline).here("argument missing"),
            )
            .help(format!("write `{}`", head(signature))),
        );
    }
    if problems.is_empty() {
        Ok(bound)
    } else {
        Err(problems)
    }
}

fn head(signature: &Signature<'_>) -> String {
    let params: Vec<String> = signature
        .params
        .iter()
        .map(|(name, required)| {
            if *required {
                (*name).to_owned()
            } else {
                format!("[{name}:]")
            }
        })
        .collect();
    format!("{}({})", signature.callee, params.join(", "))
}

fn with_definition(signature: &Signature<'_>, diagnostic: Diagnostic) -> Diagnostic {
    match signature.defined {
        Some(span) => diagnostic.label(span, "defined here"),
        None => diagnostic,
    }
}

fn count_problem(signature: &Signature<'_>, span: Span, found: usize, here: &str) -> Diagnostic {
    let takes = match signature.params.len() {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        n => format!("{n} arguments"),
    };
    let headline = format!("`{}` takes {takes}, found {found}", signature.callee);
    with_definition(
        signature,
        Diagnostic::new(Code::E0302, span, headline).here(here),
    )
    .help(format!("write `{}`", head(signature)))
}

fn unknown(signature: &Signature<'_>, text: &str, span: Span) -> Diagnostic {
    let headline = format!("`{}` has no parameter `{text}`", signature.callee);
    let diagnostic = with_definition(
        signature,
        Diagnostic::new(Code::E0303, span, headline).here("not a parameter"),
    );
    match suggest(text, signature.params.iter().map(|(name, _)| *name)) {
        Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
        None if signature.params.is_empty() => diagnostic.help("it takes no arguments"),
        None => diagnostic.help(format!("write `{}`", head(signature))),
    }
}
