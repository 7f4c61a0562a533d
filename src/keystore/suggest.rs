//! Which words of a list resemble a typed one.
//!
//! Only suggests: nothing is ever corrected without the person.

use super::Language;

/// Most suggestions given.
const MOST: usize = 3;
/// Largest edit distance that still counts as similar.
const FARTHEST: usize = 2;
/// Letters that tell most words of a list apart (BIP-39 asks for this in its lists).
const PREFIX: usize = 4;

/// Up to three similar words, nearest first. A word that begins with all the typed letters is as near as one slip.
pub(super) fn similar(typed: &str, language: Language) -> Vec<&'static str> {
    similar_of(typed, language.list().word_list())
}

/// The same of another list than those of BIP-39.
pub(super) fn similar_of(typed: &str, words: &[&'static str]) -> Vec<&'static str> {
    // Longer than any word can be by more slips than count: no need to measure.
    if typed.chars().count() > 32 {
        return Vec::new();
    }
    let mut near: Vec<(usize, &'static str)> =
        words.iter().map(|word| (nearness(typed, word), *word)).filter(|(distance, _)| *distance <= FARTHEST).collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(MOST).map(|(_, word)| word).collect()
}

fn nearness(typed: &str, word: &str) -> usize {
    let distance = edit_distance(typed, word);
    if typed.chars().count() >= PREFIX && word.starts_with(typed) { distance.min(1) } else { distance }
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn edit_distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.to_lowercase().chars().collect(), right.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        for (typed, meant) in
            [("abandno", "abandon"), ("Zoo", "zoo"), ("abandn", "abandon"), ("aban", "abandon"), ("lettter", "letter")]
        {
            assert_eq!(similar(typed, Language::English).first(), Some(&meant), "{typed}");
        }
        assert!(similar("xxxxxxxx", Language::English).is_empty());
        assert!(similar(&"a".repeat(5000), Language::English).is_empty());
        assert!(similar("cat", Language::English).len() <= MOST);
    }

    #[test]
    fn distances_are_the_textbook_ones() {
        for (left, right, distance) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 1), ("ca", "abc", 3)]
        {
            assert_eq!(edit_distance(left, right), distance, "{left} {right}");
        }
    }

    #[test]
    fn an_accent_left_out_is_one_slip() {
        assert!(similar("academie", Language::French).contains(&"acade\u{301}mie"));
    }
}
