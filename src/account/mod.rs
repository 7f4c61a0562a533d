//! The public half of an account: a network and a descriptor (BIP-380, BIP-389). It derives scripts and public keys.
//!
//! No private keys, no I/O. Everything that claims to be "ours" is compared with what this module derives.

use std::fmt;

use bitcoin::{
    Script, ScriptBuf, WitnessVersion,
    bip32::{ChildNumber, DerivationPath, Fingerprint, Xpub},
};
use miniscript::{
    Descriptor, ForEachKey,
    descriptor::{DescriptorPublicKey, DescriptorType},
    policy::{Liftable, semantic::Policy},
};
use serde::{Deserialize, Serialize};

use crate::{
    explain::{Entry, Explain, catalogue},
    network::{Features, Network},
    text::SafeText,
};

mod derive;
mod descriptor;
mod ethereum;
mod keys;
mod script_type;
mod search;
mod spend;

pub use derive::{DerivedDescriptor, SingleKeyAt};
pub use descriptor::{Stated, slip132};
pub use ethereum::{ETHEREUM_COIN_TYPE, EthereumAccount, KeyOrigin, Layout, evm_address_of};
pub use keys::{AccountKey, NamedPlace};
pub use script_type::{ScriptType, SingleKeyForm};
pub use search::{CHAIN_END, STANDARD_GAP, Search, search_end};
pub use spend::{Locks, SpendCost};

/// The two chains below an account (BIP-44 "change" level).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keychain {
    /// 0: addresses given to payers.
    Receive,
    /// 1: addresses our own change returns to.
    Change,
}

impl Keychain {
    /// Both, receive first.
    pub const ALL: [Self; 2] = [Self::Receive, Self::Change];

    /// Its place in a list of both.
    #[must_use]
    pub const fn position(self) -> usize {
        match self {
            Self::Receive => 0,
            Self::Change => 1,
        }
    }

    /// The number on the path.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Receive => 0,
            Self::Change => 1,
        }
    }

    /// The chain with this number on the path.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|keychain| keychain.number() == number)
    }
}

impl fmt::Display for Keychain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receive => "receive",
            Self::Change => "change",
        })
    }
}

/// Why an account cannot be made or used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountError {
    /// Neither a descriptor nor an extended public key.
    #[error("`{0}` is not an account descriptor or extended public key")]
    NotAnAccount(SafeText),
    /// A descriptor that cannot be read.
    #[error("the descriptor cannot be read: {0}")]
    NotADescriptor(SafeText),
    /// A descriptor's checksum is wrong (BIP-380).
    #[error("the descriptor's checksum is wrong: at least one character was changed")]
    Checksum,
    /// A descriptor of a kind that is not supported yet.
    #[error("a descriptor of this form is not supported: {0}")]
    Unsupported(SafeText),
    /// It holds private keys.
    #[error("this holds a private key, and a watch-only account must not")]
    Private,
    /// The key belongs to the other class of networks.
    #[error("this key is for {found} networks, and {wanted} was asked for")]
    WrongNetwork {
        /// The class of the key.
        found: &'static str,
        /// Name of the network asked for.
        wanted: &'static str,
    },
    /// An index of 2^31 or above, which only a private key could derive.
    #[error("address index {0} is out of range")]
    Index(u32),
}

catalogue! {
    NOT_AN_ACCOUNT = "account.not_an_account", Usage, "Give an xpub (tpub, zpub, ...) or a descriptor such as wpkh([fingerprint/84h/0h/0h]xpub.../<0;1>/*)";
    CHECKSUM = "account.checksum", Usage, "Copy the descriptor again, whole";
    UNSUPPORTED = "account.unsupported", Refused, "Use a descriptor whose extended keys end in /<0;1>/*: pkh, wpkh, tr, sh(...) or wsh(...) with one key, a multisig or miniscript";
    PRIVATE = "account.private_key", Refused, "Export the public descriptor from the other wallet; treat the private one as leaked if it was shown";
    WRONG_NETWORK = "account.wrong_network", Refused, "Choose the network of the key with --network; a wallet is for real money or for test networks, never for both, and `fastness new` with --network and --wallet makes another";
    INDEX = "account.index", Usage, "Use an index below 2147483648";
}

impl Explain for AccountError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::NotAnAccount(_) | Self::NotADescriptor(_) => NOT_AN_ACCOUNT,
            Self::Checksum => CHECKSUM,
            Self::Unsupported(_) => UNSUPPORTED,
            Self::Private => PRIVATE,
            Self::WrongNetwork { .. } => WRONG_NETWORK,
            Self::Index(_) => INDEX,
        }
    }
}

/// An account as far as public keys reach: a descriptor whose keys end in `/<0;1>/*` or the like, on one network.
#[derive(Clone, Debug)]
pub struct Account {
    /// The ledger.
    pub network: Network,
    /// Both chains, as they are written.
    descriptor: Descriptor<DescriptorPublicKey>,
    /// Each chain, its extended keys derived down to it once, in the order of [`Keychain::ALL`].
    chains: [Descriptor<DescriptorPublicKey>; 2],
    /// Every extended key of it, in the order of the descriptor; at least one.
    keys: Vec<AccountKey>,
}

/// So many of so many keys.
struct Quorum {
    needed: usize,
    keys: usize,
}

impl PartialEq for Account {
    /// The rest follows from network and descriptor.
    fn eq(&self, other: &Self) -> bool {
        self.network == other.network && self.descriptor == other.descriptor
    }
}

impl Eq for Account {}

impl Account {
    /// An account of one key, at `origin` below the master key with `fingerprint`.
    ///
    /// # Errors
    /// The key's version bytes are of the other class of networks.
    pub fn new(
        network: Network,
        script_type: ScriptType,
        fingerprint: Fingerprint,
        origin: DerivationPath,
        xpub: Xpub,
    ) -> Result<Self, AccountError> {
        let key = keys::both_chains(Some((fingerprint, origin)), xpub);
        let descriptor = key.and_then(|key| script_type.descriptor(key));
        let descriptor = descriptor.ok_or_else(|| unsupported("a key without derivation"))?;
        Self::of_descriptor(network, descriptor)
    }

    /// An account of any descriptor with two chains.
    ///
    /// # Errors
    /// A key is of the other class of networks, or the descriptor has not two chains, is not safe or can never be spent.
    pub fn of_descriptor(network: Network, descriptor: Descriptor<DescriptorPublicKey>) -> Result<Self, AccountError> {
        let keys = keys::of_descriptor(&descriptor, network)?;
        check_features(network, &descriptor)?;
        let is_single = SingleKeyForm::of(&descriptor).is_some();
        if !is_single {
            check_form(&descriptor)?;
        }
        let chains = derive::chains(&descriptor)?;
        let account = Self { network, descriptor, chains, keys };
        if !is_single {
            account.needed_locks()?;
        }
        Ok(account)
    }

    /// The standard path of account number `index`: m/purpose'/coin'/index' (BIP-44, 49, 84, 86).
    ///
    /// # Errors
    /// An index of 2^31 or above.
    pub fn standard_path(
        network: Network,
        script_type: ScriptType,
        index: u32,
    ) -> Result<DerivationPath, AccountError> {
        [script_type.purpose(), network.coin_type(), index]
            .into_iter()
            .map(|level| ChildNumber::from_hardened_idx(level).map_err(|_| AccountError::Index(level)))
            .collect()
    }

    /// Which of the four forms of a single key it has; `None` for any other descriptor.
    #[must_use]
    pub fn script_type(&self) -> Option<ScriptType> {
        SingleKeyForm::of(&self.descriptor).map(|form| form.script_type)
    }

    /// What kind of account it is, in one word: the name after `--type`, `multisig` or `miniscript`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.script_type() {
            Some(script_type) => script_type.name(),
            None if self.quorum().is_some() => "multisig",
            None => "miniscript",
        }
    }

    /// The same with numbers: `2-of-3 multisig`, `miniscript of 4 keys`.
    #[must_use]
    pub fn summary(&self) -> String {
        match (self.script_type(), self.quorum()) {
            (None, Some(Quorum { needed, keys })) => format!("{needed}-of-{keys} {}", self.kind()),
            (None, None) => format!("{} of {} keys", self.kind(), self.keys.len()),
            (Some(script_type), _) => script_type.name().to_owned(),
        }
    }

    /// How many of how many keys sign, where that alone is asked for.
    fn quorum(&self) -> Option<Quorum> {
        let Policy::Thresh(threshold) = self.descriptor.lift().ok()?.normalized() else { return None };
        let is_key = |policy: &std::sync::Arc<Policy<_>>| matches!(policy.as_ref(), Policy::Key(_));
        let are_keys = threshold.iter().all(is_key);
        are_keys.then(|| Quorum { needed: threshold.k(), keys: threshold.n() })
    }

    /// Every extended key, in the order of the descriptor.
    #[must_use]
    pub fn keys(&self) -> &[AccountKey] {
        &self.keys
    }

    /// The one key of an account of a single key.
    #[must_use]
    pub fn single_key(&self) -> Option<&AccountKey> {
        self.keys.first().filter(|_| self.script_type().is_some())
    }

    /// Whether a key of it comes from this master.
    #[must_use]
    pub fn has_master(&self, fingerprint: Fingerprint) -> bool {
        self.keys.iter().any(|key| key.fingerprint == fingerprint)
    }

    /// The path from its master key to the first extended key.
    #[must_use]
    pub fn origin(&self) -> DerivationPath {
        self.keys.first().map(|key| key.origin.clone()).unwrap_or_default()
    }

    /// The descriptor at `keychain/index`, with the keys that it names.
    ///
    /// # Errors
    /// An index of 2^31 or above.
    pub fn derived(&self, keychain: Keychain, index: u32) -> Result<DerivedDescriptor, AccountError> {
        DerivedDescriptor::at(&self.chains[keychain.position()], index)
    }

    /// The locks without which nothing can be spent: none where a path is open without.
    ///
    /// # Errors
    /// Nothing can ever be spent; an account is not made of such a descriptor.
    pub fn needed_locks(&self) -> Result<Locks, AccountError> {
        if self.script_type().is_some() {
            return Ok(Locks::default());
        }
        let first = self.derived(Keychain::Receive, 0)?;
        Locks::needed(&first.definite).ok_or_else(|| unsupported("nothing can ever spend from it"))
    }

    /// The most that a spend costs in a transaction with these locks, whichever of its keys sign. A single key is taken to be
    /// of a signer that grinds for a low R, as this wallet and Bitcoin Core do; of several keys no such thing is known.
    ///
    /// # Errors
    /// As [`Account::needed_locks`].
    pub fn spend_cost(&self, locks: Locks) -> Result<SpendCost, AccountError> {
        if let Some(script_type) = self.script_type() {
            return Ok(script_type.spend_cost());
        }
        let first = self.derived(Keychain::Receive, 0)?;
        let cost = SpendCost::of(&first.definite, spend::SignatureSize::AnyR, locks);
        cost.ok_or_else(|| unsupported("nothing can ever spend from it"))
    }

    /// The output script at `keychain/index`.
    ///
    /// # Errors
    /// An index of 2^31 or above.
    pub fn script(&self, keychain: Keychain, index: u32) -> Result<ScriptBuf, AccountError> {
        self.derived(keychain, index).map(|derived| derived.script())
    }

    /// The whole path from its master to the first extended key, and on to `keychain/index`.
    ///
    /// # Errors
    /// An index of 2^31 or above.
    pub fn path(&self, keychain: Keychain, index: u32) -> Result<DerivationPath, AccountError> {
        let last = ChildNumber::from_normal_idx(index).map_err(|_| AccountError::Index(index))?;
        let steps = self.keys.first().map(|key| key.path_of(keychain)).unwrap_or_default();
        Ok(steps.child(last))
    }

    /// Whether a script has the form of this account's outputs: what has another need not be derived for.
    #[must_use]
    pub fn has_form(&self, script: &Script) -> bool {
        derive::has_form(script, &self.descriptor)
    }

    /// The place below this account that a key origin names, if it names one of any of its keys. Of several keys one alone names
    /// no account for certain: the same key signs in others too.
    #[must_use]
    pub fn place_of(&self, fingerprint: Fingerprint, path: &DerivationPath) -> Option<NamedPlace> {
        let is_single = self.script_type().is_some();
        let place = self.keys.iter().find_map(|key| key.place_of(fingerprint, path))?;
        Some(NamedPlace { is_certain: place.is_certain && is_single, ..place })
    }
}

/// A script that the network does not know could be spent by anyone there.
fn check_features(network: Network, descriptor: &Descriptor<DescriptorPublicKey>) -> Result<(), AccountError> {
    let Features { segwit, taproot, .. } = network.chain().features;
    match descriptor.desc_type().segwit_version() {
        Some(WitnessVersion::V1) if !taproot => Err(unsupported("the network has no taproot")),
        Some(_) if !segwit => Err(unsupported("the network has no segwit")),
        _ => Ok(()),
    }
}

/// Scripts that keep the guarantees of miniscript: standard, not malleable, a signature on every path, no key twice.
fn check_form(descriptor: &Descriptor<DescriptorPublicKey>) -> Result<(), AccountError> {
    if matches!(descriptor, Descriptor::Bare(_)) {
        return Err(unsupported("a script without an address"));
    }
    if is_lonely_multisig(descriptor) {
        return Err(unsupported("a multisig of one key; use wpkh(...)"));
    }
    descriptor.sanity_check().map_err(|error| unsupported(&format!("it is not a safe script: {error}")))
}

fn is_lonely_multisig(descriptor: &Descriptor<DescriptorPublicKey>) -> bool {
    use DescriptorType::{ShSortedMulti, ShWshSortedMulti, WshSortedMulti};
    let mut keys = 0usize;
    descriptor.for_each_key(|_| {
        keys += 1;
        true
    });
    keys == 1 && matches!(descriptor.desc_type(), ShSortedMulti | ShWshSortedMulti | WshSortedMulti)
}

fn unsupported(what: &str) -> AccountError {
    AccountError::Unsupported(SafeText::new(what))
}
