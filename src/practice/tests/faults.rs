//! The server's planned faults, its bounds, and its control requests.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bitcoin::{
    Transaction,
    consensus::encode::{deserialize_hex, serialize_hex},
};

use super::{
    answers::{Answer, exchange, get, post, serve},
    funded, spend,
};
use crate::practice::{PracticeChain, PracticeError, Server, server::Fault};

#[test]
fn only_loopback_is_served() {
    let chain = Arc::new(Mutex::new(PracticeChain::in_memory()));
    let refused = Server::start(chain, "0.0.0.0:0".parse().expect("an address"));
    assert!(matches!(refused, Err(PracticeError::NotLoopback(_))));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let (chain, _) = funded(1, 100_000);
    let server = serve(chain);
    let address = server.url().trim_start_matches("http://").parse().expect("an address");
    let taken = Server::start(server.chain(), address);
    assert!(matches!(taken, Err(PracticeError::CannotListen { .. })));
}

#[test]
fn statuses_come_as_often_as_planned() {
    let server = serve(PracticeChain::in_memory());
    server.faults().plan(Fault::Status(429), 2);
    server.faults().plan(Fault::Status(503), 1);
    let statuses: Vec<u16> = (0..4).map(|_| get(&server, "/blocks/tip/height").status).collect();
    assert_eq!(statuses, [429, 429, 503, 200]);
    server.faults().plan(Fault::Status(500), 9);
    server.faults().clear();
    assert_eq!(get(&server, "/blocks/tip/height").status, 200);
    assert_eq!(server.requests(), 5);
    server.faults().plan(Fault::Status(429), 1);
    let Answer { content_type, body, .. } = get(&server, "/");
    assert_eq!(content_type, "application/json");
    assert!(body.starts_with("{\"error\":\"Too Many Requests\""));
}

#[test]
fn a_broadcast_can_be_accepted_without_a_word() {
    let (chain, coins) = funded(1, 100_000);
    let server = serve(chain);
    server.faults().plan(Fault::CutAfterBroadcast, 1);
    let payment = spend(&coins, &[(2, 99_000)]);
    let request = format!(
        "POST /tx HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{}",
        serialize_hex(&payment).len(),
        serialize_hex(&payment)
    );
    assert_eq!(get(&server, "/blocks/tip/height").status, 200, "other requests do not use the fault up");
    assert!(exchange(&server, &request).is_empty(), "not a byte comes back");
    let again = post(&server, "/tx", &serialize_hex(&payment));
    assert_eq!((again.status, again.body), (200, payment.compute_txid().to_string()));
}

#[test]
fn a_wrong_transaction_has_another_id() {
    let (chain, coins) = funded(1, 100_000);
    let server = serve(chain);
    let path = format!("/tx/{}/hex", coins[0].txid);
    let right: Transaction = deserialize_hex(&get(&server, &path).body).expect("a transaction");
    server.faults().plan(Fault::WrongTransaction, 1);
    let wrong: Transaction = deserialize_hex(&get(&server, &path).body).expect("a transaction");
    assert_eq!(right.compute_txid(), coins[0].txid);
    assert_ne!(wrong.compute_txid(), right.compute_txid());
    assert_eq!(wrong.output, right.output);
}

#[test]
fn pages_delays_and_bodies_without_end() {
    let server = serve(PracticeChain::in_memory());
    server.faults().plan(Fault::Html, 1);
    let page = get(&server, "/fee-estimates");
    assert_eq!((page.status, page.content_type.as_str()), (200, "text/html"));
    server.faults().plan(Fault::Delay(Duration::from_millis(150)), 1);
    let start = Instant::now();
    assert_eq!(get(&server, "/blocks/tip/height").status, 200);
    assert!(start.elapsed() >= Duration::from_millis(150));
    server.faults().plan(Fault::Endless, 1);
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).expect("connected");
    stream.write_all(b"GET /mempool HTTP/1.1\r\nhost: x\r\n\r\n").expect("sent");
    let mut much = vec![0u8; 2_000_000];
    stream.read_exact(&mut much).expect("two million bytes, and more to come");
    drop(stream);
    assert_eq!(get(&server, "/blocks/tip/height").status, 200, "and the server goes on");
}

#[test]
fn stopping_closes_the_port_even_with_a_client_connected() {
    let server = serve(PracticeChain::in_memory());
    let address = server.url().trim_start_matches("http://").to_owned();
    let idle = TcpStream::connect(&address).expect("connected");
    server.stop();
    assert!(TcpStream::connect(&address).is_err());
    drop(idle);
}

#[test]
fn large_bodies_are_refused() {
    let server = serve(PracticeChain::in_memory());
    let refused = post(&server, "/tx", &"0".repeat(1_000_001));
    assert_eq!((refused.status, refused.body.as_str()), (413, "Request body too large"));
}
