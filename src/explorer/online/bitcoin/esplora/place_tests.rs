//! A transaction that a server has and that no list of it shows is nowhere.
//!
//! Tests only.

use bitcoin::{OutPoint, Transaction, consensus};

use crate::explorer::{
    Cause,
    bitcoin::TxPlace,
    online::bitcoin::{
        fake::{self, Act, Server},
        fault_tests::{connect, regtest},
    },
};

const UNCONFIRMED: &str = r#"{"confirmed":false}"#;

fn tx() -> Transaction {
    fake::payment(&fake::script(1), 1)
}

/// So many others that pay the same script.
fn others(count: u32) -> Vec<Transaction> {
    (2..2 + count).map(|number| fake::payment(&fake::script(1), number)).collect()
}

/// A server that has the bytes and calls it unconfirmed; what its lists show is up to `rest`.
fn remembers(rest: impl Fn(&str) -> Option<Act> + Send + Sync + 'static) -> Server {
    let (raw, txid) = (consensus::serialize(&tx()), tx().compute_txid());
    regtest(move |request| match request {
        _ if request == format!("GET /tx/{txid}/raw") => Act::ok(raw.clone()),
        _ if request == format!("GET /tx/{txid}/status") => Act::ok(UNCONFIRMED),
        _ => rest(request).unwrap_or(Act::Answer(404, Vec::new())),
    })
}

/// Where the server says it is, if its list of what waits shows these, and its first coin is spent as it says here.
fn place(listed: Vec<Transaction>, spend: &'static str) -> Option<TxPlace> {
    let server = remembers(move |request| match request {
        _ if request.ends_with("/txs/mempool") => Some(fake::waiting(&listed)),
        _ if request.contains("/outspend/") => Some(Act::ok(spend)),
        _ => None,
    });
    let placed = connect(&[&server]).place(tx().compute_txid()).expect("an answer");
    Some(placed.claim.into_value()).filter(|place| *place != TxPlace::Unknown)
}

const UNSPENT: &str = r#"{"spent":false}"#;
const BY_ANOTHER: &str = r#"{"spent":true,"txid":"1111111111111111111111111111111111111111111111111111111111111111"}"#;

#[test]
fn only_a_list_of_what_waits_says_that_it_waits() {
    assert_eq!(place(vec![tx()], UNSPENT), Some(TxPlace::Mempool));
    assert_eq!(place(Vec::new(), UNSPENT), None);
    assert_eq!(place(others(49), UNSPENT), None, "the list is whole, and lacks it");
}

#[test]
fn where_the_list_is_full_the_spend_of_its_first_coin_tells() {
    let spent: &'static str =
        Box::leak(format!(r#"{{"spent":true,"txid":"{}","vin":0}}"#, tx().compute_txid()).into_boxed_str());
    assert_eq!(place(others(50), spent), Some(TxPlace::Mempool));
    assert_eq!(place(others(50), UNSPENT), None);
    assert_eq!(place(others(50), BY_ANOTHER), None);
}

#[test]
fn a_server_with_one_list_for_all_is_read_from_that() {
    let at = |listed: Vec<Transaction>| {
        let server = remembers(move |request| match request {
            _ if request.contains("/scripthash/") && request.ends_with("/txs") => Some(fake::waiting(&listed)),
            _ => None,
        });
        connect(&[&server]).place(tx().compute_txid()).map(|placed| placed.claim.into_value())
    };
    assert_eq!(at(vec![tx()]), Ok(TxPlace::Mempool));
    assert_eq!(at(others(9)), Ok(TxPlace::Unknown));
    assert!(at(others(10)).is_err(), "there may be more, and nothing tells");
}

#[test]
fn an_output_of_what_is_nowhere_is_no_coin() {
    let server = remembers(|request| match request {
        _ if request.ends_with("/txs/mempool") => Some(fake::waiting(&[])),
        _ if request.contains("/outspend/") => Some(Act::ok(UNSPENT)),
        _ => None,
    });
    let error = connect(&[&server]).outspend(OutPoint { txid: tx().compute_txid(), vout: 0 }).expect_err("no coin");
    let crate::explorer::ExplorerError::NoAnswer(failures) = error else { panic!("{error:?}") };
    assert!(failures.are_all(Cause::Missing));
}
