//! Words in grids and screens: each once, beside its number, at every width.
//!
//! Tests only.

use super::*;

fn words(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("word{number}")).collect()
}

#[test]
fn every_word_stands_once_beside_its_number_at_every_width() {
    for count in [12, 15, 18, 21, 24] {
        let words = words(count);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for width in 8..130 {
            let text = grid(&words, 0, width);
            let mut found: Vec<(usize, &str)> = Vec::new();
            let mut parts = text.split_whitespace();
            while let (Some(number), Some(word)) = (parts.next(), parts.next()) {
                found.push((number.parse().unwrap(), word));
            }
            found.sort_unstable();
            let expected: Vec<(usize, &str)> = (1..).zip(words.iter().copied()).collect();
            assert_eq!(found, expected, "{count} words, {width} columns");
            assert!(width < 13 || text.lines().all(|line| line.len() <= width), "{width}: {}", *text);
        }
    }
}

#[test]
fn words_on_a_screen_follow_each_other() {
    let words = words(24);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let grids = grids(&words, Size { columns: 30, rows: 10 });
    let numbers = |grid: &str| -> Vec<usize> {
        let mut numbers: Vec<usize> = grid.split_whitespace().filter_map(|part| part.parse().ok()).collect();
        numbers.sort_unstable();
        numbers
    };
    let found: Vec<usize> = grids.iter().flat_map(|grid| numbers(grid)).collect();
    assert_eq!(found, (1..=24).collect::<Vec<_>>());
    assert!(grids.len() > 1 && grids.iter().all(|grid| grid.lines().count() <= 8));
}

#[test]
fn a_passphrase_is_broken_at_dashes_alone() {
    assert_eq!(*at_dashes("one-two-three", 80), "one-two-three");
    assert_eq!(*at_dashes("one-two-three", 9), "one-two-\nthree");
    assert_eq!(*at_dashes("one-two-three", 1), "one-\ntwo-\nthree");
}

#[test]
fn columns_are_read_downwards() {
    let words = words(24);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let first = grid(&words, 0, 80).lines().next().map(str::to_owned);
    assert_eq!(first.as_deref(), Some("   1 word1      7 word7     13 word13    19 word19"));
}
