//! The four descriptors of a single key, by name and purpose (BIP-44, 49, 84, 86).
//!
//! The only place that knows them apart by name; scripts, sizes and PSBT fields come from the descriptor itself.

use std::sync::OnceLock;

use bitcoin::{Script, ScriptBuf, secp256k1::PublicKey};
use miniscript::{
    Descriptor, MiniscriptKey,
    descriptor::{DefiniteDescriptorKey, DescriptorPublicKey, ShInner, SinglePub, SinglePubKey},
};
use serde::{Deserialize, Serialize};

use super::{
    derive::script_of,
    spend::{Locks, SignatureSize, SpendCost},
};

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

/// A descriptor of a single key, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct SingleKeyForm<'a, Pk> {
    /// Its form.
    pub script_type: ScriptType,
    /// Its key.
    pub key: &'a Pk,
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

    /// The descriptor of this form for a key; `None` for a key that the form does not allow (uncompressed in segwit).
    #[must_use]
    pub fn descriptor<Pk: MiniscriptKey>(self, key: Pk) -> Option<Descriptor<Pk>> {
        match self {
            Self::P2pkh => Descriptor::new_pkh(key),
            Self::P2shP2wpkh => Descriptor::new_sh_wpkh(key),
            Self::P2wpkh => Descriptor::new_wpkh(key),
            Self::P2tr => Descriptor::new_tr(key, None),
        }
        .ok()
    }

    /// What spending an output of this form costs, with a signature as this wallet and Bitcoin Core make it.
    #[must_use]
    pub fn spend_cost(self) -> SpendCost {
        static COSTS: OnceLock<[SpendCost; 4]> = OnceLock::new();
        let generator = bitcoin::secp256k1::constants::GENERATOR_X;
        let all = COSTS.get_or_init(|| {
            let cost = |kind: Self| {
                let mut bytes = [2u8; 33];
                bytes[1..].copy_from_slice(&generator);
                let key = PublicKey::from_slice(&bytes).ok()?;
                SpendCost::of(&kind.descriptor(definite(key)?)?, SignatureSize::LowR, Locks::default())
            };
            Self::ALL.map(|kind| cost(kind).unwrap_or(SpendCost::LARGEST_SINGLE_KEY))
        });
        all[self as usize]
    }

    /// The output script of this form that `key` can spend.
    #[must_use]
    pub fn script(self, key: PublicKey) -> ScriptBuf {
        self.descriptor(bitcoin::PublicKey::new(key)).map(|descriptor| script_of(&descriptor)).unwrap_or_default()
    }

    /// Which of a key's scripts this is, if it is one.
    #[must_use]
    pub fn of_script(script: &Script, key: PublicKey) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.script(key) == *script)
    }
}

impl<'a, Pk: MiniscriptKey> SingleKeyForm<'a, Pk> {
    /// The form and the key of a descriptor; `None` if more than one key's signature is in it.
    #[must_use]
    pub fn of(descriptor: &'a Descriptor<Pk>) -> Option<Self> {
        let (script_type, key) = match descriptor {
            Descriptor::Pkh(inner) => (ScriptType::P2pkh, inner.as_inner()),
            Descriptor::Wpkh(inner) => (ScriptType::P2wpkh, inner.as_inner()),
            Descriptor::Sh(sh) => match sh.as_inner() {
                ShInner::Wpkh(inner) => (ScriptType::P2shP2wpkh, inner.as_inner()),
                _ => return None,
            },
            Descriptor::Tr(tr) if tr.tap_tree().is_none() => (ScriptType::P2tr, tr.internal_key()),
            _ => return None,
        };
        Some(Self { script_type, key })
    }
}

/// A key without derivation, as descriptors have it.
fn definite(key: PublicKey) -> Option<DefiniteDescriptorKey> {
    let key = SinglePub { origin: None, key: SinglePubKey::FullKey(bitcoin::PublicKey::new(key)) };
    DefiniteDescriptorKey::new(DescriptorPublicKey::Single(key))
}
