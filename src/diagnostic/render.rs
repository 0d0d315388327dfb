//! Diagnostics as text: the only place that names ariadne.
//!
//! Lines of any length are possible in a source, so each file is shown through an excerpt: the lines that carry labels,
//! cut to a window around them.

use super::{Diagnostic, Severity};
use crate::source::{FileId, SourceMap, Span, floor_char_boundary};
use ariadne::{CharSet, Color, Config, IndexType, Label, Report, ReportKind, Source};
use std::fmt::{Display, Write};
use std::ops::Range;

/// How to draw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Whether to use terminal colours.
    pub colour: bool,
    /// Whether to draw with line characters beyond ASCII.
    pub unicode: bool,
}

impl Style {
    /// No escapes, Unicode lines: what files and pipes get.
    pub const PLAIN: Self = Self {
        colour: false,
        unicode: true,
    };
}

/// The widest piece of one source line that is shown, in bytes.
const WINDOW: usize = 120;

/// A diagnostic with its source excerpt, ending in a newline.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, style: Style) -> String {
    let (word, colour) = match diagnostic.severity() {
        Severity::Error => ("error", Color::Red),
        Severity::Warning => ("warning", Color::Yellow),
    };
    let mut places: Vec<(Span, &str, bool)> =
        vec![(diagnostic.primary.span, &diagnostic.primary.text, true)];
    places.extend(
        diagnostic
            .labels
            .iter()
            .map(|label| (label.span, label.text.as_str(), false)),
    );
    // Ariadne heads each snippet with the first label it meets, so labels go in order of place.
    places.sort_by_key(|(span, _, is_primary)| {
        (
            span.file != diagnostic.primary.span.file,
            span.file,
            span.start,
            !is_primary,
        )
    });
    let mut excerpts = Excerpts::new(sources, &places);

    let config = Config::new()
        .with_index_type(IndexType::Byte)
        .with_color(style.colour)
        .with_char_set(if style.unicode {
            CharSet::Unicode
        } else {
            CharSet::Ascii
        });
    let primary = excerpts.place(diagnostic.primary.span);
    let mut report = Report::build(ReportKind::Error, primary)
        .with_config(config)
        .with_message("");
    for (span, text, is_primary) in &places {
        let mut label = Label::new(excerpts.place(*span)).with_color(if *is_primary {
            colour
        } else {
            Color::Cyan
        });
        if !text.is_empty() {
            label = label.with_message(short(text));
        }
        report = report.with_label(label.with_priority(i32::from(*is_primary)));
    }
    let mut bytes = Vec::new();
    // Writing to memory fails only where formatting does; the headline below is then still shown.
    let _ = report.finish().write(&mut excerpts, &mut bytes);
    let drawn = String::from_utf8_lossy(&bytes);
    let (bold, reset) = if style.colour {
        ("\x1b[1m", "\x1b[0m")
    } else {
        ("", "")
    };
    let tint = match (style.colour, diagnostic.severity()) {
        (false, _) => "",
        (true, Severity::Error) => "\x1b[1;31m",
        (true, Severity::Warning) => "\x1b[1;33m",
    };
    let mut out = format!(
        "{tint}{word}[{}]{reset}{bold}: {}{reset}\n",
        diagnostic.code,
        short(&diagnostic.headline)
    );
    // Ariadne's own head line gives way to ours.
    for line in drawn.lines().skip(1) {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for (name, text) in [("note", &diagnostic.note), ("help", &diagnostic.help)] {
        if let Some(text) = text {
            let _ = writeln!(out, "  {bold}{name}{reset}: {}", short(text));
        }
    }
    out
}

/// A message of a length that can be read: names in it may be megabytes long.
fn short(text: &str) -> std::borrow::Cow<'_, str> {
    const MOST: usize = 400;
    if text.len() <= MOST {
        text.into()
    } else {
        format!("{}…", &text[..floor_char_boundary(text, MOST)]).into()
    }
}

type Place = (FileId, Range<usize>);

/// The part of one file that a diagnostic shows.
struct Excerpt {
    file: FileId,
    /// Pieces of the file that are shown, one or more whole or cut lines each: file range and start in the excerpt.
    lines: Vec<(Range<usize>, usize)>,
    source: Source,
}

struct Excerpts<'a> {
    sources: &'a SourceMap,
    list: Vec<Excerpt>,
}

impl<'a> Excerpts<'a> {
    fn new(sources: &'a SourceMap, places: &[(Span, &str, bool)]) -> Self {
        let mut files: Vec<FileId> = places.iter().map(|(span, ..)| span.file).collect();
        files.dedup();
        let list = files
            .into_iter()
            .map(|file| {
                let spans: Vec<Span> = places
                    .iter()
                    .map(|place| place.0)
                    .filter(|span| span.file == file)
                    .collect();
                Excerpt::new(file, sources.file(file).text(), &spans)
            })
            .collect();
        Self { sources, list }
    }

    /// The place in the excerpt that shows a span.
    fn place(&self, span: Span) -> Place {
        let excerpt = self
            .list
            .iter()
            .find(|excerpt| excerpt.file == span.file)
            .expect("every label's file has an excerpt");
        let start = excerpt.map(span.start as usize);
        let end = excerpt.map(span.end as usize).max(start);
        (span.file, start..end)
    }
}

impl Excerpt {
    fn new(file: FileId, text: &str, spans: &[Span]) -> Self {
        let clamp = |byte: u32| floor_char_boundary(text, byte as usize);
        let first = spans
            .iter()
            .map(|span| clamp(span.start))
            .min()
            .unwrap_or(0);
        let last = spans
            .iter()
            .map(|span| clamp(span.end))
            .max()
            .unwrap_or(0)
            .max(first);
        let from = text[..first].rfind('\n').map_or(0, |at| at + 1);
        let to = text[last..].find('\n').map_or(text.len(), |at| last + at);
        let offset = text[..from].bytes().filter(|byte| *byte == b'\n').count();
        // Empty lines stand in for those before the excerpt, so that line numbers are the file's.
        let mut shown = "\n".repeat(offset);
        let mut lines = Vec::new();
        let mut at = from;
        for line in text[from..to].split('\n') {
            let range = window(line, at, spans);
            lines.push((
                range.clone(),
                shown.len()
                    + if range.start > at {
                        '…'.len_utf8()
                    } else {
                        0
                    },
            ));
            if range.start > at {
                shown.push('…');
            }
            // A control character would reach the terminal, or move the labels: show a stand-in of the same length.
            shown.extend(text[range.clone()].chars().map(|c| {
                if c.is_ascii_control() && c != '\t' {
                    '?'
                } else {
                    c
                }
            }));
            if range.end < at + line.len() {
                shown.push('…');
            }
            shown.push('\n');
            at += line.len() + 1;
        }
        shown.pop();
        Self {
            file,
            lines,
            source: Source::from(shown),
        }
    }

    /// The excerpt's byte for a byte of the file: the nearest that is shown.
    fn map(&self, byte: usize) -> usize {
        let line = self
            .lines
            .iter()
            .rev()
            .find(|(range, _)| range.start <= byte)
            .unwrap_or(&self.lines[0]);
        let (range, start) = line;
        let text_end = self.source.text().len();
        let inside = byte.clamp(range.start, range.end) - range.start;
        floor_char_boundary(self.source.text(), (start + inside).min(text_end))
    }
}

/// The part of a line, in bytes of the file, that is shown: all of it, or a window at its first label.
fn window(line: &str, at: usize, spans: &[Span]) -> Range<usize> {
    if line.len() <= WINDOW {
        return at..at + line.len();
    }
    let end = at + line.len();
    let label = spans
        .iter()
        .map(|span| span.start as usize)
        .filter(|start| (at..=end).contains(start))
        .min()
        .unwrap_or(at);
    let start = floor_char_boundary(line, (label - at).saturating_sub(WINDOW / 3));
    let stop = floor_char_boundary(line, start + WINDOW);
    at + start..at + stop
}

impl ariadne::Cache<FileId> for &mut Excerpts<'_> {
    type Storage = String;

    fn fetch(&mut self, id: &FileId) -> Result<&Source, impl std::fmt::Debug> {
        self.list
            .iter()
            .find(|excerpt| excerpt.file == *id)
            .map(|excerpt| &excerpt.source)
            .ok_or("no such file")
    }

    fn display<'b>(&self, id: &'b FileId) -> Option<impl Display + 'b> {
        Some(self.sources.file(*id).name().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    #[track_caller]
    fn check(text: &str, start: u32, end: u32, want: &str) {
        let mut sources = SourceMap::default();
        let file = sources.add("a.nos", text);
        let diagnostic = Diagnostic::new(
            Code::E0301,
            Span::new(file, start, end),
            "unknown name `gg`",
        )
        .here("not known")
        .help("write `g`");
        assert_eq!(render(&diagnostic, &sources, Style::PLAIN), want);
    }

    #[test]
    fn line_and_column_are_of_the_file() {
        check(
            "let a = 1\nlet β = gg\n",
            19,
            21,
            "error[E0301]: unknown name `gg`\n   ╭─[ a.nos:2:9 ]\n   │\n 2 │ let β = gg\n   │         ─┬\n   │          ╰── not known\n───╯\n  help: write `g`\n",
        );
    }

    #[test]
    fn long_line_is_cut_around_the_label() {
        let text = format!("{}gg{}", "1+".repeat(100_000), "+1".repeat(100_000));
        let mut sources = SourceMap::default();
        let file = sources.add("a.nos", text);
        let diagnostic = Diagnostic::new(
            Code::E0301,
            Span::new(file, 200_000, 200_002),
            "unknown name `gg`",
        );
        let drawn = render(&diagnostic, &sources, Style::PLAIN);
        assert!(
            drawn.len() < 2000 && drawn.contains("gg") && drawn.contains('…'),
            "{drawn}"
        );
    }

    #[test]
    fn any_span_in_any_text_renders() {
        let text = "a\n\nβγ\u{7}\n\ttab";
        let mut sources = SourceMap::default();
        let file = sources.add("a.nos", text);
        for start in 0..=20 {
            for end in start..=20 {
                let diagnostic = Diagnostic::new(Code::E0301, Span::new(file, start, end), "x")
                    .label(Span::point(file, 0), "y");
                assert!(!render(&diagnostic, &sources, Style::PLAIN).contains('\u{7}'));
            }
        }
    }
}
