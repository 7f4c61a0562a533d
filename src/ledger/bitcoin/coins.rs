//! Rows of coins: derived from transactions, with the one thing that is a person's own: whether a coin is frozen.

use bitcoin::{OutPoint, Txid, hashes::Hash};
use rusqlite::{OptionalExtension, params};

use super::{AccountId, AccountRow, scripts::keychain};
use crate::{
    account::Keychain,
    ledger::{Ledger, LedgerError, Limit, file},
    network::Network,
    request::Freeze,
    review::Evidence,
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
    /// Part of `unconfirmed` that transactions which spend only coins of this account bring back to it.
    pub returning: u64,
    /// Part of both that is frozen.
    pub frozen: u64,
    /// Part of `confirmed` that is block rewards which the next block may not spend yet.
    pub immature: u64,
    /// The first block that may spend all of them.
    pub matures_at: Option<u32>,
}

/// The block that a transaction of today can be in.
#[derive(Clone, Copy)]
struct NextBlock {
    network: Network,
    height: u32,
}

impl NextBlock {
    /// The first block that may spend the reward of a block, if that is a later one.
    fn matures_at(self, height: u32) -> Option<u32> {
        Some(self.network.matures_at(height)).filter(|first| *first > self.height)
    }
}

impl Ledger {
    /// Writes a coin that counts; whether it is frozen stays as it is.
    pub(super) fn put_coin(
        &self,
        id: AccountId,
        network: Network,
        outpoint: OutPoint,
        coin: &DerivedCoin,
    ) -> Result<(), LedgerError> {
        let sql =
            "INSERT INTO coins (account, txid, vout, keychain, idx, value, spent_by, height, proven, agreed, reward)
                   SELECT ?1, x.txid, ?3, ?4, ?5, ?6, ?7, x.height,
                     EXISTS (SELECT 1 FROM proofs p WHERE p.txid = x.txid AND p.network = x.network
                             AND p.block_hash = x.block_hash AND p.height = x.height),
                     EXISTS (SELECT 1 FROM opinions o WHERE o.account = ?1 AND o.keychain = ?4 AND o.idx = ?5),
                     substr(x.raw, 6, 36) = ?9 OR substr(x.raw, 8, 36) = ?9
                   FROM transactions x WHERE x.txid = ?2 AND x.network = ?8
                   ON CONFLICT DO UPDATE SET keychain = excluded.keychain, idx = excluded.idx, value = excluded.value,
                     spent_by = excluded.spent_by, height = excluded.height, proven = excluded.proven,
                     agreed = excluded.agreed, reward = excluded.reward, counts = 1";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = params![
            id.0,
            outpoint.txid.to_byte_array(),
            outpoint.vout,
            coin.keychain.number(),
            coin.index,
            coin.value,
            coin.spent_by.map(|txid| txid.to_byte_array()),
            network.name(),
            NO_OUTPOINT,
        ];
        statement.execute(values).map(|_| ()).map_err(file)
    }

    /// A coin does not count, or there is none. A frozen one keeps its row, unseen: if it comes back, it is frozen still.
    pub(super) fn remove_coin(&self, id: AccountId, outpoint: OutPoint) -> Result<(), LedgerError> {
        for sql in [
            "DELETE FROM coins WHERE account = ?1 AND txid = ?2 AND vout = ?3 AND frozen = 0",
            "UPDATE coins SET counts = 0 WHERE account = ?1 AND txid = ?2 AND vout = ?3 AND counts = 1",
        ] {
            let mut statement = self.db.prepare_cached(sql).map_err(file)?;
            statement.execute(params![id.0, outpoint.txid.to_byte_array(), outpoint.vout]).map_err(file)?;
        }
        Ok(())
    }

    /// Writes who spends a coin, if it is one of the account.
    pub(super) fn set_spender(
        &self,
        id: AccountId,
        outpoint: OutPoint,
        spender: Option<Txid>,
    ) -> Result<(), LedgerError> {
        let sql =
            "UPDATE coins SET spent_by = ?4 WHERE account = ?1 AND txid = ?2 AND vout = ?3 AND spent_by IS NOT ?4";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let spender = spender.map(|txid| txid.to_byte_array());
        let values = params![id.0, outpoint.txid.to_byte_array(), outpoint.vout, spender];
        statement.execute(values).map(|_| ()).map_err(file)
    }

    /// A coin of the account that counts, spent or not.
    pub(super) fn counted_coin(&self, id: AccountId, outpoint: OutPoint) -> Result<Option<DerivedCoin>, LedgerError> {
        let sql = "SELECT keychain, idx, value, spent_by FROM coins
                   WHERE account = ?1 AND txid = ?2 AND vout = ?3 AND counts = 1";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = params![id.0, outpoint.txid.to_byte_array(), outpoint.vout];
        let row = statement.query_row(values, |row| {
            let spent_by: Option<[u8; 32]> = row.get(3)?;
            Ok(DerivedCoin {
                keychain: keychain(row.get(0)?),
                index: row.get(1)?,
                value: row.get(2)?,
                spent_by: spent_by.map(txid),
            })
        });
        row.optional().map_err(file)
    }

    /// Every coin of an account that has a row, whether it counts or not.
    pub(super) fn coins_with_rows(&self, id: AccountId) -> Result<Vec<OutPoint>, LedgerError> {
        let mut statement = self.db.prepare("SELECT txid, vout FROM coins WHERE account = ?1").map_err(file)?;
        let rows = statement.query_map([id.0], |row| Ok(OutPoint { txid: txid(row.get(0)?), vout: row.get(1)? }));
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }

    /// The unspent coins of an account, largest first, at most `limit`.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn coins(&self, id: AccountId, limit: Limit) -> Result<Vec<CoinRow>, LedgerError> {
        let sql = "SELECT c.txid, c.vout, c.keychain, c.idx, c.value, c.height, c.frozen,
                     EXISTS (SELECT 1 FROM account_transactions a WHERE a.account = c.account AND a.txid = c.txid
                             AND a.fee IS NOT NULL AND a.sent > 0), 2 * c.proven, c.agreed, c.reward
                   FROM coins c INDEXED BY coins_by_value WHERE c.account = ?1 AND c.spent_by IS NULL AND c.counts = 1
                   ORDER BY c.value DESC, c.txid, c.vout LIMIT ?2";
        let next = self.next_block(id)?;
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let rows = statement.query_map(params![id.0, limit.rows()], |row| {
            let (height, is_reward): (Option<u32>, bool) = (row.get(5)?, row.get(10)?);
            Ok(CoinRow {
                matures_at: height.filter(|_| is_reward).zip(next).and_then(|(height, next)| next.matures_at(height)),
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

    /// The network of an account and the height of its next block, counted from the lower of two tips; nothing before the
    /// first sync.
    fn next_block(&self, id: AccountId) -> Result<Option<NextBlock>, LedgerError> {
        let sql =
            "SELECT network, min(tip_height, coalesce(second_height, tip_height)) + 1 FROM accounts WHERE id = ?1";
        let row = self.db.query_row(sql, [id.0], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<u32>>(1)?)));
        let (network, height) = row.map_err(file)?;
        let network = network.parse().map_err(|_| LedgerError::Damaged("account"))?;
        Ok(height.map(|height| NextBlock { network, height }))
    }

    /// Sums over the unspent coins of an account.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn balance(&self, id: AccountId) -> Result<Balance, LedgerError> {
        let sql = "SELECT confirmed, proven, agreed, frozen, coins, value FROM sums WHERE account = ?1";
        let mut balance = Balance::default();
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let mut rows = statement.query([id.0]).map_err(file)?;
        while let Some(row) = rows.next().map_err(file)? {
            let is = |column: usize| row.get::<_, bool>(column).map_err(file);
            let (coins, value): (u64, u64) = (row.get(4).map_err(file)?, row.get(5).map_err(file)?);
            let (confirmed, proven, agreed, frozen) = (is(0)?, is(1)?, is(2)?, is(3)?);
            let (sum, count) = if confirmed {
                (&mut balance.confirmed, &mut balance.confirmed_coins)
            } else {
                (&mut balance.unconfirmed, &mut balance.unconfirmed_coins)
            };
            *sum = sum.saturating_add(value);
            *count = count.saturating_add(coins);
            let parts = [
                (proven, &mut balance.proven),
                (confirmed && agreed, &mut balance.agreed),
                (frozen, &mut balance.frozen),
            ];
            for (_, part) in parts.into_iter().filter(|(holds, _)| *holds) {
                *part = part.saturating_add(value);
            }
        }
        balance.youngest_height = self.youngest(id)?;
        balance.returning = self.returning(id)?;
        self.add_immature(id, &mut balance)?;
        Ok(balance)
    }

    /// Height of the youngest coin in a block.
    fn youngest(&self, id: AccountId) -> Result<Option<u32>, LedgerError> {
        let sql = "SELECT max(height) FROM coins INDEXED BY coins_by_height
                   WHERE account = ?1 AND spent_by IS NULL AND counts = 1";
        self.db.query_row(sql, [id.0], |row| row.get(0)).map_err(file)
    }

    /// What unconfirmed transactions of our own bring back.
    fn returning(&self, id: AccountId) -> Result<u64, LedgerError> {
        let sql = "SELECT c.value FROM coins c INDEXED BY coins_by_height
                   WHERE c.account = ?1 AND c.height IS NULL AND c.spent_by IS NULL AND c.counts = 1
                     AND EXISTS (SELECT 1 FROM account_transactions a WHERE a.account = c.account AND a.txid = c.txid
                                 AND a.fee IS NOT NULL AND a.sent > 0)";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let values = statement.query_map([id.0], |row| row.get::<_, u64>(0)).map_err(file)?;
        values.map(|value| value.map_err(file)).try_fold(0u64, |sum, value| Ok(sum.saturating_add(value?)))
    }

    /// Block rewards that the next block may not spend yet: those of the last hundred blocks.
    fn add_immature(&self, id: AccountId, balance: &mut Balance) -> Result<(), LedgerError> {
        let Some(next) = self.next_block(id)? else { return Ok(()) };
        let sql = "SELECT height, value FROM coins INDEXED BY coins_of_blocks
                   WHERE account = ?1 AND spent_by IS NULL AND counts = 1 AND reward = 1 AND height > ?2";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let young = next.height.saturating_sub(next.network.matures_at(0));
        let mut rows = statement.query(params![id.0, young]).map_err(file)?;
        while let Some(row) = rows.next().map_err(file)? {
            let (height, value): (u32, u64) = (row.get(0).map_err(file)?, row.get(1).map_err(file)?);
            if let Some(first) = next.matures_at(height) {
                balance.immature = balance.immature.saturating_add(value);
                balance.matures_at = balance.matures_at.max(Some(first));
            }
        }
        Ok(())
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
        let sql = "UPDATE coins SET frozen = ?4 WHERE account = ?1 AND txid = ?2 AND vout = ?3
                   AND spent_by IS NULL AND counts = 1";
        let frozen = freeze == Freeze::Frozen;
        let values = params![id.0, outpoint.txid.to_byte_array(), outpoint.vout, frozen];
        self.db.execute(sql, values).map(|rows| rows > 0).map_err(file)
    }
}

fn txid(bytes: [u8; 32]) -> Txid {
    Txid::from_byte_array(bytes)
}
