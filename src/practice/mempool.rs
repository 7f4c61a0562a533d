//! Transactions that wait for a block, with their families, their spends and their scripts.
//!
//! Keeps and orders; whether a transaction may enter is decided in admission.rs and replacement.rs.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use bitcoin::{OutPoint, Transaction, TxOut, Txid, hashes::sha256};

use crate::{
    amount::FeeRate,
    practice::index::{Stats, outputs, script_hash},
};

/// A waiting transaction and what is known about it.
pub(crate) struct MempoolEntry {
    pub(crate) transaction: Arc<Transaction>,
    pub(crate) txid: Txid,
    /// The outputs it spends, in the order of its inputs.
    pub(crate) prevouts: Vec<TxOut>,
    /// Satoshi.
    pub(crate) fee: u64,
    /// Virtual bytes, with Core's correction for signature operations.
    pub(crate) vsize: u64,
    /// Weight units.
    pub(crate) weight: u64,
    /// Signature operation cost (BIP-141).
    pub(crate) sigops: u64,
}

/// An entry among its relatives.
pub(crate) struct Waiting {
    pub(crate) entry: MempoolEntry,
    arrival: u64,
    parents: BTreeSet<Txid>,
    children: BTreeSet<Txid>,
}

/// The waiting transactions.
#[derive(Default)]
pub(crate) struct Mempool {
    waiting: HashMap<Txid, Waiting>,
    arrivals: BTreeMap<u64, Txid>,
    spenders: HashMap<OutPoint, (Txid, u32)>,
    scripts: HashMap<sha256::Hash, BTreeSet<(u64, Txid)>>,
    next_arrival: u64,
}

/// Space in a block for transactions other than the coinbase.
pub(crate) struct Room {
    /// Weight units left.
    pub(crate) weight: u64,
    /// Signature operation cost left.
    pub(crate) sigops: u64,
}

impl Mempool {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn get(&self, txid: &Txid) -> Option<&MempoolEntry> {
        self.waiting.get(txid).map(|waiting| &waiting.entry)
    }

    pub(crate) fn spender(&self, outpoint: &OutPoint) -> Option<(Txid, u32)> {
        self.spenders.get(outpoint).copied()
    }

    /// The waiting output with this name.
    pub(crate) fn output(&self, outpoint: &OutPoint) -> Option<&TxOut> {
        self.get(&outpoint.txid)?.transaction.output.get(usize::try_from(outpoint.vout).ok()?)
    }

    /// All entries, in the order in which they came: parents before children.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &MempoolEntry> {
        self.arrivals.values().filter_map(|txid| self.get(txid))
    }

    /// The entries that touch a script, newest first.
    pub(crate) fn history(&self, script: sha256::Hash) -> impl Iterator<Item = &MempoolEntry> {
        self.scripts.get(&script).into_iter().flatten().rev().filter_map(|(_, txid)| self.get(txid))
    }

    /// Adds an entry whose parents are all confirmed or waiting.
    pub(crate) fn insert(&mut self, entry: MempoolEntry) {
        let txid = entry.txid;
        let arrival = self.next_arrival;
        self.next_arrival += 1;
        let mut parents = BTreeSet::new();
        for (vin, input) in (0u32..).zip(&entry.transaction.input) {
            self.spenders.insert(input.previous_output, (txid, vin));
            if let Some(parent) = self.waiting.get_mut(&input.previous_output.txid) {
                parent.children.insert(txid);
                parents.insert(parent.entry.txid);
            }
        }
        for script in entry.scripts() {
            self.scripts.entry(script).or_default().insert((arrival, txid));
        }
        self.arrivals.insert(arrival, txid);
        self.waiting.insert(txid, Waiting { entry, arrival, parents, children: BTreeSet::new() });
    }

    /// Takes one entry out and leaves its relatives.
    pub(crate) fn remove(&mut self, txid: &Txid) -> Option<MempoolEntry> {
        let gone = self.waiting.remove(txid)?;
        self.arrivals.remove(&gone.arrival);
        for input in &gone.entry.transaction.input {
            self.spenders.remove(&input.previous_output);
        }
        for script in gone.entry.scripts() {
            if let Some(touching) = self.scripts.get_mut(&script) {
                touching.remove(&(gone.arrival, *txid));
                if touching.is_empty() {
                    self.scripts.remove(&script);
                }
            }
        }
        for parent in &gone.parents {
            if let Some(parent) = self.waiting.get_mut(parent) {
                parent.children.remove(txid);
            }
        }
        for child in &gone.children {
            if let Some(child) = self.waiting.get_mut(child) {
                child.parents.remove(txid);
            }
        }
        Some(gone.entry)
    }

    /// Everything that descends from `txid`, itself included.
    pub(crate) fn descendants(&self, txid: &Txid) -> BTreeSet<Txid> {
        self.reach([*txid], |waiting| waiting.children.iter().copied().collect())
    }

    /// Everything that `txids` descend from, themselves included.
    pub(crate) fn ancestors(&self, txids: impl IntoIterator<Item = Txid>) -> BTreeSet<Txid> {
        self.reach(txids, |waiting| waiting.parents.iter().copied().collect())
    }

    /// Everything connected with `txids` by spending, themselves included.
    pub(crate) fn cluster(&self, txids: impl IntoIterator<Item = Txid>) -> BTreeSet<Txid> {
        self.reach(txids, |waiting| waiting.parents.iter().chain(&waiting.children).copied().collect())
    }

    fn reach(&self, from: impl IntoIterator<Item = Txid>, next: impl Fn(&Waiting) -> Vec<Txid>) -> BTreeSet<Txid> {
        let mut found = BTreeSet::new();
        let mut open: Vec<Txid> = from.into_iter().collect();
        while let Some(txid) = open.pop() {
            let Some(waiting) = self.waiting.get(&txid) else { continue };
            if found.insert(txid) {
                open.extend(next(waiting));
            }
        }
        found
    }

    /// What a miner takes: families by the fee rate of their whole ancestry, parents first, until the block is full.
    pub(crate) fn pick(&self, mut room: Room) -> Vec<Txid> {
        let mut ranked: Vec<(FeeRate, u64, BTreeSet<Txid>)> = self
            .waiting
            .values()
            .map(|waiting| {
                let family = self.ancestors([waiting.entry.txid]);
                (self.rate(&family), waiting.arrival, family)
            })
            .collect();
        ranked.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
        let mut taken = BTreeSet::new();
        let mut order = Vec::new();
        for (_, _, family) in ranked {
            let mut missing: Vec<&Waiting> =
                family.iter().filter(|txid| !taken.contains(*txid)).filter_map(|txid| self.waiting.get(txid)).collect();
            let weight: u64 = missing.iter().map(|waiting| waiting.entry.weight).sum();
            let sigops: u64 = missing.iter().map(|waiting| waiting.entry.sigops).sum();
            if weight <= room.weight && sigops <= room.sigops {
                room.weight -= weight;
                room.sigops -= sigops;
                missing.sort_by_key(|waiting| waiting.arrival);
                taken.extend(missing.iter().map(|waiting| waiting.entry.txid));
                order.extend(missing.iter().map(|waiting| waiting.entry.txid));
            }
        }
        order
    }

    fn rate(&self, family: &BTreeSet<Txid>) -> FeeRate {
        let (fee, vsize) = family
            .iter()
            .filter_map(|txid| self.get(txid))
            .fold((0, 0), |(fee, vsize), entry| (fee + entry.fee, vsize + entry.vsize));
        FeeRate::of(fee, vsize)
    }

    /// Esplora's five numbers about a script, from what waits.
    pub(crate) fn stats(&self, script: &sha256::Hash) -> Stats {
        let mut stats = Stats::default();
        for entry in self.history(*script) {
            stats.tx_count += 1;
            for output in entry.prevouts.iter().filter(|output| script_hash(&output.script_pubkey) == *script) {
                stats.spent_txo_count += 1;
                stats.spent_txo_sum += output.value.to_sat();
            }
            for output in entry.transaction.output.iter().filter(|o| script_hash(&o.script_pubkey) == *script) {
                stats.funded_txo_count += 1;
                stats.funded_txo_sum += output.value.to_sat();
            }
        }
        stats
    }
}

impl MempoolEntry {
    /// The scripts it takes from and pays to, each once.
    fn scripts(&self) -> BTreeSet<sha256::Hash> {
        let taken = self.prevouts.iter().map(|output| script_hash(&output.script_pubkey));
        let paid = outputs(&self.transaction, self.txid).map(|(_, output)| script_hash(&output.script_pubkey));
        taken.chain(paid).collect()
    }

    /// Its own fee rate, without its family.
    pub(crate) fn rate(&self) -> FeeRate {
        FeeRate::of(self.fee, self.vsize)
    }
}

/// Whether the relay fee and the size of a family count: not for what a reorganisation hands back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelayLimits {
    /// The transaction comes from outside.
    Apply,
    /// The transaction was in a block or in this mempool before.
    Bypass,
}

/// A transaction that may enter, and what must leave for it.
pub(crate) struct Admission {
    pub(crate) entry: MempoolEntry,
    pub(crate) replaces: BTreeSet<Txid>,
}
