//! Accounts as text: BIP-380/389 descriptors with checksum and key origins, extended public keys, SLIP-132 forms.
//!
//! Reads only what has public derivation and two chains of addresses; anything else is refused by name. No private keys, no I/O.

use std::str::FromStr;

use bitcoin::{
    base58,
    bip32::{ChildNumber, DerivationPath, Fingerprint, Xpub},
};
use miniscript::{
    Descriptor, ForEachKey, TranslatePk, Translator,
    descriptor::{DescriptorPublicKey, DescriptorXKey, Wildcard, checksum::desc_checksum},
    translate_hash_clone,
};

use super::{Account, AccountError, Keychain, ScriptType, SingleKeyForm, keys::both_chains, unsupported};
use crate::{network::Network, text::SafeText};

/// SLIP-132 version bytes: script type, main network, test networks. P2TR and P2PKH use the BIP-32 ones.
const SLIP132: [(ScriptType, [u8; 4], [u8; 4]); 2] = [
    (ScriptType::P2shP2wpkh, [0x04, 0x9d, 0x7c, 0xb2], [0x04, 0x4a, 0x52, 0x62]),
    (ScriptType::P2wpkh, [0x04, 0xb2, 0x47, 0x46], [0x04, 0x5f, 0x1c, 0xf6]),
];
/// The key of an account of one key in SLIP-132 form: `ypub`/`zpub` (`upub`/`vpub` on test networks), else the plain
/// `xpub`/`tpub`.
#[must_use]
pub fn slip132(account: &Account) -> Option<String> {
    let xpub = account.single_key()?.xpub;
    let mut bytes = xpub.encode();
    let form = SLIP132.iter().find(|(kind, ..)| Some(*kind) == account.script_type());
    if let Some((_, main, test)) = form {
        let version = if xpub.network == bitcoin::NetworkKind::Main { main } else { test };
        bytes[..4].copy_from_slice(version);
    }
    Some(base58::encode_check(&bytes))
}

impl Account {
    /// Both chains in one descriptor (BIP-389): `wpkh([fingerprint/84'/0'/0']xpub/<0;1>/*)#checksum`.
    #[must_use]
    pub fn descriptor(&self) -> String {
        self.descriptor.to_string()
    }

    /// The descriptor of one chain (BIP-380), for wallets that know no `<0;1>`.
    #[must_use]
    pub fn descriptor_of(&self, keychain: Keychain) -> String {
        let chains = self.descriptor.clone().into_single_descriptors().unwrap_or_default();
        chains.get(keychain.position()).map(ToString::to_string).unwrap_or_default()
    }

    /// Reads a descriptor, or an extended public key (whose type is `fallback` if it is a plain xpub).
    ///
    /// # Errors
    /// As [`Stated::parse`].
    pub fn parse(text: &str, network: Network, fallback: ScriptType) -> Result<Self, AccountError> {
        Stated::parse(text, network, fallback).map(|stated| stated.account)
    }
}

/// An account as it was read, and which of its chains the text named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The account, with both chains.
    pub account: Account,
    /// The chains that the text named; an extended key alone stands for both.
    pub chains: &'static [Keychain],
}

impl Stated {
    /// Reads a descriptor, or an extended public key, with or without its origin in brackets.
    ///
    /// # Errors
    /// Not an account, wrong checksum, an unsupported form, a private key, or a key of the other class of networks.
    pub fn parse(text: &str, network: Network, fallback: ScriptType) -> Result<Self, AccountError> {
        let text = text.trim();
        // At the start of a word only: the letters can stand anywhere in a public key.
        let is_private =
            |word: &str| ["xprv", "tprv", "yprv", "zprv", "uprv", "vprv"].iter().any(|mark| word.starts_with(mark));
        if text.split(|character: char| !character.is_ascii_alphanumeric()).any(is_private) {
            return Err(AccountError::Private);
        }
        if text.contains('(') {
            return from_descriptor(text, network);
        }
        Ok(Self { account: from_xpub(text, network, fallback)?, chains: &Keychain::ALL })
    }
}

/// An extended key in its BIP-32 form, and the script type that a SLIP-132 form names.
struct AnyKey {
    xpub: Xpub,
    kind: Option<ScriptType>,
}

fn any_key(text: &str) -> Option<AnyKey> {
    let mut bytes = base58::decode_check(text).ok()?;
    let mut kind = None;
    for (script_type, main, test) in SLIP132 {
        for (version, network) in [(main, Network::Bitcoin), (test, Network::Testnet4)] {
            if bytes.starts_with(&version) {
                bytes[..4].copy_from_slice(&network.chain().xpub);
                kind = Some(script_type);
            }
        }
    }
    Some(AnyKey { xpub: Xpub::decode(&bytes).ok()?, kind })
}

/// An extended key, with `[fingerprint/path]` in front of it or not.
fn from_xpub(text: &str, network: Network, fallback: ScriptType) -> Result<Account, AccountError> {
    let not_an_account = || AccountError::NotAnAccount(SafeText::new(text));
    let (stated, key) = match text.strip_prefix('[').map(|rest| rest.split_once(']').ok_or_else(not_an_account)) {
        Some(parts) => {
            let (origin, key) = parts?;
            (Some(stated_origin(origin).ok_or_else(not_an_account)?), key)
        }
        None => (None, text),
    };
    let AnyKey { xpub, kind } = any_key(key).ok_or_else(not_an_account)?;
    let kind = kind.unwrap_or(fallback);
    let (fingerprint, origin) = stated.unwrap_or_else(|| unstated_origin(&xpub, network, kind));
    Account::new(network, kind, fingerprint, origin, xpub)
}

/// `fingerprint/path`, with hardened levels marked as h, H or '.
fn stated_origin(text: &str) -> Option<(Fingerprint, DerivationPath)> {
    let (fingerprint, path) = text.split_once('/').unwrap_or((text, ""));
    let path = path.replace('H', "h");
    Some((fingerprint.parse().ok()?, if path.is_empty() { DerivationPath::master() } else { path.parse().ok()? }))
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

fn from_descriptor(text: &str, network: Network) -> Result<Stated, AccountError> {
    let (body, sum) = text.split_once('#').map_or((text, None), |(body, sum)| (body, Some(sum)));
    // The checksum is over the text as it was written.
    if sum.is_some_and(|sum| desc_checksum(body).ok().as_deref() != Some(sum)) {
        return Err(AccountError::Checksum);
    }
    let descriptor = Descriptor::<DescriptorPublicKey>::from_str(&plain_form(body)?)
        .map_err(|error| AccountError::NotADescriptor(SafeText::new(&error.to_string())))?;
    match SingleKeyForm::of(&descriptor) {
        Some(SingleKeyForm { script_type, key }) => of_one_key(key, script_type, network),
        None => of_several_keys(descriptor, network),
    }
}

/// An account of one key names the standard chains, or the first of them.
fn of_one_key(key: &DescriptorPublicKey, kind: ScriptType, network: Network) -> Result<Stated, AccountError> {
    let StatedKey { origin, xpub, steps, wildcard } =
        stated_key(key).ok_or_else(|| unsupported("a key without derivation"))?;
    let chains = match wildcard {
        Wildcard::Unhardened => {
            chains_of(&steps).ok_or_else(|| unsupported("its addresses are not those of /<0;1>/* or /0/*"))?
        }
        Wildcard::None => return Err(unsupported("it names single addresses; an account ends in /*")),
        Wildcard::Hardened => return Err(unsupported("hardened addresses (/*h), which only a private key can derive")),
    };
    let (fingerprint, path) = origin.unwrap_or_else(|| unstated_origin(&xpub, network, kind));
    Ok(Stated { account: Account::new(network, kind, fingerprint, path, xpub)?, chains })
}

/// An account of several keys has two chains of any numbers. Where every key ends in /0/*, the chain beside it is /1/*.
fn of_several_keys(descriptor: Descriptor<DescriptorPublicKey>, network: Network) -> Result<Stated, AccountError> {
    let is_receive_only = |key: &DescriptorPublicKey| match key {
        DescriptorPublicKey::Single(_) => true,
        DescriptorPublicKey::XPub(key) => {
            key.derivation_path.to_string() == "0" && key.wildcard == Wildcard::Unhardened
        }
        DescriptorPublicKey::MultiXPub(_) => false,
    };
    if !descriptor.for_each_key(is_receive_only) {
        return Ok(Stated { account: Account::of_descriptor(network, descriptor)?, chains: &Keychain::ALL });
    }
    let widened = descriptor.translate_pk(&mut BothChains).map_err(|_| unsupported("a key without derivation"))?;
    Ok(Stated { account: Account::of_descriptor(network, widened)?, chains: &[Keychain::Receive] })
}

/// Makes `/<0;1>/*` of `/0/*`.
struct BothChains;

impl Translator<DescriptorPublicKey, DescriptorPublicKey, AccountError> for BothChains {
    fn pk(&mut self, key: &DescriptorPublicKey) -> Result<DescriptorPublicKey, AccountError> {
        let DescriptorPublicKey::XPub(DescriptorXKey { origin, xkey, .. }) = key else { return Ok(key.clone()) };
        both_chains(origin.clone(), *xkey).ok_or_else(|| unsupported("a key without derivation"))
    }

    translate_hash_clone!(DescriptorPublicKey, DescriptorPublicKey, AccountError);
}

/// The same descriptor as BIP-380 writes it: without spaces, with h for H in the origins, and with SLIP-132 keys in their BIP-32
/// form. A SLIP-132 key must not name another script than the descriptor does.
fn plain_form(body: &str) -> Result<String, AccountError> {
    let body: String = body.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    let mut plain = String::with_capacity(body.len());
    let mut in_origin = false;
    for part in body.split_inclusive(['[', ']']) {
        plain.push_str(&if in_origin { part.replace('H', "h") } else { part.to_owned() });
        in_origin = part.ends_with('[');
    }
    for word in body.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| word.len() > 100) {
        let Some(key) = any_key(word) else { continue };
        let wrapper = match key.kind {
            None => "",
            Some(ScriptType::P2shP2wpkh) => "sh(wpkh(",
            Some(_) => "wpkh(",
        };
        if !body.starts_with(wrapper) {
            return Err(unsupported("its key is marked for another kind of script"));
        }
        plain = plain.replace(word, &key.xpub.to_string());
    }
    Ok(plain)
}

/// What a descriptor of one key says of it.
struct StatedKey {
    origin: Option<(Fingerprint, DerivationPath)>,
    xpub: Xpub,
    steps: Vec<DerivationPath>,
    wildcard: Wildcard,
}

fn stated_key(key: &DescriptorPublicKey) -> Option<StatedKey> {
    match key {
        DescriptorPublicKey::XPub(key) => Some(StatedKey {
            origin: key.origin.clone(),
            xpub: key.xkey,
            steps: vec![key.derivation_path.clone()],
            wildcard: key.wildcard,
        }),
        DescriptorPublicKey::MultiXPub(key) => Some(StatedKey {
            origin: key.origin.clone(),
            xpub: key.xkey,
            steps: key.derivation_paths.paths().clone(),
            wildcard: key.wildcard,
        }),
        DescriptorPublicKey::Single(_) => None,
    }
}

/// Only the receive and change chains directly below the key are known to this wallet, and no account is without the first.
fn chains_of(steps: &[DerivationPath]) -> Option<&'static [Keychain]> {
    let found: Vec<String> = steps.iter().map(ToString::to_string).collect();
    match found.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["0", "1"] => Some(&Keychain::ALL),
        ["0"] => Some(&[Keychain::Receive]),
        _ => None,
    }
}

#[cfg(test)]
#[path = "descriptor_tests.rs"]
mod tests;
