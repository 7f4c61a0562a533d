//! What a phrase has to lead to: a master fingerprint, an account's key, or an address at one of the places where wallets
//! have it.
//!
//! Each candidate is derived as far as its target needs and no further. Which candidates there are is not decided here.

use std::ops::Range;

use alloy_primitives::Address;
use bitcoin::{
    NetworkKind, Script, ScriptBuf,
    bip32::{ChildNumber, DerivationPath, Fingerprint, Xpriv, Xpub},
    secp256k1::{All, PublicKey, Secp256k1},
};

use super::{RecoverError, derive::PrivateNode};
use crate::{
    account::{Account, CHAIN_END, ETHEREUM_COIN_TYPE, Keychain, Layout, ScriptType, evm_address_of},
    network::Network,
};

/// Most places at which an address is looked for: each costs a multiplication on the curve for every candidate.
const MOST_PLACES: u64 = 10_000;
/// Depth of an account's key below the master key: purpose, coin type, account (BIP-44).
const ACCOUNT_DEPTH: u8 = 3;

/// How far an address is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// How many accounts, from number 0; at least 1.
    pub accounts: u32,
    /// How many addresses of an account, from index 0; at least 1.
    pub indexes: u32,
}

/// What a phrase has to lead to.
#[derive(Clone, Debug)]
pub struct RecoveryTarget(Aim);

#[derive(Clone, Debug)]
enum Aim {
    Master(Fingerprint),
    Account { key: Xpub, paths: Vec<DerivationPath> },
    Address { form: Form, branches: Vec<Branch> },
}

/// What an address says of its key.
#[derive(Clone, Debug)]
enum Form {
    Bitcoin { script: ScriptBuf, script_type: ScriptType },
    Ethereum(Address),
}

/// Keys in a row: below hardened steps and a chain.
#[derive(Clone, Debug)]
struct Branch {
    account: DerivationPath,
    chain: DerivationPath,
    indexes: Range<u32>,
}

impl RecoveryTarget {
    /// The master key's fingerprint (BIP-32): 32 bits, so that one wrong phrase of four thousand million fits too.
    #[must_use]
    pub const fn fingerprint(fingerprint: Fingerprint) -> Self {
        Self(Aim::Master(fingerprint))
    }

    /// An account's extended public key, at its path from the master key; without one at m/44'/..., m/49'/..., m/84'/... and
    /// m/86'/... with the coin type of its network and its own number.
    ///
    /// # Errors
    /// The path is not hardened or not as deep as the key; without a path, the key is not three levels deep and hardened.
    pub fn account_key(key: Xpub, origin: Option<&DerivationPath>) -> Result<Self, RecoverError> {
        let paths = match origin {
            Some(origin) => vec![origin.clone()],
            None => standard_paths(&key)?,
        };
        let fits = |path: &DerivationPath| {
            path.len() == usize::from(key.depth) && path.into_iter().all(ChildNumber::is_hardened)
        };
        if paths.iter().all(fits) {
            Ok(Self(Aim::Account { key, paths }))
        } else {
            Err(RecoverError::Target("the key's path must be hardened and as deep as the key"))
        }
    }

    /// A Bitcoin address's script: its form tells the purpose of the path (BIP-44, 49, 84, 86); receiving addresses only.
    ///
    /// # Errors
    /// The script has none of the four forms of a single key, or the reach is empty or too far.
    pub fn bitcoin_address(script: &Script, network: Network, reach: Reach) -> Result<Self, RecoverError> {
        let script_type = form_of(script).ok_or(RecoverError::Target(
            "an address of a single key is needed: legacy, nested-segwit, segwit, taproot",
        ))?;
        reach.check(1)?;
        let chain = [ChildNumber::Normal { index: Keychain::Receive.number() }];
        let branch = |number| {
            let account = Account::standard_path(network, script_type, number).map_err(|_| Reach::TOO_FAR)?;
            Ok(Branch { account, chain: chain.as_slice().into(), indexes: 0..reach.indexes })
        };
        let branches = (0..reach.accounts).map(branch).collect::<Result<_, RecoverError>>()?;
        Ok(Self(Aim::Address { form: Form::Bitcoin { script: script.to_owned(), script_type }, branches }))
    }

    /// An address of the Ethereum family, at the places of every layout that wallets use.
    ///
    /// # Errors
    /// The reach is empty or too far.
    pub fn ethereum_address(address: Address, reach: Reach) -> Result<Self, RecoverError> {
        reach.check(2)?;
        let branches = Layout::ALL.into_iter().flat_map(|layout| branches_of(layout, reach)).collect();
        Ok(Self(Aim::Address { form: Form::Ethereum(address), branches }))
    }

    /// At how many places each candidate is looked for.
    #[must_use]
    pub fn places(&self) -> u64 {
        match &self.0 {
            Aim::Master(_) => 1,
            Aim::Account { paths, .. } => u64::try_from(paths.len()).unwrap_or(u64::MAX),
            Aim::Address { branches, .. } => {
                branches.iter().map(|branch| u64::from(branch.indexes.end.saturating_sub(branch.indexes.start))).sum()
            }
        }
    }

    /// The path at which this seed leads to the target, if it does.
    pub(super) fn find(&self, secp: &Secp256k1<All>, seed: &[u8; 64]) -> Option<DerivationPath> {
        let master = PrivateNode::master(seed)?;
        match &self.0 {
            Aim::Master(fingerprint) => {
                (master.public(secp).fingerprint() == *fingerprint).then(DerivationPath::master)
            }
            Aim::Account { key, paths } => {
                let is_it = |path: &&DerivationPath| {
                    master.hardened((*path).as_ref()).is_some_and(|node| node.chain_code() == key.chain_code.as_bytes())
                };
                paths.iter().find(is_it).cloned()
            }
            Aim::Address { form, branches } => branches.iter().find_map(|branch| branch.find(&master, secp, form)),
        }
    }

    /// Whether the `bitcoin` crate's derivation leads from the seed to the target at this path.
    pub(super) fn confirms(&self, secp: &Secp256k1<All>, seed: &[u8; 64], path: &DerivationPath) -> bool {
        let Ok(master) = Xpriv::new_master(NetworkKind::Main, seed) else { return false };
        let Ok(mut node) = master.derive_priv(secp, path) else { return false };
        let public = Xpub::from_priv(secp, &node);
        node.private_key.non_secure_erase();
        match &self.0 {
            Aim::Master(fingerprint) => public.fingerprint() == *fingerprint,
            Aim::Account { key, .. } => public.public_key == key.public_key && public.chain_code == key.chain_code,
            Aim::Address { form, .. } => form.is_of(&public.public_key),
        }
    }
}

impl Reach {
    const TOO_FAR: RecoverError = RecoverError::Target("accounts and indexes are 1 or more, and 10,000 places at most");

    /// Checks the bounds; `layouts` go through all indexes.
    fn check(self, layouts: u64) -> Result<(), RecoverError> {
        let places = u64::from(self.accounts) * u64::from(self.indexes);
        let all = places.max(layouts * u64::from(self.indexes) + u64::from(self.accounts));
        let is_within = self.accounts < CHAIN_END && self.indexes < CHAIN_END;
        if places == 0 || all > MOST_PLACES || !is_within { Err(Self::TOO_FAR) } else { Ok(()) }
    }
}

impl Branch {
    fn find(&self, master: &PrivateNode, secp: &Secp256k1<All>, form: &Form) -> Option<DerivationPath> {
        let account = master.hardened(self.account.as_ref())?.public(secp);
        let chain = account.derive_pub(secp, &self.chain).ok()?;
        let is_it = |index: &u32| {
            let child = chain.ckd_pub(secp, ChildNumber::Normal { index: *index });
            child.is_ok_and(|child| form.is_of(&child.public_key))
        };
        let index = self.indexes.clone().find(is_it)?;
        Some(self.account.extend(&self.chain).child(ChildNumber::Normal { index }))
    }
}

impl Form {
    fn is_of(&self, key: &PublicKey) -> bool {
        match self {
            Self::Bitcoin { script, script_type } => script_type.script(*key) == *script,
            Self::Ethereum(address) => evm_address_of(key) == *address,
        }
    }
}

fn form_of(script: &Script) -> Option<ScriptType> {
    let forms = [script.is_p2pkh(), script.is_p2sh(), script.is_p2wpkh(), script.is_p2tr()];
    ScriptType::ALL.into_iter().zip(forms).find_map(|(script_type, is_it)| is_it.then_some(script_type))
}

/// The paths of all four purposes that end in the key's own number.
fn standard_paths(key: &Xpub) -> Result<Vec<DerivationPath>, RecoverError> {
    let (ACCOUNT_DEPTH, ChildNumber::Hardened { index }) = (key.depth, key.child_number) else {
        return Err(RecoverError::Target("name the path of a key that is no account of BIP-44, 49, 84 or 86"));
    };
    let network = match key.network {
        NetworkKind::Main => Network::Bitcoin,
        NetworkKind::Test => Network::Testnet4,
    };
    let path = |script_type| Account::standard_path(network, script_type, index).map_err(|_| Reach::TOO_FAR);
    ScriptType::ALL.into_iter().map(path).collect()
}

/// The branches of a layout. The first account of Ledger Live is the first address of BIP-44, and is left out.
fn branches_of(layout: Layout, reach: Reach) -> Vec<Branch> {
    let hardened = |account| [44, ETHEREUM_COIN_TYPE, account].map(|index| ChildNumber::Hardened { index });
    let branch = |account, chain: &[ChildNumber], indexes| Branch {
        account: hardened(account).as_slice().into(),
        chain: chain.into(),
        indexes,
    };
    let first_chain = [ChildNumber::Normal { index: 0 }];
    match layout {
        Layout::Bip44 => vec![branch(0, &first_chain, 0..reach.indexes)],
        Layout::LedgerLive => (1..reach.accounts).map(|account| branch(account, &first_chain, 0..1)).collect(),
        Layout::LedgerLegacy => vec![branch(0, &[], 0..reach.indexes)],
    }
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
