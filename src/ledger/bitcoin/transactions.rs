//! Rows of transactions, and what they mean for an account: coins and net amounts are derived from them, never stored apart.
//!
//! A script's complete history comes in as one observation; [`Ledger::settle`] then derives the rest.

use std::collections::BTreeSet;

use bitcoin::{Transaction, Txid, consensus, hashes::Hash};
use rusqlite::{OptionalExtension, params};

use super::{AccountRow, HistoryDisagreement, PROVEN_HERE, raw_index::index};
use crate::{
    account::Keychain,
    ledger::{Ledger, LedgerError, file, now},
    network::Network,
};

/// Where a transaction is, as an explorer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a mempool.
    Mempool,
    /// In a block.
    Block {
        /// Height of the block.
        height: u32,
        /// Its hash in display order.
        hash: String,
        /// Its time in seconds since 1970.
        time: u32,
    },
}

/// Whether a list of transactions is all there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It is.
    Whole,
    /// Unconfirmed ones may be missing: the explorer lists only so many.
    MempoolCut,
    /// These are single ones, and nothing is said of any other.
    Part,
}

/// The history of one script at one moment.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Chain below the account.
    pub keychain: Keychain,
    /// Address index.
    pub index: u32,
    /// Every transaction that touches the script; each was checked against its id.
    pub transactions: Vec<(Transaction, Place)>,
    /// Ids of those that are signed for every coin of the account that they spend, as Bitcoin Core's code says. Another
    /// that spends one does not count.
    pub signed: BTreeSet<Txid>,
    /// Whether that is all.
    pub completeness: Completeness,
    /// Who said so.
    pub said_by: String,
    /// Height of the best block that it knew: of later blocks it can say nothing.
    pub tip: u32,
}

impl Ledger {
    /// Records the history of a script. Unconfirmed transactions that are no longer in a whole one are marked gone,
    /// except those of our own journal, which only a conflict or a person can give up.
    ///
    /// Returns whether anything changed.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn observe(&self, row: &AccountRow, observation: &Observation) -> Result<bool, LedgerError> {
        let (id, chain, index) = (row.id.0, observation.keychain.number(), observation.index);
        self.ensure_script(row, observation.keychain, index)?;
        self.forget_omissions(row.id, (observation.keychain, index), &observation.said_by)?;
        let mut changed = false;
        let mut seen = BTreeSet::new();
        for (transaction, place) in &observation.transactions {
            changed |= self.put_transaction(row, observation, (transaction, place))?;
            let txid = transaction.compute_txid();
            seen.insert(txid.to_byte_array());
            changed |= self.touch(id, chain, index, txid)?;
        }
        if observation.completeness == Completeness::Whole {
            changed |= self.forget_absent(row, observation, &seen)?;
        }
        if changed {
            self.forget_opinion(row.id, (observation.keychain, index))?;
        }
        if observation.completeness != Completeness::Part {
            self.set_checked(row.id, observation.keychain, index)?;
            self.set_mempool_cut(row.id, (observation.keychain, index), observation.completeness)?;
        }
        Ok(changed)
    }

    /// Records a transaction of our own that is about to be sent, as unconfirmed unless it is known to be in a block.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn observe_own(&self, row: &AccountRow, transaction: &Transaction) -> Result<(), LedgerError> {
        self.put_own(row, transaction)?;
        let txid = transaction.compute_txid();
        let mut touched = BTreeSet::new();
        for output in &transaction.output {
            let place = self.place_of(row.id, &output.script_pubkey)?;
            touched.extend(place.map(|(keychain, index)| (keychain.number(), index)));
        }
        for input in &transaction.input {
            let sql = "SELECT keychain, idx FROM coins WHERE account = ?1 AND txid = ?2 AND vout = ?3";
            let outpoint = params![row.id.0, input.previous_output.txid.to_byte_array(), input.previous_output.vout];
            let place = self.db.query_row(sql, outpoint, |row| Ok((row.get(0)?, row.get(1)?))).optional();
            touched.extend(place.map_err(file)?);
        }
        for (chain, index) in touched {
            self.touch(row.id.0, chain, index, txid)?;
        }
        self.settle(row)
    }

    /// As seen last, for that is what counts between two that spend the same coin; a known block is not forgotten.
    fn put_own(&self, row: &AccountRow, transaction: &Transaction) -> Result<(), LedgerError> {
        let sql = "INSERT INTO transactions (txid, network, raw, first_seen, signed)
                   SELECT ?1, ?2, ?3, max(?4, coalesce(max(first_seen) + 1, 0)), 1
                   FROM transactions WHERE network = ?2 AND gone = 0 AND height IS NULL
                   ON CONFLICT (txid, network) DO UPDATE SET raw = excluded.raw, signed = 1, gone = 0,
                     first_seen = CASE gone WHEN 1 THEN excluded.first_seen ELSE first_seen END";
        let txid = transaction.compute_txid().to_byte_array();
        let values = params![txid, row.account.network.name(), consensus::serialize(transaction), now()];
        self.db.execute(sql, values).map_err(file)?;
        index(&self.db, transaction)
    }

    /// Ids of the transactions of a network that count and are not in a block.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn unconfirmed(&self, network: Network) -> Result<Vec<Txid>, LedgerError> {
        Ok(self.waiting(network)?.iter().map(Transaction::compute_txid).collect())
    }

    fn waiting(&self, network: Network) -> Result<Vec<Transaction>, LedgerError> {
        let sql = "SELECT raw FROM transactions WHERE network = ?1 AND gone = 0 AND height IS NULL";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let raws = statement.query_map([network.name()], |row| row.get::<_, Vec<u8>>(0)).map_err(file)?;
        let read = |raw: Vec<u8>| consensus::deserialize(&raw).map_err(|_| LedgerError::Damaged("transaction"));
        raws.map(|raw| read(raw.map_err(file)?)).collect()
    }

    /// Undoes [`Ledger::observe_own`] for a transaction that did not leave: those that counted `before` count again.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn take_back(&self, row: &AccountRow, txid: Txid, before: &[Txid]) -> Result<(), LedgerError> {
        let network = row.account.network.name();
        if !before.contains(&txid) {
            let sql = "UPDATE transactions SET gone = 1 WHERE txid = ?1 AND network = ?2 AND height IS NULL";
            self.db.execute(sql, params![txid.to_byte_array(), network]).map_err(file)?;
        }
        for counted in before {
            let sql = "UPDATE transactions SET gone = 0 WHERE txid = ?1 AND network = ?2";
            self.db.execute(sql, params![counted.to_byte_array(), network]).map_err(file)?;
        }
        self.settle(row)
    }

    fn touch(&self, id: i64, chain: u32, index: u32, txid: Txid) -> Result<bool, LedgerError> {
        let sql = "INSERT OR IGNORE INTO script_transactions (account, keychain, idx, txid) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let is_new = statement.execute(params![id, chain, index, txid.to_byte_array()]).map_err(file)? > 0;
        if is_new {
            self.forget_opinions_about(txid.to_byte_array())?;
        }
        Ok(is_new)
    }

    /// Whether a place that is said of a transaction is taken over: not where another one is proven, which is named, and
    /// not from who knows no blocks of the height where it is known to be.
    fn is_taken_over(
        &self,
        row: &AccountRow,
        observation: &Observation,
        (txid, place): (Txid, &Place),
    ) -> Result<bool, LedgerError> {
        let sql = "SELECT height, block_hash FROM transactions
                   WHERE txid = ?1 AND network = ?2 AND gone = 0 AND height IS NOT NULL";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = params![txid.to_byte_array(), row.account.network.name()];
        let known: Option<(u32, String)> =
            statement.query_row(values, |row| Ok((row.get(0)?, row.get(1)?))).optional().map_err(file)?;
        let Some((known_height, known_hash)) = known else { return Ok(true) };
        match place {
            Place::Mempool if known_height > observation.tip => return Ok(false),
            Place::Block { height, hash, .. } if *height == known_height && *hash == known_hash => return Ok(true),
            Place::Block { height, hash, .. } if self.has_proof(row, txid, (*height, hash))? => return Ok(true),
            _ => {}
        }
        if self.is_proven(row, txid)? {
            self.name_omission(row, observation, txid)?;
            return Ok(false);
        }
        Ok(true)
    }

    /// What is proven here is not where this host says.
    fn name_omission(&self, row: &AccountRow, observation: &Observation, txid: Txid) -> Result<(), LedgerError> {
        let Observation { keychain, index, said_by, .. } = observation;
        let (has, lacks, txid) = (PROVEN_HERE.to_owned(), said_by.clone(), txid.to_string());
        self.put_disagreement(row, &HistoryDisagreement { keychain: *keychain, index: *index, txid, has, lacks })
    }

    fn put_transaction(
        &self,
        row: &AccountRow,
        observation: &Observation,
        (transaction, place): (&Transaction, &Place),
    ) -> Result<bool, LedgerError> {
        if !self.is_taken_over(row, observation, (transaction.compute_txid(), place))? {
            return Ok(false);
        }
        let txid = transaction.compute_txid().to_byte_array();
        let network = row.account.network.name();
        let (height, hash, time) = match place {
            Place::Mempool => (None, None, None),
            Place::Block { height, hash, time } => (Some(*height), Some(hash.as_str()), Some(*time)),
        };
        // The id covers no witness: bytes that were accepted are not given up for others.
        let sql = "INSERT INTO transactions (txid, network, raw, height, block_hash, block_time, first_seen, signed)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                   ON CONFLICT (txid, network) DO UPDATE SET height = excluded.height,
                     raw = CASE signed WHEN 1 THEN raw ELSE excluded.raw END, signed = max(signed, excluded.signed),
                     block_hash = excluded.block_hash, block_time = excluded.block_time, gone = 0
                   WHERE height IS NOT excluded.height OR block_hash IS NOT excluded.block_hash OR gone = 1
                     OR signed < excluded.signed";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let signed = observation.signed.contains(&transaction.compute_txid());
        let values = params![txid, network, consensus::serialize(transaction), height, hash, time, now(), signed];
        let changed = statement.execute(values).map_err(file)? > 0;
        if changed {
            index(&self.db, transaction)?;
            self.forget_opinions_about(txid)?;
        }
        Ok(changed)
    }

    fn forget_absent(
        &self,
        row: &AccountRow,
        observation: &Observation,
        seen: &BTreeSet<[u8; 32]>,
    ) -> Result<bool, LedgerError> {
        // Of blocks above its own newest one a host knows nothing.
        let sql = "SELECT t.txid FROM script_transactions t JOIN transactions x ON x.txid = t.txid AND x.network = ?4
                   WHERE t.account = ?1 AND t.keychain = ?2 AND t.idx = ?3 AND x.gone = 0
                     AND (x.height IS NULL OR x.height <= ?5)";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let Observation { keychain, index, tip, .. } = observation;
        let values = params![row.id.0, keychain.number(), index, row.account.network.name(), tip];
        let known: Vec<[u8; 32]> =
            statement.query_map(values, |row| row.get(0)).map_err(file)?.collect::<Result<_, _>>().map_err(file)?;
        let mut changed = false;
        for txid in known.into_iter().filter(|txid| !seen.contains(txid)) {
            // What is proven to be in a block stays there until the block is gone, whoever leaves it out.
            if self.is_proven(row, Txid::from_byte_array(txid))? {
                self.name_omission(row, observation, Txid::from_byte_array(txid))?;
                continue;
            }
            let ours = self.journal_row(row.account.network, &Txid::from_byte_array(txid).to_string())?;
            if ours.is_none_or(|row| row.state == super::JournalState::Rejected) {
                changed |= self.set_gone(row.account.network, txid)?;
            }
        }
        Ok(changed)
    }

    pub(super) fn set_gone(&self, network: Network, txid: [u8; 32]) -> Result<bool, LedgerError> {
        let sql = "UPDATE transactions SET gone = 1, height = NULL, block_hash = NULL, block_time = NULL
                   WHERE txid = ?1 AND network = ?2 AND gone = 0";
        self.forget_opinions_about(txid)?;
        self.db.execute(sql, params![txid, network.name()]).map(|rows| rows > 0).map_err(file)
    }

    /// Gives up a transaction of our own (replaced or refused), so that its coins are free again.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn give_up(&self, row: &AccountRow, txid: Txid) -> Result<(), LedgerError> {
        self.drop_with_children(row.account.network, txid)?;
        self.settle(row)
    }

    /// Whether a transaction is known and no longer counts.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn is_gone(&self, row: &AccountRow, txid: Txid) -> Result<bool, LedgerError> {
        let sql = "SELECT gone FROM transactions WHERE txid = ?1 AND network = ?2";
        let values = params![txid.to_byte_array(), row.account.network.name()];
        let gone: Option<bool> = self.db.query_row(sql, values, |row| row.get(0)).optional().map_err(file)?;
        Ok(gone.unwrap_or(false))
    }

    /// Turns everything above `height` back to unconfirmed: the chain was reorganised there.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn unconfirm_above(&self, row: &AccountRow, height: u32) -> Result<(), LedgerError> {
        let sql = "UPDATE transactions SET height = NULL, block_hash = NULL, block_time = NULL WHERE network = ?1 AND height > ?2";
        self.forget_all_opinions()?;
        self.db.execute(sql, params![row.account.network.name(), height]).map(|_| ()).map_err(file)
    }

    /// The newest blocks that hold a transaction of the account: (height, hash), highest first, at most `limit`.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn newest_blocks(&self, row: &AccountRow, limit: u32) -> Result<Vec<(u32, String)>, LedgerError> {
        let sql =
            "SELECT DISTINCT x.height, x.block_hash FROM transactions x JOIN account_transactions a ON a.txid = x.txid
                   WHERE a.account = ?1 AND x.network = ?2 AND x.height IS NOT NULL ORDER BY x.height DESC LIMIT ?3";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let values = params![row.id.0, row.account.network.name(), limit];
        let rows = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?))).map_err(file)?;
        rows.collect::<Result<_, _>>().map_err(file)
    }

    /// A transaction by its id.
    ///
    /// # Errors
    /// The ledger cannot be read, or its bytes do not hash to the id.
    pub fn transaction(&self, row: &AccountRow, txid: Txid) -> Result<Option<(Transaction, Option<u32>)>, LedgerError> {
        let sql = "SELECT raw, height FROM transactions WHERE txid = ?1 AND network = ?2";
        let values = params![txid.to_byte_array(), row.account.network.name()];
        let found: Option<(Vec<u8>, Option<u32>)> =
            self.db.query_row(sql, values, |row| Ok((row.get(0)?, row.get(1)?))).optional().map_err(file)?;
        let Some((raw, height)) = found else { return Ok(None) };
        let transaction: Transaction = consensus::deserialize(&raw).map_err(|_| LedgerError::Damaged("transaction"))?;
        if transaction.compute_txid() != txid {
            return Err(LedgerError::Damaged("transaction"));
        }
        Ok(Some((transaction, height)))
    }
}
