//! Nodes that are asked when none was named: public JSON-RPC endpoints that need no key, by chain id, in order.
//!
//! Only addresses live here. Naming a node in the configuration replaces the whole list.

use crate::network::EvmChain;

/// The endpoint that a chain's own people run, or the best known one.
const FIRST: &[(u64, &str)] = &[
    (1, "https://ethereum-rpc.publicnode.com"),
    (10, "https://mainnet.optimism.io"),
    (8_453, "https://mainnet.base.org"),
    (42_161, "https://arb1.arbitrum.io/rpc"),
    (42_170, "https://nova.arbitrum.io/rpc"),
    (56, "https://bsc-rpc.publicnode.com"),
    (204, "https://opbnb-mainnet-rpc.bnbchain.org"),
    (137, "https://polygon-bor-rpc.publicnode.com"),
    (43_114, "https://api.avax.network/ext/bc/C/rpc"),
    (100, "https://rpc.gnosischain.com"),
    (59_144, "https://rpc.linea.build"),
    (534_352, "https://rpc.scroll.io"),
    (5_000, "https://rpc.mantle.xyz"),
    (42_220, "https://forno.celo.org"),
    (130, "https://mainnet.unichain.org"),
    (480, "https://worldchain-mainnet.g.alchemy.com/public"),
    (57_073, "https://rpc-gel.inkonchain.com"),
    (1_868, "https://rpc.soneium.org"),
    (34_443, "https://mainnet.mode.network"),
    (7_777_777, "https://rpc.zora.energy"),
    (1_135, "https://rpc.api.lisk.com"),
    (60_808, "https://rpc.gobob.xyz"),
    (81_457, "https://rpc.blast.io"),
    (167_000, "https://rpc.mainnet.taiko.xyz"),
    (747_474, "https://rpc.katana.network"),
    (146, "https://rpc.soniclabs.com"),
    (80_094, "https://rpc.berachain.com"),
    (999, "https://rpc.hyperliquid.xyz/evm"),
    (1_329, "https://evm-rpc.sei-apis.com"),
    (143, "https://rpc.monad.xyz"),
    (9_745, "https://rpc.plasma.to"),
    (33_139, "https://rpc.apechain.com"),
    (25, "https://evm.cronos.org"),
    (1_284, "https://rpc.api.moonbeam.network"),
    (2_020, "https://api.roninchain.com/rpc"),
    (8_217, "https://public-en.node.kaia.io"),
    (14, "https://flare-api.flare.network/ext/C/rpc"),
    (30, "https://public-node.rsk.co"),
    (61, "https://etc.rivet.link"),
    (11_155_111, "https://ethereum-sepolia-rpc.publicnode.com"),
    (560_048, "https://rpc.hoodi.ethpandaops.io"),
    (11_155_420, "https://sepolia.optimism.io"),
    (84_532, "https://sepolia.base.org"),
    (421_614, "https://sepolia-rollup.arbitrum.io/rpc"),
    (80_002, "https://rpc-amoy.polygon.technology"),
    (43_113, "https://api.avax-test.network/ext/bc/C/rpc"),
    (97, "https://bsc-testnet-rpc.publicnode.com"),
    (10_200, "https://rpc.chiadochain.net"),
    (31_337, "http://127.0.0.1:8545"),
];

/// Other operators, with the word by which each names a chain.
const OTHERS: &[(u64, &[&str])] = &[
    (1, &["https://eth.drpc.org", "https://eth.llamarpc.com", "https://1rpc.io/eth"]),
    (10, &["https://optimism-rpc.publicnode.com", "https://optimism.drpc.org"]),
    (8_453, &["https://base-rpc.publicnode.com", "https://base.drpc.org"]),
    (42_161, &["https://arbitrum-one-rpc.publicnode.com", "https://arbitrum.drpc.org"]),
    (42_170, &["https://arbitrum-nova-rpc.publicnode.com", "https://arbitrum-nova.drpc.org"]),
    (56, &["https://bsc.drpc.org", "https://bsc-dataseed.bnbchain.org"]),
    (204, &["https://opbnb-rpc.publicnode.com", "https://opbnb.drpc.org"]),
    (137, &["https://polygon.drpc.org", "https://1rpc.io/matic"]),
    (43_114, &["https://avalanche-c-chain-rpc.publicnode.com", "https://avalanche.drpc.org"]),
    (100, &["https://gnosis-rpc.publicnode.com", "https://gnosis.drpc.org"]),
    (59_144, &["https://linea-rpc.publicnode.com", "https://linea.drpc.org"]),
    (534_352, &["https://scroll-rpc.publicnode.com", "https://scroll.drpc.org"]),
    (5_000, &["https://mantle-rpc.publicnode.com", "https://mantle.drpc.org"]),
    (42_220, &["https://celo-rpc.publicnode.com", "https://celo.drpc.org"]),
    (130, &["https://unichain-rpc.publicnode.com", "https://unichain.drpc.org"]),
    (480, &["https://worldchain.drpc.org"]),
    (57_073, &["https://ink.drpc.org"]),
    (1_868, &["https://soneium-rpc.publicnode.com", "https://soneium.drpc.org"]),
    (34_443, &["https://mode.drpc.org"]),
    (7_777_777, &["https://zora.drpc.org"]),
    (1_135, &["https://lisk.drpc.org"]),
    (60_808, &["https://bob.drpc.org"]),
    (81_457, &["https://blast-rpc.publicnode.com", "https://blast.drpc.org"]),
    (167_000, &["https://taiko-rpc.publicnode.com", "https://taiko.drpc.org"]),
    (747_474, &["https://katana.drpc.org"]),
    (146, &["https://sonic-rpc.publicnode.com", "https://sonic.drpc.org"]),
    (80_094, &["https://berachain-rpc.publicnode.com", "https://berachain.drpc.org"]),
    (999, &["https://hyperliquid.drpc.org"]),
    (1_329, &["https://sei.drpc.org"]),
    (143, &["https://monad-mainnet.drpc.org"]),
    (9_745, &["https://plasma.drpc.org"]),
    (33_139, &["https://apechain.drpc.org"]),
    (25, &["https://cronos-evm-rpc.publicnode.com", "https://cronos.drpc.org"]),
    (1_284, &["https://moonbeam-rpc.publicnode.com", "https://moonbeam.drpc.org"]),
    (2_020, &["https://ronin.drpc.org"]),
    (8_217, &["https://klaytn.drpc.org"]),
    (14, &["https://flare.drpc.org"]),
    (30, &["https://rootstock.drpc.org"]),
    (61, &["https://ethereum-classic.drpc.org"]),
    (11_155_111, &["https://sepolia.drpc.org", "https://1rpc.io/sepolia"]),
    (560_048, &["https://ethereum-hoodi-rpc.publicnode.com", "https://hoodi.drpc.org"]),
    (11_155_420, &["https://optimism-sepolia-rpc.publicnode.com", "https://optimism-sepolia.drpc.org"]),
    (84_532, &["https://base-sepolia-rpc.publicnode.com", "https://base-sepolia.drpc.org"]),
    (421_614, &["https://arbitrum-sepolia-rpc.publicnode.com", "https://arbitrum-sepolia.drpc.org"]),
    (80_002, &["https://polygon-amoy-bor-rpc.publicnode.com", "https://polygon-amoy.drpc.org"]),
    (43_113, &["https://avalanche-fuji-c-chain-rpc.publicnode.com", "https://avalanche-fuji.drpc.org"]),
    (97, &["https://bsc-testnet.drpc.org"]),
    (10_200, &["https://gnosis-chiado-rpc.publicnode.com", "https://gnosis-chiado.drpc.org"]),
];

/// Public nodes of a chain, first choice first; those of a chain from config.toml are in config.toml.
#[must_use]
pub fn evm_endpoints(chain: &EvmChain) -> Vec<String> {
    let first = FIRST.iter().filter(|(id, _)| *id == chain.id).map(|(_, endpoint)| *endpoint);
    let others = OTHERS.iter().filter(|(id, _)| *id == chain.id).flat_map(|(_, endpoints)| endpoints.iter().copied());
    first.chain(others).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chain_of_the_registry_has_nodes() {
        for chain in EvmChain::all() {
            let endpoints = evm_endpoints(chain);
            assert!(endpoints.len() > 1 || chain.name == "local", "{}", chain.name);
            for endpoint in &endpoints {
                assert!(endpoint.starts_with("https://") || chain.name == "local", "{endpoint}");
            }
        }
    }
}
