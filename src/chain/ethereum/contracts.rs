//! Contracts whose well-known functions are pinned, by chain id and address: there a selector is no guess.
//!
//! Addresses as their projects publish them. Nothing is known here by a name or by what a node says.

use alloy_primitives::{Address, address};

/// A contract and the functions that are what they are called.
struct Pinned {
    chains: &'static [u64],
    address: Address,
    functions: &'static [&'static str],
}

const SWAPS_V2: &[&str] = &[
    "swapExactTokensForTokens",
    "swapTokensForExactTokens",
    "swapExactETHForTokens",
    "swapETHForExactTokens",
    "swapExactTokensForETH",
    "swapTokensForExactETH",
    "addLiquidity",
    "addLiquidityETH",
    "removeLiquidity",
    "removeLiquidityETH",
];
const SWAPS_V3: &[&str] = &["exactInputSingle", "exactInput", "exactOutputSingle", "unwrapWETH9", "refundETH"];
const LENDING: &[&str] = &["supply", "withdraw", "borrow", "repay", "setUserUseReserveAsCollateral"];
/// Where the same deployment of Uniswap v3 stands: Ethereum, OP Mainnet, Polygon, Arbitrum One.
const UNISWAP_V3: &[u64] = &[1, 10, 137, 42_161];

const PINNED: &[Pinned] = &[
    // Uniswap v2: Router02.
    Pinned { chains: &[1], address: address!("7a250d5630B4cF539739dF2C5dAcb4c659F2488D"), functions: SWAPS_V2 },
    // Uniswap v3: SwapRouter and SwapRouter02.
    Pinned { chains: UNISWAP_V3, address: address!("E592427A0AEce92De3Edee1F18E0157C05861564"), functions: SWAPS_V3 },
    Pinned { chains: UNISWAP_V3, address: address!("68b3465833fb72A70ecDF485E0e4C7bD8665Fc45"), functions: SWAPS_V3 },
    // Uniswap v3: positions.
    Pinned {
        chains: UNISWAP_V3,
        address: address!("C36442b4a4522E871399CD717aBDD847Ab11FE88"),
        functions: &["collect", "unwrapWETH9", "refundETH"],
    },
    // Aave v3: the pool, on Ethereum, then on OP Mainnet, Polygon and Arbitrum One.
    Pinned { chains: &[1], address: address!("87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2"), functions: LENDING },
    Pinned {
        chains: &[10, 137, 42_161],
        address: address!("794a61358D6845594F94dc1DB02A252b5b4814aD"),
        functions: LENDING,
    },
    // Lido: stETH, wstETH and the queue of withdrawals.
    Pinned { chains: &[1], address: address!("ae7ab96520DE3A18E5e111B5EaAb095312D7fE84"), functions: &["submit"] },
    Pinned {
        chains: &[1],
        address: address!("7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0"),
        functions: &["wrap", "unwrap"],
    },
    Pinned {
        chains: &[1],
        address: address!("889edC2eDab5f40e902b864aD4d7AdE8E412F9B1"),
        functions: &["requestWithdrawals", "claimWithdrawals", "claimWithdrawal"],
    },
];

/// Whether a well-known function of this contract is what its name says.
pub(super) fn is_pinned(chain_id: u64, contract: Address, function: &str) -> bool {
    let here = |pinned: &&Pinned| pinned.address == contract && pinned.chains.contains(&chain_id);
    PINNED.iter().find(here).is_some_and(|pinned| pinned.functions.contains(&function))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chain::ethereum::standards, network::EvmChain};

    #[test]
    fn pinned_functions_are_well_known_and_their_chains_ship() {
        for pinned in PINNED {
            assert!(pinned.chains.iter().all(|id| EvmChain::by_id(*id).is_some()));
            for function in pinned.functions {
                assert!(standards::is_well_known(function), "{function}");
                assert!(is_pinned(pinned.chains[0], pinned.address, function));
                assert!(!is_pinned(31_337, pinned.address, function), "pinned on its own chains only");
            }
        }
    }
}
