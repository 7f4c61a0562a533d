//! What can be wrong with a Bitcoin request, draft or transaction: one enum, each with its code and hint.

use super::allowed::HeldBack;
use crate::{
    account::AccountError,
    amount::{Amount, FeeRate, sat_text},
    explain::{Entry, Explain, catalogue},
    text::SafeText,
};

/// Why a Bitcoin transaction cannot or must not be made, reviewed or signed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BitcoinError {
    /// The coins do not cover payments and fee.
    #[error("this needs {} and {} can be spent{held_back}", Amount::sat(*.needed), Amount::sat(*.available))]
    InsufficientFunds {
        /// Payments plus fee, in satoshi.
        needed: u64,
        /// What the chosen or allowed coins hold, in satoshi.
        available: u64,
        /// What is there besides and is not spent.
        held_back: HeldBack,
    },
    /// The key to be swept has no coins.
    #[error("this key has no coins, in none of its four forms of address")]
    NothingToSweep,
    /// An output that costs more to spend than it holds.
    #[error("{} is dust: nodes relay such an output only from {}", sat_text(*.value), sat_text(*.minimum))]
    Dust {
        /// Its value in satoshi.
        value: u64,
        /// The relay minimum in satoshi.
        minimum: u64,
    },
    /// Too little is left for a change output, and the person did not agree to give it away.
    #[error("{} would be left over, too little for a change output, and would go to the miner", sat_text(*.0))]
    LeftOver(u64),
    /// A fee above the stops.
    #[error("the fee of {} ({rate}) is above {limit}", sat_text(*.fee))]
    FeeTooHigh {
        /// The fee in satoshi.
        fee: u64,
        /// Its rate.
        rate: FeeRate,
        /// The stop it passed, in words.
        limit: String,
    },
    /// The request contradicts itself or names what is not there.
    #[error("{0}")]
    BadRequest(String),
    /// Not a PSBT, or one that breaks BIP-174.
    #[error("this is no PSBT or transaction that can be read: {0}")]
    NotAPsbt(SafeText),
    /// The PSBT contradicts itself: its claims do not fit the transaction.
    #[error("input {input}: {problem}")]
    Contradiction {
        /// Index of the input, from 0.
        input: usize,
        /// What does not fit.
        problem: &'static str,
    },
    /// It claims that a script is ours, and the script we derive there is another: an attack.
    #[error("{place} claims to be ours at {path}, and is not")]
    FalseOwnership {
        /// Which input or output.
        place: String,
        /// The path it claims.
        path: String,
    },
    /// An input that no known account can sign.
    #[error("input {0} is not of this wallet")]
    ForeignInput(usize),
    /// It spends a script that is not one of a single key's.
    #[error("input {0} spends a script of several keys or conditions, and this program signs for single keys")]
    SeveralKeys(usize),
    /// Another signature hash type than ALL (or taproot's DEFAULT).
    #[error("input {input} asks for signature hash type {sighash}, which would leave parts of the transaction open")]
    Sighash {
        /// Index of the input, from 0.
        input: usize,
        /// The type, in hex.
        sighash: String,
    },
    /// So large that no node relays it, or it could keep a signer busy for long.
    #[error("it has at least {vsize} vbytes ({inputs} inputs), and nodes relay at most 100,000")]
    TooLarge {
        /// Number of its inputs.
        inputs: usize,
        /// The least virtual size that it can have once signed.
        vsize: u64,
    },
    /// It names more places of keys than its inputs and outputs need.
    #[error("it names too many places of keys: more than {most} keys would have to be derived to judge it")]
    TooManyClaims {
        /// Keys that are derived at most.
        most: usize,
    },
    /// It names more accounts than a payment needs.
    #[error("it names more than {most} accounts of these keys")]
    TooManyAccounts {
        /// Accounts that are derived at most.
        most: usize,
    },
    /// An output is ours at a place where no search looks, and the person did not agree to that by name.
    #[error(
        "it pays {to}, which these keys derive at {path}, where no search looks: a restored wallet would not find it"
    )]
    BeyondSearch {
        /// The address, or the script in hex.
        to: String,
        /// The path from the master key.
        path: String,
    },
    /// The transaction itself must not exist or would lose money.
    #[error("this transaction must not be signed: {0}")]
    Malformed(String),
    /// Bitcoin Core's script code refuses the finished transaction.
    #[error("Bitcoin Core's verification refuses input {0} of the finished transaction")]
    Consensus(usize),
    /// A rule that always holds was broken.
    #[error("internal rule broken: {0}")]
    Bug(&'static str),
}

catalogue! {
    INSUFFICIENT = "bitcoin.insufficient_funds", InsufficientFunds, "Pay less, lower the fee rate, or receive more; `fastness coins` lists what is there and what is frozen";
    NOTHING_TO_SWEEP = "bitcoin.nothing_to_sweep", InsufficientFunds, "Check that the key and --network are the right ones; an unconfirmed payment to it can be swept once it is in a block";
    DUST = "bitcoin.dust", Refused, "Pay at least the minimum named";
    FEE_TOO_HIGH = "bitcoin.fee_too_high", Refused, "Lower the fee rate, or name the most you accept with --max-fee AMOUNT";
    LEFT_OVER = "bitcoin.left_over", Refused, "Pay that much more, send `all`, choose other coins with --coins, or give it away with --max-fee AMOUNT";
    BAD_REQUEST = "bitcoin.bad_request", Usage, "Change the command as the message says";
    NOT_A_PSBT = "bitcoin.not_a_psbt", Usage, "Export the PSBT again, whole, in base64, hex or binary (version 0)";
    CONTRADICTION = "bitcoin.contradiction", Verification, "Do not sign it; ask whoever made it for one with whole, matching previous transactions";
    FALSE_OWNERSHIP = "bitcoin.false_ownership", Verification, "Do not sign it, and treat the machine that made it as hostile";
    FOREIGN_INPUT = "bitcoin.foreign_input", Refused, "Sign with the wallet whose coins it spends; if this is it, the draft does not say where its key is: plan it again from an account that was added by its descriptor, with [fingerprint/path]";
    SEVERAL_KEYS = "bitcoin.several_keys", Refused, "Sign the PSBT with the wallets that have its keys; `fastness plan --psbt` writes it for them";
    SIGHASH = "bitcoin.sighash", Refused, "Ask for a draft that signs everything (SIGHASH_ALL or taproot default)";
    TOO_LARGE = "bitcoin.too_large", Refused, "Split it into several transactions";
    TOO_MANY_CLAIMS = "bitcoin.too_many_claims", Refused, "Ask for a draft that names the key of each coin, and no others";
    BEYOND_SEARCH = "bitcoin.beyond_search", Refused, "Do not sign it unless you know why it goes there; to agree, name the address with --to-unusual ADDRESS";
    MALFORMED = "bitcoin.malformed", Refused, "Do not sign it; plan the payment again";
    CONSENSUS = "bitcoin.consensus", Verification, "Nothing was written or sent; please report this with the draft";
    BUG = "bitcoin.bug", Bug, "Nothing was written or sent; please report this";
}

impl Explain for BitcoinError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::InsufficientFunds { .. } => INSUFFICIENT,
            Self::NothingToSweep => NOTHING_TO_SWEEP,
            Self::Dust { .. } => DUST,
            Self::LeftOver(_) => LEFT_OVER,
            Self::FeeTooHigh { .. } => FEE_TOO_HIGH,
            Self::BadRequest(_) => BAD_REQUEST,
            Self::NotAPsbt(_) => NOT_A_PSBT,
            Self::Contradiction { .. } => CONTRADICTION,
            Self::FalseOwnership { .. } => FALSE_OWNERSHIP,
            Self::ForeignInput(_) => FOREIGN_INPUT,
            Self::SeveralKeys(_) => SEVERAL_KEYS,
            Self::Sighash { .. } => SIGHASH,
            Self::TooLarge { .. } => TOO_LARGE,
            Self::TooManyClaims { .. } | Self::TooManyAccounts { .. } => TOO_MANY_CLAIMS,
            Self::BeyondSearch { .. } => BEYOND_SEARCH,
            Self::Malformed(_) => MALFORMED,
            Self::Consensus(_) => CONSENSUS,
            Self::Bug(_) => BUG,
        }
    }
}

impl From<AccountError> for BitcoinError {
    /// Derivation fails only on an index of 2^31 or above, which no honest draft holds.
    fn from(_: AccountError) -> Self {
        Self::Malformed("it names an address index that does not exist".to_owned())
    }
}
