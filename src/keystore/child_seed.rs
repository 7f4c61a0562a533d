//! Child seeds (BIP-85): recovery phrases, keys, bytes and passwords that the words of one wallet make again at any time.
//!
//! A child is hashed from a key that is used for nothing else: it tells nothing about its wallet, nor about its siblings. No
//! list of children is kept here; the ledger has one.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use bitcoin::{
    PrivateKey,
    bip32::{ChainCode, ChildNumber, DerivationPath, Fingerprint, Xpriv},
    secp256k1::SecretKey,
};
use hex::DisplayHex;
use zeroize::Zeroizing;

use super::{
    Keys, KeystoreError, Language, Passphrase, Phrase, SecretBytes, WordCount,
    signer::{Wiped, blinded_curve, kind},
};
use crate::{network::NetworkClass, seal::Sealed};

/// The first level of every path (BIP-85).
const PURPOSE: u32 = 83_696_968;
/// Numbers of the applications (BIP-85).
const WORDS: u32 = 39;
const WIF: u32 = 2;
const XPRV: u32 = 32;
const HEX: u32 = 128_169;
const BASE64: u32 = 707_764;
const BASE85: u32 = 707_785;
/// The largest number of a hardened level (BIP-32).
const MAX_INDEX: u32 = 0x7fff_ffff;
/// The digits of base 85, smallest first (RFC 1924, as `base64.b85encode` of Python has them).
const DIGITS_85: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
/// What a digit of base 85 counts, in a group of five that stands for four bytes.
const PLACES_85: [u32; 5] = [85 * 85 * 85 * 85, 85 * 85 * 85, 85 * 85, 85, 1];

/// What a child is made for, with its parameters: an application of BIP-85.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildApplication {
    /// A recovery phrase (39').
    Words {
        /// How many words.
        count: WordCount,
        /// Of which list.
        language: Language,
    },
    /// A private key in wallet import format, of a compressed public key (2').
    Wif,
    /// An extended private key (32').
    Xprv,
    /// Bytes as hex (128169').
    Hex {
        /// How many bytes, 16 to 64.
        bytes: u8,
    },
    /// A password of base64 (707764').
    Base64 {
        /// How long, 20 to 86.
        characters: u8,
    },
    /// A password of base 85 (707785').
    Base85 {
        /// How long, 10 to 80.
        characters: u8,
    },
}

impl ChildApplication {
    /// Its name in files and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Words { .. } => "words",
            Self::Wif => "wif",
            Self::Xprv => "xprv",
            Self::Hex { .. } => "hex",
            Self::Base64 { .. } => "base64",
            Self::Base85 { .. } => "base85",
        }
    }

    /// Number and parameters as levels of a path, without the first level and the index: `39'/0'/12'`.
    #[must_use]
    pub fn path(self) -> String {
        hardened(&self.levels()).to_string()
    }

    /// The application whose [path](Self::path) this is.
    #[must_use]
    pub fn from_path(text: &str) -> Option<Self> {
        let path: DerivationPath = text.parse().ok()?;
        let number = |level: &ChildNumber| match level {
            ChildNumber::Hardened { index } => Some(*index),
            ChildNumber::Normal { .. } => None,
        };
        let levels = path.into_iter().map(number).collect::<Option<Vec<_>>>()?;
        let size = |number: u32| u8::try_from(number).ok();
        let application = match *levels.as_slice() {
            [WORDS, language, count] => Self::Words {
                language: Language::ALL.into_iter().find(|known| code(*known) == language)?,
                count: WordCount::ALL.into_iter().find(|known| words(*known) == count)?,
            },
            [WIF] => Self::Wif,
            [XPRV] => Self::Xprv,
            [HEX, bytes] => Self::Hex { bytes: size(bytes)? },
            [BASE64, characters] => Self::Base64 { characters: size(characters)? },
            [BASE85, characters] => Self::Base85 { characters: size(characters)? },
            _ => return None,
        };
        application.check().is_ok().then_some(application)
    }

    fn levels(self) -> Vec<u32> {
        match self {
            Self::Words { count, language } => vec![WORDS, code(language), words(count)],
            Self::Wif => vec![WIF],
            Self::Xprv => vec![XPRV],
            Self::Hex { bytes } => vec![HEX, bytes.into()],
            Self::Base64 { characters } => vec![BASE64, characters.into()],
            Self::Base85 { characters } => vec![BASE85, characters.into()],
        }
    }

    /// The bounds of the parameters (BIP-85).
    fn check(self) -> Result<(), KeystoreError> {
        match self {
            Self::Hex { bytes } if !(16..=64).contains(&bytes) => {
                Err(KeystoreError::ChildSeed("hex of a child has 16 to 64 bytes"))
            }
            Self::Base64 { characters } if !(20..=86).contains(&characters) => {
                Err(KeystoreError::ChildSeed("a password of base64 has 20 to 86 characters"))
            }
            Self::Base85 { characters } if !(10..=80).contains(&characters) => {
                Err(KeystoreError::ChildSeed("a password of base85 has 10 to 80 characters"))
            }
            _ => Ok(()),
        }
    }
}

/// The number of a list of words (BIP-85, language table).
const fn code(language: Language) -> u32 {
    match language {
        Language::English => 0,
        Language::Japanese => 1,
        Language::Korean => 2,
        Language::Spanish => 3,
        Language::ChineseSimplified => 4,
        Language::ChineseTraditional => 5,
        Language::French => 6,
        Language::Italian => 7,
        Language::Czech => 8,
        Language::Portuguese => 9,
    }
}

/// The number of words (BIP-85, words table).
const fn words(count: WordCount) -> u32 {
    match count {
        WordCount::Twelve => 12,
        WordCount::Fifteen => 15,
        WordCount::Eighteen => 18,
        WordCount::TwentyOne => 21,
        WordCount::TwentyFour => 24,
    }
}

/// The place of a child: what it is made for, and its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildPath {
    application: ChildApplication,
    index: u32,
}

impl ChildPath {
    /// The place of that child.
    ///
    /// # Errors
    /// A parameter out of its bounds, or an index above 2^31-1.
    pub fn new(application: ChildApplication, index: u32) -> Result<Self, KeystoreError> {
        application.check()?;
        if index > MAX_INDEX {
            return Err(KeystoreError::ChildSeed("the index of a child is at most 2147483647"));
        }
        Ok(Self { application, index })
    }

    /// What the child is made for.
    #[must_use]
    pub const fn application(self) -> ChildApplication {
        self.application
    }

    /// Its index.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// Derives the child.
    ///
    /// # Errors
    /// The index makes no key (one in 2^127), the kernel's generator fails, or a check of our own does.
    pub fn derive(self, keys: &Keys, sealed: &Sealed) -> Result<ChildSeed, KeystoreError> {
        let entropy = keys.child_entropy(&self.levels())?;
        match self.application {
            ChildApplication::Words { count, language } => {
                let bytes = SecretBytes::new(entropy.iter().copied().take(count.bytes()).collect());
                let phrase = Phrase::from_entropy(&bytes, language)?;
                let fingerprint = Keys::from_phrase(&phrase, None, keys.class(), sealed)?.fingerprint();
                Ok(ChildSeed { secret: ChildSecret::Words(phrase), fingerprint: Some(fingerprint) })
            }
            ChildApplication::Wif => wif(&entropy, keys.class()).map(ChildSeed::of_line),
            ChildApplication::Xprv => xprv(&entropy, keys.class()),
            ChildApplication::Hex { bytes } => {
                let text = Zeroizing::new(entropy.to_lower_hex_string());
                Ok(ChildSeed::of_line(cut(text, 2 * usize::from(bytes))))
            }
            ChildApplication::Base64 { characters } => {
                let text = Zeroizing::new(STANDARD.encode(entropy.as_slice()));
                Ok(ChildSeed::of_line(cut(text, characters.into())))
            }
            ChildApplication::Base85 { characters } => Ok(ChildSeed::of_line(cut(base85(&entropy), characters.into()))),
        }
    }

    fn levels(self) -> DerivationPath {
        let parameters = self.application.levels();
        hardened(&[&[PURPOSE], parameters.as_slice(), &[self.index]].concat())
    }
}

impl fmt::Display for ChildPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("m/{}", self.levels()))
    }
}

fn hardened(levels: &[u32]) -> DerivationPath {
    levels.iter().map(|index| ChildNumber::Hardened { index: *index }).collect()
}

/// A child seed.
///
/// ```compile_fail
/// fn printed(child: &fastness::keystore::ChildSeed) -> String { format!("{child:?}") }
/// ```
pub struct ChildSeed {
    /// The secret itself.
    pub secret: ChildSecret,
    /// Fingerprint of its master key (BIP-32), where it is a wallet; that of words is the one without a passphrase.
    pub fingerprint: Option<Fingerprint>,
}

/// The secret of a child.
pub enum ChildSecret {
    /// Words.
    Words(Phrase),
    /// Anything else.
    Line(SecretLine),
}

/// A secret in one line, wiped when dropped.
///
/// ```compile_fail
/// fn printed(line: &fastness::keystore::SecretLine) -> String { format!("{line:?}") }
/// ```
/// ```compile_fail
/// fn copied(line: &fastness::keystore::SecretLine) -> fastness::keystore::SecretLine { line.clone() }
/// ```
pub struct SecretLine(Zeroizing<String>);

impl SecretLine {
    /// The text, for the screen.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl SecretLine {
    /// A passphrase that was found again, for the screen.
    #[must_use]
    pub fn of_passphrase(passphrase: &Passphrase) -> Self {
        Self(Zeroizing::new(passphrase.as_str().to_owned()))
    }
}

impl ChildSeed {
    const fn of_line(line: SecretLine) -> Self {
        Self { secret: ChildSecret::Line(line), fingerprint: None }
    }
}

/// Bytes that are 0, or not below the order of the curve, are no key; BIP-85 has the next index taken then.
fn private_key(bytes: &[u8; 32]) -> Result<SecretKey, KeystoreError> {
    SecretKey::from_slice(bytes).map_err(|_| {
        KeystoreError::ChildSeed("this index makes no private key (one in 2^127 does not): take the next one")
    })
}

/// The first 32 bytes as a private key (BIP-85, application 2').
fn wif(entropy: &[u8; 64], class: NetworkClass) -> Result<SecretLine, KeystoreError> {
    let bytes = entropy.first_chunk().ok_or(KeystoreError::SelfCheck("the halves of entropy"))?;
    let mut key = PrivateKey::new(private_key(bytes)?, kind(class));
    let text = Zeroizing::new(key.to_wif());
    key.inner.non_secure_erase();
    Ok(SecretLine(text))
}

/// The first 32 bytes as the chain code, the others as the private key (BIP-85, application 32'): the other way round than a
/// master key is made of a seed (BIP-32).
fn xprv(entropy: &[u8; 64], class: NetworkClass) -> Result<ChildSeed, KeystoreError> {
    let (Some(chain_code), Some(key)) = (entropy.first_chunk::<32>(), entropy.last_chunk()) else {
        return Err(KeystoreError::SelfCheck("the halves of entropy"));
    };
    let curve = blinded_curve()?;
    let key = Wiped(Xpriv {
        network: kind(class),
        depth: 0,
        parent_fingerprint: Fingerprint::default(),
        child_number: ChildNumber::Normal { index: 0 },
        private_key: private_key(key)?,
        chain_code: ChainCode::from(*chain_code),
    });
    let text = SecretLine(Zeroizing::new(key.0.to_string()));
    Ok(ChildSeed { secret: ChildSecret::Line(text), fingerprint: Some(key.0.fingerprint(&curve)) })
}

/// Every four bytes as five digits, the largest first.
fn base85(entropy: &[u8; 64]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(entropy.len() / 4 * PLACES_85.len()));
    for group in entropy.chunks_exact(4) {
        let number = group.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
        let digits = PLACES_85.iter().filter_map(|place| usize::try_from(number / place % 85).ok());
        text.extend(digits.filter_map(|digit| DIGITS_85.get(digit)).map(|digit| char::from(*digit)));
    }
    text
}

/// The beginning of a text; what is cut off is wiped with it.
fn cut(mut text: Zeroizing<String>, characters: usize) -> SecretLine {
    text.truncate(characters);
    SecretLine(text)
}

#[cfg(test)]
#[path = "child_seed_tests.rs"]
mod tests;
