//! Nodes that are asked when nobody was named: public JSON-RPC endpoints that need no key, by chain id, in order.
//!
//! Only addresses live here. Naming a node in the configuration replaces the whole list.

use crate::network::EvmChain;

/// Public nodes of a chain, first choice first; those of a chain from config.toml are in config.toml.
#[must_use]
pub fn evm_endpoints(chain: &EvmChain) -> Vec<String> {
    let public: &[&str] = match chain.id {
        1 => &[
            "https://ethereum-rpc.publicnode.com",
            "https://eth.drpc.org",
            "https://eth.llamarpc.com",
            "https://1rpc.io/eth",
        ],
        11_155_111 => &["https://ethereum-sepolia-rpc.publicnode.com", "https://sepolia.drpc.org"],
        8_453 => &["https://mainnet.base.org", "https://base-rpc.publicnode.com", "https://base.drpc.org"],
        137 => &["https://polygon-bor-rpc.publicnode.com", "https://polygon.drpc.org"],
        30 => &["https://public-node.rsk.co", "https://rootstock.drpc.org"],
        31_337 => &["http://127.0.0.1:8545"],
        _ => &[],
    };
    public.iter().map(|&endpoint| endpoint.to_owned()).collect()
}
