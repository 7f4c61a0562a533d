//! Whether words fit together (BIP-39): the filter before all else, which 1 of 16 (12 words) to 1 of 256 (24 words) passes.
//!
//! Only looks at numbers of words; must not keep them.

use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// Bits that a word stands for.
const WORD_BITS: usize = 11;
/// Words whose bits are whole bytes, and these bytes.
const GROUP: usize = 8;
const GROUP_BYTES: usize = 11;
/// Bytes of the words of the longest phrase, with the checksum.
const MOST_BYTES: usize = 33;

/// How many bits of a phrase of so many words are the checksum: one for every three words.
pub(super) const fn checksum_bits(words: usize) -> usize {
    words / 3
}

/// True if the last bits are the first of the hash of all others. At most 24 words, each below 2048.
pub(super) fn fits(words: &[u16]) -> bool {
    let mut bytes = packed(words);
    let bits = checksum_bits(words.len());
    let entropy = (words.len() * WORD_BITS - bits) / 8;
    let (Some(hashed), Some(claimed)) = (bytes.get(..entropy), bytes.get(entropy)) else { return false };
    let hash = Sha256::digest(hashed);
    let differs = hash.first().is_none_or(|real| u32::from(real ^ claimed) >> (8usize.saturating_sub(bits)) != 0);
    bytes.zeroize();
    !differs
}

/// The bits of all words, one after the other, with zeros behind.
fn packed(words: &[u16]) -> [u8; MOST_BYTES] {
    let mut bytes = [0; MOST_BYTES];
    for (place, group) in bytes.chunks_exact_mut(GROUP_BYTES).zip(words.chunks(GROUP)) {
        let bits = group.iter().fold(0u128, |bits, word| bits << WORD_BITS | u128::from(*word));
        let bits = bits << (WORD_BITS * (GROUP - group.len()));
        let [_, _, _, _, _, tail @ ..] = bits.to_be_bytes();
        place.copy_from_slice(&tail);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::{Language, Phrase, WordCount};

    fn numbers(phrase: &Phrase) -> Vec<u16> {
        phrase.words().map(|word| phrase.language().list().find_word(word).unwrap()).collect()
    }

    #[test]
    fn the_filter_says_what_the_crate_says_of_every_last_word() {
        for count in WordCount::ALL {
            let phrase = Phrase::generate(count, Language::English).unwrap();
            let (mut words, list) = (numbers(&phrase), Language::English.list().word_list());
            assert!(fits(&words));
            let mut passed = 0;
            for last in 0..2048 {
                *words.last_mut().unwrap() = last;
                let text: Vec<_> = words.iter().map(|word| list[usize::from(*word)]).collect();
                let is_phrase = Phrase::parse_in(Language::English, &text.join(" ")).is_ok();
                assert_eq!(fits(&words), is_phrase, "{count:?} {last}");
                passed += usize::from(is_phrase);
            }
            assert_eq!(passed, 2048 >> checksum_bits(count.words()));
        }
    }

    #[test]
    fn no_words_are_no_phrase_and_do_no_harm() {
        assert!(!fits(&[0; 3]) && !fits(&[2047; 24]));
        assert!(!fits(&[0; 12]) && fits(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]));
    }
}
