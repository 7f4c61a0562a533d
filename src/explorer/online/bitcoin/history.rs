//! The complete history of one script, put together from pages that servers cut in different ways.
//!
//! Knows no HTTP. An answer is whole or an error: a page that is short, doubled, or cut by a reorganisation never
//! becomes a shorter history.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{Script, Txid};

use crate::explorer::{Cause, bitcoin::TxAt, online::transport::limits};

/// The lists a server keeps of one script. Transactions in them hash to their ids already.
pub(super) trait Pages {
    /// First page of waiting and confirmed transactions together.
    async fn mixed(&self) -> Result<Vec<TxAt>, Cause>;
    /// A page of confirmed transactions, newest first, after one of them.
    async fn confirmed(&self, after: Option<Txid>) -> Result<Vec<TxAt>, Cause>;
    /// Waiting transactions; there is one page only.
    async fn waiting(&self) -> Result<Vec<TxAt>, Cause>;
    /// Waiting transactions that this page may lack, where the server can be asked for them otherwise.
    async fn more_waiting(&self, known: &BTreeSet<Txid>) -> Result<Vec<TxAt>, Cause>;
    /// How many transactions the server counts.
    async fn counts(&self) -> Result<Counts, Cause>;
}

/// How many transactions of a script a server counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    /// In blocks.
    pub(super) confirmed: u64,
    /// Waiting; nothing where it does not say.
    pub(super) waiting: Option<u64>,
}

/// Each transaction of a script once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HostHistory {
    /// In the order of the lists.
    pub(super) txs: Vec<TxAt>,
    /// The list of waiting transactions was full, so there may be more.
    pub(super) mempool_capped: bool,
}

/// Transactions gathered from several lists: each id once, and confirmed wins.
#[derive(Default)]
struct Gathered {
    txs: Vec<TxAt>,
    index: BTreeMap<Txid, usize>,
}

impl Gathered {
    /// Adds a page and says how many of its ids were new.
    fn add(&mut self, page: Vec<TxAt>) -> Result<usize, Cause> {
        let before = self.txs.len();
        for seen in page {
            let txid = seen.tx.compute_txid();
            match self.index.get(&txid).and_then(|&at| self.txs.get_mut(at)) {
                Some(known) => known.place = known.place.or(seen.place),
                None => {
                    self.index.insert(txid, self.txs.len());
                    self.txs.push(seen);
                }
            }
        }
        if self.txs.len() > limits::TXS_PER_SCRIPT { Err(Cause::TooLarge) } else { Ok(self.txs.len() - before) }
    }
}

/// Reads the whole history of `script`: one request for most, separate pages for the busy.
pub(super) async fn read(pages: &impl Pages, script: &Script) -> Result<HostHistory, Cause> {
    let first = pages.mixed().await?;
    let history = if first.len() < limits::SMALLEST_PAGE {
        let mut gathered = Gathered::default();
        gathered.add(first)?;
        HostHistory { txs: gathered.txs, mempool_capped: false }
    } else {
        read_by_pages(pages).await?
    };
    if is_of(script, &history) { Ok(history) } else { Err(Cause::Lied) }
}

/// A script that was ever used was paid first: its history shows that, or it is another's.
fn is_of(script: &Script, history: &HostHistory) -> bool {
    let pays = |seen: &TxAt| seen.tx.output.iter().any(|output| *output.script_pubkey == *script);
    history.txs.is_empty() || history.mempool_capped || history.txs.iter().any(pays)
}

/// Starts again when the history changed under our reading, and gives up rather than answer too little.
async fn read_by_pages(pages: &impl Pages) -> Result<HostHistory, Cause> {
    for _ in 0..limits::REREADS {
        if let Some(history) = read_once(pages).await? {
            return Ok(history);
        }
    }
    Err(Cause::Unsettled)
}

/// One pass: nothing if the pages do not add up to what the server counts.
///
/// Waiting transactions come first, so that one that confirms meanwhile is seen twice rather than never.
async fn read_once(pages: &impl Pages) -> Result<Option<HostHistory>, Cause> {
    let mut waiting = pages.waiting().await?;
    let is_full = waiting.len() >= limits::MEMPOOL_PAGE;
    if is_full {
        let known = ids(&waiting);
        waiting.extend(pages.more_waiting(&known).await?);
    }
    let mut confirmed = Gathered::default();
    let mut last = None;
    loop {
        let page = pages.confirmed(last).await?;
        if page.iter().any(|seen| seen.place.is_none()) {
            return Err(Cause::Malformed);
        }
        last = page.last().map(|seen| seen.tx.compute_txid());
        // Not "a page shorter than 25": servers drop entries, and one pages by 10. An unknown or malformed cursor
        // gives an empty page or the first one again; both end here, and the count below tells.
        if confirmed.add(page)? == 0 {
            break;
        }
    }
    let count = u64::try_from(confirmed.txs.len()).map_err(|_| Cause::TooLarge)?;
    let counts = pages.counts().await?;
    if counts.confirmed != count {
        return Ok(None);
    }
    let listed = u64::try_from(ids(&waiting).len()).map_err(|_| Cause::TooLarge)?;
    let mempool_capped = is_full && counts.waiting.is_none_or(|all| all > listed);
    confirmed.add(waiting)?;
    Ok(Some(HostHistory { txs: confirmed.txs, mempool_capped }))
}

fn ids(txs: &[TxAt]) -> BTreeSet<Txid> {
    txs.iter().map(|seen| seen.tx.compute_txid()).collect()
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
