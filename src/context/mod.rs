//! One interpreter state: feed it text, get values and diagnostics; a failed input changes nothing.
//!
//! A [`Context`] owns everything a session knows: texts, names, types and values of definitions, the rule graph. An input is
//! read with all files it uses, checked as a whole, and only then run; whatever goes wrong, every part is cut back to
//! where it was. The outside world is reached through a [`Host`] alone.

mod formula;
mod help;
mod host;
mod load;
mod relatives;

pub use formula::Formulas;
pub use help::NameInfo;
pub use host::{Host, Silent};

use crate::check::scope::Scope;
use crate::check::{self, Global, Known, Mode};
use crate::diagnostic::{Code, Diagnostic};
use crate::eval::{Evaluator, Shower, Value};
use crate::ir::{Checkpoint, Graph, Rule};
use crate::library;
use crate::source::SourceMap;
use crate::syntax;
use crate::syntax::ast::Tree;
use crate::syntax::names::Names;
use load::Loader;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What became of an input.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The value of the last statement, where the input ran to its end.
    pub value: Option<Value>,
    /// Errors and warnings, in order of place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Outcome {
    /// Whether the input ran to its end.
    pub fn is_ok(&self) -> bool {
        self.value.is_some()
    }
}

/// How an input is treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// A whole program; what it never uses is reported, values of expressions are shown.
    Program,
    /// A piece typed at the prompt; values of expressions are shown.
    Prompt,
    /// An expression wanted for its value: nothing is shown.
    Expression,
}

/// One interpreter state.
pub struct Context {
    sources: SourceMap,
    names: Names,
    known: Known,
    types: Scope<Global>,
    values: Scope<Value>,
    graph: Graph,
    fn_count: u32,
    used: Vec<PathBuf>,
    shelf: relatives::Standard,
}

/// What to go back to when an input fails.
struct Mark {
    definitions: u32,
    graph: Checkpoint,
    used: usize,
}

impl Context {
    /// A fresh state with the standard library.
    pub fn new() -> Self {
        let mut names = Names::default();
        let known = Known::new(&mut names);
        let mut context = Self {
            sources: SourceMap::default(),
            names,
            known,
            types: Scope::default(),
            values: Scope::default(),
            graph: Graph::default(),
            fn_count: 0,
            used: Vec::new(),
            shelf: relatives::Standard::default(),
        };
        for (name, text) in library::FILES {
            let problems = context.standard(name, text);
            debug_assert!(
                problems.is_empty(),
                "the standard library is right: {problems:?}"
            );
        }
        context
    }

    /// Loads a file of the standard library.
    fn standard(&mut self, name: &str, text: &'static str) -> Vec<Diagnostic> {
        let file = self.sources.add(format!("stdlib/{name}"), text);
        let (tree, problems) = syntax::parse(file, text, &mut self.names);
        let mut problems = syntax::diagnostics(problems);
        let tree = Rc::new(tree);
        problems.extend(check::check(
            &tree,
            &self.names,
            &self.known,
            &mut self.types,
            &mut self.fn_count,
            Mode::Standard,
        ));
        if problems.is_empty()
            && let Err(problem) = self.evaluate(&tree, Path::new(""), true, &mut Silent)
        {
            problems.push(*problem);
        }
        problems
    }

    /// Every text seen so far.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// Forgets the texts added after the first ones, for pipes that would else fill the memory. Nothing defined in them may be in use.
    pub fn forget_sources(&mut self, len: usize) {
        self.sources.truncate(len);
    }

    /// Adds a text that diagnostics can point into, without reading it as a program.
    pub fn add_source(&mut self, name: &str, text: &str) -> crate::source::FileId {
        self.sources.add(name, text)
    }

    /// Checks a program without running it. `path` is the program's own, where it has one: `use` looks beside it.
    pub fn check(
        &mut self,
        name: &str,
        text: &str,
        path: Option<&Path>,
        host: &mut dyn Host,
    ) -> Vec<Diagnostic> {
        let mark = self.mark();
        let (_, diagnostics) = self.read_and_check(name, text, path, Input::Program, host);
        self.back_to(&mark);
        diagnostics
    }

    /// Checks and runs a program; if anything is wrong, all definitions are as before.
    pub fn run(
        &mut self,
        name: &str,
        text: &str,
        path: Option<&Path>,
        input: Input,
        host: &mut dyn Host,
    ) -> Outcome {
        let mark = self.mark();
        let (trees, mut diagnostics) = self.read_and_check(name, text, path, input, host);
        if diagnostics.iter().any(Diagnostic::is_error) {
            self.back_to(&mark);
            return Outcome {
                value: None,
                diagnostics,
            };
        }
        let mut value = Value::Unit;
        let last = trees.len().saturating_sub(1);
        for (index, (tree, folder)) in trees.iter().enumerate() {
            let quiet = index < last || input == Input::Expression;
            match self.evaluate(tree, folder, quiet, host) {
                Ok(result) => value = result,
                Err(problem) => {
                    diagnostics.push(*problem);
                    self.back_to(&mark);
                    return Outcome {
                        value: None,
                        diagnostics,
                    };
                }
            }
        }
        Outcome {
            value: Some(value),
            diagnostics,
        }
    }

    /// The type of an expression, as text.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn type_of(&mut self, name: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
        let mark = self.mark();
        let file = self.sources.add(name, text);
        let (tree, problems) = syntax::parse(file, text, &mut self.names);
        let mut problems = syntax::diagnostics(problems);
        let (ty, more) = check::type_of(
            &Rc::new(tree),
            &self.names,
            &self.known,
            &mut self.types,
            &mut self.fn_count,
        );
        problems.extend(more);
        self.back_to(&mark);
        if problems.iter().any(Diagnostic::is_error) {
            crate::diagnostic::sort(&mut problems);
            Err(problems)
        } else {
            Ok(ty.text(&self.names))
        }
    }

    /// The graph of a rule given as text: a name, a call or any expression. The state is as before afterwards.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn rule(
        &mut self,
        name: &str,
        text: &str,
        host: &mut dyn Host,
    ) -> Result<Rule, Vec<Diagnostic>> {
        let mark = self.mark();
        let outcome = self.run(name, text, None, Input::Expression, host);
        let node = match &outcome.value {
            Some(Value::Num(number)) => Some(self.graph.number(*number)),
            Some(Value::Expr(node)) => Some(*node),
            Some(Value::Rule(rule)) => Some(rule.node),
            Some(_) | None => None,
        };
        let rule = node.map(|node| Rule::new(&self.graph, node));
        self.back_to(&mark);
        match rule {
            Some(rule) if crate::ir::fits_parameter(rule.graph().facts(rule.root())) => Ok(rule),
            Some(_) | None if outcome.value.is_none() => Err(outcome.diagnostics),
            Some(_) | None => {
                let file =
                    crate::source::FileId(u32::try_from(self.sources.len() - 1).unwrap_or(0));
                let end = u32::try_from(text.len()).unwrap_or(0);
                let span = crate::source::Span::new(file, 0, end);
                let code = if rule.is_some() {
                    Code::E0313
                } else {
                    Code::E0305
                };
                let diagnostic = Diagnostic::new(code, span, "expected a rule")
                    .here("this is none")
                    .help("write an expression over the gradient, such as `sign(g) * m`");
                Err(vec![diagnostic])
            }
        }
    }

    /// A value as the prompt shows it.
    pub fn show(&self, value: &Value, host: &dyn Host) -> String {
        let (width, colour) = host.canvas();
        Shower::new(&self.names, &self.values, &self.graph, width, colour).full(value)
    }

    fn evaluate(
        &mut self,
        tree: &Rc<Tree>,
        folder: &Path,
        quiet: bool,
        host: &mut dyn Host,
    ) -> crate::eval::Result<Value> {
        let (types, names, known, sources) = (&self.types, &self.names, &self.known, &self.sources);
        let help = |topic: &str| help::help(topic, types, names, known, sources);
        let mut evaluator = Evaluator::new(
            names,
            known,
            &mut self.values,
            &mut self.graph,
            host,
            folder,
            &help,
            &mut self.shelf,
        );
        evaluator.program(tree, quiet)
    }

    /// The trees of a program, those of the files it uses first, each with its folder; and all that is wrong in them.
    fn read_and_check(
        &mut self,
        name: &str,
        text: &str,
        path: Option<&Path>,
        input: Input,
        host: &mut dyn Host,
    ) -> (Vec<(Rc<Tree>, PathBuf)>, Vec<Diagnostic>) {
        let mut loader = Loader {
            sources: &mut self.sources,
            names: &mut self.names,
            used: &mut self.used,
            host,
            trees: Vec::new(),
            problems: Vec::new(),
        };
        loader.program(name, text, path);
        let (trees, mut diagnostics) = (loader.trees, loader.problems);
        let last = trees.len().saturating_sub(1);
        for (index, (tree, _)) in trees.iter().enumerate() {
            let mode = match (index == last, input) {
                (false, _) => Mode::Library,
                (true, Input::Program) => Mode::Program,
                (true, Input::Prompt | Input::Expression) => Mode::Prompt,
            };
            diagnostics.extend(check::check(
                tree,
                &self.names,
                &self.known,
                &mut self.types,
                &mut self.fn_count,
                mode,
            ));
        }
        if diagnostics.iter().any(Diagnostic::is_error) {
            // What a broken program does not use says nothing.
            diagnostics.retain(|diagnostic| diagnostic.code != Code::W0301);
        }
        crate::diagnostic::sort(&mut diagnostics);
        (trees, diagnostics)
    }

    fn mark(&self) -> Mark {
        Mark {
            definitions: self.values.len(),
            graph: self.graph.checkpoint(),
            used: self.used.len(),
        }
    }

    fn back_to(&mut self, mark: &Mark) {
        self.types.truncate(mark.definitions);
        self.values.truncate(mark.definitions);
        self.graph.truncate(mark.graph);
        self.used.truncate(mark.used);
    }

    /// Everything that can be named now, in alphabetical order.
    pub fn names(&self) -> Vec<NameInfo> {
        help::names(&self.types, &self.names, &self.known, &self.sources)
    }

    /// Help on a name, an operator or a diagnostic code: text for a reader.
    pub fn help(&self, topic: &str) -> Option<String> {
        help::help(topic, &self.types, &self.names, &self.known, &self.sources)
    }

    /// The documentation of a name as it was written, without the marks in front.
    pub fn doc(&self, name: &str) -> Option<String> {
        let global = self.types.get(self.names.get(name)?, u32::MAX)?;
        Some(help::doc(global, &self.sources)).filter(|doc| !doc.is_empty())
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_library_has_nothing_wrong() {
        let mut context = Context::new();
        for (name, text) in library::FILES {
            let problems = context.standard(name, text);
            assert!(problems.is_empty(), "{name}: {problems:?}");
        }
    }

    #[test]
    fn failed_input_changes_nothing() {
        let mut context = Context::new();
        let before = context.names().len();
        let outcome = context.run(
            "a",
            "let a = 1\nlet b = [1][7]",
            None,
            Input::Prompt,
            &mut Silent,
        );
        assert!(!outcome.is_ok() && outcome.diagnostics.len() == 1);
        assert_eq!(context.names().len(), before);
        assert!(
            context
                .run("b", "a", None, Input::Prompt, &mut Silent)
                .value
                .is_none()
        );
    }

    /// What a program shows, line by line.
    fn shown(text: &str) -> Vec<String> {
        struct Lines(Vec<String>);
        impl Host for Lines {
            fn show(&mut self, text: &str) {
                self.0.push(text.to_owned());
            }
            fn read(&mut self, path: &Path) -> std::io::Result<Vec<u8>> {
                Silent.read(path)
            }
            fn write(&mut self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
                Silent.write(path, bytes)
            }
            fn progress(&mut self, done: f64, what: &str) -> std::ops::ControlFlow<()> {
                Silent.progress(done, what)
            }
            fn canvas(&self) -> (u16, bool) {
                Silent.canvas()
            }
        }
        let mut lines = Lines(Vec::new());
        let outcome = Context::new().run("a", text, None, Input::Program, &mut lines);
        assert!(outcome.is_ok(), "{:?}", outcome.diagnostics);
        lines.0
    }

    #[test]
    fn chain_of_doubling_calls_ends() {
        use std::fmt::Write;
        let mut text = "fn f0(x) = x + g\n".to_owned();
        for level in 1..60 {
            let _ = writeln!(text, "fn f{level}(x) = f{0}(x) * f{0}(x)", level - 1);
        }
        assert_eq!(
            shown(&format!("{text}let _y = f59(m)\nprint(\"done\")")),
            ["done"]
        );
    }

    #[test]
    fn remembered_calls_keep_masks_effects_and_names_apart() {
        let masks = shown("fn f(x) = drop(x, 0.5)\nprint(f(g) + f(g))");
        assert_eq!(masks, ["drop(g, 0.5) + drop(g, 0.5)"]);
        assert_eq!(
            shown("fn f(x) = [print(x) for i in [1]]\nlet _a = [f(1), f(1)]"),
            ["1", "1"]
        );
        let names = shown("let a = sign(g)\nlet b = sign(g)\nfn id(x) = x\n[id(a), id(b)]");
        assert_eq!(names, ["[a, b]"]);
        let own = shown("fn f(x) = last(update) + x\nrule a = f(g)\nrule b = f(g)\nprint(a + b)");
        assert_eq!(own, ["own(last(update) + g) + own(last(update) + g)"]);
    }
}
