//! Text from outside (a server, a file, a label, a token name) made safe to print: escaped, capped, flagged.
//!
//! Nothing that came from outside reaches a terminal except through [`SafeText`]. This room must not print.

mod date;

use std::fmt;

use serde::Serialize;

pub use self::date::date;

/// Longest name or remark kept, in characters. A label or a file name fits; a phishing letter does not.
const MAX_CHARS: usize = 200;

/// Printable text: no control character, no bidirectional override, no invisible character.
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
    for character in raw.chars() {
        if is_plain(character) {
            safe.push(character);
        } else {
            safe.extend(character.escape_unicode());
        }
    }
    safe
}

/// The last wall before a terminal: as [`SafeText`], but whole, and with its line ends. For text that is ours except for
/// what a person typed into it, such as the name of a file.
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

/// True for characters that print as themselves. Everything that can steer or deceive a terminal is not:
/// C0/C1 controls, bidirectional marks and overrides, zero-width and tag characters, variation selectors.
const fn is_plain(character: char) -> bool {
    !matches!(character,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
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

    proptest! {
        #[test]
        fn never_lets_a_control_character_through(raw in ".*") {
            for text in [SafeText::new(&raw), SafeText::whole(&raw)] {
                prop_assert!(text.as_str().chars().all(|c| !c.is_control()));
            }
        }
    }
}
