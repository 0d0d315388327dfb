//! Names as small numbers, spelled one way.
//!
//! Greek letters and hats are other spellings of plain names (`β` is `beta`, `m̂` is `mhat`), so rules read like papers
//! and compare like code. The plain spelling is the one that is stored.

use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::sync::Arc;

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

/// All names met so far.
#[derive(Clone, Default, Debug)]
pub struct Names {
    texts: Vec<Arc<str>>,
    known: FxHashMap<Arc<str>, Symbol>,
}

impl Names {
    /// The symbol of a name in any of its spellings.
    pub fn symbol(&mut self, name: &str) -> Symbol {
        let name = plain(name);
        if let Some(symbol) = self.known.get(name.as_ref()) {
            return *symbol;
        }
        let symbol = Symbol(u32::try_from(self.texts.len()).expect("fewer than 2^32 names"));
        let text: Arc<str> = Arc::from(name.as_ref());
        self.texts.push(Arc::clone(&text));
        self.known.insert(text, symbol);
        symbol
    }

    /// The symbol of a name that was met before.
    pub fn get(&self, name: &str) -> Option<Symbol> {
        self.known.get(plain(name).as_ref()).copied()
    }

    /// The plain spelling.
    pub fn text(&self, symbol: Symbol) -> &Arc<str> {
        &self.texts[symbol.0 as usize]
    }
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
}
