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
pub(super) const MAX_TYPED: usize = 2048;
/// Most bytes of a word of any list, with the space before it.
pub(super) const LONGEST_WORD: usize = 64;

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

    /// The numbers of the words in their list, from 0 (BIP-39), in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u16> + '_ {
        // A list has 2048 words.
        self.mnemonic.word_indices().map(|number| u16::try_from(number).unwrap_or(u16::MAX))
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
#[path = "phrase_tests.rs"]
mod tests;
