//! An Ethereum payment on one page: Request -> Draft -> Approved -> Signed -> Sent -> Status.
//!
//! The twin of bitcoin/mod.rs, with the same arrows. What comes from a file is reviewed again from its own bytes; what
//! was signed is decoded again and must be the plan. No terminal, and no judgement that the modules below make.

mod asked;
mod claims;
mod deliver;
mod draft_file;
mod limits;
mod nonce_guard;
mod payees;
mod planning;
mod planning_context;
mod repeat;
mod signed_file;
mod signer;
mod simulate;
mod track;

use alloy_primitives::Address;
use bitcoin::bip32::{DerivationPath, Fingerprint};

pub use self::{
    claims::{CodeSaid, Simulated, reviewed},
    deliver::{EvmDelivery, deliver, record},
    draft_file::{EvmContext, EvmDraft, network_of_file},
    limits::{EvmLimits, MaxTotal},
    nonce_guard::NonceGuard,
    payees::{passes_for, payees},
    planning::{NonceChoice, NonceRequest, Planned, plan, purpose},
    repeat::{Fate, fate, interrupted, refuse_repeat, refuse_used_key, used_key},
    signed_file::{read_signed, read_signed_plan, signed_text},
    signer::{CarriedTransaction, KeystoreSigner, Signer},
    track::{EvmTracked, refresh, track},
};
pub use crate::flow::ethereum::planning_context::{PlanningContext, price_note};
use crate::{
    account::{EthereumAccount, KeyOrigin, Layout},
    chain::ethereum::{EthereumError, Ownership, SignedTransaction},
    explain::Failure,
    flow::FlowError,
    keystore::Keys,
    ledger::Ledger,
    review::EvmReview,
};

/// Account numbers that are looked through in each layout when a draft does not say which key is to sign.
const SEARCHED: u32 = 20;

/// A plan that a person or a stated limit agreed to. Made by [`approve`] only.
#[derive(Debug)]
pub struct EvmApproved {
    draft: EvmDraft,
    review: EvmReview,
    ours: Ownership,
}

impl EvmApproved {
    /// What was agreed to.
    #[must_use]
    pub const fn review(&self) -> &EvmReview {
        &self.review
    }
}

/// Draft -> Approved: the draft is reviewed from its own bytes, with the stops that its context claims; then `agree` decides.
///
/// # Errors
/// The draft must not be signed, or `agree` did not agree.
pub fn approve(
    draft: &EvmDraft,
    ours: &Ownership,
    agree: impl FnOnce(&EvmReview) -> Result<(), Failure>,
) -> Result<EvmApproved, Failure> {
    let review = reviewed(draft, ours)?;
    agree(&review)?;
    Ok(EvmApproved { draft: draft.clone(), review, ours: ours.clone() })
}

/// Approved -> Signed: reviewed once more with what the signer derives, signed, and proven to be that plan by its sender.
///
/// # Errors
/// The signer does not own the sender, the review changed, the transaction must not be signed, or the result is not the plan.
pub fn sign(approved: &EvmApproved, signer: &impl Signer) -> Result<SignedTransaction, Failure> {
    signer::signed(approved, signer)
}

/// The account with this address, derived from the keys: at the path named, else among the first of every layout.
///
/// # Errors
/// The keys do not own the address as far as that.
pub fn account_of_keys(
    keys: &Keys,
    address: Address,
    hint: Option<&DerivationPath>,
) -> Result<EthereumAccount, Failure> {
    if let Some(path) = hint
        && let Some(account) = account_at(keys, address, path)
    {
        return Ok(account);
    }
    for number in 0..SEARCHED {
        for layout in Layout::ALL {
            if let Some(account) = account_at(keys, address, &layout.path(number)?) {
                return Ok(account);
            }
        }
    }
    Err(EthereumError::ForeignSender(address).into())
}

fn account_at(keys: &Keys, address: Address, path: &DerivationPath) -> Option<EthereumAccount> {
    let public_key = keys.ethereum_public_key(path).ok()?;
    let origin = KeyOrigin { fingerprint: keys.fingerprint(), path: path.clone(), public_key };
    let account = EthereumAccount::of_key(keys.class(), origin);
    (account.address == address).then_some(account)
}

/// A new account of these keys.
///
/// # Errors
/// An index of 2^31 or above.
pub fn derive_account(keys: &Keys, layout: Layout, number: u32) -> Result<EthereumAccount, Failure> {
    let path = layout.path(number)?;
    let public_key = keys.ethereum_public_key(&path)?;
    Ok(EthereumAccount::of_key(keys.class(), KeyOrigin { fingerprint: keys.fingerprint(), path, public_key }))
}

/// What the ledger knows of the accounts of a wallet, or of all.
///
/// # Errors
/// The ledger cannot be read.
pub fn ownership_of_ledger(ledger: &Ledger, wallet: Option<&str>) -> Result<Ownership, Failure> {
    let accounts: Vec<_> = ledger.evm_accounts(wallet)?.into_iter().map(|row| row.account).collect();
    let mut known_addresses = ledger.evm_paid_addresses()?;
    // Addresses of contacts on any chain: one that passes for them is to be noticed on all.
    let contacts = ledger.contacts(None)?;
    known_addresses.extend(contacts.iter().filter_map(|contact| contact.address.parse::<Address>().ok()));
    Ok(Ownership { accounts, known_addresses, ..Ownership::default() })
}

/// The accounts in the ledger with these keys' fingerprint must be the ones that the keys derive.
///
/// # Errors
/// An account differs.
pub fn check_accounts(known: &Ownership, keys: &Keys) -> Result<(), Failure> {
    for account in &known.accounts {
        let Some(origin) = account.origin.as_ref().filter(|origin| origin.fingerprint == keys.fingerprint()) else {
            continue;
        };
        if keys.ethereum_public_key(&origin.path)? != origin.public_key {
            return Err(FlowError::LedgerLies(format!("m/{}", origin.path)).into());
        }
    }
    Ok(())
}

/// The address of an account, derived anew from the keys: a changed ledger could show a stranger's.
///
/// # Errors
/// It is another one, or no key of the wallet is known for it.
pub fn check_address(account: &EthereumAccount, keys: &Keys) -> Result<(), Failure> {
    let unknown = || FlowError::LedgerLies(account.address.to_string());
    let origin = account.origin.as_ref().ok_or_else(unknown)?;
    account_at(keys, account.address, &origin.path).map(drop).ok_or_else(|| unknown().into())
}

/// The path that a draft claims for these keys, if it claims one for them.
#[must_use]
pub fn claimed_path(context: &EvmContext, fingerprint: Fingerprint) -> Option<DerivationPath> {
    let claimed: Fingerprint = context.fingerprint.as_deref()?.parse().ok()?;
    (claimed == fingerprint).then(|| context.path.as_deref()?.parse().ok()).flatten()
}
