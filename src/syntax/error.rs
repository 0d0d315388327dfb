//! Syntax problems in words.

use super::token::Token;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Characters that have no meaning, with what was probably meant.
pub(super) fn bad_characters(text: &str, span: Span) -> Diagnostic {
    let shown: String = text.chars().take(20).flat_map(shown).collect();
    let many = text.chars().count() > 1;
    let headline = format!("unknown character{} `{shown}`", if many { "s" } else { "" });
    let instead = text.chars().next().and_then(|c| match c {
        '×' | '·' | '⋅' | '∗' => Some("`*`"),
        '÷' => Some("`/`"),
        '−' | '–' | '—' => Some("`-`"),
        '≤' => Some("`<=`"),
        '≥' => Some("`>=`"),
        '≠' => Some("`!=`"),
        '²' => Some("`^2`"),
        '³' => Some("`^3`"),
        '√' => Some("`sqrt(x)`"),
        '“' | '”' | '‘' | '’' | '\'' | '`' => Some("`\"`"),
        '&' => Some("`and`"),
        '!' => Some("`not`"),
        '?' => Some("`if c then a else b`"),
        '$' => Some("the name without it"),
        '\u{a0}' => Some("a plain space"),
        _ => None,
    });
    let diagnostic = Diagnostic::new(Code::E0101, span, headline).here("has no meaning here");
    match instead {
        Some(instead) => diagnostic.help(format!("write {instead}")),
        None => diagnostic.help("remove it, or put it in a string or comment"),
    }
}

/// A character as it can be shown: control characters by number.
fn shown(c: char) -> Vec<char> {
    if c.is_control() {
        c.escape_default().collect()
    } else {
        vec![c]
    }
}

/// A malformed number, with what was probably meant.
pub(super) fn bad_number(text: &str, span: Span) -> Diagnostic {
    let short: String = if text.len() > 24 {
        format!("{}…", &text[..24])
    } else {
        text.to_owned()
    };
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '_' && c != '.')
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let help = if let Some(fraction) = text.strip_prefix('.') {
        format!(
            "write `0.{}`",
            fraction.chars().take(20).collect::<String>()
        )
    } else if text.starts_with("0x") || text.starts_with("0X") || text.starts_with("0b") {
        let parsed = u64::from_str_radix(
            &text[2..].replace('_', ""),
            if text.starts_with("0b") { 2 } else { 16 },
        );
        parsed.map_or("numbers are decimal: write `31`".to_owned(), |value| {
            format!("numbers are decimal: write `{value}`")
        })
    } else if text.ends_with('.') && text.matches('.').count() == 1 && rest.is_empty() {
        format!("write `{}` or `{text}0`", text.trim_end_matches('.'))
    } else if text.contains('_') && rest.is_empty() {
        "write single underscores between digits: `1_000`".to_owned()
    } else if matches!(rest, "e" | "E") {
        format!("write the exponent: `{number}e-3`")
    } else if number.matches('.').count() > 1 {
        "write one decimal point".to_owned()
    } else if rest.is_empty() || number.ends_with('.') {
        "write digits on both sides of the point".to_owned()
    } else {
        format!("write `{number} * {rest}` for a product; a name cannot start with a digit")
    };
    Diagnostic::new(Code::E0102, span, format!("malformed number `{short}`"))
        .here("not a number")
        .help(help)
}

/// Something where the grammar has no place for it.
pub(super) fn unexpected(
    found: Option<(Token, &str)>,
    expected: &[String],
    span: Span,
) -> Diagnostic {
    let has = |name: &str| expected.iter().any(|one| one.trim_matches('"') == name);
    let wants_operand = has("NUMBER") && has("(");
    let wanted = if wants_operand {
        Some("an expression".to_owned())
    } else {
        let brackets: Vec<&str> = [")", "]", "}", "|", "then", "else", "=", "=>", "in", "{"]
            .into_iter()
            .filter(|name| has(name))
            .collect();
        match brackets.as_slice() {
            _ if has("NAME") => Some("a name".to_owned()),
            _ if has("STRING") && !has("NUMBER") => Some("a string".to_owned()),
            [] => has("+").then(|| "an operator or the end of the line".to_owned()),
            names => {
                let list: Vec<String> = names
                    .iter()
                    .take(4)
                    .map(|name| format!("`{name}`"))
                    .collect();
                Some(if has("+") {
                    format!("an operator or {}", list.join(" or "))
                } else {
                    list.join(" or ")
                })
            }
        }
    };
    // A line end that ends a statement is no word.
    let found = found.filter(|(word, _)| *word != Token::Newline);
    let (what, here) = match found {
        None => ("the end of the line".to_owned(), "ends too early"),
        Some((Token::Number, text)) => (format!("the number `{}`", short(text)), "not expected"),
        Some((Token::Str, _)) => ("a string".to_owned(), "not expected"),
        Some((_, text)) => (format!("`{}`", short(text)), "not expected"),
    };
    let headline = match &wanted {
        Some(wanted) => format!("expected {wanted}, found {what}"),
        None => format!("unexpected {what}"),
    };
    let diagnostic = Diagnostic::new(Code::E0201, span, headline).here(here);
    match (found, wants_operand) {
        (Some((word, text)), _) if has("NAME") && word.class() == super::token::Class::Keyword && !wants_operand => {
            diagnostic.help(format!("`{text}` is a word of the language: choose another name"))
        }
        (Some((Token::Star, _)), true) => diagnostic.help("write `^` for powers"),
        (Some((Token::Equal | Token::NotEqual, _)), true) => diagnostic.help("write `=` to define, `==` to compare two values"),
        (Some((Token::Assign, text)), false) if !has("=") => {
            diagnostic.help(format!("write `==` to compare; `let name {text} value` to define"))
        }
        (Some((Token::Name | Token::Number, text)), false) if has("*") => {
            diagnostic.help(format!("write an operator before it, such as `* {}`", short(text)))
        }
        (Some((Token::OpenBrace, _)), _) => diagnostic.help("blocks follow `for … in …` only; use `( )` to group"),
        (None, true) => diagnostic.help("write the missing operand, such as `g`"),
        (Some((Token::Fn, _)), true) => diagnostic.help("put the function in brackets: `(fn(x) => …)`"),
        (Some((word, text)), true) if word.class() == super::token::Class::Keyword => {
            diagnostic.help(format!("`{text}` is a word of the language: choose another name, or write it where a statement starts"))
        }
        (_, true) => diagnostic.help("write a name, a number, or an expression in brackets"),
        (_, false) => match wanted {
            Some(wanted) => diagnostic.help(format!("write {wanted} here")),
            None => diagnostic.help("end the statement with a line break or `;`"),
        },
    }
}

fn short(text: &str) -> String {
    if text.chars().count() > 24 {
        format!("{}…", text.chars().take(23).collect::<String>())
    } else {
        text.to_owned()
    }
}
