//! The ledger's tables and their migrations, one per version; `user_version` names the version of a file.
//!
//! A migration that was released is never changed; a new one is appended.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    LedgerError,
    bitcoin::{describe_accounts, index_all},
    file,
};

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// The version that keeps what is derived up to date; its tables of inputs and outputs are read from raw bytes.
const DERIVED: u32 = 10;
/// The version that holds accounts as descriptors.
const DESCRIBED: u32 = 11;

/// One entry per version: entry 0 makes version 1.
const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE accounts (
    id           INTEGER PRIMARY KEY,
    wallet       TEXT NOT NULL,
    network      TEXT NOT NULL,
    name         TEXT NOT NULL,
    script_type  INTEGER NOT NULL,
    fingerprint  TEXT NOT NULL,
    origin       TEXT NOT NULL,
    xpub         TEXT NOT NULL,
    watch_only   INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    tip_height   INTEGER,
    tip_hash     TEXT,
    synced       INTEGER,
    operator     TEXT,
    UNIQUE (wallet, network, name),
    UNIQUE (wallet, network, xpub, script_type)
) STRICT;
CREATE TABLE scripts (
    account      INTEGER NOT NULL REFERENCES accounts (id),
    keychain     INTEGER NOT NULL,
    idx          INTEGER NOT NULL,
    script       BLOB NOT NULL,
    issued       INTEGER,
    checked      INTEGER,
    PRIMARY KEY (account, keychain, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX scripts_by_script ON scripts (script);
CREATE TABLE transactions (
    txid         BLOB NOT NULL,
    network      TEXT NOT NULL,
    height       INTEGER,
    block_hash   TEXT,
    block_time   INTEGER,
    first_seen   INTEGER NOT NULL,
    gone         INTEGER NOT NULL DEFAULT 0,
    raw          BLOB NOT NULL,
    PRIMARY KEY (txid, network)
) STRICT, WITHOUT ROWID;
CREATE TABLE script_transactions (
    account      INTEGER NOT NULL,
    keychain     INTEGER NOT NULL,
    idx          INTEGER NOT NULL,
    txid         BLOB NOT NULL,
    PRIMARY KEY (account, keychain, idx, txid),
    FOREIGN KEY (account, keychain, idx) REFERENCES scripts (account, keychain, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX script_transactions_by_txid ON script_transactions (txid);
CREATE TABLE account_transactions (
    account      INTEGER NOT NULL REFERENCES accounts (id),
    txid         BLOB NOT NULL,
    received     INTEGER NOT NULL,
    sent         INTEGER NOT NULL,
    fee          INTEGER,
    PRIMARY KEY (account, txid)
) STRICT, WITHOUT ROWID;
CREATE TABLE coins (
    account      INTEGER NOT NULL,
    txid         BLOB NOT NULL,
    vout         INTEGER NOT NULL,
    keychain     INTEGER NOT NULL,
    idx          INTEGER NOT NULL,
    value        INTEGER NOT NULL,
    spent_by     BLOB,
    frozen       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, txid, vout),
    FOREIGN KEY (account, keychain, idx) REFERENCES scripts (account, keychain, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE labels (
    kind         TEXT NOT NULL,
    reference    TEXT NOT NULL,
    label        TEXT NOT NULL,
    PRIMARY KEY (kind, reference)
) STRICT, WITHOUT ROWID;
CREATE TABLE journal (
    txid         TEXT NOT NULL,
    network      TEXT NOT NULL,
    raw          BLOB NOT NULL,
    state        TEXT NOT NULL,
    detail       TEXT NOT NULL,
    created      INTEGER NOT NULL,
    updated      INTEGER NOT NULL,
    PRIMARY KEY (txid, network)
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE evm_accounts (
    id           INTEGER PRIMARY KEY,
    wallet       TEXT NOT NULL,
    name         TEXT NOT NULL,
    class        TEXT NOT NULL,
    address      BLOB NOT NULL,
    fingerprint  TEXT,
    path         TEXT,
    public_key   BLOB,
    created      INTEGER NOT NULL,
    UNIQUE (wallet, name),
    UNIQUE (wallet, address)
) STRICT;
CREATE TABLE evm_outbox (
    id           INTEGER PRIMARY KEY,
    chain_id     INTEGER NOT NULL,
    account      BLOB NOT NULL,
    nonce        INTEGER NOT NULL,
    state        TEXT NOT NULL,
    hash         BLOB,
    raw          BLOB,
    purpose      TEXT NOT NULL,
    reported     INTEGER NOT NULL,
    detail       TEXT NOT NULL,
    block_hash   BLOB,
    created      INTEGER NOT NULL,
    updated      INTEGER NOT NULL
) STRICT;
CREATE INDEX evm_outbox_by_account ON evm_outbox (chain_id, account, nonce);
CREATE INDEX evm_outbox_by_hash ON evm_outbox (hash);
CREATE TABLE evm_paid (
    address      BLOB PRIMARY KEY,
    first        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE evm_tokens (
    chain_id     INTEGER NOT NULL,
    address      BLOB NOT NULL,
    symbol       TEXT NOT NULL,
    decimals     INTEGER NOT NULL,
    added        INTEGER NOT NULL,
    PRIMARY KEY (chain_id, address)
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE proofs (
    txid         BLOB NOT NULL,
    network      TEXT NOT NULL,
    block_hash   TEXT NOT NULL,
    proven       INTEGER NOT NULL,
    PRIMARY KEY (txid, network, block_hash)
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE opinions (
    account      INTEGER NOT NULL REFERENCES accounts(id),
    keychain     INTEGER NOT NULL,
    idx          INTEGER NOT NULL,
    operator     TEXT NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (account, keychain, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE disagreements (
    account      INTEGER NOT NULL REFERENCES accounts(id),
    keychain     INTEGER NOT NULL,
    idx          INTEGER NOT NULL,
    txid         TEXT NOT NULL,
    has          TEXT NOT NULL,
    lacks        TEXT NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (account, keychain, idx, txid, lacks)
) STRICT, WITHOUT ROWID;
",
    "
DELETE FROM opinions;
ALTER TABLE opinions ADD COLUMN beside TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN witness TEXT;
ALTER TABLE accounts ADD COLUMN witness_height INTEGER;
DROP TABLE proofs;
CREATE TABLE proofs (
    txid         BLOB NOT NULL,
    network      TEXT NOT NULL,
    block_hash   TEXT NOT NULL,
    height       INTEGER NOT NULL,
    proven       INTEGER NOT NULL,
    PRIMARY KEY (txid, network, block_hash, height)
) STRICT, WITHOUT ROWID;
",
    "
ALTER TABLE transactions ADD COLUMN signed INTEGER NOT NULL DEFAULT 0;
UPDATE transactions SET signed = 1 WHERE height IS NOT NULL;
",
    "
ALTER TABLE journal ADD COLUMN purpose TEXT NOT NULL DEFAULT '';
ALTER TABLE journal ADD COLUMN reported INTEGER NOT NULL DEFAULT 1;
",
    "
ALTER TABLE journal ADD COLUMN accepted INTEGER;
ALTER TABLE journal ADD COLUMN accepted_tip TEXT;
ALTER TABLE scripts ADD COLUMN mempool_cut INTEGER NOT NULL DEFAULT 0;
",
    "
ALTER TABLE accounts ADD COLUMN past INTEGER NOT NULL DEFAULT 0;
",
    include_str!("derived.sql"),
    "
CREATE TABLE described_accounts (
    id             INTEGER PRIMARY KEY,
    wallet         TEXT NOT NULL,
    network        TEXT NOT NULL,
    name           TEXT NOT NULL,
    descriptor     TEXT NOT NULL,
    watch_only     INTEGER NOT NULL,
    created        INTEGER NOT NULL,
    tip_height     INTEGER,
    tip_hash       TEXT,
    synced         INTEGER,
    operator       TEXT,
    witness        TEXT,
    witness_height INTEGER,
    past           INTEGER NOT NULL DEFAULT 0,
    UNIQUE (wallet, network, name),
    UNIQUE (wallet, network, descriptor)
) STRICT;
",
    "
CREATE TABLE backups (
    fingerprint  TEXT PRIMARY KEY,
    verified     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE contacts (
    name         TEXT NOT NULL COLLATE NOCASE,
    network      TEXT NOT NULL,
    address      TEXT NOT NULL,
    created      INTEGER NOT NULL,
    PRIMARY KEY (name, network),
    UNIQUE (network, address)
) STRICT, WITHOUT ROWID;
",
    "
ALTER TABLE evm_outbox ADD COLUMN block INTEGER;
ALTER TABLE evm_outbox ADD COLUMN block_time INTEGER;
ALTER TABLE evm_outbox ADD COLUMN fee TEXT;
ALTER TABLE evm_outbox ADD COLUMN failed INTEGER;
",
    "
CREATE TABLE watched_accounts (
    account      INTEGER PRIMARY KEY REFERENCES accounts (id)
) STRICT;
CREATE TABLE watch_events (
    account      INTEGER NOT NULL REFERENCES accounts (id),
    txid         BLOB NOT NULL,
    event        TEXT NOT NULL,
    state        INTEGER NOT NULL,
    PRIMARY KEY (account, txid, event)
) STRICT, WITHOUT ROWID;
",
];

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
