//! `nos trace`: a rule over gradients that someone else computed.
//!
//! Made for comparing: the same gradients through another implementation must give the same weights, so all is computed
//! and printed in f64.

use super::args::Trace;
use super::csv::{self, Table};
use super::files::{self, name};
use super::{Console, Exit, Interrupt, Terminal, Trouble, console, rules};
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::engine::{EngineError, Runner, TensorShape};
use crate::source::Span;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Prints the weights after each step.
pub(super) fn trace(args: &Trace, console: Console) -> Result<Exit, Trouble> {
    let mut context = Context::new();
    let mut host = Terminal::new(console);
    let rule = match rules::rule(&mut context, "RULE", &args.rule, &mut host) {
        Ok(rule) => rule,
        Err(diagnostics) => return Ok(console.verdict(&diagnostics, context.sources())),
    };
    let mut tables = Vec::new();
    for path in [Some(&args.grads), args.w0.as_ref()].into_iter().flatten() {
        match table(path, &mut context)? {
            Ok(table) => tables.push(table),
            Err(diagnostic) => return Ok(console.verdict(&[*diagnostic], context.sources())),
        }
    }
    let grads = &tables[0];
    let mut w = vec![0.0; grads.columns()];
    if let (Some(table), Some(path)) = (tables.get(1), &args.w0) {
        if table.rows().len() != 1 || table.columns() != w.len() {
            let message = format!(
                "expected 1 row of {} numbers as in `{}`, found {} of {}",
                w.len(),
                name(&args.grads),
                table.rows().len(),
                table.columns()
            );
            let text = files::read(path).unwrap_or_default();
            let span = rules::whole(&mut context, &name(path), &String::from_utf8_lossy(&text));
            let diagnostic = Diagnostic::new(Code::E0505, Span::point(span.file, 0), message)
                .help("give one weight for each column of the gradients");
            return Ok(console.verdict(&[diagnostic], context.sources()));
        }
        w.copy_from_slice(table.rows().next().unwrap_or_default());
    }
    let mut runner = match Runner::new(&rule, &[TensorShape::Vector(w.len())], args.seed) {
        Ok(runner) => runner,
        Err(error) => {
            let diagnostic = unfit(&error, rules::whole(&mut context, "RULE", &args.rule));
            return Ok(console.verdict(&[diagnostic], context.sources()));
        }
    };
    let total = args.total.unwrap_or(grads.rows().len() as u64);
    let result = Interrupt::during(|| steps(&mut runner, grads, &mut w, args.lr, total));
    match result {
        Ok(written) => console.done(written),
        Err(error) => {
            let diagnostic = unfit(&error, rules::whole(&mut context, "RULE", &args.rule));
            return Ok(console.verdict(&[diagnostic], context.sources()));
        }
    }
    Ok(Exit::Success)
}

fn steps(
    runner: &mut Runner,
    grads: &Table,
    w: &mut [f64],
    rate: f64,
    total: u64,
) -> Result<io::Result<()>, EngineError> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut line = String::new();
    for (step, g) in (0..).zip(grads.rows()) {
        if Interrupt::was_pressed() {
            break;
        }
        runner.step(0, w, g, rate, (step, total))?;
        line.clear();
        csv::push_row(&mut line, w);
        if let Err(error) = out.write_all(line.as_bytes()) {
            return Ok(Err(error));
        }
    }
    Ok(out.flush())
}

/// A table from a file, or what is wrong with it.
fn table(path: &Path, context: &mut Context) -> Result<Result<Table, Box<Diagnostic>>, Trouble> {
    let name = name(path);
    let text = match console::text(&name, files::read(path)?, context) {
        Ok(text) => text,
        Err(diagnostic) => return Ok(Err(diagnostic)),
    };
    Ok(csv::parse(&text).map_err(|error| {
        let file = context.add_source(&name, &text);
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span::new(file, byte(error.place.start), byte(error.place.end));
        Box::new(Diagnostic::new(Code::E0505, span, error.message).help(error.help))
    }))
}

fn unfit(error: &EngineError, span: Span) -> Diagnostic {
    let help = "give a rule that works element by element: a row of the table is a vector";
    Diagnostic::new(Code::E0403, span, error.to_string()).help(help)
}
