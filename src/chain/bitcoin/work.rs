//! How much work a header must show at its height, and blocks whose hash is compiled in.
//!
//! Numbers only. Floors are a fourth of the least difficulty that mainnet ever had from a height on, or lower, so that no
//! honest header is refused; a forger of one block has to do that work.

use bitcoin::{BlockHash, Target, params::Params};

use crate::network::Network;

/// Least difficulty on mainnet from a height on, in order of heights.
const MAINNET_FLOORS: &[(u32, u128)] = &[
    (0, 1),
    (210_000, 700_000),
    (420_000, 50_000_000_000),
    (630_000, 3_000_000_000_000),
    (840_000, 20_000_000_000_000),
];

/// Blocks of Bitcoin Core 31.99's chain parameters.
const CHECKPOINTS: &[(Network, u32, &str)] = &[
    (Network::Bitcoin, 840_000, "0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5"),
    (Network::Bitcoin, 880_000, "000000000000000000010b17283c3c400507969a9c2afd1dcf2082ec5cca2880"),
    (Network::Bitcoin, 910_000, "0000000000000000000108970acb9522ffd516eae17acddcb1bd16469194a821"),
    (Network::Bitcoin, 935_000, "0000000000000000000147034958af1652b2b91bba607beacc5e72a56f0fb5ee"),
    (Network::Bitcoin, 938_343, "00000000000000000000ccebd6d74d9194d8dcdc1d177c478e094bfad51ba5ac"),
    (Network::Testnet3, 2_500_000, "0000000000000093bcb68c03a9a168ae252572d348a2eaeba2cdf9231d73206f"),
    (Network::Testnet3, 4_840_000, "00000000000000f4971a7fb37fbdff89315b69a2e1920c467654a382f0d64786"),
    (Network::Testnet3, 4_842_348, "000000007a61e4230b28ac5cb6b5e5a0130de37ac1faf2f8987d2fa6505b67f4"),
    (Network::Testnet4, 90_000, "0000000002ebe8bcda020e0dd6ccfbdfac531d2f6a81457191b99fc2df2dbe3b"),
    (Network::Testnet4, 120_000, "000000000bd2317e51b3c5794981c35ba894ce27d3e772d5c39ecd9cbce01dc8"),
    (Network::Testnet4, 123_613, "0000000002368b1e4ee27e2e85676ae6f9f9e69579b29093e9a82c170bf7cf8a"),
    (Network::Signet, 160_000, "0000003ca3c99aff040f2563c2ad8f8ec88bd0fd6b8f0895cfaf1ef90353a62c"),
    (Network::Signet, 290_000, "0000000577f2741bb30cd9d39d6d71b023afbeb9764f6260786a97969d5c9ac0"),
    (Network::Signet, 293_175, "00000008414aab61092ef93f1aacc54cf9e9f16af29ddad493b908a01ff5c329"),
];

/// Whether a target is as hard as the network's blocks of this height are.
///
/// Test networks allow their easiest block at any height; what is proven there is what such work proves.
#[must_use]
pub(super) fn is_enough(network: Network, height: u32, target: Target) -> bool {
    let params = Params::new(network.address_params());
    let floor = match network {
        Network::Bitcoin => {
            MAINNET_FLOORS.iter().rev().find(|(from, _)| *from <= height).map_or(1, |(_, floor)| *floor)
        }
        _ => return target <= params.max_attainable_target,
    };
    target <= params.max_attainable_target && target.difficulty(&params) >= floor
}

/// The block at a height, where that is compiled in.
#[must_use]
pub(super) fn checkpoint(network: Network, height: u32) -> Option<BlockHash> {
    if height == 0 {
        return network.genesis_hash().parse().ok();
    }
    CHECKPOINTS.iter().find(|(on, at, _)| *on == network && *at == height).and_then(|(_, _, hash)| hash.parse().ok())
}

/// The highest compiled-in block of a network: an honest chain is not shorter.
#[must_use]
pub fn least_height(network: Network) -> u32 {
    CHECKPOINTS.iter().filter(|(on, ..)| *on == network).map(|(_, height, _)| *height).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use bitcoin::{CompactTarget, hashes::Hash};

    use super::*;

    #[test]
    fn checkpoints_are_hashes_that_their_network_could_have_worked() {
        for (network, height, _) in CHECKPOINTS {
            let hash = checkpoint(*network, *height).expect("a hash");
            let target = Target::from_le_bytes(hash.to_byte_array());
            assert!(is_enough(*network, *height, target), "{network} {height}");
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
