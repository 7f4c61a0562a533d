//! What the connected blocks say, ready to be asked: transactions by id, unspent coins, spenders, history by script.
//!
//! Holds confirmed facts only (mempool.rs holds the rest) and judges no rule beyond "the coin exists".

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use bitcoin::{
    OutPoint, Script, Transaction, TxOut, Txid,
    hashes::{Hash as _, sha256},
};
use serde::Serialize;

/// Which outputs count as coinbase, and so must wait 100 blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CoinOrigin {
    /// Made by a coinbase transaction.
    Coinbase,
    /// Made by any other transaction.
    Payment,
}

/// A confirmed output.
#[derive(Clone, Debug)]
pub(crate) struct IndexedCoin {
    pub(crate) output: TxOut,
    pub(crate) height: u32,
    pub(crate) origin: CoinOrigin,
}

/// A transaction in a block, with the coins it spent (they are also what is needed to take it back).
pub(crate) struct Confirmed {
    pub(crate) transaction: Arc<Transaction>,
    pub(crate) spent: Vec<IndexedCoin>,
    pub(crate) height: u32,
    pub(crate) position: usize,
}

/// Esplora's five numbers about a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Stats {
    pub(crate) tx_count: u64,
    pub(crate) funded_txo_count: u64,
    pub(crate) funded_txo_sum: u64,
    pub(crate) spent_txo_count: u64,
    pub(crate) spent_txo_sum: u64,
}

/// What happened to one script, oldest first.
#[derive(Default)]
pub(crate) struct ScriptTxs {
    pub(crate) txids: Vec<Txid>,
    pub(crate) stats: Stats,
    /// Unspent outputs by height.
    pub(crate) unspent: BTreeSet<(u32, OutPoint)>,
}

/// The name under which a script is asked for: sha256 of the script, not reversed.
pub(crate) fn script_hash(script: &Script) -> sha256::Hash {
    sha256::Hash::hash(script.as_bytes())
}

/// The confirmed side of everything the server answers.
#[derive(Default)]
pub(crate) struct Index {
    transactions: HashMap<Txid, Confirmed>,
    coins: HashMap<OutPoint, IndexedCoin>,
    spenders: HashMap<OutPoint, (Txid, u32)>,
    scripts: HashMap<sha256::Hash, ScriptTxs>,
    /// Transactions of blocks that were disconnected, with what they spent: servers keep them for ever.
    orphans: HashMap<Txid, (Arc<Transaction>, Vec<TxOut>)>,
}

impl Index {
    /// A transaction of a block that is no longer in the chain, with what it spent, whether or not it is somewhere else now.
    pub(crate) fn orphan(&self, txid: &Txid) -> Option<(&Arc<Transaction>, &[TxOut])> {
        self.orphans.get(txid).map(|(transaction, spent)| (transaction, spent.as_slice()))
    }

    pub(crate) fn transaction(&self, txid: &Txid) -> Option<&Confirmed> {
        self.transactions.get(txid)
    }

    pub(crate) fn coin(&self, outpoint: &OutPoint) -> Option<&IndexedCoin> {
        self.coins.get(outpoint)
    }

    pub(crate) fn spender(&self, outpoint: &OutPoint) -> Option<(Txid, u32)> {
        self.spenders.get(outpoint).copied()
    }

    pub(crate) fn history(&self, script: &sha256::Hash) -> Option<&ScriptTxs> {
        self.scripts.get(script)
    }

    /// The fees of a block's transactions, or `None` when one of them spends a coin that does not exist.
    pub(crate) fn fees(&self, transactions: &[Arc<Transaction>]) -> Option<u64> {
        let mut made: HashMap<OutPoint, u64> = HashMap::new();
        let mut spent = HashSet::new();
        let mut fees = 0u64;
        for (position, transaction) in transactions.iter().enumerate() {
            if position > 0 {
                let mut value = 0u64;
                for input in &transaction.input {
                    let outpoint = input.previous_output;
                    let coin = self.coins.get(&outpoint).map(|coin| coin.output.value.to_sat());
                    let available = coin.or_else(|| made.get(&outpoint).copied()).filter(|_| spent.insert(outpoint));
                    value = value.checked_add(available?)?;
                }
                fees = fees.checked_add(value.checked_sub(value_out(transaction)?)?)?;
            }
            let txid = transaction.compute_txid();
            made.extend(outputs(transaction, txid).map(|(outpoint, output)| (outpoint, output.value.to_sat())));
        }
        Some(fees)
    }

    /// Adds a block's transactions; the caller has asked [`Self::fees`] first. The genesis coinbase makes no coin.
    pub(crate) fn connect(&mut self, height: u32, transactions: Vec<Arc<Transaction>>) {
        for (position, transaction) in transactions.into_iter().enumerate() {
            let txid = transaction.compute_txid();
            let spent = if position == 0 { Vec::new() } else { self.spend_inputs(&transaction, txid) };
            let origin = if position == 0 { CoinOrigin::Coinbase } else { CoinOrigin::Payment };
            if height > 0 {
                for (outpoint, output) in outputs(&transaction, txid) {
                    self.fund(outpoint, IndexedCoin { output: output.clone(), height, origin });
                }
            }
            self.transactions.insert(txid, Confirmed { transaction, spent, height, position });
        }
    }

    /// Takes back the transactions of the last block, last first.
    pub(crate) fn disconnect(&mut self, txids: &[Txid]) {
        for txid in txids.iter().rev() {
            let Some(confirmed) = self.transactions.remove(txid) else { continue };
            let spent = confirmed.spent.iter().map(|coin| coin.output.clone()).collect();
            self.orphans.insert(*txid, (Arc::clone(&confirmed.transaction), spent));
            for (outpoint, output) in outputs(&confirmed.transaction, *txid) {
                self.coins.remove(&outpoint);
                let history = self.scripts.entry(script_hash(&output.script_pubkey)).or_default();
                history.unspent.remove(&(confirmed.height, outpoint));
                history.stats.funded_txo_count = history.stats.funded_txo_count.saturating_sub(1);
                history.stats.funded_txo_sum = history.stats.funded_txo_sum.saturating_sub(output.value.to_sat());
                history.forget(txid);
            }
            for (input, coin) in confirmed.transaction.input.iter().zip(confirmed.spent) {
                self.unspend(input.previous_output, coin, txid);
            }
        }
    }

    fn spend_inputs(&mut self, transaction: &Transaction, txid: Txid) -> Vec<IndexedCoin> {
        let mut spent = Vec::with_capacity(transaction.input.len());
        for (vin, input) in (0u32..).zip(&transaction.input) {
            let Some(coin) = self.coins.remove(&input.previous_output) else { continue };
            self.spenders.insert(input.previous_output, (txid, vin));
            let history = self.scripts.entry(script_hash(&coin.output.script_pubkey)).or_default();
            history.unspent.remove(&(coin.height, input.previous_output));
            history.stats.spent_txo_count += 1;
            history.stats.spent_txo_sum += coin.output.value.to_sat();
            history.remember(txid);
            spent.push(coin);
        }
        spent
    }

    fn fund(&mut self, outpoint: OutPoint, coin: IndexedCoin) {
        let history = self.scripts.entry(script_hash(&coin.output.script_pubkey)).or_default();
        history.unspent.insert((coin.height, outpoint));
        history.stats.funded_txo_count += 1;
        history.stats.funded_txo_sum += coin.output.value.to_sat();
        history.remember(outpoint.txid);
        self.coins.insert(outpoint, coin);
    }

    fn unspend(&mut self, outpoint: OutPoint, coin: IndexedCoin, txid: &Txid) {
        self.spenders.remove(&outpoint);
        let history = self.scripts.entry(script_hash(&coin.output.script_pubkey)).or_default();
        history.unspent.insert((coin.height, outpoint));
        history.stats.spent_txo_count = history.stats.spent_txo_count.saturating_sub(1);
        history.stats.spent_txo_sum = history.stats.spent_txo_sum.saturating_sub(coin.output.value.to_sat());
        history.forget(txid);
        self.coins.insert(outpoint, coin);
    }
}

impl ScriptTxs {
    fn remember(&mut self, txid: Txid) {
        if self.txids.last() != Some(&txid) {
            self.txids.push(txid);
            self.stats.tx_count += 1;
        }
    }

    fn forget(&mut self, txid: &Txid) {
        if self.txids.last() == Some(txid) {
            self.txids.pop();
            self.stats.tx_count = self.stats.tx_count.saturating_sub(1);
        }
    }
}

/// The outputs that can ever be spent, with their names.
pub(crate) fn outputs(transaction: &Transaction, txid: Txid) -> impl Iterator<Item = (OutPoint, &TxOut)> {
    (0u32..)
        .zip(&transaction.output)
        .filter(|(_, output)| !output.script_pubkey.is_op_return())
        .map(move |(vout, output)| (OutPoint { txid, vout }, output))
}

/// The sum of all outputs in satoshi; `None` when it does not fit.
pub(crate) fn value_out(transaction: &Transaction) -> Option<u64> {
    transaction.output.iter().try_fold(0u64, |sum, output| sum.checked_add(output.value.to_sat()))
}
