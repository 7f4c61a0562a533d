//! From a reviewed plan to what is signed, and from signatures to a transaction whose signer is recovered and compared.
//!
//! No keys: keystore/ answers the jobs. An authorisation of our own (EIP-7702) is signed before the transaction that holds it.

use alloy_consensus::{Transaction, TypedTransaction};
use alloy_eips::eip7702::Authorization;
use alloy_primitives::{Address, Signature as Recoverable, U256};
use alloy_rlp::Encodable;

use super::{
    EthereumError, Ownership, Plan, SenderKey, SignedTransaction, decode,
    transaction::{read_signed, read_unsigned, with_signature, write_unsigned},
};
use crate::signing::{EthereumJob, Preimage, Signature};

/// What an authorisation's signing form begins with (EIP-7702).
const AUTHORIZATION_MAGIC: u8 = 0x05;

/// The job of signing the transaction: one, for its sender.
///
/// # Errors
/// The sender is none of our accounts, a delegation is still unsigned, or a review refuses it.
pub fn jobs(plan: &Plan, ours: &Ownership) -> Result<Vec<EthereumJob>, EthereumError> {
    if plan.delegate.is_some() {
        return Err(EthereumError::Bug("the authorisation is signed before the transaction"));
    }
    decode::review(plan, ours)?;
    let signer = signer(plan.from, ours)?;
    let preimage =
        Preimage::transaction(plan.unsigned.clone()).ok_or(EthereumError::Bug("a plan of an unknown type"))?;
    Ok(vec![EthereumJob { path: signer.path, public_key: signer.public_key, preimage }])
}

/// Which of our keys signs for an address.
///
/// # Errors
/// None: the address is not ours, or is watched only.
pub fn signer(address: Address, ours: &Ownership) -> Result<SenderKey, EthereumError> {
    let account = ours.accounts.iter().find(|account| account.address == address);
    let origin = account.and_then(|account| account.origin.as_ref());
    let origin = origin.ok_or(EthereumError::ForeignSender(address))?;
    Ok(SenderKey { path: origin.path.clone(), public_key: origin.public_key })
}

/// The job of signing our own authorisation, if the plan has one.
///
/// # Errors
/// As [`jobs`].
pub fn authorization_job(plan: &Plan, ours: &Ownership) -> Result<Option<EthereumJob>, EthereumError> {
    let Some(authorization) = authorization(plan)? else { return Ok(None) };
    decode::review(plan, ours)?;
    let signer = signer(plan.from, ours)?;
    let mut message = vec![AUTHORIZATION_MAGIC];
    authorization.encode(&mut message);
    let preimage = Preimage::authorization(message).ok_or(EthereumError::Bug("an authorisation without its magic"))?;
    Ok(Some(EthereumJob { path: signer.path, public_key: signer.public_key, preimage }))
}

/// `[chain_id, delegate, nonce + 1]`: the sender's nonce has risen by one when authorisations are read.
fn authorization(plan: &Plan) -> Result<Option<Authorization>, EthereumError> {
    let Some(address) = plan.delegate else { return Ok(None) };
    let nonce = read_unsigned(&plan.unsigned)?.nonce().saturating_add(1);
    Ok(Some(Authorization { chain_id: U256::from(plan.chain.id), address, nonce }))
}

/// The plan with our signed authorisation in it.
///
/// # Errors
/// The signature is not the sender's.
pub fn authorized(plan: Plan, signature: &Signature) -> Result<Plan, EthereumError> {
    let authorization = authorization(&plan)?.ok_or(EthereumError::Bug("a plan without a delegation"))?;
    let mut message = vec![AUTHORIZATION_MAGIC];
    authorization.encode(&mut message);
    let signature = recoverable(&message, signature, plan.from)?;
    let TypedTransaction::Eip7702(mut transaction) = read_unsigned(&plan.unsigned)? else {
        return Err(EthereumError::Bug("a delegation outside of type 4"));
    };
    transaction.authorization_list.push(authorization.into_signed(signature));
    Ok(Plan { unsigned: write_unsigned(&transaction.into()), delegate: None, ..plan })
}

/// Puts the signature in place, decodes the result again, and compares it with the plan.
///
/// # Errors
/// The signature is not the sender's, or the result is not the plan.
pub fn finish(plan: Plan, jobs: &[EthereumJob], signatures: &[Signature]) -> Result<SignedTransaction, EthereumError> {
    let ([job], [signature]) = (jobs, signatures) else {
        return Err(EthereumError::Bug("a transaction has one signature"));
    };
    if Preimage::transaction(plan.unsigned.clone()).as_ref() != Some(&job.preimage) {
        return Err(EthereumError::Bug("another transaction was signed"));
    }
    let signature = recoverable(&plan.unsigned, signature, plan.from)?;
    let bytes = with_signature(read_unsigned(&plan.unsigned)?, signature);
    let (signed, again) = read_signed(&bytes)?;
    if again != plan {
        return Err(EthereumError::OtherSigner(plan.from));
    }
    Ok(signed)
}

/// True if the transaction is the plan with signatures in it: every byte that was planned, the sender, and behind the
/// planned authorisations the one of our own (EIP-7702), if the plan has one: for its delegate, nonce and chain, by the sender.
///
/// # Errors
/// The plan's own bytes are no transaction.
pub fn is_plan(plan: &Plan, signed: &SignedTransaction) -> Result<bool, EthereumError> {
    let (_, mut found) = read_signed(&signed.bytes)?;
    if let Some(expected) = authorization(plan)? {
        let TypedTransaction::Eip7702(mut transaction) = read_unsigned(&found.unsigned)? else { return Ok(false) };
        let Some(ours) = transaction.authorization_list.pop() else { return Ok(false) };
        if *ours.inner() != expected || ours.recover_authority().ok() != Some(plan.from) {
            return Ok(false);
        }
        found.unsigned = write_unsigned(&transaction.into());
    }
    Ok((found.chain, found.from, &found.unsigned) == (plan.chain, plan.from, &plan.unsigned))
}

/// The signature with the parity that recovers its signer.
///
/// # Errors
/// Neither parity does.
pub fn recoverable(message: &[u8], signature: &Signature, signer: Address) -> Result<Recoverable, EthereumError> {
    let (r, s) = signature.bytes.split_at(32);
    let (r, s) = (U256::from_be_slice(r), U256::from_be_slice(s));
    let hash = alloy_primitives::keccak256(message);
    let candidates = [false, true].map(|parity| Recoverable::new(r, s, parity));
    let fits = |candidate: &Recoverable| {
        candidate.normalize_s().is_none() && candidate.recover_address_from_prehash(&hash).ok() == Some(signer)
    };
    candidates.into_iter().find(fits).ok_or(EthereumError::OtherSigner(signer))
}
