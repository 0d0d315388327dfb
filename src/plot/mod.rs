//! Pictures of reports and curves, and of computation graphs.
//!
//! A [`Picture`] is data: what to show, with every number already chosen. The renderings ([`terminal`], [`svg`], [`png`]) decide
//! only how it looks, so all of them show the same thing. Everything here is pure: width and colour are parameters, results are
//! text or bytes.
//!
//! Both kinds of rendering get their data in the unit square, scaled and clipped by `axis` and `clip`. Drawing libraries
//! meet neither huge numbers nor NaN that way, and logarithmic axes reach as low as optimizers do (1e-30 is not rare).

mod axis;
mod clip;
mod diagram;
mod error;
mod landscape;
mod layers;
mod look;
mod of_report;
mod of_search;
mod of_training;
mod terminal;
mod vector;

#[cfg(test)]
mod tests;

pub use diagram::{diagram_png, diagram_svg};
pub use error::PlotError;
pub use landscape::Landscape;
pub use terminal::terminal;
pub use vector::{png, svg};

use axis::Axis;

/// Something to look at.
#[derive(Clone, Debug)]
pub enum Picture {
    /// A benchmark: the value of each rule at its best learning rate and, for two coordinates, the way it took.
    Report(Race),
    /// Any curves over one axis, such as schedules over a run.
    Curves(Curves),
}

/// Curves over one horizontal axis.
#[derive(Clone, PartialEq, Debug)]
pub struct Curves {
    /// What is shown.
    pub title: String,
    /// What the horizontal axis counts.
    pub x_label: String,
    /// What the vertical axis measures.
    pub y_label: String,
    /// The curves; the first is drawn on top.
    pub series: Vec<Series>,
    /// Whether the vertical axis is logarithmic; points that are not positive are left out then.
    pub log_y: bool,
}

/// A named list of points; a point that is not finite interrupts the line.
#[derive(Clone, PartialEq, Debug)]
pub struct Series {
    /// What the legend says.
    pub name: String,
    /// The points, in drawing order.
    pub points: Vec<(f64, f64)>,
}

/// The rules of a report against each other.
#[derive(Clone, Debug)]
pub struct Race {
    /// Value versus step, one curve a rule.
    pub curves: Curves,
    /// The ways the rules took, in the order of the curves; only with two coordinates.
    pub landscape: Option<Box<Landscape>>,
    /// What the legend adds, such as the rules that failed.
    pub notes: Vec<String>,
}

/// A function of several coordinates.
pub type Surface<'a> = dyn Fn(&[f64]) -> f64 + 'a;

impl Curves {
    fn axes(&self) -> (Axis, Axis) {
        let drawn = || {
            let points = self.series.iter().flat_map(|series| &series.points);
            points.filter(|(x, y)| {
                axis::is_drawn(*x) && axis::is_drawn(*y) && (!self.log_y || *y > 0.0)
            })
        };
        let x = Axis::linear(&self.x_label, drawn().map(|point| point.0));
        let y_values = drawn().map(|point| point.1);
        let y = if self.log_y {
            Axis::log(&self.y_label, y_values)
        } else {
            Axis::linear(&self.y_label, y_values)
        };
        (x, y)
    }
}
