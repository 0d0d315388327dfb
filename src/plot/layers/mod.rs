//! Where the parts of a diagram lie in a picture.
//!
//! A layered drawing after Sugiyama, Tagawa and Toda 1981: a part lies one row below the lowest of its readers; lines that skip rows
//! pass through places of their own; rows are ordered to cross few lines, starting from the order of the arguments; then every place
//! goes as near to its neighbours as the order allows. Lines of one part share their places, so a picture grows with its
//! parts times its rows and no faster.

mod order;

use crate::ir::Part;

/// The least distance between neighbours in a row.
const GAP: f64 = 18.0;

/// The width of a place where lines pass.
const LINE: f64 = 6.0;

/// How often the order and the places of all rows are improved.
const SWEEPS: usize = 16;

/// The parts of a diagram in rows, the update alone in the first.
pub(super) struct Layers {
    pub(super) spots: Vec<Spot>,
    /// The spots of each row, from left to right.
    pub(super) rows: Vec<Vec<usize>>,
}

/// A part, or a place where the lines of a part pass a row.
pub(super) struct Spot {
    pub(super) part: usize,
    pub(super) is_line: bool,
    pub(super) row: usize,
    /// The middle.
    pub(super) x: f64,
    pub(super) width: f64,
    /// What is above: the readers in the row above, and the way to those further up.
    pub(super) above: Vec<Link>,
    /// What is below, in the order of the arguments.
    pub(super) below: Vec<Link>,
}

/// A line between neighbouring rows.
#[derive(Clone, Copy)]
pub(super) struct Link {
    /// The spot at the other end.
    pub(super) spot: usize,
    /// Where it meets the upper one, from that one's middle.
    pub(super) port: f64,
}

impl Layers {
    /// Arranges parts that are as wide as this; the left edge is at 0.
    pub(super) fn new(parts: &[Part], width: impl Fn(&Part) -> f64) -> Self {
        let mut layers = Self {
            spots: Vec::new(),
            rows: Vec::new(),
        };
        layers.place(parts, width);
        layers.order();
        layers.spread();
        layers
    }

    /// The right edge.
    pub(super) fn right(&self) -> f64 {
        let edges = self.spots.iter().map(|spot| spot.x + spot.width / 2.0);
        edges.fold(0.0, f64::max)
    }

    /// Whether a part's arguments lie from left to right.
    pub(super) fn is_in_order(&self, spot: &Spot) -> bool {
        spot.below
            .is_sorted_by(|a, b| self.spots[a.spot].x <= self.spots[b.spot].x)
    }

    /// Makes all spots and links, with the rows in order of a walk from the update through arguments in order.
    fn place(&mut self, parts: &[Part], width: impl Fn(&Part) -> f64) {
        let mut rows = vec![0; parts.len()];
        let mut readers: Vec<Vec<(usize, usize)>> = vec![Vec::new(); parts.len()];
        for (index, part) in parts.iter().enumerate().rev() {
            for (place, arg) in part.args.iter().enumerate() {
                rows[*arg] = rows[*arg].max(rows[index] + 1);
                readers[*arg].push((index, place));
            }
        }
        for (index, part) in parts.iter().enumerate() {
            self.spots
                .push(Spot::new(index, false, rows[index], width(part)));
        }
        for (index, readers) in readers.iter().enumerate() {
            let first = readers.iter().map(|(reader, _)| rows[*reader]).min();
            let Some(first) = first else { continue };
            // One way up for all readers: the spots of the rows below the highest one, from the top.
            let passing = first + 1..rows[index];
            let mut way: Vec<usize> = passing
                .map(|row| {
                    self.spots.push(Spot::new(index, true, row, LINE));
                    self.spots.len() - 1
                })
                .collect();
            way.push(index);
            for pair in way.windows(2) {
                self.link(pair[0], pair[1], 0.0);
            }
            for (reader, place) in readers {
                let port = port(self.spots[*reader].width, *place, parts[*reader].args.len());
                self.link(*reader, way[rows[*reader] - first], port);
            }
        }
        self.rows = vec![Vec::new(); rows.iter().max().map_or(0, |last| last + 1)];
        let mut is_seen = vec![false; self.spots.len()];
        let mut stack = vec![parts.len() - 1];
        while let Some(index) = stack.pop() {
            if std::mem::replace(&mut is_seen[index], true) {
                continue;
            }
            let spot = &mut self.spots[index];
            self.rows[spot.row].push(index);
            spot.below.sort_by(|a, b| a.port.total_cmp(&b.port));
            stack.extend(spot.below.iter().rev().map(|link| link.spot));
        }
    }

    fn link(&mut self, upper: usize, lower: usize, port: f64) {
        self.spots[lower].above.push(Link { spot: upper, port });
        self.spots[upper].below.push(Link { spot: lower, port });
    }

    /// Gives every spot its middle.
    fn spread(&mut self) {
        for row in &self.rows {
            let mut edge = 0.0;
            for index in row {
                let spot = &mut self.spots[*index];
                spot.x = edge + spot.width / 2.0;
                edge += spot.width + GAP;
            }
        }
        let count = self.rows.len();
        for step in 0..3 * SWEEPS * count {
            let (sweep, step) = (step / count, step % count);
            self.settle(if sweep.is_multiple_of(2) {
                step
            } else {
                count - 1 - step
            });
        }
        let edges = self.spots.iter().map(|spot| spot.x - spot.width / 2.0);
        let left = edges.fold(f64::INFINITY, f64::min);
        for spot in &mut self.spots {
            spot.x -= left;
        }
    }

    /// Moves the spots of a row to where they are nearest to all they are linked to (least squares), in their order and apart.
    fn settle(&mut self, row: usize) {
        // Runs of spots that touch: the sum of the weighted wishes, the weight, and how many there are. Each wish is for the place
        // less what the spots before take up, so that keeping apart means keeping in order.
        let mut runs: Vec<(f64, f64, usize)> = Vec::new();
        let mut taken = Vec::with_capacity(self.rows[row].len());
        let mut edge = 0.0;
        for index in &self.rows[row] {
            let spot = &self.spots[*index];
            taken.push(edge + spot.width / 2.0);
            edge += spot.width + GAP;
            let (mut sum, mut weight) = (1e-6 * spot.x, 1e-6);
            let mut wish = |link: &Link, place: f64| {
                // A line that passes rows should be straight.
                let pull = if spot.is_line && self.spots[link.spot].is_line {
                    8.0
                } else {
                    1.0
                };
                sum += pull * place;
                weight += pull;
            };
            for link in &spot.above {
                wish(link, self.spots[link.spot].x + link.port);
            }
            for link in &spot.below {
                wish(link, self.spots[link.spot].x - link.port);
            }
            let mut run = (sum - weight * taken[taken.len() - 1], weight, 1);
            while let Some(last) = runs.pop_if(|last| last.0 / last.1 > run.0 / run.1) {
                run = (run.0 + last.0, run.1 + last.1, run.2 + last.2);
            }
            runs.push(run);
        }
        let places = runs
            .iter()
            .flat_map(|run| std::iter::repeat_n(run.0 / run.1, run.2));
        for ((index, place), taken) in self.rows[row].iter().zip(places).zip(taken) {
            self.spots[*index].x = place + taken;
        }
    }
}

impl Spot {
    fn new(part: usize, is_line: bool, row: usize, width: f64) -> Self {
        Self {
            part,
            is_line,
            row,
            x: 0.0,
            width,
            above: Vec::new(),
            below: Vec::new(),
        }
    }
}

/// The row of a step of a sweep: down and up in turn.
fn turned(sweep: usize, step: usize, count: usize) -> usize {
    if sweep.is_multiple_of(2) {
        step
    } else {
        count - 1 - step
    }
}

/// Where the line to an argument leaves a part, from its middle: in order from left to right.
fn port(width: f64, place: usize, count: usize) -> f64 {
    let share = (small(place) + 0.5) / small(count) - 0.5;
    share * (width * 0.7)
}

fn small(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::PartKind;

    fn part(args: &[usize]) -> Part {
        Part {
            label: String::new(),
            kind: PartKind::Binary,
            args: args.to_vec(),
        }
    }

    fn arranged(parts: &[&[usize]]) -> Layers {
        let parts: Vec<Part> = parts.iter().map(|args| part(args)).collect();
        Layers::new(&parts, |_| 40.0)
    }

    #[test]
    fn tree_has_no_crossings_and_readers_in_the_middle() {
        let layers = arranged(&[&[], &[], &[0, 1], &[], &[2, 3]]);
        assert_eq!(layers.rows, [vec![4], vec![2, 3], vec![0, 1]]);
        assert_eq!(layers.crossings(), 0);
        let x = |index: usize| layers.spots[index].x;
        assert!((x(2) - f64::midpoint(x(0), x(1))).abs() < 1.0);
    }

    #[test]
    fn line_to_a_far_reader_passes_the_rows_between() {
        let layers = arranged(&[&[], &[0], &[1, 0]]);
        assert_eq!(layers.spots.len(), 4);
        assert!(layers.spots[3].is_line && layers.spots[3].row == 1);
        assert_eq!(layers.rows[1], [1, 3]);
    }

    #[test]
    fn crossing_is_taken_out() {
        // Readers of 0 and 1 in turn: met from the left in an order that crosses.
        let layers = arranged(&[&[], &[], &[1], &[0], &[0, 1], &[2, 3, 4]]);
        assert_eq!((layers.crossings(), &layers.rows[2]), (2, &vec![0, 1]));
    }

    #[test]
    fn arguments_keep_their_order_at_the_same_price() {
        let layers = arranged(&[&[], &[], &[0], &[1, 0], &[2, 3]]);
        assert_eq!(layers.rows[2], [1, 0]);
        assert!(layers.is_in_order(&layers.spots[3]));
    }

    #[test]
    fn spots_of_a_row_keep_apart() {
        let many: Vec<usize> = (0..30).collect();
        let mut parts: Vec<&[usize]> = vec![&[]; 30];
        parts.push(&many);
        let layers = arranged(&parts);
        for pair in layers.rows[1].windows(2) {
            let (a, b) = (&layers.spots[pair[0]], &layers.spots[pair[1]]);
            assert!(b.x - a.x >= 40.0 + GAP - 1e-6);
        }
    }

    #[test]
    fn dense_graph_is_arranged() {
        // Chains as deep as there are parts, with lines from everywhere to everywhere.
        let parts: Vec<Part> = (0..200usize)
            .map(|i| part(&[i.saturating_sub(1), i / 2, 0][..3 * usize::from(i > 0)]))
            .collect();
        let layers = Layers::new(&parts, |_| 40.0);
        assert_eq!(layers.rows.len(), 200);
        for pair in layers.rows.iter().flat_map(|row| row.windows(2)) {
            let (a, b) = (&layers.spots[pair[0]], &layers.spots[pair[1]]);
            assert!(b.x - a.x >= f64::midpoint(a.width, b.width) + GAP - 1e-6);
        }
    }
}
