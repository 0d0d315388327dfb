//! Tokens: the words of the language, found by logos.
//!
//! Comments and line ends are tokens too, so that one lexer serves the parser, the formatter, the highlighter and
//! completion; what the parser does not want is dropped later, in the adapter.

use logos::Logos;

/// One word of a program; its text is under its span.
#[derive(Logos, Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[logos(skip r"[ \t\r\u{FEFF}]+")]
#[logos(error = LexError)]
#[allow(missing_docs, reason = "each variant is its own text")]
// As wide as what it carries in the parser, so that a token has no gaps: those make copies of it slow.
#[repr(u32)]
pub enum Token {
    #[token("let")]
    Let,
    #[token("fn")]
    Fn,
    #[token("rule")]
    Rule,
    #[token("use")]
    Use,
    #[token("for")]
    For,
    #[token("in")]
    In,
    #[token("if")]
    If,
    #[token("then")]
    Then,
    #[token("else")]
    Else,
    #[token("and")]
    And,
    #[token("or")]
    Or,
    #[token("not")]
    Not,
    #[token("true")]
    True,
    #[token("false")]
    False,

    #[regex(r"[\p{L}_][\p{L}\p{M}\p{Nd}_]*", priority = 2)]
    Name,
    #[regex(
        r"[0-9]+(_[0-9]+)*(\.[0-9]+(_[0-9]+)*)?([eE][+-]?[0-9]+)?",
        priority = 6
    )]
    Number,
    #[regex(r"[0-9][0-9A-Za-z_.]*", bad_number, priority = 5)]
    #[regex(r"\.[0-9][0-9A-Za-z_.]*", bad_number, priority = 5)]
    BadNumber,
    #[regex(r#""([^"\\\n]|\\[^\n])*""#, priority = 6)]
    Str,
    #[regex(r#""([^"\\\n]|\\[^\n])*\\?"#, bad_string, priority = 5)]
    BadStr,

    #[regex(r"#[^\n]*", priority = 3, allow_greedy = true)]
    Comment,
    #[regex(r"##[^\n]*", priority = 5, allow_greedy = true)]
    Doc,
    #[token("\n")]
    Newline,

    #[token("(")]
    OpenParen,
    #[token(")")]
    CloseParen,
    #[token("[")]
    OpenSquare,
    #[token("]")]
    CloseSquare,
    #[token("{")]
    OpenBrace,
    #[token("}")]
    CloseBrace,
    #[token("|")]
    Bar,
    #[regex(r"log[ \t]*\|", priority = 10)]
    LogBar,
    #[regex(r"sqrt[ \t]*\|", priority = 10)]
    SqrtBar,
    #[token("|>")]
    Pipe,

    #[token("=")]
    Assign,
    #[token("=>")]
    Arrow,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token(";")]
    Semicolon,
    #[token(".")]
    Dot,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("@")]
    At,
    #[token("^")]
    Caret,
    #[token("==")]
    Equal,
    #[token("!=")]
    NotEqual,
    #[token("<")]
    Less,
    #[token("<=")]
    LessEqual,
    #[token(">")]
    Greater,
    #[token(">=")]
    GreaterEqual,
}

/// Why a piece of text is no token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum LexError {
    /// No token starts with this character.
    #[default]
    Character,
    /// Starts like a number and is none.
    Number,
    /// A string without its end.
    String,
}

fn bad_number(_: &mut logos::Lexer<'_, Token>) -> Result<(), LexError> {
    Err(LexError::Number)
}

fn bad_string(_: &mut logos::Lexer<'_, Token>) -> Result<(), LexError> {
    Err(LexError::String)
}

/// Classes of tokens for colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// A word of the grammar.
    Keyword,
    /// A name.
    Name,
    /// A number.
    Number,
    /// A string.
    Str,
    /// A comment.
    Comment,
    /// An operator, bracket or mark.
    Mark,
    /// No token.
    Error,
}

/// Keywords, in the order of the reference.
pub const KEYWORDS: &[&str] = &[
    "let", "fn", "rule", "use", "for", "in", "if", "then", "else", "and", "or", "not", "true",
    "false",
];

impl Token {
    /// Its class for colour.
    pub fn class(self) -> Class {
        match self {
            Self::Let
            | Self::Fn
            | Self::Rule
            | Self::Use
            | Self::For
            | Self::In
            | Self::If
            | Self::Then
            | Self::Else
            | Self::And
            | Self::Or
            | Self::Not
            | Self::True
            | Self::False => Class::Keyword,
            Self::Name => Class::Name,
            Self::Number => Class::Number,
            Self::Str => Class::Str,
            Self::Comment | Self::Doc => Class::Comment,
            Self::BadNumber | Self::BadStr => Class::Error,
            Self::Newline
            | Self::OpenParen
            | Self::CloseParen
            | Self::OpenSquare
            | Self::CloseSquare
            | Self::OpenBrace
            | Self::CloseBrace
            | Self::Bar
            | Self::LogBar
            | Self::SqrtBar
            | Self::Pipe
            | Self::Assign
            | Self::Arrow
            | Self::Comma
            | Self::Colon
            | Self::Semicolon
            | Self::Dot
            | Self::Plus
            | Self::Minus
            | Self::Star
            | Self::Slash
            | Self::Percent
            | Self::At
            | Self::Caret
            | Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual => Class::Mark,
        }
    }

    /// Whether an expression or statement can end with this token.
    pub fn can_end(self) -> bool {
        match self {
            Self::True
            | Self::False
            | Self::Name
            | Self::Number
            | Self::BadNumber
            | Self::Str
            | Self::BadStr
            | Self::CloseParen
            | Self::CloseSquare
            | Self::CloseBrace => true,
            Self::Let
            | Self::Fn
            | Self::Rule
            | Self::Use
            | Self::For
            | Self::In
            | Self::If
            | Self::Then
            | Self::Else
            | Self::And
            | Self::Or
            | Self::Not
            | Self::Comment
            | Self::Doc
            | Self::Newline
            | Self::OpenParen
            | Self::OpenSquare
            | Self::OpenBrace
            | Self::Bar
            | Self::LogBar
            | Self::SqrtBar
            | Self::Pipe
            | Self::Assign
            | Self::Arrow
            | Self::Comma
            | Self::Colon
            | Self::Semicolon
            | Self::Dot
            | Self::Plus
            | Self::Minus
            | Self::Star
            | Self::Slash
            | Self::Percent
            | Self::At
            | Self::Caret
            | Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual => false,
        }
    }
}

/// The value of a number's text; NaN if it is none.
pub fn number(text: &str) -> f64 {
    let value = if text.contains('_') {
        text.replace('_', "").parse()
    } else {
        text.parse()
    };
    value.unwrap_or(f64::NAN)
}

/// One piece of a text: a token or an error, and its bytes.
pub type Lexeme = (Result<Token, LexError>, std::ops::Range<usize>);

/// All tokens of a text, comments and line ends among them, errors in their places.
pub fn lex(text: &str) -> impl Iterator<Item = Lexeme> + '_ {
    Token::lexer(text).spanned()
}
