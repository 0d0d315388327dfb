//! Computation graphs as SVG and PNG, in the colours of Figure 2 of Bello et al. 2017.

use kuva::backend::svg::SvgBackend;
use kuva::render::render::{Primitive, Scene, TextAnchor};

use super::PlotError;
use super::landscape::share;
use super::layers::{Layers, Spot};
use super::look::shortened;
use super::vector::raster;
use crate::ir::{Diagram, Part, PartKind};

/// The most parts that are drawn; with more, boxes are too many to follow the lines between.
const MOST: usize = 200;

/// The longest name over a picture.
const TEXT_LIMIT: usize = 60;

const MARGIN: f64 = 16.0;
const TITLE: f64 = 36.0;
const BOX: f64 = 30.0;
const PITCH: f64 = 62.0;
const LETTER: f64 = 8.8;
/// The pieces of a curve.
const BENDS: usize = 12;
const LINES: &str = "#666666";

/// The diagram as an SVG document.
pub fn diagram_svg(diagram: &Diagram) -> String {
    SvgBackend::new().render_scene(&scene(diagram))
}

/// The diagram as the bytes of a PNG file.
///
/// # Errors
/// What the encoder said.
pub fn diagram_png(diagram: &Diagram) -> Result<Vec<u8>, PlotError> {
    raster(&scene(diagram))
}

fn scene(diagram: &Diagram) -> Scene {
    let diagram = diagram.nearest(MOST);
    let parts = diagram.parts();
    let layers = Layers::new(parts, width);
    let title = shortened(diagram.name(), TEXT_LIMIT);
    let note = match diagram.left_out() {
        0 => String::new(),
        count => format!("… {count} of {} parts left out", count + MOST),
    };
    let right = layers
        .right()
        .max(text_width(&title))
        .max(text_width(&note));
    let bottom =
        top(layers.rows.len() - 1) + BOX + MARGIN * if note.is_empty() { 1.0 } else { 2.5 };
    let mut scene = Scene::new(right + 2.0 * MARGIN, bottom);
    scene.font_family = Some("DejaVu Sans, Verdana, sans-serif".to_owned());
    // What is narrower than its title stands in the middle.
    let left = MARGIN + (right - layers.right()) / 2.0;
    let middle = MARGIN + right / 2.0;
    for spot in &layers.spots {
        lines(&layers, spot, left, &mut scene);
    }
    let update = parts.len() - 1;
    for spot in layers.spots.iter().filter(|spot| !spot.is_line) {
        let stroke = if spot.part == update { 2.5 } else { 1.0 };
        boxed(&parts[spot.part], spot, left, stroke, &mut scene);
        order(&layers, spot, left, &mut scene);
    }
    scene.add(text(title, middle, MARGIN + 12.0, 16));
    if !note.is_empty() {
        scene.add(text(note, middle, bottom - MARGIN + 4.0, 13));
    }
    scene
}

fn width(part: &Part) -> f64 {
    (text_width(&part.label) + 16.0).max(BOX + 6.0)
}

fn text_width(text: &str) -> f64 {
    text.chars().map(|_| LETTER).sum()
}

/// The upper edge of a row.
fn top(row: usize) -> f64 {
    (0..row).map(|_| PITCH).sum::<f64>() + MARGIN + TITLE
}

/// The lines from a spot up, and through it where it is just a place that they pass.
fn lines(layers: &Layers, spot: &Spot, left: f64, scene: &mut Scene) {
    let (x, y) = (left + spot.x, top(spot.row));
    for link in &spot.above {
        let upper = &layers.spots[link.spot];
        let (from, at) = (left + upper.x + link.port, top(upper.row) + BOX);
        // A curve that leaves both ends straight up and down. Drawing libraries disagree on how fine curves are: points do not.
        let points = (0..=BENDS).map(|step| {
            let done = share(step, BENDS + 1);
            let eased = done * done * (3.0 - 2.0 * done);
            (from + (x - from) * eased, at + (y - at) * done)
        });
        scene.add(line(points.collect()));
    }
    if spot.is_line {
        scene.add(line(vec![(x, y), (x, y + BOX)]));
    }
}

fn line(points: Vec<(f64, f64)>) -> Primitive {
    Primitive::PolyLine {
        points,
        stroke: LINES.into(),
        stroke_width: 1.4,
        stroke_dasharray: None,
    }
}

/// The places of a part's arguments as small numbers under it, where they do not lie in their order: `a / b` is not `b / a`.
fn order(layers: &Layers, spot: &Spot, left: f64, scene: &mut Scene) {
    if layers.is_in_order(spot) {
        return;
    }
    let mut ports: Vec<f64> = spot.below.iter().map(|link| link.port).collect();
    ports.sort_by(f64::total_cmp);
    for (digit, port) in ('1'..).zip(ports) {
        let side = if port > 0.0 { 6.0 } else { -6.0 };
        let x = left + spot.x + port + side;
        scene.add(text(digit.to_string(), x, top(spot.row) + BOX + 10.0, 9));
    }
}

fn boxed(part: &Part, spot: &Spot, left: f64, stroke: f64, scene: &mut Scene) {
    let (x, y) = (left + spot.x, top(spot.row));
    let fill = match part.kind {
        PartKind::Operand => Some("#cfe2f3"),
        PartKind::Unary => Some("#fff2cc"),
        PartKind::Binary => Some("#e0e0e0"),
        PartKind::LeftOut => None,
    };
    if let Some(fill) = fill {
        scene.add(Primitive::Rect {
            x: x - spot.width / 2.0,
            y,
            width: spot.width,
            height: BOX,
            fill: fill.into(),
            stroke: Some(LINES.into()),
            stroke_width: Some(stroke),
            opacity: None,
        });
    }
    scene.add(text(part.label.clone(), x, y + BOX / 2.0 + 5.0, 14));
}

fn text(content: String, x: f64, y: f64, size: u32) -> Primitive {
    Primitive::Text {
        x,
        y,
        content,
        size,
        anchor: TextAnchor::Middle,
        rotate: None,
        bold: false,
        color: None,
    }
}
