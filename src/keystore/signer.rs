//! Keys of one wallet: derive (BIP-32), hand out public account keys, sign digests.
//!
//! A private key never leaves this file, not even to the rest of the module. Every signature is verified before it is
//! given out, and a path of the other network class derives nothing.

use bitcoin::{
    NetworkKind,
    bip32::{ChainCode, ChildNumber, DerivationPath, Fingerprint, Xpriv, Xpub},
    secp256k1::{All, PublicKey, Secp256k1},
};
use hmac::{Hmac, Mac, digest::FixedOutput};
use sha2::Sha512;
use zeroize::Zeroizing;

use super::{
    KeystoreError, MasterSecret, Passphrase, Phrase, answer::answer, answer_ethereum::answer_ethereum,
    entropy::fill_from_kernel,
};
use crate::{
    account::ETHEREUM_COIN_TYPE,
    network::{Network, NetworkClass},
    seal::Sealed,
    signing::{EthereumJob, Job, Signature},
    text::SafeText,
};

/// Levels that are always hardened: purpose, coin type, account (BIP-44 and its descendants).
const ACCOUNT_DEPTH: usize = 3;
/// Deepest path: purpose, coin type, account, script type (BIP-48), chain, index.
const MAX_DEPTH: usize = 6;
/// The first level of every child seed (BIP-85).
const CHILD_PURPOSE: u32 = 83_696_968;
/// Levels of a child seed: that one, an application, at most two parameters, an index (BIP-85).
const CHILD_DEPTHS: std::ops::RangeInclusive<usize> = 3..=5;
/// What turns the key at such a path into entropy (BIP-85).
const CHILD_HMAC_KEY: &[u8] = b"bip-entropy-from-k";

/// The keys of one unlocked wallet, wiped when dropped.
///
/// ```compile_fail
/// fn printed(keys: &fastness::keystore::Keys) -> String { format!("{keys:?}") }
/// ```
pub struct Keys {
    // On the heap, so that moving `Keys` leaves no copy on the stack.
    master: Box<Wiped>,
    secp: Secp256k1<All>,
    class: NetworkClass,
    fingerprint: Fingerprint,
}

/// The root key of a seed (BIP-32).
fn root(seed: &[u8], class: NetworkClass) -> Result<Xpriv, KeystoreError> {
    Xpriv::new_master(kind(class), seed).map_err(|_| KeystoreError::SelfCheck("the seed makes no key"))
}

pub(super) const fn kind(class: NetworkClass) -> NetworkKind {
    match class {
        NetworkClass::Main => NetworkKind::Main,
        NetworkClass::Test => NetworkKind::Test,
    }
}

/// An extended private key that is overwritten when dropped.
pub(super) struct Wiped(pub(super) Xpriv);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.private_key.non_secure_erase();
        self.0.chain_code = ChainCode::from([0; 32]);
    }
}

impl Keys {
    /// The keys that these words and this passphrase make.
    ///
    /// # Errors
    /// The kernel's generator fails (it blinds the curve's arithmetic), or the seed makes no key (one in 2^127).
    pub fn from_phrase(
        phrase: &Phrase,
        passphrase: Option<&Passphrase>,
        class: NetworkClass,
        _sealed: &Sealed,
    ) -> Result<Self, KeystoreError> {
        let seed = phrase.seed(passphrase);
        Self::from_root(Box::new(Wiped(root(seed.as_slice(), class)?)), class)
    }

    /// The keys of a wallet, whatever it was made of.
    ///
    /// # Errors
    /// As [`Keys::from_phrase`]; or a passphrase for what has no words.
    pub fn from_secret(
        secret: &MasterSecret,
        passphrase: Option<&Passphrase>,
        class: NetworkClass,
        sealed: &Sealed,
    ) -> Result<Self, KeystoreError> {
        let root = match secret {
            MasterSecret::Phrase(phrase) => return Self::from_phrase(phrase, passphrase, class, sealed),
            _ if passphrase.is_some() => return Err(KeystoreError::NoWords),
            MasterSecret::Seed(seed) => root(seed.as_bytes(), class)?,
            MasterSecret::RootKey(key) => key.xpriv(kind(class))?,
        };
        Self::from_root(Box::new(Wiped(root)), class)
    }

    fn from_root(master: Box<Wiped>, class: NetworkClass) -> Result<Self, KeystoreError> {
        let secp = blinded_curve()?;
        let fingerprint = master.0.fingerprint(&secp);
        Ok(Self { master, secp, class, fingerprint })
    }

    /// Fingerprint of the master key (BIP-32).
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Main or test.
    #[must_use]
    pub const fn class(&self) -> NetworkClass {
        self.class
    }

    /// The public key of an account, e.g. at m/84'/0'/0'.
    ///
    /// # Errors
    /// A level of the path is not hardened (a public key and a private child would give the account away, BIP-32), it is
    /// not 3 or 4 levels deep, or its coin type belongs to the other network class.
    pub fn account_xpub(&self, path: &DerivationPath) -> Result<Xpub, KeystoreError> {
        if path.len() > ACCOUNT_DEPTH + 1 || path.into_iter().any(ChildNumber::is_normal) {
            return Err(refused(path, "an account has 3 or 4 levels, all hardened"));
        }
        let account = self.derive(path)?;
        Ok(Xpub::from_priv(&self.secp, &account.0))
    }

    /// Signs every job, or none. In the order of the jobs.
    ///
    /// # Errors
    /// A path of another network class or form; a key that is not the one the job names; a signature that does not verify.
    pub fn sign(&self, jobs: &[Job]) -> Result<Vec<Signature>, KeystoreError> {
        jobs.iter().map(|job| self.sign_one(job)).collect()
    }

    /// The public key of an Ethereum account, at one of the paths of [`crate::account::Layout`].
    ///
    /// # Errors
    /// Another path.
    pub fn ethereum_public_key(&self, path: &DerivationPath) -> Result<PublicKey, KeystoreError> {
        let key = self.derive_ethereum(path)?;
        Ok(PublicKey::from_secret_key(&self.secp, &key.0.private_key))
    }

    /// Signs every Ethereum job, or none. In the order of the jobs. A job holds a whole message: no hash is ever signed.
    ///
    /// # Errors
    /// A path of another form; a key that is not the one the job names; a signature that does not verify.
    pub fn sign_ethereum(&self, jobs: &[EthereumJob]) -> Result<Vec<Signature>, KeystoreError> {
        let sign = |job: &EthereumJob| {
            let key = self.derive_ethereum(&job.path)?;
            answer_ethereum(&self.secp, &key.0.private_key, job)
        };
        jobs.iter().map(sign).collect()
    }

    /// The entropy of a child seed (BIP-85): HMAC-SHA512 of the private key at a path that no account has.
    ///
    /// # Errors
    /// A path that is none of BIP-85, or has a level that is not hardened.
    pub(super) fn child_entropy(&self, path: &DerivationPath) -> Result<Zeroizing<[u8; 64]>, KeystoreError> {
        check_child_path(path)?;
        let private = Zeroizing::new(self.derive_unchecked(path)?.0.private_key.secret_bytes());
        let mut mac = <Hmac<Sha512> as Mac>::new_from_slice(CHILD_HMAC_KEY)
            .map_err(|_| KeystoreError::SelfCheck("the key of an HMAC"))?;
        mac.update(private.as_slice());
        let mut entropy = Zeroizing::new([0; 64]);
        mac.finalize_into(entropy.as_mut_slice().into());
        Ok(entropy)
    }

    fn derive_ethereum(&self, path: &DerivationPath) -> Result<Wiped, KeystoreError> {
        check_ethereum_path(path)?;
        self.derive_unchecked(path)
    }

    fn sign_one(&self, job: &Job) -> Result<Signature, KeystoreError> {
        let key = self.derive(&job.path)?;
        answer(&self.secp, &key.0.private_key, job)
    }

    fn derive(&self, path: &DerivationPath) -> Result<Wiped, KeystoreError> {
        check_path(path, self.class)?;
        self.derive_unchecked(path)
    }

    fn derive_unchecked(&self, path: &DerivationPath) -> Result<Wiped, KeystoreError> {
        let derived = self.master.0.derive_priv(&self.secp, path);
        derived.map(Wiped).map_err(|_| KeystoreError::SelfCheck("the path makes no key"))
    }
}

/// The curve, whose arithmetic is blinded with fresh bytes.
///
/// # Errors
/// The kernel's generator fails.
pub(super) fn blinded_curve() -> Result<Secp256k1<All>, KeystoreError> {
    let mut blinding = Zeroizing::new([0; 32]);
    fill_from_kernel(blinding.as_mut())?;
    let mut secp = Secp256k1::new();
    secp.seeded_randomize(&blinding);
    Ok(secp)
}

/// Three hardened levels first, of which the second is the coin type of the wallet's class (SLIP-44): 0' main, 1' test.
fn check_path(path: &DerivationPath, class: NetworkClass) -> Result<(), KeystoreError> {
    let coin_type = match class {
        NetworkClass::Main => Network::Bitcoin.coin_type(),
        NetworkClass::Test => Network::Testnet4.coin_type(),
    };
    let levels: &[ChildNumber] = path.as_ref();
    let Some((account, below)) = levels.split_at_checked(ACCOUNT_DEPTH) else {
        return Err(refused(path, "it does not reach an account"));
    };
    if !account.iter().all(ChildNumber::is_hardened) {
        return Err(refused(path, "purpose, coin type and account must be hardened"));
    }
    if account.get(1) != Some(&ChildNumber::Hardened { index: coin_type }) {
        return Err(refused(path, "its coin type belongs to another network"));
    }
    if below.len() > MAX_DEPTH - ACCOUNT_DEPTH {
        return Err(refused(path, "it is too deep"));
    }
    Ok(())
}

/// m/44'/60'/a'/0/i or m/44'/60'/a'/i: every network of the family uses the same coin type, test networks too.
fn check_ethereum_path(path: &DerivationPath) -> Result<(), KeystoreError> {
    let hard = |level: &ChildNumber, index| *level == ChildNumber::Hardened { index };
    let levels: &[ChildNumber] = path.as_ref();
    let below = match levels {
        [purpose, coin, account, below @ ..]
            if hard(purpose, 44) && hard(coin, ETHEREUM_COIN_TYPE) && account.is_hardened() =>
        {
            below
        }
        _ => return Err(refused(path, "it is not m/44'/60'/.. as Ethereum accounts have it")),
    };
    match below {
        [ChildNumber::Normal { .. }] | [ChildNumber::Normal { index: 0 }, ChildNumber::Normal { .. }] => Ok(()),
        _ => Err(refused(path, "below the account it is neither /i nor /0/i")),
    }
}

/// m/83696968'/application'/../index', all hardened (BIP-85): no account is there, and no public key leads there.
fn check_child_path(path: &DerivationPath) -> Result<(), KeystoreError> {
    let levels: &[ChildNumber] = path.as_ref();
    if levels.first() != Some(&ChildNumber::Hardened { index: CHILD_PURPOSE }) {
        return Err(refused(path, "it is not m/83696968'/.. as child seeds have it"));
    }
    if !levels.iter().all(ChildNumber::is_hardened) {
        return Err(refused(path, "a level of a child seed is not hardened"));
    }
    if !CHILD_DEPTHS.contains(&levels.len()) {
        return Err(refused(path, "no child seed is at that depth"));
    }
    Ok(())
}

fn refused(path: &DerivationPath, why: &'static str) -> KeystoreError {
    KeystoreError::Path { path: SafeText::new(&format!("m/{path}")), why }
}

#[cfg(test)]
#[path = "signer_tests.rs"]
mod tests;
