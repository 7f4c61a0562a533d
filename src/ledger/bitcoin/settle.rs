//! What changed is settled: the coins, sums and net amounts of the transactions that something happened to, and of those that
//! depend on them. The cost is that of the change, however long the history is.
//!
//! The meaning is that of view.rs, which derives everything anew; a property test holds both together. Nothing is asked, and
//! raw transactions are not changed but for being marked gone.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{OutPoint, Txid, hashes::Hash};
use rusqlite::{OptionalExtension, params};

use super::{AccountId, AccountRow, neighbourhood::Neighbourhood, raw_index::index_all};
use crate::{
    ledger::{Ledger, LedgerError, file},
    network::Network,
};

impl Ledger {
    /// Settles what changed in an account since it was settled last, and in every other account of its network.
    ///
    /// What spends a coin of ours and is not signed for it is marked gone. Of two transactions that spend the same coin the
    /// confirmed one stays, else the one of our journal (what an explorer shows in its place need not even be signed), else
    /// the one seen last; the other is marked gone.
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub fn settle(&self, row: &AccountRow) -> Result<(), LedgerError> {
        #[cfg(test)]
        if self.derives_anew.get() {
            return self.rebuild();
        }
        let network = row.account.network;
        loop {
            let mut around = Vec::new();
            for id in self.unsettled_accounts(network)? {
                around.push(Neighbourhood::read(self, id, network, self.unsettled(id)?)?);
            }
            let loser = match around.iter().find_map(Neighbourhood::without_right) {
                Some(loser) => Some(loser),
                None => around.iter().find_map(Neighbourhood::rival),
            };
            match loser {
                Some(loser) => self.drop_with_children(network, loser)?,
                None => return around.iter().try_for_each(|around| self.write_settled(around)),
            }
        }
    }

    fn write_settled(&self, around: &Neighbourhood<'_>) -> Result<(), LedgerError> {
        around.write()?;
        self.db.execute("DELETE FROM unsettled WHERE account = ?1", [around.id.0]).map(|_| ()).map_err(file)
    }

    fn unsettled_accounts(&self, network: Network) -> Result<Vec<AccountId>, LedgerError> {
        let sql = "SELECT id FROM accounts WHERE network = ?1
                   AND EXISTS (SELECT 1 FROM unsettled WHERE account = id) ORDER BY id";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let rows = statement.query_map([network.name()], |row| Ok(AccountId(row.get(0)?))).map_err(file)?;
        rows.collect::<Result<_, _>>().map_err(file)
    }

    fn unsettled(&self, id: AccountId) -> Result<Vec<Txid>, LedgerError> {
        let mut statement = self.db.prepare_cached("SELECT txid FROM unsettled WHERE account = ?1").map_err(file)?;
        let rows = statement.query_map([id.0], |row| Ok(Txid::from_byte_array(row.get(0)?))).map_err(file)?;
        rows.collect::<Result<_, _>>().map_err(file)
    }

    /// A transaction that lost its coins takes with it every unconfirmed one that spends from it, own or not.
    pub(super) fn drop_with_children(&self, network: Network, txid: Txid) -> Result<(), LedgerError> {
        let mut waiting = vec![txid];
        let mut lost = BTreeSet::new();
        while let Some(txid) = waiting.pop() {
            if lost.insert(txid) {
                self.set_gone(network, txid.to_byte_array())?;
                waiting.extend(self.unconfirmed_children(network, txid)?);
            }
        }
        Ok(())
    }

    fn unconfirmed_children(&self, network: Network, txid: Txid) -> Result<Vec<Txid>, LedgerError> {
        let sql = "SELECT DISTINCT i.txid FROM inputs i JOIN transactions x ON x.txid = i.txid
                   WHERE i.prev_txid = ?1 AND x.network = ?2 AND x.gone = 0 AND x.height IS NULL";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = params![txid.to_byte_array(), network.name()];
        let rows = statement.query_map(values, |row| Ok(Txid::from_byte_array(row.get(0)?))).map_err(file)?;
        rows.collect::<Result<_, _>>().map_err(file)
    }

    /// Every known transaction that spends a coin, whether it counts or not.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn spenders(&self, coin: OutPoint) -> Result<Vec<Txid>, LedgerError> {
        let sql = "SELECT txid FROM inputs WHERE prev_txid = ?1 AND prev_vout = ?2";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = params![coin.txid.to_byte_array(), coin.vout];
        let rows = statement.query_map(values, |row| Ok(Txid::from_byte_array(row.get(0)?))).map_err(file)?;
        rows.collect::<Result<_, _>>().map_err(file)
    }

    /// The transaction of an account that counts and spends a coin.
    pub(super) fn counted_spender(
        &self,
        id: AccountId,
        network: Network,
        coin: OutPoint,
    ) -> Result<Option<Txid>, LedgerError> {
        let sql = "SELECT i.txid FROM inputs i JOIN transactions x ON x.txid = i.txid AND x.network = ?4 AND x.gone = 0
                   WHERE i.prev_txid = ?2 AND i.prev_vout = ?3
                     AND EXISTS (SELECT 1 FROM script_transactions t WHERE t.txid = i.txid AND t.account = ?1)
                   ORDER BY i.txid LIMIT 1";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = params![id.0, coin.txid.to_byte_array(), coin.vout, network.name()];
        statement.query_row(values, |row| Ok(Txid::from_byte_array(row.get(0)?))).optional().map_err(file)
    }

    /// Derives everything that is derived anew from raw transactions: for `doctor --rebuild-ledger`, and for tests, which hold
    /// it against what is settled change by change.
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub fn rebuild(&self) -> Result<(), LedgerError> {
        self.db.execute_batch("DELETE FROM inputs; DELETE FROM outputs;").map_err(file)?;
        index_all(&self.db)?;
        let mut by_network: BTreeMap<&str, Vec<AccountRow>> = BTreeMap::new();
        for row in self.all_accounts(None)? {
            by_network.entry(row.account.network.name()).or_default().push(row);
        }
        by_network.into_values().try_for_each(|rows| self.derive_anew(&rows))
    }
}
