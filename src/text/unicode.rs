//! Which characters of a text from outside print as themselves, and what a text looks like (UAX 24, UAX 44, UTS 39).
//!
//! Facts of Unicode by the tables of its crates, and the two rules that stand on them. It must not print.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};
use unicode_security::{MixedScript, mixed_script::AugmentedScriptSet, skeleton as confusable_skeleton};

/// Letters of these may stand beside Latin ones in one word (UTS 39, highly restrictive).
const BESIDE_LATIN: [Script; 5] = [Script::Han, Script::Hiragana, Script::Katakana, Script::Hangul, Script::Bopomofo];

/// A character of a text, and how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Printed {
    /// As itself.
    Plain(char),
    /// As `\u{...}`: it steers, hides, stacks on others, or passes for another.
    Escaped(char),
}

/// How each character of a text is shown. Beside [`is_plain`], a word that mixes scripts keeps its ASCII letters only.
pub(super) fn printed(text: &str) -> Vec<Printed> {
    let mut all = Vec::new();
    let mut word: Vec<char> = Vec::new();
    for character in text.chars() {
        if in_a_word(character) {
            word.push(character);
            continue;
        }
        all.extend(printed_word(&word));
        word.clear();
        all.push(if is_plain(character) { Printed::Plain(character) } else { Printed::Escaped(character) });
    }
    all.extend(printed_word(&word));
    all
}

fn in_a_word(character: char) -> bool {
    is_plain(character) && (character.is_alphanumeric() || is_mark(character))
}

fn printed_word(word: &[char]) -> impl Iterator<Item = Printed> {
    let mixed = word.iter().any(|letter| !letter.is_ascii()) && is_mixed(&word.iter().collect::<String>());
    let as_itself = move |letter: char| letter.is_ascii() || !(mixed || is_styled(letter));
    word.iter().map(move |&letter| if as_itself(letter) { Printed::Plain(letter) } else { Printed::Escaped(letter) })
}

/// Whether a word has letters of more than one script; Latin beside the scripts of Chinese, Japanese and Korean is usual.
fn is_mixed(word: &str) -> bool {
    if word.is_single_script() {
        return false;
    }
    let others: String = word.chars().filter(|letter| letter.script() != Script::Latin).collect();
    let script = AugmentedScriptSet::for_str(&others);
    !others.is_single_script() || !BESIDE_LATIN.iter().any(|beside| script.base.contains_script(*beside))
}

/// A letter that is an ASCII letter in another dress: full width, mathematical, in a circle.
fn is_styled(letter: char) -> bool {
    let mut plain = std::iter::once(letter).nfkc().peekable();
    let ordinal = matches!(letter, '\u{aa}' | '\u{ba}');
    !letter.is_ascii()
        && !ordinal
        && plain.peek().is_some()
        && plain.all(|letter| letter.is_ascii_alphanumeric())
        && letter.is_alphabetic()
}

fn is_mark(character: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    matches!(character.general_category(), EnclosingMark | NonspacingMark | SpacingMark)
}

/// True for characters that print as themselves. Not plain are controls, format characters (bidirectional ones among
/// them), default-ignorable code points, private and unassigned ones, blanks of unusual width, and marks that stack on
/// any letter; marks that belong to a script, such as the vowels of Hindi, are plain.
pub(super) fn is_plain(character: char) -> bool {
    use GeneralCategory as Category;
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    if is_default_ignorable(character) || character == BRAILLE_BLANK {
        return false;
    }
    match character.general_category() {
        Category::Control | Category::Format | Category::Surrogate | Category::PrivateUse | Category::Unassigned => {
            false
        }
        Category::LineSeparator | Category::ParagraphSeparator | Category::EnclosingMark => false,
        // A blank of another width moves what stands behind it to where it does not belong.
        Category::SpaceSeparator => false,
        Category::NonspacingMark | Category::SpacingMark => {
            !matches!(character.script(), Script::Inherited | Script::Common | Script::Unknown)
        }
        _ => true,
    }
}

/// A braille pattern without a dot: it looks like a space, and is none.
const BRAILLE_BLANK: char = '\u{2800}';

/// `Default_Ignorable_Code_Point` of Unicode 17 (DerivedCoreProperties), which prints nothing.
const fn is_default_ignorable(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether two short texts, such as symbols, look alike to a person: they have a skeleton of UTS 39 in common once
/// capitals, compatibility forms, and all that is no letter or digit are set aside.
#[must_use]
pub fn looks_like(text: &str, known: &str) -> bool {
    let known = skeletons(known);
    skeletons(text).iter().any(|one| !one.is_empty() && known.contains(one))
}

/// The skeletons of a text as it is, in capitals and in small letters: which letters look alike depends on their case.
fn skeletons(text: &str) -> [String; 3] {
    let text: String = unescaped(text).nfkc().filter(|character| !is_default_ignorable(*character)).collect();
    [text.clone(), text.to_uppercase(), text.to_lowercase()].map(|form| {
        let letters: String = confusable_skeleton(&form).filter(|letter| letter.is_alphanumeric()).collect();
        letters.to_lowercase()
    })
}

/// A text with its `\u{...}` read back, for what has passed through [`super::SafeText`] already.
fn unescaped(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let escape = rest.strip_prefix("\\u{").and_then(|after| after.split_once('}'));
        let read =
            escape.and_then(|(digits, after)| Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, after)));
        let (character, after) = read.unwrap_or((first, rest.get(first.len_utf8()..)?));
        rest = after;
        Some(character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> bool {
        printed(text).iter().all(|printed| matches!(printed, Printed::Plain(_)))
    }

    #[test]
    fn honest_labels_of_one_script_stay_readable() {
        for text in [
            "Miete M\u{e4}rz 5 \u{20ac}",
            "caf\u{e9} \u{d1}and\u{fa}",
            "\u{41c}\u{438}\u{448}\u{430} BTC",
            "\u{5de}\u{5b4}\u{5dc}",
            "\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}",
            "\u{e2a}\u{e27}\u{e31}\u{e2a}\u{e14}\u{e35}",
            "BTC\u{94b1}\u{5305}",
            "\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{30c6}\u{30b9}\u{30c8}",
            "\u{d55c}\u{ad6d}\u{c5b4}",
            "\u{3b1}\u{3b2}\u{3b3}",
            "\u{627}\u{644}\u{639}\u{631}\u{628}\u{64a}\u{629}",
            "gm \u{1f680} \u{2713} \u{20bf}1.5 \u{2116} 7",
            "\u{b5}BTC 1\u{ba}",
        ] {
            assert!(plain(text), "{text}: {:?}", printed(text));
        }
    }

    #[test]
    fn what_hides_or_passes_for_another_is_escaped() {
        for text in [
            "US\u{2800}DC",
            "US\u{200b}DC",
            "U\u{405}DC",
            "\u{395}TH",
            "\u{ff35}\u{ff33}\u{ff24}\u{ff23}",
            "\u{1d414}SDC",
            "\u{24ca}SDC",
            "USDC\u{301}",
            "e\u{301}",
            "a\u{20dd}",
            "\u{600}1",
            "\u{110bd}1",
            "\u{13430}",
            "x\u{2003}y",
            "x\u{e000}",
            "x\u{378}",
            "x\u{e0041}",
            "\u{441}\u{3bf}",
        ] {
            assert!(!plain(text), "{text:?}");
        }
    }

    #[test]
    fn every_format_or_ignorable_character_is_escaped() {
        let hidden = |c: &char| {
            is_default_ignorable(*c)
                || matches!(c.general_category(), GeneralCategory::Format | GeneralCategory::Control)
        };
        let all: Vec<char> = (0..=0x0010_ffff).filter_map(char::from_u32).filter(hidden).collect();
        assert!(all.len() > 4_000, "{}", all.len());
        assert!(all.iter().all(|c| !is_plain(*c)));
        assert!(('a'..='z').chain('\u{4e00}'..='\u{9fff}').chain('\u{410}'..='\u{44f}').all(is_plain));
    }

    #[test]
    fn look_alikes_of_every_kind_are_seen_and_others_are_not() {
        for (text, known) in [
            ("USDC", "USDC"),
            ("usdc", "USDC"),
            ("U\u{405}DC", "USDC"),
            ("USD\u{421}", "USDC"),
            ("USD\u{441}", "usdc"),
            ("usd\u{422}", "USDT"),
            ("\u{ff35}\u{ff33}\u{ff24}\u{ff23}", "USDC"),
            ("US\u{2800}DC", "USDC"),
            ("US\u{200b}DC", "USDC"),
            ("USDC\u{301}", "USDC"),
            ("US\\u{200b}DC", "USDC"),
            ("\\u{41}BC", "ABC"),
            ("USDC ", "USDC"),
            ("U.S.D.C", "USDC"),
            ("\u{395}TH", "ETH"),
            ("\u{1d5e8}\u{1d5e6}\u{1d5d7}\u{1d5d6}", "USDC"),
            ("L1NK", "LINK"),
            ("\u{421}\u{41e}\u{41c}\u{420}", "COMP"),
        ] {
            assert!(looks_like(text, known), "{text:?} {known}");
        }
        for (text, known) in [("USDT", "USDC"), ("USDC.e", "USDC"), ("", "USDC"), ("...", "ETH"), ("wstETH", "ETH")] {
            assert!(!looks_like(text, known), "{text} {known}");
        }
    }
}
