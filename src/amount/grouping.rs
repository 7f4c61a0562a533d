//! Numbers as they are printed, typed back: `1,234.050 000 01` is read as `1234.05000001`.
//!
//! Groups are of three digits, as printed; any other comma or space is no grouping, and refuses the number. Nothing is guessed.

use super::AmountError;
use crate::text::SafeText;

/// Where the number of an amount ends and its unit begins. Commas and spaces between digits belong to the number.
pub(super) fn split(text: &str) -> (&str, &str) {
    let is_number = |(_, c): &(usize, char)| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ');
    let end = text.char_indices().find(|at| !is_number(at)).map_or(text.len(), |(at, _)| at);
    let (number, unit) = text.split_at(end);
    // One space stands between number and unit; a contract's address begins with a digit, as in `25 0x...`.
    match number.strip_suffix(" 0").filter(|_| unit.starts_with('x')) {
        Some(number) => (number, text.get(number.len() + 1..).unwrap_or_default()),
        None => (number.strip_suffix(' ').unwrap_or(number), unit),
    }
}

/// The digits and the point of a number, without its groups.
///
/// # Errors
/// Its commas and spaces are not where groups of three begin.
pub(super) fn ungrouped(number: &str) -> Result<String, AmountError> {
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let plain = whole_of(whole).zip(fraction.map_or(Some(String::new()), fraction_of));
    let (whole, digits) = plain.ok_or_else(|| AmountError::NotANumber(SafeText::new(number)))?;
    Ok(if fraction.is_some() { format!("{whole}.{digits}") } else { whole })
}

/// `1,234,567` or `1 234 567`: the first group may be shorter.
fn whole_of(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split(if text.contains(',') { ',' } else { ' ' }).collect();
    let (first, rest) = groups.split_first()?;
    let is_grouped = rest.is_empty() || (1..=3).contains(&first.len());
    (is_grouped && rest.iter().all(|group| is_digits(group, 3..=3))).then(|| groups.concat())
}

/// `050 000 01`: the last group may be shorter.
fn fraction_of(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split(' ').collect();
    let (last, rest) = groups.split_last()?;
    let is_grouped = rest.is_empty() || is_digits(last, 1..=3);
    (is_grouped && rest.iter().all(|group| is_digits(group, 3..=3))).then(|| groups.concat())
}

fn is_digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;
    use proptest::prelude::*;

    use super::*;
    use crate::amount::{Amount, Asset, Denomination, Typed, sat_text};

    #[test]
    fn groups_of_three_and_nothing_else() {
        for (text, plain) in [("1,000.5", "1000.5"), ("1 000.5", "1000.5"), ("0.050 000 00", "0.05000000"), ("7", "7")]
        {
            assert_eq!(ungrouped(text).as_deref(), Ok(plain));
        }
        for bad in
            ["1,5", "1,00", "1,0000", "1000,000", ",100", "1,,000", "1 00", "0.05 0", "0.0500 00", "1,000 000", "1. 5"]
        {
            assert!(ungrouped(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_of_bitcoin_is_read_as_the_same(sat in 0u64..=2_100_000_000_000_000) {
            let amount = Amount::sat(sat);
            prop_assert_eq!(Amount::parse(&amount.to_string(), Asset::Bitcoin), Ok(amount));
            prop_assert_eq!(Amount::parse(&sat_text(sat), Asset::Bitcoin), Ok(amount));
        }

        #[test]
        fn what_is_printed_of_coins_and_tokens_is_read_as_the_same(high: u128, low: u128, decimals in 0u8..=30) {
            let denomination = Denomination::new("USDC", decimals);
            let value = (U256::from(high) << 96) | U256::from(low >> 8);
            for value in [value, U256::from(low), U256::from(low >> 80)] {
                let text = denomination.clone().of(value).to_string();
                let typed = Typed::split(&text).unwrap();
                prop_assert_eq!(denomination.read(&typed).map(|read| read.value), Ok(value), "{}", text);
            }
        }
    }
}
