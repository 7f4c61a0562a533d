//! Which scripts are ours: only those that we derive ourselves and find equal. A claim in a PSBT is a place to look, no more.
//!
//! Ours is not yet found again: [`Reach`] says which of them a search of the same wallet finds. Must not trust fingerprints,
//! paths or keys in a PSBT for anything but finding the place to re-derive.

use bitcoin::{
    Script,
    bip32::{DerivationPath, Fingerprint},
    secp256k1::PublicKey,
};

use super::{BitcoinError, bounds::Effort};
use crate::account::{Account, DerivedDescriptor, Keychain, STANDARD_GAP, ScriptType, Search};

/// A script of ours, proven by derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Chain below the account.
    pub keychain: Keychain,
    /// Address index.
    pub index: u32,
    /// Path from the master key of its first key.
    pub path: DerivationPath,
    /// The descriptor of the script.
    pub derived: DerivedDescriptor,
}

/// A script of ours, and the account that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedScript {
    /// Its place.
    pub owned: Owned,
    /// Place of its account among those of the [`Ownership`]; none for a single key.
    pub(super) account: Option<usize>,
}

impl OwnedScript {
    /// Whether it belongs to a single key that is swept, and to no account.
    #[must_use]
    pub const fn is_single_key(&self) -> bool {
        self.account.is_none()
    }
}

/// How it is known which addresses of an account were used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Uses {
    /// By searches of this wallet.
    Searched,
    /// Not at all, except for the coins that a draft spends.
    Unknown,
}

/// An account with what is known of its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAccount {
    pub(super) account: Account,
    pub(super) search: Search,
    pub(super) uses: Uses,
    pub(super) is_destination: bool,
}

impl OwnAccount {
    /// An account that this wallet has searched.
    #[must_use]
    pub const fn searched(account: Account, search: Search) -> Self {
        Self { account, search, uses: Uses::Searched, is_destination: false }
    }

    /// An account of which no search is known: the coins that a draft spends show which addresses were used.
    #[must_use]
    pub const fn unsearched(account: Account, gap: u32) -> Self {
        Self { account, search: Search::from_start(gap), uses: Uses::Unknown, is_destination: false }
    }

    /// The same, named by the person as the account that is paid, whatever its number.
    #[must_use]
    pub const fn as_destination(mut self) -> Self {
        self.is_destination = true;
        self
    }
}

/// The accounts whose scripts count as ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    pub(super) accounts: Vec<OwnAccount>,
    /// A single key without derivation, while it is swept.
    key: Option<PublicKey>,
}

/// The accounts that a draft is compared with, and the work that this takes.
#[derive(Clone, Copy)]
pub(super) struct OwnershipSearch<'a> {
    /// The accounts.
    pub(super) ours: &'a Ownership,
    /// What was derived and hashed so far, for all scripts of the draft together.
    pub(super) effort: &'a Effort,
}

impl Ownership {
    /// These accounts are ours, and nothing is known of their use.
    #[must_use]
    pub fn new(accounts: Vec<Account>) -> Self {
        Self::of(accounts.into_iter().map(|account| OwnAccount::unsearched(account, STANDARD_GAP)).collect())
    }

    /// These accounts are ours.
    #[must_use]
    pub const fn of(accounts: Vec<OwnAccount>) -> Self {
        Self { accounts, key: None }
    }

    /// Everything that this single key can spend is ours.
    #[must_use]
    pub const fn of_key(key: PublicKey) -> Self {
        Self { accounts: Vec::new(), key: Some(key) }
    }

    /// Adds accounts whole, whatever a search would find: for a plan of our own, which is judged when it is reviewed.
    #[must_use]
    pub(super) fn with_accounts(self, accounts: Vec<Account>) -> Self {
        let whole = |account| OwnAccount::searched(account, Search::from_start(u32::MAX)).as_destination();
        self.with(accounts.into_iter().map(whole).collect())
    }

    /// Adds accounts.
    #[must_use]
    pub fn with(mut self, accounts: Vec<OwnAccount>) -> Self {
        self.accounts.extend(accounts);
        self
    }

    /// The accounts with what is known of their use.
    #[must_use]
    pub fn into_accounts(self) -> Vec<OwnAccount> {
        self.accounts
    }

    /// The accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().map(|own| &own.account)
    }

    /// The gap of the first account's search; none without accounts.
    #[must_use]
    pub fn gap(&self) -> Option<u32> {
        self.accounts.first().map(|own| own.search.gap())
    }

    /// The same accounts with what `known` knows of their use.
    #[must_use]
    pub fn used_as(mut self, known: &Self) -> Self {
        for own in &mut self.accounts {
            if let Some(same) = known.accounts.iter().find(|other| other.account == own.account) {
                *own = same.clone();
            }
        }
        self
    }

    /// Looks at the places that a PSBT claims for `script`, and re-derives.
    ///
    /// `Ok(None)`: no claim names one of our accounts. `what` names the input or output for the error.
    ///
    /// # Errors
    /// A claim names one of our accounts, and the script we derive there is another; or there are too many claims.
    pub(super) fn prove<'a>(
        &self,
        script: &Script,
        claims: impl Iterator<Item = (&'a Fingerprint, &'a DerivationPath)>,
        what: &str,
        effort: &Effort,
    ) -> Result<Option<OwnedScript>, BitcoinError> {
        for (fingerprint, path) in claims {
            if let Some(owned) = self.of_single_key(script, *fingerprint, path) {
                return Ok(Some(OwnedScript { owned, account: None }));
            }
            // Accounts of several kinds can share a path; the claim is false only if none of them has the script there.
            let mut is_false = false;
            for (number, own) in self.accounts.iter().enumerate() {
                let Some(place) = own.account.place_of(*fingerprint, path) else { continue };
                if own.account.has_form(script) {
                    effort.derive()?;
                    let owned = Owned::at(&own.account, place.keychain, place.index)?;
                    if owned.derived.script() == *script {
                        return Ok(Some(OwnedScript { owned, account: Some(number) }));
                    }
                }
                is_false |= place.is_certain;
            }
            if is_false {
                return Err(BitcoinError::FalseOwnership { place: what.to_owned(), path: format!("m/{path}") });
            }
        }
        Ok(None)
    }

    /// A claim on the single key: its own fingerprint, no path, and a script that it can spend.
    fn of_single_key(&self, script: &Script, fingerprint: Fingerprint, path: &DerivationPath) -> Option<Owned> {
        let key = self.key.filter(|key| path.is_empty() && key_fingerprint(*key) == fingerprint)?;
        Owned::of_key(ScriptType::of_script(script, key)?, key)
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
        let path = account.path(keychain, index)?;
        Ok(Self { keychain, index, path, derived: account.derived(keychain, index)? })
    }

    /// The output of a single key that comes from no other; `None` never happens for a compressed key.
    #[must_use]
    pub(super) fn of_key(script_type: ScriptType, key: PublicKey) -> Option<Self> {
        let derived = DerivedDescriptor::of_key(script_type, key, key_fingerprint(key))?;
        Some(Self { keychain: Keychain::Receive, index: 0, path: DerivationPath::master(), derived })
    }
}
