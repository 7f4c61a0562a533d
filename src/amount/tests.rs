//! Amounts read and written in every unit, exactly.
//!
//! Tests only.

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<u128, AmountError> {
    Amount::parse(text, Asset::Bitcoin).map(|amount| amount.smallest)
}

#[test]
fn reads_units() {
    assert_eq!(parse("0.01btc"), Ok(1_000_000));
    assert_eq!(parse("15000sat"), Ok(15_000));
    assert_eq!(parse("15000 sats"), Ok(15_000));
    assert_eq!(parse("1.5mBTC"), Ok(150_000));
    assert_eq!(parse("21000000btc"), Ok(2_100_000_000_000_000));
    assert_eq!(Quantity::parse("ALL", Asset::Bitcoin), Ok(Quantity::All));
}

proptest! {
    /// What is printed of an amount can be typed to agree to it, and nothing of another amount.
    #[test]
    fn what_is_printed_is_what_is_typed(sat in 0u64..=2_100_000_000_000_000, other in 0u64..=2_100_000_000_000_000) {
        let amount = Amount::sat(sat);
        let forms = |amount: Amount, sat: u64| [amount.to_string(), amount.plain(), sat_text(sat), format!("{sat}sat")];
        for form in forms(amount, sat) {
            prop_assert!(amount.is_typed_as(&form), "{form}");
        }
        for form in forms(Amount::sat(other), other) {
            prop_assert!(other == sat || !amount.is_typed_as(&form), "{form}");
        }
    }
}

#[test]
fn what_is_no_amount_is_not_agreed_to() {
    let amount = Amount::sat(25_000_000);
    for text in ["", "y", "yes", "all", "25", "0,25", "0.25.0", "0.25eth", "-0.25", "0.25 btc extra", "25000000"] {
        assert!(!amount.is_typed_as(text), "{text}");
    }
}

#[test]
fn refuses_what_could_mean_two_things() {
    assert!(matches!(parse("0.01"), Err(AmountError::NoUnit { .. })));
    assert!(matches!(parse("1eth"), Err(AmountError::UnknownUnit { .. })));
    for bad in ["", "btc", "-1btc", "+1btc", "1,5btc", "1e3sat", "1..2btc", ".5btc", "5.btc", "\u{0661}btc", "1  btc"] {
        assert!(matches!(parse(bad), Err(AmountError::NotANumber(_))), "{bad}");
    }
    assert!(matches!(parse("0.000000001btc"), Err(AmountError::TooFine(_))));
    assert!(matches!(parse("1.5sat"), Err(AmountError::TooFine(_))));
    assert!(matches!(parse("21000000.00000001btc"), Err(AmountError::TooMuch(_))));
    assert!(matches!(parse(&format!("{}btc", "9".repeat(60))), Err(AmountError::TooMuch(_))));
}

#[test]
fn prints_all_decimals_in_groups() {
    assert_eq!(Amount::sat(1_250_000).to_string(), "0.012 500 00 BTC");
    assert_eq!(Amount::sat(123_456_700_000_001).to_string(), "1,234,567.000 000 01 BTC");
    assert_eq!(sat_text(1_234_567), "1,234,567 sat");
}

#[test]
fn fee_rates_are_exact_and_round_up() {
    let rate = FeeRate::parse("1.5").expect("a rate");
    assert_eq!(rate.sat_per_kvb, 1500);
    assert_eq!(rate.fee(141), 212);
    assert_eq!(rate.to_string(), "1.5 sat/vB");
    assert_eq!(FeeRate::parse("0.1sat/vB").map(|rate| rate.fee(110)), Ok(11));
    assert!(FeeRate::parse("0.0001").is_err());
    assert_eq!(FeeRate::from_sat_per_vb(u64::MAX).fee(u64::MAX), u64::MAX);
}

proptest! {
    #[test]
    fn printing_loses_nothing(sat in 0u64..=2_100_000_000_000_000) {
        let printed = Amount::sat(sat).to_string().replace([' ', ','], "");
        prop_assert_eq!(Amount::parse(&printed, Asset::Bitcoin), Ok(Amount::sat(sat)));
    }
}
