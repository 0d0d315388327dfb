//! Reading a program and the files it uses, each once, used ones first.

use super::Host;
use crate::diagnostic::{Code, Diagnostic};
use crate::eval::reason;
use crate::source::{SourceMap, Span};
use crate::syntax;
use crate::syntax::ast::{StmtKind, Tree};
use crate::syntax::names::Names;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// How deep files may use files.
const MAX_USES: usize = 64;

pub(super) struct Loader<'a> {
    pub(super) sources: &'a mut SourceMap,
    pub(super) names: &'a mut Names,
    pub(super) used: &'a mut Vec<PathBuf>,
    pub(super) host: &'a mut dyn Host,
    pub(super) trees: Vec<(Rc<Tree>, PathBuf)>,
    pub(super) problems: Vec<Diagnostic>,
}

impl Loader<'_> {
    pub(super) fn program(&mut self, name: &str, text: &str, path: Option<&Path>) {
        let mut under_way: Vec<PathBuf> = path.map(normal).into_iter().collect();
        self.text(name, text, path, &mut under_way);
    }

    fn text(&mut self, name: &str, text: &str, path: Option<&Path>, under_way: &mut Vec<PathBuf>) {
        let file = self.sources.add(name, text);
        if u32::try_from(text.len()).is_err() {
            self.problems.push(
                Diagnostic::new(
                    Code::E0507,
                    Span::point(file, 0),
                    "a program is at most 4 GiB long",
                )
                .help("split it into files"),
            );
            return;
        }
        let (tree, problems) = syntax::parse(file, text, self.names);
        self.problems.extend(syntax::diagnostics(problems));
        let folder = path
            .and_then(Path::parent)
            .map(Path::to_path_buf)
            .unwrap_or_default();
        for id in &tree.body {
            if let StmtKind::Use(target) = tree.stmt(*id).kind {
                self.used_file(tree.string(target), &folder, tree.stmt_span(*id), under_way);
            }
        }
        self.trees.push((Rc::new(tree), folder));
    }

    fn used_file(&mut self, target: &str, folder: &Path, span: Span, under_way: &mut Vec<PathBuf>) {
        let path = normal(&folder.join(target));
        if under_way.contains(&path) || under_way.len() > MAX_USES {
            let diagnostic = Diagnostic::new(Code::E0310, span, format!("`{target}` uses itself"))
                .here("already being read")
                .help("move what both files need into a third one");
            self.problems.push(diagnostic);
            return;
        }
        if self.used.contains(&path) {
            return;
        }
        let cannot = |why: String, help: &str| {
            Diagnostic::new(Code::E0503, span, format!("cannot read `{target}`: {why}"))
                .here("used here")
                .help(help.to_owned())
        };
        let text = match self.host.read(&path).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                self.problems.push(cannot(
                    "it is not UTF-8 text".to_owned(),
                    "save it as UTF-8",
                ));
                return;
            }
            Err(error) => {
                self.problems.push(cannot(
                    reason(&error),
                    "paths are relative to the file that uses them",
                ));
                return;
            }
        };
        self.used.push(path.clone());
        under_way.push(path.clone());
        self.text(&path.display().to_string(), &text, Some(&path), under_way);
        under_way.pop();
    }
}

/// A path without `.` and `..` where they can be resolved by text alone: two spellings of one file are one file.
fn normal(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(out.components().next_back(), Some(Component::Normal(_))) =>
            {
                out.pop();
            }
            Component::ParentDir
            | Component::Normal(_)
            | Component::RootDir
            | Component::Prefix(_) => out.push(part),
        }
    }
    out
}
