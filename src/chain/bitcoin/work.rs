//! How much work a header must show at its height, and blocks whose hash is compiled in.
//!
//! Numbers only. Floors are a fourth of the least difficulty that mainnet ever had from a height on, or lower, so that no
//! honest header is refused; a forger of one block has to do that work.

use bitcoin::{BlockHash, Target, params::Params};

use crate::network::{Network, ProofOfWork};

/// Whether a target is as hard as the network's blocks of this height are.
///
/// Test networks allow their easiest block at any height; what is proven there is what such work proves.
#[must_use]
pub(super) fn is_enough(network: Network, height: u32, target: Target) -> bool {
    // The target is compared with the hash that this work makes of a header (spv.rs).
    let ProofOfWork::Sha256d = network.chain().work;
    let params = Params::new(network.address_params());
    let floors = network.chain().work_floors.iter().rev();
    let Some((_, floor)) = floors.clone().find(|(from, _)| *from <= height) else {
        return target <= params.max_attainable_target;
    };
    target <= params.max_attainable_target && target.difficulty(&params) >= *floor
}

/// The block at a height, where that is compiled in.
#[must_use]
pub(super) fn checkpoint(network: Network, height: u32) -> Option<BlockHash> {
    if height == 0 {
        return network.genesis_hash().parse().ok();
    }
    let mut known = network.chain().checkpoints.iter();
    known.find(|(at, _)| *at == height).and_then(|(_, hash)| hash.parse().ok())
}

/// The highest compiled-in block of a network: an honest chain is not shorter.
#[must_use]
pub fn least_height(network: Network) -> u32 {
    network.chain().checkpoints.iter().map(|(height, _)| *height).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use bitcoin::{CompactTarget, hashes::Hash};

    use super::*;

    #[test]
    fn checkpoints_are_hashes_that_their_network_could_have_worked() {
        let of = |network: Network| network.chain().checkpoints.iter().map(move |(height, _)| (network, *height));
        for (network, height) in Network::ALL.into_iter().flat_map(of) {
            let hash = checkpoint(network, height).expect("a hash");
            let target = Target::from_le_bytes(hash.to_byte_array());
            assert!(is_enough(network, height, target), "{network} {height}");
        }
        assert_eq!(least_height(Network::Bitcoin), 938_343);
        assert_eq!(least_height(Network::Regtest), 0);
    }

    #[test]
    fn known_difficulties_are_enough_and_easy_blocks_are_not() {
        let target = |bits| Target::from_compact(CompactTarget::from_consensus(bits));
        // Bits of block 840,000, from the chain itself.
        assert!(is_enough(Network::Bitcoin, 840_000, target(0x1703_4219)));
        assert!(is_enough(Network::Bitcoin, 0, target(0x1d00_ffff)));
        for height in [210_000, 420_000, 630_000, 840_000, 1_000_000] {
            assert!(!is_enough(Network::Bitcoin, height, target(0x1d00_ffff)), "{height}");
        }
        assert!(!is_enough(Network::Testnet4, 1, target(0x207f_ffff)), "regtest's work on a test network");
        assert!(is_enough(Network::Regtest, 1, target(0x207f_ffff)));
    }
}
