//! What an account's transactions mean together: its coins, who spends them, and which of two rivals counts.
//!
//! Derived in memory from rows that were checked when they came in; written back as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bitcoin::{OutPoint, ScriptBuf, Transaction, Txid, consensus, hashes::Hash};
use rusqlite::params;

use super::{AccountRow, Ledger, LedgerError, coins::DerivedCoin, file};
use crate::account::Keychain;

/// Everything about an account's transactions, in memory.
pub(super) struct View {
    coins: BTreeMap<OutPoint, DerivedCoin>,
    transactions: Vec<Transaction>,
    /// The first that spends a coin which one before it spends.
    pub(super) conflict: Option<Txid>,
}

/// How much a transaction counts against another that spends the same coin, those first that count more.
///
/// What is said to be in a block need not even be signed: it does not push out a payment of our own. Once it is proven, or
/// a sync or `track` found that it is signed, it does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Proven to be in a block.
    Proven,
    /// Ours, and said to be in a block.
    OursInBlock,
    /// Ours, sent, and neither refused nor replaced.
    Ours,
    /// Said to be in a block.
    InBlock,
    /// Said to wait.
    Waiting,
}

impl Rank {
    const fn is_in_block(self) -> bool {
        matches!(self, Self::Proven | Self::OursInBlock | Self::InBlock)
    }
}

/// A transaction with its rank and its id.
type Ranked = (Rank, Txid, Transaction);

/// Unconfirmed transactions that spend from one that is gone, or from another of these.
fn lost(gone: BTreeSet<Txid>, transactions: &[Ranked]) -> BTreeSet<Txid> {
    let mut lost = gone;
    loop {
        let spends_lost = |transaction: &Transaction, lost: &BTreeSet<Txid>| {
            transaction.input.iter().any(|input| lost.contains(&input.previous_output.txid))
        };
        let unconfirmed = transactions.iter().filter(|(rank, ..)| !rank.is_in_block());
        let found = unconfirmed.filter(|(_, txid, tx)| !lost.contains(txid) && spends_lost(tx, &lost));
        let found: Vec<Txid> = found.map(|(_, txid, ..)| *txid).collect();
        if found.is_empty() {
            return lost;
        }
        lost.extend(found);
    }
}

impl View {
    pub(super) fn read(ledger: &Ledger, row: &AccountRow) -> Result<Self, LedgerError> {
        let scripts = ledger.script_places(row.id)?;
        let (sent, ours) = (ledger.sent_ids(row.account.network)?, ledger.signed_ids(row.account.network)?);
        // Of equal rank the lowest block first, then the newest: the first that spends a coin is the one that counts.
        let sql = "SELECT DISTINCT x.raw, x.height, x.first_seen, x.txid,
                     EXISTS (SELECT 1 FROM proofs p WHERE p.txid = x.txid AND p.network = x.network
                             AND p.block_hash = x.block_hash AND p.height = x.height)
                   FROM script_transactions t JOIN transactions x ON x.txid = t.txid AND x.network = ?2
                   WHERE t.account = ?1 AND x.gone = 0 ORDER BY x.height IS NULL, x.height, x.first_seen DESC, x.txid";
        let mut statement = ledger.db.prepare(sql).map_err(file)?;
        let values = params![row.id.0, row.account.network.name()];
        let raws = statement.query_map(values, |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<u32>>(1)?, row.get::<_, bool>(4)?))
        });
        let mut transactions: Vec<Ranked> = Vec::new();
        for raw in raws.map_err(file)? {
            let (raw, height, is_proven) = raw.map_err(file)?;
            let transaction: Transaction =
                consensus::deserialize(&raw).map_err(|_| LedgerError::Damaged("transaction"))?;
            let txid = transaction.compute_txid();
            let id = txid.to_string();
            let rank = match height {
                Some(_) if is_proven => Rank::Proven,
                Some(_) if ours.contains(&id) => Rank::OursInBlock,
                None if sent.contains(&id) => Rank::Ours,
                Some(_) => Rank::InBlock,
                None => Rank::Waiting,
            };
            transactions.push((rank, txid, transaction));
        }
        transactions.sort_by_key(|(rank, ..)| *rank);
        let mut view = Self { coins: BTreeMap::new(), transactions: Vec::new(), conflict: None };
        let mut spent: HashMap<OutPoint, Txid> = HashMap::new();
        let lost = lost(ledger.gone_ids(row.account.network)?, &transactions);
        for (_, txid, transaction) in transactions {
            for input in &transaction.input {
                if spent.insert(input.previous_output, txid).is_some() && !transaction.is_coinbase() {
                    view.conflict = Some(txid);
                    return Ok(view);
                }
            }
            // What can come to no block as things stand pays nobody, us neither; its own coins stay spent, for it may come back.
            if !lost.contains(&txid) {
                view.add_outputs(&transaction, txid, &scripts);
            }
            view.transactions.push(transaction);
        }
        for (outpoint, coin) in &mut view.coins {
            coin.spent_by = spent.get(outpoint).copied();
        }
        Ok(view)
    }

    fn add_outputs(&mut self, transaction: &Transaction, txid: Txid, scripts: &HashMap<ScriptBuf, (Keychain, u32)>) {
        for (vout, output) in (0u32..).zip(&transaction.output) {
            if let Some((keychain, index)) = scripts.get(&output.script_pubkey) {
                let coin =
                    DerivedCoin { keychain: *keychain, index: *index, value: output.value.to_sat(), spent_by: None };
                self.coins.insert(OutPoint { txid, vout }, coin);
            }
        }
    }

    pub(super) fn write(&self, ledger: &Ledger, row: &AccountRow) -> Result<(), LedgerError> {
        ledger.replace_coins(row.id, &self.coins)?;
        ledger.db.execute("DELETE FROM account_transactions WHERE account = ?1", [row.id.0]).map_err(file)?;
        let sql = "INSERT INTO account_transactions (account, txid, received, sent, fee) VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut statement = ledger.db.prepare(sql).map_err(file)?;
        for transaction in &self.transactions {
            let txid = transaction.compute_txid();
            let received = self.sum((0u32..).zip(&transaction.output).map(|(vout, _)| OutPoint { txid, vout }));
            let sent = self.sum(transaction.input.iter().map(|input| input.previous_output));
            let all_ours = transaction.input.iter().all(|input| self.coins.contains_key(&input.previous_output));
            let paid = transaction.output.iter().fold(0u64, |sum, output| sum.saturating_add(output.value.to_sat()));
            let fee = if all_ours { sent.checked_sub(paid) } else { None };
            statement.execute(params![row.id.0, txid.to_byte_array(), received, sent, fee]).map_err(file)?;
        }
        Ok(())
    }

    fn sum(&self, outpoints: impl Iterator<Item = OutPoint>) -> u64 {
        outpoints.filter_map(|outpoint| self.coins.get(&outpoint)).fold(0, |sum, coin| sum.saturating_add(coin.value))
    }
}
