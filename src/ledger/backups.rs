//! When the backup of a wallet's words was last proven to restore it. The time alone is kept, nothing of the words.

use bitcoin::bip32::Fingerprint;
use rusqlite::{OptionalExtension, params};

use super::{Ledger, LedgerError, file, now};

impl Ledger {
    /// Notes that a backup makes the wallet with this master key.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_backup_verified(&self, master: Fingerprint) -> Result<(), LedgerError> {
        let sql = "INSERT OR REPLACE INTO backups (fingerprint, verified) VALUES (?1, ?2)";
        self.db.execute(sql, params![master.to_string(), now()]).map(|_| ()).map_err(file)
    }

    /// When that was, in seconds since 1970; `None` if never.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn backup_verified(&self, master: Fingerprint) -> Result<Option<u64>, LedgerError> {
        let sql = "SELECT verified FROM backups WHERE fingerprint = ?1";
        self.db.query_row(sql, [master.to_string()], |row| row.get(0)).optional().map_err(file)
    }
}
