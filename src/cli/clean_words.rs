//! The words of a line as files, notes and lists have them: without numbers, quotes, commas and letters that no one sees.
//!
//! Nothing is looked up here: what a word means is the keystore's.

use zeroize::Zeroizing;

/// Letters that no one sees, and that copying brings along.
const UNSEEN: [char; 6] = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}'];
/// What stands around words in notes and lists.
const QUOTES: [char; 8] = ['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}', '\u{201e}'];

/// The words of a line, without numbers before them, and without commas, quotes and unseen letters around or in them.
pub(super) fn split(line: &str) -> Vec<Zeroizing<String>> {
    let parts = line.split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';'));
    let words = parts.map(|part| {
        let word = part.trim_start_matches(|letter: char| letter.is_ascii_digit() || UNSEEN.contains(&letter));
        let word = if word.len() < part.len() { word.trim_start_matches(['.', ')', ':']) } else { word };
        let mut clean = Zeroizing::new(String::with_capacity(3 * word.len()));
        for letter in word.chars().filter(|letter| !UNSEEN.contains(letter) && !QUOTES.contains(letter)) {
            clean.extend(letter.to_lowercase());
        }
        clean
    });
    words.filter(|word| !word.is_empty()).collect()
}
