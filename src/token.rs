//! Tokens by chain id and contract: the pinned list, so that symbol and decimals are known without a network.
//!
//! Facts only. A token that is not in the list is a claim of whoever named it, and is shown as one.

mod pinned;

use alloy_primitives::Address;

use crate::amount::Denomination;
use pinned::PINNED;

/// A fungible token (ERC-20) whose facts ship with fastness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// EIP-155 id of its chain.
    pub chain_id: u64,
    /// Its contract.
    pub address: Address,
    /// Its symbol, unique on its chain in this list.
    pub symbol: &'static str,
    /// Its decimal places.
    pub decimals: u8,
    /// Its name.
    pub name: &'static str,
}

impl Token {
    /// The pinned token of a contract.
    #[must_use]
    pub fn at(chain_id: u64, address: Address) -> Option<&'static Self> {
        PINNED.iter().find(|token| token.chain_id == chain_id && token.address == address)
    }

    /// The pinned token with this symbol, whatever its capitals.
    #[must_use]
    pub fn named(chain_id: u64, symbol: &str) -> Option<&'static Self> {
        PINNED.iter().find(|token| token.chain_id == chain_id && token.symbol.eq_ignore_ascii_case(symbol))
    }

    /// The pinned tokens of a chain.
    pub fn of_chain(chain_id: u64) -> impl Iterator<Item = &'static Self> {
        PINNED.iter().filter(move |token| token.chain_id == chain_id)
    }

    /// How its amounts are counted.
    #[must_use]
    pub fn denomination(&self) -> Denomination {
        Denomination::new(self.symbol, self.decimals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_and_contracts_are_unique_on_their_chain() {
        for (place, token) in PINNED.iter().enumerate() {
            assert_eq!(Token::at(token.chain_id, token.address), Some(token));
            assert_eq!(Token::named(token.chain_id, &token.symbol.to_lowercase()), Some(token), "{}", token.symbol);
            assert!(token.decimals <= 36 && crate::network::EvmChain::by_id(token.chain_id).is_some(), "row {place}");
        }
    }
}
