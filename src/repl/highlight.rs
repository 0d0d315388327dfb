//! Colours for a line as it is typed.

use super::command;
use crate::syntax::token::{Class, lex};

const RESET: &str = "\x1b[0m";

/// What starts a class's colour; nothing for plain text.
fn start(class: Class) -> &'static str {
    match class {
        Class::Keyword => "\x1b[1;35m",
        Class::Number => "\x1b[36m",
        Class::Str => "\x1b[32m",
        Class::Comment => "\x1b[2m",
        Class::Error => "\x1b[31m",
        Class::Name | Class::Mark => "",
    }
}

/// The line with escapes for colour: its characters are the same.
pub(super) fn highlight(line: &str) -> String {
    let mut out = String::with_capacity(line.len() * 2);
    let code = match line.strip_prefix(':') {
        Some(rest) => {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let is_known = command::by_name(&rest[..end]).is_some();
            paint(
                &mut out,
                start(if is_known {
                    Class::Keyword
                } else {
                    Class::Error
                }),
                &line[..=end],
            );
            &line[end + 1..]
        }
        None => line,
    };
    let mut at = 0;
    for (token, range) in lex(code) {
        // Spaces between tokens are no tokens.
        out.push_str(&code[at..range.start]);
        at = range.end;
        let class = token.map_or(Class::Error, crate::syntax::token::Token::class);
        paint(&mut out, start(class), &code[range]);
    }
    out.push_str(&code[at..]);
    out
}

fn paint(out: &mut String, colour: &str, text: &str) {
    out.push_str(colour);
    out.push_str(text);
    if !colour.is_empty() {
        out.push_str(RESET);
    }
}

#[cfg(test)]
mod tests {
    use super::highlight;

    #[track_caller]
    fn check(line: &str, want: &str) {
        let found = highlight(line);
        let readable = found
            .replace("\x1b[1;35m", "<key>")
            .replace("\x1b[36m", "<num>")
            .replace("\x1b[32m", "<str>")
            .replace("\x1b[2m", "<com>")
            .replace("\x1b[31m", "<err>")
            .replace("\x1b[0m", "</>");
        assert_eq!(readable, want);
    }

    #[test]
    fn tokens_have_the_colour_of_their_class() {
        check(
            "let  a = 2*β # two",
            "<key>let</>  a = <num>2</>*β <com># two</>",
        );
        check("print(\"a b\")", "print(<str>\"a b\"</>)");
        check("1 $ 2x", "<num>1</> <err>$</> <err>2x</>");
        check("\"open", "<err>\"open</>");
    }

    #[test]
    fn command_is_coloured_and_its_argument_is_code() {
        check(":type if", "<key>:type</> <key>if</>");
        check(":tpye 1", "<err>:tpye</> <num>1</>");
        check(":", "<err>:</>");
        check(":é x", "<err>:é</> x");
    }
}
