//! PSBTs in and out: base64, hex or binary, detected; BIP-174 version 0.
//!
//! Parses only; what a PSBT claims is judged in decode.rs.

use base64::{Engine, engine::general_purpose::STANDARD};
use bitcoin::{Psbt, Transaction, consensus};
use hex::FromHex;

use super::BitcoinError;
use crate::text::SafeText;

/// First bytes of every PSBT (BIP-174).
const MAGIC: &[u8] = b"psbt\xff";
/// No PSBT or transaction above this is read: four times the largest block.
pub const MAX_BYTES: usize = 16_000_000;

/// What a blob of bytes turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blob {
    /// A partially signed transaction.
    Psbt(Box<Psbt>),
    /// A raw transaction.
    Transaction(Transaction),
}

/// Reads a PSBT or raw transaction from base64, hex or binary.
///
/// # Errors
/// It is neither, or a PSBT that breaks BIP-174.
pub fn read(bytes: &[u8]) -> Result<Blob, BitcoinError> {
    if bytes.len() > MAX_BYTES {
        return Err(BitcoinError::NotAPsbt(SafeText::new("larger than any block")));
    }
    let binary = decoded(bytes);
    if binary.starts_with(MAGIC) {
        return Psbt::deserialize(&binary).map_err(|_| broken(&binary)).map(|psbt| Blob::Psbt(Box::new(psbt)));
    }
    consensus::deserialize::<Transaction>(&binary).map(Blob::Transaction).map_err(|_| {
        BitcoinError::NotAPsbt(SafeText::new("neither a PSBT nor a raw transaction in base64, hex or binary"))
    })
}

/// Reads a PSBT; a raw transaction is refused.
///
/// # Errors
/// Not a PSBT, or one that breaks BIP-174.
pub fn read_psbt(bytes: &[u8]) -> Result<Psbt, BitcoinError> {
    match read(bytes)? {
        Blob::Psbt(psbt) => Ok(*psbt),
        Blob::Transaction(_) => Err(BitcoinError::NotAPsbt(SafeText::new(
            "a raw transaction; without its previous outputs it cannot be reviewed or signed",
        ))),
    }
}

/// Base64, as wallets exchange it.
#[must_use]
pub fn to_base64(psbt: &Psbt) -> String {
    STANDARD.encode(psbt.serialize())
}

/// The binary behind base64 or hex text; anything else is taken as binary.
fn decoded(bytes: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    let text: String = text.split_ascii_whitespace().collect();
    if let Ok(binary) = Vec::from_hex(&text) {
        return binary;
    }
    STANDARD.decode(&text).unwrap_or_else(|_| bytes.to_vec())
}

/// Says what can be said about a PSBT that does not parse: version 2 is the usual reason.
fn broken(binary: &[u8]) -> BitcoinError {
    // A version-2 PSBT (BIP-370) has no unsigned transaction (key type 0x00) first, but fields 0x02 to 0x06 and 0xfb.
    let version_2 = binary.get(MAGIC.len()..MAGIC.len() + 2).is_some_and(|head| matches!(head, [1, 2..=6 | 0xfb]));
    let what = if version_2 {
        "it is of version 2 (BIP-370); export it as version 0"
    } else {
        "it breaks the rules of BIP-174"
    };
    BitcoinError::NotAPsbt(SafeText::new(what))
}
