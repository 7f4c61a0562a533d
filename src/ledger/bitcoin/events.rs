//! Which arrivals and confirmations a watcher was told: each once, whatever happens between.
//!
//! An event is written down before it is handed over, and again once that is done. What was being handed over when a process
//! died is told a second time, and says so.

use bitcoin::{Txid, hashes::Hash};
use rusqlite::params;

use super::AccountId;
use crate::ledger::{Ledger, LedgerError, file};

/// What happened to a transaction of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchedEvent {
    /// It was seen, and is in no block.
    Arrived,
    /// It is as deep as was asked for.
    Confirmed,
    /// It was told, and counts no more: another transaction took its coins.
    Gone,
}

impl WatchedEvent {
    /// The word in the file and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Confirmed => "confirmed",
            Self::Gone => "gone",
        }
    }
}

/// How far the telling of an event has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Nobody was told.
    New,
    /// It was being handed over when a process ended.
    Begun,
    /// It was told.
    Done,
}

impl Telling {
    const fn number(self) -> u8 {
        match self {
            Self::New => 0,
            Self::Begun => 1,
            Self::Done => 2,
        }
    }
}

impl Ledger {
    /// Begins to watch an account: everything that is known now is taken for told. Nothing if it is watched already.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn begin_watching(&mut self, id: AccountId) -> Result<(), LedgerError> {
        self.atomically(|ledger| {
            let sql = "INSERT OR IGNORE INTO watched_accounts (account) VALUES (?1)";
            if ledger.db.execute(sql, [id.0]).map_err(file)? == 0 {
                return Ok(());
            }
            let sql = "INSERT INTO watch_events (account, txid, event, state)
                       SELECT account, txid, 'arrived', 2 FROM account_transactions WHERE account = ?1
                       UNION ALL SELECT account, txid, 'confirmed', 2 FROM account_transactions
                       WHERE account = ?1 AND height IS NOT NULL";
            ledger.db.execute(sql, [id.0]).map(|_| ()).map_err(file)
        })
    }

    /// How far the telling of an event has come.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn telling(&self, id: AccountId, txid: Txid, event: WatchedEvent) -> Result<Telling, LedgerError> {
        let sql = "SELECT coalesce(max(state), 0) FROM watch_events WHERE account = ?1 AND txid = ?2 AND event = ?3";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let state: u8 =
            statement.query_row(params![id.0, txid.to_byte_array(), event.name()], |row| row.get(0)).map_err(file)?;
        Ok(match state {
            0 => Telling::New,
            1 => Telling::Begun,
            _ => Telling::Done,
        })
    }

    /// Notes how far it has come.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_telling(
        &self,
        id: AccountId,
        txid: Txid,
        event: WatchedEvent,
        telling: Telling,
    ) -> Result<(), LedgerError> {
        let sql = "INSERT INTO watch_events (account, txid, event, state) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO UPDATE SET state = excluded.state";
        let values = params![id.0, txid.to_byte_array(), event.name(), telling.number()];
        self.db.execute(sql, values).map(|_| ()).map_err(file)
    }

    /// Transactions whose arrival was told, that count no more, and of which that was not told yet.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn told_and_gone(&self, id: AccountId) -> Result<Vec<Txid>, LedgerError> {
        let sql = "SELECT e.txid FROM watch_events e WHERE e.account = ?1 AND e.event = 'arrived' AND e.state = 2
                   AND NOT EXISTS (SELECT 1 FROM account_transactions a WHERE a.account = ?1 AND a.txid = e.txid)
                   AND NOT EXISTS (SELECT 1 FROM watch_events g WHERE g.account = ?1 AND g.txid = e.txid
                                   AND g.event = 'gone' AND g.state = 2)";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let rows = statement.query_map([id.0], |row| Ok(Txid::from_byte_array(row.get(0)?))).map_err(file)?;
        rows.collect::<Result<_, _>>().map_err(file)
    }
}
