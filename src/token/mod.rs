//! Tokens by chain id and contract: the pinned list, so that symbol and decimals are known without a network.
//!
//! Facts only. A token that is not in the list is a claim of the host or file that named it, and is shown as one.

mod pinned;

use alloy_primitives::{Address, U256};

use crate::{amount::Denomination, network::EvmChain, text::looks_like};
use pinned::pinned;

/// Whole tokens that no pinned token has more of: the largest supplies among them are at most 10^15 (SHIB), and those of
/// tokens of few decimals below 10^12 (GALA, CRO).
const MOST_WHOLE: u64 = 1_000_000_000_000_000;
const MOST_WHOLE_OF_FEW_DECIMALS: u64 = 1_000_000_000_000;
/// From so many decimals on tokens of very large supplies are found (FLOKI).
const MANY_DECIMALS: u8 = 9;

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
        pinned().find(|token| token.chain_id == chain_id && token.address == address)
    }

    /// The pinned token with this symbol, whatever its capitals.
    #[must_use]
    pub fn named(chain_id: u64, symbol: &str) -> Option<&'static Self> {
        pinned().find(|token| token.chain_id == chain_id && token.symbol.eq_ignore_ascii_case(symbol))
    }

    /// The pinned tokens of a chain.
    pub fn of_chain(chain_id: u64) -> impl Iterator<Item = &'static Self> {
        pinned().filter(move |token| token.chain_id == chain_id)
    }

    /// The coin or pinned token that a symbol from elsewhere passes for on `chain`: it is spelled as one of this chain's, or
    /// looks like one of any chain without being spelled as it (UTS 39).
    #[must_use]
    pub fn imitated(chain: &EvmChain, symbol: &str) -> Option<&'static str> {
        let spelled = |known: &str| symbol.eq_ignore_ascii_case(known);
        let here = Self::of_chain(chain.id).map(|token| token.symbol).chain([chain.symbol]);
        let anywhere = pinned().map(|token| token.symbol).chain(EvmChain::all().map(|chain| chain.symbol));
        let alike = |known: &&str| !spelled(known) && looks_like(symbol, known);
        here.into_iter().find(|known| spelled(known)).or_else(|| anywhere.into_iter().find(alike))
    }

    /// More of it than this, in its smallest units, there cannot be: a bound, not its supply.
    #[must_use]
    pub fn most(&self) -> U256 {
        let whole = if self.decimals < MANY_DECIMALS { MOST_WHOLE_OF_FEW_DECIMALS } else { MOST_WHOLE };
        U256::from(whole).saturating_mul(U256::from(10).saturating_pow(U256::from(self.decimals)))
    }

    /// How its amounts are counted.
    #[must_use]
    pub fn denomination(&self) -> Denomination {
        Denomination::new(self.symbol, self.decimals)
    }
}

/// Whether a symbol is one word, which ends no number, no word and no sentence that it stands in.
#[must_use]
pub fn is_one_word(symbol: &str) -> bool {
    let ends =
        |letter: char| letter.is_whitespace() || matches!(letter, ',' | ';' | ':' | '"' | '\'' | '(' | ')' | '=');
    !symbol.is_empty() && !symbol.chars().any(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_that_goes_on_as_a_sentence_is_not_one_word() {
        for word in ["USDC", "USD\u{20ae}0", "UNI-V2", "yvUSDC.e", "$MYRO", "\\u{412}TC"] {
            assert!(is_one_word(word), "{word}");
        }
        for more in ["", "USDC to your own account", "USDC,", "A\u{a0}B", "a\"", "X (nothing", "A:B"] {
            assert!(!is_one_word(more), "{more}");
        }
    }

    #[test]
    fn more_of_a_token_than_there_can_be_has_a_bound_for_each_kind() {
        let most = |symbol: &str| Token::named(1, symbol).expect("a pinned token").most();
        let whole = |number: u64, decimals: u64| U256::from(number) * U256::from(10).pow(U256::from(decimals));
        assert_eq!(most("USDC"), whole(1_000_000_000_000, 6));
        assert_eq!(most("GALA"), whole(1_000_000_000_000, 8));
        assert_eq!(most("FLOKI"), whole(1_000_000_000_000_000, 9));
        assert_eq!(most("DAI"), whole(1_000_000_000_000_000, 18));
    }

    #[test]
    fn no_contract_passes_for_a_known_coin() {
        let chain = |id| EvmChain::by_id(id).expect("a chain");
        for symbol in
            ["USDC", "usdc", "U\u{405}DC", "USDC ", "US\u{2800}DC", "US\\u{200b}DC", "\u{395}TH", "ETH", "W\u{395}TH"]
        {
            assert!(Token::imitated(chain(1), symbol).is_some(), "{symbol:?}");
        }
        for symbol in ["yvUSDC", "XAUT", "USDC.e", "\u{4eba}\u{6c11}", "?"] {
            assert_eq!(Token::imitated(chain(1), symbol), None, "{symbol}");
        }
        // Elsewhere the same symbol is an honest token's, and one that only looks like it is not.
        let other = EvmChain::all().find(|chain| Token::named(chain.id, "USDC").is_none()).expect("a chain without it");
        assert_eq!(Token::imitated(other, "USDC"), None);
        assert_eq!(Token::imitated(other, "USD\u{421}"), Some("USDC"));
        // Pinned tokens do not stand in each other's way.
        for token in pinned() {
            let alike = pinned().find(|other| other.symbol != token.symbol && looks_like(token.symbol, other.symbol));
            assert_eq!(alike, None, "{}", token.symbol);
        }
    }

    #[test]
    fn symbols_and_contracts_are_unique_on_their_chain() {
        for (place, token) in pinned().enumerate() {
            assert_eq!(Token::at(token.chain_id, token.address), Some(token));
            assert_eq!(Token::named(token.chain_id, &token.symbol.to_lowercase()), Some(token), "{}", token.symbol);
            assert!(token.decimals <= 36 && crate::network::EvmChain::by_id(token.chain_id).is_some(), "row {place}");
        }
    }
}
