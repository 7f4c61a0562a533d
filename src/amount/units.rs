//! Amounts of the Ethereum family: a 256-bit integer with its decimals and symbol. Native coins and tokens alike.
//!
//! Never a float, never a guess about a unit. Where decimals come from (the chain, the pinned token list, or a claim) is
//! the caller's business.

use std::fmt;

use alloy_primitives::U256;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::AmountError;
use crate::text::SafeText;

/// Decimal places of wei in gwei.
pub const GWEI_DECIMALS: u8 = 9;
/// More decimals than any token has; 10^77 is the largest power of ten in 256 bits.
pub const MAX_DECIMALS: u8 = 77;

/// How a coin or token is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denomination {
    /// Symbol printed after an amount.
    pub symbol: SafeText,
    /// Decimal places between its smallest unit and the named one, at most [`MAX_DECIMALS`].
    pub decimals: u8,
}

/// An exact number of smallest units of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// Smallest units: wei for a native coin.
    pub value: U256,
    /// How they are counted.
    pub denomination: Denomination,
}

/// A number as typed, with the unit that was typed behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed<'a> {
    /// Digits with at most one point, in groups or not.
    pub number: &'a str,
    /// The unit, as typed: `eth`, `gwei`, `USDC` or a token's address.
    pub unit: &'a str,
}

impl<'a> Typed<'a> {
    /// Splits `1.5eth` or `25 USDC`; one space between them is allowed, and groups as they are printed.
    ///
    /// # Errors
    /// No number, or no unit.
    pub fn split(text: &'a str) -> Result<Self, AmountError> {
        let (number, unit) = super::grouping::split(text);
        if number.is_empty() || unit.starts_with([' ', ',', '-', '+']) {
            return Err(AmountError::NotANumber(SafeText::new(text)));
        }
        if unit.is_empty() {
            return Err(AmountError::NoUnitHere { text: SafeText::new(text) });
        }
        Ok(Self { number, unit })
    }
}

impl Denomination {
    /// From a symbol and its decimals.
    #[must_use]
    pub fn new(symbol: &str, decimals: u8) -> Self {
        Self { symbol: SafeText::new(symbol), decimals: decimals.min(MAX_DECIMALS) }
    }

    /// This many smallest units.
    #[must_use]
    pub const fn of(self, value: U256) -> Units {
        Units { value, denomination: self }
    }

    /// Reads a number of this denomination, exactly. Native coins also take `wei` and `gwei` as units.
    ///
    /// # Errors
    /// Another unit, more decimals than there are, or more than 256 bits.
    pub fn read(&self, typed: &Typed<'_>) -> Result<Units, AmountError> {
        let lower = typed.unit.to_ascii_lowercase();
        let places = match lower.as_str() {
            _ if lower == self.symbol.as_str().to_ascii_lowercase() => self.decimals,
            "wei" => 0,
            "gwei" => GWEI_DECIMALS,
            _ => {
                return Err(AmountError::NotItsUnit { unit: SafeText::new(typed.unit), symbol: self.symbol.clone() });
            }
        };
        Ok(self.clone().of(decimal_to_u256(typed.number, places)?))
    }
}

/// `digits[.digits]` times 10^places, exactly.
///
/// # Errors
/// Anything else than that form, more decimals than `places`, or a value beyond 256 bits.
pub fn decimal_to_u256(number: &str, places: u8) -> Result<U256, AmountError> {
    let number = super::grouping::ungrouped(number)?;
    let number = number.as_str();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || (number.contains('.') && fraction.is_empty()) {
        return Err(AmountError::NotANumber(SafeText::new(number)));
    }
    if fraction.len() > usize::from(places) {
        return Err(AmountError::TooFine(SafeText::new(number)));
    }
    let too_much = || AmountError::TooMuch(SafeText::new(number));
    if number.len() > usize::from(MAX_DECIMALS) + 2 {
        return Err(too_much());
    }
    let digits = format!("{whole}{fraction:0<width$}", width = usize::from(places));
    U256::from_str_radix(&digits, 10).map_err(|_| too_much())
}

impl Units {
    /// The whole number with its fraction and no grouping, as `1.5`: what a person types to agree.
    #[must_use]
    pub fn plain(&self) -> String {
        let (whole, fraction) = self.parts();
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") }
    }

    /// Whether a text means exactly this amount, in any form that is printed: with its unit, or as a bare number.
    #[must_use]
    pub fn is_typed_as(&self, text: &str) -> bool {
        let text = text.trim();
        match Typed::split(text) {
            Ok(typed) => self.denomination.read(&typed).is_ok_and(|typed| typed.value == self.value),
            Err(AmountError::NoUnitHere { .. }) => {
                decimal_to_u256(text, self.denomination.decimals).is_ok_and(|typed| typed == self.value)
            }
            Err(_) => false,
        }
    }

    fn parts(&self) -> (String, String) {
        let decimals = usize::from(self.denomination.decimals);
        let digits = format!("{:0>width$}", self.value.to_string(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        (whole.to_owned(), fraction.to_owned())
    }
}

impl fmt::Display for Units {
    /// `1,234.500 02 ETH`: every decimal that is not a trailing zero, in groups of three, at least two for a fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = self.parts();
        let mut text = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        for (place, digit) in fraction.trim_end_matches('0').chars().enumerate() {
            text.push_str(match place {
                0 => ".",
                _ if place.is_multiple_of(3) => " ",
                _ => "",
            });
            text.push(digit);
        }
        f.pad(&format!("{text} {}", self.denomination.symbol))
    }
}

impl Serialize for Units {
    /// `{"smallest":"1500000000000000000","decimals":18,"symbol":"ETH"}`: a string, because JSON numbers lose digits.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut units = serializer.serialize_struct("Units", 3)?;
        units.serialize_field("smallest", &self.value.to_string())?;
        units.serialize_field("decimals", &self.denomination.decimals)?;
        units.serialize_field("symbol", &self.denomination.symbol)?;
        units.end()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn eth(text: &str) -> Result<U256, AmountError> {
        Denomination::new("ETH", 18).read(&Typed::split(text)?).map(|units| units.value)
    }

    #[test]
    fn reads_units() {
        assert_eq!(eth("1.5eth"), Ok(U256::from(1_500_000_000_000_000_000u64)));
        assert_eq!(eth("20 gwei"), Ok(U256::from(20_000_000_000u64)));
        assert_eq!(eth("7wei"), Ok(U256::from(7)));
        assert_eq!(
            Denomination::new("USDC", 6).read(&Typed { number: "25", unit: "usdc" }).map(|u| u.value),
            Ok(U256::from(25_000_000))
        );
    }

    proptest! {
        /// What is printed of an amount can be typed to agree to it, and nothing of another amount.
        #[test]
        fn what_is_printed_is_what_is_typed(value in any::<u128>(), other in any::<u128>(), decimals in 0u8..=18) {
            let of = |value: u128| Denomination::new("USDC", decimals).of(U256::from(value));
            for form in [of(value).to_string(), of(value).plain(), format!("{}usdc", of(value).plain())] {
                prop_assert!(of(value).is_typed_as(&form), "{form}");
            }
            for form in [of(other).to_string(), of(other).plain()] {
                prop_assert!(other == value || !of(value).is_typed_as(&form), "{form}");
            }
        }
    }

    #[test]
    fn refuses_what_could_mean_two_things() {
        assert!(matches!(eth("1.5"), Err(AmountError::NoUnitHere { .. })));
        assert!(matches!(eth("1.5btc"), Err(AmountError::NotItsUnit { .. })));
        for bad in ["", "eth", "-1eth", "+1eth", "1,5eth", "1..2eth", ".5eth", "5.eth", "1  eth"] {
            assert!(matches!(eth(bad), Err(AmountError::NotANumber(_))), "{bad}: {:?}", eth(bad));
        }
        assert!(matches!(eth("1e3eth"), Err(AmountError::NotItsUnit { .. })));
        assert!(matches!(eth("0.5wei"), Err(AmountError::TooFine(_))));
        assert!(matches!(eth("0.0000000000000000001eth"), Err(AmountError::TooFine(_))));
        assert!(matches!(eth(&format!("{}eth", "9".repeat(70))), Err(AmountError::TooMuch(_))));
        assert!(matches!(eth(&format!("{}eth", "9".repeat(7_000))), Err(AmountError::TooMuch(_))));
    }

    #[test]
    fn prints_every_digit_that_counts() {
        let units = |value: u64| Denomination::new("ETH", 18).of(U256::from(value)).to_string();
        assert_eq!(units(1_500_000_000_000_000_000), "1.5 ETH");
        assert_eq!(units(21_400_000_000_000), "0.000 021 4 ETH");
        assert_eq!(units(0), "0 ETH");
        let tokens = Denomination::new("USDC", 6).of(U256::from(1_250_000_001u64));
        assert_eq!(tokens.to_string(), "1,250.000 001 USDC");
        assert_eq!(tokens.plain(), "1250.000001");
        assert_eq!(Denomination::new("X", 0).of(U256::from(12_345)).to_string(), "12,345 X");
    }

    proptest! {
        #[test]
        fn printing_loses_nothing(value in any::<[u8; 32]>(), decimals in 0u8..=77) {
            let units = Denomination::new("X", decimals).of(U256::from_be_bytes(value));
            prop_assert_eq!(decimal_to_u256(&units.plain(), decimals), Ok(units.value));
        }
    }
}
