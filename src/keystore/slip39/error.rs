//! What can be wrong with typed shares and with plans for shares.
//!
//! No error holds a typed word, a share or a part of a secret.

use crate::{
    explain::{Entry, Explain, catalogue},
    keystore::did_you_mean,
};

/// Why shares cannot be read, joined or made. Numbers of groups, members and shares are counted from 1.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slip39Error {
    /// A word is not in the list.
    #[error("word {position} is not in the list of SLIP-39{}", did_you_mean(.suggestions))]
    UnknownWord {
        /// Place in the share, from 1.
        position: usize,
        /// Up to three similar words.
        suggestions: Vec<&'static str>,
    },
    /// A number of words that no share has.
    #[error("there are {found} words, not 20, 22, 23, 25, 27, 28, 30, 31 or 33")]
    WordCount {
        /// How many there are.
        found: usize,
    },
    /// Every word is known, but together they are no share.
    #[error("the words do not fit together: one of them, or their order, is wrong")]
    Checksum,
    /// The checksum is right, but bits that must be zero are not.
    #[error("the share is not a valid one: its padding is not zero")]
    Padding,
    /// The checksum is right, but the share asks for more groups than there are.
    #[error("the share is not a valid one: it asks for {threshold} of {count} groups")]
    GroupThreshold {
        /// How many groups are needed, as the share says.
        threshold: u8,
        /// How many groups there are, as the share says.
        count: u8,
    },
    /// No share at all.
    #[error("no share was given")]
    NoShares,
    /// A share of another set than the first one.
    #[error("share {share} belongs to another set than the first: another {differs}")]
    MixedSets {
        /// Which of the given shares.
        share: usize,
        /// The first thing in which it differs.
        differs: &'static str,
    },
    /// Two shares of the same member.
    #[error("member {member} of group {group} is there twice")]
    SameMember {
        /// The group.
        group: u8,
        /// The member.
        member: u8,
    },
    /// Not all groups that are needed.
    #[error("{found} of {needed} groups are there")]
    TooFewGroups {
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// More groups than are needed, which SLIP-39 does not allow.
    #[error("{found} groups are there, but exactly {needed} are used")]
    TooManyGroups {
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Not all shares that a group needs.
    #[error("{found} of {needed} shares of group {group} are there")]
    TooFewMembers {
        /// The group.
        group: u8,
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// More shares of a group than are needed, which SLIP-39 does not allow.
    #[error("{found} shares of group {group} are there, but exactly {needed} are used")]
    TooManyMembers {
        /// The group.
        group: u8,
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// What the shares of a group give is not what was split.
    #[error("the shares of group {group} do not give what was split: one of them was changed, or is of another set")]
    MemberDigest {
        /// The group.
        group: u8,
    },
    /// What the groups give is not what was split.
    #[error("the groups do not give what was split: a share was changed, or is of another set")]
    GroupDigest,
    /// A master secret of a size that is not split.
    #[error("a master secret has 16 to 32 bytes, an even number of them, not {found}")]
    SecretLength {
        /// How many bytes it has.
        found: usize,
    },
    /// Several shares of a group, each of which is enough alone.
    #[error("1 of {count} shares: all of them would be the same")]
    OneOfMany {
        /// How many shares were asked for.
        count: u8,
    },
    /// A plan for shares that cannot be carried out.
    #[error("the plan is refused: {0}")]
    Plan(&'static str),
    /// A passphrase that another wallet may not be able to read as the same bytes.
    #[error("the passphrase of shares has printable characters of ASCII only")]
    Passphrase,
}

catalogue! {
    UNKNOWN_WORD = "slip39.unknown_word", Usage, "Compare that word with the share on paper";
    WORD_COUNT = "slip39.word_count", Usage, "Count the words of the share: 20 or 33 as a rule";
    CHECKSUM = "slip39.checksum", Usage, "Compare every word and the order with the share on paper";
    NOT_A_SHARE = "slip39.not_a_share", Verification, "Use another share; this one was made by a program that breaks SLIP-39";
    NO_SHARES = "slip39.no_shares", Usage, "Type the words of a share";
    MIXED_SETS = "slip39.mixed_sets", Usage, "Compare the first two words of the shares: within a set they are the same; use the shares of one set";
    SAME_MEMBER = "slip39.same_member", Usage, "Type each share once, and another one in the place of the second";
    TOO_FEW = "slip39.too_few", Usage, "Type more shares: of each group as many as it needs";
    TOO_MANY = "slip39.too_many", Usage, "Leave out the shares that are not needed";
    DIGEST = "slip39.digest", Verification, "Use other shares of the same set, if there are more: one of these was changed";
    SECRET_LENGTH = "slip39.secret_length", Refused, "Split the entropy of a phrase of 12 to 24 words";
    ONE_OF_MANY = "slip39.one_of_many", Usage, "Ask for 1 share and copy it, or for a threshold of 2 or more";
    PLAN = "slip39.plan", Usage, "Ask for 1 to 16 groups of 1 to 16 shares, and for no more of them to be needed than there are";
    PASSPHRASE = "slip39.passphrase", Usage, "Choose a passphrase of unaccented letters, digits, spaces and signs";
}

impl Explain for Slip39Error {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::UnknownWord { .. } => UNKNOWN_WORD,
            Self::WordCount { .. } => WORD_COUNT,
            Self::Checksum => CHECKSUM,
            Self::Padding | Self::GroupThreshold { .. } => NOT_A_SHARE,
            Self::NoShares => NO_SHARES,
            Self::MixedSets { .. } => MIXED_SETS,
            Self::SameMember { .. } => SAME_MEMBER,
            Self::TooFewGroups { .. } | Self::TooFewMembers { .. } => TOO_FEW,
            Self::TooManyGroups { .. } | Self::TooManyMembers { .. } => TOO_MANY,
            Self::MemberDigest { .. } | Self::GroupDigest => DIGEST,
            Self::SecretLength { .. } => SECRET_LENGTH,
            Self::OneOfMany { .. } => ONE_OF_MANY,
            Self::Plan(_) => PLAN,
            Self::Passphrase => PASSPHRASE,
        }
    }
}
