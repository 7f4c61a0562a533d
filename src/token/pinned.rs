//! The pinned tokens. Data only: chain id, contract, symbol, decimals, name.

use alloy_primitives::{Address, address};

use super::Token;

const fn token(chain_id: u64, address: Address, symbol: &'static str, decimals: u8, name: &'static str) -> Token {
    Token { chain_id, address, symbol, decimals, name }
}

pub(super) const PINNED: &[Token] = &[
    token(1, address!("A0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"), "USDC", 6, "USD Coin"),
    token(1, address!("dAC17F958D2ee523a2206206994597C13D831ec7"), "USDT", 6, "Tether USD"),
    token(8_453, address!("833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), "USDC", 6, "USD Coin"),
];
