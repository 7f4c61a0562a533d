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
mod utxo;
mod wrapped;

pub use evm::{Checksum, EvmChain, FeeMode, L1Fee};
pub use utxo::{Features, ProofOfWork, SighashRules, UtxoChain};

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

    /// Its row of the table.
    #[must_use]
    pub const fn chain(self) -> &'static UtxoChain {
        &utxo::CHAINS[self as usize]
    }

    /// The name as typed after `--network` and written to files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.chain().name
    }

    /// Main or test.
    #[must_use]
    pub const fn class(self) -> NetworkClass {
        self.chain().class
    }

    /// SLIP-44 coin type: 0' for Bitcoin, 1' for every test network.
    #[must_use]
    pub const fn coin_type(self) -> u32 {
        self.chain().coin_type
    }

    /// The asset that pays fees here.
    #[must_use]
    pub const fn asset(self) -> Asset {
        self.chain().asset
    }

    /// `bitcoin`'s parameters for addresses (prefixes and human-readable part).
    #[must_use]
    pub const fn address_params(self) -> bitcoin::Network {
        self.chain().rust_bitcoin
    }

    /// Version bytes of extended keys: `xpub` or `tpub` (BIP-32).
    #[must_use]
    pub const fn key_kind(self) -> bitcoin::NetworkKind {
        match self.class() {
            NetworkClass::Main => bitcoin::NetworkKind::Main,
            NetworkClass::Test => bitcoin::NetworkKind::Test,
        }
    }

    /// Hash of block 0 in display order, as the reference node's chain parameters give it.
    #[must_use]
    pub const fn genesis_hash(self) -> &'static str {
        self.chain().genesis
    }

    /// The first block that may spend the reward of the block at `height`.
    #[must_use]
    pub const fn matures_at(self, height: u32) -> u32 {
        height.saturating_add(self.chain().maturity)
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
        let known = Self::ALL.into_iter().find(|network| {
            let chain = network.chain();
            chain.name == text || chain.aliases.contains(&text)
        });
        known.ok_or_else(|| UnknownNetwork(crate::text::SafeText::new(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for network in Network::ALL {
            assert_eq!(network.name().parse(), Ok(network));
            assert!(network.chain().aliases.iter().all(|alias| alias.parse() == Ok(network)));
        }
        assert!("bitcion".parse::<Network>().is_err());
    }
}
