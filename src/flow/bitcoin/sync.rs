//! Asking an explorer what happened to our scripts, and writing down the answer: all of it, or nothing.
//!
//! A first scan follows the gap limit on both chains; later ones ask only what can have changed.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{BlockHash, OutPoint, Transaction, Txid, consensus};

use super::{
    account_ledger::AccountLedger,
    authorship::{Authorship, judge},
    cross_check::{CrossCheck, SecondSource},
    deliver::spent_here,
    warmth::{ChainTip, Warmth, below, is_undone, to_ask},
};
use crate::{
    account::Keychain,
    chain::bitcoin::{consensus::verify, spv::SUCCESSORS},
    explain::Failure,
    explorer::{
        Claim, Explorer,
        bitcoin::{
            BlockAtHeight, BlockRef, KnownHistory, ScanAnswer, ScanPlan, ScanProgress, ScriptHistory, Tip, TxAt,
        },
    },
    flow::bitcoin::{
        known::{as_known, place_of},
        warmth::SyncScope,
    },
    ledger::{
        Ledger, LedgerError,
        bitcoin::{AccountRow, Completeness, JournalState, KnownScript, Observation, Place, Synced},
        now,
    },
};

/// Old, settled scripts asked again in one incremental sync, the longest unasked first: all of them within a few syncs.
/// While the chain stands still only unconfirmed payments can be new there; once it moved, more is worth asking.
const ROTATION_SAME_TIP: usize = 24;
const ROTATION_NEW_TIP: usize = 240;
/// Blocks after which a payment is settled, and seconds after which an address that was given out is cold.
const SETTLED: u32 = 100;
const SHOWN: u64 = 90 * 86_400;
/// How many of our newest blocks are compared with the explorer's chain after its tip moved.
const REORG_DEPTH: u32 = 10;

/// Confirmations proven in one sync, or as many as scripts were asked about if those are more; each costs two questions
/// at most, once.
const PROOFS: usize = 240;

/// Times that a sync is begun because another process was quicker.
const ATTEMPTS: u32 = 3;

/// What a sync did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncReport {
    /// Height of the best block.
    pub height: u32,
    /// The host that said so.
    pub operator: String,
    /// When that block was made, in seconds since 1970, as its header states.
    pub newest: Option<u32>,
    /// Scripts asked.
    pub asked: usize,
    /// Scripts not asked this time.
    pub skipped: usize,
    /// Whether anything was new.
    pub changed: bool,
    /// Scripts whose unconfirmed transactions the explorer did not list completely.
    pub capped: usize,
    /// Confirmations that were proven now.
    pub proven: usize,
    /// What a second organisation said.
    pub second: SecondSource,
}

/// A sync of one account: whom it asks, and how much.
#[derive(Clone, Copy)]
pub struct AccountSync<'a> {
    /// The account.
    pub row: &'a AccountRow,
    /// The explorer that is asked.
    pub explorer: &'a Explorer,
    /// How much is asked.
    pub scope: SyncScope,
    /// The gap limit: unused addresses after which a search of a chain ends.
    pub gap: u32,
}

/// What is done with an answer while another process wrote a newer one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overtaken {
    GivesWay,
    Writes,
}

/// What became of one attempt.
enum Attempt {
    Done(SyncReport),
    /// Another process wrote meanwhile.
    Overtaken,
    /// A host listed a spend of our coins that we did not sign; it is not asked again, and nothing was written.
    Deceived,
}

/// A transaction that was proven to be in a block just now.
struct NewProof {
    /// Its id.
    txid: Txid,
    /// The block.
    block: BlockRef,
}

impl AccountSync<'_> {
    /// Brings the account up to date.
    ///
    /// Where another process synced the account meanwhile, what was heard may be older than what that one wrote, and it is
    /// asked again.
    ///
    /// # Errors
    /// An explorer could not answer for every script; then nothing is written.
    pub fn run(&self, ledger: &mut Ledger, progress: &mut dyn FnMut(ScanProgress)) -> Result<SyncReport, Failure> {
        let (mut last, mut changed): (Option<SyncReport>, bool) = (None, false);
        let mut attempt = 1;
        while attempt <= ATTEMPTS {
            let row = &ledger.again(self.row)?;
            let overtaken = if attempt < ATTEMPTS { Overtaken::GivesWay } else { Overtaken::Writes };
            let report = match (AccountSync { row, ..*self }).once(ledger, overtaken, progress)? {
                Attempt::Done(report) => report,
                Attempt::Overtaken => {
                    attempt += 1;
                    continue;
                }
                // One host less to ask: where nobody is left, the next attempt fails.
                Attempt::Deceived => continue,
            };
            attempt += 1;
            changed |= report.changed;
            // What the second one brought may be followed by more, beyond the gap or on the other chain.
            let is_done = !matches!(report.second, SecondSource::Heard { taken_over: 1.., .. });
            last = Some(report);
            if is_done {
                break;
            }
        }
        let report = last.ok_or(LedgerError::Damaged("account"))?;
        Ok(SyncReport { changed, ..report })
    }

    fn once(
        &self,
        ledger: &mut Ledger,
        overtaken: Overtaken,
        progress: &mut dyn FnMut(ScanProgress),
    ) -> Result<Attempt, Failure> {
        let Self { row, explorer, scope: depth, gap } = *self;
        let claim = explorer.tip()?;
        let (operator, newest) = (operator(&claim), explorer.newest_time());
        let tip = *claim.value();
        let undone = self.reorganised(ledger, tip, &operator)?;
        let next = [ledger.next_unused(row.id, Keychain::Receive)?, ledger.next_unused(row.id, Keychain::Change)?];
        let known = ledger.known_scripts(row.id)?;
        let told = self.told_by(ledger, &operator, &known, undone)?;
        let chain = if is_known_tip(row, tip) { ChainTip::Still } else { ChainTip::Moved };
        let rotation = rotation(explorer, chain)?;
        let (settled, shown) = (tip.height.saturating_sub(SETTLED), now().saturating_sub(SHOWN));
        let ask = to_ask(&known, next, &Warmth { depth, chain, settled, shown, undone }, rotation);
        let skipped = known.iter().filter(|script| below(script, next)).count() - ask.len();
        let derive = |keychain: Keychain, index: u32| row.account.script(keychain, index).ok();
        let told = |keychain: Keychain, index: u32| told.get(&(keychain, index)).cloned();
        let plan = ScanPlan { derive: &derive, ask, known: &told, next, gap };
        let answer = explorer.scan(&plan, progress)?;
        let authorship = judge(AccountLedger { ledger, row }, explorer, &answer.scripts)?;
        if !authorship.forgers.is_empty() {
            authorship.forgers.iter().for_each(|host| explorer.distrust(host));
            return Ok(Attempt::Deceived);
        }
        let synced = Synced {
            height: tip.height,
            hash: tip.hash.to_string(),
            operator: operator.clone(),
            at: now(),
            second: None,
        };
        // Proven first: of an answer with a false proof in it nothing is written down.
        let proofs = self.prove(ledger, &answer, tip)?;
        let findings = Findings { answer: &answer, authorship: &authorship, proofs: &proofs, undone, synced: &synced };
        let Some(changed) = findings.write(ledger, row, overtaken)? else { return Ok(Attempt::Overtaken) };
        let second = CrossCheck { row, explorer, tip: tip.height, answer: &answer }.second_opinion(ledger)?;
        let changed = changed || matches!(second, SecondSource::Heard { taken_over: 1.., .. });
        let capped = answer.scripts.iter().filter(|script| script.mempool_capped).count();
        let asked = answer.scripts.len() + answer.unchanged.len();
        let (height, proven) = (tip.height, proofs.len());
        Ok(Attempt::Done(SyncReport { height, operator, newest, asked, skipped, changed, capped, proven, second }))
    }

    /// What this host told of each script that it was asked about before; nothing at a host that is asked for the first
    /// time, which has to tell all of it.
    fn told_by(
        &self,
        ledger: &Ledger,
        operator: &str,
        known: &[KnownScript],
        undone: Option<u32>,
    ) -> Result<BTreeMap<(Keychain, u32), KnownHistory>, Failure> {
        let is_same = self.row.synced.as_ref().is_some_and(|synced| synced.operator == operator);
        if self.scope == SyncScope::Full || !is_same {
            return Ok(BTreeMap::new());
        }
        let histories = ledger.known_histories(self.row)?;
        let stands =
            |script: &&KnownScript| script.checked > 0 && !script.newest.is_some_and(|at| is_undone(undone, at));
        let asked = known.iter().filter(stands).map(|script| (script.keychain, script.index));
        Ok(asked.map(|place| (place, histories.get(&place).map(as_known).unwrap_or_default())).collect())
    }

    /// Has confirmations proven that are deep enough to be: those of this answer, then older ones. What cannot be proven
    /// stays what somebody said.
    fn prove(&self, ledger: &Ledger, answer: &ScanAnswer, tip: Tip) -> Result<Vec<NewProof>, Failure> {
        let Self { row, explorer, .. } = *self;
        let Some(highest) = tip.height.checked_sub(u32::try_from(SUCCESSORS).unwrap_or(u32::MAX)) else {
            return Ok(Vec::new());
        };
        let mut claims: BTreeMap<Txid, (Transaction, Option<BlockRef>)> = BTreeMap::new();
        for at in answer.scripts.iter().flat_map(|script| &script.txs) {
            claims.entry(at.tx.compute_txid()).or_insert_with(|| (at.tx.clone(), at.place));
        }
        for (tx, place) in ledger.unproven(row, highest, PROOFS.max(answer.scripts.len()))? {
            claims.entry(tx.compute_txid()).or_insert((tx, block_of(&place)));
        }
        let mut wanted = Vec::new();
        for (txid, (tx, block)) in claims {
            let Some(block) = block.filter(|block| block.height <= highest) else { continue };
            if !ledger.has_proof(row, txid, (block.height, &block.hash.to_string()))? {
                wanted.push((tx, block));
            }
        }
        // The newest first, and those of one block together, for they are proven together.
        wanted.sort_by_key(|(_, block)| std::cmp::Reverse(*block));
        wanted.truncate(PROOFS.max(answer.scripts.len()));
        let answers = explorer.prove(&wanted, tip.height)?;
        let proven = wanted.iter().zip(answers).filter(|(_, proven)| *proven);
        Ok(proven.map(|((tx, block), _)| NewProof { txid: tx.compute_txid(), block: *block }).collect())
    }

    /// If the chain moved, the blocks that hold our transactions must still be in it: else the height above which nothing
    /// stands any more. That another block stands in the place of one has to be shown by headers with their work. A host that
    /// is behind undoes nothing: only where the one that knew the block itself has a shorter chain now, and nobody a longer
    /// one, is it gone.
    fn reorganised(&self, ledger: &Ledger, tip: Tip, operator: &str) -> Result<Option<u32>, Failure> {
        let Self { row, explorer, .. } = *self;
        if is_known_tip(row, tip) {
            return Ok(None);
        }
        let went_back = row.synced.as_ref().is_some_and(|synced| synced.operator == operator);
        let mut undone = None;
        for (height, hash) in ledger.newest_blocks(row, REORG_DEPTH)? {
            let is_it = |there: BlockHash| there.to_string() == hash;
            if explorer.block_hash_at(height)?.into_value().is_some_and(is_it) {
                break;
            }
            match explorer.standing_at(height)? {
                BlockAtHeight::Block(there) if is_it(there) => break,
                BlockAtHeight::Block(_) => undone = Some(height.saturating_sub(1)),
                BlockAtHeight::Shorter if went_back => undone = Some(height.saturating_sub(1)),
                BlockAtHeight::Shorter | BlockAtHeight::NotShown => {}
            }
        }
        Ok(undone)
    }
}

/// How many old, settled scripts are asked about again.
fn rotation(explorer: &Explorer, chain: ChainTip) -> Result<usize, Failure> {
    Ok(match (explorer.scripts_together()?, chain) {
        (1, ChainTip::Still) => ROTATION_SAME_TIP,
        (1, ChainTip::Moved) => ROTATION_NEW_TIP,
        // A host that takes many scripts in one question is asked about all of them every time.
        _ => usize::MAX,
    })
}

/// The block of a place in the ledger.
fn block_of(place: &Place) -> Option<BlockRef> {
    match place {
        Place::Block { height, hash, time } => {
            Some(BlockRef { height: *height, hash: hash.parse().ok()?, time: *time })
        }
        Place::Mempool => None,
    }
}

fn operator(claim: &Claim<Tip>) -> String {
    match claim {
        Claim::Proven(_) => "ourselves".to_owned(),
        Claim::Agreed { operators, .. } => operators.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Claim::Single { operator, .. } => operator.to_string(),
    }
}

/// Whether the chain stands where it stood at the last sync.
fn is_known_tip(row: &AccountRow, tip: Tip) -> bool {
    row.synced.as_ref().is_some_and(|synced| synced.hash == tip.hash.to_string())
}

/// What one attempt found out, before it is written down.
struct Findings<'a> {
    /// What the explorer told of the scripts.
    answer: &'a ScanAnswer,
    /// Whose the transactions of that answer are.
    authorship: &'a Authorship,
    /// Confirmations that were proven with it.
    proofs: &'a [NewProof],
    /// The height above which no block stands any more, if the chain was reorganised.
    undone: Option<u32>,
    /// The block up to which this is what is known.
    synced: &'a Synced,
}

impl Findings<'_> {
    fn write(&self, ledger: &mut Ledger, row: &AccountRow, overtaken: Overtaken) -> Result<Option<bool>, LedgerError> {
        let Self { answer, proofs, undone, synced, .. } = *self;
        ledger.atomically(|ledger| {
            if overtaken == Overtaken::GivesWay && !ledger.stands_as(row)? {
                return Ok(None);
            }
            let mut changed = undone.is_some();
            if let Some(height) = undone {
                ledger.unconfirm_above(row, height)?;
            }
            // Before the places that they prove: nothing else moves what is proven.
            for NewProof { txid, block } in proofs {
                ledger.put_proof(row, *txid, (block.height, &block.hash.to_string()))?;
            }
            let places = in_blocks(answer);
            for script in &answer.scripts {
                changed |= ledger.observe(row, &self.observation(script, &places))?;
            }
            displaced(ledger, row, answer)?;
            for (keychain, index, _) in &answer.unchanged {
                ledger.set_checked(row.id, *keychain, *index)?;
            }
            if changed {
                ledger.settle(row)?;
            }
            ledger.set_synced(row.id, synced)?;
            Ok(Some(changed))
        })
    }

    fn observation(&self, history: &ScriptHistory, in_blocks: &BTreeMap<Txid, BlockRef>) -> Observation {
        let block = |at: &TxAt| at.place.or_else(|| in_blocks.get(&at.tx.compute_txid()).copied());
        let place = |at: &TxAt| block(at).as_ref().map_or(Place::Mempool, place_of);
        let transactions = history.txs.iter().map(|at| (at.tx.clone(), place(at)));
        Observation {
            keychain: history.keychain,
            index: history.index,
            transactions: transactions.collect(),
            signed: self.authorship.signed.clone(),
            said_by: history.operator.to_string(),
            tip: self.synced.height,
            completeness: if history.mempool_capped { Completeness::MempoolCut } else { Completeness::Whole },
        }
    }
}

/// A payment of ours that waits, and of whose coins another is spent in a block by a transaction that is signed for it, is
/// replaced: a host that lists that cannot have invented it.
fn displaced(ledger: &Ledger, row: &AccountRow, answer: &ScanAnswer) -> Result<(), LedgerError> {
    let in_blocks = answer.scripts.iter().flat_map(|script| &script.txs).filter(|at| at.place.is_some());
    let in_blocks: Vec<&Transaction> = in_blocks.map(|at| &at.tx).collect();
    for ours in ledger.in_flight(row.account.network)? {
        let Ok(transaction) = consensus::encode::deserialize::<Transaction>(&ours.raw) else { continue };
        let coins: BTreeSet<OutPoint> = transaction.input.iter().map(|input| input.previous_output).collect();
        let is_rival = |other: &&&Transaction| {
            other.compute_txid().to_string() != ours.txid
                && other.input.iter().any(|input| coins.contains(&input.previous_output))
        };
        if let Some(rival) = in_blocks.iter().find(is_rival)
            && is_signed(ledger, row, rival)?
        {
            let why = "a coin was spent by another, in a block";
            ledger.set_journal_state(row.account.network, &ours.txid, JournalState::Replaced, why)?;
        }
    }
    Ok(())
}

/// Whether Bitcoin Core's code accepts every input, where the ledger has all that it spends.
fn is_signed(ledger: &Ledger, row: &AccountRow, transaction: &Transaction) -> Result<bool, LedgerError> {
    let spent = spent_here(ledger, row, transaction)?;
    Ok(spent.is_some_and(|spent| verify(transaction, &spent).is_ok()))
}

/// Blocks of transactions by what is said of any script: where a block came in between two answers, it is known already.
fn in_blocks(answer: &ScanAnswer) -> BTreeMap<Txid, BlockRef> {
    let seen = answer.scripts.iter().flat_map(|script| &script.txs);
    seen.filter_map(|at| Some((at.tx.compute_txid(), at.place?))).collect()
}
