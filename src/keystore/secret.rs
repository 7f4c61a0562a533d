//! Secrets as types: wiped when dropped, and impossible to print, copy or write by accident.
//!
//! No type here has Debug, Display, Clone or Serialize, and none may get one. Wiping is best effort: it cannot reach
//! copies that the compiler or the kernel made.

use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use super::KeystoreError;

/// Longest password or passphrase after normalization, in bytes. It fits the sealed file's fixed size.
pub(super) const MAX_SECRET: usize = 1024;
/// Longest text that is normalized at all: the most that can shrink into [`MAX_SECRET`] stays far below.
const MAX_TYPED: usize = 4 * MAX_SECRET;

/// What a person types to open the file. Normalized (NFKD), so that any keyboard's form of an accent opens it.
///
/// ```compile_fail
/// let password = fastness::keystore::Password::new("correct horse".to_owned()).unwrap();
/// println!("{password:?}");
/// ```
/// ```compile_fail
/// let password = fastness::keystore::Password::new("correct horse".to_owned()).unwrap();
/// let copy = password.clone();
/// ```
pub struct Password(Zeroizing<String>);

/// The extra words of BIP-39 that are part of the seed. Normalized (NFKD, as BIP-39 says) and otherwise never altered.
///
/// ```compile_fail
/// let passphrase = fastness::keystore::Passphrase::new("  edge  ".to_owned()).unwrap();
/// println!("{passphrase:?}");
/// ```
pub struct Passphrase(Zeroizing<String>);

/// Secret bytes.
///
/// ```compile_fail
/// fn printed(bytes: &fastness::keystore::SecretBytes) -> String { format!("{bytes:?}") }
/// ```
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl Password {
    /// Takes the typed text, which is wiped.
    ///
    /// # Errors
    /// It is empty, or longer than 1024 bytes.
    pub fn new(typed: String) -> Result<Self, KeystoreError> {
        take(typed, "the password is empty", "the password is longer than 1024 bytes").map(Self)
    }

    /// The normalized bytes, for the key derivation.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Compares without telling where they differ (for the second time a new password is typed).
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Passphrase {
    /// Takes the typed text, which is wiped. No passphrase is `None`, not an empty one.
    ///
    /// # Errors
    /// It is empty, or longer than 1024 bytes.
    pub fn new(typed: String) -> Result<Self, KeystoreError> {
        take(typed, "the passphrase is empty: leave it out instead", "the passphrase is longer than 1024 bytes")
            .map(Self)
    }

    /// The normalized text, for the seed and the sealed file.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares without telling where they differ (for the second time a new passphrase is typed).
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// Something that a person should be warned of, because the next time it will be typed differently.
    #[must_use]
    pub fn oddity(&self) -> Option<&'static str> {
        let text = self.as_str();
        if text.trim() != text {
            return Some("the passphrase begins or ends with a space");
        }
        text.chars().any(char::is_control).then_some("the passphrase contains a control character")
    }
}

impl SecretBytes {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, in place.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn take(typed: String, empty: &'static str, long: &'static str) -> Result<Zeroizing<String>, KeystoreError> {
    let typed = Zeroizing::new(typed);
    if typed.is_empty() {
        return Err(KeystoreError::Secret(empty));
    }
    if typed.len() > MAX_TYPED {
        return Err(KeystoreError::Secret(long));
    }
    let text = normalized(&typed);
    if text.len() > MAX_SECRET { Err(KeystoreError::Secret(long)) } else { Ok(text) }
}

/// NFKD of the text. Measured first, so that the result is never moved while it grows and leaves no copy behind.
pub(super) fn normalized(text: &str) -> Zeroizing<String> {
    let length = text.nfkd().map(char::len_utf8).sum();
    let mut result = Zeroizing::new(String::with_capacity(length));
    text.nfkd().for_each(|mut character| {
        result.push(character);
        character.zeroize();
    });
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_an_accent_is_one_secret() {
        let forms = ["caf\u{e9} \u{fb01} \u{212b}", "cafe\u{301} fi A\u{30a}", "caf\u{e9} fi \u{c5}"];
        let first = Passphrase::new(forms[0].to_owned()).unwrap();
        for form in forms {
            assert!(first.same_as(&Passphrase::new(form.to_owned()).unwrap()), "{form}");
        }
        let plain = Password::new("cafe".to_owned()).unwrap();
        assert!(!plain.same_as(&Password::new("caf\u{e9}".to_owned()).unwrap()));
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(Password::new(String::new()).is_err());
        assert!(Passphrase::new(String::new()).is_err());
        assert!(Password::new("a".repeat(1024)).is_ok());
        assert!(Password::new("a".repeat(1025)).is_err());
        // One character that normalizes to 18: the limit holds after normalization.
        assert!(Password::new("\u{fdfa}".repeat(200)).is_err());
        assert!(Password::new("a".repeat(100_000)).is_err());
    }

    #[test]
    fn warns_of_what_will_be_typed_differently() {
        let oddity = |text: &str| Passphrase::new(text.to_owned()).unwrap().oddity();
        assert!(oddity(" a").is_some() && oddity("a ").is_some() && oddity("a\tb").is_some());
        assert_eq!(oddity("a b"), None);
    }

    proptest! {
        #[test]
        fn plain_text_is_never_altered(text in "[ -~]{1,100}") {
            let passphrase = Passphrase::new(text.clone()).unwrap();
            prop_assert_eq!(passphrase.as_str(), &text);
        }

        #[test]
        fn normalizing_twice_changes_nothing(text in "\\PC{0,50}") {
            let once = normalized(&text);
            let twice = normalized(&once);
            prop_assert_eq!(twice.as_str(), once.as_str());
        }
    }
}
