//! Pages at every width: what is broken where, and what is never broken.
//!
//! Tests only.

use super::*;

#[test]
fn nothing_is_lost_at_any_width() {
    let address = fastness::text::in_fours("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080");
    for width in 8..140 {
        let mut page = Page::new(Medium::Terminal(width));
        page.field("Pay", &address);
        let kept: String = page.into_text().split_whitespace().skip(1).collect();
        assert_eq!(kept, address.replace(' ', ""), "width {width}");
    }
}

#[test]
fn no_way_onto_a_page_steers_the_terminal() {
    let evil = "a\u{1b}[2J\u{7}\u{202e}\u{9b}31m";
    for medium in [Medium::Plain, Medium::Terminal(80)] {
        let mut page = Page::new(medium);
        page.line(evil);
        page.field("File", evil);
        page.verbatim(evil);
        page.heading(evil, evil);
        page.table(&["one", "two"], &[vec![evil.to_owned(), evil.to_owned()]]);
        let text = page.into_text();
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}']), "{text:?}");
        assert_eq!(text.matches("\\u{1b}[2J").count(), 7, "{text}");
    }
}

/// What a terminal would break by itself goes on at its left edge, where our own fields begin.
#[test]
fn wide_letters_take_two_columns() {
    for width in 24..100 {
        let mut page = Page::new(Medium::Terminal(width));
        page.field("Field", &format!("{}  Nothing else is in this transaction.", "\u{6f22}".repeat(90)));
        for line in page.into_text().lines() {
            assert!(measure_text_width(line) <= width && line.starts_with("  "), "{width}: {line}");
        }
    }
}

#[test]
fn lines_fit_the_terminal() {
    for width in 24..100 {
        let mut page = Page::new(Medium::Terminal(width));
        page.line(&"word ".repeat(40));
        page.field("Field", &"word ".repeat(40));
        for line in page.into_text().lines() {
            assert!(line.len() <= width, "{width}: {line:?}");
        }
    }
}

#[test]
fn words_that_fit_a_line_are_never_broken() {
    let text = "Write these words on paper, in order; nobody brings them back";
    for width in 24..100 {
        let mut page = Page::new(Medium::Terminal(width));
        page.line(text);
        assert_eq!(page.into_text().split_whitespace().collect::<Vec<_>>().join(" "), text, "width {width}");
    }
}

#[test]
fn amounts_are_not_broken_and_what_is_further_in_stays_there() {
    for width in 24..100 {
        let mut page = Page::new(Medium::Terminal(width));
        page.line("paid 0.100 002 82 BTC and a fee of 282 sat, at 2.0 sat/vB");
        page.line(&format!("  {}", "ab".repeat(32)));
        let text = page.into_text();
        for whole in ["0.100 002 82 BTC", "282 sat,", "2.0 sat/vB"] {
            assert!(text.contains(whole), "{width}: {text}");
        }
        assert!(!text.contains("\n\n") && text.lines().last().is_some_and(|line| line.starts_with("  ")), "{text}");
    }
}

#[test]
fn a_table_too_wide_becomes_blocks() {
    let mut page = Page::new(Medium::Terminal(40));
    page.table(&["path", "address"], &[vec!["m/0".to_owned(), "x".repeat(90)]]);
    assert!(page.into_text().starts_with("  path      m/0\n  address   x"));
}
