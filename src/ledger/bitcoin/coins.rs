//! Rows of coins: derived from transactions, with the one thing that is a person's own: whether a coin is frozen.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{OutPoint, Txid, hashes::Hash};
use rusqlite::{OptionalExtension, params};

use super::{AccountId, AccountRow, scripts::keychain};
use crate::review::Evidence;
use crate::{
    account::Keychain,
    ledger::{Ledger, LedgerError, file},
    network,
    request::Freeze,
};

/// What the only input of a block's first transaction names as its coin, as bytes; in the raw transaction it begins at the
/// sixth byte or, with witnesses (BIP-144), at the eighth.
const NO_OUTPOINT: [u8; 36] = {
    let mut bytes = [0; 36];
    [bytes[32], bytes[33], bytes[34], bytes[35]] = [0xff; 4];
    bytes
};

/// A coin as derived from a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DerivedCoin {
    pub(super) keychain: Keychain,
    pub(super) index: u32,
    pub(super) value: u64,
    pub(super) spent_by: Option<Txid>,
}

/// An unspent coin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoinRow {
    /// Where it is.
    pub outpoint: OutPoint,
    /// Chain of the account that its script is on.
    pub keychain: Keychain,
    /// Address index of its script.
    pub index: u32,
    /// Satoshi.
    pub value: u64,
    /// Height, if confirmed.
    pub height: Option<u32>,
    /// Whether its transaction spends only coins of this account.
    pub own: bool,
    /// Frozen by the person or not.
    pub freeze: Freeze,
    /// What stands behind its confirmation; `Said` while it is unconfirmed.
    pub evidence: Evidence,
    /// What stands behind its being unspent: `Agreed` at best, for nothing proves that.
    pub unspent: Evidence,
    /// The first block that may spend it, if it is a block reward and the next block may not.
    pub matures_at: Option<u32>,
}

/// What an account holds, in satoshi.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// In blocks.
    pub confirmed: u64,
    /// Number of confirmed coins.
    pub confirmed_coins: u64,
    /// Part of `confirmed` whose arrival is proven.
    pub proven: u64,
    /// Part of `confirmed` of which two organisations say that it is there and unspent.
    pub agreed: u64,
    /// Height of the youngest confirmed coin.
    pub youngest_height: Option<u32>,
    /// Not yet in a block.
    pub unconfirmed: u64,
    /// Number of unconfirmed coins.
    pub unconfirmed_coins: u64,
    /// Part of both that is frozen.
    pub frozen: u64,
    /// Part of `confirmed` that is block rewards which the next block may not spend yet.
    pub immature: u64,
    /// The first block that may spend all of them.
    pub matures_at: Option<u32>,
}

impl Ledger {
    pub(super) fn replace_coins(
        &self,
        id: AccountId,
        coins: &BTreeMap<OutPoint, DerivedCoin>,
    ) -> Result<(), LedgerError> {
        let frozen = self.frozen(id)?;
        // A frozen coin whose transaction is gone keeps its row, unseen: if it comes back, it is frozen still.
        self.db.execute("DELETE FROM coins WHERE account = ?1 AND frozen = 0", [id.0]).map_err(file)?;
        let sql = "INSERT OR REPLACE INTO coins (account, txid, vout, keychain, idx, value, spent_by, frozen)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        for (outpoint, coin) in coins {
            let values = params![
                id.0,
                outpoint.txid.to_byte_array(),
                outpoint.vout,
                coin.keychain.number(),
                coin.index,
                coin.value,
                coin.spent_by.map(|txid| txid.to_byte_array()),
                frozen.contains(outpoint)
            ];
            statement.execute(values).map_err(file)?;
        }
        Ok(())
    }

    fn frozen(&self, id: AccountId) -> Result<BTreeSet<OutPoint>, LedgerError> {
        let mut statement =
            self.db.prepare("SELECT txid, vout FROM coins WHERE account = ?1 AND frozen = 1").map_err(file)?;
        let rows = statement.query_map([id.0], |row| Ok(OutPoint { txid: txid(row.get(0)?), vout: row.get(1)? }));
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }

    /// The unspent coins of an account, largest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn coins(&self, id: AccountId) -> Result<Vec<CoinRow>, LedgerError> {
        // Only young transactions are looked at for whether they are block rewards: the others are spent like any.
        let sql =
            "SELECT c.txid, c.vout, c.keychain, c.idx, c.value, x.height, c.frozen, a.fee IS NOT NULL AND a.sent > 0,
                   2 * EXISTS (SELECT 1 FROM proofs p
                           WHERE p.txid = x.txid AND p.network = x.network AND p.block_hash = x.block_hash
                             AND p.height = x.height),
                   EXISTS (SELECT 1 FROM opinions o
                           WHERE o.account = c.account AND o.keychain = c.keychain AND o.idx = c.idx),
                   x.height > min(k.tip_height, coalesce(k.witness_height, k.tip_height)) - 100
                     AND (substr(x.raw, 6, 36) = ?2 OR substr(x.raw, 8, 36) = ?2),
                   min(k.tip_height, coalesce(k.witness_height, k.tip_height))
                   FROM coins c JOIN accounts k ON k.id = c.account
                   JOIN transactions x ON x.txid = c.txid AND x.network = k.network
                   LEFT JOIN account_transactions a ON a.account = c.account AND a.txid = c.txid
                   WHERE c.account = ?1 AND c.spent_by IS NULL AND x.gone = 0 ORDER BY c.value DESC, c.txid, c.vout";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let rows = statement.query_map(params![id.0, NO_OUTPOINT], |row| {
            let (height, is_reward): (Option<u32>, bool) =
                (row.get(5)?, row.get::<_, Option<bool>>(10)?.unwrap_or(false));
            let matures_at = height.filter(|_| is_reward).map(network::matures_at);
            let next: u32 = row.get::<_, Option<u32>>(11)?.unwrap_or(0).saturating_add(1);
            Ok(CoinRow {
                matures_at: matures_at.filter(|first| *first > next),
                outpoint: OutPoint { txid: txid(row.get(0)?), vout: row.get(1)? },
                keychain: keychain(row.get(2)?),
                index: row.get(3)?,
                value: row.get(4)?,
                height,
                freeze: if row.get(6)? { Freeze::Frozen } else { Freeze::Free },
                own: row.get(7)?,
                evidence: row.get(8)?,
                unspent: row.get(9)?,
            })
        });
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }

    /// Sums over the unspent coins of an account.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn balance(&self, id: AccountId) -> Result<Balance, LedgerError> {
        let mut balance = Balance::default();
        for coin in self.coins(id)? {
            let (sum, count) = match coin.height {
                Some(height) => {
                    balance.youngest_height = Some(balance.youngest_height.map_or(height, |known| known.max(height)));
                    (&mut balance.confirmed, &mut balance.confirmed_coins)
                }
                None => (&mut balance.unconfirmed, &mut balance.unconfirmed_coins),
            };
            *sum = sum.saturating_add(coin.value);
            *count += 1;
            if coin.evidence == Evidence::Proven {
                balance.proven = balance.proven.saturating_add(coin.value);
            }
            if coin.height.is_some() && coin.unspent == Evidence::Agreed {
                balance.agreed = balance.agreed.saturating_add(coin.value);
            }
            if coin.matures_at.is_some() {
                balance.immature = balance.immature.saturating_add(coin.value);
                balance.matures_at = balance.matures_at.max(coin.matures_at);
            }
            if coin.freeze == Freeze::Frozen {
                balance.frozen = balance.frozen.saturating_add(coin.value);
            }
        }
        Ok(balance)
    }

    /// The place of one of our coins, spent or not.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn coin_place(&self, id: AccountId, outpoint: OutPoint) -> Result<Option<(Keychain, u32)>, LedgerError> {
        let sql = "SELECT keychain, idx FROM coins WHERE account = ?1 AND txid = ?2 AND vout = ?3";
        let values = params![id.0, outpoint.txid.to_byte_array(), outpoint.vout];
        let row = self.db.query_row(sql, values, |row| Ok((keychain(row.get(0)?), row.get(1)?))).optional();
        row.map_err(file)
    }

    /// The transaction that spends one of our coins, if one that counts does.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn spender(&self, id: AccountId, outpoint: OutPoint) -> Result<Option<Txid>, LedgerError> {
        let sql = "SELECT spent_by FROM coins WHERE account = ?1 AND txid = ?2 AND vout = ?3 AND spent_by IS NOT NULL";
        let values = params![id.0, outpoint.txid.to_byte_array(), outpoint.vout];
        self.db.query_row(sql, values, |row| row.get(0).map(txid)).optional().map_err(file)
    }

    /// How many of our coins from a transaction are spent.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn spenders_of(&self, row: &AccountRow, txid: Txid) -> Result<u32, LedgerError> {
        let sql = "SELECT count(*) FROM coins WHERE account = ?1 AND txid = ?2 AND spent_by IS NOT NULL";
        self.db.query_row(sql, params![row.id.0, txid.to_byte_array()], |row| row.get(0)).map_err(file)
    }

    /// Freezes a coin, or frees it.
    ///
    /// Returns whether the coin is there.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_frozen(&self, id: AccountId, outpoint: OutPoint, freeze: Freeze) -> Result<bool, LedgerError> {
        let sql = "UPDATE coins SET frozen = ?4 WHERE account = ?1 AND txid = ?2 AND vout = ?3 AND spent_by IS NULL";
        let frozen = freeze == Freeze::Frozen;
        let values = params![id.0, outpoint.txid.to_byte_array(), outpoint.vout, frozen];
        self.db.execute(sql, values).map(|rows| rows > 0).map_err(file)
    }
}

fn txid(bytes: [u8; 32]) -> Txid {
    Txid::from_byte_array(bytes)
}
