//! Something that signs a plan, whatever it is: it is given a reviewed transaction and gives back its bytes, signed (EIP-2718).
//!
//! The twin of bitcoin/signer.rs. A signer is not believed: what comes back has to be the plan, signed by its sender (`signed` in
//! this file). The keystore's keys are one signer, a transaction that was carried to another program and back is another.

use bitcoin::bip32::DerivationPath;

use super::{EvmApproved, account_of_keys, claims::reviewed, signed_file::read_signed_plan};
use crate::{
    chain::{
        Chain,
        ethereum::{Ethereum, EthereumError, Ownership, Plan, SignedTransaction, sign as ethereum_sign},
    },
    explain::Failure,
    flow::FlowError,
    keystore::Keys,
};

/// Signs reviewed plans.
pub trait Signer {
    /// What is ours, with the account that the signer itself derives for a plan: the review with it must be the one that was
    /// agreed to. A signer that shows none answers with what is known.
    ///
    /// # Errors
    /// The signer does not own the sender.
    fn ownership(&self, plan: &Plan, known: &Ownership) -> Result<Ownership, Failure>;

    /// The signed bytes of a plan, its own authorisation signed too where it has one (EIP-7702).
    ///
    /// # Errors
    /// The transaction must not be signed, or the signer did not sign.
    fn sign(&self, plan: &Plan, ours: &Ownership) -> Result<Vec<u8>, Failure>;
}

/// The keys of a wallet of this machine.
pub struct KeystoreSigner<'a> {
    /// The keys.
    pub keys: &'a Keys,
    /// Where the sender's key probably is; the first accounts of every layout are looked through besides.
    pub path: Option<&'a DerivationPath>,
}

impl Signer for KeystoreSigner<'_> {
    fn ownership(&self, plan: &Plan, known: &Ownership) -> Result<Ownership, Failure> {
        let derived = account_of_keys(self.keys, plan.from, self.path)?;
        let mut ours = known.clone();
        ours.accounts.retain(|account| account.address != derived.address);
        ours.accounts.push(derived);
        Ok(ours)
    }

    fn sign(&self, plan: &Plan, ours: &Ownership) -> Result<Vec<u8>, Failure> {
        let mut plan = plan.clone();
        if let Some(job) = ethereum_sign::authorization_job(&plan, ours)? {
            let signatures = self.keys.sign_ethereum(std::slice::from_ref(&job))?;
            let signature = signatures.first().ok_or(EthereumError::Bug("one job has one signature"))?;
            plan = ethereum_sign::authorized(plan, signature)?;
        }
        let jobs = Ethereum::jobs(&plan, ours)?;
        let signatures = self.keys.sign_ethereum(&jobs)?;
        Ok(Ethereum::finish(plan, &jobs, &signatures)?.bytes)
    }
}

/// A transaction that was signed by another program, and came back.
pub struct CarriedTransaction(pub Vec<u8>);

impl Signer for CarriedTransaction {
    fn ownership(&self, _plan: &Plan, known: &Ownership) -> Result<Ownership, Failure> {
        Ok(known.clone())
    }

    fn sign(&self, _plan: &Plan, _ours: &Ownership) -> Result<Vec<u8>, Failure> {
        Ok(self.0.clone())
    }
}

/// Reviews once more with what the signer derives, has it sign, and proves the result: that very plan, signed by its sender.
///
/// # Errors
/// The review changed, or the answer is not the plan with its sender's signature.
pub(super) fn signed(approved: &EvmApproved, signer: &impl Signer) -> Result<SignedTransaction, Failure> {
    let ours = signer.ownership(&approved.draft.plan, &approved.ours)?;
    if reviewed(&approved.draft, &ours)? != approved.review {
        return Err(FlowError::ReviewChanged.into());
    }
    let bytes = signer.sign(&approved.draft.plan, &ours)?;
    read_signed_plan(&approved.draft, &bytes)
}
