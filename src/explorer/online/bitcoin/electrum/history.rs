//! Whole histories from an Electrum server: what is unchanged costs one question, and nothing is believed that does not
//! hash to the status the server announced.
//!
//! An answer is whole or an error. A history that contradicts its own status, or names transactions that have nothing to
//! do with the script, may be a race with a new block the first time; the same contradiction again is a lie.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{OutPoint, Script, Transaction, Txid};
use serde_json::json;

use super::{
    Electrum, errors,
    json::{self, HistoryEntry, ScriptStatus},
    wire::{ElectrumCall, ElectrumReply},
};
use crate::explorer::{
    Cause,
    bitcoin::{BlockRef, TxAt},
    online::{
        bitcoin::{
            history::HostHistory,
            questions::{ScriptAnswer, ScriptQuery},
        },
        transport::{http::RequestPurpose, limits},
    },
};

/// What a server said of a script that cannot be so: its status and its history.
type Doubt = (ScriptStatus, Vec<HistoryEntry>);

/// The scripts of one question, and how far each is.
struct Work<'a> {
    asked: &'a [ScriptQuery],
    answers: Vec<Option<ScriptAnswer>>,
    doubts: BTreeMap<usize, Doubt>,
}

impl Electrum<'_> {
    /// The histories of some scripts, one answer each, in their order.
    ///
    /// One round trip per 100 scripts where nothing changed; histories, transactions and headers of the others after it.
    pub(crate) async fn histories(&self, asked: &[ScriptQuery]) -> Result<Vec<ScriptAnswer>, Cause> {
        let mut work = Work { asked, answers: vec![None; asked.len()], doubts: BTreeMap::new() };
        for _ in 0..limits::REREADS {
            self.round(&mut work).await?;
            if work.open().is_empty() {
                return work.answers.into_iter().map(|answer| answer.ok_or(Cause::Unsettled)).collect();
            }
        }
        Err(Cause::Unsettled)
    }

    /// Asks about every script that has no answer yet.
    async fn round(&self, work: &mut Work<'_>) -> Result<(), Cause> {
        let open = work.open();
        let mut changed: Vec<(usize, ScriptStatus)> = Vec::new();
        let replies = self.of_scripts("blockchain.scripthash.subscribe", work, &open).await?;
        for (&place, reply) in open.iter().zip(replies) {
            match json::shape::<Option<ScriptStatus>>(&accepted(reply)?)? {
                Some(status) if !work.is_unchanged(place, status) => changed.push((place, status)),
                Some(_) => work.answer(place, ScriptAnswer::Unchanged),
                None => work.answer_empty(place),
            }
        }
        let places: Vec<usize> = changed.iter().map(|(place, _)| *place).collect();
        let replies = self.of_scripts("blockchain.scripthash.get_history", work, &places).await?;
        let mut listed: Vec<(usize, Doubt)> = Vec::new();
        for ((place, status), reply) in changed.into_iter().zip(replies) {
            let entries = json::entries(&accepted(reply)?)?;
            if !json::has_status(&entries, status) {
                work.doubt(place, (status, entries))?;
            } else if work.is_known(place, &entries) {
                work.answer(place, ScriptAnswer::Unchanged);
            } else {
                listed.push((place, (status, entries)));
            }
        }
        self.fill(work, listed).await
    }

    /// Fetches the transactions and blocks of histories, and answers those that are whole.
    async fn fill(&self, work: &mut Work<'_>, listed: Vec<(usize, Doubt)>) -> Result<(), Cause> {
        let all = || listed.iter().flat_map(|(_, (_, entries))| entries);
        let wanted: BTreeSet<Txid> = all().map(|entry| entry.tx_hash).collect();
        let heights: BTreeSet<u32> = all().filter_map(HistoryEntry::block).collect();
        let txs = self.transactions(&wanted).await?;
        let blocks = self.blocks(&heights).await?;
        for (place, (status, entries)) in listed {
            // Left out what was evicted or reorganised away meanwhile: the next round tells.
            let Some(history) = whole(&entries, &txs, &blocks) else { continue };
            let ours = work.asked.get(place).is_some_and(|asked| all_touch(&asked.script, &history.txs));
            if ours {
                work.answer(place, ScriptAnswer::History(history));
            } else {
                work.doubt(place, (status, entries))?;
            }
        }
        Ok(())
    }

    /// The same question about several scripts.
    async fn of_scripts(
        &self,
        method: &'static str,
        work: &Work<'_>,
        places: &[usize],
    ) -> Result<Vec<ElectrumReply>, Cause> {
        let scripts = places.iter().filter_map(|&place| work.asked.get(place)).map(|asked| &asked.script);
        let questions: Vec<ElectrumCall> = scripts
            .inspect(|script| self.tell_script(script))
            .map(|script| (method, json!([json::script_hash(script)])))
            .collect();
        self.wire().ask_all(RequestPurpose::Read, &questions, limits::PART).await
    }
}

impl Work<'_> {
    /// Places of the scripts without an answer.
    fn open(&self) -> Vec<usize> {
        self.answers.iter().enumerate().filter(|(_, answer)| answer.is_none()).map(|(place, _)| place).collect()
    }

    fn answer(&mut self, place: usize, answer: ScriptAnswer) {
        if let Some(slot) = self.answers.get_mut(place) {
            *slot = Some(answer);
        }
    }

    /// The answer for a script without any history.
    fn answer_empty(&mut self, place: usize) {
        let unchanged = self.is_known(place, &[]);
        self.answer(
            place,
            if unchanged { ScriptAnswer::Unchanged } else { ScriptAnswer::History(HostHistory::default()) },
        );
    }

    fn is_unchanged(&self, place: usize, status: ScriptStatus) -> bool {
        let known = self.asked.get(place).and_then(|asked| asked.known.as_ref());
        known.is_some_and(|known| json::is_status_of(known, status))
    }

    fn is_known(&self, place: usize, entries: &[HistoryEntry]) -> bool {
        let known = self.asked.get(place).and_then(|asked| asked.known.as_ref());
        known.is_some_and(|known| json::is_known(known, &json::distinct(entries)))
    }

    /// Remembers a contradiction; the same one twice is no race.
    fn doubt(&mut self, place: usize, doubt: Doubt) -> Result<(), Cause> {
        if self.doubts.get(&place) == Some(&doubt) {
            return Err(Cause::Lied);
        }
        self.doubts.insert(place, doubt);
        Ok(())
    }
}

impl HistoryEntry {
    /// The height of its block; nothing while it waits.
    fn block(&self) -> Option<u32> {
        u32::try_from(self.height).ok().filter(|height| *height > 0)
    }
}

fn accepted(reply: ElectrumReply) -> Result<json::ElectrumResult, Cause> {
    reply.map_err(|error| errors::cause(&error))
}

/// The history, if every transaction and block of it is there.
fn whole(
    entries: &[HistoryEntry],
    txs: &BTreeMap<Txid, Transaction>,
    blocks: &BTreeMap<u32, BlockRef>,
) -> Option<HostHistory> {
    let at = |entry: &HistoryEntry| {
        let place = entry.block().map(|height| blocks.get(&height).copied().ok_or(()));
        Some(TxAt { tx: txs.get(&entry.tx_hash)?.clone(), place: place.transpose().ok()? })
    };
    let txs = json::distinct(entries).iter().map(at).collect::<Option<_>>()?;
    Some(HostHistory { txs, mempool_capped: false })
}

/// True if every transaction pays the script or spends what another of them paid it: a whole history shows that of
/// itself.
fn all_touch(script: &Script, txs: &[TxAt]) -> bool {
    let pays = |tx: &Transaction| tx.output.iter().any(|output| *output.script_pubkey == *script);
    let mut coins: BTreeSet<OutPoint> = BTreeSet::new();
    for seen in txs.iter().filter(|seen| pays(&seen.tx)) {
        let txid = seen.tx.compute_txid();
        let places = (0u32..).zip(&seen.tx.output).filter(|(_, output)| *output.script_pubkey == *script);
        coins.extend(places.map(|(vout, _)| OutPoint { txid, vout }));
    }
    let spends = |tx: &Transaction| tx.input.iter().any(|input| coins.contains(&input.previous_output));
    txs.iter().all(|seen| pays(&seen.tx) || spends(&seen.tx))
}
