//! The draws of noise and masks, which many rules need at the same steps.

use crate::engine::noise::Source;

/// The most sequences that are remembered.
const MOST_TABLES: usize = 16;
/// The most steps whose draws are remembered.
const MOST_STEPS: u64 = 1 << 14;
/// Of more coordinates than this nothing is remembered.
const MOST_COORDINATES: usize = 4;

/// The draws of some sequences, each made once for each step.
#[derive(Default, Debug)]
pub(crate) struct Draws {
    tables: Vec<Table>,
}

#[derive(Debug)]
struct Table {
    seed: u64,
    stream: u32,
    coordinates: usize,
    /// Of step 0, 1, …, each with all coordinates.
    rows: Vec<f64>,
}

impl Table {
    fn is_of(&self, source: Source, coordinates: usize) -> bool {
        self.seed == source.seed && self.stream == source.stream && self.coordinates == coordinates
    }
}

impl Draws {
    /// The draws of a step, one a coordinate, where they are remembered.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "most steps find what they look for, and a call would take longer"
    )]
    pub(super) fn known(&self, source: Source, coordinates: usize) -> Option<&[f64]> {
        let is_own = |table: &&Table| table.is_of(source, coordinates);
        let table = self.tables.iter().find(is_own)?;
        let start = usize::try_from(source.step)
            .ok()?
            .checked_mul(coordinates)?;
        table.rows.get(start..start.checked_add(coordinates)?)
    }

    /// Fills a row, one value a coordinate, with what `fill` makes of the source.
    pub(super) fn row(
        &mut self,
        source: Source,
        row: &mut [f64],
        fill: impl Fn(Source, &mut [f64]),
    ) {
        let count = row.len();
        if count > MOST_COORDINATES || source.step >= MOST_STEPS {
            fill(source, row);
            return;
        }
        let step = usize::try_from(source.step).unwrap_or(usize::MAX);
        let is_own = |table: &&mut Table| table.is_of(source, count);
        let Some(table) = self.tables.iter_mut().find(is_own) else {
            fill(source, row);
            self.begin(source, row);
            return;
        };
        let start = step * count;
        if let Some(known) = table.rows.get(start..start + count) {
            for (out, known) in row.iter_mut().zip(known) {
                *out = *known;
            }
            return;
        }
        fill(source, row);
        if start == table.rows.len() {
            table.rows.extend_from_slice(row);
        }
    }

    /// A sequence that is drawn from for the first time.
    fn begin(&mut self, source: Source, row: &[f64]) {
        if source.step > 0 {
            return;
        }
        if self.tables.len() >= MOST_TABLES {
            // The longest is the least likely to have been of one short run.
            let shortest = (0..self.tables.len()).min_by_key(|at| self.tables[*at].rows.len());
            self.tables.swap_remove(shortest.unwrap_or(0));
        }
        self.tables.push(Table {
            seed: source.seed,
            stream: source.stream,
            coordinates: row.len(),
            rows: row.to_vec(),
        });
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the same bits are meant")]
mod tests {
    use super::*;
    use crate::engine::lanes::Remembered;
    use crate::engine::noise::fill_uniform;

    #[test]
    fn draws_are_those_of_the_source() {
        for _ in 0..2 {
            let draws = &mut Remembered::by_thread().draws;
            // More sequences than are remembered; steps in order, again, beyond what is known and beyond what is kept.
            for step in [0, 1, 2, 1, 7, 2, 3, MOST_STEPS, u64::MAX] {
                for seed in 0..20 {
                    for count in [1, 2, 3, 9] {
                        let source = Source {
                            seed: seed / 2,
                            stream: u32::try_from(seed % 2).unwrap_or(0),
                            tensor: 0,
                            step,
                        };
                        let (mut row, mut want) = (vec![0.0; count], vec![0.0; count]);
                        draws.row(source, &mut row, fill_uniform);
                        fill_uniform(source, &mut want);
                        assert_eq!(row, want, "{source:?}");
                        if let Some(known) = draws.known(source, count) {
                            assert_eq!(known, want, "{source:?}");
                        }
                    }
                }
            }
            assert_eq!(draws.tables.len(), MOST_TABLES);
        }
    }

    #[test]
    fn what_was_drawn_is_remembered() {
        let source = |step| Source {
            seed: 77,
            stream: 5,
            tensor: 0,
            step,
        };
        let mut row = [0.0; 2];
        {
            let draws = &mut Remembered::by_thread().draws;
            for step in 0..10 {
                draws.row(source(step), &mut row, fill_uniform);
            }
        }
        let draws = &mut Remembered::by_thread().draws;
        assert!(draws.known(source(9), 2).is_some() && draws.known(source(10), 2).is_none());
        let made = std::cell::Cell::new(0);
        for step in 0..11 {
            draws.row(source(step), &mut row, |source, row| {
                made.set(made.get() + 1);
                fill_uniform(source, row);
            });
        }
        assert_eq!(made.get(), 1);
    }
}
