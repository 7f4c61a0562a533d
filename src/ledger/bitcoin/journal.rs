//! The outbox: every signed transaction, written and synced to disk before its first byte leaves.
//!
//! A row's bytes never change; only its state does. The same bytes are sent on every attempt.

use bitcoin::{Txid, hashes::Hash};
use rusqlite::{OptionalExtension, Row, params};

use super::raw_index::index_raw;
use crate::{
    ledger::{Ledger, LedgerError, file, now},
    network::Network,
};

/// How far a signed transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalState {
    /// Signed and on disk; nothing has left.
    Signed,
    /// Bytes may have left, and nobody has confirmed having them.
    Unknown,
    /// At least one explorer has it.
    Sent,
    /// Refused by every explorer that answered; it is on no known mempool.
    Rejected,
    /// In a block, as far as asked.
    Confirmed,
    /// A coin it spends was spent by another transaction.
    Replaced,
}

impl JournalState {
    const ALL: [Self; 6] = [Self::Signed, Self::Unknown, Self::Sent, Self::Rejected, Self::Confirmed, Self::Replaced];

    /// The word in the file and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Unknown => "unknown",
            Self::Sent => "sent",
            Self::Rejected => "rejected",
            Self::Confirmed => "confirmed",
            Self::Replaced => "replaced",
        }
    }
}

/// A row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Transaction id in display order.
    pub txid: String,
    /// The ledger it is for.
    pub network: Network,
    /// The signed bytes.
    pub raw: Vec<u8>,
    /// How far it has come.
    pub state: JournalState,
    /// Who answered what, in our own words.
    pub detail: String,
    /// When it was signed or first seen here, in seconds since 1970.
    pub created: u64,
    /// When the state last changed.
    pub updated: u64,
    /// Hex digest of what was asked for with `send`; empty for what came from elsewhere.
    pub purpose: String,
    /// Whether the command that made it told its person what became of it.
    pub reported: bool,
    /// When a host accepted it; nothing once a list showed it, or if none did.
    pub accepted: Option<Acceptance>,
}

/// The moment at which a host accepted a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Seconds since 1970.
    pub at: u64,
    /// Hash of the newest block that was known then; empty where none was.
    pub tip: String,
}

const COLUMNS: &str = "txid, network, raw, state, detail, created, updated, purpose, reported, accepted, accepted_tip";

impl Ledger {
    /// Puts signed bytes on record. Recording the same bytes again changes nothing.
    ///
    /// # Errors
    /// The id is on record with other bytes, or the ledger cannot be written.
    pub fn record_signed(&self, network: Network, txid: &str, raw: &[u8]) -> Result<JournalRow, LedgerError> {
        if let Some(row) = self.journal_row(network, txid)? {
            return if row.raw == raw { Ok(row) } else { Err(LedgerError::OtherBytes(txid.to_owned())) };
        }
        let sql = "INSERT OR IGNORE INTO journal (txid, network, raw, state, detail, created, updated) VALUES (?1, ?2, ?3, ?4, '', ?5, ?5)";
        self.db.execute(sql, params![txid, network.name(), raw, JournalState::Signed.name(), now()]).map_err(file)?;
        index_raw(&self.db, raw)?;
        // Another process may have been quicker.
        let row = self.journal_row(network, txid)?.ok_or(LedgerError::Damaged("journal"))?;
        if row.raw == raw { Ok(row) } else { Err(LedgerError::OtherBytes(txid.to_owned())) }
    }

    /// Notes what signed bytes are for, until their command has told what became of them: the same wish takes them up.
    ///
    /// # Errors
    /// As [`Ledger::record_signed`].
    pub fn record_purpose(
        &mut self,
        network: Network,
        txid: &str,
        raw: &[u8],
        purpose: &str,
    ) -> Result<(), LedgerError> {
        self.atomically(|ledger| {
            ledger.record_signed(network, txid, raw)?;
            let sql = "UPDATE journal SET purpose = ?3, reported = 0 WHERE txid = ?1 AND network = ?2";
            ledger.db.execute(sql, params![txid, network.name(), purpose]).map(|_| ()).map_err(file)
        })
    }

    /// The person was told what became of it: running the command again is a new wish.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn mark_told(&self, network: Network, txid: &str) -> Result<(), LedgerError> {
        let sql = "UPDATE journal SET reported = 1 WHERE txid = ?1 AND network = ?2";
        self.db.execute(sql, params![txid, network.name()]).map(|_| ()).map_err(file)
    }

    /// The newest transaction of a wish whose command never told its person what became of it, and which may still be one.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn interrupted_purpose(&self, network: Network, purpose: &str) -> Result<Option<JournalRow>, LedgerError> {
        let gone = |state| matches!(state, JournalState::Rejected | JournalState::Replaced);
        let open = |row: &JournalRow| row.purpose == purpose && !row.reported && !gone(row.state);
        Ok(self.journal(network)?.into_iter().filter(open).max_by_key(|row| row.created))
    }

    /// Moves a transaction to a new state.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_journal_state(
        &self,
        network: Network,
        txid: &str,
        state: JournalState,
        detail: &str,
    ) -> Result<(), LedgerError> {
        let sql = "UPDATE journal SET state = ?3, detail = ?4, updated = ?5 WHERE txid = ?1 AND network = ?2";
        self.db.execute(sql, params![txid, network.name(), state.name(), detail, now()]).map(|_| ()).map_err(file)
    }

    /// Remembers that a host accepted a transaction just now, while the block with this hash was the newest that was known.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_accepted(&self, network: Network, txid: &str, tip: &str) -> Result<(), LedgerError> {
        let sql = "UPDATE journal SET accepted = ?3, accepted_tip = ?4 WHERE txid = ?1 AND network = ?2";
        self.db.execute(sql, params![txid, network.name(), now(), tip]).map(|_| ()).map_err(file)
    }

    /// Forgets when a transaction was accepted: a list has shown it since, or will not.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn forget_accepted(&self, network: Network, txid: &str) -> Result<(), LedgerError> {
        let sql = "UPDATE journal SET accepted = NULL, accepted_tip = NULL WHERE txid = ?1 AND network = ?2";
        self.db.execute(sql, params![txid, network.name()]).map(|_| ()).map_err(file)
    }

    /// The row of a transaction.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn journal_row(&self, network: Network, txid: &str) -> Result<Option<JournalRow>, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM journal WHERE txid = ?1 AND network = ?2");
        let row = self.db.query_row(&sql, params![txid, network.name()], |row| Ok(read(row))).optional();
        row.map_err(file)?.transpose()
    }

    /// The state of a transaction that was signed here; nothing for another.
    pub(super) fn journal_state(&self, network: Network, txid: Txid) -> Result<Option<JournalState>, LedgerError> {
        let mut statement =
            self.db.prepare_cached("SELECT state FROM journal WHERE txid = ?1 AND network = ?2").map_err(file)?;
        let values = params![txid.to_string(), network.name()];
        let state: Option<String> = statement.query_row(values, |row| row.get(0)).optional().map_err(file)?;
        let known = |state: String| JournalState::ALL.into_iter().find(|known| known.name() == state);
        state.map(|state| known(state).ok_or(LedgerError::Damaged("journal row"))).transpose()
    }

    /// All rows of a network, oldest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn journal(&self, network: Network) -> Result<Vec<JournalRow>, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM journal WHERE network = ?1 ORDER BY created, txid");
        let mut statement = self.db.prepare(&sql).map_err(file)?;
        let rows = statement.query_map([network.name()], |row| Ok(read(row))).map_err(file)?;
        rows.map(|row| row.map_err(file)?).collect()
    }

    /// Transactions that may be waiting for a block: the bytes have left or may have, none is confirmed or displaced.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn in_flight(&self, network: Network) -> Result<Vec<JournalRow>, LedgerError> {
        let mut rows = self.journal(network)?;
        rows.retain(|row| matches!(row.state, JournalState::Unknown | JournalState::Sent));
        let mut waiting = Vec::new();
        for row in rows {
            if self.is_open(&row)? {
                waiting.push(row);
            }
        }
        Ok(waiting)
    }

    /// False once the chain has the transaction or another that spends its coins. One that was never seen is open.
    fn is_open(&self, row: &JournalRow) -> Result<bool, LedgerError> {
        let txid: Txid = row.txid.parse().map_err(|_| LedgerError::Damaged("journal row"))?;
        let sql = "SELECT height IS NULL AND gone = 0 FROM transactions WHERE txid = ?1 AND network = ?2";
        let values = params![txid.to_byte_array(), row.network.name()];
        Ok(self.db.query_row(sql, values, |row| row.get(0)).optional().map_err(file)?.unwrap_or(true))
    }
}

fn read(row: &Row<'_>) -> Result<JournalRow, LedgerError> {
    const DAMAGED: LedgerError = LedgerError::Damaged("journal row");
    let text = |column: usize| row.get::<_, String>(column).map_err(file);
    let state = text(3)?;
    Ok(JournalRow {
        txid: text(0)?,
        network: text(1)?.parse().map_err(|_| DAMAGED)?,
        raw: row.get(2).map_err(file)?,
        state: JournalState::ALL.into_iter().find(|known| known.name() == state).ok_or(DAMAGED)?,
        detail: text(4)?,
        created: row.get(5).map_err(file)?,
        updated: row.get(6).map_err(file)?,
        purpose: text(7)?,
        reported: row.get(8).map_err(file)?,
        accepted: acceptance(row).map_err(file)?,
    })
}

fn acceptance(row: &Row<'_>) -> rusqlite::Result<Option<Acceptance>> {
    let at: Option<u64> = row.get(9)?;
    let tip: Option<String> = row.get(10)?;
    Ok(at.map(|at| Acceptance { at, tip: tip.unwrap_or_default() }))
}
