//! The history of an account: one line for every transaction that counts. Read from rows that a rebuild derived.
//!
//! It decides nothing about what counts.

use bitcoin::{Txid, hashes::Hash};
use rusqlite::{OptionalExtension, Row, params};

use super::{AccountId, net::Net};
use crate::{
    ledger::{Ledger, LedgerError, Limit, file},
    network::Network,
    review::Evidence,
};

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

const COLUMNS: &str = "a.txid, a.height, a.time, a.received, a.sent, a.fee,
    CASE WHEN a.height IS NULL THEN 0
         WHEN EXISTS (SELECT 1 FROM accounts c JOIN transactions x ON x.network = c.network
                      JOIN proofs p USING (txid, network, block_hash, height)
                      WHERE c.id = a.account AND x.txid = a.txid) THEN 2
         ELSE EXISTS (SELECT 1 FROM script_transactions t JOIN opinions o USING (account, keychain, idx)
                      WHERE t.account = a.account AND t.txid = a.txid) END";

impl Ledger {
    /// Number of transactions of an account that are in no block yet.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn unconfirmed_transactions(&self, id: AccountId) -> Result<u64, LedgerError> {
        let sql = "SELECT count(*) FROM account_transactions INDEXED BY account_transactions_by_age
                   WHERE account = ?1 AND (height IS NULL) = 1";
        self.db.query_row(sql, [id.0], |row| row.get(0)).map_err(file)
    }

    /// The history of an account, newest first, unconfirmed before confirmed, at most `limit` lines.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn history(&self, id: AccountId, limit: Limit) -> Result<Vec<HistoryRow>, LedgerError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM account_transactions a WHERE a.account = ?1
             ORDER BY a.height IS NULL DESC, a.height DESC, a.time DESC, a.txid LIMIT ?2"
        );
        let mut statement = self.db.prepare_cached(&sql).map_err(file)?;
        let rows = statement.query_map(params![id.0, limit.rows()], read).map_err(file)?;
        rows.collect::<Result<_, _>>().map_err(file)
    }

    /// What is in a block, with its time or later, in seconds since 1970; in no order.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn confirmed_since(&self, id: AccountId, since: u64) -> Result<Vec<HistoryRow>, LedgerError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM account_transactions a WHERE a.account = ?1 AND a.time >= ?2 AND a.height IS NOT NULL"
        );
        let mut statement = self.db.prepare_cached(&sql).map_err(file)?;
        let since = i64::try_from(since).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![id.0, since], read).map_err(file)?;
        rows.collect::<Result<_, _>>().map_err(file)
    }

    /// The line of one transaction, if it counts.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn history_line(&self, id: AccountId, txid: Txid) -> Result<Option<HistoryRow>, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM account_transactions a WHERE a.account = ?1 AND a.txid = ?2");
        let mut statement = self.db.prepare_cached(&sql).map_err(file)?;
        statement.query_row(params![id.0, txid.to_byte_array()], read).optional().map_err(file)
    }

    /// Hash of the block that a transaction is in, as far as is known.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn block_of(&self, network: Network, txid: Txid) -> Result<Option<String>, LedgerError> {
        let sql = "SELECT block_hash FROM transactions WHERE txid = ?1 AND network = ?2";
        let found = self.db.query_row(sql, params![txid.to_byte_array(), network.name()], |row| row.get(0)).optional();
        found.map(Option::flatten).map_err(file)
    }

    /// Writes what a transaction means for an account; nothing if it does not concern it.
    pub(super) fn put_net(
        &self,
        id: AccountId,
        network: Network,
        txid: Txid,
        net: Option<Net>,
    ) -> Result<(), LedgerError> {
        let Some(Net { received, sent, fee }) = net else { return self.remove_net(id, txid) };
        let sql = "INSERT INTO account_transactions (account, txid, received, sent, fee, height, time)
                   SELECT ?1, x.txid, ?3, ?4, ?5, x.height, coalesce(x.block_time, x.first_seen)
                   FROM transactions x WHERE x.txid = ?2 AND x.network = ?6
                   ON CONFLICT DO UPDATE SET received = excluded.received, sent = excluded.sent, fee = excluded.fee,
                     height = excluded.height, time = excluded.time";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = params![id.0, txid.to_byte_array(), received, sent, fee, network.name()];
        statement.execute(values).map(|_| ()).map_err(file)
    }

    pub(super) fn remove_net(&self, id: AccountId, txid: Txid) -> Result<(), LedgerError> {
        let sql = "DELETE FROM account_transactions WHERE account = ?1 AND txid = ?2";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        statement.execute(params![id.0, txid.to_byte_array()]).map(|_| ()).map_err(file)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<HistoryRow> {
    Ok(HistoryRow {
        txid: Txid::from_byte_array(row.get(0)?).to_string(),
        height: row.get(1)?,
        time: row.get(2)?,
        received: row.get(3)?,
        sent: row.get(4)?,
        fee: row.get(5)?,
        evidence: row.get(6)?,
    })
}
