//! What can be wrong with an Ethereum request, draft or transaction: one enum, each with its code and hint.

use alloy_primitives::Address;

use crate::{
    explain::{Entry, Explain, catalogue},
    text::SafeText,
};

/// Why an Ethereum transaction or message cannot or must not be made, reviewed or signed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EthereumError {
    /// The balance does not cover value and fee.
    #[error("this needs up to {needed}, fee included, and there are {available}")]
    InsufficientFunds {
        /// Value plus the worst fee.
        needed: String,
        /// The balance.
        available: String,
    },
    /// A fee above the stops.
    #[error("the fee could be {fee}, which is above {limit}")]
    FeeTooHigh {
        /// The worst fee.
        fee: String,
        /// The stop that it passed, in words.
        limit: String,
    },
    /// The request contradicts itself.
    #[error("{0}")]
    BadRequest(String),
    /// Bytes that are no transaction of a type that this wallet reads.
    #[error("this is not an Ethereum transaction: {0}")]
    NotATransaction(&'static str),
    /// Readable, and never signed here.
    #[error("this transaction must not be signed: {0}")]
    Refused(String),
    /// The bytes are for another chain than the plan says.
    #[error("the transaction is for chain {found}, and the draft says {expected}")]
    OtherChain {
        /// In the bytes.
        found: u64,
        /// In the draft.
        expected: u64,
    },
    /// None of our accounts.
    #[error("{0} is not an account of this wallet")]
    ForeignSender(Address),
    /// A call that fails, run without a transaction.
    #[error("reverted: {0}")]
    Reverted(SafeText),
    /// A transaction that would fail.
    #[error("it would fail, and its fee be lost: {0}")]
    WouldFail(SafeText),
    /// Something has to be agreed to by name.
    #[error("{what}")]
    ConsentMissing {
        /// What, and which flag with which value answers.
        what: String,
    },
    /// Typed data that EIP-712 does not allow.
    #[error("this is not valid typed data (EIP-712): {0}")]
    TypedData(SafeText),
    /// What was given as a signature is none.
    #[error("this is not a signature: {0}")]
    Signature(&'static str),
    /// A message that must not be signed.
    #[error("this message must not be signed: {0}")]
    Message(String),
    /// An ABI, a function signature or an argument that does not fit.
    #[error("{0}")]
    Abi(SafeText),
    /// A signature that is not the sender's.
    #[error("the signature was not made by {0}")]
    OtherSigner(Address),
    /// A rule that always holds was broken.
    #[error("internal rule broken: {0}")]
    Bug(&'static str),
}

catalogue! {
    INSUFFICIENT = "ethereum.insufficient_funds", InsufficientFunds, "Send less, choose --fee slow, or receive more; the whole fee limit must be there although less is usually taken";
    FEE_TOO_HIGH = "ethereum.fee_too_high", Refused, "Wait for lower prices, or name the most you accept with --max-fee AMOUNT, such as 0.1eth";
    BAD_REQUEST = "ethereum.bad_request", Usage, "Change the command as the message says";
    NOT_A_TRANSACTION = "ethereum.not_a_transaction", Usage, "Give the whole transaction: hex with or without 0x, or the file that fastness wrote";
    REFUSED = "ethereum.refused", Refused, "Do not sign it; plan it again here if it is what you want";
    OTHER_CHAIN = "ethereum.other_chain", Verification, "Do not sign it; plan again on the chain you mean";
    FOREIGN_SENDER = "ethereum.foreign_sender", Refused, "Choose the wallet with --wallet, or add the account with `fastness account add ethereum`";
    REVERTED = "ethereum.reverted", Refused, "Check the arguments and who calls; `--abi FILE` or `--error SIGNATURE` name a contract's own errors";
    WOULD_FAIL = "ethereum.would_fail", Refused, "Change what the reason names; to send it all the same, name --gas-limit and --may-fail CONTRACT";
    CONSENT = "ethereum.consent_missing", Refused, "Read the review again; give the flag only if that is what you want";
    TYPED_DATA = "ethereum.typed_data", Refused, "Do not sign it; ask whoever made the message for a valid one";
    SIGNATURE = "ethereum.signature", Usage, "Give the 65 bytes in hex that `fastness message sign` prints";
    MESSAGE = "ethereum.message", Refused, "Do not sign it, and do not trust who asked for it";
    ABI = "ethereum.abi", Usage, "Write the function as in Solidity, stake(uint256,address), and one argument for each type";
    OTHER_SIGNER = "ethereum.other_signer", Verification, "Nothing was written or sent; try again, and test this machine's memory if it happens twice";
    BUG = "ethereum.bug", Bug, "Nothing was written or sent; please report this";
}

impl Explain for EthereumError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::InsufficientFunds { .. } => INSUFFICIENT,
            Self::FeeTooHigh { .. } => FEE_TOO_HIGH,
            Self::BadRequest(_) => BAD_REQUEST,
            Self::NotATransaction(_) => NOT_A_TRANSACTION,
            Self::Refused(_) => REFUSED,
            Self::OtherChain { .. } => OTHER_CHAIN,
            Self::ForeignSender(_) => FOREIGN_SENDER,
            Self::Reverted(_) => REVERTED,
            Self::WouldFail(_) => WOULD_FAIL,
            Self::ConsentMissing { .. } => CONSENT,
            Self::TypedData(_) => TYPED_DATA,
            Self::Signature(_) => SIGNATURE,
            Self::Message(_) => MESSAGE,
            Self::Abi(_) => ABI,
            Self::OtherSigner(_) => OTHER_SIGNER,
            Self::Bug(_) => BUG,
        }
    }
}
