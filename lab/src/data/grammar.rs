//! Sentences made from a seed, by a small grammar in which words agree over a distance.
//!
//! A verb has the number of its subject, however much stands between: `the cat near the houses sleeps`, `the dogs that the girl near the trees sees run`. A
//! model that counts pairs of words cannot know that number; one that remembers can.

use super::{Corpus, FIXED, words};
use crate::random::{Draws, Purpose, below};

/// Nouns: one and several.
const NOUNS: [[&str; 2]; 12] = [
    ["cat", "cats"],
    ["dog", "dogs"],
    ["girl", "girls"],
    ["boy", "boys"],
    ["bird", "birds"],
    ["horse", "horses"],
    ["house", "houses"],
    ["tree", "trees"],
    ["river", "rivers"],
    ["teacher", "teachers"],
    ["car", "cars"],
    ["child", "children"],
];
/// Verbs without an object, for one and for several.
const VERBS: [[&str; 2]; 8] = [
    ["sleeps", "sleep"],
    ["runs", "run"],
    ["sings", "sing"],
    ["waits", "wait"],
    ["falls", "fall"],
    ["jumps", "jump"],
    ["smiles", "smile"],
    ["swims", "swim"],
];
/// Verbs with an object.
const TRANSITIVE: [[&str; 2]; 6] = [
    ["sees", "see"],
    ["likes", "like"],
    ["follows", "follow"],
    ["hears", "hear"],
    ["knows", "know"],
    ["calls", "call"],
];
const ADJECTIVES: [&str; 8] = [
    "old", "small", "red", "quiet", "happy", "tall", "young", "strange",
];
const PLACES: [&str; 5] = ["near", "behind", "under", "above", "beside"];
const ADVERBS: [&str; 5] = ["often", "today", "slowly", "again", "alone"];

/// So many words to train on, and a tenth more to validate on, in whole sentences.
pub fn make(count: u32) -> Corpus {
    let valid = (count / 10).max(100);
    let (train, next) = sentences(0, count as usize);
    let (valid, _) = sentences(next, valid as usize);
    words::number("synthetic text".to_owned(), true, &train, &valid)
}

/// Sentences of at least so many words in all, and the number of the sentence after them.
fn sentences(mut number: u64, count: usize) -> (Vec<String>, u64) {
    let (mut out, mut sum) = (Vec::new(), 0);
    while sum < count {
        let words = Sentence::new(number).words;
        sum += words.len() + 1;
        out.push(words.join(" "));
        number += 1;
    }
    (out, number)
}

struct Sentence {
    words: Vec<&'static str>,
    draws: std::vec::IntoIter<f64>,
}

impl Sentence {
    fn new(number: u64) -> Self {
        let draws = Draws::new(FIXED, Purpose::Synthesis, number, 2).uniform(64);
        let mut sentence = Self {
            words: Vec::new(),
            draws: draws.into_iter(),
        };
        let number = sentence.noun_phrase(2);
        if sentence.chance(0.6) {
            sentence.pick(&VERBS, number);
            if sentence.chance(0.3) {
                sentence.one_of(&ADVERBS);
            }
        } else {
            sentence.pick(&TRANSITIVE, number);
            sentence.noun_phrase(0);
        }
        sentence
    }

    /// A noun with what goes before and behind it; whether it is one (0) or several (1).
    fn noun_phrase(&mut self, depth: u32) -> usize {
        let number = usize::from(self.chance(0.5));
        self.words.push("the");
        if self.chance(0.3) {
            self.one_of(&ADJECTIVES);
        }
        self.pick(&NOUNS, number);
        if depth == 0 {
            return number;
        }
        let draw = self.draw();
        if draw < 0.4 {
            self.one_of(&PLACES);
            self.noun_phrase(depth - 1);
        } else if draw < 0.7 {
            self.words.push("that");
            let other = self.noun_phrase(depth - 1);
            self.pick(&TRANSITIVE, other);
        }
        number
    }

    /// The next draw; a sentence takes at most a few dozen.
    fn draw(&mut self) -> f64 {
        self.draws.next().unwrap_or(0.0)
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.draw() < probability
    }

    fn one_of(&mut self, words: &[&'static str]) {
        let index = below(self.draw(), words.len());
        self.words.push(words[index]);
    }

    fn pick(&mut self, words: &[[&'static str; 2]], number: usize) {
        let index = below(self.draw(), words.len());
        self.words.push(words[index][number]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn main_verb_agrees_with_first_noun() {
        let number = |words: &[[&str; 2]], word: &str| {
            words
                .iter()
                .find_map(|pair| pair.iter().position(|each| *each == word))
        };
        let (mut far, (sentences, _)) = (0, sentences(0, 20_000));
        for line in &sentences {
            let words: Vec<&str> = line.split(' ').collect();
            let (place, subject) = words
                .iter()
                .enumerate()
                .find_map(|(place, word)| Some((place, number(&NOUNS, word)?)))
                .expect("a subject");
            // The main verb is the last one: what follows it has no verb.
            let (end, verb) = words
                .iter()
                .enumerate()
                .rev()
                .find_map(|(place, word)| {
                    Some((place, number(&VERBS, word).or(number(&TRANSITIVE, word))?))
                })
                .expect("a verb");
            assert_eq!(subject, verb, "{line}");
            far += usize::from(end - place > 3);
        }
        assert!(
            far * 3 > sentences.len(),
            "{far} of {} agree over a distance",
            sentences.len()
        );
    }

    #[test]
    fn text_has_the_size_asked_for_and_is_the_same_again() {
        let (corpus, again) = (make(5000), make(5000));
        assert!(
            (5000..5020).contains(&corpus.train.len()),
            "{}",
            corpus.train.len()
        );
        assert!((500..520).contains(&corpus.valid.len()));
        assert_eq!((&corpus.train, &corpus.valid), (&again.train, &again.valid));
        assert!(corpus.is_synthetic && corpus.vocabulary.len() < 90);
        assert!(
            !corpus.valid.contains(&0),
            "every word of the grammar is common"
        );
    }
}
