//! The ledger's file as it is opened: its settings, and the steps from its version to the newest one.
//!
//! `user_version` names the version of a file. The statements of each step are in `migrations`.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    LedgerError,
    bitcoin::{describe_accounts, index_all},
    file,
    migrations::MIGRATIONS,
};

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// The version that keeps what is derived up to date; its tables of inputs and outputs are read from raw bytes.
const DERIVED: u32 = 10;
/// The version that holds accounts as descriptors.
const DESCRIBED: u32 = 11;

/// Puts the table of descriptors in the place of the old one. Triggers and references name it by its name alone, and stay.
const REPLACE_ACCOUNTS: &str = "DROP TABLE accounts; ALTER TABLE described_accounts RENAME TO accounts;";

/// Settings of every connection: WAL, full sync (the journal must survive a power cut), waiting instead of failing.
pub(super) fn configure(db: &Connection) -> Result<(), LedgerError> {
    db.busy_timeout(PATIENCE).map_err(file)?;
    write_ahead(db)?;
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;").map_err(file)
}

/// Turning WAL on wants a new file for itself, and SQLite does not wait for that as it waits for everything else.
fn write_ahead(db: &Connection) -> Result<(), LedgerError> {
    let started = Instant::now();
    loop {
        match db.execute_batch("PRAGMA journal_mode = WAL;") {
            Err(error) if is_busy(&error) && started.elapsed() < PATIENCE => sleep(PAUSE),
            other => return other.map_err(file),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// Brings the file to the newest version, one transaction per step.
pub(super) fn migrate(db: &mut Connection) -> Result<(), LedgerError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let found = version(db)?;
    if found > known {
        return Err(LedgerError::Newer { found, known });
    }
    if found == known {
        return Ok(());
    }
    // A table that others refer to can be replaced only while SQLite does not follow references (SQLite, "ALTER TABLE").
    db.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON;").map_err(file)?;
    let done = (found..known).try_for_each(|step| migrate_to(db, step + 1));
    db.execute_batch("PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON;").map_err(file)?;
    done
}

/// One step, in one transaction: to this version, from the one before.
fn migrate_to(db: &mut Connection, wanted: u32) -> Result<(), LedgerError> {
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(file)?;
    let before = wanted - 1;
    // Another process may have migrated while this one waited for the lock.
    if version(&transaction)? != before {
        return Ok(());
    }
    let statements = MIGRATIONS.get(before as usize).copied().unwrap_or_default();
    transaction.execute_batch(statements).map_err(file)?;
    if wanted == DERIVED {
        index_all(&transaction)?;
    }
    if wanted == DESCRIBED {
        describe_accounts(&transaction)?;
        transaction.execute_batch(REPLACE_ACCOUNTS).map_err(file)?;
        check_references(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", wanted).map_err(file)?;
    transaction.commit().map_err(file)
}

/// Every row that refers to another finds it.
fn check_references(db: &Connection) -> Result<(), LedgerError> {
    let mut broken = db.prepare("PRAGMA foreign_key_check").map_err(file)?;
    if broken.exists([]).map_err(file)? { Err(LedgerError::Damaged("reference between rows")) } else { Ok(()) }
}

/// Fails for a file that would have to be written before it can be read.
pub(super) fn require_current(db: &Connection) -> Result<(), LedgerError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    match version(db)? {
        found if found > known => Err(LedgerError::Newer { found, known }),
        found if found < known => {
            Err(LedgerError::File("it is of an older version, and its folder is read-only".to_owned()))
        }
        _ => Ok(()),
    }
}

fn version(db: &Connection) -> Result<u32, LedgerError> {
    db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(file)
}
