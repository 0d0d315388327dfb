//! Names as small numbers, spelled one way.
//!
//! Greek letters and hats are other spellings of plain names (`β` is `beta`, `m̂` is `mhat`), so rules read like papers
//! and compare like code. The plain spelling is the one that is stored.

use rustc_hash::FxHasher;
use std::borrow::Cow;
use std::hash::Hasher;

/// A name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Symbol(pub u32);

/// Greek letters and the plain names they stand for.
pub const GREEK: &[(char, &str)] = &[
    ('α', "alpha"),
    ('β', "beta"),
    ('γ', "gamma"),
    ('δ', "delta"),
    ('ε', "eps"),
    ('ϵ', "eps"),
    ('λ', "lambda"),
    ('π', "pi"),
];

/// The combining hat.
const HAT: char = '\u{302}';

/// The plain spelling of a name.
pub fn plain(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match GREEK.iter().find(|(letter, _)| *letter == c) {
            Some((_, plain)) => out.push_str(plain),
            None if c == HAT => out.push_str("hat"),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// A free place of the table.
const FREE: (u32, Symbol) = (0, Symbol(u32::MAX));

/// All names met so far.
///
/// The texts stand in one string and the table holds numbers only: a name costs no memory block of its own, and growing
/// the table touches no text.
#[derive(Clone, Default, Debug)]
pub struct Names {
    texts: String,
    /// Where each name's text ends.
    ends: Vec<u32>,
    /// Hashes and symbols; a name stands at its hash or, where that is taken, at the next free place.
    table: Vec<(u32, Symbol)>,
}

impl Names {
    /// The symbol of a name in any of its spellings.
    pub fn symbol(&mut self, name: &str) -> Symbol {
        // Most names have been met, spelled plainly.
        let hash = hash(name);
        match self.find(name, hash) {
            Some(symbol) => symbol,
            None if name.is_ascii() => self.add(name, hash),
            None => self.other_spelling(&plain(name)),
        }
    }

    #[cold]
    fn other_spelling(&mut self, plain: &str) -> Symbol {
        let hash = hash(plain);
        self.find(plain, hash)
            .unwrap_or_else(|| self.add(plain, hash))
    }

    /// Adds a new name in its plain spelling.
    fn add(&mut self, name: &str, hash: u32) -> Symbol {
        if self.table.len() <= self.ends.len() * 2 {
            self.grow();
        }
        let symbol = Symbol(u32::try_from(self.ends.len()).expect("fewer than 2^32 names"));
        self.texts.push_str(name);
        self.ends
            .push(u32::try_from(self.texts.len()).expect("less than 4 GiB of names"));
        insert(&mut self.table, (hash, symbol));
        symbol
    }

    /// The symbol of a name that was met before.
    pub fn get(&self, name: &str) -> Option<Symbol> {
        let name = plain(name);
        self.find(&name, hash(&name))
    }

    /// The plain spelling.
    pub fn text(&self, symbol: Symbol) -> &str {
        &self.texts[self.range(symbol)]
    }

    fn range(&self, symbol: Symbol) -> std::ops::Range<usize> {
        let index = symbol.0 as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        start as usize..self.ends[index] as usize
    }

    fn find(&self, name: &str, hash: u32) -> Option<Symbol> {
        let mut place = hash as usize;
        // The table is never full, so there is a free place to stop at.
        loop {
            let entry = *self.table.get(place & self.mask())?;
            if entry == FREE {
                return None;
            }
            let is_same = || self.texts.as_bytes()[self.range(entry.1)] == *name.as_bytes();
            if entry.0 == hash && is_same() {
                return Some(entry.1);
            }
            place += 1;
        }
    }

    /// The table's length is a power of two.
    fn mask(&self) -> usize {
        self.table.len().wrapping_sub(1)
    }

    fn grow(&mut self) {
        let mut table = vec![FREE; (self.table.len() * 2).max(64)];
        for entry in self.table.drain(..).filter(|entry| *entry != FREE) {
            insert(&mut table, entry);
        }
        self.table = table;
    }
}

fn hash(name: &str) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(name.as_bytes());
    u32::try_from(hasher.finish() & u64::from(u32::MAX)).unwrap_or(0)
}

fn insert(table: &mut [(u32, Symbol)], entry: (u32, Symbol)) {
    let mask = table.len() - 1;
    let mut place = entry.0 as usize & mask;
    while table[place] != FREE {
        place = (place + 1) & mask;
    }
    table[place] = entry;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greek_and_hats_are_plain_names() {
        for (greek, name) in [
            ("β", "beta"),
            ("m̂", "mhat"),
            ("γ̂", "gammahat"),
            ("ε_t", "eps_t"),
            ("β1", "beta1"),
            ("π", "pi"),
        ] {
            assert_eq!(plain(greek), name);
        }
        let mut names = Names::default();
        assert_eq!(names.symbol("m̂"), names.symbol("mhat"));
        assert_ne!(names.symbol("m"), names.symbol("mhat"));
    }

    #[test]
    fn thousands_of_names_keep_their_texts() {
        let mut names = Names::default();
        let name = |index: u32| format!("name_{index}");
        assert_eq!(names.get("name_0"), None);
        for index in 0..5000 {
            assert_eq!(names.symbol(&name(index)), Symbol(index));
        }
        for index in 0..5000 {
            assert_eq!(names.get(&name(index)), Some(Symbol(index)));
            assert_eq!(names.text(Symbol(index)), name(index));
        }
    }
}
