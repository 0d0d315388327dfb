//! `nos`, a language about one thing: how a weight changes in one training step.
//!
//! A rule such as `e^(sign(g) * sign(m)) * g` is an expression over the gradient and what is made of it; its value `u` is applied as
//! `w <- w - lr * u`. This library reads programs of such rules, checks them, runs them, and races them on test functions. The program
//! `nos` is a thin face over it.
//!
//! # The pipeline
//!
//! ```text
//! text -syntax-> tree -check-> types and problems -eval-> values; a rule value is a graph (ir)
//! graph -algebra-> normal form, key, proof of equality, simpler graph
//! graph -engine-> numbers          graph + test function -bench-> report -plot-> pictures
//! ```
//!
//! From the ground up; a module uses those before it in this list, never those after it (`tests/it/tidy.rs` holds that):
//! [`source`] (texts and spans), [`diagnostic`] (what is wrong, as data, and its rendering), [`types`] (stages, shapes, ranges), [`op`] (the
//! table of primitive ops), [`builtin`] (the table of built-in functions), [`syntax`] (lexer, grammar, tree, formatter), [`ir`] (the rule
//! graph, its text, its drawing, the paper's token strings), [`algebra`] (normal forms, keys, equality, simplification), [`engine`] (rules
//! and test functions as numbers: plainly, as fused loops over tensors, in step over many runs), [`explain`] (what a rule does),
//! [`bench`](mod@bench) (races and reports), [`lab`] (training of networks, by another program), `store` (runs in a file),
//! [`search`] (the paper's controller and its rivals), `plot` (pictures), `html` (reports as pages), [`check`] (types before anything runs),
//! [`eval`] (values), [`library`] (the embedded standard library), [`context`] (one
//! interpreter state), [`capi`] (the optimizer for C), and the two faces `cli` and `repl`.
//!
//! *Architecture invariant:* one table defines every primitive op. Checker, graph, evaluator, printing, help and completion read it; there is
//! no second list of names.
//!
//! *Architecture invariant:* the parser knows no meaning of names, and everything below `syntax` knows no text. Printing a graph and reading
//! the text gives the same graph.
//!
//! *Architecture invariant:* errors are data until the last moment. Phases return what they made together with all that is wrong;
//! [`diagnostic::render`] alone turns that into text, and only the faces print.
//!
//! *Architecture invariant:* every fast path has a slow obvious twin. What is fused, vectorised or run on several threads gives the same numbers as the
//! twin, and tests hold it to that.
//!
//! *Architecture invariant:* the core is pure. Files, output, progress, the environment, what trains networks and what keeps runs are reached through
//! [`context::Host`]; randomness is a counter and a seed. Besides the faces, only `store` and `lab::process` touch the outside world, and nothing else knows
//! the time.
//!
//! *Architecture invariant:* a failed input changes nothing. [`context::Context`] cuts definitions, types and graph back to where they were.
//!
//! # Example
//!
//! ```
//! use nos::context::{Context, Silent};
//! use nos::engine::{Runner, TensorShape};
//!
//! let mut context = Context::new();
//! let rule = context.rule("mine", "powersign(base: 2)", &mut Silent).expect("a rule");
//! let mut runner = Runner::new(&rule, &[TensorShape::Vector(1)], 0).expect("no matrix needed");
//! let mut w = [1.0];
//! runner.step(0, &mut w, &[0.5], 0.1, (0, 100)).expect("lengths fit");
//! assert_eq!(w, [0.9]);
//! ```
#![deny(unsafe_code)]

pub mod algebra;
pub mod bench;
pub mod builtin;
pub mod capi;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod context;
pub mod diagnostic;
pub mod engine;
pub mod eval;
pub mod explain;
#[cfg(feature = "cli")]
pub mod html;
pub mod ir;
pub mod lab;
pub mod library;
pub mod op;
#[cfg(feature = "cli")]
pub mod plot;
#[cfg(feature = "cli")]
pub mod repl;
pub mod search;
pub mod source;
#[cfg(feature = "cli")]
pub mod store;
pub mod syntax;
pub mod types;
