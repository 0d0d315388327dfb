//! `nos trace`: a rule on recorded gradients, in f64, step by step.

use super::args::TraceArgs;
use super::csv::{self, Table};
use super::input::Input;
use super::{Exit, Failure, Terminal, report, rules};
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::engine::{Runner, TensorShape};
use crate::op::number_text;
use crate::source::Span;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// What diagnostics call the rule.
const NAME: &str = "<command line>";

/// Prints the weights after each step.
pub(super) fn trace(args: &TraceArgs) -> Result<Exit, Failure> {
    let mut context = Context::new();
    let mut terminal = Terminal::for_filter();
    let rule = match rules::rule(&mut context, NAME, &args.rule, &mut terminal) {
        Ok(rule) => rule,
        Err(problems) => {
            report(&problems, context.sources());
            return Ok(Exit::Wrong);
        }
    };
    let Some(gradients) = table(&args.grads, None, &mut context)? else {
        return Ok(Exit::Wrong);
    };
    let mut weights = vec![0.0; gradients.columns];
    if let Some(path) = &args.w0 {
        let Some(start) = table(path, Some(gradients.columns), &mut context)? else {
            return Ok(Exit::Wrong);
        };
        weights = start.numbers;
    }
    let shape = match args.shape {
        None => TensorShape::Vector(gradients.columns),
        Some((rows, columns)) if rows.checked_mul(columns) == Some(gradients.columns) => {
            TensorShape::Matrix(rows, columns)
        }
        Some((rows, columns)) => {
            return Err(Failure::Usage(format!(
                "`--shape {rows}x{columns}` does not fit rows of {} elements",
                gradients.columns
            )));
        }
    };
    let mut runner = match Runner::new(&rule, &[shape], args.seed) {
        Ok(runner) => runner,
        Err(error) => {
            let span = rules::whole(&mut context, NAME, &args.rule);
            let problem = Diagnostic::new(Code::E0403, span, error.to_string())
                .help("give the rows and columns of the elements with `--shape`");
            report(&[problem], context.sources());
            return Ok(Exit::Wrong);
        }
    };
    let rows = u64::try_from(gradients.rows().len()).unwrap_or(u64::MAX);
    let total = args.total.unwrap_or(rows);
    let mut out = BufWriter::new(io::stdout().lock());
    for (step, row) in (0..).zip(gradients.rows()) {
        let update = runner.step(0, &mut weights, row, args.lr, (step, total));
        update.map_err(|error| Failure::Usage(error.to_string()))?;
        let line: Vec<String> = weights.iter().map(|weight| number_text(*weight)).collect();
        writeln!(out, "{}", line.join(","))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// The numbers in a file; none where they are no table, which is reported then. Weights to start from are one row of as many
/// columns as there are elements.
fn table(
    path: &Path,
    elements: Option<usize>,
    context: &mut Context,
) -> Result<Option<Table>, Failure> {
    let input = Input::read(path)?;
    let read = |context: &mut Context| -> Result<Table, Box<Diagnostic>> {
        let text = input.text(context)?;
        let file = context.add_source(&input.name, text);
        let table = csv::parse(file, text)?;
        match elements {
            Some(elements) if table.rows().len() != 1 || table.columns != elements => {
                Err(Box::new(misfit(&table, elements, Span::point(file, 0))))
            }
            Some(_) | None => Ok(table),
        }
    };
    Ok(read(context)
        .map_err(|problem| report(&[*problem], context.sources()))
        .ok())
}

fn misfit(start: &Table, elements: usize, place: Span) -> Diagnostic {
    let message = format!(
        "expected one row of {elements} weights, found {} of {}",
        start.rows().len(),
        start.columns
    );
    Diagnostic::new(Code::E0505, place, message)
        .help("give one weight for each column of the gradients")
}
