//! Notes of the person on transactions, addresses and coins (BIP-329 names for what they refer to).

use alloy_primitives::Address;
use rusqlite::{OptionalExtension, params};
use serde::{Serialize, Serializer};

use super::{Ledger, LedgerError, file};
use crate::text::SafeText;

/// What a label is on (BIP-329 `type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelKind {
    /// A transaction id.
    Tx,
    /// An address.
    Addr,
    /// A public key; kept for other wallets.
    Pubkey,
    /// An input, as `txid:vin`; kept for other wallets.
    Input,
    /// A coin, as `txid:vout`.
    Output,
    /// An extended public key; kept for other wallets.
    Xpub,
}

impl LabelKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Tx, Self::Addr, Self::Pubkey, Self::Input, Self::Output, Self::Xpub];

    /// The BIP-329 name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tx => "tx",
            Self::Addr => "addr",
            Self::Pubkey => "pubkey",
            Self::Input => "input",
            Self::Output => "output",
            Self::Xpub => "xpub",
        }
    }
}

impl Serialize for LabelKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A label with what it is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The kind of thing.
    #[serde(rename = "type")]
    pub kind: LabelKind,
    /// The thing itself.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The note as it was typed: not made safe to print.
    #[serde(rename = "label")]
    pub text: String,
}

/// What a label on an address of the EVM family is on: its text with the checksum of EIP-55, whatever checksum a chain
/// prints, so that one note is found on every chain and in every wallet that reads BIP-329.
#[must_use]
pub fn evm_reference(address: Address) -> String {
    address.to_checksum(None)
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

    /// The label of an address of the EVM family, safe to print; nothing if it has none.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn evm_label(&self, address: Address) -> Result<Option<SafeText>, LedgerError> {
        self.label(LabelKind::Addr, &evm_reference(address))
    }

    /// All labels, by kind and what they are on.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn labels(&self) -> Result<Vec<Label>, LedgerError> {
        let sql = "SELECT kind, reference, label FROM labels ORDER BY kind, reference";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let text = |row: &rusqlite::Row<'_>| Ok([row.get::<_, String>(0)?, row.get(1)?, row.get(2)?]);
        let rows = statement.query_map([], text).map_err(file)?;
        let mut labels = Vec::new();
        for row in rows {
            let [kind, reference, text] = row.map_err(file)?;
            let kind = LabelKind::ALL.into_iter().find(|known| known.name() == kind);
            labels.push(Label { kind: kind.ok_or(LedgerError::Damaged("label"))?, reference, text });
        }
        Ok(labels)
    }
}
