//! What became of a transaction that we sent: one verdict, and the reasons of a refusal in our own words.
//!
//! No I/O. What a server wrote is never kept here: its text was mapped to a [`RejectClass`] before.

use std::fmt;

use bitcoin::Txid;

use super::answers::BlockRef;
use crate::{
    amount::sat_text,
    explain::{Entry, Explain, catalogue},
    explorer::{Cause, HostFailures},
    text::SafeText,
};

/// The outcome of a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A host took it, or had it afterwards. Advisory until a host has it that was not sent it.
    Accepted(Taken),
    /// A host had it already before we sent it.
    Known(Taken),
    /// It is in a block already, as these hosts say.
    Confirmed {
        /// The block.
        block: BlockRef,
        /// The hosts that say so.
        said_by: Vec<SafeText>,
    },
    /// Every host that answered refused it, and none has it.
    Rejected(RejectClass),
    /// Not a byte of it reached a host.
    NotSent(NotSent),
    /// It may be on the network. Never build another one in its place before this one is found or double spent.
    Unknown,
}

/// The hosts that have a transaction, and what the others said to which it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Hosts that took it or have it.
    pub operators: Vec<SafeText>,
    /// The others.
    pub dissent: Vec<Dissent>,
    /// Whether it has spread.
    pub propagation: Propagation,
}

impl Taken {
    /// How many were sent it or asked for it.
    #[must_use]
    pub const fn asked(&self) -> usize {
        self.operators.len() + self.dissent.len()
    }
}

/// `2 of 3: a, b; c said: the fee is below what the node relays`; of one host only its name.
impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.asked() > 1 {
            write!(f, "{} of {}: ", self.operators.len(), self.asked())?;
        }
        for (place, operator) in self.operators.iter().enumerate() {
            write!(f, "{}{operator}", if place == 0 { "" } else { ", " })?;
        }
        self.dissent.iter().try_for_each(|dissent| write!(f, "; {dissent}"))
    }
}

/// One host that did not take what another took; prints as a sentence of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dissent {
    /// Host.
    pub operator: SafeText,
    /// What it said, or did.
    pub why: Why,
}

/// Why a host did not take a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It refused it.
    Refused(RejectClass),
    /// Nothing was sent to it, or it did nothing.
    NotSent(Cause),
    /// It may have passed it on.
    Unclear(Cause),
}

impl fmt::Display for Dissent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::Refused(class) => write!(f, "{} said: {class}", self.operator),
            Why::NotSent(cause) => write!(f, "{} did not take it: {cause}", self.operator),
            Why::Unclear(cause) => write!(f, "{} gave no clear answer: {cause}", self.operator),
        }
    }
}

/// Whether a host has a transaction that it was not sent by us: the proof that it spreads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// This one has it, byte for byte.
    Seen(SafeText),
    /// Not within the moment that we waited.
    NotYet,
    /// Every explorer in the list was sent it.
    NobodyToAsk,
}

/// Why nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The bytes are not the transaction they were said to be.
    NotThatTransaction,
    /// No explorer could be reached.
    Nobody(HostFailures),
}

/// Why nodes refuse a transaction. Error texts of Bitcoin Core, sorted by what can be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RejectClass {
    /// A signature or script does not verify.
    #[error("a signature does not verify")]
    BadSignature,
    /// Breaks a consensus rule.
    #[error("the transaction breaks a rule of the chain")]
    Invalid,
    /// The bytes were not read as a transaction.
    #[error("the node could not read the transaction")]
    Malformed,
    /// Another transaction spent one of its coins.
    #[error("a coin was already spent by {0}")]
    Conflict(Txid),
    /// A coin that it spends is unknown or spent, and no host says by what.
    #[error("a coin that it spends is unknown or already spent")]
    InputsMissing,
    /// Valid, but not what nodes relay by default.
    #[error("nodes do not relay this form of transaction")]
    NonStandard,
    /// Locked until a later height or time.
    #[error("the transaction is still locked")]
    TooEarly,
    /// Does not pay enough more than the transaction it replaces.
    #[error("the fee is too low to replace the earlier transaction")]
    ReplacementFeeTooLow,
    /// May not replace what it conflicts with.
    #[error("the earlier transaction may not be replaced this way")]
    ReplacementRefused,
    /// Above the cap of the node.
    #[error("the fee is above what the node agrees to send")]
    FeeTooHigh,
    /// Below what the node relays.
    #[error("the fee is below what the node relays{}", needed(*need_sat))]
    FeeTooLow {
        /// The fee it asks for, in satoshi, if it said so.
        need_sat: Option<u64>,
    },
    /// Too many unconfirmed relatives.
    #[error("too many unconfirmed transactions depend on each other")]
    ChainLimit,
    /// The node cannot take any at present.
    #[error("the node is full or starting")]
    Transient,
    /// Refused without a reason we know.
    #[error("refused without a reason we know")]
    Unstated,
}

/// The number that a node named, in words that follow a sentence.
fn needed(sat: Option<u64>) -> String {
    sat.map_or_else(String::new, |sat| format!(": it asks for {}", sat_text(sat)))
}

catalogue! {
    BAD_SIGNATURE = "reject.bad_signature", Verification, "Do not send it again: report this as a bug in fastness";
    INVALID = "reject.invalid", Verification, "Do not send it again: report this as a bug in fastness";
    MALFORMED = "reject.malformed", Refused, "Check that the file is a complete signed transaction of this network";
    CONFLICT = "reject.conflict", Refused, "Run `sync`, then plan the payment again";
    INPUTS_MISSING = "reject.inputs_missing", Refused, "Run `sync`, send its parent first, or plan the payment again";
    NON_STANDARD = "reject.non_standard", Refused, "Plan again without very small outputs or unusual scripts";
    TOO_EARLY = "reject.too_early", Refused, "Keep the signed file, and broadcast it after its lock time";
    REPLACEMENT_FEE = "reject.replacement_fee_too_low", Refused, "Run `bump` again with a higher fee rate";
    REPLACEMENT = "reject.replacement_refused", Refused, "Try another explorer, or wait for the earlier transaction";
    FEE_TOO_HIGH = "reject.fee_too_high", Refused, "Plan again with a lower fee rate";
    FEE_TOO_LOW = "reject.fee_too_low", Refused, "Plan again with a higher fee rate, or try another explorer";
    CHAIN_LIMIT = "reject.chain_limit", Refused, "Wait until one of the earlier transactions confirms";
    TRANSIENT = "reject.transient", Network, "Broadcast the same file again in a minute";
    UNSTATED = "reject.unstated", Refused, "Try another explorer, which may say why";
}

impl Explain for RejectClass {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::BadSignature => BAD_SIGNATURE,
            Self::Invalid => INVALID,
            Self::Malformed => MALFORMED,
            Self::Conflict(_) => CONFLICT,
            Self::InputsMissing => INPUTS_MISSING,
            Self::NonStandard => NON_STANDARD,
            Self::TooEarly => TOO_EARLY,
            Self::ReplacementFeeTooLow => REPLACEMENT_FEE,
            Self::ReplacementRefused => REPLACEMENT,
            Self::FeeTooHigh => FEE_TOO_HIGH,
            Self::FeeTooLow { .. } => FEE_TOO_LOW,
            Self::ChainLimit => CHAIN_LIMIT,
            Self::Transient => TRANSIENT,
            Self::Unstated => UNSTATED,
        }
    }
}

impl RejectClass {
    /// How much this class tells; of several refusals the one with the lowest number is reported.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::BadSignature => 0,
            Self::Invalid => 1,
            Self::Malformed => 2,
            Self::Conflict(_) => 3,
            Self::InputsMissing => 4,
            Self::NonStandard => 5,
            Self::TooEarly => 6,
            Self::ReplacementFeeTooLow => 7,
            Self::ReplacementRefused => 8,
            Self::FeeTooHigh => 9,
            Self::FeeTooLow { .. } => 10,
            Self::ChainLimit => 11,
            Self::Transient => 12,
            Self::Unstated => 13,
        }
    }
}
