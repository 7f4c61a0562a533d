//! What can be asked of nodes of an EVM chain, and what can be answered: plain data. No I/O.
//!
//! A value that only nodes vouch for is handed out inside a [`super::Claim`].

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::{chain::ethereum::Code, text::SafeText};

/// The state of an account at one block of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmAccountState {
    /// Native balance in wei.
    pub balance: U256,
    /// Transactions of it that are in blocks: the next nonce, as far as blocks say.
    pub nonce: u64,
    /// The same with what waits in this node's pool; nothing where the node does not say.
    pub pending_nonce: Option<u64>,
    /// What is behind it.
    pub code: Code,
    /// Number of the block.
    pub block: u64,
}

/// A call to be run without a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmCall {
    /// Who calls.
    pub from: Address,
    /// Contract or recipient; nothing creates a contract.
    pub to: Option<Address>,
    /// Wei that go with it.
    pub value: U256,
    /// Calldata or init code.
    pub data: Bytes,
}

/// What a call would cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GasAnswer {
    /// Gas, as the node reckoned by running it.
    Gas(u64),
    /// It would fail.
    Reverts {
        /// Why, as the contract says.
        reason: Option<SafeText>,
    },
    /// The account does not hold what it would send.
    NotCovered,
}

/// What a call answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// Its return data.
    Returned(Bytes),
    /// It fails.
    Reverted {
        /// Why, as the contract says.
        reason: Option<SafeText>,
    },
}

/// A token's own words about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    /// Its symbol.
    pub symbol: SafeText,
    /// Its decimal places.
    pub decimals: u8,
}

/// Where a transaction is, as one node knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvmWhereabouts {
    /// In a block.
    Mined(EvmReceipt),
    /// Waiting in the node's pool.
    Pending,
    /// The node does not have it.
    Absent {
        /// The sender's nonce in blocks: above the transaction's own, another one took it.
        nonce: u64,
    },
}

/// A receipt whose block was compared with the node's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmReceipt {
    /// Number of its block.
    pub block: u64,
    /// Hash of its block.
    pub block_hash: B256,
    /// EIP-658: whether it succeeded.
    pub succeeded: Succeeded,
    /// Gas used times effective price, in wei, layer-1 fee not counted.
    pub fee: U256,
    /// The contract it created.
    pub created: Option<Address>,
    /// The newest block of the node.
    pub tip: u64,
    /// Its `safe` block, where it has one.
    pub safe: Option<u64>,
    /// Its `finalized` block, where it has one.
    pub finalized: Option<u64>,
}

/// Status of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Succeeded {
    /// Status 1.
    Yes,
    /// Status 0.
    No,
}

/// An allowance that was once given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApprovalSeen {
    /// The token or collection.
    pub contract: Address,
    /// Who may take.
    pub spender: Address,
    /// Which event said so.
    pub kind: ApprovalKind,
}

/// Which event an allowance was seen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApprovalKind {
    /// `Approval` of ERC-20 (or of one NFT).
    Amount,
    /// `ApprovalForAll` of ERC-721 and 1155.
    Operator,
}
