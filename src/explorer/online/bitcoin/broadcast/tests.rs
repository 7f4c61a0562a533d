//! Sending to several hosts that take, refuse, hold, lose and lie, over real sockets on loopback.
//!
//! Tests only. What each host was sent, and how often, is asserted.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use bitcoin::{OutPoint, ScriptBuf, Transaction, Txid, Witness, consensus, hashes::Hash};

use crate::{
    explorer::{
        Cause, Explorer, HostFailure,
        bitcoin::{BlockRef, NotSent, Propagation, RejectClass, Sending, Taken, Verdict, Why},
        online::bitcoin::{
            fake::{self, Act, Server},
            fault_tests::{EVIL, connect, holder, operator, regtest},
        },
    },
    network::Network,
    text::SafeText,
};

const DUST: &str = "sendrawtransaction RPC error -26: dust";
const MISSING: &str = "sendrawtransaction RPC error -25: bad-txns-inputs-missingorspent";
const LOW: &str = r#"sendrawtransaction RPC error: {"code":-26,"message":"min relay fee not met, 0 < 11"}"#;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    It,
    Nothing,
}

/// A server that answers the posts of a transaction with `act`, and has it from the first one on if `keeps` says so.
fn receiver(tx: &Transaction, keeps: Keeps, act: impl Fn() -> Act + Send + Sync + 'static) -> Server {
    let (txid, raw, posts) = (tx.compute_txid(), consensus::serialize(tx), Arc::new(AtomicUsize::new(0)));
    let held = tx.clone();
    regtest(move |request| match request {
        _ if request.starts_with("POST /tx ") => {
            posts.fetch_add(1, Ordering::SeqCst);
            act()
        }
        _ if request.ends_with("/raw") && keeps == Keeps::It && posts.load(Ordering::SeqCst) > 0 => {
            assert!(request.contains(&txid.to_string()));
            Act::ok(raw.clone())
        }
        _ if request.ends_with("/status") => Act::ok(r#"{"confirmed":false}"#),
        _ if request.ends_with("/txs/mempool") => fake::waiting(std::slice::from_ref(&held)),
        _ => Act::Answer(404, b"Transaction not found".to_vec()),
    })
}

fn taker(tx: &Transaction) -> Server {
    let txid = tx.compute_txid();
    receiver(tx, Keeps::It, move || Act::ok(txid.to_string()))
}

fn refuser(tx: &Transaction, text: &'static str) -> Server {
    receiver(tx, Keeps::Nothing, move || Act::Answer(400, text.into()))
}

fn payment() -> Transaction {
    fake::payment(&fake::script(1), 1)
}

fn send(tx: &Transaction, servers: &[&Server]) -> Verdict {
    connect(servers).broadcast(&consensus::serialize(tx), tx.compute_txid())
}

#[track_caller]
fn accepted(verdict: Verdict) -> Taken {
    let Verdict::Accepted(taken) = verdict else { panic!("{verdict:?}") };
    taken
}

fn names(servers: &[&Server]) -> Vec<SafeText> {
    servers.iter().map(|server| operator(server)).collect()
}

#[test]
fn three_are_sent_the_same_bytes_at_once_and_all_are_heard() {
    let tx = payment();
    let (txid, gate) = (tx.compute_txid(), Arc::new(Barrier::new(3)));
    // Each answers only once all three were sent it: one after the other would never end.
    let server = || {
        let gate = Arc::clone(&gate);
        receiver(&tx, Keeps::It, move || {
            gate.wait();
            Act::ok(txid.to_string())
        })
    };
    let (a, b, c) = (server(), server(), server());
    let taken = accepted(send(&tx, &[&a, &b, &c]));
    assert_eq!(taken.operators, names(&[&a, &b, &c]));
    assert_eq!((taken.dissent, taken.propagation), (Vec::new(), Propagation::NobodyToAsk));
    let hex = format!("POST /tx {}", consensus::encode::serialize_hex(&tx));
    for server in [&a, &b, &c] {
        assert_eq!((server.count(&hex), server.count("POST")), (1, 1));
    }
}

#[test]
fn two_of_three_are_enough_and_the_third_is_named() {
    let tx = payment();
    let (a, strict, c) = (taker(&tx), refuser(&tx, LOW), taker(&tx));
    let taken = accepted(send(&tx, &[&a, &strict, &c]));
    let said = format!(
        "2 of 3: {}, {}; {} said: the fee is below what the node relays: it asks for 11 sat",
        operator(&a),
        operator(&c),
        operator(&strict)
    );
    assert_eq!(taken.to_string(), said);
    assert_eq!(taken.dissent[0].why, Why::Refused(RejectClass::FeeTooLow { need_sat: Some(11) }));
}

#[test]
fn a_slow_host_is_waited_for_and_not_cut_off() {
    let tx = payment();
    let (txid, quick) = (tx.compute_txid(), taker(&tx));
    let slow = receiver(&tx, Keeps::It, move || {
        thread::sleep(Duration::from_millis(300));
        Act::ok(txid.to_string())
    });
    assert_eq!(accepted(send(&tx, &[&slow, &quick])).operators, names(&[&slow, &quick]));
}

#[test]
fn a_fourth_is_not_sent_it_and_shows_whether_it_spreads() {
    let tx = payment();
    let (a, b, c) = (taker(&tx), taker(&tx), taker(&tx));
    let fourth = holder(&tx, None);
    let taken = accepted(send(&tx, &[&a, &b, &c, &fourth]));
    assert_eq!(taken.propagation, Propagation::Seen(operator(&fourth)));
    // Its bytes, and then whether it is anywhere: the bytes and the status.
    assert_eq!((fourth.count("POST"), fourth.count("GET /tx/")), (0, 3));
    let behind = receiver(&tx, Keeps::Nothing, || Act::HangUp);
    let taken = accepted(send(&tx, &[&a, &b, &c, &behind]));
    assert_eq!(taken.propagation, Propagation::NotYet);
    // Twice, as bytes and as text.
    assert_eq!((behind.count("POST"), behind.count("GET /tx/")), (0, 4));
    // The same payment with another witness is not the same bytes.
    let mut malleated = tx.clone();
    malleated.input[0].witness = Witness::from_slice(&[[9]]);
    let other = holder(&malleated, None);
    assert_eq!(accepted(send(&tx, &[&a, &b, &c, &other])).propagation, Propagation::NotYet);
}

#[test]
fn the_next_are_sent_it_only_if_none_of_the_first_took_it() {
    let tx = payment();
    let down: Vec<Server> = (0..3).map(|_| receiver(&tx, Keeps::Nothing, || Act::Answer(503, Vec::new()))).collect();
    let (strict, last) = (refuser(&tx, LOW), taker(&tx));
    let taken = accepted(send(&tx, &[&down[0], &down[1], &down[2], &strict, &last]));
    assert_eq!((taken.operators.clone(), taken.asked()), (names(&[&last]), 5));
    let refused = Verdict::Rejected(RejectClass::FeeTooLow { need_sat: Some(11) });
    assert_eq!(send(&tx, &[&strict]), refused);
    assert_eq!(send(&tx, &[&strict, &down[0]]), refused);
}

#[test]
fn silence_after_sending_is_read_back_and_the_same_bytes_go_out_once_more() {
    let tx = payment();
    let answers: [fn() -> Act; 4] = [
        || Act::HangUp,
        || Act::Answer(502, Vec::new()),
        || Act::ok(EVIL),
        || Act::Raw(b"HTTP/1.1 302 X\r\n\r\n".to_vec()),
    ];
    let hex = format!("POST /tx {}", consensus::encode::serialize_hex(&tx));
    for act in answers {
        let took = receiver(&tx, Keeps::It, act);
        assert_eq!(accepted(send(&tx, &[&took])).operators, names(&[&took]));
        assert_eq!(took.count("POST"), 1);
        let lost = receiver(&tx, Keeps::Nothing, act);
        assert_eq!(send(&tx, &[&lost]), Verdict::Unknown);
        assert_eq!((lost.count("POST"), lost.count(&hex)), (2, 2));
        assert_eq!(lost.count(&format!("GET /tx/{}/raw", tx.compute_txid())), 6);
        let strict = refuser(&tx, DUST);
        assert_eq!(send(&tx, &[&lost, &strict]), Verdict::Unknown);
        assert_eq!(strict.count("POST"), 1, "who refused is not asked again");
    }
}

#[test]
fn the_second_time_may_be_taken() {
    let tx = payment();
    let (txid, posts) = (tx.compute_txid(), AtomicUsize::new(0));
    let shaky = receiver(&tx, Keeps::Nothing, move || match posts.fetch_add(1, Ordering::SeqCst) {
        0 => Act::HangUp,
        _ => Act::ok(txid.to_string()),
    });
    assert_eq!(accepted(send(&tx, &[&shaky])).operators, names(&[&shaky]));
    assert_eq!(shaky.count("POST"), 2);
}

#[test]
fn who_refuses_what_it_holds_is_found_out() {
    let tx = payment();
    let two_faced = receiver(&tx, Keeps::It, || Act::Answer(400, DUST.into()));
    let Verdict::Known(taken) = send(&tx, &[&two_faced]) else { panic!("never rejected while somebody has it") };
    assert_eq!(taken.operators, names(&[&two_faced]));
    let bystander = holder(&tx, None);
    assert!(matches!(send(&tx, &[&refuser(&tx, DUST), &bystander]), Verdict::Known(_)));
}

#[test]
fn an_answer_with_another_id_is_a_lie() {
    let tx = payment();
    let liar = receiver(&tx, Keeps::It, || Act::ok("11".repeat(32)));
    let explorer = connect(&[&liar]);
    assert_eq!(explorer.broadcast(&consensus::serialize(&tx), tx.compute_txid()), Verdict::Unknown);
    assert_eq!(explorer.distrusted(), [HostFailure { operator: operator(&liar), cause: Cause::Lied }]);
    assert_eq!(liar.count("POST"), 1, "who lied is not sent it again");
    let honest = taker(&tx);
    let taken = accepted(send(&tx, &[&liar, &honest]));
    assert_eq!((taken.operators, taken.dissent[0].why), (names(&[&honest]), Why::Unclear(Cause::Lied)));
}

/// A parent that is spent without a key, our payment out of it, and a rival that is as good.
fn rivals() -> [Transaction; 3] {
    let parent = fake::payment(&ScriptBuf::from_bytes(vec![0x51]), 1);
    let spend = |number| {
        let mut tx = fake::payment(&fake::script(number), number);
        tx.input[0].previous_output = OutPoint { txid: parent.compute_txid(), vout: 0 };
        tx.input[0].witness = Witness::new();
        tx
    };
    let (ours, rival) = (spend(2), spend(3));
    [parent, ours, rival]
}

#[test]
fn spent_coins_are_told_from_a_transaction_that_is_there() {
    let [parent, ours, rival] = rivals();
    let there = receiver(&ours, Keeps::It, || Act::Answer(400, MISSING.into()));
    assert!(matches!(send(&ours, &[&there]), Verdict::Known(_)));
    let conflict = Verdict::Rejected(RejectClass::Conflict(rival.compute_txid()));
    assert_eq!(send(&ours, &[&holder(&parent, Some(&rival))]), conflict);
    let missing = Verdict::Rejected(RejectClass::InputsMissing);
    assert_eq!(send(&ours, &[&holder(&parent, None)]), missing);
    // A rival with a witness that its coin does not allow was never in any mempool.
    let mut forged = rival.clone();
    forged.input[0].witness = Witness::from_slice(&[[1]]);
    assert_eq!(send(&ours, &[&holder(&parent, Some(&forged))]), missing);
}

#[test]
fn while_somebody_may_hold_ours_a_waiting_rival_decides_nothing() {
    let [parent, ours, rival] = rivals();
    let silent = receiver(&ours, Keeps::Nothing, || Act::HangUp);
    assert_eq!(send(&ours, &[&silent, &holder(&parent, Some(&rival))]), Verdict::Unknown);
}

/// A server that refuses with this text and shows these transactions, the last one in a block.
fn of_blocks(shown: &[&Transaction], refusal: &'static str) -> Server {
    let held: Vec<(Txid, Vec<u8>)> = shown.iter().map(|tx| (tx.compute_txid(), consensus::serialize(tx))).collect();
    let last = held.last().expect("one is shown").0;
    let confirmed = fake::status_value(Some(block())).to_string();
    regtest(move |request| {
        if let Some((_, raw)) = held.iter().find(|(txid, _)| request == format!("GET /tx/{txid}/raw")) {
            return Act::ok(raw.clone());
        }
        match request {
            _ if request == format!("GET /tx/{last}/status") => Act::ok(confirmed.clone()),
            _ if request.contains("/outspend/") => Act::ok(format!(r#"{{"spent":true,"txid":"{last}"}}"#)),
            _ if request.starts_with("POST") => Act::Answer(400, refusal.into()),
            _ => Act::Answer(404, Vec::new()),
        }
    })
}

fn block() -> BlockRef {
    BlockRef { height: 7, hash: bitcoin::BlockHash::all_zeros(), time: 1_700_000_000 }
}

#[test]
fn what_is_in_a_block_is_confirmed_whatever_the_refusal() {
    let tx = payment();
    let utxo = "sendrawtransaction RPC error -27: Transaction outputs already in utxo set";
    for refusal in [utxo, MISSING, DUST] {
        let verdict = send(&tx, &[&of_blocks(&[&tx], refusal)]);
        assert!(
            matches!(&verdict, Verdict::Confirmed { block: at, said_by } if *at == block() && said_by.len() == 1),
            "{refusal}"
        );
    }
    // Said to be in a block, and no host shows it yet: it is there.
    let Verdict::Known(taken) = send(&tx, &[&refuser(&tx, utxo)]) else { panic!("known") };
    assert_eq!(taken.operators.len(), 1);
}

#[test]
fn a_rival_in_a_block_decides_even_if_an_answer_was_lost() {
    let [parent, ours, rival] = rivals();
    let silent = receiver(&ours, Keeps::Nothing, || Act::HangUp);
    let conflict = Verdict::Rejected(RejectClass::Conflict(rival.compute_txid()));
    assert_eq!(send(&ours, &[&silent, &of_blocks(&[&parent, &rival], MISSING)]), conflict);
}

#[test]
fn only_the_named_transaction_is_sent() {
    let tx = payment();
    let server = taker(&tx);
    let explorer = connect(&[&server]);
    let wrong = Verdict::NotSent(NotSent::NotThatTransaction);
    assert_eq!(explorer.broadcast(&consensus::serialize(&tx), Txid::all_zeros()), wrong);
    let mut longer = consensus::serialize(&tx);
    longer.push(0);
    assert_eq!(explorer.broadcast(&longer, tx.compute_txid()), wrong);
    assert_eq!(server.count(""), 0);
}

/// What a server does with a transaction, and whether it has it afterwards.
type Behaviour = (Keeps, fn(Txid) -> Act);

const BEHAVIOURS: [Behaviour; 8] = [
    (Keeps::It, |txid| Act::ok(txid.to_string())),
    (Keeps::Nothing, |_| Act::Answer(400, DUST.into())),
    (Keeps::It, |_| Act::Answer(400, DUST.into())),
    (Keeps::Nothing, |_| Act::Answer(400, MISSING.into())),
    (Keeps::Nothing, |_| Act::HangUp),
    (Keeps::It, |_| Act::Answer(504, Vec::new())),
    (Keeps::Nothing, |_| Act::Answer(429, Vec::new())),
    (Keeps::Nothing, |_| Act::ok("11".repeat(32))),
];

#[test]
fn no_three_hosts_make_a_refusal_of_what_one_of_them_has() {
    let tx = payment();
    let txid = tx.compute_txid();
    let mut cases = 0;
    for (one, a) in BEHAVIOURS.iter().enumerate() {
        for (two, b) in BEHAVIOURS.iter().enumerate().skip(one) {
            for (_, c) in BEHAVIOURS.iter().enumerate().skip(two) {
                let three = [a, b, c];
                let servers = three.map(|(keeps, act)| {
                    let act = *act;
                    receiver(&tx, *keeps, move || act(txid))
                });
                let verdict = send(&tx, &servers.each_ref());
                let is_kept = three.iter().any(|(keeps, _)| *keeps == Keeps::It);
                let is_unclear = three.iter().any(|(_, act)| !matches!(act(txid), Act::Answer(400 | 429, _)));
                match verdict {
                    Verdict::Accepted(_) | Verdict::Known(_) => assert!(is_kept, "{one} {two}"),
                    Verdict::Unknown => assert!(!is_kept && is_unclear, "{one} {two}"),
                    Verdict::Rejected(_) | Verdict::NotSent(_) => assert!(!is_kept && !is_unclear, "{one} {two}"),
                    Verdict::Confirmed { .. } => panic!("nobody said so"),
                }
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 120);
}

#[test]
fn hosts_for_sending_only_are_sent_it_and_never_asked() {
    let tx = payment();
    let (txid, hex) = (tx.compute_txid(), consensus::encode::serialize_hex(&tx));
    let chair = Server::start(move |_| {
        Act::ok(format!(r#"{{"data":{{"transaction_hash":"{txid}"}},"context":{{"code":200}}}}"#))
    });
    let cypher = Server::start(move |_| Act::Answer(201, format!(r#"{{"tx":{{"hash":"{txid}"}}}}"#).into_bytes()));
    let urls = [format!("blockchair+{}/bitcoin", chair.url), format!("blockcypher+{}/v1/btc/main", cypher.url)];
    let explorer = crate::explorer::online::bitcoin::Explorer::connect(crate::network::Network::Regtest, &urls)
        .expect("good addresses");
    let taken = accepted(explorer.broadcast(&consensus::serialize(&tx), txid));
    assert_eq!(taken.operators, names(&[&chair, &cypher]));
    assert!(explorer.tip().is_err() && explorer.transaction(txid).is_err());
    assert_eq!(chair.count(&format!("POST /bitcoin/push/transaction data={hex}")), 1);
    assert_eq!(cypher.count(&format!(r#"POST /v1/btc/main/txs/push {{"tx":"{hex}"}}"#)), 1);
    assert_eq!((chair.count(""), cypher.count("")), (1, 1));
}

#[test]
fn privately_one_learns_of_it_and_the_next_only_if_the_first_was_not_reached() {
    let tx = payment();
    let privately = |servers: &[&Server]| {
        let explorer = connect(servers).sending(Sending::Privately);
        explorer.broadcast(&consensus::serialize(&tx), tx.compute_txid())
    };
    let (first, second) = (taker(&tx), taker(&tx));
    let taken = accepted(privately(&[&first, &second]));
    assert_eq!((taken.operators, taken.propagation), (names(&[&first]), Propagation::NobodyToAsk));
    assert_eq!(second.count("POST") + second.count("GET /tx/"), 0, "nobody else is told or asked");
    // Refused, or unclear: still no other host.
    for first in [refuser(&tx, DUST), receiver(&tx, Keeps::Nothing, || Act::HangUp)] {
        let second = taker(&tx);
        let verdict = privately(&[&first, &second]);
        assert!(matches!(verdict, Verdict::Rejected(_) | Verdict::Unknown), "{verdict:?}");
        assert_eq!(second.count("POST"), 0);
    }
    // Not reached: the next.
    let explorer = Explorer::connect(Network::Regtest, &["http://127.0.0.1:9".to_owned(), second.url.clone()]);
    let explorer = explorer.expect("good addresses").sending(Sending::Privately);
    accepted(explorer.broadcast(&consensus::serialize(&tx), tx.compute_txid()));
    assert_eq!(second.count("POST"), 1);
}
