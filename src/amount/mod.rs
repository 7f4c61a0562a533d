//! Money: exact integers with their asset; parsed once in the command-line interface, printed one way everywhere.
//!
//! Never a float, never a guess about a unit, never an unchecked sum. No I/O.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use crate::{
    explain::{Entry, Explain, catalogue},
    text::SafeText,
};

mod grouping;
mod units;

pub use units::{Denomination, GWEI_DECIMALS, MAX_DECIMALS, Typed, Units, decimal_to_u256};

/// What is being counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asset {
    /// Bitcoin (or its worthless test twin), counted in satoshi: 10^-8 BTC.
    Bitcoin,
}

impl Asset {
    /// Decimal places between the smallest unit and the named one.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        match self {
            Self::Bitcoin => 8,
        }
    }

    /// The symbol printed after an amount.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Bitcoin => "BTC",
        }
    }

    /// Units a person may type, lower case, with the power of ten of smallest units in each.
    const fn units(self) -> &'static [(&'static str, u32)] {
        match self {
            Self::Bitcoin => &[("btc", 8), ("mbtc", 5), ("sat", 0), ("sats", 0)],
        }
    }

    /// The most of it that can exist, in smallest units.
    #[must_use]
    pub const fn supply_limit(self) -> u128 {
        match self {
            Self::Bitcoin => 2_100_000_000_000_000,
        }
    }
}

/// An exact quantity of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Amount {
    /// What is counted.
    pub asset: Asset,
    /// How many of its smallest units.
    pub smallest: u128,
}

impl Serialize for Amount {
    /// `{"smallest":"1250000","asset":"bitcoin"}`: a string, because JSON numbers lose digits in many languages.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut amount = serializer.serialize_struct("Amount", 2)?;
        amount.serialize_field("smallest", &self.smallest.to_string())?;
        amount.serialize_field("asset", &self.asset)?;
        amount.end()
    }
}

/// How much a person asked to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Exactly this.
    Exact(Amount),
    /// Everything that is left.
    All,
}

/// Why a text is not an amount.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmountError {
    /// A number without a unit: two readings exist.
    #[error("`{text}` has no unit: it could mean {text}sat or {text}btc")]
    NoUnit {
        /// What was typed.
        text: SafeText,
    },
    /// The unit is not one of this asset's.
    #[error("`{unit}` is not a unit of {asset}")]
    UnknownUnit {
        /// What was typed.
        unit: SafeText,
        /// The asset's symbol.
        asset: &'static str,
    },
    /// A number without a unit, where a coin or token has to be named.
    #[error("`{text}` has no unit: name the coin or token, as in {text}eth or \"{text} USDC\"")]
    NoUnitHere {
        /// What was typed.
        text: SafeText,
    },
    /// The unit is not one of this coin or token.
    #[error("`{unit}` is not a unit of {symbol}")]
    NotItsUnit {
        /// What was typed.
        unit: SafeText,
        /// The symbol of the coin or token.
        symbol: SafeText,
    },
    /// Not plain digits with at most one point.
    #[error("`{0}` is not a plain decimal number")]
    NotANumber(SafeText),
    /// Finer than the smallest unit.
    #[error("`{0}` is finer than the smallest unit")]
    TooFine(SafeText),
    /// More than can exist.
    #[error("`{0}` is more than can exist")]
    TooMuch(SafeText),
}

catalogue! {
    NO_UNIT = "amount.no_unit", Usage, "Type the unit: 0.01btc, 15000sat, or all";
    UNKNOWN_UNIT = "amount.unknown_unit", Usage, "Use btc, mbtc or sat";
    NO_UNIT_HERE = "amount.unit_missing", Usage, "Type the unit behind the number; gas prices are in gwei or wei";
    NOT_ITS_UNIT = "amount.other_unit", Usage, "Use the symbol of the coin or token; a native coin also takes gwei and wei";
    NOT_A_NUMBER = "amount.not_a_number", Usage, "Use digits and at most one point, in groups of three if at all (1,000.5 or 0.050 000 00): no signs or exponents";
    TOO_FINE = "amount.too_fine", Usage, "Use at most 8 decimals in btc, 18 in eth, and whole numbers in sat and wei";
    TOO_MUCH = "amount.too_much", Usage, "Check the unit: there will never be more than 21 million bitcoin, and no token holds more than 2^256 - 1";
}

impl Explain for AmountError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::NoUnit { .. } => NO_UNIT,
            Self::UnknownUnit { .. } => UNKNOWN_UNIT,
            Self::NoUnitHere { .. } => NO_UNIT_HERE,
            Self::NotItsUnit { .. } => NOT_ITS_UNIT,
            Self::NotANumber(_) => NOT_A_NUMBER,
            Self::TooFine(_) => TOO_FINE,
            Self::TooMuch(_) => TOO_MUCH,
        }
    }
}

impl Quantity {
    /// Reads `all` or an amount with its unit.
    ///
    /// # Errors
    /// As [`Amount::parse`].
    pub fn parse(text: &str, asset: Asset) -> Result<Self, AmountError> {
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        Amount::parse(text, asset).map(Self::Exact)
    }
}

impl Amount {
    /// This many satoshi.
    #[must_use]
    pub const fn sat(sat: u64) -> Self {
        Self { asset: Asset::Bitcoin, smallest: sat as u128 }
    }

    /// The number of satoshi, if it fits a `u64` (every parsed Bitcoin amount does).
    #[must_use]
    pub fn to_sat(self) -> Option<u64> {
        u64::try_from(self.smallest).ok()
    }

    /// Decimals as a program reads them and a person types them: no groups, no trailing zeros, no unit.
    #[must_use]
    pub fn plain(self) -> String {
        let decimals = self.asset.decimals() as usize;
        let digits = format!("{:0>width$}", self.smallest, width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        format!("{whole}.{fraction}").trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// Whether a text means exactly this amount, in any form that is printed: with its unit, or as a bare number of the asset.
    #[must_use]
    pub fn is_typed_as(self, text: &str) -> bool {
        let text = text.trim();
        match Self::parse(text, self.asset) {
            Ok(typed) => typed == self,
            Err(AmountError::NoUnit { .. }) => {
                decimal_to_integer(text, self.asset.decimals()).is_ok_and(|typed| typed == self.smallest)
            }
            Err(_) => false,
        }
    }

    /// Reads a number with its unit, as `0.01btc` or `15000sat`; one space between them is allowed, and groups as they are printed.
    ///
    /// # Errors
    /// No unit, a unit of another asset, anything but digits and one point, too many decimals, more than can exist.
    pub fn parse(text: &str, asset: Asset) -> Result<Self, AmountError> {
        let (number, unit) = grouping::split(text);
        if number.is_empty() {
            return Err(AmountError::NotANumber(SafeText::new(text)));
        }
        let unit = unit.to_ascii_lowercase();
        if unit.is_empty() {
            return Err(AmountError::NoUnit { text: SafeText::new(number) });
        }
        if !unit.chars().all(|c| c.is_ascii_alphabetic()) {
            return Err(AmountError::NotANumber(SafeText::new(text)));
        }
        let Some((_, power)) = asset.units().iter().find(|(name, _)| *name == unit) else {
            return Err(AmountError::UnknownUnit { unit: SafeText::new(&unit), asset: asset.symbol() });
        };
        let smallest = decimal_to_integer(number, *power)?;
        if smallest > asset.supply_limit() {
            return Err(AmountError::TooMuch(SafeText::new(text)));
        }
        Ok(Self { asset, smallest })
    }
}

/// `digits[.digits]` times 10^power, exactly.
///
/// # Errors
/// Anything else than that form, more decimals than `power`, or a value beyond `u128`.
pub fn decimal_to_integer(number: &str, power: u32) -> Result<u128, AmountError> {
    let number = grouping::ungrouped(number)?;
    let number = number.as_str();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || (number.contains('.') && fraction.is_empty()) {
        return Err(AmountError::NotANumber(SafeText::new(number)));
    }
    let places = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    if places > power {
        return Err(AmountError::TooFine(SafeText::new(number)));
    }
    let too_much = || AmountError::TooMuch(SafeText::new(number));
    let digits: u128 = format!("{whole}{fraction}").parse().map_err(|_| too_much())?;
    let scale = 10u128.checked_pow(power - places).ok_or_else(too_much)?;
    digits.checked_mul(scale).ok_or_else(too_much)
}

impl fmt::Display for Amount {
    /// `0.012 500 00 BTC`: all decimals, in groups of three, then the symbol. Thin enough to read, whole enough to check.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.asset.decimals() as usize;
        let digits = format!("{:0>width$}", self.smallest, width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let mut text = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        for (place, digit) in fraction.chars().enumerate() {
            text.push_str(match place {
                0 => ".",
                _ if place.is_multiple_of(3) => " ",
                _ => "",
            });
            text.push(digit);
        }
        f.pad(&format!("{text} {}", self.asset.symbol()))
    }
}

/// `12,345 sat`: a satoshi count for fees and limits.
#[must_use]
pub fn sat_text(sat: u64) -> String {
    let digits = sat.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{text} sat")
}

/// A Bitcoin fee rate in satoshi per 1,000 virtual bytes: 1.5 sat/vB is 1,500. Exact to 0.001 sat/vB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FeeRate {
    /// Satoshi per 1,000 virtual bytes.
    pub sat_per_kvb: u64,
}

impl FeeRate {
    /// From whole satoshi per virtual byte.
    #[must_use]
    pub const fn from_sat_per_vb(sat: u64) -> Self {
        Self { sat_per_kvb: sat.saturating_mul(1000) }
    }

    /// Reads `1.5` or `1.5sat/vB`: a decimal number of satoshi per virtual byte, at most 3 decimals.
    ///
    /// # Errors
    /// As [`decimal_to_integer`].
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let lower = text.to_ascii_lowercase();
        let number = lower.strip_suffix("sat/vb").unwrap_or(&lower).trim_end();
        let value = decimal_to_integer(number, 3)?;
        let sat_per_kvb = u64::try_from(value).map_err(|_| AmountError::TooMuch(SafeText::new(text)))?;
        Ok(Self { sat_per_kvb })
    }

    /// The fee for a transaction of `vsize` virtual bytes, rounded up to a whole satoshi; saturates.
    #[must_use]
    pub fn fee(self, vsize: u64) -> u64 {
        let product = (u128::from(self.sat_per_kvb) * u128::from(vsize)).div_ceil(1000);
        u64::try_from(product).unwrap_or(u64::MAX)
    }

    /// The lowest rate at which a transaction of `vsize` virtual bytes pays at least `fee` satoshi.
    #[must_use]
    pub fn least_for(fee: u64, vsize: u64) -> Self {
        let rate = (u128::from(fee) * 1000).div_ceil(u128::from(vsize.max(1)));
        Self { sat_per_kvb: u64::try_from(rate).unwrap_or(u64::MAX) }
    }

    /// The rate that `fee` satoshi over `vsize` virtual bytes amounts to, rounded down.
    #[must_use]
    pub fn of(fee: u64, vsize: u64) -> Self {
        let rate = u128::from(fee) * 1000 / u128::from(vsize.max(1));
        Self { sat_per_kvb: u64::try_from(rate).unwrap_or(u64::MAX) }
    }
}

impl fmt::Display for FeeRate {
    /// `4.8 sat/vB`, without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{}.{:03}", self.sat_per_kvb / 1000, self.sat_per_kvb % 1000);
        f.pad(&format!("{} sat/vB", digits.trim_end_matches('0').trim_end_matches('.')))
    }
}

#[cfg(test)]
mod tests;
