//! Text in columns.

use std::fmt::Write;

/// Rows under heads: the first column to the left, all others to the right. In a row shorter than the heads the last cell is a message that
/// runs on.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of these columns.
    pub fn new(heads: &[&str]) -> Self {
        Self {
            rows: vec![heads.iter().map(|head| (*head).to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table, indented, with a line under the heads.
    pub fn text(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let is_message =
            |row: &[String], column: usize| row.len() < columns && column + 1 == row.len();
        let len = |cell: &String| cell.chars().count();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows
                    .iter()
                    .filter(|row| !is_message(row, column))
                    .map(|row| row.get(column).map_or(0, len))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut out = String::new();
        for (line, row) in self.rows.iter().enumerate() {
            let mut text = String::from("  ");
            for (column, cell) in row.iter().enumerate() {
                let room = widths.get(column).copied().unwrap_or(0);
                let pad = " ".repeat(if is_message(row, column) {
                    0
                } else {
                    room.saturating_sub(len(cell))
                });
                let _ = if column == 0 {
                    write!(text, "{cell}{pad}")
                } else {
                    write!(text, "  {pad}{cell}")
                };
            }
            out.push_str(text.trim_end());
            out.push('\n');
            if line == 0 {
                let width: usize = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
                let _ = writeln!(out, "  {}", "─".repeat(width));
            }
        }
        out
    }
}
