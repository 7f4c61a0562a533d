//! The same transaction twice on EVM networks: by its key, by what waits, and by what was paid within the last day.
//!
//! Looks into the outbox only. It asks no node, and whether a second one is wanted is for the person to say.

use alloy_consensus::Transaction;

use crate::{
    chain::ethereum::{SignedTransaction, calls::TRANSFER, decode, transaction::read_unsigned},
    explain::Failure,
    flow::{FlowError, LATELY},
    ledger::{
        Ledger, LedgerError,
        ethereum::{EvmWho, OutboxRow, OutboxState},
        now,
    },
    request::{EvmRequest, EvmValue},
};

/// What an earlier run of the same command signed, if it never told its person what became of it: its own bytes are sent.
///
/// # Errors
/// The ledger cannot be read, or its bytes do not decode.
pub fn interrupted(ledger: &Ledger, who: &EvmWho, purpose: &str) -> Result<Option<SignedTransaction>, Failure> {
    let Some(row) = ledger.interrupted(who, purpose)? else { return Ok(None) };
    let raw = row.signed.as_ref().map(|(_, raw)| raw.as_slice()).unwrap_or_default();
    Ok(Some(decode::signed(raw)?.0))
}

/// Stops a call, by the digest of [`super::purpose`], whose key was used before, whatever became of it; only what was
/// refused by all never was one.
///
/// # Errors
/// There is such a transaction, or the ledger cannot be read.
pub fn refuse_used_key(ledger: &Ledger, who: &EvmWho, call: &str) -> Result<(), Failure> {
    refuse(used_key(ledger, who, call)?, FlowError::KeyUsed)
}

/// The newest transaction that was signed under a key, by the digest of [`super::purpose`]. A nonce that was only set aside for it
/// is none, and neither is what was refused by all.
///
/// # Errors
/// The ledger cannot be read.
pub fn used_key(ledger: &Ledger, who: &EvmWho, call: &str) -> Result<Option<OutboxRow>, LedgerError> {
    let used = |row: &OutboxRow| row.purpose == call && row.signed.is_some() && row.state != OutboxState::Rejected;
    Ok(ledger.evm_outbox(who)?.into_iter().rfind(used))
}

/// What became of a signed transaction of ours, for whom it was to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// In a block, and it did what it says; or on its way there, as far as is known.
    Sent,
    /// It may be on its way.
    Unknown,
    /// In a block, and it failed: nothing but its fee was taken.
    Failed,
    /// Another transaction took its nonce, and pays something else.
    Replaced,
}

/// What became of a signed transaction; one that a dearer one of the same payment replaced has the fate of that.
///
/// # Errors
/// The ledger cannot be read.
pub fn fate(ledger: &Ledger, row: &OutboxRow, request: &EvmRequest) -> Result<Fate, LedgerError> {
    let of = |row: &OutboxRow| match row.state {
        OutboxState::Mined if row.receipt.as_ref().is_some_and(|receipt| receipt.failed) => Fate::Failed,
        OutboxState::Unknown => Fate::Unknown,
        OutboxState::Replaced => Fate::Replaced,
        _ => Fate::Sent,
    };
    // A cancellation that waits may win: until one of the two is in a block, neither is known to be paid.
    let instead = match row.state {
        OutboxState::Mined => None,
        _ => ledger.replacement_of(row)?,
    };
    Ok(match instead {
        Some(other) if is_same(&other, request) => of(&other),
        Some(other) if other.state != OutboxState::Mined && row.state != OutboxState::Replaced => Fate::Unknown,
        Some(_) => Fate::Replaced,
        None => of(row),
    })
}

/// Stops what asks for the same as a transaction that waits; and a payment that equals one that is in a block and was
/// signed within the last day. Calls that pay nothing may be made as often as a person likes.
///
/// # Errors
/// There is such a transaction, or the ledger cannot be read.
pub fn refuse_repeat(ledger: &Ledger, who: &EvmWho, request: &EvmRequest, call: &str) -> Result<(), Failure> {
    refuse(ledger.waiting_same(who, call)?, FlowError::SamePayment)?;
    let since = now().saturating_sub(LATELY);
    let mut rows = ledger.evm_outbox(who)?.into_iter().filter(|row| row.created >= since);
    let lately = rows.find(|row| row.state == OutboxState::Mined && is_payment(request) && is_same(row, request));
    refuse(lately, FlowError::PaidLately)
}

fn refuse(found: Option<OutboxRow>, why: fn(String) -> FlowError) -> Result<(), Failure> {
    match found.and_then(|row| row.signed) {
        Some((hash, _)) => Err(why(hash.to_string()).into()),
        None => Ok(()),
    }
}

/// Coins to a payee, or an ERC-20 transfer. A delegation (EIP-7702) that carries no coins pays nothing.
fn is_payment(request: &EvmRequest) -> bool {
    let is_empty = matches!(request.value, EvmValue::Exactly(value) if value.is_zero());
    let is_coins = request.data.is_empty() && request.to.is_some() && !is_empty;
    is_coins || request.data.starts_with(&TRANSFER)
}

/// The same coins or tokens to the same address, whatever it costs.
fn is_same(row: &OutboxRow, request: &EvmRequest) -> bool {
    let raw = row.signed.as_ref().map(|(_, raw)| raw.as_slice()).unwrap_or_default();
    let Some(transaction) = decode::signed(raw).ok().and_then(|(_, plan)| read_unsigned(&plan.unsigned).ok()) else {
        return false;
    };
    let is_value = matches!(request.value, EvmValue::Exactly(value) if value == transaction.value());
    is_value && transaction.to() == request.to && *transaction.input() == request.data
}
