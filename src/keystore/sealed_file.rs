//! The wallet file, versions 1 (words) and 2 (a seed or a root key): JSON with public facts, and a ciphertext that is bound to every one of them.
//!
//! A file is accepted only if it is, byte for byte, what this program would write for the same content; so white space,
//! key order, duplicates and trailing bytes are not questions of taste. This file never touches the disk.
//!
//! - `header` as compact JSON is the associated data of AES-256-GCM.
//! - `header.commitment` = HMAC-SHA256(last 32 bytes of scrypt's output, [`COMMITMENT_LABEL`]); it is compared first.
//! - `checksum` = SHA-256(header as compact JSON, then the ciphertext's bytes): tells an accident from a wrong password.
//!   It has no key: an attacker who edits the file on purpose meets the commitment and the cipher's tag.

use aes_gcm::{AeadInPlace, Nonce};
use bitcoin::bip32::Fingerprint;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    Cost, Hexed, KeystoreError, Language, MasterSecret, Passphrase, Phrase, RootKey, SecretBytes, Seed, WordCount,
    entropy::fresh, hexed::HexedBytes, kdf::Derived, secret::MAX_SECRET,
};
use crate::network::NetworkClass;

/// The version of a file with words, and of one without.
const WITH_WORDS: u64 = 1;
const WITHOUT_WORDS: u64 = 2;
/// What the commitment's key is asked to sign, in both versions.
const COMMITMENT_LABEL: &[u8] = b"fastness wallet file, version 1: this key and no other";
/// Space for entropy in the plaintext: its length, then up to 32 bytes.
const ENTROPY_ROOM: usize = 1 + 32;
/// Space for a passphrase: its length, then up to 1024 bytes.
const PASSPHRASE_ROOM: usize = 2 + MAX_SECRET;
/// Size of every plaintext with words, so that the file's length tells nothing about a stored passphrase.
const PLAIN_SIZE: usize = ENTROPY_ROOM + PASSPHRASE_ROOM;
/// Space for a seed or a root key: which of them, the length, then up to 64 bytes.
const SECRET_ROOM: usize = 2 + 64;
/// Which of them it is.
const SEED: u8 = 1;
const ROOT_KEY: u8 = 2;

/// How the BIP-39 passphrase takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PassphraseUse {
    /// There is none.
    None,
    /// It lies in the file, encrypted with the words.
    Stored,
    /// It is asked for each time, and is nowhere written.
    Asked,
}

/// The key derivation's name in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KdfName {
    /// RFC 7914.
    #[serde(rename = "scrypt")]
    Scrypt,
}

/// The cipher's name in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CipherName {
    /// NIST SP 800-38D with a 256-bit key, 96-bit nonce and 128-bit tag.
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
}

/// How the password becomes keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KdfHeader {
    /// Which function.
    pub name: KdfName,
    /// Scrypt's N.
    pub n: u64,
    /// Scrypt's r.
    pub r: u32,
    /// Scrypt's p.
    pub p: u32,
    /// Fresh on every write.
    pub salt: Hexed<32>,
}

/// How the secret is encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CipherHeader {
    /// Which cipher.
    pub name: CipherName,
    /// Fresh on every write.
    pub nonce: Hexed<12>,
}

/// The public facts of a wallet file. Read without the password, they are claims; [`super::unlock`] proves them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The format's version.
    pub version: u64,
    /// Random, the same for the wallet's whole life.
    pub id: Hexed<16>,
    /// Main or test; keys of the other class are never derived.
    pub network_class: NetworkClass,
    /// Fingerprint of the master key (BIP-32), the passphrase included.
    pub fingerprint: Fingerprint,
    /// Number of words; 0 where there are none.
    pub words: u64,
    /// The words' language, where there are words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Whether there is a passphrase, and where.
    pub passphrase: PassphraseUse,
    /// How the password becomes keys.
    pub kdf: KdfHeader,
    /// How the secret is encrypted.
    pub cipher: CipherHeader,
    /// Which key this file is for.
    pub commitment: Hexed<32>,
}

/// What stays the same when a file is written anew.
#[derive(Clone, Copy)]
pub(super) struct Facts {
    pub(super) id: Hexed<16>,
    pub(super) network_class: NetworkClass,
    pub(super) fingerprint: Fingerprint,
    pub(super) passphrase: PassphraseUse,
}

/// What the file hides.
pub(super) struct Plain {
    pub(super) secret: MasterSecret,
    pub(super) stored: Option<Passphrase>,
}

/// A whole file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SealedFile {
    header: Header,
    ciphertext: HexedBytes,
    checksum: Hexed<32>,
}

/// Only the version, of any file that has one: a newer file must not be called damaged.
#[derive(Deserialize)]
struct Versioned {
    header: VersionedHeader,
}

#[derive(Deserialize)]
struct VersionedHeader {
    version: u64,
}

impl Header {
    /// The cost of one guess, within bounds.
    ///
    /// # Errors
    /// Too weak or too heavy.
    pub fn cost(&self) -> Result<Cost, KeystoreError> {
        Cost::new(self.kdf.n, self.kdf.r, self.kdf.p)
    }

    /// A file of words says how many and of which language; one without says neither, and no passphrase belongs to it.
    fn fits_its_version(&self) -> bool {
        let has_words = WordCount::ALL.into_iter().any(|count| words_as_number(count) == self.words);
        match self.version {
            WITH_WORDS => has_words && self.language.is_some(),
            _ => self.words == 0 && self.language.is_none() && self.passphrase == PassphraseUse::None,
        }
    }

    pub(super) const fn facts(&self) -> Facts {
        Facts {
            id: self.id,
            network_class: self.network_class,
            fingerprint: self.fingerprint,
            passphrase: self.passphrase,
        }
    }

    /// A header with fresh salt and nonce; its commitment is still to be computed.
    pub(super) fn fresh(facts: Facts, secret: &MasterSecret, cost: Cost) -> Result<Self, KeystoreError> {
        let (n, r, p) = cost.numbers();
        let (salt, nonce) = (fresh::<32>()?, fresh::<12>()?);
        // A generator that says the same thing twice is broken (as one whose calls are faked would be).
        if salt.starts_with(&nonce) || salt.starts_with(&facts.id.0) || facts.id.0.starts_with(&nonce) {
            return Err(KeystoreError::Randomness("it repeats itself"));
        }
        let words = words_of(secret);
        Ok(Self {
            version: if words == 0 { WITHOUT_WORDS } else { WITH_WORDS },
            id: facts.id,
            network_class: facts.network_class,
            fingerprint: facts.fingerprint,
            words,
            language: secret.phrase().ok().map(Phrase::language),
            passphrase: facts.passphrase,
            kdf: KdfHeader { name: KdfName::Scrypt, n, r, p, salt: Hexed(salt) },
            cipher: CipherHeader { name: CipherName::Aes256Gcm, nonce: Hexed(nonce) },
            commitment: Hexed([0; 32]),
        })
    }

    /// The associated data.
    fn canonical(&self) -> Result<Vec<u8>, KeystoreError> {
        serde_json::to_vec(self).map_err(|_| KeystoreError::SelfCheck("writing the header"))
    }
}

impl SealedFile {
    /// Reads a file and judges everything that needs no password. Takes no memory that the file's size does not bound.
    ///
    /// # Errors
    /// A newer version; not exactly our own form; a wrong checksum; a cost outside the bounds.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, KeystoreError> {
        let file: Self = serde_json::from_slice(bytes).map_err(|_| unreadable(bytes))?;
        if !is_known(file.header.version) {
            return Err(KeystoreError::UnknownVersion(file.header.version));
        }
        if file.to_bytes()? != bytes {
            return Err(KeystoreError::Damaged("it is not in the form in which it was written"));
        }
        file.header.cost()?;
        if file.checksum != file.compute_checksum()? {
            return Err(KeystoreError::Damaged("its checksum is wrong"));
        }
        if !file.header.fits_its_version() {
            return Err(KeystoreError::Damaged("there is no phrase with that many words"));
        }
        Ok(file)
    }

    /// The file's bytes.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, KeystoreError> {
        let mut bytes =
            serde_json::to_vec_pretty(self).map_err(|_| KeystoreError::SelfCheck("writing the wallet file"))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    pub(super) const fn header(&self) -> &Header {
        &self.header
    }

    /// Encrypts under a key that was derived with the header's own salt and cost.
    pub(super) fn seal(mut header: Header, key: &Derived, plain: &Plain) -> Result<Self, KeystoreError> {
        header.commitment = Hexed(key.commitment(COMMITMENT_LABEL)?);
        let mut buffer = encode(plain)?;
        let nonce = Nonce::from(header.cipher.nonce.0);
        let tag = key
            .cipher()?
            .encrypt_in_place_detached(&nonce, &header.canonical()?, &mut buffer)
            .map_err(|_| KeystoreError::SelfCheck("encrypting"))?;
        buffer.extend_from_slice(&tag);
        let mut file = Self { header, ciphertext: HexedBytes(std::mem::take(&mut *buffer)), checksum: Hexed([0; 32]) };
        file.checksum = file.compute_checksum()?;
        Ok(file)
    }

    /// Decrypts: first the commitment, in constant time; then the tag over header and ciphertext; then the content.
    ///
    /// # Errors
    /// Another key; a changed header or ciphertext; content that is not a phrase, or not the one of the header.
    pub(super) fn open(&self, key: &Derived) -> Result<Plain, KeystoreError> {
        if !bool::from(key.commitment(COMMITMENT_LABEL)?.ct_eq(&self.header.commitment.0)) {
            return Err(KeystoreError::WrongPassword);
        }
        let damaged = || KeystoreError::Damaged("its content was changed");
        let mut buffer = Zeroizing::new(self.ciphertext.0.clone());
        let tag = buffer.len().checked_sub(16).map(|start| buffer.split_off(start)).ok_or_else(damaged)?;
        let nonce = Nonce::from(self.header.cipher.nonce.0);
        key.cipher()?
            .decrypt_in_place_detached(&nonce, &self.header.canonical()?, &mut buffer, tag.as_slice().into())
            .map_err(|_| damaged())?;
        let plain = match self.header.language {
            Some(language) => decode(&buffer, language)?,
            None => decode_without_words(&buffer)?,
        };
        let stored = self.header.passphrase == PassphraseUse::Stored;
        if words_of(&plain.secret) != self.header.words || plain.stored.is_some() != stored {
            return Err(KeystoreError::Damaged("its content contradicts its header"));
        }
        Ok(plain)
    }

    fn compute_checksum(&self) -> Result<Hexed<32>, KeystoreError> {
        let hash = Sha256::new().chain_update(self.header.canonical()?).chain_update(&self.ciphertext.0);
        Ok(Hexed(hash.finalize().into()))
    }
}

/// Why a file does not read as one of ours: it may be one of tomorrow's.
fn unreadable(bytes: &[u8]) -> KeystoreError {
    match serde_json::from_slice(bytes) {
        Ok(Versioned { header: VersionedHeader { version } }) if !is_known(version) => {
            KeystoreError::UnknownVersion(version)
        }
        _ => KeystoreError::Damaged("it does not read as a wallet"),
    }
}

const fn is_known(version: u64) -> bool {
    matches!(version, WITH_WORDS | WITHOUT_WORDS)
}

fn words_of(secret: &MasterSecret) -> u64 {
    secret.phrase().map_or(0, |phrase| words_as_number(phrase.count()))
}

fn words_as_number(count: WordCount) -> u64 {
    // At most 24.
    u64::try_from(count.words()).unwrap_or(0)
}

/// With words: entropy length (1 byte), entropy in 32. Without: which of them (1 byte), its length (1), its bytes in 64. Then passphrase length (2, big-endian), passphrase in 1024; zeros to the end.
fn encode(plain: &Plain) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let too_long = |_| KeystoreError::SelfCheck("the content's size");
    let entropy;
    let (kind, secret, room) = match &plain.secret {
        MasterSecret::Phrase(phrase) => {
            entropy = phrase.entropy();
            (None, entropy.as_bytes(), ENTROPY_ROOM)
        }
        MasterSecret::Seed(seed) => (Some(SEED), seed.as_bytes(), SECRET_ROOM),
        MasterSecret::RootKey(key) => (Some(ROOT_KEY), key.as_bytes(), SECRET_ROOM),
    };
    let stored = plain.stored.as_ref().map_or("", Passphrase::as_str).as_bytes();
    // Capacity for the tag as well, so that the secret is never moved.
    let mut buffer = Zeroizing::new(Vec::with_capacity(room + PASSPHRASE_ROOM + 16));
    buffer.extend(kind);
    buffer.push(u8::try_from(secret.len()).map_err(too_long)?);
    buffer.extend_from_slice(secret);
    buffer.resize(room, 0);
    buffer.extend_from_slice(&u16::try_from(stored.len()).map_err(too_long)?.to_be_bytes());
    buffer.extend_from_slice(stored);
    buffer.resize(room + PASSPHRASE_ROOM, 0);
    Ok(buffer)
}

fn decode(buffer: &[u8], language: Language) -> Result<Plain, KeystoreError> {
    let damaged = || KeystoreError::Damaged("its content has another form");
    if buffer.len() != PLAIN_SIZE {
        return Err(damaged());
    }
    let (entropy, passphrase) = buffer.split_at(ENTROPY_ROOM);
    let (size, entropy) = entropy.split_first().ok_or_else(damaged)?;
    let entropy = unpadded(entropy, usize::from(*size)).ok_or_else(damaged)?;
    let (size, passphrase) = passphrase.split_first_chunk::<2>().ok_or_else(damaged)?;
    let passphrase = unpadded(passphrase, usize::from(u16::from_be_bytes(*size))).ok_or_else(damaged)?;
    let phrase = Phrase::from_entropy(&SecretBytes::new(entropy.to_vec()), language)?;
    let stored = match passphrase {
        [] => None,
        text => Some(Passphrase::new(std::str::from_utf8(text).map_err(|_| damaged())?.to_owned())?),
    };
    Ok(Plain { secret: MasterSecret::Phrase(phrase), stored })
}

/// A seed or a root key; no passphrase belongs to either.
fn decode_without_words(buffer: &[u8]) -> Result<Plain, KeystoreError> {
    let damaged = || KeystoreError::Damaged("its content has another form");
    let (secret, passphrase) = buffer.split_at_checked(SECRET_ROOM).ok_or_else(damaged)?;
    let ([kind, size], room) = secret.split_first_chunk::<2>().ok_or_else(damaged)?;
    if passphrase.len() != PASSPHRASE_ROOM || passphrase.iter().any(|byte| *byte != 0) {
        return Err(damaged());
    }
    let bytes = SecretBytes::new(unpadded(room, usize::from(*size)).ok_or_else(damaged)?.to_vec());
    let secret = match *kind {
        SEED => MasterSecret::Seed(Seed::new(bytes)?),
        ROOT_KEY => MasterSecret::RootKey(RootKey::from_bytes(bytes)?),
        _ => return Err(damaged()),
    };
    Ok(Plain { secret, stored: None })
}

/// The first `size` bytes, if all others are zero.
fn unpadded(room: &[u8], size: usize) -> Option<&[u8]> {
    let (content, padding) = room.split_at_checked(size)?;
    padding.iter().all(|byte| *byte == 0).then_some(content)
}

#[cfg(test)]
#[path = "sealed_file_tests.rs"]
mod tests;
