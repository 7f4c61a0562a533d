//! Secrets: the only module that names a private key, a word of a recovery phrase, or a seed.
//!
//! Everything here that opens a secret asks for a [`crate::seal::Sealed`]. It must not talk to a network, print, or hand
//! out a private key of a wallet: what leaves is public keys and signatures. Words leave through [`Phrase::words`] for the
//! screen, and for a sheet that was asked for (as digits, through [`backup::seed_qr_digits`]); child seeds (BIP-85) through theirs.

mod answer;
mod answer_ethereum;
pub mod backup;
mod child_seed;
mod entropy;
mod hexed;
mod kdf;
mod language;
mod leak;
mod master;
mod phrase;
pub mod recover;
pub mod restorable;
mod sealed_document;
mod sealed_file;
mod secret;
mod signer;
mod single_key;
pub mod slip39;
mod strength;
mod suggest;
mod typed_word;
mod wallet;

pub use child_seed::{ChildApplication, ChildPath, ChildSecret, ChildSeed, SecretLine};
pub use entropy::{DiceReport, DiceRolls, WordCount};
pub use hexed::Hexed;
pub use kdf::Cost;
pub use language::Language;
pub use leak::{LeakedSecret, find_secret};
pub use master::{MasterSecret, RootKey, Seed};
pub use phrase::Phrase;
pub use restorable::{
    BackupForm, Restorable, RestoreError, SharesHold, electrum_kind, of_code, recognised, refuse_electrum,
};
pub use sealed_document::{is_document, open_document, seal_document};
pub use sealed_file::{CipherHeader, CipherName, Header, KdfHeader, KdfName, PassphraseUse};
pub use secret::{Passphrase, Password, SecretBytes};
pub use signer::Keys;
pub use single_key::SingleKey;
pub use strength::{MadePassphrase, Strength};
pub use typed_word::{TypedWord, look_up};
pub use wallet::{
    NewWallet, PassphraseRule, Unlocked, change_password, check_wallet_file, create, read_header, unlock,
};

use crate::{
    explain::{Entry, Explain, catalogue},
    store::StoreError,
    text::SafeText,
};

/// Why a wallet could not be made, opened or used for signing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeystoreError {
    /// The password does not open this file (or its salt was exchanged, which cannot be told apart).
    #[error("the password does not open this wallet")]
    WrongPassword,
    /// Another passphrase makes another wallet, not this one.
    #[error("the passphrase does not belong to this wallet")]
    WrongPassphrase,
    /// This wallet was made with a passphrase that is asked for each time.
    #[error("this wallet needs its passphrase")]
    PassphraseNeeded,
    /// The wallet was restored from a seed or a root key, and has no words.
    #[error("this wallet has no words: it was restored from a seed or a root key")]
    NoWords,
    /// The file is not, bit for bit, what was written.
    #[error("the wallet file is damaged: {0}")]
    Damaged(&'static str),
    /// The file says that it was written by a newer program.
    #[error("the wallet file has version {0}, which this program does not know")]
    UnknownVersion(u64),
    /// The key derivation is too weak to be safe, or too heavy to be honest.
    #[error("the wallet file's key derivation is refused: {0}")]
    Kdf(&'static str),
    /// Scrypt's memory cannot be had.
    #[error("there is too little memory to try a password: 256 MiB are needed")]
    Memory,
    /// The kernel gave no good random bytes.
    #[error("the kernel's random generator failed: {0}")]
    Randomness(&'static str),
    /// A password or passphrase is empty or longer than 1024 bytes.
    #[error("{0}")]
    Secret(&'static str),
    /// A single private key that cannot be read or is not supported.
    #[error("{0}")]
    PrivateKey(&'static str),
    /// A child seed of parameters that BIP-85 does not have, or at an index that makes no key.
    #[error("{0}")]
    ChildSeed(&'static str),
    /// A derivation path this wallet does not use.
    #[error("path `{path}` is refused: {why}")]
    Path {
        /// The path.
        path: SafeText,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The key at the path is not the one the transaction names.
    #[error("the key at `{path}` is not the expected one")]
    KeyMismatch {
        /// The path.
        path: SafeText,
    },
    /// A result of our own did not pass its check.
    #[error("a check of our own failed: {0}")]
    SelfCheck(&'static str),
    /// What was recognised and brings no wallet back here.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The words or the dice.
    #[error(transparent)]
    Phrase(#[from] PhraseError),
    /// The shares.
    #[error(transparent)]
    Slip39(#[from] slip39::Slip39Error),
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with typed words or dice. Never holds a typed word.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PhraseError {
    /// A word is in no list; `suggestions` are similar ones of the most likely language.
    #[error("word {position} is not in the {language} list{}", did_you_mean(.suggestions))]
    UnknownWord {
        /// Place in the phrase, from 1.
        position: usize,
        /// The list that knows most of the words.
        language: Language,
        /// Up to three similar words.
        suggestions: Vec<&'static str>,
    },
    /// Another number of words than 12, 15, 18, 21 or 24.
    #[error("there are {found} words, not 12, 15, 18, 21 or 24")]
    WordCount {
        /// How many there are.
        found: usize,
    },
    /// Every word is known, but together they are no phrase.
    #[error("the words do not fit together: one of them, or their order, is wrong")]
    Checksum,
    /// The phrase is valid in several languages.
    #[error("these words are a phrase in several languages: {}", language_names(.candidates))]
    Ambiguous {
        /// The languages.
        candidates: Vec<Language>,
    },
    /// The words typed for a check differ from the wallet's.
    #[error("word {position} differs from the wallet's")]
    BackupDiffers {
        /// The first place that differs, from 1.
        position: usize,
    },
    /// Dice rolls other than 1 to 6, or not enough of them.
    #[error("dice: {found} rolls, {needed} needed, digits 1 to 6 only")]
    Dice {
        /// How many valid rolls were given.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
}

catalogue! {
    WRONG_PASSWORD = "keystore.wrong_password", WrongPassword, "Type the password again; the file was not changed";
    WRONG_PASSPHRASE = "keystore.wrong_passphrase", WrongPassword, "Type the passphrase exactly as when the wallet was made: every space and capital counts";
    PASSPHRASE_NEEDED = "keystore.passphrase_needed", Usage, "Answer the prompt for the passphrase, or name a descriptor with --passphrase-fd";
    NO_WORDS = "keystore.no_words", Refused, "Its backup is what it was restored from: the shares, or the extended private key";
    DAMAGED = "keystore.damaged", Verification, "Restore the file from a backup, or the wallet from its words";
    UNKNOWN_VERSION = "keystore.unknown_version", Refused, "Use the version of fastness that wrote this file";
    KDF = "keystore.kdf", Refused, "Do not use this file; restore the wallet from its words";
    MEMORY = "keystore.memory", Refused, "Close other programs, or raise the limit (`ulimit -v unlimited`); nothing was written";
    RANDOMNESS = "keystore.randomness", Refused, "Do not make a wallet on this machine; nothing was written";
    SECRET = "keystore.secret_length", Usage, "Type 1 to 1024 bytes";
    PRIVATE_KEY = "keystore.private_key", Usage, "Give it in wallet import format, as 51 or 52 letters and digits without a prefix; of an uncompressed key, sweep with the program that made it";
    CHILD_SEED = "keystore.child_seed", Usage, "Name another index or size; `fastness child list` has the indexes that are taken";
    PATH = "keystore.path", Refused, "Use an account of this wallet: coin type 0' on Bitcoin, 1' on its test networks, 60' on Ethereum and its family";
    KEY_MISMATCH = "keystore.key_mismatch", Verification, "Check that the draft belongs to this wallet; nothing was signed";
    SELF_CHECK = "keystore.self_check", Verification, "Try again, and test this machine's memory if it happens twice";
    UNKNOWN_WORD = "phrase.unknown_word", Usage, "Compare that word with your backup";
    WORD_COUNT = "phrase.word_count", Usage, "Count the words of your backup";
    CHECKSUM = "phrase.checksum", Usage, "Compare every word and the order with your backup";
    AMBIGUOUS = "phrase.ambiguous_language", Usage, "Name the language with --language";
    BACKUP_DIFFERS = "phrase.backup_differs", Verification, "Correct your backup before you send money to this wallet";
    DICE = "phrase.dice", Usage, "Roll the missing dice and type all digits 1 to 6";
}

impl Explain for KeystoreError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::WrongPassword => WRONG_PASSWORD,
            Self::WrongPassphrase => WRONG_PASSPHRASE,
            Self::PassphraseNeeded => PASSPHRASE_NEEDED,
            Self::NoWords => NO_WORDS,
            Self::Damaged(_) => DAMAGED,
            Self::UnknownVersion(_) => UNKNOWN_VERSION,
            Self::Kdf(_) => KDF,
            Self::Memory => MEMORY,
            Self::Randomness(_) => RANDOMNESS,
            Self::Secret(_) => SECRET,
            Self::PrivateKey(_) => PRIVATE_KEY,
            Self::ChildSeed(_) => CHILD_SEED,
            Self::Path { .. } => PATH,
            Self::KeyMismatch { .. } => KEY_MISMATCH,
            Self::SelfCheck(_) => SELF_CHECK,
            Self::Restore(inner) => inner.entry(),
            Self::Phrase(inner) => inner.entry(),
            Self::Slip39(inner) => inner.entry(),
            Self::Store(inner) => inner.entry(),
        }
    }
}

impl Explain for PhraseError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::UnknownWord { .. } => UNKNOWN_WORD,
            Self::WordCount { .. } => WORD_COUNT,
            Self::Checksum => CHECKSUM,
            Self::Ambiguous { .. } => AMBIGUOUS,
            Self::BackupDiffers { .. } => BACKUP_DIFFERS,
            Self::Dice { .. } => DICE,
        }
    }
}

fn did_you_mean(suggestions: &[&str]) -> String {
    if suggestions.is_empty() { String::new() } else { format!(": did you mean {}", suggestions.join(", ")) }
}

fn language_names(languages: &[Language]) -> String {
    languages.iter().map(|language| language.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod ethereum_tests;
