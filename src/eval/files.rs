//! Pictures and files from the language: `plot`, `save`, `load`.

use super::builtin::Given;
use super::lists::outside;
use super::{Evaluator, Result, Value};
use crate::bench::Report;
use crate::diagnostic::{Code, Diagnostic};
use crate::engine::Objective;
use crate::lab;
#[cfg(feature = "cli")]
use crate::search::describe::Found;
use crate::source::Span;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::rc::Rc;

impl Evaluator<'_> {
    /// `plot(x, T:)`.
    #[cfg(feature = "cli")]
    pub(super) fn plot(&mut self, given: &Given, span: Span) -> Result<Value> {
        use crate::plot::Picture;
        let Some((value, place)) = &given[0] else {
            return Err(self.unexpected(span, "something to draw"));
        };
        // A number alone is a run of the store; over so many steps it is a schedule.
        let is_run = matches!(value, Value::Record(_))
            || matches!(value, Value::Num(_)) && given[1].is_none();
        let value = &if is_run {
            self.kept_report(value, *place)?
        } else {
            value.clone()
        };
        let picture = match value {
            Value::Search(found) => Self::search_picture(found, *place)?,
            Value::Training(report) => Picture::of_training(report).map_err(|error| {
                outside(*place, error.to_string(), "train for one epoch at least")
            })?,
            Value::Report(report, objective) => picture(report, objective.as_ref())
                .map_err(|error| outside(*place, error, "bench at least one rule"))?,
            Value::List(items) => self.curves(items, *place)?,
            value => self.schedule_curve(value, given[1].as_ref(), *place)?,
        };
        Ok(Value::Picture(Rc::new(picture)))
    }

    #[cfg(feature = "cli")]
    fn search_picture(found: &Found, place: Span) -> Result<crate::plot::Picture> {
        crate::plot::Picture::of_search(found)
            .map_err(|error| outside(place, error.to_string(), "search for one trial at least"))
    }

    /// Without the means to draw there are no pictures.
    #[cfg(not(feature = "cli"))]
    #[allow(clippy::unused_self, reason = "as where pictures can be drawn")]
    pub(super) fn plot(&mut self, _given: &Given, span: Span) -> Result<Value> {
        Err(outside(
            span,
            "this build cannot draw".to_owned(),
            "use the program `nos`",
        ))
    }

    /// A list of numbers, or one curve for each list or schedule in it.
    #[cfg(feature = "cli")]
    fn curves(&mut self, items: &[Value], span: Span) -> Result<crate::plot::Picture> {
        use crate::plot::{Curves, Picture, Series};
        #[allow(
            clippy::cast_precision_loss,
            reason = "lists are far shorter than 2^52"
        )]
        let points = |numbers: &[f64]| {
            numbers
                .iter()
                .enumerate()
                .map(|(x, y)| (x as f64, *y))
                .collect()
        };
        let is_flat = items.iter().all(|item| matches!(item, Value::Num(_)));
        let mut series = Vec::new();
        let mut x_label = "index";
        if is_flat {
            series.push(Series {
                name: "values".to_owned(),
                points: points(&self.numbers(items, span)?),
            });
        } else {
            for (index, item) in items.iter().enumerate() {
                series.push(match item {
                    Value::List(inner) => Series {
                        name: format!("list {}", index + 1),
                        points: points(&self.numbers(inner, span)?),
                    },
                    schedule => {
                        x_label = "step";
                        let name = self.shower().inline(schedule);
                        Series {
                            name,
                            points: self.samples(schedule, 1000, span)?,
                        }
                    }
                });
            }
        }
        Ok(Picture::Curves(Curves {
            title: String::new(),
            x_label: x_label.to_owned(),
            y_label: "value".to_owned(),
            series,
            log_y: false,
        }))
    }

    #[cfg(feature = "cli")]
    fn schedule_curve(
        &mut self,
        value: &Value,
        total: Option<&(Value, Span)>,
        span: Span,
    ) -> Result<crate::plot::Picture> {
        use crate::plot::{Curves, Picture, Series};
        let total = match total {
            Some((Value::Num(total), place)) => {
                super::lists::whole(*total, 1.0, 1e9, "`T` of `plot`", *place)?
            }
            Some(_) | None => 1000,
        };
        let name = self.shower().inline(value);
        let points = self.samples(value, total, span)?;
        let series = vec![Series {
            name: name.clone(),
            points,
        }];
        Ok(Picture::Curves(Curves {
            title: format!("{name}, T = {total}"),
            x_label: "step".to_owned(),
            y_label: "value".to_owned(),
            series,
            log_y: false,
        }))
    }

    /// A schedule's values over a run, at most a thousand and one of them.
    #[cfg(feature = "cli")]
    fn samples(&mut self, value: &Value, total: u64, span: Span) -> Result<Vec<(f64, f64)>> {
        use crate::engine::{Runner, TensorShape};
        let rule = self.extract(value, span)?;
        if rule.graph().ty(rule.root()).stage > crate::types::Stage::Step {
            return Err(self.unexpected(span, "numbers or schedules"));
        }
        let has_state = rule.slots() != crate::ir::Slots::default();
        let problem =
            |error: crate::engine::EngineError| outside(span, error.to_string(), "give a schedule");
        let mut runner = Runner::new(&rule, &[TensorShape::Vector(1)], 0).map_err(problem)?;
        let stride = if has_state {
            1
        } else {
            total.div_ceil(1000).max(1)
        };
        let shown = total.div_ceil(1000).max(1);
        let mut points = Vec::new();
        let mut step = 0;
        while step <= total {
            if step % 4096 == 0 {
                self.alive(span)?;
            }
            let update = runner
                .update(0, &[0.0], &[0.0], step, total)
                .map_err(problem)?;
            if step % shown == 0 || step == total {
                #[allow(clippy::cast_precision_loss, reason = "steps are at most 1e9")]
                points.push((step as f64, update[0]));
            }
            step = if step == total {
                total + 1
            } else {
                (step + stride).min(total)
            };
        }
        Ok(points)
    }

    /// `save(x, file)`.
    pub(super) fn save(&mut self, given: &Given, span: Span) -> Result<Value> {
        let (Some((value, place)), Some((Value::Str(name), name_place))) = (&given[0], &given[1])
        else {
            return Err(self.unexpected(span, "something to save and a file name"));
        };
        let bytes = self.bytes(value, name, *place, *name_place)?;
        let path = self.path(name);
        match self.host.write(&path, &bytes) {
            Ok(()) => Ok(Value::Unit),
            Err(error) => Err(Box::new(
                Diagnostic::new(
                    Code::E0504,
                    *name_place,
                    format!("cannot write `{name}`: {}", reason(&error)),
                )
                .here("not written")
                .help("choose a folder that exists and is writable"),
            )),
        }
    }

    fn bytes(&self, value: &Value, name: &str, place: Span, name_place: Span) -> Result<Vec<u8>> {
        let ending = Path::new(name)
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or("")
            .to_lowercase();
        let wrong = |wanted: &str| {
            Box::new(
                Diagnostic::new(
                    Code::E0504,
                    name_place,
                    format!("`{name}` does not end in {wanted}"),
                )
                .here("unknown format")
                .help(format!("choose a name that ends in {wanted}")),
            )
        };
        match (value, ending.as_str()) {
            #[cfg(feature = "cli")]
            (Value::Picture(picture), "svg") => Ok(crate::plot::svg(picture).into_bytes()),
            #[cfg(feature = "cli")]
            (Value::Picture(picture), "png") => crate::plot::png(picture)
                .map_err(|error| outside(place, error.to_string(), "save it as .svg")),
            #[cfg(feature = "cli")]
            (Value::Picture(_), _) => Err(wrong(".svg or .png")),
            (Value::Diagram(diagram), "dot") => Ok(diagram.dot().into_bytes()),
            #[cfg(feature = "cli")]
            (Value::Diagram(diagram), "svg") => Ok(crate::plot::diagram_svg(diagram).into_bytes()),
            #[cfg(feature = "cli")]
            (Value::Diagram(diagram), "png") => crate::plot::diagram_png(diagram)
                .map_err(|error| outside(place, error.to_string(), "save it as .svg")),
            #[cfg(feature = "cli")]
            (Value::Diagram(_), _) => Err(wrong(".dot, .svg or .png")),
            #[cfg(not(feature = "cli"))]
            (Value::Diagram(_), _) => Err(wrong(".dot")),
            #[cfg(feature = "cli")]
            (Value::Report(report, _), "json") => json(&**report, place),
            #[cfg(feature = "cli")]
            (Value::Training(report), "json") => json(&**report, place),
            (Value::Report(report, _), "ron") => ron(&**report, place),
            (Value::Training(report), "ron") => ron(&**report, place),
            #[cfg(feature = "cli")]
            (Value::Training(report), "html") => Ok(crate::html::training(report).into_bytes()),
            #[cfg(feature = "cli")]
            (Value::Search(found), "html") => Ok(crate::html::search(found).into_bytes()),
            (Value::Search(_), _) => Err(wrong(".html")),
            #[cfg(feature = "cli")]
            (Value::Report(report, objective), "html") => {
                let picture = picture(report, objective.as_ref()).ok();
                Ok(crate::html::race(report, picture.as_ref()).into_bytes())
            }
            (Value::Training(_) | Value::Report(..), _) => Err(wrong(".json, .ron or .html")),
            (Value::Str(text), _) => Ok(text.as_bytes().to_vec()),
            _ => Err(self.unexpected(place, "a picture, a report or text")),
        }
    }

    /// `load(file)`.
    pub(super) fn load(&mut self, given: &Given, span: Span) -> Result<Value> {
        let Some((value, place)) = &given[0] else {
            return Err(self.unexpected(span, "a file name or the number of a run"));
        };
        let Value::Str(name) = value else {
            return self.kept_report(value, *place);
        };
        let path = self.path(name);
        let cannot = |why: String| {
            Box::new(
                Diagnostic::new(Code::E0503, *place, format!("cannot read `{name}`: {why}"))
                    .here("not read")
                    .help("give a report that `save` wrote as .json or .ron"),
            )
        };
        let bytes = self
            .host
            .read(&path)
            .map_err(|error| cannot(reason(&error)))?;
        let text = String::from_utf8(bytes).map_err(|_| cannot("it is not text".to_owned()))?;
        if text.contains("training_format") {
            let report: lab::Report = parse(name, &text).map_err(cannot)?;
            let (found, read) = (report.training_format, lab::FORMAT);
            return if found == read {
                Ok(Value::Training(Rc::new(report)))
            } else {
                Err(cannot(format!(
                    "its format is {found}, this version reads {read}"
                )))
            };
        }
        let report: Report = parse(name, &text).map_err(cannot)?;
        if report.format != crate::bench::report::FORMAT {
            return Err(cannot(format!(
                "its format is {}, this version reads {}",
                report.format,
                crate::bench::report::FORMAT
            )));
        }
        let objective = self.objective_of(&report);
        Ok(Value::Report(Rc::new(report), objective))
    }

    /// The function of a report, which is drawn under its paths: only where the same one is known here.
    pub(super) fn objective_of(&self, report: &Report) -> Option<Rc<Objective>> {
        match self
            .names
            .get(&report.task.name)
            .and_then(|name| self.scope.get(name, u32::MAX))
        {
            Some(Value::Objective(objective)) if objective.formula() == report.task.formula => {
                Some(Rc::clone(objective))
            }
            Some(_) | None => None,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The picture of a race, over its function where that is known.
#[cfg(feature = "cli")]
fn picture(
    report: &Report,
    objective: Option<&Rc<Objective>>,
) -> std::result::Result<crate::plot::Picture, String> {
    let surface = objective.map(|objective| {
        let objective = Rc::clone(objective);
        move |at: &[f64]| objective.value(at)
    });
    let surface = surface
        .as_ref()
        .map(|surface| surface as &dyn Fn(&[f64]) -> f64);
    crate::plot::Picture::of_report(report, surface).map_err(|error| error.to_string())
}

#[cfg(feature = "cli")]
fn json(report: &impl Serialize, place: Span) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(report)
        .map_err(|error| outside(place, error.to_string(), "save it as .ron"))
}

fn ron(report: &impl Serialize, place: Span) -> Result<Vec<u8>> {
    ron::ser::to_string_pretty(report, ron::ser::PrettyConfig::default())
        .map(String::into_bytes)
        .map_err(|error| outside(place, error.to_string(), "print it instead"))
}

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> std::result::Result<T, String> {
    #[cfg(feature = "cli")]
    if name.to_lowercase().ends_with(".json") {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    let _ = name;
    ron::from_str(text).map_err(|error| error.to_string())
}

/// Why a file operation failed, without the system's numbers.
pub fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error")
                .next()
                .unwrap_or("unknown")
                .to_lowercase()
        }
    }
}
