//! What can be asked of nodes of an EVM chain, and what can be answered: plain data. No I/O.
//!
//! A value that only nodes vouch for is handed out inside a [`super::Claim`].

use std::fmt;

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::Serialize;

use crate::{
    chain::ethereum::{Code, revert::Revert},
    explorer::Claim,
    review::Evidence,
    text::SafeText,
};

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
    /// Its hash, where operators were asked for it.
    pub block_hash: Option<B256>,
    /// When the block was made, in seconds since 1970; nothing where no node was asked.
    pub block_time: Option<u64>,
}

/// A call to be run without a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmCall {
    /// The caller.
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
    Reverts(Revert),
    /// The account does not hold what it would send.
    NotCovered,
}

/// What a call answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// Its return data.
    Returned(Bytes),
    /// It fails.
    Reverted(Revert),
}

/// What a call returns, as one operator runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOpinion {
    /// The operator.
    pub operator: SafeText,
    /// What came of it.
    pub outcome: CallOutcome,
}

/// What one node says that a transaction pays beside gas, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BesideGas {
    /// For its data on layer 1.
    pub layer1: U256,
    /// To the chain's operator.
    pub operator: U256,
}

/// What a token's call moves, by balances before and after it, in smallest units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenMoves {
    /// The sender's balance before.
    pub had: U256,
    /// How much less the sender has after it.
    pub given: U256,
    /// How much more the recipient has after it.
    pub got: U256,
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
    /// When its block was made, in seconds since 1970, as the block says.
    pub time: u64,
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
    /// The account that may take.
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

/// Something that one operator said and others did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// Its host.
    pub operator: SafeText,
    /// What it is about.
    pub about: Matter,
    /// What it said, in our words.
    pub said: SafeText,
}

/// What operators can disagree about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Matter {
    /// Which block has a number.
    Block,
    /// How far the chain is.
    Height,
    /// Which chain it is.
    Chain,
    /// A header or a proof that does not hold.
    Proof,
    /// How much an account has.
    Balance,
    /// What an account sent.
    Nonce,
    /// What is behind an address.
    Code,
    /// The price of gas.
    Price,
    /// Where a transaction is.
    Place,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} says: {}", self.operator, self.said)
    }
}

/// An answer with every operator that stands behind it, and every operator that said something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub claim: Claim<T>,
    /// The operators that named the block of a proof, or that said the value.
    pub said_by: Vec<SafeText>,
    /// What others said.
    pub disagreements: Vec<Disagreement>,
}

impl<T> Sourced<T> {
    /// What every operator in the list said.
    #[must_use]
    pub fn said(value: T, said_by: Vec<SafeText>, disagreements: Vec<Disagreement>) -> Self {
        Self { claim: Claim::said_by(value, said_by.clone()), said_by, disagreements }
    }

    /// The value, whatever the evidence.
    pub const fn value(&self) -> &T {
        self.claim.value()
    }

    /// The evidence for it.
    #[must_use]
    pub const fn evidence(&self) -> Evidence {
        match self.claim {
            Claim::Proven(_) => Evidence::Proven,
            Claim::Agreed { .. } => Evidence::Agreed,
            Claim::Single { .. } => Evidence::Said,
        }
    }

    /// The operators behind it and how they agree, as one piece of a sentence.
    #[must_use]
    pub fn standing(&self) -> String {
        let names = self.said_by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self.evidence() {
            Evidence::Proven => format!("proven at a block that {names} name"),
            Evidence::Agreed => format!("agreed by {names}"),
            Evidence::Said => format!("said by {names}"),
        }
    }

    /// What operators said about one matter beside the value.
    pub fn about(&self, matter: Matter) -> impl Iterator<Item = &Disagreement> {
        self.disagreements.iter().filter(move |other| other.about == matter)
    }
}
