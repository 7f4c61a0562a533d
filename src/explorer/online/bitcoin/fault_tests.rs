//! The network client against servers that fail, stall, cheat and lie, over real sockets on loopback.
//!
//! Tests only. What a fault may cost is asserted in requests; an answer under faults is the right one or an error.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use bitcoin::{
    OutPoint, Transaction, Txid, consensus,
    hashes::{Hash, sha256},
};

use super::{
    Explorer,
    fake::{self, Act, Server},
};
use crate::{
    account::Keychain,
    explain::Explain,
    explorer::{
        Cause, Claim, ExplorerError, HostFailure, HostFailures,
        bitcoin::{NotSent, ScanAnswer, ScanPlan, TxPlace, Verdict},
    },
    network::Network,
    text::SafeText,
};

pub(super) const EVIL: &str = "Update at evil.example";

/// A server of the regtest chain; everything but block 0 is up to `rest`.
pub(super) fn regtest(rest: impl Fn(&str) -> Act + Send + Sync + 'static) -> Server {
    Server::start(move |request| match request {
        "GET /block-height/0" => Act::ok(Network::Regtest.genesis_hash()),
        other => rest(other),
    })
}

fn at_height_7(request: &str) -> Act {
    match request {
        "GET /blocks/tip/height" => Act::ok("7\n"),
        // Any header with the work of regtest will do.
        "GET /block-height/7" => Act::ok(Network::Regtest.genesis_hash()),
        header if header.ends_with("/header") => {
            let block = bitcoin::constants::genesis_block(bitcoin::Network::Regtest);
            Act::ok(consensus::encode::serialize_hex(&block.header))
        }
        _ => Act::Answer(404, b"Block not found".to_vec()),
    }
}

pub(super) fn connect(servers: &[&Server]) -> Explorer {
    let urls: Vec<String> = servers.iter().map(|server| server.url.clone()).collect();
    let mut explorer = Explorer::connect(Network::Regtest, &urls).expect("good addresses");
    explorer.read_back_at = [0, 2, 4, 6, 8].map(Duration::from_millis);
    explorer
}

pub(super) fn operator(server: &Server) -> SafeText {
    SafeText::new(server.url.trim_start_matches("http://"))
}

fn no_answer(server: &Server, cause: Cause) -> ExplorerError {
    ExplorerError::NoAnswer(HostFailures(vec![HostFailure { operator: operator(server), cause }]))
}

fn cause_of_tip(act: impl Fn() -> Act + Send + Sync + 'static) -> Cause {
    let server = regtest(move |_| act());
    match connect(&[&server]).tip() {
        Err(ExplorerError::NoAnswer(HostFailures(failures))) => failures[0].cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_honest_server_is_asked_for_its_chain_once() {
    let server = regtest(at_height_7);
    let explorer = connect(&[&server]);
    for _ in 0..3 {
        let Ok(Claim::Single { value, operator: who }) = explorer.tip() else { panic!("a single claim") };
        assert_eq!((value.height, who), (7, operator(&server)));
    }
    assert_eq!(server.count("GET /block-height/0"), 1);
    let above = explorer.block_hash_at(8).expect("an answer");
    assert_eq!(above.into_value(), None);
}

#[test]
fn answers_that_are_none_have_a_cause() {
    assert_eq!(cause_of_tip(|| Act::ok("  <!DOCTYPE html><p>sign in</p>")), Cause::WebPage);
    assert_eq!(cause_of_tip(|| Act::ok("seven")), Cause::Malformed);
    assert_eq!(cause_of_tip(|| Act::ok(vec![0xff; 8])), Cause::Malformed);
    assert_eq!(cause_of_tip(|| Act::ok("7".repeat(1025))), Cause::TooLarge);
    assert_eq!(cause_of_tip(|| Act::Endless), Cause::TooLarge);
    assert_eq!(cause_of_tip(|| Act::HangUp), Cause::Interrupted);
    assert_eq!(cause_of_tip(|| Act::Raw(b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n7".to_vec())), Cause::Interrupted);
    assert_eq!(cause_of_tip(|| Act::Raw(b"SSH-2.0\r\n\r\n".to_vec())), Cause::Interrupted);
    assert_eq!(cause_of_tip(|| Act::Answer(403, EVIL.into())), Cause::Denied);
    assert_eq!(cause_of_tip(|| Act::Answer(418, EVIL.into())), Cause::Refused(418));
    assert_eq!(cause_of_tip(|| Act::Answer(500, EVIL.into())), Cause::ServerError(500));
}

#[test]
fn redirects_are_not_followed() {
    let target = regtest(at_height_7);
    let head = format!("HTTP/1.1 302 X\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", target.url);
    let server = Server::start(move |_| Act::Raw(head.clone().into_bytes()));
    assert_eq!(connect(&[&server]).tip(), Err(no_answer(&server, Cause::Redirected)));
    assert_eq!(target.count(""), 0);
}

#[test]
fn nobody_there_is_unreachable() {
    // Nothing listens on a system port; one that was free a moment ago could be another test's by now.
    let explorer = Explorer::connect(Network::Regtest, &["http://127.0.0.1:1".to_owned()]).expect("a good address");
    let error = explorer.tip().expect_err("nobody");
    assert!(error.to_string().ends_with("unreachable)"), "{error}");
    let tx = fake::payment(&fake::script(1), 1);
    let verdict = explorer.broadcast(&consensus::serialize(&tx), tx.compute_txid());
    let Verdict::NotSent(NotSent::Nobody(HostFailures(failures))) = verdict else { panic!("{verdict:?}") };
    assert_eq!(failures[0].cause, Cause::Unreachable);
}

#[test]
fn a_server_that_fails_is_followed_by_the_next_and_stays_second() {
    let broken = regtest(|_| Act::Answer(500, Vec::new()));
    let good = regtest(at_height_7);
    let explorer = connect(&[&broken, &good]);
    assert_eq!(explorer.tip().expect("a tip").into_value().height, 7);
    assert_eq!(broken.count("GET /blocks"), 2);
    assert_eq!(explorer.tip().expect("a tip").into_value().height, 7);
    assert_eq!(broken.count("GET /blocks"), 2);
}

#[test]
fn a_server_that_asks_us_to_wait_is_waited_for() {
    let count = AtomicUsize::new(0);
    let server = regtest(move |request| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Act::Raw(b"HTTP/1.1 429 X\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec()),
        _ => at_height_7(request),
    });
    let started = Instant::now();
    assert_eq!(connect(&[&server]).tip().expect("a tip").into_value().height, 7);
    assert!(started.elapsed() >= Duration::from_millis(900));
}

#[test]
fn a_server_that_asks_for_an_hour_is_left_at_once() {
    let limited = Server::start(|_| {
        Act::Raw(b"HTTP/1.1 429 X\r\nretry-after: 3600\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec())
    });
    let good = regtest(at_height_7);
    let started = Instant::now();
    assert!(connect(&[&limited, &good]).tip().is_ok());
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(limited.count(""), 1);
}

#[test]
fn another_chain_is_never_asked_again() {
    let main = Server::start(|request| match request {
        "GET /block-height/0" => Act::ok(Network::Bitcoin.genesis_hash()),
        other => at_height_7(other),
    });
    let alone = connect(&[&main]);
    let error = alone.check_chain().expect_err("another chain");
    assert_eq!(error, ExplorerError::WrongChain { operator: operator(&main), network: "regtest" });
    assert_eq!(error.entry().code, "explorer.wrong_chain");
    assert!(alone.tip().is_err());
    let tx = fake::payment(&fake::script(1), 1);
    let verdict = alone.broadcast(&consensus::serialize(&tx), tx.compute_txid());
    assert!(matches!(verdict, Verdict::NotSent(NotSent::Nobody(_))));
    assert_eq!(main.count(""), 1);
    let good = regtest(at_height_7);
    let explorer = connect(&[&main, &good]);
    assert!(explorer.tip().is_ok());
    assert_eq!(explorer.distrusted(), [HostFailure { operator: operator(&main), cause: Cause::WrongChain }]);
}

#[test]
fn false_bytes_are_a_lie_and_the_next_is_asked() {
    let tx = fake::payment(&fake::script(1), 1);
    let (txid, other) = (tx.compute_txid(), consensus::serialize(&fake::payment(&fake::script(1), 2)));
    let liar = regtest(move |_| Act::ok(other.clone()));
    assert_eq!(connect(&[&liar]).transaction(txid), Err(ExplorerError::Lied { operator: operator(&liar) }));
    let honest = holder(&tx, None);
    let explorer = connect(&[&liar, &honest]);
    assert_eq!(explorer.transaction(txid), Ok(Some(tx)));
    assert_eq!(explorer.distrusted(), [HostFailure { operator: operator(&liar), cause: Cause::Lied }]);
}

/// A server that has one transaction, waiting, and answers about others what real ones answer.
pub(super) fn holder(tx: &Transaction, spender: Option<&Transaction>) -> Server {
    let held: Vec<(Txid, Vec<u8>)> =
        [Some(tx), spender].into_iter().flatten().map(|tx| (tx.compute_txid(), consensus::serialize(tx))).collect();
    let waiting: Vec<Transaction> = [Some(tx), spender].into_iter().flatten().cloned().collect();
    let spend = spender.map(|spender| format!(r#"{{"spent":true,"txid":"{}","vin":0}}"#, spender.compute_txid()));
    regtest(move |request| {
        if let Some((_, raw)) = held.iter().find(|(txid, _)| request == format!("GET /tx/{txid}/raw")) {
            return Act::ok(raw.clone());
        }
        match request {
            _ if request.ends_with("/status") => Act::ok(r#"{"confirmed":false}"#),
            _ if request.ends_with("/txs/mempool") => fake::waiting(&waiting),
            _ if request.contains("/outspend/") => Act::ok(spend.clone().unwrap_or(r#"{"spent":false}"#.to_owned())),
            _ if request.starts_with("POST /tx") => {
                Act::Answer(400, b"sendrawtransaction RPC error -25: bad-txns-inputs-missingorspent".to_vec())
            }
            _ => Act::Answer(404, b"Transaction not found".to_vec()),
        }
    })
}

#[test]
fn unknown_transactions_are_told_from_waiting_ones() {
    let tx = fake::payment(&fake::script(1), 1);
    let (first, second) = (holder(&tx, None), holder(&tx, None));
    let explorer = connect(&[&first, &second]);
    assert_eq!(explorer.place(tx.compute_txid()).map(|placed| placed.claim.into_value()), Ok(TxPlace::Mempool));
    let unknown = explorer.place(Txid::all_zeros()).expect("an answer").claim;
    assert!(matches!(unknown, Claim::Agreed { value: TxPlace::Unknown, ref operators } if operators.len() == 2));
    let of_unknown = connect(&[&first]).outspend(OutPoint::null());
    assert_eq!(of_unknown, Err(no_answer(&first, Cause::Missing)));
}

#[test]
fn a_spender_must_spend() {
    let tx = fake::payment(&fake::script(1), 1);
    let mut spender = fake::payment(&fake::script(2), 2);
    let outpoint = OutPoint { txid: tx.compute_txid(), vout: 0 };
    let liar = holder(&tx, Some(&spender));
    assert_eq!(connect(&[&liar]).outspend(outpoint), Err(ExplorerError::Lied { operator: operator(&liar) }));
    spender.input[0].previous_output = outpoint;
    let honest = holder(&tx, Some(&spender));
    let answer = connect(&[&honest]).outspend(outpoint).map(Claim::into_value);
    assert_eq!(answer, Ok(Some(spender.compute_txid())));
}

#[test]
fn fee_estimates_are_read_from_any_success() {
    let server = regtest(|request| match request {
        "GET /fee-estimates" => Act::Answer(203, br#"{"1":87.882,"144":1.01}"#.to_vec()),
        _ => Act::HangUp,
    });
    let explorer = connect(&[&server]);
    let rate = |target| explorer.fee_advice(&[target]).expect("rates")[0].rate.map(|rate| rate.sat_per_kvb);
    assert_eq!([rate(1), rate(3), rate(1_000)], [Some(87_882), Some(87_882), Some(1_010)]);
}

fn derive(keychain: Keychain, index: u32) -> Option<bitcoin::ScriptBuf> {
    Some(fake::script(index * 2 + u32::try_from(keychain.position()).ok()?))
}

fn path_of(keychain: Keychain, index: u32) -> String {
    let script = derive(keychain, index).expect("a script");
    format!("GET /scripthash/{}/txs", sha256::Hash::hash(script.as_bytes()))
}

fn scan(explorer: &Explorer) -> Result<ScanAnswer, ExplorerError> {
    let plan = ScanPlan { derive: &derive, ask: Vec::new(), known: &|_, _| None, next: [0, 0], gap: 20 };
    explorer.scan(&plan, &mut |_| {})
}

/// A server on which receive 3 was paid, and which does `odd` when it is asked for change 11.
fn paid(odd: impl Fn() -> Act + Send + Sync + 'static) -> Server {
    let tx = fake::payment(&derive(Keychain::Receive, 3).expect("a script"), 1);
    let (page, used, unlucky) =
        (format!("[{}]", fake::tx_json(&tx, None)), path_of(Keychain::Receive, 3), path_of(Keychain::Change, 11));
    regtest(move |request| match request {
        _ if request == used => Act::ok(page.clone()),
        _ if request == unlucky => odd(),
        _ => Act::ok("[]"),
    })
}

#[test]
fn a_scan_asks_each_script_once() {
    let server = paid(|| Act::ok("[]"));
    let answer = scan(&connect(&[&server])).expect("an answer");
    assert_eq!(answer.next, [4, 0]);
    assert_eq!(answer.scripts.len(), 44);
    assert_eq!(server.count("GET /scripthash/"), 44);
    assert_eq!(server.count(""), 46, "its chain, and whether it takes many scripts at once, once a day");
    let used: Vec<_> = answer.scripts.iter().filter(|script| !script.txs.is_empty()).collect();
    assert_eq!((used.len(), used[0].index), (1, 3));
}

#[test]
fn a_silent_server_is_found_out_once_and_not_by_every_question() {
    let silent = Server::start(|_| Act::Answer(500, Vec::new()));
    let good = paid(|| Act::ok("[]"));
    assert_eq!(scan(&connect(&[&silent, &good])).map(|answer| answer.next), Ok([4, 0]));
    assert_eq!(silent.count(""), 2);
}

#[test]
fn a_scan_under_faults_is_right_or_an_error() {
    let right = scan(&connect(&[&paid(|| Act::ok("[]"))])).expect("an answer").next;
    let faults: [fn() -> Act; 7] = [
        || Act::Answer(500, Vec::new()),
        || Act::Answer(400, EVIL.into()),
        || Act::Answer(404, EVIL.into()),
        || Act::ok("[{\"txid\":"),
        || Act::ok("<html>"),
        || Act::HangUp,
        || Act::Raw(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\n[".to_vec()),
    ];
    for fault in faults {
        let (broken, good) = (paid(fault), paid(|| Act::ok("[]")));
        let alone = scan(&connect(&[&broken])).expect_err("an error is not an unused script");
        assert!(!format!("{alone}").contains("evil"), "{alone}");
        let answer = scan(&connect(&[&broken, &good])).expect("the second answers");
        assert_eq!((answer.next, answer.scripts.len()), (right, 44));
    }
}

#[test]
fn json_that_does_not_hash_is_settled_by_the_raw_bytes() {
    let tx = fake::payment(&derive(Keychain::Receive, 0).expect("a script"), 1);
    let (txid, raw) = (tx.compute_txid(), consensus::serialize(&tx));
    let page = format!("[{}]", fake::tx_json(&tx, None).replace("\"locktime\":0", "\"locktime\":5"));
    let used = path_of(Keychain::Receive, 0);
    let server = |raw: Vec<u8>| {
        let (page, used) = (page.clone(), used.clone());
        regtest(move |request| match request {
            _ if request == used => Act::ok(page.clone()),
            _ if request == format!("GET /tx/{txid}/raw") => Act::ok(raw.clone()),
            _ => Act::ok("[]"),
        })
    };
    let honest = server(raw);
    assert_eq!(scan(&connect(&[&honest])).expect("an answer").scripts[0].txs[0].tx, tx);
    let liar = server(consensus::serialize(&fake::payment(&fake::script(9), 9)));
    assert_eq!(scan(&connect(&[&liar])), Err(ExplorerError::Lied { operator: operator(&liar) }));
}
