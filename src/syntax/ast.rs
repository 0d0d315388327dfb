//! The syntax tree: flat arrays of nodes that refer to each other by number.
//!
//! Flat arrays parse fast, and are dropped without recursion whatever the nesting. A tree belongs to one text.

use super::adapter::StrId;
use super::names::Symbol;
use crate::op::Op;
use crate::source::{FileId, Span};

/// An expression of one tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ExprId(pub u32);

/// A statement of one tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct StmtId(pub u32);

/// A run of entries in one of the tree's side tables.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Run {
    pub(super) start: u32,
    pub(super) len: u32,
}

impl Run {
    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// An expression and where it stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// The forms of expressions.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ExprKind {
    /// A number.
    Number(f64),
    /// A string.
    Str(StrId),
    /// A name.
    Name(Symbol),
    /// `true` or `false`.
    Bool(bool),
    /// `-a`, `not a`.
    Unary(Op, ExprId),
    /// `a + b`.
    Binary(Op, ExprId, ExprId),
    /// `|a|`; `log|a|` and `sqrt|a|` have the outer op.
    Bars(Option<Op>, ExprId),
    /// `(a)`.
    Paren(ExprId),
    /// `f(a, n: b)`; pipelines too.
    Call(ExprId, Run),
    /// `a[i]`.
    Index(ExprId, ExprId),
    /// `a.name`.
    Field(ExprId, Symbol),
    /// `[a, b]`.
    List(Run),
    /// `[a for x in xs if c]`.
    Comprehension(CompId),
    /// `(a: 1, b: 2)`.
    Record(Run),
    /// `if c then a else b`.
    If(ExprId, ExprId, ExprId),
    /// `fn(x) => a`.
    Lambda(Run, ExprId),
}

/// A comprehension of one tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompId(pub u32);

/// `[item for name in source if condition]`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Comprehension {
    /// The value of each item.
    pub item: ExprId,
    /// The variable.
    pub name: Ident,
    /// The list it runs over.
    pub source: ExprId,
    /// Which items to take.
    pub condition: Option<ExprId>,
}

/// A name and where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ident {
    /// The name.
    pub name: Symbol,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// An argument of a call or field of a record.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Arg {
    /// Its name, for named arguments and fields.
    pub name: Option<Ident>,
    /// Its value.
    pub value: ExprId,
}

/// A parameter of a function or rule.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Param {
    /// Its name.
    pub name: Ident,
    /// Its type, where it is written.
    pub ty: Option<TypeId>,
    /// Its default.
    pub default: Option<ExprId>,
}

/// A written type of one tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeId(pub u32);

/// A written type: `Num`, `Tensor[r, c]`, `List[Num]`.
#[derive(Clone, PartialEq, Debug)]
pub struct TypeExpr {
    /// Its name.
    pub name: Ident,
    /// What stands in its square brackets, if they are there.
    pub args: Option<Vec<TypeArg>>,
    /// One past the last byte.
    pub end: u32,
}

/// What can stand in the square brackets of a type.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum TypeArg {
    /// `*`.
    Star,
    /// A size in figures.
    Size(f64),
    /// A named size, or a type without brackets.
    Type(TypeId),
}

/// A statement and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Whether a `;` follows: its value is not shown.
    pub quiet: bool,
    /// Its doc comment, as a run of the tree's doc lines.
    pub doc: Option<Run>,
}

/// The forms of statements.
#[derive(Clone, PartialEq, Debug)]
pub enum StmtKind {
    /// `use "file"`.
    Use(StrId),
    /// `let name = value`.
    Let(Ident, ExprId),
    /// `fn name(params) = body`.
    Fn(Ident, Run, ExprId),
    /// `rule name(params) = body`.
    Rule(Ident, Run, ExprId),
    /// `for name in source { body }`.
    For(Ident, ExprId, Vec<StmtId>),
    /// An expression on its own.
    Expr(ExprId),
    /// Something that could not be read; the name it would have defined.
    Broken(Option<Ident>),
}

/// One text as a tree.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The text's file.
    pub file: FileId,
    /// Top-level statements in order.
    pub body: Vec<StmtId>,
    pub(super) exprs: Vec<Expr>,
    pub(super) stmts: Vec<Stmt>,
    pub(super) args: Vec<Arg>,
    pub(super) items: Vec<ExprId>,
    pub(super) params: Vec<Param>,
    pub(super) comprehensions: Vec<Comprehension>,
    pub(super) types: Vec<TypeExpr>,
    pub(super) strings: Vec<Box<str>>,
    pub(super) docs: Vec<(u32, u32)>,
}

impl Tree {
    /// An expression.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    /// A statement.
    pub fn stmt(&self, id: StmtId) -> &Stmt {
        &self.stmts[id.0 as usize]
    }

    /// Where an expression stands.
    pub fn span(&self, id: ExprId) -> Span {
        let expr = self.expr(id);
        Span::new(self.file, expr.start, expr.end)
    }

    /// Where a statement stands.
    pub fn stmt_span(&self, id: StmtId) -> Span {
        let stmt = self.stmt(id);
        Span::new(self.file, stmt.start, stmt.end)
    }

    /// Where a name stands.
    pub fn ident_span(&self, ident: Ident) -> Span {
        Span::new(self.file, ident.start, ident.end)
    }

    /// Where a written type stands.
    pub fn type_span(&self, id: TypeId) -> Span {
        let ty = self.ty(id);
        Span::new(self.file, ty.name.start, ty.end)
    }

    /// The arguments of a call or fields of a record.
    pub fn args(&self, run: Run) -> &[Arg] {
        &self.args[run.range()]
    }

    /// The items of a list.
    pub fn items(&self, run: Run) -> &[ExprId] {
        &self.items[run.range()]
    }

    /// The parameters of a function or rule.
    pub fn params(&self, run: Run) -> &[Param] {
        &self.params[run.range()]
    }

    /// A comprehension.
    pub fn comprehension(&self, id: CompId) -> &Comprehension {
        &self.comprehensions[id.0 as usize]
    }

    /// A written type.
    pub fn ty(&self, id: TypeId) -> &TypeExpr {
        &self.types[id.0 as usize]
    }

    /// A string's content.
    pub fn string(&self, id: StrId) -> &str {
        &self.strings[id.0 as usize]
    }

    /// The spans of a statement's doc comment lines.
    pub fn doc_lines(&self, stmt: &Stmt) -> Vec<Span> {
        stmt.doc.map_or_else(Vec::new, |run| {
            self.docs[run.range()]
                .iter()
                .map(|(start, end)| Span::new(self.file, *start, *end))
                .collect()
        })
    }

    /// The expression inside any brackets around it.
    pub fn unparen(&self, mut id: ExprId) -> ExprId {
        while let ExprKind::Paren(inner) = self.expr(id).kind {
            id = inner;
        }
        id
    }

    /// How many expressions there are.
    pub fn expr_count(&self) -> usize {
        self.exprs.len()
    }
}
