//! Text in the layout of the Penn Treebank as Mikolov prepared it: a sentence a line, words between spaces.
//!
//! The end of a line is a word of its own, `<eos>`. The vocabulary is that of the training text; what else the validation text has is `<unk>`.

use super::{Corpus, broken};
use nos::lab::message::Failure;
use std::collections::HashMap;
use std::path::Path;

/// The word at the end of a sentence.
pub const END: &str = "<eos>";
/// The word for words that are not in the vocabulary.
pub const UNKNOWN: &str = "<unk>";

/// Reads both texts.
///
/// # Errors
/// A file that is not there, is no text or has hardly any words.
pub fn read(train: &Path, valid: &Path) -> Result<Corpus, Failure> {
    let name = |path: &Path| path.file_name().unwrap_or_default().display().to_string();
    let names = format!("{}, validated on {}", name(train), name(valid));
    let (train, valid) = (read_file(train)?, read_file(valid)?);
    Ok(number(names, false, &train, &valid))
}

/// A corpus from sentences.
pub(super) fn number(
    name: String,
    is_synthetic: bool,
    train: &[String],
    valid: &[String],
) -> Corpus {
    let mut vocabulary: Vec<String> = Vec::new();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut add = |word: &str| -> u32 {
        if let Some(number) = numbers.get(word) {
            return *number;
        }
        let number = u32::try_from(vocabulary.len()).expect("fewer than 2^32 words");
        vocabulary.push(word.to_owned());
        numbers.insert(word.to_owned(), number);
        number
    };
    let unknown = add(UNKNOWN);
    let train = words(train).map(&mut add).collect();
    let valid = words(valid)
        .map(|word| numbers.get(word).copied().unwrap_or(unknown))
        .collect();
    Corpus {
        name,
        is_synthetic,
        vocabulary,
        train,
        valid,
    }
}

/// The words of sentences, with their ends.
fn words(sentences: &[String]) -> impl Iterator<Item = &str> {
    sentences
        .iter()
        .flat_map(|line| line.split_whitespace().chain([END]))
}

/// The sentences of a file.
fn read_file(path: &Path) -> Result<Vec<String>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| broken(path, &error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        broken(
            path,
            &format!("expected text in UTF-8, found other bytes at {place}"),
        )
    })?;
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    let count = words(&lines).count();
    if count < 100 {
        return Err(broken(
            path,
            &format!("expected at least 100 words, found {count}"),
        ));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numbered_in_order_and_the_unknown_is_known() {
        let lines =
            |text: &[&str]| -> Vec<String> { text.iter().map(|line| (*line).to_owned()).collect() };
        let corpus = number(
            "text".to_owned(),
            false,
            &lines(&["a b a", "c"]),
            &lines(&["b d"]),
        );
        assert_eq!(corpus.vocabulary, ["<unk>", "a", "b", "<eos>", "c"]);
        assert_eq!(corpus.train, [1, 2, 1, 3, 4, 3]);
        assert_eq!(corpus.valid, [2, 0, 3]);
    }

    #[test]
    fn broken_texts_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let good = folder.path().join("good.txt");
        std::fs::write(&good, " the cat sleeps \n".repeat(50)).expect("written");
        let check = |bytes: &[u8], want: &str| {
            let path = folder.path().join("broken.txt");
            std::fs::write(&path, bytes).expect("written");
            let Err(Failure::Data { message }) = read(&good, &path) else {
                panic!("expected broken data");
            };
            assert!(
                message.contains("broken.txt`") && message.contains(want),
                "{message}"
            );
        };
        check(b"a b c", "found 4");
        check(b"abc \xff", "bytes at 4");
        assert!(read(&folder.path().join("none"), &good).is_err());
        let corpus = read(&good, &good).expect("a corpus");
        assert_eq!(corpus.train.len(), 200);
        assert_eq!(corpus.name, "good.txt, validated on good.txt");
    }
}
