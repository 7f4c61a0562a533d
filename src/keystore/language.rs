//! The ten word lists of BIP-39, under our own names, so that a dependency's enum never becomes a file format.
//!
//! Knows words as public lists; must not know a person's phrase.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A word list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// English, the list that every wallet knows.
    English,
    /// Japanese.
    Japanese,
    /// Korean.
    Korean,
    /// Spanish.
    Spanish,
    /// Chinese, simplified characters.
    ChineseSimplified,
    /// Chinese, traditional characters.
    ChineseTraditional,
    /// French.
    French,
    /// Italian.
    Italian,
    /// Czech.
    Czech,
    /// Portuguese.
    Portuguese,
}

/// Letters of a word that tell it apart from every other of its list (BIP-39).
const ENOUGH: usize = 4;

impl Language {
    /// Every list, in the order of BIP-39's own table.
    pub const ALL: [Self; 10] = [
        Self::English,
        Self::Japanese,
        Self::Korean,
        Self::Spanish,
        Self::ChineseSimplified,
        Self::ChineseTraditional,
        Self::French,
        Self::Italian,
        Self::Czech,
        Self::Portuguese,
    ];

    /// The name as typed after `--language` and written to files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "english",
            Self::Japanese => "japanese",
            Self::Korean => "korean",
            Self::Spanish => "spanish",
            Self::ChineseSimplified => "chinese-simplified",
            Self::ChineseTraditional => "chinese-traditional",
            Self::French => "french",
            Self::Italian => "italian",
            Self::Czech => "czech",
            Self::Portuguese => "portuguese",
        }
    }

    /// The language of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }

    /// The list in the dependency that carries it.
    pub(super) const fn list(self) -> bip39::Language {
        match self {
            Self::English => bip39::Language::English,
            Self::Japanese => bip39::Language::Japanese,
            Self::Korean => bip39::Language::Korean,
            Self::Spanish => bip39::Language::Spanish,
            Self::ChineseSimplified => bip39::Language::SimplifiedChinese,
            Self::ChineseTraditional => bip39::Language::TraditionalChinese,
            Self::French => bip39::Language::French,
            Self::Italian => bip39::Language::Italian,
            Self::Czech => bip39::Language::Czech,
            Self::Portuguese => bip39::Language::Portuguese,
        }
    }

    /// True for a word (NFKD) of this list.
    pub(super) fn knows(self, word: &str) -> bool {
        self.list().find_word(word).is_some()
    }

    /// The word of this list that is meant: itself, or the one that begins with these letters. Four of them are enough to tell
    /// the words of a list apart (BIP-39).
    pub(super) fn completed(self, word: &str) -> Option<&'static str> {
        if let Some(place) = self.list().find_word(word) {
            return self.list().word_list().get(usize::from(place)).copied();
        }
        match self.list().words_by_prefix(word) {
            [only] if word.chars().count() >= ENOUGH => Some(*only),
            _ => None,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_in_files() {
        for language in Language::ALL {
            assert_eq!(serde_json::to_string(&language).unwrap(), format!("\"{language}\""));
            assert_eq!(Language::from_name(language.name()), Some(language));
        }
        assert_eq!(Language::from_name("klingon"), None);
    }

    #[test]
    fn four_letters_tell_the_words_of_a_list_apart() {
        assert_eq!(Language::English.completed("aban"), Some("abandon"));
        assert_eq!(Language::English.completed("zoo"), Some("zoo"), "a whole word is itself");
        for wrong in ["aba", "xxxx", "", "abandonn", "act"] {
            assert_eq!(Language::English.completed(wrong), (wrong == "act").then_some("act"), "{wrong}");
        }
    }

    #[test]
    fn lists_are_normalized_and_whole() {
        use unicode_normalization::is_nfkd;
        for language in Language::ALL {
            let words = language.list().word_list();
            assert!(words.iter().all(|word| is_nfkd(word) && language.knows(word)), "{language}");
            assert_eq!(words.iter().collect::<std::collections::HashSet<_>>().len(), 2048, "{language}");
        }
    }
}
