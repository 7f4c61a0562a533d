//! What a replacement does about the transaction that waits, in words and for programs.
//!
//! Nothing is decided here.

use alloy_consensus::{Transaction, TypedTransaction};
use alloy_primitives::{B256, U256};
use fastness::{
    amount::Denomination,
    chain::ethereum::{Plan, replace::EvmPurpose, transaction::read_unsigned},
    explain::Failure,
};
use serde::Serialize;
use std::fmt;

/// What a replacement does about the one that waits.
#[derive(Serialize)]
pub(crate) struct EvmReplaces {
    /// The hash of the one that is replaced.
    id: B256,
    /// `same`, or `nothing`: only the fee is paid.
    effect: &'static str,
    /// The most that a unit of gas cost, in wei.
    old_max_fee: String,
    /// The most that a unit of gas costs now, in wei.
    max_fee: String,
    /// The most that the whole fee could be, in the chain's own coin.
    old_fee_at_most: String,
    /// The most that the whole fee can be now.
    fee_at_most: String,
}

impl EvmReplaces {
    /// What the new plan changes.
    pub(crate) fn of(id: B256, old: &Plan, new: &Plan, purpose: EvmPurpose) -> Result<Self, Failure> {
        let chain = old.chain;
        let (old, new) = (read_unsigned(&old.unsigned)?, read_unsigned(&new.unsigned)?);
        let most = |transaction: &TypedTransaction| {
            let gas = U256::from(transaction.gas_limit());
            Denomination::new(chain.symbol, chain.decimals)
                .of(gas.saturating_mul(U256::from(transaction.max_fee_per_gas())))
                .to_string()
        };
        Ok(Self {
            id,
            effect: if purpose == EvmPurpose::Bump { "same" } else { "nothing" },
            old_max_fee: old.max_fee_per_gas().to_string(),
            max_fee: new.max_fee_per_gas().to_string(),
            old_fee_at_most: most(&old),
            fee_at_most: most(&new),
        })
    }
}

impl fmt::Display for EvmReplaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, old_fee_at_most, fee_at_most, .. } = self;
        let (verb, what) = match self.effect {
            "same" => ("Replaces", "the same transaction"),
            _ => ("Takes back", "nothing is paid but the fee"),
        };
        write!(f, "{verb} {id} (fee at most {old_fee_at_most}): {what}, fee at most {fee_at_most}")
    }
}
