//! The public half of an account: network, derivation path, xpub, descriptor. It derives scripts and public keys.
//!
//! No private keys, no I/O. Everything that claims to be "ours" is compared with what this room derives.

use std::fmt;

use bitcoin::{
    CompressedPublicKey, ScriptBuf,
    bip32::{ChildNumber, DerivationPath, Fingerprint, Xpub},
    secp256k1::{PublicKey, Secp256k1, VerifyOnly},
};
use serde::{Deserialize, Serialize};

use crate::{
    explain::{Entry, Explain, catalogue},
    network::Network,
    text::SafeText,
};

mod descriptor;
mod ethereum;
mod search;

pub use descriptor::{Stated, checksummed, slip132};
pub use ethereum::{ETHEREUM_COIN_TYPE, EthereumAccount, KeyOrigin, Layout, evm_address_of};
pub use search::{CHAIN_END, STANDARD_GAP, Search, search_end};

/// Which single-key script an account uses; the BIP that defines its derivation path names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScriptType {
    /// BIP-44: pay to public key hash.
    P2pkh,
    /// BIP-49: P2WPKH nested in P2SH.
    P2shP2wpkh,
    /// BIP-84: pay to witness public key hash. The default.
    P2wpkh,
    /// BIP-86: taproot, key path only.
    P2tr,
}

impl ScriptType {
    /// Every type, by purpose.
    pub const ALL: [Self; 4] = [Self::P2pkh, Self::P2shP2wpkh, Self::P2wpkh, Self::P2tr];

    /// The purpose level of the path: 44, 49, 84 or 86.
    #[must_use]
    pub const fn purpose(self) -> u32 {
        match self {
            Self::P2pkh => 44,
            Self::P2shP2wpkh => 49,
            Self::P2wpkh => 84,
            Self::P2tr => 86,
        }
    }

    /// The type whose purpose this is.
    #[must_use]
    pub fn from_purpose(purpose: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.purpose() == purpose)
    }

    /// The name typed after `--type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P2pkh => "legacy",
            Self::P2shP2wpkh => "nested-segwit",
            Self::P2wpkh => "segwit",
            Self::P2tr => "taproot",
        }
    }
}

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
    /// Neither a descriptor of one key nor an extended public key.
    #[error("`{0}` is not an account descriptor or extended public key")]
    NotAnAccount(SafeText),
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
    UNSUPPORTED = "account.unsupported", Refused, "Use a descriptor of one key: pkh, sh(wpkh), wpkh or tr, ending in /<0;1>/* or /0/*";
    PRIVATE = "account.private_key", Refused, "Export the public descriptor from the other wallet; treat the private one as leaked if it was shown";
    WRONG_NETWORK = "account.wrong_network", Refused, "Choose the network of the key with --network";
    INDEX = "account.index", Usage, "Use an index below 2147483648";
}

impl Explain for AccountError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::NotAnAccount(_) => NOT_AN_ACCOUNT,
            Self::Checksum => CHECKSUM,
            Self::Unsupported(_) => UNSUPPORTED,
            Self::Private => PRIVATE,
            Self::WrongNetwork { .. } => WRONG_NETWORK,
            Self::Index(_) => INDEX,
        }
    }
}

/// An account as far as public keys reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The ledger.
    pub network: Network,
    /// The script its addresses use.
    pub script_type: ScriptType,
    /// Fingerprint of the master key (not of the account key: signers look for the master, BIP-174).
    pub fingerprint: Fingerprint,
    /// Path from the master key to `xpub`.
    pub origin: DerivationPath,
    /// The account's extended public key.
    pub xpub: Xpub,
    /// Fingerprint of `xpub` itself, computed once.
    key_fingerprint: Fingerprint,
    /// `xpub/0` and `xpub/1`, derived once.
    keychains: [Xpub; 2],
}

impl Account {
    /// An account at `origin` below the master key with `fingerprint`.
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
        if xpub.network != network.key_kind() {
            let found = if xpub.network == bitcoin::NetworkKind::Main { "main" } else { "test" };
            return Err(AccountError::WrongNetwork { found, wanted: network.name() });
        }
        let keychain = |number| child(&xpub, number);
        let keychains = [keychain(0)?, keychain(1)?];
        let key_fingerprint = xpub.fingerprint();
        Ok(Self { network, script_type, fingerprint, origin, xpub, key_fingerprint, keychains })
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

    /// The public key at `keychain/index`.
    ///
    /// # Errors
    /// An index of 2^31 or above.
    pub fn public_key(&self, keychain: Keychain, index: u32) -> Result<PublicKey, AccountError> {
        let [receive, change] = &self.keychains;
        let parent = match keychain {
            Keychain::Receive => receive,
            Keychain::Change => change,
        };
        child(parent, index).map(|key| key.public_key)
    }

    /// The output script at `keychain/index`.
    ///
    /// # Errors
    /// An index of 2^31 or above.
    pub fn script(&self, keychain: Keychain, index: u32) -> Result<ScriptBuf, AccountError> {
        Ok(script_for(self.script_type, self.public_key(keychain, index)?))
    }

    /// The whole path from the master key to `keychain/index`.
    ///
    /// # Errors
    /// An index of 2^31 or above.
    pub fn path(&self, keychain: Keychain, index: u32) -> Result<DerivationPath, AccountError> {
        let normal = |number| ChildNumber::from_normal_idx(number).map_err(|_| AccountError::Index(number));
        Ok(self.origin.extend([normal(keychain.number())?, normal(index)?]))
    }

    /// The place below this account that a key origin names, if it names one.
    ///
    /// Besides the path from the master key, other programs write the path from the account key beside that key's own
    /// fingerprint (descriptors without an origin), and eight zeros where they do not know a fingerprint. Which key is meant is
    /// certain only where a fingerprint of this account is named.
    #[must_use]
    pub fn place_of(&self, fingerprint: Fingerprint, path: &DerivationPath) -> Option<NamedPlace> {
        let unknown = Fingerprint::default();
        let is_master = fingerprint == self.fingerprint && fingerprint != unknown;
        if (is_master || fingerprint == unknown || self.fingerprint == unknown)
            && let Some((keychain, index)) = below(self.origin.as_ref(), path)
        {
            return Some(NamedPlace { keychain, index, is_certain: is_master });
        }
        let is_account = fingerprint == self.key_fingerprint;
        let (keychain, index) = below(&[], path).filter(|_| is_account || fingerprint == unknown)?;
        Some(NamedPlace { keychain, index, is_certain: is_account })
    }
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

/// Chain and index of a path that begins with `origin` and ends two levels later.
fn below(origin: &[ChildNumber], path: &DerivationPath) -> Option<(Keychain, u32)> {
    let levels: &[ChildNumber] = path.as_ref();
    match levels.strip_prefix(origin)? {
        [ChildNumber::Normal { index: chain }, ChildNumber::Normal { index }] => {
            Some((Keychain::from_number(*chain)?, *index))
        }
        _ => None,
    }
}

/// The output script of `kind` that `key` can spend.
#[must_use]
pub fn script_for(kind: ScriptType, key: PublicKey) -> ScriptBuf {
    let compressed = CompressedPublicKey(key);
    match kind {
        ScriptType::P2pkh => ScriptBuf::new_p2pkh(&compressed.pubkey_hash()),
        ScriptType::P2shP2wpkh => ScriptBuf::new_p2wpkh(&compressed.wpubkey_hash()).to_p2sh(),
        ScriptType::P2wpkh => ScriptBuf::new_p2wpkh(&compressed.wpubkey_hash()),
        ScriptType::P2tr => ScriptBuf::new_p2tr(verifier(), key.x_only_public_key().0, None),
    }
}

/// One verification context for the process: making one costs more than a derivation.
pub(crate) fn verifier() -> &'static Secp256k1<VerifyOnly> {
    static CONTEXT: std::sync::OnceLock<Secp256k1<VerifyOnly>> = std::sync::OnceLock::new();
    CONTEXT.get_or_init(Secp256k1::verification_only)
}

fn child(parent: &Xpub, index: u32) -> Result<Xpub, AccountError> {
    let number = ChildNumber::from_normal_idx(index).map_err(|_| AccountError::Index(index))?;
    parent.derive_pub(verifier(), &[number]).map_err(|_| AccountError::Index(index))
}
