//! Tokens that a person added: symbol and decimals as a contract said them, kept so that they do not change unnoticed.

use alloy_primitives::Address;
use rusqlite::params;

use crate::{
    ledger::{Ledger, LedgerError, file, now},
    text::SafeText,
};

/// A token that is not in the pinned list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedToken {
    /// Its contract.
    pub address: Address,
    /// Its symbol, as the contract says.
    pub symbol: SafeText,
    /// Its decimal places, as the contract says.
    pub decimals: u8,
}

impl Ledger {
    /// Remembers a token of a chain; what was known of it before is replaced.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn add_token(&self, chain_id: u64, token: &AddedToken) -> Result<(), LedgerError> {
        let sql = "INSERT OR REPLACE INTO evm_tokens (chain_id, address, symbol, decimals, added) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![chain_id, token.address.as_slice(), token.symbol.as_str(), token.decimals, now()];
        self.db.execute(sql, values).map(|_| ()).map_err(file)
    }

    /// The tokens that were added for a chain.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn added_tokens(&self, chain_id: u64) -> Result<Vec<AddedToken>, LedgerError> {
        const DAMAGED: LedgerError = LedgerError::Damaged("token");
        let sql = "SELECT address, symbol, decimals FROM evm_tokens WHERE chain_id = ?1 ORDER BY added";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?, row.get(2)?));
        let rows = statement.query_map([chain_id], row).map_err(file)?;
        rows.map(|row| {
            let (address, symbol, decimals) = row.map_err(file)?;
            let address = Address::try_from(address.as_slice()).map_err(|_| DAMAGED)?;
            Ok(AddedToken { address, symbol: SafeText::new(&symbol), decimals })
        })
        .collect()
    }
}
