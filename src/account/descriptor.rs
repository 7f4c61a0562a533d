//! Accounts as text: BIP-380/389 descriptors with checksum and master-key origin, extended public keys, SLIP-132 forms.
//!
//! Reads only what names one key with public derivation; anything else is refused by name. No private keys, no I/O.

use std::str::FromStr;

use bitcoin::{
    base58,
    bip32::{ChildNumber, DerivationPath, Fingerprint, Xpub},
};
use miniscript::descriptor::{Descriptor, DescriptorPublicKey, ShInner, checksum::desc_checksum};

use super::{Account, AccountError, Keychain, ScriptType};
use crate::{network::Network, text::SafeText};

/// SLIP-132 version bytes: script type, main network, test networks. P2TR and P2PKH use the BIP-32 ones.
const SLIP132: [(ScriptType, [u8; 4], [u8; 4]); 2] = [
    (ScriptType::P2shP2wpkh, [0x04, 0x9d, 0x7c, 0xb2], [0x04, 0x4a, 0x52, 0x62]),
    (ScriptType::P2wpkh, [0x04, 0xb2, 0x47, 0x46], [0x04, 0x5f, 0x1c, 0xf6]),
];
/// BIP-32 version bytes of `xpub` and `tpub`.
const BIP32: [[u8; 4]; 2] = [[0x04, 0x88, 0xb2, 0x1e], [0x04, 0x35, 0x87, 0xcf]];

/// Appends a BIP-380 checksum to a descriptor body.
#[must_use]
pub fn checksummed(body: &str) -> String {
    // Every body made here is plain descriptor characters, the only thing the checksum can fail on.
    desc_checksum(body).map_or_else(|_| body.to_owned(), |sum| format!("{body}#{sum}"))
}

/// The account key in SLIP-132 form: `ypub`/`zpub` (`upub`/`vpub` on test networks), else the plain `xpub`/`tpub`.
#[must_use]
pub fn slip132(account: &Account) -> String {
    let mut bytes = account.xpub.encode();
    let form = SLIP132.iter().find(|(kind, ..)| *kind == account.script_type);
    if let Some((_, main, test)) = form {
        let version = if account.xpub.network == bitcoin::NetworkKind::Main { main } else { test };
        bytes[..4].copy_from_slice(version);
    }
    base58::encode_check(&bytes)
}

impl Account {
    /// Both chains in one descriptor (BIP-389): `wpkh([fingerprint/84'/0'/0']xpub/<0;1>/*)#checksum`.
    #[must_use]
    pub fn descriptor(&self) -> String {
        self.descriptor_with("<0;1>")
    }

    /// The descriptor of one chain (BIP-380), for wallets that know no `<0;1>`.
    #[must_use]
    pub fn descriptor_of(&self, keychain: Keychain) -> String {
        self.descriptor_with(&keychain.number().to_string())
    }

    fn descriptor_with(&self, step: &str) -> String {
        let origin = self.origin.to_string();
        let slash = if origin.is_empty() { "" } else { "/" };
        let key = format!("[{}{slash}{origin}]{}/{step}/*", self.fingerprint, self.xpub);
        checksummed(&match self.script_type {
            ScriptType::P2pkh => format!("pkh({key})"),
            ScriptType::P2shP2wpkh => format!("sh(wpkh({key}))"),
            ScriptType::P2wpkh => format!("wpkh({key})"),
            ScriptType::P2tr => format!("tr({key})"),
        })
    }

    /// Reads a descriptor of one extended key, or an extended public key (whose type is `fallback` if it is a plain xpub).
    ///
    /// # Errors
    /// Not an account, wrong checksum, an unsupported form, a private key, or a key of the other class of networks.
    pub fn parse(text: &str, network: Network, fallback: ScriptType) -> Result<Self, AccountError> {
        let text = text.trim();
        if ["xprv", "tprv", "yprv", "zprv", "uprv", "vprv"].iter().any(|mark| text.contains(mark)) {
            return Err(AccountError::Private);
        }
        if text.contains('(') { from_descriptor(text, network) } else { from_xpub(text, network, fallback) }
    }
}

fn from_xpub(text: &str, network: Network, fallback: ScriptType) -> Result<Account, AccountError> {
    let not_an_account = || AccountError::NotAnAccount(SafeText::new(text));
    let mut bytes = base58::decode_check(text).map_err(|_| not_an_account())?;
    let mut kind = fallback;
    for (script_type, main, test) in SLIP132 {
        for (version, plain) in [(main, BIP32[0]), (test, BIP32[1])] {
            if bytes.starts_with(&version) {
                bytes[..4].copy_from_slice(&plain);
                kind = script_type;
            }
        }
    }
    let xpub = Xpub::decode(&bytes).map_err(|_| not_an_account())?;
    let (fingerprint, origin) = unstated_origin(&xpub, network, kind);
    Account::new(network, kind, fingerprint, origin, xpub)
}

/// A bare xpub does not say where it comes from. If it is a key at depth 3 with a hardened number, its path is the
/// standard one, though its master stays unknown (all-zero fingerprint); otherwise it is taken as its own origin.
fn unstated_origin(xpub: &Xpub, network: Network, kind: ScriptType) -> (Fingerprint, DerivationPath) {
    match (xpub.depth, xpub.child_number) {
        (3, ChildNumber::Hardened { index }) => (
            Fingerprint::default(),
            Account::standard_path(network, kind, index).unwrap_or_else(|_| DerivationPath::master()),
        ),
        _ => (xpub.fingerprint(), DerivationPath::master()),
    }
}

fn from_descriptor(text: &str, network: Network) -> Result<Account, AccountError> {
    let descriptor = Descriptor::<DescriptorPublicKey>::from_str(text).map_err(|_| {
        if text.contains('#')
            && Descriptor::<DescriptorPublicKey>::from_str(text.split('#').next().unwrap_or("")).is_ok()
        {
            AccountError::Checksum
        } else {
            AccountError::NotAnAccount(SafeText::new(text))
        }
    })?;
    let unsupported = |what: &str| AccountError::Unsupported(SafeText::new(what));
    let (kind, key) = match &descriptor {
        Descriptor::Pkh(inner) => (ScriptType::P2pkh, inner.as_inner()),
        Descriptor::Wpkh(inner) => (ScriptType::P2wpkh, inner.as_inner()),
        Descriptor::Sh(sh) => match sh.as_inner() {
            ShInner::Wpkh(inner) => (ScriptType::P2shP2wpkh, inner.as_inner()),
            _ => return Err(unsupported("a script in sh(...)")),
        },
        Descriptor::Tr(tr) if tr.tap_tree().is_none() => (ScriptType::P2tr, tr.internal_key()),
        Descriptor::Tr(_) => return Err(unsupported("taproot scripts")),
        _ => return Err(unsupported("a script with several keys or conditions")),
    };
    let (origin, xpub, steps) = extended_key(key).ok_or_else(|| unsupported("a key without derivation"))?;
    check_steps(&steps).ok_or_else(|| unsupported("a derivation other than /<0;1>/*, /0/* or /1/*"))?;
    let (fingerprint, path) = origin.unwrap_or_else(|| unstated_origin(&xpub, network, kind));
    Account::new(network, kind, fingerprint, path, xpub)
}

type Origin = Option<(Fingerprint, DerivationPath)>;

fn extended_key(key: &DescriptorPublicKey) -> Option<(Origin, Xpub, Vec<DerivationPath>)> {
    match key {
        DescriptorPublicKey::XPub(key) => Some((key.origin.clone(), key.xkey, vec![key.derivation_path.clone()])),
        DescriptorPublicKey::MultiXPub(key) => {
            Some((key.origin.clone(), key.xkey, key.derivation_paths.paths().clone()))
        }
        DescriptorPublicKey::Single(_) => None,
    }
}

/// Only the receive and change chains directly below the key are known to this wallet.
fn check_steps(steps: &[DerivationPath]) -> Option<()> {
    let allowed = [["0"].as_slice(), ["1"].as_slice(), ["0", "1"].as_slice()];
    let found: Vec<String> = steps.iter().map(ToString::to_string).collect();
    allowed.iter().any(|form| found == *form).then_some(())
}
