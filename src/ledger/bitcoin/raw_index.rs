//! What known transactions spend and pay, looked up by coin and by script: read from raw bytes when a transaction comes in.
//!
//! Facts of raw bytes, whether they count or not; nothing is judged.

use bitcoin::{Transaction, consensus, hashes::Hash};
use rusqlite::{Connection, params};

use crate::ledger::{LedgerError, file};

/// Keeps what a transaction spends and pays.
pub(super) fn index(db: &Connection, transaction: &Transaction) -> Result<(), LedgerError> {
    let txid = transaction.compute_txid().to_byte_array();
    let sql = "INSERT OR IGNORE INTO inputs (prev_txid, prev_vout, txid) VALUES (?1, ?2, ?3)";
    let mut inputs = db.prepare_cached(sql).map_err(file)?;
    // The only input of a block's first transaction names no coin.
    for input in transaction.input.iter().filter(|_| !transaction.is_coinbase()) {
        let coin = input.previous_output;
        inputs.execute(params![coin.txid.to_byte_array(), coin.vout, txid]).map_err(file)?;
    }
    let sql = "INSERT OR IGNORE INTO outputs (script, txid, vout) VALUES (?1, ?2, ?3)";
    let mut outputs = db.prepare_cached(sql).map_err(file)?;
    for (vout, output) in (0u32..).zip(&transaction.output) {
        outputs.execute(params![output.script_pubkey.as_bytes(), txid, vout]).map_err(file)?;
    }
    Ok(())
}

/// The same from raw bytes; what does not parse spends nothing.
pub(super) fn index_raw(db: &Connection, raw: &[u8]) -> Result<(), LedgerError> {
    consensus::deserialize(raw).map_or(Ok(()), |transaction| index(db, &transaction))
}

/// The same for every transaction of the file, and for every one that was signed here.
pub(in crate::ledger) fn index_all(db: &Connection) -> Result<(), LedgerError> {
    let mut statement = db.prepare("SELECT raw FROM transactions UNION ALL SELECT raw FROM journal").map_err(file)?;
    let mut rows = statement.query([]).map_err(file)?;
    while let Some(row) = rows.next().map_err(file)? {
        index_raw(db, &row.get::<_, Vec<u8>>(0).map_err(file)?)?;
    }
    Ok(())
}
