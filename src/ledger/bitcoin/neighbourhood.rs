//! The transactions of an account around a change: those that changed, their rivals for a coin, and what spends from them.
//!
//! Read before it is judged, and written where it is settled; it decides which transaction cannot count, by the ranks of
//! view.rs, and marks nothing gone itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry};

use bitcoin::{OutPoint, Transaction, TxOut, Txid, consensus, hashes::Hash};
use rusqlite::{OptionalExtension, params};

use super::{
    AccountId,
    coins::DerivedCoin,
    net::Net,
    rank::{RankFacts, Standing},
};
use crate::{
    ledger::{Ledger, LedgerError, file},
    network::Network,
};

/// A transaction of the neighbourhood.
struct Member {
    standing: Standing,
    transaction: Transaction,
    is_gone: bool,
}

/// What is looked at when an account is settled.
pub(super) struct Neighbourhood<'a> {
    ledger: &'a Ledger,
    pub(super) id: AccountId,
    network: Network,
    /// What changed, with its rivals and unconfirmed descendants.
    members: BTreeMap<Txid, Member>,
    /// What spends from these and is in a block: it loses no coin of its own, but its net amount may change.
    children: BTreeMap<Txid, Member>,
    /// Unconfirmed transactions that can come to no block as things stand: they spend from one that is gone.
    lost: BTreeSet<Txid>,
    /// The coins that all of these make and spend, where they are the account's.
    coins: HashMap<OutPoint, Option<DerivedCoin>>,
}

impl<'a> Neighbourhood<'a> {
    /// Everything around what changed.
    pub(super) fn read(
        ledger: &'a Ledger,
        id: AccountId,
        network: Network,
        changed: Vec<Txid>,
    ) -> Result<Self, LedgerError> {
        let (members, children, lost) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut around = Self { ledger, id, network, members, children, lost, coins: HashMap::new() };
        around.gather(changed)?;
        around.find_lost()?;
        around.derive()?;
        Ok(around)
    }

    fn gather(&mut self, changed: Vec<Txid>) -> Result<(), LedgerError> {
        let mut waiting = changed;
        while let Some(txid) = waiting.pop() {
            if self.members.contains_key(&txid) {
                continue;
            }
            let Some(member) = self.member(txid)? else { continue };
            if !member.is_gone && !member.transaction.is_coinbase() {
                for input in &member.transaction.input {
                    waiting.extend(self.ledger.spenders(input.previous_output)?);
                }
            }
            for child in self.children_of(txid)? {
                match self.member(child)? {
                    Some(known) if known.standing.rank.is_in_block() || known.is_gone => {
                        self.children.insert(child, known);
                    }
                    Some(_) => waiting.push(child),
                    None => {}
                }
            }
            self.members.insert(txid, member);
        }
        self.children.retain(|txid, _| !self.members.contains_key(txid));
        Ok(())
    }

    /// A transaction, if it is one of the account.
    fn member(&self, txid: Txid) -> Result<Option<Member>, LedgerError> {
        let sql = "SELECT x.raw, x.height, x.first_seen, x.signed, x.gone,
                     EXISTS (SELECT 1 FROM proofs p WHERE p.txid = x.txid AND p.network = x.network
                             AND p.block_hash = x.block_hash AND p.height = x.height)
                   FROM transactions x WHERE x.txid = ?1 AND x.network = ?2
                     AND EXISTS (SELECT 1 FROM script_transactions t WHERE t.txid = ?1 AND t.account = ?3)";
        let mut statement = self.ledger.db.prepare_cached(sql).map_err(file)?;
        let values = params![txid.to_byte_array(), self.network.name(), self.id.0];
        let row = statement.query_row(values, |row| {
            let known = RankFacts {
                txid,
                height: row.get(1)?,
                first_seen: row.get(2)?,
                is_signed: row.get(3)?,
                is_proven: row.get(5)?,
                journal: None,
            };
            Ok((row.get::<_, Vec<u8>>(0)?, known, row.get(4)?))
        });
        let Some((raw, known, is_gone)) = row.optional().map_err(file)? else { return Ok(None) };
        let transaction = consensus::deserialize(&raw).map_err(|_| LedgerError::Damaged("transaction"))?;
        let journal = self.ledger.journal_state(self.network, txid)?;
        let standing = Standing::of(&RankFacts { journal, ..known });
        Ok(Some(Member { standing, transaction, is_gone }))
    }

    fn children_of(&self, txid: Txid) -> Result<Vec<Txid>, LedgerError> {
        let sql = "SELECT DISTINCT txid FROM inputs WHERE prev_txid = ?1";
        let mut statement = self.ledger.db.prepare_cached(sql).map_err(file)?;
        let values = [txid.to_byte_array()];
        let rows = statement.query_map(values, |row| Ok(Txid::from_byte_array(row.get(0)?))).map_err(file)?;
        rows.collect::<Result<_, _>>().map_err(file)
    }

    /// What waits for a block and spends from one that is gone, or from another that does. Unconfirmed ancestors are looked up
    /// as far as they go, for they need not have changed.
    fn find_lost(&mut self) -> Result<(), LedgerError> {
        let mut spenders: HashMap<Txid, Vec<Txid>> = HashMap::new();
        let (mut seen, mut gone) = (BTreeSet::new(), Vec::new());
        let mut waiting: Vec<Txid> = self.members.keys().copied().collect();
        while let Some(txid) = waiting.pop() {
            if !seen.insert(txid) {
                continue;
            }
            for parent in self.unconfirmed_parents(txid)? {
                spenders.entry(parent.txid).or_default().push(txid);
                if parent.is_gone { gone.push(parent.txid) } else { waiting.push(parent.txid) }
            }
        }
        while let Some(txid) = gone.pop() {
            let lost = spenders.remove(&txid).unwrap_or_default();
            self.lost.extend(&lost);
            gone.extend(lost);
        }
        Ok(())
    }

    /// The parents by which an unconfirmed transaction of the account can be lost; none for another.
    fn unconfirmed_parents(&self, txid: Txid) -> Result<Vec<Parent>, LedgerError> {
        let read = if self.members.contains_key(&txid) { None } else { self.member(txid)? };
        let Some(member) = self.members.get(&txid).or(read.as_ref()) else { return Ok(Vec::new()) };
        if member.is_gone || member.standing.rank.is_in_block() {
            return Ok(Vec::new());
        }
        let sql = "SELECT gone FROM transactions WHERE txid = ?1 AND network = ?2 AND (gone = 1 OR height IS NULL)";
        let mut statement = self.ledger.db.prepare_cached(sql).map_err(file)?;
        let mut parents = Vec::new();
        for txid in member.transaction.input.iter().map(|input| input.previous_output.txid) {
            let values = params![txid.to_byte_array(), self.network.name()];
            let is_gone = statement.query_row(values, |row| row.get(0)).optional().map_err(file)?;
            parents.extend(is_gone.map(|is_gone| Parent { txid, is_gone }));
        }
        Ok(parents)
    }

    /// The coins that the members make, and those that are known of everything else that is asked for later.
    fn derive(&mut self) -> Result<(), LedgerError> {
        let mut coins = HashMap::new();
        for (txid, member) in &self.members {
            let counts = !member.is_gone && !self.lost.contains(txid);
            for (outpoint, output) in outpoints(*txid, member).zip(&member.transaction.output) {
                let coin = if counts { self.derived(outpoint, output)? } else { None };
                coins.insert(outpoint, coin);
            }
        }
        let all = self.members.values().chain(self.children.values());
        let spent = all.flat_map(|one| one.transaction.input.iter().map(|input| input.previous_output));
        let made_by_children = self.children.iter().flat_map(|(txid, child)| outpoints(*txid, child));
        for outpoint in spent.chain(made_by_children) {
            if let Entry::Vacant(unknown) = coins.entry(outpoint) {
                unknown.insert(self.ledger.counted_coin(self.id, outpoint)?);
            }
        }
        self.coins = coins;
        Ok(())
    }

    fn derived(&self, outpoint: OutPoint, output: &TxOut) -> Result<Option<DerivedCoin>, LedgerError> {
        let Some((keychain, index)) = self.ledger.place_of(self.id, &output.script_pubkey)? else { return Ok(None) };
        let spent_by = self.ledger.counted_spender(self.id, self.network, outpoint)?;
        Ok(Some(DerivedCoin { keychain, index, value: output.value.to_sat(), spent_by }))
    }

    fn coin(&self, outpoint: &OutPoint) -> Option<&DerivedCoin> {
        self.coins.get(outpoint).and_then(Option::as_ref)
    }

    /// The first that spends a coin of ours and is not known to be signed for it. Anyone can write one that names our coin.
    pub(super) fn without_right(&self) -> Option<Txid> {
        let spends_ours =
            |one: &Member| one.transaction.input.iter().any(|input| self.coin(&input.previous_output).is_some());
        let mut ranked = ranked(self.members.iter().chain(&self.children)).into_iter();
        ranked.find(|(_, one)| !one.standing.may_spend && spends_ours(one)).map(|(txid, _)| *txid)
    }

    /// The first that spends what another before it spends.
    pub(super) fn rival(&self) -> Option<Txid> {
        let mut spent = BTreeSet::new();
        for (txid, one) in ranked(&self.members) {
            for input in one.transaction.input.iter().filter(|_| !one.transaction.is_coinbase()) {
                if !spent.insert(input.previous_output) {
                    return Some(*txid);
                }
            }
        }
        None
    }

    /// Writes what the members come to.
    pub(super) fn write(&self) -> Result<(), LedgerError> {
        for (txid, member) in &self.members {
            self.write_coins(*txid, member)?;
        }
        for member in self.members.values() {
            for input in &member.transaction.input {
                let spender = self.ledger.counted_spender(self.id, self.network, input.previous_output)?;
                self.ledger.set_spender(self.id, input.previous_output, spender)?;
            }
        }
        for (txid, member) in self.members.iter().chain(&self.children) {
            self.write_net(*txid, member)?;
        }
        Ok(())
    }

    fn write_coins(&self, txid: Txid, member: &Member) -> Result<(), LedgerError> {
        for outpoint in outpoints(txid, member) {
            match self.coin(&outpoint) {
                Some(coin) => self.ledger.put_coin(self.id, self.network, outpoint, coin)?,
                None => self.ledger.remove_coin(self.id, outpoint)?,
            }
        }
        Ok(())
    }

    fn write_net(&self, txid: Txid, member: &Member) -> Result<(), LedgerError> {
        if member.is_gone {
            return self.ledger.remove_net(self.id, txid);
        }
        let made = outpoints(txid, member).filter_map(|outpoint| self.coin(&outpoint));
        let received = made.fold(0u64, |sum, coin| sum.saturating_add(coin.value));
        let net = Net::of(&member.transaction, received, |outpoint| self.coin(outpoint).map(|coin| coin.value));
        self.ledger.put_net(self.id, self.network, txid, net)
    }
}

/// Those that count so far, those first that count more.
fn ranked<'a>(all: impl IntoIterator<Item = (&'a Txid, &'a Member)>) -> Vec<(&'a Txid, &'a Member)> {
    let mut ranked: Vec<_> = all.into_iter().filter(|(_, one)| !one.is_gone).collect();
    ranked.sort_by_key(|(_, one)| one.standing);
    ranked
}

/// The outputs of a transaction.
fn outpoints(txid: Txid, member: &Member) -> impl Iterator<Item = OutPoint> {
    (0u32..).take(member.transaction.output.len()).map(move |vout| OutPoint { txid, vout })
}

/// What a transaction that waits for a block spends from.
struct Parent {
    txid: Txid,
    /// It no longer counts; else it waits for a block too.
    is_gone: bool,
}
