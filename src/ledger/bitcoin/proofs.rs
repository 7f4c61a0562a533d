//! Rows of proofs: which transaction was proven to be in which block. A proof is of a block, so a reorg undoes it by itself.

use bitcoin::{Transaction, Txid, consensus, hashes::Hash};
use rusqlite::{
    params,
    types::{FromSql, FromSqlResult, ValueRef},
};

use super::{AccountRow, Place};
use crate::{
    ledger::{Ledger, LedgerError, file, now},
    review::Evidence,
};

impl FromSql for Evidence {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(|number| match number {
            0 => Self::Said,
            1 => Self::Agreed,
            _ => Self::Proven,
        })
    }
}

impl Ledger {
    /// Whether a transaction was proven to be in this block at this height.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn has_proof(&self, row: &AccountRow, txid: Txid, (height, hash): (u32, &str)) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM proofs
                                  WHERE txid = ?1 AND network = ?2 AND block_hash = ?3 AND height = ?4)";
        let values = params![txid.to_byte_array(), row.account.network.name(), hash, height];
        self.db.query_row(sql, values, |row| row.get(0)).map_err(file)
    }

    /// Whether a transaction is proven to be in the block that it is said to be in.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn is_proven(&self, row: &AccountRow, txid: Txid) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM transactions x JOIN proofs p USING (txid, network, block_hash, height)
                                  WHERE x.txid = ?1 AND x.network = ?2 AND x.gone = 0)";
        let values = params![txid.to_byte_array(), row.account.network.name()];
        self.db.query_row(sql, values, |row| row.get(0)).map_err(file)
    }

    /// Transactions of an account in blocks up to `highest` that were not proven: unspent coins first, then the newest.
    ///
    /// # Errors
    /// The ledger cannot be read, or a row in it does not parse.
    pub fn unproven(
        &self,
        row: &AccountRow,
        highest: u32,
        limit: usize,
    ) -> Result<Vec<(Transaction, Place)>, LedgerError> {
        let sql = "SELECT x.raw, x.height, x.block_hash, coalesce(x.block_time, 0)
                   FROM account_transactions a JOIN transactions x ON x.txid = a.txid AND x.network = ?2
                   WHERE a.account = ?1 AND x.gone = 0 AND x.height IS NOT NULL AND x.height <= ?3
                   AND NOT EXISTS (SELECT 1 FROM proofs p
                                   WHERE p.txid = x.txid AND p.network = x.network AND p.block_hash = x.block_hash
                                     AND p.height = x.height)
                   ORDER BY EXISTS (SELECT 1 FROM coins c
                                    WHERE c.account = ?1 AND c.txid = x.txid AND c.spent_by IS NULL) DESC, x.height DESC
                   LIMIT ?4";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = params![row.id.0, row.account.network.name(), highest, most];
        let rows = statement.query_map(values, |row| {
            let place = Place::Block { height: row.get(1)?, hash: row.get(2)?, time: row.get(3)? };
            Ok((row.get::<_, Vec<u8>>(0)?, place))
        });
        let parsed = rows.map_err(file)?.map(|row| {
            let (raw, place) = row.map_err(file)?;
            Ok((consensus::deserialize(&raw).map_err(|_| LedgerError::Damaged("transaction"))?, place))
        });
        parsed.collect()
    }

    /// Records that a transaction is proven to be in a block at a height.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn put_proof(&self, row: &AccountRow, txid: Txid, (height, hash): (u32, &str)) -> Result<(), LedgerError> {
        let sql =
            "INSERT OR IGNORE INTO proofs (txid, network, block_hash, height, proven) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![txid.to_byte_array(), row.account.network.name(), hash, height, now()];
        self.db.execute(sql, values).map(|_| ()).map_err(file)
    }
}
