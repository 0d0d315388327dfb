//! A table that gives equal things one number.
//!
//! The things themselves live in arrays of their owner; the table knows only their hashes and finds the number of one that the owner calls
//! equal. Numbers are given in order, and the newest can be taken back.

use rustc_hash::FxHashMap;

const NONE: u32 = u32::MAX;

#[derive(Clone, Default, Debug)]
pub(super) struct Table {
    newest: FxHashMap<u64, u32>,
    entries: Vec<(u64, u32)>,
}

impl Table {
    /// The number of an entry with this hash that is equal.
    pub(super) fn find(&self, hash: u64, mut is_equal: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut entry = *self.newest.get(&hash)?;
        while entry != NONE {
            if is_equal(entry) {
                return Some(entry);
            }
            entry = self.entries[entry as usize].1;
        }
        None
    }

    /// The number of a new entry.
    pub(super) fn add(&mut self, hash: u64) -> u32 {
        let number = u32::try_from(self.entries.len()).expect("fewer than 2^32 entries");
        let before = self.newest.insert(hash, number).unwrap_or(NONE);
        self.entries.push((hash, before));
        number
    }

    /// Forgets all entries but the first ones.
    pub(super) fn truncate(&mut self, len: usize) {
        while self.entries.len() > len {
            if let Some((hash, before)) = self.entries.pop() {
                if before == NONE {
                    self.newest.remove(&hash);
                } else {
                    self.newest.insert(hash, before);
                }
            }
        }
    }
}

/// Mixes a number into a hash. The result orders terms, so it must be the same on every platform and in every version.
pub(super) fn mix(hash: u64, value: u64) -> u64 {
    // The finaliser of splitmix64 (Steele, Lea, Flood 2014).
    let spread = hash.wrapping_mul(0xd134_2543_de82_ef95).rotate_left(31);
    let mut z = (spread ^ value).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_until_they_are_forgotten() {
        let mut table = Table::default();
        let (a, b) = (table.add(7), table.add(7));
        assert_eq!(table.find(7, |entry| entry == a), Some(a));
        assert_eq!(table.find(7, |_| true), Some(b));
        table.truncate(1);
        assert_eq!(table.find(7, |_| true), Some(a));
        table.truncate(0);
        assert_eq!(table.find(7, |_| true), None);
    }
}
