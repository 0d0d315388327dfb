//! Networks, tasks and runs: what `train` and `bench` are given, and what the store gives back.

use super::builtin::Given;
use super::{Checker, Ty};
use crate::builtin::{Builtin, TRAINING};
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::lab::{Subject, TRAIN_TEXT, VALID_TEXT};
use crate::source::Span;
use crate::syntax::ast::{ExprKind, Tree};
use crate::types::Stage;
use std::rc::Rc;

/// Networks with their data that have a bare name.
pub(crate) const TASKS: [&str; 3] = ["cifar", "ptb", "synthetic"];

/// The network with its data of this bare name.
pub(crate) fn named_task(text: &str) -> Option<Builtin> {
    TASKS
        .contains(&text)
        .then(|| Builtin::by_name(text))
        .flatten()
}

impl Checker<'_> {
    /// A test function, a network with its data, or the name of either.
    pub(super) fn task(&mut self, given: &Given, what: &str) -> bool {
        match &given.ty {
            Ty::Objective(_) | Ty::Str(None) | Ty::Task => true,
            Ty::Builtin(builtin) if builtin.is_task() => true,
            Ty::Str(Some(text)) if named_task(text).is_some() => true,
            Ty::Str(Some(text)) => {
                let is_objective = self
                    .names
                    .get(text)
                    .and_then(|name| self.scope.get(name, u32::MAX))
                    .is_some_and(|global| matches!(global.ty, Ty::Objective(_)));
                if !is_objective {
                    let functions = self
                        .scope
                        .iter()
                        .filter(|(_, _, global)| matches!(global.ty, Ty::Objective(_)))
                        .map(|(_, name, _)| self.text(name));
                    let names: Vec<&str> = functions.chain(TASKS).collect();
                    let help = suggest(text, names.iter().copied()).map_or_else(
                        || format!("choose one of {}", names.join(", ")),
                        |name| format!("did you mean `{name}`?"),
                    );
                    self.report(
                        Diagnostic::new(Code::E0601, given.span, format!("unknown task `{text}`"))
                            .here("no task")
                            .help(help),
                    );
                }
                is_objective
            }
            _ => {
                let noun = given.ty.noun();
                let diagnostic = Diagnostic::new(Code::E0305, given.span, format!("expected a task for {what}, found {noun}"))
                    .here(format!("this is {noun}"))
                    .help("give it a test function such as `rosenbrock`, your own made with `objective`, or a network with its data such as `cifar(convnet)`");
                self.report(diagnostic);
                false
            }
        }
    }

    /// What [`Self::task`] takes, or a list of that.
    #[allow(clippy::wildcard_enum_match_arm, reason = "few types are tasks")]
    pub(super) fn tasks(&mut self, given: &Given, what: &str) -> bool {
        match &given.ty {
            Ty::List(item)
                if matches!(
                    **item,
                    Ty::Objective(_) | Ty::Task | Ty::Unknown | Ty::Builtin(_) | Ty::Str(_)
                ) =>
            {
                true
            }
            _ => self.task(given, what),
        }
    }

    /// A network with its data, or the name of one.
    pub(super) fn net_task(&mut self, given: &Given, what: &str) -> bool {
        match &given.ty {
            Ty::Task | Ty::Str(None) => true,
            Ty::Builtin(builtin) if builtin.is_task() => true,
            Ty::Str(Some(text)) if named_task(text).is_some() => true,
            _ => self.expected("a task such as `cifar(convnet)`", what, given),
        }
    }

    /// A run of the store; for `load` a file too.
    pub(super) fn kept(&mut self, builtin: Builtin, given: &Given, what: &str) -> bool {
        let is_load = builtin == Builtin::Load;
        let fits = self.is_run(&given.ty) || is_load && matches!(given.ty, Ty::Str(_));
        let wanted = if is_load {
            "a file name or the number of a run"
        } else {
            "the number of a run"
        };
        fits || self.expected(wanted, what, given)
    }

    /// Something that can be drawn.
    #[allow(clippy::wildcard_enum_match_arm, reason = "few types can be drawn")]
    pub(super) fn drawable(&mut self, given: &Given, what: &str) -> bool {
        let fits = match &given.ty {
            Ty::Report | Ty::Training | Ty::Search => true,
            Ty::Record(_) => self.is_run(&given.ty),
            Ty::List(item) => matches!(item.as_ref(), Ty::Unknown | Ty::Num(_) | Ty::List(_)),
            ty => ty
                .as_numeric()
                .is_some_and(|numeric| numeric.facts.ty.stage <= Stage::Step),
        };
        fits || self.expected("a report, a schedule or a list of numbers", what, given)
    }

    /// A network, or the name of one.
    pub(super) fn net(&mut self, given: &Given, what: &str) -> bool {
        match &given.ty {
            Ty::Net(_) => true,
            Ty::Builtin(builtin) if builtin.is_net() => true,
            _ => self.expected("a network such as `convnet`", what, given),
        }
    }

    /// A race on a test function or a comparison by training; options of the other kind are reported.
    pub(super) fn bench(&mut self, tree: &Rc<Tree>, given: &[Option<Given>]) -> Ty {
        let task = given.get(1).and_then(Option::as_ref).map(|task| &task.ty);
        let is_training = match task {
            Some(Ty::Task) => true,
            Some(Ty::Builtin(builtin)) => builtin.is_task(),
            Some(Ty::Str(Some(text))) => named_task(text).is_some(),
            Some(Ty::Objective(_)) => false,
            Some(_) | None => return Ty::Unknown,
        };
        let params = Builtin::Bench.info().params;
        for (param, slot) in params.iter().zip(given) {
            let Some(option) = slot else { continue };
            if let Some(problem) = misplaced(param.name, is_training, option.span) {
                self.report(problem);
            }
        }
        if is_training {
            return Ty::Training;
        }
        self.matrix_on_task(tree, given);
        Ty::Report
    }

    /// A wide residual network, whose depth may be none.
    pub(super) fn wrn(&mut self, given: &[Option<Given>]) -> Ty {
        let depth = given.first().and_then(Option::as_ref);
        if let Some(depth) = depth
            && let Some(value) = depth
                .ty
                .as_numeric()
                .and_then(|numeric| numeric.facts.range.as_point())
            && let Some(problem) = wrong_depth(value, depth.span)
        {
            self.report(problem);
        }
        Ty::Net(Some(Subject::Images))
    }

    /// A network with its data, which must be of one kind.
    pub(super) fn data(&mut self, builtin: Builtin, given: &[Option<Given>], span: Span) -> Ty {
        if let Some(Some(net)) = given.first() {
            let subject = match &net.ty {
                Ty::Net(subject) => *subject,
                Ty::Builtin(Builtin::Lstm) => Some(Subject::Text),
                Ty::Builtin(net) if net.is_net() => Some(Subject::Images),
                _ => None,
            };
            if let Some(problem) = subject.and_then(|subject| misfit(builtin, subject, net.span)) {
                self.report(problem);
            }
        }
        if builtin == Builtin::Ptb {
            let file = |index: usize| match given.get(index).and_then(Option::as_ref) {
                Some(Given {
                    ty: Ty::Str(Some(file)),
                    span,
                    ..
                }) => Some((&**file, *span)),
                Some(_) | None => None,
            };
            let problem = same_text(file(2).map(|(file, _)| file), file(3), span);
            let is_known = |index: usize| {
                given.get(index).is_none_or(Option::is_none) || file(index).is_some()
            };
            if let Some(problem) = problem.filter(|_| is_known(2) && is_known(3)) {
                self.report(problem);
            }
        }
        Ty::Task
    }

    /// Whether a value says which run it is: by its number, or as a record that has one.
    #[allow(clippy::wildcard_enum_match_arm, reason = "two types fit")]
    pub(super) fn is_run(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Record(fields) => fields.iter().any(|(name, _)| *name == self.known.run),
            Ty::Training | Ty::Report => true,
            _ => ty
                .as_numeric()
                .is_some_and(|numeric| numeric.facts.ty.stage == Stage::Script),
        }
    }

    /// A record of `runs()`.
    pub(super) fn run_record(&self) -> Ty {
        let ty = |column: &str| match column {
            "run" | "reward" => Ty::NUM,
            _ => Ty::Str(None),
        };
        self.record(&self.known.runs, super::known::RUNS, ty)
    }

    /// A record of `leaderboard(task)`.
    pub(super) fn leader_record(&self) -> Ty {
        let ty = |column: &str| match column {
            "rule" | "formula" => Ty::Str(None),
            _ => Ty::NUM,
        };
        self.record(&self.known.leaders, super::known::LEADERS, ty)
    }

    /// A row of a report on training.
    pub(super) fn training_row(&self) -> Ty {
        let ty = |column: &str| match column {
            "rule" | "formula" | "verdict" => Ty::Str(None),
            _ => Ty::NUM,
        };
        self.record(&self.known.trained, super::known::TRAINED, ty)
    }

    /// A curve of a report on training.
    pub(super) fn training_curve(&self) -> Ty {
        let ty = |column: &str| match column {
            "rule" | "stage" | "end" => Ty::Str(None),
            "lr" | "seed" => Ty::NUM,
            _ => Ty::list(Ty::NUM),
        };
        self.record(&self.known.curve, super::known::CURVE, ty)
    }

    #[allow(clippy::unused_self, reason = "reads as a sentence at the call")]
    fn record(
        &self,
        names: &[crate::syntax::names::Symbol],
        columns: &[&str],
        ty: impl Fn(&str) -> Ty,
    ) -> Ty {
        let fields = names.iter().zip(columns);
        Ty::Record(Rc::new(
            fields.map(|(name, column)| (*name, ty(column))).collect(),
        ))
    }

    /// A matrix rule cannot run on a vector of coordinates.
    fn matrix_on_task(&mut self, tree: &Rc<Tree>, given: &[Option<Given>]) {
        let (Some(Some(rules)), Some(Some(task))) = (given.first(), given.get(1)) else {
            return;
        };
        let count = match &task.ty {
            Ty::Objective(count) => *count,
            _ => None,
        };
        let shape = count.map_or("[n]".to_owned(), |count| format!("[{count}]"));
        let mut items = vec![(rules.ty.clone(), rules.span)];
        if let (ExprKind::List(run), Ty::List(_)) =
            (tree.expr(tree.unparen(rules.id)).kind, &rules.ty)
        {
            self.silent = true;
            items = tree
                .items(run)
                .iter()
                .map(|id| (self.expr(tree, *id), tree.span(*id)))
                .collect();
            self.silent = false;
        } else if let Ty::List(item) = &rules.ty {
            items = vec![((**item).clone(), rules.span)];
        }
        for (ty, place) in items {
            let Some(numeric) = ty.as_numeric().filter(|numeric| numeric.facts.needs_matrix) else {
                continue;
            };
            let mut diagnostic = Diagnostic::new(
                Code::E0403,
                place,
                format!("the rule needs a matrix `[r, c]`, the task has a vector `{shape}`"),
            )
            .here("runs on `[r, c]` only")
            .label(task.span, format!("parameter of shape `{shape}`"));
            if let Some(from) = numeric
                .from
                .filter(|from| from.file == place.file && *from != place)
            {
                diagnostic = diagnostic.label(from, "matrix operation here");
            }
            self.report(diagnostic.help("leave it out, or race it on a task with matrices"));
        }
    }
}

/// An option of `bench` that belongs to the other kind of task.
pub(crate) fn misplaced(option: &str, is_training: bool, span: Span) -> Option<Diagnostic> {
    let (here, help) = if is_training {
        if !matches!(option, "steps" | "starts") {
            return None;
        }
        (
            "training has epochs",
            "give `epochs:` and `examples:` instead",
        )
    } else {
        if !TRAINING.contains(&option) {
            return None;
        }
        (
            "a test function has none",
            "leave it out, or train a network such as `cifar(convnet)`",
        )
    };
    Some(
        Diagnostic::new(
            Code::E0606,
            span,
            format!("`{option}` is for another kind of task"),
        )
        .here(here)
        .help(help),
    )
}

/// A depth that no wide residual network has.
pub(crate) fn wrong_depth(depth: f64, span: Span) -> Option<Diagnostic> {
    let is_right = depth >= 10.0 && (depth - 4.0) % 6.0 == 0.0;
    (!is_right).then(|| {
        Diagnostic::new(
            Code::E0603,
            span,
            "a wide residual network has 6 n + 4 layers",
        )
        .here(format!("is {}", crate::op::number_text(depth)))
        .help("choose 10, 16, 22, 28, 34 or 40")
    })
}

/// A text that is validated on what was trained on. A file that is not given is the usual one.
pub(crate) fn same_text(
    train: Option<&str>,
    valid: Option<(&str, Span)>,
    call: Span,
) -> Option<Diagnostic> {
    let train = train.unwrap_or(TRAIN_TEXT);
    let here = match valid {
        Some(_) => "is the text of `train` too",
        None => "`valid` is this file unless told",
    };
    let (valid, place) = valid.unwrap_or((VALID_TEXT, call));
    (train == valid).then(|| {
        Diagnostic::new(
            Code::E0603,
            place,
            format!("`{valid}` would be both learned and validated on"),
        )
        .here(here)
        .help("name another file: `ptb(train: \"ptb.valid.txt\", valid: \"ptb.test.txt\")`")
    })
}

/// A network that cannot learn such data.
pub(crate) fn misfit(builtin: Builtin, subject: Subject, span: Span) -> Option<Diagnostic> {
    let (data, wanted, help) = match builtin {
        Builtin::Cifar => (
            "images",
            Subject::Images,
            "give it `convnet`, `wrn`, `mlp` or `logistic`",
        ),
        Builtin::Ptb => ("words", Subject::Text, "give it `lstm`"),
        _ => return None,
    };
    let found = match subject {
        Subject::Images => "images",
        Subject::Text => "words",
    };
    let name = builtin.info().name;
    (subject != wanted).then(|| {
        Diagnostic::new(
            Code::E0603,
            span,
            format!("`{name}` has {data}, the network learns {found}"),
        )
        .here(format!("learns {found}"))
        .help(help)
    })
}
