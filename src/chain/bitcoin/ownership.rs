//! Which scripts are ours: only those that we derive ourselves and find equal. A claim in a PSBT is a place to look, no more.
//!
//! Must not trust fingerprints, paths or keys in a PSBT for anything but finding the place to re-derive.

use bitcoin::{
    Script,
    bip32::{DerivationPath, Fingerprint},
};

use super::BitcoinError;
use crate::account::{Account, Keychain, ScriptType};

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
    pub public_key: bitcoin::secp256k1::PublicKey,
    /// The kind of script.
    pub script_type: ScriptType,
}

/// The accounts whose scripts count as ours.
#[derive(Clone, Debug, Default)]
pub struct Ownership {
    accounts: Vec<Account>,
}

impl Ownership {
    /// These accounts are ours.
    #[must_use]
    pub const fn new(accounts: Vec<Account>) -> Self {
        Self { accounts }
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
            let ours = self.accounts.iter().filter(|account| account.fingerprint == *fingerprint);
            for account in ours {
                let Some((keychain, index)) = account.place_of(path) else { continue };
                if index > MAX_INDEX {
                    return Ok(None);
                }
                if account.script(keychain, index)? != *script {
                    return Err(BitcoinError::FalseOwnership { place: what.to_owned(), path: format!("m/{path}") });
                }
                return Owned::at(account, keychain, index).map(Some);
            }
        }
        Ok(None)
    }

    /// True if some claim uses the fingerprint of one of our wallets but the path of none of our accounts.
    #[must_use]
    pub fn unknown_account<'a>(&self, mut claims: impl Iterator<Item = &'a Fingerprint>) -> bool {
        claims.any(|fingerprint| self.accounts.iter().any(|account| account.fingerprint == *fingerprint))
    }
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
