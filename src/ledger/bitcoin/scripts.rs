//! Rows of scripts: which of an account's scripts were derived, shown to a person, used on the chain, and last asked about.

use std::collections::{BTreeMap, HashMap};

use bitcoin::{ScriptBuf, Txid, hashes::Hash};
use rusqlite::{OptionalExtension, params};

use super::{AccountId, AccountRow, Completeness};
use crate::{
    account::Keychain,
    ledger::{Ledger, LedgerError, Limit, file, now},
};

/// A script that was derived before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownScript {
    /// Chain below the account.
    pub keychain: Keychain,
    /// Address index.
    pub index: u32,
    /// Transactions known to touch it.
    pub transactions: u32,
    /// Of those, unconfirmed ones.
    pub unconfirmed: u32,
    /// When an explorer last answered for it, in seconds since 1970; 0 if never.
    pub checked: u64,
    /// Unspent coins on it.
    pub coins: u32,
    /// Height of its newest transaction in a block.
    pub newest: Option<u32>,
    /// When its address was given out, in seconds since 1970.
    pub issued: Option<u64>,
}

/// The transactions of one script, as they were told last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldHistory {
    /// Those in blocks, with the height of each, oldest first.
    pub confirmed: Vec<(Txid, u32)>,
    /// Those that wait for a block.
    pub waiting: Vec<Txid>,
    /// Hashes of the blocks of the confirmed ones, by height.
    pub blocks: BTreeMap<u32, String>,
}

/// One line of the address list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRow {
    /// Chain below the account.
    pub keychain: Keychain,
    /// Address index.
    pub index: u32,
    /// Its script.
    pub script: ScriptBuf,
    /// Transactions known to touch it.
    pub transactions: u32,
    /// Unspent satoshi on it.
    pub balance: u64,
    /// Whether it was shown to a person as an address to be paid at.
    pub issued: Option<u64>,
    /// When an explorer last answered for it, in seconds since 1970; nothing if never.
    pub checked: Option<u64>,
}

impl Ledger {
    /// Makes sure that a script has its row.
    ///
    /// # Errors
    /// The index is out of range, or the ledger cannot be written.
    pub fn ensure_script(&self, row: &AccountRow, keychain: Keychain, index: u32) -> Result<ScriptBuf, LedgerError> {
        let script = row.account.script(keychain, index).map_err(|_| LedgerError::Damaged("address index"))?;
        let sql = "INSERT OR IGNORE INTO scripts (account, keychain, idx, script) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        statement.execute(params![row.id.0, keychain.number(), index, script.as_bytes()]).map_err(file)?;
        Ok(script)
    }

    /// The lowest index above every one that was used on the chain (or, for receive, shown to a person).
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn next_index(&self, id: AccountId, keychain: Keychain) -> Result<u32, LedgerError> {
        let used = self.next_unused(id, keychain)?;
        let sql = "SELECT MAX(idx) FROM scripts INDEXED BY scripts_issued
                   WHERE account = ?1 AND keychain = ?2 AND issued IS NOT NULL";
        let issued: Option<u32> =
            self.db.query_row(sql, params![id.0, keychain.number()], |row| row.get(0)).map_err(file)?;
        Ok(used.max(issued.map_or(0, |index| index.saturating_add(1))))
    }

    /// The lowest index above every one that was used on the chain.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn next_unused(&self, id: AccountId, keychain: Keychain) -> Result<u32, LedgerError> {
        let sql = "SELECT MAX(idx) FROM script_transactions WHERE account = ?1 AND keychain = ?2";
        let used: Option<u32> =
            self.db.query_row(sql, params![id.0, keychain.number()], |row| row.get(0)).map_err(file)?;
        Ok(used.map_or(0, |index| index.saturating_add(1)))
    }

    /// The lowest index above every one that a confirmed transaction touches: where a wallet restored from its words
    /// begins to count unused addresses (BIP-44).
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn next_unsettled(&self, id: AccountId, keychain: Keychain) -> Result<u32, LedgerError> {
        let sql = "SELECT MAX(t.idx) FROM script_transactions t
                   JOIN accounts a ON a.id = t.account
                   JOIN transactions x ON x.txid = t.txid AND x.network = a.network
                   WHERE t.account = ?1 AND t.keychain = ?2 AND x.height IS NOT NULL";
        let used: Option<u32> =
            self.db.query_row(sql, params![id.0, keychain.number()], |row| row.get(0)).map_err(file)?;
        Ok(used.map_or(0, |index| index.saturating_add(1)))
    }

    /// Remembers that an address was shown to a person or used for change, so that it is not given out twice.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn issue(&self, row: &AccountRow, keychain: Keychain, index: u32) -> Result<(), LedgerError> {
        self.ensure_script(row, keychain, index)?;
        let sql = "UPDATE scripts SET issued = coalesce(issued, ?4) WHERE account = ?1 AND keychain = ?2 AND idx = ?3";
        self.db.execute(sql, params![row.id.0, keychain.number(), index, now()]).map(|_| ()).map_err(file)
    }

    /// Sets aside the lowest address that was neither used nor shown: finding and marking it is one step, so that two
    /// processes never get the same one. `None` if `gap` addresses in a row are unused already (BIP-44).
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn issue_fresh(&mut self, row: &AccountRow, keychain: Keychain, gap: u32) -> Result<Option<u32>, LedgerError> {
        self.atomically(|ledger| {
            let next = ledger.next_index(row.id, keychain)?;
            if next.saturating_sub(ledger.next_unused(row.id, keychain)?) >= gap {
                return Ok(None);
            }
            ledger.issue(row, keychain, next)?;
            Ok(Some(next))
        })
    }

    /// Every derived script with what is known of it, by chain and index.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn known_scripts(&self, id: AccountId) -> Result<Vec<KnownScript>, LedgerError> {
        let sql = "SELECT s.keychain, s.idx, coalesce(s.checked, 0), count(t.txid),
                          count(CASE WHEN x.height IS NULL AND x.gone = 0 THEN x.txid END), max(x.height), s.issued,
                          coalesce(max(u.coins), 0)
                   FROM scripts s LEFT JOIN script_transactions t USING (account, keychain, idx)
                   LEFT JOIN transactions x ON x.txid = t.txid
                   LEFT JOIN (SELECT keychain, idx, count(*) AS coins FROM coins
                              WHERE account = ?1 AND spent_by IS NULL GROUP BY keychain, idx) u
                     ON u.keychain = s.keychain AND u.idx = s.idx
                   WHERE s.account = ?1 GROUP BY s.keychain, s.idx ORDER BY s.keychain, s.idx";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let rows = statement.query_map([id.0], |row| {
            Ok(KnownScript {
                keychain: keychain(row.get(0)?),
                index: row.get(1)?,
                checked: row.get(2)?,
                transactions: row.get(3)?,
                unconfirmed: row.get(4)?,
                newest: row.get(5)?,
                issued: row.get(6)?,
                coins: row.get(7)?,
            })
        });
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }

    /// The place of every script of an account.
    pub(super) fn script_places(&self, id: AccountId) -> Result<HashMap<ScriptBuf, (Keychain, u32)>, LedgerError> {
        let mut statement =
            self.db.prepare("SELECT script, keychain, idx FROM scripts WHERE account = ?1").map_err(file)?;
        let rows = statement
            .query_map([id.0], |row| Ok((ScriptBuf::from_bytes(row.get(0)?), (keychain(row.get(1)?), row.get(2)?))));
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }

    /// The transactions of every used script of an account, as they were told last.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn known_histories(&self, row: &AccountRow) -> Result<BTreeMap<(Keychain, u32), ToldHistory>, LedgerError> {
        let sql = "SELECT t.keychain, t.idx, t.txid, x.height, x.block_hash FROM script_transactions t
                   JOIN transactions x ON x.txid = t.txid AND x.network = ?2
                   WHERE t.account = ?1 AND x.gone = 0 ORDER BY x.height";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let values = params![row.id.0, row.account.network.name()];
        let rows = statement.query_map(values, |row| {
            let txid: [u8; 32] = row.get(2)?;
            let block = row.get::<_, Option<u32>>(3)?.zip(row.get::<_, Option<String>>(4)?);
            Ok(((keychain(row.get(0)?), row.get(1)?), Txid::from_byte_array(txid), block))
        });
        let mut histories: BTreeMap<(Keychain, u32), ToldHistory> = BTreeMap::new();
        for row in rows.map_err(file)? {
            let (place, txid, block) = row.map_err(file)?;
            let history = histories.entry(place).or_default();
            match block {
                Some((height, hash)) => {
                    history.confirmed.push((txid, height));
                    history.blocks.insert(height, hash);
                }
                None => history.waiting.push(txid),
            }
        }
        Ok(histories)
    }

    /// Remembers that an explorer answered for a script just now.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_checked(&self, id: AccountId, keychain: Keychain, index: u32) -> Result<(), LedgerError> {
        let sql = "UPDATE scripts SET checked = ?4, mempool_cut = 0 WHERE account = ?1 AND keychain = ?2 AND idx = ?3";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        statement.execute(params![id.0, keychain.number(), index, now()]).map(|_| ()).map_err(file)
    }

    /// Remembers whether the list of what waits at a script is all there is.
    pub(super) fn set_mempool_cut(
        &self,
        id: AccountId,
        (keychain, index): (Keychain, u32),
        completeness: Completeness,
    ) -> Result<(), LedgerError> {
        let sql = "UPDATE scripts SET mempool_cut = ?4 WHERE account = ?1 AND keychain = ?2 AND idx = ?3";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let is_cut = completeness == Completeness::MempoolCut;
        statement.execute(params![id.0, keychain.number(), index, is_cut]).map(|_| ()).map_err(file)
    }

    /// How many scripts of an account have more that waits than the explorer listed when it was asked last.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn mempool_cuts(&self, id: AccountId) -> Result<u32, LedgerError> {
        let sql = "SELECT count(*) FROM scripts INDEXED BY scripts_cut WHERE account = ?1 AND mempool_cut = 1";
        self.db.query_row(sql, [id.0], |row| row.get(0)).map_err(file)
    }

    /// The address list of an account: every derived script with use and balance.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn addresses(&self, id: AccountId) -> Result<Vec<AddressRow>, LedgerError> {
        self.listed(id, "WHERE s.account = ?1", Limit::None)
    }

    /// The addresses of an account that were given out and never used, by chain and index, at most `limit`.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn unused_addresses(&self, id: AccountId, limit: Limit) -> Result<Vec<AddressRow>, LedgerError> {
        let which = "INDEXED BY scripts_unused WHERE s.account = ?1 AND s.transactions = 0 AND s.issued IS NOT NULL";
        self.listed(id, which, limit)
    }

    fn listed(&self, id: AccountId, which: &'static str, limit: Limit) -> Result<Vec<AddressRow>, LedgerError> {
        let sql = format!(
            "SELECT s.keychain, s.idx, s.script, s.issued, s.transactions, s.balance, s.checked
             FROM scripts s {which} ORDER BY s.keychain, s.idx LIMIT ?2"
        );
        let mut statement = self.db.prepare(&sql).map_err(file)?;
        let rows = statement.query_map(params![id.0, limit.rows()], |row| {
            Ok(AddressRow {
                keychain: keychain(row.get(0)?),
                index: row.get(1)?,
                script: ScriptBuf::from_bytes(row.get(2)?),
                issued: row.get(3)?,
                transactions: row.get(4)?,
                balance: row.get(5)?,
                checked: row.get(6)?,
            })
        });
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }

    /// The place of a script in an account, among all scripts derived so far. Several accounts can hold the same script
    /// (all test networks share their paths), so the account is asked, not the script.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn place_of(&self, id: AccountId, script: &bitcoin::Script) -> Result<Option<(Keychain, u32)>, LedgerError> {
        let sql = "SELECT keychain, idx FROM scripts WHERE script = ?1 AND account = ?2";
        let values = params![script.as_bytes(), id.0];
        self.db.query_row(sql, values, |row| Ok((keychain(row.get(0)?), row.get(1)?))).optional().map_err(file)
    }
}

/// Rows hold only the numbers 0 and 1.
pub(super) fn keychain(number: u32) -> Keychain {
    Keychain::from_number(number).unwrap_or(Keychain::Receive)
}
