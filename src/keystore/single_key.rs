//! A single private key in wallet import format, for sweeping a paper wallet: signs, and is forgotten.
//!
//! Never stored, never derived from. The wallet that receives the money has keys of its own.

use bitcoin::{
    NetworkKind, PrivateKey,
    secp256k1::{All, PublicKey, Secp256k1},
};
use zeroize::Zeroizing;

use super::{KeystoreError, answer::answer};
use crate::{
    network::NetworkClass,
    seal::Sealed,
    signing::{Job, Signature},
};

/// One private key, wiped when dropped.
///
/// ```compile_fail
/// fn printed(key: &fastness::keystore::SingleKey) -> String { format!("{key:?}") }
/// ```
pub struct SingleKey {
    key: PrivateKey,
    secp: Secp256k1<All>,
}

impl Drop for SingleKey {
    fn drop(&mut self) {
        self.key.inner.non_secure_erase();
    }
}

impl SingleKey {
    /// Reads wallet import format; the typed text is wiped.
    ///
    /// # Errors
    /// It is not such a key, is one of the other network class, or belongs to an uncompressed public key.
    pub fn parse(typed: String, class: NetworkClass, _sealed: &Sealed) -> Result<Self, KeystoreError> {
        let typed = Zeroizing::new(typed);
        let key = PrivateKey::from_wif(typed.trim())
            .map_err(|_| KeystoreError::PrivateKey("this is not a private key in wallet import format"))?;
        let single = Self { key, secp: Secp256k1::new() };
        let found = if key.network == NetworkKind::Main { NetworkClass::Main } else { NetworkClass::Test };
        if found != class {
            return Err(KeystoreError::PrivateKey("this private key belongs to the other kind of network"));
        }
        if !key.compressed {
            return Err(KeystoreError::PrivateKey(
                "this private key belongs to an uncompressed public key, which is not supported",
            ));
        }
        Ok(single)
    }

    /// Its public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.key.inner.public_key(&self.secp)
    }

    /// Signs every job, or none. In the order of the jobs.
    ///
    /// # Errors
    /// A job names another key; a signature does not verify.
    pub fn sign(&self, jobs: &[Job]) -> Result<Vec<Signature>, KeystoreError> {
        jobs.iter().map(|job| answer(&self.secp, &self.key.inner, job)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIF: &str = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";

    fn parse(text: &str, class: NetworkClass) -> Result<SingleKey, KeystoreError> {
        SingleKey::parse(text.to_owned(), class, &Sealed::for_tests())
    }

    #[test]
    fn reads_the_key_whose_secret_is_one() {
        let key = parse(WIF, NetworkClass::Test).ok().unwrap();
        let generator = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        assert_eq!(key.public_key().to_string(), generator);
    }

    #[test]
    fn refuses_other_networks_other_forms_and_typos() {
        assert!(parse(WIF, NetworkClass::Main).is_err());
        assert!(parse("5HpHagT65TZzG1PH3CSu63k8DbpvD8s5ip4nEB3kEsreAnchuDf", NetworkClass::Main).is_err());
        assert!(parse(&WIF.replace('z', "y"), NetworkClass::Test).is_err());
    }
}
