//! One input of a PSBT under examination: what it spends, why that is believed, whose it is, what its signature would cover.
//!
//! BIP-174's signer checks live here. Pure; no keys.

use bitcoin::{Psbt, ScriptBuf, TxOut, psbt};

use super::{
    BitcoinError, Owned, Ownership,
    bounds::{self, Effort},
    ownership::{OwnedScript, OwnershipSearch},
    proof,
};
use crate::review::AmountProof;

/// What is known about an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedInput {
    /// The output it spends, if the PSBT says.
    pub spent: Option<TxOut>,
    /// Our derivation of its script, if it is ours.
    pub found: Option<OwnedScript>,
    /// Why `spent` is believed.
    pub proof: AmountProof,
}

impl CheckedInput {
    /// Nothing is known about it.
    pub(super) const fn unknown() -> Self {
        Self { spent: None, found: None, proof: AmountProof::Unproven }
    }

    /// The place of its script, if it is ours.
    #[must_use]
    pub const fn owned(&self) -> Option<&Owned> {
        match &self.found {
            Some(found) => Some(&found.owned),
            None => None,
        }
    }

    /// Whether its signature is in the witness alone, and so changes no id (BIP-141).
    pub(super) fn leaves_the_id(&self) -> bool {
        self.spent.as_ref().is_some_and(|output| output.script_pubkey.is_witness_program())
    }
}

/// What is known about an input, and what speaks against signing it.
#[derive(Debug)]
pub(super) struct InputView {
    /// As far as it is known.
    pub(super) known: CheckedInput,
    /// The first reason against it.
    pub(super) problem: Option<BitcoinError>,
}

/// Looks at input `place`.
pub(super) fn look(psbt: &Psbt, place: usize, search: OwnershipSearch<'_>) -> InputView {
    let mut known = CheckedInput::unknown();
    let problem = fill(psbt, place, search, &mut known).err();
    InputView { known, problem }
}

/// All inputs, each proven and ours, ready to be signed.
///
/// # Errors
/// The first input that must not be signed.
pub fn checked(psbt: &Psbt, ours: &Ownership) -> Result<Vec<(TxOut, Owned)>, BitcoinError> {
    bounds::check_size(&psbt.unsigned_tx)?;
    let effort = Effort::allowed_for(&psbt.unsigned_tx);
    let mut all = Vec::new();
    for place in 0..psbt.unsigned_tx.input.len() {
        let InputView { known, problem } = look(psbt, place, OwnershipSearch { ours, effort: &effort });
        if let Some(problem) = problem {
            return Err(problem);
        }
        match (known.spent, known.found) {
            (Some(spent), Some(found)) => all.push((spent, found.owned)),
            _ => return Err(BitcoinError::ForeignInput(place)),
        }
    }
    Ok(all)
}

fn fill(psbt: &Psbt, place: usize, search: OwnershipSearch<'_>, known: &mut CheckedInput) -> Result<(), BitcoinError> {
    let (Some(input), Some(claims)) = (psbt.unsigned_tx.input.get(place), psbt.inputs.get(place)) else {
        return Err(BitcoinError::Bug("an input without its PSBT map"));
    };
    let OwnershipSearch { ours, effort } = search;
    let contradiction = |problem| BitcoinError::Contradiction { input: place, problem };
    let spent = match (&claims.non_witness_utxo, &claims.witness_utxo) {
        (Some(parent), witness) => {
            effort.hash();
            let output = proof::spent_output(parent, input.previous_output)
                .map_err(|no_proof| contradiction(no_proof.describe()))?;
            if witness.as_ref().is_some_and(|witness| witness != output) {
                return Err(contradiction("its two descriptions of the spent coin differ"));
            }
            known.proof = AmountProof::PreviousTransaction;
            output.clone()
        }
        (None, Some(output)) => {
            if output.script_pubkey.is_p2tr() {
                known.proof = AmountProof::CommittedBySignature;
            }
            output.clone()
        }
        (None, None) => return Err(contradiction("nothing says what it spends")),
    };
    known.spent = Some(spent.clone());
    check_scripts(&spent, claims).map_err(contradiction)?;
    check_sighash(place, &spent, claims)?;
    let sources = claims.bip32_derivation.values().chain(claims.tap_key_origins.values().map(|(_, source)| source));
    let claimed = sources.map(|(fingerprint, path)| (fingerprint, path));
    known.found = ours.prove(&spent.script_pubkey, claimed, &format!("input {place}"), effort)?;
    if known.proof == AmountProof::Unproven {
        return Err(contradiction("its amount is only claimed: the whole previous transaction is missing"));
    }
    match &known.found {
        Some(_) => Ok(()),
        None if is_of_several_keys(claims) => Err(BitcoinError::SeveralKeys(place)),
        None => Err(BitcoinError::ForeignInput(place)),
    }
}

/// Whether a script beyond those of one key is named for an input.
fn is_of_several_keys(claims: &psbt::Input) -> bool {
    let redeem = claims.redeem_script.as_ref().is_some_and(|redeem| !redeem.is_witness_program());
    redeem || claims.witness_script.is_some() || !claims.tap_scripts.is_empty()
}

/// The scripts that a PSBT gives must be those that the spent output commits to (BIP-174, signer checks).
fn check_scripts(spent: &TxOut, claims: &psbt::Input) -> Result<(), &'static str> {
    let script = &spent.script_pubkey;
    if claims.witness_utxo.is_some() && claims.non_witness_utxo.is_none() && !may_be_witness(script, claims) {
        return Err("it gives a witness output for an input that is not segwit");
    }
    if claims.redeem_script.as_ref().is_some_and(|redeem| !script.is_p2sh() || redeem.to_p2sh() != *script) {
        return Err("its redeem script is not the one that the coin commits to");
    }
    if let Some(witness) = &claims.witness_script {
        let program = claims.redeem_script.as_ref().unwrap_or(script);
        if witness.to_p2wsh() != *program {
            return Err("its witness script is not the one that the coin commits to");
        }
    }
    Ok(())
}

fn may_be_witness(script: &ScriptBuf, claims: &psbt::Input) -> bool {
    let redeem_is_witness = claims.redeem_script.as_ref().is_none_or(|redeem| redeem.is_witness_program());
    script.is_witness_program() || (script.is_p2sh() && redeem_is_witness)
}

/// Only ALL, or taproot's DEFAULT: a signature must cover everything.
fn check_sighash(place: usize, spent: &TxOut, claims: &psbt::Input) -> Result<(), BitcoinError> {
    let Some(sighash) = claims.sighash_type else { return Ok(()) };
    let allowed: &[u32] = if spent.script_pubkey.is_p2tr() { &[0, 1] } else { &[1] };
    if allowed.contains(&sighash.to_u32()) {
        return Ok(());
    }
    Err(BitcoinError::Sighash { input: place, sighash: format!("0x{:02x}", sighash.to_u32()) })
}
