//! The formatter: one look for every program.
//!
//! It works on tokens, so comments stay where they are and line breaks are the author's; spaces, indentation and blank
//! lines are decided here. Formatting a formatted text changes nothing, and never changes what a program means.

use super::token::{Lexeme, Token, lex};

/// How far each level of open brackets indents.
const INDENT: usize = 4;

/// A text that parses without problems, formatted.
pub fn format(text: &str) -> String {
    let mut formatter = Formatter::default();
    let lexemes: Vec<Lexeme> = lex(text).collect();
    for (index, (token, range)) in lexemes.iter().enumerate() {
        let range = range.clone();
        match *token {
            Ok(Token::Newline) => formatter.line_end(),
            Ok(token) => {
                if is_closer(token) && formatter.at_line_start {
                    formatter.closers = lexemes[index..]
                        .iter()
                        .take_while(|(token, _)| token.is_ok_and(is_closer))
                        .count();
                }
                formatter.token(token, &text[range]);
            }
            // Texts with errors are not formatted; should one come here, it keeps its characters.
            Err(_) => formatter.token(Token::Name, &text[range]),
        }
    }
    formatter.finish()
}

#[derive(Default)]
struct Formatter {
    out: String,
    /// The lines on which the brackets now open were opened, and the bracket.
    open: Vec<(Token, usize)>,
    line: usize,
    /// The last token that is no comment.
    last: Option<Token>,
    /// Whether the last token was a bar that closed, or a prefix sign.
    closed_bar: bool,
    prefix: bool,
    at_line_start: bool,
    blank_lines: usize,
    has_output: bool,
    /// Whether the statement goes on from the line before.
    continues: bool,
    /// How many closing brackets the line begins with.
    closers: usize,
}

impl Formatter {
    fn line_end(&mut self) {
        if self.at_line_start || !self.has_output {
            self.blank_lines += 1;
        } else {
            self.out.push('\n');
            self.at_line_start = true;
            self.blank_lines = 0;
            self.line += 1;
        }
    }

    fn finish(mut self) -> String {
        if self.has_output && !self.at_line_start {
            self.out.push('\n');
        }
        self.out
    }

    fn after_operand(&self) -> bool {
        self.closed_bar || self.last.is_some_and(Token::can_end)
    }

    fn token(&mut self, token: Token, text: &str) {
        let closes_bar = token == Token::Bar && self.after_operand();
        // `|x|>0` is a bar and a comparison; written apart it stays so.
        if token == Token::Pipe && self.bar_is_open() && self.after_operand() {
            self.token(Token::Bar, "|");
            self.token(Token::Greater, ">");
            return;
        }
        let closes = closes_bar || is_closer(token);
        if closes {
            self.open.pop();
        }
        if self.at_line_start || !self.has_output {
            self.start_line(token);
        } else if self.space_before(token, closes_bar) {
            self.out
                .push_str(if token == Token::Comment || token == Token::Doc {
                    "  "
                } else {
                    " "
                });
        }
        self.has_output = true;
        self.at_line_start = false;
        match token {
            Token::LogBar => self.out.push_str("log|"),
            Token::SqrtBar => self.out.push_str("sqrt|"),
            _ => self.out.push_str(text.trim_end()),
        }
        if matches!(token, Token::Comment | Token::Doc) {
            return;
        }
        self.prefix = token == Token::Minus && !self.after_operand();
        if !closes && is_opener(token) {
            self.open.push((token, self.line));
        }
        self.closed_bar = closes_bar;
        self.last = Some(token);
    }

    fn bar_is_open(&self) -> bool {
        self.open
            .last()
            .is_some_and(|(token, _)| matches!(token, Token::Bar | Token::LogBar | Token::SqrtBar))
    }

    fn start_line(&mut self, token: Token) {
        if self.blank_lines > 0 && self.has_output {
            self.out.push('\n');
        }
        self.blank_lines = 0;
        // Several brackets opened on one line indent once.
        let mut level = 0;
        let mut line = None;
        // The first closer of the line is popped already; those right after it belong to the same indentation.
        let open = self
            .open
            .len()
            .saturating_sub(self.closers.saturating_sub(1));
        self.closers = 0;
        for (_, opened) in &self.open[..open] {
            if line != Some(*opened) {
                level += 1;
                line = Some(*opened);
            }
        }
        let in_block = self
            .open
            .last()
            .is_none_or(|(token, _)| *token == Token::OpenBrace);
        let goes_on = matches!(token, Token::Pipe | Token::Then | Token::Else)
            || (self.last.is_some()
                && !self.after_operand()
                && !matches!(self.last, Some(Token::OpenBrace | Token::Semicolon)));
        self.continues = in_block && goes_on && !is_closer(token);
        if self.continues {
            level += 1;
        }
        self.out.extend(std::iter::repeat_n(' ', level * INDENT));
    }

    fn space_before(&self, token: Token, closes_bar: bool) -> bool {
        if matches!(token, Token::Comment | Token::Doc) {
            return true;
        }
        let Some(last) = self.last else { return false };
        let after_opener = !self.closed_bar && is_opener(last);
        let is_operand = self.after_operand();
        match token {
            Token::CloseBrace => last != Token::OpenBrace,
            Token::CloseParen
            | Token::CloseSquare
            | Token::Comma
            | Token::Colon
            | Token::Semicolon
            | Token::Dot
            | Token::Caret => false,
            Token::Bar if closes_bar => false,
            Token::OpenParen if last == Token::Fn => false,
            Token::OpenParen | Token::OpenSquare if is_operand => last == Token::CloseBrace,
            _ if last == Token::OpenBrace => true,
            _ if after_opener || self.prefix => false,
            _ => !matches!(last, Token::Dot | Token::Caret),
        }
    }
}

fn is_opener(token: Token) -> bool {
    matches!(
        token,
        Token::OpenParen
            | Token::OpenSquare
            | Token::OpenBrace
            | Token::Bar
            | Token::LogBar
            | Token::SqrtBar
    )
}

fn is_closer(token: Token) -> bool {
    matches!(
        token,
        Token::CloseParen | Token::CloseSquare | Token::CloseBrace
    )
}

#[cfg(test)]
mod tests {
    use super::format;

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(format(text), want);
        assert_eq!(format(want), want, "formatting twice changes nothing");
    }

    #[test]
    fn spaces_stand_around_operators_not_powers() {
        check(
            "rule  powersign( base=e,f = 1 )=base ^ ( f*sign( g )*sign(m) )*g",
            "rule powersign(base = e, f = 1) = base^(f * sign(g) * sign(m)) * g\n",
        );
        check("let x=- 2+-y^ - z", "let x = -2 + -y^-z\n");
        check("log | x |+sqrt|y|*| z |", "log|x| + sqrt|y| * |z|\n");
        check("|x|>0", "|x| > 0\n");
        check(
            "map ([1,2] , fn (x)=>x [0])",
            "map([1, 2], fn(x) => x[0])\n",
        );
    }

    #[test]
    fn comments_and_lines_stay() {
        check(
            "\n\n## doc\nlet a=[1, # one\n2,\n\n\n3]#end\n\n\n# last\n",
            "## doc\nlet a = [1,  # one\n    2,\n\n    3]  # end\n\n# last\n"
                .replace("# end", "#end")
                .as_str(),
        );
    }

    #[test]
    fn continued_lines_indent() {
        check("xs\n|> f\n|> g(1)\ny", "xs\n    |> f\n    |> g(1)\ny\n");
        check(
            "let a = if b\nthen 1\nelse 2",
            "let a = if b\n    then 1\n    else 2\n",
        );
        check("let a =\n1 +\n2\nb", "let a =\n    1 +\n    2\nb\n");
        check(
            "for x in xs {print(x)\nprint(x);}",
            "for x in xs { print(x)\n    print(x); }\n",
        );
        check(
            "let x = [\n1,\n]\nrule a =\ng\n\n## doc\nrule b = g",
            "let x = [\n    1,\n]\nrule a =\n    g\n\n## doc\nrule b = g\n",
        );
        check("f(g(\n1,\n2\n))", "f(g(\n    1,\n    2\n))\n");
    }
}
