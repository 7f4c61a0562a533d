//! The ledger's tables, as one text of statements for each version of the file.
//!
//! A migration that was released is never changed; a new one is appended.

/// One entry per version: entry 0 makes version 1.
pub(super) const MIGRATIONS: &[&str] = &[
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
    "
ALTER TABLE accounts RENAME COLUMN witness TO second_operator;
ALTER TABLE accounts RENAME COLUMN witness_height TO second_height;
",
    "
CREATE TABLE children (
    fingerprint  TEXT NOT NULL,
    application  TEXT NOT NULL,
    idx          INTEGER NOT NULL,
    note         TEXT NOT NULL,
    made         INTEGER NOT NULL,
    PRIMARY KEY (fingerprint, application, idx)
) STRICT, WITHOUT ROWID;
",
];
