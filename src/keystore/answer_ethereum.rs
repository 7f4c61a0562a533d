//! One Ethereum job, one private key, one signature, verified before it is given out.
//!
//! Hashes the whole message itself; there is no way to have a hash of a caller's choice signed.

use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};
use k256::ecdsa::{
    Signature as Ecdsa, SigningKey,
    signature::hazmat::{PrehashSigner, PrehashVerifier},
};
use zeroize::Zeroizing;

use super::KeystoreError;
use crate::{
    signing::{EthereumJob, Signature},
    text::SafeText,
};

/// Signs a job with the key that it names: RFC 6979 nonce, low S (EIP-2), so that another tool can compare.
pub(super) fn answer_ethereum(
    secp: &Secp256k1<All>,
    secret: &SecretKey,
    job: &EthereumJob,
) -> Result<Signature, KeystoreError> {
    if PublicKey::from_secret_key(secp, secret) != job.public_key {
        return Err(KeystoreError::KeyMismatch { path: SafeText::new(&format!("m/{}", job.path)) });
    }
    let failed = |_| KeystoreError::SelfCheck("an Ethereum signature could not be made");
    let bytes = Zeroizing::new(secret.secret_bytes());
    // Overwritten when dropped, as k256 promises.
    let key = SigningKey::from_slice(bytes.as_slice()).map_err(failed)?;
    let digest = job.preimage.digest();
    let signature: Ecdsa = key.sign_prehash(digest.as_slice()).map_err(failed)?;
    let signature = signature.normalize_s().unwrap_or(signature);
    key.verifying_key()
        .verify_prehash(digest.as_slice(), &signature)
        .map_err(|_| KeystoreError::SelfCheck("a signature does not verify"))?;
    Ok(Signature { bytes: signature.to_bytes().into() })
}
