//! Private derivation without a public key on the way: hardened steps are one HMAC each (BIP-32), and a candidate needs no
//! more before its account.
//!
//! Only for filtering candidates: what is found is derived once more by the `bitcoin` crate. No key leaves its search.

use bitcoin::{
    NetworkKind,
    bip32::{ChainCode, ChildNumber, Fingerprint, Xpub},
    secp256k1::{All, PublicKey, Scalar, Secp256k1, SecretKey},
};
use hmac::{Hmac, Mac};
use sha2::Sha512;
use zeroize::{Zeroize, Zeroizing};

/// The key of the HMAC that makes a master key of a seed (BIP-32).
const MASTER: &[u8] = b"Bitcoin seed";

/// An extended private key, without its place. Wiped when dropped.
pub(super) struct PrivateNode {
    key: SecretKey,
    chain_code: [u8; 32],
}

impl Drop for PrivateNode {
    fn drop(&mut self) {
        self.key.non_secure_erase();
        self.chain_code.zeroize();
    }
}

/// The two halves of an HMAC-SHA512.
struct Halves {
    left: Zeroizing<[u8; 32]>,
    right: Zeroizing<[u8; 32]>,
}

impl PrivateNode {
    /// The master key of a seed; `None` for the one in 2^127 that makes none.
    pub(super) fn master(seed: &[u8; 64]) -> Option<Self> {
        let halves = hmac(MASTER, &[seed])?;
        let key = SecretKey::from_slice(halves.left.as_slice()).ok()?;
        Some(Self { key, chain_code: *halves.right })
    }

    /// The key below a path of hardened steps; `None` for another step.
    pub(super) fn hardened(&self, path: &[ChildNumber]) -> Option<Self> {
        let mut node = Self { key: self.key, chain_code: self.chain_code };
        for step in path {
            node = node.child(*step)?;
        }
        Some(node)
    }

    /// CKDpriv of BIP-32 for a hardened child.
    fn child(&self, step: ChildNumber) -> Option<Self> {
        let ChildNumber::Hardened { .. } = step else { return None };
        let secret = Zeroizing::new(self.key.secret_bytes());
        let halves = hmac(&self.chain_code, &[&[0], secret.as_slice(), &u32::from(step).to_be_bytes()])?;
        let tweak = Scalar::from_be_bytes(*halves.left).ok()?;
        let key = self.key.add_tweak(&tweak).ok()?;
        Some(Self { key, chain_code: *halves.right })
    }

    /// The chain code, which belongs to this key alone as the public key does and costs no multiplication on the curve.
    pub(super) const fn chain_code(&self) -> &[u8; 32] {
        &self.chain_code
    }

    /// The public half. Depth, parent and network are left out: what is derived from it does not depend on them.
    pub(super) fn public(&self, secp: &Secp256k1<All>) -> Xpub {
        Xpub {
            network: NetworkKind::Main,
            depth: 0,
            parent_fingerprint: Fingerprint::default(),
            child_number: ChildNumber::Normal { index: 0 },
            public_key: PublicKey::from_secret_key(secp, &self.key),
            chain_code: ChainCode::from(self.chain_code),
        }
    }
}

fn hmac(key: &[u8], message: &[&[u8]]) -> Option<Halves> {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).ok()?;
    message.iter().for_each(|part| mac.update(part));
    let mut bytes = mac.finalize().into_bytes();
    let (left, right) = bytes.split_at(32);
    let halves = Halves { left: Zeroizing::new(left.try_into().ok()?), right: Zeroizing::new(right.try_into().ok()?) };
    bytes.as_mut_slice().zeroize();
    Some(halves)
}

#[cfg(test)]
mod tests {
    use bitcoin::bip32::{DerivationPath, Xpriv};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_hardened_path_leads_where_the_bitcoin_crate_goes(
            seed in prop::collection::vec(any::<u8>(), 64),
            steps in prop::collection::vec(0u32..1 << 31, 0..6),
        ) {
            let secp = Secp256k1::new();
            let path: Vec<_> = steps.into_iter().map(|index| ChildNumber::Hardened { index }).collect();
            let seed: [u8; 64] = seed.try_into().unwrap();
            let ours = PrivateNode::master(&seed).unwrap().hardened(&path).unwrap().public(&secp);
            let master = Xpriv::new_master(NetworkKind::Main, &seed).unwrap();
            let theirs = Xpub::from_priv(&secp, &master.derive_priv(&secp, &DerivationPath::from(path)).unwrap());
            prop_assert_eq!(ours.public_key, theirs.public_key);
            prop_assert_eq!(ours.chain_code, theirs.chain_code);
            let child = |key: &Xpub| key.ckd_pub(&secp, ChildNumber::Normal { index: 7 }).unwrap().public_key;
            prop_assert_eq!(child(&ours), child(&theirs));
        }
    }

    #[test]
    fn a_step_that_is_not_hardened_is_refused() {
        let master = PrivateNode::master(&[7; 64]).unwrap();
        assert!(master.hardened(&[ChildNumber::Normal { index: 0 }]).is_none());
        assert_eq!(master.chain_code(), master.hardened(&[]).unwrap().chain_code());
    }
}
