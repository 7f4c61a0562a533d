//! Indexers: the hosts to ask for the history of an EVM account, and with which key. Plain data, no I/O.
//!
//! Nodes answer no such question. A key is a word of a person's account at the indexer: it goes into requests and
//! nowhere else, never into an error, a page or a log.

use alloy_primitives::{Address, B256, U256};
use zeroize::Zeroizing;

use super::Succeeded;
use crate::network::{EvmChain, NetworkClass};

/// Longest key of any indexer, in bytes.
const MAX_KEY: usize = 128;

/// Which interface an indexer speaks. All three answer in the shape of Etherscan's account module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexerKind {
    /// Etherscan v2: one address for all chains, a key is mandatory.
    Etherscan,
    /// Routescan: one address per chain, a key is optional.
    Routescan,
    /// A Blockscout instance: its address has to be named, a key is optional.
    Blockscout,
}

/// A key of an indexer.
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// Takes the key from the contents of a file: 1 to 128 letters, digits, `-` and `_`; space around it is dropped.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let good = !text.is_empty() && text.len() <= MAX_KEY && text.bytes().all(plain);
        good.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The end of a query that carries it.
    #[must_use]
    pub fn query(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("&apikey={}", self.0.as_str()))
    }
}

/// Which indexer is asked, and as whom.
pub struct IndexerAccess<'a> {
    /// The interface that it speaks.
    pub kind: IndexerKind,
    /// Its address, where it is not the usual one of its kind.
    pub url: Option<&'a str>,
    /// The key of a person's account there.
    pub key: Option<ApiKey>,
}

/// The address of an indexer for a chain: the one named, else the usual one of its kind.
#[must_use]
pub fn indexer_url(kind: IndexerKind, chain: &EvmChain, named: Option<&str>) -> Option<String> {
    let usual = || {
        let net = if chain.class == NetworkClass::Main { "mainnet" } else { "testnet" };
        match kind {
            IndexerKind::Etherscan => Some("https://api.etherscan.io/v2/api".to_owned()),
            IndexerKind::Routescan => {
                Some(format!("https://api.routescan.io/v2/network/{net}/evm/{}/etherscan/api", chain.id))
            }
            IndexerKind::Blockscout => None,
        }
    };
    named.map(str::to_owned).or_else(usual)
}

/// What an indexer tells of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmMovements {
    /// What could be read, newest first.
    pub movements: Vec<EvmMovement>,
    /// Rows that could not be read: pending ones, NFTs without a value, nonsense.
    pub unread: usize,
}

/// One movement of value from or to an account, as an indexer tells it. Nothing of it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmMovement {
    /// The transaction.
    pub hash: B256,
    /// Number of its block.
    pub block: u64,
    /// Time of its block, in seconds since 1970.
    pub time: u64,
    /// The giver.
    pub from: Address,
    /// The receiver; nothing created a contract.
    pub to: Option<Address>,
    /// What.
    pub what: Moved,
    /// Whether the transaction succeeded.
    pub succeeded: Succeeded,
}

/// What moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Wei, with a transaction.
    Native(U256),
    /// Wei, from inside a contract's call.
    Internal(U256),
    /// Smallest units of a token.
    Token {
        /// Its contract; its symbol is not believed.
        contract: Address,
        /// How many.
        amount: U256,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_plain_words() {
        assert!(ApiKey::parse(b" ABC-123_x\n").is_some());
        for bad in [&b""[..], b"two words", b"a&b", b"a#b", b"\xff", b"a%20b", &[b'a'; 129]] {
            assert!(ApiKey::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn each_kind_has_its_address() {
        let chain = EvmChain::by_id(1).expect("ethereum");
        let url = |kind, named| indexer_url(kind, chain, named);
        assert_eq!(url(IndexerKind::Etherscan, None).as_deref(), Some("https://api.etherscan.io/v2/api"));
        let routescan = "https://api.routescan.io/v2/network/mainnet/evm/1/etherscan/api";
        assert_eq!(url(IndexerKind::Routescan, None).as_deref(), Some(routescan));
        assert_eq!(url(IndexerKind::Blockscout, None), None);
        assert_eq!(
            url(IndexerKind::Blockscout, Some("https://b.example/api")).as_deref(),
            Some("https://b.example/api")
        );
    }
}
