//! What may be asked of the practice chain without changing it: by the tests, by admission and by the server.
//!
//! Must not change anything.

use std::{collections::BTreeMap, sync::Arc};

use bitcoin::{Block, BlockHash, OutPoint, Script, Transaction, TxOut, Txid, hashes::sha256};

use super::{
    admission::Accepted,
    chain::{Link, PracticeChain},
    index::{outputs, script_hash},
    mempool::RelayLimits,
    reject::Reject,
};

/// A transaction wherever it is.
pub(crate) struct FoundTx<'a> {
    pub(crate) txid: Txid,
    pub(crate) transaction: &'a Arc<Transaction>,
    /// What it spends, in order; empty for a coinbase.
    pub(crate) prevouts: Vec<&'a TxOut>,
    /// Height and place in its block; `None` while it waits.
    pub(crate) place: Option<(u32, usize)>,
}

impl PracticeChain {
    /// What the mempool would do with `transaction`, as `testmempoolaccept` says it.
    ///
    /// # Errors
    /// Bitcoin Core's words for why it would be refused.
    pub fn check(&self, transaction: &Transaction) -> Result<Accepted, Reject> {
        let admission = self.admission(transaction.clone(), RelayLimits::Apply)?;
        let entry = admission.entry;
        Ok(Accepted {
            txid: entry.txid,
            vsize: entry.vsize,
            fee: entry.fee,
            replaces: admission.replaces.into_iter().collect(),
        })
    }

    /// The transaction with this id, confirmed or waiting.
    #[must_use]
    pub fn transaction(&self, txid: &Txid) -> Option<Transaction> {
        self.find(txid).map(|found| found.transaction.as_ref().clone())
    }

    /// 0 while it waits, 1 in the last block, and so on; `None` when it is unknown.
    #[must_use]
    pub fn confirmations(&self, txid: &Txid) -> Option<u32> {
        let found = self.find(txid)?;
        Some(found.place.map_or(0, |(height, _)| self.next_height().saturating_sub(height)))
    }

    /// Ids of the waiting transactions, oldest first.
    #[must_use]
    pub fn mempool_txids(&self) -> Vec<Txid> {
        self.mempool.entries().map(|entry| entry.txid).collect()
    }

    /// The block at `height`.
    #[must_use]
    pub fn block(&self, height: u32) -> Option<Block> {
        let link = self.link_at(height)?;
        let known = link.txids.iter().filter_map(|txid| self.index.transaction(txid));
        Some(Block { header: link.header, txdata: known.map(|it| it.transaction.as_ref().clone()).collect() })
    }

    /// Unspent outputs of `script` after everything that waits, in satoshi.
    #[must_use]
    pub fn balance(&self, script: &Script) -> u64 {
        self.unspent(&script_hash(script)).values().map(|(output, _)| output.value.to_sat()).sum()
    }

    /// The last block's median time past: what lock times are compared with (BIP-113).
    #[must_use]
    pub fn median_time(&self) -> u32 {
        self.links.last().map_or(0, |link| link.median_time)
    }

    pub(crate) fn median_time_at(&self, height: u32) -> u32 {
        self.link_at(height).map_or_else(|| self.median_time(), |link| link.median_time)
    }

    pub(crate) fn link_at(&self, height: u32) -> Option<&Link> {
        self.links.get(usize::try_from(height).ok()?)
    }

    pub(crate) fn link_of(&self, hash: &BlockHash) -> Option<(u32, &Link)> {
        let height = *self.heights.get(hash)?;
        Some((height, self.link_at(height)?))
    }

    pub(crate) fn find(&self, txid: &Txid) -> Option<FoundTx<'_>> {
        if let Some(confirmed) = self.index.transaction(txid) {
            return Some(FoundTx {
                txid: *txid,
                transaction: &confirmed.transaction,
                prevouts: confirmed.spent.iter().map(|coin| &coin.output).collect(),
                place: Some((confirmed.height, confirmed.position)),
            });
        }
        let entry = self.mempool.get(txid)?;
        let prevouts = entry.prevouts.iter().collect();
        Some(FoundTx { txid: *txid, transaction: &entry.transaction, prevouts, place: None })
    }

    /// The same, or one that only a block had which is no longer in the chain: an Esplora server keeps those too.
    pub(crate) fn find_ever(&self, txid: &Txid) -> Option<FoundTx<'_>> {
        self.find(txid).or_else(|| {
            let (transaction, spent) = self.index.orphan(txid)?;
            Some(FoundTx { txid: *txid, transaction, prevouts: spent.iter().collect(), place: None })
        })
    }

    /// The transaction and input that spend this output, in a block or waiting.
    pub(crate) fn spender(&self, outpoint: &OutPoint) -> Option<(Txid, u32)> {
        self.index.spender(outpoint).or_else(|| self.mempool.spender(outpoint))
    }

    /// Whether this id is confirmed and one of its outputs is still there.
    pub(crate) fn has_unspent_output(&self, txid: &Txid) -> bool {
        self.index.transaction(txid).is_some_and(|confirmed| {
            outputs(&confirmed.transaction, *txid).any(|(outpoint, _)| self.index.coin(&outpoint).is_some())
        })
    }

    /// Outputs of a script that nothing spends, confirmed or waiting, with the height of the confirmed ones.
    pub(crate) fn unspent(&self, script: &sha256::Hash) -> BTreeMap<OutPoint, (TxOut, Option<u32>)> {
        let confirmed = self.index.history(script).into_iter().flat_map(|history| &history.unspent);
        let confirmed = confirmed.filter_map(|(height, outpoint)| {
            Some((*outpoint, (self.index.coin(outpoint)?.output.clone(), Some(*height))))
        });
        let waiting = self.mempool.history(*script).flat_map(|entry| {
            outputs(&entry.transaction, entry.txid)
                .filter(|(_, output)| script_hash(&output.script_pubkey) == *script)
                .map(|(outpoint, output)| (outpoint, (output.clone(), None)))
        });
        confirmed.chain(waiting).filter(|(outpoint, _)| self.mempool.spender(outpoint).is_none()).collect()
    }
}
