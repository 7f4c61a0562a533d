//! What may be signed with an Ethereum key: messages whose kind their first byte says, never a bare hash.
//!
//! The hash is taken here, of the whole message, so that no caller can slip in one of its own.

use alloy_primitives::{B256, keccak256};
use bitcoin::{bip32::DerivationPath, secp256k1::PublicKey};

/// First byte of an RLP list: a transaction of type 0 (EIP-155).
const RLP_LIST: u8 = 0xc0;
/// First byte of what an EIP-7702 authorisation signs.
const AUTHORIZATION: u8 = 0x05;
/// First bytes of typed transactions that this wallet signs: EIP-2930, EIP-1559, EIP-7702.
const TRANSACTIONS: [u8; 3] = [0x01, 0x02, 0x04];

/// A whole message, ready to be hashed with Keccak-256 and signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preimage(Vec<u8>);

impl Preimage {
    /// The signing form of an unsigned transaction: RLP for type 0 (with its chain id, EIP-155), else the type byte and RLP.
    #[must_use]
    pub fn transaction(unsigned: Vec<u8>) -> Option<Self> {
        let first = *unsigned.first()?;
        (first >= RLP_LIST || TRANSACTIONS.contains(&first)).then_some(Self(unsigned))
    }

    /// `0x05 || rlp([chain_id, address, nonce])` (EIP-7702).
    #[must_use]
    pub fn authorization(message: Vec<u8>) -> Option<Self> {
        (message.first() == Some(&AUTHORIZATION)).then_some(Self(message))
    }

    /// A message of a person (EIP-191, version 0x45): its length and bytes behind a prefix that no transaction has.
    #[must_use]
    pub fn personal_message(message: &[u8]) -> Self {
        let mut bytes = format!("\x19Ethereum Signed Message:\n{}", message.len()).into_bytes();
        bytes.extend_from_slice(message);
        Self(bytes)
    }

    /// `0x1901 || domain separator || hash of the struct` (EIP-712). Both are hashes that chain/ computed from typed data.
    #[must_use]
    pub fn typed_data(domain_separator: B256, struct_hash: B256) -> Self {
        Self([&[0x19, 0x01], domain_separator.as_slice(), struct_hash.as_slice()].concat())
    }

    /// The whole message.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What is signed: the Keccak-256 hash of the whole message.
    #[must_use]
    pub fn digest(&self) -> B256 {
        keccak256(&self.0)
    }
}

/// One signature to be made with an Ethereum key: ECDSA over secp256k1, RFC 6979 nonce, low S (EIP-2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EthereumJob {
    /// Path from the master key, e.g. m/44'/60'/0'/0/0.
    pub path: DerivationPath,
    /// Public key that the key at `path` must have; else nothing is signed.
    pub public_key: PublicKey,
    /// What is signed.
    pub preimage: Preimage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_kind_of_message_can_pass_for_another() {
        assert!(Preimage::transaction(vec![0x19, 0x01]).is_none());
        assert!(Preimage::transaction(vec![0x05, 0xc0]).is_none());
        assert!(Preimage::transaction(vec![0x03, 0xc0]).is_none(), "blob transactions are not signed");
        assert!(Preimage::transaction(Vec::new()).is_none());
        assert!(Preimage::authorization(vec![0x02, 0xc0]).is_none());
        assert!(Preimage::transaction(vec![0xf8, 0x00]).is_some());
        assert!(Preimage::transaction(vec![0x7f; 32]).is_none(), "a bare hash is no transaction");
    }

    #[test]
    fn a_hash_given_as_a_message_is_hashed_again() {
        let hash = [7u8; 32];
        assert_ne!(Preimage::personal_message(&hash).digest().0, hash);
        let hello = Preimage::personal_message(b"hello world").digest();
        assert_eq!(hello.to_string(), "0xd9eba16ed0ecae432b71fe008c98cc872bb4cc214d3220a36f365326cf807d68");
    }
}
