//! What became of an Ethereum transaction that we sent: one verdict, and the reasons of a refusal in our own words.
//!
//! No I/O. What a node wrote is never kept here: its text was mapped to an [`EvmReject`] before.

use std::fmt;

use crate::{
    explain::{Entry, Explain, catalogue},
    explorer::{Cause, HostFailures},
    text::SafeText,
};

/// The outcome of a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvmVerdict {
    /// Taken, or found afterwards.
    Accepted(EvmTaken),
    /// No node took it anew: it was there already, waiting or in a block.
    Known(EvmTaken),
    /// Every node that answered refused it, and none has it.
    Rejected(EvmReject),
    /// Not a byte of it reached a node.
    NotSent(HostFailures),
    /// It may be on the network. Never build another one in its place with another nonce.
    Unknown,
}

/// The nodes that have a transaction, of those that were asked, and what the others said.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EvmTaken {
    /// Hosts that have it.
    pub operators: Vec<SafeText>,
    /// How many were asked.
    pub asked: usize,
    /// What the others said.
    pub dissent: Vec<EvmDissent>,
}

/// What one host said that did not take a transaction which others have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmDissent {
    /// The host.
    pub operator: SafeText,
    /// What it said.
    pub why: EvmWhy,
}

/// EvmWhy one host did not take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvmWhy {
    /// It refuses it.
    Refused(EvmReject),
    /// It was not reached, or does not serve us.
    NotSent(Cause),
    /// It gave no answer that means anything.
    Unclear,
}

impl fmt::Display for EvmTaken {
    /// `2 of 3: a.example, b.example; c.example: the gas price is below what blocks or the node ask for`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.operators.len(), self.asked.max(self.operators.len()))?;
        for (place, operator) in self.operators.iter().enumerate() {
            write!(f, "{}{operator}", if place == 0 { ": " } else { ", " })?;
        }
        for EvmDissent { operator, why } in &self.dissent {
            match why {
                EvmWhy::Refused(class) => write!(f, "; {operator}: {class}")?,
                EvmWhy::NotSent(cause) => write!(f, "; {operator}: {cause}")?,
                EvmWhy::Unclear => write!(f, "; {operator}: no clear answer")?,
            }
        }
        Ok(())
    }
}

/// Why nodes refuse a transaction, sorted by what can be done about it.
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

impl EvmReject {
    /// How much a refusal tells: of several the one with the lowest number is reported.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::WrongChain => 0,
            Self::NonceTooLow => 1,
            Self::TipAboveCap | Self::IntrinsicGas | Self::GasLimit => 2,
            Self::InsufficientFunds => 3,
            Self::NonceTooHigh => 4,
            Self::Underpriced => 5,
            Self::FeeTooLow => 6,
            Self::NodeFeeCap => 7,
            Self::PoolFull => 8,
            Self::Unstated => 9,
        }
    }

    /// Whether the refused transaction itself can be the reason, so that it has to be looked for.
    #[must_use]
    pub const fn may_be_there(self) -> bool {
        matches!(self, Self::NonceTooLow | Self::Underpriced | Self::Unstated)
    }
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
