//! Sent -> Status: pending, dropped, replaced, reorged or mined, told apart; one of ours that no node has is resent.
//!
//! Only the bytes of the outbox are ever sent, and only while their nonce is free. What one operator alone says of several that
//! could be asked changes nothing in the outbox: a forged receipt frees no nonce.

use alloy_consensus::Transaction;
use alloy_primitives::{Address, B256};

use super::deliver;
use crate::{
    chain::ethereum::{decode, transaction::read_unsigned},
    explain::Failure,
    explorer::{
        EvmExplorer,
        ethereum::{CallOutcome, Disagreement, EvmCall, EvmReceipt, EvmWhereabouts, Sourced, Succeeded},
    },
    flow::FlowError,
    ledger::{
        Ledger,
        ethereum::{EvmWho, OutboxReceipt, OutboxRow, OutboxState},
    },
    network::EvmChain,
    review::{Depth, Evidence, EvmStatus, ExecutionOutcome},
    text::SafeText,
};

/// Where a transaction is, and the source of that.
#[derive(Clone, Debug)]
pub struct EvmTracked {
    /// Where.
    pub status: EvmStatus,
    /// Hosts.
    pub said_by: Vec<SafeText>,
    /// Whether several operators say so.
    pub evidence: Evidence,
    /// Operators that say otherwise.
    pub disagreements: Vec<Disagreement>,
}

/// Finds out where a transaction is. One of our own that was sent and that no node has is sent again, byte for byte.
///
/// # Errors
/// Nodes do not answer, or the transaction is known neither here nor there.
pub fn track(
    ledger: &mut Ledger,
    explorer: &EvmExplorer,
    chain: &'static EvmChain,
    hash: B256,
) -> Result<EvmTracked, Failure> {
    let row = ledger.outbox_row(chain.id, hash)?;
    let from = row.as_ref().map_or(Address::ZERO, |row| row.who.from);
    let claim = explorer.whereabouts(hash, from)?;
    let evidence = claim.evidence();
    let Sourced { claim, said_by, disagreements } = claim;
    let place = claim.into_value();
    let Some(row) = row else {
        let status = match place {
            EvmWhereabouts::Mined(receipt) => mined(explorer, None, &receipt)?,
            EvmWhereabouts::Pending => EvmStatus::Pending,
            EvmWhereabouts::Absent { .. } => {
                return Err(FlowError::UnknownTransaction(SafeText::new(&hash.to_string())).into());
            }
        };
        return Ok(EvmTracked { status, said_by, evidence, disagreements });
    };
    let status = match place {
        EvmWhereabouts::Mined(receipt) if is_doubted(explorer, evidence) => mined(explorer, Some(&row), &receipt)?,
        EvmWhereabouts::Mined(receipt) => note_mined(ledger, explorer, &row, &receipt)?,
        EvmWhereabouts::Pending => {
            ledger.set_outbox_state(row.id, OutboxState::Sent, "found in a pool")?;
            EvmStatus::Pending
        }
        EvmWhereabouts::Absent { nonce } => absent(ledger, explorer, &row, Absence { nonce, evidence })?,
    };
    Ok(EvmTracked { status, said_by, evidence, disagreements })
}

/// Whether one operator alone says so where others can be asked.
fn is_doubted(explorer: &EvmExplorer, evidence: Evidence) -> bool {
    evidence == Evidence::Said && explorer.has_second_source()
}

/// It is in a block: so is its nonce, and what else waited with that nonce was replaced.
fn note_mined(
    ledger: &Ledger,
    explorer: &EvmExplorer,
    row: &OutboxRow,
    receipt: &EvmReceipt,
) -> Result<EvmStatus, Failure> {
    ledger.set_outbox_state(row.id, OutboxState::Mined, "found in a block")?;
    ledger.set_outbox_block(row.id, receipt.block_hash, &kept(receipt))?;
    for other in rivals(ledger, row)? {
        ledger.set_outbox_state(other.id, OutboxState::Replaced, "another transaction took its nonce")?;
    }
    mined(explorer, Some(row), receipt)
}

/// What the books need of a receipt.
const fn kept(receipt: &EvmReceipt) -> OutboxReceipt {
    let EvmReceipt { block, time, fee, .. } = *receipt;
    OutboxReceipt { block, time, fee, failed: matches!(receipt.succeeded, Succeeded::No) }
}

/// Other signed transactions of the same nonce that may still be waited for.
fn rivals(ledger: &Ledger, row: &OutboxRow) -> Result<Vec<OutboxRow>, Failure> {
    let mut rows = ledger.evm_outbox(&row.who)?;
    rows.retain(|other| other.id != row.id && other.nonce == row.nonce && other.state.holds_nonce());
    Ok(rows)
}

/// What is known of a transaction that no node has.
#[derive(Clone, Copy)]
struct Absence {
    /// The next nonce of its account.
    nonce: u64,
    /// What stands behind that.
    evidence: Evidence,
}

/// Nobody has it. With its nonce used, another took it; with its nonce free, the chain turned back or a pool forgot it.
///
/// What took the nonce may be this very transaction, where one node alone says so: it is given up only when two agree, or,
/// where there is only one node, when the other is found or the nonce is used up to a safe block. Until then its nonce is held,
/// and it is not paid again.
fn absent(
    ledger: &mut Ledger,
    explorer: &EvmExplorer,
    row: &OutboxRow,
    Absence { nonce, evidence }: Absence,
) -> Result<EvmStatus, Failure> {
    if nonce > row.nonce {
        let by = replaced_by(ledger, explorer, row)?;
        let is_safe = || explorer.safe_nonce(row.who.from).is_ok_and(|safe| safe.into_value() > row.nonce);
        let doubted = is_doubted(explorer, evidence);
        if by.is_some() || evidence != Evidence::Said || (!doubted && is_safe()) {
            ledger.set_outbox_state(row.id, OutboxState::Replaced, "another transaction took its nonce")?;
        }
        return Ok(EvmStatus::Replaced { by });
    }
    // Its nonce is another's of ours by now: these bytes are never sent again.
    if let Some(by) = ledger.replacement_of(row)? {
        return Ok(EvmStatus::Replaced { by: by.signed.map(|(hash, _)| hash) });
    }
    let status = if row.block_hash.is_some() { EvmStatus::Reorged } else { EvmStatus::Dropped };
    let was_out = matches!(row.state, OutboxState::Unknown | OutboxState::Sent | OutboxState::Mined);
    if !was_out {
        return Ok(status);
    }
    if let Some((_, raw)) = &row.signed {
        ledger.set_outbox_state(row.id, OutboxState::Unknown, "no node had it; sent again")?;
        ledger.forget_outbox_block(row.id)?;
        let (signed, _) = decode::signed(raw)?;
        deliver::deliver(ledger, explorer, &signed, Some(row.id))?;
    }
    Ok(status)
}

/// One of ours with the same nonce that is in a block.
fn replaced_by(ledger: &Ledger, explorer: &EvmExplorer, row: &OutboxRow) -> Result<Option<B256>, Failure> {
    for other in ledger.evm_outbox(&row.who)? {
        let Some((hash, _)) = other.signed.as_ref().filter(|_| other.nonce == row.nonce && other.id != row.id) else {
            continue;
        };
        let found = explorer.whereabouts(*hash, row.who.from)?;
        if is_doubted(explorer, found.evidence()) {
            continue;
        }
        if let EvmWhereabouts::Mined(receipt) = found.claim.into_value() {
            ledger.set_outbox_state(other.id, OutboxState::Mined, "found in a block")?;
            ledger.set_outbox_block(other.id, receipt.block_hash, &kept(&receipt))?;
            return Ok(Some(*hash));
        }
    }
    Ok(None)
}

fn mined(explorer: &EvmExplorer, row: Option<&OutboxRow>, receipt: &EvmReceipt) -> Result<EvmStatus, Failure> {
    let outcome = match receipt.succeeded {
        Succeeded::Yes => ExecutionOutcome::Success,
        Succeeded::No => ExecutionOutcome::Reverted { reason: reason(explorer, row, receipt)? },
    };
    Ok(EvmStatus::Mined {
        block: receipt.block,
        block_hash: receipt.block_hash,
        outcome,
        depth: depth(receipt),
        fee: receipt.fee,
        created: receipt.created,
    })
}

/// The reason of a failure: the same call on the block before, as far as a node still has it.
fn reason(explorer: &EvmExplorer, row: Option<&OutboxRow>, receipt: &EvmReceipt) -> Result<Option<SafeText>, Failure> {
    let Some((_, raw)) = row.and_then(|row| row.signed.as_ref()) else { return Ok(None) };
    let (signed, plan) = decode::signed(raw)?;
    let transaction = read_unsigned(&plan.unsigned)?;
    let call = EvmCall {
        from: signed.from,
        to: transaction.to(),
        value: transaction.value(),
        data: transaction.input().clone(),
    };
    Ok(match explorer.call_before(&call, receipt.block) {
        Ok(claim) => match claim.into_value() {
            CallOutcome::Reverted(revert) => Some(revert.why(&[], signed.chain)),
            CallOutcome::Returned(_) => None,
        },
        Err(_) => None,
    })
}

fn depth(receipt: &EvmReceipt) -> Depth {
    let reached = |height: Option<u64>| height.is_some_and(|height| receipt.block <= height);
    match () {
        () if reached(receipt.finalized) => Depth::Finalized,
        () if reached(receipt.safe) => Depth::Safe,
        () => Depth::Latest { confirmations: receipt.tip.saturating_sub(receipt.block).saturating_add(1) },
    }
}

/// Brings every waiting transaction of an account up to date.
///
/// # Errors
/// As [`track`].
pub fn refresh(
    ledger: &mut Ledger,
    explorer: &EvmExplorer,
    chain: &'static EvmChain,
    from: Address,
) -> Result<(), Failure> {
    let who = EvmWho { chain_id: chain.id, from };
    for row in ledger.evm_outbox(&who)? {
        let is_out = row.state.is_waiting() && row.state != OutboxState::Signed;
        if let Some((hash, _)) = row.signed.as_ref().filter(|_| is_out) {
            track(ledger, explorer, chain, *hash)?;
        }
    }
    Ok(())
}
