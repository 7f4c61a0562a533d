//! From a descriptor to scripts: its two chains, and what stands at one index of them.
//!
//! Public keys only, no I/O.

use bitcoin::{
    Script, ScriptBuf,
    bip32::{DerivationPath, Fingerprint, Xpub},
    secp256k1::{PublicKey, Secp256k1, VerifyOnly},
};
use miniscript::{
    Descriptor, MiniscriptKey, ToPublicKey, TranslatePk, Translator,
    descriptor::{DefiniteDescriptorKey, DescriptorPublicKey, DescriptorXKey, SinglePub, SinglePubKey},
    translate_hash_clone,
};

use super::{AccountError, ScriptType, SingleKeyForm, unsupported};

/// One verification context for the process: making one costs more than a derivation.
pub(crate) fn verifier() -> &'static Secp256k1<VerifyOnly> {
    static CONTEXT: std::sync::OnceLock<Secp256k1<VerifyOnly>> = std::sync::OnceLock::new();
    CONTEXT.get_or_init(Secp256k1::verification_only)
}

/// A descriptor without wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedDescriptor {
    /// With the origins of its keys, as a PSBT names them.
    pub definite: Descriptor<DefiniteDescriptorKey>,
    /// With the keys themselves.
    pub concrete: Descriptor<bitcoin::PublicKey>,
}

/// The key of a descriptor of a single key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleKeyAt {
    /// The form of the descriptor.
    pub script_type: ScriptType,
    /// Path from the master key.
    pub path: DerivationPath,
    /// The key.
    pub public_key: PublicKey,
}

impl DerivedDescriptor {
    /// What stands at an index of a chain.
    pub(super) fn at(chain: &Descriptor<DescriptorPublicKey>, index: u32) -> Result<Self, AccountError> {
        let out_of_range = |_| AccountError::Index(index);
        let definite = chain.at_derivation_index(index).map_err(out_of_range)?;
        let concrete = definite.derived_descriptor(verifier()).map_err(out_of_range)?;
        Ok(Self { definite, concrete })
    }

    /// An output of a key that comes from no other: its fingerprint is its own, its path is empty. `None` never happens for a
    /// compressed key.
    #[must_use]
    pub fn of_key(script_type: ScriptType, key: PublicKey, fingerprint: Fingerprint) -> Option<Self> {
        let key = bitcoin::PublicKey::new(key);
        let origin = Some((fingerprint, DerivationPath::master()));
        let single = DescriptorPublicKey::Single(SinglePub { origin, key: SinglePubKey::FullKey(key) });
        let definite = script_type.descriptor(DefiniteDescriptorKey::new(single)?)?;
        Some(Self { definite, concrete: script_type.descriptor(key)? })
    }

    /// The output script.
    #[must_use]
    pub fn script(&self) -> ScriptBuf {
        script_of(&self.concrete)
    }

    /// Its key, if one signature of one key spends it.
    #[must_use]
    pub fn single_key(&self) -> Option<SingleKeyAt> {
        let SingleKeyForm { script_type, key } = SingleKeyForm::of(&self.definite)?;
        let path = key.full_derivation_path()?;
        let public_key = SingleKeyForm::of(&self.concrete)?.key.inner;
        Some(SingleKeyAt { script_type, path, public_key })
    }
}

/// The output script of a descriptor. A taproot output without scripts is tweaked with the context of the process, which is
/// half of the work; the result is that of the library.
#[must_use]
pub(super) fn script_of(descriptor: &Descriptor<bitcoin::PublicKey>) -> ScriptBuf {
    match descriptor {
        Descriptor::Tr(tr) if tr.tap_tree().is_none() => {
            ScriptBuf::new_p2tr(verifier(), tr.internal_key().to_x_only_pubkey(), None)
        }
        _ => descriptor.script_pubkey(),
    }
}

/// Whether a script has the form of a descriptor's outputs.
pub(super) fn has_form<Pk: MiniscriptKey>(script: &Script, descriptor: &Descriptor<Pk>) -> bool {
    match descriptor {
        Descriptor::Bare(_) => false,
        Descriptor::Pkh(_) => script.is_p2pkh(),
        Descriptor::Sh(_) => script.is_p2sh(),
        Descriptor::Wpkh(_) => script.is_p2wpkh(),
        Descriptor::Wsh(_) => script.is_p2wsh(),
        Descriptor::Tr(_) => script.is_p2tr(),
    }
}

/// The two chains of a descriptor, with extended keys that are derived down to them: an address then costs one derivation a key.
pub(super) fn chains(
    descriptor: &Descriptor<DescriptorPublicKey>,
) -> Result<[Descriptor<DescriptorPublicKey>; 2], AccountError> {
    let two = || unsupported("its keys have other chains than two: /<0;1>/*");
    let chains = descriptor.clone().into_single_descriptors().map_err(|_| two())?;
    let [receive, change] = <[_; 2]>::try_from(chains).map_err(|_| two())?;
    Ok([at_chain(&receive)?, at_chain(&change)?])
}

fn at_chain(chain: &Descriptor<DescriptorPublicKey>) -> Result<Descriptor<DescriptorPublicKey>, AccountError> {
    chain.translate_pk(&mut ToChain).map_err(|error| match error {
        miniscript::TranslateErr::TranslatorErr(error) => error,
        miniscript::TranslateErr::OuterError(_) => unsupported("a key that its script does not allow"),
    })
}

/// Replaces an extended key by the one at the end of its steps; what a PSBT names stays the same.
struct ToChain;

impl Translator<DescriptorPublicKey, DescriptorPublicKey, AccountError> for ToChain {
    fn pk(&mut self, key: &DescriptorPublicKey) -> Result<DescriptorPublicKey, AccountError> {
        let DescriptorPublicKey::XPub(key) = key else { return Ok(key.clone()) };
        let derived = key.xkey.derive_pub(verifier(), &key.derivation_path);
        let xkey: Xpub = derived.map_err(|_| unsupported("hardened addresses, which only a private key can derive"))?;
        let (fingerprint, path) =
            key.origin.clone().unwrap_or_else(|| (key.xkey.fingerprint(), DerivationPath::master()));
        Ok(DescriptorPublicKey::XPub(DescriptorXKey {
            origin: Some((fingerprint, path.extend(&key.derivation_path))),
            xkey,
            derivation_path: DerivationPath::master(),
            wildcard: key.wildcard,
        }))
    }

    translate_hash_clone!(DescriptorPublicKey, DescriptorPublicKey, AccountError);
}
