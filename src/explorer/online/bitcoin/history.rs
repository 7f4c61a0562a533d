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
mod tests {
    use std::cell::{Cell, RefCell};

    use bitcoin::{BlockHash, ScriptBuf, hashes::Hash};

    use super::*;
    use crate::explorer::{bitcoin::BlockRef, online::bitcoin::fake};

    /// A server in memory: newest first, pages of `page`, lists of waiting transactions cut at 50.
    struct Server {
        chain: RefCell<Vec<TxAt>>,
        waiting: Vec<TxAt>,
        page: usize,
        counted: Option<u64>,
        asked: Cell<u32>,
        /// At this request the newest block with its transaction is reorganised away.
        reorg_at: Option<u32>,
        /// A cursor that is not understood starts again at page 1.
        restarts: Option<()>,
        /// Whether those beyond the first 50 that wait can be asked for otherwise.
        shows_more: bool,
    }

    fn script() -> ScriptBuf {
        fake::script(1)
    }

    fn tx(number: u32, place: Option<u32>) -> TxAt {
        let place = place.map(|height| BlockRef { height, hash: BlockHash::all_zeros(), time: 1_600_000_000 });
        TxAt { tx: fake::payment(&script(), number), place }
    }

    fn server(confirmed: u32, waiting: u32) -> Server {
        Server {
            chain: RefCell::new((0..confirmed).rev().map(|n| tx(n, Some(100 + n))).collect()),
            waiting: (0..waiting).map(|n| tx(1_000_000 + n, None)).collect(),
            page: 25,
            counted: None,
            asked: Cell::new(0),
            reorg_at: None,
            restarts: None,
            shows_more: false,
        }
    }

    impl Server {
        fn note(&self) {
            self.asked.set(self.asked.get() + 1);
            if Some(self.asked.get()) == self.reorg_at {
                // The block of the oldest and newest entries changes: an old cursor no longer exists.
                let mut chain = self.chain.borrow_mut();
                let gone = chain.remove(self.page - 1);
                chain.insert(0, TxAt { tx: fake::payment(&script(), 77_777), place: gone.place });
            }
        }
    }

    impl Pages for Server {
        async fn mixed(&self) -> Result<Vec<TxAt>, Cause> {
            self.note();
            let waiting = self.waiting.iter().take(50).cloned();
            Ok(waiting.chain(self.chain.borrow().iter().take(self.page).cloned()).take(50).collect())
        }

        async fn confirmed(&self, after: Option<Txid>) -> Result<Vec<TxAt>, Cause> {
            self.note();
            let chain = self.chain.borrow();
            let start = match after {
                None => 0,
                Some(txid) => match chain.iter().position(|seen| seen.tx.compute_txid() == txid) {
                    Some(at) if self.restarts.is_none() => at + 1,
                    _ if self.restarts.is_some() => 0,
                    _ => return Ok(Vec::new()),
                },
            };
            Ok(chain.iter().skip(start).take(self.page).cloned().collect())
        }

        async fn waiting(&self) -> Result<Vec<TxAt>, Cause> {
            self.note();
            Ok(self.waiting.iter().take(50).cloned().collect())
        }

        async fn more_waiting(&self, known: &BTreeSet<Txid>) -> Result<Vec<TxAt>, Cause> {
            self.note();
            let more = self.waiting.iter().filter(|seen| !known.contains(&seen.tx.compute_txid()));
            Ok(more.filter(|_| self.shows_more).cloned().collect())
        }

        async fn counts(&self) -> Result<Counts, Cause> {
            self.note();
            let count = |list: &[TxAt]| u64::try_from(list.len()).expect("small");
            let confirmed = self.counted.unwrap_or(count(&self.chain.borrow()));
            Ok(Counts { confirmed, waiting: Some(count(&self.waiting)) })
        }
    }

    fn run(server: &Server) -> Result<HostHistory, Cause> {
        fake::block_on(read(server, &script()))
    }

    #[test]
    fn quiet_scripts_cost_one_request() {
        for (confirmed, waiting) in [(0, 0), (1, 0), (0, 1), (5, 4)] {
            let server = server(confirmed, waiting);
            let history = run(&server).expect("a history");
            assert_eq!(history.txs.len(), (confirmed + waiting) as usize);
            assert_eq!(server.asked.get(), 1);
        }
    }

    #[test]
    fn busy_scripts_are_paged_to_an_empty_page() {
        for page in [10, 25, 50] {
            for confirmed in [10, 24, 25, 26, 50, 130] {
                let mut server = server(confirmed, 3);
                server.page = page;
                assert_eq!(run(&server).expect("a history").txs.len(), confirmed as usize + 3, "{page} {confirmed}");
            }
        }
    }

    #[test]
    fn a_full_mempool_does_not_hide_the_chain() {
        let history = run(&server(60, 70)).expect("a history");
        assert!(history.mempool_capped);
        assert_eq!(history.txs.iter().filter(|seen| seen.place.is_some()).count(), 60);
        assert!(!run(&server(60, 49)).expect("a history").mempool_capped);
        assert!(!run(&server(60, 50)).expect("a history").mempool_capped, "a full list may be all there is");
    }

    #[test]
    fn what_a_full_list_lacks_is_asked_for_otherwise() {
        let mut server = server(60, 70);
        server.shows_more = true;
        let history = run(&server).expect("a history");
        assert_eq!((history.txs.len(), history.mempool_capped), (130, false));
    }

    #[test]
    fn listed_twice_is_once_and_confirmed_wins() {
        let mut server = server(3, 0);
        let twin = server.chain.borrow()[1].tx.clone();
        server.waiting = vec![TxAt { tx: twin, place: None }; 2];
        let history = run(&server).expect("a history");
        assert_eq!(history.txs.len(), 3);
        assert!(history.txs.iter().all(|seen| seen.place.is_some()));
    }

    #[test]
    fn a_lost_cursor_starts_again() {
        // Requests: mixed, waiting, page 1; page 2 asks after a transaction that is gone.
        let mut server = server(60, 0);
        server.reorg_at = Some(4);
        assert_eq!(run(&server).expect("a history").txs.len(), 60);
        assert!(server.asked.get() > 7, "it must have started again");
    }

    #[test]
    fn pages_that_do_not_add_up_are_an_error() {
        let mut server = server(60, 0);
        server.counted = Some(61);
        assert_eq!(run(&server), Err(Cause::Unsettled));
    }

    #[test]
    fn a_cursor_that_restarts_does_not_loop() {
        let mut server = server(60, 0);
        server.restarts = Some(());
        assert_eq!(run(&server), Err(Cause::Unsettled));
        server.counted = Some(25);
        assert_eq!(run(&server).expect("a history").txs.len(), 25);
    }

    #[test]
    fn another_scripts_history_is_a_lie() {
        assert_eq!(fake::block_on(read(&server(3, 0), &fake::script(2))), Err(Cause::Lied));
        assert_eq!(fake::block_on(read(&server(60, 0), &fake::script(2))), Err(Cause::Lied));
        assert!(fake::block_on(read(&server(0, 0), &fake::script(2))).is_ok());
    }

    #[test]
    fn endless_histories_are_stopped() {
        let mut gathered = Gathered::default();
        let page: Vec<TxAt> = (0..10_001).map(|n| tx(n, Some(1))).collect();
        assert_eq!(gathered.add(page), Err(Cause::TooLarge));
    }
}
