//! What each typed word is, before the phrase is whole: a person hears of a slip while the eye is still on that word.
//!
//! Only looks words up: nothing typed is changed here, and no checksum is known yet.

use super::{Language, secret::normalized, suggest};

/// What one typed word is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedWord {
    /// A word of a list, or letters that stand for different words of several.
    Whole,
    /// The first letters of this word (BIP-39: four tell the words of a list apart).
    Begins(&'static str),
    /// A word of no list.
    Unknown {
        /// The list that fits most of the others.
        language: Language,
        /// Similar words of that list, nearest first.
        suggestions: Vec<&'static str>,
    },
}

/// Looks up every word of a text that may go on: in `language`, or in the lists that fit most of its words.
#[must_use]
pub fn look_up(typed: &str, language: Option<Language>) -> Vec<TypedWord> {
    let text = normalized(typed);
    let fitting = |list: &Language| text.split_whitespace().filter(|word| list.completed(word).is_some()).count();
    let most = Language::ALL.iter().map(fitting).max().unwrap_or_default();
    let lists = match language {
        Some(only) => vec![only],
        None => Language::ALL.into_iter().filter(|list| fitting(list) == most).collect(),
    };
    text.split_whitespace().map(|word| one(word, &lists)).collect()
}

fn one(word: &str, lists: &[Language]) -> TypedWord {
    let mut meant: Vec<&'static str> = lists.iter().filter_map(|list| list.completed(word)).collect();
    meant.dedup();
    match meant.as_slice() {
        [] => {
            let language = lists.first().copied().unwrap_or(Language::English);
            TypedWord::Unknown { language, suggestions: suggest::similar(word, language) }
        }
        [only] if *only != word => TypedWord::Begins(only),
        // Several lists that fit as well may mean different words: which one is known only with more of them.
        _ => TypedWord::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_first_letters_and_slips_are_told_apart() {
        let found = look_up("legal winn thnak year", None);
        let unknown = TypedWord::Unknown { language: Language::English, suggestions: vec!["thank", "tank", "that"] };
        assert_eq!(found, [TypedWord::Whole, TypedWord::Begins("winner"), unknown, TypedWord::Whole]);
    }

    #[test]
    fn another_language_is_no_slip() {
        let spanish = "ábaco abdomen abeja abierto";
        assert!(look_up(spanish, None).iter().all(|word| *word == TypedWord::Whole));
        let english = look_up("ábaco", Some(Language::English));
        assert!(matches!(english.as_slice(), [TypedWord::Unknown { language: Language::English, .. }]), "{english:?}");
        // The list that knows most words is the one whose words are suggested.
        let slip = look_up("ábaco abdomen abeja abiertto", None);
        let expected = TypedWord::Unknown { language: Language::Spanish, suggestions: vec!["abierto"] };
        assert_eq!(slip.last(), Some(&expected));
    }

    /// `poll` begins words of other languages, which says nothing once the others are English.
    #[test]
    fn a_slip_that_fits_another_language_is_found_with_the_next_word() {
        assert_eq!(look_up("poll", None), [TypedWord::Whole]);
        let found = look_up("poll develop lobster grass", None);
        assert!(matches!(found.first(), Some(TypedWord::Unknown { language: Language::English, .. })), "{found:?}");
    }

    #[test]
    fn there_is_one_answer_for_each_word() {
        assert_eq!(look_up("", None), []);
        assert_eq!(look_up(" zoo  xxxxxxxx ", None).len(), 2);
    }
}
