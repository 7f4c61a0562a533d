//! The pinned tokens. Data only: chain id, contract, symbol, decimals, name.
//!
//! A row is here because two of four independent published lists agree on its contract, symbol and decimals: the default
//! token lists of Uniswap (22.21.0), Sushi (43.3.0) and QuickSwap (1.2.59), and MetaMask's contract metadata (2.5.0). Where
//! two contracts of a chain have one symbol, that of the issuer is here. The two of Base are the issuer's USDC and the OP
//! stack's predeployed WETH.

mod ethereum;
mod others;

use alloy_primitives::Address;

use super::Token;
use ethereum::ETHEREUM;
use others::OTHERS;

const fn token(chain_id: u64, address: Address, symbol: &'static str, decimals: u8, name: &'static str) -> Token {
    Token { chain_id, address, symbol, decimals, name }
}

/// Every one of them, chain by chain.
pub(super) fn pinned() -> impl Iterator<Item = &'static Token> {
    ETHEREUM.iter().chain(OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_that_are_often_got_wrong() {
        let decimals = |chain, symbol: &str| Token::named(chain, symbol).map(|token| token.decimals);
        assert_eq!(decimals(1, "USDC"), Some(6));
        assert_eq!(decimals(1, "USDT"), Some(6));
        assert_eq!(decimals(1, "WBTC"), Some(8));
        assert_eq!(decimals(1, "DAI"), Some(18));
        assert_eq!(decimals(56, "USDC"), Some(18));
        assert_eq!(decimals(8_453, "USDC"), Some(6));
        assert_eq!(pinned().count(), 365);
    }
}
