//! The spender of a coin of ours, when no host will take our transaction: another transaction, found and verified.
//!
//! A host's word is not enough to call a payment lost. The other transaction is fetched, spends one of the same coins, and
//! Bitcoin Core's code accepts all of its inputs.

use bitcoin::{Transaction, TxOut, Txid};
use tokio::time::Instant;

use super::OutgoingTx;
use crate::{
    chain::bitcoin::{consensus, proof},
    explorer::{
        bitcoin::TxPlace,
        online::{
            bitcoin::{Explorer, backend::Host},
            transport::{limits, pool::after},
        },
    },
};

/// A transaction that spends a coin of ours.
pub(crate) struct Conflict {
    pub(crate) txid: Txid,
    /// Where it is, as the host says that showed it.
    pub(crate) place: TxPlace,
}

impl Explorer {
    /// A transaction other than this one that spends one of its coins and is signed for it.
    pub(super) async fn conflict(&self, letter: &OutgoingTx<'_>) -> Option<Conflict> {
        let end = after(limits::READING_BACK);
        for input in &letter.tx.input {
            let coin = input.previous_output;
            let question = async |host: Host<'_>| match host.outspend(coin).await? {
                // One that is nowhere now, which a block had that is gone, spends nothing.
                Some(txid) if txid != letter.txid => Ok(host.place(txid).await?.map(|place| (txid, place))),
                _ => Ok(None),
            };
            let Ok(found) = self.seek(end, question).await else { continue };
            if let Some((txid, place)) = found.value
                && self.is_signed(txid, end).await
            {
                return Some(Conflict { txid, place });
            }
        }
        None
    }

    /// Whether every input of it is accepted: a transaction that names our coin can be written without our keys.
    async fn is_signed(&self, txid: Txid, end: Instant) -> bool {
        let Some(transaction) = self.fetch(txid, end).await else { return false };
        if transaction.input.len() > limits::CONFLICT_INPUTS {
            return false;
        }
        let mut spent: Vec<TxOut> = Vec::new();
        for input in &transaction.input {
            let parent = self.fetch(input.previous_output.txid, end).await;
            let output = parent.as_ref().and_then(|parent| proof::spent_output(parent, input.previous_output).ok());
            let Some(output) = output else { return false };
            spent.push(output.clone());
        }
        consensus::verify(&transaction, &spent).is_ok()
    }

    async fn fetch(&self, txid: Txid, end: Instant) -> Option<Transaction> {
        let question = async |host: Host<'_>| host.transaction(txid).await;
        self.seek(end.min(after(limits::LOOKING * self.http.slowness())), question).await.ok()?.value
    }
}
