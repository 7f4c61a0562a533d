//! Inputs, change and fees of random plans: what is chosen pays for itself and for nothing else.
//!
//! Tests only.

use proptest::prelude::*;

use super::*;
use crate::account::ScriptType;

fn target(pay: u64, rate: u64) -> Target {
    Target {
        spend: ScriptType::P2wpkh.spend_cost(),
        pay,
        outputs_bytes: 31,
        outputs: 1,
        fee: Fee::Rate(FeeRate::from_sat_per_vb(rate)),
        change_bytes: 31,
        change_minimum: 294,
    }
}

fn coins(values: &[u64]) -> Vec<Candidate> {
    values.iter().map(|value| Candidate { value: *value, height: 1 }).collect()
}

#[test]
fn sizes_are_those_of_known_transactions() {
    assert_eq!(target(0, 1).vsize(1, Some(0)), 141, "one P2WPKH coin, payment and change");
    assert_eq!(target(0, 1).vsize(1, None), 110);
    let legacy = Target { spend: ScriptType::P2pkh.spend_cost(), outputs_bytes: 34, change_bytes: 34, ..target(0, 1) };
    assert_eq!(legacy.vsize(1, Some(0)), 225);
}

#[test]
fn finds_the_payment_without_change() {
    let found = select(&coins(&[70_000, 50_110, 20_000, 90_000]), &target(50_000, 1)).expect("funds");
    assert_eq!(found, Funding { chosen: vec![1], change: None, fee: 110, leftover: 0 });
}

#[test]
fn never_gives_away_what_could_be_change() {
    let found = select(&coins(&[50_500, 90_000]), &target(50_000, 1)).expect("funds");
    assert!(found.change.is_some() && found.leftover == 0);
}

#[test]
fn says_what_is_left_over_when_nothing_else_is_possible() {
    let found = select(&coins(&[50_310]), &target(50_000, 1)).expect("funds");
    assert_eq!(found, Funding { chosen: vec![0], change: None, fee: 310, leftover: 200 });
}

#[test]
fn dust_does_not_make_a_payment_fail() {
    let mut values = vec![300; 29];
    values.push(1_000_000);
    let found = select(&coins(&values), &target(500_000, 400)).expect("funds");
    assert_eq!(found.chosen, [29]);
    assert!(found.change.is_some());
}

#[test]
fn names_what_is_missing() {
    let error = select(&coins(&[50_000]), &target(50_000, 1));
    assert_eq!(error, Err(BitcoinError::insufficient(50_110, 50_000)));
}

#[test]
fn ten_thousand_coins_do_not_overflow_the_stack() {
    let many = coins(&vec![1_000; 10_000]);
    assert!(select(&many, &target(5_000_000, 1)).is_ok());
}

proptest! {
    #[test]
    fn covers_exactly_and_is_deterministic(
        values in prop::collection::vec(300u64..5_000_000, 1..40), pay in 300u64..8_000_000, rate in 1u64..200,
    ) {
        let (coins, target) = (coins(&values), target(pay, rate));
        let Ok(found) = select(&coins, &target) else { return Ok(()) };
        prop_assert_eq!(&select(&coins, &target), &Ok(found.clone()));
        let inputs = sum(&coins, found.chosen.iter().copied());
        prop_assert_eq!(inputs, pay + found.fee + found.change.unwrap_or(0));
        let asked = target.fee(found.chosen.len() as u64, found.change);
        prop_assert_eq!(found.fee, asked + found.leftover);
        prop_assert!(found.change.is_none_or(|change| change >= target.change_minimum));
    }
}
