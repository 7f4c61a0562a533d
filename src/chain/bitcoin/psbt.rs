//! PSBTs in and out: base64, hex or binary, detected; BIP-174 version 0.
//!
//! Parses only; what a PSBT claims is judged in decode.rs.

use base64::{Engine, engine::general_purpose::STANDARD};
use bitcoin::{
    Psbt, Transaction, TxOut,
    absolute::LockTime,
    consensus::{self, Decodable},
};
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
    if binary.starts_with(MAGIC) { whole_psbt(&binary) } else { whole_transaction(&binary) }
}

/// A PSBT with nothing behind its last map: no review would show what follows there.
fn whole_psbt(binary: &[u8]) -> Result<Blob, BitcoinError> {
    let mut rest = binary;
    let psbt = Psbt::deserialize_from_reader(&mut rest).map_err(|_| broken(binary))?;
    if rest.is_empty() {
        return Ok(Blob::Psbt(Box::new(psbt)));
    }
    Err(BitcoinError::NotAPsbt(SafeText::new(&format!("{} bytes follow behind its end", rest.len()))))
}

fn whole_transaction(binary: &[u8]) -> Result<Blob, BitcoinError> {
    let what = match consensus::deserialize_partial::<Transaction>(binary) {
        Ok((transaction, length)) if length == binary.len() => return Ok(Blob::Transaction(transaction)),
        _ if has_no_inputs(binary) => "a transaction without inputs, which no node accepts".to_owned(),
        Ok((_, length)) => {
            format!("{} bytes follow behind the end of a transaction", binary.len().saturating_sub(length))
        }
        Err(_) if binary.starts_with(b"0x") || binary.starts_with(b"0X") => {
            "it begins with 0x; give the hex digits alone".to_owned()
        }
        Err(_) => "neither a PSBT nor a raw transaction in base64, hex or binary".to_owned(),
    };
    Err(BitcoinError::NotAPsbt(SafeText::new(&what)))
}

/// Whether the bytes are a version, no inputs, whole outputs and a lock time. A reader of BIP-144 takes the zero for a marker.
fn has_no_inputs(binary: &[u8]) -> bool {
    let Some((0, mut rest)) = binary.get(4..).and_then(|bytes| bytes.split_first()).map(|(count, rest)| (*count, rest))
    else {
        return false;
    };
    Vec::<TxOut>::consensus_decode(&mut rest).is_ok()
        && LockTime::consensus_decode(&mut rest).is_ok()
        && rest.is_empty()
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

#[cfg(test)]
mod tests {
    use super::*;

    const PAYMENT: &str = "020000000111111111111111111111111111111111111111111111111111111111111111110000000000fdffffff01e8030000000000001600142222222222222222222222222222222222222222";

    fn refusal(bytes: &[u8]) -> String {
        read(bytes).expect_err("it is refused").to_string()
    }

    #[test]
    fn a_transaction_is_read_whole_or_not_at_all() {
        let whole = format!("{PAYMENT}00000000");
        for text in [whole.clone(), whole.to_ascii_uppercase(), whole.replace("1111", "1111\r\n")] {
            assert!(matches!(read(text.as_bytes()), Ok(Blob::Transaction(_))), "{text}");
        }
        for more in ["00", "0000000000"] {
            assert!(refusal(format!("{whole}{more}").as_bytes()).contains("follow"), "{more}");
        }
        assert!(refusal(format!("0x{whole}").as_bytes()).contains("0x"));
        assert!(refusal(PAYMENT.as_bytes()).contains("neither"));
        let output = "e8030000000000001600142222222222222222222222222222222222222222";
        for (count, outputs) in [("00", String::new()), ("01", output.to_owned()), ("02", output.repeat(2))] {
            let hex = format!("0200000000{count}{outputs}00000000");
            assert!(refusal(hex.as_bytes()).contains("without inputs"), "{count}");
        }
    }

    #[test]
    fn nothing_follows_a_psbt() {
        let transaction: Transaction =
            consensus::encode::deserialize_hex(&format!("{PAYMENT}00000000")).expect("a transaction");
        let binary = Psbt::from_unsigned_tx(transaction).expect("unsigned").serialize();
        assert!(matches!(read(&binary), Ok(Blob::Psbt(_))));
        for more in [&[0u8][..], b"\x01\x00\x01x\x00", b"psbt\xff", &binary] {
            let longer = [binary.as_slice(), more].concat();
            for form in [longer.clone(), STANDARD.encode(&longer).into_bytes()] {
                assert!(refusal(&form).contains("behind its end"), "{more:?}");
            }
        }
    }
}
