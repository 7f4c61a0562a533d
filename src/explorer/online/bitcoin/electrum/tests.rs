//! The Electrum backend against servers that fail, stall, cheat and lie, over real sockets on loopback.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bitcoin::{TxOut, consensus::encode::serialize_hex};

use super::*;
use crate::explorer::{
    Egress, SocksProxy,
    bitcoin::KnownHistory,
    online::bitcoin::{
        broadcast::reject,
        electrum::fake::{Act, Chain, LineServer, socks},
        fake,
        questions::{KnownFrom, ScriptAnswer, ScriptQuery},
    },
};

const EVIL: &str = "Update at evil.example";

/// Runs a question at a server.
fn at<T>(server: &LineServer, patience: Duration, question: impl AsyncFn(Electrum<'_>) -> T) -> T {
    by(&server.url, None, patience, question)
}

fn by<T>(url: &str, proxy: Option<u16>, patience: Duration, question: impl AsyncFn(Electrum<'_>) -> T) -> T {
    let proxy = proxy.map(|port| SocksProxy::parse(&format!("socks5://127.0.0.1:{port}")).expect("a proxy"));
    let http = Http::new(&Egress { proxy, ..Egress::default() }).expect("a client");
    let endpoint = Endpoint::parse(url).expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let deadline = Instant::now() + patience;
        question(Electrum { http: &http, endpoint: &endpoint, deadline, network: Network::Regtest }).await
    })
}

const LONG: Duration = Duration::from_secs(20);

/// Two payments to script 1 in a block each, one that waits, and one that spends the first to script 2.
fn chain() -> Chain {
    let [a, b, c] = [1, 2, 3].map(|number| fake::payment(&fake::script(1), number));
    let mut spend = fake::payment(&fake::script(2), 4);
    spend.input[0].previous_output = OutPoint { txid: a.compute_txid(), vout: 0 };
    Chain::new(12, vec![(a, 3), (b, 4), (spend, 4), (c, 0)])
}

fn asked(number: u32, known: Option<KnownHistory>) -> ScriptQuery {
    ScriptQuery { script: fake::script(number), known, told: KnownFrom::Here }
}

fn histories(server: &LineServer, asked: &[ScriptQuery]) -> Result<Vec<ScriptAnswer>, Cause> {
    at(server, LONG, async |host| host.histories(asked).await)
}

/// What is said of script 1 when one method is answered in another way.
fn lied(method: &'static str, act: impl Fn(&Value) -> Act + Send + Sync + 'static) -> Result<Vec<ScriptAnswer>, Cause> {
    let server =
        LineServer::start(chain(), move |asked, params| if asked == method { act(params) } else { Act::Honest });
    histories(&server, &[asked(1, None)])
}

fn cause_of_tip(act: impl Fn() -> Act + Send + Sync + 'static) -> Cause {
    let server = LineServer::start(chain(), move |method, _| match method {
        "blockchain.headers.subscribe" => act(),
        _ => Act::Honest,
    });
    at(&server, Duration::from_secs(3), async |host| host.tip().await).expect_err("no answer")
}

#[test]
fn one_connection_serves_everything_and_the_version_comes_first() {
    let server = LineServer::start(chain(), |_, _| Act::Honest);
    at(&server, LONG, async |host| {
        host.check_chain().await.expect("our chain");
        host.check_chain().await.expect("our chain");
        assert_eq!(host.tip().await.expect("a tip").height, 12);
        assert!(host.block_hash_at(12).await.expect("an answer").is_some());
        assert_eq!(host.block_hash_at(13).await, Ok(None));
        assert_eq!(host.header_runs(&[3], 12).await.expect("headers").remove(0).len(), 10);
        assert_eq!(host.header_runs(&[11], 12).await.expect("headers").remove(0).len(), 2);
        assert_eq!(host.fee_rates().await.expect("rates"), BTreeMap::from([(2, FeeRate { sat_per_kvb: 12_345 })]));
        let bands = host.mempool_histogram().await.expect("what waits");
        assert_eq!(bands.iter().map(|band| band.lowest.sat_per_kvb).collect::<Vec<_>>(), [53_500, 12_000]);
    });
    assert_eq!((server.count("connect"), server.count("server.version")), (1, 1));
    assert_eq!(server.count("blockchain.block.header"), 3, "block 0 is asked for once");
}

#[test]
fn another_chain_is_seen() {
    let server = LineServer::start(chain(), |_, _| Act::Honest);
    let wrong = async |host: Electrum<'_>| Electrum { network: Network::Signet, ..host }.check_chain().await;
    assert_eq!(at(&server, LONG, wrong), Err(Cause::WrongChain));
}

#[test]
fn a_history_is_whole_and_then_unchanged_for_one_question() {
    let server = LineServer::start(chain(), |_, _| Act::Honest);
    at(&server, LONG, async |host| {
        let answers = host.histories(&[asked(1, None), asked(9, None), asked(2, None)]).await.expect("answers");
        let ScriptAnswer::History(history) = &answers[0] else { panic!("a history") };
        let places: Vec<Option<u32>> = history.txs.iter().map(|seen| seen.place.map(|place| place.height)).collect();
        assert_eq!(places, [Some(3), Some(4), Some(4), None]);
        assert_eq!(answers[1], ScriptAnswer::History(Default::default()));
        let ScriptAnswer::History(second) = &answers[2] else { panic!("a history") };
        assert_eq!(second.txs.len(), 1);

        let ids: Vec<Txid> = history.txs.iter().map(|seen| seen.tx.compute_txid()).collect();
        let known = KnownHistory {
            confirmed: vec![(ids[0], 3), (ids[1], 4), (ids[2], 4)],
            waiting: vec![ids[3]],
            ..KnownHistory::default()
        };
        let empty = KnownHistory::default();
        let again = [asked(1, Some(known.clone())), asked(9, Some(empty)), asked(1, Some(KnownHistory::default()))];
        let before = server.count("blockchain.scripthash.get_history");
        let answers = host.histories(&again[..2]).await.expect("answers");
        assert_eq!(answers, [ScriptAnswer::Unchanged, ScriptAnswer::Unchanged]);
        assert_eq!(server.count("blockchain.scripthash.get_history"), before);

        // The order inside a block is not known: the history itself has to be asked for, but no transaction.
        let swapped = KnownHistory { confirmed: vec![(ids[0], 3), (ids[2], 4), (ids[1], 4)], ..known };
        assert_eq!(host.histories(&[asked(1, Some(swapped))]).await.expect("answers"), [ScriptAnswer::Unchanged]);
        assert!(matches!(host.histories(&again[2..]).await.expect("answers")[0], ScriptAnswer::History(_)));
        assert_eq!(server.count("blockchain.transaction.get"), 4, "each transaction is fetched once");
    });
    assert_eq!(server.count("connect"), 1);
}

#[test]
fn whether_a_host_has_a_transaction_is_asked_each_time() {
    let questions = AtomicUsize::new(0);
    let server = LineServer::start(chain(), move |method, _| {
        let gone = method == "blockchain.transaction.get" && questions.fetch_add(1, Ordering::SeqCst) > 0;
        if gone { Act::Error(json!({"code": 2, "message": "No such mempool transaction."})) } else { Act::Honest }
    });
    let txid = chain().txs[3].0.compute_txid();
    at(&server, LONG, async |host| {
        assert!(host.transaction(txid).await.expect("an answer").is_some());
        assert_eq!(host.transaction(txid).await, Ok(None), "evicted meanwhile");
    });
}

#[test]
fn many_scripts_are_answered_in_order() {
    let server = LineServer::start(chain(), |_, _| Act::Honest);
    let many: Vec<ScriptQuery> = (0..250).map(|number| asked(number, None)).collect();
    let answers = histories(&server, &many).expect("answers");
    let used: Vec<usize> = (0..250).filter(|&at| answers[at] != ScriptAnswer::History(Default::default())).collect();
    assert_eq!((answers.len(), used), (250, vec![1, 2]));
    assert_eq!(server.count("blockchain.scripthash.subscribe"), 250);
}

#[test]
fn places_and_spends_are_found_by_script() {
    let server = LineServer::start(chain(), |_, _| Act::Honest);
    let [(a, _), _, (spend, _), (c, _)] = &chain().txs[..] else { panic!("four") };
    at(&server, LONG, async |host| {
        let place = host.place(a.compute_txid()).await.expect("an answer");
        assert!(matches!(place, Some(TxPlace::Confirmed(BlockRef { height: 3, .. }))), "{place:?}");
        assert_eq!(host.place(c.compute_txid()).await, Ok(Some(TxPlace::Mempool)));
        assert_eq!(host.place(Txid::all_zeros()).await, Ok(None));
        let spent = OutPoint { txid: a.compute_txid(), vout: 0 };
        assert_eq!(host.outspend(spent).await, Ok(Some(spend.compute_txid())));
        assert_eq!(host.outspend(OutPoint { txid: c.compute_txid(), vout: 0 }).await, Ok(None));
        assert_eq!(host.outspend(OutPoint { vout: 1, ..spent }).await, Err(Cause::Missing));
        assert_eq!(host.outspend(OutPoint { txid: Txid::all_zeros(), vout: 0 }).await, Err(Cause::Missing));
    });
}

#[test]
fn lies_about_a_history_are_seen() {
    let status = |text: &str| sha256::Hash::hash(text.as_bytes()).to_string();
    let wrong = status("x");
    assert_eq!(lied("blockchain.scripthash.subscribe", move |_| Act::Result(json!(wrong))), Err(Cause::Lied));
    let other = electrum_fake_entries(2);
    let of_other = move |method: &str| {
        let history =
            json!(other.iter().map(|e| json!({"tx_hash": e.tx_hash, "height": e.height})).collect::<Vec<_>>());
        if method.ends_with("subscribe") { json!(json_of::status(&other)) } else { history }
    };
    let server = LineServer::start(chain(), move |method, _| {
        if method.starts_with("blockchain.scripthash") { Act::Result(of_other(method)) } else { Act::Honest }
    });
    assert_eq!(histories(&server, &[asked(1, None)]), Err(Cause::Lied), "another script's history");
    let mut changed = chain().txs[0].0.clone();
    changed.output.push(TxOut::NULL);
    let hex = serialize_hex(&changed);
    assert_eq!(lied("blockchain.transaction.get", move |_| Act::Result(json!(hex))), Err(Cause::Lied));
    assert_eq!(lied("blockchain.block.header", |_| Act::Result(json!("00".repeat(80)))), Err(Cause::Lied));
}

fn electrum_fake_entries(number: u32) -> Vec<HistoryEntry> {
    chain().entries(&json_of::script_hash(&fake::script(number)))
}

#[test]
fn nonsense_about_a_history_is_no_history() {
    for (method, result, cause) in [
        ("blockchain.scripthash.subscribe", json!("00ff"), Cause::Malformed),
        ("blockchain.scripthash.subscribe", json!(7), Cause::Malformed),
        ("blockchain.scripthash.get_history", json!({}), Cause::Malformed),
        ("blockchain.scripthash.get_history", json!([{"tx_hash": "11".repeat(32), "height": -2}]), Cause::Malformed),
        (
            "blockchain.scripthash.get_history",
            json!([{"tx_hash": "11".repeat(32), "height": 1u64 << 40}]),
            Cause::Malformed,
        ),
        ("blockchain.transaction.get", json!("zz"), Cause::Malformed),
        ("blockchain.transaction.get", json!(null), Cause::Malformed),
        ("blockchain.block.header", json!("00"), Cause::Malformed),
    ] {
        let given = result.clone();
        assert_eq!(lied(method, move |_| Act::Result(given.clone())), Err(cause), "{method} {result}");
    }
    let endless: Value = (0..10_001).map(|n| json!({"tx_hash": format!("{n:064x}"), "height": 1})).collect();
    assert_eq!(lied("blockchain.scripthash.get_history", move |_| Act::Result(endless.clone())), Err(Cause::TooLarge));
}

#[test]
fn an_error_is_never_an_unused_script() {
    for (error, cause) in [
        (json!({"code": 1, "message": "history too large"}), Cause::TooLarge),
        (json!({"code": 1, "message": EVIL}), Cause::Refused(1)),
        (json!(EVIL), Cause::Refused(0)),
    ] {
        let given = error.clone();
        let server = LineServer::start(chain(), move |method, params| {
            let unlucky = params[0] == json!(json_of::script_hash(&fake::script(7)));
            if method.ends_with("subscribe") && unlucky { Act::Error(given.clone()) } else { Act::Honest }
        });
        assert_eq!(histories(&server, &[asked(9, None), asked(7, None)]), Err(cause), "{error}");
    }
}

#[test]
fn a_busy_server_is_asked_again() {
    let refusals = AtomicUsize::new(0);
    let server = LineServer::start(chain(), move |method, _| {
        let first = method.ends_with("get_history") && refusals.fetch_add(1, Ordering::SeqCst) == 0;
        if first { Act::Error(json!({"code": -101, "message": "excessive resource usage"})) } else { Act::Honest }
    });
    assert!(histories(&server, &[asked(1, None)]).is_ok());
    let never = Act::Error(json!({"code": 4, "message": "Batch limit exceeded"}));
    assert!(matches!(never, Act::Error(_)));
    assert_eq!(cause_of_tip(|| Act::Error(json!({"code": 4, "message": "Batch limit exceeded"}))), Cause::Throttled);
}

#[test]
fn answers_that_are_none_have_a_cause() {
    let raw = |text: &'static str| move || Act::Raw(text.as_bytes().to_vec());
    assert_eq!(cause_of_tip(raw("<html>sign in</html>\n")), Cause::WebPage);
    assert_eq!(cause_of_tip(raw("HTTP/1.1 400 Bad Request\r\n\r\n")), Cause::WebPage);
    assert_eq!(cause_of_tip(raw("garbage\n")), Cause::Malformed);
    assert_eq!(cause_of_tip(raw("\u{0}\u{1}\n")), Cause::Malformed);
    assert_eq!(cause_of_tip(raw("[1,2]\n")), Cause::Malformed);
    assert_eq!(cause_of_tip(raw("{\"id\":9,\"result\":1}\n")), Cause::Malformed);
    assert_eq!(cause_of_tip(raw("{\"id\":0,\"result\":1}\n")), Cause::Malformed);
    assert_eq!(cause_of_tip(raw("{\"id\":1,\"result\":7}\n")), Cause::Malformed);
    assert_eq!(cause_of_tip(raw("{\"result\":7}\n")), Cause::Malformed);
    assert_eq!(
        cause_of_tip(raw("{\"id\":null,\"error\":{\"code\":-32700,\"message\":\"x\"}}\n")),
        Cause::Refused(32_700)
    );
    assert_eq!(cause_of_tip(|| Act::Raw(format!("{}\n", "{\"a\":".repeat(40)).into_bytes())), Cause::TooLarge);
    assert_eq!(cause_of_tip(|| Act::Endless), Cause::TooLarge);
    assert_eq!(cause_of_tip(|| Act::Silence), Cause::TimedOut);
    assert_eq!(cause_of_tip(|| Act::HangUp), Cause::Interrupted);
}

#[test]
fn an_answer_that_comes_twice_is_none() {
    let server = LineServer::start(chain(), |method, _| match method {
        "blockchain.scripthash.subscribe" => {
            Act::Raw(b"{\"id\":1,\"result\":null}\n{\"id\":1,\"result\":null}\n".to_vec())
        }
        _ => Act::Honest,
    });
    assert_eq!(histories(&server, &[asked(1, None), asked(2, None)]), Err(Cause::Malformed));
}

#[test]
fn notifications_are_passed_over() {
    let server = LineServer::start(chain(), |method, _| match method {
        "blockchain.scripthash.subscribe" => {
            let news = "{\"method\":\"blockchain.headers.subscribe\",\"params\":[{\"height\":9}]}\n";
            Act::Raw(format!("{news}{news}{{\"id\":1,\"result\":null}}\n").into_bytes())
        }
        _ => Act::Honest,
    });
    assert_eq!(histories(&server, &[asked(1, None)]), Ok(vec![ScriptAnswer::History(Default::default())]));
}

#[test]
fn a_dropped_connection_is_opened_again_once() {
    let questions = AtomicUsize::new(0);
    let server = LineServer::start(chain(), move |method, _| {
        let breaks = method.ends_with("headers.subscribe") && questions.fetch_add(1, Ordering::SeqCst) == 1;
        if breaks { Act::HangUp } else { Act::Honest }
    });
    at(&server, LONG, async |host| {
        assert_eq!(host.tip().await.expect("a tip").height, 12);
        assert_eq!(host.tip().await.expect("a tip, on a new connection").height, 12);
    });
    assert_eq!((server.count("connect"), server.count("server.version")), (2, 2));
    let gone =
        LineServer::start(chain(), |method, _| if method == "server.version" { Act::Honest } else { Act::HangUp });
    assert_eq!(at(&gone, LONG, async |host| host.tip().await), Err(Cause::Interrupted));
    assert_eq!(gone.count("connect"), 2);
}

#[test]
fn other_versions_are_not_spoken() {
    for (version, good) in
        [("1.4", true), ("1.4.2", true), ("1.6", true), ("1.7", false), ("1.3", false), ("2.0", false), ("x", false)]
    {
        let server = LineServer::start(chain(), move |method, _| {
            if method == "server.version" { Act::Result(json!(["Fake", version])) } else { Act::Honest }
        });
        let expected = if good { Ok(12) } else { Err(Cause::Unsupported) };
        assert_eq!(at(&server, LONG, async |host| host.tip().await.map(|tip| tip.height)), expected, "{version}");
    }
}

#[test]
fn a_transaction_is_sent_once_on_a_connection_of_its_own() {
    let tx = fake::payment(&fake::script(1), 9);
    let raw = consensus::serialize(&tx);
    let post = |act: fn() -> Act| {
        let server = LineServer::start(
            chain(),
            move |method, _| {
                if method.ends_with("broadcast") { act() } else { Act::Honest }
            },
        );
        let reply = at(&server, Duration::from_secs(3), async |host| {
            host.tip().await.expect("a tip");
            host.post(&raw).await
        });
        assert_eq!((server.count("blockchain.transaction.broadcast"), server.count("connect")), (1, 2));
        reply
    };
    let reply = post(|| Act::Result(json!("ab".repeat(32)))).expect("an answer");
    assert_eq!((reply.status, reply.body), (200, "ab".repeat(32).into_bytes()));
    let dust = "the transaction was rejected by network rules.\n\ndust\n[0200]";
    for act in [
        || Act::Error(json!({"code": 1, "message": "the transaction was rejected by network rules.\n\ndust\n[0200]"})),
        || Act::Error(json!("dust")),
    ] {
        let reply = post(act).expect("an answer");
        let class = reject::Refusal::Class(crate::explorer::bitcoin::RejectClass::NonStandard);
        assert_eq!((reply.status, reject::classify(&reply.body)), (400, class), "{dust}");
    }
    let after = |cause| Some(HttpFault { cause, sent: crate::explorer::online::transport::http::SentState::Maybe });
    assert_eq!(post(|| Act::HangUp).err(), after(Cause::Interrupted));
    assert_eq!(post(|| Act::Silence).err(), after(Cause::TimedOut));
    let nobody = by("tcp://127.0.0.1:1", None, LONG, async |host| host.post(&raw).await).err();
    assert_eq!(nobody, Some(HttpFault::before_sending(Cause::Unreachable)));
}

#[test]
fn the_proxy_looks_names_up_and_each_purpose_has_its_circuit() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let first = move |stream: &std::net::TcpStream| log.lock().expect("the log").push(socks(stream));
    let proxy = LineServer::behind(first, chain(), |_, _| Act::Honest);
    by("tcp://example.onion:50001", Some(proxy.port), LONG, async |host| {
        host.tip().await.expect("a tip");
        host.tip().await.expect("a tip");
        host.histories(&[asked(1, None)]).await.expect("a history");
        host.post(&[0]).await.expect("an answer");
    });
    let asked_for = seen.lock().expect("the log").clone();
    let users: Vec<&str> = asked_for.iter().map(|line| line.split(':').next().unwrap_or_default()).collect();
    assert_eq!(users, ["3 neutral-example.onion", "3 read-example.onion", "3 send-example.onion"]);
    assert!(asked_for.iter().all(|line| line.ends_with("@example.onion:50001")), "{asked_for:?}");
    let lost = by("tcp://example.onion:50001", None, LONG, async |host| host.tip().await);
    assert_eq!(lost, Err(Cause::NoTor));
    // A proxy that is not there is never gone around.
    let direct = LineServer::start(chain(), |_, _| Act::Honest);
    let alone = by(&format!("ssl://localhost.example:{}", direct.port), Some(1), LONG, async |host| host.tip().await);
    assert_eq!((alone, direct.count("connect")), (Err(Cause::NotThroughProxy), 0));
}

#[test]
fn tls_is_never_left_out() {
    let plain = LineServer::start(chain(), |_, _| Act::Honest);
    let url = format!("ssl://127.0.0.1:{}", plain.port);
    assert_eq!(by(&url, None, LONG, async |host| host.tip().await), Err(Cause::Unreachable));
    assert_eq!(plain.count("server.version"), 0);
}
