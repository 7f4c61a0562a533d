//! Explorers of every make: a scan over each must give what is true, or say that it cannot.

use std::sync::{Arc, Mutex};

use bitcoin::{ScriptBuf, Txid};
use fastness::{
    account::Keychain,
    explorer::{Explorer, ExplorerError, ScanAnswer, ScanPlan},
    network::Network,
    practice::PracticeChain,
};

use super::{
    layer::Layer,
    personality::{Deployment, Personality},
    world::{GAP, World},
};

const ALL: [Personality; 3] =
    [Personality::BlockstreamNew, Personality::MempoolElectrs2024, Personality::MempoolElectrumBackend];

fn deployment(chain: &Arc<Mutex<PracticeChain>>, personality: Personality) -> Layer {
    Layer::start(1, Deployment { chain: Arc::clone(chain), personality, bucket: None })
}

/// A first scan of the account, without anything known.
pub fn scan(world: &World, explorer: &Explorer) -> Result<ScanAnswer, ExplorerError> {
    let derive = |keychain: Keychain, index: u32| -> Option<ScriptBuf> { world.account.script(keychain, index).ok() };
    explorer.scan(&ScanPlan { derive: &derive, ask: Vec::new(), next: [0, 0], gap: GAP }, &mut |_| {})
}

/// What a scan found: chain, index, transaction, height.
pub type FoundAt = (Keychain, u32, Txid, Option<u32>);

pub fn found(answer: &ScanAnswer) -> Vec<FoundAt> {
    let mut all: Vec<FoundAt> = Vec::new();
    for script in &answer.scripts {
        let place = |at: &fastness::explorer::TxAt| at.place.map(|block| block.height);
        all.extend(script.txs.iter().map(|at| (script.keychain, script.index, at.tx.compute_txid(), place(at))));
    }
    all.sort_unstable();
    all
}

/// What is true.
pub fn truth(world: &World) -> Vec<FoundAt> {
    let height = |txid: &Txid| world.height(txid);
    let (funding, [one, two, three]) = (world.spent.txid, world.deep);
    let receive = [(0, one), (1, two), (2, three), (3, world.young), (4, world.waiting), (5, funding)];
    let mut all: Vec<FoundAt> =
        receive.into_iter().map(|(index, txid)| (Keychain::Receive, index, txid, height(&txid))).collect();
    all.push((Keychain::Receive, 5, world.spender, height(&world.spender)));
    all.push((Keychain::Change, 0, world.spender, height(&world.spender)));
    all.sort_unstable();
    all
}

#[test]
fn a_scan_is_the_same_over_every_make() {
    let world = World::new();
    for personality in ALL {
        let layer = deployment(&world.chain, personality);
        let explorer = Explorer::connect(Network::Regtest, &[layer.url()]).unwrap();
        let answer = scan(&world, &explorer).unwrap_or_else(|error| panic!("{personality:?}: {error}"));
        assert_eq!(found(&answer), truth(&world), "{personality:?}");
    }
}

#[test]
fn fees_and_the_tip_are_read_from_every_make() {
    let world = World::new();
    for personality in ALL {
        let layer = deployment(&world.chain, personality);
        let explorer = Explorer::connect(Network::Regtest, &[layer.url()]).unwrap();
        assert_eq!(explorer.tip().unwrap().value().height, world.tip, "{personality:?}");
        let rates = explorer.fee_rates().unwrap().into_value();
        assert_eq!(rates.get(&1).map(|rate| rate.sat_per_kvb), Some(5_000), "{personality:?}");
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
                Ok(answer) => {
                    let first = &answer.scripts.iter().find(|script| script.keychain == Keychain::Receive).unwrap();
                    let in_blocks = first.txs.iter().filter(|at| at.place.is_some()).count();
                    assert_eq!(in_blocks, confirmed, "{personality:?}: {confirmed} and {waiting}");
                    let whole = first.txs.len() == confirmed + waiting;
                    assert!(whole || first.mempool_capped, "{personality:?}: {confirmed} and {waiting}");
                }
                Err(error) => {
                    let ExplorerError::NoAnswer(_) = error else { panic!("{personality:?}: {error}") };
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
    assert!(log[1..].iter().all(|asked| asked.path.starts_with("/scripthash")), "{log:?}");
    assert!(log.iter().all(|asked| asked.headers.to_lowercase().contains("user-agent: fastness")));
    assert!((1..=16).contains(&layer.most_at_once()), "{} at once", layer.most_at_once());
}
