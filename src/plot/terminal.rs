//! Pictures as text for a terminal.
//!
//! Lines are drawn in braille dots when colour tells them apart, and in letters when it cannot. Panels stand below each other, the
//! legend under them: nothing covers data, and every width down to [`NARROWEST`] works.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::Span;
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{Canvas, Context, Line, Points};

use super::axis::Axis;
use super::landscape::share;
use super::look::{self, Look, shortened};
use super::{Curves, Landscape, Picture, clip};

const NARROWEST: u16 = 24;
const WIDEST: u16 = 160;

const START: &str = "□";
const MINIMUM: &str = "●";
const CONTOUR: Color = Color::Indexed(244);

/// The picture as lines of text, at most `width` columns wide but never narrower than 24.
///
/// Without `colour` there are no escape sequences, and each series is drawn with its own letter.
pub fn terminal(picture: &Picture, width: u16, colour: bool) -> String {
    let width = width.clamp(NARROWEST, WIDEST);
    let pen = Pen { width, colour };
    let mut lines: Vec<String> = Vec::new();
    let (curves, landscape, notes) = match picture {
        Picture::Report(race) => (&race.curves, race.landscape.as_ref(), &race.notes[..]),
        Picture::Curves(curves) => (curves, None, &[][..]),
    };
    lines.extend(wrapped(
        &shortened(&curves.title, usize::from(width) * 3),
        usize::from(width),
    ));
    if let Some(landscape) = landscape {
        lines.extend(pen.landscape(landscape));
        lines.push(String::new());
    }
    lines.extend(pen.curves(curves));
    lines.push(String::new());
    lines.extend(
        curves
            .series
            .iter()
            .enumerate()
            .map(|(index, series)| pen.legend(look::of(index), &series.name)),
    );
    if let Some(landscape) = landscape {
        let minima = if landscape.minima.is_empty() {
            String::new()
        } else {
            format!("   {MINIMUM}  minimum")
        };
        lines.push(format!(" {START}  start{minima}"));
    }
    lines.extend(
        notes
            .iter()
            .map(|note| format!(" -  {}", shortened(note, usize::from(width) - 4))),
    );
    let mut text = String::new();
    for line in &lines {
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// How to draw.
#[derive(Clone, Copy)]
struct Pen {
    width: u16,
    colour: bool,
}

impl Pen {
    fn curves(self, curves: &Curves) -> Vec<String> {
        let (x, y) = curves.axes();
        let unit = |series: &super::Series| {
            clip::pieces(
                series
                    .points
                    .iter()
                    .map(|point| (x.unit(point.0), y.unit(point.1))),
            )
        };
        let paths: Vec<_> = curves.series.iter().map(unit).collect();
        self.panel(&x, &y, |context| self.strokes(context, &paths))
    }

    fn landscape(self, landscape: &Landscape) -> Vec<String> {
        let dots = landscape.dots(usize::from(self.width / 14));
        let mark = |symbol: &'static str| Span::styled(symbol, Style::new().fg(Color::Reset));
        self.panel(&landscape.x, &landscape.y, |context| {
            context.marker(Marker::Braille);
            context.draw(&Points {
                coords: &dots,
                color: CONTOUR,
            });
            context.layer();
            self.strokes(context, &landscape.paths);
            context.print(landscape.start.0, landscape.start.1, mark(START));
            for minimum in &landscape.minima {
                context.print(minimum.0, minimum.1, mark(MINIMUM));
            }
        })
    }

    /// The lines of all series, the first on top.
    fn strokes(self, context: &mut Context<'_>, paths: &[Vec<Vec<(f64, f64)>>]) {
        for (index, pieces) in paths.iter().enumerate().rev() {
            let look = look::of(index);
            let color = Color::Indexed(look.indexed);
            context.marker(if self.colour {
                Marker::Braille
            } else {
                Marker::Custom(look.letter)
            });
            for piece in pieces {
                context.draw(&Points {
                    coords: piece,
                    color,
                });
                for ends in piece.windows(2) {
                    context.draw(&Line {
                        x1: ends[0].0,
                        y1: ends[0].1,
                        x2: ends[1].0,
                        y2: ends[1].1,
                        color,
                    });
                }
            }
            context.layer();
        }
    }

    /// A drawing on the unit square with its axes, as lines of text.
    fn panel(self, x: &Axis, y: &Axis, paint: impl Fn(&mut Context<'_>)) -> Vec<String> {
        let rows = (self.width / 4).clamp(8, 24);
        let longest = y
            .ticks()
            .iter()
            .map(|tick| columns(tick))
            .max()
            .unwrap_or(0);
        let left = longest + 1;
        let graph = Rect::new(
            left + 1,
            0,
            (self.width - left).saturating_sub(1).max(1),
            rows,
        );
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.width, rows + 2));
        Canvas::default()
            .x_bounds([0.0, 1.0])
            .y_bounds([0.0, 1.0])
            .paint(paint)
            .render(graph, &mut buffer);
        draw_axes(&mut buffer, graph, x, y);
        let name = |axis: &Axis| shortened(axis.label(), usize::from(self.width));
        let mut lines = vec![name(y)];
        lines.extend((0..rows + 2).map(|row| self.row(&buffer, row)));
        lines.push(format!(
            "{:>width$}",
            name(x),
            width = usize::from(self.width)
        ));
        lines
    }

    /// A row of cells as text, with escapes only where colours change.
    fn row(self, buffer: &Buffer, row: u16) -> String {
        let mut text = String::new();
        let mut current = Color::Reset;
        for column in 0..buffer.area.width {
            let Some(cell) = buffer.cell((column, row)) else {
                continue;
            };
            let wanted = if self.colour && cell.symbol() != " " {
                cell.fg
            } else {
                Color::Reset
            };
            if wanted != current {
                text += &escape(wanted);
                current = wanted;
            }
            text += cell.symbol();
        }
        if current != Color::Reset {
            text += &escape(Color::Reset);
        }
        text
    }

    fn legend(self, look: Look, name: &str) -> String {
        let name = shortened(name, usize::from(self.width) - 4);
        if self.colour {
            format!(
                "{}━━━{} {name}",
                escape(Color::Indexed(look.indexed)),
                escape(Color::Reset)
            )
        } else {
            format!(" {}  {name}", look.letter)
        }
    }
}

fn draw_axes(buffer: &mut Buffer, graph: Rect, x: &Axis, y: &Axis) {
    let (left, bottom) = (graph.left() - 1, graph.bottom());
    for row in 0..bottom {
        buffer.set_string(left, row, "│", Style::new());
    }
    buffer.set_string(left, bottom, "└", Style::new());
    for column in graph.left()..graph.right() {
        buffer.set_string(column, bottom, "─", Style::new());
    }
    let rows: Vec<(u16, u16)> = places(y, graph.height).map(|row| (row, row + 1)).collect();
    let shown = y.ticks().iter().zip(&rows).step_by(stride(&rows));
    for (tick, (height, _)) in shown {
        let row = bottom - 1 - height;
        buffer.set_string(left, row, "┤", Style::new());
        let from = (left - 1).saturating_sub(columns(tick));
        buffer.set_string(from, row, tick, Style::new());
    }
    let labels: Vec<(u16, u16)> = places(x, graph.width)
        .zip(x.ticks())
        .map(|(place, tick)| {
            let (column, size) = (graph.left() + place, columns(tick));
            let from = column.saturating_sub(size / 2);
            let from = from.min(graph.right().saturating_sub(size));
            (from, from + size + 1)
        })
        .collect();
    let shown = places(x, graph.width).zip(x.ticks()).zip(&labels);
    for ((place, tick), (from, _)) in shown.step_by(stride(&labels)) {
        buffer.set_string(graph.left() + place, bottom, "┬", Style::new());
        buffer.set_string(*from, bottom + 1, tick, Style::new());
    }
}

/// The cells of an axis's ticks, counted from its low end.
fn places(axis: &Axis, count: u16) -> impl Iterator<Item = u16> {
    let ticks = axis.ticks().len();
    (0..ticks).map(move |index| cell(share(index, ticks), count))
}

/// The least number of steps from tick to tick that keeps their labels apart.
fn stride(labels: &[(u16, u16)]) -> usize {
    let is_apart = |stride: &usize| {
        let shown: Vec<_> = labels.iter().step_by(*stride).collect();
        shown.windows(2).all(|pair| pair[0].1 <= pair[1].0)
    };
    (1..labels.len())
        .find(is_apart)
        .unwrap_or(labels.len().max(1))
}

/// The cell of a place in the unit interval.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Rounded and inside 0 ..= count.
fn cell(unit: f64, count: u16) -> u16 {
    (unit * f64::from(count - 1)).round() as u16
}

/// Columns of a tick, which is ASCII.
fn columns(tick: &str) -> u16 {
    u16::try_from(tick.len()).unwrap_or(u16::MAX)
}

fn escape(color: Color) -> String {
    if let Color::Indexed(index) = color {
        format!("\u{1b}[38;5;{index}m")
    } else {
        "\u{1b}[0m".to_owned()
    }
}

/// The text in lines of at most `width` characters, broken at spaces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = shortened(word, width);
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            Some(_) | None => lines.push(word),
        }
    }
    lines
}
