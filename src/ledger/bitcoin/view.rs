//! What an account's transactions mean together: its coins, who spends them, and which of two rivals counts.
//!
//! Derived in memory from rows that were checked when they came in; written back as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bitcoin::{OutPoint, ScriptBuf, Transaction, Txid, consensus, hashes::Hash};
use rusqlite::params;

use super::{AccountRow, coins::DerivedCoin};
use crate::{
    account::Keychain,
    ledger::{Ledger, LedgerError, file},
};

/// Everything about an account's transactions, in memory.
pub(super) struct View {
    coins: BTreeMap<OutPoint, DerivedCoin>,
    transactions: Vec<Transaction>,
    /// The first that cannot count: it spends a coin of ours and is not signed for it, or one that another before it spends.
    pub(super) refused: Option<Txid>,
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

/// A transaction with how much it counts.
struct Ranked {
    rank: Rank,
    txid: Txid,
    transaction: Transaction,
    /// Its signatures for coins of ours were accepted, or a block that was proven holds it, or it was signed here.
    may_spend: bool,
}

/// Unconfirmed transactions that spend from one that is gone, or from another of these.
fn lost(gone: BTreeSet<Txid>, transactions: &[Ranked]) -> BTreeSet<Txid> {
    let mut lost = gone;
    loop {
        let spends_lost = |transaction: &Transaction, lost: &BTreeSet<Txid>| {
            transaction.input.iter().any(|input| lost.contains(&input.previous_output.txid))
        };
        let unconfirmed = transactions.iter().filter(|one| !one.rank.is_in_block());
        let found = unconfirmed.filter(|one| !lost.contains(&one.txid) && spends_lost(&one.transaction, &lost));
        let found: Vec<Txid> = found.map(|one| one.txid).collect();
        if found.is_empty() {
            return lost;
        }
        lost.extend(found);
    }
}

/// The transactions of an account that count so far, those first that count more: of equal rank the lowest block first, then
/// the newest.
fn ranked(ledger: &Ledger, row: &AccountRow) -> Result<Vec<Ranked>, LedgerError> {
    let (sent, ours) = (ledger.sent_ids(row.account.network)?, ledger.signed_ids(row.account.network)?);
    let sql = "SELECT DISTINCT x.raw, x.height, x.first_seen, x.txid,
                 EXISTS (SELECT 1 FROM proofs p WHERE p.txid = x.txid AND p.network = x.network
                         AND p.block_hash = x.block_hash AND p.height = x.height), x.signed
               FROM script_transactions t JOIN transactions x ON x.txid = t.txid AND x.network = ?2
               WHERE t.account = ?1 AND x.gone = 0 ORDER BY x.height IS NULL, x.height, x.first_seen DESC, x.txid";
    let mut statement = ledger.db.prepare(sql).map_err(file)?;
    let values = params![row.id.0, row.account.network.name()];
    let rows = statement.query_map(values, |row| {
        let (raw, height): (Vec<u8>, Option<u32>) = (row.get(0)?, row.get(1)?);
        Ok((raw, height, row.get::<_, bool>(4)?, row.get::<_, bool>(5)?))
    });
    let mut transactions = Vec::new();
    for row in rows.map_err(file)? {
        let (raw, height, is_proven, is_signed) = row.map_err(file)?;
        let transaction: Transaction = consensus::deserialize(&raw).map_err(|_| LedgerError::Damaged("transaction"))?;
        let txid = transaction.compute_txid();
        let id = txid.to_string();
        let rank = match height {
            Some(_) if is_proven => Rank::Proven,
            Some(_) if ours.contains(&id) => Rank::OursInBlock,
            None if sent.contains(&id) => Rank::Ours,
            Some(_) => Rank::InBlock,
            None => Rank::Waiting,
        };
        let may_spend = is_proven || is_signed || ours.contains(&id);
        transactions.push(Ranked { rank, txid, transaction, may_spend });
    }
    transactions.sort_by_key(|one| one.rank);
    Ok(transactions)
}

impl View {
    pub(super) fn read(ledger: &Ledger, row: &AccountRow) -> Result<Self, LedgerError> {
        let scripts = ledger.script_places(row.id)?;
        let transactions = ranked(ledger, row)?;
        let lost = lost(ledger.gone_ids(row.account.network)?, &transactions);
        let mut view = Self { coins: BTreeMap::new(), transactions: Vec::new(), refused: None };
        // What can come to no block as things stand pays nobody, us neither; its own coins stay spent, for it may come back.
        for one in transactions.iter().filter(|one| !lost.contains(&one.txid)) {
            view.add_outputs(&one.transaction, one.txid, &scripts);
        }
        view.refused = view.without_right(&transactions);
        if view.refused.is_none() {
            view.spend(transactions);
        }
        Ok(view)
    }

    /// The first that spends a coin of ours and is not known to be signed for it. Anyone can write one that names our coin:
    /// it is looked for before rivals are compared, for it must not displace one that counts.
    fn without_right(&self, transactions: &[Ranked]) -> Option<Txid> {
        let spends_ours =
            |one: &&Ranked| one.transaction.input.iter().any(|input| self.coins.contains_key(&input.previous_output));
        transactions.iter().filter(|one| !one.may_spend).find(spends_ours).map(|one| one.txid)
    }

    /// Notes who spends what; of two that spend the same coin the later one is refused.
    fn spend(&mut self, transactions: Vec<Ranked>) {
        let mut spent: HashMap<OutPoint, Txid> = HashMap::new();
        for Ranked { txid, transaction, .. } in transactions {
            for input in &transaction.input {
                if spent.insert(input.previous_output, txid).is_some() && !transaction.is_coinbase() {
                    self.refused = Some(txid);
                    return;
                }
            }
            self.transactions.push(transaction);
        }
        for (outpoint, coin) in &mut self.coins {
            coin.spent_by = spent.get(outpoint).copied();
        }
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
            // Listed for a script of ours without a coin that it made or spends: nothing shows that it concerns us.
            if (received, sent) == (0, 0) {
                continue;
            }
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
