//! What calldata is read from, and what is read in it. Plain data between decode.rs and calldata.rs.

use alloy_primitives::{Address, U256};

use crate::{
    amount::Units,
    network::EvmChain,
    review::{Certainty, Consent, Leaving, Measure, Shown, Warning},
};

/// What is known of a transaction apart from its fee.
#[derive(Clone, Copy, Debug)]
pub struct Transacted<'a> {
    /// The chain.
    pub chain: &'static EvmChain,
    /// The signer.
    pub from: Address,
    /// Recipient or contract.
    pub to: Option<Address>,
    /// Wei that go with it.
    pub value: U256,
    /// Calldata or init code.
    pub data: &'a [u8],
}

/// What it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// One sentence.
    pub action: String,
    /// How surely it is known.
    pub certainty: Certainty,
    /// The calldata as a tree.
    pub tree: Shown,
    /// What is moved, where that is one amount.
    pub moved: Option<Units>,
    /// The addresses that gain by it.
    pub beneficiaries: Vec<Address>,
    /// Addresses that it names and to which nothing goes, such as the tokens of a swap.
    pub named: Vec<Address>,
    /// What may leave by it beside the transaction's own value: each movement and allowance, inner calls too.
    pub leaving: Vec<Leaving>,
    /// Whether [`Self::leaving`] is all that may leave.
    pub measure: Measure,
    /// What has to be agreed to by name.
    pub consents: Vec<Consent>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}
