//! Did you mean: the nearest known name.

/// The candidate nearest to a word, if any is near enough to be a slip of the hand: at most a third of its letters differ.
/// Ties go to the name that comes first in the alphabet.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters: Vec<char> = word.chars().collect();
    let limit = (letters.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let length = candidate.chars().count();
        // A letter or two is near everything, unless only the case differs.
        let is_case = candidate.eq_ignore_ascii_case(word) && candidate != word;
        if (letters.len() < 3 || length < 2 || length.abs_diff(letters.len()) > limit) && !is_case {
            continue;
        }
        let distance = if is_case {
            0
        } else {
            edit_distance(&letters, candidate)
        };
        if distance <= limit && best.is_none_or(|(d, name)| (distance, candidate) < (d, name)) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, name)| name)
}

/// The number of letters to insert, delete, replace or swap with a neighbour.
fn edit_distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = previous[j] + usize::from(x != y);
            let mut cost = replaced.min(previous[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::suggest;

    const NAMES: [&str; 5] = ["powersign", "addsign", "sign", "sqrt", "g"];

    #[test]
    fn slip_of_the_hand_finds_the_name() {
        assert_eq!(suggest("powersgin", NAMES), Some("powersign"));
        assert_eq!(suggest("sgin", NAMES), Some("sign"));
        assert_eq!(suggest("Sign", NAMES), Some("sign"));
        assert_eq!(suggest("G", NAMES), Some("g"));
    }

    #[test]
    fn unrelated_word_finds_nothing() {
        assert_eq!(suggest("banana", NAMES), None);
        assert_eq!(suggest("x", NAMES), None);
    }

    #[test]
    fn tie_goes_to_the_first_in_the_alphabet() {
        assert_eq!(suggest("bat", ["cat", "bar", "bad"]), Some("bad"));
    }
}
