//! From lexemes to what the grammar reads: line ends become terminators, brackets are made to match.
//!
//! A line end ends a statement unless brackets are open, the line cannot end there, or the next one goes on with `|>`,
//! `then` or `else`. Bracket errors are found here, where the opening place is known, and mended on the spot: a
//! missing closer is supplied and a stray one dropped, so that one slip is one message.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a token that is none of the few asked about is one case"
)]

use super::names::Names;
use super::token::{Class, LexError, Lexeme, Token, lex, number};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use std::collections::VecDeque;

/// The number of a string in its tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StrId(pub u32);

/// What the grammar reads: a word and what it carries. Two plain numbers, since every token passes through many hands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tok {
    /// The word; [`Token::Newline`] stands for the end of a statement by line end.
    pub word: Token,
    /// A name's symbol or a string's number; 0 for other words.
    pub load: u32,
}

impl From<Token> for Tok {
    fn from(word: Token) -> Self {
        Self { word, load: 0 }
    }
}

/// A token and its bytes.
type Placed = (u32, Tok, u32);

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
    /// Tokens that go before the next lexeme's: most lexemes are one token, which does not come here.
    ready: VecDeque<Placed>,
    last: Option<Token>,
    closed_bar: bool,
    end: u32,
    done: bool,
    read: Read,
}

/// What is read besides tokens.
#[derive(Default)]
pub struct Read {
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
        read: Read::default(),
    }
}

fn at(byte: usize) -> u32 {
    u32::try_from(byte).expect("a text is shorter than 4 GiB")
}

impl<I: Iterator<Item = Lexeme>> Iterator for Adapter<'_, I> {
    type Item = Placed;

    fn next(&mut self) -> Option<Placed> {
        loop {
            if !self.ready.is_empty() {
                return self.ready.pop_front();
            }
            if self.done {
                return None;
            }
            let token = match self.lexemes.next() {
                Some((Ok(token), range)) => self.token(token, at(range.start), at(range.end)),
                Some((Err(error), range)) => self.error(error, range),
                None => self.finish(),
            };
            if token.is_some() {
                return token;
            }
        }
    }
}

impl<I: Iterator<Item = Lexeme>> Adapter<'_, I> {
    /// What was read besides tokens.
    pub fn into_read(self) -> Read {
        self.read
    }

    fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.file, start, end)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.read.problems.push(Problem {
            diagnostic,
            at_end: false,
        });
    }

    /// The token that a lexeme is, after all that go before it.
    fn push(&mut self, token: Token, start: u32, tok: Tok, end: u32) -> Option<Placed> {
        self.last = Some(token);
        self.closed_bar = false;
        self.end = end;
        self.next_in_line((start, tok, end))
    }

    /// The end of a statement.
    fn terminate(&mut self, place: u32) -> Option<Placed> {
        self.last = None;
        self.closed_bar = false;
        self.next_in_line((place, Token::Newline.into(), place))
    }

    fn next_in_line(&mut self, token: Placed) -> Option<Placed> {
        if self.ready.is_empty() {
            return Some(token);
        }
        self.ready.push_back(token);
        None
    }

    /// Another token goes before what comes next.
    fn before(&mut self, token: Option<Placed>) {
        self.ready.extend(token);
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

    fn token(&mut self, token: Token, start: u32, end: u32) -> Option<Placed> {
        match token {
            // After a dot and before a colon stand names only: `row.rule`, `(rule: 1)`.
            _ if token.class() == Class::Keyword
                && (self.last == Some(Token::Dot) || self.next_is(Token::Colon)) =>
            {
                self.name(start, end)
            }
            Token::Comment => None,
            Token::Doc => {
                self.read.docs.push((start, end));
                None
            }
            Token::Newline => self.line_end(start),
            Token::Let | Token::Rule | Token::Use => self.statement_start(token, start, end),
            Token::For if !self.innermost_is(Token::OpenSquare) => {
                self.statement_start(token, start, end)
            }
            Token::Fn if self.next_is(Token::Name) => self.statement_start(token, start, end),
            Token::Bar if self.after_operand() => self.close(Token::Bar, start, end),
            Token::OpenParen
            | Token::OpenSquare
            | Token::OpenBrace
            | Token::Bar
            | Token::LogBar
            | Token::SqrtBar => self.open(token, start, end),
            // `|x|>0`: the bar closes and `>` or `>=` compares.
            Token::Pipe if self.bar_is_open() && self.after_operand() => {
                let closed = self.close(Token::Bar, start, start + 1);
                self.before(closed);
                let joined = matches!(self.lexemes.peek(), Some((Ok(Token::Assign | Token::Equal), range)) if at(range.start) == end);
                let (token, end) = match joined.then(|| self.lexemes.next()).flatten() {
                    Some((_, range)) => (Token::GreaterEqual, at(range.end)),
                    None => (Token::Greater, end),
                };
                self.push(token, start + 1, token.into(), end)
            }
            Token::CloseParen | Token::CloseSquare | Token::CloseBrace => {
                self.close(token, start, end)
            }
            Token::Name => self.name(start, end),
            Token::Number => self.number(start, end),
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
            | Token::GreaterEqual => self.push(token, start, token.into(), end),
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
    fn statement_start(&mut self, token: Token, start: u32, end: u32) -> Option<Placed> {
        let starts_line = self.text[self.end as usize..start as usize].contains('\n');
        if starts_line && !self.lines_matter() {
            self.forget_open(start);
        } else if starts_line
            && self
                .last
                .is_some_and(|last| !matches!(last, Token::OpenBrace | Token::Semicolon))
        {
            let ended = self.terminate(self.end);
            self.before(ended);
        }
        self.push(token, start, token.into(), end)
    }

    fn line_end(&mut self, start: u32) -> Option<Placed> {
        if !self.lines_matter() || !self.after_operand() {
            return None;
        }
        // Look past blank lines and comments for a line that goes on.
        while let Some((Ok(token), range)) = self.lexemes.peek() {
            match token {
                Token::Newline | Token::Comment => {}
                Token::Doc => self.read.docs.push((at(range.start), at(range.end))),
                Token::Pipe | Token::Then | Token::Else => return None,
                _ => break,
            }
            self.lexemes.next();
        }
        self.terminate(start)
    }

    fn bar_is_open(&self) -> bool {
        self.open
            .last()
            .is_some_and(|(open, _)| closer(*open) == Token::Bar)
    }

    fn open(&mut self, token: Token, start: u32, end: u32) -> Option<Placed> {
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
            return None;
        }
        self.push(token, start, token.into(), end)
    }

    fn close(&mut self, token: Token, start: u32, end: u32) -> Option<Placed> {
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
            return None;
        };
        while self.open.len() > depth + 1 {
            self.supply_closer(start, Some((token, end)));
        }
        self.open.pop();
        if token == Token::CloseBrace && self.after_operand() {
            let ended = self.terminate(start);
            self.before(ended);
        }
        let closed = self.push(token, start, token.into(), end);
        self.closed_bar = token == Token::Bar;
        closed
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
        self.read.problems.push(Problem { diagnostic, at_end });
        if close == Token::CloseBrace && self.after_operand() {
            let ended = self.terminate(here);
            self.before(ended);
        }
        let supplied = self.push(close, here, close.into(), here);
        self.before(supplied);
        self.closed_bar = close == Token::Bar;
    }

    /// A statement starts although brackets are open: closes them and ends the statement before.
    fn forget_open(&mut self, here: u32) {
        let before = self.end;
        while !self.lines_matter() {
            self.supply_closer(before, None);
            if let Some(problem) = self.read.problems.last_mut() {
                problem.at_end = false;
            }
        }
        let ended = self.terminate(here);
        self.before(ended);
    }

    fn name(&mut self, start: u32, end: u32) -> Option<Placed> {
        let symbol = self.names.symbol(&self.text[start as usize..end as usize]);
        let (word, load) = (Token::Name, symbol.0);
        self.push(word, start, Tok { word, load }, end)
    }

    fn number(&mut self, start: u32, end: u32) -> Option<Placed> {
        let text = &self.text[start as usize..end as usize];
        let is_power = |byte| matches!(byte, b'e' | b'E');
        // Only an exponent or hundreds of digits lead out of the range of numbers.
        if text.len() > 300 || text.bytes().any(is_power) {
            let value = number(text);
            let mut mantissa = text.bytes().take_while(|byte| !is_power(*byte));
            let lost = value == 0.0 && mantissa.any(|digit| matches!(digit, b'1'..=b'9'));
            if value.is_infinite() || lost {
                self.out_of_range(start, end, lost);
            }
        }
        self.push(Token::Number, start, Token::Number.into(), end)
    }

    fn out_of_range(&mut self, start: u32, end: u32, lost: bool) {
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

    fn string(&mut self, start: u32, end: u32) -> Option<Placed> {
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
        self.keep_string(content, Token::Str, start, end)
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

    fn keep_string(
        &mut self,
        content: String,
        token: Token,
        start: u32,
        end: u32,
    ) -> Option<Placed> {
        let (word, load) = (Token::Str, at(self.read.strings.len()));
        self.read.strings.push(content.into());
        self.push(token, start, Tok { word, load }, end)
    }

    fn error(&mut self, error: LexError, range: std::ops::Range<usize>) -> Option<Placed> {
        let (start, mut end) = (range.start, range.end);
        match error {
            LexError::Number => {
                let diagnostic =
                    super::error::bad_number(&self.text[start..end], self.span(at(start), at(end)));
                self.report(diagnostic);
                self.push(Token::BadNumber, at(start), Token::Number.into(), at(end))
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
                self.keep_string(String::new(), Token::BadStr, at(start), at(end))
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
                None
            }
        }
    }

    fn finish(&mut self) -> Option<Placed> {
        let end = at(self.text.len());
        while !self.open.is_empty() {
            self.supply_closer(self.end, None);
        }
        self.done = true;
        // The place of an early end is where the text stops, not the blank lines after it.
        let place = self.end.min(end);
        self.last.and_then(|_| self.terminate(place))
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
