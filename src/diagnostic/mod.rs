//! Diagnostics: what is wrong, where, and what to write instead.
//!
//! Every phase reports a [`Diagnostic`], plain data, and goes on; one function, [`render`], turns it into text. Codes are
//! never reused and stand in one table with an explanation each ([`Code::info`]).

mod codes;
mod render;
mod suggest;

pub use codes::{CODES, Code, CodeInfo};
pub use render::{Style, render};
pub use suggest::suggest;

use crate::source::Span;

/// How much a diagnostic matters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// The program does not run.
    Error,
    /// The program runs; something is probably not meant.
    Warning,
}

/// A place and what it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What this is, in a few words.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Its code; the first letter gives the severity.
    pub code: Code,
    /// One fact, complete without the picture.
    pub headline: String,
    /// Where it is wrong.
    pub primary: Label,
    /// Where that comes from.
    pub labels: Vec<Label>,
    /// Background, at most a sentence.
    pub note: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic at one place, without label text, note or help.
    pub fn new(code: Code, span: Span, headline: impl Into<String>) -> Self {
        Self {
            code,
            headline: headline.into(),
            primary: Label {
                span,
                text: String::new(),
            },
            labels: Vec::new(),
            note: None,
            help: None,
        }
    }

    /// Says what the primary place is.
    #[must_use]
    pub fn here(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds background.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.note = Some(text.into());
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether the program cannot run.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }
}

/// Sorts by place, errors before warnings at the same place, and drops exact repetitions.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        let key = |d: &Diagnostic| {
            (
                d.primary.span.file,
                d.primary.span.start,
                d.severity(),
                d.primary.span.end,
                d.code,
            )
        };
        key(a)
            .cmp(&key(b))
            .then_with(|| a.headline.cmp(&b.headline))
    });
    diagnostics.dedup();
}
