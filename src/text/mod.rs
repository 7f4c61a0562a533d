//! Text from outside (a server, a file, a label, a token name) made safe to print: escaped, capped, flagged.
//!
//! Nothing that came from outside reaches a terminal except through [`SafeText`]. This module must not print.

mod date;
mod unicode;

use std::fmt;

use serde::Serialize;

use self::unicode::{Printed, is_plain};
pub use self::{
    date::{date, rfc3339},
    unicode::looks_like,
};

/// Longest name or remark kept, in characters. A label or a file name fits; a phishing letter does not.
const MAX_CHARS: usize = 200;

/// Printable text: no control character, no bidirectional override, no invisible character, no word of several scripts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct SafeText(String);

impl SafeText {
    /// A name or a remark: escaped, and cut at 200 characters with a visible mark. What a person agrees to is
    /// [whole](Self::whole) instead.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        match raw.char_indices().nth(MAX_CHARS) {
            Some((end, _)) => Self(escaped(raw.get(..end).unwrap_or_default()) + "[cut]"),
            None => Self(escaped(raw)),
        }
    }

    /// The same without any cut, for what a person agrees to. The caller bounds its length.
    #[must_use]
    pub fn whole(raw: &str) -> Self {
        Self(escaped(raw))
    }

    /// The text in quotes; its own quotes are told apart from the one that ends it.
    #[must_use]
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0.replace('"', "\\\""))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Escapes what could move the cursor or hide text.
fn escaped(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len());
    for character in unicode::printed(raw) {
        match character {
            Printed::Plain(character) => safe.push(character),
            Printed::Escaped(character) => safe.extend(character.escape_unicode()),
        }
    }
    safe
}

/// The last check before a terminal: as [`SafeText`], but whole, and with its line ends. For text that is ours except
/// for what a person typed into it, such as the name of a file.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' || is_plain(character) {
            visible.push(character);
        } else {
            visible.extend(character.escape_unicode());
        }
    }
    visible
}

/// Groups of four characters separated by spaces, the way addresses are read aloud and compared.
#[must_use]
pub fn in_fours(text: &str) -> String {
    let mut grouped = String::with_capacity(text.len() + text.len() / 4);
    for (count, character) in text.chars().enumerate() {
        if count > 0 && count.is_multiple_of(4) {
            grouped.push(' ');
        }
        grouped.push(character);
    }
    grouped
}

/// An address that was typed as [`in_fours`] prints it, joined again; any other text stays as it is. `0x` may stand before
/// the first group, or in it.
#[must_use]
pub fn out_of_fours(text: &str) -> String {
    let is_grouped = |text: &str| {
        let groups: Vec<&str> = text.split(' ').collect();
        groups.split_last().is_some_and(|(last, rest)| {
            rest.iter().all(|group| group.chars().count() == 4) && (1..=4).contains(&last.chars().count())
        })
    };
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if is_grouped(digits) || is_grouped(text) { text.replace(' ', "") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_stay_lines_and_nothing_steers() {
        assert_eq!(visible("a\nb c \u{20bf}"), "a\nb c \u{20bf}");
        assert_eq!(visible("x\u{1b}[2J\u{202e}\u{9b}\r"), "x\\u{1b}[2J\\u{202e}\\u{9b}\\u{d}");
        assert_eq!(visible(&"a".repeat(500)).len(), 500);
    }

    #[test]
    fn escapes_what_steers_a_terminal() {
        assert_eq!(SafeText::new("a\x1b[31mb").as_str(), "a\\u{1b}[31mb");
        assert_eq!(SafeText::new("pay\u{202e}me").as_str(), "pay\\u{202e}me");
        assert_eq!(SafeText::new(&"x".repeat(300)).as_str().len(), MAX_CHARS + "[cut]".len());
        assert_eq!(SafeText::whole(&"x".repeat(300)).as_str().len(), 300);
        assert_eq!(SafeText::whole("a\x1b[31mb").as_str(), "a\\u{1b}[31mb");
    }

    #[test]
    fn groups_addresses_in_fours() {
        assert_eq!(in_fours("bc1qw508d6"), "bc1q w508 d6");
    }

    #[test]
    fn a_group_may_begin_with_0x() {
        assert_eq!(out_of_fours("0x0A 0"), "0x0A0");
        assert_eq!(out_of_fours("0x 0A0"), "0x 0A0");
    }

    proptest! {
        #[test]
        fn groups_of_four_are_joined_again(text in "[a-zA-Z0-9]{1,90}") {
            prop_assert_eq!(out_of_fours(&in_fours(&text)), text.clone());
            prop_assert_eq!(out_of_fours(&format!("0x{}", in_fours(&text))), format!("0x{text}"));
        }
    }

    proptest! {
        #[test]
        fn never_lets_a_control_character_through(raw in ".*") {
            for text in [SafeText::new(&raw), SafeText::whole(&raw)] {
                prop_assert!(text.as_str().chars().all(|c| !c.is_control()));
            }
        }
    }
}
