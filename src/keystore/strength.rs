//! How well a password stands against guessing, and passphrases that are made from random words.
//!
//! A judgement for a person: nothing is refused by it. What is judged or made is a secret, and never leaves by itself.

use bip39::Language as List;
use zeroize::Zeroizing;

use super::{KeystoreError, Password, entropy::fill_from_kernel};
use crate::seal::Sealed;

/// Fewer guesses than these find it within a person's memory, at about a guess a second for each machine (docs/formats/sealed-file.md).
const FEW: u64 = 100_000_000;
/// Words of a passphrase: 88 bits.
const WORDS: usize = 8;

/// An estimate by known words, names, dates, and patterns on a keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strength {
    /// Guesses after which it is found, by who tries likely ones first.
    pub guesses: u64,
}

impl Strength {
    /// Whether a person should hear of it.
    #[must_use]
    pub const fn is_weak(self) -> bool {
        self.guesses < FEW
    }
}

impl Password {
    /// How many guesses find it (zxcvbn).
    #[must_use]
    pub fn strength(&self) -> Strength {
        // Other bytes than text are no password of ours.
        let text = std::str::from_utf8(self.as_bytes()).unwrap_or_default();
        Strength { guesses: zxcvbn::zxcvbn(text, &[]).guesses() }
    }
}

/// Random words for a person to write down, as a password.
pub struct MadePassphrase(Zeroizing<String>);

impl MadePassphrase {
    /// Eight words of the English list (BIP-39), from one call to the kernel. No checksum is in them, and their number is
    /// that of no recovery phrase.
    ///
    /// # Errors
    /// The kernel gives no random bytes.
    pub fn make(_sealed: &Sealed) -> Result<Self, KeystoreError> {
        let mut bytes = Zeroizing::new([0u8; 2 * WORDS]);
        fill_from_kernel(bytes.as_mut_slice())?;
        let mut text = Zeroizing::new(String::with_capacity(128));
        for pair in bytes.chunks_exact(2) {
            let number = pair.iter().fold(0usize, |number, byte| number << 8 | usize::from(*byte));
            // The list has 2048 words, so that eleven bits name one without a bias.
            let word = List::English.word_list().get(number % 2048).copied().unwrap_or_default();
            if !text.is_empty() {
                text.push('-');
            }
            text.push_str(word);
        }
        Ok(Self(text))
    }

    /// The words, for the screen.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The same as a password.
    ///
    /// # Errors
    /// None that can occur: it is neither empty nor too long.
    pub fn into_password(self) -> Result<Password, KeystoreError> {
        Password::new(self.0.as_str().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guesses(text: &str) -> Strength {
        Password::new(text.to_owned()).unwrap().strength()
    }

    #[test]
    fn what_people_choose_first_is_weak() {
        for weak in ["password", "123456", "qwertzuiop", "hunter2", "Summer2024", "a", "bitcoin1"] {
            assert!(guesses(weak).is_weak(), "{weak}: {:?}", guesses(weak));
        }
        for strong in ["correct horse battery staple", "fT9#xq2LmZ7w", "kelp-orbit-grape-mimic-frost"] {
            assert!(!guesses(strong).is_weak(), "{strong}: {:?}", guesses(strong));
        }
        assert!(!guesses(&"x7q2Lm".repeat(100)).is_weak());
    }

    #[test]
    fn a_made_passphrase_is_strong_another_each_time_and_no_recovery_phrase() {
        let sealed = Sealed::for_tests();
        let made = |_| MadePassphrase::make(&sealed).unwrap();
        let texts: Vec<String> = (0..20).map(made).map(|made| made.text().to_owned()).collect();
        for (place, text) in texts.iter().enumerate() {
            let words: Vec<&str> = text.split('-').collect();
            assert_eq!(words.len(), WORDS, "{text}");
            assert!(words.iter().all(|word| List::English.find_word(word).is_some()), "{text}");
            assert!(!guesses(text).is_weak() && !texts[..place].contains(text));
        }
        let made = MadePassphrase::make(&sealed).unwrap();
        let typed = Password::new(made.text().to_owned()).unwrap();
        assert!(made.into_password().unwrap().same_as(&typed));
    }
}
