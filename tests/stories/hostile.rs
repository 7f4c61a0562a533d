//! Hostile drafts, lying explorers and machines that die at the wrong moment: what they must not be able to do.

use std::fs;

use bitcoin::{Amount, Psbt, Sequence, bip32::DerivationPath};
use fastness::practice::server::Fault;

use crate::harness::{Stage, sat};

impl Stage {
    fn psbt(&self, name: &str) -> Psbt {
        self.json(&["plan", &Self::shop(), "0.2btc", "--fee-rate", "3", "-o", name, "--psbt"]);
        fs::read_to_string(self.path(name)).unwrap().trim().parse().unwrap()
    }

    fn sign_to_nowhere(&self, psbt: &Psbt, options: &[&str]) -> crate::harness::Answer {
        fs::write(self.path("hostile.psbt"), psbt.serialize()).unwrap();
        let password = self.password();
        self.run(&[&["sign", "hostile.psbt", "--json", "--yes", &password], options].concat())
    }
}

#[test]
fn a_foreign_psbt_meets_the_fee_stops_too() {
    let stage = Stage::with_coins(&[50_000_000]);
    let mut greedy = stage.psbt("pay.psbt");
    let change = greedy.outputs.iter().position(|output| !output.bip32_derivation.is_empty()).unwrap();
    greedy.unsigned_tx.output[change].value = Amount::from_sat(1_000);
    let shop = Stage::shop();
    fs::write(stage.path("greedy.psbt"), greedy.serialize()).unwrap();
    let inspected = stage.json(&["inspect", "greedy.psbt"]);
    assert_eq!(inspected["problems"][0]["code"], "bitcoin.fee_too_high", "{inspected}");
    assert!(stage.run(&["inspect", "greedy.psbt"]).stdout.contains("only if that fee is named with --max-fee"));
    let answer = stage.sign_to_nowhere(&greedy, &["--expect-to", &shop]);
    answer.expect_code(1);
    assert_eq!(answer.error_code(), "bitcoin.fee_too_high", "0.3 BTC of fee with nothing but --expect-to");
    stage.sign_to_nowhere(&greedy, &["--expect-to", &shop, "--max-fee", "1btc"]).expect_code(0);
}

#[test]
fn a_relative_lock_in_a_foreign_psbt_is_told() {
    let stage = Stage::with_coins(&[50_000_000]);
    let mut locked = stage.psbt("pay.psbt");
    locked.unsigned_tx.input[0].sequence = Sequence::from_height(50_000);
    fs::write(stage.path("locked.psbt"), locked.serialize()).unwrap();
    let warnings = stage.json(&["inspect", "locked.psbt"])["review"]["warnings"].to_string();
    assert!(warnings.contains("relative_lock") && warnings.contains("50000"), "{warnings}");
}

#[test]
fn change_to_an_account_that_nobody_would_search_is_a_payment() {
    let stage = Stage::with_coins(&[50_000_000]);
    let honest = stage.psbt("pay.psbt");
    let place = honest.outputs.iter().position(|output| !output.bip32_derivation.is_empty()).unwrap();
    // A second wallet of the same words knows the far account; the signing machine knows none.
    let far = stage.json(&["account", "add", "--number", "123456", "--yes", &stage.password()]);
    let name = far["account"].as_str().or_else(|| far["name"].as_str()).unwrap_or_else(|| panic!("{far}")).to_owned();
    let address = stage.json(&["receive", "--account", name.rsplit('/').next().unwrap()]);
    let script = crate::harness::script(address["address"].as_str().unwrap());
    let path: DerivationPath = address["path"].as_str().unwrap().parse().unwrap();
    let mut ransom = honest;
    ransom.unsigned_tx.output[place].script_pubkey = script;
    for (_, source) in ransom.outputs[place].bip32_derivation.values_mut().map(|source| ((), source)) {
        source.1 = path.clone();
    }
    let offline = stage.path("offline");
    fs::create_dir_all(offline.join("wallets")).unwrap();
    for folder in [&offline, &offline.join("wallets")] {
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }
    fs::copy(stage.path("home/wallets/main.keystore"), offline.join("wallets/main.keystore")).unwrap();
    fs::write(stage.path("ransom.psbt"), ransom.serialize()).unwrap();
    let mut sign = crate::harness::program();
    sign.current_dir(stage.home.path()).arg("--home").arg(&offline);
    sign.args(["--network", "regtest", "sign", "ransom.psbt", "--json", "--yes", "--expect-to", &Stage::shop()]);
    sign.arg(stage.password());
    let answer = crate::harness::finish(sign);
    answer.expect_code(1);
    assert_eq!(answer.error_code(), "bitcoin.beyond_search", "no search finds it again");
}

/// A program that writes to the ledger gives this wallet another one's account, and plans change to it.
#[test]
fn the_review_after_unlocking_is_the_one_that_was_agreed_to() {
    let stage = Stage::with_coins(&[50_000_000]);
    let mut theft = stage.psbt("pay.psbt");
    let place = theft.outputs.iter().position(|output| !output.bip32_derivation.is_empty()).unwrap();
    stage.restore("other", "legal winner thank year wave sausage worth useful legal winner thank yellow");
    let foreign = stage.json(&["receive", "--wallet", "other"]);
    let master = stage.json(&["account", "export", "--wallet", "other"])["fingerprint"].as_str().unwrap().to_owned();
    let path: DerivationPath = foreign["path"].as_str().unwrap().parse().unwrap();
    theft.unsigned_tx.output[place].script_pubkey = crate::harness::script(foreign["address"].as_str().unwrap());
    for source in theft.outputs[place].bip32_derivation.values_mut() {
        *source = (master.parse().unwrap(), path.clone());
    }
    let ledger = rusqlite::Connection::open(stage.path("home/ledger.db")).unwrap();
    let moved = "UPDATE accounts SET wallet = 'main', name = 'segwit-9' WHERE wallet = 'other' AND name = 'segwit-0'";
    assert_eq!(ledger.execute(moved, []).unwrap(), 1);
    let answer = stage.sign_to_nowhere(&theft, &["--expect-to", &Stage::shop(), "--wallet=main"]);
    assert_eq!((answer.code, answer.error_code().as_str()), (8, "flow.review_changed"), "{answer:?}");
}

#[test]
fn the_coins_are_locked_before_the_bytes_leave() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
    stage.json(&["sign", "pay.draft", "-o", "pay.signed", "--yes", "--expect-to", &Stage::shop(), &stage.password()]);
    // The explorer is slow, and the machine dies while it waits.
    stage.server.faults().plan(Fault::Delay(std::time::Duration::from_secs(20)), 1);
    let mut sending = stage.command(&["broadcast", "pay.signed"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    sending.kill().unwrap();
    sending.wait().unwrap();
    let other = stage.run(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "--offline", "--json"]);
    assert_eq!(other.error_code(), "bitcoin.insufficient_funds", "nothing new is built from its coins");
    stage.server.faults().clear();
}

#[test]
fn a_send_that_reached_nobody_frees_its_coins_and_keeps_what_was_there() {
    let stage = Stage::with_coins(&[50_000_000]);
    let first = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "1"])["id"].as_str().unwrap().to_owned();
    stage.json(&["bump", &first, "--fee-rate", "5", "-o", "bump.draft"]);
    stage.json(&["sign", "bump.draft", "-o", "bump.signed", "--yes", "--expect-to", &Stage::shop(), &stage.password()]);
    let mut words = crate::harness::program();
    words.current_dir(stage.home.path()).arg("--home").arg(stage.path("home"));
    words.args(["--network", "regtest", "--explorer=http://127.0.0.1:9", "broadcast", "bump.signed", "--json"]);
    crate::harness::finish(words).expect_code(4);
    let history = stage.json(&["history"]);
    assert_eq!(history["transactions"][0]["txid"], first.as_str(), "the first payment still counts: {history}");
    let unconfirmed = sat(&stage.json(&["balance"])["accounts"][0]["unconfirmed"]);
    assert_eq!(unconfirmed, 40_000_000 - 153, "and its change is there once");
}

#[test]
fn what_was_cancelled_is_not_sent_again_by_asking_for_it() {
    let stage = Stage::with_coins(&[50_000_000]);
    let first = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "1"])["id"].as_str().unwrap().to_owned();
    let options = ["--yes", "--max-fee=50000sat"];
    let password = stage.password();
    let second = stage.json(&[&["cancel", first.as_str()], &options[..], &[&password]].concat());
    let second = second["id"].as_str().unwrap().to_owned();
    // This explorer's mempool has forgotten the cancellation.
    stage.server.chain().lock().unwrap().evict(&second.parse().unwrap()).unwrap();
    let tracked = stage.run(&["track", &first, "--json"]);
    tracked.expect_code(1);
    assert!(tracked.stdout.contains(&second), "names what replaced it: {}", tracked.stdout);
    assert_eq!(stage.server.chain().lock().unwrap().mempool_txids().len(), 0, "nothing was sent");
}

#[test]
fn sending_a_confirmed_transaction_again_changes_nothing() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
    stage.json(&["sign", "pay.draft", "-o", "pay.signed", "--yes", "--expect-to", &Stage::shop(), &stage.password()]);
    stage.json(&["broadcast", "pay.signed"]);
    stage.mine(1);
    stage.json(&["sync"]);
    let before = stage.confirmed();
    assert!(before > 39_000_000);
    assert_eq!(stage.json(&["broadcast", "pay.signed"])["verdict"], "confirmed");
    assert_eq!(stage.confirmed(), before);
}

#[test]
fn a_bumped_payment_to_oneself_is_still_told_as_such() {
    let stage = Stage::with_coins(&[50_000_000]);
    let mine = stage.json(&["receive", "--new"])["address"].as_str().unwrap().to_owned();
    let first = stage.send(&[&Stage::shop(), "0.1btc", &mine, "0.1btc", "--fee-rate", "1"]);
    let first = first["id"].as_str().unwrap().to_owned();
    let bumped = stage.json(&["bump", &first, "--fee-rate", "5", "-o", "bump.draft"]);
    let roles: Vec<_> = bumped["review"]["outputs"].as_array().unwrap().iter().map(|o| o["role"].clone()).collect();
    assert!(roles.contains(&"own".into()), "{roles:?}");
    assert_eq!(sat(&bumped["review"]["paid"]), 10_000_000);
}

#[test]
fn what_was_replaced_is_bumped_in_its_newest_form() {
    let stage = Stage::with_coins(&[50_000_000]);
    let first = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "1"])["id"].as_str().unwrap().to_owned();
    let second = stage.json(&["bump", &first, "--fee-rate", "5", "--yes", "--max-fee=50000sat", &stage.password()]);
    let again = stage.json(&["bump", &first, "--fee-rate", "9", "-o", "again.draft"]);
    assert!(again["replaces"].to_string().contains(second["id"].as_str().unwrap()), "{again}");
}

/// An explorer that hides a payment, and shows an unsigned invention in its place as what spent the coin.
struct Liar {
    url: String,
}

impl Liar {
    /// Answers as long as the test lives.
    fn start(parent: &bitcoin::Transaction, coin: bitcoin::OutPoint, sent: &str) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut invented = parent.clone();
        invented.input.truncate(1);
        invented.input[0].previous_output = coin;
        let (parent, spender) = (parent.clone(), invented.compute_txid());
        let genesis = bitcoin::constants::genesis_block(bitcoin::Network::Regtest).block_hash().to_string();
        let sent = sent.to_owned();
        let answer = move |line: &str| -> (u16, Vec<u8>) {
            let path = line.split(' ').nth(1).unwrap_or_default();
            let raw = bitcoin::consensus::serialize::<bitcoin::Transaction>;
            match path {
                "/block-height/0" => (200, genesis.clone().into_bytes()),
                "/tx" => (200, sent.clone().into_bytes()),
                _ if path == format!("/tx/{spender}/raw") => (200, raw(&invented)),
                _ if path == format!("/tx/{}/raw", parent.compute_txid()) => (200, raw(&parent)),
                _ if path.contains("/outspend/") => {
                    (200, format!("{{\"spent\":true,\"txid\":\"{spender}\"}}").into_bytes())
                }
                _ => (404, b"not found".to_vec()),
            }
        };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = serve(stream.unwrap(), &answer);
            }
        });
        Self { url }
    }
}

/// One request a connection.
fn serve(mut stream: std::net::TcpStream, answer: &dyn Fn(&str) -> (u16, Vec<u8>)) -> std::io::Result<()> {
    use std::io::{BufRead, BufReader, Read, Write};
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    let (status, body) = answer(&first);
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), &body].concat())
}

#[test]
fn an_invented_spender_does_not_free_the_coins() {
    let stage = Stage::with_coins(&[50_000_000]);
    let txid = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "1"])["id"].as_str().unwrap().to_owned();
    let chain = stage.server.chain();
    let chain = chain.lock().unwrap();
    let payment = chain.transaction(&txid.parse().unwrap()).unwrap().clone();
    let coin = payment.input[0].previous_output;
    let parent = chain.transaction(&coin.txid).unwrap().clone();
    drop(chain);
    let liar = Liar::start(&parent, coin, &txid);
    let mut track = crate::harness::program();
    track.arg("--home").arg(stage.path("home")).args(["--network", "regtest", "--explorer", &liar.url]);
    track.args(["track", &txid, "--json"]);
    let answer = crate::harness::finish(track);
    // It sends the payment again, and then fails to sync, for the liar has nothing else to say.
    answer.expect_code(4);
    let history = stage.json(&["history"]);
    assert_eq!(history["transactions"][0]["txid"], txid.as_str(), "the payment still counts: {history}");
    let other = stage.run(&["plan", &Stage::shop(), "0.45btc", "--fee-rate", "2", "--offline", "--json"]);
    assert_eq!(other.error_code(), "bitcoin.insufficient_funds", "the coin stays spent");
}
