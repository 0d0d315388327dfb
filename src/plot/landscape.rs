//! A function of two coordinates with the ways that runs took over it.
//!
//! The box is chosen from the start and the known minima. A path may widen it a little; one that diverges leaves the picture
//! instead of shrinking everything else to a dot.

use super::axis::{Axis, ends, is_drawn};
use super::{Surface, clip};

/// Columns and rows of the grid on which a function is sampled.
const GRID: (u32, u32) = (160, 120);

/// How many lines of equal height are drawn at most.
const LEVELS: u32 = 10;

/// The contours of a function, the start, the minima and the ways of several runs.
///
/// Points and paths are in the unit square of the box.
#[derive(Clone, Debug)]
pub struct Landscape {
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// Decimal logarithms of the height above the least value, a row per y from the low end; empty without a function.
    /// Every one is finite: what cannot be drawn stands at the top.
    pub(super) heights: Vec<Vec<f64>>,
    /// The heights of the contours, ascending, evenly spaced.
    pub(super) levels: Vec<f64>,
    pub(super) start: (f64, f64),
    /// The known minima inside the box.
    pub(super) minima: Vec<(f64, f64)>,
    /// A path per run, cut at the edges of the box.
    pub(super) paths: Vec<Vec<Vec<(f64, f64)>>>,
}

/// What a landscape is made from.
pub(super) struct Sketch<'a> {
    pub(super) labels: [&'a str; 2],
    pub(super) start: (f64, f64),
    pub(super) minima: Vec<(f64, f64)>,
    pub(super) paths: Vec<Vec<(f64, f64)>>,
    pub(super) least: Option<f64>,
}

impl Landscape {
    pub(super) fn new(sketch: &Sketch<'_>, surface: Option<&Surface<'_>>) -> Self {
        let [x, y] = frame(sketch);
        let x = Axis::snug(sketch.labels[0], x.into_iter());
        let y = Axis::snug(sketch.labels[1], y.into_iter());
        let unit = |point: &(f64, f64)| (x.unit(point.0), y.unit(point.1));
        let (heights, levels) = match surface {
            Some(surface) => relief(&x, &y, surface, sketch.least),
            None => (Vec::new(), Vec::new()),
        };
        let minima = sketch
            .minima
            .iter()
            .map(unit)
            .filter(|point| clip::is_inside(*point));
        Self {
            heights,
            levels,
            start: unit(&sketch.start),
            minima: minima.collect(),
            paths: sketch
                .paths
                .iter()
                .map(|path| clip::pieces(path.iter().map(unit)))
                .collect(),
            x,
            y,
        }
    }

    /// Points of the unit square along at most so many contours, dense enough for dots of a terminal.
    pub(super) fn dots(&self, contours: usize) -> Vec<(f64, f64)> {
        let stride = self.levels.len().div_ceil(contours.max(1)).max(1);
        let levels: Vec<f64> = self.levels.iter().copied().step_by(stride).collect();
        let band = |height: f64| levels.partition_point(|level| *level <= height);
        let (mut dots, rows) = (Vec::new(), self.heights.len());
        for (row, heights) in self.heights.iter().enumerate() {
            let above = self.heights.get(row + 1);
            for (column, height) in heights.iter().enumerate() {
                let here = band(*height);
                let is_edge = |other: Option<&f64>| other.is_some_and(|other| band(*other) != here);
                if is_edge(heights.get(column + 1))
                    || is_edge(above.and_then(|above| above.get(column)))
                {
                    dots.push((share(column, heights.len()), share(row, rows)));
                }
            }
        }
        dots
    }
}

/// The place of one of several points spread over the unit interval.
#[expect(clippy::cast_precision_loss)] // Counts of grid points and ticks are small.
pub(super) fn share(index: usize, count: usize) -> f64 {
    index as f64 / (count.max(2) - 1) as f64
}

/// The ends of the box in both directions.
fn frame(sketch: &Sketch<'_>) -> [[f64; 2]; 2] {
    let mut anchors = vec![sketch.start];
    anchors.extend(&sketch.minima);
    if sketch.minima.is_empty() {
        anchors.extend(sketch.paths.iter().filter_map(|path| path.last()));
    }
    anchors.retain(|(x, y)| is_drawn(*x) && is_drawn(*y));
    let span = |side: fn(&(f64, f64)) -> f64| ends(anchors.iter().map(side)).unwrap_or((0.0, 1.0));
    let spans = [span(|point| point.0), span(|point| point.1)];
    let widest = spans
        .iter()
        .map(|(low, high)| high - low)
        .fold(0.0, f64::max);
    let size = if widest > 0.0 {
        widest
    } else {
        spans
            .iter()
            .map(|(low, _)| low.abs())
            .fold(0.0, f64::max)
            .max(1.0)
    };
    // No side is much shorter than the other, and no anchor lies on an edge.
    let room = spans.map(|(low, high)| {
        0.2 * (high - low).max(size * 0.75) + 0.5 * (size * 0.75 - (high - low)).max(0.0)
    });
    let near = |index: usize, value: f64| {
        let (low, high) = spans[index];
        let reach = 1.5 * room[index] + 0.3 * (high - low);
        (low - reach..=high + reach).contains(&value)
    };
    let visited: Vec<_> = sketch
        .paths
        .iter()
        .flatten()
        .filter(|point| near(0, point.0) && near(1, point.1))
        .collect();
    let side = |index: usize, side: fn(&(f64, f64)) -> f64| {
        let (low, high) = spans[index];
        let own = [low - room[index], high + room[index]];
        let all = own
            .into_iter()
            .chain(visited.iter().map(|point| side(point)));
        let (low, high) = ends(all).unwrap_or((0.0, 1.0));
        [low, high]
    };
    [side(0, |point| point.0), side(1, |point| point.1)]
}

/// Heights on the grid and the contours worth drawing.
fn relief(
    x: &Axis,
    y: &Axis,
    surface: &Surface<'_>,
    least: Option<f64>,
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let place = |index: u32, count: u32| f64::from(index) / f64::from(count - 1);
    let sample = |row: u32| {
        let y = y.value(place(row, GRID.1));
        let column = |column: u32| surface(&[x.value(place(column, GRID.0)), y]);
        (0..GRID.0).map(column).collect::<Vec<_>>()
    };
    let values: Vec<Vec<f64>> = (0..GRID.1).map(sample).collect();
    let mut sorted: Vec<f64> = values
        .iter()
        .flatten()
        .copied()
        .filter(|value| is_drawn(*value))
        .collect();
    sorted.sort_by(f64::total_cmp);
    let lowest = sorted.first().copied().unwrap_or(0.0);
    let base = least.filter(|least| *least <= lowest).unwrap_or(lowest);
    let part = |hundredths: usize| {
        sorted
            .get(sorted.len() * hundredths / 100)
            .map_or(0.0, |value| value - base)
    };
    let top = sorted.last().map_or(0.0, |value| value - base);
    // A contour around the lowest fiftieth of the box still has samples inside, and the highest leaves the corners alone.
    let (low, high) = (part(2).max(top * 1e-6), part(90));
    if !(low > 0.0 && high > low * 1.001 && top.is_finite()) {
        return (Vec::new(), Vec::new());
    }
    let (low, high) = (low.log10(), high.log10());
    let levels: Vec<f64> = (0..LEVELS)
        .map(|index| low + place(index, LEVELS) * (high - low))
        .collect();
    let (floor, ceiling) = (low - 1.0, top.log10().max(high) + 0.1);
    let height = |value: f64| {
        if is_drawn(value) {
            (value - base).max(0.0).log10().max(floor)
        } else {
            ceiling
        }
    };
    let heights = values
        .iter()
        .map(|row| row.iter().map(|value| height(*value)).collect());
    (heights.collect(), levels)
}
