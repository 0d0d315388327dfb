//! The page itself: lines with labels for a reader, fields with values for a script.

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A list of texts.
    Texts,
}

/// The fields of an explanation, for scripts.
pub const FIELDS: &[(&str, FieldKind)] = &[
    ("formula", FieldKind::Text),
    ("normal", FieldKind::Text),
    ("type", FieldKind::Text),
    ("slots", FieldKind::Number),
    ("bytes", FieldKind::Number),
    ("weight", FieldKind::Number),
    ("degree", FieldKind::Number),
    ("parity", FieldKind::Text),
    ("range", FieldKind::Text),
    ("first", FieldKind::Text),
    ("last", FieldKind::Text),
    ("steady", FieldKind::Text),
    ("relatives", FieldKind::Texts),
    ("lr", FieldKind::Text),
    ("warnings", FieldKind::Texts),
];

/// The value of a field.
#[derive(Clone, PartialEq, Debug)]
pub enum Field {
    /// Text; empty where there is nothing to say.
    Text(String),
    /// A number; NaN where there is none.
    Number(f64),
    /// Texts.
    Texts(Vec<String>),
}

/// The page about a rule.
#[derive(Clone, PartialEq, Debug)]
pub struct Explanation {
    name: String,
    head: String,
    lines: Vec<(&'static str, String)>,
    fields: Vec<(&'static str, Field)>,
}

/// Where the text of a line begins.
const INDENT: usize = 17;
/// How wide prose is.
const WIDTH: usize = 100;

impl Explanation {
    pub(super) fn new(name: &str, formula: &str) -> Self {
        let head = if name.is_empty() || name == formula {
            formula.to_owned()
        } else {
            format!("{name} = {formula}")
        };
        let mut page = Self {
            name: if name.is_empty() { formula } else { name }.to_owned(),
            head,
            lines: Vec::new(),
            fields: Vec::new(),
        };
        page.tell("formula", formula);
        page
    }

    /// Adds a line for the reader.
    pub(super) fn line(&mut self, label: &'static str, text: &str) {
        self.lines.push((label, text.to_owned()));
    }

    /// Adds lines under one label.
    pub(super) fn list(&mut self, label: &'static str, texts: &[String]) {
        for (index, text) in texts.iter().enumerate() {
            self.line(if index == 0 { label } else { "" }, text);
        }
    }

    /// Sets a field that is text.
    pub(super) fn tell(&mut self, field: &'static str, text: &str) {
        self.fields.push((field, Field::Text(text.to_owned())));
    }

    /// Sets a field that is a number.
    pub(super) fn tell_number(&mut self, field: &'static str, number: f64) {
        self.fields.push((field, Field::Number(number)));
    }

    /// Sets a field that is a list.
    pub(super) fn tell_list(&mut self, field: &'static str, texts: &[String]) {
        self.fields.push((field, Field::Texts(texts.to_vec())));
    }

    /// What the page is about, in short.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of a field; none where there is no such field.
    pub fn field(&self, name: &str) -> Option<Field> {
        let (name, kind) = FIELDS.iter().find(|(field, _)| *field == name)?;
        let found = self.fields.iter().find(|(field, _)| field == name);
        Some(found.map_or_else(
            || match kind {
                FieldKind::Text => Field::Text(String::new()),
                FieldKind::Number => Field::Number(f64::NAN),
                FieldKind::Texts => Field::Texts(Vec::new()),
            },
            |(_, value)| value.clone(),
        ))
    }

    /// The page as text.
    pub fn text(&self) -> String {
        let mut out = self.head.clone();
        for (label, text) in &self.lines {
            out.push_str("\n  ");
            out.push_str(label);
            let mut column = 2 + label.len();
            let mut is_first = true;
            for word in text.split(' ') {
                let length = word.chars().count();
                if is_first {
                    out.push_str(&" ".repeat(INDENT - column));
                    column = INDENT;
                } else if column + 1 + length > WIDTH {
                    out.push('\n');
                    out.push_str(&" ".repeat(INDENT));
                    column = INDENT;
                } else {
                    out.push(' ');
                    column += 1;
                }
                out.push_str(word);
                column += length;
                is_first = false;
            }
        }
        out
    }
}
