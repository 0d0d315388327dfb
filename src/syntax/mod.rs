//! Text to syntax tree, and back to text.
//!
//! The lexer is logos, the grammar LALRPOP's; no other module knows either. Reading never stops at the first problem: a
//! statement that cannot be read is skipped, the others are still read. Nothing here knows what a name means.

pub mod adapter;
pub mod ast;
mod build;
mod chain;
mod error;
pub mod format;
mod list;
pub mod names;
pub mod token;

macro_rules! generated {
    ($name:ident, $file:literal) => {
        lalrpop_util::lalrpop_mod!(
            #[allow(
                clippy::all,
                clippy::pedantic,
                clippy::nursery,
                clippy::unwrap_used,
                clippy::get_unwrap
            )]
            #[allow(
                clippy::wildcard_enum_match_arm,
                clippy::indexing_slicing,
                unused_qualifications,
                unreachable_pub
            )]
            #[allow(
                missing_docs,
                missing_debug_implementations,
                elided_lifetimes_in_paths,
                dead_code,
                unused_imports
            )]
            $name,
            $file
        );
    };
}

generated!(plain, "/plain/nos.rs");
generated!(recovering, "/recovering/nos.rs");

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use adapter::{Problem, Read, Tok, adapter};
use ast::{Run, StmtKind, Tree};
use build::Builder;
use lalrpop_util::ParseError;
use names::Names;
use token::Token;

/// A text as a tree, with all that is wrong in it; statements with problems are [`StmtKind::Broken`].
pub fn parse(file: FileId, text: &str, names: &mut Names) -> (Tree, Vec<Problem>) {
    let mut recovered = Vec::new();
    let mut builder = Builder::new(file, text);
    let mut tokens = adapter(text, file, names);
    let mut result =
        plain::ProgramParser::new().parse(&mut builder, &mut recovered, tokens.by_ref());
    if result.is_err() {
        // Once more, with a parser that goes on after errors.
        builder = Builder::new(file, text);
        drop(tokens);
        tokens = adapter(text, file, names);
        result =
            recovering::ProgramParser::new().parse(&mut builder, &mut recovered, tokens.by_ref());
    }
    let Read {
        mut problems,
        strings,
        docs,
    } = tokens.into_read();
    let lexical: Vec<Span> = problems
        .iter()
        .map(|problem| problem.diagnostic.primary.span)
        .collect();
    // A word in the wrong place is no news where a character or bracket before it was wrong already.
    let is_known = |start: u32, end: u32| {
        lexical
            .iter()
            .any(|span| span.start <= end && start <= span.end)
    };
    match result {
        Ok(body) => builder.tree.body = body,
        Err(error) => {
            let place = span_of(file, text, &error);
            if recovered.is_empty() && !is_known(0, place.end) {
                problems.push(explain(file, text, &error));
            }
        }
    }
    for (start, end, recovery, statement) in recovered {
        let place = span_of(file, text, &recovery.error);
        let end = end.max(place.end);
        if !is_known(start, end) {
            problems.push(explain(file, text, &recovery.error));
        }
        let slot = builder.broken(start.min(place.start), end, names);
        builder.tree.stmts[statement.0 as usize] = builder.tree.stmts[slot.0 as usize].clone();
    }
    for diagnostic in &builder.problems {
        if diagnostic.code == Code::E0203 {
            builder
                .tree
                .skip_statement_at(diagnostic.primary.span, text, names);
        }
    }
    for span in &lexical {
        builder.tree.skip_statement_at(*span, text, names);
    }
    problems.extend(builder.problems.drain(..).map(|diagnostic| Problem {
        diagnostic,
        at_end: false,
    }));
    let mut tree = builder.tree;
    tree.strings = strings;
    tree.docs = docs;
    attach_docs(&mut tree, text);
    (tree, problems)
}

/// Whether more text could make this a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Completeness {
    /// It can run, or no further text will help.
    Complete,
    /// It stops in the middle of something.
    NeedsMore,
}

/// Whether a text only lacks its end.
pub fn completeness(text: &str) -> Completeness {
    let (_, problems) = parse(FileId(0), text, &mut Names::default());
    if !problems.is_empty() && problems.iter().all(|problem| problem.at_end) {
        Completeness::NeedsMore
    } else {
        Completeness::Complete
    }
}

type Failure = ParseError<u32, Tok, ()>;

fn span_of(file: FileId, text: &str, error: &Failure) -> Span {
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    match error {
        ParseError::UnrecognizedToken {
            token: (start, _, end),
            ..
        }
        | ParseError::ExtraToken {
            token: (start, _, end),
        } => Span::new(file, *start, *end),
        ParseError::UnrecognizedEof { location, .. } | ParseError::InvalidToken { location } => {
            Span::point(file, (*location).min(end))
        }
        ParseError::User { .. } => Span::point(file, end),
    }
}

fn explain(file: FileId, text: &str, error: &Failure) -> Problem {
    let span = span_of(file, text, error);
    let source = text
        .get(span.start as usize..span.end as usize)
        .unwrap_or("");
    let (found, expected): (Option<(Token, &str)>, &[String]) = match error {
        ParseError::UnrecognizedToken {
            token: (_, tok, _),
            expected,
        } => (Some((tok.word, source)), expected),
        ParseError::ExtraToken { token: (_, tok, _) } => (Some((tok.word, source)), &[]),
        ParseError::UnrecognizedEof { expected, .. } => (None, expected),
        ParseError::InvalidToken { .. } | ParseError::User { .. } => (None, &[]),
    };
    let is_end = matches!(found, None | Some((Token::Newline, _)));
    let at_end = is_end && text[span.end as usize..].trim_start().is_empty();
    Problem {
        diagnostic: error::unexpected(found, expected, span),
        at_end,
    }
}

/// Gives each statement the doc comment that stands right above it.
fn attach_docs(tree: &mut Tree, text: &str) {
    if tree.docs.is_empty() {
        return;
    }
    let docs = std::mem::take(&mut tree.docs);
    let mut next = 0;
    let mut order: Vec<usize> = (0..tree.stmts.len()).collect();
    order.sort_by_key(|index| {
        (
            tree.stmts[*index].start,
            std::cmp::Reverse(tree.stmts[*index].end),
        )
    });
    for index in order {
        let stmt = &mut tree.stmts[index];
        let first = next;
        while docs.get(next).is_some_and(|(_, end)| *end <= stmt.start) {
            next += 1;
        }
        // Only the lines that touch the statement, without a blank line between.
        let mut run_start = next;
        let mut below = stmt.start;
        while run_start > first {
            let (start, end) = docs[run_start - 1];
            let gap = &text[end as usize..below as usize];
            if gap.trim().is_empty() && gap.matches('\n').count() <= 1 {
                run_start -= 1;
                below = start;
            } else {
                break;
            }
        }
        let is_definition = matches!(
            stmt.kind,
            StmtKind::Let(..) | StmtKind::Fn(..) | StmtKind::Rule(..)
        );
        if run_start < next && is_definition {
            let bounds = u32::try_from(run_start)
                .ok()
                .zip(u32::try_from(next - run_start).ok());
            stmt.doc = bounds.map(|(start, len)| Run { start, len });
        }
    }
    tree.docs = docs;
}

/// The problems as plain diagnostics.
pub fn diagnostics(problems: Vec<Problem>) -> Vec<Diagnostic> {
    problems
        .into_iter()
        .map(|problem| problem.diagnostic)
        .collect()
}
