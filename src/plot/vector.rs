//! Pictures as SVG and PNG.
//!
//! Both come from one scene, so they show the same. The panels stand side by side, with one legend right of them, where it cannot
//! cover data.

use std::sync::Arc;

use kuva::backend::svg::SvgBackend;
use kuva::prelude::{
    ColorMap, ContourPlot, Figure, Layout, LegendEntry, LegendShape, LinePlot, LineStyle,
    MarkerShape, Plot, ScatterPlot, TickFormat,
};
use kuva::render::render::Scene;

use super::axis::Axis;
use super::landscape::share;
use super::look::{self, Look, shortened};
use super::{Curves, Landscape, Picture, PlotError, clip};

/// Width and height of a panel.
const PANEL: (f64, f64) = (520.0, 420.0);

/// Pixels of a PNG per unit of the scene.
const SCALE: f32 = 2.0;

/// The most pixels of a PNG.
const PIXELS: f64 = 2.5e7;

/// The longest line of a legend, and of a title for each panel.
const TEXT_LIMIT: usize = 60;

/// The picture as an SVG document.
pub fn svg(picture: &Picture) -> String {
    renumbered(&SvgBackend.render_scene(&scene(picture)))
}

/// The picture as the bytes of a PNG file.
pub fn png(picture: &Picture) -> Result<Vec<u8>, PlotError> {
    raster(&scene(picture))
}

/// A scene as the bytes of a PNG file, coarser where it is very large.
#[expect(clippy::cast_possible_truncation)] // A scale is a small number.
pub(super) fn raster(scene: &Scene) -> Result<Vec<u8>, PlotError> {
    let most = (PIXELS / (scene.width * scene.height)).sqrt();
    kuva::RasterBackend::new()
        .with_scale(SCALE.min(most as f32))
        .render_scene(scene)
        .map_err(|reason| PlotError::Png { reason })
}

/// Clip paths are numbered by a counter of the process; counted from 0, the same picture is the same text.
fn renumbered(svg: &str) -> String {
    const PREFIX: &str = "kuva-clip-";
    let mut parts = svg.split(PREFIX);
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut seen: Vec<&str> = Vec::new();
    for part in parts {
        let digits = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        let index = seen
            .iter()
            .position(|known| *known == number)
            .unwrap_or_else(|| {
                seen.push(number);
                seen.len() - 1
            });
        text += PREFIX;
        text += &index.to_string();
        text += rest;
    }
    text
}

fn scene(picture: &Picture) -> Scene {
    let mut panels = Vec::new();
    let mut layouts = Vec::new();
    let mut legend = Vec::new();
    let curves = match picture {
        Picture::Report(race) => {
            legend.extend(
                race.curves
                    .series
                    .iter()
                    .enumerate()
                    .map(|(index, series)| line_entry(index, &series.name)),
            );
            if let Some(landscape) = &race.landscape {
                panels.push(landscape_plots(landscape));
                layouts.push(layout(&landscape.x, &landscape.y, false));
                legend.push(marker_entry("start", "#000000", MarkerShape::Square));
                if !landscape.minima.is_empty() {
                    legend.push(marker_entry("minimum", "#000000", MarkerShape::Circle));
                }
            }
            legend.extend(
                race.notes
                    .iter()
                    .map(|note| marker_entry(note, "#888888", MarkerShape::Cross)),
            );
            &race.curves
        }
        Picture::Curves(curves) => {
            legend.extend(
                curves
                    .series
                    .iter()
                    .enumerate()
                    .map(|(index, series)| line_entry(index, &series.name)),
            );
            curves
        }
    };
    let (x, y) = curves.axes();
    panels.push(curve_plots(curves, &x, &y));
    layouts.push(layout(&x, &y, true));
    let columns = panels.len();
    Figure::new(1, columns)
        .with_title(shortened(&curves.title, TEXT_LIMIT * columns))
        .with_title_size(18)
        .with_cell_size(PANEL.0, PANEL.1)
        .with_padding(12.0)
        .with_plots(panels)
        .with_layouts(layouts)
        .with_shared_legend_right_top()
        .with_shared_legend_entries(legend)
        .render()
}

/// A layout for data in the unit square whose ticks say what the axes say.
fn layout(x: &Axis, y: &Axis, has_grid: bool) -> Layout {
    let steps = |axis: &Axis| share(1, axis.ticks().len());
    Layout::new((0.0, 1.0), (0.0, 1.0))
        .with_x_axis_min(0.0)
        .with_x_axis_max(1.0)
        .with_y_axis_min(0.0)
        .with_y_axis_max(1.0)
        .with_x_tick_step(steps(x))
        .with_y_tick_step(steps(y))
        .with_x_tick_format(tick_format(x))
        .with_y_tick_format(tick_format(y))
        .with_x_label(shortened(x.label(), TEXT_LIMIT))
        .with_y_label(shortened(y.label(), TEXT_LIMIT))
        .with_show_grid(has_grid)
        .with_box_axes()
}

fn tick_format(axis: &Axis) -> TickFormat {
    let ticks = axis.ticks().to_vec();
    TickFormat::Custom(Arc::new(move |unit| {
        let index = (0..ticks.len()).find(|index| (share(*index, ticks.len()) - unit).abs() < 1e-6);
        index
            .and_then(|index| ticks.get(index))
            .cloned()
            .unwrap_or_default()
    }))
}

fn curve_plots(curves: &Curves, x: &Axis, y: &Axis) -> Vec<Plot> {
    let mut plots = vec![frame()];
    for (index, series) in curves.series.iter().enumerate().rev() {
        let unit = series
            .points
            .iter()
            .map(|point| (x.unit(point.0), y.unit(point.1)));
        plots.extend(
            clip::pieces(unit)
                .iter()
                .map(|piece| stroke(piece, look::of(index))),
        );
    }
    plots
}

fn landscape_plots(landscape: &Landscape) -> Vec<Plot> {
    let mut plots = vec![frame()];
    if !landscape.levels.is_empty() {
        plots.push(contours(landscape));
    }
    for (index, pieces) in landscape.paths.iter().enumerate().rev() {
        plots.extend(pieces.iter().map(|piece| stroke(piece, look::of(index))));
    }
    let mark = |at: (f64, f64), shape: MarkerShape, fill: &str, size: f64| {
        let plot = ScatterPlot::new().with_data([at]).with_marker(shape);
        plot.with_size(size).with_color(fill).into()
    };
    for (index, pieces) in landscape.paths.iter().enumerate().rev() {
        // Where a run ended: runs in the same valley cover each other, their ends do not.
        if let Some(end) = pieces.last().and_then(|piece| piece.last()) {
            plots.push(mark(*end, MarkerShape::Circle, "#ffffff", 4.2));
            plots.push(mark(*end, MarkerShape::Circle, look::of(index).css, 3.2));
        }
    }
    let starts = [(landscape.start, MarkerShape::Square)];
    let minima = landscape.minima.iter().map(|at| (*at, MarkerShape::Circle));
    for (at, shape) in starts.into_iter().chain(minima) {
        // A white rim keeps a mark apart from the lines under it.
        plots.push(mark(at, shape, "#ffffff", 6.5));
        plots.push(mark(at, shape, "#000000", 5.0));
    }
    plots
}

/// A plot without ink: a panel without plots would lose its axes.
fn frame() -> Plot {
    LinePlot::new().with_data(Vec::<(f64, f64)>::new()).into()
}

fn contours(landscape: &Landscape) -> Plot {
    let row = |count: usize| {
        (0..count)
            .map(|index| share(index, count))
            .collect::<Vec<_>>()
    };
    let (rows, columns) = (
        landscape.heights.len(),
        landscape.heights.first().map_or(0, Vec::len),
    );
    // Deep is dark, so that a valley is seen as one.
    let grey = ColorMap::Custom(Arc::new(|height: f64| {
        let shade = 120.0 + 105.0 * height.clamp(0.0, 1.0);
        format!("rgb({shade:.0},{shade:.0},{shade:.0})")
    }));
    ContourPlot::new()
        .with_grid(landscape.heights.clone(), row(columns), row(rows))
        .with_levels(&landscape.levels)
        .with_colormap(grey)
        .with_line_width(1.0)
        .into()
}

fn stroke(piece: &[(f64, f64)], look: Look) -> Plot {
    if let [point] = piece {
        return ScatterPlot::new()
            .with_data([*point])
            .with_size(3.0)
            .with_color(look.css)
            .into();
    }
    let style = look.dashes.map_or(LineStyle::Solid, |dashes| {
        LineStyle::Custom(dashes.to_owned())
    });
    LinePlot::new()
        .with_data(piece.iter().copied())
        .with_color(look.css)
        .with_stroke_width(1.8)
        .with_line_style(style)
        .into()
}

fn line_entry(index: usize, name: &str) -> LegendEntry {
    let look = look::of(index);
    LegendEntry {
        label: shortened(name, TEXT_LIMIT),
        color: look.css.to_owned(),
        shape: LegendShape::Line,
        dasharray: look.dashes.map(str::to_owned),
    }
}

fn marker_entry(label: &str, fill: &str, shape: MarkerShape) -> LegendEntry {
    LegendEntry {
        label: shortened(label, TEXT_LIMIT),
        color: fill.to_owned(),
        shape: LegendShape::Marker(shape),
        dasharray: None,
    }
}
