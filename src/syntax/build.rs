//! What the grammar's actions call: nodes in, numbers out, and the slips that are easier to see here than in a grammar.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a token that is none of the few asked about is one case"
)]

use super::ast::{
    Arg, CompId, Comprehension, Expr, ExprId, ExprKind, Ident, Param, Run, Stmt, StmtId, StmtKind,
    Tree, TypeExpr, TypeId,
};
use super::chain::Waiting;
use super::list::{Item, List, Unfinished};
use super::names::Names;
use crate::diagnostic::{Code, Diagnostic};
use crate::op::Op;
use crate::source::{FileId, Span};
use rustc_hash::FxHashMap;

/// How deep expressions may nest; the left sides of operator chains do not count.
pub(super) const MAX_DEPTH: u16 = 200;

/// A tree being built.
pub(crate) struct Builder<'a> {
    pub(crate) tree: Tree,
    pub(crate) problems: Vec<Diagnostic>,
    pub(super) waiting: Waiting,
    lists: Unfinished,
    depths: Vec<u16>,
    text: &'a str,
    too_deep: bool,
}

pub(super) fn len(items: usize) -> u32 {
    u32::try_from(items).expect("a text is shorter than 4 GiB")
}

impl<'a> Builder<'a> {
    pub(crate) fn new(file: FileId, text: &'a str) -> Self {
        // Room for a text of usual density, so that large ones are not copied as they grow.
        let (few, many) = (text.len() / 32, text.len() / 5);
        let tree = Tree {
            file,
            body: Vec::new(),
            exprs: Vec::with_capacity(many),
            stmts: Vec::with_capacity(few),
            args: Vec::with_capacity(few),
            items: Vec::new(),
            params: Vec::with_capacity(few),
            comprehensions: Vec::new(),
            types: Vec::new(),
            strings: Vec::new(),
            docs: Vec::new(),
        };
        Self {
            tree,
            problems: Vec::new(),
            waiting: Waiting::default(),
            lists: Unfinished::default(),
            depths: Vec::with_capacity(many),
            text,
            too_deep: false,
        }
    }

    fn depth(&self, id: ExprId) -> u16 {
        self.depths[id.0 as usize]
    }

    /// The value of a number as it is written; NaN for what is none and has been reported.
    pub(crate) fn number(&self, start: u32, end: u32) -> f64 {
        super::token::number(&self.text[start as usize..end as usize])
    }

    /// An expression without parts.
    pub(crate) fn leaf(&mut self, kind: ExprKind, start: u32, end: u32) -> ExprId {
        self.add(kind, start, end, 0)
    }

    pub(crate) fn expr(&mut self, kind: ExprKind, start: u32, end: u32) -> ExprId {
        let deepest = |ids: &[ExprId]| ids.iter().map(|id| self.depth(*id)).max().unwrap_or(0);
        let depth = match kind {
            ExprKind::Number(_) | ExprKind::Str(_) | ExprKind::Name(_) | ExprKind::Bool(_) => 0,
            // A chain of operators is walked in a loop: only its right sides nest.
            ExprKind::Binary(_, a, b) => self.depth(a).max(self.depth(b) + 1),
            ExprKind::Unary(_, a)
            | ExprKind::Bars(_, a)
            | ExprKind::Paren(a)
            | ExprKind::Field(a, _) => self.depth(a) + 1,
            ExprKind::Index(a, b) => deepest(&[a, b]) + 1,
            ExprKind::Call(f, run) => {
                self.depth(f).max(
                    self.tree
                        .args(run)
                        .iter()
                        .map(|arg| self.depth(arg.value))
                        .max()
                        .unwrap_or(0),
                ) + 1
            }
            ExprKind::Record(run) => {
                self.tree
                    .args(run)
                    .iter()
                    .map(|arg| self.depth(arg.value))
                    .max()
                    .unwrap_or(0)
                    + 1
            }
            ExprKind::List(run) => deepest(self.tree.items(run)) + 1,
            ExprKind::Comprehension(id) => {
                let comp = *self.tree.comprehension(id);
                deepest(&[comp.item, comp.source, comp.condition.unwrap_or(comp.item)]) + 1
            }
            ExprKind::If(a, b, c) => deepest(&[a, b, c]) + 1,
            ExprKind::Lambda(run, body) => {
                let defaults: Vec<ExprId> = self
                    .tree
                    .params(run)
                    .iter()
                    .filter_map(|param| param.default)
                    .collect();
                deepest(&defaults).max(self.depth(body)) + 1
            }
        };
        if depth > MAX_DEPTH && !self.too_deep {
            self.too_deep = true;
            self.problems.push(
                Diagnostic::new(
                    Code::E0203,
                    self.span(start, end),
                    format!("expression nests more than {MAX_DEPTH} levels deep"),
                )
                .here("too deep from here on")
                .help("name the inner part with `let` and use the name"),
            );
        }
        self.add(kind, start, end, depth.min(MAX_DEPTH + 1))
    }

    fn add(&mut self, kind: ExprKind, start: u32, end: u32, depth: u16) -> ExprId {
        let id = ExprId(len(self.tree.exprs.len()));
        self.tree.exprs.push(Expr { kind, start, end });
        self.depths.push(depth);
        id
    }

    fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.tree.file, start, end)
    }

    pub(crate) fn binary(&mut self, op: Op, a: ExprId, b: ExprId) -> ExprId {
        let (start, end) = (self.tree.expr(a).start, self.tree.expr(b).end);
        self.expr(ExprKind::Binary(op, a, b), start, end)
    }

    /// `a < b < c`: reported, and read as `a < b`.
    pub(crate) fn chained(&mut self, first: ExprId, op_start: u32, c: ExprId) -> ExprId {
        let end = self.tree.expr(c).end;
        let text = |id: ExprId| {
            let expr = self.tree.expr(id);
            self.text[expr.start as usize..expr.end as usize].to_owned()
        };
        let mut diagnostic = Diagnostic::new(
            Code::E0204,
            self.span(op_start, end),
            "comparisons do not chain",
        )
        .here("second comparison");
        if let ExprKind::Binary(_, _, middle) = self.tree.expr(first).kind {
            let second = self.text[op_start as usize..end as usize].to_owned();
            diagnostic = diagnostic.help(format!(
                "write `{} and {} {second}`",
                text(first),
                text(middle)
            ));
        }
        self.problems.push(diagnostic);
        first
    }

    /// Adds an item to a list that is being read.
    pub(crate) fn item<T: Item>(&mut self, list: List, item: T) -> List {
        T::unfinished(&mut self.lists).push(item);
        List(list.0 + 1)
    }

    pub(crate) fn args(&mut self, list: List) -> Run {
        let mut named = false;
        for arg in list.of(&self.lists.args) {
            if arg.name.is_none() && named {
                let span = self.tree.span(arg.value);
                self.problems.push(
                    Diagnostic::new(Code::E0205, span, "positional argument after a named one")
                        .here("has no name")
                        .help("put it before the named arguments, or give it a name"),
                );
            }
            named |= arg.name.is_some();
        }
        list.finish(&mut self.lists.args, &mut self.tree.args)
    }

    pub(crate) fn record(&mut self, list: List) -> Run {
        let run = list.finish(&mut self.lists.args, &mut self.tree.args);
        let fields = self.tree.args(run).iter();
        self.unique(fields.filter_map(|field| field.name).collect(), "field");
        run
    }

    pub(crate) fn items(&mut self, list: List) -> Run {
        list.finish(&mut self.lists.items, &mut self.tree.items)
    }

    pub(crate) fn params(&mut self, list: List) -> Run {
        let run = list.finish(&mut self.lists.params, &mut self.tree.params);
        if list.0 > 1 {
            let params = self.tree.params(run).iter();
            self.unique(params.map(|param| param.name).collect(), "parameter");
        }
        run
    }

    fn unique(&mut self, idents: Vec<Ident>, what: &str) {
        let mut seen = FxHashMap::default();
        for ident in idents {
            let first = *seen.entry(ident.name).or_insert(ident);
            if first.start != ident.start {
                let name = self.slice(ident);
                self.problems.push(
                    Diagnostic::new(
                        Code::E0207,
                        self.span(ident.start, ident.end),
                        format!("two {what}s are named `{name}`"),
                    )
                    .here("again here")
                    .label(self.span(first.start, first.end), "first here")
                    .help(format!("give one {what} another name")),
                );
            }
        }
    }

    pub(crate) fn comprehension(&mut self, comp: Comprehension) -> CompId {
        self.tree.comprehensions.push(comp);
        CompId(len(self.tree.comprehensions.len() - 1))
    }

    pub(crate) fn ty(&mut self, name: Ident, args: Option<List>, end: u32) -> TypeId {
        let args = args.map(|list| {
            let unfinished = &mut self.lists.type_args;
            unfinished.split_off(unfinished.len() - list.0 as usize)
        });
        self.tree.types.push(TypeExpr { name, args, end });
        TypeId(len(self.tree.types.len() - 1))
    }

    /// `x |> f(y)` is `f(x, y)`; `x |> f` is `f(x)`.
    pub(crate) fn pipe(&mut self, value: ExprId, target: ExprId) -> ExprId {
        let (start, end) = (self.tree.expr(value).start, self.tree.expr(target).end);
        let mut list = self.item(List::EMPTY, Arg { name: None, value });
        let callee = match self.tree.expr(target).kind {
            ExprKind::Call(callee, run) => {
                self.lists.args.extend_from_slice(self.tree.args(run));
                list.0 += run.len;
                callee
            }
            _ => target,
        };
        let run = self.args(list);
        self.expr(ExprKind::Call(callee, run), start, end)
    }

    pub(crate) fn stmt(&mut self, kind: StmtKind, start: u32, end: u32) -> StmtId {
        if let StmtKind::Rule(name, params, _) = &kind {
            let missing: Vec<Param> = self
                .tree
                .params(*params)
                .iter()
                .copied()
                .filter(|param| param.default.is_none())
                .collect();
            for param in missing {
                let (rule, text) = (self.slice(*name), self.slice(param.name));
                self.problems.push(
                    Diagnostic::new(
                        Code::E0206,
                        self.span(param.name.start, param.name.end),
                        format!("parameter `{text}` of rule `{rule}` has no default"),
                    )
                    .here("no default")
                    .help(format!(
                        "write `{text} = 1`, with the value that suits most uses"
                    )),
                );
            }
        }
        self.tree.stmts.push(Stmt {
            kind,
            start,
            end,
            quiet: false,
            doc: None,
        });
        StmtId(len(self.tree.stmts.len() - 1))
    }

    fn slice(&self, ident: Ident) -> &'a str {
        &self.text[ident.start as usize..ident.end as usize]
    }

    pub(crate) fn quiet(&mut self, id: StmtId) -> StmtId {
        self.tree.stmts[id.0 as usize].quiet = true;
        id
    }

    /// A statement that could not be read still defines its name, so that later uses are not reported too.
    pub(crate) fn broken(&mut self, start: u32, end: u32, names: &mut Names) -> StmtId {
        let name = defined_name(self.text, start, end, names);
        self.stmt(StmtKind::Broken(name), start, end)
    }
}

impl Tree {
    /// Makes the innermost statement around a place [`StmtKind::Broken`]: what it says is not what was written.
    pub(super) fn skip_statement_at(&mut self, span: Span, text: &str, names: &mut Names) {
        // Statements inside a block come before the one that holds the block.
        let holds = |stmt: &&mut Stmt| stmt.start <= span.start && span.start <= stmt.end;
        if let Some(stmt) = self.stmts.iter_mut().find(holds) {
            stmt.kind = StmtKind::Broken(defined_name(text, stmt.start, stmt.end, names));
        }
    }
}

/// The name that a statement would define.
fn defined_name(text: &str, start: u32, end: u32, names: &mut Names) -> Option<Ident> {
    use super::token::{Token, lex};
    let text = text.get(start as usize..end as usize)?;
    let mut words = lex(text).filter(|(token, _)| !matches!(token, Ok(Token::Newline)));
    let (first, _) = words.next()?;
    let (second, range) = words.next()?;
    match (first, second) {
        (Ok(Token::Let | Token::Fn | Token::Rule), Ok(Token::Name)) => {
            let name = names.symbol(&text[range.clone()]);
            Some(Ident {
                name,
                start: start + len(range.start),
                end: start + len(range.end),
            })
        }
        _ => None,
    }
}
