//! From lexemes to what the grammar reads: line ends become terminators, brackets are made to match.
//!
//! A line end ends a statement unless brackets are open, the line cannot end there, or the next one goes on with `|>`,
//! `then` or `else`. Bracket errors are found here, where the opening place is known, and mended on the spot: a
//! missing closer is supplied and a stray one dropped, so that one slip is one message.

use super::names::{Names, Symbol};
use super::token::{Class, LexError, Lexeme, Token, lex};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use std::collections::VecDeque;

/// The number of a string in its tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StrId(pub u32);

/// What the grammar reads.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Tok {
    /// A token that is its own meaning.
    Word(Token),
    /// A number's value.
    Number(f64),
    /// A name.
    Name(Symbol),
    /// A string's content.
    Str(StrId),
    /// The end of a statement, by line end.
    End,
}

/// A problem found while reading, and whether more text could mend it.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What is wrong.
    pub diagnostic: Diagnostic,
    /// Whether the text merely stops too early.
    pub at_end: bool,
}

/// How deep brackets may nest.
const MAX_BRACKETS: usize = 200;

/// The stream of tokens the grammar reads.
pub struct Adapter<'a, I: Iterator<Item = Lexeme>> {
    text: &'a str,
    file: FileId,
    names: &'a mut Names,
    lexemes: std::iter::Peekable<I>,
    open: Vec<(Token, u32)>,
    ready: VecDeque<(u32, Tok, u32)>,
    last: Option<Token>,
    closed_bar: bool,
    end: u32,
    done: bool,
    /// Lexical and bracket problems.
    pub problems: Vec<Problem>,
    /// The strings of the text.
    pub strings: Vec<Box<str>>,
    /// The doc comments.
    pub docs: Vec<(u32, u32)>,
}

/// The adapter over a whole text.
pub fn adapter<'a>(
    text: &'a str,
    file: FileId,
    names: &'a mut Names,
) -> Adapter<'a, impl Iterator<Item = Lexeme> + 'a> {
    Adapter {
        text,
        file,
        names,
        lexemes: lex(text).peekable(),
        open: Vec::new(),
        ready: VecDeque::new(),
        last: None,
        closed_bar: false,
        end: 0,
        done: false,
        problems: Vec::new(),
        strings: Vec::new(),
        docs: Vec::new(),
    }
}

fn at(byte: usize) -> u32 {
    u32::try_from(byte).expect("a text is shorter than 4 GiB")
}

impl<I: Iterator<Item = Lexeme>> Iterator for Adapter<'_, I> {
    type Item = (u32, Tok, u32);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(token) = self.ready.pop_front() {
                return Some(token);
            }
            if self.done {
                return None;
            }
            match self.lexemes.next() {
                Some((Ok(token), range)) => self.token(token, at(range.start), at(range.end)),
                Some((Err(error), range)) => self.error(error, range),
                None => self.finish(),
            }
        }
    }
}

impl<I: Iterator<Item = Lexeme>> Adapter<'_, I> {
    fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.file, start, end)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.problems.push(Problem {
            diagnostic,
            at_end: false,
        });
    }

    fn push(&mut self, token: Token, start: u32, tok: Tok, end: u32) {
        self.last = Some(token);
        self.closed_bar = false;
        self.end = end;
        self.ready.push_back((start, tok, end));
    }

    /// Whether an operand has just ended, so that an operator or a closer comes next.
    fn after_operand(&self) -> bool {
        self.closed_bar || self.last.is_some_and(Token::can_end)
    }

    /// Whether line ends matter here.
    fn lines_matter(&self) -> bool {
        self.open
            .last()
            .is_none_or(|(open, _)| *open == Token::OpenBrace)
    }

    fn token(&mut self, token: Token, start: u32, end: u32) {
        match token {
            // After a dot and before a colon stand names only: `row.rule`, `(rule: 1)`.
            _ if token.class() == Class::Keyword
                && (self.last == Some(Token::Dot) || self.next_is(Token::Colon)) =>
            {
                self.name(start, end);
            }
            Token::Comment => {}
            Token::Doc => self.docs.push((start, end)),
            Token::Newline => self.line_end(start),
            Token::Let | Token::Rule | Token::Use => self.statement_start(token, start, end),
            Token::For if !self.innermost_is(Token::OpenSquare) => {
                self.statement_start(token, start, end)
            }
            Token::Fn if self.next_is(Token::Name) => self.statement_start(token, start, end),
            Token::OpenParen
            | Token::OpenSquare
            | Token::OpenBrace
            | Token::LogBar
            | Token::SqrtBar => {
                self.open(token, start, end);
            }
            Token::Bar if self.after_operand() => self.close(Token::Bar, start, end),
            Token::Bar => self.open(token, start, end),
            // `|x|>0`: the bar closes and `>` or `>=` compares.
            Token::Pipe if self.bar_is_open() && self.after_operand() => {
                self.close(Token::Bar, start, start + 1);
                let joined = matches!(self.lexemes.peek(), Some((Ok(Token::Assign | Token::Equal), range)) if at(range.start) == end);
                let (token, end) = match joined.then(|| self.lexemes.next()).flatten() {
                    Some((_, range)) => (Token::GreaterEqual, at(range.end)),
                    None => (Token::Greater, end),
                };
                self.push(token, start + 1, Tok::Word(token), end);
            }
            Token::CloseParen | Token::CloseSquare | Token::CloseBrace => {
                self.close(token, start, end)
            }
            Token::Number => self.number(start, end),
            Token::Name => self.name(start, end),
            Token::Str => self.string(start, end),
            Token::Fn
            | Token::For
            | Token::In
            | Token::If
            | Token::Then
            | Token::Else
            | Token::And
            | Token::Or
            | Token::Not
            | Token::True
            | Token::False
            | Token::BadNumber
            | Token::BadStr
            | Token::Pipe
            | Token::Assign
            | Token::Arrow
            | Token::Comma
            | Token::Colon
            | Token::Semicolon
            | Token::Dot
            | Token::Plus
            | Token::Minus
            | Token::Star
            | Token::Slash
            | Token::Percent
            | Token::At
            | Token::Caret
            | Token::Equal
            | Token::NotEqual
            | Token::Less
            | Token::LessEqual
            | Token::Greater
            | Token::GreaterEqual => {
                self.push(token, start, Tok::Word(token), end);
            }
        }
    }

    fn innermost_is(&self, token: Token) -> bool {
        self.open.last().is_some_and(|(open, _)| *open == token)
    }

    fn next_is(&mut self, token: Token) -> bool {
        matches!(self.lexemes.peek(), Some((Ok(next), _)) if *next == token)
    }

    /// A word that only starts statements: a bracket still open here was forgotten, and so was what should follow an
    /// operator at the end of the line before.
    fn statement_start(&mut self, token: Token, start: u32, end: u32) {
        let starts_line = self.text[self.end as usize..start as usize].contains('\n');
        if starts_line && !self.lines_matter() {
            self.forget_open(start);
        } else if starts_line
            && self
                .last
                .is_some_and(|last| !matches!(last, Token::OpenBrace | Token::Semicolon))
        {
            self.terminate(self.end);
        }
        self.push(token, start, Tok::Word(token), end);
    }

    fn line_end(&mut self, start: u32) {
        if !self.lines_matter() || !self.after_operand() {
            return;
        }
        // Look past blank lines and comments for a line that goes on.
        while let Some((Ok(token), range)) = self.lexemes.peek() {
            match token {
                Token::Newline | Token::Comment => {}
                Token::Doc => self.docs.push((at(range.start), at(range.end))),
                Token::Pipe | Token::Then | Token::Else => return,
                _ => break,
            }
            self.lexemes.next();
        }
        self.terminate(start);
    }

    fn terminate(&mut self, start: u32) {
        self.last = None;
        self.closed_bar = false;
        self.ready.push_back((start, Tok::End, start));
    }

    fn bar_is_open(&self) -> bool {
        self.open
            .last()
            .is_some_and(|(open, _)| closer(*open) == Token::Bar)
    }

    fn open(&mut self, token: Token, start: u32, end: u32) {
        self.open.push((token, start));
        if self.open.len() > MAX_BRACKETS {
            let diagnostic = Diagnostic::new(
                Code::E0203,
                self.span(start, end),
                "brackets nest too deeply",
            )
            .here(format!("level {}", self.open.len()))
            .help("name the inner part with `let` and use the name");
            self.report(diagnostic);
            // Nothing after this would be understood.
            self.done = true;
            return;
        }
        self.push(token, start, Tok::Word(token), end);
    }

    fn close(&mut self, token: Token, start: u32, end: u32) {
        let Some(depth) = self
            .open
            .iter()
            .rposition(|(open, _)| closer(*open) == token)
        else {
            let diagnostic = Diagnostic::new(
                Code::E0202,
                self.span(start, end),
                format!("`{}` closes nothing", spelling(token)),
            )
            .here("no opening bracket")
            .help(format!(
                "remove the `{}`, or open it before",
                spelling(token)
            ));
            self.report(diagnostic);
            return;
        };
        while self.open.len() > depth + 1 {
            self.supply_closer(start, Some((token, end)));
        }
        self.open.pop();
        if token == Token::CloseBrace && self.after_operand() {
            self.terminate(start);
        }
        self.push(token, start, Tok::Word(token), end);
        self.closed_bar = token == Token::Bar;
    }

    /// Closes the innermost bracket, which was forgotten.
    fn supply_closer(&mut self, here: u32, found: Option<(Token, u32)>) {
        let Some((open, place)) = self.open.pop() else {
            return;
        };
        let (close, opened) = (closer(open), self.span(place, place + width(open)));
        let mut diagnostic = Diagnostic::new(
            Code::E0202,
            opened,
            format!("`{}` is never closed", spelling(open)),
        )
        .here("opened here");
        if let Some((token, end)) = found {
            let span = self.span(here, end);
            diagnostic = diagnostic.label(span, format!("`{}` found instead", spelling(token)));
        }
        let at_end = found.is_none();
        diagnostic = diagnostic.help(format!("add the missing `{}`", spelling(close)));
        self.problems.push(Problem { diagnostic, at_end });
        if close == Token::CloseBrace && self.after_operand() {
            self.terminate(here);
        }
        self.push(close, here, Tok::Word(close), here);
        self.closed_bar = close == Token::Bar;
    }

    /// A statement starts although brackets are open: closes them and ends the statement before.
    fn forget_open(&mut self, here: u32) {
        let before = self.end;
        while !self.lines_matter() {
            self.supply_closer(before, None);
            if let Some(problem) = self.problems.last_mut() {
                problem.at_end = false;
            }
        }
        self.terminate(here);
    }

    fn name(&mut self, start: u32, end: u32) {
        let symbol = self.names.symbol(&self.text[start as usize..end as usize]);
        self.push(Token::Name, start, Tok::Name(symbol), end);
    }

    fn number(&mut self, start: u32, end: u32) {
        let text = &self.text[start as usize..end as usize];
        let value: f64 = if text.contains('_') {
            text.replace('_', "").parse()
        } else {
            text.parse()
        }
        .unwrap_or(f64::NAN);
        let mantissa = text.split(['e', 'E']).next().unwrap_or("");
        let lost = value == 0.0 && mantissa.bytes().any(|digit| matches!(digit, b'1'..=b'9'));
        if !value.is_finite() || lost {
            let size = if lost { "small" } else { "large" };
            let diagnostic = Diagnostic::new(
                Code::E0102,
                self.span(start, end),
                format!("number too {size} for 64 bits"),
            )
            .here(format!("too {size}"))
            .help(if lost {
                "write a number of at least 1e-323, or 0"
            } else {
                "write a number below 1.8e308"
            });
            self.report(diagnostic);
        }
        self.push(Token::Number, start, Tok::Number(value), end);
    }

    fn string(&mut self, start: u32, end: u32) {
        let inner = &self.text[start as usize + 1..end as usize - 1];
        let mut content = String::with_capacity(inner.len());
        let mut rest = inner.char_indices();
        while let Some((index, c)) = rest.next() {
            if c != '\\' {
                content.push(c);
                continue;
            }
            let from = start + 1 + at(index);
            match rest.next() {
                Some((_, 'n')) => content.push('\n'),
                Some((_, 't')) => content.push('\t'),
                Some((_, c @ ('"' | '\\'))) => content.push(c),
                Some((_, 'u')) => {
                    let digits: String = rest
                        .by_ref()
                        .skip_while(|(_, c)| *c == '{')
                        .map(|(_, c)| c)
                        .take_while(|c| *c != '}')
                        .collect();
                    match u32::from_str_radix(&digits, 16)
                        .ok()
                        .and_then(char::from_u32)
                    {
                        Some(c) => content.push(c),
                        None => self.bad_escape(from, from + 2),
                    }
                }
                Some((_, other)) => self.bad_escape(from, from + 1 + at(other.len_utf8())),
                None => {}
            }
        }
        self.keep_string(content, Token::Str, start, end);
    }

    fn bad_escape(&mut self, start: u32, end: u32) {
        let text = self.text[start as usize..end as usize].to_owned();
        let diagnostic = Diagnostic::new(
            Code::E0104,
            self.span(start, end),
            format!("unknown escape `{text}`"),
        )
        .here("not an escape")
        .help("write `\\n`, `\\t`, `\\\"`, `\\\\` or `\\u{3b2}`");
        self.report(diagnostic);
    }

    fn keep_string(&mut self, content: String, token: Token, start: u32, end: u32) {
        let id = StrId(at(self.strings.len()));
        self.strings.push(content.into());
        self.push(token, start, Tok::Str(id), end);
    }

    fn error(&mut self, error: LexError, range: std::ops::Range<usize>) {
        let (start, mut end) = (range.start, range.end);
        match error {
            LexError::Number => {
                let diagnostic =
                    super::error::bad_number(&self.text[start..end], self.span(at(start), at(end)));
                self.report(diagnostic);
                self.push(Token::BadNumber, at(start), Tok::Number(f64::NAN), at(end));
            }
            LexError::String => {
                let diagnostic = Diagnostic::new(
                    Code::E0103,
                    self.span(at(start), at(end)),
                    "string is never closed",
                )
                .here("opened here, no `\"` on this line")
                .help("add the closing `\"`");
                self.report(diagnostic);
                self.keep_string(String::new(), Token::BadStr, at(start), at(end));
            }
            LexError::Character => {
                while let Some((Err(LexError::Character), next)) = self.lexemes.peek() {
                    if next.start != end {
                        break;
                    }
                    end = next.end;
                    self.lexemes.next();
                }
                let diagnostic = super::error::bad_characters(
                    &self.text[start..end],
                    self.span(at(start), at(end)),
                );
                self.report(diagnostic);
            }
        }
    }

    fn finish(&mut self) {
        let end = at(self.text.len());
        while !self.open.is_empty() {
            self.supply_closer(self.end, None);
        }
        if self.last.is_some() {
            // The place of an early end is where the text stops, not the blank lines after it.
            let place = self.end.min(end);
            self.ready.push_back((place, Tok::End, place));
        }
        self.last = None;
        self.done = true;
    }
}

fn closer(open: Token) -> Token {
    match open {
        Token::OpenParen => Token::CloseParen,
        Token::OpenSquare => Token::CloseSquare,
        Token::OpenBrace => Token::CloseBrace,
        _ => Token::Bar,
    }
}

fn width(open: Token) -> u32 {
    match open {
        Token::LogBar => 4,
        Token::SqrtBar => 5,
        _ => 1,
    }
}

fn spelling(token: Token) -> &'static str {
    match token {
        Token::OpenParen => "(",
        Token::OpenSquare => "[",
        Token::OpenBrace => "{",
        Token::CloseParen => ")",
        Token::CloseSquare => "]",
        Token::CloseBrace => "}",
        Token::LogBar => "log|",
        Token::SqrtBar => "sqrt|",
        _ => "|",
    }
}
