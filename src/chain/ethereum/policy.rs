//! The rules of caution: fee stops, destinations that lose money, look-alikes, and what has to be agreed to by name.
//!
//! Numbers with their reasons. Judges reviews; makes none.

use alloy_primitives::{Address, B256, U256};

use super::EthereumError;
use crate::{
    amount::Units,
    request::EvmFeeLimit,
    review::{Consent, EvmReview},
};

/// No worst-case fee above five hundredths of a native coin without naming it.
const MAX_FEE_HUNDREDTHS: u64 = 5;
/// No worst-case fee above one tenth of the native value that is sent without naming it.
const MAX_FEE_SHARE: u64 = 10;
/// The last address of the precompiled contracts (EIP-2537 ends at 0x11).
const LAST_PRECOMPILE: u64 = 0x11;
/// The precompile of EIP-7951.
const P256_VERIFY: u64 = 0x100;

/// What a person agreed to by name, on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenConsents {
    /// Digest of calldata that may be signed unread.
    pub blind: Option<B256>,
    /// Spenders that may take without limit.
    pub unlimited: Vec<Address>,
    /// Destinations that look wrong and are meant.
    pub unusual: Vec<Address>,
    /// Addresses that are called although nodes say that there is no code.
    pub no_code: Vec<Address>,
    /// Contracts that are called although nodes say that it would fail.
    pub failing: Vec<Address>,
    /// Contracts that may run as our account.
    pub delegates: Vec<Address>,
}

/// Stops a fee that no one would choose.
///
/// # Errors
/// The worst fee is above the limit.
pub fn check_fee(review: &EvmReview, limit: EvmFeeLimit) -> Result<(), EthereumError> {
    let worst = &review.fee.most();
    let stop = |limit: String| Err(EthereumError::FeeTooHigh { fee: worst.to_string(), limit });
    if let EvmFeeLimit::Absolute(most) = limit {
        let most = worst.denomination.clone().of(most);
        return if worst.value > most.value { stop(format!("the {most} named with --max-fee")) } else { Ok(()) };
    }
    let standard = standard_stop(worst);
    if worst.value > standard.value {
        return stop(format!("the {standard} that nothing ordinary costs"));
    }
    let value = &review.value;
    if !value.value.is_zero() && worst.value > value.value / U256::from(MAX_FEE_SHARE) {
        return stop(format!("10% of the {value} that is sent"));
    }
    Ok(())
}

fn standard_stop(fee: &Units) -> Units {
    let coin = U256::from(10u8).pow(U256::from(fee.denomination.decimals));
    fee.denomination.clone().of(coin * U256::from(MAX_FEE_HUNDREDTHS) / U256::from(100u8))
}

/// Every consent that a review asks for must have been given, by name.
///
/// # Errors
/// The first that was not, with the flag that gives it.
pub fn check_consents(review: &EvmReview, given: &GivenConsents) -> Result<(), EthereumError> {
    review.consents.iter().try_for_each(|consent| check_consent(consent, given))
}

/// As [`check_consents`], for one.
///
/// # Errors
/// It was not given.
pub fn check_consent(consent: &Consent, given: &GivenConsents) -> Result<(), EthereumError> {
    let (holds, what) = match consent {
        Consent::Blind { digest, why } => (
            given.blind == Some(*digest),
            format!("{why}; if you know what it does, retype its digest: --blind {digest}"),
        ),
        Consent::Unlimited { spender } => (
            given.unlimited.contains(spender),
            format!("{spender} could take without limit; if that is meant: --allow-unlimited {spender}"),
        ),
        Consent::UnusualDestination { to, why } => {
            (given.unusual.contains(to), format!("{to} is {why}; if that is meant: --to-unusual {to}"))
        }
        Consent::NoCode { to } => (
            given.no_code.contains(to),
            format!(
                "there is no code at {to} on this chain: right contract, wrong network? If it is meant: --no-code {to}"
            ),
        ),
        Consent::Fails { to, why } => (
            given.failing.contains(to),
            format!("it would fail, and its fee be lost: {why}; if it is meant all the same: --may-fail {to}"),
        ),
        Consent::Delegation { delegate } => (
            given.delegates.contains(delegate),
            format!("{delegate} would run as this account; if that is meant: --delegate-to {delegate}"),
        ),
    };
    if holds { Ok(()) } else { Err(EthereumError::ConsentMissing { what }) }
}

/// What is wrong with an address as a destination, if anything is.
#[must_use]
pub fn unusual(to: Address, known: &[Address]) -> Option<&'static str> {
    let number = U256::from_be_slice(to.as_slice());
    if to.is_zero() {
        return Some("the zero address, where coins are lost");
    }
    if number <= U256::from(LAST_PRECOMPILE) || number == U256::from(P256_VERIFY) {
        return Some("a precompiled contract, where coins are lost");
    }
    look_alike(to, known)
}

/// What is wrong with an address that is made to look like one that is known, whatever it is for.
#[must_use]
pub fn look_alike(address: Address, known: &[Address]) -> Option<&'static str> {
    imitated(address, known)
        .map(|_| "not the address it looks like: one that you know begins and ends with the same four digits")
}

/// The known address that another one is made to look like; nothing where that one is known itself.
#[must_use]
pub fn imitated(address: Address, known: &[Address]) -> Option<Address> {
    let is_alike = |known: &&Address| known[..2] == address[..2] && known[18..] == address[18..];
    if known.contains(&address) { None } else { known.iter().find(is_alike).copied() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn destinations_that_lose_money_are_named() {
        let at = |number: u64| Address::from_word(B256::from(U256::from(number)));
        for number in [0, 1, 0x11, 0x100] {
            assert!(unusual(at(number), &[]).is_some(), "{number}");
        }
        for number in [0x12, 0xff, 0x101] {
            assert!(unusual(at(number), &[]).is_none(), "{number}");
        }
    }

    #[test]
    fn consents_are_given_by_name_only() {
        let spender = Address::repeat_byte(7);
        let consent = Consent::Unlimited { spender };
        let error = check_consent(&consent, &GivenConsents::default()).expect_err("not given");
        assert!(error.to_string().contains(&format!("--allow-unlimited {spender}")), "{error}");
        let other = GivenConsents { unlimited: vec![Address::repeat_byte(8)], ..GivenConsents::default() };
        assert!(check_consent(&consent, &other).is_err());
        let given = GivenConsents { unlimited: vec![spender], ..GivenConsents::default() };
        assert!(check_consent(&consent, &given).is_ok());
    }

    proptest! {
        #[test]
        fn no_look_alike_is_missed_and_the_known_one_is_none(known in any::<[u8; 20]>(), middle in any::<[u8; 16]>()) {
            let known = Address::from(known);
            prop_assume!(known[0] != 0);
            let mut bytes = known.0.0;
            bytes[2..18].copy_from_slice(&middle);
            let other = Address::from(bytes);
            prop_assert_eq!(unusual(other, &[known]).is_some(), other != known);
        }
    }
}
