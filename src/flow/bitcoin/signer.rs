//! Something that signs a plan, whatever it is: it is given a reviewed PSBT and gives one back, with signatures in it.
//!
//! A signer is not believed: what comes back has to be the plan, and Bitcoin Core's code judges the signatures (`signed` in
//! this file). The keystore's keys are one signer, a PSBT that was carried to another program and back is another.

use bitcoin::Psbt;

use super::{Approved, ownership::ownership_of_keys};
use crate::{
    chain::{
        Chain,
        bitcoin::{Bitcoin, OwnAccount, Ownership, Plan, sign as bitcoin_sign},
    },
    explain::Failure,
    flow::FlowError,
    keystore::{Keys, SingleKey},
};

/// Signs reviewed plans.
pub trait Signer {
    /// The accounts that the signer itself derives for a plan: the review with them must be the one that was agreed to. A
    /// signer that shows none answers with those that are known.
    ///
    /// # Errors
    /// The signer knows another wallet than the ledger.
    fn ownership(&self, plan: &Plan, known: &Ownership) -> Result<Ownership, Failure>;

    /// The plan's PSBT with a signature in every input, finalized or not.
    ///
    /// # Errors
    /// An input must not be signed, or the signer did not sign.
    fn sign(&self, plan: &Plan, ours: &Ownership) -> Result<Psbt, Failure>;
}

impl Signer for Keys {
    fn ownership(&self, plan: &Plan, known: &Ownership) -> Result<Ownership, Failure> {
        ownership_of_keys(plan, self, known)
    }

    fn sign(&self, plan: &Plan, ours: &Ownership) -> Result<Psbt, Failure> {
        let jobs = Bitcoin::jobs(plan, ours)?;
        Ok(bitcoin_sign::finalized(plan.psbt.clone(), &jobs, &self.sign(&jobs)?)?)
    }
}

/// A single private key that is swept into accounts of ours.
pub struct SweepSigner<'a> {
    /// The key.
    pub key: &'a SingleKey,
    /// The accounts that it pays.
    pub accounts: Vec<OwnAccount>,
}

impl Signer for SweepSigner<'_> {
    fn ownership(&self, _plan: &Plan, _known: &Ownership) -> Result<Ownership, Failure> {
        Ok(Ownership::of_key(self.key.public_key()).with(self.accounts.clone()))
    }

    fn sign(&self, plan: &Plan, ours: &Ownership) -> Result<Psbt, Failure> {
        let jobs = Bitcoin::jobs(plan, ours)?;
        Ok(bitcoin_sign::finalized(plan.psbt.clone(), &jobs, &self.key.sign(&jobs)?)?)
    }
}

/// A PSBT that was signed by another program, and came back (BIP-174).
pub struct CarriedPsbt(pub Psbt);

impl Signer for CarriedPsbt {
    fn ownership(&self, _plan: &Plan, known: &Ownership) -> Result<Ownership, Failure> {
        Ok(known.clone())
    }

    fn sign(&self, _plan: &Plan, _ours: &Ownership) -> Result<Psbt, Failure> {
        Ok(self.0.clone())
    }
}

/// Reviews once more with what the signer derives, has it sign, and proves the result: a finalized PSBT of that very plan, whose
/// transaction Bitcoin Core's code accepts.
///
/// # Errors
/// The review changed, the answer is not the plan with signatures in it, or the result is refused by Bitcoin Core's code.
pub(super) fn signed(approved: &Approved, signer: &impl Signer) -> Result<Psbt, Failure> {
    let ours = signer.ownership(&approved.plan, &approved.ours)?;
    if Bitcoin::review(&approved.plan, &ours)? != approved.review {
        return Err(FlowError::ReviewChanged.into());
    }
    let answer = signer.sign(&approved.plan, &ours)?;
    if answer.unsigned_tx != approved.plan.psbt.unsigned_tx {
        return Err(FlowError::ReviewChanged.into());
    }
    // What is spent is known from the plan that was reviewed, whatever the answer says of it.
    let psbt = bitcoin_sign::with_signatures(&approved.plan.psbt, answer)?;
    bitcoin_sign::finished(&psbt)?;
    Ok(psbt)
}
