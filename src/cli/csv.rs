//! Tables of numbers: one row a line, columns separated by commas, no header.
//!
//! Reading is one pass over the text. What is wrong is told with row and column, both counted from 1, and with the bytes
//! where it stands.

use std::fmt::{self, Write};
use std::ops::Range;

/// A table of finite numbers, row after row.
#[derive(Clone, PartialEq, Debug)]
pub struct Table {
    columns: usize,
    numbers: Vec<f64>,
}

impl Table {
    /// How many numbers a row has; at least one.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The rows, from the top.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.numbers.chunks_exact(self.columns)
    }
}

/// Why a text is no table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CsvError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: &'static str,
    /// Where it stands, in bytes.
    pub place: Range<usize>,
}

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CsvError {}

/// Reads a table.
///
/// ```
/// let table = nos::cli::csv::parse("0.1,-2\n1e-3,4\n")?;
/// assert_eq!(table.rows().collect::<Vec<_>>(), [[0.1, -2.0], [1e-3, 4.0]]);
/// # Ok::<(), nos::cli::csv::CsvError>(())
/// ```
///
/// # Errors
/// An empty text, an empty row, a row shorter or longer than the first, something that is no finite number.
pub fn parse(text: &str) -> Result<Table, CsvError> {
    let mut table = Table {
        columns: 0,
        numbers: Vec::new(),
    };
    let mut start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let body = text[start..].trim_end_matches(['\n', '\r']);
    if body.is_empty() {
        return Err(CsvError {
            message: "expected rows of numbers, found none".to_owned(),
            help: "write one row per step, its numbers separated by commas",
            place: start..start,
        });
    }
    for (index, line) in body.split('\n').enumerate() {
        let row = index + 1;
        let columns = read_row(line.trim_end_matches('\r'), row, start, &mut table.numbers)?;
        if row == 1 {
            table.columns = columns;
        } else if columns != table.columns {
            let noun = if columns == 1 { "column" } else { "columns" };
            return Err(CsvError {
                message: format!(
                    "row {row} has {columns} {noun}, row 1 has {}",
                    table.columns
                ),
                help: "give every row as many numbers as the first",
                place: start..start + line.len(),
            });
        }
        start += line.len() + 1;
    }
    Ok(table)
}

fn read_row(line: &str, row: usize, start: usize, out: &mut Vec<f64>) -> Result<usize, CsvError> {
    let mut at = start;
    let mut columns = 0;
    for cell in line.split(',') {
        columns += 1;
        let text = cell.trim();
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => out.push(number),
            result => {
                let wanted = if result.is_ok() {
                    "a finite number"
                } else {
                    "a number"
                };
                let from = at + (cell.len() - cell.trim_start().len());
                return Err(CsvError {
                    message: format!(
                        "row {row}, column {columns}: expected {wanted}, found {}",
                        found(text)
                    ),
                    help: "write numbers only, such as 0.1 or -2e-3, without a header",
                    place: from..from + text.len(),
                });
            }
        }
        at += cell.len() + 1;
    }
    Ok(columns)
}

/// A cell for a message.
fn found(cell: &str) -> String {
    const LIMIT: usize = 24;
    if cell.is_empty() {
        "nothing".to_owned()
    } else if cell.chars().count() <= LIMIT {
        format!("`{cell}`")
    } else {
        format!("`{}…`", cell.chars().take(LIMIT).collect::<String>())
    }
}

/// Appends a row and its line end; every number is the shortest text that reads back as the same 64 bits.
pub fn push_row(out: &mut String, row: &[f64]) {
    for (index, number) in row.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let size = number.abs();
        // Writing to memory does not fail.
        let _ = if *number == 0.0 || (1e-5..1e16).contains(&size) || !number.is_finite() {
            write!(out, "{number}")
        } else {
            write!(out, "{number:e}")
        };
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> (String, &str) {
        let error = parse(text).expect_err("no table");
        (error.message, &text[error.place])
    }

    #[test]
    fn rows_and_columns_are_read() {
        let table = parse("\u{FEFF}1, 2 ,+3\r\n-.5,1e-3,4.\r\n\r\n").expect("a table");
        assert_eq!(table.columns(), 3);
        let rows: Vec<_> = table.rows().collect();
        assert_eq!(rows, [[1.0, 2.0, 3.0], [-0.5, 1e-3, 4.0]]);
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let none = "expected rows of numbers, found none";
        assert_eq!(wrong(""), (none.to_owned(), ""));
        assert_eq!(wrong("\n\n"), (none.to_owned(), ""));
        let cases = [
            (
                "w,b\n1,2\n",
                "row 1, column 1: expected a number, found `w`",
                "w",
            ),
            (
                "1,2\n3, x \n",
                "row 2, column 2: expected a number, found `x`",
                "x",
            ),
            (
                "1,2\n3,\n",
                "row 2, column 2: expected a number, found nothing",
                "",
            ),
            (
                "1\n\n2\n",
                "row 2, column 1: expected a number, found nothing",
                "",
            ),
            (
                "1,nan\n",
                "row 1, column 2: expected a finite number, found `nan`",
                "nan",
            ),
            (
                "1\n1e999\n",
                "row 2, column 1: expected a finite number, found `1e999`",
                "1e999",
            ),
            ("1,2\n3\n", "row 2 has 1 column, row 1 has 2", "3"),
            ("1\n2,3\n", "row 2 has 2 columns, row 1 has 1", "2,3"),
            (
                "1;2\n",
                "row 1, column 1: expected a number, found `1;2`",
                "1;2",
            ),
        ];
        for (text, message, place) in cases {
            assert_eq!(wrong(text), (message.to_owned(), place), "{text:?}");
        }
        assert!(wrong(&"x".repeat(100)).0.ends_with("x…`"));
    }

    #[test]
    fn numbers_are_written_so_that_they_read_back() {
        let numbers = [
            0.0,
            -0.0,
            0.1,
            1.0 / 3.0,
            1e-300,
            -5e-324,
            1e22,
            1.797e308,
            123_456.0,
        ];
        let mut text = String::new();
        push_row(&mut text, &numbers);
        let table = parse(&text).expect("a table");
        let back: Vec<u64> = table.rows().flatten().map(|x| x.to_bits()).collect();
        assert_eq!(back, numbers.map(f64::to_bits));
        assert!(text.starts_with("0,-0,0.1,0.3333333333333333,1e-300,-5e-324,1e22,"));
    }
}
