//! What became of a transaction that we sent: one verdict, and the reasons of a refusal in our own words.
//!
//! No I/O. What a server wrote is never kept here: its text was mapped to a [`RejectClass`] before.

use bitcoin::Txid;

use super::{Failures, answers::BlockRef};
use crate::{
    explain::{Entry, Explain, catalogue},
    text::SafeText,
};

/// The outcome of a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Taken, or found afterwards, by these operators. Advisory until seen elsewhere.
    Accepted {
        /// Their hosts.
        operators: Vec<SafeText>,
    },
    /// It was already waiting for a block before we sent it.
    Known,
    /// It is in a block already.
    Confirmed(BlockRef),
    /// Everybody who answered refused it, and nobody has it.
    Rejected(RejectClass),
    /// Not a byte of it reached anybody.
    NotSent(NotSent),
    /// It may be on the network. Never build another one in its place before this one is found or double spent.
    Unknown,
}

/// Why nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The bytes are not the transaction they were said to be.
    NotThatTransaction,
    /// No explorer could be reached.
    Nobody(Failures),
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
    /// A coin that it spends is unknown or spent, and nobody says by what.
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
    #[error("the fee is below what the node relays")]
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
