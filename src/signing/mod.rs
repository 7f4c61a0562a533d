//! The slot between chain/ and keystore/: a chain hands out digests, the keystore hands back signatures.
//!
//! No I/O and no secrets here. A job names the public key it expects, so that a wrong path can never yield a signature.

mod ethereum;

use bitcoin::bip32::DerivationPath;

pub use ethereum::{EthereumJob, Preimage};

use crate::network::Network;

/// Which signature algorithm a job asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// ECDSA over secp256k1: RFC 6979 nonce, low S, low R (grinding as Bitcoin Core does), 64 bytes compact.
    EcdsaLowR,
    /// BIP-340 Schnorr with the BIP-341 key-path tweak of an output without scripts, all-zero auxiliary data, 64 bytes.
    TaprootKeyPath,
}

/// One signature to be made.
#[derive(Clone, Debug)]
pub struct Job {
    /// Path from the master key, e.g. m/84'/0'/0'/0/7.
    pub path: DerivationPath,
    /// Compressed public key that the key at `path` must have (before any taproot tweak); else nothing is signed.
    pub public_key: bitcoin::secp256k1::PublicKey,
    /// Algorithm.
    pub scheme: Scheme,
    /// The 32-byte message: a BIP-143, BIP-341 or legacy signature hash that chain/ computed from the transaction.
    pub digest: [u8; 32],
}

/// The answer to one [`Job`], in the same order as the jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// 64 bytes: r then s (ECDSA), or a BIP-340 signature.
    pub bytes: [u8; 64],
}

/// A finished transaction, ready to be written or sent. Made only after Bitcoin Core's code accepted every input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The ledger it belongs to.
    pub network: Network,
    /// Transaction id in display order.
    pub id: String,
    /// The raw transaction, as it goes over the wire.
    pub bytes: Vec<u8>,
    /// Value of every input in satoshi, in order, so that the fee can be re-computed from this alone.
    pub input_amounts: Vec<u64>,
}
