//! A Bitcoin payment on one page: Request -> Draft -> Approved -> Signed -> Sent -> Status. Each arrow has one maker
//! here.
//!
//! What comes from a file is read again and judged again; what was signed must equal what was approved. This module
//! must not touch the terminal, and must not make any judgement that chain/, keystore/ or explorer/ make.

mod account_ledger;
mod authorship;
mod child_pays;
mod counterparties;
mod cross_check;
mod deliver;
mod draft_file;
mod just_sent;
mod known;
mod limits;
mod original;
mod ownership;
mod package;
mod payees;
mod remains;
mod repeat;
mod replaces;
mod signed_file;
mod signer;
mod snapshot;
mod sync;
mod track;
mod warmth;

pub use self::{
    account_ledger::AccountLedger,
    child_pays::{BumpWay, ChildPays, ChildRequest, bump_way, child_pays},
    counterparties::{AddressNames, Counterparty},
    cross_check::SecondSource,
    deliver::{Alone, Delivery, check_unspent, deliver},
    draft_file::{Draft, DraftContext},
    limits::Limits,
    original::{check_bytes, check_original, current, original},
    ownership::{check_address, check_ledger, own_account, ownership_of_keys, ownership_of_ledger, searched},
    package::Package,
    payees::{Payees, passes_for},
    remains::remains,
    repeat::{PaymentArgs, interrupted, refuse_repeat, refuse_used_key},
    replaces::{Effect, Replaces, replaced_by, replaces},
    signed_file::SignedFile,
    signer::{CarriedPsbt, Signer, SweepSigner},
    snapshot::snapshot,
    sync::{AccountSync, SyncReport},
    track::{Tracking, refuse_superseded, track},
};
pub use crate::flow::PayeeSource;
pub use crate::flow::bitcoin::warmth::SyncScope;
use crate::{
    chain::{
        Chain,
        bitcoin::{Bitcoin, Ownership, Plan, sign as bitcoin_sign},
    },
    explain::Failure,
    ledger::{
        Ledger,
        bitcoin::{AccountRow, Synced},
    },
    request::Request,
    review::Review,
    signing::Signed,
};

/// Request -> Draft: plans from what the ledger knows, and sets the change address aside.
///
/// # Errors
/// The request cannot be fulfilled, or the ledger cannot be used.
pub fn plan(ledger: &Ledger, row: &AccountRow, request: &Request, randomness: [u8; 32]) -> Result<Draft, Failure> {
    let snapshot = snapshot(ledger, row)?;
    draft(ledger, row, Bitcoin::plan(request, &snapshot, randomness)?)
}

/// A plan becomes a draft of this account; its change address is not given out again.
///
/// # Errors
/// The ledger cannot be written.
pub fn draft(ledger: &Ledger, row: &AccountRow, mut plan: Plan) -> Result<Draft, Failure> {
    snapshot::name_own_outputs(ledger, row, &mut plan)?;
    let scripts: Vec<_> = plan.psbt.unsigned_tx.output.iter().map(|output| output.script_pubkey.clone()).collect();
    snapshot::issue_change(ledger, row, &scripts)?;
    let context = DraftContext {
        wallet: Some(row.wallet.clone()),
        account: Some(row.name.clone()),
        tip_height: row.synced.as_ref().map(Synced::counted_height),
        created: Some(crate::ledger::now()),
    };
    Ok(Draft { plan, context })
}

/// A plan that a person or a stated limit agreed to. Made by [`approve`] only.
#[derive(Debug)]
pub struct Approved {
    plan: Plan,
    review: Review,
    /// The accounts that it was judged by, with what is known of their use.
    ours: Ownership,
}

impl Approved {
    /// What was agreed to.
    #[must_use]
    pub const fn review(&self) -> &Review {
        &self.review
    }
}

/// Draft -> Approved: the draft is reviewed from its own bytes, then `agree` decides.
///
/// # Errors
/// The draft must not be signed, or `agree` did not agree.
pub fn approve(
    draft: &Draft,
    ours: &Ownership,
    agree: impl FnOnce(&Review) -> Result<(), Failure>,
) -> Result<Approved, Failure> {
    let review = Bitcoin::review(&draft.plan, ours)?;
    agree(&review)?;
    Ok(Approved { plan: draft.plan.clone(), review, ours: ours.clone() })
}

/// Approved -> Signed: reviews once more with the accounts that the signer derives, signs, and proves the result.
///
/// # Errors
/// The signer disagrees with the ledger, the review changed, what comes back is not the plan with signatures in it, or it is
/// refused by Bitcoin Core's code.
pub fn sign(approved: &Approved, signer: &impl Signer) -> Result<Signed, Failure> {
    Ok(bitcoin_sign::signed(approved.plan.network, &signer::signed(approved, signer)?)?)
}

/// As [`sign`], as a finalized PSBT for other wallets.
///
/// # Errors
/// As [`sign`].
pub fn sign_psbt(approved: &Approved, signer: &impl Signer) -> Result<bitcoin::Psbt, Failure> {
    signer::signed(approved, signer)
}
