//! Completions and hints, computed from the tokens before the cursor.

use crate::context::NameInfo;
use crate::syntax::token::{Lexeme, Token, lex};
use rustyline::completion::Pair;
use std::ops::Range;

/// The widest description that is shown beside a name.
const WIDTH: usize = 60;

/// What is shown after the cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Hint {
    /// The text shown.
    display: String,
    /// How much of it the right arrow key takes over.
    takes: usize,
}

impl rustyline::hint::Hint for Hint {
    fn display(&self) -> &str {
        &self.display
    }

    fn completion(&self) -> Option<&str> {
        Some(&self.display[..self.takes]).filter(|text| !text.is_empty())
    }
}

/// The command a line starts with, colon and all.
pub(super) fn command_word(line: &str) -> Option<Range<usize>> {
    let start = line.len() - line.trim_start().len();
    if !line[start..].starts_with(':') {
        return None;
    }
    let length = line[start..]
        .find(char::is_whitespace)
        .unwrap_or(line.len() - start);
    Some(start..start + length)
}

/// The call that the cursor is in.
#[derive(Debug)]
struct Call<'a> {
    name: &'a str,
    /// The named arguments it has already.
    given: Vec<&'a str>,
}

/// What stands before the cursor.
struct Before<'a> {
    word: &'a str,
    /// Whether a name can stand here: not in strings, comments and numbers, nor after a point.
    takes_names: bool,
    call: Option<Call<'a>>,
    /// Whether an argument starts here.
    starts_argument: bool,
}

fn look(text: &str) -> Before<'_> {
    let from = command_word(text).map_or(0, |word| word.end);
    let text = &text[from..];
    let mut lexemes: Vec<Lexeme> = lex(text).collect();
    let mut before = Before {
        word: "",
        takes_names: true,
        call: None,
        starts_argument: false,
    };
    if let Some((token, range)) = lexemes.last().cloned() {
        let touches = range.end == text.len();
        let word = &text[range];
        match token {
            Ok(Token::Comment | Token::Doc | Token::Str | Token::Number | Token::Dot) | Err(_)
                if touches =>
            {
                before.takes_names = false;
            }
            Ok(_) if touches && word.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                before.word = word;
                lexemes.pop();
            }
            Ok(_) | Err(_) => {}
        }
    }
    let last = lexemes
        .iter()
        .rev()
        .find_map(|(token, _)| (*token).ok().filter(|token| *token != Token::Newline));
    if last == Some(Token::Dot) {
        before.takes_names = false;
    }
    before.starts_argument = matches!(last, Some(Token::OpenParen | Token::Comma));
    before.call = call(text, &lexemes);
    before
}

fn call<'a>(text: &'a str, lexemes: &[Lexeme]) -> Option<Call<'a>> {
    // What is open: a call, or another bracket.
    let mut open: Vec<Option<Call<'a>>> = Vec::new();
    let mut previous: Option<(Token, &'a str)> = None;
    for (token, range) in lexemes {
        let Ok(token) = *token else { continue };
        let word = &text[range.clone()];
        if token == Token::OpenParen {
            let callee = previous.filter(|(token, _)| *token == Token::Name);
            open.push(callee.map(|(_, name)| Call {
                name,
                given: Vec::new(),
            }));
        } else if matches!(token, Token::OpenSquare | Token::OpenBrace) {
            open.push(None);
        } else if matches!(
            token,
            Token::CloseParen | Token::CloseSquare | Token::CloseBrace
        ) {
            open.pop();
        } else if token == Token::Colon
            && let (Some((Token::Name, name)), Some(Some(call))) = (previous, open.last_mut())
        {
            call.given.push(name);
        }
        previous = Some((token, word));
    }
    open.into_iter().rev().find_map(|call| call)
}

/// The candidates for the word before the cursor, and where that word starts.
pub(super) fn completions(text: &str, known: &[NameInfo]) -> (usize, Vec<Pair>) {
    let before = look(text);
    let start = text.len() - before.word.len();
    if !before.takes_names {
        return (start, Vec::new());
    }
    let mut out = Vec::new();
    if let Some(call) = before.call.as_ref().filter(|_| before.starts_argument) {
        let params = find(call.name, known).map_or(&[][..], |info| &info.params);
        let open = params.iter().filter(|param| {
            param.starts_with(before.word) && !call.given.contains(&param.as_str())
        });
        out.extend(open.map(|param| Pair {
            display: format!("{param}:  argument of {}", call.name),
            replacement: format!("{param}: "),
        }));
    }
    if before.word.is_empty() && !out.is_empty() {
        return (start, out);
    }
    let names = known
        .iter()
        .filter(|info| info.name.starts_with(before.word));
    let names: Vec<&NameInfo> = names.collect();
    let widest = names.iter().map(|info| info.name.chars().count()).max();
    out.extend(names.iter().map(|info| Pair {
        display: format!(
            "{:width$}  {}",
            info.name,
            short(&info.ty),
            width = widest.unwrap_or(0)
        ),
        replacement: info.name.clone(),
    }));
    (start, out)
}

/// The rest of the only name that fits, or the signature of the function that is being called.
pub(super) fn hint(text: &str, known: &[NameInfo]) -> Option<Hint> {
    let before = look(text);
    if !before.takes_names {
        return None;
    }
    if before.word.chars().count() >= 2 && find(before.word, known).is_none() {
        let mut fitting = known
            .iter()
            .filter(|info| info.name.starts_with(before.word));
        if let (Some(info), None) = (fitting.next(), fitting.next()) {
            let rest = &info.name[before.word.len()..];
            return Some(Hint {
                display: format!("{rest}  {}", short(&info.ty)),
                takes: rest.len(),
            });
        }
    }
    let info = find(before.call?.name, known)?;
    let display = if info.ty.starts_with(&info.name) {
        format!("   {}", short(&info.ty))
    } else {
        format!("   {}: {}", info.name, short(&info.ty))
    };
    Some(Hint { display, takes: 0 })
}

fn find<'a>(name: &str, known: &'a [NameInfo]) -> Option<&'a NameInfo> {
    known.iter().find(|info| info.name == name)
}

/// A description, cut to a width that leaves room on the line.
fn short(text: &str) -> String {
    if text.chars().count() <= WIDTH {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(WIDTH - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<NameInfo> {
        let row = |name: &str, ty: &str, params: &[&str]| NameInfo {
            name: name.to_owned(),
            kind: "function",
            ty: ty.to_owned(),
            summary: String::new(),
            is_user: false,
            params: params.iter().map(|param| (*param).to_owned()).collect(),
        };
        vec![
            row("ema", "ema(x, beta)", &["x", "beta"]),
            row("powersign", "Rule", &["base", "f"]),
            row("sign", "sign(x)", &["x"]),
            row("sin", "sin(x)", &["x"]),
        ]
    }

    fn complete(text: &str) -> Vec<String> {
        let (start, pairs) = completions(text, &known());
        pairs
            .into_iter()
            .map(|pair| format!("{}{}", &text[..start], pair.replacement))
            .collect()
    }

    #[test]
    fn names_are_completed() {
        assert_eq!(complete("1 + po"), ["1 + powersign"]);
        assert_eq!(complete("si"), ["sign", "sin"]);
        assert_eq!(complete(":type em"), [":type ema"]);
        assert!(complete("xyz").is_empty());
    }

    #[test]
    fn named_arguments_are_completed_once() {
        assert_eq!(
            complete("powersign("),
            ["powersign(base: ", "powersign(f: "]
        );
        assert_eq!(complete("powersign(b"), ["powersign(base: "]);
        assert_eq!(complete("powersign(base: 2, "), ["powersign(base: 2, f: "]);
        assert_eq!(
            complete("powersign(base: si"),
            ["powersign(base: sign", "powersign(base: sin"]
        );
        assert_eq!(
            complete("powersign(f: (1 + 2), "),
            ["powersign(f: (1 + 2), base: "]
        );
    }

    #[test]
    fn strings_comments_numbers_and_fields_take_no_names() {
        for text in ["\"si", "\"sign\"", "# si", "1e", "2", "x.", "x.si"] {
            assert!(complete(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn hint_is_the_rest_of_the_only_name_or_a_signature() {
        use rustyline::hint::Hint as _;
        let of = |text: &str| hint(text, &known());
        assert_eq!(
            of("pow").map(|hint| hint.display),
            Some("ersign  Rule".to_owned())
        );
        assert_eq!(
            of("pow").and_then(|hint| hint.completion().map(str::to_owned)),
            Some("ersign".to_owned())
        );
        assert_eq!(of("si"), None);
        assert_eq!(
            of("1 + ema(g, ").map(|hint| hint.display),
            Some("   ema(x, beta)".to_owned())
        );
        assert_eq!(of("ema(g, 0.9)"), None);
    }
}
