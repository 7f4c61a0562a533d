//! What is known without any key: accounts, scripts, transactions, coins, labels, and the journal of what was sent.
//!
//! One SQLite file. Nothing secret is in it, and a password is never needed to look. It decides nothing: facts come in
//! from flow/ (a sync, a broadcast), and go out as plain data.

mod backups;
pub mod bitcoin;
mod children;
mod contacts;
pub mod ethereum;
mod labels;
mod migrations;
mod schema;

use std::{path::Path, rc::Rc};

use rusqlite::{Connection, ErrorCode, OpenFlags};

pub use self::{
    children::{ChildEntry, TakenChild, WantedChild},
    labels::{Label, LabelKind, evm_reference},
};
use crate::{
    account::STANDARD_GAP,
    explain::{Entry, Explain, catalogue},
    store::{StoreError, check_private, is_read_only, make_private},
};

/// Whether this wallet's keystore can sign for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLocation {
    /// In the keystore of the same name.
    Here,
    /// Elsewhere: a watch-only account.
    Elsewhere,
}

/// Most rows of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// All of them.
    None,
    /// The first so many.
    First(usize),
}

impl Limit {
    /// As SQLite takes it: -1 for all.
    fn rows(self) -> i64 {
        match self {
            Self::None => -1,
            Self::First(rows) => i64::try_from(rows).unwrap_or(i64::MAX),
        }
    }
}

/// Why the ledger cannot answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The file cannot be opened, read or written.
    #[error("the ledger file cannot be used: {0}")]
    File(String),
    /// Something else than a plain file of ours, closed to others, stands in its place.
    #[error(transparent)]
    Unfit(StoreError),
    /// It was written by a newer version.
    #[error("the ledger is of version {found}, and this program knows up to {known}")]
    Newer {
        /// Version in the file.
        found: u32,
        /// Newest version known here.
        known: u32,
    },
    /// A row does not read back as what was written.
    #[error("the ledger (ledger.db) is damaged: {0}")]
    Damaged(&'static str),
    /// The account is already there.
    #[error("this account is already in the ledger as {0}")]
    AccountExists(String),
    /// No account fits.
    #[error("{0}")]
    NoAccount(String),
    /// Another transaction of ours has this nonce.
    #[error("nonce {0} is held by another transaction or draft of this account")]
    NonceHeld(u64),
    /// The journal already holds this transaction with other bytes.
    #[error("the journal already holds transaction {0} with other bytes")]
    OtherBytes(String),
    /// The highest index of a child seed is taken.
    #[error("the highest index of these children is taken, and none is above it")]
    NoChildIndex,
}

catalogue! {
    FILE = "ledger.file", Refused, "Check free space and permissions of the home directory; the ledger can be rebuilt with `fastness sync --full`";
    NEWER = "ledger.newer", Refused, "Use the newer version of fastness that wrote it";
    DAMAGED = "ledger.damaged", Verification, "Move ledger.db away, add the accounts again and run `fastness sync`; no keys are in it";
    ACCOUNT_EXISTS = "ledger.account_exists", Refused, "Use it as it is; `fastness account list` shows all";
    NO_ACCOUNT = "ledger.no_account", Refused, "See `fastness account list`, or add one with `fastness account add`";
    NONCE_HELD = "ledger.nonce_held", Refused, "See `fastness nonce status`; `fastness bump` or `fastness cancel` replaces what waits";
    OTHER_BYTES = "ledger.other_bytes", Refused, "Run `fastness track` on the transaction; only the bytes in the journal are ever sent";
    NO_CHILD_INDEX = "ledger.no_child_index", Refused, "Name a free one with --index; `fastness child list` has those that are taken";
}

impl Explain for LedgerError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::File(_) => FILE,
            Self::Unfit(error) => error.entry(),
            Self::Newer { .. } => NEWER,
            Self::Damaged(_) => DAMAGED,
            Self::AccountExists(_) => ACCOUNT_EXISTS,
            Self::NoAccount(_) => NO_ACCOUNT,
            Self::NonceHeld(_) => NONCE_HELD,
            Self::OtherBytes(_) => OTHER_BYTES,
            Self::NoChildIndex => NO_CHILD_INDEX,
        }
    }
}

/// SQLite's own words are about our file and statements, never about outside data.
fn file(error: rusqlite::Error) -> LedgerError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => LedgerError::Damaged("the file itself"),
        _ => LedgerError::File(error.to_string()),
    }
}

/// The open ledger.
#[derive(Debug)]
pub struct Ledger {
    /// Shared with what gives something back when it is dropped.
    db: Rc<Connection>,
    /// Unused addresses in a row after which this wallet's searches end.
    gap: u32,
    /// Tests hold what is settled against what is derived anew.
    #[cfg(test)]
    derives_anew: std::cell::Cell<bool>,
}

impl Ledger {
    /// Opens or creates the file, in WAL mode, and brings it to the current version.
    ///
    /// # Errors
    /// The file cannot be used, or is of a newer version.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            check_private(Path::new(&name)).map_err(LedgerError::Unfit)?;
        }
        // SQLite gives the files beside it the same mode.
        make_private(path);
        match Connection::open(path).map_err(file).and_then(Self::prepare) {
            Err(LedgerError::File(_)) if is_read_only(path) => Self::open_to_look(path),
            other => other,
        }
    }

    /// Opens a file on a medium that nobody writes to: SQLite's own files beside it are neither made nor read.
    fn open_to_look(path: &Path) -> Result<Self, LedgerError> {
        let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(format!("file:{name}?immutable=1"), flags).map_err(file)?;
        schema::require_current(&db)?;
        Ok(Self::of(db))
    }

    /// The bytes of a whole and consistent copy, which is made at `path` for a moment.
    ///
    /// # Errors
    /// The copy cannot be written or read.
    pub fn snapshot(&self, path: &Path) -> Result<Vec<u8>, LedgerError> {
        let trouble = |error: std::io::Error| LedgerError::File(error.to_string());
        // What an interrupted backup left is of no use.
        if path.symlink_metadata().is_ok() {
            std::fs::remove_file(path).map_err(trouble)?;
        }
        let copied = self.db.execute("VACUUM INTO ?1", [path.to_string_lossy()]).map_err(file);
        let bytes = copied.and_then(|_| std::fs::read(path).map_err(trouble));
        let removed = std::fs::remove_file(path).map_err(trouble);
        let bytes = bytes?;
        removed.map(|()| bytes)
    }

    /// Whether it can only be looked at: its folder is write-protected.
    ///
    /// # Errors
    /// SQLite does not say.
    pub fn is_read_only(&self) -> Result<bool, LedgerError> {
        self.db.is_readonly(rusqlite::MAIN_DB).map_err(file)
    }

    /// A ledger that lives as long as this value.
    ///
    /// # Errors
    /// SQLite cannot start.
    pub fn in_memory() -> Result<Self, LedgerError> {
        Self::prepare(Connection::open_in_memory().map_err(file)?)
    }

    fn of(db: Connection) -> Self {
        Self {
            db: Rc::new(db),
            gap: STANDARD_GAP,
            #[cfg(test)]
            derives_anew: std::cell::Cell::new(false),
        }
    }

    fn prepare(mut db: Connection) -> Result<Self, LedgerError> {
        schema::configure(&db)?;
        schema::migrate(&mut db)?;
        Ok(Self::of(db))
    }

    /// The same open file once more.
    pub(crate) fn share(&self) -> Self {
        Self {
            db: Rc::clone(&self.db),
            gap: self.gap,
            #[cfg(test)]
            derives_anew: std::cell::Cell::new(false),
        }
    }

    /// The same ledger in a home whose searches end after `gap` unused addresses in a row.
    #[must_use]
    pub fn with_gap(mut self, gap: u32) -> Self {
        self.gap = gap;
        self
    }

    /// Unused addresses in a row after which this wallet's searches end.
    #[must_use]
    pub const fn gap(&self) -> u32 {
        self.gap
    }

    /// Runs `work` in one transaction: all of it happens, or nothing.
    ///
    /// # Errors
    /// Those of `work`, or the file cannot be written.
    pub fn atomically<T>(&mut self, work: impl FnOnce(&Self) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        self.db.execute_batch("BEGIN IMMEDIATE").map_err(file)?;
        match work(self) {
            Ok(value) => {
                self.db.execute_batch("COMMIT").map_err(file)?;
                Ok(value)
            }
            Err(error) => {
                self.db.execute_batch("ROLLBACK").map_err(file)?;
                Err(error)
            }
        }
    }
}

/// Seconds since 1970, for rows that say when.
#[must_use]
pub fn now() -> u64 {
    #[cfg(test)]
    if let Some(seconds) = CLOCK.get() {
        return seconds;
    }
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
thread_local! {
    /// The clock of a test that compares two ledgers.
    static CLOCK: std::cell::Cell<Option<u64>> = const { std::cell::Cell::new(None) };
}

/// Stops the clock of this thread.
#[cfg(test)]
fn set_clock(seconds: u64) {
    CLOCK.set(Some(seconds));
}

/// The name of an account within its wallet: lists show both, as `savings/segwit-0`.
fn within<'a>(wallet: &str, name: &'a str) -> &'a str {
    name.strip_prefix(wallet).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name)
}
