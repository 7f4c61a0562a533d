//! The chains of Bitcoin's family as rows: what is different between them is a number or a word here, never a branch elsewhere.
//!
//! Facts about ledgers only, from the chain parameters of their reference nodes. Endpoints are in explorer/.

use super::{Network, NetworkClass};
use crate::amount::Asset;

/// Which work a header has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofOfWork {
    /// SHA-256 twice over the header, not above its target.
    Sha256d,
}

/// Which digest a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SighashRules {
    /// By the script: legacy, BIP-143 for segwit, BIP-341 for taproot.
    Bitcoin,
}

/// What a chain knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Witness programs (BIP-141).
    pub segwit: bool,
    /// Taproot (BIP-341).
    pub taproot: bool,
    /// Nodes relay a dearer transaction in the place of one that waits (BIP-125).
    pub replacement: bool,
}

/// A chain whose money is coins: one row of the table.
#[derive(Debug)]
pub struct UtxoChain {
    /// Its place in our own list.
    pub network: Network,
    /// The name as typed after `--network` and written to files.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// Main or test.
    pub class: NetworkClass,
    /// The asset that pays fees.
    pub asset: Asset,
    /// SLIP-44 coin type, hardened in paths.
    pub coin_type: u32,
    /// Version byte of base58 addresses of keys.
    pub p2pkh: u8,
    /// Version byte of base58 addresses of scripts.
    pub p2sh: u8,
    /// Human-readable part of segwit addresses (BIP-173), where there are some.
    pub bech32: Option<&'static str>,
    /// Version bytes of extended public keys (BIP-32).
    pub xpub: [u8; 4],
    /// What stands before the text of a signed message, with its length.
    pub message_magic: &'static str,
    /// Satoshi per 1,000 virtual bytes from which the least value of an output is reckoned.
    pub dust_relay: u64,
    /// Satoshi per 1,000 virtual bytes that every node relays.
    pub min_relay: u64,
    /// Seconds between blocks, as retargeting aims at.
    pub block_seconds: u32,
    /// Blocks until a block reward may be spent.
    pub maturity: u32,
    /// Hash of block 0 in display order.
    pub genesis: &'static str,
    /// Blocks that are compiled in: height, and hash in display order.
    pub checkpoints: &'static [(u32, &'static str)],
    /// Least difficulty from a height on, in order of heights; empty where the easiest block is good at any height.
    pub work_floors: &'static [(u32, u128)],
    /// Which work is checked.
    pub work: ProofOfWork,
    /// Which digest is signed.
    pub sighash: SighashRules,
    /// What it knows.
    pub features: Features,
    /// `rust-bitcoin`'s name for it, asked for addresses and parameters of Bitcoin's own networks only.
    pub rust_bitcoin: bitcoin::Network,
}

/// What Bitcoin's own networks have in common: the main one.
const BITCOIN: UtxoChain = UtxoChain {
    network: Network::Bitcoin,
    name: "bitcoin",
    aliases: &["mainnet", "main"],
    class: NetworkClass::Main,
    asset: Asset::Bitcoin,
    coin_type: 0,
    p2pkh: 0,
    p2sh: 5,
    bech32: Some("bc"),
    xpub: [0x04, 0x88, 0xb2, 0x1e],
    message_magic: "\x18Bitcoin Signed Message:\n",
    dust_relay: 3_000,
    min_relay: 1_000,
    block_seconds: 600,
    maturity: 100,
    genesis: "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
    // Blocks of Bitcoin Core 31.99's chain parameters, here and below.
    checkpoints: &[
        (840_000, "0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5"),
        (880_000, "000000000000000000010b17283c3c400507969a9c2afd1dcf2082ec5cca2880"),
        (910_000, "0000000000000000000108970acb9522ffd516eae17acddcb1bd16469194a821"),
        (935_000, "0000000000000000000147034958af1652b2b91bba607beacc5e72a56f0fb5ee"),
        (938_343, "00000000000000000000ccebd6d74d9194d8dcdc1d177c478e094bfad51ba5ac"),
    ],
    // A fourth of the least difficulty that there ever was from a height on, or lower.
    work_floors: &[
        (0, 1),
        (210_000, 700_000),
        (420_000, 50_000_000_000),
        (630_000, 3_000_000_000_000),
        (840_000, 20_000_000_000_000),
    ],
    work: ProofOfWork::Sha256d,
    sighash: SighashRules::Bitcoin,
    features: Features { segwit: true, taproot: true, replacement: true },
    rust_bitcoin: bitcoin::Network::Bitcoin,
};

/// What its test networks have in common.
const TEST: UtxoChain = UtxoChain {
    class: NetworkClass::Test,
    coin_type: 1,
    aliases: &[],
    p2pkh: 111,
    p2sh: 196,
    bech32: Some("tb"),
    xpub: [0x04, 0x35, 0x87, 0xcf],
    checkpoints: &[],
    // Their easiest block is good at any height; what is proven there is what such work proves.
    work_floors: &[],
    ..BITCOIN
};

/// Every chain, in the order of [`Network::ALL`].
pub(super) static CHAINS: [UtxoChain; 5] = [
    BITCOIN,
    UtxoChain {
        network: Network::Testnet3,
        name: "testnet3",
        aliases: &["testnet"],
        genesis: "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943",
        checkpoints: &[
            (2_500_000, "0000000000000093bcb68c03a9a168ae252572d348a2eaeba2cdf9231d73206f"),
            (4_840_000, "00000000000000f4971a7fb37fbdff89315b69a2e1920c467654a382f0d64786"),
            (4_842_348, "000000007a61e4230b28ac5cb6b5e5a0130de37ac1faf2f8987d2fa6505b67f4"),
        ],
        rust_bitcoin: bitcoin::Network::Testnet,
        ..TEST
    },
    UtxoChain {
        network: Network::Testnet4,
        name: "testnet4",
        genesis: "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043",
        checkpoints: &[
            (90_000, "0000000002ebe8bcda020e0dd6ccfbdfac531d2f6a81457191b99fc2df2dbe3b"),
            (120_000, "000000000bd2317e51b3c5794981c35ba894ce27d3e772d5c39ecd9cbce01dc8"),
            (123_613, "0000000002368b1e4ee27e2e85676ae6f9f9e69579b29093e9a82c170bf7cf8a"),
        ],
        rust_bitcoin: bitcoin::Network::Testnet4,
        ..TEST
    },
    UtxoChain {
        network: Network::Signet,
        name: "signet",
        genesis: "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6",
        checkpoints: &[
            (160_000, "0000003ca3c99aff040f2563c2ad8f8ec88bd0fd6b8f0895cfaf1ef90353a62c"),
            (290_000, "0000000577f2741bb30cd9d39d6d71b023afbeb9764f6260786a97969d5c9ac0"),
            (293_175, "00000008414aab61092ef93f1aacc54cf9e9f16af29ddad493b908a01ff5c329"),
        ],
        rust_bitcoin: bitcoin::Network::Signet,
        ..TEST
    },
    UtxoChain {
        network: Network::Regtest,
        name: "regtest",
        bech32: Some("bcrt"),
        genesis: "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
        rust_bitcoin: bitcoin::Network::Regtest,
        ..TEST
    },
];

#[cfg(test)]
mod tests {
    use bitcoin::{Address, NetworkKind, PubkeyHash, ScriptHash, base58, constants::genesis_block, hashes::Hash};

    use super::*;

    #[test]
    fn every_row_is_what_the_chain_parameters_say() {
        for (network, chain) in Network::ALL.into_iter().zip(&CHAINS) {
            assert_eq!((chain.network, network.chain().name), (network, chain.name));
            assert_eq!(genesis_block(chain.rust_bitcoin).block_hash().to_string(), chain.genesis, "{network}");
            let version = |address: Address| base58::decode_check(&address.to_string()).unwrap()[0];
            let kind = if chain.class == NetworkClass::Main { NetworkKind::Main } else { NetworkKind::Test };
            assert_eq!(version(Address::p2pkh(PubkeyHash::all_zeros(), kind)), chain.p2pkh, "{network}");
            assert_eq!(version(Address::p2sh_from_hash(ScriptHash::all_zeros(), kind)), chain.p2sh, "{network}");
            let script = bitcoin::ScriptBuf::new_p2wpkh(&bitcoin::WPubkeyHash::all_zeros());
            let segwit = Address::from_script(&script, chain.rust_bitcoin).unwrap().to_string();
            assert_eq!(
                segwit.rsplit_once('1').map(|(part, _)| part.to_owned()).unwrap().split('1').next(),
                chain.bech32
            );
            assert_eq!(chain.message_magic.len(), 25, "{network}");
        }
    }

    #[test]
    fn checkpoints_and_floors_rise() {
        for chain in &CHAINS {
            assert!(chain.checkpoints.windows(2).all(|pair| pair[0].0 < pair[1].0), "{}", chain.name);
            assert!(chain.work_floors.windows(2).all(|pair| pair[0].0 < pair[1].0), "{}", chain.name);
        }
    }
}
