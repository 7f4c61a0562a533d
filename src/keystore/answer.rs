//! One job, one private key, one signature, verified before it is given out. The only place that signs.
//!
//! Checks that the key is the one the job names; decides nothing else.

use bitcoin::{
    bip32::DerivationPath,
    key::TapTweak,
    secp256k1::{All, Keypair, Message, PublicKey, Secp256k1, SecretKey},
};

use super::KeystoreError;
use crate::{
    signing::{Job, Scheme, Signature},
    text::SafeText,
};

/// A key pair that is overwritten when dropped.
struct WipedPair(Keypair);

impl Drop for WipedPair {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

/// Signs a job with the key it names.
pub(super) fn answer(secp: &Secp256k1<All>, secret: &SecretKey, job: &Job) -> Result<Signature, KeystoreError> {
    if PublicKey::from_secret_key(secp, secret) != job.public_key {
        return Err(KeystoreError::KeyMismatch { path: shown(&job.path) });
    }
    match job.scheme {
        Scheme::EcdsaLowR => ecdsa(secp, secret, job),
        Scheme::TaprootKeyPath => taproot(secp, secret, job),
    }
}

fn shown(path: &DerivationPath) -> SafeText {
    SafeText::new(&format!("m/{path}"))
}

/// RFC 6979 nonce, ground until R is below 2^255, as Bitcoin Core does; deterministic, so that another tool can compare.
fn ecdsa(secp: &Secp256k1<All>, secret: &SecretKey, job: &Job) -> Result<Signature, KeystoreError> {
    let message = Message::from_digest(job.digest);
    let signature = secp.sign_ecdsa_low_r(&message, secret);
    secp.verify_ecdsa(&message, &signature, &job.public_key)
        .map_err(|_| KeystoreError::SelfCheck("a signature does not verify"))?;
    Ok(Signature { bytes: signature.serialize_compact() })
}

/// BIP-340 with all-zero auxiliary data, under the key that BIP-341 tweaks for an output without scripts.
///
/// The key to verify with is computed from the job's public key, not from the private one.
fn taproot(secp: &Secp256k1<All>, secret: &SecretKey, job: &Job) -> Result<Signature, KeystoreError> {
    let message = Message::from_digest(job.digest);
    let pair = WipedPair(Keypair::from_secret_key(secp, secret));
    let tweaked = WipedPair(pair.0.tap_tweak(secp, None).to_keypair());
    let signature = secp.sign_schnorr_with_aux_rand(&message, &tweaked.0, &[0; 32]);
    let (internal, _) = job.public_key.x_only_public_key();
    let (output, _) = internal.tap_tweak(secp, None);
    secp.verify_schnorr(&signature, &message, &output.to_x_only_public_key())
        .map_err(|_| KeystoreError::SelfCheck("a signature does not verify"))?;
    Ok(Signature { bytes: signature.serialize() })
}
