//! Lines cut at the edge of the unit square.
//!
//! Diverging runs leave the picture by many orders of magnitude; renderers get only the part inside, as pieces.

/// The parts of a polyline inside the unit square; points that are not finite interrupt it.
pub(super) fn pieces(points: impl IntoIterator<Item = (f64, f64)>) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut previous: Option<(f64, f64)> = None;
    let mut is_open = false;
    for point in points {
        if !(point.0.is_finite() && point.1.is_finite()) {
            previous = None;
            is_open = false;
            continue;
        }
        match previous {
            None if is_inside(point) => {
                pieces.push(vec![point]);
                is_open = true;
            }
            None => {}
            Some(from) => match segment(from, point) {
                Some((start, end)) => {
                    if !is_open {
                        pieces.push(vec![start]);
                    }
                    if let Some(piece) = pieces.last_mut() {
                        piece.push(end);
                    }
                    is_open = is_inside(point);
                }
                None => is_open = false,
            },
        }
        previous = Some(point);
    }
    pieces
}

/// Whether the point lies in the unit square, edges included.
pub(super) fn is_inside((x, y): (f64, f64)) -> bool {
    (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)
}

type Segment = ((f64, f64), (f64, f64));

/// The part of a segment inside the unit square, by Liang and Barsky.
fn segment(from: (f64, f64), to: (f64, f64)) -> Option<Segment> {
    if is_inside(from) && is_inside(to) {
        return Some((from, to));
    }
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (step, room) in [
        (-dx, from.0),
        (dx, 1.0 - from.0),
        (-dy, from.1),
        (dy, 1.0 - from.1),
    ] {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
            continue;
        }
        let ratio = room / step;
        if step < 0.0 {
            enter = enter.max(ratio);
        } else {
            leave = leave.min(ratio);
        }
    }
    let at = |ratio: f64| {
        (
            (from.0 + ratio * dx).clamp(0.0, 1.0),
            (from.1 + ratio * dy).clamp(0.0, 1.0),
        )
    };
    (enter < leave).then(|| {
        let start = if enter > 0.0 { at(enter) } else { from };
        let end = if leave < 1.0 { at(leave) } else { to };
        (start, end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_through_the_square_is_cut_at_both_edges() {
        assert_eq!(
            pieces([(-1.0, 0.5), (2.0, 0.5)]),
            [[(0.0, 0.5), (1.0, 0.5)]]
        );
    }

    #[test]
    fn line_that_leaves_and_returns_is_two_pieces() {
        let path = [(0.5, 0.5), (1.5, 0.5), (1.5, 0.2), (0.5, 0.2)];
        assert_eq!(
            pieces(path),
            [[(0.5, 0.5), (1.0, 0.5)], [(1.0, 0.2), (0.5, 0.2)]]
        );
    }

    #[test]
    fn nan_interrupts_a_line() {
        let path = [(0.1, 0.1), (f64::NAN, 0.1), (0.2, 0.2), (0.3, 0.3)];
        assert_eq!(
            pieces(path),
            [vec![(0.1, 0.1)], vec![(0.2, 0.2), (0.3, 0.3)]]
        );
    }

    #[test]
    fn line_outside_has_no_pieces() {
        assert!(pieces([(2.0, 2.0), (3.0, 1.5), (1e300, -1e300)]).len() <= 1);
        assert!(pieces([(2.0, 2.0), (3.0, 3.0)]).is_empty());
    }
}
