//! Rows of second opinions: scripts whose history another organisation confirmed, and what explorers do not agree on.
//!
//! An opinion is about what is known of a script at that moment: it is gone as soon as something about the script changes.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;

use super::{AccountId, AccountRow, scripts::keychain};
use crate::{
    account::Keychain,
    ledger::{Ledger, LedgerError, file, now},
};

/// Stands for an explorer's name where we have a proof ourselves.
pub const PROVEN_HERE: &str = "proven here";

/// Something that one says and another does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryDisagreement {
    /// Chain below the account.
    pub keychain: Keychain,
    /// Address index.
    pub index: u32,
    /// The transaction that it is about.
    pub txid: String,
    /// Who has it, or what stands behind it.
    pub has: String,
    /// Who does not list it for this script, or lists it elsewhere.
    pub lacks: String,
}

/// Two organisations that say the same of a script.
#[derive(Clone, Copy, Debug)]
pub struct SameHistory<'a> {
    /// Chain below the account, and address index.
    pub place: (Keychain, u32),
    /// Host of the second source.
    pub operator: &'a str,
    /// Host that said it in the same sync.
    pub beside: &'a str,
}

impl Ledger {
    /// Two organisations say of a script exactly what is known of it: `operator` does, and `beside` did in the same sync.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn put_opinion(&self, id: AccountId, said: &SameHistory<'_>) -> Result<(), LedgerError> {
        let sql = "INSERT OR REPLACE INTO opinions (account, keychain, idx, operator, beside, at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let SameHistory { place: (keychain, index), operator, beside } = said;
        let values = params![id.0, keychain.number(), index, operator, beside, now()];
        statement.execute(values).map(|_| ()).map_err(file)
    }

    /// What was agreed about a script is of yesterday.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn forget_opinion(&self, id: AccountId, place: (Keychain, u32)) -> Result<(), LedgerError> {
        self.clear("DELETE FROM opinions WHERE account = ?1 AND keychain = ?2 AND idx = ?3", id, place)
    }

    /// What was agreed about every script that a transaction touches is of yesterday, in every account.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub(super) fn forget_opinions_about(&self, txid: [u8; 32]) -> Result<(), LedgerError> {
        let sql = "DELETE FROM opinions WHERE (account, keychain, idx) IN
                   (SELECT account, keychain, idx FROM script_transactions WHERE txid = ?1)";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        statement.execute(params![txid]).map(|_| ()).map_err(file)
    }

    /// Nothing that was agreed is of today: the chain was reorganised.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub(super) fn forget_all_opinions(&self) -> Result<(), LedgerError> {
        self.db.execute("DELETE FROM opinions", []).map(|_| ()).map_err(file)
    }

    /// What this host left out of a script's history, although it is proven, is of yesterday: it is asked again.
    pub(super) fn forget_omissions(
        &self,
        id: AccountId,
        place: (Keychain, u32),
        host: &str,
    ) -> Result<(), LedgerError> {
        let sql = "DELETE FROM disagreements
                   WHERE account = ?1 AND keychain = ?2 AND idx = ?3 AND has = ?4 AND lacks = ?5";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = params![id.0, place.0.number(), place.1, PROVEN_HERE, host];
        statement.execute(values).map(|_| ()).map_err(file)
    }

    /// What two said differently about a script is of yesterday: a second one was asked again. What `host` left out although
    /// it is proven is of today.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn forget_contradictions(&self, id: AccountId, place: (Keychain, u32), host: &str) -> Result<(), LedgerError> {
        let sql = "DELETE FROM disagreements
                   WHERE account = ?1 AND keychain = ?2 AND idx = ?3 AND NOT (has = ?4 AND lacks = ?5)";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = params![id.0, place.0.number(), place.1, PROVEN_HERE, host];
        statement.execute(values).map(|_| ()).map_err(file)
    }

    fn clear(&self, sql: &str, id: AccountId, place: (Keychain, u32)) -> Result<(), LedgerError> {
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        statement.execute(params![id.0, place.0.number(), place.1]).map(|_| ()).map_err(file)
    }

    /// Explorers do not agree about a transaction of a script.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn put_disagreement(&self, row: &AccountRow, what: &HistoryDisagreement) -> Result<(), LedgerError> {
        let sql = "INSERT OR REPLACE INTO disagreements (account, keychain, idx, txid, has, lacks, at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let HistoryDisagreement { keychain, index, txid, has, lacks } = what;
        let values = params![row.id.0, keychain.number(), index, txid, has, lacks, now()];
        self.db.execute(sql, values).map(|_| ()).map_err(file)
    }

    /// Everything that explorers do not agree on, by script.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn disagreements(&self, id: AccountId) -> Result<Vec<HistoryDisagreement>, LedgerError> {
        let sql = "SELECT keychain, idx, txid, has, lacks FROM disagreements WHERE account = ?1
                   ORDER BY keychain, idx, txid, lacks";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let rows = statement.query_map([id.0], |row| {
            Ok(HistoryDisagreement {
                keychain: keychain(row.get(0)?),
                index: row.get(1)?,
                txid: row.get(2)?,
                has: row.get(3)?,
                lacks: row.get(4)?,
            })
        });
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }

    /// Who said of which script exactly what is known of it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn opinions(&self, id: AccountId) -> Result<BTreeMap<(Keychain, u32), String>, LedgerError> {
        let sql = "SELECT keychain, idx, operator FROM opinions WHERE account = ?1";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let rows = statement.query_map([id.0], |row| Ok(((keychain(row.get(0)?), row.get(1)?), row.get(2)?)));
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }

    /// Scripts that somebody else confirmed at this time or later, in seconds since 1970.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn opinions_since(&self, id: AccountId, since: u64) -> Result<BTreeSet<(Keychain, u32)>, LedgerError> {
        let sql = "SELECT keychain, idx FROM opinions WHERE account = ?1 AND at >= ?2";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let rows = statement.query_map(params![id.0, since], |row| Ok((keychain(row.get(0)?), row.get(1)?)));
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }

    /// Who agrees about the scripts of an account that hold coins.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn agreed_by(&self, id: AccountId) -> Result<Vec<String>, LedgerError> {
        let sql = "WITH held AS (SELECT DISTINCT o.operator, o.beside FROM opinions o
                     JOIN coins c USING (account, keychain, idx) WHERE o.account = ?1 AND c.spent_by IS NULL)
                   SELECT beside FROM held UNION SELECT operator FROM held ORDER BY 1";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let rows = statement.query_map([id.0], |row| row.get(0));
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }

    /// Scripts with unspent coins that nobody else confirmed, those with the largest coins first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn unconfirmed_holders(&self, id: AccountId) -> Result<Vec<(Keychain, u32)>, LedgerError> {
        let sql = "SELECT c.keychain, c.idx FROM coins c LEFT JOIN opinions o USING (account, keychain, idx)
                   WHERE c.account = ?1 AND c.spent_by IS NULL AND o.account IS NULL
                   GROUP BY c.keychain, c.idx ORDER BY max(c.value) DESC, c.keychain, c.idx";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let rows = statement.query_map([id.0], |row| Ok((keychain(row.get(0)?), row.get(1)?)));
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }
}
