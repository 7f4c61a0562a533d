//! EVM networks, keyed by chain id: the registry that ships, and the chains that a person named in config.toml.
//!
//! Facts about ledgers only. Endpoints live in explorer/, tokens in token/. Nothing is ever keyed by a name or a symbol.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::OnceLock,
};

use alloy_primitives::Address;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{NetworkClass, evm_list::CHAINS};

/// Prefix of the name in files: CAIP-2 for chains of the Ethereum family.
const CAIP2: &str = "eip155:";

/// How a chain prices gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeeMode {
    /// Base fee and tip (EIP-1559).
    Eip1559,
    /// One gas price; type 2 transactions are not accepted.
    Legacy,
    /// Type 2 with a base fee of zero: only a price floor set by validators counts.
    ZeroBase,
}

/// Whether a second fee is paid for data on another layer, beside gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum L1Fee {
    /// No.
    None,
    /// It is inside of the gas limit (Arbitrum): a plain payment needs more gas than on Ethereum.
    InGas,
    /// OP-stack: `GasPriceOracle` at 0x420000000000000000000000000000000000000F.
    OpStack,
    /// Scroll: its oracle at 0x5300000000000000000000000000000000000002.
    Scroll,
}

impl L1Fee {
    /// Whether it comes on top of gas.
    #[must_use]
    pub const fn is_beside_gas(self) -> bool {
        matches!(self, Self::OpStack | Self::Scroll)
    }
}

/// How addresses carry their checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// EIP-55: the same text on every chain.
    Eip55,
    /// EIP-1191: the chain id is part of the checksum (Rootstock).
    Eip1191,
}

/// What fastness knows of one EVM chain.
#[derive(Clone, Debug)]
pub struct EvmChain {
    /// EIP-155 chain id.
    pub id: u64,
    /// Name typed after `--network`, lower case.
    pub name: &'static str,
    /// Name shown to people.
    pub title: &'static str,
    /// Symbol of the native coin, which pays for gas.
    pub symbol: &'static str,
    /// Decimal places of the native coin.
    pub decimals: u8,
    /// Main or test.
    pub class: NetworkClass,
    /// How gas is priced.
    pub fees: FeeMode,
    /// The least tip that validators take, in wei per gas.
    pub min_tip: u128,
    /// A fee beside gas.
    pub l1_fee: L1Fee,
    /// How its addresses are written.
    pub checksum: Checksum,
}

impl EvmChain {
    /// The chain with this id: of the registry, else of config.toml.
    #[must_use]
    pub fn by_id(id: u64) -> Option<&'static Self> {
        Self::all().find(|chain| chain.id == id)
    }

    /// The contract that wraps the chain's own coin, where it is known.
    #[must_use]
    pub fn wrapped(&self) -> Option<Address> {
        super::wrapped::wrapped(self.id)
    }

    /// The chain with this name, or `eip155:ID`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        match name.strip_prefix(CAIP2) {
            Some(id) => Self::by_id(id.parse().ok()?),
            None => Self::all().find(|chain| chain.name == name),
        }
    }

    /// Every chain: the registry in its order, then those of config.toml.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        CHAINS.iter().chain(custom().get().into_iter().flatten())
    }

    /// Makes the chains of config.toml known to this process, once. They cannot replace one of the registry.
    ///
    /// # Errors
    /// The id or name that is taken.
    pub fn install(chains: Vec<Self>) -> Result<(), String> {
        for (place, chain) in chains.iter().enumerate() {
            let twice = chains.iter().take(place).any(|other| other.id == chain.id || other.name == chain.name);
            if twice || CHAINS.iter().any(|known| known.id == chain.id || known.name == chain.name) {
                return Err(format!("chain {} ({}) is already known", chain.id, chain.name));
            }
        }
        custom().set(chains).map_err(|_| "the chains were read twice".to_owned())
    }

    /// `eip155:1`: the name in files, which no renaming changes.
    #[must_use]
    pub fn caip2(&self) -> String {
        format!("{CAIP2}{}", self.id)
    }
}

fn custom() -> &'static OnceLock<Vec<EvmChain>> {
    static CUSTOM: OnceLock<Vec<EvmChain>> = OnceLock::new();
    &CUSTOM
}

impl PartialEq for EvmChain {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for EvmChain {}

impl Hash for EvmChain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Display for EvmChain {
    /// `Base (chain 8453)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (chain {})", self.title, self.id)
    }
}

impl Serialize for EvmChain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.caip2())
    }
}

impl<'de> Deserialize<'de> for &'static EvmChain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        EvmChain::by_name(&name).ok_or_else(|| de::Error::custom("an unknown chain"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_are_unique_and_found() {
        for chain in EvmChain::all() {
            assert_eq!(EvmChain::by_id(chain.id), Some(chain));
            assert_eq!(EvmChain::by_name(chain.name), Some(chain));
            assert_eq!(EvmChain::by_name(&chain.caip2()), Some(chain));
            assert!(chain.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'));
        }
        assert_eq!(EvmChain::by_name("eip155:999999999999"), None);
    }

    #[test]
    fn the_registry_cannot_be_replaced() {
        let chain = CHAINS.first().expect("a chain").clone();
        assert!(EvmChain::install(vec![chain]).is_err());
    }
}
