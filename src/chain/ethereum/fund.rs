//! The price and the amount of gas: from recent blocks, or named; intrinsic gas reckoned here; bounds on both.
//!
//! Integers only. Works on numbers that nodes claimed; what comes of them is bounded by policy.rs and shown in the review.

use alloy_eips::eip2930::AccessList;

use super::{Code, EthereumError, FeeFacts, Snapshot};
use crate::{
    network::{EvmChain, FeeMode, L1Fee},
    request::{EvmFee, EvmRequest, FeeLevel, TxType},
};

/// Gas of a transaction that does nothing else (Yellow Paper, G_transaction).
pub const TRANSFER_GAS: u64 = 21_000;
/// The most gas of one transaction (EIP-7825).
pub const MAX_GAS: u64 = 1 << 24;
/// The most gas of coins without calldata to an address with code: a multi-signature wallet's receiving costs 30,000, one
/// that forwards or wraps them below 200,000.
const MOST_GAS_OF_COINS: u64 = 300_000;
/// The same where layer-1 data is paid in gas: in the dearest hours before blobs a payment took more than a million.
const MOST_GAS_WITH_LAYER1: u64 = 2_000_000;
/// A named gas limit may be this many times our own bound.
const NAMED_FACTOR: u64 = 10;
/// No honest base fee or tip is near this many wei per gas (a million gwei).
const MAX_PRICE: u128 = 1_000_000_000_000_000;

/// The tip where no node says anything about tips or prices: 1 gwei, which validators have taken everywhere.
const USUAL_TIP: u128 = 1_000_000_000;

/// Prices of a transaction in wei per gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// `maxFeePerGas`, or the gas price.
    pub max_fee: u128,
    /// `maxPriorityFeePerGas`; unused by types 0 and 1.
    pub tip: u128,
}

/// The prices for a request.
///
/// # Errors
/// A tip above the maximum, absurd prices, or a node that says nothing about them.
pub fn prices(fee: EvmFee, facts: &FeeFacts, chain: &EvmChain) -> Result<Prices, EthereumError> {
    let prices = match fee {
        EvmFee::Named { max_fee, tip } => Prices { max_fee, tip },
        EvmFee::GasPrice(price) => Prices { max_fee: price, tip: tip(FeeLevel::Normal, facts, chain).min(price) },
        EvmFee::Level(level) => by_level(level, facts, chain)?,
    };
    if prices.tip > prices.max_fee {
        return Err(EthereumError::BadRequest("the tip is above the most that you pay for gas".to_owned()));
    }
    if prices.max_fee == 0 || prices.max_fee > MAX_PRICE {
        let what = format!("a gas price of {} wei is none that anybody pays", prices.max_fee);
        return Err(EthereumError::BadRequest(what));
    }
    Ok(prices)
}

/// What one level means in prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelPrices {
    /// The level.
    pub level: FeeLevel,
    /// Its prices.
    pub prices: Prices,
}

/// Slow, normal and fast, as recent blocks have it; none where nodes say nothing that can be used.
#[must_use]
pub fn levels(facts: &FeeFacts, chain: &EvmChain) -> Vec<LevelPrices> {
    let all = [FeeLevel::Slow, FeeLevel::Normal, FeeLevel::Fast];
    let told = |level| Some(LevelPrices { level, prices: prices(EvmFee::Level(level), facts, chain).ok()? });
    all.into_iter().filter_map(told).collect()
}

/// Slow survives one full block (the base fee rises by at most 1/8 each, EIP-1559), normal five, fast nine.
fn by_level(level: FeeLevel, facts: &FeeFacts, chain: &EvmChain) -> Result<Prices, EthereumError> {
    let tip = tip(level, facts, chain);
    match (chain.fees, facts.next_base_fee) {
        (FeeMode::Eip1559, Some(base)) => {
            let room = match level {
                FeeLevel::Slow => base.saturating_add(base / 8),
                FeeLevel::Normal => base.saturating_mul(2),
                FeeLevel::Fast => base.saturating_mul(3),
            };
            Ok(Prices { max_fee: room.saturating_add(tip), tip })
        }
        _ if facts.gas_price == 0 => {
            Err(EthereumError::BadRequest("the node names no gas price; give --gas-price".to_owned()))
        }
        _ => {
            let price = match level {
                FeeLevel::Slow => facts.gas_price,
                FeeLevel::Normal => facts.gas_price.saturating_add(facts.gas_price / 10),
                FeeLevel::Fast => facts.gas_price.saturating_add(facts.gas_price / 4),
            };
            Ok(Prices { max_fee: price, tip: price })
        }
    }
}

/// What recent blocks took as tip: the 10th, 50th or 90th percentile, and not less than validators of the chain ask.
fn tip(level: FeeLevel, facts: &FeeFacts, chain: &EvmChain) -> u128 {
    let [slow, normal, fast] = facts.tips.unwrap_or_else(|| {
        let over = facts.gas_price.saturating_sub(facts.next_base_fee.unwrap_or(facts.gas_price));
        [if facts.gas_price == 0 { USUAL_TIP } else { over }; 3]
    });
    let tip = match level {
        FeeLevel::Slow => slow,
        FeeLevel::Normal => normal,
        FeeLevel::Fast => fast,
    };
    tip.max(chain.min_tip).max(1)
}

/// The gas that the rules take before the first step of code: EIP-2028 and 3860, the floor of EIP-7623, EIP-2930 and 7702.
#[must_use]
pub fn intrinsic_gas(creates: Creates, data: &[u8], access: &AccessList, authorizations: usize) -> u64 {
    let zeros = data.iter().filter(|byte| **byte == 0).count() as u64;
    let tokens = zeros + 4 * (data.len() as u64 - zeros);
    let creation = match creates {
        Creates::Contract => 32_000 + 2 * (data.len() as u64).div_ceil(32),
        Creates::Nothing => 0,
    };
    let keys: u64 = access.0.iter().map(|item| item.storage_keys.len() as u64).sum();
    let access = 2_400 * access.0.len() as u64 + 1_900 * keys;
    let standard = TRANSFER_GAS + 4 * tokens + creation + access + 25_000 * authorizations as u64;
    standard.max(TRANSFER_GAS + 10 * tokens)
}

/// Whether a transaction makes a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creates {
    /// Yes: its data is init code.
    Contract,
    /// No.
    Nothing,
}

/// Whether even a plain payment to an account without code needs an estimate: where layer-1 data is paid in gas.
#[must_use]
pub fn needs_estimate(chain: &EvmChain) -> bool {
    chain.l1_fee == L1Fee::InGas
}

/// The gas limit: exact for a plain transfer, else the node's estimate and a quarter; one that is named within bounds.
/// Without calldata an estimate is bounded: no recipient of plain coins takes more.
///
/// # Errors
/// Named too low to be valid or more than ten times our bound; or no estimate, or an absurd one; or above the chain's cap.
pub fn gas_limit(request: &EvmRequest, snapshot: &Snapshot, authorizations: usize) -> Result<u64, EthereumError> {
    let creates = if request.to.is_none() { Creates::Contract } else { Creates::Nothing };
    let least = intrinsic_gas(creates, &request.data, &request.access_list, authorizations);
    let plain = request.to.is_some() && request.data.is_empty() && snapshot.code_at_to == Code::None;
    let bound = match snapshot.gas_estimate {
        _ if plain && !needs_estimate(snapshot.chain) => least,
        Some(estimate) => {
            let gas = estimate.saturating_add(estimate / 4).max(least);
            check_plain(request, snapshot.chain, gas)?;
            gas.saturating_add(25_000 * authorizations as u64)
        }
        None => request.gas_limit.ok_or_else(|| {
            EthereumError::BadRequest("no node estimated the gas; name a limit with --gas-limit".to_owned())
        })?,
    };
    let limit = request.gas_limit.unwrap_or(bound);
    if limit < least {
        return Err(EthereumError::BadRequest(format!(
            "a gas limit of {limit} is below the {least} that the rules take"
        )));
    }
    if limit > bound.saturating_mul(NAMED_FACTOR) {
        return Err(EthereumError::BadRequest(format!(
            "a gas limit of {limit} is more than ten times the {bound} needed"
        )));
    }
    if limit > MAX_GAS {
        return Err(EthereumError::BadRequest(format!(
            "a gas limit of {limit} is above the {MAX_GAS} that a block takes (EIP-7825)"
        )));
    }
    Ok(limit)
}

/// Coins without calldata: what is beyond the bound is a node's lie, or code that no recipient of coins should run.
fn check_plain(request: &EvmRequest, chain: &EvmChain, gas: u64) -> Result<(), EthereumError> {
    let most = if needs_estimate(chain) { MOST_GAS_WITH_LAYER1 } else { MOST_GAS_OF_COINS };
    let is_plain = request.to.is_some() && request.data.is_empty() && request.delegate.is_none();
    if !is_plain || gas <= most || request.gas_limit.is_some() {
        return Ok(());
    }
    let what = format!(
        "a node asks for {gas} gas to send coins, where {most} are enough for any account; name another node, or the gas with --gas-limit"
    );
    Err(EthereumError::BadRequest(what))
}

/// The type of transaction: the one asked for, else the chain's usual one.
///
/// # Errors
/// The chain or the request does not allow it.
pub fn tx_type(request: &EvmRequest, chain: &EvmChain) -> Result<TxType, EthereumError> {
    let usual = match chain.fees {
        _ if request.delegate.is_some() => TxType::SetCode,
        FeeMode::Legacy => TxType::Legacy,
        FeeMode::Eip1559 | FeeMode::ZeroBase => TxType::DynamicFee,
    };
    let chosen = request.tx_type.unwrap_or(usual);
    let bad = |what: &str| Err(EthereumError::BadRequest(what.to_owned()));
    match chosen {
        TxType::SetCode if request.to.is_none() => bad("a transaction of type 4 cannot create a contract (EIP-7702)"),
        _ if (chosen == TxType::SetCode) != request.delegate.is_some() => {
            bad("type 4 is for delegating, and nothing else delegates")
        }
        TxType::DynamicFee | TxType::SetCode if chain.fees == FeeMode::Legacy => {
            bad("this chain takes types 0 and 1 only")
        }
        TxType::Legacy if !request.access_list.is_empty() => bad("type 0 has no access list"),
        _ => Ok(chosen),
    }
}

#[cfg(test)]
#[path = "fund_tests.rs"]
mod tests;
