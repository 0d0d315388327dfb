//! Values of a running program.

use crate::bench::Report;
use crate::builtin::Builtin;
use crate::engine::Objective;
use crate::explain::Explanation;
use crate::ir::{Diagram, NodeId};
use crate::lab::message::Net;
use crate::lab::{self, Task};
use crate::op::Op;
#[cfg(feature = "cli")]
use crate::plot::Picture;
use crate::syntax::ast::{ExprId, Run, Tree};
use crate::syntax::names::Symbol;
use std::rc::Rc;

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// No value.
    Unit,
    /// A number.
    Num(f64),
    /// A truth value.
    Bool(bool),
    /// Text.
    Str(Rc<str>),
    /// A list.
    List(Rc<[Value]>),
    /// Named values.
    Record(Rc<[(Symbol, Value)]>),
    /// A numeric expression: a node of the context's graph.
    Expr(NodeId),
    /// A rule: an expression with a name, and other parameters to be had by calling it.
    Rule(Rc<RuleValue>),
    /// A function.
    Fn(Rc<Closure>),
    /// A primitive op.
    Op(Op),
    /// A built-in function.
    Builtin(Builtin),
    /// A test function.
    Objective(Rc<Objective>),
    /// A network.
    Net(Rc<Net>),
    /// A network and its data.
    Task(Rc<Task>),
    /// What training found.
    Training(Rc<lab::Report>),
    /// A space of rules.
    Space(Rc<crate::search::Space>),
    /// What searches found, and the first function they were on.
    Search(Rc<crate::search::describe::Found>),
    /// What a benchmark found, and the function it was on, if it is still known.
    Report(Rc<Report>, Option<Rc<Objective>>),
    /// What `explain` has to say of a rule: a record that is shown as a page.
    Explanation(Rc<Explanation>),
    /// The computation graph of a rule.
    Diagram(Rc<Diagram>),
    /// Something drawn.
    #[cfg(feature = "cli")]
    Picture(Rc<Picture>),
}

/// A rule as a value.
#[derive(Debug)]
pub struct RuleValue {
    /// As the user named it: `powersign(base: 2)`.
    pub name: Rc<str>,
    /// The update.
    pub node: NodeId,
    /// How to make it with other parameters, where it was declared with some.
    pub family: Option<Rc<Closure>>,
}

/// A function with what it sees.
#[derive(Debug)]
pub struct Closure {
    /// Its name, if it has one.
    pub name: Option<Symbol>,
    /// The text it is written in.
    pub tree: Rc<Tree>,
    /// Its parameters.
    pub params: Run,
    /// Its body.
    pub body: ExprId,
    /// The local values it sees.
    pub captured: Vec<(Symbol, Value)>,
    /// How many global definitions it sees.
    pub limit: u32,
    /// Whether it was declared with `rule`.
    pub is_rule: bool,
}

impl Value {
    /// The type's name, for messages about values.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Unit => "nothing",
            Self::Num(_) => "a number",
            Self::Bool(_) => "a truth value",
            Self::Str(_) => "text",
            Self::List(_) => "a list",
            Self::Record(_) | Self::Explanation(_) => "a record",
            Self::Expr(_) | Self::Rule(_) => "a numeric expression",
            Self::Fn(_) | Self::Op(_) | Self::Builtin(_) => "a function",
            Self::Objective(_) => "a test function",
            Self::Net(_) => "a network",
            Self::Task(_) => "a task",
            Self::Training(_) => "a report on training",
            Self::Space(_) => "a space of rules",
            Self::Search(..) => "what a search found",
            Self::Report(..) => "a report",
            Self::Diagram(_) => "a picture",
            #[cfg(feature = "cli")]
            Self::Picture(_) => "a picture",
        }
    }
}
