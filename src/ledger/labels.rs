//! Notes of the person on transactions, addresses and coins (BIP-329 names for what they refer to).

use rusqlite::params;

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

/// A label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What it is on.
    pub reference: String,
    /// The text, safe to print.
    pub text: SafeText,
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

    /// All labels of one kind, by reference.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn labels(&self, kind: LabelKind) -> Result<Vec<Label>, LedgerError> {
        let sql = "SELECT reference, label FROM labels WHERE kind = ?1 ORDER BY reference";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let rows = statement.query_map([kind.name()], |row| {
            Ok(Label { reference: row.get(0)?, text: SafeText::new(&row.get::<_, String>(1)?) })
        });
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }
}
