//! What a text brings back: words, shares, or one of the forms in which other programs write the same secret.
//!
//! A form is recognised by its content. What is known and is no wallet of words or keys is named with what to do instead;
//! nothing is guessed and nothing corrected.

use bitcoin::{PrivateKey, bip32::Fingerprint};
use hex::FromHex;
use hmac::{Hmac, Mac};
use sha2::Sha512;
use zeroize::Zeroizing;

use super::{
    KeystoreError, Language, MasterSecret, Phrase, PhraseError, RootKey, SecretBytes, Seed, WordCount,
    secret::normalized,
};
use crate::{
    explain::{Entry, Explain, catalogue},
    network::NetworkClass,
};

/// Digits of a word's number in a SeedQR (SeedSigner's format).
const SEED_QR_DIGITS: usize = 4;
/// Longest text that is looked at: a keystore file of Ethereum has some 600 bytes.
const MAX_TEXT: usize = 16 << 10;
/// The key of the hash that tells the versions of Electrum's seeds apart, and how that hash begins for each.
const ELECTRUM_KEY: &[u8] = b"Seed version";
const ELECTRUM_KINDS: [(&str, &str); 4] =
    [("01", "standard"), ("100", "segwit"), ("101", "two-factor"), ("102", "two-factor segwit")];

/// A text that brings a wallet back.
pub struct Restorable {
    /// In which form it was written.
    pub form: BackupForm,
    /// What the wallet's keys come from.
    pub secret: MasterSecret,
    /// The class of networks that the text itself names.
    pub class: Option<NetworkClass>,
}

/// In which form a secret was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupForm {
    /// Words of BIP-39.
    Words,
    /// The numbers of the words, four digits each (SeedQR).
    SeedQr,
    /// The bytes of a CompactSeedQR.
    CompactSeedQr,
    /// The entropy of the words, in hex.
    Entropy,
    /// An extended private key.
    ExtendedKey,
    /// Shares (SLIP-39).
    Shares,
}

impl BackupForm {
    /// Its name for a person.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Words => "words (BIP-39)",
            Self::SeedQr => "SeedQR",
            Self::CompactSeedQr => "CompactSeedQR",
            Self::Entropy => "entropy in hex",
            Self::ExtendedKey => "an extended private key (BIP-32)",
            Self::Shares => "shares (SLIP-39)",
        }
    }
}

/// What the bytes are that shares hold (SLIP-39 does not say).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharesHold {
    /// The entropy of a phrase, as this program splits it.
    Entropy,
    /// The seed of BIP-32, as hardware wallets split it.
    Seed,
}

impl SharesHold {
    /// Both, in the order in which they are told.
    pub const BOTH: [Self; 2] = [Self::Entropy, Self::Seed];

    /// Its name, as it is typed and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entropy => "entropy",
            Self::Seed => "seed",
        }
    }

    /// What has that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|hold| hold.name() == name)
    }
}

impl MasterSecret {
    /// What joined shares make.
    ///
    /// # Errors
    /// They hold no entropy of a phrase, where that was said.
    pub fn of_shares(joined: &SecretBytes, hold: SharesHold) -> Result<Self, KeystoreError> {
        match hold {
            SharesHold::Entropy => of_entropy(joined).map(Self::Phrase),
            SharesHold::Seed => Seed::new(SecretBytes::new(joined.as_bytes().to_vec())).map(Self::Seed),
        }
    }

    /// What is split into shares, and what they will hold.
    ///
    /// # Errors
    /// It is a root key, of which no shares that other programs read can be made.
    pub fn to_split(&self) -> Result<(SecretBytes, SharesHold), KeystoreError> {
        match self {
            Self::Phrase(phrase) => Ok((phrase.entropy(), SharesHold::Entropy)),
            Self::Seed(seed) => Ok((SecretBytes::new(seed.as_bytes().to_vec()), SharesHold::Seed)),
            Self::RootKey(_) => Err(RestoreError::NotSplit.into()),
        }
    }
}

/// What was recognised and brings no wallet back here.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreError {
    /// Words of Electrum, which are of the same list and no BIP-39.
    #[error("these are the words of an Electrum wallet ({0}), not of BIP-39")]
    Electrum(&'static str),
    /// One private key.
    #[error("this is a single private key, from which no wallet can be made")]
    SingleKey,
    /// A keystore file of Ethereum (version 3).
    #[error("this is a keystore file of Ethereum, which holds a single private key")]
    EthereumKeystore,
    /// A public key or a descriptor.
    #[error("this is public: it can watch a wallet and not bring it back")]
    WatchOnly,
    /// A wallet file of this program.
    #[error("this is a wallet file of fastness, not a backup to type")]
    WalletFile,
    /// A key of the other class of networks.
    #[error("this key is for {0} networks")]
    OtherClass(NetworkClass),
    /// Shares that fit two wallets, and nothing says which is meant.
    #[error("these shares make the wallet {words} if they hold the entropy of words, and {seed} if they hold a seed")]
    TwoWallets {
        /// Fingerprint of the wallet of the words.
        words: Fingerprint,
        /// Fingerprint of the wallet of the seed.
        seed: Fingerprint,
    },
    /// A root key cannot be split.
    #[error("this wallet was restored from an extended private key, which is not split into shares")]
    NotSplit,
    /// An extended key of another form.
    #[error("this is an extended private key with a SLIP-132 prefix, whose form says what kind of account it is")]
    OtherPrefix,
}

catalogue! {
    ELECTRUM = "restore.electrum", Refused, "Restore it in Electrum, and send everything to a wallet of this program";
    SINGLE_KEY = "restore.single_key", Refused, "`fastness sweep` moves what a key of Bitcoin holds (in wallet import format) to a wallet of this program";
    ETHEREUM_KEYSTORE = "restore.ethereum_keystore", Refused, "Open it with the program that made it, and send everything to a wallet of this program";
    WATCH_ONLY = "restore.watch_only", Usage, "`fastness account add --descriptor` watches it";
    WALLET_FILE = "restore.wallet_file", Usage, "Copy it as NAME.keystore into the folder `wallets` of the home; its password opens it";
    OTHER_CLASS = "restore.other_networks", Usage, "Name a network of that kind with --network, such as bitcoin or testnet4";
    TWO_WALLETS = "restore.two_wallets", Usage, "Name the one that is meant: --expect-fingerprint, or --shares-hold entropy (shares of this program) or seed (of hardware wallets)";
    NOT_SPLIT = "restore.not_split", Refused, "Keep the extended private key itself as the backup";
    OTHER_PREFIX = "restore.other_prefix", Refused, "Write the root key as xprv or tprv: the program that made it shows that form too";
}

impl Explain for RestoreError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::Electrum(_) => ELECTRUM,
            Self::SingleKey => SINGLE_KEY,
            Self::EthereumKeystore => ETHEREUM_KEYSTORE,
            Self::WatchOnly => WATCH_ONLY,
            Self::WalletFile => WALLET_FILE,
            Self::OtherClass(_) => OTHER_CLASS,
            Self::TwoWallets { .. } => TWO_WALLETS,
            Self::NotSplit => NOT_SPLIT,
            Self::OtherPrefix => OTHER_PREFIX,
        }
    }
}

/// What a text is that is one word, or a file of another program; nothing for words.
///
/// # Errors
/// It was recognised and brings no wallet back; or it is damaged.
pub fn recognised(text: &str) -> Result<Option<Restorable>, KeystoreError> {
    let text = text.trim();
    if text.len() > MAX_TEXT || text.is_empty() {
        return Ok(None);
    }
    if text.starts_with('{') {
        return of_json(text).map_or(Ok(None), |error| Err(error.into()));
    }
    if is_descriptor(text) || is_public_key(text) {
        return Err(RestoreError::WatchOnly.into());
    }
    if text.split_whitespace().nth(1).is_some() && !is_digits(text) {
        return Ok(None);
    }
    let only = Zeroizing::new(text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>());
    one_word(&only)
}

/// A CompactSeedQR, or the bytes of another code.
///
/// # Errors
/// The bytes are no entropy of a phrase.
pub fn of_code(bytes: &SecretBytes) -> Result<Restorable, KeystoreError> {
    let phrase = of_entropy(bytes)?;
    Ok(Restorable { form: BackupForm::CompactSeedQr, secret: MasterSecret::Phrase(phrase), class: None })
}

/// Refuses words of Electrum (2.0 and later) that are no phrase of BIP-39.
///
/// # Errors
/// They are; with their kind.
pub fn refuse_electrum(words: &str) -> Result<(), RestoreError> {
    electrum_kind(words).map_or(Ok(()), |kind| Err(RestoreError::Electrum(kind)))
}

/// Which kind of Electrum's seeds the words are: one text in some 200 is one by chance.
#[must_use]
pub fn electrum_kind(words: &str) -> Option<&'static str> {
    let mut text = Zeroizing::new(String::with_capacity(words.len()));
    for word in normalized(words).split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.extend(word.chars().flat_map(char::to_lowercase));
    }
    let mac = <Hmac<Sha512> as Mac>::new_from_slice(ELECTRUM_KEY).ok()?;
    let hash = mac.chain_update(text.as_bytes()).finalize().into_bytes();
    let begins = format!("{:02x}{:02x}", hash.first()?, hash.get(1)?);
    ELECTRUM_KINDS.into_iter().find(|(start, _)| begins.starts_with(start)).map(|(_, kind)| kind)
}

fn one_word(text: &str) -> Result<Option<Restorable>, KeystoreError> {
    if is_digits(text)
        && WordCount::of_words(text.len() / SEED_QR_DIGITS).is_ok()
        && text.len().is_multiple_of(SEED_QR_DIGITS)
    {
        let secret = MasterSecret::Phrase(of_numbers(text)?);
        return Ok(Some(Restorable { form: BackupForm::SeedQr, secret, class: None }));
    }
    // As wallets of Ethereum export a private key.
    if text.len() == 66 && text.starts_with("0x") && of_hex(text.trim_start_matches("0x")).is_some() {
        return Err(RestoreError::SingleKey.into());
    }
    if let Some(bytes) = of_hex(text)
        && WordCount::of_bytes(bytes.as_bytes().len()).is_some()
    {
        let secret = MasterSecret::Phrase(of_entropy(&bytes)?);
        return Ok(Some(Restorable { form: BackupForm::Entropy, secret, class: None }));
    }
    if text.starts_with("xprv") || text.starts_with("tprv") {
        let (key, class) = RootKey::parse(text)?;
        let secret = MasterSecret::RootKey(key);
        return Ok(Some(Restorable { form: BackupForm::ExtendedKey, secret, class: Some(class) }));
    }
    let has_other_prefix = ["yprv", "zprv", "uprv", "vprv"].iter().any(|prefix| text.starts_with(prefix));
    if has_other_prefix && text.len() > 100 {
        return Err(RestoreError::OtherPrefix.into());
    }
    if let Ok(mut key) = PrivateKey::from_wif(text) {
        key.inner.non_secure_erase();
        return Err(RestoreError::SingleKey.into());
    }
    Ok(None)
}

/// What a JSON file of keys is.
fn of_json(text: &str) -> Option<RestoreError> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let has = |name: &str| value.get(name).is_some();
    if has("crypto") || has("Crypto") {
        return Some(RestoreError::EthereumKeystore);
    }
    if has("header") && has("ciphertext") {
        return Some(RestoreError::WalletFile);
    }
    has("descriptors").then_some(RestoreError::WatchOnly)
}

fn of_numbers(digits: &str) -> Result<Phrase, KeystoreError> {
    let list = Language::English.list().word_list();
    let mut words = Zeroizing::new(String::with_capacity(digits.len() * SEED_QR_DIGITS));
    for (place, number) in digits.as_bytes().chunks(SEED_QR_DIGITS).enumerate() {
        let number = std::str::from_utf8(number).ok().and_then(|number| number.parse::<usize>().ok());
        let unknown =
            PhraseError::UnknownWord { position: place + 1, language: Language::English, suggestions: Vec::new() };
        words.push_str(number.and_then(|number| list.get(number)).ok_or(unknown)?);
        words.push(' ');
    }
    Ok(Phrase::parse_in(Language::English, &words)?)
}

fn of_entropy(bytes: &SecretBytes) -> Result<Phrase, KeystoreError> {
    Phrase::from_entropy(bytes, Language::English)
}

fn of_hex(text: &str) -> Option<SecretBytes> {
    if text.len() > 2 * 64 {
        return None;
    }
    Vec::<u8>::from_hex(text).ok().map(SecretBytes::new)
}

/// A descriptor (BIP-380): the name of an expression before the first bracket.
fn is_descriptor(text: &str) -> bool {
    const NAMES: [&str; 10] = ["wpkh", "pkh", "sh", "wsh", "tr", "multi", "sortedmulti", "combo", "addr", "raw"];
    text.split_once('(').is_some_and(|(name, _)| NAMES.contains(&name))
}

/// An extended public key, in the form of BIP-32 or of SLIP-132.
fn is_public_key(text: &str) -> bool {
    text.len() > 100 && text.get(1..4) == Some("pub") && !text.contains(char::is_whitespace)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_whitespace())
}

#[cfg(test)]
#[path = "restorable_tests.rs"]
mod tests;
