//! Prices and amounts of gas: levels, bounds and the intrinsic gas of the rules.
//!
//! Tests only.

use alloy_primitives::B256;
use proptest::prelude::*;

use super::*;

fn facts(base: Option<u128>, tips: Option<[u128; 3]>, gas_price: u128) -> FeeFacts {
    FeeFacts { block: 1, block_hash: B256::ZERO, next_base_fee: base, tips, gas_price }
}

fn chain(id: u64) -> &'static EvmChain {
    EvmChain::by_id(id).expect("a chain")
}

#[test]
fn levels_leave_room_for_full_blocks() {
    let facts = facts(Some(800), Some([1, 2, 3]), 0);
    let at = |level| prices(EvmFee::Level(level), &facts, chain(1)).expect("prices");
    assert_eq!(at(FeeLevel::Slow), Prices { max_fee: 901, tip: 1 });
    assert_eq!(at(FeeLevel::Normal), Prices { max_fee: 1_602, tip: 2 });
    assert_eq!(at(FeeLevel::Fast), Prices { max_fee: 2_403, tip: 3 });
}

#[test]
fn validators_who_ask_for_more_get_it() {
    let facts = facts(Some(1), Some([1, 2, 3]), 0);
    let found = prices(EvmFee::Level(FeeLevel::Slow), &facts, chain(137)).expect("prices");
    assert_eq!(found.tip, 30_000_000_000);
}

#[test]
fn absurd_prices_and_tips_are_refused() {
    let facts = facts(Some(u128::MAX), Some([u128::MAX; 3]), u128::MAX);
    assert!(prices(EvmFee::Level(FeeLevel::Normal), &facts, chain(1)).is_err());
    assert!(prices(EvmFee::Named { max_fee: 1, tip: 2 }, &facts, chain(1)).is_err());
    assert!(prices(EvmFee::GasPrice(1_000_000_000_000_000_000), &facts, chain(1)).is_err(), "1 ETH a gas");
    assert!(prices(EvmFee::GasPrice(0), &facts, chain(1)).is_err());
}

fn coins(gas_limit: Option<u64>) -> EvmRequest {
    EvmRequest {
        to: Some(alloy_primitives::Address::repeat_byte(7)),
        value: crate::request::EvmValue::All,
        data: Default::default(),
        fee: EvmFee::Level(FeeLevel::Normal),
        fee_limit: crate::request::EvmFeeLimit::Standard,
        gas_limit,
        tx_type: None,
        access_list: AccessList::default(),
        delegate: None,
    }
}

#[test]
fn no_estimate_makes_a_payment_of_coins_dear() {
    let limit = |id, code_at_to, gas_estimate, named| {
        let snapshot = Snapshot {
            chain: chain(id),
            from: alloy_primitives::Address::ZERO,
            balance: alloy_primitives::U256::MAX,
            nonce: 0,
            fees: facts(Some(1), None, 1),
            gas_estimate,
            code_at_to,
            code_at_from: Code::None,
            fees_beside_gas: None,
        };
        gas_limit(&coins(named), &snapshot, 0).ok()
    };
    let lie = Some(30_000_000);
    assert_eq!(limit(1, Code::None, lie, None), Some(21_000));
    assert_eq!(limit(1, Code::Contract, lie, None), None);
    assert_eq!(limit(1, Code::Contract, Some(40_000), None), Some(50_000));
    assert_eq!(limit(1, Code::Contract, lie, Some(50_000)), Some(50_000));
    assert_eq!(limit(42_161, Code::None, lie, None), None);
    assert_eq!(limit(42_161, Code::None, Some(1_000_000), None), Some(1_250_000));
    assert_eq!(limit(42_161, Code::None, Some(1), None), Some(21_000));
    assert_eq!(limit(42_161, Code::None, None, None), None, "no estimate where one is needed");
}

#[test]
fn intrinsic_gas_is_that_of_the_rules() {
    let none = AccessList::default();
    assert_eq!(intrinsic_gas(Creates::Nothing, &[], &none, 0), 21_000);
    assert_eq!(intrinsic_gas(Creates::Nothing, &[0, 1], &none, 0), 21_050, "the floor of EIP-7623");
    assert_eq!(intrinsic_gas(Creates::Contract, &[1; 33], &none, 0), 21_000 + 32_000 + 4 + 16 * 33);
    assert_eq!(intrinsic_gas(Creates::Nothing, &[], &none, 2), 71_000);
}

proptest! {
    #[test]
    fn a_tip_is_never_above_the_maximum(
        base in any::<Option<u128>>(), tips in any::<Option<[u128; 3]>>(), gas_price in any::<u128>(), level in 0u8..3,
    ) {
        let level = [FeeLevel::Slow, FeeLevel::Normal, FeeLevel::Fast][usize::from(level)];
        for id in [1, 137, 30] {
            if let Ok(found) = prices(EvmFee::Level(level), &facts(base, tips, gas_price), chain(id)) {
                prop_assert!(found.tip <= found.max_fee && found.max_fee <= MAX_PRICE);
            }
        }
    }
}
