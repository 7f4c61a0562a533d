//! The extended keys of an account: where each comes from, how each goes on to the two chains, and which place a key origin names.
//!
//! Public keys only, no I/O.

use bitcoin::bip32::{ChildNumber, DerivationPath, Fingerprint, KeySource, Xpub};
use miniscript::{
    Descriptor, ForEachKey,
    descriptor::{DerivPaths, DescriptorMultiXKey, DescriptorPublicKey, Wildcard},
};

use super::{AccountError, Keychain, unsupported};
use crate::network::Network;

/// Most keys of one descriptor: what an input of it makes a process derive is bounded by it (BIP-383 allows 20 in a multisig).
const MOST_KEYS: usize = 40;

/// One extended key of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountKey {
    /// Fingerprint of the master key (signers look for the master, BIP-174), or of the key itself where no origin is named.
    pub fingerprint: Fingerprint,
    /// Path from the master key to `xpub`.
    pub origin: DerivationPath,
    /// The extended public key.
    pub xpub: Xpub,
    /// Fingerprint of `xpub` itself, computed once.
    own_fingerprint: Fingerprint,
    /// Steps from `xpub` to the chains, in the order of [`Keychain::ALL`].
    steps: [DerivationPath; 2],
}

/// A place below an account that a key origin names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedPlace {
    /// Chain below the account.
    pub keychain: Keychain,
    /// Address index.
    pub index: u32,
    /// Whether a fingerprint of this very account is named: another script at this place is a lie then, else no statement.
    pub is_certain: bool,
}

impl AccountKey {
    fn new(origin: Option<&KeySource>, xpub: Xpub, steps: [DerivationPath; 2]) -> Self {
        let own_fingerprint = xpub.fingerprint();
        let (fingerprint, origin) = origin.cloned().unwrap_or((own_fingerprint, DerivationPath::master()));
        Self { fingerprint, origin, xpub, own_fingerprint, steps }
    }

    /// The path from the master key to a chain.
    pub(super) fn path_of(&self, keychain: Keychain) -> DerivationPath {
        self.origin.extend(&self.steps[keychain.position()])
    }

    /// The place below this key that a key origin names, if it names one.
    ///
    /// Besides the path from the master key, other programs write the path from the account key beside that key's own
    /// fingerprint (descriptors without an origin), and eight zeros where they do not know a fingerprint. Which key is meant is
    /// certain only where a fingerprint of this account is named.
    pub(super) fn place_of(&self, fingerprint: Fingerprint, path: &DerivationPath) -> Option<NamedPlace> {
        let unknown = Fingerprint::default();
        let is_master = fingerprint == self.fingerprint && fingerprint != unknown;
        if (is_master || fingerprint == unknown || self.fingerprint == unknown)
            && let Some(place) = self.below(self.origin.as_ref(), path)
        {
            return Some(NamedPlace { is_certain: is_master, ..place });
        }
        let is_own = fingerprint == self.own_fingerprint;
        let place = self.below(&[], path).filter(|_| is_own || fingerprint == unknown)?;
        Some(NamedPlace { is_certain: is_own, ..place })
    }

    /// Chain and index of a path that begins with `origin`, goes on to a chain and ends one level later.
    fn below(&self, origin: &[ChildNumber], path: &DerivationPath) -> Option<NamedPlace> {
        let levels: &[ChildNumber] = path.as_ref();
        let (ChildNumber::Normal { index }, chain) = levels.strip_prefix(origin)?.split_last()? else { return None };
        let is_it = |keychain: &Keychain| self.steps[keychain.position()].as_ref() == chain;
        let keychain = Keychain::ALL.into_iter().find(is_it)?;
        Some(NamedPlace { keychain, index: *index, is_certain: false })
    }
}

/// An extended key that ends in `/<0;1>/*` (BIP-389); `None` never happens, for the list of chains is not empty.
pub(super) fn both_chains(origin: Option<KeySource>, xkey: Xpub) -> Option<DescriptorPublicKey> {
    let chain = |keychain: Keychain| DerivationPath::from(vec![ChildNumber::Normal { index: keychain.number() }]);
    let derivation_paths = DerivPaths::new(Keychain::ALL.map(chain).to_vec())?;
    let wildcard = Wildcard::Unhardened;
    Some(DescriptorPublicKey::MultiXPub(DescriptorMultiXKey { origin, xkey, derivation_paths, wildcard }))
}

/// The extended keys of a descriptor with two chains.
pub(super) fn of_descriptor(
    descriptor: &Descriptor<DescriptorPublicKey>,
    network: Network,
) -> Result<Vec<AccountKey>, AccountError> {
    let mut found = Vec::new();
    let mut has_chains = false;
    descriptor.for_each_key(|key| {
        has_chains |= matches!(key, DescriptorPublicKey::MultiXPub(_));
        found.push(read(key, network));
        found.len() <= MOST_KEYS
    });
    if found.len() > MOST_KEYS {
        return Err(unsupported("it has more than 40 keys"));
    }
    if !has_chains {
        return Err(unsupported("it has one chain of addresses, and an account has two: /<0;1>/*"));
    }
    let keys: Result<Vec<Option<AccountKey>>, AccountError> = found.into_iter().collect();
    Ok(keys?.into_iter().flatten().collect())
}

/// An extended key of a descriptor, with a wildcard at its end and nothing hardened after it; `None` for a key that is the same
/// in every address.
fn read(key: &DescriptorPublicKey, network: Network) -> Result<Option<AccountKey>, AccountError> {
    let (origin, xpub, steps, wildcard) = match key {
        DescriptorPublicKey::Single(_) => return Ok(None),
        DescriptorPublicKey::XPub(key) => {
            (key.origin.as_ref(), key.xkey, [key.derivation_path.clone(), key.derivation_path.clone()], key.wildcard)
        }
        DescriptorPublicKey::MultiXPub(key) => {
            let Ok(steps) = <[DerivationPath; 2]>::try_from(key.derivation_paths.paths().clone()) else {
                return Err(unsupported("its keys have other chains than two: /<0;1>/*"));
            };
            (key.origin.as_ref(), key.xkey, steps, key.wildcard)
        }
    };
    match wildcard {
        Wildcard::Unhardened if !key.has_hardened_step() => {}
        Wildcard::None => return Err(unsupported("it names single addresses; an account ends in /*")),
        _ => return Err(unsupported("hardened addresses (/*h), which only a private key can derive")),
    }
    if xpub.network != network.key_kind() {
        let found = if xpub.network == bitcoin::NetworkKind::Main { "main" } else { "test" };
        return Err(AccountError::WrongNetwork { found, wanted: network.name() });
    }
    Ok(Some(AccountKey::new(origin, xpub, steps)))
}
