//! The contract that wraps a chain's own coin, by chain id. Data only.
//!
//! Sources: the token lists that the pinned tokens come from; predeployed contracts of the OP stack (0x4200..06), Scroll and
//! Blast by their specifications; else the chain's own documents. A chain whose contract is not known for sure is left out.

use alloy_primitives::{Address, address};

/// WETH9 as the OP stack predeploys it, on its chains whose coin is ether.
const OP_WETH: Address = address!("4200000000000000000000000000000000000006");

/// Chain id and contract.
const WRAPPED: [(u64, Address); 27] = [
    (1, address!("C02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")),
    (10, OP_WETH),
    (8_453, OP_WETH),
    (130, OP_WETH),
    (480, OP_WETH),
    (57_073, OP_WETH),
    (1_868, OP_WETH),
    (34_443, OP_WETH),
    (7_777_777, OP_WETH),
    (1_135, OP_WETH),
    (60_808, OP_WETH),
    (11_155_420, OP_WETH),
    (84_532, OP_WETH),
    (204, OP_WETH),
    (42_161, address!("82aF49447D8a07e3bd95BD0d56f35241523fBab1")),
    (42_170, address!("722E8BdD2ce80A4422E880164f2079488e115365")),
    (56, address!("bb4CdB9CBd36B01bD1cBaEBF2De08d9173bc095c")),
    (137, address!("0d500B1d8E8eF31E21C99d1Db9A6444d3ADf1270")),
    (43_114, address!("B31f66AA3C1e785363F0875A1B74E27b85FD66c7")),
    (100, address!("e91D153E0b41518A2Ce8Dd3D7944Fa863463a97d")),
    (59_144, address!("e5D7C2a44FfDDf6b295A15c148167daaAf5Cf34f")),
    (534_352, address!("5300000000000000000000000000000000000004")),
    (5_000, address!("78c1b0C915c4FAA5FffA6CAbf0219DA63d7f4cb8")),
    (81_457, address!("4300000000000000000000000000000000000004")),
    (146, address!("039e2fB66102314Ce7b64Ce5Ce3E5183bc94aD38")),
    (80_094, address!("6969696969696969696969696969696969696969")),
    (11_155_111, address!("fFf9976782d46CC05630D1f6eBAb18b2324d6B14")),
];

/// The contract that wraps the coin of a chain, where it is known.
pub(super) fn wrapped(chain_id: u64) -> Option<Address> {
    WRAPPED.iter().find(|(id, _)| *id == chain_id).map(|(_, contract)| *contract)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{network::EvmChain, token::Token};

    #[test]
    fn every_row_is_a_chain_of_ours_and_agrees_with_the_pinned_tokens() {
        for (place, (id, contract)) in WRAPPED.iter().enumerate() {
            let chain = EvmChain::by_id(*id).expect("a chain");
            assert!(WRAPPED.iter().skip(place + 1).all(|(other, _)| other != id), "{id} twice");
            let symbol = format!("W{}", chain.symbol.to_uppercase());
            if let Some(token) = Token::named(*id, &symbol) {
                assert_eq!(token.address, *contract, "{symbol} on {}", chain.name);
            }
            if let Some(token) = Token::at(*id, *contract) {
                assert!(token.symbol.starts_with('W'), "{} on {}", token.symbol, chain.name);
            }
        }
    }
}
