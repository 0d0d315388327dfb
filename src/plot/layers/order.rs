//! The order of each row, so that few lines cross: neighbours' means and exchanges, after Sugiyama, Tagawa and Toda 1981.

use super::{Layers, Link, SWEEPS, Spot, small, turned};

/// How many crossings are better than arguments out of order.
const SWAP: usize = 2;

impl Layers {
    /// Orders the rows: each spot goes to the mean place of those it is linked to, down and up in turn, and neighbours change places
    /// where that is better; the best order stays.
    pub(super) fn order(&mut self) {
        let mut best = (self.crossings(), self.rows.clone());
        let count = self.rows.len();
        for sweep in 0..SWEEPS {
            if best.0 == 0 {
                break;
            }
            let is_down = sweep.is_multiple_of(2);
            let mut places = self.places();
            for step in 0..count {
                let mut row = std::mem::take(&mut self.rows[turned(sweep, step, count)]);
                let key = |index: &usize| {
                    let spot = &self.spots[*index];
                    let links = if is_down { &spot.above } else { &spot.below };
                    let sign = if is_down { 1.0 } else { -1.0 };
                    let ends = links
                        .iter()
                        .map(|link| places[link.spot] + sign * fine(link.port));
                    match links.len() {
                        0 => places[*index],
                        count => ends.sum::<f64>() / small(count),
                    }
                };
                row.sort_by(|a, b| key(a).total_cmp(&key(b)));
                for right in 1..row.len() {
                    let (a, b) = (row[right - 1], row[right]);
                    if self.cost(b, a, &places) < self.cost(a, b, &places) {
                        row.swap(right - 1, right);
                    }
                }
                for (place, index) in row.iter().enumerate() {
                    places[*index] = small(place);
                }
                self.rows[turned(sweep, step, count)] = row;
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            }
        }
        self.rows = best.1;
    }

    /// What crosses when the first of two spots lies left of the second.
    fn cost(&self, left: usize, right: usize, places: &[f64]) -> usize {
        let (left, right) = (&self.spots[left], &self.spots[right]);
        let mut cost = 0;
        for a in &left.above {
            for b in &right.above {
                let end = |link: &Link| places[link.spot] + fine(link.port);
                let worth = if a.spot == b.spot { 1 + SWAP } else { 1 };
                cost += usize::from(end(a) > end(b)) * worth;
            }
        }
        for a in &left.below {
            for b in &right.below {
                cost += usize::from(places[a.spot] > places[b.spot]);
            }
        }
        cost
    }

    /// The place of each spot in its row.
    fn places(&self) -> Vec<f64> {
        let mut places = vec![0.0; self.spots.len()];
        for (place, index) in self.rows.iter().flat_map(|row| row.iter().enumerate()) {
            places[*index] = small(place);
        }
        places
    }

    /// How many pairs of lines cross; those that change the order of arguments count more.
    pub(super) fn crossings(&self) -> usize {
        let places = self.places();
        let is_swapped = |pair: &&[Link]| places[pair[0].spot] > places[pair[1].spot];
        let swapped = |spot: &Spot| spot.below.windows(2).filter(is_swapped).count();
        let mut count = SWAP * self.spots.iter().map(swapped).sum::<usize>();
        for row in &self.rows {
            // The upper ends of the lines so far, in order.
            let mut ends: Vec<f64> = Vec::new();
            for index in row {
                let above = &self.spots[*index].above;
                let mut own: Vec<f64> = above
                    .iter()
                    .map(|link| places[link.spot] + fine(link.port))
                    .collect();
                own.sort_by(f64::total_cmp);
                for end in own.iter().rev() {
                    let before = ends.partition_point(|other| other <= end);
                    count += ends.len() - before;
                }
                ends.extend(own);
                ends.sort_by(f64::total_cmp);
            }
        }
        count
    }
}

/// A port next to a place in a row: it decides between lines that end at one spot.
fn fine(port: f64) -> f64 {
    port * 1e-4
}
