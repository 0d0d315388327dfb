//! Source text: files, spans, lines and columns.
//!
//! A [`Span`] is twelve bytes and `Copy`, so every token, node and diagnostic can carry one. Texts live in a [`SourceMap`]
//! that only ever grows: a span stays meaningful for as long as the map does, which is what lets a prompt report an
//! error in something typed an hour ago.

use std::sync::Arc;

/// The number of a file in a [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Span {
    /// The file the bytes belong to.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span from `start` to `end`; an end before the start becomes a point.
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        debug_assert!(start <= end, "a span does not end before it starts");
        Self {
            file,
            start,
            end: end.max(start),
        }
    }

    /// The empty span at one place.
    pub fn point(file: FileId, at: u32) -> Self {
        Self {
            file,
            start: at,
            end: at,
        }
    }

    /// The smallest span over both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// One text with a name to show: a path, `<stdin>`, `repl:3`.
#[derive(Clone, Debug)]
pub struct SourceFile {
    name: Arc<str>,
    text: Arc<str>,
}

impl SourceFile {
    /// The name shown in diagnostics.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The 1-based line and column (in characters) of a byte.
    pub fn line_column(&self, byte: u32) -> (usize, usize) {
        let byte = floor_char_boundary(&self.text, byte as usize);
        let before = &self.text[..byte];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

/// The nearest character boundary at or below a byte, at most the length of the text.
pub fn floor_char_boundary(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

/// Every text the interpreter has seen.
#[derive(Clone, Default, Debug)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a text under the name that diagnostics show.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let id = u32::try_from(self.files.len()).expect("fewer than 2^32 files");
        self.files.push(SourceFile {
            name: name.into(),
            text: text.into(),
        });
        FileId(id)
    }

    /// The file with this number.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// Forgets all files but the first ones; spans into the others mean nothing any more.
    pub fn truncate(&mut self, len: usize) {
        self.files.truncate(len);
    }

    /// The text under a span; empty where the span does not lie inside the text.
    pub fn slice(&self, span: Span) -> &str {
        self.file(span.file)
            .text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether no text was added yet.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_column_counts_characters() {
        let mut map = SourceMap::default();
        let id = map.add("a", "let β = 1\nββ x");
        assert_eq!(map.file(id).line_column(0), (1, 1));
        assert_eq!(map.file(id).line_column(6), (1, 6));
        assert_eq!(map.file(id).line_column(11), (2, 1));
        assert_eq!(map.file(id).line_column(15), (2, 3));
        assert_eq!(map.file(id).line_column(999), (2, 5));
    }

    #[test]
    fn slice_outside_text_is_empty() {
        let mut map = SourceMap::default();
        let id = map.add("a", "abc");
        assert_eq!(map.slice(Span::new(id, 1, 3)), "bc");
        assert_eq!(map.slice(Span::new(id, 2, 9)), "");
    }
}
