//! The EVM chains that ship with fastness. Data only; every row is keyed by its EIP-155 chain id.
//!
//! All of their coins count 18 decimals. A chain whose rules differ from Ethereum's in more than is said here is left out.

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

/// A test network.
const fn test(id: u64, name: &'static str, title: &'static str, symbol: &'static str) -> EvmChain {
    EvmChain { class: Test, ..chain(id, name, title, symbol) }
}

/// A chain of the OP stack, whose coin is ether.
const fn op(id: u64, name: &'static str, title: &'static str) -> EvmChain {
    op_with(chain(id, name, title, "ETH"))
}

/// The same with another coin or another price of gas.
const fn op_with(chain: EvmChain) -> EvmChain {
    EvmChain { l1_fee: L1Fee::OpStack, ..chain }
}

/// A chain of Arbitrum's stack.
const fn orbit(id: u64, name: &'static str, title: &'static str, symbol: &'static str) -> EvmChain {
    EvmChain { l1_fee: L1Fee::InGas, ..chain(id, name, title, symbol) }
}

/// A chain whose base fee is zero.
const fn zero_base(id: u64, name: &'static str, title: &'static str, symbol: &'static str) -> EvmChain {
    EvmChain { fees: FeeMode::ZeroBase, ..chain(id, name, title, symbol) }
}

/// The registry, in the order in which it is listed.
pub(super) const CHAINS: &[EvmChain] = &[
    chain(1, "ethereum", "Ethereum", "ETH"),
    op(10, "optimism", "OP Mainnet"),
    op(8_453, "base", "Base"),
    orbit(42_161, "arbitrum", "Arbitrum One", "ETH"),
    orbit(42_170, "arbitrum-nova", "Arbitrum Nova", "ETH"),
    zero_base(56, "bnb", "BNB Smart Chain", "BNB"),
    op_with(zero_base(204, "opbnb", "opBNB", "BNB")),
    EvmChain { min_tip: 30 * GWEI, ..chain(137, "polygon", "Polygon PoS", "POL") },
    chain(43_114, "avalanche", "Avalanche C-Chain", "AVAX"),
    chain(100, "gnosis", "Gnosis", "xDAI"),
    chain(59_144, "linea", "Linea", "ETH"),
    EvmChain { l1_fee: L1Fee::Scroll, ..chain(534_352, "scroll", "Scroll", "ETH") },
    op_with(chain(5_000, "mantle", "Mantle", "MNT")),
    op_with(chain(42_220, "celo", "Celo", "CELO")),
    op(130, "unichain", "Unichain"),
    op(480, "world", "World Chain"),
    op(57_073, "ink", "Ink"),
    op(1_868, "soneium", "Soneium"),
    op(34_443, "mode", "Mode"),
    op(7_777_777, "zora", "Zora"),
    op(1_135, "lisk", "Lisk"),
    op(60_808, "bob", "BOB"),
    op(81_457, "blast", "Blast"),
    chain(167_000, "taiko", "Taiko", "ETH"),
    op(747_474, "katana", "Katana"),
    chain(146, "sonic", "Sonic", "S"),
    chain(80_094, "berachain", "Berachain", "BERA"),
    chain(999, "hyperevm", "HyperEVM", "HYPE"),
    chain(1_329, "sei", "Sei", "SEI"),
    chain(143, "monad", "Monad", "MON"),
    chain(9_745, "plasma", "Plasma", "XPL"),
    orbit(33_139, "apechain", "ApeChain", "APE"),
    chain(25, "cronos", "Cronos", "CRO"),
    chain(1_284, "moonbeam", "Moonbeam", "GLMR"),
    op_with(chain(2_020, "ronin", "Ronin", "RON")),
    chain(8_217, "kaia", "Kaia", "KAIA"),
    chain(14, "flare", "Flare", "FLR"),
    EvmChain { fees: FeeMode::Legacy, checksum: Checksum::Eip1191, ..chain(30, "rootstock", "Rootstock", "RBTC") },
    EvmChain { fees: FeeMode::Legacy, ..chain(61, "ethereum-classic", "Ethereum Classic", "ETC") },
    test(11_155_111, "sepolia", "Sepolia", "ETH"),
    test(560_048, "hoodi", "Hoodi", "ETH"),
    op_with(test(11_155_420, "optimism-sepolia", "OP Sepolia", "ETH")),
    op_with(test(84_532, "base-sepolia", "Base Sepolia", "ETH")),
    EvmChain { l1_fee: L1Fee::InGas, ..test(421_614, "arbitrum-sepolia", "Arbitrum Sepolia", "ETH") },
    EvmChain { min_tip: 25 * GWEI, ..test(80_002, "polygon-amoy", "Polygon Amoy", "POL") },
    test(43_113, "avalanche-fuji", "Avalanche Fuji", "AVAX"),
    EvmChain { fees: FeeMode::ZeroBase, ..test(97, "bnb-testnet", "BNB Testnet", "BNB") },
    test(10_200, "gnosis-chiado", "Gnosis Chiado", "xDAI"),
    test(31_337, "local", "Local node", "ETH"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chains_that_people_use_are_there() {
        assert_eq!(CHAINS.len(), 49);
        for (id, name, symbol) in [
            (1, "ethereum", "ETH"),
            (10, "optimism", "ETH"),
            (56, "bnb", "BNB"),
            (100, "gnosis", "xDAI"),
            (137, "polygon", "POL"),
            (8_453, "base", "ETH"),
            (42_161, "arbitrum", "ETH"),
            (43_114, "avalanche", "AVAX"),
            (11_155_111, "sepolia", "ETH"),
            (560_048, "hoodi", "ETH"),
        ] {
            let chain = EvmChain::by_id(id).expect("a chain");
            assert_eq!((chain.name, chain.symbol, chain.decimals), (name, symbol, 18));
        }
        let legacy: Vec<u64> = CHAINS.iter().filter(|c| c.fees == FeeMode::Legacy).map(|c| c.id).collect();
        assert_eq!(legacy, [30, 61]);
        let with = |fee| CHAINS.iter().filter(move |chain| chain.l1_fee == fee).map(|chain| chain.id);
        let op = [
            10, 8_453, 204, 5_000, 42_220, 130, 480, 57_073, 1_868, 34_443, 7_777_777, 1_135, 60_808, 81_457, 747_474,
            2_020, 11_155_420, 84_532,
        ];
        assert_eq!(with(L1Fee::OpStack).collect::<Vec<_>>(), op);
        assert_eq!(with(L1Fee::InGas).collect::<Vec<_>>(), [42_161, 42_170, 33_139, 421_614]);
        assert_eq!(with(L1Fee::Scroll).collect::<Vec<_>>(), [534_352]);
        assert_eq!(CHAINS.iter().filter(|chain| chain.class == Test).count(), 10);
    }
}
