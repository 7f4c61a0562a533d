//! An explorer that lists spends of our coins that were never signed: it is named, nothing of it is shown, and nothing
//! is replaced because of it.

use std::sync::{Arc, Mutex};

use bitcoin::{
    OutPoint, ScriptBuf, Transaction, Txid, Witness,
    consensus::encode::{self, deserialize_hex},
    hashes::{Hash, sha256},
};
use fastness::practice::PracticeChain;
use serde_json::{Value, json};

use super::{
    harness::{Answer, Stage, address_of, sat, script},
    layer::{Act, Asked, Host, Layer, Reply},
    tellings::tx_json,
    world::{honest, transaction},
};

/// Lists `forged` beside what is true, or in the place of `hidden`.
struct Forger {
    chain: Arc<Mutex<PracticeChain>>,
    forged: Transaction,
    hidden: Option<Txid>,
    /// Where it says that the forged one is.
    status: Value,
    /// SHA-256 of the scripts that it claims to touch.
    about: Vec<String>,
}

impl Host for Forger {
    fn answer(&self, asked: &Asked) -> Act {
        Act::Say(self.told(asked))
    }
}

impl Forger {
    fn told(&self, asked: &Asked) -> Reply {
        let txid = self.forged.compute_txid().to_string();
        let waits = self.status.clone();
        let body = String::from_utf8_lossy(&asked.body);
        let is_about = self.about.iter().any(|hash| asked.path.contains(hash) || body.contains(hash));
        let hidden = self.hidden.map(|hidden| hidden.to_string()).unwrap_or_default();
        match asked.steps().as_slice() {
            ["tx", id, rest @ ..] if **id == txid => match rest {
                ["raw"] => Reply::new(200, "application/octet-stream", encode::serialize(&self.forged)),
                ["hex"] => Reply::text(200, encode::serialize_hex(&self.forged)),
                ["status"] => Reply::json(waits),
                _ => Reply::json(with_witnesses(&self.forged, waits)),
            },
            ["tx", id, "outspend", ..]
                if self.forged.input.iter().any(|i| i.previous_output.txid.to_string() == **id) =>
            {
                Reply::json(json!({ "spent": true, "txid": txid, "vin": 0, "status": waits }))
            }
            ["tx", id, ..] if **id == hidden => Reply::text(404, "Transaction not found"),
            ["scripthash", _, "txs", "chain", ..] => honest(&self.chain, asked),
            _ if asked.query.contains("after_txid") => honest(&self.chain, asked),
            ["scripthash", _, "txs", ..] | ["scripthashes", "txs", ..] if is_about => honest(&self.chain, asked)
                .edited(|list| {
                    let list = list.as_array_mut().unwrap();
                    list.retain(|tx| tx["txid"] != hidden.as_str());
                    list.insert(0, with_witnesses(&self.forged, waits.clone()));
                }),
            _ => honest(&self.chain, asked),
        }
    }
}

fn with_witnesses(tx: &Transaction, status: Value) -> Value {
    let mut json = tx_json(tx, status);
    for (entry, input) in json["vin"].as_array_mut().unwrap().iter_mut().zip(&tx.input) {
        let items = input.witness.iter().map(bitcoin::hex::DisplayHex::to_lower_hex_string);
        entry["witness"] = items.collect::<Vec<_>>().into();
    }
    json
}

fn attacker() -> ScriptBuf {
    ScriptBuf::new_p2wsh(&bitcoin::WScriptHash::hash(b"attacker"))
}

/// A chain with a coin of ours, and what names that coin.
struct Scene {
    stage: Stage,
    coin: OutPoint,
    held: ScriptBuf,
}

const COIN: u64 = 100_000_000;

impl Scene {
    fn new() -> Self {
        let stage = Stage::with_wallet();
        let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
        let txid: Txid = stage.fund(&address, COIN).parse().unwrap();
        stage.mine(8);
        let held = script(&address);
        let paid = stage.server.chain().lock().unwrap().transaction(&txid).unwrap();
        let vout = paid.output.iter().position(|output| output.script_pubkey == held).unwrap() as u32;
        Self { stage, coin: OutPoint { txid, vout }, held }
    }

    /// Spends our coin, pays its author, and is not signed.
    fn garbage(&self) -> Transaction {
        let change = script(self.stage.json(&["addresses"])["addresses"][0]["address"].as_str().unwrap());
        let mut forged = transaction(self.coin, &[(attacker(), 90_000_000), (change, 9_999_000)]);
        forged.input[0].witness = Witness::from_slice(&[vec![0x30; 71], vec![0x02; 33]]);
        forged
    }

    fn forger(&self, forged: Transaction, hidden: Option<Txid>) -> Layer {
        let scripts = forged.output.iter().map(|output| &output.script_pubkey).chain([&self.held]);
        let about = scripts.map(|script| sha256::Hash::hash(script.as_bytes()).to_string()).collect();
        let status = json!({ "confirmed": false });
        Layer::start(2, Forger { chain: self.stage.server.chain(), forged, hidden, status, about })
    }

    /// Runs against the liar first, and the honest one behind it if there is to be one.
    fn run(&self, liar: &Layer, others: &[String], words: &[&str]) -> Answer {
        let named: Vec<String> = [liar.url()].iter().chain(others).map(|url| format!("--explorer={url}")).collect();
        self.stage.run(&words.iter().copied().chain(named.iter().map(String::as_str)).collect::<Vec<_>>())
    }

    #[track_caller]
    fn nothing_of_it(&self, forged: &Txid) {
        let history = self.stage.json(&["history"]);
        assert!(!history.to_string().contains(&forged.to_string()), "{history}");
        let account = &self.stage.json(&["balance"])["accounts"][0];
        assert_eq!((sat(&account["confirmed"]), sat(&account["unconfirmed"])), (COIN, 0), "{account}");
        let chain = self.stage.server.chain();
        let chain = chain.lock().unwrap();
        assert_eq!(chain.balance(&attacker()), 0);
        let pays = |txid: &Txid| chain.transaction(txid).unwrap().output.iter().any(|o| o.script_pubkey == attacker());
        assert!(!chain.mempool_txids().iter().any(pays), "the attacker is paid by nothing that waits");
    }
}

fn bump<'a>(id: &'a str, password: &'a str) -> Vec<&'a str> {
    vec!["bump", id, "--fee-rate", "20", "--yes", "--max-fee=100000sat", password, "--json"]
}

#[test]
fn a_spend_that_nobody_signed_is_a_lie_and_is_never_replaced() {
    let scene = Scene::new();
    let forged = scene.garbage();
    let id = forged.compute_txid();
    let liar = scene.forger(forged, None);
    // The only explorer: nothing is believed, and it is named.
    let alone = scene.run(&liar, &[], &["sync", "--json"]);
    assert_eq!((alone.code, alone.error_code().as_str()), (8, "explorer.lied"), "{alone:?}");
    assert!(alone.stdout.contains(&liar.operator()), "{alone:?}");
    // With another: that one is believed.
    let honest = [scene.stage.server.url()];
    scene.run(&liar, &honest, &["sync"]).expect_code(0);
    scene.nothing_of_it(&id);
    for command in ["bump", "cancel"] {
        for others in [&honest[..0], &honest] {
            let mut words = bump_words(command, &id);
            words.push(scene.stage.password());
            for more in [&[][..], &["--trust-single-explorer".to_owned()]] {
                let words: Vec<&str> = words.iter().chain(more).map(String::as_str).collect();
                let refused = scene.run(&liar, others, &words);
                assert_ne!(refused.code, 0, "{refused:?}");
            }
        }
    }
    scene.nothing_of_it(&id);
}

fn bump_words(command: &str, id: &Txid) -> Vec<String> {
    [command, &id.to_string(), "--fee-rate", "20", "--yes", "--max-fee=100000sat", "--json"].map(str::to_owned).into()
}

/// A payment of ours that waits, signed in another home with the same keys.
fn sent_elsewhere(scene: &Scene) -> Transaction {
    let elsewhere = Stage::with_wallet();
    let at = format!("--explorer={}", scene.stage.server.url());
    let limit = "--max-fee=5000sat";
    let expected = format!("--expect-to={}", Stage::shop());
    elsewhere.json(&["plan", &Stage::shop(), "0.4btc", "--fee-rate", "2", "-o", "pay.draft", &at]);
    let signed =
        elsewhere.json(&["sign", "pay.draft", "-o", "pay.signed", "--yes", limit, &expected, &elsewhere.password()]);
    elsewhere.json(&["broadcast", "pay.signed", &at]);
    deserialize_hex(signed["raw"].as_str().unwrap()).unwrap()
}

#[test]
fn a_payment_that_waits_with_another_payee_in_it_is_a_lie() {
    let scene = Scene::new();
    let real = sent_elsewhere(&scene);
    let mut swapped = real.clone();
    let shop = script(&Stage::shop());
    swapped.output.iter_mut().find(|output| output.script_pubkey == shop).unwrap().script_pubkey = attacker();
    let (id, true_id) = (swapped.compute_txid(), real.compute_txid());
    let liar = scene.forger(swapped, Some(true_id));
    let alone = scene.run(&liar, &[], &["sync", "--json"]);
    assert_eq!(alone.error_code(), "explorer.lied", "{alone:?}");
    let honest = [scene.stage.server.url()];
    scene.run(&liar, &honest, &["sync"]).expect_code(0);
    let history = scene.stage.json(&["history"]).to_string();
    assert!(history.contains(&true_id.to_string()) && !history.contains(&id.to_string()), "{history}");
    let (id, password) = (id.to_string(), scene.stage.password());
    let refused = scene.run(&liar, &honest, &bump(&id, &password));
    assert_eq!(refused.error_code(), "flow.unknown_transaction", "{refused:?}");
    assert_eq!(scene.stage.server.chain().lock().unwrap().mempool_txids(), [true_id]);
    scene.stage.mine(1);
    assert_eq!(
        (scene.stage.chain_balance(&address_of(&attacker())), scene.stage.chain_balance(&Stage::shop())),
        (0, 40_000_000)
    );
}

#[test]
fn a_block_that_is_not_proven_to_hold_it_makes_it_no_truer() {
    let scene = Scene::new();
    let forged = scene.garbage();
    let id = forged.compute_txid();
    let about = vec![sha256::Hash::hash(scene.held.as_bytes()).to_string()];
    let (chain, height) = (scene.stage.server.chain(), scene.stage.server.chain().lock().unwrap().tip().0 - 1);
    let block = chain.lock().unwrap().block(height).unwrap();
    let status = json!({ "confirmed": true, "block_height": height, "block_hash": block.block_hash(), "block_time": block.header.time });
    let liar = Layer::start(2, Forger { chain, forged, hidden: None, status, about });
    let alone = scene.run(&liar, &[], &["sync", "--json"]);
    assert_eq!(alone.error_code(), "explorer.lied", "{alone:?}");
    scene.run(&liar, &[scene.stage.server.url()], &["sync"]).expect_code(0);
    scene.nothing_of_it(&id);
}

#[test]
fn what_was_signed_elsewhere_is_replaced_where_two_have_the_same_bytes() {
    let scene = Scene::new();
    let real = sent_elsewhere(&scene);
    let (id, password) = (real.compute_txid().to_string(), scene.stage.password());
    let [first, second] = [1, 3].map(|number| {
        let forged = real.clone();
        // Tells the truth: what it adds is true.
        Layer::start(
            number,
            Forger {
                chain: scene.stage.server.chain(),
                forged,
                hidden: None,
                status: json!({ "confirmed": false }),
                about: Vec::new(),
            },
        )
    });
    let silent = ["http://127.0.0.1:9".to_owned()];
    let words = bump(&id, &password);
    let refused = scene.run(&first, &silent, &words);
    assert_eq!((refused.code, refused.error_code().as_str()), (4, "flow.single_source"), "{refused:?}");
    assert!(refused.stdout.contains("not in the journal"), "{refused:?}");
    scene.run(&first, &[second.url()], &words).expect_code(0);
    scene.stage.mine(1);
    assert_eq!(scene.stage.chain_balance(&Stage::shop()), 40_000_000, "paid once");
    assert_eq!(scene.stage.server.chain().lock().unwrap().confirmations(&real.compute_txid()), None);
}

#[test]
fn a_person_may_say_that_one_word_is_enough() {
    let scene = Scene::new();
    let real = sent_elsewhere(&scene);
    let (id, password) = (real.compute_txid().to_string(), scene.stage.password());
    let own = format!("--explorer={}", scene.stage.server.url());
    let more = [own.as_str(), "--explorer=http://127.0.0.1:9", "--trust-single-explorer"];
    let bumped = scene.stage.run(&[bump(&id, &password).as_slice(), &more].concat());
    assert_eq!(bumped.code, 0, "{bumped:?}");
    assert!(bumped.stderr.contains("warning[single_source]"), "{bumped:?}");
}

#[test]
fn what_a_changed_ledger_calls_ours_is_not_replaced() {
    let scene = Scene::new();
    scene.stage.json(&["sync"]);
    let forged = scene.garbage();
    let (id, raw) = (forged.compute_txid(), encode::serialize(&forged));
    let db = rusqlite::Connection::open(scene.stage.path("home/ledger.db")).unwrap();
    let sql = "INSERT INTO transactions (txid, network, raw, first_seen, signed) VALUES (?1, 'regtest', ?2, 1, 1)";
    db.execute(sql, rusqlite::params![id.to_byte_array(), raw]).unwrap();
    let coin = rusqlite::params![scene.coin.txid.to_byte_array(), id.to_byte_array()];
    db.execute("UPDATE coins SET spent_by = ?2 WHERE txid = ?1", coin).unwrap();
    drop(db);
    for command in ["bump", "cancel"] {
        let refused =
            scene.stage.run(&[command, &id.to_string(), "--offline", "--fee-rate", "9", "-o", "x.draft", "--json"]);
        assert_eq!(refused.error_code(), "flow.not_replaceable", "{refused:?}");
        assert!(!scene.stage.path("x.draft").exists());
    }
}
