//! What is remembered of a person's own node for the life of the process: how to log in, and what its blocks were
//! searched for, so that a search is paid for once.
//!
//! Pure. Blocks come here only after their Merkle root and their work were checked.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use bitcoin::{Block, BlockHash, OutPoint, ScriptBuf, Transaction, Txid};
use tokio::sync::Mutex;

use crate::explorer::{
    NodeLogin,
    bitcoin::{BlockRef, Tip, TxAt},
};

/// Blocks whose transactions' ids are kept, for the branches that are asked for next.
const KEPT_BLOCKS: usize = 256;

/// Login and memory of one node.
#[derive(Default)]
pub(crate) struct NodeMemory {
    /// Name and password; a node without any is asked without.
    pub(crate) login: OnceCell<Rc<NodeLogin>>,
    /// What was found in its blocks. Locked while it is searched.
    pub(crate) searched: Mutex<Searched>,
    /// Ids of the transactions of blocks, in order.
    pub(crate) blocks: RefCell<BTreeMap<BlockHash, Vec<Txid>>>,
}

impl NodeMemory {
    /// Keeps the ids of a block's transactions, of the newest blocks asked for.
    pub(crate) fn keep(&self, hash: BlockHash, txids: &[Txid]) {
        let mut blocks = self.blocks.borrow_mut();
        if blocks.len() >= KEPT_BLOCKS {
            blocks.clear();
        }
        blocks.insert(hash, txids.to_vec());
    }
}

/// One script, as far as the blocks were searched for it.
#[derive(Default)]
pub(crate) struct Watched {
    /// The last block that was searched; nothing if none was.
    pub(crate) to: Option<Tip>,
    /// What was found, oldest first.
    pub(crate) txs: Vec<TxAt>,
}

/// All scripts that were ever asked about, and their coins, spent ones too.
#[derive(Default)]
pub(crate) struct Searched {
    pub(crate) scripts: BTreeMap<ScriptBuf, Watched>,
    coins: BTreeMap<OutPoint, ScriptBuf>,
    /// Transactions that wait, as last seen.
    pub(crate) waiting: BTreeMap<Txid, Transaction>,
}

impl Searched {
    /// Begins to watch those scripts that are not watched yet.
    pub(crate) fn watch(&mut self, scripts: &BTreeSet<ScriptBuf>) {
        for script in scripts {
            self.scripts.entry(script.clone()).or_default();
        }
    }

    /// Forgets what was found for these scripts: blocks that were searched are no longer in the chain.
    pub(crate) fn forget(&mut self, scripts: &[ScriptBuf]) {
        for script in scripts {
            self.scripts.insert(script.clone(), Watched::default());
            self.coins.retain(|_, owner| owner != script);
        }
    }

    /// Notes what a block holds of some scripts, and no others: those may be searched to another height. Blocks come in
    /// order of height. Returns the transactions that were kept, once for each script.
    pub(crate) fn note<'a>(
        &mut self,
        scripts: &BTreeSet<ScriptBuf>,
        block: &'a Block,
        place: BlockRef,
    ) -> Vec<&'a Transaction> {
        let mut kept = Vec::new();
        for tx in &block.txdata {
            let touched = self.touched(tx);
            if touched.is_empty() {
                continue;
            }
            let txid = tx.compute_txid();
            self.own(tx, txid);
            for script in touched.into_iter().filter(|script| scripts.contains(script)) {
                let watched = self.scripts.entry(script).or_default();
                // Searched twice after an interruption.
                if !watched.txs.iter().any(|seen| seen.place == Some(place) && seen.tx.compute_txid() == txid) {
                    watched.txs.push(TxAt { tx: tx.clone(), place: Some(place) });
                    kept.push(tx);
                }
            }
        }
        kept
    }

    /// Scripts that a transaction pays or spends from.
    fn touched(&self, tx: &Transaction) -> BTreeSet<ScriptBuf> {
        let paid =
            tx.output.iter().map(|output| &output.script_pubkey).filter(|script| self.scripts.contains_key(*script));
        let spent = tx.input.iter().filter_map(|input| self.coins.get(&input.previous_output));
        paid.chain(spent).cloned().collect()
    }

    /// Remembers the coins of a transaction that are any script's.
    fn own(&mut self, tx: &Transaction, txid: Txid) {
        for (vout, output) in (0u32..).zip(&tx.output) {
            if self.scripts.contains_key(&output.script_pubkey) {
                self.coins.insert(OutPoint { txid, vout }, output.script_pubkey.clone());
            }
        }
    }

    /// Coins of these scripts, spent ones too.
    pub(crate) fn coins_of(&self, scripts: &BTreeSet<ScriptBuf>) -> Vec<OutPoint> {
        self.coins.iter().filter(|(_, owner)| scripts.contains(*owner)).map(|(coin, _)| *coin).collect()
    }

    /// Waiting transactions by the scripts they pay or spend from.
    pub(crate) fn waiting_by_script(&mut self) -> BTreeMap<ScriptBuf, BTreeSet<Txid>> {
        let waiting = std::mem::take(&mut self.waiting);
        for (txid, tx) in &waiting {
            self.own(tx, *txid);
        }
        let mut by_script: BTreeMap<ScriptBuf, BTreeSet<Txid>> = BTreeMap::new();
        for (txid, tx) in &waiting {
            for script in self.touched(tx) {
                by_script.entry(script).or_default().insert(*txid);
            }
        }
        self.waiting = waiting;
        by_script
    }
}
