//! The evaluator: runs a checked program.
//!
//! Numbers known when the script runs are computed; everything that depends on the step or the parameter becomes a node of
//! the rule graph. The checker has ruled out nearly all mistakes; what depends on computed values (an index, a learning rate, a
//! file) is checked here, with a place in the text all the same.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "an operation fits few types; that a value is of none of them is one case"
)]

mod algebra;
mod builtin;
mod call;
mod diagram;
mod explain;
mod expr;
mod files;
mod found;
mod kept;
mod lists;
mod memo;
mod meter;
mod race;
mod run;
mod search;
mod show;
mod simplify;
mod task;
mod tokens;
mod train;
mod value;

pub use files::reason;
pub use show::Shower;
pub use value::{Closure, RuleValue, Value};

use crate::algebra::tokens::Encoder;
use crate::check::Known;
use crate::check::scope::Scope;
use crate::context::Host;
use crate::diagnostic::{Code, Diagnostic};
use crate::explain::Library;
use crate::ir::{Graph, NodeId, Origin};
use crate::source::Span;
use crate::syntax::ast::{ExprId, Ident, Run, StmtId, StmtKind, Tree};
use crate::syntax::names::{Names, Symbol};
use std::path::Path;
use std::rc::Rc;

/// What running gives: a value, or the first thing that went wrong.
pub type Result<T> = std::result::Result<T, Box<Diagnostic>>;

/// The state of a running program.
pub struct Evaluator<'a> {
    /// All names.
    pub names: &'a Names,
    /// The names of the language.
    pub known: &'a Known,
    /// Definitions so far.
    pub scope: &'a mut Scope<Value>,
    /// The nodes of all expressions.
    pub graph: &'a mut Graph,
    /// The outside world.
    pub host: &'a mut dyn Host,
    /// Where the files a program names are looked for.
    pub folder: &'a Path,
    /// Help for the built-in `help`.
    pub help: &'a dyn Fn(&str) -> Option<String>,
    /// The standard library, for the built-in `explain`.
    pub library: &'a mut dyn Library,
    locals: Vec<(Symbol, Value)>,
    limit: Option<u32>,
    rules: Vec<Rule>,
    depth: usize,
    calls: memo::Memo,
    encoder: Option<Box<Encoder>>,
}

/// A rule whose body is being evaluated.
#[derive(Clone, Copy)]
struct Rule {
    /// Its number, once something asks for its previous update.
    origin: Option<Origin>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator over a context's state.
    #[allow(clippy::too_many_arguments, reason = "a context's state, part by part")]
    pub fn new(
        names: &'a Names,
        known: &'a Known,
        scope: &'a mut Scope<Value>,
        graph: &'a mut Graph,
        host: &'a mut dyn Host,
        folder: &'a Path,
        help: &'a dyn Fn(&str) -> Option<String>,
        library: &'a mut dyn Library,
    ) -> Self {
        Self {
            names,
            known,
            scope,
            graph,
            host,
            folder,
            help,
            library,
            locals: Vec::new(),
            limit: None,
            rules: Vec::new(),
            depth: 0,
            calls: memo::Memo::default(),
            encoder: None,
        }
    }

    /// Runs a program's statements; shows the values of those that are expressions, unless `quiet`.
    ///
    /// # Errors
    /// The first thing that went wrong; definitions made before it stay, to be taken back by the caller.
    pub fn program(&mut self, tree: &Rc<Tree>, quiet: bool) -> Result<Value> {
        let mut last = Value::Unit;
        for id in &tree.body {
            last = self.statement(tree, *id, true)?;
            let stmt = tree.stmt(*id);
            let is_shown = matches!(stmt.kind, StmtKind::Expr(_)) && !stmt.quiet && !quiet;
            if is_shown && !matches!(last, Value::Unit) {
                let text = self.shower().full(&last);
                self.host.show(&text);
            }
        }
        Ok(last)
    }

    fn shower(&self) -> Shower<'_> {
        let (width, colour) = self.host.canvas();
        Shower::new(self.names, self.scope, self.graph, width, colour)
    }

    fn statement(&mut self, tree: &Rc<Tree>, id: StmtId, is_top: bool) -> Result<Value> {
        let stmt = tree.stmt(id);
        match &stmt.kind {
            StmtKind::Use(_) | StmtKind::Broken(_) => Ok(Value::Unit),
            StmtKind::Let(name, value) => {
                let value = self.expr(tree, *value)?;
                let value = self.named(*name, value);
                self.define(*name, value, is_top);
                Ok(Value::Unit)
            }
            StmtKind::Fn(name, params, body) => {
                let closure = self.closure(tree, Some(*name), *params, *body, false);
                self.define(*name, Value::Fn(closure), is_top);
                Ok(Value::Unit)
            }
            StmtKind::Rule(name, params, body) => {
                let closure = self.closure(tree, Some(*name), *params, *body, true);
                let rule = self.make_rule(&closure, Vec::new(), tree.stmt_span(id))?;
                self.define(*name, rule, is_top);
                Ok(Value::Unit)
            }
            StmtKind::For(name, source, body) => {
                let span = tree.span(*source);
                let Value::List(items) = self.expr(tree, *source)? else {
                    return Err(self.unexpected(span, "a list"));
                };
                for item in items.iter() {
                    self.alive(span)?;
                    let depth = self.locals.len();
                    self.locals.push((name.name, item.clone()));
                    for id in body {
                        self.statement(tree, *id, false)?;
                    }
                    self.locals.truncate(depth);
                }
                Ok(Value::Unit)
            }
            StmtKind::Expr(value) => self.expr(tree, *value),
        }
    }

    /// Expressions and test functions take the name they are first bound to, for reports.
    fn named(&self, name: Ident, value: Value) -> Value {
        let text = self.names.text(name.name);
        match value {
            Value::Expr(node)
                if self.graph.ty(node).stage > crate::types::Stage::Script
                    && !crate::ir::is_truth(self.graph, node) =>
            {
                Value::Rule(Rc::new(RuleValue {
                    name: text.into(),
                    node,
                    family: None,
                }))
            }
            Value::Objective(objective) if objective.name() == "objective" => {
                Value::Objective(Rc::new((*objective).clone().with_name(text)))
            }
            value => value,
        }
    }

    fn define(&mut self, name: Ident, value: Value, is_top: bool) {
        if is_top {
            self.scope.define(name.name, value);
        } else {
            self.locals.push((name.name, value));
        }
    }

    fn closure(
        &mut self,
        tree: &Rc<Tree>,
        name: Option<Ident>,
        params: Run,
        body: ExprId,
        is_rule: bool,
    ) -> Rc<Closure> {
        Rc::new(Closure {
            name: name.map(|name| name.name),
            tree: Rc::clone(tree),
            params,
            body,
            captured: self.locals.clone(),
            limit: self.limit.unwrap_or_else(|| self.scope.len()),
            is_rule,
        })
    }

    /// Stops where the user has asked for it.
    fn alive(&mut self, span: Span) -> Result<()> {
        if self.host.progress(0.0, "").is_break() {
            return Err(Box::new(
                Diagnostic::new(Code::E0506, span, "stopped").here("was running this"),
            ));
        }
        Ok(())
    }

    /// A value of another type than the checker could tell: only where its type was not known.
    #[allow(clippy::unused_self, reason = "reads as a sentence at the call")]
    fn unexpected(&self, span: Span, expected: &str) -> Box<Diagnostic> {
        Box::new(
            Diagnostic::new(Code::E0305, span, format!("expected {expected} here"))
                .here(format!("not {expected}"))
                .help(format!("give it {expected}")),
        )
    }

    /// The node of a number or expression.
    fn node(&mut self, value: &Value) -> Option<NodeId> {
        match value {
            Value::Num(number) => Some(self.graph.number(*number)),
            Value::Bool(truth) => Some(self.graph.number(f64::from(u8::from(*truth)))),
            Value::Expr(node) => Some(*node),
            Value::Rule(rule) => Some(rule.node),
            _ => None,
        }
    }

    /// An expression's value: a number where it is one.
    fn of_node(&self, node: NodeId) -> Value {
        self.graph
            .node(node)
            .as_number()
            .map_or(Value::Expr(node), Value::Num)
    }
}
