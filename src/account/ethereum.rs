//! Accounts of the Ethereum family: one key, one address, the same on every chain.
//!
//! The public half only. Which layouts exist and where their keys are is decided here and nowhere else.

use alloy_primitives::{Address, keccak256};
use bitcoin::{
    bip32::{ChildNumber, DerivationPath, Fingerprint},
    secp256k1::PublicKey,
};
use serde::{Deserialize, Serialize};

use super::AccountError;
use crate::network::NetworkClass;

/// SLIP-44 coin type of Ethereum, which every wallet uses on test networks and other EVM chains too.
pub const ETHEREUM_COIN_TYPE: u32 = 60;

/// Where the keys of successive accounts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `m/44'/60'/0'/0/i` (BIP-44): most wallets.
    Bip44,
    /// `m/44'/60'/i'/0/0`: Ledger Live.
    LedgerLive,
    /// `m/44'/60'/0'/i`: older Ledger software.
    LedgerLegacy,
}

impl Layout {
    /// Every layout, the default first.
    pub const ALL: [Self; 3] = [Self::Bip44, Self::LedgerLive, Self::LedgerLegacy];

    /// The name typed after `--layout`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bip44 => "bip44",
            Self::LedgerLive => "ledger-live",
            Self::LedgerLegacy => "ledger-legacy",
        }
    }

    /// The path of account number `index`.
    ///
    /// # Errors
    /// An index of 2^31 or above.
    pub fn path(self, index: u32) -> Result<DerivationPath, AccountError> {
        let hard = |level| ChildNumber::from_hardened_idx(level).map_err(|_| AccountError::Index(level));
        let soft = |level| ChildNumber::from_normal_idx(level).map_err(|_| AccountError::Index(level));
        let (purpose, coin) = (hard(44)?, hard(ETHEREUM_COIN_TYPE)?);
        Ok(match self {
            Self::Bip44 => vec![purpose, coin, hard(0)?, soft(0)?, soft(index)?],
            Self::LedgerLive => vec![purpose, coin, hard(index)?, soft(0)?, soft(0)?],
            Self::LedgerLegacy => vec![purpose, coin, hard(0)?, soft(index)?],
        }
        .into())
    }
}

/// Which key of which wallet an address belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOrigin {
    /// Fingerprint of the master key.
    pub fingerprint: Fingerprint,
    /// Path from the master key.
    pub path: DerivationPath,
    /// The public key there.
    pub public_key: PublicKey,
}

/// An account as far as public keys reach. Good on every chain of its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EthereumAccount {
    /// Main or test.
    pub class: NetworkClass,
    /// Its address.
    pub address: Address,
    /// Its key; nothing for a watch-only account.
    pub origin: Option<KeyOrigin>,
}

impl EthereumAccount {
    /// The account of a key.
    #[must_use]
    pub fn of_key(class: NetworkClass, origin: KeyOrigin) -> Self {
        Self { class, address: evm_address_of(&origin.public_key), origin: Some(origin) }
    }

    /// An address whose key is elsewhere.
    #[must_use]
    pub const fn watched(class: NetworkClass, address: Address) -> Self {
        Self { class, address, origin: None }
    }
}

/// The last 20 bytes of the Keccak-256 hash of the uncompressed key without its first byte (Yellow Paper, appendix F).
#[must_use]
pub fn evm_address_of(key: &PublicKey) -> Address {
    let uncompressed = key.serialize_uncompressed();
    let hash = keccak256(uncompressed.get(1..).unwrap_or_default());
    Address::from_slice(hash.get(12..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_where_other_wallets_look() {
        let path = |layout: Layout| layout.path(7).expect("a path").to_string();
        assert_eq!(path(Layout::Bip44), "44'/60'/0'/0/7");
        assert_eq!(path(Layout::LedgerLive), "44'/60'/7'/0/0");
        assert_eq!(path(Layout::LedgerLegacy), "44'/60'/0'/7");
        assert!(Layout::ALL.iter().all(|layout| layout.path(1 << 31).is_err()));
    }

    #[test]
    fn the_address_of_the_key_one() {
        // The generator point itself: private key 1, a fact that every implementation agrees on.
        let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().expect("a key");
        assert_eq!(evm_address_of(&key).to_string(), "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
    }
}
