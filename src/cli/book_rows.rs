//! Lines for the books: one for each transaction, as CSV that a spreadsheet adds up.
//!
//! A cell that holds words never begins like a formula, whatever a note or a contact says.

use csv::Writer;
use fastness::text::rfc3339;
use serde::Serialize;

use super::CliError;

/// Letters that a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// One transaction. Amounts are decimals without groups.
#[derive(Debug, Serialize)]
pub(crate) struct BookRow {
    /// When, as RFC 3339 in UTC.
    pub(crate) time: String,
    /// The network.
    pub(crate) network: &'static str,
    /// `wallet/account`.
    pub(crate) account: String,
    /// `in`, `out` or `self`.
    pub(crate) direction: &'static str,
    /// What came (positive) or left (negative), the fee counted.
    pub(crate) amount: String,
    /// What `amount` counts.
    pub(crate) asset: String,
    /// The fee that this account paid; empty where none or not known.
    pub(crate) fee: String,
    /// What `fee` counts.
    pub(crate) fee_asset: &'static str,
    /// Names of those on the other side.
    pub(crate) counterparty: String,
    /// Their addresses.
    pub(crate) addresses: String,
    /// The note on the transaction.
    pub(crate) label: String,
    /// Number of its block; empty while it is in none.
    pub(crate) block: String,
    /// How settled it is.
    pub(crate) state: String,
    /// Id of the transaction.
    pub(crate) id: String,
}

impl BookRow {
    /// Seconds since 1970 as a time of the books.
    pub(crate) fn moment(seconds: u64) -> String {
        rfc3339(seconds)
    }

    fn guarded(self) -> Self {
        let plain = |text: String| if text.starts_with(FORMULA) { format!("'{text}") } else { text };
        Self {
            account: plain(self.account),
            asset: plain(self.asset),
            counterparty: plain(self.counterparty),
            addresses: plain(self.addresses),
            label: plain(self.label),
            state: plain(self.state),
            ..self
        }
    }
}

/// The rows as CSV, with heads.
///
/// # Errors
/// They cannot be written.
pub(crate) fn csv(rows: Vec<BookRow>) -> Result<String, CliError> {
    let mut writer = Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row.guarded()).map_err(|_| CliError::Unprintable)?;
    }
    let bytes = writer.into_inner().map_err(|_| CliError::Unprintable)?;
    String::from_utf8(bytes).map_err(|_| CliError::Unprintable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_of_words_begins_like_a_formula() {
        let words = || "=HYPERLINK(\"http://x\")".to_owned();
        let row = BookRow {
            time: BookRow::moment(1_795_000_000),
            network: "bitcoin",
            account: words(),
            direction: "out",
            amount: "-0.1".to_owned(),
            asset: words(),
            fee: "0.000001".to_owned(),
            fee_asset: "BTC",
            counterparty: "@alice".to_owned(),
            addresses: words(),
            label: "+1, \"quoted\"".to_owned(),
            block: "7".to_owned(),
            state: words(),
            id: "ab".to_owned(),
        };
        let text = csv(vec![row]).unwrap();
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().len(), 14);
        let cells: Vec<String> = reader.records().next().unwrap().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(cells[0], "2026-11-18T11:06:40Z");
        assert_eq!((cells[4].as_str(), cells[8].as_str(), cells[10].as_str()), ("-0.1", "'@alice", "'+1, \"quoted\""));
        assert!(cells.iter().all(|cell| !cell.starts_with('=')), "{cells:?}");
    }
}
