//! Many scripts in one question, where an Esplora server has it: `POST /scripthashes/txs` (at most 300).
//!
//! An answer that shows exactly what is known already says that nothing changed; anything else only tells which scripts
//! have to be asked for themselves. What servers say of inputs is a hint here and never a fact.

use std::collections::BTreeSet;

use bitcoin::{
    BlockHash, Script, ScriptBuf, Txid,
    hashes::{Hash, sha256},
};
use futures_util::stream::{self, StreamExt};

use super::{
    Esplora,
    hints::{Hinted, hinted_page},
    judge,
};
use crate::explorer::{
    Cause, Subject,
    bitcoin::{KnownHistory, TxAt},
    online::{
        bitcoin::questions::{KnownFrom, Pace, ScriptAnswer, ScriptQuery},
        transport::{
            http::{Budget, JsonContent, RequestPurpose},
            limits, retry,
        },
    },
};

/// An unused script: SHA-256 of the empty script's hash. Asked to learn whether a server has the question.
const NOBODY: [u8; 32] = [0x5f; 32];

/// Status of a question for what comes after a transaction that the server does not know.
const UNKNOWN_CURSOR: u16 = 422;

impl Esplora<'_> {
    /// Whether this server takes many scripts in one question; asked once a day.
    pub(crate) async fn takes_many(&self) -> bool {
        if let Some(takes) = self.endpoint.takes_many() {
            return takes;
        }
        let probed = self.probe().await;
        self.endpoint.found_many(probed);
        probed.unwrap_or(false)
    }

    /// A server that has the question refuses what is no list, and shows nothing for an unused script. A server that
    /// answers everything with an empty list does not have it.
    async fn probe(&self) -> Result<bool, Cause> {
        match self.post_to_many("no list".to_owned(), &[], "").await {
            Err(Cause::Refused(_) | Cause::ServerError(_)) => {}
            Ok(_) | Err(Cause::Unsupported | Cause::Denied | Cause::WebPage | Cause::Redirected) => return Ok(false),
            Err(cause) => return Err(cause),
        }
        let nobody = format!("[\"{}\"]", sha256::Hash::from_byte_array(NOBODY));
        let answer = self.post_to_many(nobody, &[], "?max_txs=1").await;
        Ok(answer.is_ok_and(|body| hinted_page(&body).is_ok_and(|page| page.is_empty())))
    }

    /// How this host is asked about many scripts.
    pub(crate) async fn pace(&self) -> Result<Pace, Cause> {
        Ok(if self.takes_many().await { Pace::together(limits::SCRIPTS_TOGETHER) } else { Pace::SINGLE })
    }

    /// What this host says of each script, in order: together where it takes that, else one by one.
    pub(crate) async fn histories(&self, asked: &[ScriptQuery]) -> Result<Vec<ScriptAnswer>, Cause> {
        if asked.len() > 1 && self.takes_many().await {
            return self.together(asked).await;
        }
        self.one_by_one(asked.iter().map(|asked| &asked.script)).await
    }

    async fn one_by_one(&self, scripts: impl Iterator<Item = &ScriptBuf>) -> Result<Vec<ScriptAnswer>, Cause> {
        let ask = async |script: &ScriptBuf| self.history(script).await.map(ScriptAnswer::History);
        let answers: Vec<Result<ScriptAnswer, Cause>> =
            stream::iter(scripts).map(ask).buffered(limits::IN_FLIGHT).collect().await;
        answers.into_iter().collect()
    }

    /// Up to 300 scripts at a time, those never asked by themselves: a server that has nothing of any of them says so.
    async fn together(&self, asked: &[ScriptQuery]) -> Result<Vec<ScriptAnswer>, Cause> {
        let (known, new): (Vec<usize>, Vec<usize>) =
            (0..asked.len()).partition(|&place| asked.get(place).is_some_and(|asked| asked.known.is_some()));
        let mut answers: Vec<Option<ScriptAnswer>> = asked.iter().map(|_| None).collect();
        for places in known.chunks(limits::SCRIPTS_TOGETHER).chain(new.chunks(limits::SCRIPTS_TOGETHER)) {
            let chunk: Vec<&ScriptQuery> = places.iter().filter_map(|&place| asked.get(place)).collect();
            for (&place, answer) in places.iter().zip(self.chunk(&chunk).await?) {
                if let Some(slot) = answers.get_mut(place) {
                    *slot = Some(answer);
                }
            }
        }
        answers.into_iter().map(|answer| answer.ok_or(Cause::Malformed)).collect()
    }

    /// Up to 300 scripts: those that the common list shows to be changed are asked for themselves.
    async fn chunk(&self, chunk: &[&ScriptQuery]) -> Result<Vec<ScriptAnswer>, Cause> {
        let hashes: Vec<sha256::Hash> = chunk.iter().map(|asked| hash(&asked.script)).collect();
        let changed = if chunk.iter().all(|asked| asked.known.is_none()) {
            // Scripts that were never asked: none of them is used, or each has to be asked for itself.
            if self.has_any(&hashes).await? { (0..chunk.len()).collect() } else { BTreeSet::new() }
        } else if chunk.iter().any(|asked| asked.told == KnownFrom::Elsewhere) {
            self.differing(chunk, &hashes).await?
        } else {
            self.changed(chunk, &hashes).await?
        };
        let scripts = changed.iter().filter_map(|&place| chunk.get(place)).map(|asked| &asked.script);
        let mut histories = self.one_by_one(scripts).await?.into_iter();
        let answer = |place| if changed.contains(&place) { histories.next() } else { Some(ScriptAnswer::Unchanged) };
        (0..chunk.len()).map(answer).map(|answer| answer.ok_or(Cause::Malformed)).collect()
    }

    /// Whether any of these scripts is used.
    async fn has_any(&self, hashes: &[sha256::Hash]) -> Result<bool, Cause> {
        Ok(!hinted_page(&self.post_scripts(hashes, "?max_txs=1").await?)?.is_empty())
    }

    /// How many scripts go into one question of a first scan: many if none of the first ones is used, for then that is all;
    /// else each has to be asked for itself anyway.
    pub(crate) async fn first_pace(&self, first: &[ScriptBuf]) -> Result<Pace, Cause> {
        let hashes: Vec<sha256::Hash> = first.iter().map(|script| hash(script)).collect();
        let used = !self.takes_many().await || first.len() > limits::SCRIPTS_TOGETHER || self.has_any(&hashes).await?;
        Ok(if used { Pace::SINGLE } else { Pace::together(limits::SCRIPTS_TOGETHER) })
    }

    /// Places of the scripts of which the whole common list shows something else than is known: a transaction more, one
    /// less, or one elsewhere. All of them where the list is too long to be read.
    async fn differing(&self, chunk: &[&ScriptQuery], hashes: &[sha256::Hash]) -> Result<BTreeSet<usize>, Cause> {
        let everybody = || Ok((0..chunk.len()).collect());
        let Some(listed) = self.whole_list(hashes).await? else { return everybody() };
        let said: BTreeSet<BulkListing> = listed.iter().map(|seen| (seen.txid, seen.height, seen.block)).collect();
        let of = |asked: &ScriptQuery| -> BTreeSet<BulkListing> {
            let known = asked.known.clone().unwrap_or_default();
            let block = |height: u32| known.blocks.get(&height).copied();
            let confirmed = known.confirmed.iter().map(|(txid, height)| (*txid, Some(*height), block(*height)));
            confirmed.chain(known.waiting.iter().map(|txid| (*txid, None, None))).collect()
        };
        let known: BTreeSet<BulkListing> = chunk.iter().flat_map(|asked| of(asked)).collect();
        let new: BTreeSet<Txid> = said.difference(&known).map(|(txid, ..)| *txid).collect();
        let listed: Vec<Hinted> = listed.into_iter().filter(|seen| new.contains(&seen.txid)).collect();
        let mut differing = touched(chunk, &listed, &BTreeSet::new());
        differing.extend(
            (0..chunk.len()).filter(|&place| chunk.get(place).is_some_and(|asked| !of(asked).is_subset(&said))),
        );
        // Something is new, and nothing in it says for which script.
        if differing.is_empty() && !new.is_empty() { everybody() } else { Ok(differing) }
    }

    /// Everything that a server lists of these scripts; nothing if that does not end.
    async fn whole_list(&self, hashes: &[sha256::Hash]) -> Result<Option<Vec<Hinted>>, Cause> {
        let mut all: Vec<Hinted> = Vec::new();
        for _ in 0..limits::PAGES_TOGETHER {
            let after = all.last().map_or_else(String::new, |last| format!("&after_txid={}", last.txid));
            let query = format!("?max_txs={}{after}", limits::PAGE_TOGETHER);
            let body = match self.post_scripts(hashes, &query).await {
                // The transaction that the page was to begin after is no longer there: the chain moved.
                Err(Cause::Refused(UNKNOWN_CURSOR)) => return Ok(None),
                other => other?,
            };
            let page = hinted_page(&body)?;
            if page.is_empty() {
                return Ok(Some(all));
            }
            self.http.keep_bytes(page.iter().map(Hinted::memory).sum())?;
            all.extend(page);
        }
        Ok(None)
    }

    /// Places of the scripts in this chunk of which the server shows something that is not known, or less than is known.
    async fn changed(&self, chunk: &[&ScriptQuery], hashes: &[sha256::Hash]) -> Result<BTreeSet<usize>, Cause> {
        let expected = Expected::of(chunk);
        let query = format!("?max_txs={}", expected.most());
        let page = hinted_page(&self.post_scripts(hashes, &query).await?)?;
        if expected.is(&page) {
            return Ok(BTreeSet::new());
        }
        let news = self.news(chunk, hashes, page, &expected).await?;
        let mut changed = expected.unsettled(chunk);
        match news {
            Some(news) if !news.is_empty() || !changed.is_empty() => {
                changed.extend(news);
                Ok(changed)
            }
            // The list is not what is known, and nothing in it says why: every script in it is asked about.
            _ => Ok((0..chunk.len()).collect()),
        }
    }

    /// Scripts that unknown transactions touch, down to the first known one or to the end of the list; nothing if the list
    /// is too long to be read for that.
    async fn news(
        &self,
        chunk: &[&ScriptQuery],
        hashes: &[sha256::Hash],
        mut page: Vec<Hinted>,
        expected: &Expected,
    ) -> Result<Option<BTreeSet<usize>>, Cause> {
        let mut changed = BTreeSet::new();
        for _ in 0..limits::PAGES_TOGETHER {
            changed.extend(touched(chunk, &page, &expected.known));
            let reached = page.iter().any(|seen| seen.height.is_some() && expected.known.contains(&seen.txid));
            let Some(last) = page.last().filter(|_| !reached) else { return Ok(Some(changed)) };
            let query = format!("?max_txs={}&after_txid={}", limits::PAGE_TOGETHER, last.txid);
            page = match self.post_scripts(hashes, &query).await {
                Err(Cause::Refused(UNKNOWN_CURSOR)) => return Ok(None),
                other => hinted_page(&other?)?,
            };
        }
        Ok(None)
    }

    /// Everything that waits at one script, page by page; no more than so many pages.
    pub(crate) async fn waiting_of(&self, script: sha256::Hash) -> Result<Vec<TxAt>, Cause> {
        let mut all: Vec<TxAt> = Vec::new();
        for _ in 0..limits::PAGES_TOGETHER {
            let after = all.last().map_or_else(String::new, |last| format!("&after_txid={}", last.tx.compute_txid()));
            let query = format!("?max_txs={}{after}", limits::PAGE_TOGETHER);
            let page = self.read_page(self.post_scripts(&[script], &query).await?).await?;
            let listed = page.len();
            // What waits comes first.
            let waiting: Vec<TxAt> = page.into_iter().take_while(|seen| seen.place.is_none()).collect();
            let is_last = waiting.len() < listed || waiting.is_empty();
            all.extend(waiting);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    async fn post_scripts(&self, hashes: &[sha256::Hash], query: &str) -> Result<Vec<u8>, Cause> {
        self.post_to_many(serde_json::to_string(hashes).map_err(|_| Cause::Malformed)?, hashes, query).await
    }

    /// Puts the question, and says of which scripts once it leaves.
    async fn post_to_many(&self, body: String, hashes: &[sha256::Hash], query: &str) -> Result<Vec<u8>, Cause> {
        let url = self.endpoint.url(&format!("/scripthashes/txs{query}"))?;
        let budget = Budget { bytes: limits::MANY_BYTES, deadline: self.deadline };
        let ask = async || {
            hashes.iter().for_each(|hash| self.tell(Subject::Script(hash.to_string())));
            let content = JsonContent { purpose: RequestPurpose::Read, text: body.clone() };
            judge(self.http.post_json(url.clone(), content, budget).await)
        };
        retry::read(self.endpoint, self.deadline, ask).await?.ok_or(Cause::Unsupported)
    }

    /// Says what the host is about to be told.
    pub(crate) fn tell(&self, subject: Subject) {
        self.http.tell(self.network.name(), &self.endpoint.operator, subject);
    }
}

fn hash(script: &Script) -> sha256::Hash {
    sha256::Hash::hash(script.as_bytes())
}

/// A transaction with the block that it is said to be in.
type BulkListing = (Txid, Option<u32>, Option<BlockHash>);

/// What a common list has to begin with if nothing changed.
struct Expected {
    waiting: BTreeSet<Txid>,
    /// Confirmed ones of the newest block: the list goes on with one of them.
    newest: BTreeSet<Txid>,
    known: BTreeSet<Txid>,
}

impl Expected {
    fn of(chunk: &[&ScriptQuery]) -> Self {
        let known: Vec<&KnownHistory> = chunk.iter().filter_map(|asked| asked.known.as_ref()).collect();
        let confirmed = || known.iter().flat_map(|known| known.confirmed.iter());
        let highest = confirmed().map(|(_, height)| *height).max();
        let waiting: BTreeSet<Txid> = known.iter().flat_map(|known| known.waiting.iter().copied()).collect();
        let newest = confirmed().filter(|(_, height)| Some(*height) == highest).map(|(txid, _)| *txid).collect();
        let all = confirmed().map(|(txid, _)| *txid).chain(waiting.iter().copied()).collect();
        Self { waiting, newest, known: all }
    }

    fn most(&self) -> usize {
        self.waiting.len() + 1
    }

    /// Those that wait in any order, then one of the newest block's, and nothing else.
    fn is(&self, page: &[Hinted]) -> bool {
        let waiting: BTreeSet<Txid> = page.iter().filter(|seen| seen.height.is_none()).map(|seen| seen.txid).collect();
        let mut confirmed = page.iter().filter(|seen| seen.height.is_some());
        let first = confirmed.next().map(|seen| seen.txid);
        let as_known = match first {
            Some(txid) => self.newest.contains(&txid),
            None => self.newest.is_empty(),
        };
        as_known && confirmed.next().is_none() && waiting == self.waiting && page.len() <= self.most()
    }

    /// Scripts whose transactions wait for a block: they may have confirmed or gone.
    fn unsettled(&self, chunk: &[&ScriptQuery]) -> BTreeSet<usize> {
        let waits = |asked: &&ScriptQuery| asked.known.as_ref().is_some_and(|known| !known.waiting.is_empty());
        chunk.iter().enumerate().filter(|(_, asked)| waits(asked)).map(|(place, _)| place).collect()
    }
}

/// Scripts that a transaction of the page pays or, as the server hints, spends from, where it was not known.
fn touched(chunk: &[&ScriptQuery], page: &[Hinted], known: &BTreeSet<Txid>) -> BTreeSet<usize> {
    let scripts: BTreeSet<&ScriptBuf> =
        page.iter().filter(|seen| !known.contains(&seen.txid)).flat_map(|seen| seen.scripts.iter()).collect();
    chunk.iter().enumerate().filter(|(_, asked)| scripts.contains(&asked.script)).map(|(place, _)| place).collect()
}

#[cfg(test)]
#[path = "many_tests.rs"]
mod tests;
