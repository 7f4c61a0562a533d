//! More than 50 payments that wait at one address, which no Esplora server lists in one answer.

use std::sync::{Arc, Mutex};

use super::{
    layer::{Act, Asked, Host, Layer, Reply},
    world::{account, honest},
};
use fastness::{
    account::Keychain,
    explorer::Explorer,
    flow::bitcoin::{AccountSync, SyncScope},
    ledger::{KeyLocation, Ledger, bitcoin::Past},
    network::Network,
    practice::PracticeChain,
};

const PAYMENTS: u64 = 70;
const SAT: u64 = 10_000;

/// What a server says of the unspent outputs of a script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unspent {
    Listed,
    TooMany,
}

/// A server without the question about many scripts.
struct Short {
    chain: Arc<Mutex<PracticeChain>>,
    unspent: Unspent,
}

impl Host for Short {
    fn answer(&self, asked: &Asked) -> Act {
        Act::Say(match asked.steps().as_slice() {
            ["scripthashes", ..] => Reply::text(404, "endpoint does not exist".to_owned()),
            ["scripthash", _, "utxo"] if self.unspent == Unspent::TooMany => {
                Reply::text(400, "Too many unspent transaction outputs (>500).".to_owned())
            }
            _ => honest(&self.chain, asked),
        })
    }
}

/// What a sync says, beside what waits.
struct Synced {
    unconfirmed: u64,
    cuts: u32,
    waiting: u64,
}

/// What a sync says is on its way, and of how many addresses it knows that there is more.
fn synced(unspent: Unspent) -> Synced {
    let mut chain = PracticeChain::in_memory();
    for _ in 0..PAYMENTS {
        chain.faucet(account().script(Keychain::Receive, 0).unwrap(), SAT).unwrap();
    }
    chain.reorg(1).unwrap();
    let waiting = chain.mempool_txids().len() as u64;
    assert!(waiting > 50, "{waiting} wait");
    let layer = Layer::start(81, Short { chain: Arc::new(Mutex::new(chain)), unspent });
    let explorer = Explorer::connect(Network::Regtest, &[layer.url()]).unwrap();
    let mut ledger = Ledger::in_memory().unwrap();
    let row = ledger.add_account("main", &account(), KeyLocation::Elsewhere, Past::Possible).unwrap();
    AccountSync { row: &row, explorer: &explorer, scope: SyncScope::Incremental, gap: 2 }
        .run(&mut ledger, &mut |_| {})
        .unwrap();
    let unconfirmed = ledger.balance(row.id).unwrap().unconfirmed;
    Synced { unconfirmed, cuts: ledger.mempool_cuts(row.id).unwrap(), waiting }
}

#[test]
fn a_cut_list_of_what_waits_is_completed_from_the_unspent_outputs_or_marked() {
    let listed = synced(Unspent::Listed);
    assert_eq!((listed.unconfirmed, listed.cuts), (listed.waiting * SAT, 0));
    let cut = synced(Unspent::TooMany);
    assert!(cut.unconfirmed < cut.waiting * SAT && cut.cuts == 1, "{} {}", cut.unconfirmed, cut.cuts);
}
