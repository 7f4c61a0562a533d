//! From a reviewed plan to digests, and from signatures to a transaction that Bitcoin Core's code accepts.
//!
//! No keys: keystore/ answers the jobs. Every input is checked again here, so nothing depends on an earlier review.

use bitcoin::{
    Psbt, ScriptBuf, TapSighashType, Transaction, TxOut, Witness, WitnessVersion,
    consensus::{deserialize, serialize},
    ecdsa,
    hashes::Hash,
    secp256k1,
    sighash::{EcdsaSighashType, Prevouts, SighashCache},
    taproot,
};

use miniscript::{Satisfier, psbt::PsbtExt};

use super::{BitcoinError, Owned, Ownership, Plan, consensus, inputs, policy};
use crate::{
    account::ScriptType,
    network::{Network, SighashRules},
    signing::{Job, Scheme, Signature, Signed},
};

/// One job for every input, in order.
///
/// # Errors
/// An input must not be signed, for any reason that a review names.
pub fn jobs(plan: &Plan, ours: &Ownership) -> Result<Vec<Job>, BitcoinError> {
    // The digests below are those of Bitcoin's rules.
    let SighashRules::Bitcoin = plan.network.chain().sighash;
    policy::check_form(&plan.psbt.unsigned_tx)?;
    let checked = inputs::checked(&plan.psbt, ours)?;
    let spent: Vec<TxOut> = checked.iter().map(|(output, _)| output.clone()).collect();
    let mut cache = SighashCache::new(&plan.psbt.unsigned_tx);
    let mut jobs = Vec::new();
    for (place, (output, owned)) in checked.iter().enumerate() {
        let key = owned.derived.single_key().ok_or(BitcoinError::SeveralKeys(place))?;
        let digest = digest(&mut cache, place, output, owned, &spent)?;
        let scheme = match owned.derived.concrete.desc_type().segwit_version() {
            Some(WitnessVersion::V1) => Scheme::TaprootKeyPath,
            _ => Scheme::EcdsaLowR,
        };
        jobs.push(Job { path: key.path, public_key: key.public_key, scheme, digest });
    }
    Ok(jobs)
}

/// The signature hash of one input: legacy, BIP-143 or BIP-341.
fn digest(
    cache: &mut SighashCache<&Transaction>,
    place: usize,
    output: &TxOut,
    owned: &Owned,
    spent: &[TxOut],
) -> Result<[u8; 32], BitcoinError> {
    const OUT_OF_RANGE: BitcoinError = BitcoinError::Bug("an input out of range");
    let all = EcdsaSighashType::All;
    let descriptor = &owned.derived.concrete;
    let version = descriptor.desc_type().segwit_version();
    if version == Some(WitnessVersion::V1) {
        let hash = cache.taproot_key_spend_signature_hash(place, &Prevouts::All(spent), TapSighashType::Default);
        return hash.map(|hash| hash.to_byte_array()).map_err(|_| OUT_OF_RANGE);
    }
    let code = descriptor.script_code().map_err(|_| BitcoinError::Bug("an output without a script code"))?;
    match version {
        Some(_) => cache
            .p2wsh_signature_hash(place, &code, output.value, all)
            .map(|hash| hash.to_byte_array())
            .map_err(|_| OUT_OF_RANGE),
        None => cache
            .legacy_signature_hash(place, &code, all.to_u32())
            .map(|hash| hash.to_byte_array())
            .map_err(|_| OUT_OF_RANGE),
    }
}

/// Puts the signatures in place, extracts the transaction, and lets Bitcoin Core's code judge it.
///
/// # Errors
/// The signatures do not fit the jobs, or an input is refused.
pub fn finish(plan: Plan, jobs: &[Job], signatures: &[Signature]) -> Result<Signed, BitcoinError> {
    let network = plan.network;
    signed(network, &finalized(plan.psbt, jobs, signatures)?)
}

/// The transaction of a finalized PSBT, with what it spends.
///
/// # Errors
/// As [`finished`].
pub fn signed(network: Network, psbt: &Psbt) -> Result<Signed, BitcoinError> {
    let (transaction, spent) = finished(psbt)?;
    Ok(Signed {
        network,
        id: transaction.compute_txid().to_string(),
        bytes: serialize(&transaction),
        input_amounts: spent.iter().map(|output| output.value.to_sat()).collect(),
    })
}

/// The PSBT with final scripts and witnesses in every input (BIP-174 finalizer), for other wallets.
///
/// # Errors
/// The signatures do not fit the jobs.
pub fn finalized(mut psbt: Psbt, jobs: &[Job], signatures: &[Signature]) -> Result<Psbt, BitcoinError> {
    if jobs.len() != psbt.inputs.len() || signatures.len() != jobs.len() {
        return Err(BitcoinError::Bug("every input needs one signature"));
    }
    for (place, (job, signature)) in jobs.iter().zip(signatures).enumerate() {
        let spent = spent_output(&psbt, place)?;
        let (script_sig, witness) = satisfaction(&spent.script_pubkey, job, signature)?;
        let Some(input) = psbt.inputs.get_mut(place) else { continue };
        input.final_script_sig = (!script_sig.is_empty()).then_some(script_sig);
        input.final_script_witness = (!witness.is_empty()).then_some(witness);
        // BIP-174: a finalized input keeps only its UTXOs and final scripts.
        input.bip32_derivation.clear();
        input.tap_key_origins.clear();
        input.partial_sigs.clear();
        (input.redeem_script, input.witness_script, input.sighash_type) = (None, None, None);
        (input.tap_internal_key, input.tap_key_sig) = (None, None);
    }
    Ok(psbt)
}

/// The signatures of `answer` in the PSBT that was planned, finalized where they are not (BIP-174): an input that is final there
/// is taken over as it is, and any other is satisfied from its signatures.
///
/// # Errors
/// An input has too few signatures, or some that do not satisfy its script.
pub fn with_signatures(planned: &Psbt, answer: Psbt) -> Result<Psbt, BitcoinError> {
    let mut psbt = planned.clone();
    for (input, told) in psbt.inputs.iter_mut().zip(answer.inputs) {
        input.final_script_sig = told.final_script_sig;
        input.final_script_witness = told.final_script_witness;
        input.partial_sigs.extend(told.partial_sigs);
        input.tap_key_sig = told.tap_key_sig.or(input.tap_key_sig);
        input.tap_script_sigs.extend(told.tap_script_sigs);
    }
    let secp = secp256k1::Secp256k1::verification_only();
    let is_final =
        |input: &bitcoin::psbt::Input| input.final_script_sig.is_some() || input.final_script_witness.is_some();
    let open: Vec<usize> = (0..psbt.inputs.len()).filter(|place| !is_final(&psbt.inputs[*place])).collect();
    for input in open {
        let finalized = psbt.finalize_inp_mut(&secp, input);
        finalized.map_err(|_| BitcoinError::Contradiction { input, problem: "its signatures do not satisfy it" })?;
    }
    Ok(psbt)
}

/// What satisfies the descriptor of an output of one key.
fn satisfaction(script: &ScriptBuf, job: &Job, signature: &Signature) -> Result<(ScriptBuf, Witness), BitcoinError> {
    const BAD: BitcoinError = BitcoinError::Bug("a signature of the wrong form");
    let descriptor = ScriptType::of_script(script, job.public_key)
        .and_then(|script_type| script_type.descriptor(bitcoin::PublicKey::new(job.public_key)));
    let descriptor = descriptor.ok_or(BitcoinError::Bug("a signature for another script"))?;
    let (stack, script_sig) = descriptor.get_satisfaction(Given { scheme: job.scheme, signature }).map_err(|_| BAD)?;
    Ok((script_sig, Witness::from_slice(&stack)))
}

/// The one signature of an input.
struct Given<'a> {
    scheme: Scheme,
    signature: &'a Signature,
}

impl Satisfier<bitcoin::PublicKey> for Given<'_> {
    fn lookup_ecdsa_sig(&self, _: &bitcoin::PublicKey) -> Option<ecdsa::Signature> {
        let signature = secp256k1::ecdsa::Signature::from_compact(&self.signature.bytes).ok();
        let signature = signature.filter(|_| self.scheme == Scheme::EcdsaLowR)?;
        Some(ecdsa::Signature { signature, sighash_type: EcdsaSighashType::All })
    }

    fn lookup_tap_key_spend_sig(&self) -> Option<taproot::Signature> {
        let signature = secp256k1::schnorr::Signature::from_slice(&self.signature.bytes).ok();
        let signature = signature.filter(|_| self.scheme == Scheme::TaprootKeyPath)?;
        Some(taproot::Signature { signature, sighash_type: TapSighashType::Default })
    }
}

/// The transaction of a finalized PSBT and the outputs it spends, accepted by Bitcoin Core's code.
///
/// # Errors
/// An input is not final, or is refused.
pub fn finished(psbt: &Psbt) -> Result<(Transaction, Vec<TxOut>), BitcoinError> {
    let mut transaction = psbt.unsigned_tx.clone();
    let mut spent = Vec::new();
    for (place, (input, claims)) in transaction.input.iter_mut().zip(&psbt.inputs).enumerate() {
        input.script_sig = claims.final_script_sig.clone().unwrap_or_default();
        input.witness = claims.final_script_witness.clone().unwrap_or_default();
        if input.script_sig.is_empty() && input.witness.is_empty() {
            return Err(BitcoinError::Contradiction { input: place, problem: "it is not signed" });
        }
        spent.push(spent_output(psbt, place)?);
    }
    consensus::verify(&transaction, &spent)?;
    // What leaves is decoded once more and must be what was signed.
    let decoded: Transaction =
        deserialize(&serialize(&transaction)).map_err(|_| BitcoinError::Bug("our own bytes do not decode"))?;
    if decoded != transaction || stripped(&decoded) != stripped(&psbt.unsigned_tx) {
        return Err(BitcoinError::Bug("the signed transaction is not the one that was planned"));
    }
    Ok((transaction, spent))
}

/// The transaction without signatures.
fn stripped(transaction: &Transaction) -> Transaction {
    let mut bare = transaction.clone();
    for input in &mut bare.input {
        input.script_sig = ScriptBuf::new();
        input.witness = Witness::new();
    }
    bare
}

fn spent_output(psbt: &Psbt, place: usize) -> Result<TxOut, BitcoinError> {
    const MISSING: BitcoinError = BitcoinError::Bug("an input without its spent output");
    let (input, claims) = psbt.unsigned_tx.input.get(place).zip(psbt.inputs.get(place)).ok_or(MISSING)?;
    if let Some(parent) = &claims.non_witness_utxo {
        let output = super::proof::spent_output(parent, input.previous_output)
            .map_err(|no_proof| BitcoinError::Contradiction { input: place, problem: no_proof.describe() })?;
        return Ok(output.clone());
    }
    claims.witness_utxo.clone().ok_or(MISSING)
}
