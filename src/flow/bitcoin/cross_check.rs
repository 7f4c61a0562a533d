//! A second opinion on what a sync wrote down: what two organisations say is agreed, what they do not is named.
//!
//! What a second source has and we have not is taken over only if it is proven; it is never dropped without a word. No
//! host is believed for being the first or the second.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::Txid;

use super::{
    account_ledger::AccountLedger,
    authorship::judge,
    known::{as_known, place_of},
};
use crate::{
    account::Keychain,
    explain::Failure,
    explorer::{
        Explorer, ExplorerError,
        bitcoin::{BlockRef, CrossCheckScript, Opinion, SAME_MOMENT, ScanAnswer, ScriptHistory, TxAt},
    },
    ledger::{
        Ledger, LedgerError,
        bitcoin::{AccountRow, Completeness, HistoryDisagreement, Observation, PROVEN_HERE, SameHistory, ToldHistory},
    },
    text::SafeText,
};

/// What was told of each script.
type Histories = BTreeMap<(Keychain, u32), ToldHistory>;

/// What became of asking a second organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondSource {
    /// There is no second organisation in the list.
    Nobody,
    /// There is one, and it did not answer: its failure, in our words.
    Silent(String),
    /// It answered.
    Heard {
        /// Its host.
        operator: String,
        /// Height of the best block that it knows.
        height: u32,
        /// Scripts of which it says the same.
        agreed: usize,
        /// Scripts of which it says something else that cannot both be true.
        differing: usize,
        /// Scripts of which it knows less or more for now: later blocks, or what only waits.
        pending: usize,
        /// Scripts that were not put to it.
        unasked: usize,
        /// Transactions that only it had, and that are proven.
        taken_over: usize,
    },
}

/// The comparison of what a sync was told with what a second organisation says.
pub(super) struct CrossCheck<'a> {
    /// The account.
    pub(super) row: &'a AccountRow,
    /// The explorer that is asked.
    pub(super) explorer: &'a Explorer,
    /// Height of the best block that the sync heard of.
    pub(super) tip: u32,
    /// What the sync was told.
    pub(super) answer: &'a ScanAnswer,
}

impl CrossCheck<'_> {
    /// Has a second organisation asked about the scripts of the answer and about every coin that no second source confirmed yet, and
    /// writes down its words.
    ///
    /// # Errors
    /// The ledger cannot be read or written. A second source that is silent is no failure.
    pub(super) fn second_opinion(&self, ledger: &mut Ledger) -> Result<SecondSource, Failure> {
        let Self { row, explorer, tip, answer } = *self;
        let told = ledger.known_histories(row)?;
        let tellers = tellers(answer, &told);
        let Some(primary) = who_told_most(&tellers) else { return Ok(SecondSource::Nobody) };
        let scripts = in_order(AccountLedger { ledger, row }, &tellers, &told)?;
        let opinion = match explorer.second_opinion(primary, &scripts) {
            Ok(Some(opinion)) => opinion,
            Ok(None) => {
                let forget = |(place, teller): (&(Keychain, u32), &Teller<'_>)| {
                    ledger.forget_contradictions(row.id, *place, teller.host.as_str())
                };
                tellers.iter().try_for_each(forget)?;
                return Ok(SecondSource::Nobody);
            }
            Err(error) => {
                // Who agreed before is not heard today.
                tellers.keys().try_for_each(|place| ledger.forget_opinion(row.id, *place))?;
                return Ok(SecondSource::Silent(error.to_string()));
            }
        };
        let authorship = judge(AccountLedger { ledger, row }, explorer, &opinion.differing)?;
        if let Some(host) = authorship.forgers.first() {
            explorer.distrust(host);
            tellers.keys().try_for_each(|place| ledger.forget_opinion(row.id, *place))?;
            return Ok(SecondSource::Silent(ExplorerError::Lied { operator: host.clone() }.to_string()));
        }
        let mut news = Differences {
            opinion: &opinion,
            primary: Primary { host: primary, tip },
            disagreements: Vec::new(),
            only_there: Vec::new(),
        };
        news.find(AccountLedger { ledger, row }, &told)?;
        news.without_proven(AccountLedger { ledger, row })?;
        let proven = news.proven(explorer, opinion.tip.height);
        ledger.atomically(|ledger| write(AccountLedger { ledger, row }, &tellers, &news, &proven))?;
        let named: BTreeSet<_> = news.disagreements.iter().map(|what| (what.keychain, what.index)).collect();
        let differing = named.len();
        let pending = opinion.differing.len().saturating_sub(differing);
        let Opinion { operator, agreed, unasked, tip: its_tip, .. } = opinion;
        let (operator, height) = (operator.to_string(), its_tip.height);
        let taken_over = proven.len();
        Ok(SecondSource::Heard { operator, height, agreed: agreed.len(), differing, pending, unasked, taken_over })
    }
}

/// A transaction that only the second organisation had, and that is proven.
struct Proven {
    /// What is written down of its script.
    observation: Observation,
    /// Its id.
    txid: Txid,
    /// The block that it is proven to be in.
    block: BlockRef,
}

/// The host that told most in this sync.
struct Primary<'a> {
    /// Its name.
    host: &'a SafeText,
    /// Height of the best block that the sync heard of.
    tip: u32,
}

/// The host that answered about a script in this sync, and whether that is what is known now: the ledger may know more.
struct Teller<'a> {
    host: &'a SafeText,
    says_what_is_known: bool,
}

/// The host that answered about each script in this sync.
type Tellers<'a> = BTreeMap<(Keychain, u32), Teller<'a>>;

fn tellers<'a>(answer: &'a ScanAnswer, told: &Histories) -> Tellers<'a> {
    let of = |history: &'a ScriptHistory| {
        let place = (history.keychain, history.index);
        let says_what_is_known = told.get(&place).map(as_known).unwrap_or_default().is(&history.txs);
        (place, Teller { host: &history.operator, says_what_is_known })
    };
    let same = |(keychain, index, host): &'a (Keychain, u32, SafeText)| {
        ((*keychain, *index), Teller { host, says_what_is_known: true })
    };
    answer.scripts.iter().map(of).chain(answer.unchanged.iter().map(same)).collect()
}

fn who_told_most<'a>(tellers: &Tellers<'a>) -> Option<&'a SafeText> {
    let mut counts: BTreeMap<&str, (usize, &SafeText)> = BTreeMap::new();
    for teller in tellers.values() {
        counts.entry(teller.host.as_str()).or_insert((0, teller.host)).0 += 1;
    }
    counts.into_values().max_by_key(|(count, _)| *count).map(|(_, teller)| teller)
}

fn write(
    AccountLedger { ledger, row }: AccountLedger<'_>,
    tellers: &Tellers<'_>,
    news: &Differences<'_>,
    proven: &[Proven],
) -> Result<(), LedgerError> {
    let opinion = news.opinion;
    ledger.set_second_source(row.id, (opinion.operator.as_str(), opinion.tip.height))?;
    let differing = opinion.differing.iter().map(|history| (history.keychain, history.index));
    for place in opinion.agreed.iter().copied().chain(differing.clone()) {
        let teller = tellers.get(&place).map_or("", |teller| teller.host.as_str());
        ledger.forget_contradictions(row.id, place, teller)?;
    }
    // Where the first one left out what is proven, two do not agree, although the second says what is known.
    let named = ledger.disagreements(row.id)?.into_iter().map(|what| (what.keychain, what.index));
    let contested: BTreeSet<(Keychain, u32)> = named.collect();
    for &place in &opinion.agreed {
        match tellers.get(&place).filter(|_| !contested.contains(&place)) {
            Some(teller) => {
                let (operator, beside) = (opinion.operator.as_str(), teller.host.as_str());
                ledger.put_opinion(row.id, &SameHistory { place, operator, beside })?;
            }
            None => ledger.forget_opinion(row.id, place)?,
        }
    }
    // Nor where the first one says something else than what is known.
    let otherwise = tellers.iter().filter(|(_, teller)| !teller.says_what_is_known).map(|(place, _)| *place);
    differing.chain(otherwise).try_for_each(|place| ledger.forget_opinion(row.id, place))?;
    for Proven { observation, txid, block } in proven {
        ledger.put_proof(row, *txid, (block.height, &block.hash.to_string()))?;
        ledger.observe(row, observation)?;
    }
    if !proven.is_empty() {
        ledger.settle(row)?;
    }
    news.disagreements.iter().try_for_each(|what| ledger.put_disagreement(row, what))
}

/// Scripts with unspent coins first, then the others that were used, then the unused.
fn in_order(
    AccountLedger { ledger, row }: AccountLedger<'_>,
    tellers: &Tellers<'_>,
    told: &Histories,
) -> Result<Vec<CrossCheckScript>, Failure> {
    let mut places = ledger.unconfirmed_holders(row.id)?;
    let (used, unused): (Vec<_>, Vec<_>) = tellers.keys().copied().partition(|place| told.contains_key(place));
    let first: BTreeSet<(Keychain, u32)> = places.iter().copied().collect();
    places.extend(used.into_iter().chain(unused).filter(|place| !first.contains(place)));
    let opinions = ledger.opinions(row.id)?;
    let by_sources = |(keychain, index): (Keychain, u32)| {
        let known = told.get(&(keychain, index)).map(as_known).unwrap_or_default();
        let agreed_by = opinions.get(&(keychain, index)).cloned();
        let teller = tellers.get(&(keychain, index)).filter(|teller| teller.says_what_is_known);
        let told_by = teller.map(|teller| teller.host.clone());
        let script = row.account.script(keychain, index).ok()?;
        Some(CrossCheckScript { keychain, index, script, known, agreed_by, told_by })
    };
    Ok(places.into_iter().filter_map(by_sources).collect())
}

/// What the second source says otherwise.
struct Differences<'a> {
    /// All that the second organisation says.
    opinion: &'a Opinion,
    /// Whose words it is compared with.
    primary: Primary<'a>,
    disagreements: Vec<HistoryDisagreement>,
    /// Transactions in blocks that only the second source has.
    only_there: Vec<(&'a ScriptHistory, &'a TxAt, BlockRef)>,
}

impl<'a> Differences<'a> {
    /// Compares, script by script.
    fn find(&mut self, account: AccountLedger<'_>, told: &Histories) -> Result<(), Failure> {
        for history in &self.opinion.differing {
            let known = told.get(&(history.keychain, history.index)).cloned().unwrap_or_default();
            self.only_there(history, &known);
            self.only_here(account, history, &known)?;
        }
        Ok(())
    }

    /// In blocks, as the second source says, and not known here, or elsewhere. What merely waits comes and goes.
    fn only_there(&mut self, history: &'a ScriptHistory, known: &ToldHistory) {
        let Primary { host, tip } = self.primary;
        // If the primary lags by more than SAME_MOMENT blocks, the primary is the one that misses data.
        let its_tip = self.opinion.tip.height;
        let seen_to = if its_tip > tip.saturating_add(SAME_MOMENT) { its_tip } else { tip };
        for seen in &history.txs {
            let Some(block) = seen.place else { continue };
            let claim = (seen.tx.compute_txid(), block.height);
            if known.confirmed.contains(&claim) {
                continue;
            }
            // The first one may not know a later block yet; what is proven counts whoever knows it.
            if block.height <= seen_to {
                self.name(history, claim.0, history.operator.as_str(), host.as_str());
            }
            self.only_there.push((history, seen, block));
        }
    }

    /// In blocks, as is known here, and not listed there although the second source knows of that height.
    fn only_here(
        &mut self,
        account: AccountLedger<'_>,
        history: &ScriptHistory,
        known: &ToldHistory,
    ) -> Result<(), Failure> {
        let AccountLedger { ledger, row } = account;
        let host = self.primary.host.as_str();
        for &(txid, height) in &known.confirmed {
            let there = history.txs.iter().any(|seen| seen.place.is_some() && seen.tx.compute_txid() == txid);
            if !there && height <= self.opinion.tip.height {
                let has = if ledger.is_proven(row, txid)? { PROVEN_HERE } else { host };
                self.name(history, txid, has, history.operator.as_str());
            }
        }
        Ok(())
    }

    /// What is proven already is in its block, wherever the second source has it: which of two chains stands is settled elsewhere.
    fn without_proven(&mut self, account: AccountLedger<'_>) -> Result<(), LedgerError> {
        let AccountLedger { ledger, row } = account;
        let mut left = Vec::new();
        for (history, seen, block) in std::mem::take(&mut self.only_there) {
            if !ledger.is_proven(row, seen.tx.compute_txid())? {
                left.push((history, seen, block));
            }
        }
        self.only_there = left;
        Ok(())
    }

    fn name(&mut self, history: &ScriptHistory, txid: Txid, has: &str, lacks: &str) {
        self.disagreements.push(HistoryDisagreement {
            keychain: history.keychain,
            index: history.index,
            txid: txid.to_string(),
            has: has.to_owned(),
            lacks: lacks.to_owned(),
        });
    }

    /// Those of the second source's own that are proven to be in their blocks. A host that lies about one proves none.
    fn proven(&self, explorer: &Explorer, tip: u32) -> Vec<Proven> {
        let claims: Vec<_> = self.only_there.iter().map(|(_, seen, block)| (seen.tx.clone(), *block)).collect();
        let answers = explorer.prove(&claims, tip).unwrap_or_default();
        let found = self.only_there.iter().zip(answers).filter(|(_, is_proven)| *is_proven);
        let observed = |((history, seen, block), _): (&(&ScriptHistory, &TxAt, BlockRef), bool)| {
            let observation = Observation {
                keychain: history.keychain,
                index: history.index,
                transactions: vec![(seen.tx.clone(), place_of(block))],
                signed: BTreeSet::new(),
                completeness: Completeness::Part,
                said_by: history.operator.to_string(),
                tip,
            };
            Proven { observation, txid: seen.tx.compute_txid(), block: *block }
        };
        found.map(observed).collect()
    }
}
