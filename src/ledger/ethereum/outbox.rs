//! The Ethereum outbox: every nonce that was set aside, and every signed transaction, on disk before its first byte leaves.
//!
//! One row for each reservation; bytes are added once and never change. Callers hold the home's payment lock, so a nonce
//! that is still only reserved belongs to a process that died.

use alloy_primitives::{Address, B256, U256};
use rusqlite::{OptionalExtension, Row, params};

use crate::ledger::{Ledger, LedgerError, file, now};

/// Whose nonces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvmWho {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The account.
    pub from: Address,
}

/// Who holds a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// This process: given back if it dies before it signs.
    Process,
    /// A draft file, which may be signed at any time.
    Draft,
}

/// How far the transaction of a nonce has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// Set aside by a process that is planning.
    Reserved,
    /// Set aside for a draft file.
    Drafted,
    /// Signed and on disk; nothing has left.
    Signed,
    /// Bytes may have left, and nobody has confirmed having them.
    Unknown,
    /// At least one node has it.
    Sent,
    /// Refused by every node that answered.
    Rejected,
    /// In a block, as far as asked.
    Mined,
    /// Another transaction took its nonce.
    Replaced,
    /// Given back, or overtaken by the chain, before anything was signed.
    Expired,
}

impl OutboxState {
    const ALL: [Self; 9] = [
        Self::Reserved,
        Self::Drafted,
        Self::Signed,
        Self::Unknown,
        Self::Sent,
        Self::Rejected,
        Self::Mined,
        Self::Replaced,
        Self::Expired,
    ];

    /// The word in the file and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Drafted => "drafted",
            Self::Signed => "signed",
            Self::Unknown => "unknown",
            Self::Sent => "sent",
            Self::Rejected => "rejected",
            Self::Mined => "mined",
            Self::Replaced => "replaced",
            Self::Expired => "expired",
        }
    }

    /// True where nobody else may use the nonce.
    #[must_use]
    pub const fn holds_nonce(self) -> bool {
        matches!(self, Self::Reserved | Self::Drafted | Self::Signed | Self::Unknown | Self::Sent | Self::Mined)
    }

    /// True while it may still be mined.
    #[must_use]
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Signed | Self::Unknown | Self::Sent)
    }
}

/// A nonce that was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Row number.
    pub id: i64,
    /// The nonce.
    pub nonce: u64,
}

/// What the receipt of a transaction in a block said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxReceipt {
    /// Number of its block.
    pub block: u64,
    /// When that block was made, in seconds since 1970.
    pub time: u64,
    /// What was paid for gas, in wei.
    pub fee: U256,
    /// It did nothing but pay its fee.
    pub failed: bool,
}

/// A row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Row number.
    pub id: i64,
    /// Chain and account.
    pub who: EvmWho,
    /// Nonce.
    pub nonce: u64,
    /// How far it has come.
    pub state: OutboxState,
    /// Hash and bytes, once signed.
    pub signed: Option<(B256, Vec<u8>)>,
    /// Hex digest of what was asked.
    pub purpose: String,
    /// Whether the command that made it told its person what became of it.
    pub reported: bool,
    /// Who answered what, in our own words.
    pub detail: String,
    /// Hash of the block it was last seen in.
    pub block_hash: Option<B256>,
    /// What its receipt said there; nothing for what was settled before receipts were kept.
    pub receipt: Option<OutboxReceipt>,
    /// Seconds since 1970.
    pub created: u64,
}

const COLUMNS: &str = "id, chain_id, account, nonce, state, hash, raw, purpose, reported, detail, block_hash, created,
    block, block_time, fee, failed";
const DAMAGED: LedgerError = LedgerError::Damaged("Ethereum outbox");

impl Ledger {
    /// Sets the lowest free nonce from `at_least` on aside.
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub fn reserve_nonce(
        &mut self,
        who: &EvmWho,
        at_least: u64,
        holder: Holder,
        purpose: &str,
    ) -> Result<Reservation, LedgerError> {
        self.atomically(|ledger| {
            ledger.expire_dead(who)?;
            let held = ledger.held(who)?;
            let nonce = (at_least..).find(|nonce| !held.contains(nonce)).ok_or(DAMAGED)?;
            ledger.insert(who, nonce, (holder, purpose))
        })
    }

    /// Sets one nonce aside, which must be free.
    ///
    /// # Errors
    /// It is held, or the ledger cannot be used.
    pub fn reserve_exact_nonce(
        &mut self,
        who: &EvmWho,
        nonce: u64,
        holder: Holder,
        purpose: &str,
    ) -> Result<Reservation, LedgerError> {
        self.atomically(|ledger| {
            ledger.expire_dead(who)?;
            if ledger.held(who)?.contains(&nonce) {
                return Err(LedgerError::NonceHeld(nonce));
            }
            ledger.insert(who, nonce, (holder, purpose))
        })
    }

    /// A second row for a nonce whose transaction is to be replaced.
    ///
    /// # Errors
    /// The ledger cannot be used.
    pub fn reserve_replacement(
        &mut self,
        who: &EvmWho,
        nonce: u64,
        holder: Holder,
        purpose: &str,
    ) -> Result<Reservation, LedgerError> {
        self.atomically(|ledger| {
            ledger.expire_dead(who)?;
            ledger.insert(who, nonce, (holder, purpose))
        })
    }

    fn insert(&self, who: &EvmWho, nonce: u64, (holder, purpose): (Holder, &str)) -> Result<Reservation, LedgerError> {
        let state = match holder {
            Holder::Process => OutboxState::Reserved,
            Holder::Draft => OutboxState::Drafted,
        };
        let sql =
            "INSERT INTO evm_outbox (chain_id, account, nonce, state, purpose, reported, detail, created, updated)
                   VALUES (?1, ?2, ?3, ?4, ?5, 0, '', ?6, ?6)";
        let values = params![who.chain_id, who.from.as_slice(), nonce, state.name(), purpose, now()];
        self.db.execute(sql, values).map_err(file)?;
        Ok(Reservation { id: self.db.last_insert_rowid(), nonce })
    }

    /// Whoever reserved without signing is gone: the payment lock is ours.
    fn expire_dead(&self, who: &EvmWho) -> Result<(), LedgerError> {
        let sql = "UPDATE evm_outbox SET state = 'expired', detail = 'its process ended before it signed', updated = ?3
                   WHERE chain_id = ?1 AND account = ?2 AND state = 'reserved'";
        self.db.execute(sql, params![who.chain_id, who.from.as_slice(), now()]).map(|_| ()).map_err(file)
    }

    fn held(&self, who: &EvmWho) -> Result<Vec<u64>, LedgerError> {
        let rows = self.evm_outbox(who)?;
        Ok(rows.iter().filter(|row| row.state.holds_nonce()).map(|row| row.nonce).collect())
    }

    /// Gives a nonce back for which nothing was signed.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn release_nonce(&self, id: i64) -> Result<(), LedgerError> {
        let sql = "UPDATE evm_outbox SET state = 'expired', detail = 'given back', updated = ?2
                   WHERE id = ?1 AND raw IS NULL";
        self.db.execute(sql, params![id, now()]).map(|_| ()).map_err(file)
    }

    /// What was set aside or drafted below the chain's own nonce can never be used.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn settle_nonces(&self, who: &EvmWho, latest: u64) -> Result<(), LedgerError> {
        let sql = "UPDATE evm_outbox SET state = 'expired', detail = 'the chain is past this nonce', updated = ?4
                   WHERE chain_id = ?1 AND account = ?2 AND nonce < ?3 AND state IN ('reserved', 'drafted')";
        self.db.execute(sql, params![who.chain_id, who.from.as_slice(), latest, now()]).map(|_| ()).map_err(file)
    }

    /// Puts signed bytes on record, before anything is sent.
    ///
    /// # Errors
    /// The row already holds other bytes, or the ledger cannot be written.
    pub fn record_evm_signed(&self, id: i64, hash: B256, raw: &[u8]) -> Result<(), LedgerError> {
        let sql = "UPDATE evm_outbox SET state = 'signed', hash = ?2, raw = ?3, updated = ?4
                   WHERE id = ?1 AND (raw IS NULL OR raw = ?3)";
        match self.db.execute(sql, params![id, hash.as_slice(), raw, now()]).map_err(file)? {
            1 => Ok(()),
            _ => Err(LedgerError::OtherBytes(hash.to_string())),
        }
    }

    /// Moves a row to a new state.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_outbox_state(&self, id: i64, state: OutboxState, detail: &str) -> Result<(), LedgerError> {
        let sql = "UPDATE evm_outbox SET state = ?2, detail = ?3, updated = ?4 WHERE id = ?1";
        self.db.execute(sql, params![id, state.name(), detail, now()]).map(|_| ()).map_err(file)
    }

    /// Remembers the block that a transaction was seen in, and its receipt there.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_outbox_block(&self, id: i64, hash: B256, receipt: &OutboxReceipt) -> Result<(), LedgerError> {
        let sql =
            "UPDATE evm_outbox SET block_hash = ?2, block = ?3, block_time = ?4, fee = ?5, failed = ?6, updated = ?7
                   WHERE id = ?1";
        let OutboxReceipt { block, time, fee, failed } = receipt;
        let values = params![id, hash.as_slice(), block, time, fee.to_string(), failed, now()];
        self.db.execute(sql, values).map(|_| ()).map_err(file)
    }

    /// Forgets the block of a transaction that is in the chain no more.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn forget_outbox_block(&self, id: i64) -> Result<(), LedgerError> {
        let sql = "UPDATE evm_outbox SET block_hash = NULL, block = NULL, block_time = NULL, fee = NULL, failed = NULL,
                   updated = ?2 WHERE id = ?1";
        self.db.execute(sql, params![id, now()]).map(|_| ()).map_err(file)
    }

    /// The person was told what became of it: running the command again is a new wish.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn mark_reported(&self, id: i64) -> Result<(), LedgerError> {
        self.db.execute("UPDATE evm_outbox SET reported = 1 WHERE id = ?1", [id]).map(|_| ()).map_err(file)
    }

    /// All rows of a chain and account, by nonce and age.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn evm_outbox(&self, who: &EvmWho) -> Result<Vec<OutboxRow>, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM evm_outbox WHERE chain_id = ?1 AND account = ?2 ORDER BY nonce, id");
        let mut statement = self.db.prepare(&sql).map_err(file)?;
        let rows = statement.query_map(params![who.chain_id, who.from.as_slice()], |row| Ok(read(row)));
        rows.map_err(file)?.map(|row| row.map_err(file)?).collect()
    }

    /// The newest transactions of all accounts that were sent, or may have been.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn evm_sent(&self, limit: usize) -> Result<Vec<OutboxRow>, LedgerError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM evm_outbox WHERE state IN ('unknown', 'sent', 'mined') ORDER BY id DESC LIMIT ?1"
        );
        let mut statement = self.db.prepare(&sql).map_err(file)?;
        let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| Ok(read(row)));
        rows.map_err(file)?.map(|row| row.map_err(file)?).collect()
    }

    /// The row of a signed transaction.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn outbox_row(&self, chain_id: u64, hash: B256) -> Result<Option<OutboxRow>, LedgerError> {
        let sql =
            format!("SELECT {COLUMNS} FROM evm_outbox WHERE chain_id = ?1 AND hash = ?2 ORDER BY id DESC LIMIT 1");
        let row = self.db.query_row(&sql, params![chain_id, hash.as_slice()], |row| Ok(read(row))).optional();
        row.map_err(file)?.transpose()
    }

    /// The newest signed transaction of a wish whose command never told its person what became of it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn interrupted(&self, who: &EvmWho, purpose: &str) -> Result<Option<OutboxRow>, LedgerError> {
        let same = |row: &OutboxRow| row.purpose == purpose && !row.reported && row.signed.is_some();
        let alive = |row: &OutboxRow| row.state.is_waiting() || row.state == OutboxState::Mined;
        Ok(self.evm_outbox(who)?.into_iter().filter(|row| same(row) && alive(row)).max_by_key(|row| row.id))
    }

    /// A transaction of the same wish that is still waiting; of those that replace each other the newest.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn waiting_same(&self, who: &EvmWho, purpose: &str) -> Result<Option<OutboxRow>, LedgerError> {
        let rows = self.evm_outbox(who)?;
        let same = rows.into_iter().find(|row| row.purpose == purpose && row.state.is_waiting());
        let Some(same) = same else { return Ok(None) };
        Ok(Some(self.replacement_of(&same)?.unwrap_or(same)))
    }

    /// The newest transaction that was sent, or may have been, with the nonce of an older one: what replaces it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn replacement_of(&self, row: &OutboxRow) -> Result<Option<OutboxRow>, LedgerError> {
        let is_out = |state| matches!(state, OutboxState::Unknown | OutboxState::Sent | OutboxState::Mined);
        let newer = |other: &OutboxRow| other.id > row.id && other.nonce == row.nonce && is_out(other.state);
        Ok(self.evm_outbox(&row.who)?.into_iter().rfind(newer))
    }
}

fn read(row: &Row<'_>) -> Result<OutboxRow, LedgerError> {
    let blob = |column: usize| row.get::<_, Option<Vec<u8>>>(column).map_err(file);
    let word = |bytes: Vec<u8>| B256::try_from(bytes.as_slice()).map_err(|_| DAMAGED);
    let account = blob(2)?.and_then(|bytes| Address::try_from(bytes.as_slice()).ok()).ok_or(DAMAGED)?;
    let state = row.get::<_, String>(4).map_err(file)?;
    let signed = match (blob(5)?, blob(6)?) {
        (Some(hash), Some(raw)) => Some((word(hash)?, raw)),
        (None, None) => None,
        _ => return Err(DAMAGED),
    };
    Ok(OutboxRow {
        id: row.get(0).map_err(file)?,
        who: EvmWho { chain_id: row.get(1).map_err(file)?, from: account },
        nonce: row.get(3).map_err(file)?,
        state: OutboxState::ALL.into_iter().find(|known| known.name() == state).ok_or(DAMAGED)?,
        signed,
        purpose: row.get(7).map_err(file)?,
        reported: row.get(8).map_err(file)?,
        detail: row.get(9).map_err(file)?,
        block_hash: blob(10)?.map(word).transpose()?,
        created: row.get(11).map_err(file)?,
        receipt: receipt(row)?,
    })
}

fn receipt(row: &Row<'_>) -> Result<Option<OutboxReceipt>, LedgerError> {
    let Some(block) = row.get::<_, Option<u64>>(12).map_err(file)? else { return Ok(None) };
    let fee: String = row.get(14).map_err(file)?;
    Ok(Some(OutboxReceipt {
        block,
        time: row.get(13).map_err(file)?,
        fee: fee.parse().map_err(|_| DAMAGED)?,
        failed: row.get(15).map_err(file)?,
    }))
}
