//! Signed -> Sent: the bytes are in the outbox, synced to disk, before the first of them leaves.
//!
//! The same bytes on every resend; nothing is ever signed again here. What may have happened is said to be unknown.

use alloy_consensus::Transaction;
use alloy_primitives::B256;

use crate::{
    chain::{
        Chain,
        ethereum::{Ethereum, Ownership, SignedTransaction, decode, transaction::read_unsigned},
    },
    explain::Failure,
    explorer::{EvmExplorer, ethereum::EvmVerdict},
    flow::FlowError,
    ledger::{
        Ledger, LedgerError,
        ethereum::{EvmWho, Holder, OutboxRow, OutboxState},
    },
};

/// What became of an attempt to send.
#[derive(Debug)]
pub struct EvmDelivery {
    /// The transaction's id.
    pub hash: B256,
    /// Its row in the outbox.
    pub id: i64,
    /// The nodes' verdict.
    pub verdict: EvmVerdict,
}

/// Puts a signed transaction on record: in the row that its nonce was reserved with, else in one of its own.
///
/// # Errors
/// The ledger cannot be written.
pub fn record(ledger: &mut Ledger, signed: &SignedTransaction, reserved: Option<i64>) -> Result<OutboxRow, Failure> {
    let who = EvmWho { chain_id: signed.chain.id, from: signed.from };
    if let Some(row) = ledger.outbox_row(signed.chain.id, signed.hash)? {
        return Ok(row);
    }
    let drafted = |row: &OutboxRow| row.state == OutboxState::Drafted && row.nonce == signed.nonce;
    let id = match reserved {
        Some(id) => id,
        None => match ledger.evm_outbox(&who)?.into_iter().find(drafted) {
            Some(row) => row.id,
            // Signed elsewhere, or after its draft was forgotten.
            None => ledger.reserve_replacement(&who, signed.nonce, Holder::Process, "")?.id,
        },
    };
    ledger.record_evm_signed(id, signed.hash, &signed.bytes)?;
    remember_payees(ledger, signed)?;
    hold_authorization(ledger, &who, signed)?;
    let row = ledger.outbox_row(signed.chain.id, signed.hash)?;
    Ok(row.ok_or(LedgerError::Damaged("Ethereum outbox"))?)
}

/// Our own authorisation (EIP-7702) takes the nonce after its transaction's: no other transaction may be given it.
fn hold_authorization(ledger: &mut Ledger, who: &EvmWho, signed: &SignedTransaction) -> Result<(), Failure> {
    let (_, plan) = decode::signed(&signed.bytes)?;
    let transaction = read_unsigned(&plan.unsigned)?;
    let next = signed.nonce.saturating_add(1);
    if transaction.authorization_list().into_iter().flatten().any(|one| one.nonce() == next) {
        match ledger.reserve_exact_nonce(who, next, Holder::Draft, "authorization") {
            Ok(_) | Err(LedgerError::NonceHeld(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Its payees are known from now on, so that a look-alike of them is noticed.
fn remember_payees(ledger: &Ledger, signed: &SignedTransaction) -> Result<(), Failure> {
    let (_, plan) = decode::signed(&signed.bytes)?;
    // A delegation that was allowed when it was signed may not be in the settings any more; payees do not matter then.
    let Ok(review) = Ethereum::review(&plan, &Ownership::default()) else { return Ok(()) };
    Ok(ledger.remember_paid(&review.beneficiaries)?)
}

/// Sends a signed transaction: the outbox first, then the bytes, then the verdict into the outbox.
///
/// # Errors
/// The ledger cannot be written.
pub fn deliver(
    ledger: &mut Ledger,
    explorer: &EvmExplorer,
    signed: &SignedTransaction,
    reserved: Option<i64>,
) -> Result<EvmDelivery, Failure> {
    let row = record(ledger, signed, reserved)?;
    let (hash, bytes) = row.signed.clone().ok_or(LedgerError::Damaged("Ethereum outbox"))?;
    // From here on a crash leaves "unknown" behind, which is the truth: the nonce stays held.
    if row.state == OutboxState::Signed || row.state == OutboxState::Rejected {
        ledger.set_outbox_state(row.id, OutboxState::Unknown, "sending")?;
    }
    let verdict = explorer.send(&bytes, hash, signed.from);
    let (state, detail) = settled(&verdict, row.state);
    let written = ledger.set_outbox_state(row.id, state, &detail);
    written.map_err(|error| unrecorded(hash, &verdict, error.into()))?;
    Ok(EvmDelivery { hash, id: row.id, verdict })
}

/// A verdict in the words of the outbox. What a node may already have is not made undone by others that refuse it.
fn settled(verdict: &EvmVerdict, before: OutboxState) -> (OutboxState, String) {
    let out = matches!(before, OutboxState::Unknown | OutboxState::Sent | OutboxState::Mined);
    match verdict {
        EvmVerdict::Accepted(carried) => (OutboxState::Sent, carried.to_string()),
        EvmVerdict::Known(_) if before == OutboxState::Mined => (before, "already mined".to_owned()),
        EvmVerdict::Known(_) => (OutboxState::Sent, "already known".to_owned()),
        EvmVerdict::Rejected(class) if out => (before, format!("refused this time: {class}")),
        EvmVerdict::Rejected(class) => (OutboxState::Rejected, class.to_string()),
        EvmVerdict::NotSent(_) => (before, "not sent".to_owned()),
        EvmVerdict::Unknown => (OutboxState::Unknown, "no answer after the bytes had left".to_owned()),
    }
}

/// A ledger that fails after the bytes have left must not read as "nothing was sent".
fn unrecorded(hash: B256, verdict: &EvmVerdict, failure: Failure) -> Failure {
    match verdict {
        EvmVerdict::Rejected(_) | EvmVerdict::NotSent(_) => failure,
        _ => FlowError::SentNotRecorded { txid: hash.to_string(), cause: failure.message() }.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explorer::{
        HostFailures,
        ethereum::{EvmReject, EvmTaken},
    };

    #[test]
    fn a_refusal_frees_only_what_nobody_can_have() {
        let refused = EvmVerdict::Rejected(EvmReject::FeeTooLow);
        assert_eq!(settled(&refused, OutboxState::Signed).0, OutboxState::Rejected);
        for out in [OutboxState::Unknown, OutboxState::Sent, OutboxState::Mined] {
            assert_eq!(settled(&refused, out).0, out);
        }
        assert_eq!(settled(&EvmVerdict::Unknown, OutboxState::Signed).0, OutboxState::Unknown);
        assert_eq!(settled(&EvmVerdict::NotSent(HostFailures::default()), OutboxState::Signed).0, OutboxState::Signed);
        assert_eq!(settled(&EvmVerdict::Known(EvmTaken::default()), OutboxState::Mined).0, OutboxState::Mined);
    }
}
