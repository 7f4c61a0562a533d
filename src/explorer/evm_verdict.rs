//! What became of an Ethereum transaction that we sent: one verdict, and the reasons of a refusal in our own words.
//!
//! No I/O. What a node wrote is never kept here: its text was mapped to an [`EvmReject`] before.

use super::Failures;
use crate::{
    explain::{Entry, Explain, catalogue},
    text::SafeText,
};

/// The outcome of a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvmVerdict {
    /// Taken, or found afterwards, by these operators.
    Accepted {
        /// Their hosts.
        operators: Vec<SafeText>,
    },
    /// A node had it already, or has it in a block.
    Known,
    /// Everybody who answered refused it, and nobody has it.
    Rejected(EvmReject),
    /// Not a byte of it reached anybody.
    NotSent(Failures),
    /// It may be on the network. Never build another one in its place with another nonce.
    Unknown,
}

/// Why nodes refuse a transaction, sorted by what can be done about it (network.md, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EvmReject {
    /// Its nonce is used already.
    #[error("its nonce is used already, by another transaction of this account")]
    NonceTooLow,
    /// Its nonce leaves a gap.
    #[error("an earlier nonce of this account is missing")]
    NonceTooHigh,
    /// Another transaction waits with this nonce, and this one does not pay enough more.
    #[error("it does not pay enough more than the transaction that waits with this nonce")]
    Underpriced,
    /// The account does not hold value and fee.
    #[error("the account does not hold the value and the whole fee limit")]
    InsufficientFunds,
    /// Below what the rules take before the first step.
    #[error("the gas limit is below what the rules take")]
    IntrinsicGas,
    /// Below the base fee or the node's own floor.
    #[error("the gas price is below what blocks or the node ask for")]
    FeeTooLow,
    /// Tip above the maximum.
    #[error("the tip is above the maximum price")]
    TipAboveCap,
    /// Above what one block or transaction may use.
    #[error("the gas limit is above what a block takes")]
    GasLimit,
    /// Above the cap that the node sets for fees.
    #[error("the fee is above what the node agrees to send")]
    NodeFeeCap,
    /// Signed for another chain.
    #[error("it is signed for another chain, or its signature is wrong")]
    WrongChain,
    /// The pool is full, or the node is not ready.
    #[error("the node is full or not ready")]
    PoolFull,
    /// Refused without a reason we know.
    #[error("refused without a reason we know")]
    Unstated,
}

catalogue! {
    NONCE_LOW = "evm_reject.nonce_too_low", Refused, "Run `fastness nonce status`; plan the payment again if it was not the one that was mined";
    NONCE_HIGH = "evm_reject.nonce_too_high", Refused, "Send the transaction with the missing nonce first; `fastness nonce gaps` names it";
    UNDERPRICED = "evm_reject.replacement_underpriced", Refused, "Run `fastness bump` again with a higher --gas-price";
    FUNDS = "evm_reject.insufficient_funds", InsufficientFunds, "Receive more, or send less; the whole fee limit has to be there";
    INTRINSIC = "evm_reject.intrinsic_gas", Refused, "Plan again without --gas-limit";
    FEE_LOW = "evm_reject.fee_too_low", Refused, "Plan again with --fee fast, or a higher --gas-price";
    TIP = "evm_reject.tip_above_maximum", Refused, "Plan again; the tip has to be at most the price";
    GAS_LIMIT = "evm_reject.gas_limit", Refused, "Plan again with a lower --gas-limit, or split the call";
    NODE_CAP = "evm_reject.node_fee_cap", Refused, "Try another node with --explorer, or a lower price";
    WRONG_CHAIN = "evm_reject.wrong_chain", Verification, "Name a node of this chain; do not send it elsewhere";
    POOL_FULL = "evm_reject.pool_full", Network, "Broadcast the same file again in a minute";
    UNSTATED = "evm_reject.unstated", Refused, "Try another node with --explorer, which may say why";
}

impl Explain for EvmReject {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::NonceTooLow => NONCE_LOW,
            Self::NonceTooHigh => NONCE_HIGH,
            Self::Underpriced => UNDERPRICED,
            Self::InsufficientFunds => FUNDS,
            Self::IntrinsicGas => INTRINSIC,
            Self::FeeTooLow => FEE_LOW,
            Self::TipAboveCap => TIP,
            Self::GasLimit => GAS_LIMIT,
            Self::NodeFeeCap => NODE_CAP,
            Self::WrongChain => WRONG_CHAIN,
            Self::PoolFull => POOL_FULL,
            Self::Unstated => UNSTATED,
        }
    }
}
