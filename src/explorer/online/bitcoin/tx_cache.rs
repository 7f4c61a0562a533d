//! Transactions that a host sent and that hashed to their ids, kept so that none is asked for twice.
//!
//! For the life of the process, and bounded: when it is full it starts again from nothing.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use bitcoin::{Transaction, Txid};

use crate::explorer::online::transport::limits;

/// Checked transactions by their ids.
#[derive(Default)]
pub(super) struct TxCache {
    txs: RefCell<BTreeMap<Txid, Transaction>>,
    bytes: Cell<usize>,
}

impl TxCache {
    /// A transaction, if it was put here.
    pub(super) fn get(&self, txid: &Txid) -> Option<Transaction> {
        self.txs.borrow().get(txid).cloned()
    }

    /// Keeps a transaction whose hash the caller has checked.
    pub(super) fn put(&self, txid: Txid, tx: &Transaction) {
        let size = tx.total_size();
        let mut txs = self.txs.borrow_mut();
        if self.bytes.get().saturating_add(size) > limits::CACHE_BYTES {
            txs.clear();
            self.bytes.set(0);
        }
        if txs.insert(txid, tx.clone()).is_none() {
            self.bytes.set(self.bytes.get().saturating_add(size));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explorer::online::bitcoin::fake;

    #[test]
    fn it_forgets_rather_than_grows() {
        let cache = TxCache::default();
        let mut tx = fake::payment(&fake::script(1), 1);
        let small = tx.compute_txid();
        cache.put(small, &tx);
        assert!(cache.get(&small).is_some());
        tx.input[0].witness.push(vec![0; limits::CACHE_BYTES - 100]);
        tx.output[0].value = bitcoin::Amount::from_sat(1);
        cache.put(tx.compute_txid(), &tx);
        assert!(cache.get(&small).is_none() && cache.get(&tx.compute_txid()).is_some());
        assert!(cache.bytes.get() <= limits::CACHE_BYTES + 200);
    }
}
