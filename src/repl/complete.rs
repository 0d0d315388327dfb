//! What Tab offers: commands, names with their types, named arguments, keywords, files.

use super::command::{self, Argument, COMMANDS};
use crate::context::NameInfo;
use crate::syntax::token::{Class, KEYWORDS, Token, lex};
use rustyline::completion::Pair;

/// The longest type that is shown beside a name, in characters.
const SHOWN: usize = 60;

/// What can be completed at a place of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place<'a> {
    /// The name of a command, typed so far.
    Command(&'a str),
    /// A path; the editor knows how.
    File,
    /// A name, typed so far, and the call it stands in.
    Name(&'a str, Option<Call<'a>>),
    /// Nothing.
    Nothing,
}

/// The innermost call around a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Call<'a> {
    /// The name of what is called.
    pub(super) name: &'a str,
    /// The text from its opening bracket on.
    pub(super) arguments: &'a str,
}

/// What stands before the cursor.
pub(super) fn place(before: &str) -> Place<'_> {
    if let Some(rest) = before.strip_prefix(':') {
        let Some((name, argument)) = rest.split_once(char::is_whitespace) else {
            return Place::Command(rest);
        };
        return match command::by_name(name).map(|command| command.argument) {
            Some(Argument::File) => Place::File,
            Some(Argument::Name | Argument::MaybeName | Argument::Expression) => {
                in_code(argument.trim_start())
            }
            Some(Argument::None) | None => Place::Nothing,
        };
    }
    in_code(before)
}

fn in_code(code: &str) -> Place<'_> {
    let mut open: Vec<(Option<&str>, usize)> = Vec::new();
    let mut callee = None;
    let mut last = None;
    for (token, range) in lex(code) {
        let is_last = range.end == code.len();
        let text = &code[range.clone()];
        match token {
            Ok(Token::Str | Token::Comment | Token::Doc) if is_last => return Place::Nothing,
            Err(_) if is_last && text.starts_with('"') => return Place::File,
            Ok(Token::OpenParen) => open.push((callee, range.start)),
            Ok(Token::OpenSquare | Token::OpenBrace) => open.push((None, range.start)),
            Ok(Token::CloseParen | Token::CloseSquare | Token::CloseBrace) => {
                open.pop();
            }
            Ok(_) if is_last && last == Some(Token::Dot) => return Place::Nothing,
            Ok(token) if is_last && matches!(token.class(), Class::Name | Class::Keyword) => {
                return Place::Name(text, call(code, open.last()));
            }
            // A number grows no name.
            Ok(Token::Number | Token::BadNumber) if is_last => return Place::Nothing,
            Ok(_) | Err(_) => {}
        }
        callee = (token == Ok(Token::Name)).then_some(text);
        last = token.ok();
    }
    if last == Some(Token::Dot) {
        return Place::Nothing;
    }
    Place::Name("", call(code, open.last()))
}

fn call<'a>(code: &'a str, open: Option<&(Option<&'a str>, usize)>) -> Option<Call<'a>> {
    let (name, start) = *open?;
    Some(Call {
        name: name?,
        arguments: &code[start..],
    })
}

/// The commands that start with what is typed.
pub(super) fn commands(typed: &str) -> Vec<Pair> {
    let rows = COMMANDS
        .iter()
        .filter(|command| command.name.starts_with(typed));
    rows.map(|command| Pair {
        display: format!(":{}  {}", command.name, command.help),
        replacement: command.name.to_owned(),
    })
    .collect()
}

/// Named arguments of the call, then names and keywords, that start with what is typed.
pub(super) fn names(typed: &str, call: Option<Call<'_>>, known: &[NameInfo]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let callee =
        call.and_then(|call| Some((call, known.iter().find(|info| info.name == call.name)?)));
    if let Some((call, info)) = callee {
        let is_free = |name: &&String| name.starts_with(typed) && !is_given(call.arguments, name);
        pairs.extend(info.params.iter().filter(is_free).map(|name| Pair {
            display: format!("{name}:  argument of {}", info.name),
            replacement: format!("{name}: "),
        }));
    }
    pairs.extend(
        known
            .iter()
            .filter(|info| info.name.starts_with(typed))
            .map(|info| Pair {
                display: format!("{} : {}", info.name, short(&info.ty)),
                replacement: info.name.clone(),
            }),
    );
    if !typed.is_empty() {
        pairs.extend(
            KEYWORDS
                .iter()
                .filter(|word| word.starts_with(typed))
                .map(|word| Pair {
                    display: (*word).to_owned(),
                    replacement: (*word).to_owned(),
                }),
        );
    }
    pairs
}

/// Whether a call already names this argument.
fn is_given(arguments: &str, name: &str) -> bool {
    let tokens: Vec<_> = lex(arguments).collect();
    tokens
        .windows(2)
        .any(|pair| pair[1].0 == Ok(Token::Colon) && &arguments[pair[0].1.clone()] == name)
}

fn short(ty: &str) -> String {
    if ty.chars().count() > SHOWN {
        ty.chars().take(SHOWN - 1).chain(['…']).collect()
    } else {
        ty.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(name: &str, params: &[&str]) -> NameInfo {
        NameInfo {
            name: name.to_owned(),
            kind: "rule",
            ty: "Tensor[*]".to_owned(),
            summary: String::new(),
            is_user: false,
            params: params.iter().map(|&param| param.to_owned()).collect(),
        }
    }

    #[track_caller]
    fn check(before: &str, want: &[&str]) {
        let known = [
            info("addsign", &["alpha", "f"]),
            info("powersign", &["base", "f"]),
            info("print", &[]),
        ];
        let found = match place(before) {
            Place::Command(typed) => commands(typed),
            Place::Name(typed, call) => names(typed, call, &known),
            Place::File => vec![Pair {
                display: String::new(),
                replacement: "<file>".to_owned(),
            }],
            Place::Nothing => Vec::new(),
        };
        let found: Vec<&str> = found.iter().map(|pair| pair.replacement.as_str()).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn names_and_keywords_are_offered() {
        check("p", &["powersign", "print"]);
        check("let x = po", &["powersign"]);
        check("f", &["fn", "for", "false"]);
        check("fo", &["for"]);
        check("", &["addsign", "powersign", "print"]);
    }

    #[test]
    fn named_arguments_come_first_and_once() {
        check("powersign(b", &["base: "]);
        check("powersign(base: 2, f", &["f: ", "fn", "for", "false"]);
        check("powersign(base: 2, b", &[]);
        check("print(powersign(), b", &[]);
        check("[powersign(1)](b", &[]);
    }

    #[test]
    fn strings_comments_numbers_and_fields_offer_nothing() {
        check("print(\"po\"", &[]);
        check("1 # po", &[]);
        check("12", &[]);
        check("x.po", &[]);
        check("x.", &[]);
    }

    #[test]
    fn open_string_is_a_file() {
        check("use \"le", &["<file>"]);
        check(":load le", &["<file>"]);
    }

    #[test]
    fn commands_and_their_arguments_are_offered() {
        check(":t", &["type", "time"]);
        check(":type pow", &["powersign"]);
        check(":help pri", &["print"]);
        check(":reset p", &[]);
        check(":nonsense p", &[]);
    }
}
