//! `nos trace`: a rule on recorded gradients, in f64, step by step.

use super::args::TraceArgs;
use super::csv::{self, Table};
use super::input::Input;
use super::{Exit, Failure, Terminal, report};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::engine::{Runner, TensorShape};
use crate::op::number_text;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Prints the weights after each step.
pub(super) fn trace(args: &TraceArgs) -> Result<Exit, Failure> {
    let mut context = Context::new();
    let mut terminal = Terminal::for_script();
    let rule = match context.rule("<command line>", &args.rule, &mut terminal) {
        Ok(rule) => rule,
        Err(problems) => {
            report(&problems, context.sources());
            return Ok(Exit::Wrong);
        }
    };
    let Some(gradients) = table(&args.grads, &mut context)? else {
        return Ok(Exit::Unusable);
    };
    let mut weights = vec![0.0; gradients.columns];
    if let Some(path) = &args.w0 {
        let Some(start) = table(path, &mut context)? else {
            return Ok(Exit::Unusable);
        };
        fits(&start, gradients.columns, path)?;
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
            super::complain(&format!(
                "{error}; `--shape` makes a matrix of the elements"
            ));
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

/// The numbers in a file; none where they cannot be read, which is reported then.
fn table(path: &Path, context: &mut Context) -> Result<Option<Table>, Failure> {
    let input = Input::read(path)?;
    let read = |context: &mut Context| -> Result<Table, Diagnostic> {
        let text = input.text(context)?;
        let file = context.add_source(&input.name, text);
        csv::parse(file, text)
    };
    Ok(read(context)
        .map_err(|problem| report(&[problem], context.sources()))
        .ok())
}

fn fits(start: &Table, columns: usize, path: &Path) -> Result<(), Failure> {
    let rows = start.rows().len();
    if rows == 1 && start.columns == columns {
        return Ok(());
    }
    let message = format!(
        "expected one row of {columns} weights in `{}`, found {rows} of {}",
        path.display(),
        start.columns
    );
    Err(Failure::Usage(message))
}
