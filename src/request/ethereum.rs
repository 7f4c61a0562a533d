//! What a person asks for on an EVM chain.
//!
//! An account has a balance and a nonce where Bitcoin has coins, so the request has a shape of its own. No I/O, no secrets,
//! and nothing here decides.

use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, Bytes, U256};
use serde::{Deserialize, Serialize};

/// How much native coin a transaction carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvmValue {
    /// This many wei.
    Exactly(U256),
    /// The balance without the most that the fee can be.
    All,
}

/// How soon a transaction should be mined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeeLevel {
    /// Minutes, and cheap.
    Slow,
    /// Within a few blocks.
    Normal,
    /// In the next block.
    Fast,
}

impl FeeLevel {
    /// As it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Normal => "normal",
            Self::Fast => "fast",
        }
    }
}

/// How the price of gas is chosen. All prices in wei per gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvmFee {
    /// From what recent blocks paid.
    Level(FeeLevel),
    /// Named (EIP-1559).
    Named {
        /// `maxFeePerGas`.
        max_fee: u128,
        /// `maxPriorityFeePerGas`.
        tip: u128,
    },
    /// Named, one price (types 0 and 1).
    GasPrice(u128),
}

impl EvmFee {
    /// Whether the person named the price, which then needs no node's word.
    #[must_use]
    pub const fn is_named(&self) -> bool {
        !matches!(self, Self::Level(_))
    }
}

/// The worst-case fee above which planning stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvmFeeLimit {
    /// 0.05 native coins, and 10% of the value where value is sent.
    Standard,
    /// This many wei, named by the person; replaces the standard stops.
    Absolute(U256),
}

/// The EIP-2718 type of a transaction. Type 3 (blobs) is read and refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TxType {
    /// 0, with a chain id (EIP-155).
    Legacy,
    /// 1 (EIP-2930).
    AccessList,
    /// 2 (EIP-1559).
    DynamicFee,
    /// 4 (EIP-7702).
    SetCode,
}

impl TxType {
    /// The type's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Legacy => 0,
            Self::AccessList => 1,
            Self::DynamicFee => 2,
            Self::SetCode => 4,
        }
    }
}

/// What a person wants to happen on an EVM chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmRequest {
    /// The recipient or contract; nothing creates a contract.
    pub to: Option<Address>,
    /// Native coin that goes with it.
    pub value: EvmValue,
    /// Calldata, or the init code of a new contract.
    pub data: Bytes,
    /// Price of gas.
    pub fee: EvmFee,
    /// Where planning stops.
    pub fee_limit: EvmFeeLimit,
    /// Gas limit named by the person; else from the estimate.
    pub gas_limit: Option<u64>,
    /// The type asked for; else the chain's usual one.
    pub tx_type: Option<TxType>,
    /// EIP-2930 access list.
    pub access_list: AccessList,
    /// EIP-7702: this account's code becomes a delegation to this contract (the zero address removes it).
    pub delegate: Option<Address>,
}
