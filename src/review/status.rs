//! How settled a transaction is, as explorers and nodes say.
//!
//! Plain data: it asks nothing and decides nothing.

use alloy_primitives::{Address, B256, U256};
use serde::Serialize;

use crate::text::SafeText;

/// How settled a transaction is, by what explorers said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Status {
    /// No explorer asked knows it.
    NotFound,
    /// Waiting in a mempool.
    Unconfirmed,
    /// In the best chain.
    Confirmed {
        /// Height of its block.
        height: u32,
        /// Blocks on top of and including its own.
        confirmations: u32,
        /// Hash of its block.
        block: String,
    },
    /// A coin it spends was spent by another transaction.
    Replaced {
        /// That transaction's id.
        by: String,
    },
}

/// How settled a transaction is, by what nodes said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum EvmStatus {
    /// Waiting in a node's pool.
    Pending,
    /// No node asked has it, and its nonce is still free: it was dropped, or never arrived.
    Dropped,
    /// Its nonce was used by another transaction.
    Replaced {
        /// That transaction, where it is known.
        by: Option<B256>,
    },
    /// It was in a block that is no longer in the chain, and is not in one now.
    Reorged,
    /// In a block.
    Mined {
        /// Height of its block.
        block: u64,
        /// Hash of its block.
        block_hash: B256,
        /// Whether it did what it was for.
        outcome: ExecutionOutcome,
        /// How sure the block is to stay.
        depth: Depth,
        /// What was paid for gas, in wei.
        fee: U256,
        /// Address of the contract that it created.
        created: Option<Address>,
    },
}

/// Whether a mined transaction succeeded (EIP-658).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum ExecutionOutcome {
    /// Status 1.
    Success,
    /// Status 0: nothing happened but the fee.
    Reverted {
        /// Why, as far as the contract said it.
        reason: Option<SafeText>,
    },
}

/// How sure a block is to stay, as nodes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "depth")]
pub enum Depth {
    /// In the chain, with this many blocks on top of and including its own.
    Latest {
        /// Blocks.
        confirmations: u64,
    },
    /// At or below the `safe` block.
    Safe,
    /// At or below the `finalized` block.
    Finalized,
}

/// The evidence for an answer, for people and scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Proven against a block that several operators named.
    Proven,
    /// Several operators said the same.
    Agreed,
    /// One operator said it.
    Said,
}
