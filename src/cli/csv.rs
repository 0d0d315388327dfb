//! Tables of numbers from CSV: one row per step, one column per element, no header.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// Rows of equal length.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Table {
    /// How many numbers each row has; at least one.
    pub(super) columns: usize,
    /// All numbers, row after row; at least one row.
    pub(super) numbers: Vec<f64>,
}

impl Table {
    /// The rows in order.
    pub(super) fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.numbers.chunks_exact(self.columns)
    }
}

/// Reads a table, or says which cell is wrong.
pub(super) fn parse(file: FileId, text: &str) -> Result<Table, Diagnostic> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut at = text.len() - body.len();
    let mut table = Table {
        columns: 0,
        numbers: Vec::new(),
    };
    // Empty lines may end the file, but not stand between rows.
    for (row, line) in body.trim_end().split('\n').enumerate() {
        let mut columns = 0;
        let mut start = at;
        for cell in line.split(',') {
            columns += 1;
            table
                .numbers
                .push(number(cell).ok_or_else(|| wrong_cell(file, cell, start, row + 1, columns))?);
            start += cell.len() + 1;
        }
        if row == 0 {
            table.columns = columns;
        } else if columns != table.columns {
            return Err(ragged(
                span(file, at, line),
                row + 1,
                columns,
                table.columns,
            ));
        }
        at += line.len() + 1;
    }
    Ok(table)
}

/// The number in a cell, if it is one and finite.
fn number(cell: &str) -> Option<f64> {
    cell.trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

fn span(file: FileId, start: usize, text: &str) -> Span {
    let trimmed = text.trim_end();
    let place = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
    Span::new(file, place(start), place(start + trimmed.len()))
}

fn wrong_cell(file: FileId, cell: &str, start: usize, row: usize, column: usize) -> Diagnostic {
    let place = span(file, start, cell);
    let cell = cell.trim();
    if cell.is_empty() {
        return Diagnostic::new(
            Code::E0505,
            place,
            format!("row {row}, column {column} is empty"),
        )
        .here("expected a number")
        .help("write one number per element in every row");
    }
    let shown: String = cell.chars().take(24).collect();
    let diagnostic = Diagnostic::new(
        Code::E0505,
        place,
        format!("expected a number in row {row}, column {column}, found `{shown}`"),
    )
    .here("not a finite number");
    if row == 1 && cell.starts_with(|c: char| c.is_alphabetic()) {
        diagnostic.help("the file has no header: remove the line")
    } else {
        diagnostic.help("write a finite number, such as `0.1` or `-2e-3`")
    }
}

fn ragged(place: Span, row: usize, found: usize, expected: usize) -> Diagnostic {
    Diagnostic::new(
        Code::E0505,
        place,
        format!("row {row} has {}, row 1 has {expected}", numbers(found)),
    )
    .here("another length")
    .help("give every row one number per element")
}

fn numbers(count: usize) -> String {
    if count == 1 {
        "1 number".to_owned()
    } else {
        format!("{count} numbers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn good(text: &str, columns: usize, numbers: &[f64]) {
        assert_eq!(
            parse(FileId(0), text),
            Ok(Table {
                columns,
                numbers: numbers.to_vec()
            })
        );
    }

    #[track_caller]
    fn bad(text: &str, headline: &str, place: &str) {
        let problem = parse(FileId(0), text).expect_err("a wrong table");
        assert_eq!(problem.headline, headline);
        let span = problem.primary.span;
        assert_eq!(&text[span.start as usize..span.end as usize], place);
    }

    #[test]
    fn rows_of_numbers_are_read() {
        good("1,2\n3,4\n", 2, &[1.0, 2.0, 3.0, 4.0]);
        good("1", 1, &[1.0]);
        good(
            "\u{feff} 1e-3 , -2\r\n+3,.5\r\n\r\n",
            2,
            &[1e-3, -2.0, 3.0, 0.5],
        );
    }

    #[test]
    fn empty_file_is_an_error() {
        bad("", "row 1, column 1 is empty", "");
        bad("\n\n", "row 1, column 1 is empty", "");
    }

    #[test]
    fn ragged_row_is_an_error() {
        bad("1,2\n3\n", "row 2 has 1 number, row 1 has 2", "3");
        bad("1\n3,4\n", "row 2 has 2 numbers, row 1 has 1", "3,4");
        bad("1,2\n\n3,4\n", "row 2, column 1 is empty", "");
        bad("1,\n", "row 1, column 2 is empty", "");
    }

    #[test]
    fn cell_that_is_no_finite_number_is_an_error() {
        bad(
            "w0,w1\n1,2\n",
            "expected a number in row 1, column 1, found `w0`",
            "w0",
        );
        bad(
            "1,2\n1,nan",
            "expected a number in row 2, column 2, found `nan`",
            "nan",
        );
        bad(
            "1,2\n1,1e999",
            "expected a number in row 2, column 2, found `1e999`",
            "1e999",
        );
        bad(
            "1;2",
            "expected a number in row 1, column 1, found `1;2`",
            "1;2",
        );
    }
}
