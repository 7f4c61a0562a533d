//! Which ledger a thing belongs to. Our own types, so that a dependency's choice of variants never becomes a file format.
//!
//! Knows names, prefixes, coin types and genesis hashes; must not hold endpoints (explorer/) or parse addresses (address/).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    amount::Asset,
    explain::{Entry, Explain, catalogue},
};

mod evm;
mod evm_list;
mod wrapped;

pub use evm::{Checksum, EvmChain, FeeMode, L1Fee};

/// Blocks until a block reward may be spent, on every Bitcoin network (consensus: `COINBASE_MATURITY`).
const COINBASE_MATURITY: u32 = 100;

/// The first block that may spend the reward of the block at `height`.
#[must_use]
pub const fn matures_at(height: u32) -> u32 {
    height.saturating_add(COINBASE_MATURITY)
}

/// A Bitcoin ledger that accounts, drafts and transactions are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Bitcoin's main network.
    Bitcoin,
    /// Bitcoin's third test network.
    Testnet3,
    /// Bitcoin's fourth test network (BIP-94).
    Testnet4,
    /// Bitcoin's default signet (BIP-325).
    Signet,
    /// A private Bitcoin chain: Bitcoin Core's regtest, or the practice chain.
    Regtest,
}

/// Any ledger: the one place where the families meet. Below it, the type says which family a thing is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyNetwork {
    /// One of Bitcoin's.
    Bitcoin(Network),
    /// One of the Ethereum family.
    Evm(&'static EvmChain),
}

impl AnyNetwork {
    /// The name as typed after `--network`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bitcoin(network) => network.name(),
            Self::Evm(chain) => chain.name,
        }
    }

    /// Main or test.
    #[must_use]
    pub const fn class(self) -> NetworkClass {
        match self {
            Self::Bitcoin(network) => network.class(),
            Self::Evm(chain) => chain.class,
        }
    }
}

impl<'de> Deserialize<'de> for AnyNetwork {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for AnyNetwork {
    type Err = UnknownNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match EvmChain::by_name(text) {
            Some(chain) => Ok(Self::Evm(chain)),
            None => text.parse().map(Self::Bitcoin),
        }
    }
}

/// Whether coins have a price. A wallet is bound to one class, so test coins never share a file with savings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkClass {
    /// Real money.
    Main,
    /// Test networks, whose coins are worth nothing.
    Test,
}

impl Network {
    /// Every network, main first.
    pub const ALL: [Self; 5] = [Self::Bitcoin, Self::Testnet3, Self::Testnet4, Self::Signet, Self::Regtest];

    /// The name as typed after `--network` and written to files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bitcoin => "bitcoin",
            Self::Testnet3 => "testnet3",
            Self::Testnet4 => "testnet4",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }

    /// Main or test.
    #[must_use]
    pub const fn class(self) -> NetworkClass {
        match self {
            Self::Bitcoin => NetworkClass::Main,
            _ => NetworkClass::Test,
        }
    }

    /// SLIP-44 coin type: 0' for Bitcoin, 1' for every test network.
    #[must_use]
    pub const fn coin_type(self) -> u32 {
        match self.class() {
            NetworkClass::Main => 0,
            NetworkClass::Test => 1,
        }
    }

    /// The asset that pays fees here.
    #[must_use]
    pub const fn asset(self) -> Asset {
        Asset::Bitcoin
    }

    /// `bitcoin`'s parameters for addresses (prefixes and human-readable part).
    #[must_use]
    pub const fn address_params(self) -> bitcoin::Network {
        match self {
            Self::Bitcoin => bitcoin::Network::Bitcoin,
            Self::Testnet3 => bitcoin::Network::Testnet,
            Self::Testnet4 => bitcoin::Network::Testnet4,
            Self::Signet => bitcoin::Network::Signet,
            Self::Regtest => bitcoin::Network::Regtest,
        }
    }

    /// Version bytes of extended keys: `xpub` or `tpub` (BIP-32).
    #[must_use]
    pub const fn key_kind(self) -> bitcoin::NetworkKind {
        match self.class() {
            NetworkClass::Main => bitcoin::NetworkKind::Main,
            NetworkClass::Test => bitcoin::NetworkKind::Test,
        }
    }

    /// Hash of block 0 in display order, as Bitcoin Core's chain parameters give it.
    #[must_use]
    pub const fn genesis_hash(self) -> &'static str {
        match self {
            Self::Bitcoin => "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
            Self::Testnet3 => "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943",
            Self::Testnet4 => "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043",
            Self::Signet => "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6",
            Self::Regtest => "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for NetworkClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Main => "main",
            Self::Test => "test",
        })
    }
}

/// The name given is not a network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a network")]
pub struct UnknownNetwork(pub crate::text::SafeText);

catalogue! {
    UNKNOWN = "network.unknown", Usage, "Use bitcoin, testnet3, testnet4, signet, regtest, ethereum, or another that `fastness networks` lists";
}

impl Explain for UnknownNetwork {
    fn entry(&self) -> &'static Entry {
        UNKNOWN
    }
}

impl FromStr for Network {
    type Err = UnknownNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "bitcoin" | "mainnet" | "main" => Ok(Self::Bitcoin),
            "testnet3" | "testnet" => Ok(Self::Testnet3),
            other => Self::ALL
                .into_iter()
                .find(|network| network.name() == other)
                .ok_or_else(|| UnknownNetwork(crate::text::SafeText::new(other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::constants::genesis_block;

    use super::*;

    #[test]
    fn names_round_trip() {
        for network in Network::ALL {
            assert_eq!(network.name().parse(), Ok(network));
        }
        assert!("bitcion".parse::<Network>().is_err());
    }

    #[test]
    fn genesis_hashes_are_those_of_the_chain_parameters() {
        for network in Network::ALL {
            assert_eq!(genesis_block(network.address_params()).block_hash().to_string(), network.genesis_hash());
        }
    }
}
