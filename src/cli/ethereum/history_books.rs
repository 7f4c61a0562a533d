//! The history of an EVM account as lines for the books.
//!
//! What this wallet sent comes first; what an indexer tells beside it says in its state whose word it is.

use alloy_primitives::B256;
use fastness::{amount::Units, contact::ContactName};

use super::history::{Claimed, EvmHistory, Movement, Other, Own};
use crate::cli::book_rows::BookRow;

impl EvmHistory {
    /// Lines for the books: what this wallet sent, then what the indexer tells beside it.
    pub(super) fn book_rows(&self) -> Vec<BookRow> {
        let own = self.transactions.iter().map(|row| row.book_row(self));
        let told = self.claimed.iter().flat_map(|told| told.movements.iter().map(|row| row.book_row(self, told)));
        own.chain(told).collect()
    }

    fn empty_row(&self, time: u64, id: B256) -> BookRow {
        BookRow {
            time: BookRow::moment(time),
            network: self.network.name,
            account: self.account.clone(),
            direction: "out",
            amount: "0".to_owned(),
            asset: self.network.symbol.to_owned(),
            fee: String::new(),
            fee_asset: self.network.symbol,
            counterparty: String::new(),
            addresses: String::new(),
            label: String::new(),
            block: String::new(),
            state: String::new(),
            id: id.to_string(),
        }
    }
}

impl Own {
    fn book_row(&self, history: &EvmHistory) -> BookRow {
        let left = self.moved.as_ref().filter(|moved| !self.failed && !moved.value.is_zero());
        BookRow {
            amount: left.map_or_else(|| "0".to_owned(), |moved| format!("-{}", moved.plain())),
            asset: left
                .map_or_else(|| history.network.symbol.to_owned(), |moved| moved.denomination.symbol.to_string()),
            fee: self.fee.as_ref().map_or_else(String::new, Units::plain),
            counterparty: self.counterparties.iter().map(Other::book_name).collect::<Vec<_>>().join("; "),
            addresses: self.counterparties.iter().map(|other| other.address.clone()).collect::<Vec<_>>().join("; "),
            label: self.label.as_ref().unwrap_or(&self.action).to_string(),
            block: self.block.map_or_else(String::new, |block| block.to_string()),
            state: if self.failed { "failed".to_owned() } else { self.state.to_owned() },
            ..history.empty_row(self.time.unwrap_or(self.created), self.id)
        }
    }
}

impl Movement {
    fn book_row(&self, history: &EvmHistory, told: &Claimed) -> BookRow {
        let sign = if self.direction == "in" { "" } else { "-" };
        let said = if self.failed { "failed, " } else { "" };
        BookRow {
            direction: self.direction,
            amount: format!("{sign}{}", self.moved.as_ref().map_or_else(|| self.value.clone(), Units::plain)),
            // Of a token that is on no list here the contract is the name, and the amount is of its smallest units.
            asset: match (&self.moved, &self.token) {
                (Some(moved), _) => moved.denomination.symbol.to_string(),
                (None, token) => token.clone().unwrap_or_default(),
            },
            counterparty: self.other.as_ref().map_or_else(String::new, Other::book_name),
            addresses: self.peer.clone().unwrap_or_default(),
            block: self.block.to_string(),
            state: format!("{said}said by {}", told.said_by),
            ..history.empty_row(self.time, self.id)
        }
    }
}

impl Other {
    /// The name for the books: no sign that a spreadsheet takes for a formula.
    fn book_name(&self) -> String {
        self.contact.as_ref().map_or_else(|| self.name(), ContactName::to_string)
    }
}
