//! Which scripts are ours: only those that we derive ourselves and find equal. A claim in a PSBT is a place to look, no more.
//!
//! Must not trust fingerprints, paths or keys in a PSBT for anything but finding the place to re-derive.

use bitcoin::{
    Script,
    bip32::{DerivationPath, Fingerprint},
    secp256k1::PublicKey,
};

use super::BitcoinError;
use crate::account::{Account, Keychain, ScriptType, script_for};

/// The largest address index that a draft may name as ours: far above any use, far below a ransom path (threats.md P2).
const MAX_INDEX: u32 = 1_000_000;

/// A script of ours, proven by derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Chain below the account.
    pub keychain: Keychain,
    /// Address index.
    pub index: u32,
    /// Path from the master key.
    pub path: DerivationPath,
    /// The public key that the script commits to.
    pub public_key: PublicKey,
    /// The kind of script.
    pub script_type: ScriptType,
}

/// The accounts whose scripts count as ours.
#[derive(Clone, Debug, Default)]
pub struct Ownership {
    accounts: Vec<Account>,
    /// A single key without derivation, while it is swept.
    key: Option<PublicKey>,
}

impl Ownership {
    /// These accounts are ours.
    #[must_use]
    pub const fn new(accounts: Vec<Account>) -> Self {
        Self { accounts, key: None }
    }

    /// Everything that this single key can spend is ours.
    #[must_use]
    pub const fn of_key(key: PublicKey) -> Self {
        Self { accounts: Vec::new(), key: Some(key) }
    }

    /// Adds accounts to what is ours.
    #[must_use]
    pub fn with_accounts(mut self, accounts: Vec<Account>) -> Self {
        self.accounts.extend(accounts);
        self
    }

    /// The accounts.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Looks at the places that a PSBT claims for `script`, and re-derives.
    ///
    /// `Ok(None)`: no claim names one of our accounts. `what` names the input or output for the error.
    ///
    /// # Errors
    /// A claim names one of our accounts, and the script we derive there is another.
    pub fn prove<'a>(
        &self,
        script: &Script,
        claims: impl Iterator<Item = (&'a Fingerprint, &'a DerivationPath)>,
        what: &str,
    ) -> Result<Option<Owned>, BitcoinError> {
        for (fingerprint, path) in claims {
            if let Some(owned) = self.of_single_key(script, fingerprint, path) {
                return Ok(Some(owned));
            }
            // Accounts of several kinds can share a path; the claim is false only if none of them has the script there.
            let mut is_false = false;
            for account in self.accounts.iter().filter(|account| account.fingerprint == *fingerprint) {
                let Some((keychain, index)) = account.place_of(path) else { continue };
                if index > MAX_INDEX {
                    return Ok(None);
                }
                if account.script(keychain, index)? == *script {
                    return Owned::at(account, keychain, index).map(Some);
                }
                is_false = true;
            }
            if is_false {
                return Err(BitcoinError::FalseOwnership { place: what.to_owned(), path: format!("m/{path}") });
            }
        }
        Ok(None)
    }

    /// A claim on the single key: its own fingerprint, no path, and a script that it can spend.
    fn of_single_key(&self, script: &Script, fingerprint: &Fingerprint, path: &DerivationPath) -> Option<Owned> {
        let key = self.key.filter(|key| path.is_empty() && key_fingerprint(*key) == *fingerprint)?;
        let script_type = ScriptType::ALL.into_iter().find(|kind| script_for(*kind, key) == *script)?;
        Some(Owned { keychain: Keychain::Receive, index: 0, path: path.clone(), public_key: key, script_type })
    }
}

/// First four bytes of the key's HASH160 (BIP-32).
#[must_use]
pub(super) fn key_fingerprint(key: PublicKey) -> Fingerprint {
    let hash = bitcoin::CompressedPublicKey(key).pubkey_hash();
    let mut print = [0u8; 4];
    print.copy_from_slice(&AsRef::<[u8]>::as_ref(&hash)[..4]);
    Fingerprint::from(print)
}

impl Owned {
    /// Our script at `keychain/index` of `account`.
    ///
    /// # Errors
    /// An index of 2^31 or above.
    pub fn at(account: &Account, keychain: Keychain, index: u32) -> Result<Self, BitcoinError> {
        Ok(Self {
            keychain,
            index,
            path: account.path(keychain, index)?,
            public_key: account.public_key(keychain, index)?,
            script_type: account.script_type,
        })
    }
}
