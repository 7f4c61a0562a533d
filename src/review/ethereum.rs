//! What is asked, what will happen, how settled it is: the words of a payment for the Ethereum family.
//!
//! An account has a balance and a nonce where Bitcoin has coins, so the request and the review have a shape of their
//! own. No I/O, no secrets, and nothing here decides.

use alloy_primitives::{Address, B256, U256};
use serde::Serialize;

use super::{Complete, Shown, Warning};
use crate::{amount::Units, network::EvmChain, request::TxType, text::SafeText};

/// A line of a tree: a call, one of its arguments, or a member of a typed message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TreeLine {
    /// How deep it is, 0 for the top.
    pub depth: usize,
    /// Name of the call, argument or member.
    pub name: SafeText,
    /// Its value, whole; empty where only children follow.
    pub value: SafeText,
}

/// How surely the meaning of calldata is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Built in: the standard defines this call, or there is no calldata.
    Known,
    /// The signature was typed by the person who is asked.
    Typed,
    /// The selector is in a table; another function may have the same four bytes.
    Guess,
    /// No function known here reads it.
    Unknown,
}

/// Something that must be agreed to by name, beside the review as a whole. A flag of the command line answers each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Consent {
    /// Calldata or init code that cannot be read, or that hands over control: its hash is retyped (`--blind HASH`).
    Blind {
        /// The calldata digest of ERC-8213.
        digest: B256,
        /// Why it has to be retyped, in words.
        why: SafeText,
    },
    /// A spender may take without limit: it is retyped (`--allow-unlimited SPENDER`).
    Unlimited {
        /// The account that may take.
        spender: Address,
    },
    /// A destination that loses money as a rule: it is retyped (`--to-unusual ADDRESS`).
    UnusualDestination {
        /// The address.
        to: Address,
        /// What is unusual, in words.
        why: &'static str,
    },
    /// There is no code at the address that is called, as nodes say: it is retyped (`--no-code ADDRESS`).
    NoCode {
        /// The address.
        to: Address,
    },
    /// It would not do what it is for, as nodes say: the contract is retyped (`--may-fail ADDRESS`).
    Fails {
        /// The contract.
        to: Address,
        /// Why, in words.
        why: SafeText,
    },
    /// The account's code becomes a delegation: the delegate is retyped (`--delegate-to ADDRESS`).
    Delegation {
        /// The contract that will run as this account.
        delegate: Address,
    },
}

/// A token that may leave: sent, or allowed to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leaving {
    /// Its contract.
    pub token: Address,
    /// How much, in the token's unit where that is known here.
    pub amount: Units,
}

/// Whether all that may leave is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Every call moves the amounts that are listed, or nothing.
    Whole,
    /// Some call may move what is not in its arguments.
    Open,
}

/// Fee of a reviewed transaction, recomputed from its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EvmFeeReview {
    /// Gas limit.
    pub gas_limit: u64,
    /// `maxFeePerGas`, or the gas price, in wei per gas.
    pub max_fee_per_gas: u128,
    /// `maxPriorityFeePerGas` in wei per gas; nothing for types 0 and 1.
    pub tip_per_gas: Option<u128>,
    /// Gas limit times `max_fee_per_gas`: the most that gas can cost.
    pub worst: Units,
    /// What is paid beside gas, for layer-1 data and to the operator, as the planning machine claims; nothing where there is
    /// none, or nothing is known of it.
    pub beside_gas: Option<Units>,
}

impl EvmFeeReview {
    /// The most that all fees can be: gas, and what is claimed beside it.
    #[must_use]
    pub fn most(&self) -> Units {
        let beside = self.beside_gas.as_ref().map_or(U256::ZERO, |beside| beside.value);
        self.worst.denomination.clone().of(self.worst.value.saturating_add(beside))
    }
}

/// An EIP-7702 authorisation in a reviewed transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReviewedAuthorization {
    /// The account whose code changes, if it can be told.
    pub authority: Option<Address>,
    /// The contract that will run as that account; zero removes a delegation.
    pub delegate: Address,
    /// Nonce it is bound to.
    pub nonce: u64,
}

/// What a transaction does, recomputed from the very bytes that are to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EvmReview {
    /// The chain, from the bytes.
    pub chain: &'static EvmChain,
    /// SHA-256 over sender, unsigned bytes and pending authorisations; `--approve` takes it. 64 hex digits.
    pub digest: String,
    /// Keccak-256 that will be signed, to compare on a second machine.
    pub signing_hash: B256,
    /// EIP-2718 type.
    pub tx_type: TxType,
    /// The account that pays and signs.
    pub from: Address,
    /// Recipient or contract; nothing for a contract creation.
    pub to: Option<Address>,
    /// The address of the contract that it creates: it follows from sender and nonce.
    pub creates: Option<Address>,
    /// Nonce.
    pub nonce: u64,
    /// Native coin that goes with it.
    pub value: Units,
    /// One sentence: what will happen, such as `Send 25 USDC to 0x...`.
    pub action: SafeText,
    /// What is moved, where that is one amount: `--yes` limits and the typed agreement use it.
    pub moved: Option<Units>,
    /// Beneficiaries: recipients of coin and tokens, spenders, new owners, called contracts. `--expect-to` names them.
    pub beneficiaries: Vec<Address>,
    /// Tokens that may leave by it, one entry for each token: what is sent, and what others may take from now on.
    pub leaving: Vec<Leaving>,
    /// Whether that is all.
    pub measure: Measure,
    /// How surely the calldata is understood.
    pub certainty: Certainty,
    /// The calldata as a tree; empty without calldata.
    pub calldata: Shown,
    /// The calldata digest of ERC-8213, if there is calldata.
    pub calldata_digest: Option<B256>,
    /// Bytes of calldata or init code.
    pub data_bytes: usize,
    /// The fee.
    pub fee: EvmFeeReview,
    /// Value plus the most of all fees: the most native coin that can leave.
    pub worst_total: Units,
    /// Addresses and storage keys of the access list, as `address (n keys)`.
    pub access_list: Vec<String>,
    /// EIP-7702 authorisations.
    pub authorizations: Vec<ReviewedAuthorization>,
    /// What has to be agreed to by name.
    pub consents: Vec<Consent>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

impl EvmReview {
    /// The proof that nothing is in the transaction but what this review shows.
    #[must_use]
    pub const fn complete(&self) -> Option<Complete> {
        self.calldata.complete()
    }

    /// Short name of a draft: the first 8 digits of the digest as `7f3a-91c2`.
    #[must_use]
    pub fn draft_name(&self) -> String {
        format!("{}-{}", self.digest.get(..4).unwrap_or_default(), self.digest.get(4..8).unwrap_or_default())
    }
}
