//! A stand-in for an ElectrumX server that holds every answer for a while, and answers what is asked meanwhile after its own
//! while: what counts is how long the chain of questions is that wait for each other.
//!
//! Plain threads on loopback, over the blocks of a practice chain as they were when it started. `FASTNESS_HOLD_MS=1000`
//! holds each answer for a second; otherwise the clock is counted and not waited for.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use super::world::account;
use bitcoin::{
    Block, ScriptBuf, TxMerkleNode, Txid,
    consensus::encode::serialize_hex,
    hashes::{Hash, HashEngine, sha256},
};
use fastness::{
    account::Keychain,
    explorer::Explorer,
    flow::bitcoin::{AccountSync, SyncScope},
    ledger::{KeyLocation, Ledger, bitcoin::Past},
    network::Network,
    practice::{PracticeChain, Server},
};
use serde_json::{Value, json};

/// Thousandths of a second that each answer is held, by the clock that is counted.
const HOLD: u64 = 1_000;

/// Blocks, and where each script and transaction is in them.
struct Indexed {
    blocks: Vec<Block>,
    scripts: BTreeMap<String, Vec<(Txid, usize)>>,
    places: BTreeMap<String, (usize, usize)>,
}

impl Indexed {
    fn new(chain: &PracticeChain) -> Self {
        let blocks: Vec<Block> = (0..=chain.tip().0).map(|height| chain.block(height).unwrap()).collect();
        let (mut scripts, mut places, mut paid) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::new(), BTreeMap::new());
        for (height, block) in blocks.iter().enumerate().skip(1) {
            for (place, tx) in block.txdata.iter().enumerate() {
                let txid = tx.compute_txid();
                places.insert(txid.to_string(), (height, place));
                let spent = tx.input.iter().filter_map(|input| paid.get(&input.previous_output).cloned());
                let touched: Vec<ScriptBuf> =
                    spent.chain(tx.output.iter().map(|output| output.script_pubkey.clone())).collect();
                for script in touched {
                    let history = scripts.entry(name(&script)).or_default();
                    if !history.contains(&(txid, height)) {
                        history.push((txid, height));
                    }
                }
                for (vout, output) in (0u32..).zip(&tx.output) {
                    paid.insert(bitcoin::OutPoint { txid, vout }, output.script_pubkey.clone());
                }
            }
        }
        Self { blocks, scripts, places }
    }

    fn answer(&self, method: &str, params: &Value) -> Value {
        let (text, number) = (params[0].as_str().unwrap_or_default(), params[0].as_u64().unwrap_or(0) as usize);
        let header = |height: usize| serialize_hex(&self.blocks[height].header);
        let history = self.scripts.get(text).map(Vec::as_slice).unwrap_or_default();
        match method {
            "server.version" => json!(["ElectrumX 1.18.0", "1.4"]),
            "blockchain.block.header" => json!(header(number)),
            "blockchain.block.headers" => {
                let end = (number + params[1].as_u64().unwrap_or(0) as usize).min(self.blocks.len());
                let hex: String = (number..end).map(header).collect();
                json!({"count": end - number, "hex": hex, "max": 2016})
            }
            "blockchain.headers.subscribe" => {
                let tip = self.blocks.len() - 1;
                json!({"height": tip, "hex": header(tip)})
            }
            "blockchain.scripthash.subscribe" if history.is_empty() => Value::Null,
            "blockchain.scripthash.subscribe" => {
                let lines: String = history.iter().map(|(txid, height)| format!("{txid}:{height}:")).collect();
                json!(sha256::Hash::hash(lines.as_bytes()).to_string())
            }
            "blockchain.scripthash.get_history" => {
                history.iter().map(|(txid, height)| json!({"tx_hash": txid, "height": height})).collect()
            }
            "blockchain.transaction.get" => {
                let (height, place) = self.places[text];
                json!(serialize_hex(&self.blocks[height].txdata[place]))
            }
            "blockchain.transaction.get_merkle" => {
                let (height, place) = self.places[text];
                json!({"block_height": height, "merkle": branch(&self.blocks[height], place), "pos": place})
            }
            other => panic!("{other} is not asked in a sync"),
        }
    }
}

/// The name of a script: its hash, reversed.
fn name(script: &ScriptBuf) -> String {
    let mut bytes = sha256::Hash::hash(script.as_bytes()).to_byte_array();
    bytes.reverse();
    sha256::Hash::from_byte_array(bytes).to_string()
}

fn branch(block: &Block, mut place: usize) -> Vec<String> {
    let mut level: Vec<[u8; 32]> = block.txdata.iter().map(|tx| tx.compute_txid().to_byte_array()).collect();
    let mut siblings = Vec::new();
    while level.len() > 1 {
        if level.len() % 2 == 1 {
            level.push(*level.last().unwrap());
        }
        siblings.push(TxMerkleNode::from_byte_array(level[place ^ 1]).to_string());
        place /= 2;
        let parent = |pair: &[[u8; 32]]| {
            let mut engine = TxMerkleNode::engine();
            pair.iter().for_each(|node| engine.input(node));
            TxMerkleNode::from_engine(engine).to_byte_array()
        };
        level = level.chunks(2).map(parent).collect();
    }
    siblings
}

/// A running server, until the test process ends.
struct ElectrumX {
    url: String,
    /// Thousandths of a second since the start, by the clock that is counted: the moment of the last answer.
    clock: Arc<AtomicU64>,
    questions: Arc<AtomicUsize>,
}

impl ElectrumX {
    fn start(chain: &PracticeChain, hold: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("tcp://{}", listener.local_addr().unwrap());
        let (clock, questions) = (Arc::<AtomicU64>::default(), Arc::<AtomicUsize>::default());
        let (index, now, asked) = (Arc::new(Indexed::new(chain)), Arc::clone(&clock), Arc::clone(&questions));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (index, now, asked) = (Arc::clone(&index), Arc::clone(&now), Arc::clone(&asked));
                thread::spawn(move || session(&stream, &index, hold, (&now, &asked)));
            }
        });
        Self { url, clock, questions }
    }
}

/// Reads questions as they come; a second thread writes each answer when its time has come.
fn session(stream: &TcpStream, index: &Indexed, hold: Duration, (clock, asked): (&Arc<AtomicU64>, &AtomicUsize)) {
    let (answers, due) = mpsc::channel::<(Instant, u64, String)>();
    let (mut writer, now) = (stream.try_clone().unwrap(), Arc::clone(clock));
    let writing = thread::spawn(move || {
        for (at, counted, text) in due {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            // What is asked because of this answer is asked after it.
            now.fetch_max(counted, Ordering::SeqCst);
            if writer.write_all(text.as_bytes()).is_err() {
                return;
            }
        }
    });
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let question: Value = serde_json::from_str(&line).unwrap();
        asked.fetch_add(1, Ordering::SeqCst);
        let result = index.answer(question["method"].as_str().unwrap(), &question["params"]);
        let text = format!("{}\n", json!({"jsonrpc": "2.0", "id": question["id"], "result": result}));
        if answers.send((Instant::now() + hold, clock.load(Ordering::SeqCst) + HOLD, text)).is_err() {
            break;
        }
    }
    drop(answers);
    let _ = writing.join();
}

/// A chain on which so many receive addresses were paid, each in a block of its own.
fn paid(count: u32) -> PracticeChain {
    let mut chain = PracticeChain::in_memory();
    for index in 0..count {
        chain.faucet(account().script(Keychain::Receive, index).unwrap(), 100_000).unwrap();
        chain.mine(1, None).unwrap();
    }
    chain.mine(6, None).unwrap();
    chain
}

#[test]
fn a_first_sync_of_500_used_addresses_waits_for_less_than_60_answers_one_after_another() {
    let named: Option<u64> = std::env::var("FASTNESS_HOLD_MS").ok().and_then(|text| text.parse().ok());
    let hold = Duration::from_millis(named.unwrap_or(100));
    let server = ElectrumX::start(&paid(500), hold);
    let explorer = Explorer::connect(Network::Regtest, std::slice::from_ref(&server.url)).unwrap();
    let mut ledger = Ledger::in_memory().unwrap();
    let row = ledger.add_account("main", &account(), KeyLocation::Elsewhere, Past::Possible).unwrap();
    let started = Instant::now();
    let report = AccountSync { row: &row, explorer: &explorer, scope: SyncScope::Incremental, gap: 20 }
        .run(&mut ledger, &mut |_| {})
        .unwrap();
    let (took, counted) = (started.elapsed(), server.clock.load(Ordering::SeqCst));
    let questions = server.questions.load(Ordering::SeqCst);
    println!(
        "500 used addresses, {} ms an answer: {took:.1?}; one second an answer: {counted} ms by the clock that is counted, \
         {questions} questions",
        hold.as_millis()
    );
    let balance = ledger.balance(row.id).unwrap();
    assert_eq!((report.proven, balance.confirmed, balance.proven), (500, 50_000_000, 50_000_000));
    assert!(counted < 60_000, "{counted} ms");
    assert!(named.is_none() || took < Duration::from_secs(60), "{took:?}");
}

#[test]
fn a_chain_of_block_0_alone_is_no_lie() {
    let server = ElectrumX::start(&PracticeChain::in_memory(), Duration::ZERO);
    let esplora =
        Server::start(Arc::new(Mutex::new(PracticeChain::in_memory())), "127.0.0.1:0".parse().unwrap()).unwrap();
    for url in [server.url.clone(), esplora.url()] {
        let explorer = Explorer::connect(Network::Regtest, &[url]).unwrap();
        let mut ledger = Ledger::in_memory().unwrap();
        let row = ledger.add_account("main", &account(), KeyLocation::Elsewhere, Past::Possible).unwrap();
        let report = AccountSync { row: &row, explorer: &explorer, scope: SyncScope::Incremental, gap: 20 }
            .run(&mut ledger, &mut |_| {})
            .unwrap();
        assert_eq!((report.height, report.asked, explorer.distrusted().len()), (0, 40, 0));
        assert_eq!(explorer.heights().unwrap().highest, 0);
    }
}
