//! Histories put together from a server that cuts its pages as real ones do.
//!
//! Tests only.

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
