//! What it costs to spend an output of a descriptor: the weight of the signed input, and the locks that the spend needs.
//!
//! The weight is that of a satisfaction that miniscript makes of the descriptor, with signatures of the greatest size. No keys,
//! no I/O. Which coins are spent is decided elsewhere.

use std::collections::BTreeSet;

use bitcoin::{
    ScriptBuf, TapLeafHash, VarInt, absolute, ecdsa,
    key::XOnlyPublicKey,
    relative,
    script::PushBytesBuf,
    secp256k1::{self, schnorr},
    sighash::{EcdsaSighashType, TapSighashType},
    taproot,
};
use miniscript::{
    Descriptor, Satisfier, ToPublicKey,
    descriptor::{DefiniteDescriptorKey, DescriptorType},
    miniscript::satisfy::{Placeholder, Preimage32},
    plan::Plan,
};

/// Plans that are compared before the upper bound of the whole descriptor is taken instead.
const MOST_PLANS: usize = 100;
/// Outpoint and sequence of an input, in bytes.
const OUTPOINT_AND_SEQUENCE: u64 = 36 + 4;
/// What the bound of a whole descriptor can lack for a P2SH script, in bytes: longer pushes, and a longer count before them.
const LEGACY_PUSHES: u64 = 4;
/// The point that nobody knows a private key of (BIP-341): a taproot output with it has no key path.
const UNSPENDABLE: [u8; 32] = [
    0x50, 0x92, 0x9b, 0x74, 0xc1, 0xa0, 0x49, 0x54, 0xb7, 0x8b, 0x4b, 0x60, 0x35, 0xe9, 0x7a, 0x5e, 0x07, 0x8a, 0x5a,
    0x0f, 0x28, 0xec, 0x96, 0xd5, 0x47, 0xbf, 0xee, 0x9a, 0xce, 0x80, 0x3a, 0xc0,
];

/// What spending one output costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendCost {
    /// Weight of the signed input, in weight units: outpoint, sequence, script and witness.
    pub weight: u64,
    /// Whether it has a witness; an input without one costs one weight unit more beside inputs that have one.
    pub has_witness: bool,
}

/// The locks of one input: how old its coin has to be, and when the transaction may be mined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Locks {
    /// Age of the coin (BIP-68).
    pub older: Option<relative::LockTime>,
    /// Lock time of the transaction (BIP-65).
    pub after: Option<absolute::LockTime>,
}

impl Locks {
    /// The locks without which nothing can spend an output of the descriptor: none where a path is open without, else those of
    /// the cheapest path. `None`: no path can be taken at all.
    #[must_use]
    pub fn needed(descriptor: &Descriptor<DefiniteDescriptorKey>) -> Option<Self> {
        let mut search = PathSearch::new(descriptor, SignatureSize::AnyR);
        [OpenLocks::UpTo(Self::default()), OpenLocks::AnyBlocks, OpenLocks::AnyTimes].into_iter().find_map(|locks| {
            search.signer.locks = locks;
            let plan = search.plan()?;
            Some(Self { older: plan.relative_timelock, after: plan.absolute_timelock })
        })
    }
}

/// How large an ECDSA signature is reckoned, with its sighash byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureSize {
    /// 71 bytes: the signer grinds for a low R, as this wallet and Bitcoin Core do.
    LowR,
    /// 72 bytes: any signature that nodes relay (low S).
    AnyR,
}

impl SpendCost {
    /// No signature of one key costs more, in any form.
    pub const LARGEST_SINGLE_KEY: Self = Self { weight: 592, has_witness: false };

    /// The most that a spend of this descriptor costs in a transaction with these locks, whichever of the keys sign; `None` if
    /// nothing can spend it.
    #[must_use]
    pub fn of(descriptor: &Descriptor<DefiniteDescriptorKey>, signatures: SignatureSize, locks: Locks) -> Option<Self> {
        let mut search = PathSearch::new(descriptor, signatures);
        search.signer.locks = OpenLocks::UpTo(locks);
        let bound = upper_bound(descriptor)?;
        let first = search.plan().and_then(|plan| search.signer.weight(&plan));
        let weight = match first {
            Some(weight) if weight >= bound || all_alike(descriptor) => weight,
            Some(_) => search.largest().unwrap_or(bound),
            None => bound,
        };
        Some(Self { weight, has_witness: descriptor.desc_type().segwit_version().is_some() })
    }
}

/// The weight that no spend of the descriptor exceeds.
fn upper_bound(descriptor: &Descriptor<DefiniteDescriptorKey>) -> Option<u64> {
    let satisfied = descriptor.max_weight_to_satisfy().ok()?.to_wu();
    // An input that is not signed has an empty script, of one byte; with segwit, the count of an empty witness too.
    let besides = match descriptor.desc_type().segwit_version() {
        Some(_) => 1,
        None => 4 * LEGACY_PUSHES,
    };
    Some(satisfied + 4 * (OUTPOINT_AND_SEQUENCE + 1) + besides)
}

/// Whether every set of keys that suffices makes a spend of the same size.
fn all_alike(descriptor: &Descriptor<DefiniteDescriptorKey>) -> bool {
    use DescriptorType::{Pkh, ShSortedMulti, ShWpkh, ShWshSortedMulti, Wpkh, WshSortedMulti};
    matches!(descriptor.desc_type(), Pkh | Wpkh | ShWpkh | ShSortedMulti | ShWshSortedMulti | WshSortedMulti)
}

/// Tries what remains when keys of a plan do not sign, until every set of keys that suffices was planned.
struct PathSearch<'a> {
    descriptor: &'a Descriptor<DefiniteDescriptorKey>,
    signer: Simulated,
    seen: BTreeSet<BTreeSet<DefiniteDescriptorKey>>,
}

impl<'a> PathSearch<'a> {
    fn new(descriptor: &'a Descriptor<DefiniteDescriptorKey>, signatures: SignatureSize) -> Self {
        Self { descriptor, signer: Simulated::new(descriptor, signatures), seen: BTreeSet::new() }
    }

    /// The cheapest plan with the keys and locks that there are.
    fn plan(&self) -> Option<Plan> {
        self.descriptor.clone().plan(&self.signer).ok()
    }

    /// The weight of the largest plan; `None` if there are too many, or none.
    fn largest(&mut self) -> Option<u64> {
        let mut largest = 0;
        let mut open = vec![BTreeSet::new()];
        while let Some(absent) = open.pop() {
            if !self.seen.insert(absent.clone()) {
                continue;
            }
            if self.seen.len() > MOST_PLANS {
                return None;
            }
            self.signer.absent.clone_from(&absent);
            let Some(plan) = self.plan() else { continue };
            largest = largest.max(self.signer.weight(&plan)?);
            open.extend(signers(&plan).into_iter().map(|key| {
                let mut absent = absent.clone();
                absent.insert(key);
                absent
            }));
        }
        Some(largest).filter(|largest| *largest > 0)
    }
}

/// The keys that sign in a plan.
fn signers(plan: &Plan) -> Vec<DefiniteDescriptorKey> {
    let key = |placeholder: &Placeholder<DefiniteDescriptorKey>| match placeholder {
        Placeholder::EcdsaSigPk(key) | Placeholder::SchnorrSigPk(key, ..) => Some(key.clone()),
        _ => None,
    };
    plan.witness_template().iter().filter_map(key).collect()
}

/// The locks that a plan may use; blocks and times exclude each other.
#[derive(Clone, Copy, Debug)]
enum OpenLocks {
    UpTo(Locks),
    AnyBlocks,
    AnyTimes,
}

/// Signatures of the greatest size by every key but those that are absent.
struct Simulated {
    ecdsa: Option<ecdsa::Signature>,
    schnorr: Option<taproot::Signature>,
    internal: Option<DefiniteDescriptorKey>,
    /// Bytes that push the script of a P2SH output behind what satisfies it: a plan of miniscript leaves them out.
    redeem_push: usize,
    absent: BTreeSet<DefiniteDescriptorKey>,
    locks: OpenLocks,
}

impl Simulated {
    fn new(descriptor: &Descriptor<DefiniteDescriptorKey>, size: SignatureSize) -> Self {
        let mut bytes = [0x7f; 64];
        if size == SignatureSize::AnyR {
            // The highest bit of R makes its encoding one byte longer.
            bytes[0] = 0x80;
        }
        let signature = secp256k1::ecdsa::Signature::from_compact(&bytes).ok();
        let schnorr = schnorr::Signature::from_slice(&bytes).ok();
        let internal = match descriptor {
            Descriptor::Tr(tr) => Some(tr.internal_key().clone()).filter(|key| !is_unspendable(key)),
            _ => None,
        };
        Self {
            ecdsa: signature.map(|signature| ecdsa::Signature { signature, sighash_type: EcdsaSighashType::All }),
            schnorr: schnorr.map(|signature| taproot::Signature { signature, sighash_type: TapSighashType::Default }),
            internal,
            redeem_push: redeem_push(descriptor).unwrap_or(0),
            absent: BTreeSet::new(),
            locks: OpenLocks::UpTo(Locks::default()),
        }
    }

    /// Weight of an input that is signed along a plan.
    fn weight(&self, plan: &Plan) -> Option<u64> {
        let (stack, script_sig) = plan.satisfy(self).ok()?;
        let script_sig = script_sig.len() + self.redeem_push;
        let sized = |length: usize| VarInt::from(length).size() as u64 + length as u64;
        let witness = match plan.witness_version() {
            None => 0,
            Some(_) => {
                VarInt::from(stack.len()).size() as u64 + stack.iter().map(|item| sized(item.len())).sum::<u64>()
            }
        };
        Some(4 * (OUTPOINT_AND_SEQUENCE + sized(script_sig)) + witness)
    }
}

/// The size of the push of a P2SH output's script; `None` for other outputs.
fn redeem_push(descriptor: &Descriptor<DefiniteDescriptorKey>) -> Option<usize> {
    if !matches!(descriptor.desc_type(), DescriptorType::Sh | DescriptorType::ShSortedMulti) {
        return None;
    }
    let script = PushBytesBuf::try_from(descriptor.explicit_script().ok()?.into_bytes()).ok()?;
    Some(ScriptBuf::builder().push_slice(script).into_script().len())
}

fn is_unspendable(key: &DefiniteDescriptorKey) -> bool {
    let point = XOnlyPublicKey::from_slice(&UNSPENDABLE);
    point.is_ok_and(|point| key.to_x_only_pubkey() == point)
}

impl Satisfier<DefiniteDescriptorKey> for Simulated {
    fn lookup_ecdsa_sig(&self, key: &DefiniteDescriptorKey) -> Option<ecdsa::Signature> {
        self.ecdsa.filter(|_| !self.absent.contains(key))
    }

    fn lookup_tap_key_spend_sig(&self) -> Option<taproot::Signature> {
        let signs = self.internal.as_ref().is_some_and(|key| !self.absent.contains(key));
        self.schnorr.filter(|_| signs)
    }

    fn lookup_tap_leaf_script_sig(&self, key: &DefiniteDescriptorKey, _: &TapLeafHash) -> Option<taproot::Signature> {
        self.schnorr.filter(|_| !self.absent.contains(key))
    }

    fn lookup_sha256(&self, _: &bitcoin::hashes::sha256::Hash) -> Option<Preimage32> {
        Some([0; 32])
    }

    fn lookup_hash256(&self, _: &miniscript::hash256::Hash) -> Option<Preimage32> {
        Some([0; 32])
    }

    fn lookup_ripemd160(&self, _: &bitcoin::hashes::ripemd160::Hash) -> Option<Preimage32> {
        Some([0; 32])
    }

    fn lookup_hash160(&self, _: &bitcoin::hashes::hash160::Hash) -> Option<Preimage32> {
        Some([0; 32])
    }

    fn check_older(&self, lock: relative::LockTime) -> bool {
        match self.locks {
            OpenLocks::AnyBlocks => lock.is_block_height(),
            OpenLocks::AnyTimes => lock.is_block_time(),
            OpenLocks::UpTo(Locks { older, .. }) => older.is_some_and(|older| lock.is_implied_by(older)),
        }
    }

    fn check_after(&self, lock: absolute::LockTime) -> bool {
        match self.locks {
            OpenLocks::AnyBlocks => lock.is_block_height(),
            OpenLocks::AnyTimes => lock.is_block_time(),
            OpenLocks::UpTo(Locks { after, .. }) => after.is_some_and(|after| lock.is_implied_by(after)),
        }
    }
}
