//! What a wallet's keys come from: the words of a phrase (BIP-39), a bare seed, or the root key itself (BIP-32).
//!
//! Words are the usual case. A seed is what shares of other wallets hold (SLIP-39), a root key what an `xprv` writes; no words
//! can be made of either. Nothing here derives a key.

use bitcoin::{
    NetworkKind,
    bip32::{ChainCode, ChildNumber, Fingerprint, Xpriv},
    secp256k1::SecretKey,
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{KeystoreError, Phrase, SecretBytes};
use crate::network::NetworkClass;

/// Bytes of a seed that BIP-32 makes a root key of.
const SEED_BYTES: std::ops::RangeInclusive<usize> = 16..=64;
/// Bytes of a chain code, and of a private key.
const HALF: usize = 32;

/// What a wallet's keys come from.
pub enum MasterSecret {
    /// The words of a phrase; a passphrase may belong to them.
    Phrase(Phrase),
    /// A seed without words.
    Seed(Seed),
    /// The root key.
    RootKey(RootKey),
}

/// A seed of 16 to 64 bytes from which BIP-32 makes the root key.
///
/// ```compile_fail
/// fn printed(seed: &fastness::keystore::Seed) -> String { format!("{seed:?}") }
/// ```
pub struct Seed(SecretBytes);

/// An extended private key without a parent: chain code and key, 32 bytes each.
///
/// ```compile_fail
/// fn printed(key: &fastness::keystore::RootKey) -> String { format!("{key:?}") }
/// ```
pub struct RootKey(SecretBytes);

impl Seed {
    /// Takes the bytes over.
    ///
    /// # Errors
    /// Fewer than 16 or more than 64.
    pub fn new(bytes: SecretBytes) -> Result<Self, KeystoreError> {
        let fits = SEED_BYTES.contains(&bytes.as_bytes().len());
        if fits { Ok(Self(bytes)) } else { Err(KeystoreError::Secret("a seed has 16 to 64 bytes (BIP-32)")) }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl RootKey {
    /// Reads an `xprv` or `tprv` (BIP-32) of depth 0; the class of networks that it is written for.
    ///
    /// # Errors
    /// It is no extended private key, or one with a parent: below it no other account can be made.
    pub fn parse(typed: &str) -> Result<(Self, NetworkClass), KeystoreError> {
        let wrong = KeystoreError::PrivateKey;
        let mut key: Xpriv = typed.trim().parse().map_err(|_| wrong("this is not an extended private key"))?;
        let class = if key.network == NetworkKind::Main { NetworkClass::Main } else { NetworkClass::Test };
        let is_root = key.depth == 0
            && key.parent_fingerprint == Fingerprint::default()
            && key.child_number == ChildNumber::Normal { index: 0 };
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * HALF));
        bytes.extend_from_slice(key.chain_code.as_bytes());
        bytes.extend_from_slice(&*Zeroizing::new(key.private_key.secret_bytes()));
        key.private_key.non_secure_erase();
        if !is_root {
            return Err(wrong("this is the key of an account, not of a wallet: it has a parent"));
        }
        Ok((Self(SecretBytes::new(std::mem::take(&mut *bytes))), class))
    }

    /// The same from its 64 bytes.
    pub(super) fn from_bytes(bytes: SecretBytes) -> Result<Self, KeystoreError> {
        let key = Self(bytes);
        key.halves().map(|_| ())?;
        Ok(key)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The key for a kind of network. The caller wipes it.
    pub(super) fn xpriv(&self, network: NetworkKind) -> Result<Xpriv, KeystoreError> {
        let (chain_code, private_key) = self.halves()?;
        Ok(Xpriv {
            network,
            depth: 0,
            parent_fingerprint: Fingerprint::default(),
            child_number: ChildNumber::Normal { index: 0 },
            private_key,
            chain_code,
        })
    }

    fn halves(&self) -> Result<(ChainCode, SecretKey), KeystoreError> {
        let damaged = || KeystoreError::Damaged("its root key is none");
        let (chain_code, key) = self.as_bytes().split_first_chunk::<HALF>().ok_or_else(damaged)?;
        let key = SecretKey::from_slice(key).map_err(|_| damaged())?;
        Ok((ChainCode::from(*chain_code), key))
    }
}

impl MasterSecret {
    /// The words, where there are any.
    ///
    /// # Errors
    /// It is a seed or a root key.
    pub const fn phrase(&self) -> Result<&Phrase, KeystoreError> {
        match self {
            Self::Phrase(phrase) => Ok(phrase),
            Self::Seed(_) | Self::RootKey(_) => Err(KeystoreError::NoWords),
        }
    }

    /// Compares without telling where they differ.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Phrase(one), Self::Phrase(two)) => one.same_as(two),
            (Self::Seed(one), Self::Seed(two)) => one.as_bytes().ct_eq(two.as_bytes()).into(),
            (Self::RootKey(one), Self::RootKey(two)) => one.as_bytes().ct_eq(two.as_bytes()).into(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::{Keys, Language};
    use crate::seal::Sealed;

    /// Root key of BIP-32's test vector 1, whose seed is the bytes 0 to 15.
    const XPRV: &str = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
    /// m/0h of the same vector.
    const CHILD: &str = "xprv9uHRZZhk6KAJC1avXpDAp4MDc3sQKNxDiPvvkX8Br5ngLNv1TxvUxt4cV1rGL5hj6KCesnDYUhd7oWgT11eZG7XnxHrnYeSvkzY7d2bhkJ7";

    #[test]
    fn a_seed_and_its_root_key_make_the_same_wallet() {
        let seed = Seed::new(SecretBytes::new((0..16).collect())).unwrap();
        let (root, class) = RootKey::parse(XPRV).unwrap();
        assert_eq!(class, NetworkClass::Main);
        let fingerprint =
            |secret| Keys::from_secret(&secret, None, class, &Sealed::for_tests()).ok().unwrap().fingerprint();
        assert_eq!(fingerprint(MasterSecret::Seed(seed)).to_string(), "3442193e");
        assert_eq!(fingerprint(MasterSecret::RootKey(root)).to_string(), "3442193e");
    }

    #[test]
    fn what_is_no_root_key_is_refused() {
        for (text, why) in [(CHILD, "it has a parent"), (&XPRV[1..], "not an extended"), ("", "not an extended")] {
            let error = RootKey::parse(text).err().unwrap().to_string();
            assert!(error.contains(why), "{error}");
        }
        assert!(RootKey::from_bytes(SecretBytes::new(vec![0; 64])).is_err(), "zero is no private key");
        assert!(RootKey::from_bytes(SecretBytes::new(vec![1; 63])).is_err());
        for length in [0, 15, 65] {
            assert!(Seed::new(SecretBytes::new(vec![1; length])).is_err(), "{length}");
        }
    }

    #[test]
    fn only_the_same_secret_is_the_same() {
        let seed = |byte| MasterSecret::Seed(Seed::new(SecretBytes::new(vec![byte; 64])).unwrap());
        let root = |byte| MasterSecret::RootKey(RootKey::from_bytes(SecretBytes::new(vec![byte; 64])).unwrap());
        let phrase =
            || MasterSecret::Phrase(Phrase::parse_in(Language::English, &("zoo ".repeat(11) + "wrong")).unwrap());
        assert!(seed(1).same_as(&seed(1)) && root(1).same_as(&root(1)) && phrase().same_as(&phrase()));
        assert!(!seed(1).same_as(&seed(2)) && !seed(1).same_as(&root(1)) && !phrase().same_as(&seed(1)));
        assert!(matches!(seed(1).phrase(), Err(KeystoreError::NoWords)) && phrase().phrase().is_ok());
    }
}
