//! Explorers of every make: a scan over each must give what is true, or say that it cannot.

use std::sync::{Arc, Mutex};

use super::{
    layer::Layer,
    personality::{Deployment, Personality},
    world::{CHANGE, DEEP, GAP, SPENT, WAITING, World, YOUNG},
};
use bitcoin::Txid;
use fastness::{
    account::Keychain,
    explorer::Explorer,
    flow::bitcoin::{AccountSync, SyncScope},
    network::Network,
    practice::PracticeChain,
};

const ALL: [Personality; 3] =
    [Personality::BlockstreamNew, Personality::MempoolElectrs2024, Personality::MempoolElectrumBackend];

fn deployment(chain: &Arc<Mutex<PracticeChain>>, personality: Personality) -> Layer {
    Layer::start(1, Deployment { chain: Arc::clone(chain), personality, bucket: None })
}

/// A transaction, its height, and what the wallet received and spent in it.
pub type FoundAt = (Txid, Option<u32>, u64, u64);

/// What a first sync of the account finds, and how many scripts have more that waits than was listed; or the error's words.
pub fn scan(world: &World, explorer: &Explorer) -> Result<(Vec<FoundAt>, usize), String> {
    let (mut ledger, row) = world.ledger();
    let report = AccountSync { row: &row, explorer, scope: SyncScope::Full, gap: GAP }.run(&mut ledger, &mut |_| {});
    let report = report.map_err(|failure| failure.message())?;
    let rows = ledger.history(row.id, fastness::ledger::Limit::None).unwrap().into_iter();
    let mut found: Vec<FoundAt> =
        rows.map(|row| (row.txid.parse().unwrap(), row.height, row.received, row.sent)).collect();
    found.sort_unstable();
    Ok((found, report.capped))
}

/// What is true.
pub fn truth(world: &World) -> Vec<FoundAt> {
    let [one, two, three] = world.deep;
    let mut all: Vec<FoundAt> = [
        (one, DEEP[0], 0),
        (two, DEEP[1], 0),
        (three, DEEP[2], 0),
        (world.young, YOUNG, 0),
        (world.waiting, WAITING, 0),
        (world.spent.txid, SPENT, 0),
        (world.spender, CHANGE, SPENT),
    ]
    .map(|(txid, received, sent)| (txid, world.height(&txid), received, sent))
    .into();
    all.sort_unstable();
    all
}

#[test]
fn a_scan_is_the_same_over_every_make() {
    let world = World::new();
    for personality in ALL {
        let layer = deployment(&world.chain, personality);
        let explorer = Explorer::connect(Network::Regtest, &[layer.url()]).unwrap();
        let found = scan(&world, &explorer).unwrap_or_else(|error| panic!("{personality:?}: {error}"));
        assert_eq!(found, (truth(&world), 0), "{personality:?}");
    }
}

#[test]
fn fees_and_the_tip_are_read_from_every_make() {
    let world = World::new();
    for personality in ALL {
        let layer = deployment(&world.chain, personality);
        let explorer = Explorer::connect(Network::Regtest, &[layer.url()]).unwrap();
        assert_eq!(explorer.tip().unwrap().value().height, world.tip, "{personality:?}");
        let advice = explorer.fee_advice(&[1]).unwrap().remove(0);
        assert_eq!(advice.rate.map(|rate| rate.sat_per_kvb), Some(5_000), "{personality:?}");
    }
}

/// One script with so many payments in blocks and so many that wait.
pub fn busy(confirmed: usize, waiting: usize) -> World {
    let world = World::new();
    let script = world.script(Keychain::Receive, 0);
    {
        let mut chain = world.chain.lock().unwrap();
        let waits = chain.mempool_txids().len();
        for _ in 1..confirmed {
            chain.faucet(script.clone(), 10_000).unwrap();
            chain.mine(1, None).unwrap();
        }
        for _ in 0..waiting {
            chain.faucet(script.clone(), 10_000).unwrap();
        }
        assert!(waits >= 1);
    }
    world
}

#[test]
fn a_busy_script_is_whole_or_an_error_over_every_make() {
    for (confirmed, waiting) in [(9, 0), (10, 0), (11, 3), (26, 0), (60, 2), (30, 60)] {
        let world = busy(confirmed, waiting);
        for personality in ALL {
            let layer = deployment(&world.chain, personality);
            let explorer = Explorer::connect(Network::Regtest, &[layer.url()]).unwrap();
            match scan(&world, &explorer) {
                Ok((found, capped)) => {
                    let in_blocks = found.iter().filter(|row| row.1.is_some()).count();
                    // Six beside the one script; what waited before is in a block since.
                    assert_eq!(in_blocks, confirmed + 6, "{personality:?}: {confirmed} and {waiting}");
                    let whole = found.len() == in_blocks + waiting;
                    assert!(whole || capped == 1, "{personality:?}: {confirmed} and {waiting}");
                }
                Err(error) => {
                    assert!(error.contains("no explorer answered"), "{personality:?}: {error}");
                    assert_ne!(personality, Personality::BlockstreamNew, "{confirmed} and {waiting}: {error}");
                }
            }
        }
    }
}

#[test]
fn what_a_host_was_asked_is_written_down() {
    let world = World::new();
    let layer = deployment(&world.chain, Personality::BlockstreamNew);
    scan(&world, &Explorer::connect(Network::Regtest, &[layer.url()]).unwrap()).unwrap();
    let log = layer.log();
    assert_eq!(log.len(), layer.requests());
    assert_eq!(log[0].path, "/block-height/0", "the chain is checked first");
    let known = ["/blocks", "/block-height/", "/block/", "/scripthash/", "/scripthashes/", "/tx/"];
    assert!(log.iter().all(|asked| known.iter().any(|path| asked.path.starts_with(path))), "{log:?}");
    assert!(log.iter().all(|asked| asked.headers.to_lowercase().contains("user-agent: fastness")));
    assert!((1..=16).contains(&layer.most_at_once()), "{} at once", layer.most_at_once());
}
