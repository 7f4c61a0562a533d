//! Whom we ask when nobody was named: public explorers with the Esplora interface, by network, in order.
//!
//! Only addresses live here. Naming an explorer in the configuration replaces the whole list.

use crate::network::Network;

/// Loopback port of the practice chain's explorer.
pub const PRACTICE_PORT: u16 = 3002;

/// Public explorers of a network, first choice first; for regtest the practice chain on this machine.
#[must_use]
pub fn default_endpoints(network: Network) -> Vec<String> {
    let public: &[&str] = match network {
        Network::Bitcoin => &["https://mempool.space/api", "https://blockstream.info/api"],
        Network::Testnet3 => &["https://blockstream.info/testnet/api", "https://mempool.space/testnet/api"],
        Network::Testnet4 => &["https://mempool.space/testnet4/api"],
        Network::Signet => &["https://mempool.space/signet/api"],
        Network::Regtest => return vec![format!("http://127.0.0.1:{PRACTICE_PORT}")],
    };
    public.iter().map(|&endpoint| endpoint.to_owned()).collect()
}
