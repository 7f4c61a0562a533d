//! Scripts that this home paid, and those that are near another one: for telling who is paid, and what passes for whom.
//!
//! What spends a coin of ours counts only where it is signed (see rank.rs), so nobody can put a payee in here.

use std::collections::BTreeSet;

use bitcoin::{Script, ScriptBuf, Transaction, hashes::Hash};
use rusqlite::params;

use crate::{
    ledger::{Ledger, LedgerError, file},
    network::Network,
};

/// Most scripts of one range: an account that paid more alike ones is none of a person.
const MOST_NEAR: u32 = 10_000;

impl Ledger {
    /// Number of transactions that spend coins of this home on a network and pay a script, without those whose place `planned`
    /// would take.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn times_paid(&self, network: Network, script: &Script, planned: &Transaction) -> Result<u64, LedgerError> {
        let sql = "SELECT DISTINCT o.txid FROM outputs o JOIN accounts a ON a.network = ?2
                   JOIN account_transactions t ON t.account = a.id AND t.txid = o.txid
                   WHERE o.script = ?1 AND t.sent > 0 LIMIT ?3";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = params![script.as_bytes(), network.name(), MOST_NEAR];
        let paying = statement.query_map(values, |row| row.get::<_, Vec<u8>>(0)).map_err(file)?;
        let paying = paying.collect::<Result<BTreeSet<_>, _>>().map_err(file)?;
        Ok(paying.difference(&self.rivals(planned)?).count() as u64)
    }

    /// Ids of the transactions that spend a coin which this one spends: only one of them can stay.
    fn rivals(&self, planned: &Transaction) -> Result<BTreeSet<Vec<u8>>, LedgerError> {
        let sql = "SELECT txid FROM inputs WHERE prev_txid = ?1 AND prev_vout = ?2";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let mut rivals = BTreeSet::new();
        for coin in planned.input.iter().map(|input| input.previous_output) {
            let found = statement
                .query_map(params![coin.txid.to_byte_array(), coin.vout], |row| row.get::<_, Vec<u8>>(0))
                .map_err(file)?;
            for txid in found {
                rivals.insert(txid.map_err(file)?);
            }
        }
        Ok(rivals)
    }

    /// Scripts on a network that this home paid or that are its own, from `first` on and before `end`, byte by byte.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn scripts_between(&self, network: Network, first: &[u8], end: &[u8]) -> Result<Vec<ScriptBuf>, LedgerError> {
        let sql = "SELECT o.script FROM outputs o JOIN accounts a ON a.network = ?1
                   JOIN account_transactions t ON t.account = a.id AND t.txid = o.txid
                   WHERE o.script >= ?2 AND o.script < ?3 AND t.sent > 0
                   UNION SELECT s.script FROM scripts s JOIN accounts a ON a.id = s.account
                   WHERE a.network = ?1 AND s.script >= ?2 AND s.script < ?3 LIMIT ?4";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = params![network.name(), first, end, MOST_NEAR];
        let rows = statement.query_map(values, |row| Ok(ScriptBuf::from_bytes(row.get(0)?))).map_err(file)?;
        rows.collect::<Result<_, _>>().map_err(file)
    }

    /// Whether any account of a network was ever synced on this machine: only then is it known whom it paid.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn knows_payments(&self, network: Network) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM accounts WHERE network = ?1 AND synced IS NOT NULL)";
        self.db.query_row(sql, [network.name()], |row| row.get(0)).map_err(file)
    }
}
