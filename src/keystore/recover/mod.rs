//! A recovery phrase that is partly known, found again: every phrase that it may have been is tried against something that
//! is known of its keys.
//!
//! A [`Puzzle`] says what is known of the words, [`Passphrases`] what is known of the passphrase, a [`RecoveryTarget`] what
//! the phrase has to lead to; a [`Recovery`] searches. It must not print, and no phrase leaves it but the one that was found
//! and confirmed by the plain way of BIP-39 and BIP-32.

mod arrangement;
mod candidates;
mod checksum;
mod derive;
mod division;
mod lanes;
mod passphrases;
mod puzzle;
mod search;
mod sha512;
mod stretch;
mod target;
#[cfg(target_arch = "x86_64")]
mod vectors;
mod width;
mod workers;

pub use arrangement::Slips;
pub use passphrases::Passphrases;
pub use puzzle::{Mistake, Puzzle};
pub use search::{RecoveredPhrase, Recovery, RecoveryOutcome, RecoveryProgress, RecoveryRate};
pub use target::{Reach, RecoveryTarget};
pub use workers::Workers;

use crate::{
    explain::{Entry, Explain, catalogue},
    keystore::PhraseError,
};

/// Why a phrase is not searched for. Never holds a typed word.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoverError {
    /// More candidates than are worth a beginning.
    #[error("there are {candidates} candidates, and more than {most} are not tried")]
    TooMany {
        /// How many there are; the largest number for still more.
        candidates: u128,
        /// How many are tried at most.
        most: u64,
    },
    /// One phrase, one passphrase and one place: no search.
    #[error("nothing is unknown: no word, no passphrase and no path")]
    NothingUnknown,
    /// A mistake that cannot have been made in such a phrase.
    #[error("the words cannot be wrong in this way: {0}")]
    Mistake(&'static str),
    /// A target that says nothing of a phrase.
    #[error("this cannot be searched for: {0}")]
    Target(&'static str),
    /// A pattern or list of passphrases that means nothing.
    #[error("the passphrases cannot be tried: {0}")]
    Pattern(&'static str),
    /// A number to begin with beyond the last one.
    #[error("candidate {start} does not exist: there are {candidates}")]
    Start {
        /// The number.
        start: u64,
        /// How many there are.
        candidates: u64,
    },
    /// A result of our own did not pass its check.
    #[error("a check of our own failed: {0}")]
    SelfCheck(&'static str),
    /// The words.
    #[error(transparent)]
    Phrase(#[from] PhraseError),
}

catalogue! {
    TOO_MANY = "recover.too_many", Refused, "Find out more about one of the words first: its place, or its first letters, as in ab?";
    NOTHING_UNKNOWN = "recover.nothing_unknown", Usage, "Restore the wallet with these words, or mark a missing word with ?";
    MISTAKE = "recover.mistake", Usage, "Count the words, and mark a missing one with ? where its place is known";
    TARGET = "recover.target", Usage, "Give a master fingerprint, an account's xpub, or an address that was received on";
    PATTERN = "recover.pattern", Usage, "Write what is known and ?d ?l ?u ?s for an unknown digit, small letter, capital or symbol";
    START = "recover.start", Usage, "Begin at 0, or with the number that the interrupted search named";
    SELF_CHECK = "recover.self_check", Verification, "Try again, and test this machine's memory if it happens twice";
}

impl Explain for RecoverError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::TooMany { .. } => TOO_MANY,
            Self::NothingUnknown => NOTHING_UNKNOWN,
            Self::Mistake(_) => MISTAKE,
            Self::Target(_) => TARGET,
            Self::Pattern(_) => PATTERN,
            Self::Start { .. } => START,
            Self::SelfCheck(_) => SELF_CHECK,
            Self::Phrase(inner) => inner.entry(),
        }
    }
}
