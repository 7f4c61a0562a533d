//! From a request to unsigned bytes: type, prices, gas limit, value; then our own review must agree with it.
//!
//! Pure. The nonce comes in with the snapshot; nothing here asks a node.

use alloy_consensus::{TxEip1559, TxEip2930, TxEip7702, TxLegacy, TypedTransaction};
use alloy_primitives::{TxKind, U256};

use super::{
    EthereumError, Ownership, Plan, Snapshot, decode,
    fund::{self, Prices},
    policy,
    transaction::write_unsigned,
    units::native,
};
use crate::{
    account::EthereumAccount,
    request::{EvmRequest, EvmValue, TxType},
};

/// Plans a request.
///
/// # Errors
/// Too little money, a fee above the stops, or a request that contradicts itself or the chain.
pub fn plan(request: &EvmRequest, snapshot: &Snapshot) -> Result<Plan, EthereumError> {
    check_request(request)?;
    let tx_type = fund::tx_type(request, snapshot.chain)?;
    let prices = fund::prices(request.fee, &snapshot.fees, snapshot.chain)?;
    let authorizations = usize::from(request.delegate.is_some());
    let gas_limit = fund::gas_limit(request, snapshot, authorizations)?;
    let value = value(request, snapshot, worst_fee(gas_limit, prices))?;
    let parts = Parts { tx_type, prices, gas_limit, value };
    let plan = Plan {
        chain: snapshot.chain,
        from: snapshot.from,
        unsigned: write_unsigned(&transaction(request, snapshot, &parts)),
        delegate: request.delegate,
    };
    check(&plan, request, snapshot)?;
    Ok(plan)
}

struct Parts {
    tx_type: TxType,
    prices: Prices,
    gas_limit: u64,
    value: U256,
}

fn check_request(request: &EvmRequest) -> Result<(), EthereumError> {
    if request.to.is_none() && request.data.is_empty() {
        return Err(EthereumError::BadRequest("there is neither a recipient nor the code of a contract".to_owned()));
    }
    if request.value == EvmValue::All && !(request.data.is_empty() && request.to.is_some()) {
        return Err(EthereumError::BadRequest("`all` is for plain payments; name the amount of a call".to_owned()));
    }
    Ok(())
}

/// Gas limit times price: the most that gas can cost, in wei.
#[must_use]
pub fn worst_fee(gas_limit: u64, prices: Prices) -> U256 {
    U256::from(gas_limit) * U256::from(prices.max_fee)
}

/// The value, where everything that may leave is there.
fn value(request: &EvmRequest, snapshot: &Snapshot, worst: U256) -> Result<U256, EthereumError> {
    let fees = worst.saturating_add(snapshot.fees_beside_gas.unwrap_or_default());
    let asked = match request.value {
        EvmValue::Exactly(value) => value,
        EvmValue::All => U256::ZERO,
    };
    let needed = asked.saturating_add(fees);
    let Some(rest) = snapshot.balance.checked_sub(needed) else {
        let units = |wei| native(snapshot.chain, wei).to_string();
        return Err(EthereumError::InsufficientFunds { needed: units(needed), available: units(snapshot.balance) });
    };
    match request.value {
        EvmValue::All if rest.is_zero() => {
            Err(EthereumError::BadRequest("after the fee nothing would be left to send".to_owned()))
        }
        EvmValue::All => Ok(rest),
        EvmValue::Exactly(value) => Ok(value),
    }
}

fn transaction(request: &EvmRequest, snapshot: &Snapshot, parts: &Parts) -> TypedTransaction {
    let (chain_id, nonce, gas_limit) = (snapshot.chain.id, snapshot.nonce, parts.gas_limit);
    let Prices { max_fee: max_fee_per_gas, tip: max_priority_fee_per_gas } = parts.prices;
    let to = request.to.map_or(TxKind::Create, TxKind::Call);
    let (value, input, access_list) = (parts.value, request.data.clone(), request.access_list.clone());
    match parts.tx_type {
        TxType::Legacy => {
            let (chain_id, gas_price) = (Some(chain_id), max_fee_per_gas);
            TxLegacy { chain_id, nonce, gas_price, gas_limit, to, value, input }.into()
        }
        TxType::AccessList => {
            let gas_price = max_fee_per_gas;
            TxEip2930 { chain_id, nonce, gas_price, gas_limit, to, value, access_list, input }.into()
        }
        TxType::DynamicFee => TxEip1559 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to,
            value,
            access_list,
            input,
        }
        .into(),
        TxType::SetCode => TxEip7702 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to: request.to.unwrap_or(snapshot.from),
            value,
            access_list,
            authorization_list: Vec::new(),
            input,
        }
        .into(),
    }
}

/// Our own review of our own plan: what was asked is what the bytes say, and the fee is below the stops.
fn check(plan: &Plan, request: &EvmRequest, snapshot: &Snapshot) -> Result<(), EthereumError> {
    let ours = Ownership {
        accounts: vec![EthereumAccount::watched(plan.chain.class, plan.from)],
        allowed_delegates: plan.delegate.into_iter().collect(),
        ..Ownership::default()
    };
    let mut review = decode::review(plan, &ours)?;
    review.fee.beside_gas = snapshot.fees_beside_gas.map(|wei| native(plan.chain, wei));
    let same = review.to == request.to.or(request.delegate.map(|_| snapshot.from))
        && review.nonce == snapshot.nonce
        && review.data_bytes == request.data.len();
    if !same {
        return Err(EthereumError::Bug("a plan that is not what was asked"));
    }
    let leaves = review.worst_total.value.saturating_add(snapshot.fees_beside_gas.unwrap_or_default());
    if leaves > snapshot.balance {
        return Err(EthereumError::Bug("a plan that costs more than there is"));
    }
    policy::check_fee(&review, request.fee_limit)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256, Bytes};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        chain::ethereum::{Code, FeeFacts},
        network::EvmChain,
        request::{EvmFee, EvmFeeLimit, FeeLevel},
    };

    fn snapshot(balance: U256) -> Snapshot {
        Snapshot {
            chain: EvmChain::by_id(1).expect("a chain"),
            from: Address::repeat_byte(0xaa),
            balance,
            nonce: 7,
            fees: FeeFacts {
                block: 1,
                block_hash: B256::ZERO,
                next_base_fee: Some(1_000_000_000),
                tips: Some([1, 10, 100]),
                gas_price: 0,
            },
            gas_estimate: None,
            code_at_to: Code::None,
            code_at_from: Code::None,
            fees_beside_gas: None,
        }
    }

    fn request(value: EvmValue) -> EvmRequest {
        EvmRequest {
            to: Some(Address::repeat_byte(0xbb)),
            value,
            data: Bytes::new(),
            fee: EvmFee::Level(FeeLevel::Normal),
            fee_limit: EvmFeeLimit::Standard,
            gas_limit: None,
            tx_type: None,
            access_list: Default::default(),
            delegate: None,
        }
    }

    fn ether(number: u64) -> U256 {
        U256::from(number) * U256::from(1_000_000_000_000_000_000u64)
    }

    #[test]
    fn too_little_is_named_with_the_whole_fee_limit() {
        let error = plan(&request(EvmValue::Exactly(ether(1))), &snapshot(ether(1))).expect_err("no fee left");
        assert!(matches!(error, EthereumError::InsufficientFunds { .. }), "{error}");
        assert!(error.to_string().contains("1.000 042 000 000 21 ETH"), "{error}");
    }

    #[test]
    fn fee_stops_hold_unless_a_limit_is_named() {
        let dear = |fee_limit| EvmRequest {
            fee: EvmFee::Named { max_fee: 3_000_000_000_000, tip: 1 },
            fee_limit,
            ..request(EvmValue::Exactly(ether(5)))
        };
        let stopped = plan(&dear(EvmFeeLimit::Standard), &snapshot(ether(9)));
        assert!(matches!(stopped, Err(EthereumError::FeeTooHigh { .. })), "{stopped:?}");
        assert!(plan(&dear(EvmFeeLimit::Absolute(ether(1))), &snapshot(ether(9))).is_ok());
        let share = plan(&request(EvmValue::Exactly(U256::from(100_000_000_000_000u64))), &snapshot(ether(9)));
        assert!(matches!(share, Err(EthereumError::FeeTooHigh { .. })), "42% of the value: {share:?}");
    }

    #[test]
    fn creation_needs_code_and_no_recipient() {
        let none = EvmRequest { to: None, ..request(EvmValue::Exactly(U256::ZERO)) };
        assert!(matches!(plan(&none, &snapshot(ether(1))), Err(EthereumError::BadRequest(_))));
    }

    proptest! {
        #[test]
        fn all_is_everything_but_the_worst_fee(wei in 1_000_000_000_000_000u64.., l1 in 0u64..1_000_000_000) {
            let snapshot = Snapshot { fees_beside_gas: Some(U256::from(l1)), ..snapshot(U256::from(wei)) };
            let all = EvmRequest { fee_limit: EvmFeeLimit::Absolute(U256::MAX), ..request(EvmValue::All) };
            let plan = plan(&all, &snapshot).expect("a plan");
            let review = decode::review(&plan, &Ownership::default()).expect("a review");
            prop_assert_eq!(review.worst_total.value + U256::from(l1), snapshot.balance);
        }
    }
}
