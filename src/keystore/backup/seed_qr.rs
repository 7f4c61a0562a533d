//! The digits of a SeedQR (SeedSigner's "Standard SeedQR"): the number of each word in the English list, from 0, as four digits.
//!
//! They are as secret as the words. What is drawn of them is not known here.

use zeroize::Zeroizing;

use crate::keystore::{Language, Phrase};

/// Digits of a word's number.
const DIGITS: usize = 4;

/// The digits of a phrase, if it has a SeedQR: 12 or 24 words of the English list, for a reader takes them for no other.
#[must_use]
pub fn seed_qr_digits(phrase: &Phrase) -> Option<Zeroizing<String>> {
    let count = phrase.count().words();
    if !has_seed_qr(phrase.language(), count) {
        return None;
    }
    let mut digits = Zeroizing::new(String::with_capacity(count * DIGITS));
    for number in phrase.numbers() {
        // From its first digit to its last one, none of which is on the heap by itself.
        for place in [1000, 100, 10, 1] {
            digits.push(char::from_digit(u32::from(number / place % 10), 10)?);
        }
    }
    Some(digits)
}

/// Whether so many words of this list have a SeedQR.
#[must_use]
pub const fn has_seed_qr(language: Language, words: usize) -> bool {
    matches!(language, Language::English) && matches!(words, 12 | 24)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::WordCount;

    #[derive(serde::Deserialize)]
    struct Vector {
        words: String,
        digits: String,
    }

    #[test]
    fn the_published_vectors_are_met() {
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../../tests/vectors/seedqr.json")).unwrap();
        assert_eq!(vectors.len(), 10);
        for Vector { words, digits } in vectors {
            let phrase = Phrase::parse_in(Language::English, &words).unwrap();
            assert_eq!(seed_qr_digits(&phrase).unwrap().as_str(), digits, "{words}");
        }
    }

    #[test]
    fn other_lists_and_other_numbers_of_words_have_none() {
        for count in
            [WordCount::Twelve, WordCount::Fifteen, WordCount::Eighteen, WordCount::TwentyOne, WordCount::TwentyFour]
        {
            for language in Language::ALL {
                let phrase = Phrase::generate(count, language).unwrap();
                let has_one = language == Language::English && matches!(count.words(), 12 | 24);
                let digits = seed_qr_digits(&phrase);
                assert_eq!(digits.as_ref().map(|digits| digits.len()), has_one.then_some(count.words() * DIGITS));
            }
        }
    }
}
