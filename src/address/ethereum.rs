//! Addresses of the Ethereum family: 20 bytes, with a checksum in the capitals (EIP-55, EIP-1191).
//!
//! A wrong checksum is refused; a text without capitals has none and is told apart. Names are never resolved.

use alloy_primitives::Address;

use super::AddressError;
use crate::{
    network::{Checksum, EvmChain},
    text::{SafeText, out_of_fours},
};

/// Whether the text carried a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The capitals fit (EIP-55 or EIP-1191).
    Yes,
    /// All in one case: a typo in it cannot be noticed.
    NoChecksum,
}

/// Reads an address for `chain`.
///
/// # Errors
/// Not 0x and 40 hex digits, or capitals that are not the checksum.
pub fn parse_evm(text: &str, chain: &EvmChain) -> Result<(Address, Checked), AddressError> {
    let joined = out_of_fours(text);
    let text = joined.as_str();
    let shown = || SafeText::new(text);
    let digits =
        text.strip_prefix("0x").filter(|digits| digits.len() == 40 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    let digits = digits.ok_or_else(|| AddressError::NotEvm(shown()))?;
    let address: Address = text.parse().map_err(|_| AddressError::NotEvm(shown()))?;
    let has = |case: fn(&char) -> bool| digits.chars().any(|digit| case(&digit));
    if !(has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase)) {
        return Ok((address, Checked::NoChecksum));
    }
    if text == evm_text(address, chain) { Ok((address, Checked::Yes)) } else { Err(AddressError::Checksum(shown())) }
}

/// The address as people read it on `chain`, checksum included.
#[must_use]
pub fn evm_text(address: Address, chain: &EvmChain) -> String {
    let chain_id = match chain.checksum {
        Checksum::Eip55 => None,
        Checksum::Eip1191 => Some(chain.id),
    };
    address.to_checksum(chain_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, chain: u64) -> Result<Checked, AddressError> {
        parse_evm(text, EvmChain::by_id(chain).expect("a chain")).map(|(_, checked)| checked)
    }

    #[test]
    fn the_examples_of_eip_55_pass() {
        for text in [
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
            "0xde709f2102306220921060314715629080e2fb77",
            "0x27b1fdb04752bbc536007a920d24acb045561c26",
        ] {
            assert_eq!(parse(text, 1), Ok(Checked::NoChecksum), "{text} is all in one case");
        }
        for text in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            assert_eq!(parse(text, 1), Ok(Checked::Yes));
        }
    }

    #[test]
    fn every_wrong_capital_is_refused() {
        let good = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        for place in 2..good.len() {
            let mut bytes = good.as_bytes().to_vec();
            bytes[place] ^= 0x20;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            if good.as_bytes()[place].is_ascii_alphabetic() {
                assert!(matches!(parse(&text, 1), Err(AddressError::Checksum(_))), "{text}");
            }
        }
    }

    #[test]
    fn rootstock_has_a_checksum_of_its_own() {
        let rootstock = "0x5aaEB6053f3e94c9b9a09f33669435E7ef1bEAeD";
        assert_eq!(parse(rootstock, 30), Ok(Checked::Yes));
        assert!(matches!(parse(rootstock, 1), Err(AddressError::Checksum(_))));
    }

    #[test]
    fn names_and_other_lengths_are_no_addresses() {
        for text in [
            "vitalik.eth",
            "0x5aAe",
            "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
            "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        ] {
            assert!(matches!(parse(text, 1), Err(AddressError::NotEvm(_))), "{text}");
        }
    }
}
