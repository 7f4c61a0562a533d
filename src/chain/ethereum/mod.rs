//! Ethereum and its family: planning, reviewing and finishing transactions of types 0, 1, 2 and 4 (EIP-2718).
//!
//! Works on plain data: a [`Snapshot`] of what nodes said. The plan is the unsigned EIP-2718 bytes; whatever is shown is
//! read from them. No keys, no network, no files, and nothing that signs a hash of a caller's choice.

pub mod allowance;
pub mod call_summary;
pub mod calldata;
pub mod calls;
pub mod contract_signature;
pub mod decode;
pub mod fund;
pub mod json_members;
pub mod message;
mod message_reader;
pub mod plan;
pub mod policy;
pub mod replace;
pub mod revert;
pub mod sign;
mod standard_calls;
#[cfg(test)]
mod standard_calls_tests;
pub mod state_proof;
mod strict_json;
pub mod transaction;
pub mod transaction_json;
mod typed_members;
pub mod units;

mod addressees;
mod batches;
mod call_reader;
mod call_values;
mod contracts;
mod error;
mod known_messages;
mod orders;
mod permit2;
mod permits;
mod safe;
mod sign_in;
mod standards;
mod swaps;
mod tree;

#[cfg(test)]
mod calldata_tests;
#[cfg(test)]
mod coins_tests;
#[cfg(test)]
mod typed_forms_tests;

pub mod typed_data;
mod typed_values;

use alloy_primitives::{Address, B256, U256};
use bitcoin::{bip32::DerivationPath, secp256k1::PublicKey};

pub use self::error::{CATALOGUE, EthereumError};
use crate::{
    account::EthereumAccount,
    amount::Denomination,
    chain::Chain,
    network::EvmChain,
    request::EvmRequest,
    review::EvmReview,
    signing::{EthereumJob, Signature},
};

/// What is behind an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Nothing: a person's account, or an address that was never used.
    None,
    /// A contract.
    Contract,
    /// An account that delegates to this contract (EIP-7702).
    Delegation(Address),
}

/// What recent blocks say about the price of gas, in wei per gas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeFacts {
    /// Number of the newest block.
    pub block: u64,
    /// Its hash.
    pub block_hash: B256,
    /// Base fee of the next block: recomputed from the newest header (EIP-1559) and equal to what the node said. Nothing on
    /// chains without one.
    pub next_base_fee: Option<u128>,
    /// Median tips of recent blocks at the 10th, 50th and 90th percentile (`eth_feeHistory`); empty blocks are left out.
    pub tips: Option<[u128; 3]>,
    /// `eth_gasPrice`, for chains without a base fee and where nothing is known of tips; 0 where the node does not say.
    pub gas_price: u128,
}

impl FeeFacts {
    /// Where nodes tell none that can be read: for a price that the person named, which needs no node's word.
    #[must_use]
    pub const fn unknown(block: u64, block_hash: B256) -> Self {
        Self { block, block_hash, next_base_fee: None, tips: None, gas_price: 0 }
    }
}

/// All that planning may know. Everything here is a claim of a node; what comes of it is shown before it is signed.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The chain.
    pub chain: &'static EvmChain,
    /// The payer.
    pub from: Address,
    /// Native balance in wei.
    pub balance: U256,
    /// The nonce that the journal set aside.
    pub nonce: u64,
    /// The price of gas.
    pub fees: FeeFacts,
    /// `eth_estimateGas` for the call, without any margin; nothing where it was not asked (a plain transfer).
    pub gas_estimate: Option<u64>,
    /// What is behind the recipient.
    pub code_at_to: Code,
    /// What is behind the sender.
    pub code_at_from: Code,
    /// Fees beside gas of such a transaction in wei, where the chain has them: for layer-1 data, and the operator's.
    pub fees_beside_gas: Option<U256>,
}

/// What this wallet knows when it reviews a plan.
#[derive(Clone, Debug, Default)]
pub struct Ownership {
    /// Our accounts; the plan's sender must be one of them before it is signed.
    pub accounts: Vec<EthereumAccount>,
    /// Function signatures that the person who reviews typed, such as `stake(uint256,address)`.
    pub typed_signatures: Vec<String>,
    /// Delegates that the person's settings allow for this chain (EIP-7702).
    pub allowed_delegates: Vec<Address>,
    /// Tokens that were added on this machine, as their contracts described themselves then.
    pub added_tokens: Vec<(Address, Denomination)>,
    /// Addresses that this wallet paid before or knows by a label, for telling look-alikes.
    pub known_addresses: Vec<Address>,
}

/// An unsigned transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The chain that it says it is for; must equal the one in the bytes.
    pub chain: &'static EvmChain,
    /// The account that is to sign it.
    pub from: Address,
    /// The unsigned EIP-2718 bytes: type byte and RLP, or for type 0 the EIP-155 list of nine. For type 4 with a pending
    /// authorisation of our own, its authorisation list is still empty.
    pub unsigned: Vec<u8>,
    /// EIP-7702: the delegate that our own authorisation, signed before the transaction, is to name.
    pub delegate: Option<Address>,
}

/// A finished transaction: decoded again, its sender recovered and equal to the plan's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTransaction {
    /// The chain.
    pub chain: &'static EvmChain,
    /// Keccak-256 of the bytes: the transaction's id.
    pub hash: B256,
    /// The signer.
    pub from: Address,
    /// Its nonce.
    pub nonce: u64,
    /// The EIP-2718 bytes as they go over the wire.
    pub bytes: Vec<u8>,
}

/// Which key signs for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderKey {
    /// Path from the master key.
    pub path: DerivationPath,
    /// The key there.
    pub public_key: PublicKey,
}

/// The Ethereum twin.
#[derive(Debug)]
pub struct Ethereum;

impl Chain for Ethereum {
    type Request = EvmRequest;
    type Snapshot = Snapshot;
    type Ownership = Ownership;
    type Plan = Plan;
    type Review = EvmReview;
    type Job = EthereumJob;
    type Signed = SignedTransaction;
    type Error = EthereumError;

    /// Nothing in an Ethereum transaction is drawn at random.
    fn plan(request: &EvmRequest, snapshot: &Snapshot, _randomness: [u8; 32]) -> Result<Plan, EthereumError> {
        plan::plan(request, snapshot)
    }

    fn review(plan: &Plan, ours: &Ownership) -> Result<EvmReview, EthereumError> {
        decode::review(plan, ours)
    }

    fn jobs(plan: &Plan, ours: &Ownership) -> Result<Vec<EthereumJob>, EthereumError> {
        sign::jobs(plan, ours)
    }

    fn finish(plan: Plan, jobs: &[EthereumJob], signatures: &[Signature]) -> Result<SignedTransaction, EthereumError> {
        sign::finish(plan, jobs, signatures)
    }
}
