//! A document under a password of its own: what is in it is sealed with the cipher and the key derivation of wallet files.
//!
//! One line of JSON with public facts, then the ciphertext. The line is the associated data of the cipher, so that no change of
//! it goes unnoticed. This file never touches the disk; what the document holds is its caller's.

use aes_gcm::{AeadInPlace, Nonce};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    CipherHeader, CipherName, Cost, Hexed, KdfHeader, KdfName, KeystoreError, Password, SecretBytes, entropy::fresh,
    kdf::Derived,
};
use crate::seal::Sealed;

/// How a document begins.
const MAGIC: &[u8] = b"{\"fastness_backup\":";
/// The version that this program writes.
const VERSION: u64 = 1;
/// Longest first line.
const MAX_HEADER: usize = 1024;
/// What the commitment's key is asked to sign.
const COMMITMENT_LABEL: &[u8] = b"fastness backup file, version 1: this key and no other";
const TAG: usize = 16;

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentHeader {
    /// The format's version.
    fastness_backup: u64,
    kdf: KdfHeader,
    cipher: CipherHeader,
    /// Which key this document is for (as in a wallet file).
    commitment: Hexed<32>,
}

/// Only the version: a newer document must not be called damaged.
#[derive(Deserialize)]
struct DocumentVersion {
    fastness_backup: u64,
}

/// Whether bytes begin as a document does.
#[must_use]
pub fn is_document(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Seals a document; it was opened again and compared.
///
/// # Errors
/// The generator or the memory fails, or a check of our own.
pub fn seal_document(
    plain: &SecretBytes,
    password: &Password,
    cost: Cost,
    sealed: &Sealed,
) -> Result<Vec<u8>, KeystoreError> {
    let (salt, nonce) = (fresh::<32>()?, fresh::<12>()?);
    if salt.starts_with(&nonce) {
        return Err(KeystoreError::Randomness("it repeats itself"));
    }
    let (n, r, p) = cost.numbers();
    let key = Derived::from_password(password, &salt, cost)?;
    let header = DocumentHeader {
        fastness_backup: VERSION,
        kdf: KdfHeader { name: KdfName::Scrypt, n, r, p, salt: Hexed(salt) },
        cipher: CipherHeader { name: CipherName::Aes256Gcm, nonce: Hexed(nonce) },
        commitment: Hexed(key.commitment(COMMITMENT_LABEL)?),
    };
    let mut bytes = serde_json::to_vec(&header).map_err(|_| KeystoreError::SelfCheck("writing the header"))?;
    let mut content = Zeroizing::new(plain.as_bytes().to_vec());
    let tag = key
        .cipher()?
        .encrypt_in_place_detached(&Nonce::from(nonce), &bytes, &mut content)
        .map_err(|_| KeystoreError::SelfCheck("encrypting"))?;
    bytes.push(b'\n');
    bytes.extend_from_slice(&content);
    bytes.extend_from_slice(&tag);
    let again = open_document(&bytes, password, sealed)?;
    if bool::from(again.as_bytes().ct_eq(plain.as_bytes())) {
        Ok(bytes)
    } else {
        Err(KeystoreError::SelfCheck("the new document holds something else than was put in"))
    }
}

/// Opens a document.
///
/// # Errors
/// Another password; a newer version; a changed header or content; a cost outside the bounds.
pub fn open_document(bytes: &[u8], password: &Password, _sealed: &Sealed) -> Result<SecretBytes, KeystoreError> {
    let damaged = || KeystoreError::Damaged("it does not read as a backup file");
    let end = bytes.iter().take(MAX_HEADER).position(|byte| *byte == b'\n').ok_or_else(damaged)?;
    let (line, rest) = bytes.split_at_checked(end).ok_or_else(damaged)?;
    let header = header(line)?;
    let cost = Cost::new(header.kdf.n, header.kdf.r, header.kdf.p)?;
    let key = Derived::from_password(password, &header.kdf.salt.0, cost)?;
    if !bool::from(key.commitment(COMMITMENT_LABEL)?.ct_eq(&header.commitment.0)) {
        return Err(KeystoreError::WrongPassword);
    }
    let content = rest.strip_prefix(b"\n").ok_or_else(damaged)?;
    let (content, tag) =
        content.len().checked_sub(TAG).and_then(|size| content.split_at_checked(size)).ok_or_else(damaged)?;
    let mut plain = Zeroizing::new(content.to_vec());
    key.cipher()?
        .decrypt_in_place_detached(&Nonce::from(header.cipher.nonce.0), line, &mut plain, tag.into())
        .map_err(|_| KeystoreError::Damaged("its content was changed"))?;
    Ok(SecretBytes::new(std::mem::take(&mut *plain)))
}

/// The first line, exactly as it is written.
fn header(line: &[u8]) -> Result<DocumentHeader, KeystoreError> {
    let damaged = || KeystoreError::Damaged("it does not read as a backup file");
    let version: DocumentVersion = serde_json::from_slice(line).map_err(|_| damaged())?;
    if version.fastness_backup != VERSION {
        return Err(KeystoreError::UnknownVersion(version.fastness_backup));
    }
    let header: DocumentHeader = serde_json::from_slice(line).map_err(|_| damaged())?;
    let is_exact = serde_json::to_vec(&header).is_ok_and(|written| written == line);
    if is_exact { Ok(header) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned()).unwrap()
    }

    fn open(bytes: &[u8], word: &str) -> Result<Vec<u8>, KeystoreError> {
        open_document(bytes, &password(word), &Sealed::for_tests()).map(|plain| plain.as_bytes().to_vec())
    }

    #[test]
    fn a_document_opens_with_its_password_alone() {
        let plain = SecretBytes::new(b"everything".to_vec());
        let sealed = Sealed::for_tests();
        let bytes = seal_document(&plain, &password("right"), Cost::FLOOR, &sealed).unwrap();
        assert!(is_document(&bytes) && !bytes.windows(10).any(|part| part == b"everything"));
        assert_eq!(open(&bytes, "right").unwrap(), b"everything");
        assert_eq!(open(&bytes, "wrong"), Err(KeystoreError::WrongPassword));
        let again = seal_document(&plain, &password("right"), Cost::FLOOR, &sealed).unwrap();
        assert_ne!(bytes, again, "salt and nonce are fresh");
    }

    /// Every part of it, changed, cut and grown; a newer version and an absurd cost are named before any work.
    #[test]
    fn a_changed_document_is_not_opened() {
        let plain = SecretBytes::new(vec![7; 100]);
        let bytes = seal_document(&plain, &password("right"), Cost::FLOOR, &Sealed::for_tests()).unwrap();
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        for place in [end + 1, end + 50, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(matches!(open(&changed, "right"), Err(KeystoreError::Damaged(_))), "{place}");
        }
        for cut in [0, 1, end, end + 1, end + 10] {
            assert!(matches!(open(&bytes[..cut], "right"), Err(KeystoreError::Damaged(_))), "{cut}");
        }
        let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let with = |line: String| [line.as_bytes(), &bytes[end..]].concat();
        let newer = with(text.replacen(":1,", ":2,", 1));
        assert_eq!(open(&newer, "right"), Err(KeystoreError::UnknownVersion(2)));
        let heavy = with(text.replacen("131072", "1073741824", 1));
        assert!(matches!(open(&heavy, "right"), Err(KeystoreError::Kdf(_))));
        let spaced = with(text.replacen("\"kdf\":", "\"kdf\": ", 1));
        assert!(matches!(open(&spaced, "right"), Err(KeystoreError::Damaged(_))));
    }
}
