//! The EVM chains that ship with fastness. Data only; every row is keyed by its EIP-155 chain id.

use super::{
    NetworkClass::{Main, Test},
    evm::{Checksum, EvmChain, FeeMode, L1Fee},
};

const GWEI: u128 = 1_000_000_000;

/// A chain with the facts that most share: 18 decimals, EIP-1559, EIP-55, no second fee.
const fn chain(id: u64, name: &'static str, title: &'static str, symbol: &'static str) -> EvmChain {
    EvmChain {
        id,
        name,
        title,
        symbol,
        decimals: 18,
        class: Main,
        fees: FeeMode::Eip1559,
        min_tip: 0,
        l1_fee: L1Fee::None,
        checksum: Checksum::Eip55,
    }
}

/// The registry, in the order in which it is listed.
pub(super) const CHAINS: &[EvmChain] = &[
    chain(1, "ethereum", "Ethereum", "ETH"),
    EvmChain { class: Test, ..chain(11_155_111, "sepolia", "Sepolia", "ETH") },
    EvmChain { l1_fee: L1Fee::OpStack, ..chain(8_453, "base", "Base", "ETH") },
    EvmChain { min_tip: 30 * GWEI, ..chain(137, "polygon", "Polygon PoS", "POL") },
    EvmChain { fees: FeeMode::Legacy, checksum: Checksum::Eip1191, ..chain(30, "rootstock", "Rootstock", "RBTC") },
    EvmChain { class: Test, ..chain(31_337, "local", "Local node", "ETH") },
];
