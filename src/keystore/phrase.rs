//! The recovery phrase (BIP-39): made from entropy, read from what a person typed, shown word by word.
//!
//! A phrase has no Debug, Display, Clone or Serialize. Nothing typed is corrected: an unknown word is an error with
//! suggestions, and a phrase that is valid in several languages is a question.

use bip39::Mnemonic;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::{
    DiceReport, DiceRolls, KeystoreError, Language, Passphrase, PhraseError, SecretBytes, WordCount, entropy,
    secret::normalized, suggest,
};

/// Longest text that is read as a phrase: 24 words of the longest list, with room for odd spacing.
const MAX_TYPED: usize = 2048;
/// Most bytes of a word of any list, with the space before it.
const LONGEST_WORD: usize = 64;

/// A valid recovery phrase.
///
/// ```compile_fail
/// fn printed(phrase: &fastness::keystore::Phrase) -> String { format!("{phrase:?}") }
/// ```
/// ```compile_fail
/// fn copied(phrase: &fastness::keystore::Phrase) -> fastness::keystore::Phrase { phrase.clone() }
/// ```
pub struct Phrase {
    mnemonic: Mnemonic,
    language: Language,
    count: WordCount,
}

impl Phrase {
    /// A new phrase from the kernel's generator alone: its words encode exactly the bytes of one call.
    ///
    /// # Errors
    /// The generator failed; then nothing was made.
    pub fn generate(count: WordCount, language: Language) -> Result<Self, KeystoreError> {
        Self::from_entropy(&entropy::kernel_entropy(count)?, language)
    }

    /// A new phrase from kernel bytes and dice hashed together, with what a second tool needs to check it.
    ///
    /// # Errors
    /// The generator failed; then nothing was made. Too few rolls for this many words.
    pub fn generate_with_dice(
        count: WordCount,
        language: Language,
        rolls: DiceRolls,
    ) -> Result<(Self, DiceReport), KeystoreError> {
        let rolls = rolls.enough_for(count)?;
        let (mixed, report) = entropy::mix(entropy::kernel_entropy(count)?, rolls, count);
        Ok((Self::from_entropy(&mixed, language)?, report))
    }

    /// The phrase that encodes these bytes; checked by decoding it again.
    pub(super) fn from_entropy(bytes: &SecretBytes, language: Language) -> Result<Self, KeystoreError> {
        let count =
            WordCount::of_bytes(bytes.as_bytes().len()).ok_or(KeystoreError::Damaged("entropy of no phrase"))?;
        let mnemonic = Mnemonic::from_entropy_in(language.list(), bytes.as_bytes())
            .map_err(|_| KeystoreError::SelfCheck("encoding the words"))?;
        let phrase = Self { mnemonic, language, count };
        if bool::from(phrase.entropy().as_bytes().ct_eq(bytes.as_bytes())) {
            Ok(phrase)
        } else {
            Err(KeystoreError::SelfCheck("decoding the words"))
        }
    }

    /// Reads typed words, in whichever language they are.
    ///
    /// # Errors
    /// A wrong number of words, an unknown word, a wrong checksum, or several languages in which the phrase is valid.
    pub fn parse(typed: &str) -> Result<Self, PhraseError> {
        let (text, count) = prepare(typed)?;
        let knowing: Vec<_> =
            Language::ALL.into_iter().filter(|list| text.split_whitespace().all(|word| list.knows(word))).collect();
        let mut valid: Vec<_> = if knowing.is_empty() {
            let whole = |language| Some((language, completed(&text, count, language)?));
            let meant: Vec<_> = Language::ALL.into_iter().filter_map(whole).collect();
            if meant.is_empty() {
                return Err(unknown_word(&text, most_likely(&text)));
            }
            meant.iter().filter_map(|(language, text)| decode(text, count, *language).ok()).collect()
        } else {
            knowing.into_iter().filter_map(|language| decode(&text, count, language).ok()).collect()
        };
        match (valid.pop(), valid.is_empty()) {
            (None, _) => Err(PhraseError::Checksum),
            (Some(only), true) => Ok(only),
            (Some(last), false) => {
                let mut candidates: Vec<_> = valid.iter().map(|phrase| phrase.language).collect();
                candidates.push(last.language);
                Err(PhraseError::Ambiguous { candidates })
            }
        }
    }

    /// Reads typed words of one language.
    ///
    /// # Errors
    /// A wrong number of words, a word that is not in that list, or a wrong checksum.
    pub fn parse_in(language: Language, typed: &str) -> Result<Self, PhraseError> {
        let (text, count) = prepare(typed)?;
        match completed(&text, count, language) {
            Some(text) => decode(&text, count, language),
            None => Err(unknown_word(&text, language)),
        }
    }

    /// The words in order, for the screen.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.mnemonic.words()
    }

    /// The words' language.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// How many words there are.
    #[must_use]
    pub const fn count(&self) -> WordCount {
        self.count
    }

    /// The bytes that the words encode: 11 bits a word, without the checksum at the end (BIP-39).
    pub(super) fn entropy(&self) -> SecretBytes {
        let mut bytes = Zeroizing::new(vec![0u8; self.count.bytes() + 2]);
        for (place, index) in self.mnemonic.word_indices().enumerate() {
            for bit in (0..11).filter(|bit| index >> (10 - bit) & 1 == 1) {
                let at = place * 11 + bit;
                if let Some(byte) = bytes.get_mut(at / 8) {
                    *byte |= 0x80 >> (at % 8);
                }
            }
        }
        bytes.truncate(self.count.bytes());
        SecretBytes::new(std::mem::take(&mut *bytes))
    }

    /// The 64 bytes from which keys are derived: PBKDF2 of the words and the passphrase (BIP-39).
    pub(super) fn seed(&self, passphrase: Option<&Passphrase>) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.mnemonic.to_seed_normalized(passphrase.map_or("", Passphrase::as_str)))
    }

    /// Compares without telling where they differ.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let same_list = Choice::from(u8::from(self.language == other.language));
        bool::from(self.entropy().as_bytes().ct_eq(other.entropy().as_bytes()) & same_list)
    }
}

/// The text normalized (NFKD, which also turns the ideographic space into a plain one), and its number of words.
pub(super) fn prepare(typed: &str) -> Result<(Zeroizing<String>, WordCount), PhraseError> {
    if typed.len() > MAX_TYPED {
        return Err(PhraseError::WordCount { found: typed.split_whitespace().count() });
    }
    let text = normalized(typed);
    let count = WordCount::of_words(text.split_whitespace().count())?;
    Ok((text, count))
}

/// All words are known in this language; is the checksum right?
fn decode(text: &str, count: WordCount, language: Language) -> Result<Phrase, PhraseError> {
    let mnemonic = Mnemonic::parse_in_normalized(language.list(), text).map_err(|_| PhraseError::Checksum)?;
    Ok(Phrase { mnemonic, language, count })
}

/// The same text with whole words in the place of their first letters; `None` if one of them is not of this language.
fn completed(text: &str, count: WordCount, language: Language) -> Option<Zeroizing<String>> {
    let mut whole = Zeroizing::new(String::with_capacity(count.words() * LONGEST_WORD));
    for word in text.split_whitespace() {
        if !whole.is_empty() {
            whole.push(' ');
        }
        whole.push_str(language.completed(word)?);
    }
    Some(whole)
}

/// The language that knows most of the words; English when several know as many.
fn most_likely(text: &str) -> Language {
    let known = |list: Language| text.split_whitespace().filter(|word| list.knows(word)).count();
    Language::ALL.into_iter().rev().max_by_key(|list| known(*list)).unwrap_or(Language::English)
}

fn unknown_word(text: &str, language: Language) -> PhraseError {
    let unknown = text.split_whitespace().enumerate().find(|(_, word)| !language.knows(word));
    let (place, word) = unknown.unwrap_or_default();
    PhraseError::UnknownWord { position: place + 1, language, suggestions: suggest::similar(word, language) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    fn typed(phrase: &Phrase, separator: &str) -> String {
        phrase.words().collect::<Vec<_>>().join(separator)
    }

    fn zeros(language: Language) -> Phrase {
        Phrase::from_entropy(&SecretBytes::new(vec![0; 16]), language).unwrap()
    }

    #[test]
    fn first_letters_stand_for_their_words() {
        let phrase = zeros(Language::English);
        let short: Vec<String> = phrase.words().map(|word| word.chars().take(4).collect()).collect();
        for read in [Phrase::parse(&short.join(" ")), Phrase::parse_in(Language::English, &short.join(" "))] {
            assert!(read.unwrap().same_as(&phrase));
        }
        assert!(matches!(Phrase::parse(&short.join(" ").replace("aban", "aba")), Err(PhraseError::UnknownWord { .. })));
    }

    #[test]
    fn every_size_and_language_reads_back() {
        for language in Language::ALL {
            for count in WordCount::ALL {
                let phrase = Phrase::generate(count, language).unwrap();
                let again = Phrase::parse_in(language, &typed(&phrase, " ")).unwrap();
                assert!(phrase.same_as(&again) && again.words().count() == count.words(), "{language}");
            }
        }
    }

    #[test]
    fn every_unicode_form_is_the_same_phrase() {
        for language in Language::ALL {
            let phrase = Phrase::generate(WordCount::TwentyFour, language).unwrap();
            let text = typed(&phrase, "\u{3000}");
            for form in [text.nfc().to_string(), text.nfd().to_string(), text.nfkc().to_string(), format!(" {text}\n")]
            {
                assert!(Phrase::parse_in(language, &form).unwrap().same_as(&phrase), "{language}");
            }
        }
    }

    #[test]
    fn an_unknown_word_is_named_by_its_place() {
        let text = typed(&zeros(Language::English), " ").replacen("abandon", "abandno", 3);
        let Err(PhraseError::UnknownWord { position, language, suggestions }) = Phrase::parse(&text) else {
            panic!("accepted")
        };
        assert_eq!((position, language, suggestions.first()), (1, Language::English, Some(&"abandon")));
        let spanish = typed(&zeros(Language::Spanish), " ") + "x";
        let Err(PhraseError::UnknownWord { position, language, .. }) = Phrase::parse(&spanish) else {
            panic!("accepted")
        };
        assert_eq!((position, language), (12, Language::Spanish));
    }

    #[test]
    fn counts_and_checksums_are_checked() {
        let eleven = ["abandon"; 11].join(" ");
        assert_eq!(Phrase::parse(&eleven).err(), Some(PhraseError::WordCount { found: 11 }));
        assert_eq!(Phrase::parse(&format!("{eleven} abandon")).err(), Some(PhraseError::Checksum));
        assert!(Phrase::parse(&format!("{eleven} about")).is_ok());
        assert!(matches!(Phrase::parse(&"a ".repeat(100_000)).err(), Some(PhraseError::WordCount { .. })));
        assert_eq!(Phrase::parse("").err(), Some(PhraseError::WordCount { found: 0 }));
    }

    #[test]
    fn a_phrase_of_two_languages_is_a_question() {
        // The two Chinese lists share 1,275 characters at the same places; entropy whose words are all among them.
        let shared = (0u8..=255).find_map(|byte| {
            let phrase = Phrase::from_entropy(&SecretBytes::new(vec![byte; 16]), Language::ChineseSimplified).unwrap();
            let text = typed(&phrase, " ");
            Phrase::parse_in(Language::ChineseTraditional, &text).is_ok().then_some(text)
        });
        let candidates = vec![Language::ChineseSimplified, Language::ChineseTraditional];
        assert_eq!(Phrase::parse(&shared.unwrap()).err(), Some(PhraseError::Ambiguous { candidates }));
    }

    #[test]
    fn japanese_with_its_passphrase_gives_the_published_seed() {
        // First Japanese vector that BIP-39 links to (bip32JP/bip32JP.github.io).
        let phrase = zeros(Language::Japanese);
        let passphrase = "\u{334d}\u{30ac}\u{30d0}\u{30f4}\u{30a1}\u{3071}\u{3070}\u{3050}\u{309e}\u{3061}\u{3062}\u{5341}\u{4eba}\u{5341}\u{8272}";
        let seed = phrase.seed(Some(&Passphrase::new(passphrase.to_owned()).unwrap()));
        assert_eq!(
            hex::DisplayHex::to_lower_hex_string(seed.as_slice()),
            "a262d6fb6122ecf45be09c50492b31f92e9beb7d9a845987a02cefda57a15f9c\
             467a17872029a9e92299b5cbdf306e3a0ee620245cbd508959b6cb7ca637bd55"
        );
    }

    #[test]
    fn dice_are_mixed_with_the_kernels_bytes() {
        let rolls = || DiceRolls::parse(&"6".repeat(99), WordCount::TwentyFour).unwrap();
        let (first, report) = Phrase::generate_with_dice(WordCount::TwentyFour, Language::English, rolls()).unwrap();
        let (second, _) = Phrase::generate_with_dice(WordCount::TwentyFour, Language::English, rolls()).unwrap();
        assert!(!first.same_as(&second), "dice alone must not decide");
        assert_eq!(report.kernel_hex().len(), 64);
        let few = DiceRolls::parse(&"6".repeat(50), WordCount::Twelve).unwrap();
        assert!(Phrase::generate_with_dice(WordCount::TwentyFour, Language::English, few).is_err());
    }

    proptest! {
        #[test]
        fn any_entropy_survives_its_words(bytes in proptest::collection::vec(any::<u8>(), 32), size in 0usize..5, list in 0usize..10) {
            let count = WordCount::ALL[size];
            let bytes = SecretBytes::new(bytes[..count.bytes()].to_vec());
            let phrase = Phrase::from_entropy(&bytes, Language::ALL[list]).unwrap();
            let decoded = phrase.entropy();
            prop_assert_eq!(decoded.as_bytes(), bytes.as_bytes());
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = Phrase::parse(&text);
        }
    }
}
