//! The common list against a server that keeps the rules of mempool/electrs, and against some that do not.

use std::sync::Arc;

use bitcoin::{BlockHash, Transaction};
use tokio::time::Instant;

use super::*;
use crate::{
    explorer::{
        bitcoin::BlockRef,
        online::{
            bitcoin::fake::{self, Act, Server},
            transport::{endpoint::Endpoint, http::Http},
        },
    },
    network::Network,
};

/// What a server holds: transactions with their scripts and height, newest first; 0 waits for a block.
type Book = Vec<(Transaction, u32)>;

fn block(height: u32) -> BlockRef {
    BlockRef { height, hash: BlockHash::all_zeros(), time: 1 }
}

fn listed(tx: &Transaction, height: u32) -> String {
    fake::tx_json(tx, (height > 0).then(|| block(height)))
}

/// A server in the manner of mempool/electrs.
fn server(book: Book) -> Server {
    let book = Arc::new(book);
    Server::start(move |request| {
        let (path, body) = request
            .trim_start_matches("POST ")
            .trim_start_matches("GET ")
            .split_once(' ')
            .unwrap_or((request.trim_start_matches("GET "), "[]"));
        let of = |hashes: &[String]| -> Vec<&(Transaction, u32)> {
            let pays = |tx: &Transaction| {
                tx.output.iter().any(|output| hashes.contains(&hash(&output.script_pubkey).to_string()))
            };
            book.iter().filter(|(tx, _)| pays(tx)).collect()
        };
        if path == "/scripthashes/txs" {
            return Act::Answer(422, b"not a list".to_vec());
        }
        if let Some(query) = path.strip_prefix("/scripthashes/txs?max_txs=") {
            let hashes: Vec<String> = serde_json::from_str(body).expect("hashes");
            if hashes.len() > 300 {
                return Act::Answer(422, b"body too long".to_vec());
            }
            let (most, after) =
                query.split_once("&after_txid=").map_or((query, None), |(most, after)| (most, Some(after)));
            let all = of(&hashes);
            let skip = after.map_or(0, |after| {
                all.iter().position(|(tx, _)| tx.compute_txid().to_string() == after).map_or(all.len(), |at| at + 1)
            });
            let rows: Vec<String> = all
                .into_iter()
                .skip(skip)
                .take(most.parse().expect("a number"))
                .map(|(tx, height)| listed(tx, *height))
                .collect();
            return Act::ok(format!("[{}]", rows.join(",")));
        }
        let one = path.strip_prefix("/scripthash/").and_then(|rest| rest.strip_suffix("/txs")).expect("a history");
        let rows: Vec<String> = of(&[one.to_owned()]).iter().map(|(tx, height)| listed(tx, *height)).collect();
        Act::ok(format!("[{}]", rows.join(",")))
    })
}

fn ask(server: &Server, asked: &[ScriptQuery]) -> Result<Vec<ScriptAnswer>, Cause> {
    let endpoint = Endpoint::parse(&server.url).expect("an address");
    let http = Http::new(&crate::explorer::Egress::default()).expect("a client");
    fake::block_on(async {
        let deadline = Instant::now() + std::time::Duration::from_secs(20);
        Esplora { http: &http, endpoint: &endpoint, deadline, network: Network::Regtest }.histories(asked).await
    })
}

/// Scripts 0 to `count`, of which `book` says what is known.
fn asked(count: u32, known: &Book) -> Vec<ScriptQuery> {
    let of = |script: &ScriptBuf| {
        let pays = |tx: &Transaction| tx.output.iter().any(|output| output.script_pubkey == *script);
        let mine = || known.iter().filter(|(tx, _)| pays(tx)).map(|(tx, height)| (tx.compute_txid(), *height));
        KnownHistory {
            confirmed: mine().filter(|(_, height)| *height > 0).collect(),
            waiting: mine().filter(|(_, height)| *height == 0).map(|(txid, _)| txid).collect(),
            blocks: mine().filter(|(_, height)| *height > 0).map(|(_, height)| (height, block(height).hash)).collect(),
        }
    };
    (0..count)
        .map(fake::script)
        .map(|script| ScriptQuery { known: Some(of(&script)), script, told: KnownFrom::Here })
        .collect()
}

fn book(scripts: u32) -> Book {
    (0..scripts).rev().map(|n| (fake::payment(&fake::script(n), n), 100 + n / 7)).collect()
}

fn changed(answers: &[ScriptAnswer]) -> Vec<usize> {
    answers
        .iter()
        .enumerate()
        .filter(|(_, answer)| **answer != ScriptAnswer::Unchanged)
        .map(|(place, _)| place)
        .collect()
}

#[test]
fn an_idle_wallet_costs_one_question_for_300_scripts() {
    let server = server(book(5_000));
    let answers = ask(&server, &asked(5_040, &book(5_000))).expect("answers");
    assert_eq!((answers.len(), changed(&answers)), (5_040, Vec::new()));
    assert_eq!(server.count("POST"), 17 + 2, "and once whether it takes many");
    assert_eq!(server.count("GET"), 0);
}

#[test]
fn only_what_changed_is_asked_for_itself() {
    let mut now = book(400);
    let (paid, new) = (fake::payment(&fake::script(17), 9_000), fake::payment(&fake::script(399), 9_001));
    now.insert(0, (paid, 0));
    now.insert(1, (new, 900));
    let server = server(now);
    let answers = ask(&server, &asked(440, &book(400))).expect("answers");
    assert_eq!(changed(&answers), [17, 399]);
    let ScriptAnswer::History(history) = &answers[17] else { panic!("a history") };
    assert_eq!(history.txs.len(), 2);
    assert_eq!(server.count("GET"), 2);
}

#[test]
fn what_waited_and_confirmed_or_vanished_is_asked_again() {
    let waiting = fake::payment(&fake::script(3), 77);
    let mut known = book(10);
    known.insert(0, (waiting.clone(), 0));
    let mut now = book(10);
    now.insert(0, (waiting, 500));
    let answers = ask(&server(now), &asked(20, &known)).expect("answers");
    assert_eq!(changed(&answers), [3]);
    let answers = ask(&server(book(10)), &asked(20, &known)).expect("answers");
    assert_eq!(changed(&answers), [3], "gone");
    let answers = ask(&server(known.clone()), &asked(20, &known)).expect("answers");
    assert_eq!(changed(&answers), Vec::<usize>::new(), "waits still");
}

#[test]
fn a_list_that_lacks_what_is_known_makes_everybody_asked() {
    let answers = ask(&server(Vec::new()), &asked(30, &book(30))).expect("answers");
    assert_eq!(changed(&answers).len(), 30);
}

#[test]
fn a_server_without_the_question_is_asked_one_by_one_and_remembered() {
    let tried = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = Arc::clone(&tried);
    let server = Server::start(move |request| {
        if request.starts_with("POST") {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return Act::Answer(404, b"endpoint does not exist".to_vec());
        }
        Act::ok("[]")
    });
    let answers = ask(&server, &asked(5, &Vec::new())).expect("answers");
    assert!(answers.iter().all(|answer| matches!(answer, ScriptAnswer::History(history) if history.txs.is_empty())));
    assert_eq!((tried.load(std::sync::atomic::Ordering::Relaxed), server.count("GET")), (1, 5));
}

#[test]
fn what_was_learnt_elsewhere_has_to_be_listed_whole() {
    let elsewhere = |known: &Book| -> Vec<ScriptQuery> {
        asked(320, known).into_iter().map(|asked| ScriptQuery { told: KnownFrom::Elsewhere, ..asked }).collect()
    };
    let answers = ask(&server(book(300)), &elsewhere(&book(300))).expect("answers");
    assert_eq!(changed(&answers), Vec::<usize>::new());
    // An old payment that this server does not have, and one that it has and we have not.
    let mut invented = book(300);
    invented.push((fake::payment(&fake::script(5), 7_777), 3));
    let answers = ask(&server(book(300)), &elsewhere(&invented)).expect("answers");
    assert_eq!(changed(&answers), [5], "although nothing is newer than what is known");
    let answers = ask(&server(invented), &elsewhere(&book(300))).expect("answers");
    assert_eq!(changed(&answers), [5]);
}

#[test]
fn scripts_that_were_never_asked_are_not_hidden_behind_known_ones() {
    let mut now = book(30);
    now.push((fake::payment(&fake::script(35), 8_888), 3));
    let mut all = asked(40, &book(30));
    all.iter_mut().skip(30).for_each(|asked| asked.known = None);
    let answers = ask(&server(now), &all).expect("answers");
    // The common list of new scripts is not empty, so each of them is asked for itself.
    assert_eq!(changed(&answers), (30..40).collect::<Vec<_>>());
    let used = |answer: &ScriptAnswer| matches!(answer, ScriptAnswer::History(history) if !history.txs.is_empty());
    assert!(used(&answers[35]), "an old payment of a new script");
    assert!(!used(&answers[34]));
}

#[test]
fn an_error_in_the_middle_is_an_error_and_no_empty_script() {
    let server = Server::start(|request| match request {
        request if request.ends_with("no list") => Act::Answer(400, Vec::new()),
        request if request.contains("max_txs=1 ") && request.contains("5f5f") => Act::ok("[]"),
        request if request.starts_with("POST") => Act::Answer(500, b"evil.example".to_vec()),
        _ => Act::ok("[]"),
    });
    assert_eq!(ask(&server, &asked(5, &Vec::new())), Err(Cause::ServerError(500)));
}
