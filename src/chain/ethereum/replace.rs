//! Replacing a transaction that waits: the same nonce, a higher price; the same call (bump), or nothing to ourselves (cancel).
//!
//! Nodes take a replacement only if both prices rise by a tenth (geth's PriceBump). Pure: the nonce comes from the original.

use alloy_consensus::{Transaction, TypedTransaction};
use alloy_primitives::{Bytes, U256};

use super::{EthereumError, FeeFacts, Plan, fund, transaction::read_unsigned};
use crate::{
    network::EvmChain,
    request::{EvmFee, EvmFeeLimit, EvmRequest, EvmValue, FeeLevel, TxType},
};

/// What the replacement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvmPurpose {
    /// The same, at a higher price.
    Bump,
    /// Nothing happens but the fee.
    Cancel,
}

/// The replacement that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct EvmReplacementRequest {
    /// What it is for.
    pub purpose: EvmPurpose,
    /// The price that was asked for; today's where none was.
    pub fee: Option<EvmFee>,
    /// Which fee is too much.
    pub fee_limit: EvmFeeLimit,
}

/// Percent of the old price that a replacement pays at least (geth's PriceBump is 10; one more for rounding).
const LEAST_PERCENT: u128 = 112;

/// The request that replaces `original`, with the nonce it needs.
///
/// # Errors
/// It cannot be replaced here, or the price named is too low to replace it.
pub fn replacement(
    original: &Plan,
    asked: EvmReplacementRequest,
    facts: &FeeFacts,
) -> Result<(EvmRequest, u64), EthereumError> {
    let EvmReplacementRequest { purpose, fee_limit, .. } = asked;
    let old = read_unsigned(&original.unsigned)?;
    if matches!(old, TypedTransaction::Eip7702(_)) {
        return Err(EthereumError::BadRequest(
            "a delegation (type 4) is not replaced; wait for it, or delegate again".to_owned(),
        ));
    }
    let fee = fee(&old, asked.fee, facts, original.chain)?;
    let nonce = old.nonce();
    let request = match purpose {
        EvmPurpose::Bump => EvmRequest {
            to: old.to(),
            value: EvmValue::Exactly(old.value()),
            data: old.input().clone(),
            fee,
            fee_limit,
            gas_limit: Some(old.gas_limit()),
            tx_type: Some(tx_type(&old)),
            access_list: old.access_list().cloned().unwrap_or_default(),
            delegate: None,
        },
        EvmPurpose::Cancel => EvmRequest {
            to: Some(original.from),
            value: EvmValue::Exactly(U256::ZERO),
            data: Bytes::new(),
            fee,
            fee_limit,
            gas_limit: None,
            tx_type: Some(tx_type(&old)),
            access_list: Default::default(),
            delegate: None,
        },
    };
    Ok((request, nonce))
}

const fn tx_type(old: &TypedTransaction) -> TxType {
    match old {
        TypedTransaction::Legacy(_) => TxType::Legacy,
        TypedTransaction::Eip2930(_) => TxType::AccessList,
        _ => TxType::DynamicFee,
    }
}

/// What was asked for, else today's price; never below what nodes take as a replacement.
fn fee(
    old: &TypedTransaction,
    asked: Option<EvmFee>,
    facts: &FeeFacts,
    chain: &EvmChain,
) -> Result<EvmFee, EthereumError> {
    let raised = |price: u128| price.saturating_mul(LEAST_PERCENT).div_ceil(100);
    let least_max = raised(old.max_fee_per_gas());
    let least_tip = raised(old.max_priority_fee_per_gas().unwrap_or(old.max_fee_per_gas()));
    let named = asked.is_some_and(|fee| fee.is_named());
    let prices = fund::prices(asked.unwrap_or(EvmFee::Level(FeeLevel::Fast)), facts, chain)?;
    if named && prices.max_fee < least_max {
        let what = format!(
            "a price of {} wei does not replace {} wei; the least is {least_max} wei",
            prices.max_fee,
            old.max_fee_per_gas()
        );
        return Err(EthereumError::BadRequest(what));
    }
    let tip = prices.tip.max(least_tip);
    let max_fee = prices.max_fee.max(least_max).max(tip);
    Ok(match tx_type(old) {
        TxType::DynamicFee => EvmFee::Named { max_fee, tip },
        _ => EvmFee::GasPrice(max_fee),
    })
}

#[cfg(test)]
mod tests {
    use alloy_consensus::TxEip1559;
    use alloy_primitives::{Address, B256, TxKind};

    use super::*;
    use crate::chain::ethereum::transaction::write_unsigned;

    fn original(max_fee_per_gas: u128, tip: u128) -> Plan {
        let transaction = TxEip1559 {
            chain_id: 1,
            nonce: 5,
            gas_limit: 21_000,
            max_fee_per_gas,
            max_priority_fee_per_gas: tip,
            to: TxKind::Call(Address::repeat_byte(1)),
            value: U256::from(7),
            ..TxEip1559::default()
        };
        Plan {
            chain: EvmChain::by_id(1).expect("a chain"),
            from: Address::repeat_byte(2),
            unsigned: write_unsigned(&transaction.into()),
            delegate: None,
        }
    }

    fn facts() -> FeeFacts {
        FeeFacts { block: 1, block_hash: B256::ZERO, next_base_fee: Some(100), tips: Some([1, 2, 3]), gas_price: 0 }
    }

    #[test]
    fn both_prices_rise_by_more_than_a_tenth() {
        let replace = |purpose, fee| {
            let asked = EvmReplacementRequest { purpose, fee, fee_limit: EvmFeeLimit::Standard };
            replacement(&original(1_000_000, 1_000), asked, &facts())
        };
        let (bump, nonce) = replace(EvmPurpose::Bump, None).expect("a request");
        assert_eq!(nonce, 5);
        assert_eq!(bump.fee, EvmFee::Named { max_fee: 1_120_000, tip: 1_120 });
        assert_eq!((bump.to, bump.value), (Some(Address::repeat_byte(1)), EvmValue::Exactly(U256::from(7))));
        let (cancel, _) = replace(EvmPurpose::Cancel, None).expect("a request");
        assert_eq!((cancel.to, cancel.value), (Some(Address::repeat_byte(2)), EvmValue::Exactly(U256::ZERO)));
        let low = replace(EvmPurpose::Bump, Some(EvmFee::GasPrice(1_050_000)));
        assert!(matches!(low, Err(EthereumError::BadRequest(_))), "{low:?}");
    }
}
