//! The history of an account: one line for every transaction that counts. Read from rows that a rebuild derived.
//!
//! It decides nothing about what counts, and must not write.

use bitcoin::{Txid, hashes::Hash};

use super::AccountId;
use crate::ledger::{Ledger, LedgerError, file};
use crate::review::Evidence;

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// Transaction id in display order.
    pub txid: String,
    /// Height, if confirmed.
    pub height: Option<u32>,
    /// Block time, or when it was first seen here; seconds since 1970.
    pub time: u64,
    /// Satoshi that came to the account.
    pub received: u64,
    /// Satoshi of the account's coins that were spent.
    pub sent: u64,
    /// Fee in satoshi, if every input is known.
    pub fee: Option<u64>,
    /// What stands behind its confirmation; `Said` while it is unconfirmed.
    pub evidence: Evidence,
}

impl Ledger {
    /// The history of an account, newest first, unconfirmed before confirmed.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn history(&self, id: AccountId) -> Result<Vec<HistoryRow>, LedgerError> {
        let sql = "SELECT a.txid, x.height, coalesce(x.block_time, x.first_seen), a.received, a.sent, a.fee,
                   CASE WHEN x.height IS NULL THEN 0
                        WHEN EXISTS (SELECT 1 FROM proofs p
                           WHERE p.txid = x.txid AND p.network = x.network AND p.block_hash = x.block_hash
                             AND p.height = x.height) THEN 2
                        ELSE EXISTS (SELECT 1 FROM script_transactions t JOIN opinions o USING (account, keychain, idx)
                           WHERE t.account = a.account AND t.txid = a.txid) END
                   FROM account_transactions a JOIN accounts c ON c.id = a.account
                   JOIN transactions x ON x.txid = a.txid AND x.network = c.network
                   WHERE a.account = ?1 AND x.gone = 0 ORDER BY x.height IS NULL DESC, x.height DESC, 3 DESC, a.txid";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let rows = statement.query_map([id.0], |row| {
            Ok(HistoryRow {
                txid: Txid::from_byte_array(row.get(0)?).to_string(),
                height: row.get(1)?,
                time: row.get(2)?,
                received: row.get(3)?,
                sent: row.get(4)?,
                fee: row.get(5)?,
                evidence: row.get(6)?,
            })
        });
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }
}
