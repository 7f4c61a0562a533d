//! Notes of the person on transactions, addresses and coins (BIP-329 names for what they refer to).

use rusqlite::{OptionalExtension, params};

use super::{Ledger, LedgerError, file};
use crate::text::SafeText;

/// What a label is on (BIP-329 `type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelKind {
    /// A transaction id.
    Tx,
    /// An address.
    Addr,
    /// A coin, as `txid:vout`.
    Output,
}

impl LabelKind {
    /// The BIP-329 name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tx => "tx",
            Self::Addr => "addr",
            Self::Output => "output",
        }
    }
}

impl Ledger {
    /// Sets a label; an empty text removes it.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_label(&self, kind: LabelKind, reference: &str, text: &str) -> Result<(), LedgerError> {
        let done = if text.is_empty() {
            self.db.execute("DELETE FROM labels WHERE kind = ?1 AND reference = ?2", params![kind.name(), reference])
        } else {
            let sql = "INSERT OR REPLACE INTO labels (kind, reference, label) VALUES (?1, ?2, ?3)";
            self.db.execute(sql, params![kind.name(), reference, text])
        };
        done.map(|_| ()).map_err(file)
    }

    /// The label of one thing, safe to print; nothing if it has none.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn label(&self, kind: LabelKind, reference: &str) -> Result<Option<SafeText>, LedgerError> {
        let sql = "SELECT label FROM labels WHERE kind = ?1 AND reference = ?2";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let label = statement.query_row(params![kind.name(), reference], |row| row.get::<_, String>(0)).optional();
        Ok(label.map_err(file)?.map(|text| SafeText::new(&text)))
    }
}
