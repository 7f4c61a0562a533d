//! What an account's transactions mean together, derived anew from raw rows: its coins, who spends them, and which of two
//! rivals counts. The plain form of what settle.rs keeps up to date change by change.
//!
//! Derived in memory from rows that were checked when they came in; written back as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bitcoin::{OutPoint, ScriptBuf, Transaction, Txid, consensus, hashes::Hash};
use rusqlite::params;

use super::{
    AccountRow,
    coins::DerivedCoin,
    net::Net,
    rank::{RankFacts, Standing},
};
use crate::{
    account::Keychain,
    ledger::{Ledger, LedgerError, file},
};

/// A transaction with how much it counts.
struct Ranked {
    standing: Standing,
    txid: Txid,
    transaction: Transaction,
}

/// Everything about an account's transactions, in memory.
struct View {
    coins: BTreeMap<OutPoint, DerivedCoin>,
    /// Those that count so far, those first that count more.
    transactions: Vec<Ranked>,
}

/// Unconfirmed transactions that spend from one that is gone, or from another of these.
fn lost(gone: BTreeSet<Txid>, transactions: &[Ranked]) -> BTreeSet<Txid> {
    let mut lost = gone;
    loop {
        let spends_lost = |transaction: &Transaction, lost: &BTreeSet<Txid>| {
            transaction.input.iter().any(|input| lost.contains(&input.previous_output.txid))
        };
        let unconfirmed = transactions.iter().filter(|one| !one.standing.rank.is_in_block());
        let found = unconfirmed.filter(|one| !lost.contains(&one.txid) && spends_lost(&one.transaction, &lost));
        let found: Vec<Txid> = found.map(|one| one.txid).collect();
        if found.is_empty() {
            return lost;
        }
        lost.extend(found);
    }
}

/// The transactions of an account that count so far, those first that count more.
fn ranked(ledger: &Ledger, row: &AccountRow) -> Result<Vec<Ranked>, LedgerError> {
    let sql = "SELECT DISTINCT x.raw, x.height, x.first_seen,
                 EXISTS (SELECT 1 FROM proofs p WHERE p.txid = x.txid AND p.network = x.network
                         AND p.block_hash = x.block_hash AND p.height = x.height), x.signed
               FROM script_transactions t JOIN transactions x ON x.txid = t.txid AND x.network = ?2
               WHERE t.account = ?1 AND x.gone = 0";
    let mut statement = ledger.db.prepare(sql).map_err(file)?;
    let mut rows = statement.query(params![row.id.0, row.account.network.name()]).map_err(file)?;
    let mut transactions = Vec::new();
    while let Some(found) = rows.next().map_err(file)? {
        let raw: Vec<u8> = found.get(0).map_err(file)?;
        let transaction: Transaction = consensus::deserialize(&raw).map_err(|_| LedgerError::Damaged("transaction"))?;
        let txid = transaction.compute_txid();
        let standing = Standing::of(&RankFacts {
            txid,
            height: found.get(1).map_err(file)?,
            first_seen: found.get(2).map_err(file)?,
            is_proven: found.get(3).map_err(file)?,
            is_signed: found.get(4).map_err(file)?,
            journal: ledger.journal_state(row.account.network, txid)?,
        });
        transactions.push(Ranked { standing, txid, transaction });
    }
    transactions.sort_by_key(|one| one.standing);
    Ok(transactions)
}

impl View {
    fn read(ledger: &Ledger, row: &AccountRow) -> Result<Self, LedgerError> {
        let scripts = ledger.script_places(row.id)?;
        let transactions = ranked(ledger, row)?;
        let lost = lost(ledger.gone_ids(row.account.network)?, &transactions);
        let mut coins = BTreeMap::new();
        // What can come to no block as things stand pays nobody, us neither; its own coins stay spent, for it may come back.
        for one in transactions.iter().filter(|one| !lost.contains(&one.txid)) {
            coins.extend(outputs(one, &scripts));
        }
        Ok(Self { coins, transactions })
    }

    /// The first that spends a coin of ours and is not known to be signed for it. Anyone can write one that names our coin:
    /// it is looked for before rivals are compared, for it must not displace one that counts.
    fn without_right(&self) -> Option<Txid> {
        let spends_ours =
            |one: &&Ranked| one.transaction.input.iter().any(|input| self.coins.contains_key(&input.previous_output));
        self.transactions.iter().filter(|one| !one.standing.may_spend).find(spends_ours).map(|one| one.txid)
    }

    /// Notes who spends what; of two that spend the same coin the later one is the answer.
    fn spend(&mut self) -> Option<Txid> {
        let mut spent: HashMap<OutPoint, Txid> = HashMap::new();
        for Ranked { txid, transaction, .. } in &self.transactions {
            for input in transaction.input.iter().filter(|_| !transaction.is_coinbase()) {
                if spent.insert(input.previous_output, *txid).is_some() {
                    return Some(*txid);
                }
            }
        }
        for (outpoint, coin) in &mut self.coins {
            coin.spent_by = spent.get(outpoint).copied();
        }
        None
    }

    fn write(&self, ledger: &Ledger, row: &AccountRow) -> Result<(), LedgerError> {
        let (id, network) = (row.id, row.account.network);
        for outpoint in ledger.coins_with_rows(id)?.iter().filter(|outpoint| !self.coins.contains_key(outpoint)) {
            ledger.remove_coin(id, *outpoint)?;
        }
        for (outpoint, coin) in &self.coins {
            ledger.put_coin(id, network, *outpoint, coin)?;
        }
        ledger.db.execute("DELETE FROM account_transactions WHERE account = ?1", [id.0]).map_err(file)?;
        for one in &self.transactions {
            let made = (0u32..).take(one.transaction.output.len()).map(|vout| OutPoint { txid: one.txid, vout });
            let received = made.filter_map(|outpoint| self.value(&outpoint)).fold(0, u64::saturating_add);
            ledger.put_net(id, network, one.txid, Net::of(&one.transaction, received, |coin| self.value(coin)))?;
        }
        Ok(())
    }

    fn value(&self, outpoint: &OutPoint) -> Option<u64> {
        self.coins.get(outpoint).map(|coin| coin.value)
    }
}

fn outputs<'a>(
    one: &'a Ranked,
    scripts: &'a HashMap<ScriptBuf, (Keychain, u32)>,
) -> impl Iterator<Item = (OutPoint, DerivedCoin)> + 'a {
    (0u32..).zip(&one.transaction.output).filter_map(|(vout, output)| {
        let (keychain, index) = scripts.get(&output.script_pubkey)?;
        let coin = DerivedCoin { keychain: *keychain, index: *index, value: output.value.to_sat(), spent_by: None };
        Some((OutPoint { txid: one.txid, vout }, coin))
    })
}

impl Ledger {
    /// Derives coins, net amounts and sums of all accounts of one network anew, until no transaction is left that cannot count.
    pub(super) fn derive_anew(&self, rows: &[AccountRow]) -> Result<(), LedgerError> {
        let Some(network) = rows.first().map(|row| row.account.network) else { return Ok(()) };
        let views = loop {
            let mut views = rows.iter().map(|row| View::read(self, row)).collect::<Result<Vec<_>, _>>()?;
            let loser = views.iter().find_map(View::without_right).or_else(|| views.iter_mut().find_map(View::spend));
            match loser {
                Some(loser) => self.drop_with_children(network, loser)?,
                None => break views,
            }
        };
        for (view, row) in views.iter().zip(rows) {
            view.write(self, row)?;
            self.sum_anew(row)?;
        }
        Ok(())
    }

    /// Counts and sums that triggers keep, from the rows that they are about.
    fn sum_anew(&self, row: &AccountRow) -> Result<(), LedgerError> {
        for sql in [
            "DELETE FROM unsettled WHERE account = ?1",
            "DELETE FROM sums WHERE account = ?1",
            "INSERT INTO sums SELECT account, height IS NOT NULL, proven, agreed, frozen, count(*),
               CAST(total(value) AS INTEGER) FROM coins
             WHERE account = ?1 AND spent_by IS NULL AND counts = 1 GROUP BY 1, 2, 3, 4, 5",
            "UPDATE scripts SET
               transactions = (SELECT count(*) FROM script_transactions t JOIN accounts a ON a.id = t.account
                 JOIN transactions x ON x.txid = t.txid AND x.network = a.network AND x.gone = 0
                 WHERE t.account = ?1 AND t.keychain = scripts.keychain AND t.idx = scripts.idx),
               balance = (SELECT CAST(total(c.value) AS INTEGER) FROM coins c WHERE c.account = ?1
                 AND c.keychain = scripts.keychain AND c.idx = scripts.idx AND c.spent_by IS NULL AND c.counts = 1)
             WHERE account = ?1",
        ] {
            self.db.execute(sql, [row.id.0]).map_err(file)?;
        }
        Ok(())
    }

    /// Ids of the transactions of a network that no longer count.
    fn gone_ids(&self, network: crate::network::Network) -> Result<BTreeSet<Txid>, LedgerError> {
        let sql = "SELECT txid FROM transactions WHERE network = ?1 AND gone = 1";
        let mut statement = self.db.prepare(sql).map_err(file)?;
        let rows = statement.query_map([network.name()], |row| Ok(Txid::from_byte_array(row.get(0)?)));
        rows.map_err(file)?.collect::<Result<_, _>>().map_err(file)
    }
}
