//! The word list of SLIP-0039: 1024 English words, each of which stands for 10 bits.
//!
//! Knows the words as a public list; must not know a share. There is no list in another language ("Localization").

use crate::keystore::suggest;

/// Words in the list: one for each number of 10 bits.
const COUNT: usize = 1024;
/// The largest number of a word.
const LARGEST: u16 = 0x3ff;
/// Letters that tell a word apart from every other of the list (SLIP-0039, "Wordlist").
const ENOUGH: usize = 4;

/// The list, in its order: `wordlist.txt` of SLIP-0039, revision 73c23acf of the repository of the SLIPs.
static WORDS: [&str; COUNT] = lines(include_str!("english.txt"));

/// The lines of a text that has [`COUNT`] of them; any other text does not compile.
const fn lines(text: &'static str) -> [&'static str; COUNT] {
    let mut words = [""; COUNT];
    let (mut rest, mut place) = (text, 0);
    while place < COUNT {
        let mut length = 0;
        while rest.as_bytes()[length] != b'\n' {
            length += 1;
        }
        let (word, after) = rest.split_at(length);
        (words[place], rest) = (word, after.split_at(1).1);
        place += 1;
    }
    assert!(rest.is_empty());
    words
}

/// The word that stands for a number of 10 bits.
pub(super) fn word(number: u16) -> &'static str {
    WORDS[usize::from(number & LARGEST)]
}

/// The number of the word that stands for the lowest 10 bits.
pub(super) const fn low_ten_bits(bits: u64) -> u16 {
    let [.., high, low] = bits.to_be_bytes();
    u16::from_be_bytes([high, low]) & LARGEST
}

/// The number of the word that is meant: of itself, or of the one that begins with these letters, at least four of them.
pub(super) fn number(typed: &str) -> Option<u16> {
    let meant = |word: &&str| typed.len() >= ENOUGH && word.starts_with(typed);
    (0u16..).zip(WORDS).find(|(_, word)| meant(word)).map(|(number, _)| number)
}

/// Up to three similar words, nearest first.
pub(super) fn similar(typed: &str) -> Vec<&'static str> {
    suggest::similar_of(typed, &WORDS)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// What SLIP-0039 says of its list.
    #[test]
    fn the_list_is_the_published_one() {
        assert!(WORDS.is_sorted());
        assert!(WORDS.iter().all(|word| (4..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase())));
        assert_eq!(WORDS.iter().map(|word| &word[..ENOUGH]).collect::<HashSet<_>>().len(), COUNT);
        let text = include_bytes!("english.txt");
        let digest = hex::DisplayHex::to_lower_hex_string(<sha2::Sha256 as sha2::Digest>::digest(text).as_slice());
        assert_eq!(digest, "bcc4555340332d169718aed8bf31dd9d5248cb7da6e5d355140ef4f1e601eec3");
    }

    #[test]
    fn every_word_and_its_first_letters_have_its_number() {
        for place in 0..1024 {
            let whole = word(place);
            for letters in ENOUGH..=whole.len() {
                assert_eq!(number(&whole[..letters]), Some(place), "{whole}");
            }
        }
    }

    #[test]
    fn what_is_no_word_has_no_number() {
        for wrong in ["", "aca", "academia", "academicc", "abandon", "\u{e4}cademic", "Academic"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
        assert_eq!(similar("academci").first(), Some(&"academic"));
        assert!(similar("xxxxxxxxx").is_empty());
    }
}
