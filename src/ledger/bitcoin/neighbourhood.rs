//! The transactions of an account around a change: those that changed, their rivals for a coin, and what spends from them.
//!
//! Read before it is judged, and written where it is settled; it decides which transaction cannot count, by the ranks of
//! view.rs, and marks nothing gone itself.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use bitcoin::{OutPoint, Transaction, Txid, consensus, hashes::Hash};
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
    /// Unconfirmed members that can come to no block as things stand: they spend from one that is gone.
    lost: BTreeSet<Txid>,
    /// Places of scripts that were looked up.
    coins: RefCell<HashMap<OutPoint, Option<DerivedCoin>>>,
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
        let mut around = Self { ledger, id, network, members, children, lost, coins: RefCell::default() };
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

    /// Unconfirmed members that spend from one that is gone, or from another that does. What is above them is looked up, for
    /// it need not have changed.
    fn find_lost(&mut self) -> Result<(), LedgerError> {
        let mut known: HashMap<Txid, bool> = HashMap::new();
        let waiting: Vec<Txid> = self.members.keys().copied().collect();
        for txid in waiting {
            if self.is_lost(txid, &mut known)? {
                self.lost.insert(txid);
            }
        }
        Ok(())
    }

    fn is_lost(&self, txid: Txid, known: &mut HashMap<Txid, bool>) -> Result<bool, LedgerError> {
        // Depth first without recursion: a chain of unconfirmed transactions has no bound here.
        let mut path = vec![txid];
        while let Some(at) = path.last().copied() {
            if known.contains_key(&at) {
                path.pop();
                continue;
            }
            let mut verdict = Some(false);
            for parent in self.unconfirmed_parents(at)? {
                match parent {
                    Parent::Gone => verdict = Some(true),
                    Parent::Waits(parent) => match known.get(&parent) {
                        Some(true) => verdict = Some(true),
                        Some(false) => {}
                        None if verdict != Some(true) => {
                            path.push(parent);
                            verdict = None;
                        }
                        None => {}
                    },
                }
                if verdict != Some(false) {
                    break;
                }
            }
            if let Some(verdict) = verdict {
                known.insert(at, verdict);
                path.pop();
            }
        }
        Ok(known.get(&txid).copied().unwrap_or(false))
    }

    /// The parents by which an unconfirmed transaction of the account can be lost; none for another.
    fn unconfirmed_parents(&self, txid: Txid) -> Result<Vec<Parent>, LedgerError> {
        let held;
        let member = match self.members.get(&txid) {
            Some(member) => member,
            None => match self.member(txid)? {
                Some(member) => {
                    held = member;
                    &held
                }
                None => return Ok(Vec::new()),
            },
        };
        if member.is_gone || member.standing.rank.is_in_block() {
            return Ok(Vec::new());
        }
        let sql = "SELECT gone, height IS NULL FROM transactions WHERE txid = ?1 AND network = ?2";
        let mut statement = self.ledger.db.prepare_cached(sql).map_err(file)?;
        let mut parents = Vec::new();
        for parent in member.transaction.input.iter().map(|input| input.previous_output.txid) {
            let values = params![parent.to_byte_array(), self.network.name()];
            let state: Option<(bool, bool)> =
                statement.query_row(values, |row| Ok((row.get(0)?, row.get(1)?))).optional().map_err(file)?;
            match state {
                Some((true, _)) => parents.push(Parent::Gone),
                Some((false, true)) => parents.push(Parent::Waits(parent)),
                _ => {}
            }
        }
        Ok(parents)
    }

    /// The coins that the members make.
    fn derive(&mut self) -> Result<(), LedgerError> {
        let mut coins = HashMap::new();
        for (txid, member) in &self.members {
            let counts = !member.is_gone && !self.lost.contains(txid);
            for (vout, output) in (0u32..).zip(&member.transaction.output) {
                let place = if counts { self.ledger.place_of(self.id, &output.script_pubkey)? } else { None };
                let coin = place.map(|(keychain, index)| DerivedCoin {
                    keychain,
                    index,
                    value: output.value.to_sat(),
                    spent_by: None,
                });
                coins.insert(OutPoint { txid: *txid, vout }, coin);
            }
        }
        for (outpoint, coin) in &mut coins {
            if let Some(coin) = coin {
                coin.spent_by = self.ledger.counted_spender(self.id, self.network, *outpoint)?;
            }
        }
        self.coins = RefCell::new(coins);
        // Looked up here once, so that what follows reads memory only.
        for member in self.members.values().chain(self.children.values()) {
            for input in &member.transaction.input {
                self.look_up(input.previous_output)?;
            }
        }
        Ok(())
    }

    fn look_up(&self, outpoint: OutPoint) -> Result<(), LedgerError> {
        if !self.coins.borrow().contains_key(&outpoint) {
            let found = self.ledger.counted_coin(self.id, outpoint)?;
            self.coins.borrow_mut().insert(outpoint, found);
        }
        Ok(())
    }

    fn is_coin(&self, outpoint: &OutPoint) -> bool {
        self.coins.borrow().get(outpoint).is_some_and(Option::is_some)
    }

    fn value(&self, outpoint: &OutPoint) -> u64 {
        self.coins.borrow().get(outpoint).and_then(|coin| coin.as_ref().map(|coin| coin.value)).unwrap_or(0)
    }

    /// Those that count so far, those first that count more.
    fn ranked(&self, with_children: WithChildren) -> Vec<(&Txid, &Member)> {
        let children = self.children.iter().filter(|_| with_children == WithChildren::Yes);
        let mut ranked: Vec<_> = self.members.iter().chain(children).filter(|(_, one)| !one.is_gone).collect();
        ranked.sort_by_key(|(_, one)| one.standing);
        ranked
    }

    /// The first that spends a coin of ours and is not known to be signed for it. Anyone can write one that names our coin.
    pub(super) fn without_right(&self) -> Option<Txid> {
        let spends_ours = |one: &Member| one.transaction.input.iter().any(|input| self.is_coin(&input.previous_output));
        let mut ranked = self.ranked(WithChildren::Yes).into_iter();
        ranked.find(|(_, one)| !one.standing.may_spend && spends_ours(one)).map(|(txid, _)| *txid)
    }

    /// The first that spends what another before it spends.
    pub(super) fn rival(&self) -> Option<Txid> {
        let mut spent = BTreeSet::new();
        for (txid, one) in self.ranked(WithChildren::No) {
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
        for vout in (0u32..).take(member.transaction.output.len()) {
            let outpoint = OutPoint { txid, vout };
            match self.coins.borrow().get(&outpoint).and_then(Option::as_ref) {
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
        let made = (0u32..).take(member.transaction.output.len()).map(|vout| OutPoint { txid, vout });
        let mut received = 0u64;
        for outpoint in made {
            self.look_up(outpoint)?;
            received = received.saturating_add(self.value(&outpoint));
        }
        let net = Net::of(&member.transaction, received, |coin| self.is_coin(coin).then(|| self.value(coin)));
        self.ledger.put_net(self.id, self.network, txid, net)
    }
}

/// Whether confirmed children are looked at too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WithChildren {
    Yes,
    No,
}

/// What a transaction spends from.
enum Parent {
    /// It no longer counts.
    Gone,
    /// It waits for a block.
    Waits(Txid),
}
