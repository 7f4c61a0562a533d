//! Where a transaction is at an Esplora server, and what spends its outputs.
//!
//! Such a server keeps the transactions of blocks that were reorganised away: that it has one, and that its status says
//! "unconfirmed", is no sign that it waits anywhere. Only a list of what waits is.

use std::collections::BTreeSet;

use bitcoin::{
    OutPoint, ScriptBuf, Transaction, Txid,
    hashes::{Hash, sha256},
};

use super::{
    Esplora,
    hints::hinted_page,
    json::{OutspendJson, StatusJson},
};
use crate::explorer::{Cause, bitcoin::TxPlace, online::transport::limits};

/// Scripts of one transaction whose lists of what waits are read, where the first ones are full.
const TRIED_SCRIPTS: usize = 3;

impl Esplora<'_> {
    /// Where a transaction is; nothing if this host has it in no block of its chain and in no list of what waits.
    pub(crate) async fn place(&self, txid: Txid) -> Result<Option<TxPlace>, Cause> {
        match self.transaction(txid).await? {
            Some(tx) => self.place_of(&tx).await,
            None => Ok(None),
        }
    }

    /// The spender of an output that this host knows; it is fetched and must spend it. An output of a transaction that
    /// only a block had which is gone is none.
    pub(crate) async fn outspend(&self, outpoint: OutPoint) -> Result<Option<Txid>, Cause> {
        let parent = self.transaction(outpoint.txid).await?.ok_or(Cause::Missing)?;
        let answer = self.outspend_json(outpoint).await?.ok_or(Cause::Unsupported)?;
        if !answer.spent {
            return self.place_of(&parent).await?.map(|_| None).ok_or(Cause::Missing);
        }
        let spender = answer.txid.ok_or(Cause::Malformed)?;
        let tx = self.transaction(spender).await?.ok_or(Cause::Unsettled)?;
        if tx.input.iter().any(|input| input.previous_output == outpoint) {
            Ok(Some(spender))
        } else {
            Err(Cause::Lied)
        }
    }

    async fn place_of(&self, tx: &Transaction) -> Result<Option<TxPlace>, Cause> {
        let path = format!("/tx/{}/status", tx.compute_txid());
        let status: StatusJson = self.json(&path, limits::SMALL_BYTES).await?;
        if let Some(block) = status.read()? {
            return Ok(Some(TxPlace::Confirmed(block)));
        }
        Ok(self.waits(tx).await?.then_some(TxPlace::Mempool))
    }

    /// Whether a list of what waits names it: that of a script that it pays, or else the spend of its first coin.
    async fn waits(&self, tx: &Transaction) -> Result<bool, Cause> {
        if tx.is_coinbase() {
            return Ok(false);
        }
        let txid = tx.compute_txid();
        let paid: BTreeSet<ScriptBuf> = tx.output.iter().map(|output| output.script_pubkey.clone()).collect();
        for script in paid.iter().filter(|script| !script.is_op_return()).take(TRIED_SCRIPTS) {
            if let Some(is_listed) = self.is_listed(txid, script).await? {
                return Ok(is_listed);
            }
        }
        let coin = tx.input.first().map(|input| input.previous_output).ok_or(Cause::Malformed)?;
        let spend = self.outspend_json(coin).await?.ok_or(Cause::Unsupported)?;
        Ok(spend.spent && spend.txid == Some(txid))
    }

    /// Whether the list of what waits at a script has it; nothing where the list is full without it, or not to be had.
    async fn is_listed(&self, txid: Txid, script: &ScriptBuf) -> Result<Option<bool>, Cause> {
        let lists = format!("/scripthash/{}/txs", sha256::Hash::hash(script.as_bytes()));
        let own = match self.get(&format!("{lists}/mempool"), limits::TX_PAGE_BYTES).await {
            Ok(Some(body)) => Some((body, limits::MEMPOOL_PAGE)),
            // Servers over an Electrum server have one list for all: what waits comes first in it.
            Ok(None) | Err(Cause::Unsupported) => {
                self.get(&lists, limits::TX_PAGE_BYTES).await?.map(|body| (body, limits::SMALLEST_PAGE))
            }
            // The script is too busy for this server.
            Err(Cause::Refused(_) | Cause::ServerError(_) | Cause::TooLarge) => None,
            Err(cause) => return Err(cause),
        };
        let Some((body, full)) = own else { return Ok(None) };
        let listed = hinted_page(&body)?;
        let is_there = listed.iter().any(|seen| seen.txid == txid && seen.height.is_none());
        let is_whole = listed.len() < full || listed.iter().any(|seen| seen.height.is_some());
        Ok((is_there || is_whole).then_some(is_there))
    }

    /// What a server says of the spend of an output; nothing where it has no such list.
    async fn outspend_json(&self, OutPoint { txid, vout }: OutPoint) -> Result<Option<OutspendJson>, Cause> {
        let path = format!("/tx/{txid}/outspend/{vout}");
        match self.get(&path, limits::SMALL_BYTES).await {
            Ok(body) => body.map(|body| super::json::parse(&body)).transpose(),
            Err(Cause::Unsupported) => Ok(None),
            Err(cause) => Err(cause),
        }
    }
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
