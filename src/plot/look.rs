//! What every rendering shares: colours, letters and the length of names.

/// The look of one series.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Look {
    /// CSS colour.
    pub(super) css: &'static str,
    /// Index in the 256 colours of terminals, legible on dark and on light.
    pub(super) indexed: u8,
    /// SVG dashes; none for a full line.
    pub(super) dashes: Option<&'static str>,
    /// What draws the series where there is no colour.
    pub(super) letter: char,
}

/// Colours that colour-blind readers tell apart (Okabe and Ito; the last by Tol), without black, which marks minima.
const COLOURS: [(&str, u8); 7] = [
    ("#D55E00", 166),
    ("#0072B2", 32),
    ("#009E73", 36),
    ("#CC79A7", 175),
    ("#E69F00", 178),
    ("#56B4E9", 74),
    ("#882255", 132),
];

const DASHES: [Option<&str>; 4] = [None, Some("7 4"), Some("2 3"), Some("9 3 2 3")];

const LETTERS: &[u8; 52] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The look of the series at a place in the list.
pub(super) fn of(index: usize) -> Look {
    let (css, indexed) = COLOURS[index % COLOURS.len()];
    Look {
        css,
        indexed,
        dashes: DASHES[index / COLOURS.len() % DASHES.len()],
        letter: char::from(LETTERS[index % LETTERS.len()]),
    }
}

/// The text in at most so many characters: the middle of a longer one gives way, since both ends tell rules apart.
///
/// Control characters would break terminals and SVG alike; they become the replacement character.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    let clean = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    let count = text.chars().count();
    if count <= limit {
        return text.chars().map(clean).collect();
    }
    let room = limit.saturating_sub(1);
    let tail = room / 3;
    let head = text.chars().take(room - tail);
    let tail = text.chars().skip(count - tail);
    head.chain(['…']).chain(tail).map(clean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_name_keeps_both_ends() {
        assert_eq!(
            shortened("powersign(base: 2, f: cd)", 16),
            "powersign(…: cd)"
        );
        assert_eq!(shortened("sgd\u{1b}[m", 16), "sgd\u{FFFD}[m");
    }

    #[test]
    fn looks_repeat_late() {
        let distinct = |a: usize, b: usize| (of(a).css, of(a).dashes) != (of(b).css, of(b).dashes);
        assert!((0..28).all(|a| (0..a).all(|b| distinct(a, b))));
    }
}
