//! How much is asked: exactly so many requests, and under a storm of 429 no more than the server's bucket gives.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    layer::{Act, Asked, Host, Layer},
    makes::scan,
    matrix::Honest,
    personality::{Bucket, Deployment, Personality, TooMany},
    world::{GAP, World},
};
use fastness::{
    explorer::Explorer,
    flow::bitcoin::{AccountSync, SyncScope},
    ledger::{
        KeyLocation, Ledger,
        bitcoin::{Past, Synced},
    },
    network::Network,
};

fn paths(layer: &Layer, from: usize) -> Vec<String> {
    layer.log()[from..].iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
}

/// Paths of one kind.
fn count(paths: &[String], kind: &str) -> usize {
    paths.iter().filter(|path| path.starts_with(kind)).count()
}

#[test]
fn a_second_sync_asks_only_what_can_have_changed() {
    let world = World::new();
    let deployment =
        Deployment { chain: Arc::clone(&world.chain), personality: Personality::BlockstreamNew, bucket: None };
    let layer = Layer::start(1, deployment);
    let (mut ledger, _) = world.ledger();
    let mut seen = 0;
    let mut sync = || {
        let explorer = Explorer::connect(Network::Regtest, &[layer.url()]).unwrap();
        let row = ledger.accounts(None).unwrap().remove(0);
        AccountSync { row: &row, explorer: &explorer, scope: SyncScope::Incremental, gap: GAP }
            .run(&mut ledger, &mut |_| {})
            .unwrap();
        let paths = paths(&layer, seen);
        seen += paths.len();
        paths
    };
    let first = sync();
    assert_eq!(count(&first, "GET /scripthash/"), 6 + 1 + 2 * GAP as usize, "{first:#?}");
    let second = sync();
    // Seven used scripts and the gap of both chains; nothing about blocks, for the tip is the same.
    assert_eq!(count(&second, "GET /scripthash/"), 6 + 1 + 2 * GAP as usize, "{second:#?}");
    assert_eq!(count(&second, "GET /tx/"), 0, "what is proven is not proven again: {second:#?}");
    assert!(count(&second, "POST") <= 1, "whether it takes many scripts is asked once: {second:#?}");
    assert!(second.len() <= 14, "{} requests: {second:#?}", second.len());
    println!("requests: first sync {}, idle re-sync {}", first.len(), second.len());
}

/// An honest server, during whose first answer about a script another process syncs the same account.
struct Meanwhile {
    world: Arc<World>,
    ledger: std::path::PathBuf,
    done: AtomicBool,
}

impl Host for Meanwhile {
    fn answer(&self, asked: &Asked) -> Act {
        if asked.path.contains("/scripthash/") && !self.done.swap(true, Ordering::SeqCst) {
            let ledger = Ledger::open(&self.ledger).unwrap();
            let row = ledger.accounts(None).unwrap().remove(0);
            let (hash, operator) = (self.world.block_hash(1), "another.example".to_owned());
            ledger.set_synced(row.id, &Synced { height: 1, hash, operator, at: 7, second: None }).unwrap();
        }
        Act::Say(self.world.honest(asked))
    }
}

#[test]
fn a_sync_that_was_overtaken_asks_again_and_does_not_write_what_is_older() {
    let world = Arc::new(World::new());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = Ledger::open(&path).unwrap();
    let row = ledger.add_account("main", &world.account, KeyLocation::Elsewhere, Past::Possible).unwrap();
    let host = Meanwhile { world: Arc::clone(&world), ledger: path, done: AtomicBool::new(false) };
    let layer = Layer::start(1, host);
    let explorer = Explorer::connect(Network::Regtest, &[layer.url()]).unwrap();
    AccountSync { row: &row, explorer: &explorer, scope: SyncScope::Incremental, gap: GAP }
        .run(&mut ledger, &mut |_| {})
        .unwrap();
    let scripts = count(&paths(&layer, 0), "GET /scripthash/");
    assert_eq!(scripts, 2 * (6 + 1 + 2 * GAP as usize), "the whole question twice");
    assert_eq!(ledger.accounts(None).unwrap().remove(0).synced.unwrap().height, world.tip);
}

#[test]
fn a_host_that_says_429_is_not_stormed() {
    let world = Arc::new(World::new());
    let calm = Layer::start(2, Honest(Arc::clone(&world)));
    let truth = scan(&world, &Explorer::connect(Network::Regtest, &[calm.url()]).unwrap()).unwrap();
    let shapes = [(5, 200), (10, 200), (15, 200), (1, 100)];
    for (answer, (burst, every)) in [TooMany::Json, TooMany::Page(1)].into_iter().flat_map(|a| shapes.map(|b| (a, b))) {
        let every = Duration::from_millis(every);
        let bucket = Some(Bucket::new(burst, every, answer));
        let chain = Arc::clone(&world.chain);
        let layer = Layer::start(1, Deployment { chain, personality: Personality::BlockstreamNew, bucket });
        let started = Instant::now();
        let explorer = Explorer::connect(Network::Regtest, &[layer.url()]).unwrap();
        let outcome = scan(&world, &explorer);
        let given = burst as usize + (started.elapsed().as_millis() / every.as_millis()) as usize;
        println!(
            "429 storm, {burst} at once and one in {every:?}, {answer:?}: {} requests, {given} allowed, {:?}",
            layer.requests(),
            started.elapsed()
        );
        let most = given + given.div_ceil(10);
        assert!(layer.requests() <= most, "{} requests, and {most} at most", layer.requests());
        match outcome {
            Ok(found) => assert_eq!(found, truth),
            Err(error) => assert!(error.contains("too many requests"), "{error}"),
        }
    }
}
