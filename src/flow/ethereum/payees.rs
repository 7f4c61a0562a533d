//! What this home knows of those who gain by an Ethereum transaction: contacts, labels, and how often they gained before.
//!
//! The stop for an address that passes for a known one is a consent of the review (chain/ethereum/policy.rs).

use alloy_primitives::Address;

use super::EvmDraft;
use crate::{
    address::evm_text,
    chain::ethereum::{Ownership, decode, policy},
    explain::Failure,
    ledger::{Ledger, ethereum::EvmWho},
    network::EvmChain,
    review::Payee,
};

/// Newest signed transactions of each account that are read for how often somebody was paid.
const MOST_READ: usize = 2_000;

/// Those who gain by a draft and are no accounts of this home, in the order of its review.
///
/// # Errors
/// The ledger cannot be read. A draft that has no review has no payees: whoever reviews it says why.
pub fn payees(ledger: &Ledger, draft: &EvmDraft, ours: &Ownership) -> Result<Vec<Payee>, Failure> {
    let Ok(review) = decode::review(&draft.plan, ours) else { return Ok(Vec::new()) };
    let chain = draft.plan.chain;
    let planned = PlannedNonce { who: EvmWho { chain_id: chain.id, from: draft.plan.from }, nonce: review.nonce };
    let is_ours = |address: &Address| ours.accounts.iter().any(|account| account.address == *address);
    review
        .beneficiaries
        .iter()
        .filter(|address| !is_ours(address))
        .map(|to| payee(ledger, chain, &planned, *to))
        .collect()
}

/// The nonce that a draft takes: what was sent with it before makes way.
struct PlannedNonce {
    who: EvmWho,
    nonce: u64,
}

fn payee(ledger: &Ledger, chain: &'static EvmChain, planned: &PlannedNonce, to: Address) -> Result<Payee, Failure> {
    let address = evm_text(to, chain);
    Ok(Payee {
        contact: ledger.contact_at(chain.name, &address)?.map(|contact| contact.name),
        label: ledger.evm_label(to)?,
        paid_before: Some(times_paid(ledger, planned, to)?),
        looks_like: None,
        address,
    })
}

/// Transactions of this home, on any chain, that an address gained by: at least one where it is noted that it was paid. One
/// with the planned nonce does not count: the draft takes its place.
fn times_paid(ledger: &Ledger, planned: &PlannedNonce, to: Address) -> Result<u64, Failure> {
    if !ledger.evm_paid_addresses()?.contains(&to) {
        return Ok(0);
    }
    let (mut times, mut replaced) = (0u64, 0u64);
    for row in ledger.evm_sent(MOST_READ)? {
        let Some((_, raw)) = &row.signed else { continue };
        let Ok((_, sent)) = decode::signed(raw) else { continue };
        let gains = decode::review(&sent, &Ownership::default()).is_ok_and(|review| review.beneficiaries.contains(&to));
        let takes_its_place = row.who == planned.who && row.nonce == planned.nonce;
        *(if takes_its_place { &mut replaced } else { &mut times }) += u64::from(gains);
    }
    Ok(if replaced > 0 { times } else { times.max(1) })
}

/// A contact, an address that was paid, or an account of this home that a new address passes for; nothing where it is known.
///
/// # Errors
/// The ledger cannot be read.
pub fn passes_for(ledger: &Ledger, address: Address) -> Result<Option<String>, Failure> {
    let ours = super::ownership_of_ledger(ledger, None)?;
    let own = ours.accounts.iter().map(|account| account.address);
    let known: Vec<Address> = ours.known_addresses.iter().copied().chain(own).collect();
    Ok(policy::imitated(address, &known).map(|known| format!("{known}, which you know")))
}
