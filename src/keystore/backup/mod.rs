//! Proving a backup before money depends on it: all words typed again, and compared.
//!
//! Says only where the first difference is, never what either side says there.

mod seed_qr;

pub use seed_qr::{has_seed_qr, seed_qr_digits};

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::{Phrase, PhraseError, phrase::prepare};

/// Compares typed words with the wallet's: every one, without telling by its time where they differ.
///
/// # Errors
/// Another number of words, or the place of the first one that differs.
pub fn check_words(expected: &Phrase, typed: &str) -> Result<(), PhraseError> {
    let (text, count) = prepare(typed)?;
    if count != expected.count() {
        return Err(PhraseError::WordCount { found: count.words() });
    }
    let mut first = 0u8;
    for (place, (typed, word)) in (1u8..).zip(text.split_whitespace().zip(expected.words())) {
        let news = !typed.as_bytes().ct_eq(word.as_bytes()) & first.ct_eq(&0);
        first.conditional_assign(&place, Choice::from(news.unwrap_u8()));
    }
    match first {
        0 => Ok(()),
        place => Err(PhraseError::BackupDiffers { position: usize::from(place) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::{Language, WordCount};

    #[test]
    fn every_slip_is_found_where_it_is() {
        for language in [Language::English, Language::Japanese, Language::French] {
            let phrase = Phrase::generate(WordCount::TwentyFour, language).unwrap();
            let words: Vec<_> = phrase.words().collect();
            assert_eq!(check_words(&phrase, &words.join("\n")), Ok(()));
            for place in 0..24 {
                let mut slipped = words.clone();
                slipped[place] = "slip";
                assert_eq!(
                    check_words(&phrase, &slipped.join(" ")),
                    Err(PhraseError::BackupDiffers { position: place + 1 })
                );
            }
        }
    }

    #[test]
    fn missing_swapped_and_foreign_words_are_found() {
        let phrase =
            Phrase::parse("legal winner thank year wave sausage worth useful legal winner thank yellow").unwrap();
        let mut words: Vec<_> = phrase.words().collect();
        assert_eq!(check_words(&phrase, &words[..11].join(" ")), Err(PhraseError::WordCount { found: 11 }));
        assert!(matches!(check_words(&phrase, &["legal"; 15].join(" ")), Err(PhraseError::WordCount { found: 15 })));
        words.swap(2, 3);
        assert_eq!(check_words(&phrase, &words.join(" ")), Err(PhraseError::BackupDiffers { position: 3 }));
    }
}
