//! The hosts that are asked and sent to when none was named: public explorers, by network, in order.
//!
//! Only addresses live here. Naming an explorer in the configuration replaces the whole list.

use crate::network::Network;

/// Loopback port of the practice chain's explorer.
pub const PRACTICE_PORT: u16 = 3002;

/// Public explorers of a network, first choice first; for regtest the practice chain on this machine.
#[must_use]
pub fn default_endpoints(network: Network) -> Vec<String> {
    let public: &[&str] = match network {
        // The last two are sent transactions when those before refuse or fail, and asked nothing.
        Network::Bitcoin => &[
            "https://mempool.space/api",
            "https://blockstream.info/api",
            "blockchair+https://api.blockchair.com/bitcoin",
            "blockcypher+https://api.blockcypher.com/v1/btc/main",
        ],
        Network::Testnet3 => &["https://blockstream.info/testnet/api", "https://mempool.space/testnet/api"],
        Network::Testnet4 => &["https://mempool.space/testnet4/api"],
        Network::Signet => &["https://mempool.space/signet/api", "https://blockstream.info/signet/api"],
        Network::Regtest => return vec![format!("http://127.0.0.1:{PRACTICE_PORT}")],
    };
    public.iter().map(|&endpoint| endpoint.to_owned()).collect()
}
